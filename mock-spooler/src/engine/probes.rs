//! Calls that look at the candidate's objects: QueryInterface, the status object, ValidateState.

use std::ffi::c_void;

use mapi_spi::structs::SPropValue;
use mapi_spi::{GUID, HRESULT, flags};
use serde_json::json;

use crate::com::theirs::{IMAPIStatus, IUnknown};
use crate::com::{Cell, boundary};
use crate::engine::logon::take_error;
use crate::engine::run::{Engine, Stop, parse_flags};
use crate::memory;
use crate::plan::args::{Object, OnSession, OpenStatusEntry, QueryInterface, ValidateState};
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

/// An interface that nobody has.
const NOBODYS: GUID = GUID::from_u128(0x5b0a_7f4e_71c3_4d57_9a41_6f6d_6f63_6b00);

/// The sheet is to be looked at only (page: imapistatus-settingsdialog).
const UI_READONLY: u32 = 1;

impl Engine<'_> {
    pub(super) fn query_interface(&mut self, args: &QueryInterface) -> Result<(), Stop> {
        match args.of {
            Object::Provider => {
                let provider = self.providers.get(&args.session).ok_or_else(|| {
                    Stop::Harness(format!("there is no provider object `{}`", args.session))
                })?;
                probe(&provider.object, &["IXPProvider"]);
            }
            Object::Logon => probe(&self.session(&args.session)?.logon, &["IXPLogon"]),
            Object::Status => {
                if let Some(status) = self.open_status(&args.session)? {
                    probe(&status, &["IMAPIStatus", "IMAPIProp"]);
                    // SAFETY: the reference that OpenStatusEntry returned is given back, once.
                    unsafe { status.Release() };
                }
            }
        }
        Ok(())
    }

    fn open_status(&mut self, session: &str) -> Result<Option<IMAPIStatus>, Stop> {
        let session = self.session(session)?;
        let pattern = boundary().pattern();
        let mut kind = Cell::ulong(pattern);
        let mut entry = Cell::pointer(pattern);
        // SAFETY: the cells live for the call; no interface is asked for, so it is the default one.
        let code = unsafe { session.logon.OpenStatusEntry(std::ptr::null(), 0, kind.ptr(), entry.ptr()) };
        kind.check("lpulObjType");
        entry.check("lppEntry");
        let raw: *mut c_void = entry.get_ptr();
        Ok((code.is_ok() && !raw.is_null()).then(|| IMAPIStatus::new(raw, "status")))
    }

    /// OpenStatusEntry, the object's properties, and the methods that the row announces (page: pidtagresourcemethods-canonical-property).
    pub(super) fn open_status_entry(&mut self, args: &OpenStatusEntry) -> Result<(), Stop> {
        let Some(status) = self.open_status(&args.session)? else { return Ok(()) };
        if args.keep {
            self.session(&args.session)?.status = Some(status);
            return Ok(());
        }
        probe(&status, &["IMAPIStatus", "IMAPIProp"]);
        let mut count = Cell::ulong(boundary().pattern());
        let mut values = Cell::pointer(boundary().pattern());
        // SAFETY: the cells live for the call; no tags means all properties.
        let code = unsafe { status.GetProps(std::ptr::null_mut(), 0, count.ptr(), values.ptr()) };
        count.check("lpcValues");
        values.check("lppPropArray");
        if code.is_ok() {
            take_block("GetProps", values.get_ptr::<SPropValue>().cast());
        }
        let methods = self.session(&args.session)?.shared.row_long(mapi_spi::tags::PR_RESOURCE_METHODS);
        // A property sheet is for somebody who looks at it (page: imapistatus-settingsdialog): it is asked for only where there
        // is no window system that it could wait in.
        let sheet = !cfg!(windows) && self.plan.candidate.shim.is_none();
        let nobodys = c"a password that nobody has".as_ptr().cast_mut().cast();
        for (bit, name) in [
            (flags::STATUS_VALIDATE_STATE, "ValidateState"),
            (flags::STATUS_FLUSH_QUEUES, "FlushQueues"),
            (flags::STATUS_CHANGE_PASSWORD, "ChangePassword"),
            (flags::STATUS_SETTINGS_DIALOG, "SettingsDialog"),
        ] {
            let announced = methods & bit != 0;
            // SAFETY: the passwords are narrow, as no flag says otherwise, and end in a zero; no other pointer but a null entry
            // identifier.
            let code = unsafe {
                match name {
                    "ValidateState" => status.ValidateState(0, flags::SUPPRESS_UI),
                    "FlushQueues" => status.FlushQueues(
                        0,
                        0,
                        std::ptr::null_mut(),
                        flags::FLUSH_DOWNLOAD | flags::FLUSH_NO_UI,
                    ),
                    // What is not announced is not to be called (page: pidtagresourcemethods-canonical-property).
                    "ChangePassword" if announced => status.ChangePassword(nobodys, nobodys, 0),
                    "SettingsDialog" if announced && sheet => status.SettingsDialog(0, UI_READONLY),
                    _ => continue,
                }
            };
            boundary().record(What::Fact {
                name: "resource-method".to_owned(),
                value: json!({ "method": name, "announced": announced, "hr": code.to_string() }),
            });
        }
        if args.lists {
            look_at_lists(&status);
        }
        // SAFETY: the reference that OpenStatusEntry returned is given back, once.
        unsafe { status.Release() };
        Ok(())
    }

    pub(super) fn validate_state(&mut self, args: &ValidateState) -> Result<(), Stop> {
        let asked = parse_flags(&flags::VALIDATE_FLAGS, &args.flags)?;
        let session = self.session(&args.session)?;
        // SAFETY: no pointers involved.
        let code = unsafe { session.logon.ValidateState(0, asked) };
        if code.is_ok() && asked & flags::CONFIG_CHANGED != 0 {
            self.address_types_again(&OnSession { session: args.session.clone() })?;
        }
        Ok(())
    }
}

/// GetPropList, wide and narrow, and GetLastError: what they return is the caller's to free (pages: imapiprop-getproplist,
/// imapiprop-getlasterror). A support for either is not asked of a status object.
fn look_at_lists(status: &IMAPIStatus) {
    for wide in [flags::MAPI_UNICODE, 0] {
        let mut tags = Cell::pointer(boundary().pattern());
        // SAFETY: the cell lives for the call.
        let code = unsafe { status.GetPropList(wide, tags.ptr()) };
        tags.check("lppPropTagArray");
        if code.is_ok() {
            take_block("GetPropList", tags.get_ptr());
        }
    }
    // An object cannot be saved that was opened to be read: what comes of that is what it is asked about.
    // SAFETY: no pointers involved.
    let last = unsafe { status.SaveChanges(0) };
    for wide in [flags::MAPI_UNICODE, 0] {
        let mut error = Cell::pointer(boundary().pattern());
        // SAFETY: the cell lives for the call.
        let code = unsafe { status.GetLastError(last, wide, error.ptr()) };
        error.check("lppMAPIError");
        if code.is_ok() {
            take_error(error.get_ptr(), "GetLastError");
        }
    }
}

/// Frees what a method returned; it must be a block of MAPI's (page: xpproviderinit).
fn take_block(call: &str, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    if memory::is_mapi_buffer(block) {
        memory::free(block);
    } else {
        super::session::illegal(
            IllegalKind::ForeignMemory,
            "",
            format!("the memory that {call} returned is not from the MAPI allocator"),
        );
    }
}

/// Asks for what the object must have, for what it cannot have, and twice for IUnknown (page: implementing-the-iunknown-interface).
fn probe(object: &IUnknown, own: &[&str]) {
    let mut first = std::ptr::null_mut::<c_void>();
    for name in ["IUnknown"].iter().chain(own).chain(&["IUnknown"]) {
        let (code, out) = ask(object, &IUnknown::iid(name), name);
        boundary().record(What::Fact {
            name: "query-interface".to_owned(),
            value: json!({ "obj": object.name(), "iid": name, "hr": code.to_string(), "out_null": out.is_null(), "should": "have" }),
        });
        if *name == "IUnknown" && code.is_ok() {
            if first.is_null() {
                first = out;
            } else {
                boundary().record(What::Fact {
                    name: "iunknown-identity".to_owned(),
                    value: json!({ "obj": object.name(), "same": first == out }),
                });
            }
        }
        if code.is_ok() && !out.is_null() {
            // The reference that QueryInterface returned is given back, through the pointer that it returned.
            let returned = IUnknown::alias(out, object.name());
            // SAFETY: it carries one reference, which is given back once.
            unsafe { returned.Release() };
        }
    }
    let (code, out) = ask(object, &NOBODYS, "an interface that nobody has");
    boundary().record(What::Fact {
        name: "query-interface".to_owned(),
        value: json!({ "obj": object.name(), "iid": "nobody's", "hr": code.to_string(), "out_null": out.is_null(), "should": "lack" }),
    });
}

fn ask(object: &IUnknown, iid: &GUID, name: &str) -> (HRESULT, *mut c_void) {
    // A failure has to null the output: so it is not null beforehand.
    let filled = std::ptr::without_provenance_mut(usize::MAX & !0xf);
    // SAFETY: identifier and output live for the call.
    let (code, out) = unsafe { object.QueryInterface(iid, name, filled) };
    if code.is_ok() && out == filled {
        // A success that wrote nothing returned no object.
        return (code, std::ptr::null_mut());
    }
    (code, out)
}
