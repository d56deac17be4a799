//! The arguments of the steps.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::draft::DraftRecipient;
use super::{Trap, Way};

/// The name of the session that steps act on where they name none.
pub const DEFAULT_SESSION: &str = "main";

/// The name of the session of a transport of ours where a step names none.
pub const FOREIGN_SESSION: &str = "foreign";

fn session() -> String {
    DEFAULT_SESSION.to_owned()
}

fn once() -> u32 {
    1
}

/// A list of which a single element may stand without brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transform = or_one)]
pub struct Names(pub Vec<String>);

/// The schema of a list, or of a single element of it.
fn or_one(schema: &mut schemars::Schema) {
    let description = schema.remove("description");
    let list = std::mem::take(schema);
    *schema = schemars::json_schema!({ "anyOf": [{ "type": "string" }, list] });
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl Names {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

macro_rules! args {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "kebab-case", deny_unknown_fields)]
            pub struct $name {
                $($(#[$fmeta])* pub $field: $ty,)*
            }
        )*
    };
}

args! {
    /// No arguments.
    Nothing {}

    /// The session acted on.
    OnSession {
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// How often.
    Times {
        /// How often.
        #[serde(default = "once")]
        times: u32,
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// How the library is loaded.
    Load {
        /// The SPI version that is offered; CURRENT_SPI_VERSION where missing.
        #[serde(default)]
        spi_version: Option<u32>,
        /// The name of the provider object, for steps that need a second one.
        #[serde(default = "session")]
        provider: String,
        /// The results that are right, by name; S_OK where missing.
        #[serde(default)]
        expect: Names,
        /// Fills every output cell with a pattern beforehand instead of zeroes, and remembers which were written.
        #[serde(default)]
        pattern: bool,
    }

    /// How a session is begun.
    Logon {
        /// The session to be.
        #[serde(default = "session")]
        session: String,
        /// The provider object that is logged on to.
        #[serde(default = "session")]
        provider: String,
        /// Flags for TransportLogon by name; LOGON_NO_DIALOG, LOGON_NO_INBOUND and LOGON_NO_OUTBOUND are the spooler's habit.
        #[serde(default = "usual_logon_flags")]
        flags: Names,
        /// Whether the provider finds an empty profile section, for this logon only.
        #[serde(default)]
        empty_profile: bool,
        /// Whether the provider finds the profile section that its message service has written (`service`).
        #[serde(default)]
        service_profile: bool,
        /// Which way of the messaging system cannot be reached during the logon: the directory of the candidate's `source` or `sink`
        /// is not there. Where the candidate file names no directory, that way stays in reach.
        #[serde(default)]
        unreachable: Option<Way>,
        /// The results that are right, by name; S_OK where missing; `error` stands for any failure.
        #[serde(default)]
        expect: Names,
        /// Fills every output cell of the session's calls with a pattern beforehand instead of zeroes.
        #[serde(default)]
        pattern: bool,
        /// Whether Idle is never called, even where the provider asked for it.
        #[serde(default)]
        no_idle: bool,
        /// Whether the profile name and the provider's strings are wide (MAPI_UNICODE).
        #[serde(default)]
        unicode: bool,
        /// What happens during the logon.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// Which way.
    Direction {
        /// Which way.
        way: Way,
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// Whether the call comes from a second thread.
        #[serde(default)]
        second_thread: bool,
    }

    /// Which mail arrives.
    Arrive {
        /// The mails, in order.
        mail: Names,
        /// How many copies of each; copies are told apart by their subject.
        #[serde(default = "once")]
        copies: u32,
        /// Whether the step lasts until there is news of it: an announcement, or a message that a pair has put into its store,
        /// which is looked at.
        #[serde(default)]
        news: bool,
        /// What happens meanwhile, where the step waits for news.
        #[serde(default)]
        traps: Vec<Trap>,
        /// The session whose news are waited for.
        #[serde(default = "session")]
        session: String,
    }

    /// An announcement that is waited for.
    Announce {
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// What is to be received.
    Receive {
        /// The mails that are to come, in any order; none where it is about the movement alone.
        #[serde(default)]
        expect: Names,
        /// How many copies of each, as in `arrive`.
        #[serde(default = "once")]
        copies: u32,
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
        /// How StartMessage ends, where it is not to succeed: `cancelled` or `failed`. The mail is then still to come.
        #[serde(default)]
        ends: Ends,
    }

    /// How often is polled.
    Poll {
        /// How often.
        #[serde(default = "once")]
        times: u32,
        /// Whether mail waits; unknown where missing.
        #[serde(default)]
        waits: Option<bool>,
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// What a single StartMessage is to bring.
    StartMessage {
        /// The mail that is to come; none where missing.
        #[serde(default)]
        expect: Names,
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// What TransportNotify says.
    TransportNotify {
        /// The flags, by name.
        flags: Names,
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// Whether the call comes from a second thread.
        #[serde(default)]
        second_thread: bool,
        /// The reference value that the event's data is to hold, for NOTIFY_CANCEL_MESSAGE.
        #[serde(default)]
        reference: Option<u32>,
        /// The mail, sent before, whose entry identifier the event's data is to hold, for NOTIFY_ABORT_DEFERRED.
        #[serde(default)]
        mail: Option<String>,
    }

    /// How the state is validated.
    ValidateState {
        /// The flags, by name.
        #[serde(default)]
        flags: Names,
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// Which queues are flushed.
    FlushQueues {
        /// Which way.
        way: Way,
        /// The mails that wait to be sent, for an outbound flush.
        #[serde(default)]
        send: Names,
        /// The mails that are to come, for an inbound flush.
        #[serde(default)]
        expect: Names,
        /// How many copies of each.
        #[serde(default = "once")]
        copies: u32,
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// The session whose status object is opened.
    OpenStatusEntry {
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// Whether the object is left open until the session is over, and not called.
        #[serde(default)]
        keep: bool,
        /// Whether it is asked for its list of properties and for its last error, too.
        #[serde(default)]
        lists: bool,
    }

    /// Which object is asked.
    QueryInterface {
        /// `provider`, `logon` or `status`.
        of: Object,
        /// The session or, for the provider, its name.
        #[serde(default = "session")]
        session: String,
    }

    /// How a session ends.
    Logoff {
        /// Flags for TransportLogoff, by name.
        #[serde(default)]
        flags: Names,
        /// The session.
        #[serde(default = "session")]
        session: String,
    }

    /// Which provider object is shut down.
    Shutdown {
        /// The provider object.
        #[serde(default = "session")]
        provider: String,
        /// Whether Shutdown is left out, and Release alone ends it.
        #[serde(default)]
        release_only: bool,
    }

    /// What is sent.
    Send {
        /// The mails, submitted one after the other.
        mail: Names,
        /// How many copies of each, as in `arrive`.
        #[serde(default = "once")]
        copies: u32,
        /// Recipients beside those of the mail.
        #[serde(default)]
        also: Vec<DraftRecipient>,
        /// The session.
        #[serde(default = "session")]
        session: String,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
        /// How the submission ends: `well` is accepted and ended, `any` whatever the candidate makes of it.
        #[serde(default)]
        ends: Ends,
    }

    /// What the entry of the message service is called for.
    Service {
        /// The operation: `MSG_SERVICE_CREATE`, `MSG_SERVICE_CONFIGURE`, `MSG_SERVICE_DELETE`, ...
        context: String,
        /// Whether MSG_SERVICE_CONFIGURE brings the properties of the candidate file; it brings none otherwise.
        #[serde(default = "yes")]
        properties: bool,
        /// Whether the strings that it brings are wide.
        #[serde(default)]
        unicode: bool,
        /// What happens at callbacks and allocations.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// A transport of ours beside the candidate: who it is. It is well-behaved; `foreign-does` changes that.
    Foreign {
        /// Its session. Steps that name it: `begin`, `end`, `logoff`, `foreign-does`.
        #[serde(default = "foreign_session")]
        session: String,
        /// The address types that it serves; none: it serves no type.
        #[serde(default = "foreign_types")]
        address_types: Names,
        /// It serves any address type, as if it had returned no array of types.
        #[serde(default)]
        any_type: bool,
        /// The identifiers that it serves, each as 32 hexadecimal digits.
        #[serde(default)]
        uids: Names,
        /// Whether it asks to be polled; it notifies otherwise.
        #[serde(default)]
        polled: bool,
        /// Whether it asks for Idle.
        #[serde(default = "yes")]
        idle: bool,
        /// Whether it has the messages that it serves preprocessed, by a library of its own.
        #[serde(default)]
        preprocessor: bool,
    }

    /// How a transport of ours behaves from now on. What is missing stays as it is.
    ForeignDoes {
        /// Its session.
        #[serde(default = "foreign_session")]
        session: String,
        /// Whether it is offline: nothing is handed to it, and its mail waits.
        #[serde(default)]
        offline: Option<bool>,
        /// How many milliseconds each of its messages takes, in and out.
        #[serde(default)]
        slow: Option<u64>,
        /// What SubmitMessage answers, by name.
        #[serde(default)]
        answers: Option<String>,
        /// How often it answers so; always where missing.
        #[serde(default)]
        times: Option<u32>,
        /// The seconds that it asks for with MAPI_E_WAIT and MAPI_E_NETWORK_ERROR.
        #[serde(default)]
        wait: Option<u64>,
        /// Addresses that it leaves to others although it serves their type.
        #[serde(default)]
        leaves: Option<Names>,
        /// How many messages come in at it, beside those that wait.
        #[serde(default)]
        backlog: Option<u32>,
    }

    /// What is to appear in the sink.
    Sent {
        /// The mails, in any order.
        expect: Names,
        /// How many copies of each.
        #[serde(default = "once")]
        copies: u32,
    }
}

fn foreign_session() -> String {
    FOREIGN_SESSION.to_owned()
}

fn foreign_types() -> Names {
    Names(vec!["FOREIGN".to_owned()])
}

fn yes() -> bool {
    true
}

fn usual_logon_flags() -> Names {
    Names(["LOGON_NO_DIALOG", "LOGON_NO_INBOUND", "LOGON_NO_OUTBOUND"].map(str::to_owned).to_vec())
}

/// An object of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// The provider object.
    Provider,
    /// The logon object.
    Logon,
    /// The status object.
    Status,
}

/// How a movement ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// With the message where it belongs.
    #[default]
    Well,
    /// The spooler cancelled it.
    Cancelled,
    /// It failed with an error.
    Failed,
    /// Whatever the candidate makes of it, as long as it keeps the contract.
    Any,
}

/// The names of mails with their copies: `m1`, `m1#2`, `m1#3`.
#[must_use]
pub fn with_copies(names: &Names, copies: u32) -> Vec<String> {
    (1..=copies)
        .flat_map(|copy| {
            names.0.iter().map(move |name| if copy == 1 { name.clone() } else { format!("{name}#{copy}") })
        })
        .collect()
}
