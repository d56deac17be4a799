//! What the other side writes: lines are read, answers find their calls, calls find the thread that they belong to.

use std::ffi::c_void;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mapi_spi::kinds::Wire;
use mapi_spi::meta::Direction;
use mapi_spi::words::{self, RELEASE};
use serde_json::{Value, json};

use super::fault::{Fault, FaultKind};
use super::lane::MOST_THREADS;
use super::line::{LONGEST_LINE, Line, Lines};
use super::marshal::value::to_u64;
use super::marshal::{Frame, extends, free_outputs, results, store};
use super::message::{self, Failure, Message, Request};
use super::objects::{Side, unknown_handle};
use super::peer::{IN_HAND, Incoming, Peer, lock};
use super::wrong::{Wrong, quote, quote_of};

/// More calls than this are not left unanswered by an honest program.
const MOST_QUEUED: usize = 1024;
/// And not more bytes of them.
const MOST_QUEUED_BYTES: usize = 2 * LONGEST_LINE;

impl Peer {
    /// Reads until the other side has closed its output.
    pub(super) fn read(self: Arc<Self>, mut lines: Lines<impl Read>) {
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
            let number = to_u64(json).map_err(|wrong| wrong.within(name).within("out"))?;
            if words[index] != 0 {
                // SAFETY: the call is not answered, so its caller keeps the cell; it is taken out of `waiting`, under this
                // lock, before it goes on.
                unsafe { store(Wire::UlongPtr, words[index], number, self.width()) };
            }
        }
        Ok(())
    }
}
