//! Inputs that are changed, tried, and kept where they are answered in a new way.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use fastrand::Rng;
use mutatis::Session;

use crate::targets::Target;

/// No input may take longer than this, on a machine that is busy with other things.
const SLOWEST: Duration = Duration::from_secs(5);
/// No input grows beyond this.
const LARGEST: usize = 64 << 10;
/// How many inputs are kept.
const MOST: usize = 4096;

/// What a target came to.
pub(crate) struct Told {
    name: &'static str,
    executions: u64,
    took: Duration,
    slowest: Duration,
    ways: usize,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, executions, took, slowest, ways } = self;
        write!(
            f,
            "{name:<10} {executions:>8} executions in {took:>6.1?}, the slowest {slowest:.1?}, {ways} kinds of answer"
        )
    }
}

/// Runs a target: its corpus as it is, then changed, until the time is over.
pub(crate) fn run(target: &Target) -> Result<Told, String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let time = Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(2));
    let mut pool = corpus(target);
    if pool.is_empty() {
        return Err(format!("there is no corpus for `{}`", target.name));
    }
    let mut answers = BTreeSet::new();
    let mut told =
        Told { name: target.name, executions: 0, took: Duration::ZERO, slowest: Duration::ZERO, ways: 0 };
    let start = Instant::now();
    for input in &pool {
        answers.insert(tried(target, input, seed, &mut told)?);
    }
    let (mut random, mut session) = (Rng::with_seed(seed), Session::new().seed(seed));
    while start.elapsed() < time {
        let input = changed(&pool, &mut random, &mut session);
        if answers.insert(tried(target, &input, seed, &mut told)?) && pool.len() < MOST {
            pool.push(input);
        }
    }
    (told.took, told.ways) = (start.elapsed(), answers.len());
    Ok(told)
}

/// Tries an input; the kind of its answer.
fn tried(target: &Target, input: &[u8], seed: u64, told: &mut Told) -> Result<String, String> {
    let start = Instant::now();
    let answer = catch_unwind(AssertUnwindSafe(|| (target.try_it)(input)));
    let took = start.elapsed();
    told.executions += 1;
    told.slowest = told.slowest.max(took);
    let broken = match &answer {
        Ok(_) if took <= SLOWEST => None,
        Ok(_) => Some(format!("it took {took:?}")),
        Err(_) => Some(crate::PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone()),
    };
    match (broken, answer) {
        (None, Ok(answer)) => Ok(kind(&answer)),
        (broken, _) => {
            let kept = keep(target, input);
            let broken = broken.unwrap_or_default();
            Err(format!(
                "`{}`: {broken}; FUZZ_SEED={seed}; the input is kept in `{}`",
                target.name,
                kept.display()
            ))
        }
    }
}

/// An answer without its numbers and quotations: two that differ in these alone are of one kind.
fn kind(answer: &str) -> String {
    let mut quoted = false;
    let shown = answer.chars().filter(|c| {
        quoted ^= *c == '`';
        !quoted && !c.is_ascii_digit()
    });
    shown.take(120).collect()
}

/// The inputs of the repository: those that once broke something, and files of the kind that the reader is for.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for dir in std::iter::once(own(target)).chain(target.seeds.iter().map(|dir| root().join(dir))) {
        below(&dir, target.extension, &mut files);
    }
    files.sort();
    files.iter().filter_map(|file| std::fs::read(file).ok()).filter(|bytes| bytes.len() <= LARGEST).collect()
}

fn below(dir: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn own(target: &Target) -> PathBuf {
    root().join("harness/fuzz/corpus").join(target.name)
}

fn keep(target: &Target, input: &[u8]) -> PathBuf {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let path = own(target).join(format!("broke-{:016x}.{}", hasher.finish(), target.extension));
    // Where it cannot be kept the seed still repeats it.
    drop(std::fs::write(&path, input));
    path
}

/// An input of the pool, changed a few times: single bytes, pieces of other inputs, lines that come twice or not at all.
fn changed(pool: &[Vec<u8>], random: &mut Rng, session: &mut Session) -> Vec<u8> {
    let mut input = pool[random.usize(..pool.len())].clone();
    for _ in 0..random.usize(1..6) {
        match random.u8(..8) {
            0..=2 => drop(session.mutate(&mut input)),
            3 | 4 => {
                let other = &pool[random.usize(..pool.len())];
                let piece = piece(other, random);
                let at = random.usize(..=input.len());
                let end = if random.bool() { at } else { (at + piece.len()).min(input.len()) };
                input.splice(at..end, piece.iter().copied());
            }
            5 => {
                let line = line(&input, random);
                let copy = input[line.clone()].to_vec();
                input.splice(line.start..line.start, copy);
            }
            6 => {
                let line = line(&input, random);
                input.drain(line);
            }
            _ => {
                const ODD: &[&str] = &[
                    "null",
                    "-1",
                    "0",
                    "18446744073709551616",
                    "1e999",
                    "\"\"",
                    "[]",
                    "{}",
                    "&a [*a]",
                    "*a",
                    "!!binary x",
                    "\u{feff}",
                    "\0",
                    "\u{202e}",
                    "0xFFFFFFFF",
                    "~",
                    "|",
                    ">",
                    "- ",
                    ": ",
                    "\\u0000",
                    "\\ud800",
                    "\r\n\r\n",
                    "=?utf-8?B?AA==?=",
                    "boundary=\"\"",
                    "..",
                    "/",
                    "\\",
                ];
                let at = random.usize(..=input.len());
                let odd = ODD[random.usize(..ODD.len())].bytes();
                input.splice(at..at, odd);
            }
        }
    }
    input.truncate(LARGEST);
    input
}

fn piece<'a>(of: &'a [u8], random: &mut Rng) -> &'a [u8] {
    let start = random.usize(..=of.len());
    let end = (start + random.usize(..64)).min(of.len());
    &of[start..end]
}

/// A line of the input, its end included.
fn line(input: &[u8], random: &mut Rng) -> std::ops::Range<usize> {
    let at = random.usize(..=input.len());
    let start = input[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = input[at..].iter().position(|byte| *byte == b'\n').map_or(input.len(), |end| at + end + 1);
    start..end
}
