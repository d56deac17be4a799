//! `cargo test --test fuzz`: whatever stands in a file or comes over a pipe, its reader says what is wrong with it, soon, and goes on.
//!
//! Each target changes inputs of its corpus at random for `FUZZ_SECONDS` (two where it is not set), on stable Rust, with no more
//! guidance than what the reader answers: an input that is answered in a new way is changed further. The inputs that broke something
//! are kept in `corpus/TARGET/` and tried first ever after. `FUZZ_SEED` repeats a run.
//!
//! Coverage-guided fuzzers see further; they need another compiler, and what is to run with every push must run with this one. The
//! targets are plain functions of bytes, ready for either.

mod pool;
mod targets;

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};

use pool::Told;
use targets::TARGETS;

/// What each target came to.
static ALL: Mutex<Vec<Told>> = Mutex::new(Vec::new());

/// What panicked last, and where.
pub(crate) static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    // What panics is told once, with the input that was kept.
    std::panic::set_hook(Box::new(|panic| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
    }));
    let trials = TARGETS.iter().map(|target| {
        Trial::test(target.name, || {
            let told = pool::run(target).map_err(Failed::from)?;
            ALL.lock().unwrap_or_else(PoisonError::into_inner).push(told);
            Ok(())
        })
    });
    let mut arguments = Arguments::from_args();
    // Panics are told by the hook of this process: one target at a time.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    for told in ALL.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("{told}");
    }
    conclusion.exit_code()
}
