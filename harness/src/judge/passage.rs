//! The way of a message through a store: composed by the client, submitted, queued, locked, handed over, finished.

use mapi_spi::{HRESULT, flags};
use mock_spooler::plan::draft::DraftRecipient;
use mock_spooler::trace::event::What;
use serde::Deserialize as _;
use serde_json::Value;

use super::calls::Call;
use super::model::{Fact, Model};
use super::submission::{Consignee, serves};
use super::values::value_bits;

/// A message that the client composed in a store.
#[derive(Debug)]
pub(crate) struct Passage<'t> {
    /// The event of its composition.
    pub(crate) n: u64,
    /// The event at which another one of the same name is composed; beyond all others where none is.
    pub(crate) to: u64,
    /// The store's name in the case.
    pub(crate) store: &'t str,
    /// The name of its mail in the case.
    pub(crate) name: &'t str,
    /// Its entry identifier.
    pub(crate) entry: &'t str,
    /// Its recipients.
    pub(crate) consignees: Vec<Consignee>,
    /// Whether PR_SENTMAIL_ENTRYID is set.
    pub(crate) sent_mail: bool,
    /// Whether PR_DELETE_AFTER_SUBMIT is TRUE.
    pub(crate) delete_after: bool,
    /// Whether MSGFLAG_RESEND is set.
    pub(crate) resend: bool,
    /// The SubmitMessage calls of the client.
    pub(crate) submits: Vec<Submit<'t>>,
}

/// IMessage::SubmitMessage by the client.
#[derive(Debug)]
pub(crate) struct Submit<'t> {
    /// The event of the call.
    pub(crate) n: u64,
    /// The event of its return.
    pub(crate) end: u64,
    /// The event that tells of it.
    pub(crate) told: u64,
    /// The place of the call.
    pub(crate) call: Option<usize>,
    /// Its result.
    pub(crate) hr: Option<HRESULT>,
    /// Its result as the trace shows it.
    pub(crate) result: &'t str,
    /// Whether a transport was coupled with the store.
    pub(crate) coupled: bool,
    /// Whether the message stood in the outgoing queue right after the return, where the spooler can see that.
    pub(crate) queued: Option<bool>,
    /// After an error: whether the open message could be used.
    pub(crate) usable: Option<bool>,
}

impl Submit<'_> {
    /// Whether it succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.hr.is_some_and(HRESULT::is_ok)
    }
}

/// How a message left the store's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// The pair sent it, and did the rest itself.
    Direct,
    /// The pair sent it, and the spooler did the rest.
    Completed,
    /// The spooler took it from the queue.
    Spooler,
    /// The client took it back.
    Aborted,
    /// It stands in the queue.
    Kept,
    /// Nobody took it.
    Failed,
}

/// The message as IMAPISupport::ExpandRecips found it.
#[derive(Debug)]
pub(crate) struct Expanded<'t> {
    /// The event that tells of it.
    pub(crate) n: u64,
    /// PR_MESSAGE_FLAGS.
    pub(crate) flags: Option<u64>,
    /// Whether PR_CLIENT_SUBMIT_TIME is there.
    pub(crate) has_time: bool,
    /// What MAPI answered.
    pub(crate) answered: u32,
    /// The addresses that the coupled transport serves.
    pub(crate) handled: Vec<&'t str>,
    /// The recipients of the first class: address, and PR_RESPONSIBILITY where it is there.
    pub(crate) recipients: Vec<(&'t str, Option<bool>)>,
}

impl Expanded<'_> {
    /// Whether the coupled transport serves some recipients and not the others.
    pub(crate) fn is_mixed(&self) -> bool {
        self.answered & flags::NEEDS_SPOOLER != 0
            && !self.handled.is_empty()
            && self.recipients.iter().any(|(address, _)| !self.handles(address))
    }

    /// Whether this address is among the recipients of the first class.
    pub(crate) fn names(&self, address: &str) -> bool {
        self.recipients.iter().any(|(there, _)| there.eq_ignore_ascii_case(address))
    }

    /// Whether the coupled transport serves this address.
    pub(crate) fn handles(&self, address: &str) -> bool {
        self.handled.iter().any(|there| there.eq_ignore_ascii_case(address))
    }
}

/// Finds the messages that the client composed.
pub(super) fn passages<'t>(model: &Model<'t>) -> Vec<Passage<'t>> {
    let mut passages: Vec<Passage<'t>> = Vec::new();
    for fact in model.facts_of("composed") {
        let text = |member| fact.value.get(member).and_then(Value::as_str);
        let (store, name) = (text("store").unwrap_or(""), text("mail").unwrap_or(""));
        for earlier in passages.iter_mut().filter(|earlier| earlier.name == name && earlier.to == u64::MAX) {
            earlier.to = fact.n;
        }
        passages.push(Passage {
            n: fact.n,
            to: u64::MAX,
            store,
            name,
            entry: text("entry-id").unwrap_or(""),
            consignees: consignees(model, fact),
            sent_mail: fact.value.get("sent-mail").is_some_and(|value| !value.is_null() && *value != false),
            delete_after: fact.truth("delete-after") == Some(true),
            resend: fact.truth("resend") == Some(true),
            submits: Vec::new(),
        });
    }
    for fact in model.facts_of("client-submit") {
        if let Some(passage) = passages.iter_mut().rev().find(|passage| passage.is_of(fact)) {
            passage.submits.push(submit(model, fact));
        }
    }
    passages
}

fn consignees(model: &Model<'_>, fact: &Fact<'_>) -> Vec<Consignee> {
    let own_type = fact.text("own-type");
    let listed = fact.value.get("recipients").and_then(Value::as_array).into_iter().flatten();
    let drafts = listed.filter_map(|one| DraftRecipient::deserialize(one).ok());
    let consignee = |draft: DraftRecipient| Consignee {
        own: draft.address_type.as_deref().is_none_or(|of| of == own_type || serves(model, of)),
        address: draft.address,
        kind: draft.kind,
        served: draft.served,
    };
    drafts.map(consignee).collect()
}

fn submit<'t>(model: &Model<'t>, fact: &Fact<'t>) -> Submit<'t> {
    let text = |member| fact.value.get(member).and_then(Value::as_str);
    let message = text("message").unwrap_or("");
    let call = model.calls.client("IMessage.SubmitMessage").filter(|index| {
        let call = model.calls.at(*index);
        call.n < fact.n && call.obj == message
    });
    let call = call.last();
    let result = text("hr").unwrap_or("");
    Submit {
        n: call.map_or(fact.n, |index| model.calls.at(index).n),
        end: call.map_or(fact.n, |index| model.calls.at(index).end()),
        told: fact.n,
        call,
        hr: HRESULT::from_name(result),
        result,
        coupled: fact.truth("coupled") == Some(true),
        queued: fact.truth("queued"),
        usable: fact.truth("usable"),
    }
}

impl<'t> Passage<'t> {
    /// Whether a fact is about this message.
    pub(crate) fn is_of(&self, fact: &Fact<'_>) -> bool {
        let of_store =
            fact.value.get("store").and_then(Value::as_str).is_none_or(|store| store == self.store);
        let entry = fact.text("entry-id");
        let of_name = match fact.value.get("mail").and_then(Value::as_str) {
            Some(name) => name == self.name,
            None => !entry.is_empty() && entry == self.entry,
        };
        self.n <= fact.n && fact.n < self.to && of_store && of_name
    }

    /// The facts of a name that are about this message.
    pub(crate) fn facts<'a>(
        &'a self,
        model: &'a Model<'t>,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Fact<'t>> {
        model.facts_of(name).filter(|fact| self.is_of(fact))
    }

    /// The client's first SubmitMessage that succeeded.
    pub(crate) fn submitted(&self) -> Option<&Submit<'t>> {
        self.submits.iter().find(|submit| submit.succeeded())
    }

    /// The message as ExpandRecips found it, in the order of the calls.
    pub(crate) fn expanded<'a>(&'a self, model: &'a Model<'t>) -> impl Iterator<Item = Expanded<'t>> + 'a {
        self.facts(model, "expand-recips").map(expanded)
    }

    /// The way that it took, with the event that tells of it; nothing where it is still under way.
    pub(crate) fn path(&self, model: &Model<'t>) -> Option<(u64, Path)> {
        let fact = self.facts(model, "store-settled").last()?;
        let path = match fact.text("way") {
            "direct" => Path::Direct,
            "completed" => Path::Completed,
            "spooler" => Path::Spooler,
            "aborted" => Path::Aborted,
            "kept" => Path::Kept,
            "failed" => Path::Failed,
            _ => return None,
        };
        Some((fact.n, path))
    }

    /// Whether the pair sent it without the spooler.
    pub(crate) fn went_directly(&self, model: &Model<'t>) -> bool {
        matches!(self.path(model), Some((_, Path::Direct | Path::Completed)))
    }

    /// The event with which its way ends; beyond all others where it does not.
    pub(crate) fn over(&self, model: &Model<'t>) -> u64 {
        self.path(model).filter(|(_, path)| *path != Path::Kept).map_or(u64::MAX, |(n, _)| n)
    }

    /// Whether it stands in a queue that the spooler has read.
    pub(crate) fn stands_in(&self, queue: &Fact<'_>) -> bool {
        self.place_in(queue).is_some()
    }

    /// Its place in a queue that the spooler has read.
    pub(crate) fn place_in(&self, queue: &Fact<'_>) -> Option<usize> {
        if queue.text("store") != self.store || queue.n < self.n || self.to <= queue.n {
            return None;
        }
        let list = |member: &str| queue.value.get(member).and_then(Value::as_array);
        let by_entry = list("entry-ids").and_then(|ids| {
            ids.iter().position(|id| !self.entry.is_empty() && id.as_str() == Some(self.entry))
        });
        by_entry.or_else(|| list("mails")?.iter().position(|name| name.as_str() == Some(self.name)))
    }

    /// The queues, as the spooler has read them, in which it stands.
    pub(crate) fn queues<'a>(&'a self, model: &'a Model<'t>) -> impl Iterator<Item = &'a Fact<'t>> {
        model.facts_of("queue").filter(|queue| self.stands_in(queue))
    }

    /// Whether it stands in the outgoing queue after an event; nothing where the trace does not tell.
    pub(crate) fn in_queue(&self, model: &Model<'t>, n: u64) -> Option<bool> {
        let since = self.submitted().filter(|submit| submit.told <= n)?;
        let mut state = (since.told, since.queued);
        let mut note = |at: u64, queued: bool| {
            if state.0 < at && at <= n {
                state = (at, Some(queued));
            }
        };
        for queue in model.facts_of("queue").filter(|queue| queue.text("store") == self.store) {
            note(queue.n, self.stands_in(queue));
        }
        for gone in ["finished", "aborted"] {
            self.facts(model, gone).filter(|fact| ok(fact)).for_each(|fact| note(fact.n, false));
        }
        state.1
    }

    /// Whether it is over with it after an event: finished, sent or taken back.
    pub(crate) fn is_over(&self, model: &Model<'t>, n: u64) -> bool {
        let gone = ["finished", "aborted"];
        self.over(model) <= n
            || gone.into_iter().any(|name| self.facts(model, name).any(|fact| fact.n <= n && ok(fact)))
    }

    /// Whether the spooler has it locked after an event.
    pub(crate) fn is_locked(&self, model: &Model<'t>, n: u64) -> bool {
        let mut state = (0, false);
        for fact in self.facts(model, "lock-state").filter(|fact| fact.n <= n && ok(fact)) {
            state = (fact.n, asks_lock(fact));
        }
        let finished = self.facts(model, "finished").any(|fact| state.0 < fact.n && fact.n <= n && ok(fact));
        state.1 && !finished
    }

    /// Whether the case made a callback or an allocation fail while the message was under way.
    pub(crate) fn disturbed(&self, model: &Model<'t>) -> Option<&'static str> {
        let from = self.submits.first().map_or(self.n, |submit| submit.n);
        let to = self.over(model);
        if model.allocation_failed(from, to) {
            return Some("MEMO-04");
        }
        let failed = |call: &Call<'_>| call.by_candidate() && call.made_to_fail();
        model.calls.between(from, to).iter().any(failed).then_some("ROBU-02")
    }
}

/// Whether a fact tells of a call that succeeded.
pub(crate) fn ok(fact: &Fact<'_>) -> bool {
    code(fact).is_some_and(HRESULT::is_ok)
}

/// The result that a fact tells of.
pub(crate) fn code(fact: &Fact<'_>) -> Option<HRESULT> {
    HRESULT::from_name(fact.text("hr"))
}

/// Whether SetLockState was asked to lock.
pub(crate) fn asks_lock(fact: &Fact<'_>) -> bool {
    fact.value.get("asked").is_some_and(|asked| value_bits(asked, &flags::LOCK_STATES) == flags::MSG_LOCKED)
}

/// Whether PR_SUBMIT_FLAGS in a fact has this bit; nothing where the property is not there.
pub(crate) fn submit_flag(fact: &Fact<'_>, bit: u32) -> Option<bool> {
    let value = fact.value.get("submit-flags").filter(|value| !value.is_null())?;
    Some(value_bits(value, &flags::SUBMIT_STATE_FLAGS) & bit != 0)
}

fn expanded<'t>(fact: &Fact<'t>) -> Expanded<'t> {
    let list = |member: &str| fact.value.get(member).and_then(Value::as_array).into_iter().flatten();
    let first_class = list("recipients").filter(|row| {
        let kind = row.get("recipient-type").and_then(super::values::number).unwrap_or(0);
        u32::try_from(kind).is_ok_and(|kind| kind & flags::MAPI_P1 == 0)
    });
    let recipient = |row: &'t Value| {
        let address = row.get("address").and_then(Value::as_str).unwrap_or("");
        (address, row.get("responsibility").and_then(Value::as_bool))
    };
    Expanded {
        n: fact.n,
        flags: fact.value.get("message-flags").and_then(super::values::number),
        has_time: fact.value.get("submit-time").is_some_and(|time| !time.is_null()),
        answered: fact
            .value
            .get("answered")
            .map_or(0, |value| value_bits(value, &flags::EXPAND_RECIPS_FLAGS)),
        handled: list("handled").filter_map(Value::as_str).collect(),
        recipients: first_class.map(recipient).collect(),
    }
}

/// What the spooler waits for while a message of a store is under way: the queue, or the end of what it took up.
const WAITS: &[&str] = &["queue-notification", "store", "sent-mail"];

/// Whether a wait for a message of a store ended without it after an event.
pub(crate) fn waited_in_vain(model: &Model<'_>, after: u64) -> bool {
    model.events().iter().any(|event| {
        let What::TimedOut { waiting, .. } = &event.what else { return false };
        event.n > after && WAITS.contains(&waiting.as_str())
    })
}
