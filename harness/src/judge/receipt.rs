//! Receipts: StartMessage calls, the message that each lends, and what happened meanwhile.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{Content, Outcome, What};

use super::calls::Call;
use super::model::Model;
use super::session::{Way, transport_flags};
use super::values::{ids, number_of, props_of, text, text_of};

/// What the reference cell holds before the provider writes to it (page `ixplogon-startmessage`).
pub(crate) const UNASSIGNED: u64 = 1;

/// A StartMessage call.
#[derive(Debug)]
pub(crate) struct Receipt<'t> {
    /// The place of the call.
    pub(crate) call: usize,
    /// The message that it lends.
    pub(crate) message: &'t str,
    /// What became of the message.
    pub(crate) fate: Option<Fate<'t>>,
    /// What the reference cell held when the message was first used.
    pub(crate) first_reference: Option<u64>,
    /// What it held at the return.
    pub(crate) reference: u64,
    /// The cancellations that came meanwhile.
    pub(crate) cancels: Vec<Cancel>,
    /// The event of the first callback that was made to fail.
    pub(crate) failed_callback: Option<u64>,
    /// The event of the first allocation that was made to fail.
    pub(crate) failed_allocation: Option<u64>,
    /// The event of a TransportLogoff that came meanwhile.
    pub(crate) logoff: Option<u64>,
    /// The event of a TransportNotify(NOTIFY_END_INBOUND) that came meanwhile.
    pub(crate) ended: Option<u64>,
}

/// What became of a message.
#[derive(Debug)]
pub(crate) struct Fate<'t> {
    /// The event that tells of it.
    pub(crate) n: u64,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// What it held.
    pub(crate) content: &'t Content,
}

/// A cancellation.
#[derive(Debug)]
pub(crate) struct Cancel {
    /// The event with which the candidate has learnt of it.
    pub(crate) n: u64,
    /// How it came.
    pub(crate) by: CancelledBy,
}

/// How a cancellation comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelledBy {
    /// TransportNotify with the message's reference.
    Reference,
    /// TransportNotify with the value that stands for a message without a reference.
    Unassigned,
    /// TransportNotify with a value that names no message.
    Stranger,
    /// SpoolerYield answered MAPI_W_CANCEL_MESSAGE.
    Yield,
}

impl Receipt<'_> {
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

    /// What became of the message.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.fate.as_ref().map(|fate| fate.outcome)
    }
}

/// Finds the receipts.
pub(super) fn receipts<'t>(model: &Model<'t>) -> Vec<Receipt<'t>> {
    model.calls.spooler("IXPLogon.StartMessage").map(|index| receipt(model, index)).collect()
}

fn receipt<'t>(model: &Model<'t>, index: usize) -> Receipt<'t> {
    let call = model.calls.at(index);
    let message = text_of(call.args, "lpMessage").unwrap_or("");
    let during = model.calls.during(call);
    let uses = || during.iter().filter(|inner| inner.by_candidate() && inner.obj == message);
    let last_seen = uses().filter_map(|inner| inner.msgref).next_back();
    let returned = call.ret.as_ref().and_then(|ret| number_of(ret.out, "lpulMsgRef"));
    Receipt {
        call: index,
        message,
        fate: fate(model, message, call.n),
        first_reference: uses().find_map(|inner| inner.msgref).map(low),
        reference: low(returned.or(last_seen).unwrap_or(UNASSIGNED)),
        cancels: cancels(model, call, message, returned),
        failed_callback: during
            .iter()
            .find(|inner| inner.by_candidate() && inner.made_to_fail())
            .map(|inner| inner.n),
        failed_allocation: model
            .facts_after("allocation-failed", call.n)
            .map(|fact| fact.n)
            .next()
            .filter(|n| call.spans(*n)),
        logoff: during
            .iter()
            .find(|inner| inner.obj == call.obj && inner.m == "IXPLogon.TransportLogoff")
            .map(|inner| inner.n),
        ended: during.iter().find(|inner| tells(inner, call.obj, Way::Inbound.end())).map(|inner| inner.n),
    }
}

fn fate<'t>(model: &Model<'t>, message: &str, after: u64) -> Option<Fate<'t>> {
    let first = usize::try_from(after).unwrap_or(usize::MAX).min(model.events().len());
    model.events()[first..].iter().find_map(|event| match &event.what {
        What::Message { obj, outcome, content } if obj == message => {
            Some(Fate { n: event.n, outcome: *outcome, content })
        }
        _ => None,
    })
}

fn cancels(model: &Model<'_>, call: &Call<'_>, message: &str, returned: Option<u64>) -> Vec<Cancel> {
    let support =
        model.sessions.iter().find(|session| session.logon == Some(call.obj)).map(|session| session.support);
    let mut reference = UNASSIGNED;
    let mut known = returned.is_some();
    let mut cancels = Vec::new();
    for inner in model.calls.during(call) {
        if inner.by_candidate() && inner.obj == message {
            reference = inner.msgref.map_or(reference, low);
            known |= inner.msgref.is_some();
        }
        if tells(inner, call.obj, flags::NOTIFY_CANCEL_MESSAGE) {
            let value = number_of(inner.args, "lppvData").map(low);
            let by = if value == Some(UNASSIGNED) && reference == UNASSIGNED {
                CancelledBy::Unassigned
            } else if value == Some(reference) || (value.is_some() && (value == returned.map(low) || !known))
            {
                // Before the first use of the message nobody but the spooler has seen the reference.
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
fn low(value: u64) -> u64 {
    value & 0xffff_ffff
}

impl<'t> Model<'t> {
    /// The StartMessage call of a receipt.
    pub(crate) fn start_of(&self, receipt: &Receipt<'t>) -> &Call<'t> {
        self.calls.at(receipt.call)
    }

    /// The callbacks on the message and on what was opened from it, while the message was lent.
    pub(crate) fn uses<'a>(&'a self, receipt: &'a Receipt<'t>) -> impl Iterator<Item = &'a Call<'t>> {
        let during = self.calls.during(self.start_of(receipt));
        during.iter().filter(|call| call.by_candidate() && self.calls.root_of(call.obj) == receipt.message)
    }

    /// The SaveChanges calls on the message itself, while it was lent.
    pub(crate) fn saves<'a>(&'a self, receipt: &'a Receipt<'t>) -> impl Iterator<Item = &'a Call<'t>> {
        self.uses(receipt).filter(|call| call.obj == receipt.message && call.method() == "SaveChanges")
    }
}

/// The subject that the message had at each successful SaveChanges, as far as it was set by SetProps.
pub(crate) fn saved_subjects(model: &Model<'_>, receipt: &Receipt<'_>) -> Vec<String> {
    let mut current = None;
    let mut saved = Vec::new();
    for call in model.uses(receipt).filter(|call| call.obj == receipt.message && call.succeeded()) {
        match call.method() {
            "SetProps" => {
                if let Some(subject) = text(&props_of(call.args, "lpPropArray"), ids::PR_SUBJECT) {
                    current = Some(subject.to_owned());
                }
            }
            "SaveChanges" => saved.extend(current.clone()),
            _ => {}
        }
    }
    saved.dedup();
    saved
}
