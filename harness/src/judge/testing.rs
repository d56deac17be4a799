//! Traces written by hand, for tests of the rules.

use std::collections::BTreeMap;

use mock_spooler::trace::event::{
    Announcer, By, Content, Event, Header, IllegalKind, Outcome, Prop, TRACE_VERSION, Taken, Values, What,
};
use serde_json::{Value, json};

use super::case::{Input, Judgement, judge_case};
use super::mail::Mail;
use super::sent::Sent;
use super::trace::Trace;
use crate::capability::Capability;
use crate::verdict::ChildEnd;

/// When the traces began, in seconds since 1970: in November 2026.
const STARTED: i64 = 1_795_000_000;

/// A trace in the making.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    events: Vec<Event>,
    thread: u32,
    clock: u64,
    steps: usize,
    messages: usize,
    pub(crate) mails: BTreeMap<String, Mail>,
    /// The flags that TransportLogon passes, where they are not the usual ones.
    pub(crate) passed: Option<&'static str>,
    /// Whether what is sent does not tell its true recipients.
    pub(crate) without_envelope: bool,
    /// What the candidate claims; to receive where missing.
    pub(crate) capabilities: Option<Vec<Capability>>,
    /// What the case needs.
    pub(crate) needs: Vec<Capability>,
    /// Whether the case is to be like another one.
    pub(crate) like: bool,
}

/// Arguments or results: `values(&[("ulFlags", json!("NOTIFY_NEWMAIL"))])`.
pub(crate) fn values(list: &[(&str, Value)]) -> Values {
    list.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A property value.
pub(crate) fn prop(tag: &str, value: Value) -> Prop {
    Prop { tag: tag.to_owned(), name: None, value }
}

/// The columns of a good status row with this status code.
pub(crate) fn row(code: u64) -> Vec<Prop> {
    vec![prop("0x3001001F", json!("One")), prop("0x3E020003", json!(1)), prop("0x3E040003", json!(code))]
}

impl Tape {
    /// Adds an event; its number.
    pub(crate) fn event(&mut self, what: What) -> u64 {
        let n = self.events.len() as u64 + 1;
        self.clock += 1000;
        self.events.push(Event { n, t: self.clock, th: self.thread, what });
        n
    }

    /// Goes on with another thread.
    pub(crate) fn thread(&mut self, thread: u32) -> &mut Self {
        self.thread = thread;
        self
    }

    /// Lets time pass, in milliseconds.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        self.clock += ms * 1_000_000;
        self
    }

    pub(crate) fn begin(&mut self, by: By, obj: &str, m: &str, args: &[(&str, Value)]) -> u64 {
        self.begin_with(by, obj, m, args, None)
    }

    pub(crate) fn begin_with(
        &mut self,
        by: By,
        obj: &str,
        m: &str,
        args: &[(&str, Value)],
        msgref: Option<u64>,
    ) -> u64 {
        self.event(What::Call { by, obj: obj.to_owned(), m: m.to_owned(), args: values(args), msgref })
    }

    pub(crate) fn end(&mut self, call: u64, hr: &str, out: &[(&str, Value)]) -> &mut Self {
        self.event(What::Return {
            call,
            hr: hr.to_owned(),
            out: values(out),
            unwritten: Vec::new(),
            injected: false,
        });
        self
    }

    pub(crate) fn end_left(
        &mut self,
        call: u64,
        hr: &str,
        out: &[(&str, Value)],
        unwritten: &[&str],
    ) -> &mut Self {
        let unwritten = unwritten.iter().map(|name| (*name).to_owned()).collect();
        self.event(What::Return { call, hr: hr.to_owned(), out: values(out), unwritten, injected: false });
        self
    }

    /// A call of the spooler that returns at once.
    pub(crate) fn spooler(
        &mut self,
        obj: &str,
        m: &str,
        args: &[(&str, Value)],
        hr: &str,
        out: &[(&str, Value)],
    ) -> &mut Self {
        let call = self.begin(By::Spooler, obj, m, args);
        self.end(call, hr, out)
    }

    /// A callback that returns at once.
    pub(crate) fn callback(
        &mut self,
        obj: &str,
        m: &str,
        args: &[(&str, Value)],
        hr: &str,
        out: &[(&str, Value)],
    ) -> &mut Self {
        let call = self.begin(By::Candidate, obj, m, args);
        self.end(call, hr, out)
    }

    /// A callback that the case orders to fail.
    pub(crate) fn injected(&mut self, obj: &str, m: &str, hr: &str) -> &mut Self {
        let call = self.begin(By::Candidate, obj, m, &[]);
        self.event(What::Return {
            call,
            hr: hr.to_owned(),
            out: Values::new(),
            unwritten: Vec::new(),
            injected: true,
        });
        self
    }

    pub(crate) fn reference(&mut self, obj: &str, m: &str, refs: u32) -> &mut Self {
        self.event(What::Ref { by: By::Candidate, obj: obj.to_owned(), m: m.to_owned(), refs });
        self
    }

    pub(crate) fn step(&mut self, verb: &str) -> &mut Self {
        let index = self.steps;
        self.steps += 1;
        self.event(What::Step { index, step: verb.to_owned(), session: "main".to_owned() });
        self
    }

    pub(crate) fn step_end(&mut self) -> &mut Self {
        let index = self.steps - 1;
        self.event(What::StepEnd { index });
        self
    }

    pub(crate) fn fact(&mut self, name: &str, value: Value) -> &mut Self {
        self.event(What::Fact { name: name.to_owned(), value });
        self
    }

    pub(crate) fn illegal(&mut self, kind: IllegalKind, obj: &str, detail: &str) -> &mut Self {
        self.event(What::Illegal { kind, obj: obj.to_owned(), detail: detail.to_owned() });
        self
    }

    pub(crate) fn status_row(&mut self, row: Option<Vec<Prop>>) -> &mut Self {
        self.event(What::StatusRow { session: "main".to_owned(), row });
        self
    }

    pub(crate) fn timed_out(&mut self, waiting: &str) -> &mut Self {
        self.event(What::TimedOut { session: "main".to_owned(), waiting: waiting.to_owned(), ms: 100 });
        self
    }

    pub(crate) fn announced(&mut self, by: Announcer) -> &mut Self {
        self.event(What::Announced { session: "main".to_owned(), by });
        self
    }

    pub(crate) fn unexpected(&mut self, due: &str, seen: &str) -> &mut Self {
        self.event(What::Unexpected { due: due.to_owned(), seen: seen.to_owned() });
        self
    }

    /// XPProviderInit, TransportLogon with these flags returned, a status row, AddressTypes.
    pub(crate) fn logon(&mut self, returned: &str) -> &mut Self {
        self.step("logon");
        self.spooler(
            "",
            "XPProviderInit",
            &[("ulMAPIVer", json!(0x0001_0010))],
            "S_OK",
            &[("lpulProviderVer", json!(0x0001_0010)), ("lppXPProvider", json!("provider#1"))],
        );
        let passed = self.passed.unwrap_or("LOGON_NO_DIALOG|LOGON_NO_INBOUND|LOGON_NO_OUTBOUND");
        let call = self.begin(
            By::Spooler,
            "provider#1",
            "IXPProvider.TransportLogon",
            &[("lpMAPISup", json!("support#1")), ("lpulFlags", json!(passed))],
        );
        self.reference("support#1", "AddRef", 2);
        self.modify_row(row(1), false);
        self.end(call, "S_OK", &[("lppXPLogon", json!("logon#1")), ("lpulFlags", json!(returned))]);
        self.spooler(
            "logon#1",
            "IXPLogon.AddressTypes",
            &[("lpulFlags", json!("0"))],
            "S_OK",
            &[
                ("lpulFlags", json!("MAPI_UNICODE")),
                ("lpcAdrType", json!(1)),
                ("lpppAdrTypeArray", json!(["ACME"])),
                ("lpcMAPIUID", json!(0)),
            ],
        );
        self.step_end()
    }

    /// ModifyStatusRow and the row that it leaves.
    pub(crate) fn modify_row(&mut self, row: Vec<Prop>, update: bool) -> &mut Self {
        let flags = if update { "STATUSROW_UPDATE" } else { "0" };
        let columns = serde_json::to_value(&row).expect("properties are plain data");
        let call = self.begin(
            By::Candidate,
            "support#1",
            "IMAPISupport.ModifyStatusRow",
            &[("lpColumnVals", columns), ("ulFlags", json!(flags))],
        );
        self.status_row(Some(row));
        self.end(call, "S_OK", &[])
    }

    /// TransportNotify with these flags and, within it, a change of the row to this status code.
    pub(crate) fn notify(&mut self, flags: &str, code: u64) -> &mut Self {
        let call =
            self.begin(By::Spooler, "logon#1", "IXPLogon.TransportNotify", &[("lpulFlags", json!(flags))]);
        self.modify_row(row(code), true);
        self.end(call, "S_OK", &[("lpulFlags", json!(flags))])
    }

    /// TransportNotify(NOTIFY_BEGIN_INBOUND), answered as it should be.
    pub(crate) fn begin_inbound(&mut self) -> &mut Self {
        self.step("begin").notify("NOTIFY_BEGIN_INBOUND", 0x0001_0001).step_end()
    }

    /// Mail arrives: a plain one with this name as its subject.
    pub(crate) fn arrive(&mut self, name: &str) -> &mut Self {
        let text = format!(
            "From: anna@example.org\r\nTo: bert@example.org\r\nSubject: {name}\r\n\r\nBody of {name}\r\n"
        );
        self.mails.insert(name.to_owned(), Mail::parse(text.as_bytes()));
        self.event(What::Arrive { mail: name.to_owned() });
        self
    }

    /// Poll with this answer; an announcement where it is not zero.
    pub(crate) fn poll(&mut self, incoming: u64) -> &mut Self {
        self.spooler("logon#1", "IXPLogon.Poll", &[], "S_OK", &[("lpulIncoming", json!(incoming))]);
        if incoming != 0 {
            self.announced(Announcer::Poll);
        }
        self
    }

    /// SpoolerNotify(NOTIFY_NEWMAIL), queued; an announcement.
    pub(crate) fn newmail(&mut self) -> &mut Self {
        self.callback(
            "support#1",
            "IMAPISupport.SpoolerNotify",
            &[("ulFlags", json!("NOTIFY_NEWMAIL")), ("lpvData", Value::Null)],
            "S_OK",
            &[],
        );
        self.event(What::Notified {
            session: "main".to_owned(),
            flags: "NOTIFY_NEWMAIL".to_owned(),
            taken: Taken::Queued,
        });
        self.announced(Announcer::Notification)
    }

    /// The message that the next StartMessage lends.
    pub(crate) fn message(&self) -> String {
        format!("message#{}", self.messages + 1)
    }

    /// StartMessage begins.
    pub(crate) fn start(&mut self) -> u64 {
        let message = self.message();
        self.messages += 1;
        self.begin(
            By::Spooler,
            "logon#1",
            "IXPLogon.StartMessage",
            &[("lpMessage", json!(message)), ("lpulMsgRef", json!(1))],
        )
    }

    /// A callback on the message of the StartMessage in progress, with what the reference cell holds.
    pub(crate) fn on_message(&mut self, m: &str, args: &[(&str, Value)], msgref: u64) -> &mut Self {
        let message = format!("message#{}", self.messages);
        let call = self.begin_with(By::Candidate, &message, m, args, Some(msgref));
        self.end(call, "S_OK", &[])
    }

    /// The message's properties are set.
    pub(crate) fn set_props(&mut self, name: &str, msgref: u64) -> &mut Self {
        let props = serde_json::to_value(content(name).props).expect("properties are plain data");
        self.on_message("IMAPIProp.SetProps", &[("lpPropArray", props)], msgref)
    }

    /// StartMessage returns; what became of the message.
    pub(crate) fn returns(
        &mut self,
        call: u64,
        hr: &str,
        reference: u64,
        outcome: Outcome,
        content: Content,
    ) -> &mut Self {
        self.end(call, hr, &[("lpulMsgRef", json!(reference))]);
        let obj = format!("message#{}", self.messages);
        self.event(What::Message { obj, outcome, content });
        self
    }

    /// A StartMessage that delivers a mail as it should be.
    pub(crate) fn receive(&mut self, name: &str, reference: u64) -> &mut Self {
        let call = self.start();
        self.set_props(name, reference);
        self.on_message("IMessage.ModifyRecipients", &[], reference);
        self.on_message("IMAPIProp.SaveChanges", &[], reference);
        self.returns(call, "S_OK", reference, Outcome::Delivered, content(name))
    }

    /// TransportLogoff, the last Release, Shutdown, as they should be.
    pub(crate) fn logoff(&mut self) -> &mut Self {
        self.step("logoff");
        let call = self.begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
        self.reference("support#1", "Release", 0);
        self.status_row(None);
        self.end(call, "S_OK", &[]);
        self.spooler("logon#1", "IUnknown.Release", &[], "0", &[]);
        self.spooler("provider#1", "IXPProvider.Shutdown", &[("lpulFlags", json!(0))], "S_OK", &[]);
        self.spooler("provider#1", "IUnknown.Release", &[], "0", &[]);
        self.step_end()
    }

    /// The trace as it stands, with its end.
    pub(crate) fn trace(&mut self) -> Trace {
        self.thread = 0;
        self.event(What::End {});
        self.cut()
    }

    /// The trace as it stands.
    pub(crate) fn cut(&self) -> Trace {
        let header = Header { trace: TRACE_VERSION, case: "area/name".to_owned(), started: Some(STARTED) };
        Trace { header, events: self.events.clone(), cut_off: false }
    }

    /// Judges what was recorded, for a candidate that claims to receive.
    pub(crate) fn judge(&mut self) -> Judgement {
        let trace = self.trace();
        self.judge_trace(&trace, &ChildEnd::Finished)
    }

    /// Judges a child that ended in another way.
    pub(crate) fn judge_end(&mut self, end: &ChildEnd) -> Judgement {
        self.judge_trace(&self.cut(), end)
    }

    fn judge_trace(&self, trace: &Trace, end: &ChildEnd) -> Judgement {
        let capabilities: &[Capability] = self.capabilities.as_deref().unwrap_or(&[Capability::Inbound]);
        let envelope = Some("X-Sent-To".to_owned()).filter(|_| !self.without_envelope);
        let sent = Sent { envelope, ..Sent::default() };
        let (mails, sent) = (&self.mails, Some(&sent));
        judge_case(&Input {
            needs: &self.needs,
            trace,
            end,
            mails,
            sent,
            capabilities: Some(capabilities),
            like: self.like,
        })
    }

    /// The names of the requirements that are found broken, in order, each once.
    pub(crate) fn broken(&mut self) -> Vec<String> {
        names(&self.judge())
    }
}

/// The names of the requirements of a judgement's findings, those that the spooler broke included, each once.
pub(crate) fn names(judgement: &Judgement) -> Vec<String> {
    let mut names: Vec<_> = judgement.findings.iter().map(|finding| finding.requirement.clone()).collect();
    let own = |error: &String| {
        error.strip_prefix("the mock spooler broke ").unwrap_or(error).split(':').next().map(str::to_owned)
    };
    names.extend(judgement.harness_errors.iter().filter_map(own));
    names.sort();
    names.dedup();
    names
}

/// What a delivered mail of [`Tape::arrive`] holds.
pub(crate) fn content(name: &str) -> Content {
    Content {
        props: vec![
            prop("0x001A001F", json!("IPM.Note")),
            prop("0x0037001F", json!(name)),
            prop("0x0C1F001F", json!("anna@example.org")),
            prop("0x0E060040", json!(134_000_000_000_000_000_u64)),
            prop("0x1000001F", json!(format!("Body of {name}"))),
        ],
        recipients: vec![vec![
            prop("0x0C150003", json!(1)),
            prop("0x3001001F", json!("Bert")),
            prop("0x3002001F", json!("ACME")),
            prop("0x3003001F", json!("bert@example.org")),
        ]],
        attachments: Vec::new(),
        saves: 1,
        dirty: false,
    }
}

/// A session that receives one mail as it should, polled.
pub(crate) fn good() -> Tape {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL")
        .begin_inbound()
        .arrive("m1")
        .step("receive")
        .poll(1)
        .receive("m1", 7)
        .step_end();
    tape
}
