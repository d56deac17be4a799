//! A child from its plan to its end, and what it left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

use super::plan;
use super::sandbox::Sandbox;
use super::sent::sent;
use super::spawn::{self, Ended};
use super::suite::Suite;
use crate::candidate::Host;
use crate::case::{Case, Point, Stamped};
use crate::judge::{self, Input, Judgement, Mail, Sent, Trace};
use crate::verdict::ChildEnd;

/// How often Wine may fail to start our program at all.
const WINE_STARTS: u32 = 3;

/// A child that was run, and what it left.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) sandbox: Sandbox,
    mails: BTreeMap<String, Mail>,
    pub(super) ended: Ended,
    /// Its trace, as it was written.
    pub(super) written: Vec<u8>,
    sent: Option<Sent>,
}

impl Child {
    /// Runs the child of a case, or of a point of its sweep.
    pub(super) fn run(suite: &Suite, case: &Case, point: Option<&Point>) -> io::Result<Self> {
        let sandbox = Sandbox::new(&suite.candidate)?;
        let (plan, mails) = plan::plan(&suite.candidate, &suite.host, case, point, &sandbox)?;
        fs::write(sandbox.plan(), serde_json::to_vec(&plan).map_err(io::Error::other)?)?;
        // Copies are in the case's directory, where the candidate does as it likes.
        let mails = read(&mails)?;
        let ended = started(suite, &sandbox, plan::limit(case, &suite.candidate))?;
        let written = sandbox.trace().bytes()?;
        let sent = sent(suite, &sandbox);
        Ok(Self { sandbox, mails, ended, written, sent })
    }

    /// What the rules say of it.
    pub(super) fn judgement(&self, suite: &Suite, case: &Case, trace: &Trace, end: &ChildEnd) -> Judgement {
        judge::judge_case(&Input {
            needs: &case.needs,
            trace,
            end,
            mails: &self.mails,
            sent: self.sent.as_ref(),
            capabilities: suite.candidate.capabilities.as_deref(),
            like: case.like.is_some(),
        })
    }
}

/// Runs the child. The trace is begun before anything of the candidate is loaded: where there is none, Wine ended before our
/// program began, which it does now and then on a busy machine, and another start takes nothing from the verdict.
fn started(suite: &Suite, sandbox: &Sandbox, limit: Duration) -> io::Result<Ended> {
    let mut starts = match suite.host {
        Host::MockSpooler { wine: true, .. } => WINE_STARTS,
        // Windows may be Wine's.
        Host::MockSpooler { wine: false, .. } | Host::Here if cfg!(windows) => WINE_STARTS,
        Host::MockSpooler { wine: false, .. } | Host::Here => 1,
    };
    loop {
        let ended = spawn::spawn(suite, sandbox.path(), &sandbox.plan(), limit);
        starts -= 1;
        let is_last = match &ended {
            Ok(_) => sandbox.trace().begun(),
            Err(error) => !ended_at_its_start(error),
        };
        if is_last || starts == 0 {
            return ended;
        }
    }
}

/// What Wine answers the program that starts another one where that ended before it began.
fn ended_at_its_start(error: &io::Error) -> bool {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR)
}

/// The mails as the judge compares them with what was delivered.
fn read(mails: &Stamped) -> io::Result<BTreeMap<String, Mail>> {
    mails.iter().map(|(name, path)| Ok((name.clone(), Mail::parse(&fs::read(path)?)))).collect()
}
