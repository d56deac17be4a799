//! The program behind a shim: started, spoken with, ended.

use std::ffi::c_void;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::meta::Method;
use mapi_spi::words::word_of;
use serde_json::{Map, Value, json};

use super::entry::method_of;
use super::fault::{Fault, FaultKind};
use super::line::LONGEST_LINE;
use super::marshal::{Lent, pointer};
use super::message::Failure;
use super::objects::Side;
use super::peer::Peer;
use super::role::Role;
use super::wrong::{Wrong, quote};
use super::{PROTOCOL, marshal};
use crate::child;
use crate::com::boundary;
use crate::loader::EntryPoint;
use crate::memory;
use crate::objects::wire::Arena;
use crate::plan;
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

/// How long a program may take until it answers the first question. Interpreters and virtual machines take their time to
/// start, the more so on a busy machine.
const FIRST_ANSWER: Duration = Duration::from_secs(15);
/// How long it may take to end, once it is told.
const END: Duration = Duration::from_secs(5);
/// More reports of a host on its library's memory are not taken.
const MOST_REPORTS: u32 = 4096;

/// Longer names are none that a file can have everywhere.
const LONGEST_NAME: usize = 200;

/// What a program says of itself in the first exchange, and may leave out.
const CAPABILITIES: &[&str] = &["source", "sink", "store", "threads"];

/// A program that speaks the protocol.
#[derive(Debug)]
pub struct Shim {
    peer: Arc<Peer>,
    program: Arc<Program>,
    capabilities: Vec<String>,
}

#[derive(Debug)]
struct Program {
    command: String,
    child: Mutex<Child>,
    /// The first exchange is over: from here on a fault is one of the candidate's conduct.
    met: AtomicBool,
    failed: AtomicBool,
    reports: AtomicU32,
}

impl Shim {
    /// Starts a program and exchanges the first messages with it.
    ///
    /// # Errors
    ///
    /// The program cannot be started. What it does wrong afterwards ends this process, with the reason in the trace.
    pub fn start(shim: &plan::Shim) -> io::Result<Self> {
        let (name, arguments) =
            shim.command.split_first().ok_or_else(|| io::Error::other("the command is empty"))?;
        let mut command = Command::new(name);
        command.args(arguments).current_dir(&shim.dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        follow(&mut command);
        let mut child = command.spawn()?;
        let input = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let output = child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
        let program = Arc::new(Program {
            command: shim.command.join(" "),
            child: Mutex::new(child),
            met: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            reports: AtomicU32::new(0),
        });
        let role = Box::new(Spooler { program: Arc::clone(&program) });
        let peer = Peer::connect(Side::Spooler, role, input, Box::new(output))?;
        let mut shim = Self { peer, program, capabilities: Vec::new() };
        shim.meet();
        Ok(shim)
    }

    fn meet(&mut self) {
        let params = Map::from_iter([
            ("protocol".to_owned(), json!([PROTOCOL])),
            ("spooler".to_owned(), json!(concat!("mock-spooler ", env!("CARGO_PKG_VERSION")))),
            ("longest-line".to_owned(), json!(LONGEST_LINE)),
            ("capabilities".to_owned(), json!(CAPABILITIES)),
        ]);
        let answer = match self.peer.ask_within("hello", params, FIRST_ANSWER) {
            Ok(answer) => answer,
            Err(failure) => self.refused("hello", &failure),
        };
        let wrong = |wrong: &Wrong| -> ! {
            self.program.fault(&self.peer, Fault::of(FaultKind::WrongMessage, "the answer to hello", wrong))
        };
        let version = answer.get("protocol").unwrap_or(&Value::Null);
        if version.as_u64() != Some(PROTOCOL) {
            wrong(
                &Wrong::new(format!("the version of the protocol, {PROTOCOL}"), version).within("protocol"),
            );
        }
        let told: &[Value] = answer.get("capabilities").and_then(Value::as_array).map_or(&[], Vec::as_slice);
        for capability in told {
            match capability.as_str().filter(|name| CAPABILITIES.contains(name)) {
                Some(name) => self.capabilities.push(name.to_owned()),
                None => {
                    let due = format!("some of {}", CAPABILITIES.join(", "));
                    wrong(&Wrong::new(due, capability).within("capabilities"));
                }
            }
        }
        self.program.met.store(true, Ordering::Release);
        let name = answer.get("name").and_then(Value::as_str).unwrap_or_default();
        boundary().record(What::Fact {
            name: "shim".to_owned(),
            value: json!({ "name": name, "protocol": PROTOCOL, "capabilities": self.capabilities }),
        });
    }

    fn refused(&self, method: &str, failure: &Failure) -> ! {
        let seen = format!("error {}, {}", failure.code, quote(failure.message.as_bytes()));
        self.program.fault(&self.peer, Fault::new(FaultKind::Refused, format!("a result of {method}"), seen))
    }

    /// Whether the program said that it can do something.
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// Calls an entry point of the program.
    ///
    /// # Safety
    ///
    /// As for [`crate::loader::Loaded::init`].
    pub unsafe fn init(
        &self,
        entry: EntryPoint,
        malloc: *mut c_void,
        version: u32,
        provider_version: *mut u32,
        provider: *mut *mut c_void,
    ) -> HRESULT {
        let words = [
            word_of(malloc),
            0,
            u64::from(version),
            word_of(provider_version.cast()),
            word_of(provider.cast()),
        ];
        // SAFETY: the words are the method's arguments, as the caller vouches.
        match unsafe { self.peer.call_entry(method_of(entry), &words) } {
            Ok(code) => code,
            Err(failure) => self.refused(entry.name(), &failure),
        }
    }

    /// The threads that the provider has left, where the program counts them: before it was loaded, and now.
    #[must_use]
    pub fn threads(&self) -> Option<(u64, u64)> {
        if !self.can("threads") {
            return None;
        }
        match self.peer.ask("threads", Map::new()) {
            Ok(answer) => Some((answer.get("before")?.as_u64()?, answer.get("after")?.as_u64()?)),
            Err(failure) => self.refused("threads", &failure),
        }
    }

    /// Gives the program a mail, as one that has arrived for it.
    ///
    /// # Errors
    ///
    /// In words, where it takes none.
    pub fn stage(&self, name: &str, mail: &[u8]) -> Result<(), String> {
        if !self.can("source") {
            return Err(
                "the candidate file says `source: { shim: true }`, and the program did not offer `source`"
                    .to_owned(),
            );
        }
        let params = Map::from_iter([
            ("name".to_owned(), json!(name)),
            ("mail".to_owned(), marshal::value::bytes(mail)),
        ]);
        match self.peer.ask("arrive", params) {
            Ok(_) => Ok(()),
            Err(failure) => self.refused("arrive", &failure),
        }
    }

    /// The mails that the program has sent, by the names that it gives them.
    ///
    /// # Errors
    ///
    /// In words, where it does not tell.
    pub fn sent(&self) -> Result<Vec<(String, Vec<u8>)>, String> {
        if !self.can("sink") {
            return Err(
                "the candidate file says `sink: { shim: true }`, and the program did not offer `sink`"
                    .to_owned(),
            );
        }
        let answer = match self.peer.ask("sent", Map::new()) {
            Ok(answer) => answer,
            Err(failure) => self.refused("sent", &failure),
        };
        let mails = || -> Result<Vec<(String, Vec<u8>)>, Wrong> {
            let mails = answer.get("mails").and_then(Value::as_array);
            let mails = mails.ok_or_else(|| Wrong::new("`mails`: a list", &answer))?;
            let mail = |mail: &Value| -> Result<(String, Vec<u8>), Wrong> {
                let name = mail.get("name").and_then(Value::as_str).unwrap_or_default();
                let plain = name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
                if name.is_empty() || name.len() > LONGEST_NAME || !plain || name.starts_with('.') {
                    let due = "a file name of at most 200 letters, digits, `-`, `_` and `.`";
                    return Err(Wrong::new(due, mail.get("name").unwrap_or(&Value::Null)).within("name"));
                }
                let bytes = marshal::value::to_bytes(mail.get("mail").unwrap_or(&Value::Null));
                Ok((name.to_owned(), bytes.map_err(|wrong| wrong.within("mail"))?))
            };
            mails.iter().map(mail).collect()
        };
        mails().map_err(|wrong| {
            self.program.fault(&self.peer, Fault::of(FaultKind::WrongMessage, "the answer to sent", &wrong))
        })
    }

    /// Tells the program to end, and sees it to its end.
    pub fn end(&self) {
        self.peer.settle(Instant::now() + END);
        if self.peer.set_over() {
            return;
        }
        match self.peer.ask_within("exit", Map::new(), END) {
            // It may be gone before its answer is taken up.
            Err(failure) if !self.peer.is_abandoned(&failure) => self.refused("exit", &failure),
            Ok(_) | Err(_) => {}
        }
        self.peer.hang_up();
        let deadline = Instant::now() + END;
        match self.program.wait(deadline) {
            Some(status) if status.success() => {}
            Some(status) => {
                let due = "exit status 0 after `exit`";
                self.program.fault(&self.peer, Fault::new(FaultKind::StaysOn, due, status.to_string()));
            }
            None => {
                let due = format!("the program ends within {} s after `exit`", END.as_secs());
                self.program.fault(&self.peer, Fault::new(FaultKind::StaysOn, due, "it runs on"));
            }
        }
        self.peer.objects().close();
    }
}

impl Program {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end, up to a deadline.
    fn wait(&self, deadline: Instant) -> Option<ExitStatus> {
        const STEP: Duration = Duration::from_millis(1);
        loop {
            if let Ok(Some(status)) = self.child().try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::park_timeout(STEP);
        }
    }

    /// Records a fault, and ends this process: as after a crash of a library, there is no candidate any more.
    fn fault(&self, _peer: &Peer, fault: Fault) -> ! {
        if self.failed.swap(true, Ordering::AcqRel) {
            // Somebody else is about to end the process.
            loop {
                std::thread::park();
            }
        }
        let Fault { kind, seen, due } = fault;
        if !self.met.load(Ordering::Acquire) {
            let detail = format!("`{}`, as a shim: due: {due}; seen: {seen}", self.command);
            boundary().record(What::LoadFailed { detail });
            boundary().record(What::End {});
            child::leave();
        }
        let (status, signal) = match kind {
            FaultKind::Exited => self.status(),
            _ => (None, None),
        };
        boundary().record(What::ShimFault { kind, due, seen, status, signal });
        child::leave()
    }

    fn status(&self) -> (Option<i32>, Option<i32>) {
        let Ok(Some(status)) = self.child().try_wait() else { return (None, None) };
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        (status.code(), signal)
    }
}

/// The spooler's part of a connection.
#[derive(Debug)]
struct Spooler {
    program: Arc<Program>,
}

impl Role for Spooler {
    fn request(&self, _peer: &Peer, method: &str, _params: &Value) -> Result<Option<Value>, Wrong> {
        // A host of a library asks before each allocation, so that sweeps reach them.
        if method != "MAPIAllocateBuffer" {
            return Ok(None);
        }
        let code = memory::asked().unwrap_or(HRESULT::S_OK);
        Ok(Some(json!({ "hr": code.to_string(), "event": boundary().last_event() })))
    }

    fn notified(&self, _peer: &Peer, method: &str, params: &Value) -> Result<bool, Wrong> {
        if method != "report" {
            return Ok(false);
        }
        if self.program.reports.fetch_add(1, Ordering::AcqRel) >= MOST_REPORTS {
            return Err(Wrong::told(format!("at most {MOST_REPORTS} reports"), "another one"));
        }
        let kind = params.get("kind").cloned().unwrap_or_default();
        let kind: IllegalKind = serde_json::from_value(kind)
            .map_err(|_| Wrong::new("what is wrong, by the trace's name", params).within("kind"))?;
        let text = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        boundary().record(What::Illegal { kind, obj: text("obj"), detail: text("detail") });
        Ok(true)
    }

    fn methods(&self) -> String {
        "a method of a declared interface, such as `IMAPISupport.SpoolerNotify`, as SHIM.md lists them"
            .to_owned()
    }

    fn fault(&self, peer: &Peer, fault: Fault) -> ! {
        self.program.fault(peer, fault)
    }

    fn ended(&self, peer: &Peer) {
        if peer.is_over() {
            peer.abandon();
            return;
        }
        let due = "the program goes on until it is told to end";
        let seen = match self.program.wait(Instant::now() + END) {
            Some(status) => format!("it ended: {status}"),
            None => "it closed its standard output".to_owned(),
        };
        self.program.fault(peer, Fault::new(FaultKind::Exited, due, seen));
    }

    fn room(&self) -> Lent {
        Lent::new(Box::new(Arena::default()))
    }

    unsafe fn returned(&self, peer: &Peer, method: &'static Method, words: &[u64], code: HRESULT) {
        if method.name == "MakeInvalid" && code.is_ok() {
            let object = method.params.iter().position(|param| param.name == "lpObject");
            if let Some(object) = object {
                peer.objects().surrender(pointer(words[object]));
            }
        }
    }
}

/// Ends the program with this process, should that be ended from outside.
#[cfg(target_os = "linux")]
fn follow(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: between fork and exec only this one system call is made, which is safe to make there.
    unsafe {
        command.pre_exec(|| {
            // Where it is refused, a program that watches its standard input ends all the same.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn follow(_command: &mut Command) {}
