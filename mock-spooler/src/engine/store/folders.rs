//! A client looks at the folders of a store.

use std::ffi::c_void;

use mapi_spi::flags;
use mapi_spi::tags::{PR_DISPLAY_NAME_W, PR_ENTRYID, PR_IPM_SUBTREE_ENTRYID, PR_MESSAGE_FLAGS, PR_SUBJECT_W};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};
use serde_json::json;

use super::sent_mail::open_folder;
use super::session::fact;
use crate::com::gate::AsClient;
use crate::com::theirs::IMsgStore;
use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop};
use crate::memory;
use crate::objects::host::Row;
use crate::objects::their::{self, done};
use crate::objects::their_message::with_table;
use crate::plan::store_args::OnStore;
use crate::trace::value;

/// The message class whose receive folder is asked for.
const NOTE: &str = "IPM.Note";

impl Engine<'_> {
    pub(in crate::engine) fn folders(&mut self, args: &OnStore) -> Result<(), Stop> {
        let store = self.store(&args.store)?;
        let (object, folders) = (store.client.store.clone(), store.folders.clone());
        let client = AsClient::begin();
        let receive = receive_folder(&object);
        let listed = with_table(
            // SAFETY: the cell lives for the call.
            |out| unsafe { object.GetReceiveFolderTable(flags::MAPI_UNICODE, out) },
            their::rows,
        );
        let subtree = their::value(&object, PR_IPM_SUBTREE_ENTRYID);
        let subtree = subtree.and_then(|value| value.as_binary().map(<[u8]>::to_vec)).unwrap_or_default();
        let named = [
            ("root", Vec::new()),
            ("subtree", subtree),
            ("outbox", folders.outbox),
            ("sent", folders.sent),
            ("deleted", folders.deleted),
            ("receive", folders.receive),
        ];
        let looked: serde_json::Map<String, serde_json::Value> = named
            .into_iter()
            .filter(|(name, id)| *name == "root" || !id.is_empty())
            .map(|(name, id)| (name.to_owned(), look_into(&object, &id)))
            .collect();
        drop(client);
        fact(
            "folders",
            json!({
                "store": args.store, "receive": receive.as_ref().map(|(id, _)| value::hex(id)).ok(),
                "explicit-class": receive.as_ref().map(|(_, class)| class.clone()).ok(),
                "receive-hr": receive.as_ref().err().map(ToString::to_string),
                "receive-table": listed.as_ref().map(Vec::len).ok(),
                "receive-table-hr": listed.as_ref().err().map(ToString::to_string), "opened": looked,
            }),
        );
        Ok(())
    }
}

/// Opens a folder and its tables; no identifier means the root.
fn look_into(store: &IMsgStore, id: &[u8]) -> serde_json::Value {
    let folder = match open_folder(store, id) {
        Ok(folder) => folder,
        Err(code) => return json!({ "hr": code.to_string() }),
    };
    let name = their::value(&folder, PR_DISPLAY_NAME_W).and_then(|name| name.to_text());
    // SAFETY: the cells live for the calls.
    let (contents, children) = unsafe {
        (
            with_table(|out| folder.GetContentsTable(flags::MAPI_UNICODE, out), their::rows),
            with_table(|out| folder.GetHierarchyTable(flags::MAPI_UNICODE, out), their::rows),
        )
    };
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { folder.Release() };
    let count = |rows: &Result<Vec<Row>, HRESULT>| match rows {
        Ok(rows) => json!(rows.len()),
        Err(code) => json!(code.to_string()),
    };
    json!({ "hr": "S_OK", "name": name, "contents": count(&contents), "children": count(&children) })
}

/// The folder for incoming notes: its identifier, and the class for which it is set.
///
/// # Errors
///
/// What `GetReceiveFolder` returned.
pub(super) fn receive_folder(store: &IMsgStore) -> Result<(Vec<u8>, String), HRESULT> {
    receive_folder_of(store, NOTE)
}

/// The folder for incoming messages of a class: its identifier, and the class for which it is set.
///
/// # Errors
///
/// What `GetReceiveFolder` returned; MAPI_E_NOT_FOUND where that was no folder.
pub(super) fn receive_folder_of(store: &IMsgStore, class: &str) -> Result<(Vec<u8>, String), HRESULT> {
    let mut asked: Vec<u8> = class.bytes().chain([0]).collect();
    let pattern = boundary().pattern();
    let mut count = Cell::ulong(pattern);
    let mut id = Cell::pointer(pattern);
    let mut explicit = Cell::pointer(pattern);
    // SAFETY: the class and the cells live for the call.
    let code = unsafe {
        store.GetReceiveFolder(asked.as_mut_ptr().cast(), 0, count.ptr(), id.ptr(), explicit.ptr())
    };
    count.check("lpcbEntryID");
    id.check("lppEntryID");
    explicit.check("lppszExplicitClass");
    done(code)?;
    let (at, text): (*mut c_void, *mut c_void) = (id.get_ptr(), explicit.get_ptr());
    // SAFETY: the candidate's answer to a call that succeeded, freed after it was read.
    unsafe {
        let bytes = crate::objects::args::bytes(count.get_u32(), at).unwrap_or_default();
        let explicit = crate::objects::args::text(text, false).ok().flatten();
        let explicit = explicit.map(|text| text.decode()).unwrap_or_default();
        memory::free(at);
        memory::free(text);
        if bytes.is_empty() { Err(HRESULT::MAPI_E_NOT_FOUND) } else { Ok((bytes, explicit)) }
    }
}

/// Whether a subject is the one that was set. Not all stores support Unicode: beyond ASCII another character may stand.
fn is_subject(found: &str, set: &str) -> bool {
    found == set
        || found.chars().count() == set.chars().count()
            && found.chars().zip(set.chars()).all(|(there, one)| there == one || !one.is_ascii())
}

/// The messages in a folder whose subject this is: their rows.
pub(super) fn of_subject(store: &IMsgStore, folder: &[u8], subject: &str) -> Result<Vec<Row>, HRESULT> {
    const COLUMNS: [PropTag; 3] = [PR_ENTRYID, PR_SUBJECT_W, PR_MESSAGE_FLAGS];
    let folder = open_folder(store, folder)?;
    let rows = with_table(
        // SAFETY: the cell lives for the call.
        |out| unsafe { folder.GetContentsTable(flags::MAPI_UNICODE, out) },
        |table| {
            their::set_columns(table, &COLUMNS)?;
            their::rows(table)
        },
    );
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { folder.Release() };
    let has = |row: &Row| {
        their::find(row, PR_SUBJECT_W)
            .and_then(PropValue::to_text)
            .is_some_and(|found| is_subject(&found, subject))
    };
    Ok(rows?.into_iter().filter(has).collect())
}

#[cfg(test)]
mod tests {
    use super::is_subject;

    #[test]
    fn a_store_without_unicode_keeps_what_it_can_of_a_subject() {
        assert!(is_subject("caf\u{e9} 1", "caf\u{e9} 1") && is_subject("caf? 1", "caf\u{e9} 1"));
        assert!(!is_subject("caf? 2", "caf\u{e9} 1") && !is_subject("caf?? 1", "caf\u{e9} 1"));
        assert!(!is_subject("c?f\u{e9} 1", "caf\u{e9} 1"), "what is ASCII stays");
    }
}
