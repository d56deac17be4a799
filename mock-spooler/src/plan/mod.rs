//! What the child is told: one case, resolved, as a JSON file that the harness writes.

pub mod args;
pub mod draft;
pub mod step;
pub mod store_args;
pub mod trap;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use draft::Draft;
pub use step::Step;
pub use trap::{Act, Trap};

/// A case, ready to be run by the child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The case's id, `AREA/NAME`, with the sweep point behind it where there is one.
    pub case: String,
    /// Where the trace goes.
    pub trace: PathBuf,
    /// The candidate.
    pub candidate: Candidate,
    /// The mails of the case by name: paths of RFC 5322 files.
    pub mail: BTreeMap<String, PathBuf>,
    /// The same mails composed, where the case sends them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drafts: BTreeMap<String, Draft>,
    /// The envelopes of the mails, where they reach the candidate by SMTP.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub envelopes: BTreeMap<String, Envelope>,
    /// How long a wait for an event of the candidate may last, in milliseconds.
    pub patience_ms: u64,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The point of a sweep: armed before the step that the sweep is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject: Option<Injection>,
}

/// Who sends a mail, and to whom it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The sender's address; empty for a report.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
}

/// One point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Injection {
    /// The position of the step that is swept.
    pub step: usize,
    /// What is armed for it.
    pub trap: Trap,
}

/// What is judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The library, as the child sees its path. Empty where the candidate is a program.
    pub library: PathBuf,
    /// The program that speaks the shim's protocol, in the place of a library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shim: Option<Shim>,
    /// The library of the store, where it is another file.
    #[serde(default)]
    pub store_library: Option<PathBuf>,
    /// The provider's own profile section.
    #[serde(default)]
    pub profile: Vec<ProfileProp>,
    /// The store's own profile section, where it differs.
    #[serde(default)]
    pub store_profile: Vec<ProfileProp>,
    /// Where inbound mail is put.
    #[serde(default)]
    pub source: Source,
    /// Where sent mail is read.
    #[serde(default)]
    pub sink: Sink,
    /// The service entry that the library exports, where its message service is to be administered.
    #[serde(default)]
    pub service_entry: Option<String>,
    /// The address types that the candidate serves.
    #[serde(default)]
    pub address_types: Vec<String>,
}

/// A property of the profile section: a tag and its value, fitting the tag's type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileProp {
    /// The property tag.
    pub tag: u32,
    /// A string for PT_STRING8 and PT_UNICODE, a number or boolean for the rest, hexadecimal text for PT_BINARY.
    pub value: serde_json::Value,
}

/// A program that speaks the shim's protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shim {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The directory in which it runs.
    pub dir: PathBuf,
}

/// How inbound mail reaches the candidate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It does not.
    #[default]
    None,
    /// As a file of its own in a directory.
    Maildrop {
        /// The directory, as the child sees it.
        dir: PathBuf,
    },
    /// On the standard input of a program.
    Command(Vec<String>),
    /// By SMTP to this address.
    Smtp(String),
    /// Through the shim.
    Shim,
}

/// Where what the candidate sends can be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sink {
    /// Nowhere.
    #[default]
    None,
    /// Files in a directory.
    Maildrop {
        /// The directory, as the child sees it.
        dir: PathBuf,
        /// The header that names the true recipients; without it To and Cc are taken.
        envelope: Option<String>,
    },
    /// Through the shim; what it tells is put into files, as if the candidate had written them.
    Shim {
        /// The directory, as the child sees it.
        dir: PathBuf,
        /// The header that names the true recipients; without it To and Cc are taken.
        envelope: Option<String>,
    },
}

/// A direction of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// From the messaging system to the store.
    Inbound,
    /// From the store to the messaging system.
    Outbound,
    /// Both, one after the other.
    Both,
}
