//! Outbound mail: what the case submits, and the SubmitMessage calls that it takes.
//!
//! A [`Outgoing`] is a message of the case; a [`Submission`] one SubmitMessage with the EndMessage that follows it. A message
//! has several of them where the provider asks for it again.

use std::collections::HashMap;

use mapi_spi::{HRESULT, flags};
use mock_spooler::plan::draft::{DraftRecipient, RecipientKind};
use mock_spooler::trace::event::{Prop, What};
use serde::Deserialize as _;
use serde_json::Value;

use super::calls::Call;
use super::mail::Mail;
use super::model::{Fact, Model};
use super::passage::Passage;
use super::receipt::{Cancel, CancelledBy};
use super::sent::{self, Sent, SentFile};
use super::session::{Way, transport_flags};
use super::stores::Stores;
use super::values::{ids, number_of, text, text_of, value_bits};

/// What the reference cell holds before the provider writes to it (page `ixplogon-submitmessage`).
pub(crate) const UNASSIGNED: u64 = 0;

/// What went out, or was to go out.
#[derive(Debug, Default)]
pub(crate) struct Outbound<'t> {
    /// The messages that the case submits, in order.
    pub(crate) outgoing: Vec<Outgoing<'t>>,
    /// The SubmitMessage calls, in order.
    pub(crate) submissions: Vec<Submission<'t>>,
    /// The mails that the candidate sent, in the order in which they were found.
    pub(crate) files: Vec<SentFile<'t>>,
    /// Whether what is sent can be seen.
    pub(crate) visible: bool,
}

/// A message that the case submits.
#[derive(Debug)]
pub(crate) struct Outgoing<'t> {
    /// The event of its composition.
    pub(crate) n: u64,
    /// The name of its mail in the case.
    pub(crate) name: &'t str,
    /// What it says, where the case has it.
    pub(crate) mail: Option<&'t Mail>,
    /// Its recipients.
    pub(crate) consignees: Vec<Consignee>,
    /// The places of its submissions.
    pub(crate) submissions: Vec<usize>,
    /// What became of it, where the case came so far.
    pub(crate) settled: Option<Settled>,
    /// The place of the message among those that a client composed in a store, where it is one of them. Its transport is then
    /// one of several that may serve it.
    pub(crate) stored: Option<usize>,
}

/// A recipient of a message that the case submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consignee {
    /// PR_EMAIL_ADDRESS.
    pub(crate) address: String,
    /// PR_RECIPIENT_TYPE.
    pub(crate) kind: RecipientKind,
    /// Whether the candidate said that it serves the recipient's address type.
    pub(crate) own: bool,
    /// Whether another transport had served it before.
    pub(crate) served: bool,
}

impl Consignee {
    /// Whether the candidate is asked to serve it.
    pub(crate) fn due(&self) -> bool {
        self.own && !self.served
    }

    /// Whether nobody can serve it: names below `.invalid` never exist (RFC 6761).
    pub(crate) fn nowhere(&self) -> bool {
        self.address.to_ascii_lowercase().ends_with(".invalid")
    }
}

/// What became of a message.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The event.
    pub(crate) n: u64,
    /// Whether the spooler takes it for sent.
    pub(crate) done: bool,
    /// The recipients of the message as it was saved last.
    pub(crate) recipients: Recipients,
}

/// A SubmitMessage call and the EndMessage that follows it.
#[derive(Debug)]
pub(crate) struct Submission<'t> {
    /// The place of the SubmitMessage call.
    pub(crate) call: usize,
    /// The place of the EndMessage call.
    pub(crate) ending: Option<usize>,
    /// The place of its session.
    pub(crate) session: Option<usize>,
    /// The message object that is lent.
    pub(crate) message: &'t str,
    /// The place of the message that it is about.
    pub(crate) outgoing: Option<usize>,
    /// The first use of the message's data: the event, and what the reference cell held.
    pub(crate) first_use: Option<(u64, u64)>,
    /// What the reference cell held at the return.
    pub(crate) reference: u64,
    /// What *lpulReturnParm held at the return.
    pub(crate) wait: Option<u64>,
    /// The flags that EndMessage returned.
    pub(crate) answer: u32,
    /// The recipients as they stood in the message when all was over, saved or not.
    pub(crate) recipients: Recipients,
    /// The cancellations that came meanwhile.
    pub(crate) cancels: Vec<Cancel>,
    /// The event of the first callback that was made to fail.
    pub(crate) failed_callback: Option<u64>,
    /// The event of the first allocation that was made to fail.
    pub(crate) failed_allocation: Option<u64>,
    /// The event of a TransportLogoff that came meanwhile.
    pub(crate) logoff: Option<u64>,
    /// The event of a TransportNotify(NOTIFY_END_OUTBOUND) that came meanwhile.
    pub(crate) ended: Option<u64>,
}

impl Submission<'_> {
    /// The first cancellation that is about this message.
    pub(crate) fn cancelled(&self) -> Option<&Cancel> {
        self.cancels.iter().find(|cancel| cancel.by != CancelledBy::Stranger)
    }

    /// Whether a callback or an allocation was made to fail.
    pub(crate) fn failed_within(&self) -> bool {
        self.failed_callback.is_some() || self.failed_allocation.is_some()
    }

    /// Whether nothing came between: no cancellation, no error, no logoff.
    pub(crate) fn undisturbed(&self) -> bool {
        self.cancelled().is_none() && !self.failed_within() && self.logoff.is_none()
    }
}

impl<'t> Outbound<'t> {
    /// Arranges what a trace says of outbound mail. `mail` finds a mail by its name in the case; `sent` is what the
    /// harness found, nothing where the candidate's sink cannot be seen.
    pub(crate) fn new(
        model: &Model<'t>,
        stores: &Stores<'t>,
        mail: impl Fn(&str) -> Option<&'t Mail>,
        sent: Option<&Sent>,
    ) -> Self {
        let mut outbound = Self { visible: sent.is_some(), ..Self::default() };
        let stored = stores.passages.iter().enumerate();
        outbound.outgoing.extend(stored.filter_map(|(place, passage)| from_store(place, passage, &mail)));
        for fact in &model.facts {
            match fact.name {
                // What a client submitted is there already.
                "submitted" if stores.passage(fact).is_some() => {}
                "submitted" => outbound.outgoing.push(outgoing(model, fact, &mail)),
                "settled" => {
                    let name = fact.text("mail");
                    if let Some(open) = outbound.outgoing.iter_mut().rev().find(|open| open.name == name) {
                        let done = fact.text("fate") == "done";
                        open.settled = Some(Settled { n: fact.n, done, recipients: Recipients::of(fact) });
                    }
                }
                _ => {}
            }
        }
        for index in model.calls.spooler("IXPLogon.SubmitMessage") {
            let mut submission = submission(model, index);
            let n = model.calls.at(index).n;
            let earlier = |outgoing: &Outgoing<'_>| outgoing.n < n;
            // A message of no store is followed to its end before the next one is composed.
            submission.outgoing = match told(model, n, submission.message) {
                Some(name) => {
                    outbound.outgoing.iter().rposition(|outgoing| earlier(outgoing) && outgoing.name == name)
                }
                None => outbound.outgoing.iter().rposition(earlier),
            };
            if let Some(place) = submission.outgoing {
                outbound.outgoing[place].submissions.push(outbound.submissions.len());
            }
            outbound.submissions.push(submission);
        }
        outbound.files = sent::files(model, &outbound.outgoing, sent);
        outbound
    }

    /// The submissions of a message.
    pub(crate) fn of<'a>(&'a self, outgoing: &'a Outgoing<'t>) -> impl Iterator<Item = &'a Submission<'t>> {
        outgoing.submissions.iter().map(|place| &self.submissions[*place])
    }

    /// The mails that were sent of a message.
    pub(crate) fn sent_of<'a>(&'a self, outgoing: &Outgoing<'t>) -> impl Iterator<Item = &'a SentFile<'t>> {
        let n = outgoing.n;
        self.files.iter().filter(move |file| file.of.is_some_and(|place| self.outgoing[place].n == n))
    }

    /// How often a message was sent to a recipient; nothing where that cannot be known.
    pub(crate) fn times(&self, outgoing: &Outgoing<'t>, consignee: &Consignee) -> Option<usize> {
        if !self.visible {
            return None;
        }
        let mut times = 0;
        for file in self.sent_of(outgoing) {
            times += usize::from(file.reaches(consignee)?);
        }
        Some(times)
    }

    /// The submission whose message object this is.
    pub(crate) fn lending(&self, message: &str) -> Option<&Submission<'t>> {
        self.submissions.iter().find(|submission| !message.is_empty() && submission.message == message)
    }
}

impl Outgoing<'_> {
    /// Whether PR_RESPONSIBILITY is TRUE for a recipient in the message that the spooler has in the end; nothing where that
    /// is not known.
    pub(crate) fn marked(&self, consignee: &Consignee) -> Option<bool> {
        self.settled.as_ref()?.recipients.marked(&consignee.address)
    }

    /// Whether the spooler takes it for sent.
    pub(crate) fn done(&self) -> bool {
        self.settled.as_ref().is_some_and(|settled| settled.done)
    }
}

/// The recipients of a message as a fact lists them.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    /// Their rows.
    pub(crate) rows: Vec<Vec<Prop>>,
    /// Whether a row of an address, in small letters, is marked: each recipient is looked for, and there may be many.
    marks: HashMap<String, bool>,
}

impl Recipients {
    fn of(fact: &Fact<'_>) -> Self {
        let listed = fact.value.get("recipients").and_then(Value::as_array).into_iter().flatten();
        let rows: Vec<Vec<Prop>> = listed.filter_map(|row| Vec::deserialize(row).ok()).collect();
        let mut marks = HashMap::new();
        for row in &rows {
            if let Some(address) = text(row, ids::PR_EMAIL_ADDRESS) {
                *marks.entry(address.to_ascii_lowercase()).or_default() |= is_marked(row);
            }
        }
        Self { rows, marks }
    }

    /// Whether PR_RESPONSIBILITY is TRUE in the recipient's row; nothing where there is no row of this address.
    pub(crate) fn marked(&self, address: &str) -> Option<bool> {
        self.marks.get(&address.to_ascii_lowercase()).copied()
    }
}

/// Whether a recipient's row says PR_RESPONSIBILITY TRUE.
pub(crate) fn is_marked(row: &[Prop]) -> bool {
    super::values::find(row, ids::PR_RESPONSIBILITY).is_some_and(|prop| prop.value == Value::Bool(true))
}

/// Whether a recipient's row has this address.
pub(crate) fn is_of(row: &[Prop], address: &str) -> bool {
    text(row, ids::PR_EMAIL_ADDRESS).is_some_and(|there| there.eq_ignore_ascii_case(address))
}

fn outgoing<'t>(
    model: &Model<'t>,
    fact: &Fact<'t>,
    mail: &impl Fn(&str) -> Option<&'t Mail>,
) -> Outgoing<'t> {
    let name = fact.value.get("mail").and_then(Value::as_str).unwrap_or("");
    let own_type = fact.text("own-type");
    let listed = fact.value.get("recipients").and_then(Value::as_array).into_iter().flatten();
    let drafts = listed.filter_map(|one| DraftRecipient::deserialize(one).ok());
    let consignees = drafts.map(|draft| Consignee {
        own: draft.address_type.as_deref().is_none_or(|of| of == own_type || serves(model, of)),
        address: draft.address,
        kind: draft.kind,
        served: draft.served,
    });
    Outgoing {
        n: fact.n,
        name,
        mail: mail(name),
        consignees: consignees.collect(),
        submissions: Vec::new(),
        settled: None,
        stored: None,
    }
}

/// A message that a client submitted in a store.
fn from_store<'t>(
    place: usize,
    passage: &Passage<'t>,
    mail: &impl Fn(&str) -> Option<&'t Mail>,
) -> Option<Outgoing<'t>> {
    let submit = passage.submits.first()?;
    Some(Outgoing {
        n: submit.n,
        name: passage.name,
        mail: mail(passage.name),
        consignees: passage.consignees.clone(),
        submissions: Vec::new(),
        settled: None,
        stored: Some(place),
    })
}

/// The name of the mail whose message was lent as this object in the SubmitMessage of an event.
fn told<'t>(model: &Model<'t>, n: u64, message: &str) -> Option<&'t str> {
    let fact = model.facts_after("submission", n).find(|fact| fact.text("message") == message)?;
    fact.value.get("mail").and_then(Value::as_str)
}

/// Whether the candidate named this address type (page `ixplogon-addresstypes`: it has to match exactly).
pub(crate) fn serves(model: &Model<'_>, wanted: &str) -> bool {
    let answers =
        model.calls.spooler("IXPLogon.AddressTypes").filter_map(|index| model.calls.at(index).ret.as_ref());
    let mut named = answers.filter_map(|ret| ret.out.get("lpppAdrTypeArray")?.as_array()).flatten();
    named.any(|name| name == wanted)
}

fn submission<'t>(model: &Model<'t>, index: usize) -> Submission<'t> {
    let call = model.calls.at(index);
    let message = text_of(call.args, "lpMessage").unwrap_or("");
    let ending = ending_of(model, call);
    let until = ending.map_or(call.end(), |ending| model.calls.at(ending).end());
    let during = model.calls.between(call.n, until);
    let fact = model.facts_after("submission", call.n).find(|fact| fact.text("message") == message);
    let uses = || during.iter().filter(|inner| inner.by_candidate() && inner.obj == message);
    let out = |name: &str| call.ret.as_ref().and_then(|ret| number_of(ret.out, name));
    let reference = out("lpulMsgRef").or_else(|| uses().filter_map(|inner| inner.msgref).next_back());
    Submission {
        call: index,
        ending,
        session: model.sessions.iter().position(|session| session.logon == Some(call.obj)),
        message,
        outgoing: None,
        first_use: uses().filter(|inner| reads(inner)).find_map(|inner| Some((inner.n, inner.msgref?))),
        reference: reference.unwrap_or(UNASSIGNED),
        wait: out("lpulReturnParm").or_else(|| fact.and_then(|fact| fact.value.get("wait")?.as_u64())),
        answer: ending.and_then(|ending| answer(model.calls.at(ending))).unwrap_or(0),
        recipients: fact.map(Recipients::of).unwrap_or_default(),
        cancels: cancels(model, call, during, message, reference),
        failed_callback: during
            .iter()
            .find(|inner| inner.by_candidate() && inner.made_to_fail())
            .map(|inner| inner.n),
        failed_allocation: model
            .facts_after("allocation-failed", call.n)
            .map(|fact| fact.n)
            .next()
            .filter(|n| *n < until),
        logoff: during
            .iter()
            .find(|inner| inner.obj == call.obj && inner.m == "IXPLogon.TransportLogoff")
            .map(|inner| inner.n),
        ended: during.iter().find(|inner| tells(inner, call.obj, Way::Outbound.end())).map(|inner| inner.n),
    }
}

/// The EndMessage that follows a SubmitMessage, before the next one.
fn ending_of(model: &Model<'_>, call: &Call<'_>) -> Option<usize> {
    let next = |m: &str| model.calls.next_on(call.obj, m, call.n);
    let before = next("IXPLogon.SubmitMessage").map_or(u64::MAX, |index| model.calls.at(index).n);
    next("IXPLogon.EndMessage").filter(|index| model.calls.at(*index).n < before)
}

/// The flags that an EndMessage returned.
fn answer(call: &Call<'_>) -> Option<u32> {
    let ret = call.ret.as_ref().filter(|_| call.succeeded())?;
    ret.out.get("lpulFlags").map(|value| value_bits(value, &flags::END_MESSAGE_FLAGS))
}

/// Whether the candidate showed that it defers messages.
pub(super) fn defers(model: &Model<'_>) -> bool {
    let ends = model.calls.spooler("IXPLogon.EndMessage").filter_map(|index| answer(model.calls.at(index)));
    ends.into_iter().any(|answer| answer & flags::END_DONT_RESEND != 0)
}

/// Whether a callback moves data of the message. Looking for its recipients is how a provider finds out whether the message
/// is for it at all.
fn reads(call: &Call<'_>) -> bool {
    let moves = ["GetProps", "OpenProperty", "OpenAttach", "GetAttachmentTable", "CopyTo", "CopyProps"];
    moves.contains(&call.method())
}

fn cancels(
    model: &Model<'_>,
    call: &Call<'_>,
    during: &[Call<'_>],
    message: &str,
    returned: Option<u64>,
) -> Vec<Cancel> {
    let support =
        model.sessions.iter().find(|session| session.logon == Some(call.obj)).map(|session| session.support);
    let mut reference = UNASSIGNED;
    let mut cancels = Vec::new();
    for inner in during {
        if inner.by_candidate() && inner.obj == message {
            reference = inner.msgref.map_or(reference, low);
        }
        let told = tells(inner, call.obj, flags::NOTIFY_CANCEL_MESSAGE);
        if told && transport_flags(inner) & flags::NOTIFY_ABORT_DEFERRED == 0 {
            let value = number_of(inner.args, "lppvData").map(low);
            let by = if value == Some(UNASSIGNED) && reference == UNASSIGNED {
                CancelledBy::Unassigned
            } else if value == Some(reference) || (value.is_some() && value == returned.map(low)) {
                CancelledBy::Reference
            } else {
                CancelledBy::Stranger
            };
            cancels.push(Cancel { n: inner.end(), by });
        }
        let yielded = inner.m == "IMAPISupport.SpoolerYield" && Some(inner.obj) == support;
        if yielded && inner.hr() == Some(HRESULT::MAPI_W_CANCEL_MESSAGE) {
            cancels.push(Cancel { n: inner.end(), by: CancelledBy::Yield });
        }
    }
    cancels
}

/// Whether a call is a TransportNotify to this logon object with one of these flags.
fn tells(call: &Call<'_>, logon: &str, wanted: u32) -> bool {
    call.obj == logon && call.m == "IXPLogon.TransportNotify" && transport_flags(call) & wanted != 0
}

/// The 32 bits that a reference has at the boundary of older headers.
pub(crate) fn low(value: u64) -> u64 {
    value & 0xffff_ffff
}

impl<'t> Model<'t> {
    /// The SubmitMessage call of a submission.
    pub(crate) fn submit_of(&self, submission: &Submission<'t>) -> &Call<'t> {
        self.calls.at(submission.call)
    }

    /// The event with which a submission is over: the return of EndMessage, or of SubmitMessage where none follows.
    pub(crate) fn over(&self, submission: &Submission<'t>) -> u64 {
        let last = submission.ending.unwrap_or(submission.call);
        self.calls.at(last).end()
    }

    /// The callbacks on the message and on what was opened from it, while the message was lent.
    pub(crate) fn uses_of<'a>(
        &'a self,
        submission: &'a Submission<'t>,
    ) -> impl Iterator<Item = &'a Call<'t>> {
        let during = self.calls.between(self.submit_of(submission).n, self.over(submission));
        during.iter().filter(|call| call.by_candidate() && self.calls.root_of(call.obj) == submission.message)
    }

    /// Whether a `sent` step has waited for what is sent, after an event.
    pub(crate) fn waited_for_sent(&self, after: u64) -> bool {
        self.steps.iter().any(|step| step.verb == "sent" && step.from > after && step.to != u64::MAX)
            || self.sent_timeout(after).is_some()
    }

    /// The event with which a wait for what is sent ended without it, after an event.
    pub(crate) fn sent_timeout(&self, after: u64) -> Option<u64> {
        self.events().iter().find_map(|event| match &event.what {
            What::TimedOut { waiting, .. } if waiting == "sent-mail" && event.n > after => Some(event.n),
            _ => None,
        })
    }
}
