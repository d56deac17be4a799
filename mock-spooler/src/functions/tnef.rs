//! TNEF: messages with what does not fit the transport, as bytes. Pages: opentnefstream, itnefiunknown and its methods.
//!
//! [`format`] knows the bytes, [`encode`] and [`decode`] the objects. What is written holds each property in MAPI's own
//! encapsulation (TNEF_PURE), in the other modes the class, titles and data of attachments in their old attributes as well; what is read
//! may have either. Tagged text, contained data from elsewhere and encoding by components are not supported, and the trace
//! says so.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]

mod decode;
mod encode;
mod format;

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::meta::methods;
use mapi_spi::structs::{SPropTagArray, SPropValue};
use mapi_spi::{HRESULT, PropTag};

use self::encode::{Chosen, Encoder};
use super::remote::{self, Owned};
use crate::com::{gate, object, ours};
use crate::implements;
use crate::memory::Chain;
use crate::objects::Row;
use crate::objects::args::{self, INVALID};
use crate::objects::wire;

const TNEF_ENCODE: u32 = 2;
const TNEF_PURE: u32 = 0x0001_0000;
const TNEF_COMPATIBILITY: u32 = 0x0002_0000;
const TNEF_BEST_DATA: u32 = 0x0004_0000;
const TNEF_COMPONENT_ENCODING: u32 = 0x8000_0000;

const TNEF_PROP_INCLUDE: u32 = 0x01;
const TNEF_PROP_EXCLUDE: u32 = 0x02;
const TNEF_PROP_CONTAINED: u32 = 0x04;
const TNEF_PROP_MESSAGE_ONLY: u32 = 0x08;
const TNEF_PROP_ATTACHMENTS_ONLY: u32 = 0x10;
const TNEF_PROP_CONTAINED_TNEF: u32 = 0x40;

/// What went wrong with one property or attribute. Page: stnefproblem.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct STnefProblem {
    ulComponent: u32,
    ulAttribute: u32,
    ulPropTag: u32,
    scode: HRESULT,
}

/// Page: stnefproblemarray.
#[repr(C)]
struct STnefProblemArray {
    cProblem: u32,
    aProblem: [STnefProblem; 1],
}

/// A TNEF object.
#[derive(Debug)]
struct Tnef {
    stream: Owned,
    message: Owned,
    _support: Option<Owned>,
    key: u16,
    encoding: bool,
    pure: bool,
    work: Mutex<Work>,
}

/// What is to be encoded.
#[derive(Debug, Default)]
struct Work {
    chosen: Vec<Chosen>,
    set: Vec<(Option<u32>, Row)>,
    recipients: Option<Vec<Row>>,
}

implements!(Tnef: ITnef);

pub(super) unsafe fn OpenTnefStream(
    lpvSupport: *mut c_void,
    lpStream: *mut c_void,
    lpszStreamName: *mut u8,
    ulFlags: u32,
    lpMessage: *mut c_void,
    wKeyVal: u32,
    lppTNEF: *mut *mut c_void,
) -> HRESULT {
    let made = args::needed(lppTNEF).and_then(|()| {
        let known = TNEF_ENCODE | TNEF_PURE | TNEF_COMPATIBILITY | TNEF_BEST_DATA | TNEF_COMPONENT_ENCODING;
        if ulFlags & !known != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        let encoding = ulFlags & TNEF_ENCODE != 0;
        // SAFETY: null or a string, as the caller vouches.
        let name = unsafe { super::strings::bytes(lpszStreamName) }.unwrap_or_default();
        // Encoding needs a name, and no name has these characters (page: opentnefstream).
        if encoding && name.is_empty() || name.iter().any(|byte| b"[]:".contains(byte)) {
            return Err(INVALID);
        }
        // SAFETY: null or objects, as the caller vouches.
        let (stream, message, support) =
            unsafe { (Owned::add_ref(lpStream), Owned::add_ref(lpMessage), Owned::add_ref(lpvSupport)) };
        let key = u16::try_from(wKeyVal & 0xFFFF).unwrap_or(0);
        let pure = ulFlags & TNEF_PURE != 0;
        let tnef = Tnef {
            stream: stream.ok_or(INVALID)?,
            message: message.ok_or(INVALID)?,
            _support: support,
            key,
            encoding,
            pure,
            work: Mutex::default(),
        };
        Ok(object::hand_out(Arc::new(tnef), "tnef"))
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppTNEF, made.map_or(ptr::null_mut(), |tnef| tnef.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn OpenTnefStreamEx(
    lpvSupport: *mut c_void,
    lpStream: *mut c_void,
    lpszStreamName: *mut u8,
    ulFlags: u32,
    lpMessage: *mut c_void,
    wKeyVal: u32,
    _lpAdressBook: *mut c_void,
    lppTNEF: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: passed on from the caller. Entry identifiers are encoded as they are, which takes no address book.
    unsafe { OpenTnefStream(lpvSupport, lpStream, lpszStreamName, ulFlags, lpMessage, wKeyVal, lppTNEF) }
}

pub(super) unsafe fn GetTnefStreamCodepage(
    lpStream: *mut c_void,
    lpulCodepage: *mut u32,
    lpulSubCodepage: *mut u32,
) -> HRESULT {
    // SAFETY: null or a stream, as the caller vouches.
    let codepage = unsafe { remote::read_all(lpStream) }.and_then(|bytes| {
        args::needed(lpulCodepage)?;
        format::codepage(&bytes)
    });
    // SAFETY: null or outputs, as the caller vouches.
    unsafe {
        args::put(lpulCodepage, codepage.map_or(0, |(page, _)| page));
        args::put(lpulSubCodepage, codepage.map_or(0, |(_, sub)| sub));
    }
    codepage.err().unwrap_or(HRESULT::S_OK)
}

impl Tnef {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn only_encoding(&self) -> Result<(), HRESULT> {
        if self.encoding { Ok(()) } else { Err(HRESULT::MAPI_E_NO_ACCESS) }
    }

    fn encode(&self) -> Result<Vec<STnefProblem>, HRESULT> {
        let work = std::mem::take(&mut *self.work());
        let encoder = Encoder {
            message: self.message.raw(),
            key: self.key,
            pure: self.pure,
            chosen: &work.chosen,
            set: &work.set,
            recipients: work.recipients.as_deref(),
        };
        let (bytes, problems) = encoder.encode()?;
        // SAFETY: the stream that the candidate passed, with a reference of ours.
        unsafe { remote::write(self.stream.raw(), &bytes)? };
        Ok(problems)
    }

    fn decode(&self, wants: &dyn Fn(PropTag) -> bool) -> Result<Vec<STnefProblem>, HRESULT> {
        // Each call goes back to the beginning (page: itnef-extractprops), if the stream can.
        // SAFETY: the stream that the candidate passed, with a reference of ours.
        let bytes = unsafe {
            remote::rewind(self.stream.raw());
            remote::read_all(self.stream.raw())?
        };
        decode::into_message(&bytes, self.message.raw(), wants)
    }
}

/// Hands problems out where they are wanted.
///
/// # Safety
///
/// `out` is null or valid for a write.
unsafe fn report(result: Result<Vec<STnefProblem>, HRESULT>, out: *mut *mut c_void) -> HRESULT {
    let array = match &result {
        Ok(problems) if !out.is_null() && !problems.is_empty() => lay_down(problems),
        Ok(_) | Err(_) => Ok(ptr::null_mut()),
    };
    // SAFETY: as the caller vouches.
    unsafe { args::put(out, array.unwrap_or(ptr::null_mut())) };
    result.and(array).err().unwrap_or(HRESULT::S_OK)
}

fn lay_down(problems: &[STnefProblem]) -> Result<*mut c_void, HRESULT> {
    let first = offset_of!(STnefProblemArray, aProblem);
    let block = Chain::allocate(first + size_of_val(problems))?;
    // SAFETY: the block has the room of an array of so many problems, and nobody else knows it yet.
    unsafe {
        block.ptr::<u32>().write(wire::count(problems.len()));
        let to = block.ptr::<u8>().add(first).cast::<STnefProblem>();
        ptr::copy_nonoverlapping(problems.as_ptr(), to, problems.len());
    }
    Ok(block.into_raw().cast())
}

impl ours::ITnef for Tnef {
    unsafe fn AddProps(
        &self,
        ulFlags: u32,
        ulElemID: u32,
        lpvData: *mut c_void,
        lpPropList: *mut SPropTagArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        let tags = unsafe { args::tags(lpPropList) };
        let result = self.only_encoding().and_then(|()| {
            if ulFlags & TNEF_PROP_CONTAINED_TNEF != 0 || !lpvData.is_null() {
                let detail = "data from elsewhere in the place of an attachment's";
                return Err(gate::unsupported_part(&methods::ITnef::AddProps, detail));
            }
            let exclude = match ulFlags & (TNEF_PROP_INCLUDE | TNEF_PROP_EXCLUDE) {
                TNEF_PROP_EXCLUDE => true,
                TNEF_PROP_INCLUDE => false,
                _ => return Err(INVALID),
            };
            let contained = ulFlags & TNEF_PROP_CONTAINED != 0;
            self.work().chosen.push(Chosen {
                exclude,
                tags: tags?.unwrap_or_default(),
                of_message: !contained && ulFlags & TNEF_PROP_ATTACHMENTS_ONLY == 0,
                of_attachments: contained || ulFlags & TNEF_PROP_MESSAGE_ONLY == 0,
                one: contained.then_some(ulElemID),
            });
            Ok(())
        });
        result.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn ExtractProps(
        &self,
        ulFlags: u32,
        lpPropList: *mut SPropTagArray,
        lpProblems: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        let tags = unsafe { args::tags(lpPropList) };
        let result = tags.and_then(|tags| {
            if self.encoding {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            let tags = tags.unwrap_or_default();
            let listed = |tag: PropTag| tags.iter().any(|other| other.id() == tag.id());
            match ulFlags & (TNEF_PROP_INCLUDE | TNEF_PROP_EXCLUDE) {
                TNEF_PROP_INCLUDE => self.decode(&listed),
                TNEF_PROP_EXCLUDE => self.decode(&|tag| !listed(tag)),
                _ => Err(INVALID),
            }
        });
        // SAFETY: as above.
        unsafe { report(result, lpProblems) }
    }

    unsafe fn Finish(&self, _ulFlags: u32, lpKey: *mut *mut c_void, lpProblems: *mut *mut c_void) -> HRESULT {
        let result = if self.encoding { self.encode() } else { self.decode(&|_| true) };
        // SAFETY: as above; the key is a word, whatever the declaration's pointer says.
        unsafe {
            args::put(lpKey.cast::<u16>(), self.key);
            report(result, lpProblems)
        }
    }

    unsafe fn SetProps(
        &self,
        ulFlags: u32,
        ulElemID: u32,
        cValues: u32,
        lpProps: *mut SPropValue,
    ) -> HRESULT {
        // SAFETY: as above.
        let given = unsafe { args::props(cValues, lpProps) };
        let result = self.only_encoding().and(given).and_then(|given| {
            let row: Option<Row> = given.into_iter().map(|(tag, value)| Some((tag, value?))).collect();
            let one = (ulFlags & TNEF_PROP_CONTAINED != 0).then_some(ulElemID);
            self.work().set.push((one, row.ok_or(INVALID)?));
            Ok(())
        });
        result.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn EncodeRecips(&self, _ulFlags: u32, lpRecipientTable: *mut c_void) -> HRESULT {
        let result = self.only_encoding().and_then(|()| {
            let rows = if lpRecipientTable.is_null() {
                encode::recipients(self.message.raw())
            } else {
                encode::rows(lpRecipientTable)
            }?;
            self.work().recipients = Some(rows);
            Ok(())
        });
        result.err().unwrap_or(HRESULT::S_OK)
    }
}
