//! Pointers of the candidate that lead nowhere.
//!
//! What the candidate passes is read where it points to, as MAPI would. Where that is no memory the process ends, and this
//! module sees to it that the trace says whose pointer it was. Reading every pointer through the system first would make each
//! call several times dearer, and could still not tell memory of the candidate's from ours.

use std::cell::Cell;

use mapi_spi::meta::Method;

/// What is being read.
#[derive(Clone, Copy)]
struct Reading {
    method: &'static Method,
    /// The object's name, which lives as long as the reading.
    obj: *const str,
    which: Which,
}

/// Whose pointers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Arguments of a call by the candidate.
    Argument,
    /// Outputs of a call to the candidate.
    Output,
}

thread_local! {
    static READING: Cell<Option<Reading>> = const { Cell::new(None) };
}

/// Reads what belongs to the candidate. Where that ends the process, the trace says what was being read.
pub(crate) fn reading<R>(method: &'static Method, obj: &str, which: Which, read: impl FnOnce() -> R) -> R {
    struct Back(Option<Reading>);
    impl Drop for Back {
        fn drop(&mut self) {
            READING.set(self.0);
        }
    }
    let _back = Back(READING.replace(Some(Reading { method, obj, which })));
    read()
}

/// Writes what was being read, if anything was.
fn note() {
    let Some(Reading { method, obj, which }) = READING.take() else { return };
    // SAFETY: the reading is in progress on this thread, so its caller's name is alive.
    let obj = unsafe { &*obj };
    let which = match which {
        Which::Argument => "a pointer in an argument",
        Which::Output => "a pointer in an output",
    };
    crate::com::boundary().writer().note_wild_pointer(obj, which, method);
}

/// Watches for accesses to no memory, from now on.
pub fn watch() {
    platform::watch();
}

#[cfg(unix)]
mod platform {
    use std::sync::OnceLock;

    /// The signals of an access to no memory.
    const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

    /// What was there before, in their order.
    static BEFORE: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

    pub(super) fn watch() {
        // SAFETY: all-zero is a value of this type: no handler, no flags, no signals.
        let mut before: [libc::sigaction; 2] = unsafe { std::mem::zeroed() };
        for (signal, before) in SIGNALS.into_iter().zip(&mut before) {
            // SAFETY: only asks for what is there.
            unsafe { libc::sigaction(signal, std::ptr::null(), before) };
        }
        if BEFORE.set(before).is_err() {
            return;
        }
        for signal in SIGNALS {
            // SAFETY: the handler has the type that the kernel calls without SA_SIGINFO, and lives as long as the process.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = noticed as extern "C" fn(libc::c_int) as usize;
                action.sa_flags = libc::SA_ONSTACK;
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    }

    extern "C" fn noticed(signal: libc::c_int) {
        super::note();
        let before = BEFORE.get().and_then(|before| {
            SIGNALS.iter().position(|known| *known == signal).map(|index| &raw const before[index])
        });
        // The access is tried again when this returns, and goes to whom it would have gone to.
        // SAFETY: puts back what the system had told before.
        unsafe { libc::sigaction(signal, before.unwrap_or(std::ptr::null()), std::ptr::null_mut()) };
    }
}

#[cfg(windows)]
mod platform {
    use windows_sys::Win32::Foundation::EXCEPTION_ACCESS_VIOLATION;
    use windows_sys::Win32::System::Diagnostics::Debug::{AddVectoredExceptionHandler, EXCEPTION_POINTERS};

    /// Goes on to whom it would have gone to.
    const EXCEPTION_CONTINUE_SEARCH: i32 = 0;

    pub(super) fn watch() {
        // SAFETY: the handler has the type that is asked for, and lives as long as the process.
        unsafe { AddVectoredExceptionHandler(1, Some(noticed)) };
    }

    unsafe extern "system" fn noticed(exception: *mut EXCEPTION_POINTERS) -> i32 {
        // SAFETY: the system passes a description of the exception that is being handled.
        let code = unsafe { (*(*exception).ExceptionRecord).ExceptionCode };
        if code == EXCEPTION_ACCESS_VIOLATION {
            super::note();
        }
        EXCEPTION_CONTINUE_SEARCH
    }
}
