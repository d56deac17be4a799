//! Moves and removes files and directories that others may have a look at.

use std::io;
#[cfg(windows)]
use std::time::{Duration, Instant};

/// Moves or removes something. Where the system keeps what is open from it - that of Windows does - whoever has it open is waited
/// for, for a while: it may be the candidate that looks for mail, the harness that looks how much there is, or a program that
/// looks for viruses.
///
/// # Errors
///
/// Those of the operation.
pub(super) fn patiently(operation: impl Fn() -> io::Result<()>) -> io::Result<()> {
    #[cfg(windows)]
    {
        const ERROR_ACCESS_DENIED: i32 = 5;
        const ERROR_SHARING_VIOLATION: i32 = 32;
        /// Between two tries: the system tells nobody that a file has been closed.
        const PAUSE: Duration = Duration::from_millis(5);
        const BOUND: Duration = Duration::from_secs(5);
        let in_use = |error: &io::Error| {
            matches!(error.raw_os_error(), Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION))
        };
        let start = Instant::now();
        loop {
            match operation() {
                Err(error) if in_use(&error) && start.elapsed() < BOUND => std::thread::park_timeout(PAUSE),
                done => return done,
            }
        }
    }
    #[cfg(not(windows))]
    operation()
}

#[cfg(all(test, windows))]
mod tests {
    use std::fs::OpenOptions;
    use std::os::windows::fs::OpenOptionsExt as _;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn whoever_looks_is_waited_for() {
        let base = std::env::temp_dir().join(format!("spoolproof-patiently-{}", std::process::id()));
        std::fs::create_dir_all(&base).expect("a directory");
        let (from, to) = (base.join("one"), base.join("other"));
        std::fs::write(&from, "text").expect("a file");
        let open = OpenOptions::new().read(true).share_mode(0).open(&from).expect("a file");
        assert!(std::fs::rename(&from, &to).is_err(), "the system lets it be moved");
        let (begun, wait) = mpsc::channel();
        let moving = std::thread::spawn({
            let (from, to) = (from.clone(), to.clone());
            move || {
                begun.send(()).expect("somebody waits");
                patiently(|| std::fs::rename(&from, &to))
            }
        });
        wait.recv().expect("it begins");
        drop(open);
        moving.join().expect("no panic").expect("it is moved");
        assert!(to.exists() && !from.exists());
        std::fs::remove_dir_all(&base).expect("the test's own directory");
    }
}
