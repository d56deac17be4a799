//! The steps of a case: whole movements that adapt to what the candidate chose, and single calls.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::args::{
    Announce, Arrive, Direction, FlushQueues, Foreign, ForeignDoes, Load, Logoff, Logon, Nothing, OnSession,
    OpenStatusEntry, Poll, QueryInterface, Receive, Send, Sent, Service, Shutdown, StartMessage, Times,
    TransportNotify, ValidateState,
};
use super::store_args::{
    Advise, CloseStore, Compose, Finish, OfStoreProvider, OnMail, OnStore, OpenMessage, OpenStore,
    SetReceiveFolder, Spool, Submit,
};

macro_rules! steps {
    ($($(#[doc = $doc:literal])* $name:literal $variant:ident($args:ty) $(short $short:literal)?;)*) => {
        /// A step of a case. In YAML a step is its verb alone, or a mapping of the verb to its arguments.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Step {
            $($(#[doc = $doc])* $variant($args),)*
        }

        impl Step {
            /// Every verb with what it does.
            pub const VERBS: &[(&str, &str)] = &[$(($name, concat!($($doc),*))),*];

            /// The verb of this step.
            #[must_use]
            pub fn verb(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// Each verb with the JSON Schema of its arguments, and the argument that a bare value stands for.
            pub fn schemas(
                generator: &mut schemars::SchemaGenerator,
            ) -> Vec<(&'static str, schemars::Schema, Option<&'static str>)> {
                vec![$(($name, generator.subschema_for::<$args>(), None$(.or(Some($short)))?)),*]
            }

            fn from_map<'de, A: MapAccess<'de>>(verb: &str, map: &mut A) -> Result<Self, A::Error> {
                match verb {
                    $($name => {
                        let short: Option<&'static str> = None$(.or(Some($short)))?;
                        Ok(Self::$variant(map.next_value_seed(Args::new(short))?))
                    })*
                    _ => Err(de::Error::unknown_variant(verb, VERB_NAMES)),
                }
            }

            fn from_verb<E: de::Error>(verb: &str) -> Result<Self, E> {
                match verb {
                    // An empty mapping: the defaults, or the complaint about what is missing.
                    $($name => <$args>::deserialize(MapDeserializer::new(
                        std::iter::empty::<(&str, &str)>(),
                    )).map(Self::$variant),)*
                    _ => Err(de::Error::unknown_variant(verb, VERB_NAMES)),
                }
            }
        }

        const VERB_NAMES: &[&str] = &[$($name),*];

        impl Serialize for Step {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $(Self::$variant(args) => map.serialize_entry($name, args)?,)*
                }
                map.end()
            }
        }
    };
}

steps! {
    /// Loads the library and calls XPProviderInit. `logon` does it where it was not done.
    "load" Load(Load);
    /// TransportLogon, AddressTypes, RegisterOptions: a session.
    "logon" Logon(Logon);
    /// TransportNotify(NOTIFY_BEGIN_...): a direction is opened.
    "begin" Begin(Direction) short "way";
    /// TransportNotify(NOTIFY_END_...): a direction is closed.
    "end" End(Direction) short "way";
    /// Mail is put where the candidate finds it.
    "arrive" Arrive(Arrive) short "mail";
    /// Waits until the candidate announces mail, by poll or notification; StartMessage is not called.
    "announce" Announce(Announce);
    /// Messages are fetched: waits for the announcement of each, then StartMessage.
    "receive" Receive(Receive) short "expect";
    /// Shows that nothing more comes: polls, or looks whether a notification stands in the queue.
    "nothing-waits" NothingWaits(OnSession);
    /// Polls so many times.
    "poll" Poll(Poll) short "times";
    /// StartMessage once, whether mail was announced or not.
    "start-message" StartMessage(StartMessage) short "expect";
    /// Idle so many times, where the candidate asked for it.
    "idle" Idle(Times) short "times";
    /// TransportNotify with any flags.
    "transport-notify" TransportNotify(TransportNotify) short "flags";
    /// IXPLogon::ValidateState.
    "validate-state" ValidateState(ValidateState) short "flags";
    /// AddressTypes again.
    "address-types" AddressTypes(OnSession);
    /// IXPLogon::FlushQueues and the spooler's part of the flush.
    "flush-queues" FlushQueues(FlushQueues) short "way";
    /// OpenStatusEntry, and each method that the row announces.
    "open-status-entry" OpenStatusEntry(OpenStatusEntry);
    /// QueryInterface on an object of the candidate, for what it must have and what it cannot have.
    "query-interface" QueryInterface(QueryInterface) short "of";
    /// TransportLogoff, then Release of the logon object.
    "logoff" Logoff(Logoff) short "flags";
    /// Release of the logon object without TransportLogoff before it.
    "release-logon" ReleaseLogon(OnSession);
    /// Shutdown, Release of the provider object.
    "shutdown" Shutdown(Shutdown);
    /// The library is unloaded.
    "unload" Unload(Nothing);
    /// A mail is composed as a message, submitted, and followed until EndMessage.
    "send" Send(Send) short "mail";
    /// The entry of the candidate's message service is called, without leave to show a dialog.
    "service" Service(Service) short "context";
    /// A transport of ours is logged on beside the candidate: next in profile order.
    "foreign" Foreign(Foreign);
    /// The transport of ours behaves otherwise from now on.
    "foreign-does" ForeignDoes(ForeignDoes);
    /// Waits until sent mail appears in the sink.
    "sent" Sent(Sent) short "expect";
    /// Loads the store's library and calls MSProviderInit. `open-store` does it where it was not done.
    "load-store" LoadStore(Load);
    /// A client opens a message store (IMSProvider::Logon), then the spooler does (SpoolerLogon) and watches its queue.
    "open-store" OpenStore(OpenStore) short "flags";
    /// A second Logon to a store that is open.
    "store-again" StoreAgain(OnStore);
    /// A client looks at the store's folders: the receive folder, the IPM folders, their tables.
    "folders" Folders(OnStore);
    /// A client chooses the receive folder of a message class (SetReceiveFolder), and looks whether it is that.
    "set-receive-folder" SetReceiveFolder(SetReceiveFolder);
    /// MAPI does through the store's logon object what a client does through the store: OpenEntry, CompareEntryIDs, Advise;
    /// OpenStatusEntry.
    "logon-object" LogonObject(OnStore);
    /// CompareStoreIDs: the store's identifier with itself and with another one.
    "compare-stores" CompareStores(OfStoreProvider);
    /// A client makes a message in the store, saves it and keeps it open.
    "compose" Compose(Compose) short "mail";
    /// A client submits a message (IMessage::SubmitMessage), which it composes where that was not done.
    "submit" Submit(Submit) short "mail";
    /// The spooler works off the outgoing queue: lock, hand-over to the transports, FinishedMsg.
    "spool" Spool(Spool) short "mail";
    /// A client submits a message, and it is followed to its end, by whatever way the store chooses.
    "send-from-store" SendFromStore(Submit) short "mail";
    /// The spooler reads the outgoing queue.
    "queue" Queue(OnStore);
    /// The spooler opens a queued message and locks it.
    "lock" Lock(OnMail) short "mail";
    /// The spooler unlocks a message that `lock` has locked.
    "unlock" Unlock(OnMail) short "mail";
    /// FinishedMsg.
    "finish" Finish(Finish) short "mail";
    /// A client calls AbortSubmit.
    "abort" Abort(OnMail) short "mail";
    /// A client opens a message by the entry identifier that it had before its submission.
    "open-message" OpenMessage(OpenMessage) short "mail";
    /// Looks in which folders a message is.
    "locate" Locate(OnMail) short "mail";
    /// Clients register for events of the store.
    "advise" Advise(Advise) short "events";
    /// Clients end their registrations.
    "unadvise" Unadvise(OnStore);
    /// A client closes the store, by StoreLogoff and Release or by Release alone; the spooler follows.
    "close-store" CloseStore(CloseStore) short "logoff";
    /// IMSProvider::Shutdown, Release of the store provider object.
    "shutdown-store" ShutdownStore(OfStoreProvider);
}

impl Step {
    /// The session that the step acts on; empty where it acts on none.
    #[must_use]
    pub fn session(&self) -> &str {
        match self {
            Self::Logon(args) => &args.session,
            Self::Begin(args) | Self::End(args) => &args.session,
            Self::Announce(args) => &args.session,
            Self::Receive(args) => &args.session,
            Self::NothingWaits(args) | Self::AddressTypes(args) | Self::ReleaseLogon(args) => &args.session,
            Self::OpenStatusEntry(args) => &args.session,
            Self::Poll(args) => &args.session,
            Self::StartMessage(args) => &args.session,
            Self::Idle(args) => &args.session,
            Self::TransportNotify(args) => &args.session,
            Self::ValidateState(args) => &args.session,
            Self::FlushQueues(args) => &args.session,
            Self::Logoff(args) => &args.session,
            Self::Send(args) => &args.session,
            Self::Foreign(args) => &args.session,
            Self::ForeignDoes(args) => &args.session,
            Self::QueryInterface(args) => match args.of {
                super::args::Object::Provider => "",
                super::args::Object::Logon | super::args::Object::Status => &args.session,
            },
            Self::Load(_)
            | Self::Arrive(_)
            | Self::Shutdown(_)
            | Self::Unload(_)
            | Self::Sent(_)
            | Self::Service(_) => "",
            // A store serves all sessions; the trace names it where that matters.
            Self::LoadStore(_)
            | Self::OpenStore(_)
            | Self::StoreAgain(_)
            | Self::Folders(_)
            | Self::SetReceiveFolder(_)
            | Self::LogonObject(_)
            | Self::CompareStores(_)
            | Self::Compose(_)
            | Self::Submit(_)
            | Self::Spool(_)
            | Self::SendFromStore(_)
            | Self::Queue(_)
            | Self::Lock(_)
            | Self::Unlock(_)
            | Self::Finish(_)
            | Self::Abort(_)
            | Self::OpenMessage(_)
            | Self::Locate(_)
            | Self::Advise(_)
            | Self::Unadvise(_)
            | Self::CloseStore(_)
            | Self::ShutdownStore(_) => "",
        }
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step: a verb, or a mapping of one verb to its arguments")
    }

    fn visit_str<E: de::Error>(self, verb: &str) -> Result<Step, E> {
        Step::from_verb(verb)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
        let Some(verb) = map.next_key::<String>()? else {
            return Err(de::Error::custom("a step needs a verb"));
        };
        let step = Step::from_map(&verb, &mut map)?;
        if let Some(second) = map.next_key::<String>()? {
            return Err(de::Error::custom(format!(
                "a step has one verb; `{second}` is a second one: begin a new item with `- `"
            )));
        }
        Ok(step)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

/// Reads a step's arguments: a mapping, or a bare value that stands for one argument of them.
struct Args<T> {
    short: Option<&'static str>,
    args: std::marker::PhantomData<T>,
}

impl<T> Args<T> {
    fn new(short: Option<&'static str>) -> Self {
        Self { short, args: std::marker::PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> Args<T> {
    fn bare<E: de::Error, V: IntoDeserializer<'de, E>>(&self, value: V) -> Result<T, E> {
        let Some(short) = self.short else {
            return Err(de::Error::custom("this step takes a mapping of arguments, or none at all"));
        };
        T::deserialize(MapDeserializer::new(std::iter::once((short, value))))
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Args<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Args<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arguments of a step")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        let Some(short) = self.short else {
            return Err(de::Error::custom("this step takes a mapping of arguments, or none at all"));
        };
        T::deserialize(MapDeserializer::new(std::iter::once((short, Seq(SeqAccessDeserializer::new(seq))))))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<T, E> {
        self.bare(value.to_owned())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_unit<E: de::Error>(self) -> Result<T, E> {
        T::deserialize(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }
}

/// A sequence as a value of a mapping.
struct Seq<D>(D);

impl<'de, D: Deserializer<'de>> IntoDeserializer<'de, D::Error> for Seq<D> {
    type Deserializer = D;

    fn into_deserializer(self) -> D {
        self.0
    }
}
