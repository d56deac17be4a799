//! Turns a case and a candidate into the plan of a child.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;
use mock_spooler::plan::{self, Draft, Plan, ProfileProp, Step};

use super::draft::{self, Composer};
use super::sandbox::Sandbox;
use crate::candidate::placeholder::{Facts, fill};
use crate::candidate::{Candidate, Host, Sink, Source};
use crate::case::{Case, Point, Stamped, sent, stamp};
use crate::smtp;

/// The plan of a case, and the mails as the harness sees them.
pub(super) fn plan(
    candidate: &Candidate,
    host: &Host,
    case: &Case,
    point: Option<&Point>,
    sandbox: &Sandbox,
) -> io::Result<(Plan, Stamped)> {
    let mails = stamp(&case.mail, &case.grow, &case.steps, &sandbox.copies())?;
    let step = case.sweep.as_ref().map_or(0, |sweep| sweep.step);
    let id = point.map_or_else(|| case.id.clone(), |point| format!("{}@{point}", case.id));
    let plan = Plan {
        mail: translated(&mails, host)?,
        envelopes: envelopes(candidate, &mails)?,
        drafts: drafts(&mails, &case.steps, host, &sandbox.copies())?,
        steps: case.steps.clone(),
        inject: point.map(|point| point.injection(step)),
        ..empty(candidate, host, &id, sandbox)
    };
    Ok((plan, mails))
}

/// A plan without steps.
pub(super) fn empty(candidate: &Candidate, host: &Host, id: &str, sandbox: &Sandbox) -> Plan {
    Plan {
        case: id.to_owned(),
        trace: host.translate(sandbox.trace().path()),
        candidate: told(candidate, host, sandbox),
        mail: BTreeMap::new(),
        envelopes: BTreeMap::new(),
        drafts: BTreeMap::new(),
        patience_ms: u64::try_from(candidate.patience.as_millis()).unwrap_or(u64::MAX),
        steps: Vec::new(),
        inject: None,
    }
}

/// How long the child of a case may take.
pub(super) fn limit(case: &Case, candidate: &Candidate) -> Duration {
    let waits: u32 = case.steps.iter().map(waits).fold(0, u32::saturating_add);
    candidate.limit.saturating_add(candidate.patience.saturating_mul(waits))
}

/// How often a step waits for the candidate, at most.
fn waits(step: &Step) -> u32 {
    let each =
        |names: usize, copies: u32| u32::try_from(names.max(1)).unwrap_or(u32::MAX).saturating_mul(copies);
    match step {
        Step::Receive(args) => each(args.expect.0.len(), args.copies).saturating_add(1),
        Step::FlushQueues(args) => each(args.expect.0.len(), args.copies).saturating_add(1),
        Step::Send(args) => each(args.mail.0.len(), args.copies).saturating_mul(2),
        Step::Sent(args) => each(args.expect.0.len(), args.copies),
        Step::Spool(args) => each(args.mail.0.len(), args.copies).saturating_mul(3),
        Step::SendFromStore(args) => each(args.mail.0.len(), args.copies).saturating_mul(3),
        _ => 1,
    }
}

/// The mails that the case sends, copies included, as messages to be composed.
fn drafts(mails: &Stamped, steps: &[Step], host: &Host, dir: &Path) -> io::Result<BTreeMap<String, Draft>> {
    let sent = sent(steps);
    let wanted = mails.iter().filter(|(name, _)| sent.contains(name.split('#').next().unwrap_or(name)));
    wanted
        .map(|(name, path)| {
            let text = std::fs::read(path)?;
            Ok((name.clone(), Composer::new(host, dir, name).draft(&text)?))
        })
        .collect()
}

/// The envelopes of mails that reach the candidate by SMTP.
fn envelopes(candidate: &Candidate, mails: &Stamped) -> io::Result<BTreeMap<String, plan::Envelope>> {
    match candidate.source {
        Source::None | Source::Maildrop { .. } | Source::Command(_) | Source::Shim => Ok(BTreeMap::new()),
        Source::Smtp(_) => mails
            .iter()
            .map(|(name, path)| Ok((name.clone(), draft::envelope(&std::fs::read(path)?))))
            .collect(),
    }
}

fn translated(mails: &Stamped, host: &Host) -> io::Result<BTreeMap<String, PathBuf>> {
    let child_sees = |path: &Path| std::path::absolute(path).map(|path| host.translate(&path));
    mails.iter().map(|(name, path)| Ok((name.clone(), child_sees(path)?))).collect()
}

fn told(candidate: &Candidate, host: &Host, sandbox: &Sandbox) -> plan::Candidate {
    let facts =
        Facts { sink: sandbox.listens(), dir: host.translate(sandbox.path()).to_string_lossy().into_owned() };
    let mut dirs = Vec::new();
    let source = match &candidate.source {
        Source::None => plan::Source::None,
        Source::Maildrop { tag } => {
            let dir = host.translate(&sandbox.maildrop());
            dirs.push(directory(*tag, &dir));
            plan::Source::Maildrop { dir }
        }
        Source::Command(command) => {
            let words: Vec<String> = command.iter().map(|word| fill(word, &facts)).collect();
            plan::Source::Command(beside(&words, candidate.file.as_deref()))
        }
        Source::Smtp(address) => plan::Source::Smtp(address.clone()),
        Source::Shim => plan::Source::Shim,
    };
    let sink = match &candidate.sink {
        Sink::None => plan::Sink::None,
        Sink::Maildrop { tag, envelope } => {
            let dir = host.translate(&sandbox.outbox());
            dirs.push(directory(*tag, &dir));
            plan::Sink::Maildrop { dir, envelope: envelope.clone() }
        }
        // Our listener puts what it gets into a directory.
        Sink::Smtp(_) => plan::Sink::Maildrop {
            dir: host.translate(&sandbox.outbox()),
            envelope: Some(smtp::ENVELOPE.to_owned()),
        },
        Sink::Shim { envelope } => {
            plan::Sink::Shim { dir: host.translate(&sandbox.outbox()), envelope: envelope.clone() }
        }
    };
    let mut store_profile = filled(&candidate.store_profile, &facts);
    if !store_profile.is_empty() {
        store_profile.extend(dirs.iter().cloned());
    }
    plan::Candidate {
        library: host.translate(&candidate.library),
        shim: candidate.shim.clone(),
        store_library: candidate.store_library.as_deref().map(|path| host.translate(path)),
        service_entry: candidate.service_entry.clone(),
        profile: filled(&candidate.profile, &facts).into_iter().chain(dirs).collect(),
        store_profile,
        source,
        sink,
        address_types: candidate.address_types.clone(),
    }
}

/// The properties with what their placeholders stand for; a property that is a number takes the port as one.
fn filled(props: &[ProfileProp], facts: &Facts) -> Vec<ProfileProp> {
    let filled = props.iter().map(|prop| {
        let Some(text) = prop.value.as_str() else { return prop.clone() };
        let text = fill(text, facts);
        let is_text = matches!(
            PropTag(prop.tag).prop_type(),
            PropType::PT_STRING8 | PropType::PT_UNICODE | PropType::PT_BINARY
        );
        let number = if is_text { None } else { text.parse::<u64>().ok() };
        ProfileProp { tag: prop.tag, value: number.map_or_else(|| text.into(), Into::into) }
    });
    filled.collect()
}

fn directory(tag: u32, dir: &Path) -> ProfileProp {
    ProfileProp { tag, value: dir.to_string_lossy().into_owned().into() }
}

/// A program named with a path stands beside the candidate file; a bare name is looked for as ever.
fn beside(command: &[String], file: Option<&Path>) -> Vec<String> {
    let mut command = command.to_vec();
    if let (Some(program), Some(dir)) = (command.first_mut(), file.and_then(Path::parent))
        && program.contains(['/', '\\'])
        && let Ok(whole) = std::path::absolute(dir.join(&*program))
    {
        *program = whole.to_string_lossy().into_owned();
    }
    command
}
