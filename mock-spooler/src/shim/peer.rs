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
use mapi_spi::kinds::{Wire, Word as _};
use mapi_spi::meta::{Direction, Method};
use mapi_spi::words::{self, Answer, FromWord as _, RELEASE, Through};
use serde_json::{Map, Value, json};

use super::fault::{Fault, FaultKind};
use super::lane::{self, Lanes, MOST_THREADS};
use super::line::{LONGEST_LINE, Line, Lines};
use super::marshal::value::{to_code, to_u32};
use super::marshal::{Call, Frame, Kept, Width, accept, arguments, extends, free_outputs, results, store};
use super::message::{self, Failure, Message, NO_METHOD, Request};
use super::objects::{self, Objects, Proxy, Side, unknown_handle};
use super::role::{Early, Role};
use super::wrong::{Wrong, quote, quote_of};

/// More calls than this are not left unanswered by an honest program.
const MOST_QUEUED: usize = 1024;
/// And not more bytes of them.
const MOST_QUEUED_BYTES: usize = 2 * LONGEST_LINE;
/// How long the refusal of a wrong message may take, before the case ends without it.
const LAST_WORD: Duration = Duration::from_millis(200);

thread_local! {
    /// The call of the other side that this thread handles.
    static IN_HAND: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// The name of a method on the wire.
pub(super) fn wire_name(method: &Method) -> String {
    format!("{}.{}", method.interface, method.name)
}

/// One end of a connection.
#[derive(Debug)]
pub struct Peer {
    this: Weak<Peer>,
    side: Side,
    role: Box<dyn Role>,
    objects: Objects,
    out: Mutex<Output>,
    next: AtomicU64,
    state: Mutex<State>,
    lanes: Lanes,
    queued: AtomicUsize,
    queued_bytes: AtomicUsize,
    over: AtomicBool,
}

struct Output(Box<dyn Write + Send>);

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Output")
    }
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
}

/// A call of ours that has not been answered.
#[derive(Debug)]
struct Waiting {
    to: Sender<Incoming>,
    /// Method and arguments, for outputs that are written early.
    call: Option<(&'static Method, Vec<u64>)>,
}

#[derive(Debug)]
enum Incoming {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

    fn width(&self) -> Width {
        match self.side {
            Side::Spooler => Width::Eight,
            Side::Program => Width::Four,
        }
    }

    /// Writes a line. Where the other side reads no more, its end is what will be seen.
    fn write(&self, message: &Value) {
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
        let name = wire_name(method);
        let answer = match self.request(&name, params, Some((method, words.to_vec())), None) {
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

    fn fault(&self, fault: Fault) -> ! {
        self.role.fault(self, fault)
    }

    fn read(self: Arc<Self>, mut lines: Lines<impl Read>) {
        loop {
            let line = match lines.next() {
                Ok(Line::Whole(line)) => line,
                Ok(Line::TooLong(line)) => {
                    let seen = format!("more than {LONGEST_LINE} bytes, {}", quote_of(&line, line.len()));
                    self.fault(Fault::new(
                        FaultKind::TooLong,
                        format!("lines of at most {LONGEST_LINE} bytes"),
                        seen,
                    ));
                }
                Ok(Line::Cut(line)) => {
                    let due = "a line feed at the end of every message";
                    self.fault(Fault::new(
                        FaultKind::Cut,
                        due,
                        format!("the output ended after {}", quote(&line)),
                    ));
                }
                Ok(Line::End) | Err(_) => return self.role.ended(&self),
            };
            match message::parse(&line) {
                Ok(Message::Answer { id, result }) => self.answered(&id, result, &line),
                Ok(Message::Request(request)) => self.dispatch(request),
                Ok(Message::Notification { method, params }) => {
                    if let Err(wrong) = self.notified(&method, &params) {
                        self.fault(Fault::of(FaultKind::WrongMessage, &quote(method.as_bytes()), &wrong));
                    }
                }
                Err(wrong) => {
                    self.refuse(&Value::Null, &wrong.to_string());
                    self.fault(Fault::of(FaultKind::NoMessage, "", &wrong));
                }
            }
        }
    }

    fn answered(&self, id: &Value, result: Result<Value, Failure>, line: &[u8]) {
        let waiting =
            id.as_u64().and_then(|id| lock(&self.state).waiting.get(&id).map(|waiting| waiting.to.clone()));
        // A second answer may come before the first is taken up: the call counts as answered with the first.
        let Some(to) = waiting else {
            let due = "answers to calls that were made, one to each";
            self.fault(Fault::new(FaultKind::Unasked, due, quote(line)));
        };
        if let Some(id) = id.as_u64() {
            lock(&self.state).waiting.remove(&id);
        }
        let _ = to.send(Incoming::Answer(result));
    }

    /// Sends a call of the other side's to the thread that it belongs to.
    fn dispatch(&self, request: Request) {
        let (calls, bytes) = (
            self.queued.fetch_add(1, Ordering::AcqRel) + 1,
            self.queued_bytes.fetch_add(request.size, Ordering::AcqRel) + request.size,
        );
        if calls > MOST_QUEUED || bytes > MOST_QUEUED_BYTES {
            let due = format!(
                "at most {MOST_QUEUED} calls, and {MOST_QUEUED_BYTES} bytes of them, that are not answered yet"
            );
            let seen = format!("another one, of {}", quote(request.method.as_bytes()));
            self.fault(Fault::new(FaultKind::Flood, due, seen));
        }
        match request.params.get("in") {
            Some(within) => {
                let waiting = within
                    .as_u64()
                    .and_then(|id| lock(&self.state).waiting.get(&id).map(|waiting| waiting.to.clone()));
                match waiting {
                    Some(to) => {
                        let _ = to.send(Incoming::Request(request));
                    }
                    None => {
                        let wrong =
                            Wrong::new("the `id` of a call that is not answered yet", within).within("in");
                        self.wrong(&request, &wrong);
                    }
                }
            }
            None => {
                let label =
                    request.params.get("thread").and_then(Value::as_str).unwrap_or_default().to_owned();
                if !self.lanes.send(&self.this, &label, request) {
                    let due = format!("calls from at most {MOST_THREADS} threads at once");
                    let seen = format!("another one, {}", quote(label.as_bytes()));
                    self.fault(Fault::new(FaultKind::Flood, due, seen));
                }
            }
        }
    }

    fn wrong(&self, request: &Request, wrong: &Wrong) -> ! {
        self.refuse(&request.id, &wrong.to_string());
        self.fault(Fault::of(
            FaultKind::WrongMessage,
            &format!("the call of {}", quote(request.method.as_bytes())),
            wrong,
        ))
    }

    /// Runs a call of the other side's and answers it.
    pub(super) fn handle(&self, request: Request) {
        let outer = IN_HAND.replace(Some(request.id.clone()));
        let result = self.run(&request);
        IN_HAND.set(outer);
        self.queued.fetch_sub(1, Ordering::AcqRel);
        self.queued_bytes.fetch_sub(request.size, Ordering::AcqRel);
        match result {
            Ok(result) => self.write(&message::answer(&request.id, &result)),
            Err(wrong) => self.wrong(&request, &wrong),
        }
    }

    fn run(&self, request: &Request) -> Result<Value, Wrong> {
        let known =
            request.method.split_once('.').and_then(|(interface, name)| words::method(interface, name));
        let Some((method, through)) = known else {
            return match self.role.request(self, &request.method, &request.params)? {
                Some(result) => Ok(result),
                None => Err(Wrong::told(self.role.methods(), quote(request.method.as_bytes()))),
            };
        };
        let this = request.params.get("this").and_then(Value::as_str);
        let this =
            this.ok_or_else(|| Wrong::told("`this`: the handle of the object", "nothing").within("this"))?;
        let export = self.objects.ours(this).ok_or_else(|| unknown_handle(this).within("this"))?;
        if !extends(export.interface, method.interface) {
            let due = format!("an object with {}", method.interface);
            return Err(Wrong::told(due, format!("{}, an {}", quote(this.as_bytes()), export.interface))
                .within("this"));
        }
        let frame = Frame::new(self, method, &request.params, self.role.room())?;
        let in_hand = self.role.begun(&request.id, &frame);
        // SAFETY: the object was handed out and has the interface; the frame's words are arguments of the declared types.
        let result = unsafe { through(export.address as *mut c_void, &frame.words) };
        self.role.over(in_hand);
        if std::ptr::eq(method, &RELEASE) && result == 0 && self.side == Side::Program {
            self.objects.withdraw(this);
        }
        Ok(self.result_of(&frame, result))
    }

    /// The answer to a call that has returned.
    pub(super) fn result_of(&self, frame: &Frame, result: u64) -> Value {
        let (call, code) = (frame.call(self), frame.code(result));
        // SAFETY: the frame's words are the arguments of a call that has returned with this code.
        let out = unsafe {
            let out = results(&call, code, &frame.hidden);
            free_outputs(&call, code);
            self.role.returned(self, frame.method, &frame.words, code);
            out
        };
        frame.returned();
        if frame.method.returns_hresult {
            let mut answer = json!({ "hr": code.to_string() });
            if !out.is_empty() {
                answer["out"] = Value::Object(out);
            }
            answer
        } else {
            json!({ "value": result & 0xffff_ffff })
        }
    }

    fn notified(&self, method: &str, params: &Value) -> Result<(), Wrong> {
        if method == "assign" && self.side == Side::Spooler {
            return self.assign(params);
        }
        if self.role.notified(self, method, params)? {
            Ok(())
        } else {
            Err(Wrong::told("a notification that there is: `assign`", quote(method.as_bytes())))
        }
    }

    /// Outputs of a call that is not over yet: a reference is there before its message is used.
    fn assign(&self, params: &Value) -> Result<(), Wrong> {
        let id = params.get("call").unwrap_or(&Value::Null);
        let out = params.get("out").and_then(Value::as_object);
        let out = out.ok_or_else(|| Wrong::new("an object with outputs", params).within("out"))?;
        let state = lock(&self.state);
        let call =
            id.as_u64().and_then(|id| state.waiting.get(&id)).and_then(|waiting| waiting.call.as_ref());
        let Some((method, words)) = call else {
            return Err(Wrong::new("the `id` of a call that is not answered yet", id).within("call"));
        };
        for (name, json) in out {
            let index = method.params.iter().position(|param| {
                param.name == name && param.direction == Direction::InOut && param.wire == Wire::UlongPtr
            });
            let index = index.ok_or_else(|| {
                Wrong::told(format!("a reference that {} returns", method.name), quote(name.as_bytes()))
                    .within("out")
            })?;
            let number =
                super::marshal::value::to_u64(json).map_err(|wrong| wrong.within(name).within("out"))?;
            if words[index] != 0 {
                // SAFETY: the call is not answered, so its caller keeps the cell; it is taken out of `waiting`, under this
                // lock, before it goes on.
                unsafe { store(Wire::UlongPtr, words[index], number, self.width()) };
            }
        }
        Ok(())
    }
}
