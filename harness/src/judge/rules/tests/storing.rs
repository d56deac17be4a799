//! Messages in stores for traces that are written by hand.

use mock_spooler::trace::event::{By, What};
use serde_json::{Value, json};

use super::posting::{found, to};
use crate::capability::Capability;
use crate::judge::mail::Mail;
use crate::judge::testing::{Tape, prop, row, values};

/// The identifier of the store.
pub(super) const STORE: &str = "00ff";

/// A message in a store, and what becomes of it: as it should, unless it is told otherwise.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) name: &'static str,
    /// The recipients of the candidate's own address type.
    pub(super) own: Vec<&'static str>,
    /// The recipients of another type.
    pub(super) others: Vec<&'static str>,
    pub(super) sent_mail: bool,
    pub(super) delete_after: bool,
    pub(super) resend: bool,
    /// Whether NOTIFY_READYTOSEND comes first.
    pub(super) ready: bool,
    pub(super) prepares: bool,
    pub(super) expands: bool,
    /// PR_MESSAGE_FLAGS as ExpandRecips finds it.
    pub(super) flags: u64,
    pub(super) time: Option<u64>,
    pub(super) responsibility: Value,
    /// What ExpandRecips answers.
    pub(super) answered: &'static str,
    pub(super) coupled: bool,
    pub(super) hr: &'static str,
    pub(super) queued: Option<bool>,
    /// Whether CompleteMsg is called from within SubmitMessage.
    pub(super) completes: bool,
    /// In which folders the message is in the end: outbox, sent mail.
    pub(super) folders: (u32, u32),
    pub(super) way: &'static str,
}

impl Letter {
    /// A message through a store that stands alone.
    pub(super) fn queued(name: &'static str, to: &[&'static str]) -> Self {
        Self {
            name,
            own: to.to_vec(),
            others: Vec::new(),
            sent_mail: true,
            delete_after: false,
            resend: false,
            ready: true,
            prepares: true,
            expands: true,
            flags: 0xc,
            time: Some(131_000),
            responsibility: json!(false),
            answered: "NEEDS_SPOOLER",
            coupled: false,
            hr: "S_OK",
            queued: Some(true),
            completes: false,
            folders: (0, 1),
            way: "spooler",
        }
    }

    /// A message that a pair sends by itself.
    pub(super) fn direct(name: &'static str, to: &[&'static str]) -> Self {
        Self { answered: "0", coupled: true, queued: Some(false), way: "direct", ..Self::queued(name, to) }
    }

    /// A message that a pair sends in part.
    pub(super) fn mixed(name: &'static str, own: &[&'static str], others: &[&'static str]) -> Self {
        Self { others: others.to_vec(), coupled: true, ..Self::queued(name, own) }
    }

    fn entry(&self) -> String {
        format!("aa{}", self.name)
    }

    pub(super) fn about(&self, more: Value) -> Value {
        let mut value = json!({ "store": "store", "mail": self.name, "entry-id": self.entry() });
        let Value::Object(more) = more else { panic!("members") };
        value.as_object_mut().expect("an object").extend(more);
        value
    }

    fn all(&self) -> impl Iterator<Item = &&'static str> {
        self.own.iter().chain(&self.others)
    }

    /// The client composes it.
    pub(super) fn compose(&self, tape: &mut Tape) {
        let text = format!(
            "From: anna@example.org\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@example.org>\r\n\r\nBody of {}\r\n",
            self.all().copied().collect::<Vec<_>>().join(", "),
            self.name,
            self.name,
            self.name
        );
        tape.mails.insert(self.name.to_owned(), Mail::parse(text.as_bytes()));
        let own = self.own.iter().map(|address| to(address));
        let others = self.others.iter().map(|address| json!({ "address": address, "type": "FOREIGN" }));
        tape.fact(
            "composed",
            self.about(json!({
                "message": "their-message#1", "own-type": "ACME", "recipients": own.chain(others).collect::<Value>(),
                "sent-mail": if self.sent_mail { json!("5e") } else { Value::Null },
                "delete-after": self.delete_after, "resend": self.resend,
            })),
        );
    }

    /// The client submits it.
    pub(super) fn submit(&self, tape: &mut Tape) {
        self.compose(tape);
        let call = tape.begin(By::Client, "their-message#1", "IMessage.SubmitMessage", &[]);
        self.prepare(tape);
        if self.completes {
            self.complete(tape);
        }
        tape.end(call, self.hr, &[]);
        tape.fact(
            "client-submit",
            self.about(json!({
                "message": "their-message#1", "hr": self.hr, "coupled": self.coupled, "queued": self.queued, "usable": true,
            })),
        );
    }

    fn prepare(&self, tape: &mut Tape) {
        if self.ready {
            notify(tape, "NOTIFY_READYTOSEND", Value::Null);
        }
        if self.prepares {
            let call = tape.begin(By::Candidate, "store-support#1", "IMAPISupport.PrepareSubmit", &[]);
            tape.fact("prepare-submit", self.about(json!({ "resend": self.resend })));
            tape.end(call, "S_OK", &[]);
        }
        if self.expands {
            let call = tape.begin(By::Candidate, "store-support#1", "IMAPISupport.ExpandRecips", &[]);
            let rows: Vec<_> = self
                .all()
                .map(|address| json!({ "address": address, "recipient-type": 1, "responsibility": self.responsibility }))
                .collect();
            let handled: &[&str] = if self.coupled { &self.own } else { &[] };
            tape.fact(
                "expand-recips",
                self.about(json!({
                    "message-flags": self.flags, "submit-time": self.time, "recipients": rows,
                    "answered": self.answered, "coupled": self.coupled, "handled": handled,
                })),
            );
            tape.end(call, "S_OK", &[("lpulFlags", json!(self.answered))]);
        }
    }

    pub(super) fn complete(&self, tape: &mut Tape) {
        let call = tape.begin(
            By::Candidate,
            "store-support#1",
            "IMAPISupport.CompleteMsg",
            &[("ulFlags", json!(0))],
        );
        tape.fact("complete-msg", self.about(json!({})));
        tape.end(call, "S_OK", &[]);
    }

    /// The spooler reads a queue in which it stands alone.
    pub(super) fn queue(&self, tape: &mut Tape, submit_flags: u64) {
        queue(tape, &[(self, 131_000)], submit_flags);
    }

    pub(super) fn take_up(&self, tape: &mut Tape) {
        tape.fact("spool-begin", self.about(json!({})));
        self.lock(tape, true, json!(1));
    }

    pub(super) fn lock(&self, tape: &mut Tape, lock: bool, submit_flags: Value) {
        let asked = if lock { "MSG_LOCKED" } else { "MSG_UNLOCKED" };
        tape.fact(
            "lock-state",
            self.about(json!({ "asked": asked, "hr": "S_OK", "submit-flags": submit_flags })),
        );
    }

    /// The other transport takes it for these recipients.
    pub(super) fn by_other(&self, tape: &mut Tape, served: &[&str]) {
        tape.event(What::Foreign {
            session: "foreign".to_owned(),
            m: "IXPLogon.SubmitMessage".to_owned(),
            args: values(&[("mail", json!(self.name))]),
            hr: "S_OK".to_owned(),
            out: values(&[("served", json!(served))]),
            from: 1,
        });
    }

    /// The spooler is through with it.
    pub(super) fn distributed(&self, tape: &mut Tape) {
        tape.fact("distributed", self.about(json!({ "order": [], "waiting": [], "left": [] })));
    }

    /// FinishedMsg with DoSentMail within, and where the message is afterwards.
    pub(super) fn finish(&self, tape: &mut Tape) {
        let call = tape.begin(By::Spooler, "spooler-store#1", "IMsgStore.FinishedMsg", &[]);
        tape.callback("store-support#2", "IMAPISupport.DoSentMail", &[], "S_OK", &[]);
        tape.end(call, "S_OK", &[]);
        tape.fact("finished", self.about(json!({ "hr": "S_OK", "by": "spooler" })));
    }

    pub(super) fn settle(&self, tape: &mut Tape) {
        self.locate(tape);
        tape.fact("store-settled", self.about(json!({ "way": self.way })));
    }

    pub(super) fn locate(&self, tape: &mut Tape) {
        let (outbox, sent) = self.folders;
        tape.fact(
            "located",
            self.about(json!({ "folders": { "outbox": outbox, "sent": sent }, "submit-flags": 0 })),
        );
    }

    /// What the candidate's sink holds of it, and that it was waited for.
    pub(super) fn sent(&self, tape: &mut Tape, envelopes: &[&[&str]]) {
        tape.step("sent");
        for envelope in envelopes {
            found(
                tape,
                &format!(
                    "X-Sent-To: {}\r\nFrom: me@example.org\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@example.org>\r\n\r\nBody of {}\r\n",
                    envelope.join(", "),
                    self.all().copied().collect::<Vec<_>>().join(", "),
                    self.name,
                    self.name,
                    self.name
                ),
            );
        }
        tape.step_end();
    }

    /// The whole way through the queue, to another transport.
    pub(super) fn spool(&self, tape: &mut Tape, served: &[&str]) {
        self.queue(tape, 0);
        self.take_up(tape);
        self.by_other(tape, served);
        self.distributed(tape);
        self.finish(tape);
        self.settle(tape);
    }
}

/// The spooler reads its queue.
pub(super) fn queue(tape: &mut Tape, standing: &[(&Letter, u64)], submit_flags: u64) {
    let rows: Vec<_> = standing.iter().map(|_| json!([prop("0x0E140003", json!(submit_flags))])).collect();
    let entries: Vec<_> = standing.iter().map(|(letter, _)| letter.entry()).collect();
    let mails: Vec<_> = standing.iter().map(|(letter, _)| letter.name).collect();
    let times: Vec<_> = standing.iter().map(|(_, time)| time).collect();
    tape.fact(
        "queue",
        json!({ "store": "store", "rows": rows, "mails": mails, "entry-ids": entries, "times": times }),
    );
}

/// SpoolerNotify on the client's support object of the store.
pub(super) fn notify(tape: &mut Tape, flags: &str, data: Value) {
    tape.callback(
        "store-support#1",
        "IMAPISupport.SpoolerNotify",
        &[("ulFlags", json!(flags)), ("lpvData", data)],
        "S_OK",
        &[],
    );
}

/// The fact that tells of a logon, with changes.
pub(super) fn logon(tape: &mut Tape, spoolers: bool, changes: Value) {
    let mut value = json!({
        "store": "store", "by": if spoolers { "spooler" } else { "client" }, "hr": "S_OK",
        "logon": if spoolers { "mslogon#2" } else { "mslogon#1" },
        "object": if spoolers { "spooler-store#1" } else { "store#1" },
        "support": if spoolers { "store-support#2" } else { "store-support#1" },
        "security": if spoolers { Value::Null } else { json!(16) }, "same-object": false, "flags": "MDB_WRITE",
    });
    let Value::Object(changes) = changes else { panic!("members") };
    value.as_object_mut().expect("an object").extend(changes);
    tape.fact("store-session", value);
}

fn open(tape: &mut Tape) {
    logon(tape, false, json!({}));
    logon(tape, true, json!({}));
    tape.fact("spooler-store-id", json!({ "store": "store", "same": true }));
    tape.fact(
        "queue-table",
        json!({ "store": "store", "missing": [], "sorted": "S_OK", "notifies": "S_OK" }),
    );
}

/// A store that is open and stands alone.
pub(super) fn alone() -> Tape {
    let mut tape = Tape::default();
    tape.capabilities = Some(vec![Capability::Store]);
    open(&mut tape);
    tape
}

/// The candidate claims to be a pair, and the store is open; its transport is not in the session.
pub(super) fn without_transport() -> Tape {
    let claims = [Capability::Inbound, Capability::Outbound, Capability::Store, Capability::Coupled];
    let mut tape = alone();
    tape.capabilities = Some(claims.to_vec());
    tape
}

/// The row of a transport that is coupled with this store.
pub(super) fn coupled_row(code: u64, own: &str) -> Vec<mock_spooler::trace::event::Prop> {
    let mut columns = row(code);
    columns.push(prop("0x3E060102", json!({ "hex": own })));
    columns
}

/// The fact that tells of a comparison.
pub(super) fn coupling(tape: &mut Tape, own: Option<&str>, coupled: bool) {
    tape.fact(
        "coupling",
        json!({ "session": "main", "store": "store", "own": own, "coupled": coupled, "compared": own.map(|_| coupled) }),
    );
}

/// A pair that is logged on with both halves, outbound open.
pub(super) fn pair() -> Tape {
    let mut tape = without_transport();
    tape.logon("LOGON_SP_POLL");
    tape.modify_row(coupled_row(1, STORE), true);
    coupling(&mut tape, Some(STORE), true);
    turn(&mut tape, "NOTIFY_BEGIN_OUTBOUND");
    tape
}

/// TransportNotify to the transport of a pair.
pub(super) fn turn(tape: &mut Tape, flags: &str) {
    tape.step("begin");
    let args = [("lpulFlags", json!(flags))];
    let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.TransportNotify", &args);
    let code = match flags {
        "NOTIFY_BEGIN_OUTBOUND" => 0x0010_0001,
        "NOTIFY_BEGIN_INBOUND" => 0x0011_0001,
        _ => 1,
    };
    tape.modify_row(coupled_row(code, STORE), true);
    tape.end(call, "S_OK", &[("lpulFlags", json!(flags))]);
    tape.step_end();
}
