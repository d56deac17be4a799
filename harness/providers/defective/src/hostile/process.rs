//! What a process can do to itself, its files and its children.
//!
//! Killing the harness is not among it: on a system without sandboxes nothing stops a process from signalling another one of its
//! user. The parent, on Linux, is a process that stands ready to copy itself, and can be replaced.

use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use mapi_spi::flags::NOTIFY_NEWMAIL;

use super::{started, values};
use crate::defects::Defect;
use crate::defects::tools::{allocate, free, notify};

pub(super) const HOSTILE: &[Defect] = &[
    ("exits-in-a-thread", || started(exits_in_a_thread)),
    ("main-thread-ends", || started(main_thread_ends)),
    ("becomes-another-program", || started(becomes_another_program)),
    ("stops-itself", || started(|| signal_self(libc::SIGSTOP))),
    ("kills-itself", || started(|| signal_self(libc::SIGKILL))),
    ("stops-its-parent", || started(|| signal_parent(libc::SIGSTOP))),
    ("kills-its-parent", || started(|| signal_parent(libc::SIGKILL))),
    ("kills-its-group", || started(kills_its_group)),
    ("alarm", || started(alarm)),
    ("signals-blocked", || started(signals_blocked)),
    ("faults-ignored", || started(faults_ignored)),
    ("forks-and-returns-twice", || started(forks_and_returns_twice)),
    ("forks-in-its-group", || started(|| fork_children(16, false, false))),
    ("forks-without-end", || started(|| forks_without_end(false))),
    ("daemons-without-end", || started(|| forks_without_end(true))),
    ("daemons", || started(|| fork_children(16, true, false))),
    ("daemons-without-environment", || started(|| fork_children(16, true, true))),
    ("descriptors-closed", || started(descriptors_closed)),
    ("descriptors-written-to", || started(descriptors_written_to)),
    ("descriptors-replaced", || started(descriptors_replaced)),
    ("environment-emptied", || started(environment_emptied)),
    ("environment-misleading", || started(environment_misleading)),
    ("priority-lowered", || started(priority_lowered)),
    ("limits-raised", || started(limits_raised)),
    ("exits-in-order", || started(|| std::process::exit(0))),
    ("exit-handler-waits", || started(exit_handler_waits)),
    ("aborts-in-a-thread", || started(aborts_in_a_thread)),
    ("overflow", || started(overflows)),
    ("overflow-in-a-thread", || started(|| drop(std::thread::spawn(|| deep(1)).join()))),
    ("interrupted-without-end", || started(interrupted_without_end)),
    ("fault-handlers-replaced", || started(fault_handlers_replaced)),
    ("called-in-destructor", || started(|| ARMED.store(true, SeqCst))),
];

fn exits_in_a_thread() {
    std::thread::spawn(|| {
        // SAFETY: ends the process, which is what it is for.
        unsafe { libc::_exit(0) }
    });
    loop {
        std::thread::park();
    }
}

/// The process goes on without the thread that it began with.
fn main_thread_ends() {
    std::thread::spawn(|| {
        loop {
            std::thread::park();
        }
    });
    // SAFETY: ends this thread alone, without unwinding what is below it on the stack: the calls in progress never return.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Ends with status 0, and had nothing to do with us.
fn becomes_another_program() {
    let program = c"/bin/true";
    let arguments = [program.as_ptr(), null()];
    // SAFETY: the strings end with zero, the array with null.
    unsafe { libc::execv(program.as_ptr(), arguments.as_ptr()) };
}

fn signal_self(signal: libc::c_int) {
    // SAFETY: a signal to this process; what it does is what it is for.
    unsafe { libc::kill(libc::getpid(), signal) };
}

fn signal_parent(signal: libc::c_int) {
    // SAFETY: a signal to the process that made this one.
    unsafe { libc::kill(libc::getppid(), signal) };
}

/// The group is the case's own: nobody else is in it.
fn kills_its_group() {
    // SAFETY: as above.
    unsafe { libc::kill(0, libc::SIGKILL) };
}

/// Comes while the case waits.
fn alarm() {
    // SAFETY: asks for a signal to this process.
    unsafe { libc::alarm(1) };
    loop {
        std::thread::park();
    }
}

fn signals_blocked() {
    // SAFETY: all-zero is a value of this type, which is then filled.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, null_mut());
    }
    loop {
        std::thread::park();
    }
}

/// Faults are caught by a handler that does nothing, and come again for ever.
fn faults_ignored() {
    extern "C" fn nothing(_: libc::c_int) {}
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTERM] {
        // SAFETY: the function has the type of a handler and lives as long as the library, which is never unloaded in time.
        unsafe { libc::signal(signal, nothing as extern "C" fn(libc::c_int) as usize) };
    }
    crate::defects::tools::crash();
}

/// Both copies go on with the case.
fn forks_and_returns_twice() {
    // SAFETY: what runs on in the copy runs without the other threads; that it may hang is what it is for.
    unsafe { libc::fork() };
}

/// Children that wait for ever; detached ones have a session of their own and init's care.
fn fork_children(count: usize, detached: bool, unknown: bool) {
    for _ in 0..count {
        // SAFETY: the copy calls nothing but what a copy of a process with threads may call.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                if detached {
                    libc::setsid();
                    if libc::fork() != 0 {
                        libc::_exit(0);
                    }
                    for descriptor in 0..64 {
                        libc::close(descriptor);
                    }
                }
                if unknown {
                    let program = c"/bin/sleep";
                    let arguments = [program.as_ptr(), c"86399".as_ptr(), null()];
                    let environment = [null()];
                    libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
                }
                loop {
                    libc::pause();
                }
            }
            if detached && child > 0 {
                libc::waitpid(child, null_mut(), 0);
            }
        }
    }
}

/// More copies than a run allows, and fewer than what the machine, which has other work, would notice.
const COPIES: u32 = 700;

/// Every copy makes copies, detached ones each in a session of its own, until there have been [`COPIES`] of them; then all wait
/// for somebody to end them, for some seconds.
fn forks_without_end(detached: bool) {
    use std::sync::atomic::{AtomicU32, Ordering};
    const LONGEST: u32 = 20;
    // SAFETY: a page of its own, which the copies share; it stays mapped for as long as any of them lives.
    let page = unsafe {
        let shared = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        libc::mmap(null_mut(), size_of::<AtomicU32>(), libc::PROT_READ | libc::PROT_WRITE, shared, -1, 0)
    };
    if page == libc::MAP_FAILED {
        return;
    }
    // SAFETY: the page is mapped, aligned, and zero.
    let made = unsafe { &*page.cast::<AtomicU32>() };
    while made.fetch_add(1, Ordering::Relaxed) < COPIES {
        // SAFETY: the copy calls nothing but what a copy of a process with threads may call.
        unsafe {
            if libc::fork() == 0 && detached {
                libc::setsid();
            }
        }
    }
    // SAFETY: waits, then ends this copy.
    unsafe {
        libc::sleep(LONGEST);
        libc::_exit(0)
    };
}

const DESCRIPTORS: std::ops::Range<libc::c_int> = 0..1024;

/// All but those of files in the case's directory and of what waits for changes there: they are the wrapped provider's own, whose
/// threads would end the process over them or not, as the moment has it.
fn descriptors_closed() {
    let here = std::env::current_dir().unwrap_or_default();
    let is_own = |descriptor: &libc::c_int| {
        std::fs::read_link(format!("/proc/self/fd/{descriptor}"))
            .is_ok_and(|file| file.starts_with(&here) || file.to_string_lossy().starts_with("anon_inode:"))
    };
    for descriptor in DESCRIPTORS.filter(|descriptor| !is_own(descriptor)) {
        // SAFETY: that others need it is what it is about.
        unsafe { libc::close(descriptor) };
    }
}

fn descriptors_written_to() {
    let garbage = b"{\"n\":1,\"t\":0,\"th\":0,\"ev\":\"end\"}\n\xff\xfe garbage\n";
    for descriptor in DESCRIPTORS {
        // SAFETY: the bytes live for the call; whose file it is is what it is about.
        unsafe {
            libc::lseek(descriptor, 0, libc::SEEK_SET);
            libc::write(descriptor, garbage.as_ptr().cast(), garbage.len());
            libc::ftruncate(descriptor, 3);
        }
    }
}

/// Numbers that we may have kept lead to files of the candidate's.
fn descriptors_replaced() {
    descriptors_closed();
    for _ in DESCRIPTORS {
        // SAFETY: the name ends with zero.
        unsafe { libc::open(c"replaced.bin".as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600) };
    }
}

fn environment_emptied() {
    for (name, _) in std::env::vars_os() {
        // SAFETY: other threads may be reading it; that they may is what it is about.
        unsafe { std::env::remove_var(name) };
    }
}

fn priority_lowered() {
    // SAFETY: makes this process the last that is served.
    unsafe { libc::nice(19) };
}

/// What the loader, the C library and we ourselves read.
fn environment_misleading() {
    for name in
        ["LD_PRELOAD", "LD_LIBRARY_PATH", "TMPDIR", "HOME", "PATH", "MALLOC_CHECK_", "SPOOLPROOF_CHILD"]
    {
        // SAFETY: as for `environment_emptied`.
        unsafe { std::env::set_var(name, "/nowhere/nothing") };
    }
}

/// As far as the system lets it; then it takes memory, and uses it, without end.
fn limits_raised() {
    let none = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    for limit in [libc::RLIMIT_AS, libc::RLIMIT_DATA, libc::RLIMIT_FSIZE, libc::RLIMIT_CPU, libc::RLIMIT_CORE]
    {
        // SAFETY: the structure lives for the call.
        unsafe { libc::setrlimit(limit, &raw const none) };
    }
    let mut all = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1_u8; 16 << 20]));
    }
}

fn exit_handler_waits() {
    extern "C" fn waits() {
        loop {
            std::thread::park();
        }
    }
    // SAFETY: the function lives as long as the library, which stays until the process has ended.
    unsafe { libc::atexit(waits) };
    std::process::exit(0);
}

fn aborts_in_a_thread() {
    std::thread::spawn(|| std::process::abort());
    loop {
        std::thread::park();
    }
}

fn overflows() {
    std::hint::black_box(deep(1));
}

#[allow(unconditional_recursion, reason = "it is to have no end")]
fn deep(n: u64) -> u64 {
    let big = std::hint::black_box([n; 1024]);
    deep(n + 1) + big[usize::try_from(n % 1024).unwrap_or_default()]
}

/// A signal a millisecond, and system calls that it interrupts are not taken up again.
fn interrupted_without_end() {
    let often = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    let timer = libc::itimerval { it_interval: often, it_value: often };
    // SAFETY: all-zero is a value of this type; the handler is a function of the C library's of the same form, which stays when this
    // library is unloaded.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = libc::abs as *const () as usize;
        libc::sigaction(libc::SIGALRM, &raw const action, null_mut());
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut());
    }
}

/// Those that watch over pointers that lead nowhere, and the stack that they run on; then it passes such a pointer.
fn fault_handlers_replaced() {
    // SAFETY: what is not there any more is ours; that we live with it is what it is about.
    unsafe {
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::signal(libc::SIGBUS, libc::SIG_DFL);
        let none = libc::stack_t { ss_sp: null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        libc::sigaltstack(&raw const none, null_mut());
    }
    values::set_array_nowhere();
}

/// Makes a named pipe.
pub(super) fn pipe(name: &std::ffi::CStr) {
    // SAFETY: the name ends with zero.
    unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
}

/// Whether the destructor is to call.
static ARMED: AtomicBool = AtomicBool::new(false);

/// The loader calls it while the library is being unloaded.
#[used]
#[unsafe(link_section = ".fini_array")]
static DESTRUCTOR: extern "C" fn() = {
    extern "C" fn unloaded() {
        if ARMED.load(SeqCst) {
            notify(NOTIFY_NEWMAIL, null_mut());
            free(allocate(16));
        }
    }
    unloaded
};
