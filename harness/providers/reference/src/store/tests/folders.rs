//! Folders.

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    DEL_MESSAGES, KEEP_OPEN_READWRITE, MESSAGE_MOVE, OPEN_IF_EXISTS, fnevObjectCreated, fnevObjectDeleted,
    fnevObjectModified, fnevObjectMoved,
};
use mapi_spi::interfaces::{IMAPIFolder, IMAPITable};
use mapi_spi::structs::{ENTRYLIST, SBinary};
use mapi_spi::tags as tag;
use windows_core::Interface;

use super::super::data::{DELETED, INBOX, IPM_SUBTREE, OUTBOX, SENT};
use super::support::{Told, null};
use super::world::{World, column, id_of, open, values};
use crate::mapi::{Result, check, opened, save};

fn with_list<R>(ids: &[Vec<u8>], call: impl FnOnce(*mut ENTRYLIST) -> R) -> R {
    let mut entries: Vec<SBinary> =
        ids.iter().map(|id| SBinary { cb: id.len() as u32, lpb: id.as_ptr().cast_mut() }).collect();
    let mut list = ENTRYLIST { cValues: entries.len() as u32, lpbin: entries.as_mut_ptr() };
    call(&raw mut list)
}

fn create_folder(parent: &IMAPIFolder, name: &str, flags: u32) -> Result<IMAPIFolder> {
    let name = crate::mapi::narrow(name);
    let mut cell = null();
    // SAFETY: the name ends with a zero, the cell is valid.
    check(unsafe {
        let at = name.as_ptr().cast_mut().cast();
        parent.CreateFolder(1, at, null(), std::ptr::null(), flags, &mut cell)
    })?;
    // SAFETY: the method succeeded.
    unsafe { opened(cell) }
}

#[test]
fn the_folders_that_a_store_says_are_valid_are_there() {
    let world = World::new("");
    let tags = [
        (tag::PR_IPM_SUBTREE_ENTRYID, "Top of the store"),
        (tag::PR_IPM_OUTBOX_ENTRYID, "Outbox"),
        (tag::PR_IPM_SENTMAIL_ENTRYID, "Sent Items"),
        (tag::PR_IPM_WASTEBASKET_ENTRYID, "Deleted Items"),
        (tag::PR_FINDER_ENTRYID, "Search Results"),
    ];
    for (tag, name) in tags {
        let id = values(&world.client.store, &[tag]).binary(tag).expect("it is published").to_vec();
        let folder: IMAPIFolder = open(&world.client.store, &id, 0).expect("it can be opened");
        assert_eq!(
            values(&folder, &[tag::PR_DISPLAY_NAME_W]).text(tag::PR_DISPLAY_NAME_W).as_deref(),
            Some(name)
        );
    }
    let root: IMAPIFolder = open(&world.client.store, &[], 0).expect("no identifier is the root's");
    let mut cell = null();
    // SAFETY: the cell is valid.
    check(unsafe { root.GetHierarchyTable(1, &mut cell) }).expect("a folder has children");
    // SAFETY: the method succeeded.
    let table: IMAPITable = unsafe { opened(cell) }.expect("a table");
    let names = ["Top of the store", "Inbox", "Outbox", "Sent Items", "Deleted Items", "Search Results"];
    assert_eq!(column(&table, tag::PR_DISPLAY_NAME_W), names);
}

#[test]
fn messages_are_moved_copied_and_deleted_and_who_advised_is_told() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    save(&message, KEEP_OPEN_READWRITE).expect("it can be saved");
    let (told, mut connection) = (std::sync::Arc::new(Told::default()), 0);
    let sink = told.sink();
    let mask = fnevObjectCreated | fnevObjectDeleted | fnevObjectModified | fnevObjectMoved;
    // SAFETY: sink and cell live for the call.
    check(unsafe { world.client.store.Advise(0, null(), mask, sink.as_raw(), &mut connection) })
        .expect("advised");
    let (outbox, ids) = (world.outbox(), [id_of(&message)]);
    let to: IMAPIFolder = open(&world.client.store, &world.key.folder_id(DELETED), 1).expect("a folder");
    let copy = |flags| {
        with_list(&ids, |list| {
            // SAFETY: list and folder live for the call.
            unsafe { outbox.CopyMessages(list, std::ptr::null(), to.as_raw(), 0, null(), flags) }
        })
    };
    assert_eq!(copy(0), HRESULT::S_OK);
    assert_eq!((world.subjects(OUTBOX).len(), world.subjects(DELETED).len()), (1, 1));
    assert_eq!(copy(MESSAGE_MOVE), HRESULT::S_OK);
    assert_eq!((world.subjects(OUTBOX).len(), world.subjects(DELETED).len()), (0, 2));
    // SAFETY: the list lives for the call.
    let deleted = with_list(&ids, |list| unsafe { to.DeleteMessages(list, 0, null(), 0) });
    assert_eq!((deleted, world.subjects(DELETED).len()), (HRESULT::S_OK, 1));
    let events: Vec<u32> = told.take().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, [fnevObjectMoved, fnevObjectDeleted]);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { world.client.store.Unadvise(connection) }, HRESULT::S_OK);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { world.client.store.Unadvise(connection) }, HRESULT::MAPI_E_NOT_FOUND);
}

#[test]
fn submitted_messages_stay_where_they_are() {
    let world = World::new("");
    let id = world.submit("queued", &["REF:anna"]);
    // SAFETY: the list lives for the call.
    let code = with_list(&[id], |list| unsafe { world.outbox().DeleteMessages(list, 0, null(), 0) });
    assert_eq!(code, HRESULT::MAPI_W_PARTIAL_COMPLETION);
    assert_eq!(world.queue(), ["queued"]);
}

#[test]
fn folders_are_made_and_deleted() {
    let world = World::new("");
    let top: IMAPIFolder = open(&world.client.store, &world.key.folder_id(IPM_SUBTREE), 1).expect("a folder");
    let folder = create_folder(&top, "Notes", 0).expect("a folder can be made");
    assert_eq!(create_folder(&top, "notes", 0).err(), Some(HRESULT::MAPI_E_COLLISION));
    let again = create_folder(&top, "notes", OPEN_IF_EXISTS).expect("it is there");
    assert_eq!(id_of(&again), id_of(&folder));
    save(&super::world::create(&folder), 0).expect("a message can be in it");
    let delete = |id: Vec<u8>, flags| {
        // SAFETY: the identifier lives for the call.
        unsafe { top.DeleteFolder(id.len() as u32, id.as_ptr().cast_mut().cast(), 0, null(), flags) }
    };
    assert_eq!(delete(id_of(&folder), 0), HRESULT::MAPI_E_HAS_MESSAGES);
    assert_eq!(delete(world.key.folder_id(SENT), DEL_MESSAGES), HRESULT::MAPI_E_NO_ACCESS);
    assert_eq!(delete(id_of(&folder), DEL_MESSAGES), HRESULT::S_OK);
    assert_eq!(
        crate::mapi::get_props(super::memory::memory(), &folder, &[], 0).err(),
        Some(HRESULT::MAPI_E_OBJECT_DELETED)
    );
}

#[test]
fn mail_of_a_class_has_its_folder() {
    let world = World::new("");
    let receive = |class: &str| {
        let class = crate::mapi::narrow(class);
        let (mut count, mut id, mut explicit) = (0, null(), null());
        // SAFETY: the class ends with a zero, the cells are valid.
        check(unsafe {
            let at = class.as_ptr().cast_mut().cast();
            world.client.store.GetReceiveFolder(at, 0, &mut count, &mut id, &mut explicit)
        })
        .expect("there is always one");
        // SAFETY: both blocks are the caller's; text ends with a zero.
        unsafe {
            let (block, text) = (super::memory::memory().adopt(id), super::memory::memory().adopt(explicit));
            let bytes = std::slice::from_raw_parts(block.at::<u8>().cast_const(), count as usize).to_vec();
            (bytes, std::ffi::CStr::from_ptr(text.at::<std::ffi::c_char>()).to_string_lossy().into_owned())
        }
    };
    assert_eq!(receive(""), (world.key.folder_id(INBOX), String::new()));
    assert_eq!(receive("IPM.Note"), (world.key.folder_id(INBOX), "IPM".to_owned()));
    let class = crate::mapi::narrow("IPM.Note.Fax");
    let folder = world.key.folder_id(DELETED);
    // SAFETY: class and identifier live for the call.
    let code = unsafe {
        let at = class.as_ptr().cast_mut().cast();
        world.client.store.SetReceiveFolder(at, 0, folder.len() as u32, folder.as_ptr().cast_mut().cast())
    };
    assert_eq!(code, HRESULT::S_OK);
    assert_eq!(receive("IPM.Note.Fax.Colour"), (folder, "IPM.Note.Fax".to_owned()));
    assert_eq!(receive("Report.IPM.Note").0, world.key.folder_id(INBOX));
}
