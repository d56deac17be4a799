//! Submissions for traces that are written by hand.

use mock_spooler::trace::event::{By, What};
use serde_json::{Value, json};

use crate::judge::mail::Mail;
use crate::judge::testing::{Tape, prop};

const IDENTITY: &str = "me@example.org";

/// A message that goes out, and what the candidate does with it: as it should, unless it is told otherwise.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) name: &'static str,
    /// The recipients, as drafts have them.
    pub(super) to: Vec<Value>,
    /// The lent object.
    pub(super) message: &'static str,
    /// What the reference cell holds while the message is used.
    pub(super) first: u64,
    /// What it holds at the return.
    pub(super) reference: u64,
    /// What happens between the reading of the message and its marking.
    pub(super) meanwhile: fn(&mut Tape, &Post),
    /// Who signs it.
    pub(super) sender: Option<&'static str>,
    /// Whose PR_RESPONSIBILITY is set.
    pub(super) marks: Vec<&'static str>,
    pub(super) hr: &'static str,
    pub(super) wait: u64,
    /// What EndMessage answers.
    pub(super) end: (&'static str, &'static str),
    /// Whether the marks are saved; without an answer where SubmitMessage succeeds.
    pub(super) saved: Option<bool>,
    pub(super) fate: &'static str,
    /// Whether it is another try of a message that is there already.
    pub(super) again: bool,
}

/// A recipient of the candidate's own address type.
pub(super) fn to(address: &str) -> Value {
    json!({ "address": address, "kind": "to" })
}

impl Post {
    /// A message to these recipients that is accepted and marked.
    pub(super) fn good(name: &'static str, to: &[&'static str]) -> Self {
        Self {
            name,
            to: to.iter().map(|address| self::to(address)).collect(),
            message: "message#91",
            first: 5,
            reference: 5,
            meanwhile: |_, _| {},
            sender: Some(IDENTITY),
            marks: to.to_vec(),
            hr: "S_OK",
            wait: 0,
            end: ("S_OK", "0"),
            saved: None,
            fate: "done",
            again: false,
        }
    }

    /// One that fails: nothing is marked.
    pub(super) fn failing(name: &'static str, to: &[&'static str], hr: &'static str) -> Self {
        Self { hr, marks: Vec::new(), fate: "failed", ..Self::good(name, to) }
    }

    fn rows(&self, marked: bool) -> Value {
        let row = |one: &Value| {
            let address = one["address"].as_str().unwrap_or("");
            let served = one["served"] == json!(true);
            let responsible = served || marked && self.marks.contains(&address);
            json!([prop("0x3003001F", json!(address)), prop("0x0E0F000B", json!(responsible))])
        };
        self.to.iter().map(row).collect()
    }

    fn callback(&self, tape: &mut Tape, m: &str, args: &[(&str, Value)]) {
        let call = tape.begin_with(By::Candidate, self.message, m, args, Some(self.first));
        tape.end(call, "S_OK", &[]);
    }

    /// A read of the message's data.
    pub(super) fn read(&self, tape: &mut Tape) {
        self.callback(tape, "IMAPIProp.GetProps", &[]);
    }

    /// Records it all.
    pub(super) fn play(&self, tape: &mut Tape) {
        if !self.again {
            let text = format!(
                "From: Anna <anna@example.org>\r\nTo: {}\r\nSubject: {}\r\nDate: Tue, 03 Mar 2026 10:00:00 +0000\r\n\
                Message-ID: <{}@example.org>\r\n\r\nBody of {}\r\n",
                self.addresses().join(", "),
                self.name,
                self.name,
                self.name
            );
            tape.mails.insert(self.name.to_owned(), Mail::parse(text.as_bytes()));
            tape.fact("submitted", json!({ "mail": self.name, "recipients": self.to, "own-type": "ACME" }));
        }
        let args = [("lpMessage", json!(self.message)), ("ulFlags", json!("0"))];
        let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.SubmitMessage", &args);
        self.callback(tape, "IMessage.GetRecipientTable", &[]);
        self.read(tape);
        (self.meanwhile)(tape, self);
        if let Some(sender) = self.sender {
            let props = json!([prop("0x0C1A001F", json!(sender)), prop("0x0C1F001F", json!(sender))]);
            self.callback(tape, "IMAPIProp.SetProps", &[("lpPropArray", props)]);
        }
        if !self.marks.is_empty() {
            self.callback(tape, "IMessage.ModifyRecipients", &[("lpMods", self.rows(true))]);
        }
        let out = [("lpulMsgRef", json!(self.reference)), ("lpulReturnParm", json!(self.wait))];
        tape.end(call, self.hr, &out);
        let succeeded = self.hr == "S_OK";
        if succeeded {
            tape.spooler(
                "logon#1",
                "IXPLogon.EndMessage",
                &[("ulMsgRef", json!(self.reference))],
                self.end.0,
                &[("lpulFlags", json!(self.end.1))],
            );
        }
        tape.fact(
            "submission",
            json!({ "mail": self.name, "message": self.message, "recipients": self.rows(true) }),
        );
        if !self.fate.is_empty() {
            let saved = self.saved.unwrap_or(succeeded);
            tape.fact(
                "settled",
                json!({ "mail": self.name, "fate": self.fate, "recipients": self.rows(saved) }),
            );
        }
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        self.to.iter().filter_map(|one| one["address"].as_str()).map(str::to_owned).collect()
    }

    /// What is to be found in the sink.
    pub(super) fn mail(&self, envelope: &[&str]) -> String {
        format!(
            "X-Sent-To: {}\r\nFrom: {IDENTITY}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@example.org>\r\n\r\nBody of {}\r\n",
            envelope.join(", "),
            self.addresses().join(", "),
            self.name,
            self.name,
            self.name
        )
    }

    /// It is found in the sink, sent to these recipients.
    pub(super) fn sent(&self, tape: &mut Tape, envelope: &[&str]) {
        found(tape, &self.mail(envelope));
    }
}

/// A mail is found in the sink.
pub(super) fn found(tape: &mut Tape, text: &str) {
    let name = format!("{}.eml", text.len());
    tape.fact("sent-file", json!({ "file": name, "text": text }));
}

/// A session in which outbound mail has begun.
pub(super) fn session() -> Tape {
    let mut tape = Tape::default();
    tape.logon("0");
    let mut row = crate::judge::testing::row(0x0010_0001);
    row.push(prop("0x3E00001F", json!(IDENTITY)));
    row.push(prop("0x3E010102", json!({ "hex": "01" })));
    row.push(prop("0x3E050102", json!({ "hex": "02" })));
    tape.step("begin");
    let call = tape.begin(
        By::Spooler,
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_BEGIN_OUTBOUND"))],
    );
    tape.modify_row(row, true);
    tape.end(call, "S_OK", &[("lpulFlags", json!("NOTIFY_BEGIN_OUTBOUND"))]);
    tape.step_end();
    tape
}

/// Submits messages and waits for them; `sink` says what is found then.
pub(super) fn course(posts: &[Post], sink: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = session();
    for post in posts {
        tape.step("send");
        post.play(&mut tape);
        tape.step_end();
    }
    tape.step("sent");
    sink(&mut tape);
    tape.step_end();
    tape.logoff();
    tape
}

/// The same, where the wait is in vain.
pub(super) fn in_vain(posts: &[Post]) -> Tape {
    course(posts, |tape| {
        tape.event(What::TimedOut { session: String::new(), waiting: "sent-mail".to_owned(), ms: 100 });
    })
}
