//! Message stores as a trace shows them: who is logged on to them, whether a transport is coupled with one, and what a client
//! composes in them.

use mapi_spi::{HRESULT, flags};
use serde_json::Value;

use super::model::{Fact, Model};
use super::passage::{Passage, passages};
use super::session::{Session, Way};
use super::values::value_bits;

/// What a trace says of message stores.
#[derive(Debug, Default)]
pub(crate) struct Stores<'t> {
    /// The logons, in order: those of the client and those of the spooler.
    pub(crate) logons: Vec<StoreLogon<'t>>,
    /// The messages that the client composed, in order.
    pub(crate) passages: Vec<Passage<'t>>,
}

/// A logon to a store, or the attempt at one.
#[derive(Debug)]
pub(crate) struct StoreLogon<'t> {
    /// The event that tells of it, after the call.
    pub(crate) n: u64,
    /// The store's name in the case.
    pub(crate) name: &'t str,
    /// Whether it is the spooler's, by IMSProvider::SpoolerLogon.
    pub(crate) spoolers: bool,
    /// The place of its call.
    pub(crate) call: Option<usize>,
    /// Its result.
    pub(crate) hr: Option<HRESULT>,
    /// Our support object.
    pub(crate) support: &'t str,
    /// The logon object.
    pub(crate) logon: Option<&'t str>,
    /// The store object.
    pub(crate) object: Option<&'t str>,
    /// Whether the store object is that of the client's logon.
    pub(crate) same_object: bool,
    /// How many references to the support object the candidate has kept.
    pub(crate) references: Option<i64>,
    /// How many bytes of security data came with it.
    pub(crate) security: Option<u64>,
    /// The flags that were passed.
    pub(crate) flags: u32,
    /// Whether the profile section had all that the candidate file says.
    pub(crate) complete: bool,
    /// The event with which the store is closed; beyond all others where it is not.
    pub(crate) to: u64,
}

impl StoreLogon<'_> {
    /// Whether it succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.hr.is_some_and(HRESULT::is_ok)
    }

    /// Whether it made a logon object of its own and kept no reference to its support object.
    pub(crate) fn let_go(&self) -> bool {
        let made = self.succeeded() && self.logon.is_some() && !(self.spoolers && self.same_object);
        made && self.references == Some(0)
    }

    /// Whether the store is used for mail.
    pub(crate) fn has_mail(&self) -> bool {
        self.flags & (flags::MDB_NO_MAIL | flags::MDB_TEMPORARY) == 0
    }
}

impl<'t> Stores<'t> {
    /// Arranges what a trace says of stores.
    pub(crate) fn new(model: &Model<'t>) -> Self {
        let logons = model.facts_of("store-session").map(|fact| logon(model, fact)).collect();
        Self { logons, passages: passages(model) }
    }

    /// The client's logon to a store after an event.
    pub(crate) fn client(&self, name: &str, n: u64) -> Option<&StoreLogon<'t>> {
        self.logons.iter().rev().find(|logon| !logon.spoolers && logon.name == name && logon.n <= n)
    }

    /// The logon whose support object this is.
    pub(crate) fn with_support(&self, obj: &str) -> Option<&StoreLogon<'t>> {
        self.logons.iter().rev().find(|logon| logon.support == obj)
    }

    /// The message that a fact or a call is about, by its store and its name or its entry identifier.
    pub(crate) fn passage(&self, fact: &Fact<'_>) -> Option<&Passage<'t>> {
        self.passages.iter().rev().find(|passage| passage.is_of(fact))
    }
}

fn logon<'t>(model: &Model<'t>, fact: &Fact<'t>) -> StoreLogon<'t> {
    let text = |member| fact.value.get(member).and_then(Value::as_str);
    let name = text("store").unwrap_or("");
    let spoolers = text("by") == Some("spooler");
    let method = if spoolers { "IMSProvider.SpoolerLogon" } else { "IMSProvider.Logon" };
    let call = model.calls.all().iter().rposition(|call| call.m == method && call.n < fact.n);
    let passed = call.and_then(|index| model.calls.at(index).args.get("ulFlags"));
    let passed = passed.or_else(|| fact.value.get("flags"));
    let closed =
        model.facts_of("store-closed").find(|closed| closed.n > fact.n && closed.text("store") == name);
    StoreLogon {
        n: fact.n,
        name,
        spoolers,
        call,
        hr: text("hr").and_then(HRESULT::from_name),
        support: text("support").unwrap_or(""),
        logon: text("logon"),
        object: text("object"),
        same_object: fact.truth("same-object") == Some(true),
        references: fact.value.get("support-references").and_then(Value::as_i64),
        security: fact.value.get("security").and_then(Value::as_u64),
        flags: passed.map_or(0, |value| value_bits(value, &flags::STORE_LOGON_FLAGS)),
        complete: fact.truth("complete") != Some(false),
        to: closed.map_or(u64::MAX, |closed| closed.n),
    }
}

impl<'t> Model<'t> {
    /// The transport session that the mock found coupled with a store, after an event.
    pub(crate) fn coupled_with<'a>(&'a self, store: &str, n: u64) -> Option<&'a Session<'t>> {
        self.sessions.iter().filter(|session| session.logon.is_some()).find(|session| {
            let compared = self.facts_of("coupling").filter(|fact| {
                fact.n <= n
                    && session.from < fact.n
                    && fact.text("store") == store
                    && fact.text("session") == session.name
            });
            let coupled = compared.last().is_some_and(|fact| fact.truth("coupled") == Some(true));
            coupled && n < self.closing(session) && n < session.to
        })
    }

    /// Whether a session can send after an event: it may connect, and outbound is open.
    pub(crate) fn sends_at(&self, session: &Session<'t>, n: u64) -> bool {
        session.passed & flags::LOGON_NO_CONNECT == 0 && self.is_open(session, Way::Outbound, n)
    }
}
