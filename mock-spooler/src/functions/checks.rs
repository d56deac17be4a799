//! Validation: whether a structure can be what it says. The functions answer that something is bad.

use std::ffi::c_void;

use mapi_spi::PropTag;
use mapi_spi::structs::{
    Elements, MAPINAMEID, SBinary, SBinaryArray, SPropTagArray, SPropValue, SRestriction, SRow, SRowSet,
    SSortOrderSet,
};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;

use super::props::read;
use crate::objects::args;
use crate::objects::table::Restriction;

/// More elements than this are not meant.
const MANY: u32 = 1 << 20;

/// The property types that MAPI defines, PT_UNSPECIFIED among them: tags of columns have it.
const TYPES: [PropType; 29] = [
    PropType::PT_UNSPECIFIED,
    PropType::PT_NULL,
    PropType::PT_I2,
    PropType::PT_LONG,
    PropType::PT_R4,
    PropType::PT_DOUBLE,
    PropType::PT_CURRENCY,
    PropType::PT_APPTIME,
    PropType::PT_ERROR,
    PropType::PT_BOOLEAN,
    PropType::PT_OBJECT,
    PropType::PT_I8,
    PropType::PT_STRING8,
    PropType::PT_UNICODE,
    PropType::PT_SYSTIME,
    PropType::PT_CLSID,
    PropType::PT_BINARY,
    PropType::PT_MV_I2,
    PropType::PT_MV_LONG,
    PropType::PT_MV_R4,
    PropType::PT_MV_DOUBLE,
    PropType::PT_MV_CURRENCY,
    PropType::PT_MV_APPTIME,
    PropType::PT_MV_I8,
    PropType::PT_MV_STRING8,
    PropType::PT_MV_UNICODE,
    PropType::PT_MV_SYSTIME,
    PropType::PT_MV_CLSID,
    PropType::PT_MV_BINARY,
];

/// Bit of PT_MV_* values that a table shows as instances.
const INSTANCE: u16 = 0x2000;

fn tag_is_bad(tag: PropTag) -> bool {
    let kind = PropType(tag.prop_type().0 & !INSTANCE);
    !TYPES.contains(&kind)
}

pub(super) unsafe fn FBadPropTag(ulPropTag: u32) -> u32 {
    u32::from(tag_is_bad(PropTag(ulPropTag)))
}

pub(super) unsafe fn FBadProp(lpprop: *mut c_void) -> u32 {
    // SAFETY: null or a property, as the caller vouches.
    let good = unsafe { read(lpprop) }.is_some_and(|(tag, value)| match value {
        _ if tag_is_bad(tag) => false,
        PropValue::Unknown(..) => false,
        // SAFETY: read, so it is not null; the type says which member is set.
        PropValue::Boolean(_) => (unsafe { lpprop.cast::<SPropValue>().read_unaligned().Value.b }) <= 1,
        _ => true,
    });
    u32::from(!good)
}

pub(super) unsafe fn FBadRow(lprow: *mut c_void) -> u32 {
    // SAFETY: null or a row, as the caller vouches.
    let good = unsafe { Elements::new(lprow.cast::<SRow>(), 1) }.next().is_some_and(|row| {
        let sized = row.cValues <= MANY && (row.cValues == 0 || !row.lpProps.is_null());
        // SAFETY: so many properties, as the caller vouches.
        sized && (0..row.cValues as usize).all(|at| unsafe { FBadProp(row.lpProps.add(at).cast()) } == 0)
    });
    u32::from(!good)
}

pub(super) unsafe fn FBadRowSet(lpRowSet: *mut c_void) -> u32 {
    // SAFETY: null or rows, as the caller vouches.
    let good = !lpRowSet.is_null()
        && unsafe { SRowSet::elements(lpRowSet.cast()) }.all(|row| {
            // SAFETY: as above.
            unsafe { FBadRow((&raw const row).cast_mut().cast()) == 0 }
        });
    u32::from(!good)
}

pub(super) unsafe fn FBadColumnSet(lpptaCols: *mut c_void) -> u32 {
    // SAFETY: null or tags, as the caller vouches.
    let tags = unsafe { args::tags(lpptaCols.cast::<SPropTagArray>()) };
    // PT_ERROR is the type of a value that is not there, no type to ask for.
    let bad = |tag: &PropTag| tag_is_bad(*tag) || tag.prop_type() == PropType::PT_ERROR;
    u32::from(!matches!(tags, Ok(Some(tags)) if !tags.iter().any(bad)))
}

pub(super) unsafe fn FBadSortOrderSet(lpsos: *mut c_void) -> u32 {
    // SAFETY: null or a sort order, as the caller vouches.
    let good = unsafe { Elements::new(lpsos.cast::<SSortOrderSet>(), 1) }.next().is_some_and(|order| {
        order.cSorts <= MANY
            && order.cCategories <= order.cSorts
            && order.cExpanded <= order.cCategories
            // SAFETY: so many columns, as the caller vouches.
            && unsafe { SSortOrderSet::elements(lpsos.cast()) }.all(|sort| {
                !tag_is_bad(PropTag(sort.ulPropTag)) && sort.ulOrder <= mapi_spi::flags::TABLE_SORT_COMBINE
            })
    });
    u32::from(!good)
}

pub(super) unsafe fn FBadRestriction(lpres: *mut c_void) -> u32 {
    // SAFETY: null or a restriction, as the caller vouches.
    u32::from(unsafe { Restriction::read(lpres.cast::<SRestriction>()) }.is_err())
}

pub(super) unsafe fn FBadEntryList(lpEntryList: *mut c_void) -> u32 {
    // SAFETY: null or a list, as the caller vouches.
    let good = unsafe { Elements::new(lpEntryList.cast::<SBinaryArray>(), 1) }.next().is_some_and(|list| {
        let sized = list.cValues <= MANY && (list.cValues == 0 || !list.lpbin.is_null());
        sized
            && (0..list.cValues as usize).all(|at| {
                // SAFETY: so many entries, as the caller vouches.
                let entry: SBinary = unsafe { list.lpbin.add(at).read_unaligned() };
                entry.cb > 0 && !entry.lpb.is_null()
            })
    });
    u32::from(!good)
}

pub(super) unsafe fn FBadRglpszA(lppszA: *mut c_void, cStrings: u32) -> i32 {
    // SAFETY: null or strings, as the caller vouches.
    unsafe { strings_are_bad(lppszA, cStrings, false) }
}

pub(super) unsafe fn FBadRglpszW(lppszW: *mut c_void, cStrings: u32) -> i32 {
    // SAFETY: null or strings, as the caller vouches.
    unsafe { strings_are_bad(lppszW, cStrings, true) }
}

/// # Safety
///
/// `first` is null or points to so many pointers, each null or to a zero-terminated string.
unsafe fn strings_are_bad(first: *const c_void, count: u32, wide: bool) -> i32 {
    let first: *const *const c_void = first.cast();
    let good = count <= MANY
        && (count == 0 || !first.is_null())
        // SAFETY: as the caller vouches.
        && (0..count as usize).all(|at| unsafe { matches!(args::text(first.add(at).read_unaligned(), wide), Ok(Some(_))) });
    i32::from(!good)
}

pub(super) unsafe fn FBadRglpNameID(lppNameId: *mut c_void, cNames: u32) -> i32 {
    // SAFETY: null or names, as the caller vouches.
    i32::from(cNames > 0 && unsafe { args::names(cNames, lppNameId.cast::<*mut MAPINAMEID>()) }.is_err())
}

pub(super) unsafe fn IsBadBoundedStringPtr(lpsz: *mut c_void, cchMax: u32) -> i32 {
    i32::from(bad_string(lpsz as usize, cchMax as usize, 1))
}

/// Whether a string of characters of `width` bytes cannot be read to its end, or to so many characters.
pub(super) fn bad_string(first: usize, most: usize, width: usize) -> bool {
    let mut at = first;
    let end = at.saturating_add(most.saturating_mul(width));
    let mut rest = Vec::new();
    while at < end {
        // To the end of the page, which can be read as a whole or not at all.
        let next = ((at / PAGE + 1) * PAGE).min(end);
        let mut part = vec![0; next - at];
        if !readable(at, &mut part) {
            return true;
        }
        // A character may begin on the page before.
        rest.append(&mut part);
        let whole = rest.len() / width * width;
        if rest[..whole].chunks_exact(width).any(|character| character.iter().all(|byte| *byte == 0)) {
            return false;
        }
        rest.drain(..whole);
        at = next;
    }
    false
}

/// No machine has smaller pages.
const PAGE: usize = 4096;

/// Copies memory of this process, if it can be read.
#[cfg(windows)]
fn readable(at: usize, into: &mut [u8]) -> bool {
    use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
    use windows_sys::Win32::System::Threading::GetCurrentProcess;
    let mut read = 0;
    // SAFETY: the system checks the source; the target is ours.
    let done = unsafe {
        ReadProcessMemory(
            GetCurrentProcess(),
            at as *const c_void,
            into.as_mut_ptr().cast(),
            into.len(),
            &raw mut read,
        )
    };
    done != 0 && read == into.len()
}

/// Copies memory of this process, if it can be read.
#[cfg(target_os = "linux")]
fn readable(at: usize, into: &mut [u8]) -> bool {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: at as *mut c_void, iov_len: into.len() };
    // SAFETY: the system checks the source; the target is ours.
    let read =
        unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).is_ok_and(|read| read == into.len())
}

/// Elsewhere only the pointers that can never be read are told from others.
#[cfg(not(any(windows, target_os = "linux")))]
fn readable(at: usize, into: &mut [u8]) -> bool {
    into.fill(0);
    at >= PAGE
}
