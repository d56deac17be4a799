//! What is said of a case.

use std::time::Duration;

/// The verdict of a case or of a point of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every rule that had something to judge was kept, and the golden matches.
    Pass,
    /// Only `should` or `derived` statements were broken, or the golden alone differs. `--strict` fails on it.
    Warn,
    /// A `must` statement was broken.
    Fail,
    /// The candidate ended the process it was loaded into.
    Crash {
        /// How: `SIGSEGV`, `exited with status 3`.
        how: String,
        /// The innermost call into the candidate that did not return.
        last_call: Option<String>,
    },
    /// The case was ended by force.
    Timeout {
        /// The limit that was passed.
        limit: Duration,
        /// The innermost call that did not return.
        last_call: Option<String>,
    },
    /// The case does not apply to this candidate.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// Nothing is broken, but the trace is not the one that the vendor accepted, or none was accepted yet.
    Changed {
        /// What is to be done about it, and the lines that differ.
        detail: String,
    },
    /// A known failure failed, as the candidate file says it would.
    Known {
        /// The reason that the candidate file gives.
        reason: String,
    },
    /// A known failure did not fail.
    UnexpectedPass {
        /// The reason that the candidate file gives.
        reason: String,
    },
    /// The harness or the mock spooler failed: nothing is said of the candidate.
    HarnessError {
        /// What happened.
        detail: String,
    },
}

impl Verdict {
    /// The verdict's name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Crash { .. } => "crash",
            Self::Timeout { .. } => "timeout",
            Self::NotApplicable { .. } => "not-applicable",
            Self::Changed { .. } => "changed",
            Self::Known { .. } => "known",
            Self::UnexpectedPass { .. } => "unexpected-pass",
            Self::HarnessError { .. } => "harness-error",
        }
    }

    /// What it means for the run as a whole.
    #[must_use]
    pub fn weight(&self, strict: bool) -> Weight {
        match self {
            Self::Pass | Self::NotApplicable { .. } | Self::Known { .. } => Weight::Fine,
            Self::Warn => {
                if strict {
                    Weight::Failure
                } else {
                    Weight::Fine
                }
            }
            Self::Fail
            | Self::Crash { .. }
            | Self::Timeout { .. }
            | Self::Changed { .. }
            | Self::UnexpectedPass { .. } => Weight::Failure,
            Self::HarnessError { .. } => Weight::Error,
        }
    }

    /// In words, beyond the name: how it crashed, why it does not apply.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        let at = |last_call: &Option<String>| match last_call {
            Some(call) => format!("last call: {call}, no return"),
            None => "outside any call".to_owned(),
        };
        match self {
            Self::Pass | Self::Warn | Self::Fail => None,
            Self::Crash { how, last_call } => Some(format!("{how}; {}", at(last_call))),
            Self::Timeout { limit, last_call } => {
                Some(format!("stopped after {:.1} s; {}", limit.as_secs_f64(), at(last_call)))
            }
            Self::NotApplicable { reason } | Self::Known { reason } => Some(reason.clone()),
            Self::UnexpectedPass { reason } => {
                Some(format!("a known failure (`{reason}`) did not fail: take it out of the candidate file"))
            }
            Self::Changed { detail } | Self::HarnessError { detail } => Some(detail.clone()),
        }
    }
}

/// What a verdict means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The candidate is as conformant as before.
    Fine,
    /// The candidate is not conformant.
    Failure,
    /// Nothing can be said.
    Error,
}

/// How the child of a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// With status 0 and the trace's last line written.
    Finished,
    /// With an exit status of its own making, or in the midst of the trace.
    Exited(i32),
    /// By a signal, by name.
    Signalled(String),
    /// By us.
    TimedOut {
        /// The limit that was passed.
        limit: Duration,
    },
}

impl ChildEnd {
    /// In words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Finished => "finished".to_owned(),
            Self::Exited(status) => format!("exited with status {status}"),
            Self::Signalled(name) => format!("ended by {name}"),
            Self::TimedOut { limit } => format!("stopped after {:.1} s", limit.as_secs_f64()),
        }
    }
}
