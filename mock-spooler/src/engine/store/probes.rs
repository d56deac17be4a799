//! What a client and MAPI may ask of a store beside mail: another receive folder, and its logon object.

use mapi_spi::tags::{PR_ENTRYID, PR_RESOURCE_TYPE};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::folders::{receive_folder, receive_folder_of};
use super::sent_mail::is_same;
use super::session::fact;
use crate::com::gate::AsClient;
use crate::com::theirs::{IMAPIFolder, IMAPIStatus, IMSLogon, IMsgStore};
use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop};
use crate::objects::advise::{AdviseSink, Inbox};
use crate::objects::{their, wire};
use crate::plan::store_args::{OnStore, SetReceiveFolder};
use crate::trace::value;

impl Engine<'_> {
    /// IMsgStore::SetReceiveFolder; GetReceiveFolder tells what came of it. Page: imsgstore-setreceivefolder.
    pub(in crate::engine) fn set_receive_folder(&mut self, args: &SetReceiveFolder) -> Result<(), Stop> {
        let store = self.store(&args.store)?;
        let (object, folders) = (store.client.store.clone(), store.folders.clone());
        let chosen = match args.folder.as_deref() {
            None => Vec::new(),
            Some("outbox") => folders.outbox,
            Some("sent") => folders.sent,
            Some("deleted") => folders.deleted,
            Some("receive") => folders.receive.clone(),
            Some(other) => {
                return Err(Stop::Harness(format!(
                    "`{other}` is no folder that is known: outbox, sent, deleted, receive"
                )));
            }
        };
        let _client = AsClient::begin();
        let code = choose(&object, &args.class, &chosen);
        let after = receive_folder_of(&object, &args.class);
        let notes = receive_folder(&object);
        // The default is the folder of the next shorter class that has one, or that of all classes.
        let due = if chosen.is_empty() {
            let any = receive_folder_of(&object, "").map(|(id, _)| id);
            [notes.clone().map(|(id, _)| id), any].into_iter().flatten().collect()
        } else {
            vec![chosen]
        };
        let same = after.as_ref().ok().map(|(id, _)| due.iter().any(|due| is_same(&object, id, due)));
        let unmoved = notes.ok().map(|(id, _)| is_same(&object, &id, &folders.receive));
        fact(
            "receive-folder-set",
            json!({
                "store": args.store, "class": args.class, "folder": args.folder, "hr": code.to_string(),
                "after": after.as_ref().map(|(id, _)| value::hex(id)).ok(),
                "after-hr": after.as_ref().err().map(ToString::to_string), "same": same, "others-kept": unmoved,
            }),
        );
        Ok(())
    }

    /// The methods of IMSLogon that do what those of the store do. Pages: imslogon-openentry, imslogon-compareentryids,
    /// imslogon-advise, imslogon-openstatusentry.
    pub(in crate::engine) fn logon_object(&mut self, args: &OnStore) -> Result<(), Stop> {
        let store = self.store(&args.store)?;
        let (object, folder) = (store.client.store.clone(), store.folders.receive.clone());
        let Some(logon) = store.client.logon.clone() else { return Ok(()) };
        let opened = open_folder(&logon, &folder);
        let same = opened.as_ref().ok().map(|id| is_same(&object, id, &folder));
        let (compared, equal) = compare(&logon, &folder);
        let (advised, unadvised) = advise(&logon, &folder);
        let (status, kind) = open_status(&logon);
        fact(
            "logon-object",
            json!({
                "store": args.store, "logon": logon.name(),
                "open-entry": opened.err().unwrap_or(HRESULT::S_OK).to_string(), "same": same,
                "compare": compared.to_string(), "equal": equal, "advise": advised.to_string(),
                "unadvise": unadvised.map(|code| code.to_string()), "status": status.to_string(),
                "status-type": kind,
            }),
        );
        Ok(())
    }
}

/// SetReceiveFolder; an empty identifier is none.
fn choose(store: &IMsgStore, class: &str, id: &[u8]) -> HRESULT {
    let mut class: Vec<u8> = class.bytes().chain([0]).collect();
    let mut id = id.to_vec();
    let at = if id.is_empty() { std::ptr::null_mut() } else { id.as_mut_ptr().cast() };
    // SAFETY: class and identifier live for the call.
    unsafe { store.SetReceiveFolder(class.as_mut_ptr().cast(), 0, wire::count(id.len()), at) }
}

/// Opens a folder through the logon object; its identifier.
fn open_folder(logon: &IMSLogon, id: &[u8]) -> Result<Vec<u8>, HRESULT> {
    let (kind, raw) = their::open(id, |count, id, kind, object| {
        // SAFETY: identifier and cells live for the call; no interface is asked for, so it is the default one.
        unsafe { logon.OpenEntry(count, id, std::ptr::null(), flags::MAPI_BEST_ACCESS, kind, object) }
    })?;
    let folder = IMAPIFolder::new(raw, "their-folder");
    let shown = their::value(&folder, PR_ENTRYID).and_then(|id| id.as_binary().map(<[u8]>::to_vec));
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { folder.Release() };
    if kind == flags::MAPI_FOLDER {
        shown.ok_or(HRESULT::MAPI_E_NOT_FOUND)
    } else {
        Err(HRESULT::MAPI_E_INVALID_OBJECT)
    }
}

/// CompareEntryIDs with one identifier twice.
fn compare(logon: &IMSLogon, id: &[u8]) -> (HRESULT, Option<bool>) {
    their::compare(id, id, |count, one, other_count, other, same| {
        // SAFETY: identifiers and cell live for the call.
        unsafe { logon.CompareEntryIDs(count, one, other_count, other, 0, same) }
    })
}

/// Registers a sink for what happens to a folder, and ends the registration.
fn advise(logon: &IMSLogon, id: &[u8]) -> (HRESULT, Option<HRESULT>) {
    let inbox = std::sync::Arc::<Inbox>::default();
    let sink = AdviseSink::of_client(&inbox, 0);
    let mut connection = Cell::ulong(boundary().pattern());
    let mut id = id.to_vec();
    // SAFETY: the sink is lent, identifier and cell live for the call.
    let code = unsafe {
        logon.Advise(
            wire::count(id.len()),
            id.as_mut_ptr().cast(),
            flags::fnevObjectModified,
            sink.lend(),
            connection.ptr(),
        )
    };
    connection.check("lpulConnection");
    let connection = usize::try_from(connection.get()).unwrap_or_default();
    // SAFETY: no pointers involved.
    (code, code.is_ok().then(|| unsafe { logon.Unadvise(connection) }))
}

/// Opens the status object and looks at it; the type that it came with.
fn open_status(logon: &IMSLogon) -> (HRESULT, Option<u32>) {
    let pattern = boundary().pattern();
    let (mut kind, mut entry) = (Cell::ulong(pattern), Cell::pointer(pattern));
    // SAFETY: the cells live for the call; no interface is asked for, so it is the default one.
    let code = unsafe { logon.OpenStatusEntry(std::ptr::null(), 0, kind.ptr(), entry.ptr()) };
    kind.check("lpulObjType");
    entry.check("lppEntry");
    let raw: *mut std::ffi::c_void = entry.get_ptr();
    if code.is_err() || raw.is_null() {
        return (code, None);
    }
    let status = IMAPIStatus::new(raw, "store-status");
    let _ = their::value(&status, PR_RESOURCE_TYPE).as_ref().and_then(PropValue::as_long);
    // SAFETY: the reference that OpenStatusEntry returned is given back, once.
    unsafe { status.Release() };
    (code, Some(kind.get_u32()))
}
