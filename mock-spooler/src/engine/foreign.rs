//! A transport of ours beside the candidate, in the same MAPI session.
//!
//! The contract speaks of transports in the plural: recipients go from one to the next, a backlog of one must not starve
//! another, a store falls back on whoever can send. So the spooler has a second one at hand. It is no COM object: nothing of
//! what it does can be taken for a call of the candidate. Each call between it and the spooler is one `foreign` event, which
//! is told when the call is over. It keeps the contract; a step of the case makes it offline, slow or refusing.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::time::Duration;

use mapi_spi::tags::{PR_BODY_W, PR_MESSAGE_CLASS_W, PR_SUBJECT_W};
use mapi_spi::{HRESULT, flags};
use serde_json::{Value, json};

use crate::com::boundary;
use crate::engine::control::note_directions;
use crate::engine::outgoing::{Opened, Outgoing};
use crate::engine::queue::Queue;
use crate::engine::route::{Addressee, Served};
use crate::engine::run::{Engine, Stop};
use crate::objects::Store;
use crate::objects::host::Preprocessor;
use crate::objects::message::Message;
use crate::objects::planned;
use crate::objects::text::unicode;
use crate::plan::args;
use crate::trace::told::{self, Values, What};
use crate::trace::value;

/// A transport of ours.
#[derive(Debug)]
pub struct Foreign {
    /// Its session in the case.
    pub name: String,
    /// What it has asked the spooler for.
    pub queue: Queue,
    /// What it serves.
    pub served: Served,
    /// It asked to be polled.
    pub polled: bool,
    /// It asked for Idle.
    pub idle: bool,
    /// What it has registered with RegisterPreprocessor.
    pub preprocessors: Vec<Preprocessor>,
    conduct: Conduct,
    /// The value for the next message: each its own.
    reference: u64,
    /// How many messages it has handed in.
    brought: u32,
}

/// How it behaves.
#[derive(Clone, Debug, Default)]
struct Conduct {
    offline: bool,
    slow: Duration,
    /// What SubmitMessage answers, and how often yet.
    answers: Option<(HRESULT, Option<u32>)>,
    wait: u64,
    leaves: Vec<String>,
    backlog: u32,
}

impl Foreign {
    fn new(args: &args::Foreign) -> Result<Self, Stop> {
        let uid = |text: &String| {
            planned::uid(text).ok_or_else(|| {
                Stop::Harness(format!("`{text}` is no identifier: 32 hexadecimal digits are due"))
            })
        };
        Ok(Self {
            name: args.session.clone(),
            queue: Queue::default(),
            served: Served {
                types: (!args.any_type).then(|| args.address_types.0.clone()),
                uids: args.uids.0.iter().map(uid).collect::<Result<_, _>>()?,
            },
            polled: args.polled,
            idle: args.idle,
            preprocessors: if args.preprocessor { registered(args)? } else { Vec::new() },
            conduct: Conduct::default(),
            reference: 1,
            brought: 0,
        })
    }

    /// Whether messages can be handed to it now.
    #[must_use]
    pub fn reachable(&self) -> bool {
        self.queue.lock().outbound && !self.conduct.offline
    }

    /// IXPLogon::Poll: whether a message waits.
    pub fn poll(&self) -> bool {
        let waits = self.waits();
        self.tell("IXPLogon.Poll", Values::new(), HRESULT::S_OK, [("lpulIncoming", json!(u32::from(waits)))]);
        waits
    }

    /// IXPLogon::Idle.
    pub fn idle(&self) {
        self.tell("IXPLogon.Idle", Values::new(), HRESULT::S_OK, []);
    }

    /// IXPLogon::StartMessage: hands one message in, where one waits.
    pub fn start_message(&mut self) -> bool {
        let from = boundary().last_event();
        std::thread::sleep(self.conduct.slow);
        let waits = self.waits();
        let mut out = Values::new();
        if waits {
            self.conduct.backlog -= 1;
            self.brought += 1;
            let subject = format!("{} {}", self.name, self.brought);
            // Written and saved in one go.
            let _ = Message::builder()
                .prop(PR_MESSAGE_CLASS_W, unicode("IPM.Note"))
                .prop(PR_SUBJECT_W, unicode(&subject))
                .prop(PR_BODY_W, unicode("A message of the other transport.\r\n"))
                .build(&Store::session());
            out.insert("lpulMsgRef".into(), json!(self.next_reference()).into());
            out.insert("subject".into(), json!(subject).into());
        }
        out.insert("delivered".into(), json!(waits).into());
        self.told(from, "IXPLogon.StartMessage", Values::new(), HRESULT::S_OK, out);
        // One announcement for each message: never faster than they are taken.
        self.announce();
        waits
    }

    /// IXPLogon::SubmitMessage: takes what it serves and has not been told to leave.
    pub fn submit_message(&mut self, outgoing: &dyn Outgoing, opened: &Opened, deferred: u32) -> Submitted {
        let from = boundary().last_event();
        std::thread::sleep(self.conduct.slow);
        let mut args = Values::new();
        args.insert("mail".into(), json!(outgoing.name()).into());
        args.insert("entry-id".into(), json!(value::hex(outgoing.entry_id())).into());
        args.insert("message".into(), json!(opened.message.entry().name).into());
        args.insert("ulFlags".into(), json!(deferred).into());
        let (code, mut out) = match self.refusal() {
            Some(code) => (code, Values::new()),
            None => match self.take(opened) {
                Ok(out) => (HRESULT::S_OK, out),
                Err(code) => (code, Values::new()),
            },
        };
        let wait = match code {
            HRESULT::MAPI_E_WAIT | HRESULT::MAPI_E_NETWORK_ERROR => self.conduct.wait,
            _ => 0,
        };
        let reference = if code.is_ok() { self.next_reference() } else { 0 };
        out.insert("lpulMsgRef".into(), json!(reference).into());
        out.insert("lpulReturnParm".into(), json!(wait).into());
        self.told(from, "IXPLogon.SubmitMessage", args, code, out);
        Submitted { code, reference, wait }
    }

    /// IXPLogon::EndMessage: it was sent.
    pub fn end_message(&self, reference: u64) -> u32 {
        let args = told::values([("ulMsgRef", json!(reference))]);
        self.tell("IXPLogon.EndMessage", args, HRESULT::S_OK, [("lpulFlags", json!(0))]);
        0
    }

    /// IXPLogon::TransportNotify.
    pub fn transport_notify(&self, notified: u32) {
        note_directions(&self.queue, notified);
        let told = flags::TRANSPORT_NOTIFY_FLAGS.render(notified);
        let args = told::values([("lpulFlags", json!(told))]);
        self.tell("IXPLogon.TransportNotify", args, HRESULT::S_OK, []);
        if notified & flags::NOTIFY_BEGIN_INBOUND != 0 {
            self.announce();
        }
    }

    /// IXPLogon::FlushQueues.
    pub fn flush_queues(&self, asked: u32) {
        let args = told::values([("ulFlags", json!(flags::FLUSH_FLAGS.render(asked)))]);
        self.tell("IXPLogon.FlushQueues", args, HRESULT::S_OK, []);
    }

    /// IXPLogon::TransportLogoff.
    pub fn transport_logoff(&self, off: u32) {
        let args = told::values([("ulFlags", json!(flags::LOGOFF_FLAGS.render(off)))]);
        self.tell("IXPLogon.TransportLogoff", args, HRESULT::S_OK, []);
    }

    fn logged_on(&self) {
        let flags = flags::LOGON_FLAGS.render(
            if self.polled { flags::LOGON_SP_POLL } else { 0 }
                | if self.idle { flags::LOGON_SP_IDLE } else { 0 },
        );
        self.tell("IXPProvider.TransportLogon", Values::new(), HRESULT::S_OK, [("lpulFlags", json!(flags))]);
        let uids: Vec<String> = self.served.uids.iter().map(|uid| value::hex(uid)).collect();
        let types = json!(self.served.types);
        let out = [("lpppAdrTypeArray", types), ("lpppUIDArray", json!(uids))];
        self.tell("IXPLogon.AddressTypes", Values::new(), HRESULT::S_OK, out);
        for one in &self.preprocessors {
            let args = [("lpszAdrType", json!(one.address_type)), ("lpszPreprocess", json!(one.preprocess))];
            self.tell("IMAPISupport.RegisterPreprocessor", told::values(args), HRESULT::S_OK, []);
        }
    }

    fn does(&mut self, args: &args::ForeignDoes) -> Result<(), Stop> {
        let conduct = &mut self.conduct;
        conduct.offline = args.offline.unwrap_or(conduct.offline);
        conduct.slow = args.slow.map_or(conduct.slow, Duration::from_millis);
        conduct.wait = args.wait.unwrap_or(conduct.wait);
        if let Some(leaves) = &args.leaves {
            conduct.leaves.clone_from(&leaves.0);
        }
        if let Some(name) = &args.answers {
            let code = HRESULT::from_name(name)
                .ok_or_else(|| Stop::Harness(format!("`{name}` is no result that is known")))?;
            conduct.answers = code.is_err().then_some((code, args.times));
        }
        conduct.backlog += args.backlog.unwrap_or(0);
        self.announce();
        Ok(())
    }

    /// The answer that the case orders.
    fn refusal(&mut self) -> Option<HRESULT> {
        let (code, times) = self.conduct.answers.as_mut()?;
        let code = *code;
        if let Some(times) = times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.conduct.answers = None;
            }
        }
        Some(code)
    }

    /// Takes over the recipients that it serves, and reads the message. Without one the message is not its own.
    fn take(&self, opened: &Opened) -> Result<Values, HRESULT> {
        let rows = opened.body.recipients()?;
        let mine: Vec<_> = rows
            .into_iter()
            .map(|row| (Addressee::of(&row), row))
            .filter(|(one, _)| {
                !one.served && self.served.matches(one) && !self.conduct.leaves.contains(&one.address)
            })
            .collect();
        if mine.is_empty() {
            return Err(HRESULT::MAPI_E_NOT_ME);
        }
        let content = opened.body.content();
        let addresses: Vec<_> = mine.iter().map(|(one, _)| one.address.clone()).collect();
        opened.body.mark(mine.into_iter().map(|(_, row)| row).collect())?;
        Ok(told::values([("served", json!(addresses)), ("content", json!(content))]))
    }

    fn waits(&self) -> bool {
        self.conduct.backlog > 0 && !self.conduct.offline
    }

    /// SpoolerNotify(NOTIFY_NEWMAIL), where a message waits, it is not polled, and nothing is announced yet.
    fn announce(&self) {
        if self.polled || !self.waits() || self.queue.lock().new_mail {
            return;
        }
        let from = boundary().last_event();
        let taken = self.queue.new_mail(|_| ());
        let args = told::values([("ulFlags", json!("NOTIFY_NEWMAIL"))]);
        let out = told::values([("taken", json!(taken))]);
        self.told(from, "IMAPISupport.SpoolerNotify", args, HRESULT::S_OK, out);
    }

    fn next_reference(&mut self) -> u64 {
        self.reference += 1;
        self.reference
    }

    fn tell<const N: usize>(&self, m: &str, args: Values, hr: HRESULT, out: [(&'static str, Value); N]) {
        self.told(boundary().last_event(), m, args, hr, told::values(out));
    }

    /// A function of its preprocessor's library was called, with a message of a store.
    pub fn tell_preprocessed(&self, from: u64, function: &str, mail: &str, hr: HRESULT) {
        self.told(from, function, told::values([("mail", json!(mail))]), hr, Values::new());
    }

    fn told(&self, from: u64, m: &str, args: Values, hr: HRESULT, out: Values) {
        boundary().record(What::Foreign {
            session: self.name.clone(),
            m: m.to_owned().into(),
            args,
            hr: hr.to_string().into(),
            out,
            from,
        });
    }
}

/// The library of preprocessing functions that a transport of ours registers: it stands beside this program, or where cargo
/// leaves libraries.
fn preprocessor_library() -> Option<PathBuf> {
    let exe = std::env::current_exe().ok()?;
    let name = format!("{DLL_PREFIX}sample_preprocessor{DLL_SUFFIX}");
    [exe.with_file_name(&name), exe.with_file_name("deps").join(&name)]
        .into_iter()
        .find(|path| path.is_file())
}

/// What a transport of ours registers: once for each address type that it serves, once for all recipients where it takes any.
fn registered(args: &args::Foreign) -> Result<Vec<Preprocessor>, Stop> {
    let library = preprocessor_library().ok_or_else(|| {
        Stop::Harness("the library of preprocessing functions (`sample_preprocessor`) was not built beside this program".to_owned())
    })?;
    let one = |address_type: Option<String>| Preprocessor {
        uid: None,
        address_type,
        library: library.to_string_lossy().into_owned(),
        preprocess: Some("PreprocessMessage".to_owned()),
        remove: Some("RemovePreprocessInfo".to_owned()),
    };
    let types = args.address_types.0.iter().cloned().map(Some);
    Ok(if args.any_type { vec![one(None)] } else { types.map(one).collect() })
}

/// What SubmitMessage came to.
#[derive(Clone, Copy, Debug)]
pub struct Submitted {
    /// The result.
    pub code: HRESULT,
    /// The reference value; zero where it failed.
    pub reference: u64,
    /// The seconds to wait.
    pub wait: u64,
}

impl Engine<'_> {
    pub(super) fn foreign(&mut self, args: &args::Foreign) -> Result<(), Stop> {
        if self.order.contains(&args.session) {
            return Err(Stop::Harness(format!(
                "there is a session `{}` already: a transport of ours needs another name",
                args.session
            )));
        }
        let foreign = Foreign::new(args)?;
        foreign.logged_on();
        self.order.push(args.session.clone());
        self.foreign.insert(args.session.clone(), foreign);
        Ok(())
    }

    pub(super) fn foreign_does(&mut self, args: &args::ForeignDoes) -> Result<(), Stop> {
        self.foreign
            .get_mut(&args.session)
            .ok_or_else(|| {
                Stop::Harness(format!(
                    "there is no transport of ours `{}`: the case needs `foreign` before",
                    args.session
                ))
            })?
            .does(args)
    }

    /// TransportLogoff of a transport of ours; whether there was one of this name.
    pub(super) fn end_foreign(&mut self, name: &str, off: u32) -> bool {
        let Some(foreign) = self.foreign.remove(name) else { return false };
        foreign.transport_logoff(off);
        self.order.retain(|session| session != name);
        true
    }
}
