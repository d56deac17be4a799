//! A client, the spooler, and what they do with a store.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mapi_spi::flags::{
    KEEP_OPEN_READWRITE, MAPI_MODIFY, MAPI_TO, MAPI_UNICODE, MODRECIP_ADD, TBL_ALL_COLUMNS,
};
use mapi_spi::interfaces::{
    IMAPIContainer, IMAPIFolder, IMAPIProp, IMAPITable, IMSLogon, IMSProvider, IMessage, IMsgStore,
};
use mapi_spi::tags as tag;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};
use windows_core::Interface;

use super::super::data::{INBOX, OUTBOX};
use super::super::ids::{StoreKey, id_bytes};
use super::super::provider::StoreProvider;
use super::memory::memory;
use super::support::{Record, null};
use crate::mapi::{
    AddressList, Props, Result, Values, Width, check, get_props, opened, query_rows, recipient_table, save,
    search_key, set_columns, set_props,
};

/// Makes a store's name of its own for each test.
static NAMES: AtomicU32 = AtomicU32::new(0);

/// A logon to a store.
pub(super) struct Session {
    pub(super) record: Arc<Record>,
    pub(super) logon: Option<IMSLogon>,
    pub(super) store: IMsgStore,
    pub(super) security: Vec<u8>,
}

/// A store with a client and the spooler logged on.
pub(super) struct World {
    pub(super) key: StoreKey,
    pub(super) provider: IMSProvider,
    pub(super) client: Session,
    pub(super) spooler: Session,
}

impl World {
    /// A store alone, with these habits.
    pub(super) fn new(habits: &str) -> World {
        World::with(&[(0x6604, habits)])
    }

    /// A store with these properties of the profile section.
    pub(super) fn with(section: &[(u16, &str)]) -> World {
        let name = format!("test-{}", NAMES.fetch_add(1, Ordering::SeqCst));
        let mut section = section.to_vec();
        section.push((0x6607, &name));
        let provider: IMSProvider = StoreProvider::new(memory(), None).into();
        let client = log_on(&provider, &section).expect("the client logs on");
        let spooler = log_on_spooler(&provider, &section, &client.security).expect("the spooler logs on");
        World { key: StoreKey::of(&name), provider, client, spooler }
    }

    pub(super) fn outbox(&self) -> IMAPIFolder {
        open(&self.client.store, &self.key.folder_id(OUTBOX), MAPI_MODIFY).expect("there is an outbox")
    }

    pub(super) fn inbox(&self) -> IMAPIFolder {
        open(&self.client.store, &self.key.folder_id(INBOX), MAPI_MODIFY).expect("there is an inbox")
    }

    /// A message in the outbox to these people, `TYPE:ADDRESS`, not saved.
    pub(super) fn draft(&self, subject: &str, to: &[&str]) -> IMessage {
        let message = create(&self.outbox());
        let mut props = Props::new(Width::Wide);
        props.text(tag::PR_SUBJECT_W, subject);
        props.text(tag::PR_BODY_W, "A body.");
        set_props(memory(), &message, &props).expect("a draft can be changed");
        add_recipients(&message, to);
        message
    }

    /// The same, saved and submitted; its identifier.
    pub(super) fn submit(&self, subject: &str, to: &[&str]) -> Vec<u8> {
        let message = self.draft(subject, to);
        save(&message, KEEP_OPEN_READWRITE).expect("a draft can be saved");
        let id = id_of(&message);
        check(submit(&message)).expect("the message can be submitted");
        id
    }

    /// The outgoing queue.
    pub(super) fn queue_table(&self) -> IMAPITable {
        let mut cell = null();
        // SAFETY: the cell is valid.
        let code = unsafe { self.spooler.store.GetOutgoingQueue(0, &mut cell) };
        check(code).expect("the spooler gets the queue");
        // SAFETY: the method succeeded.
        unsafe { opened(cell) }.expect("a table")
    }

    /// The subjects in the outgoing queue.
    pub(super) fn queue(&self) -> Vec<String> {
        column(&self.queue_table(), tag::PR_SUBJECT_W)
    }

    /// `FinishedMsg` by the spooler.
    pub(super) fn finish(&self, id: &[u8]) -> HRESULT {
        // SAFETY: the identifier lives for the call.
        by_id(id, |count, at| unsafe { self.spooler.store.FinishedMsg(0, count, at) })
    }

    /// `AbortSubmit` by the client.
    pub(super) fn abort(&self, id: &[u8]) -> HRESULT {
        // SAFETY: the identifier lives for the call.
        by_id(id, |count, at| unsafe { self.client.store.AbortSubmit(count, at, 0) })
    }

    /// The subjects in a folder, as the client sees it.
    pub(super) fn subjects(&self, folder: u64) -> Vec<String> {
        self.subjects_in(&self.client.store, folder)
    }

    /// The same as the spooler sees it.
    pub(super) fn subjects_of_spooler(&self, folder: u64) -> Vec<String> {
        self.subjects_in(&self.spooler.store, folder)
    }

    fn subjects_in(&self, store: &IMsgStore, folder: u64) -> Vec<String> {
        let folder: IMAPIFolder = open(store, &self.key.folder_id(folder), 0).expect("a folder");
        column(&contents(&folder), tag::PR_SUBJECT_W)
    }

    /// Locks a message as the spooler does; the open message.
    pub(super) fn lock(&self, id: &[u8]) -> IMessage {
        let message: IMessage = open(&self.spooler.store, id, MAPI_MODIFY).expect("the spooler may open it");
        // SAFETY: the message lives.
        check(unsafe { self.spooler.store.SetLockState(message.as_raw(), 1) }).expect("it can be locked");
        message
    }
}

/// `IMSProvider::Logon`.
pub(super) fn log_on(provider: &IMSProvider, section: &[(u16, &str)]) -> Result<Session> {
    log_on_with(provider, &Record::new(section), &[])
}

/// The same with a support object and an identifier.
pub(super) fn log_on_with(provider: &IMSProvider, record: &Arc<Record>, id: &[u8]) -> Result<Session> {
    let support = record.object();
    let (mut count, mut security, mut error, mut logon, mut store) = (0, null(), null(), null(), null());
    // SAFETY: all cells are valid.
    let code = unsafe {
        provider.Logon(
            support.as_raw(),
            0,
            null(),
            id.len() as u32,
            id.as_ptr().cast_mut().cast(),
            0,
            ptr::null(),
            &mut count,
            &mut security,
            &mut error,
            &mut logon,
            &mut store,
        )
    };
    // SAFETY: what the method left in the cells is the caller's.
    unsafe {
        drop(memory().adopt(error));
        let block = memory().adopt(security);
        check(code)?;
        let security = id_bytes(count, block.at::<c_void>()).to_vec();
        let logon: Option<IMSLogon> = opened(logon).ok();
        Ok(Session { record: Arc::clone(record), logon, store: opened(store)?, security })
    }
}

/// `IMSProvider::SpoolerLogon`.
pub(super) fn log_on_spooler(
    provider: &IMSProvider,
    section: &[(u16, &str)],
    security: &[u8],
) -> Result<Session> {
    let record = Record::new(section);
    let support = record.object();
    let (mut error, mut logon, mut store) = (null(), null(), null());
    // SAFETY: all cells are valid.
    let code = unsafe {
        provider.SpoolerLogon(
            support.as_raw(),
            0,
            null(),
            0,
            null(),
            0,
            ptr::null(),
            security.len() as u32,
            security.as_ptr().cast_mut(),
            &mut error,
            &mut logon,
            &mut store,
        )
    };
    // SAFETY: what the method left in the cells is the caller's.
    unsafe {
        drop(memory().adopt(error));
        check(code)?;
        Ok(Session { record, logon: Some(opened(logon)?), store: opened(store)?, security: Vec::new() })
    }
}

/// `IMsgStore::OpenEntry`.
pub(super) fn open<I: Interface>(store: &IMsgStore, id: &[u8], flags: u32) -> Result<I> {
    let (mut kind, mut cell) = (0, null());
    let at = id.as_ptr().cast_mut().cast();
    // SAFETY: the identifier lives for the call, the cells are valid.
    check(unsafe { store.OpenEntry(id.len() as u32, at, ptr::null(), flags, &mut kind, &mut cell) })?;
    // SAFETY: the method succeeded.
    unsafe { opened(cell) }
}

/// `IMAPIFolder::CreateMessage`.
pub(super) fn create(folder: &IMAPIFolder) -> IMessage {
    let mut cell = null();
    // SAFETY: the cell is valid.
    check(unsafe { folder.CreateMessage(ptr::null(), 0, &mut cell) }).expect("a message can be made");
    // SAFETY: the method succeeded.
    unsafe { opened(cell) }.expect("a message")
}

/// The folder's contents table.
pub(super) fn contents(folder: &IMAPIContainer) -> IMAPITable {
    let mut cell = null();
    // SAFETY: the cell is valid.
    check(unsafe { folder.GetContentsTable(0, &mut cell) }).expect("a folder has contents");
    // SAFETY: the method succeeded.
    unsafe { opened(cell) }.expect("a table")
}

/// Adds recipients, `TYPE:ADDRESS` each.
pub(super) fn add_recipients(message: &IMessage, to: &[&str]) {
    if to.is_empty() {
        return;
    }
    let mut list = AddressList::new(memory(), to.len()).expect("there is memory");
    for one in to {
        let (address_type, address) = one.split_once(':').expect("TYPE:ADDRESS");
        let mut row = Props::new(Width::Wide);
        row.mask(tag::PR_RECIPIENT_TYPE, MAPI_TO);
        row.text(tag::PR_DISPLAY_NAME_W, address);
        row.text(tag::PR_ADDRTYPE_W, address_type);
        row.text(tag::PR_EMAIL_ADDRESS_W, address);
        row.binary(tag::PR_SEARCH_KEY, search_key(address_type, address));
        list.add(&row).expect("there is memory");
    }
    list.modify(message, MODRECIP_ADD).expect("recipients can be added");
}

/// `IMessage::SubmitMessage`.
pub(super) fn submit(message: &IMessage) -> HRESULT {
    // SAFETY: no pointers are passed.
    unsafe { message.SubmitMessage(0) }
}

/// An object's entry identifier.
pub(super) fn id_of(object: &IMAPIProp) -> Vec<u8> {
    values(object, &[tag::PR_ENTRYID]).binary(tag::PR_ENTRYID).expect("it has an identifier").to_vec()
}

/// Values of properties.
pub(super) fn values(object: &IMAPIProp, tags: &[PropTag]) -> Values {
    get_props(memory(), object, tags, MAPI_UNICODE).expect("the properties can be read")
}

/// All rows of a table, all columns.
pub(super) fn rows(table: &IMAPITable) -> Vec<Values> {
    set_columns(memory(), table, &[], Some(TBL_ALL_COLUMNS)).expect("columns can be set");
    query_rows(memory(), table, 100).expect("rows can be read").read().collect()
}

/// A column of text of all rows, from the beginning.
pub(super) fn column(table: &IMAPITable, tag: PropTag) -> Vec<String> {
    // SAFETY: no pointers are passed but null.
    check(unsafe { table.SeekRow(0, 0, null()) }).expect("there is a beginning");
    rows(table).iter().map(|row| row.text(tag).unwrap_or_default()).collect()
}

/// The recipients and whether somebody has taken the responsibility for them.
pub(super) fn responsibilities(message: &IMessage) -> Vec<(String, Option<bool>)> {
    let table = recipient_table(message).expect("a message has recipients");
    let row = |row: &Values| {
        let served = row.get(tag::PR_RESPONSIBILITY).and_then(PropValue::as_bool);
        (row.text(tag::PR_EMAIL_ADDRESS_W).unwrap_or_default(), served)
    };
    rows(&table).iter().map(row).collect()
}

/// What `ExpandRecips` finds: flags, whether there is a time, responsibilities.
pub(super) fn submission_state(message: &IMessage) -> String {
    let values = values(message, &[tag::PR_MESSAGE_FLAGS, tag::PR_CLIENT_SUBMIT_TIME]);
    let flags = values.long(tag::PR_MESSAGE_FLAGS).unwrap_or(0);
    let timed = values.time(tag::PR_CLIENT_SUBMIT_TIME).is_some();
    let served: Vec<_> = responsibilities(message).into_iter().map(|(_, served)| served).collect();
    format!("flags={flags:#x} timed={timed} served={served:?}")
}

/// Calls a method with an identifier.
pub(super) fn by_id(id: &[u8], call: impl FnOnce(u32, *mut c_void) -> HRESULT) -> HRESULT {
    call(id.len() as u32, id.as_ptr().cast_mut().cast())
}
