//! What a child on Windows may take of the machine, where its temporary files go, and that no window asks what to do with a crash.
//!
//! Elsewhere the harness lowers the limits of a process before it becomes the child; Windows has limits of jobs alone. This job is
//! the child's own, within the harness's, which ends the child with all that it starts. Wine keeps such a job and heeds no limit
//! of it.

/// What the process says last that ends with an exception, before the exception's number.
pub const UNHANDLED: &str = "mock-spooler: unhandled exception ";

/// Confines this process, as the harness told it in its environment. To be called before anything of the candidate is loaded.
///
/// What the system refuses is left: the case can still be run, and the harness watches over time and disk.
pub fn confine() {
    #[cfg(windows)]
    windows::confine();
}

#[cfg(windows)]
mod windows {
    use std::io::Write as _;
    use std::ptr::{null, null_mut};

    use windows_sys::Win32::Storage::FileSystem::WriteFile;
    use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE};
    use windows_sys::Win32::System::Diagnostics::Debug::{
        EXCEPTION_POINTERS, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX,
        SetErrorMode, SetUnhandledExceptionFilter,
    };
    use windows_sys::Win32::System::JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
        JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
        JOB_OBJECT_LIMIT_PROCESS_TIME, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
        JobObjectExtendedLimitInformation, SetInformationJobObject,
    };
    use windows_sys::Win32::System::Threading::GetCurrentProcess;

    use super::UNHANDLED;

    /// Names the directory for temporary files. Wine keeps `TMP` and `TEMP` of the system that it runs on from its programs.
    const TEMPORARY: &str = "SPOOLPROOF_TEMP";
    /// The most memory that a process may take, in MiB; 0 for no limit.
    const MEMORY: &str = "SPOOLPROOF_MEMORY_LIMIT";
    /// How many seconds of processor time a process has.
    const SECONDS: &str = "SPOOLPROOF_CPU_SECONDS";
    /// More processes than any provider needs at once.
    const PROCESSES: u32 = 256;

    pub(super) fn confine() {
        if let Some(dir) = std::env::var_os(TEMPORARY) {
            // SAFETY: on Windows the system guards the environment against threads that read it meanwhile.
            unsafe {
                std::env::set_var("TMP", &dir);
                std::env::set_var("TEMP", &dir);
            }
        }
        // SAFETY: sets what this process, and those that it starts, do instead of asking somebody who is not there.
        unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX) };
        // SAFETY: the function has the type that is asked for and lives as long as the process.
        unsafe { SetUnhandledExceptionFilter(Some(unhandled)) };
        limit();
    }

    /// The last to hear of an exception: the system would start a debugger, which takes its time and nobody looks at. Says which
    /// one it is, as Wine hands on a part of the exit status only, and has the process end with it.
    unsafe extern "system" fn unhandled(exception: *const EXCEPTION_POINTERS) -> i32 {
        const EXCEPTION_EXECUTE_HANDLER: i32 = 1;
        // SAFETY: the system passes a description of the exception that is being handled.
        let code = unsafe { (*(*exception).ExceptionRecord).ExceptionCode }.cast_unsigned();
        // Nothing is allocated and no lock taken: whoever has them may be the one that ends here.
        let mut line = [0; 64];
        let mut rest = &mut line[..];
        if writeln!(rest, "{UNHANDLED}{code:#010X}").is_ok() {
            let used = 64 - u32::try_from(rest.len()).unwrap_or(64);
            // SAFETY: as many bytes as are said stand there; nobody is told how many were written.
            unsafe {
                WriteFile(GetStdHandle(STD_ERROR_HANDLE), line.as_ptr(), used, null_mut(), null_mut());
            }
        }
        EXCEPTION_EXECUTE_HANDLER
    }

    fn limit() {
        let told = |name| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        let basic = &mut limits.BasicLimitInformation;
        basic.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        basic.ActiveProcessLimit = PROCESSES;
        if let Some(seconds) = told(SECONDS) {
            const TICKS: i64 = 10_000_000;
            basic.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
            basic.PerProcessUserTimeLimit = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(TICKS);
        }
        if let Some(mib) = told(MEMORY).filter(|mib| *mib > 0) {
            basic.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
            limits.ProcessMemoryLimit = mib.saturating_mul(1 << 20);
        }
        let size = u32::try_from(size_of_val(&limits)).unwrap_or(u32::MAX);
        // SAFETY: the structure is of the kind that is named, as large as is said, and lives for the call. The job's handle is
        // kept open for as long as the process lives: its limits end with it.
        unsafe {
            let job = CreateJobObjectW(null(), null());
            if !job.is_null()
                && SetInformationJobObject(
                    job,
                    JobObjectExtendedLimitInformation,
                    (&raw const limits).cast(),
                    size,
                ) != 0
            {
                AssignProcessToJobObject(job, GetCurrentProcess());
            }
        }
    }
}
