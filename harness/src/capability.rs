//! What a candidate can do, by the names that candidate files and cases use.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that a candidate can do and another, just as conformant, cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// It receives mail.
    Inbound,
    /// It sends mail.
    Outbound,
    /// It asks to be polled (LOGON_SP_POLL).
    Polled,
    /// It announces mail by SpoolerNotify.
    Notifying,
    /// It asks for idle time (LOGON_SP_IDLE).
    Idle,
    /// It defers messages: they are sent later than their submission.
    Deferral,
    /// It flushes its queues on demand (FlushQueues).
    Flush,
    /// It validates its state on demand (ValidateState).
    Validate,
    /// It stores messages too.
    Store,
    /// Its store and its transport work together.
    Coupled,
    /// It has a message service that can be administered: the candidate file names its `service-entry`.
    Service,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 11] = [
        Self::Inbound,
        Self::Outbound,
        Self::Polled,
        Self::Notifying,
        Self::Idle,
        Self::Deferral,
        Self::Flush,
        Self::Validate,
        Self::Store,
        Self::Coupled,
        Self::Service,
    ];

    /// Whether it is a choice that a provider makes at each logon - how mail is learnt of, whether idle time is asked for - and no
    /// claim of its file: what it shows decides.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Polled | Self::Notifying | Self::Idle)
    }

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Polled => "polled",
            Self::Notifying => "notifying",
            Self::Idle => "idle",
            Self::Deferral => "deferral",
            Self::Flush => "flush",
            Self::Validate => "validate",
            Self::Store => "store",
            Self::Coupled => "coupled",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
