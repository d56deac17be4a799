//! The areas: the folders under `cases/`.

use std::fmt;

/// An area of the contract. Its name is a folder under `cases/` and the first half of a case's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Loading, initialising, shutting down, unloading.
    Lifecycle,
    /// Sessions and how they begin.
    Logon,
    /// Address types and options.
    Addresses,
    /// The status row and object.
    Status,
    /// Directions opened and closed.
    Control,
    /// Mail learnt of by polls.
    Polling,
    /// Mail learnt of by notifications.
    Notify,
    /// The inbound message.
    StartMessage,
    /// Delivery stopped.
    Cancel,
    /// The outbound message.
    Submit,
    /// Queues flushed.
    Flush,
    /// The state validated.
    Validate,
    /// How sessions end.
    Logoff,
    /// Memory and references.
    Memory,
    /// Odd calls and failing surroundings.
    Robustness,
    /// A store and a transport that work together.
    Coupled,
    /// A store without its transport.
    Fallback,
    /// The store's own part.
    Store,
}

impl Area {
    /// Every area, in the order in which their cases run.
    pub const ALL: [Self; 18] = [
        Self::Lifecycle,
        Self::Logon,
        Self::Addresses,
        Self::Status,
        Self::Control,
        Self::Polling,
        Self::Notify,
        Self::StartMessage,
        Self::Cancel,
        Self::Submit,
        Self::Flush,
        Self::Validate,
        Self::Logoff,
        Self::Memory,
        Self::Robustness,
        Self::Coupled,
        Self::Fallback,
        Self::Store,
    ];

    /// The folder's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Logon => "logon",
            Self::Addresses => "addresses",
            Self::Status => "status",
            Self::Control => "control",
            Self::Polling => "polling",
            Self::Notify => "notify",
            Self::StartMessage => "start-message",
            Self::Cancel => "cancel",
            Self::Submit => "submit",
            Self::Flush => "flush",
            Self::Validate => "validate",
            Self::Logoff => "logoff",
            Self::Memory => "memory",
            Self::Robustness => "robustness",
            Self::Coupled => "coupled",
            Self::Fallback => "fallback",
            Self::Store => "store",
        }
    }

    /// The area of a folder's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.name() == name)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
