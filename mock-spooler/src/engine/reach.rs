//! The messaging system goes out of reach, and comes back.
//!
//! What a provider's messaging system is, only the candidate file knows: the directories where its mail arrives and where it
//! puts what it sends. A directory that is not there is a messaging system that cannot be reached; a program or a listener
//! stands in no place that could be taken away.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::patiently::patiently;
use crate::com::boundary;
use crate::plan::{Candidate, Sink, Source, Way};
use crate::trace::told::What;

/// Directories that were taken away. They come back when this is dropped.
#[derive(Debug, Default)]
pub struct OutOfReach {
    away: Vec<(PathBuf, PathBuf)>,
}

impl OutOfReach {
    /// Takes away what a way of the candidate's mail rests on; the trace says what is in reach.
    ///
    /// # Errors
    ///
    /// Where a directory cannot be moved.
    pub fn take(candidate: &Candidate, way: Way) -> Result<Self, String> {
        let mut taken = Self::default();
        let (inbound, outbound) = directories(candidate, way);
        for dir in [inbound, outbound].into_iter().flatten() {
            let aside = aside(dir);
            patiently(|| std::fs::rename(dir, &aside))
                .map_err(|error| format!("`{}`: {error}", dir.display()))?;
            taken.away.push((dir.to_owned(), aside));
        }
        tell(inbound.is_none(), outbound.is_none());
        Ok(taken)
    }
}

impl Drop for OutOfReach {
    fn drop(&mut self) {
        for (dir, aside) in &self.away {
            // A provider may have made the directory that it missed.
            let _ = patiently(|| std::fs::remove_dir_all(dir));
            if let Err(error) = patiently(|| std::fs::rename(aside, dir)) {
                let detail = format!("`{}` could not be put back: {error}", dir.display());
                boundary().record(What::HarnessError { detail });
            }
        }
        tell(true, true);
    }
}

fn directories(candidate: &Candidate, way: Way) -> (Option<&Path>, Option<&Path>) {
    let source = match &candidate.source {
        Source::Maildrop { dir } if way != Way::Outbound => Some(dir.as_path()),
        Source::Maildrop { .. } | Source::None | Source::Command(_) | Source::Smtp(_) | Source::Shim => None,
    };
    let sink = match &candidate.sink {
        Sink::Maildrop { dir, .. } if way != Way::Inbound => Some(dir.as_path()),
        Sink::Maildrop { .. } | Sink::Shim { .. } | Sink::None => None,
    };
    (source, sink)
}

/// Beside the directory, so that a rename moves it.
fn aside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".away");
    dir.with_file_name(name)
}

fn tell(inbound: bool, outbound: bool) {
    boundary().record(What::Fact {
        name: "messaging-system".to_owned(),
        value: json!({ "inbound": inbound, "outbound": outbound }),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_away_comes_back_as_it_was() {
        let base = std::env::temp_dir().join(format!("spoolproof-reach-{}", std::process::id()));
        let dir = base.join("in");
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join("one.eml"), "text").expect("a file");
        let candidate = Candidate { source: Source::Maildrop { dir: dir.clone() }, ..Candidate::default() };
        let taken = OutOfReach::take(&candidate, Way::Both).expect("it can be moved");
        assert!(!dir.exists());
        std::fs::create_dir(&dir).expect("a provider may make it");
        drop(taken);
        assert!(dir.join("one.eml").is_file());
        let other = OutOfReach::take(&candidate, Way::Outbound).expect("there is nothing to move");
        assert!(dir.exists() && other.away.is_empty());
        std::fs::remove_dir_all(&base).expect("the test's own directory");
    }
}
