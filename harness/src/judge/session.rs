//! Sessions: what lies between a TransportLogon and the release of its logon object.

use mapi_spi::flags;
use mock_spooler::trace::event::What;

use super::calls::Call;
use super::model::Model;
use super::values::{bits, is_null, number_of, text_of, value_bits};

/// A direction of mail that TransportNotify opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Inbound,
    Outbound,
}

impl Way {
    pub(crate) fn begin(self) -> u32 {
        match self {
            Self::Inbound => flags::NOTIFY_BEGIN_INBOUND,
            Self::Outbound => flags::NOTIFY_BEGIN_OUTBOUND,
        }
    }

    pub(crate) fn end(self) -> u32 {
        match self {
            Self::Inbound => flags::NOTIFY_END_INBOUND,
            Self::Outbound => flags::NOTIFY_END_OUTBOUND,
        }
    }
}

/// A session, or the attempt at one.
#[derive(Debug)]
pub(crate) struct Session<'t> {
    /// Its name in the case.
    pub(crate) name: &'t str,
    /// The provider object logged on to.
    pub(crate) provider: &'t str,
    /// Its support object.
    pub(crate) support: &'t str,
    /// The logon object, where the logon succeeded.
    pub(crate) logon: Option<&'t str>,
    /// Whether the logon object is that of another session that is still open.
    pub(crate) shared: bool,
    /// The place of the TransportLogon call.
    pub(crate) logon_call: usize,
    /// The place of the first TransportLogoff call.
    pub(crate) logoff_call: Option<usize>,
    /// The place of the last Release of the logon object.
    pub(crate) release_call: Option<usize>,
    /// The flags that the spooler passed.
    pub(crate) passed: u32,
    /// The flags that came back, where the logon succeeded.
    pub(crate) returned: u32,
    /// The event with which it begins.
    pub(crate) from: u64,
    /// The event at which another session of the same name begins; beyond all others where none does.
    pub(crate) to: u64,
}

impl Session<'_> {
    /// Whether it asked to be polled.
    pub(crate) fn polled(&self) -> bool {
        self.returned & flags::LOGON_SP_POLL != 0
    }

    /// Whether it asked for idle time.
    pub(crate) fn idles(&self) -> bool {
        self.returned & flags::LOGON_SP_IDLE != 0
    }
}

/// Finds the sessions.
pub(super) fn sessions<'t>(model: &Model<'t>) -> Vec<Session<'t>> {
    let mut sessions: Vec<Session<'t>> = Vec::new();
    for index in model.calls.spooler("IXPProvider.TransportLogon") {
        let call = model.calls.at(index);
        let name = model.step_at(call.n).map_or("", |step| step.session);
        if let Some(earlier) =
            sessions.iter_mut().rev().find(|session| session.name == name && session.to == u64::MAX)
        {
            earlier.to = call.n;
        }
        let passed = bits(call.args, "lpulFlags", &flags::LOGON_FLAGS);
        let (logon, returned) = match call.ret.as_ref().filter(|_| call.succeeded()) {
            Some(ret) => {
                let logon = named(model, ret.n).or_else(|| text_of(ret.out, "lppXPLogon"));
                let logon = logon.filter(|_| !is_null(ret.out, "lppXPLogon"));
                // What was not written still holds what we passed.
                (
                    logon,
                    ret.out.get("lpulFlags").map_or(passed, |value| value_bits(value, &flags::LOGON_FLAGS)),
                )
            }
            None => (None, 0),
        };
        let made = |m: &str| {
            model
                .calls
                .spooler(m)
                .filter(move |index| Some(model.calls.at(*index).obj) == logon)
                .collect::<Vec<_>>()
        };
        let next = model.calls.spooler("IXPProvider.TransportLogon").map(|index| model.calls.at(index).n);
        let next = next.into_iter().find(|n| *n > call.n).unwrap_or(u64::MAX);
        let mut again = model.facts_of("logon-object-again").filter(|fact| call.n < fact.n && fact.n < next);
        let shared = again.any(|fact| fact.value == true);
        sessions.push(Session {
            shared,
            name,
            provider: call.obj,
            support: text_of(call.args, "lpMAPISup").unwrap_or(""),
            logon,
            logon_call: index,
            logoff_call: made("IXPLogon.TransportLogoff").first().copied(),
            release_call: made("IUnknown.Release")
                .into_iter()
                .rfind(|index| !probing(model, model.calls.at(*index).n)),
            passed,
            returned,
            from: call.n,
            to: u64::MAX,
        });
    }
    sessions
}

/// A logon object gets its name once the call has returned: the mock tells it as a fact then.
fn named<'t>(model: &Model<'t>, returned: u64) -> Option<&'t str> {
    let next = model
        .calls
        .spooler("IXPProvider.TransportLogon")
        .map(|index| model.calls.at(index).n)
        .find(|n| *n > returned);
    let mut facts =
        model.facts_of("session").filter(|fact| returned < fact.n && next.is_none_or(|next| fact.n < next));
    let value = facts.next()?.value;
    value.get("logon").and_then(serde_json::Value::as_str)
}

/// Whether an event belongs to a step that takes references of its own and gives them back.
fn probing(model: &Model<'_>, n: u64) -> bool {
    model.step_at(n).is_some_and(|step| matches!(step.verb, "query-interface" | "open-status-entry"))
}

impl<'t> Model<'t> {
    /// The TransportLogon call of a session.
    pub(crate) fn logon_of(&self, session: &Session<'t>) -> &Call<'t> {
        self.calls.at(session.logon_call)
    }

    /// The TransportLogoff call of a session.
    pub(crate) fn logoff_of(&self, session: &Session<'t>) -> Option<&Call<'t>> {
        session.logoff_call.map(|index| self.calls.at(index))
    }

    /// The event with which a session's end begins: TransportLogoff, or the Release that stands for it.
    pub(crate) fn closing(&self, session: &Session<'t>) -> u64 {
        let first = [session.logoff_call, session.release_call].into_iter().flatten().min();
        first.map_or(session.to, |index| self.calls.at(index).n)
    }

    /// The event with which a session is over: the return of the last call of its end.
    pub(crate) fn closed(&self, session: &Session<'t>) -> Option<u64> {
        session.release_call.map(|index| self.calls.at(index).end())
    }

    /// The calls of a session's logon object by the spooler.
    pub(crate) fn calls_to<'a>(&'a self, session: &'a Session<'t>) -> impl Iterator<Item = &'a Call<'t>> {
        self.calls_to_between(session, 0, u64::MAX)
    }

    /// Those that began between two events.
    pub(crate) fn calls_to_between<'a>(
        &'a self,
        session: &'a Session<'t>,
        from: u64,
        to: u64,
    ) -> impl DoubleEndedIterator<Item = &'a Call<'t>> {
        session.logon.into_iter().flat_map(move |logon| self.calls.on_between(logon, from, to))
    }

    /// The TransportNotify calls of a session with any of these flags.
    pub(crate) fn notified<'a>(
        &'a self,
        session: &'a Session<'t>,
        wanted: u32,
    ) -> impl Iterator<Item = &'a Call<'t>> {
        self.calls
            .of("IXPLogon.TransportNotify")
            .filter(|call| !call.by_candidate() && Some(call.obj) == session.logon)
            .filter(move |call| transport_flags(call) & wanted != 0)
    }

    /// Whether a direction is open after an event: its begin has returned, its end has not been called since.
    pub(crate) fn is_open(&self, session: &Session<'t>, way: Way, n: u64) -> bool {
        let mut open = false;
        for call in self.notified(session, way.begin() | way.end()) {
            if transport_flags(call) & way.end() != 0 {
                if call.n <= n {
                    open = false;
                }
            } else if call.end() <= n {
                open = true;
            }
        }
        open && n < self.closing(session)
    }

    /// The event with which mail was first announced between two others: a Poll that told of it, or NOTIFY_NEWMAIL.
    pub(crate) fn announced(&self, session: &Session<'t>, from: u64, to: u64) -> Option<u64> {
        let told = self.events_between(from, to).iter().find(
            |event| matches!(&event.what, What::Announced { session: name, .. } if name == session.name),
        );
        let polled = self.calls_to_between(session, from, to).find(|call| {
            let ret = call.ret.as_ref().filter(|ret| !ret.left("lpulIncoming"));
            call.m == "IXPLogon.Poll"
                && ret.is_some_and(|ret| number_of(ret.out, "lpulIncoming").unwrap_or(0) != 0)
        });
        let notified = self.notifications_between(session, flags::NOTIFY_NEWMAIL, from, to).next();
        let calls = polled.into_iter().chain(notified).map(|call| call.n);
        calls.chain(told.map(|event| event.n)).min()
    }

    /// The SpoolerNotify calls of a session with any of these flags, in order.
    pub(crate) fn notifications<'a>(
        &'a self,
        session: &'a Session<'t>,
        wanted: u32,
    ) -> impl Iterator<Item = &'a Call<'t>> {
        self.notifications_between(session, wanted, 0, u64::MAX)
    }

    /// Whether the session of a call told of a critical error before the call returned.
    pub(crate) fn is_dead_at(&self, call: &Call<'_>) -> bool {
        let session = self.session_of(call.obj);
        session.is_some_and(|session| {
            let until = call.end();
            self.notifications_between(session, flags::NOTIFY_CRITICAL_ERROR, 0, until).next().is_some()
        })
    }

    /// Those that began between two events.
    pub(crate) fn notifications_between<'a>(
        &'a self,
        session: &'a Session<'t>,
        wanted: u32,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = &'a Call<'t>> {
        self.calls
            .candidate_between("IMAPISupport.SpoolerNotify", from, to)
            .filter(move |call| call.obj == session.support && spooler_flags(call) & wanted != 0)
    }
}

/// The flags of a TransportNotify call.
pub(crate) fn transport_flags(call: &Call<'_>) -> u32 {
    bits(call.args, "lpulFlags", &flags::TRANSPORT_NOTIFY_FLAGS)
}

/// The flags of a SpoolerNotify call.
pub(crate) fn spooler_flags(call: &Call<'_>) -> u32 {
    bits(call.args, "ulFlags", &flags::SPOOLER_NOTIFY_FLAGS)
}
