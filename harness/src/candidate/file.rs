//! What stands in a candidate file, as it stands there.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::host::Runner;
use super::profile::{Section, Tag};
use super::span::Span;
use crate::capability::Capability;

/// A candidate: a library (or a program behind the shim), and how mail goes in and out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["library"] }, { "required": ["shim"] }]))]
pub(super) struct CandidateFile {
    /// The candidate's name in reports; the file's name where missing.
    pub(super) name: Option<String>,
    /// The library; relative paths start at the directory of this file.
    pub(super) library: Option<PathBuf>,
    /// A program that speaks the stdio shim's protocol, with its arguments, in the place of a library. It runs in the
    /// directory of this file.
    pub(super) shim: Option<Vec<String>>,
    /// The library of the store, where it is another file.
    pub(super) store_library: Option<PathBuf>,
    /// The service entry that the library exports (`ServiceEntry`): its message service is created, configured and deleted by the
    /// cases that need a service, and configured wherever a logon answers MAPI_E_UNCONFIGURED.
    pub(super) service_entry: Option<String>,
    /// Who loads the library.
    #[serde(default)]
    pub(super) runner: Runner,
    /// The properties of the provider's own profile section.
    #[serde(default)]
    pub(super) profile: Section,
    /// The store's own profile section, where it is to differ.
    #[serde(default)]
    pub(super) store_profile: Section,
    /// How mail reaches the candidate; without it nothing inbound can be judged.
    pub(super) source: Option<SourceFile>,
    /// Where what the candidate sends can be seen; without it nothing outbound can be judged.
    pub(super) sink: Option<SinkFile>,
    /// The address types that it serves.
    #[serde(default)]
    pub(super) address_types: Vec<String>,
    /// What it can do; what it shows where missing.
    pub(super) capabilities: Option<Vec<Capability>>,
    /// How long it is waited for.
    #[serde(default)]
    pub(super) timing: TimingFile,
    /// The directory of the vendor's own accepted traces.
    pub(super) snapshots: Option<PathBuf>,
    /// What is known to fail.
    #[serde(default)]
    pub(super) known_failures: Vec<KnownFile>,
}

/// How mail reaches the candidate: one of the four.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct SourceFile {
    /// The property of the profile that names a directory; the harness makes one per case and drops `.eml` files there.
    pub(super) maildrop: Option<Tag>,
    /// A program that takes a message on its standard input, with its arguments, and returns once it is where the candidate
    /// finds it. `${case.dir}` in an argument is the case's own directory; without it cases run one at a time.
    #[schemars(length(min = 1))]
    pub(super) command: Option<Vec<String>>,
    /// The address of your SMTP server, `127.0.0.1:2525`, that takes mail for the candidate; cases run one at a time.
    #[schemars(regex(pattern = "^.+:[0-9]{1,5}$"))]
    pub(super) smtp: Option<String>,
    /// Through the shim, where it is `true`: the program is given each mail.
    pub(super) shim: Option<bool>,
}

/// Where what the candidate sends can be seen: one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["maildrop"] }, { "required": ["smtp"], "not": { "required": ["envelope"] } }]))]
pub(super) struct SinkFile {
    /// The property of the profile that names a directory, into which the candidate puts what it sends as `.eml` files.
    pub(super) maildrop: Option<Tag>,
    /// The header of a sent message in which its true recipients stand; To and Cc where missing.
    pub(super) envelope: Option<String>,
    /// Where a listener of ours waits for what the candidate sends: `127.0.0.1:0` is a port of its own for each case, which
    /// the profile tells the candidate by `${sink.port}` or `${sink.address}`.
    #[schemars(regex(pattern = "^.+:[0-9]{1,5}$"))]
    pub(super) smtp: Option<String>,
    /// Through the shim, where it is `true`: the program is asked for what it has sent.
    pub(super) shim: Option<bool>,
}

/// How long the candidate is waited for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TimingFile {
    /// How long a wait for an event of the candidate may last: `5s` where missing.
    pub(super) patience: Option<Span>,
    /// How long a case may take beside its waits, before it is ended by force: `20s` where missing.
    pub(super) limit: Option<Span>,
}

/// A failure that is known.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct KnownFile {
    /// The case, or the point of a sweep; a sweep's case stands for all of its points.
    pub(super) case: String,
    /// The requirement that is broken; any where missing.
    #[serde(default)]
    #[schemars(schema_with = "crate::requirements::schema")]
    pub(super) requirement: Option<String>,
    /// Why it is left so: a ticket, a sentence.
    #[schemars(regex(pattern = r"\S"))]
    pub(super) reason: String,
    /// The last day, `2027-03-01`, on which it is accepted.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub(super) until: Option<String>,
}

/// The JSON Schema of candidate files, as JSON.
#[must_use]
pub fn schema() -> String {
    crate::schema::text::<CandidateFile>()
}
