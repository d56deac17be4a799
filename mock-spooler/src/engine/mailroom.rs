//! Brings mail to where the candidate finds it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::patiently::patiently;
use crate::com::boundary;
use crate::engine::smtp;
use crate::loader;
use crate::plan::{self, Envelope, Plan, Source};
use crate::trace::told::What;

/// The mails of a case and the way to the candidate.
#[derive(Debug)]
pub struct Mailroom {
    mail: BTreeMap<String, PathBuf>,
    envelopes: BTreeMap<String, Envelope>,
    source: Source,
    shim: Option<plan::Shim>,
    arrived: AtomicUsize,
}

impl Mailroom {
    /// The mailroom of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            mail: plan.mail.clone(),
            envelopes: plan.envelopes.clone(),
            source: plan.candidate.source.clone(),
            shim: plan.candidate.shim.clone(),
            arrived: AtomicUsize::new(0),
        }
    }

    /// How many mails have arrived.
    pub fn arrived(&self) -> usize {
        self.arrived.load(Ordering::Acquire)
    }

    /// Lets a mail arrive: it is there, whole, when this returns.
    ///
    /// # Errors
    ///
    /// In words, where it could not be brought: the case has no verdict then.
    pub fn arrive(&self, name: &str) -> Result<(), String> {
        let path = self.mail.get(name).ok_or_else(|| format!("the case has no mail `{name}`"))?;
        let bytes = std::fs::read(path)
            .map_err(|error| format!("`{}` could not be read: {error}", path.display()))?;
        let number = self.arrived.fetch_add(1, Ordering::AcqRel);
        // The event comes first: a provider may be faster than we are.
        boundary().record(What::Arrive { mail: name.to_owned() });
        match &self.source {
            Source::None => Err("the candidate file names no `source`, so no mail can arrive".to_owned()),
            Source::Maildrop { dir } => drop_file(dir, number, name, &bytes),
            Source::Command(words) => feed(words, &bytes),
            Source::Smtp(address) => {
                let envelope = self.envelopes.get(name);
                let envelope = envelope.ok_or_else(|| format!("the plan has no envelope of `{name}`"))?;
                smtp::send(address, envelope, &bytes)
            }
            Source::Shim => match &self.shim {
                Some(shim) => loader::program(shim).map_err(|error| error.to_string())?.stage(name, &bytes),
                None => Err("the candidate is no program that mail could be given to".to_owned()),
            },
        }
    }
}

/// Puts a file into the directory by a rename, so that nobody ever sees half of it. Names sort in the order of arrival.
fn drop_file(dir: &Path, number: usize, name: &str, bytes: &[u8]) -> Result<(), String> {
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let file = format!("{number:06}-{safe}.eml");
    // Beside the directory, on the same file system.
    let parent = dir.parent().unwrap_or(dir);
    let temporary = parent.join(format!(".{file}.part"));
    let failed = |error: std::io::Error| format!("`{}`: {error}", dir.display());
    std::fs::write(&temporary, bytes).map_err(failed)?;
    let place = dir.join(file);
    patiently(|| std::fs::rename(&temporary, &place)).map_err(failed)
}

fn feed(words: &[String], bytes: &[u8]) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("the source's command is empty")?;
    let failed = |error: std::io::Error| format!("`{program}`: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(failed)?;
    child.stdin.take().ok_or("no standard input")?.write_all(bytes).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("`{program}` failed: {status}")) }
}
