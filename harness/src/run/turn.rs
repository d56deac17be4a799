//! One case at a time, where cases share something outside of their directories.
//!
//! A server that the candidate file names serves all cases: two at once would find each other's mail. The turn is a lock on a
//! file, as a test runner may start the cases in processes of their own. Whoever has it removes the file at the end of the turn; on
//! Windows, where an open file cannot be removed, the file is open to one alone and goes with that handle, however its process ends.

use std::io;
use std::net::ToSocketAddrs as _;

use platform::{Turn, take_at};

use crate::candidate::{Candidate, Sink, Source, placeholder};

/// Waits for the turn of a case of this candidate; nothing where its cases share nothing.
pub(super) fn take(candidate: &Candidate) -> io::Result<Option<Turn>> {
    let Some(shared) = shared(candidate) else { return Ok(None) };
    let name: String = shared.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    take_at(std::env::temp_dir().join(format!("spoolproof-{name}.lock"))).map(Some)
}

#[cfg(not(windows))]
mod platform {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    /// The turn of a case; it ends when this is dropped.
    #[derive(Debug)]
    pub(in crate::run) struct Turn {
        _lock: File,
        path: PathBuf,
    }

    impl Drop for Turn {
        fn drop(&mut self) {
            // Before the lock goes: those that wait for it find that the file is no longer the one of this name. Another user's stays.
            if cfg!(unix) {
                let _ = std::fs::remove_file(&self.path);
            }
        }
    }

    pub(super) fn take_at(path: PathBuf) -> io::Result<Turn> {
        loop {
            // The file of another user can be locked all the same, though not written.
            let opened = OpenOptions::new().create(true).append(true).open(&path);
            let lock = match opened.or_else(|_| File::open(&path)) {
                Ok(lock) => lock,
                // Whoever had the turn has removed it between the two.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            lock.lock()?;
            if is_at(&lock, &path) {
                return Ok(Turn { _lock: lock, path });
            }
        }
    }

    /// Whether the file is still the one of this name: a lock on one that was removed holds nobody up.
    #[cfg(unix)]
    fn is_at(lock: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let id = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        matches!((lock.metadata(), std::fs::metadata(path)), (Ok(ours), Ok(there)) if id(&ours) == id(&there))
    }

    /// Elsewhere nobody removes it.
    #[cfg(not(unix))]
    fn is_at(_lock: &File, _path: &Path) -> bool {
        true
    }
}

#[cfg(windows)]
mod platform {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::windows::fs::OpenOptionsExt as _;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    /// The turn of a case; it ends when this is dropped, or its process ends.
    #[derive(Debug)]
    pub(in crate::run) struct Turn {
        _file: File,
    }

    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    /// Between two tries: the system tells nobody that a file has been closed.
    const PAUSE: Duration = Duration::from_millis(5);
    /// While a file is going away, access to it is denied; where it is denied for longer, it is another user's.
    const GOING: Duration = Duration::from_secs(10);

    pub(super) fn take_at(path: PathBuf) -> io::Result<Turn> {
        let start = Instant::now();
        let mut alone = OpenOptions::new();
        alone.create(true).write(true).truncate(false).share_mode(0).custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
        loop {
            match alone.open(&path) {
                Ok(file) => return Ok(Turn { _file: file }),
                Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && start.elapsed() < GOING => {}
                Err(error) => return Err(error),
            }
            std::thread::park_timeout(PAUSE);
        }
    }
}

/// What the cases share, if anything.
fn shared(candidate: &Candidate) -> Option<String> {
    let source = match &candidate.source {
        Source::None | Source::Maildrop { .. } | Source::Shim => None,
        Source::Smtp(address) => Some(address.clone()),
        // A command that is told the case's directory can keep the cases apart.
        Source::Command(words) => {
            let apart = words.iter().any(|word| placeholder::within(word).is_ok_and(|held| !held.is_empty()));
            (!apart).then(|| words.join(" "))
        }
    };
    let sink = match &candidate.sink {
        Sink::None | Sink::Maildrop { .. } | Sink::Shim { .. } => None,
        Sink::Smtp(address) => fixed_port(address).then(|| address.clone()),
    };
    source.or(sink).map(|shared| shared.chars().take(80).collect())
}

fn fixed_port(address: &str) -> bool {
    !address.ends_with(":0") && address.to_socket_addrs().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(source: Source, sink: Sink) -> Option<String> {
        let mut candidate = Candidate::for_test();
        (candidate.source, candidate.sink) = (source, sink);
        shared(&candidate)
    }

    #[test]
    fn what_is_shared() {
        let command = |word: &str| Source::Command(vec!["stage".to_owned(), word.to_owned()]);
        let drop = || Source::Maildrop { tag: 1 };
        assert_eq!(with(drop(), Sink::None), None);
        assert_eq!(with(drop(), Sink::Smtp("127.0.0.1:0".into())), None);
        assert!(with(drop(), Sink::Smtp("127.0.0.1:25".into())).is_some());
        assert!(with(Source::Smtp("127.0.0.1:25".into()), Sink::None).is_some());
        assert!(with(command("x"), Sink::None).is_some());
        assert_eq!(with(command("${case.dir}/in"), Sink::None), None);
    }

    /// Many at once, each of whom removes the file that others wait for.
    #[test]
    fn turns_leave_nothing_behind() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        const TURNS: usize = if cfg!(windows) { 10 } else { 200 };
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("turn.lock");
        let (there, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..TURNS {
                        let _turn = take_at(path.clone()).expect("a lock");
                        assert_eq!(there.fetch_add(1, Ordering::SeqCst), 0, "somebody else has the turn");
                        std::thread::yield_now();
                        there.fetch_sub(1, Ordering::SeqCst);
                        turns.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(turns.into_inner(), 8 * TURNS);
        assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0, "the lock is left behind");
    }

    #[test]
    fn a_turn_is_one_s_alone() {
        let mut candidate = Candidate::for_test();
        candidate.source = Source::Command(vec![format!("turn-{}", std::process::id())]);
        let first = take(&candidate).expect("a lock").expect("it shares");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = take(&candidate).expect("a lock");
                tell.send(()).expect("somebody listens");
            });
            assert!(told.try_recv().is_err(), "the first still has it");
            drop(first);
            told.recv().expect("it comes to its turn");
        });
    }
}
