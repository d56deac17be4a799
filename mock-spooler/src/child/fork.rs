//! A copy of this process that goes on where this one stands.

use std::ffi::OsString;
use std::io;

/// As which of the two a process comes back from [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// As the one that asked; the number of its copy.
    Parent(i32),
    /// As the copy.
    Child,
}

/// Makes a copy of this process, in whose environment these variables are set, or are not where there is no value.
///
/// # Errors
///
/// The process has threads beside this one, of which the copy would have nothing but what they had locked; or the system refuses.
pub fn fork(environment: &[(OsString, Option<OsString>)]) -> io::Result<Forked> {
    if threads()? != 1 {
        return Err(io::Error::other("a process with several threads is not copied"));
    }
    // SAFETY: this is the only thread: no lock is held in the copy by a thread that it has not.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            for (name, value) in environment {
                // SAFETY: as above: nobody reads the environment meanwhile.
                unsafe {
                    match value {
                        Some(value) => std::env::set_var(name, value),
                        None => std::env::remove_var(name),
                    }
                }
            }
            Ok(Forked::Child)
        }
        child => Ok(Forked::Parent(child)),
    }
}

/// How many threads this process has.
fn threads() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    /// The links that every directory has.
    const OWN: u64 = 2;
    Ok(std::fs::metadata("/proc/self/task")?.nlink().saturating_sub(OWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_not_copied() {
        // Tests run on threads of their own.
        let error = fork(&[]).expect_err("there are two threads at least");
        assert!(error.to_string().contains("several threads"), "{error}");
    }
}
