//! The trace: what crossed the boundary, one event a line.
//!
//! The first line is a [`Header`]; every other line an [`Event`]. Unknown fields are ignored by readers, unknown kinds
//! of event are an error: a reader that passes over what it does not know would judge half a record.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shim::FaultKind;

/// The version of the format that this crate writes and reads.
pub const TRACE_VERSION: u32 = 1;

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`TRACE_VERSION`].
    pub trace: u32,
    /// The case's id, `AREA/NAME`, with the sweep point behind it where there is one.
    pub case: String,
    /// What the system's clock said at the start of the trace, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
}

/// A line of the trace after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "N: Deserialize<'de> + Ord, V: Deserialize<'de>"))]
pub struct Event<N = String, V = Value> {
    /// Sequence number, from 1, without gaps.
    pub n: u64,
    /// Nanoseconds since the start of the trace, monotonic.
    pub t: u64,
    /// The thread: 0 is the spooler's, others count in the order in which they first appear.
    pub th: u32,
    /// What happened.
    #[serde(flatten)]
    pub what: What<N, V>,
}

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The mock called the candidate as MAPI and its spooler.
    Spooler,
    /// The mock called the candidate as a messaging client that works in its store.
    Client,
    /// The candidate called an object or a function of ours.
    Candidate,
}

/// Arguments or results by parameter name. Numbers of bit masks are rendered with their names; see `trace::render`.
pub type Values<N = String, V = Value> = LiteMap<N, V>;

/// What an event says.
///
/// Who reads a trace owns the names of methods, parameters and results (`N`) and looks into arguments (`V`). Who writes it has the
/// names from the declaration, and makes of arguments no more than their text needs: see [`told`](super::told).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ev", rename_all = "kebab-case")]
#[serde(bound(deserialize = "N: Deserialize<'de> + Ord, V: Deserialize<'de>"))]
pub enum What<N = String, V = Value> {
    /// A call begins.
    Call {
        /// Who calls.
        by: By,
        /// The object called, `logon#1` or `message#3`; empty for an exported function.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        obj: String,
        /// Interface and method, `IXPLogon.StartMessage`, or the name of an exported function.
        m: N,
        /// The arguments on entry.
        #[serde(default, skip_serializing_if = "Values::is_empty")]
        args: Values<N, V>,
        /// For a callback on a message in process: what the reference cell holds at this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        msgref: Option<u64>,
    },
    /// A call returns.
    Return {
        /// The number of the call's event.
        call: u64,
        /// The result by name or as 0x number; `void` or a number where the method returns no HRESULT.
        hr: N,
        /// Output parameters. An output that still holds what we put there is missing here and named in `unwritten`.
        #[serde(default, skip_serializing_if = "Values::is_empty")]
        out: Values<N, V>,
        /// Output parameters that were not written, where cells were filled with a pattern beforehand.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unwritten: Vec<N>,
        /// The result was ordered by the case and not that of our object.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        injected: bool,
    },
    /// A reference was taken or given back (`AddRef`, `Release`).
    Ref {
        /// Who calls.
        by: By,
        /// The object.
        obj: String,
        /// `AddRef` or `Release`.
        m: N,
        /// The count afterwards, as the call returned it.
        refs: u32,
    },
    /// A step of the case begins.
    Step {
        /// Its position in the case, from 0.
        index: usize,
        /// Its verb, as in the case file.
        step: String,
        /// The session that it acts on.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        session: String,
    },
    /// A step has ended.
    StepEnd {
        /// Its position in the case, from 0.
        index: usize,
    },
    /// Mail was put where the candidate finds it.
    Arrive {
        /// The name of the mail in the case.
        mail: String,
    },
    /// A message that the candidate stored, at the moment at which its fate is known.
    Message {
        /// The message object.
        obj: String,
        /// What became of it.
        outcome: Outcome,
        /// What it held when it was saved last, or, where it never was, what was stored so far.
        content: Content,
    },
    /// The status row of a session, after a change.
    StatusRow {
        /// The session.
        session: String,
        /// The columns as rendered property values; none once the row is gone.
        row: Option<Vec<Prop>>,
    },
    /// The spooler's queue of notifications took one up, or left it out.
    Notified {
        /// The session that notified.
        session: String,
        /// The flags by name.
        flags: String,
        /// What the queue did with it.
        taken: Taken,
    },
    /// The spooler learnt that mail waits, and will fetch it.
    Announced {
        /// The session.
        session: String,
        /// By a poll or by a notification.
        by: Announcer,
    },
    /// A call between the spooler and a transport of ours beside the candidate, told once it is over. It never stands for a call
    /// of the candidate: no `call` event belongs to it.
    Foreign {
        /// The transport's session.
        session: String,
        /// Interface and method: `IXPLogon.*` and `IXPProvider.*` are called by the spooler, `IMAPISupport.*` by the transport.
        m: N,
        /// What it was given.
        #[serde(default, skip_serializing_if = "Values::is_empty")]
        args: Values<N, V>,
        /// The result.
        hr: N,
        /// What came back.
        #[serde(default, skip_serializing_if = "Values::is_empty")]
        out: Values<N, V>,
        /// The number of the last event before the call.
        from: u64,
    },
    /// A bounded wait ended without its event.
    TimedOut {
        /// The session.
        session: String,
        /// What was waited for: `announcement`, `call`, `sent-mail`, `thread`, ...
        waiting: String,
        /// The bound in milliseconds.
        ms: u64,
    },
    /// A step saw something other than the case expects.
    Unexpected {
        /// What the case expects.
        due: String,
        /// What was seen.
        seen: String,
    },
    /// The gate found an illegal call or a broken invariant of memory, cells or references.
    Illegal {
        /// What was wrong.
        kind: IllegalKind,
        /// The object or block concerned.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        obj: String,
        /// In words.
        detail: String,
    },
    /// The candidate asked for something that the mock does not support.
    Unsupported {
        /// What it asked for.
        m: N,
        /// In words.
        detail: String,
    },
    /// A fact that a rule needs and no call shows (a checksum, a count, a file that is still there).
    Fact {
        /// Its name.
        name: String,
        /// Its value.
        value: Value,
    },
    /// Mail that the candidate sent was found in its sink.
    Sent {
        /// The message content as read back.
        content: Content,
        /// The recipients of the envelope.
        envelope: Vec<String>,
    },
    /// The mock itself failed: the case has no verdict.
    HarnessError {
        /// In words.
        detail: String,
    },
    /// The candidate's library or an entry point could not be had.
    LoadFailed {
        /// In words.
        detail: String,
    },
    /// The candidate is a program, and broke the protocol of the shim, or ended. Nothing follows.
    ShimFault {
        /// What kind of fault it is.
        kind: FaultKind,
        /// What was expected.
        due: String,
        /// What was seen, quoted.
        seen: String,
        /// The status with which it exited, where it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        /// The signal that ended it, where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
    },
    /// The child ended in order; a trace without this line was cut off.
    End {},
}

/// What became of a message object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was saved, StartMessage succeeded: it is in the store.
    Delivered,
    /// It was not saved: the spooler dropped it.
    Empty,
    /// StartMessage returned an error: the spooler dropped it.
    Failed,
    /// The spooler had cancelled it and dropped it.
    Cancelled,
}

/// What the notification queue did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// It stands in the queue now.
    Queued,
    /// One like it stood there already.
    Coalesced,
    /// Its direction is off: ignored, as TransportNotify's page says.
    Ignored,
    /// It was acted on at once (critical sections and errors).
    AtOnce,
}

/// How mail was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announcer {
    /// IXPLogon::Poll answered non-zero.
    Poll,
    /// IMAPISupport::SpoolerNotify with NOTIFY_NEWMAIL.
    Notification,
}

/// What the gate found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IllegalKind {
    /// A call on an object whose last reference was given back.
    UseAfterRelease,
    /// A call on a pointer that never was an object of ours.
    NoSuchObject,
    /// A message was used after the call that lent it had returned.
    UseAfterReturn,
    /// A reference was given back that the candidate did not hold.
    OverRelease,
    /// A block was freed twice.
    DoubleFree,
    /// A block was freed that the MAPI allocator never made.
    ForeignFree,
    /// A block from MAPIAllocateMore was freed by itself, or linked to no living parent.
    ChainMisuse,
    /// Bytes around a block or an output cell were overwritten.
    GuardOverwritten,
    /// A block was written to after it had been freed.
    WriteAfterFree,
    /// Memory that should come from the MAPI allocator does not.
    ForeignMemory,
    /// A pointer argument that must not be null was null.
    NullArgument,
    /// A pointer that the candidate passed, or left in an output, leads to no memory, and the process ends with it; or it leads to an
    /// object of ours that has not the interface.
    WildPointer,
    /// Our own code panicked inside a callback: our fault, not the candidate's.
    Panic,
    /// A block was still alive at the end.
    Leak,
    /// References to an object of ours were still held at the end.
    ReferenceLeak,
    /// A thread of the candidate called during or after unload.
    CallAfterUnload,
}

/// A rendered property value: tag as 8-digit hex number, value by type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prop {
    /// `0x0037001F`.
    pub tag: String,
    /// `PR_SUBJECT_W`, where the tag has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value: a string, number or boolean; `{"hex": ...}` for bytes; long values as `{"len":..,"sha256":..,"head":..}`.
    pub value: Value,
}

/// A message, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The message's own properties, computed ones left out, in ascending order of tags.
    pub props: Vec<Prop>,
    /// The recipients, in the order of their rows.
    pub recipients: Vec<Vec<Prop>>,
    /// The attachments, in the order of their numbers.
    pub attachments: Vec<Attachment>,
    /// How often it was saved.
    pub saves: u32,
    /// Whether anything was written to it after the last save.
    pub dirty: bool,
}

/// An attachment, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its properties.
    pub props: Vec<Prop>,
    /// The embedded message, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<Box<Content>>,
    /// Whether it was saved itself.
    pub saved: bool,
}
