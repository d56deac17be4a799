//! From a trace to text.

use std::fmt;

use mapi_spi::flags;
use mock_spooler::trace::event::{Outcome, Prop, What};
use serde_json::json;

use super::{message, stores};
use crate::judge::Trace;
use crate::judge::calls::Call;
use crate::judge::model::{Model, StepSpan};
use crate::judge::receipt::Receipt;
use crate::judge::session::{Way, spooler_flags, transport_flags};
use crate::judge::values::{find, ids, number_of, prop_bits, text, value_bits};

/// A trace with the provider's freedom folded away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// The lines, in order.
    pub lines: Vec<Line>,
}

/// A line of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says, with its indentation.
    pub text: String,
    /// The event that it comes from.
    pub event: u64,
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{}", line.text))
    }
}

/// The ways that a status row shows to be on.
pub(super) const WAYS: [(u32, &str); 2] =
    [(flags::STATUS_INBOUND_ENABLED, "inbound"), (flags::STATUS_OUTBOUND_ENABLED, "outbound")];

/// The line that says that a way was turned on or off.
pub(super) fn way_line(way: &str, on: bool) -> String {
    format!("{way} is {}", if on { "on" } else { "off" })
}

/// Projects a trace. See [`FOLDINGS`](super::FOLDINGS) for what is not in it.
#[must_use]
pub fn project(trace: &Trace) -> Projection {
    let model = Model::new(trace);
    let mut projection = Projection::default();
    for step in &model.steps {
        let others = if step.session.is_empty() || step.session == "main" {
            String::new()
        } else {
            format!(" ({})", step.session)
        };
        projection.put(0, step.from, format!("{}{others}", step.verb));
        let mut said = Step { model: &model, step, blocks: Vec::new() };
        said.fill();
        projection.lines.extend(said.lines());
    }
    projection
}

impl Projection {
    fn put(&mut self, depth: usize, event: u64, text: impl AsRef<str>) {
        self.lines.push(Line { text: format!("{}{}", "  ".repeat(depth), text.as_ref()), event });
    }
}

/// Lines that belong together: a call and what is within it.
struct Block {
    /// Deliveries of one step are put in the order of their subjects.
    sort: Option<String>,
    lines: Projection,
}

struct Step<'a, 't> {
    model: &'a Model<'t>,
    step: &'a StepSpan<'t>,
    blocks: Vec<Block>,
}

impl Step<'_, '_> {
    fn fill(&mut self) {
        let model = self.model;
        let (mut announced, mut asked) = (false, false);
        for event in model.events_between(self.step.from, self.step.to) {
            match &event.what {
                // The spooler asks once; again where the provider tells of another configuration.
                What::Call { m, .. }
                    if m == "IXPLogon.AddressTypes" && std::mem::replace(&mut asked, true) => {}
                What::Call { .. } => {
                    if let Some(block) = self.call(event.n) {
                        self.blocks.push(block);
                    }
                }
                What::Arrive { mail } => self.line(event.n, mail),
                What::Announced { .. } if self.step.verb == "announce" && !announced => {
                    announced = true;
                    self.line(event.n, "mail is announced");
                }
                What::Fact { name, value } if name == "settled" => self.settled(event.n, value),
                What::Fact { name, value } if name == "service" => self.service(event.n, value),
                What::Fact { name, value } => {
                    let said = stores::lines(name, value, self.step.verb);
                    if !said.is_empty() {
                        let mut lines = Projection::default();
                        said.into_iter().for_each(|(depth, text)| lines.put(depth, event.n, text));
                        self.blocks.push(Block { sort: None, lines });
                    }
                }
                What::Foreign { session, m, args, hr, out, .. } if self.concerns_a_store() => {
                    let (args, out) = (json!(args), json!(out));
                    if let Some(text) = stores::foreign(session, m, &args, hr, &out) {
                        self.line(event.n, &text);
                    }
                }
                What::TimedOut { waiting, .. } => self.line(event.n, &format!("nothing came: {waiting}")),
                What::Unexpected { due, seen } => self.line(event.n, &format!("{seen} instead of {due}")),
                _ => {}
            }
        }
        self.row();
    }

    /// What became of a message on its way out, and whom it reached. How many SubmitMessage calls that took is folded away.
    fn settled(&mut self, n: u64, value: &serde_json::Value) {
        let rows: Vec<Vec<Prop>> = serde_json::from_value(value["recipients"].clone()).unwrap_or_default();
        let marked =
            |row: &&Vec<Prop>| find(row, ids::PR_RESPONSIBILITY).is_some_and(|prop| prop.value == true);
        let mut served: Vec<&str> =
            rows.iter().filter(marked).filter_map(|row| text(row, ids::PR_EMAIL_ADDRESS)).collect();
        served.sort_unstable();
        let became = match value["fate"].as_str() {
            Some("done") => "is sent",
            // Asked again, a transport that has served its recipients finds none that are left.
            Some("refused") if !served.is_empty() => "is sent",
            Some("refused") => "is not for this transport",
            Some("failed") => "is not sent",
            Some(_) | None => "is kept for later",
        };
        let mut lines = Projection::default();
        lines.put(1, n, format!("{} {became}", value["mail"].as_str().unwrap_or("a message")));
        served.into_iter().for_each(|address| lines.put(2, n, format!("PR_RESPONSIBILITY for {address}")));
        self.blocks.push(Block { sort: None, lines });
    }

    fn concerns_a_store(&self) -> bool {
        matches!(self.step.verb, "spool" | "send-from-store" | "close-store")
    }

    /// What a message service answered, as far as the page fixes it. Created without a dialog it may refuse or not.
    fn service(&mut self, n: u64, value: &serde_json::Value) {
        if value["step"] != true {
            return;
        }
        let context = value["context"].as_str().unwrap_or_default();
        let fixed =
            ["MSG_SERVICE_CONFIGURE", "MSG_SERVICE_DELETE", "MSG_SERVICE_INSTALL", "MSG_SERVICE_UNINSTALL"];
        let without = context == "MSG_SERVICE_CONFIGURE" && value["values"] == 0;
        let result = match value["hr"].as_str() {
            _ if without || !fixed.contains(&context) => String::new(),
            Some("S_OK") => " = S_OK".to_owned(),
            Some(_) | None => " = an error".to_owned(),
        };
        self.line(n, &format!("{context}{result}"));
    }

    fn line(&mut self, event: u64, text: &str) {
        let mut lines = Projection::default();
        lines.put(1, event, text);
        self.blocks.push(Block { sort: None, lines });
    }

    /// What the step left in the session's status row.
    fn row(&mut self) {
        let before = |row: &&crate::judge::model::Row<'_>| row.n <= self.step.from;
        let upto = |row: &&crate::judge::model::Row<'_>| row.n < self.step.to;
        let mine = || self.model.rows.iter().filter(|row| row.session == self.step.session);
        let old = mine().rfind(before).and_then(|row| row.columns);
        let Some(last) = mine().rfind(upto) else { return };
        let n = last.n;
        match (old, last.columns) {
            (Some(_), None) => self.line(n, "no status row"),
            (None, Some(_)) => self.line(n, "status row"),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn call(&self, n: u64) -> Option<Block> {
        let calls = self.model.calls.all();
        let index = calls.partition_point(|call| call.n < n);
        let call = calls.get(index).filter(|call| call.n == n && !call.by_candidate())?;
        if let Some(receipt) = self.model.receipt_of(index) {
            return self.receipt(call, receipt);
        }
        let text = self.spooler_call(call)?;
        let mut lines = Projection::default();
        lines.put(1, call.n, text);
        if call.m == "IXPLogon.TransportNotify" {
            self.ways_after(call).into_iter().for_each(|line| lines.put(2, call.end(), line));
        }
        Some(Block { sort: None, lines })
    }

    /// What the row shows of the ways that a TransportNotify was about. It may have shown it before, too.
    fn ways_after(&self, call: &Call<'_>) -> Vec<String> {
        let told = transport_flags(call);
        let Some(session) = self.model.session_of(call.obj) else { return Vec::new() };
        let code = |columns| prop_bits(columns, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS).unwrap_or(0);
        let served = |bit: u32| {
            self.model.rows.iter().any(|row| row.columns.is_some_and(|columns| code(columns) & bit != 0))
        };
        let now = self.model.row_at(session, call.end()).map_or(0, code);
        let both = [Way::Inbound, Way::Outbound].into_iter().zip(WAYS);
        let told = both.filter(|(way, (bit, _))| told & (way.begin() | way.end()) != 0 && served(*bit));
        told.map(|(_, (bit, name))| way_line(name, now & bit != 0)).collect()
    }

    fn spooler_call(&self, call: &Call<'_>) -> Option<String> {
        let given =
            |set: u32, names: &flags::FlagSet| if set == 0 { String::new() } else { names.render(set) };
        let text = match call.m {
            "XPProviderInit" => {
                let version = number_of(call.args, "ulMAPIVer").unwrap_or(0);
                let current = version == u64::from(flags::CURRENT_SPI_VERSION);
                let result = if current { outcome(call) } else { String::new() };
                format!("XPProviderInit(0x{version:08X}){result}")
            }
            "IXPProvider.TransportLogon" => {
                let passed =
                    call.args.get("lpulFlags").map_or(0, |value| value_bits(value, &flags::LOGON_FLAGS));
                format!("TransportLogon({}){}", given(passed, &flags::LOGON_FLAGS), outcome(call))
            }
            "IXPLogon.AddressTypes" if matches!(self.step.verb, "logon" | "address-types") => {
                format!("AddressTypes(){}", outcome(call))
            }
            "IXPLogon.RegisterOptions" => "RegisterOptions()".to_owned(),
            "IXPLogon.TransportNotify" => {
                let told = given(transport_flags(call), &flags::TRANSPORT_NOTIFY_FLAGS);
                format!("TransportNotify({told}){}", outcome(call))
            }
            "IXPLogon.ValidateState" => {
                let asked =
                    call.args.get("ulFlags").map_or(0, |value| value_bits(value, &flags::VALIDATE_FLAGS));
                format!("ValidateState({})", given(asked, &flags::VALIDATE_FLAGS))
            }
            "IXPLogon.FlushQueues" => {
                let asked =
                    call.args.get("ulFlags").map_or(0, |value| value_bits(value, &flags::FLUSH_FLAGS));
                format!("FlushQueues({}){}", given(asked, &flags::FLUSH_FLAGS), outcome(call))
            }
            "IXPLogon.OpenStatusEntry" => format!("OpenStatusEntry(){}", outcome(call)),
            "IXPLogon.TransportLogoff" => {
                let passed =
                    call.args.get("ulFlags").map_or(0, |value| value_bits(value, &flags::LOGOFF_FLAGS));
                format!("TransportLogoff({})", given(passed, &flags::LOGOFF_FLAGS))
            }
            "IXPProvider.Shutdown" => format!("Shutdown(){}", outcome(call)),
            "IUnknown.Release" if matches!(self.step.verb, "logoff" | "release-logon" | "shutdown") => {
                self.release(call)?
            }
            _ => return None,
        };
        Some(text)
    }

    /// The last Release of a logon or provider object.
    fn release(&self, call: &Call<'_>) -> Option<String> {
        let logon = self.model.sessions.iter().any(|session| session.logon == Some(call.obj));
        let kind = if logon {
            "logon object"
        } else if call.obj.starts_with("provider") {
            "provider object"
        } else {
            return None;
        };
        Some(format!("Release of the {kind}"))
    }

    fn receipt(&self, call: &Call<'_>, receipt: &Receipt<'_>) -> Option<Block> {
        let fate = receipt.fate.as_ref();
        let kept = self.step.verb == "start-message";
        if fate.is_some_and(|fate| fate.outcome == Outcome::Empty) && !kept && call.succeeded() {
            return None;
        }
        let mut lines = Projection::default();
        lines.put(1, call.n, format!("StartMessage(){}", outcome(call)));
        let told = self.model.calls.inside(call).find(|inner| {
            inner.m == "IMAPISupport.SpoolerNotify"
                && spooler_flags(inner) & flags::NOTIFY_CRITICAL_ERROR != 0
        });
        if let Some(told) = told {
            lines.put(2, told.n, "SpoolerNotify(NOTIFY_CRITICAL_ERROR)");
        }
        let (n, sort) = match fate {
            None => (call.n, None),
            Some(fate) => {
                if fate.outcome == Outcome::Delivered {
                    let saved = self.model.saves(receipt).last().map_or(fate.n, |save| save.n);
                    message::lines(fate.content).into_iter().for_each(|line| lines.put(2, fate.n, line));
                    lines.put(2, saved, "SaveChanges()");
                }
                (fate.n, Some(message::subject(fate.content)).filter(|_| fate.outcome == Outcome::Delivered))
            }
        };
        let came = match fate.map(|fate| fate.outcome) {
            Some(Outcome::Delivered) => "delivered",
            Some(Outcome::Empty) => "nothing",
            Some(Outcome::Failed) => "not delivered",
            Some(Outcome::Cancelled) => "cancelled",
            None => "not known",
        };
        lines.put(2, n, came);
        Some(Block { sort, lines })
    }

    /// The blocks in order, those of deliveries among themselves by their subjects.
    fn lines(mut self) -> Vec<Line> {
        let mut sorted: Vec<usize> =
            (0..self.blocks.len()).filter(|place| self.blocks[*place].sort.is_some()).collect();
        let places = sorted.clone();
        sorted.sort_by(|one, other| self.blocks[*one].sort.cmp(&self.blocks[*other].sort));
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        for (place, from) in places.into_iter().zip(sorted) {
            order[place] = from;
        }
        order.into_iter().flat_map(|place| std::mem::take(&mut self.blocks[place].lines.lines)).collect()
    }
}

/// The result as far as the page fixes it: which error a failure has is the provider's choice.
fn outcome(call: &Call<'_>) -> String {
    match () {
        () if call.ret.is_none() => " does not return".to_owned(),
        () if call.failed() => " = an error".to_owned(),
        () => format!(" = {}", call.result()),
    }
}
