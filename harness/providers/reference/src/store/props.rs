//! `IMAPIProp` of every object of a store. What differs between them is a [`PropNode`]; the entry points are made of it by
//! [`mapi_prop!`](super::entries). Source pages: *imapiprop-getprops*, *imapiprop-setprops*, *imapiprop-deleteprops*,
//! *imapiprop-getproplist*, *imapiprop-openproperty*, *imapiprop-savechanges*.

use std::borrow::Cow;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{MAPI_CREATE, MAPI_MODIFY, MAPI_UNICODE};
use mapi_spi::interfaces::{ISequentialStream, IStream};
use mapi_spi::structs::{
    MAPIERROR, SPropProblem, SPropProblemArray, SPropTagArray, SPropValue, cb_new_sprop_problem_array,
    cb_new_sprop_tag_array,
};
use mapi_spi::tags::{PROP_ID_INVALID, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface};

use super::bag::{Bag, View, as_asked, in_width};
use super::session::StoreSession;
use super::stream::{self, Stream};
use crate::mapi::{Entry, Memory, Result, block_of};

/// An object with properties.
pub(super) trait PropNode: Send + Sync + 'static {
    /// The logon that it belongs to.
    fn session(&self) -> &Arc<StoreSession>;

    /// Looks at the properties.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` after the end of the session or of the object.
    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R>;

    /// Changes the stored properties.
    ///
    /// # Errors
    ///
    /// As [`read`](PropNode::read); `MAPI_E_NO_ACCESS` where it was opened for reading.
    fn write<R>(&self, change: impl FnOnce(&mut Bag) -> R) -> Result<R>;

    /// Whether clients cannot set the property: the store computes it.
    fn is_computed(&self, tag: PropTag) -> bool;

    /// The properties that are objects, to be opened.
    fn objects(&self) -> &'static [PropTag];

    /// Opens one of them; nothing where the tag is none of them.
    ///
    /// # Errors
    ///
    /// What the object has against it.
    fn open(self: &Arc<Self>, tag: PropTag, iid: &GUID, options: u32, flags: u32)
    -> Result<Option<IUnknown>>;

    /// Makes the changes permanent.
    ///
    /// # Errors
    ///
    /// `MAPI_E_OBJECT_CHANGED`, `MAPI_E_OBJECT_DELETED`, `MAPI_E_NO_ACCESS`.
    fn save(&self, flags: u32) -> Result<()>;

    /// What `CopyTo` copies beside properties.
    ///
    /// # Errors
    ///
    /// What the destination answers.
    fn copy_parts(self: &Arc<Self>, parts: &[PropTag], to: &IUnknown) -> Result<()> {
        let (_, _) = (parts, to);
        Ok(())
    }
}

/// Writes a result where the caller wants one.
///
/// # Safety
///
/// `cell` has to be null or valid.
pub(super) unsafe fn put<T>(cell: *mut T, value: T) {
    if !cell.is_null() {
        // SAFETY: not null; the caller vouches for the rest.
        unsafe { cell.write_unaligned(value) };
    }
}

/// The tags of an array that a caller passes; `None` for null.
///
/// # Safety
///
/// `tags` has to be null or a whole array that nobody changes during the call.
pub(super) unsafe fn tags_of(tags: *const SPropTagArray) -> Option<Vec<PropTag>> {
    // SAFETY: not null, and the caller vouches for the rest.
    (!tags.is_null()).then(|| unsafe { SPropTagArray::elements(tags) }.map(PropTag).collect())
}

/// A tag array in a block of MAPI's.
///
/// # Errors
///
/// What the allocator answers.
pub(super) fn tag_array(memory: Memory, tags: &[PropTag]) -> Result<*mut SPropTagArray> {
    let block = memory.block(cb_new_sprop_tag_array(tags.len()))?;
    let words = block.at::<u32>();
    // SAFETY: the block was made for a count and this many tags.
    unsafe {
        words.write(tags.len() as u32);
        for (index, tag) in tags.iter().enumerate() {
            words.add(1 + index).write(tag.0);
        }
    }
    Ok(block.give_up())
}

/// The values of these tags, in their order: those that are missing as errors.
pub(super) fn selected<'a>(view: &View<'a>, asked: &[PropTag], wide: bool) -> (Vec<Entry<'a>>, HRESULT) {
    let mut code = HRESULT::S_OK;
    let mut select = |tag: &PropTag| {
        if tag.prop_type() == PropType::PT_NULL {
            return (*tag, Cow::Owned(PropValue::Null));
        }
        view.entry(*tag).and_then(|entry| as_asked(*tag, entry, wide)).unwrap_or_else(|| {
            code = HRESULT::MAPI_W_ERRORS_RETURNED;
            (tag.with_type(PropType::PT_ERROR), Cow::Owned(PropValue::Error(HRESULT::MAPI_E_NOT_FOUND)))
        })
    };
    let entries = asked.iter().map(&mut select).collect();
    (entries, code)
}

/// `GetProps`.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn get_props<N: PropNode>(
    node: &Arc<N>,
    tags: *mut SPropTagArray,
    flags: u32,
    count: *mut u32,
    cell: *mut *mut SPropValue,
) -> Result<HRESULT> {
    // SAFETY: the caller's cells are null or valid, its tags null or an array.
    let asked = unsafe {
        put(count, 0);
        put(cell, ptr::null_mut());
        tags_of(tags)
    };
    if count.is_null() || cell.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    let wide = flags & MAPI_UNICODE != 0;
    // Before the look: it may be under the same lock.
    let objects = node.objects();
    // Copied: the allocator is MAPI's, and not to be called with a lock held.
    let (entries, code): (Vec<Entry<'static>>, HRESULT) = node.read(|view| {
        let (entries, code) = match &asked {
            Some(asked) => selected(view, asked, wide),
            None => {
                let any = |tag: &PropTag| tag.with_type(PropType::PT_UNSPECIFIED);
                (
                    view.iter().filter_map(|entry| as_asked(any(&entry.0), entry, wide)).collect(),
                    HRESULT::S_OK,
                )
            }
        };
        (entries.into_iter().map(|(tag, value)| (tag, Cow::Owned(value.into_owned()))).collect(), code)
    })?;
    let mut entries = entries;
    if asked.is_none() {
        entries.extend(objects.iter().map(|tag| (*tag, Cow::Owned(PropValue::Object))));
    }
    let block = block_of(node.session().memory(), &entries)?;
    // SAFETY: neither cell is null.
    unsafe {
        count.write(entries.len() as u32);
        cell.write(block.give_up());
    }
    Ok(code)
}

/// `GetPropList`.
///
/// # Safety
///
/// The cell has to be null or valid.
pub(super) unsafe fn get_prop_list<N: PropNode>(
    node: &Arc<N>,
    flags: u32,
    cell: *mut *mut SPropTagArray,
) -> Result<HRESULT> {
    if cell.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    let wide = flags & MAPI_UNICODE != 0;
    // SAFETY: not null, and the caller vouches for it.
    unsafe { cell.write(ptr::null_mut()) };
    let objects = node.objects();
    let tags: Vec<PropTag> = node.read(|view| {
        let own = view.iter().map(|(tag, _)| tag.with_type(in_width(tag.prop_type(), wide)));
        own.chain(objects.iter().copied()).collect()
    })?;
    // SAFETY: as above.
    unsafe { cell.write(tag_array(node.session().memory(), &tags)?) };
    Ok(HRESULT::S_OK)
}

/// `SetProps`.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn set_props<N: PropNode>(
    node: &Arc<N>,
    count: u32,
    values: *const SPropValue,
    problems: *mut *mut SPropProblemArray,
) -> Result<HRESULT> {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(problems, ptr::null_mut()) };
    if values.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: not null, and the caller vouches for `count` values.
    let values = unsafe { std::slice::from_raw_parts(values, count as usize) };
    let mut read = Vec::with_capacity(values.len());
    for value in values {
        // SAFETY: the caller vouches for each value.
        let owned = unsafe { PropValue::read(value) }.map_err(|_| HRESULT::MAPI_E_INVALID_PARAMETER)?;
        read.push((value.tag(), owned));
    }
    let found = node.write(|bag| {
        let mut found = Vec::new();
        for (index, (tag, value)) in read.into_iter().enumerate() {
            match refusal(node, tag, &value) {
                Some(code) => found.push((index, tag, code)),
                None if matches!(value, PropValue::Error(_) | PropValue::Null) => {}
                None => bag.set(tag, value),
            }
        }
        found
    })?;
    // SAFETY: the cell is null or valid.
    unsafe { report(node.session().memory(), &found, problems) }
}

/// Why a property cannot be set.
fn refusal<N: PropNode>(node: &Arc<N>, tag: PropTag, value: &PropValue) -> Option<HRESULT> {
    match value {
        _ if tag.id() == 0 || tag.id() == PROP_ID_INVALID => Some(HRESULT::MAPI_E_UNEXPECTED_ID),
        PropValue::Unknown(..) => Some(HRESULT::MAPI_E_INVALID_TYPE),
        _ if node.is_computed(tag) => Some(HRESULT::MAPI_E_COMPUTED),
        PropValue::Object => Some(HRESULT::MAPI_E_UNEXPECTED_TYPE),
        _ => None,
    }
}

/// `DeleteProps`.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn delete_props<N: PropNode>(
    node: &Arc<N>,
    tags: *const SPropTagArray,
    problems: *mut *mut SPropProblemArray,
) -> Result<HRESULT> {
    // SAFETY: the caller's cell is null or valid, its tags null or an array.
    let tags = unsafe {
        put(problems, ptr::null_mut());
        tags_of(tags)
    };
    let tags = tags.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
    let found = node.write(|bag| {
        let mut found = Vec::new();
        for (index, tag) in tags.iter().enumerate() {
            if node.is_computed(*tag) {
                found.push((index, *tag, HRESULT::MAPI_E_COMPUTED));
            } else if bag.remove(*tag).is_none() {
                found.push((index, *tag, HRESULT::MAPI_E_NOT_FOUND));
            }
        }
        found
    })?;
    // SAFETY: the cell is null or valid.
    unsafe { report(node.session().memory(), &found, problems) }
}

/// Leaves a caller who wants to know of them an array of what went wrong.
///
/// # Safety
///
/// The cell has to be null or valid.
pub(super) unsafe fn report(
    memory: Memory,
    found: &[(usize, PropTag, HRESULT)],
    cell: *mut *mut SPropProblemArray,
) -> Result<HRESULT> {
    if cell.is_null() || found.is_empty() {
        return Ok(HRESULT::S_OK);
    }
    let block = memory.block(cb_new_sprop_problem_array(found.len()))?;
    let array: *mut SPropProblemArray = block.at();
    // SAFETY: the block was made for a count and this many problems; the cell is not null.
    unsafe {
        (*array).cProblem = found.len() as u32;
        let first = (&raw mut (*array).aProblem).cast::<SPropProblem>();
        for (at, (index, tag, code)) in found.iter().enumerate() {
            first.add(at).write(SPropProblem { ulIndex: *index as u32, ulPropTag: tag.0, scode: *code });
        }
        cell.write(block.give_up());
    }
    Ok(HRESULT::S_OK)
}

/// `OpenProperty`: an object of the node's own, or a stream.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn open_property<N: PropNode>(
    node: &Arc<N>,
    tag: PropTag,
    iid: *const GUID,
    options: u32,
    flags: u32,
    cell: *mut *mut c_void,
) -> Result<HRESULT> {
    // SAFETY: the caller's cell is null or valid, its identifier null or one.
    let iid = unsafe {
        put(cell, ptr::null_mut());
        iid.as_ref()
    };
    let Some(iid) = iid.filter(|_| !cell.is_null() && tag.prop_type() != PropType::PT_UNSPECIFIED) else {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    };
    let object = match node.open(tag, iid, options, flags)? {
        Some(object) => object,
        None if [IStream::IID, ISequentialStream::IID].contains(iid) => open_stream(node, tag, flags)?,
        None => return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED),
    };
    // SAFETY: the cell is not null; the identifier is one.
    unsafe { hand_out(&object, iid, cell) }
}

/// Leaves a reference to the interface that is asked for in the caller's cell.
///
/// # Safety
///
/// The cell has to be valid.
pub(super) unsafe fn hand_out(object: &IUnknown, iid: &GUID, cell: *mut *mut c_void) -> Result<HRESULT> {
    // SAFETY: identifier and cell are valid.
    let code: HRESULT = unsafe { object.query(iid, cell) }.into();
    if code.is_err() { Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED) } else { Ok(HRESULT::S_OK) }
}

fn open_stream<N: PropNode>(node: &Arc<N>, tag: PropTag, flags: u32) -> Result<IUnknown> {
    let (create, modify) = (flags & MAPI_CREATE != 0, flags & (MAPI_MODIFY | MAPI_CREATE) != 0);
    if modify && node.is_computed(tag) {
        return Err(HRESULT::MAPI_E_NO_ACCESS);
    }
    let found = node.read(|view| view.entry(tag).map(|(_, value)| stream::bytes_of(tag, value)))?;
    let bytes = match found {
        _ if create => Vec::new(),
        Some(bytes) => bytes?,
        None => return Err(HRESULT::MAPI_E_NOT_FOUND),
    };
    stream::kind(tag)?;
    if !modify {
        return Ok(Stream::open(bytes, None));
    }
    let put = move |node: &Arc<N>, bytes: &[u8]| node.write(|bag| bag.set(tag, stream::value_of(tag, bytes)));
    if create {
        put(node, &[])?;
    } else {
        node.write(|_| ())?;
    }
    let target = Arc::clone(node);
    Ok(Stream::open(bytes, Some(Box::new(move |bytes| put(&target, bytes)))))
}

/// `GetLastError`: there is never more to tell than the code.
///
/// # Safety
///
/// The cell has to be null or valid.
pub(super) unsafe fn last_error(cell: *mut *mut MAPIERROR) -> Result<HRESULT> {
    if cell.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: not null, and the caller vouches for it.
    unsafe { cell.write(ptr::null_mut()) };
    Ok(HRESULT::S_OK)
}
