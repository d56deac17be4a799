//! What a store holds. One for each store's name; every logon of the process shares it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mapi_spi::flags::{FOLDER_GENERIC, FOLDER_ROOT};
use mapi_spi::tags as tag;

use super::bag::Bag;
use super::ids::StoreKey;
use super::names::Names;
use super::session::StoreSession;
use super::table::TableState;
use crate::time::now;

/// The folders that every store has.
pub(super) const ROOT: u64 = 1;
pub(super) const IPM_SUBTREE: u64 = 2;
pub(super) const INBOX: u64 = 3;
pub(super) const OUTBOX: u64 = 4;
pub(super) const SENT: u64 = 5;
pub(super) const DELETED: u64 = 6;
pub(super) const FINDER: u64 = 7;
const FIRST_FREE: u64 = 0x100;

/// All stores that were opened in this process.
static STORES: Mutex<BTreeMap<StoreKey, Arc<Core>>> = Mutex::new(BTreeMap::new());

/// A store: its data, who has it open, the tables that look at it.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) key: StoreKey,
    data: Mutex<Data>,
    sessions: Mutex<Vec<Weak<StoreSession>>>,
    tables: Mutex<Vec<Weak<TableState>>>,
}

/// The data of a store. Its lock is never held while MAPI is called.
#[derive(Debug)]
pub(super) struct Data {
    next: u64,
    pub(super) folders: BTreeMap<u64, Folder>,
    pub(super) messages: BTreeMap<u64, Stored>,
    /// Submitted messages, in the order of their submission.
    pub(super) queue: Vec<Queued>,
    pub(super) names: Names,
    /// Receive folders by message class; the empty class is the default.
    pub(super) receive: BTreeMap<String, u64>,
    /// The store's own properties that clients have set.
    pub(super) bag: Bag,
    last_submission: u64,
}

/// A folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Nothing: the root.
    pub(super) parent: Option<u64>,
    pub(super) kind: u32,
    pub(super) bag: Bag,
}

/// A saved message.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) folder: u64,
    pub(super) associated: bool,
    pub(super) data: Arc<MessageData>,
    /// Counts the changes: who has opened an older one cannot save without force.
    pub(super) version: u64,
    /// `PR_MSG_STATUS`
    pub(super) status: u32,
}

/// What a message holds.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageData {
    pub(super) bag: Bag,
    pub(super) recipients: Vec<Recipient>,
    pub(super) next_recipient: u32,
    pub(super) attachments: BTreeMap<u32, AttachData>,
    pub(super) next_attachment: u32,
}

/// A recipient of a message.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) row: u32,
    pub(super) bag: Bag,
}

/// What an attachment holds.
#[derive(Clone, Debug, Default)]
pub(super) struct AttachData {
    pub(super) bag: Bag,
    pub(super) embedded: Option<Box<MessageData>>,
}

/// A submitted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) message: u64,
    /// The spooler has locked it.
    pub(super) locked: bool,
    /// The spooler is to preprocess it before it is sent.
    pub(super) preprocess: bool,
    /// It was preprocessed.
    pub(super) preprocessed: bool,
    /// What `ExpandRecips` said of it.
    pub(super) needs_spooler: bool,
    /// It stands in the queue table; a message that was sent and waits for `FinishedMsg` does not.
    pub(super) listed: bool,
}

impl Core {
    /// The store of this key, made when it is first asked for.
    pub(super) fn of(key: StoreKey) -> Arc<Core> {
        let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            Arc::new(Core {
                key,
                data: Mutex::new(Data::new(key)),
                sessions: Mutex::new(Vec::new()),
                tables: Mutex::new(Vec::new()),
            })
        };
        Arc::clone(stores.entry(key).or_insert_with(made))
    }

    /// The data. A panic of whoever held it before has left it sound: what is changed is changed as a whole.
    pub(super) fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a session.
    pub(super) fn enter(&self, session: &Arc<StoreSession>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|known| known.strong_count() > 0);
        sessions.push(Arc::downgrade(session));
    }

    /// The sessions that have not ended.
    pub(super) fn sessions(&self) -> Vec<Arc<StoreSession>> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().filter_map(Weak::upgrade).filter(|session| !session.is_closed()).collect()
    }

    /// Enters a table that somebody wants to be told of.
    pub(super) fn watch(&self, table: &Arc<TableState>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|known| known.strong_count() > 0);
        if !tables.iter().any(|known| known.as_ptr() == Arc::as_ptr(table)) {
            tables.push(Arc::downgrade(table));
        }
    }

    /// The tables that are watched.
    pub(super) fn tables(&self) -> Vec<Arc<TableState>> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Data {
    fn new(key: StoreKey) -> Data {
        let folders = [
            (ROOT, None, FOLDER_ROOT, ""),
            (IPM_SUBTREE, Some(ROOT), FOLDER_GENERIC, "Top of the store"),
            (INBOX, Some(IPM_SUBTREE), FOLDER_GENERIC, "Inbox"),
            (OUTBOX, Some(IPM_SUBTREE), FOLDER_GENERIC, "Outbox"),
            (SENT, Some(IPM_SUBTREE), FOLDER_GENERIC, "Sent Items"),
            (DELETED, Some(IPM_SUBTREE), FOLDER_GENERIC, "Deleted Items"),
            (FINDER, Some(ROOT), FOLDER_GENERIC, "Search Results"),
        ];
        let folders =
            folders.map(|(id, parent, kind, name)| (id, Folder::new(key, id, parent, kind, name, "")));
        Data {
            next: FIRST_FREE,
            folders: folders.into_iter().collect(),
            messages: BTreeMap::new(),
            queue: Vec::new(),
            names: Names::default(),
            receive: [(String::new(), INBOX), ("IPM".to_owned(), INBOX), ("REPORT.IPM".to_owned(), INBOX)]
                .into(),
            bag: Bag::default(),
            last_submission: 0,
        }
    }

    /// A number that no object of the store has.
    pub(super) fn new_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A time of submission: now, but later than the one before.
    pub(super) fn submission_time(&mut self) -> u64 {
        self.last_submission = now().max(self.last_submission + 1);
        self.last_submission
    }

    /// The folder and all below it.
    pub(super) fn subtree(&self, folder: u64) -> Vec<u64> {
        let mut all = vec![folder];
        let mut at = 0;
        while let Some(parent) = all.get(at).copied() {
            all.extend(self.children(parent));
            at += 1;
        }
        all
    }

    /// The folders directly below one.
    pub(super) fn children(&self, parent: u64) -> impl Iterator<Item = u64> {
        self.folders.iter().filter(move |(_, folder)| folder.parent == Some(parent)).map(|(id, _)| *id)
    }

    /// The messages of a folder.
    pub(super) fn contents(&self, folder: u64, associated: bool) -> impl Iterator<Item = (u64, &Stored)> {
        let is_in = move |stored: &Stored| stored.folder == folder && stored.associated == associated;
        self.messages.iter().filter(move |(_, stored)| is_in(stored)).map(|(id, stored)| (*id, stored))
    }

    /// The entry of a submitted message.
    pub(super) fn queued(&self, message: u64) -> Option<&Queued> {
        self.queue.iter().find(|queued| queued.message == message)
    }

    /// The same, to be changed.
    pub(super) fn queued_mut(&mut self, message: u64) -> Option<&mut Queued> {
        self.queue.iter_mut().find(|queued| queued.message == message)
    }

    /// The folder that receives messages of a class, and the class that says so.
    pub(super) fn receive_folder(&self, class: &str) -> (u64, String) {
        let mut class = class.to_ascii_uppercase();
        loop {
            if let Some((known, folder)) =
                self.receive.iter().find(|(own, _)| own.eq_ignore_ascii_case(&class))
            {
                return (*folder, known.clone());
            }
            match class.rfind('.') {
                Some(at) => class.truncate(at),
                None => class.clear(),
            }
        }
    }

    /// Where mail arrives that says nothing of its class.
    pub(super) fn inbox(&self) -> u64 {
        self.receive_folder("IPM.Note").0
    }
}

impl Folder {
    /// A new folder.
    pub(super) fn new(
        key: StoreKey,
        id: u64,
        parent: Option<u64>,
        kind: u32,
        name: &str,
        comment: &str,
    ) -> Folder {
        let mut bag = Bag::default();
        bag.text(tag::PR_DISPLAY_NAME_W, name);
        bag.text(tag::PR_COMMENT_W, comment);
        bag.time(tag::PR_CREATION_TIME, now());
        bag.time(tag::PR_LAST_MODIFICATION_TIME, now());
        bag.binary(tag::PR_SEARCH_KEY, key.record_key(id));
        Folder { parent, kind, bag }
    }
}

impl MessageData {
    /// What all of it takes, in bytes, about.
    pub(super) fn size(&self) -> usize {
        let recipients: usize = self.recipients.iter().map(|recipient| recipient.bag.size()).sum();
        let attachments: usize = self.attachments.values().map(AttachData::size).sum();
        self.bag.size() + recipients + attachments
    }

    /// The display names of the recipients of a kind, as `PR_DISPLAY_TO` has them.
    pub(super) fn display(&self, kind: u32) -> String {
        const KIND: u32 = 0x0FFF_FFFF;
        let of_kind = |recipient: &&Recipient| recipient.bag.bits(tag::PR_RECIPIENT_TYPE) & KIND == kind;
        let name = |recipient: &Recipient| recipient.bag.string(tag::PR_DISPLAY_NAME_W).unwrap_or_default();
        self.recipients.iter().filter(of_kind).map(name).collect::<Vec<_>>().join("; ")
    }
}

impl AttachData {
    /// What it takes, in bytes, about.
    pub(super) fn size(&self) -> usize {
        self.bag.size() + self.embedded.as_deref().map_or(0, MessageData::size)
    }
}
