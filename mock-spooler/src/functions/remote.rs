//! Objects by their interfaces, whoever implements them: the functions act for the candidate, so what they do with an object
//! passes the gate as the candidate's doing where the object is ours.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::structs::{Elements, SPropTagArray, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags, interfaces};
use windows_core::Interface;

use crate::memory;
use crate::objects::args::INVALID;
use crate::objects::{Row, wire};

/// How much is read or written at a time.
const BLOCK: usize = 1 << 16;
/// No stream that is read as a whole is longer.
const LARGEST: usize = 1 << 30;

fn done(code: HRESULT) -> Result<(), HRESULT> {
    if code.is_err() { Err(code) } else { Ok(()) }
}

/// The interface of a pointer, borrowed.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer.
///
/// # Safety
///
/// `raw` is null or a COM object with this interface that stays for `'a`.
pub(super) unsafe fn borrow<T: Interface>(raw: &*mut c_void) -> Result<&T, HRESULT> {
    // SAFETY: as the caller vouches.
    unsafe { T::from_raw_borrowed(raw) }.ok_or(INVALID)
}

/// Everything from a stream's seek pointer on.
///
/// # Safety
///
/// `stream` is null or a stream.
pub(super) unsafe fn read_all(stream: *mut c_void) -> Result<Vec<u8>, HRESULT> {
    // SAFETY: as the caller vouches.
    let stream = unsafe { borrow::<interfaces::IStream>(&stream)? };
    let mut all = Vec::new();
    let mut block = vec![0; BLOCK];
    loop {
        let mut read = 0;
        // SAFETY: buffer and output are ours.
        done(unsafe { stream.Read(block.as_mut_ptr(), wire::count(BLOCK), &raw mut read) })?;
        let read = (read as usize).min(BLOCK);
        if read == 0 {
            return Ok(all);
        }
        all.extend_from_slice(&block[..read]);
        if all.len() > LARGEST {
            return Err(HRESULT::MAPI_E_TOO_BIG);
        }
    }
}

/// Moves a stream's seek pointer to its beginning; a stream that cannot stays where it is.
///
/// # Safety
///
/// `stream` is null or a stream.
pub(super) unsafe fn rewind(stream: *mut c_void) {
    // SAFETY: as the caller vouches.
    if let Ok(stream) = unsafe { borrow::<interfaces::IStream>(&stream) } {
        // SAFETY: no output is wanted.
        unsafe { stream.Seek(0, flags::STREAM_SEEK_SET, ptr::null_mut()) };
    }
}

/// Writes at a stream's seek pointer.
///
/// # Safety
///
/// `stream` is null or a stream.
pub(super) unsafe fn write(stream: *mut c_void, bytes: &[u8]) -> Result<(), HRESULT> {
    // SAFETY: as the caller vouches.
    let stream = unsafe { borrow::<interfaces::IStream>(&stream)? };
    for block in bytes.chunks(BLOCK) {
        let mut written = 0;
        // SAFETY: the block is read only, whatever the declaration's pointer says; the output is ours.
        let code =
            unsafe { stream.Write(block.as_ptr().cast_mut(), wire::count(block.len()), &raw mut written) };
        done(code)?;
    }
    Ok(())
}

/// The properties of an object: those asked for, or all. Errors among them are left out, but values that are too large to
/// come by themselves are fetched as streams.
///
/// # Safety
///
/// `object` is null or an object with properties.
pub(super) unsafe fn props(object: *mut c_void, tags: Option<&[PropTag]>) -> Result<Row, HRESULT> {
    // SAFETY: as the caller vouches.
    let prop = unsafe { borrow::<interfaces::IMAPIProp>(&object)? };
    let arena = wire::Arena::default();
    let wanted = match tags {
        Some(tags) => arena.tags(tags)?,
        None => ptr::null_mut(),
    };
    let (mut count, mut values) = (0, ptr::null_mut());
    // SAFETY: arguments and outputs are ours.
    done(unsafe { prop.GetProps(wanted, flags::MAPI_UNICODE, &raw mut count, &raw mut values) })?;
    // SAFETY: so many values, as the object returned them; MAPI's memory until it is freed below.
    let row = unsafe { read_row(object, values, count) };
    memory::free(values.cast());
    Ok(row)
}

/// # Safety
///
/// As for [`props`], and `first` is null or points to so many properties.
unsafe fn read_row(object: *mut c_void, first: *const SPropValue, count: u32) -> Row {
    // SAFETY: as the caller vouches.
    unsafe { Elements::new(first, count) }
        .filter_map(|prop| {
            // SAFETY: as above.
            let (tag, value) = (prop.tag(), unsafe { PropValue::read(&prop) }.ok()?);
            match value {
                PropValue::Error(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY) => {
                    // Text and bytes come as streams; which of them it is, the caller's list knows or nobody.
                    let tries = [PropType::PT_UNICODE, PropType::PT_BINARY].map(|kind| tag.with_type(kind));
                    // SAFETY: as the caller vouches.
                    tries.into_iter().find_map(|tag| unsafe { open(object, tag) })
                }
                PropValue::Error(_) => None,
                value => Some((tag, value)),
            }
        })
        .collect()
}

/// # Safety
///
/// As for [`props`].
unsafe fn open(object: *mut c_void, tag: PropTag) -> Option<(PropTag, PropValue)> {
    // SAFETY: as the caller vouches.
    let prop = unsafe { borrow::<interfaces::IMAPIProp>(&object).ok()? };
    let mut stream = ptr::null_mut();
    // SAFETY: arguments and outputs are ours.
    let code = unsafe { prop.OpenProperty(tag.0, &interfaces::IStream::IID, 0, 0, &raw mut stream) };
    let stream = Owned::new(stream, code)?;
    // SAFETY: a stream, as the object returned it.
    let bytes = unsafe { read_all(stream.raw()) }.ok()?;
    let value = if tag.prop_type() == PropType::PT_UNICODE {
        let (pairs, _) = bytes.as_chunks::<2>();
        PropValue::Unicode(
            pairs.iter().map(|pair| u16::from_le_bytes(*pair)).take_while(|u| *u != 0).collect(),
        )
    } else {
        PropValue::Binary(bytes)
    };
    Some((tag, value))
}

/// Sets properties.
///
/// # Safety
///
/// `object` is null or an object with properties.
pub(super) unsafe fn set_props(object: *mut c_void, row: &[(PropTag, PropValue)]) -> Result<(), HRESULT> {
    if row.is_empty() {
        return Ok(());
    }
    // SAFETY: as the caller vouches.
    let prop = unsafe { borrow::<interfaces::IMAPIProp>(&object)? };
    let arena = wire::Arena::default();
    let values = arena.props(row)?;
    // SAFETY: the values live for the call.
    done(unsafe { prop.SetProps(wire::count(row.len()), values, ptr::null_mut()) })
}

/// The tags of all properties of an object.
///
/// # Safety
///
/// `object` is null or an object with properties.
pub(super) unsafe fn prop_list(object: *mut c_void) -> Result<Vec<PropTag>, HRESULT> {
    // SAFETY: as the caller vouches.
    let prop = unsafe { borrow::<interfaces::IMAPIProp>(&object)? };
    let mut tags = ptr::null_mut();
    // SAFETY: the output is ours.
    done(unsafe { prop.GetPropList(flags::MAPI_UNICODE, &raw mut tags) })?;
    // SAFETY: an array of tags, as the object returned it.
    let list = unsafe { SPropTagArray::elements(tags) }.map(PropTag).collect();
    memory::free(tags.cast());
    Ok(list)
}

/// An object that a call returned, released when it goes away.
#[derive(Debug)]
pub(super) struct Owned(*mut c_void);

impl Owned {
    /// Takes up what a call returned; none where it failed.
    pub(super) fn new(raw: *mut c_void, code: HRESULT) -> Option<Self> {
        (code.is_ok() && !raw.is_null()).then_some(Self(raw))
    }

    /// Takes a reference of its own.
    ///
    /// # Safety
    ///
    /// `raw` is null or a COM object.
    pub(super) unsafe fn add_ref(raw: *mut c_void) -> Option<Self> {
        if raw.is_null() {
            return None;
        }
        // SAFETY: as the caller vouches.
        unsafe { super::references::UlAddRef(raw) };
        Some(Self(raw))
    }

    /// The pointer.
    pub(super) fn raw(&self) -> *mut c_void {
        self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference that this value stands for.
        unsafe { super::references::UlRelease(self.0) };
    }
}

// SAFETY: which threads may call an object is the candidate's affair; the pointer itself is plain data.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}
