//! Which delivered message is which mail.

use mock_spooler::trace::event::{Content, Outcome, What};
use serde::Deserialize as _;

use super::mail::Mail;
use super::model::{Fact, Model};
use super::values::{find, ids};

/// What arrived and what was delivered.
#[derive(Debug, Default)]
pub(crate) struct Ledger<'t> {
    /// The mails that were put where the candidate finds them, in order.
    pub(crate) arrivals: Vec<Arrival<'t>>,
    /// The messages that were delivered, in order.
    pub(crate) deliveries: Vec<Delivery<'t>>,
    /// The messages that a store told of which had come without the spooler, in order.
    pub(crate) direct: Vec<Direct<'t>>,
}

/// A message that came into a store without the spooler.
#[derive(Debug)]
pub(crate) struct Direct<'t> {
    /// The event that tells of it.
    pub(crate) n: u64,
    /// The name of the mail that it is, where that was delivered before.
    pub(crate) again: Option<&'t str>,
    /// What it holds, and the mail that it is.
    pub(crate) is: Option<(Content, &'t Mail)>,
}

/// A mail that arrived.
#[derive(Debug)]
pub(crate) struct Arrival<'t> {
    /// The event.
    pub(crate) n: u64,
    /// Its name in the case.
    pub(crate) name: &'t str,
    /// What it says, where the case has it.
    pub(crate) mail: Option<&'t Mail>,
    /// The event at which its StartMessage returned.
    pub(crate) delivered: Option<u64>,
}

/// A message that was delivered.
#[derive(Debug)]
pub(crate) struct Delivery<'t> {
    /// The place of its receipt.
    pub(crate) receipt: usize,
    /// The event at which its StartMessage returned.
    pub(crate) n: u64,
    /// What it holds.
    pub(crate) content: &'t Content,
    /// What it is.
    pub(crate) is: Identity,
}

/// What a delivered message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The mail at this place among the arrivals.
    Mail(usize),
    /// That mail, which was delivered before.
    Again(usize),
    /// It holds nothing.
    Empty,
    /// Something that never arrived.
    Unknown,
}

impl<'t> Ledger<'t> {
    /// Matches deliveries with arrivals. `mail` finds a mail by its name in the case.
    pub(crate) fn new(model: &Model<'t>, mail: impl Fn(&str) -> Option<&'t Mail>) -> Self {
        let mut ledger = Self::default();
        for event in model.events() {
            if let What::Arrive { mail: name } = &event.what {
                ledger.arrivals.push(Arrival { n: event.n, name, mail: mail(name), delivered: None });
            }
        }
        for (place, receipt) in model.receipts.iter().enumerate() {
            let Some(fate) = receipt.fate.as_ref().filter(|fate| fate.outcome == Outcome::Delivered) else {
                continue;
            };
            let n = model.start_of(receipt).end().min(fate.n);
            let is = ledger.identify(fate.content, n);
            if let Identity::Mail(arrival) = is {
                ledger.arrivals[arrival].delivered = Some(n);
            }
            ledger.deliveries.push(Delivery { receipt: place, n, content: fate.content, is });
        }
        for fact in model.facts_of("new-mail") {
            ledger.note_direct(fact);
        }
        ledger
    }

    /// A message that a store told of which had come without the spooler.
    fn note_direct(&mut self, fact: &Fact<'t>) {
        let content = fact.value.get("content").and_then(|content| Content::deserialize(content).ok());
        let Some(content) = content else { return };
        let is = self.identify(&content, fact.n);
        let (again, mail) = match is {
            Identity::Mail(place) => {
                self.arrivals[place].delivered = Some(fact.n);
                (None, self.arrivals[place].mail)
            }
            Identity::Again(place) => (Some(self.arrivals[place].name), None),
            Identity::Empty | Identity::Unknown => (None, None),
        };
        self.direct.push(Direct { n: fact.n, again, is: mail.map(|mail| (content, mail)) });
    }

    fn identify(&self, content: &Content, n: u64) -> Identity {
        if is_empty(content) {
            return Identity::Empty;
        }
        let known = |wanted: bool| {
            let mut best: Option<(u32, usize)> = None;
            for (place, arrival) in self.arrivals.iter().enumerate() {
                let score = arrival.mail.map_or(0, |mail| likeness(mail, content));
                if arrival.n < n
                    && arrival.delivered.is_none() == wanted
                    && score > best.map_or(0, |(score, _)| score)
                {
                    best = Some((score, place));
                }
            }
            best
        };
        let (waiting, gone) = (known(true), known(false));
        match (waiting, gone) {
            // A mail that came before is it only where nothing that waits is as like.
            (Some((score, place)), Some((other, _))) if score >= other => Identity::Mail(place),
            (Some((_, place)), None) => Identity::Mail(place),
            (_, Some((_, place))) => Identity::Again(place),
            (None, None) => {
                // Its subject was changed on the way, or the case does not say what its mails hold: then it is what waits.
                let waits =
                    self.arrivals.iter().position(|arrival| arrival.n < n && arrival.delivered.is_none());
                waits.map_or(Identity::Unknown, Identity::Mail)
            }
        }
    }

    /// The mails that wait after an event.
    pub(crate) fn waiting(&self, n: u64) -> impl Iterator<Item = &Arrival<'t>> {
        self.arrivals
            .iter()
            .filter(move |arrival| arrival.n <= n && arrival.delivered.is_none_or(|at| at > n))
    }
}

/// Whether a message says nothing.
pub(crate) fn is_empty(content: &Content) -> bool {
    let telling =
        [ids::PR_SUBJECT, ids::PR_BODY, ids::PR_HTML, ids::PR_RTF_COMPRESSED, ids::PR_SENDER_EMAIL_ADDRESS];
    content.recipients.is_empty()
        && content.attachments.is_empty()
        && !telling.iter().any(|id| find(&content.props, *id).is_some())
}

/// How like a message is to a mail; zero: not at all.
fn likeness(mail: &Mail, content: &Content) -> u32 {
    match (mail.has_id_of(content), mail.has_subject_of(content)) {
        (Some(true), true) => 4,
        (Some(true), false) => 3,
        // Of mails with the same subject the one with the same content is meant.
        (None, true) if mail.differences(content).is_empty() => 2,
        (None, true) => 1,
        (Some(false), _) | (None, false) => 0,
    }
}
