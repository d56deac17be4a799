//! The support object: what a session asks of MAPI.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::{MAPI_UNICODE, NOTIFY_SENTDEFERRED};
use mapi_spi::interfaces::{IMAPISupport, IMessage, IProfSect};
use mapi_spi::structs::{ENTRYID, SBinary};
use windows_core::Interface;

use super::object::opened;
use super::{AddressList, Memory, Props, Result, Width, check, narrow, wide};

/// A reference to the support object, released when it is dropped.
#[derive(Debug)]
pub(crate) struct Support(IMAPISupport);

// SAFETY: MAPI's support objects may be called from any thread of the process (*imapisupport-spoolernotify*: "at any
// time during the session"), and their reference counts are their own business.
unsafe impl Send for Support {}
// SAFETY: as above: concurrent calls are the support object's to serialise.
unsafe impl Sync for Support {}

impl Support {
    /// Takes a reference of our own to the object that `TransportLogon` was passed.
    ///
    /// # Safety
    ///
    /// `object` has to be null or a live `IMAPISupport`.
    pub(crate) unsafe fn retain(object: *mut c_void) -> Option<Support> {
        // SAFETY: the caller vouches for the pointer; the clone calls AddRef.
        unsafe { IMAPISupport::from_raw_borrowed(&object) }.map(|support| Support(support.clone()))
    }

    /// The object itself.
    pub(crate) fn object(&self) -> &IMAPISupport {
        &self.0
    }

    /// Tells the spooler something that needs no data.
    pub(crate) fn notify(&self, flags: u32) -> Result<()> {
        // SAFETY: these flags go without data.
        check(unsafe { self.0.SpoolerNotify(flags, ptr::null_mut()) }).map(drop)
    }

    /// Asks for a deferred message to be submitted again.
    pub(crate) fn notify_deferred(&self, entry: &[u8]) -> Result<()> {
        let mut data = SBinary { cb: entry.len() as u32, lpb: entry.as_ptr().cast_mut() };
        // SAFETY: with this flag the data is an SBinary; it and its bytes live for the length of the call.
        check(unsafe { self.0.SpoolerNotify(NOTIFY_SENTDEFERRED, (&raw mut data).cast()) }).map(drop)
    }

    /// Gives the processor back.
    ///
    /// # Errors
    ///
    /// `MAPI_E_USER_CANCEL` where the spooler answers that the message is to be stopped, or what it answers else.
    pub(crate) fn yield_now(&self) -> Result<()> {
        // SAFETY: no pointers are passed.
        match check(unsafe { self.0.SpoolerYield(0) })? {
            HRESULT::MAPI_W_CANCEL_MESSAGE => Err(HRESULT::MAPI_E_USER_CANCEL),
            _ => Ok(()),
        }
    }

    /// Creates or changes the session's row of the status table.
    pub(crate) fn modify_status_row(&self, columns: &Props, flags: u32) -> Result<()> {
        let mut image = columns.image();
        let values = image.values();
        // SAFETY: the values live for the length of the call.
        check(unsafe { self.0.ModifyStatusRow(values.len() as u32, values.as_mut_ptr(), flags) }).map(drop)
    }

    /// Opens the provider's own section of the profile, for reading unless the flags say otherwise.
    pub(crate) fn open_profile_section(&self, flags: u32) -> Result<IProfSect> {
        let mut cell = ptr::null_mut();
        // SAFETY: the cell is valid; no identifier means the provider's own section.
        check(unsafe { self.0.OpenProfileSection(ptr::null_mut(), flags, &mut cell) })?;
        // SAFETY: the method succeeded: the cell holds a reference of ours.
        unsafe { opened(cell) }
    }

    /// The entry identifier of an address that stands in no address book.
    pub(crate) fn create_one_off(
        &self,
        memory: Memory,
        width: Width,
        name: &str,
        address_type: &str,
        address: &str,
    ) -> Result<Vec<u8>> {
        let strings = [name, address_type, address];
        // One flag is for all three.
        let is_narrow = strings.iter().all(|text| width.is_narrow(text));
        let narrow = strings.map(narrow);
        let wide = strings.map(wide);
        let at = |index: usize| -> *mut c_void {
            if is_narrow {
                narrow[index].as_ptr().cast_mut().cast()
            } else {
                wide[index].as_ptr().cast_mut().cast()
            }
        };
        let (mut size, mut cell) = (0, ptr::null_mut());
        let flags = if is_narrow { 0 } else { MAPI_UNICODE };
        // SAFETY: the strings end with a zero, are as wide as the flag says and live for the length of the call; both
        // cells are valid.
        let code = unsafe { self.0.CreateOneOff(at(0), at(1), at(2), flags, &mut size, &mut cell) };
        // SAFETY: what the method left in the cell is the caller's to free.
        let block = unsafe { memory.adopt(cell) };
        check(code)?;
        // SAFETY: the method succeeded: the block holds `size` bytes.
        Ok(unsafe { ENTRYID::as_bytes(block.at(), size) }.to_vec())
    }

    /// Reports what became of recipients. On success the list is MAPI's.
    pub(crate) fn status_recips(&self, message: &IMessage, list: AddressList) -> Result<()> {
        // SAFETY: message and list live for the length of the call; the list comes from MAPI's allocator.
        check(unsafe { self.0.StatusRecips(message.as_raw(), list.at()) })?;
        list.give_up();
        Ok(())
    }

    /// Has messages to addresses of a type preprocessed by functions of a library.
    pub(crate) fn register_preprocessor(
        &self,
        address_type: &str,
        library: &str,
        preprocess: &str,
        remove: &str,
    ) -> Result<()> {
        let [address_type, library, preprocess, remove] =
            [address_type, library, preprocess, remove].map(narrow);
        // SAFETY: the strings end with a zero and live for the length of the call; no identifier is given.
        check(unsafe {
            self.0.RegisterPreprocessor(
                ptr::null_mut(),
                address_type.as_ptr().cast_mut().cast(),
                library.as_ptr().cast_mut().cast(),
                preprocess.as_ptr().cast_mut().cast(),
                remove.as_ptr().cast_mut().cast(),
                0,
            )
        })
        .map(drop)
    }

    /// Leaves an object's memory to MAPI, which answers `MAPI_E_INVALID_OBJECT` in its place from now on.
    ///
    /// # Safety
    ///
    /// `object` has to be an object of ours in a block of MAPI's allocator, with this many references and methods.
    pub(crate) unsafe fn make_invalid(
        &self,
        object: *mut c_void,
        references: u32,
        methods: u32,
    ) -> Result<()> {
        // SAFETY: the caller vouches for the object.
        check(unsafe { self.0.MakeInvalid(0, object, references, methods) }).map(drop)
    }
}
