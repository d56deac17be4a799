//! Sees what the candidate has sent.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::com::boundary;
use crate::loader;
use crate::plan;
use crate::trace::told::What;

/// Longer mails are not copied into the trace; the harness reads their files.
const LONGEST_TEXT: u64 = 64 * 1024;
/// Between two looks into the directory, while it is waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// The place where sent mail can be seen.
#[derive(Debug)]
pub struct Sink {
    dir: Option<PathBuf>,
    shim: Option<plan::Shim>,
    seen: Mutex<BTreeSet<PathBuf>>,
    /// Mails that were seen and that no wait has counted yet.
    uncounted: AtomicUsize,
}

impl Sink {
    /// The sink of a candidate.
    #[must_use]
    pub fn new(candidate: &plan::Candidate) -> Self {
        let (dir, shim) = match &candidate.sink {
            plan::Sink::Maildrop { dir, .. } => (Some(dir.clone()), None),
            plan::Sink::Shim { dir, .. } => (Some(dir.clone()), candidate.shim.clone()),
            plan::Sink::None => (None, None),
        };
        Self { dir, shim, seen: Mutex::default(), uncounted: AtomicUsize::new(0) }
    }

    /// Waits until so many mails are there in all that no wait before this one has counted; whether they came.
    pub fn wait_for(&self, wanted: usize, deadline: Instant) -> bool {
        loop {
            self.look();
            let uncounted = self.uncounted.load(Ordering::Acquire);
            if uncounted >= wanted {
                self.uncounted.fetch_sub(wanted, Ordering::AcqRel);
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Puts what the shim says it has sent into files.
    fn fetch(&self, dir: &Path) {
        let Some(shim) = self.shim.as_ref().and_then(|shim| loader::program(shim).ok()) else { return };
        let put = |(name, mail): (String, Vec<u8>)| {
            // The name is the candidate's: whatever directories it holds, the file lies in this one.
            let name = Path::new(&name).file_name().unwrap_or("mail".as_ref()).to_string_lossy();
            let file =
                dir.join(if name.ends_with(".eml") { name.into_owned() } else { format!("{name}.eml") });
            if file.exists() {
                return Ok(());
            }
            // Without a directory there is nothing to be seen of what was sent.
            let missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
            match std::fs::write(&file, mail) {
                Err(error) if !missing(&error) => Err(error.to_string()),
                Ok(()) | Err(_) => Ok(()),
            }
        };
        if let Err(detail) = shim.sent().and_then(|mails| mails.into_iter().try_for_each(put)) {
            boundary().record(What::HarnessError { detail });
        }
    }

    /// Records each mail that was not seen before.
    pub fn look(&self) {
        let Some(dir) = &self.dir else { return };
        self.fetch(dir);
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        let mut files: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| is_mail(path)).collect();
        files.sort();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for file in files {
            if !seen.insert(file.clone()) {
                continue;
            }
            self.uncounted.fetch_add(1, Ordering::AcqRel);
            let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let short = std::fs::metadata(&file).is_ok_and(|metadata| metadata.len() <= LONGEST_TEXT);
            let text = if short { std::fs::read(&file).ok() } else { None };
            let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            boundary().record(What::Fact {
                name: "sent-file".to_owned(),
                value: json!({ "file": name, "text": text }),
            });
        }
    }
}

/// Only whole mails: a provider writes under another name first. And only plain files: a pipe would keep us waiting, a link leads
/// anywhere.
fn is_mail(path: &Path) -> bool {
    let named = path.extension().is_some_and(|extension| extension == "eml");
    named && std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}
