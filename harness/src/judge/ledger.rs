//! Which delivered message is which mail.

use std::collections::{BTreeSet, HashMap};

use mock_spooler::trace::event::{Content, Outcome, What};
use serde::Deserialize as _;

use super::mail::{Mail, id_of, line};
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
    /// When what arrived was delivered, in order.
    times: Vec<u64>,
    /// The places of the mails that have not been delivered yet.
    undelivered: BTreeSet<usize>,
    /// The places of mails by identifier.
    by_id: HashMap<&'t str, Vec<usize>>,
    /// The places of mails by subject, as it is compared.
    by_subject: HashMap<String, Vec<usize>>,
    /// The places of mails whose subjects may look otherwise in a narrow string.
    not_ascii: Vec<usize>,
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
                ledger.note_arrival(Arrival { n: event.n, name, mail: mail(name), delivered: None });
            }
        }
        for (place, receipt) in model.receipts.iter().enumerate() {
            let Some(fate) = receipt.fate.as_ref().filter(|fate| fate.outcome == Outcome::Delivered) else {
                continue;
            };
            let n = model.start_of(receipt).end().min(fate.n);
            let is = ledger.identify(fate.content, n);
            if let Identity::Mail(arrival) = is {
                ledger.note_delivered(arrival, n);
            }
            ledger.deliveries.push(Delivery { receipt: place, n, content: fate.content, is });
        }
        for fact in model.facts_of("new-mail") {
            ledger.note_direct(fact);
        }
        ledger.times.sort_unstable();
        ledger
    }

    fn note_arrival(&mut self, arrival: Arrival<'t>) {
        let place = self.arrivals.len();
        self.undelivered.insert(place);
        if let Some(mail) = arrival.mail {
            if let Some(id) = &mail.message_id {
                self.by_id.entry(id).or_default().push(place);
            }
            let subject = mail.subject.as_deref().unwrap_or("");
            self.by_subject.entry(line(subject)).or_default().push(place);
            if !subject.is_ascii() {
                self.not_ascii.push(place);
            }
        }
        self.arrivals.push(arrival);
    }

    fn note_delivered(&mut self, arrival: usize, n: u64) {
        self.arrivals[arrival].delivered = Some(n);
        self.undelivered.remove(&arrival);
        self.times.push(n);
    }

    /// A message that a store told of which had come without the spooler.
    fn note_direct(&mut self, fact: &Fact<'t>) {
        let content = fact.value.get("content").and_then(|content| Content::deserialize(content).ok());
        let Some(content) = content else { return };
        let is = self.identify(&content, fact.n);
        let (again, mail) = match is {
            Identity::Mail(place) => {
                self.note_delivered(place, fact.n);
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
        let candidates = self.candidates(content);
        let known = |wanted: bool| {
            let mut best: Option<(u32, usize)> = None;
            for place in candidates.iter().copied() {
                let arrival = &self.arrivals[place];
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
                let first = self.undelivered.first().copied();
                first.filter(|place| self.arrivals[*place].n < n).map_or(Identity::Unknown, Identity::Mail)
            }
        }
    }

    /// The places of the mails that a message can be like at all, in order: those with its identifier, and those with its subject
    /// of which, or in which, no identifier is known.
    fn candidates(&self, content: &Content) -> Vec<usize> {
        let id = id_of(content);
        let mut places: Vec<usize> = match find(&content.props, ids::PR_SUBJECT).map(|prop| &prop.value) {
            // Long ones are told by their digest.
            Some(value) if !value.is_string() => (0..self.arrivals.len()).collect(),
            subject => {
                let subject = line(subject.and_then(|value| value.as_str()).unwrap_or(""));
                let same = self.by_subject.get(&subject).into_iter().flatten();
                same.chain(&self.not_ascii).copied().collect()
            }
        };
        if let Some(id) = id {
            places.retain(|place| self.arrivals[*place].mail.is_none_or(|mail| mail.message_id.is_none()));
            places.extend(self.by_id.get(id).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// How many mails had arrived by an event.
    fn arrived(&self, n: u64) -> usize {
        self.arrivals.partition_point(|arrival| arrival.n <= n)
    }

    /// How many mails had been delivered by an event: each had arrived before.
    fn delivered(&self, n: u64) -> usize {
        self.times.partition_point(|time| *time <= n)
    }

    /// How many mails wait after an event.
    pub(crate) fn how_many_wait(&self, n: u64) -> usize {
        self.arrived(n) - self.delivered(n)
    }

    /// Whether a mail waits after an event.
    pub(crate) fn waits(&self, n: u64) -> bool {
        self.how_many_wait(n) > 0
    }

    /// Whether a mail waited at some time between two events.
    pub(crate) fn waited_within(&self, from: u64, to: u64) -> bool {
        self.arrived(to) > self.delivered(from)
    }

    /// Whether a mail that had arrived before an event waits after another.
    pub(crate) fn still_waits(&self, came: u64, n: u64) -> bool {
        // What came last is delivered last.
        let before = self.arrivals.partition_point(|arrival| arrival.n < came);
        self.arrivals[..before].iter().rev().any(|arrival| arrival.delivered.is_none_or(|at| at > n))
    }

    /// Whether a mail arrived between two events.
    pub(crate) fn came(&self, from: u64, to: u64) -> bool {
        self.arrivals.get(self.arrived(from)).is_some_and(|arrival| arrival.n < to)
    }

    /// The mail that a delivered message is, where it had not been delivered before.
    pub(crate) fn arrival_of(&self, delivery: &Delivery<'_>) -> Option<&Arrival<'t>> {
        match delivery.is {
            Identity::Mail(place) => self.arrivals.get(place),
            Identity::Again(_) | Identity::Empty | Identity::Unknown => None,
        }
    }

    /// The first of the deliveries, in the order of their receipts, that comes after an event.
    pub(crate) fn next_delivery(&self, n: u64) -> Option<&Delivery<'t>> {
        self.deliveries.iter().find(|delivery| delivery.n > n)
    }

    /// What was delivered of the receipt at a place.
    pub(crate) fn delivery_of(&self, receipt: usize) -> Option<&Delivery<'t>> {
        let place = self.deliveries.binary_search_by_key(&receipt, |delivery| delivery.receipt);
        place.ok().map(|place| &self.deliveries[place])
    }

    /// The mails that wait after an event.
    pub(crate) fn waiting(&self, n: u64) -> impl Iterator<Item = &Arrival<'t>> {
        self.arrivals
            .iter()
            .take_while(move |arrival| arrival.n <= n)
            .filter(move |arrival| arrival.delivered.is_none_or(|at| at > n))
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
