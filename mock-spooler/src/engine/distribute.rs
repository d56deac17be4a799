//! Which transports get a message, one after the other.
//!
//! With transports of ours beside the candidate the spooler follows the profile order (see [`route`](super::route)) until
//! nobody is left, or no match is left; then it reports on those that nobody took. Where the candidate is the only transport
//! it gets the message whatever its recipients are: some cases are about just that.
//!
//! A transport whose outbound direction is off, or that is offline, gets nothing (page: ixplogon-transportnotify); a recipient
//! that only such a transport serves waits.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mapi_spi::flags;
use serde_json::json;

use crate::com::boundary;
use crate::engine::nondelivery;
use crate::engine::outgoing::Outgoing;
use crate::engine::route::{Addressee, Served, next};
use crate::engine::run::{Engine, Stop};
use crate::engine::send::{Fate, MOST_TRIES, fate};
use crate::objects::host::Row;
use crate::plan::Trap;
use crate::plan::args::Ends;
use crate::plan::draft::DraftRecipient;
use crate::trace::told::What;
use crate::trace::value;

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distributed {
    /// The sessions that it was handed to, in order.
    pub order: Vec<String>,
    /// Recipients that wait for a transport that wants the message later, or cannot be reached now.
    pub waiting: Vec<String>,
    /// Recipients that nobody took, and that were reported on.
    pub left: Vec<String>,
}

/// A message's way from transport to transport.
#[derive(Debug, Default)]
pub(super) struct Way {
    tried: Vec<String>,
    /// Transports that want the message again later.
    later: Vec<String>,
    cancelled: bool,
}

impl Way {
    /// Whether some transport has had the message.
    pub(super) fn begun(&self) -> bool {
        !self.tried.is_empty()
    }
}

impl Engine<'_> {
    /// Hands a message to transports until it is settled. `session` is the candidate's that it concerns.
    pub(super) fn distribute(
        &mut self,
        outgoing: &dyn Outgoing,
        session: &str,
        ends: Ends,
        traps: &[Trap],
    ) -> Result<Distributed, Stop> {
        let mut way = Way::default();
        while let Some(next) = self.next_transport(outgoing, session, &way)? {
            self.hand_over(outgoing, &next, &mut way, ends, traps)?;
            self.turn_of_others();
        }
        self.arrived(outgoing, session, &way)
    }

    /// The transport that has the next opportunity; none where the way ends.
    pub(super) fn next_transport(
        &mut self,
        outgoing: &dyn Outgoing,
        session: &str,
        way: &Way,
    ) -> Result<Option<String>, Stop> {
        if way.cancelled {
            return Ok(None);
        }
        if self.foreign.is_empty() {
            return Ok(way.tried.is_empty().then(|| session.to_owned()));
        }
        let (names, served) = self.transports(session);
        let later: Vec<_> = served.iter().zip(&names).filter(|(_, name)| way.later.contains(name)).collect();
        let mut left = unserved(outgoing.recipients()?);
        left.retain(|(one, _)| !later.iter().any(|(served, _)| served.matches(one)));
        let left: Vec<_> = left.into_iter().map(|(one, _)| one).collect();
        let open = |place: usize| !way.tried.contains(&names[place]) && self.reachable(&names[place]);
        Ok(next(&left, &served, open).map(|place| names[place].clone()))
    }

    /// Hands a message to one transport and follows it there.
    pub(super) fn hand_over(
        &mut self,
        outgoing: &dyn Outgoing,
        name: &str,
        way: &mut Way,
        ends: Ends,
        traps: &[Trap],
    ) -> Result<(), Stop> {
        way.tried.push(name.to_owned());
        let fate = if self.foreign.contains_key(name) {
            self.follow_foreign(outgoing, name, ends)?
        } else {
            submitted(outgoing)?;
            let fate = self.follow(outgoing, name, ends, traps)?;
            settled(outgoing, name, fate)?;
            fate
        };
        match fate {
            Fate::Done | Fate::Refused | Fate::Failed => {}
            Fate::Cancelled => way.cancelled = true,
            Fate::Now | Fate::After(_) | Fate::Deferred => way.later.push(name.to_owned()),
        }
        Ok(())
    }

    /// The way has ended: recipients that are left wait, or are reported on.
    pub(super) fn arrived(
        &mut self,
        outgoing: &dyn Outgoing,
        session: &str,
        way: &Way,
    ) -> Result<Distributed, Stop> {
        let (names, served) = self.transports(session);
        // Whoever has not had the message and serves the recipient could not be reached.
        let waits = |one: &Addressee| {
            names.iter().zip(&served).any(|(name, served)| {
                served.matches(one) && (way.later.contains(name) || !way.tried.contains(name))
            })
        };
        let left = unserved(outgoing.recipients()?);
        let (waiting, left): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(one, _)| way.cancelled || waits(one));
        let addresses = |rows: &[(Addressee, Row)]| rows.iter().map(|(one, _)| one.address.clone()).collect();
        let distributed =
            Distributed { order: way.tried.clone(), waiting: addresses(&waiting), left: addresses(&left) };
        boundary().record(What::Fact {
            name: "distributed".to_owned(),
            value: json!({
                "mail": outgoing.name(), "entry-id": value::hex(outgoing.entry_id()),
                "order": distributed.order, "waiting": distributed.waiting, "left": distributed.left,
            }),
        });
        if !left.is_empty() {
            let opened = outgoing.open()?;
            let original = opened.body.content();
            outgoing.close(&opened, false);
            nondelivery::report(outgoing, &original, left.into_iter().map(|(_, row)| row).collect());
        }
        Ok(distributed)
    }

    /// The transports of the MAPI session in profile order: the candidate's one that the step is about, and ours.
    pub(super) fn transports(&self, session: &str) -> (Vec<String>, Vec<Served>) {
        let mine = self.order.iter().filter(|name| *name == session || self.foreign.contains_key(*name));
        mine.map(|name| (name.clone(), self.serves(name))).unzip()
    }

    pub(super) fn serves(&self, name: &str) -> Served {
        if let Some(foreign) = self.foreign.get(name) {
            return foreign.served.clone();
        }
        let said = self.sessions.get(name).and_then(|session| session.address_types.as_ref());
        said.map_or(Served { types: Some(Vec::new()), uids: Vec::new() }, |said| Served {
            types: said.served(),
            uids: said.identifiers(),
        })
    }

    /// Whether the spooler may submit to a transport now.
    pub(super) fn reachable(&self, name: &str) -> bool {
        if let Some(foreign) = self.foreign.get(name) {
            return foreign.reachable();
        }
        self.sessions.get(name).is_some_and(|session| {
            let offline = session.shared.status_code() & flags::STATUS_OFFLINE != 0;
            // After TransportLogoff nothing but Release is called.
            let logged_off = session.shared.logged_off.load(Ordering::Acquire);
            !session.is_dead() && !logged_off && session.shared.queue.lock().outbound && !offline
        })
    }

    /// Submits a message to a transport of ours until its fate there is settled.
    fn follow_foreign(&mut self, outgoing: &dyn Outgoing, name: &str, ends: Ends) -> Result<Fate, Stop> {
        let patience = self.patience();
        for _ in 0..MOST_TRIES {
            let Some(foreign) = self.foreign.get_mut(name) else { return Ok(Fate::Refused) };
            let opened = outgoing.open()?;
            let said = foreign.submit_message(outgoing, &opened, 0);
            let end = if said.code.is_ok() { foreign.end_message(said.reference) } else { 0 };
            outgoing.close(&opened, said.code.is_ok());
            opened.message.end_of_loan();
            let fate = fate(said.code, end, said.wait);
            match fate {
                Fate::After(time) if ends != Ends::Any && time <= patience => {
                    foreign.queue.wait_a_little(time.max(Duration::from_millis(1)));
                }
                _ => return Ok(fate),
            }
        }
        Ok(Fate::After(Duration::ZERO))
    }
}

/// What the candidate is about to be handed: the recipients as they are now, others may have served some.
fn submitted(outgoing: &dyn Outgoing) -> Result<(), Stop> {
    let served: Vec<String> = outgoing
        .recipients()?
        .iter()
        .map(Addressee::of)
        .filter(|one| one.served)
        .map(|one| one.address)
        .collect();
    let recipients: Vec<DraftRecipient> = outgoing
        .drafted()
        .iter()
        .cloned()
        .map(|one| DraftRecipient { served: served.contains(&one.address), ..one })
        .collect();
    boundary().record(What::Fact {
        name: "submitted".to_owned(),
        value: json!({
            "mail": outgoing.name(), "entry-id": value::hex(outgoing.entry_id()),
            "recipients": recipients, "own-type": outgoing.own_type(),
        }),
    });
    Ok(())
}

/// What became of a message at the candidate.
fn settled(outgoing: &dyn Outgoing, session: &str, fate: Fate) -> Result<(), Stop> {
    let row = |row: &Row| row.iter().map(|(tag, value)| value::prop(*tag, value)).collect::<Vec<_>>();
    let recipients: Vec<_> = outgoing.recipients()?.iter().map(row).collect();
    let fate = match fate {
        Fate::Done => "done",
        Fate::Now => "now",
        Fate::After(_) => "after",
        Fate::Deferred => "deferred",
        Fate::Refused => "refused",
        Fate::Failed | Fate::Cancelled => "failed",
    };
    boundary().record(What::Fact {
        name: "settled".to_owned(),
        value: json!({ "session": session, "mail": outgoing.name(), "fate": fate, "recipients": recipients }),
    });
    Ok(())
}

fn unserved(rows: Vec<Row>) -> Vec<(Addressee, Row)> {
    rows.into_iter().map(|row| (Addressee::of(&row), row)).filter(|(one, _)| !one.served).collect()
}
