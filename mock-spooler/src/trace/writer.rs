//! Writes the trace, one line an event, as it happens: what is written survives the process.

use std::cell::Cell;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mapi_spi::meta::Method;

use crate::trace::event::{Event, Header, TRACE_VERSION};
use crate::trace::mapped::Mapped;
use crate::trace::told::What;

/// Where events go: a file, or nowhere until one is opened (tests of our objects).
pub struct Writer {
    state: Mutex<State>,
    started: Instant,
    listener: OnceLock<Listener>,
}

/// Hears of each event before it is written.
type Listener = Box<dyn Fn(&What) + Send + Sync>;

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    file: Option<Mapped>,
    last: u64,
    line: Vec<u8>,
}

static THREADS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static THREAD: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The number of this thread, in the order of first appearance.
fn thread_number() -> u32 {
    THREAD.with(|thread| {
        thread.get().unwrap_or_else(|| {
            let number = THREADS.fetch_add(1, Ordering::Relaxed);
            thread.set(Some(number));
            number
        })
    })
}

impl Default for Writer {
    fn default() -> Self {
        Self { state: Mutex::default(), started: Instant::now(), listener: OnceLock::new() }
    }
}

impl Writer {
    /// Opens the trace file and writes its header.
    ///
    /// # Errors
    ///
    /// Where the file cannot be made or written.
    pub fn open(&self, path: &Path, case: &str) -> std::io::Result<()> {
        let mut file = Mapped::create(path)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let started = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        let header = Header { trace: TRACE_VERSION, case: case.to_owned(), started };
        let mut line = serde_json::to_vec(&header)?;
        line.push(b'\n');
        file.append(&line)?;
        // The spooler's own thread is number 0.
        thread_number();
        self.lock().file = Some(file);
        Ok(())
    }

    /// Lets somebody hear of each event from now on: a process without a trace of its own tells the one that has it.
    pub fn listen(&self, listener: impl Fn(&What) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// Goes on counting from the number of an event in another process's trace.
    pub fn follow(&self, last: u64) {
        let mut state = self.lock();
        state.last = state.last.max(last);
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// Writes an event; its number. With the last one the file ends: what threads of the candidate do afterwards, while the process
    /// leaves, is no part of the trace.
    pub fn record(&self, what: What) -> u64 {
        if let Some(listener) = self.listener.get() {
            listener(&what);
            return self.last();
        }
        let th = thread_number();
        let mut state = self.lock();
        state.last += 1;
        let n = state.last;
        let State { file: open, line, .. } = &mut *state;
        let Some(file) = open else { return n };
        let t = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let is_last = matches!(what, What::End {});
        let event = Event { n, t, th, what };
        line.clear();
        // A value that serde_json cannot write does not exist in this model; a disk that is full shows as a trace that
        // was cut off, which the judge reports as such.
        if serde_json::to_writer(&mut *line, &event).is_ok() {
            line.push(b'\n');
            let _ = file.append(line);
        }
        if is_last && let Some(file) = open.take() {
            // What cannot be shortened ends with zeroes, which readers pass over.
            let _ = file.close();
        }
        n
    }

    /// Writes that a pointer led nowhere, from within the handler of the signal: nothing is allocated, and nothing waited for.
    pub(crate) fn note_wild_pointer(&self, obj: &str, which: &str, method: &Method) {
        let Ok(mut state) = self.state.try_lock() else { return };
        let (n, th) = (state.last + 1, thread_number());
        let t = self.started.elapsed().as_nanos();
        let mut line = [0; 512];
        let mut rest = &mut line[..];
        // The names are those of the headers and ours: nothing in them needs to be escaped.
        let written = writeln!(
            rest,
            "{{\"n\":{n},\"t\":{t},\"th\":{th},\"ev\":\"illegal\",\"kind\":\"wild-pointer\",\"obj\":\"{obj}\",\
             \"detail\":\"{which} of {} leads nowhere\"}}",
            method.full_name
        );
        let left = rest.len();
        if written.is_ok()
            && let Some(file) = &mut state.file
        {
            file.append_in_place(&line[..line.len() - left]);
            state.last = n;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_the_end() {
        let path = std::env::temp_dir().join(format!("writer-end-{}", std::process::id()));
        let writer = Writer::default();
        writer.open(&path, "one").expect("a file");
        writer.record(What::End {});
        // A thread of the candidate that goes on.
        writer.record(What::LoadFailed { detail: "late".to_owned() });
        let text = std::fs::read_to_string(&path).expect("the file");
        std::fs::remove_file(&path).expect("removed");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[1].contains("\"ev\":\"end\"") && !text.contains('\0'), "{text}");
    }
}
