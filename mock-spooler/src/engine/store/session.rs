//! A store that is open, and the messages of the case in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mapi_spi::HRESULT;
use serde_json::json;

use super::shared::{Doings, StoreShared};
use crate::com::object::Entry;
use crate::com::theirs::{IMAPITable, IMSLogon, IMSProvider, IMessage, IMsgStore};
use crate::com::{Held, boundary};
use crate::engine::run::{Engine, Stop};
use crate::objects::advise::Inbox;
use crate::plan::draft::DraftRecipient;
use crate::trace::told::What;

/// A store that a client has opened, and the spooler with it.
#[derive(Debug)]
pub struct StoreSession {
    /// The provider object that it belongs to.
    pub provider: String,
    /// Its own identifier, as the provider knows it.
    pub id: Vec<u8>,
    /// The client's logon.
    pub client: Side,
    /// The spooler's logon.
    pub spooler: Option<Side>,
    /// What the two have in common.
    pub doings: Arc<Doings>,
    /// The outgoing queue, which the spooler watches.
    pub queue: Option<Queue>,
    /// The folders that every store has.
    pub folders: Folders,
    /// The messages of the case, by the names of their mails.
    pub letters: BTreeMap<String, Letter>,
    /// Where the client is told of events.
    pub inbox: Arc<Inbox>,
    /// The client's sinks and their connections.
    pub advised: Vec<(Held, usize)>,
    /// A message that `lock` has locked, by the name of its mail.
    pub locked: BTreeMap<String, IMessage>,
    /// A message has come into the queue and its notification has not been waited for yet.
    pub queue_changed: bool,
}

/// One logon to a store.
#[derive(Debug)]
pub struct Side {
    /// What the candidate's threads reach of it.
    pub shared: Arc<StoreShared>,
    /// The logon object; none where the provider returned none.
    pub logon: Option<IMSLogon>,
    /// The store object.
    pub store: IMsgStore,
    /// The support object that the logon was given.
    pub support: Arc<Entry>,
}

/// The outgoing queue.
#[derive(Debug)]
pub struct Queue {
    /// Its table.
    pub table: IMAPITable,
    /// The spooler's sink on it.
    pub sink: Held,
    /// The sink's connection; none where it was refused.
    pub connection: Option<usize>,
}

/// Identifiers of the folders that every store has; empty where it told none.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// PR_IPM_OUTBOX_ENTRYID.
    pub outbox: Vec<u8>,
    /// PR_IPM_SENTMAIL_ENTRYID.
    pub sent: Vec<u8>,
    /// PR_IPM_WASTEBASKET_ENTRYID.
    pub deleted: Vec<u8>,
    /// The receive folder for notes.
    pub receive: Vec<u8>,
}

/// A message that the case has made in a store.
#[derive(Debug)]
pub struct Letter {
    /// The message, as long as the client has it open.
    pub message: Option<IMessage>,
    /// Its entry identifier from before its submission.
    pub entry_id: Vec<u8>,
    /// Its subject, which tells it from all others of the case.
    pub subject: String,
    /// Its recipients.
    pub recipients: Vec<DraftRecipient>,
    /// The address type of those that have none.
    pub own_type: String,
    /// SubmitMessage succeeded.
    pub submitted: bool,
    /// It came to the end of its way: which.
    pub way: Option<Way>,
    /// How often the spooler has taken it up in this step.
    pub tries: u32,
}

/// How a message came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The pair sent it and put it away itself.
    Direct,
    /// The pair sent it, the spooler finished it at its wish (CompleteMsg).
    Completed,
    /// It went through the outgoing queue.
    Spooler,
    /// AbortSubmit took it back.
    Aborted,
    /// It stays in the queue: nobody can take it now.
    Kept,
    /// Somebody failed.
    Failed,
}

impl Way {
    /// The word for it in the trace.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Completed => "completed",
            Self::Spooler => "spooler",
            Self::Aborted => "aborted",
            Self::Kept => "kept",
            Self::Failed => "failed",
        }
    }
}

impl Letter {
    /// Whether nothing more is to be done for it now.
    pub fn is_settled(&self) -> bool {
        self.way.is_some()
    }
}

impl Engine<'_> {
    /// The store of a name.
    pub(in crate::engine) fn store(&mut self, name: &str) -> Result<&mut StoreSession, Stop> {
        let refused = self.refused.contains(&refusal(name));
        let quietly = self.closed_quietly.contains(name);
        self.stores.get_mut(name).ok_or_else(|| {
            if refused {
                // The case accepts that; without a store the rest of it has nothing to show.
                return Stop::Candidate;
            }
            if quietly {
                // The case counts on what it has submitted: that it does not wait is the candidate's doing.
                boundary().record(What::Unexpected {
                    due: format!("`{name}` stays open at LOGOFF_QUIET: a message waits in its queue"),
                    seen: "nothing waited in it, and the store was closed".to_owned(),
                });
                return Stop::Candidate;
            }
            Stop::Harness(format!(
                "there is no store `{name}` at this point: the case needs an `open-store` before"
            ))
        })
    }

    /// The spooler's side of a store.
    pub(in crate::engine) fn spooler_store(&mut self, name: &str) -> Result<IMsgStore, Stop> {
        let store = self.store(name)?;
        // Where its logon was refused, nothing can go through the spooler.
        store.spooler.as_ref().map(|side| side.store.clone()).ok_or(Stop::Candidate)
    }

    /// A message of the case in a store.
    pub(super) fn letter(&mut self, store: &str, mail: &str) -> Result<&mut Letter, Stop> {
        self.store(store)?.letters.get_mut(mail).ok_or_else(|| {
            Stop::Harness(format!(
                "`{mail}` is no message of the store at this point: `compose` or `submit` it"
            ))
        })
    }

    /// The provider object of a store.
    pub(super) fn provider_of(&mut self, store: &str) -> Result<IMSProvider, Stop> {
        let name = self.store(store)?.provider.clone();
        self.store_providers.get(&name).cloned().ok_or(Stop::Candidate)
    }
}

/// How a store that was refused is remembered beside sessions that were.
pub(super) fn refusal(store: &str) -> String {
    format!("store {store}")
}

/// A fact.
pub(super) fn fact(name: &str, value: serde_json::Value) {
    boundary().record(What::Fact { name: name.to_owned(), value });
}

/// A message's end in the trace.
pub(super) fn record_way(store: &str, mail: &str, entry_id: &[u8], way: Way) {
    fact(
        "store-settled",
        json!({
            "store": store, "mail": mail, "entry-id": crate::trace::value::hex(entry_id), "way": way.name(),
        }),
    );
}

/// An error where the case bears none, or a success that handed nothing over: the call is in the trace.
pub(super) fn give_up(code: HRESULT) -> Stop {
    boundary().record(What::Unexpected {
        due: "the store's call succeeds and hands over what it is asked for".to_owned(),
        seen: code.to_string(),
    });
    Stop::Candidate
}
