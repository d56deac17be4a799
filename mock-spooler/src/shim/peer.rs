//! A connection: calls go out, calls come in, and find the thread that they belong to.
//!
//! A call of the other side that is made while it handles one of ours says so (`in`), and is run by the thread that waits
//! for that answer: so nesting, and the thread that the trace shows, are what they are with a library. Calls that belong to
//! none of ours run on a thread of their own, one for each thread (`thread`) of the other side.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::kinds::Word as _;
use mapi_spi::meta::Method;
use mapi_spi::words::{Answer, FromWord as _, RELEASE, Through};
use serde_json::{Map, Value, json};

use super::fault::{Fault, FaultKind};
use super::lane::{self, Lanes};
use super::line::Lines;
use super::marshal::value::{to_code, to_u32};
use super::marshal::{Call, Kept, Width, accept, arguments};
use super::message::{self, Failure, NO_METHOD, Request};
use super::objects::{self, Objects, Proxy, Side};
use super::role::{Early, Role};
use super::wrong::{Wrong, quote};

/// How long the refusal of a wrong message may take, before the case ends without it.
const LAST_WORD: Duration = Duration::from_millis(200);

thread_local! {
    /// The call of the other side that this thread handles.
    pub(super) static IN_HAND: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// One end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub(super) this: Weak<Peer>,
    pub(super) side: Side,
    pub(super) role: Box<dyn Role>,
    pub(super) objects: Objects,
    out: Mutex<Output>,
    next: AtomicU64,
    pub(super) state: Mutex<State>,
    pub(super) lanes: Lanes,
    /// Calls of the other side that are not answered, and their bytes.
    pub(super) queued: AtomicUsize,
    pub(super) queued_bytes: AtomicUsize,
    over: AtomicBool,
}

struct Output(Box<dyn Write + Send>);

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Output")
    }
}

/// Calls of ours that are on their way.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) waiting: HashMap<u64, Waiting>,
}

/// A call of ours that has not been answered.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) to: Sender<Incoming>,
    /// Method and arguments, for outputs that are written early.
    pub(super) call: Option<(&'static Method, Vec<u64>)>,
}

/// What the thread that waits for an answer is sent.
#[derive(Debug)]
pub(super) enum Incoming {
    Answer(Result<Value, Failure>),
    Request(Request),
}

/// What answers the calls on proxies: the other side.
#[derive(Debug)]
pub(super) enum Remote {}

impl Answer for Remote {
    fn answer(this: *mut c_void, method: &'static Method, words: &mut [u64], through: Through) -> u64 {
        let Some((proxy, peer)) =
            objects::proxy_at(this).and_then(|proxy| proxy.peer.upgrade().map(|peer| (proxy, peer)))
        else {
            return failure(method, HRESULT::MAPI_E_INVALID_OBJECT);
        };
        match peer.role.local(&proxy, method, words, through) {
            Some(result) => result,
            None => peer.call(&proxy, method, words),
        }
    }
}

fn failure(method: &Method, code: HRESULT) -> u64 {
    if method.returns_hresult { code.word() } else { 0 }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peer {
    /// Connects: messages are read on a thread of their own from now on.
    ///
    /// # Errors
    ///
    /// The system has no thread for it.
    pub(super) fn connect(
        side: Side,
        role: Box<dyn Role>,
        input: impl Read + Send + 'static,
        output: Box<dyn Write + Send>,
    ) -> std::io::Result<Arc<Self>> {
        let peer = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            side,
            role,
            objects: Objects::new(side),
            out: Mutex::new(Output(output)),
            next: AtomicU64::new(1),
            state: Mutex::default(),
            lanes: Lanes::default(),
            queued: AtomicUsize::new(0),
            queued_bytes: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let reader = Arc::clone(&peer);
        std::thread::Builder::new().name("shim".to_owned()).spawn(move || reader.read(Lines::new(input)))?;
        Ok(peer)
    }

    pub(super) fn weak(&self) -> Weak<Self> {
        Weak::clone(&self.this)
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The connection comes to its end: the other side may close its output from now on.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// See [`Peer::is_over`]; whether it was so already.
    pub(super) fn set_over(&self) -> bool {
        self.over.swap(true, Ordering::AcqRel)
    }

    /// Waits, up to a deadline, until the other side's calls have been run that were read so far: those of its other threads go on beside
    /// ours, and on a busy machine stay behind.
    pub(super) fn settle(&self, deadline: Instant) {
        const STEP: Duration = Duration::from_millis(1);
        while self.queued.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            std::thread::park_timeout(STEP);
        }
    }

    /// No answer comes any more: whoever waits for one goes on.
    pub(super) fn abandon(&self) {
        lock(&self.state).waiting.clear();
    }

    /// Whether a failure means that no answer came before the end.
    pub(super) fn is_abandoned(&self, failure: &Failure) -> bool {
        self.is_over() && failure.code == 0
    }

    /// Closes our output.
    pub(super) fn hang_up(&self) {
        lock(&self.out).0 = Box::new(std::io::sink());
    }

    /// How many threads of this process are the connection's.
    pub(super) fn threads(&self) -> usize {
        1 + self.lanes.count()
    }

    pub(super) fn width(&self) -> Width {
        match self.side {
            Side::Spooler => Width::Eight,
            Side::Program => Width::Four,
        }
    }

    /// Writes a line. Where the other side reads no more, its end is what will be seen.
    pub(super) fn write(&self, message: &Value) {
        let Ok(mut line) = serde_json::to_vec(message) else { return };
        line.push(b'\n');
        let mut out = lock(&self.out);
        let _ = out.0.write_all(&line).and_then(|()| out.0.flush());
    }

    /// Tells the other side something that needs no answer.
    pub(super) fn notify(&self, method: &str, params: &Value) {
        self.write(&message::notification(method, params));
    }

    /// Answers a wrong message with what is wrong with it.
    pub(super) fn refuse(&self, id: &Value, text: &str) {
        let refusal = message::refusal(id, text);
        let (done, written) = channel();
        let Some(peer) = self.this.upgrade() else { return };
        // A program that floods may well not read: what comes after this does not wait for it.
        let write = move || {
            peer.write(&refusal);
            let _ = done.send(());
        };
        if std::thread::Builder::new().spawn(write).is_ok() {
            let _ = written.recv_timeout(LAST_WORD);
        }
    }

    /// Calls a method of the other side's that is no interface's.
    ///
    /// # Errors
    ///
    /// It answered with an error.
    pub(super) fn ask(&self, method: &str, params: Map<String, Value>) -> Result<Value, Failure> {
        self.request(method, params, None, None)
    }

    /// As [`Peer::ask`], for at most so long: silence is a fault.
    ///
    /// # Errors
    ///
    /// As for [`Peer::ask`].
    pub(super) fn ask_within(
        &self,
        method: &str,
        params: Map<String, Value>,
        bound: Duration,
    ) -> Result<Value, Failure> {
        self.request(method, params, None, Some(Instant::now() + bound))
    }

    /// Calls one of the functions that a library exports.
    ///
    /// # Errors
    ///
    /// It answered with an error.
    ///
    /// # Safety
    ///
    /// The words are the arguments of a call in progress.
    pub(super) unsafe fn call_entry(
        &self,
        method: &'static Method,
        words: &[u64],
    ) -> Result<HRESULT, Failure> {
        let call = Call { peer: self, method, words, width: self.width() };
        // SAFETY: as the caller vouches, here and below.
        let params = unsafe { arguments(&call) };
        let answer = self.request(method.name, params, Some((method, words.to_vec())), None)?;
        // SAFETY: passed on from the caller.
        match unsafe { self.accepted(&call, &Kept::default(), &answer) } {
            Ok(result) => Ok(HRESULT::from_word(result)),
            Err(wrong) => {
                self.fault(Fault::of(
                    FaultKind::WrongMessage,
                    &format!("the answer to {}", method.name),
                    &wrong,
                ));
            }
        }
    }

    fn request(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        call: Option<(&'static Method, Vec<u64>)>,
        deadline: Option<Instant>,
    ) -> Result<Value, Failure> {
        let within = IN_HAND.with_borrow(Clone::clone);
        match &within {
            Some(id) => {
                params.insert("in".to_owned(), id.clone());
            }
            None => {
                params.insert("thread".to_owned(), json!(lane::label()));
            }
        }
        for Early { call, out } in self.role.early() {
            self.notify("assign", &json!({ "call": call, "out": out }));
        }
        let gone = self.objects.given_up();
        if !gone.is_empty() {
            self.notify("gone", &json!({ "objects": gone }));
        }
        let id = self.next.fetch_add(1, Ordering::AcqRel);
        let (to, from) = channel();
        lock(&self.state).waiting.insert(id, Waiting { to, call });
        self.write(&message::request(id, method, params));
        let answer = self.wait(method, &from, deadline);
        lock(&self.state).waiting.remove(&id);
        answer
    }

    /// Waits for an answer, and runs the calls that the other side makes on the way to it.
    fn wait(
        &self,
        method: &str,
        from: &Receiver<Incoming>,
        deadline: Option<Instant>,
    ) -> Result<Value, Failure> {
        let started = Instant::now();
        loop {
            let next = match deadline {
                None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => from.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok(Incoming::Answer(answer)) => return answer,
                Ok(Incoming::Request(request)) => self.handle(request),
                // The reader keeps the sender until the answer is there, and ends the process where none can come.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure { code: 0, message: "the connection is over".to_owned() });
                }
                Err(RecvTimeoutError::Timeout) => {
                    let seen = format!("nothing, for {:.1} s", started.elapsed().as_secs_f64());
                    self.fault(Fault::new(FaultKind::Silent, format!("an answer to `{method}`"), seen));
                }
            }
        }
    }

    /// Calls a method of an object of the other side's.
    fn call(&self, proxy: &Proxy, method: &'static Method, words: &[u64]) -> u64 {
        let call = Call { peer: self, method, words, width: self.width() };
        // SAFETY: the words are the arguments of the call that is being made on the proxy.
        let mut params = unsafe { arguments(&call) };
        params.insert("this".to_owned(), json!(proxy.handle));
        let name = method.full_name;
        let answer = match self.request(name, params, Some((method, words.to_vec())), None) {
            Ok(answer) => answer,
            Err(Failure { code: NO_METHOD, .. }) => return failure(method, HRESULT::MAPI_E_NO_SUPPORT),
            Err(Failure { code, message }) => {
                let seen = format!("error {code}, {}", quote(message.as_bytes()));
                self.fault(Fault::new(FaultKind::Refused, format!("a result of {name}"), seen));
            }
        };
        // SAFETY: as above; the call has been answered.
        match unsafe { self.accepted(&call, &proxy.kept, &answer) } {
            Ok(result) => {
                if std::ptr::eq(method, &RELEASE) && result == 0 {
                    self.objects.gone(&proxy.handle);
                }
                // SAFETY: as above.
                unsafe { self.role.answered(method, words, result) };
                result
            }
            Err(wrong) => {
                self.fault(Fault::of(FaultKind::WrongMessage, &format!("the answer to {name}"), &wrong));
            }
        }
    }

    unsafe fn accepted(&self, call: &Call<'_>, kept: &Kept, answer: &Value) -> Result<u64, Wrong> {
        let Value::Object(fields) = answer else {
            return Err(Wrong::new("an object with `hr` (or `value`) and `out`", answer));
        };
        let out = fields.get("out").unwrap_or(&Value::Null);
        if !call.method.returns_hresult {
            let value = fields.get("value").ok_or_else(|| Wrong::new("`value`: a number", answer))?;
            return to_u32(value).map(u64::from).map_err(|wrong| wrong.within("value"));
        }
        let code = fields.get("hr").ok_or_else(|| Wrong::new("`hr`: the method's HRESULT", answer))?;
        let code = to_code(code).map_err(|wrong| wrong.within("hr"))?;
        // SAFETY: passed on from the caller.
        unsafe { accept(call, code, out, kept) }?;
        Ok(code.word())
    }

    pub(super) fn fault(&self, fault: Fault) -> ! {
        self.role.fault(self, fault)
    }
}
