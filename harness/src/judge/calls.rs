//! The calls of a trace with their returns, their nesting, and the references that they move.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use mapi_spi::HRESULT;
use mock_spooler::trace::event::{By, Event, Values, What};

/// A call across the boundary.
#[derive(Debug)]
pub(crate) struct Call<'t> {
    /// The number of its event.
    pub(crate) n: u64,
    /// When it began, in nanoseconds since the start of the trace.
    pub(crate) t: u64,
    /// The thread that made it.
    pub(crate) th: u32,
    /// Who made it.
    pub(crate) by: By,
    /// The object called; empty for an exported function.
    pub(crate) obj: &'t str,
    /// Interface and method, or the function.
    pub(crate) m: &'t str,
    /// The arguments on entry.
    pub(crate) args: &'t Values,
    /// What the reference cell of the message in process held.
    pub(crate) msgref: Option<u64>,
    /// The return; none where the process ended in it.
    pub(crate) ret: Option<Ret<'t>>,
    /// The call on the same thread within which it was made: its place in the list.
    pub(crate) parent: Option<usize>,
}

/// The return of a call.
#[derive(Debug)]
pub(crate) struct Ret<'t> {
    /// The number of its event.
    pub(crate) n: u64,
    /// When it returned, in nanoseconds since the start of the trace.
    pub(crate) t: u64,
    /// The result as the trace shows it.
    pub(crate) text: &'t str,
    /// The result; none where the method returns no HRESULT.
    pub(crate) hr: Option<HRESULT>,
    /// Output parameters.
    pub(crate) out: &'t Values,
    /// Output parameters that were not written.
    pub(crate) unwritten: &'t [String],
    /// Whether the case ordered the result.
    pub(crate) injected: bool,
}

impl Ret<'_> {
    /// Whether an output parameter was left as it was.
    pub(crate) fn left(&self, name: &str) -> bool {
        self.unwritten.iter().any(|unwritten| unwritten == name)
    }
}

impl Call<'_> {
    /// Whether the candidate made it.
    pub(crate) fn by_candidate(&self) -> bool {
        self.by == By::Candidate
    }

    /// The number of the event with which it ends; beyond all others where it does not.
    pub(crate) fn end(&self) -> u64 {
        self.ret.as_ref().map_or(u64::MAX, |ret| ret.n)
    }

    /// Whether it is a function that the candidate imports from MAPI.
    fn is_function(&self) -> bool {
        self.by_candidate() && self.obj.is_empty()
    }

    /// Whether an event lies between the call and its return.
    pub(crate) fn spans(&self, n: u64) -> bool {
        self.n < n && n < self.end()
    }

    /// The result, where it returned one.
    pub(crate) fn hr(&self) -> Option<HRESULT> {
        self.ret.as_ref().and_then(|ret| ret.hr)
    }

    /// Whether it returned with success, warnings included.
    pub(crate) fn succeeded(&self) -> bool {
        self.hr().is_some_and(HRESULT::is_ok)
    }

    /// Whether it returned with an error.
    pub(crate) fn failed(&self) -> bool {
        self.hr().is_some_and(HRESULT::is_err)
    }

    /// Whether the case ordered it to fail.
    pub(crate) fn made_to_fail(&self) -> bool {
        self.failed() && self.ret.as_ref().is_some_and(|ret| ret.injected)
    }

    /// The result as the trace shows it.
    pub(crate) fn result(&self) -> &str {
        self.ret.as_ref().map_or("no return", |ret| ret.text)
    }

    /// The method without its interface.
    pub(crate) fn method(&self) -> &str {
        self.m.rsplit('.').next().unwrap_or(self.m)
    }
}

/// All calls in the order in which they began.
#[derive(Debug)]
pub(crate) struct Calls<'t> {
    all: Vec<Call<'t>>,
    // Rules ask for each of a hundred thousand messages: the places of calls by method and by object, in order.
    by_method: HashMap<&'t str, Vec<usize>>,
    by_object: HashMap<&'t str, Vec<usize>>,
    moves: HashMap<&'t str, Vec<(u64, i64)>>,
    origins: HashMap<&'t str, usize>,
    openings: BTreeMap<u64, Vec<&'t str>>,
}

impl<'t> Calls<'t> {
    /// Pairs calls with returns.
    pub(crate) fn new(events: &'t [Event]) -> Self {
        let mut calls = Self {
            all: Vec::new(),
            by_method: HashMap::new(),
            by_object: HashMap::new(),
            moves: HashMap::new(),
            origins: HashMap::new(),
            openings: BTreeMap::new(),
        };
        let mut open: HashMap<u32, Vec<usize>> = HashMap::new();
        for event in events {
            match &event.what {
                What::Call { by, obj, m, args, msgref } => {
                    let stack = open.entry(event.th).or_default();
                    // What a function of MAPI's does for the candidate is done by the candidate.
                    let outer = |index: &&usize| !calls.all[**index].is_function();
                    let parent = stack.iter().rev().find(outer).copied();
                    stack.push(calls.all.len());
                    calls.by_method.entry(m).or_default().push(calls.all.len());
                    calls.by_object.entry(obj).or_default().push(calls.all.len());
                    calls.all.push(Call {
                        n: event.n,
                        t: event.t,
                        th: event.th,
                        by: *by,
                        obj,
                        m,
                        args,
                        msgref: *msgref,
                        ret: None,
                        parent,
                    });
                }
                What::Return { call, hr, out, unwritten, injected } => {
                    let stack = open.entry(event.th).or_default();
                    // A call that was left without a return (a longjmp, a cancelled thread) does not hide the ones outside.
                    let Some(depth) = stack.iter().rposition(|index| calls.all[*index].n == *call) else {
                        continue;
                    };
                    let index = stack[depth];
                    stack.truncate(depth);
                    let ret = Ret {
                        n: event.n,
                        t: event.t,
                        text: hr,
                        hr: HRESULT::from_name(hr),
                        out,
                        unwritten,
                        injected: *injected,
                    };
                    calls.all[index].ret = Some(ret);
                    calls.note_references(index);
                }
                What::Ref { by: By::Candidate, obj, m, .. } => {
                    let change = if m == "AddRef" { 1 } else { -1 };
                    calls.moves.entry(obj).or_default().push((event.n, change));
                }
                _ => {}
            }
        }
        calls
    }

    /// A successful callback hands out references: QueryInterface one to the object itself, others to what they open.
    fn note_references(&mut self, index: usize) {
        let call = &self.all[index];
        let Some(ret) = call.ret.as_ref().filter(|_| call.by_candidate() && call.succeeded()) else { return };
        if call.method() == "QueryInterface" {
            self.moves.entry(call.obj).or_default().push((ret.n, 1));
            return;
        }
        for opened in ret.out.values().filter_map(|value| value.as_str()).filter(|text| text.contains('#')) {
            self.moves.entry(opened).or_default().push((ret.n, 1));
            if let Entry::Vacant(origin) = self.origins.entry(opened) {
                origin.insert(index);
                self.openings.entry(call.n).or_default().push(opened);
            }
        }
    }

    /// Every call.
    pub(crate) fn all(&self) -> &[Call<'t>] {
        &self.all
    }

    /// The call at a place in the list.
    pub(crate) fn at(&self, index: usize) -> &Call<'t> {
        &self.all[index]
    }

    /// The places of the calls that the spooler made of a method.
    pub(crate) fn spooler(&self, m: &str) -> impl Iterator<Item = usize> {
        self.places(m).iter().copied().filter(move |index| self.all[*index].by == By::Spooler)
    }

    /// The places of the calls that the mock made of a method as a messaging client.
    pub(crate) fn client(&self, m: &str) -> impl Iterator<Item = usize> {
        self.places(m).iter().copied().filter(move |index| self.all[*index].by == By::Client)
    }

    /// The calls that the candidate made of a method.
    pub(crate) fn candidate(&self, m: &str) -> impl DoubleEndedIterator<Item = &Call<'t>> {
        self.candidate_between(m, 0, u64::MAX)
    }

    /// The calls that the candidate made of a method, and began between two events.
    pub(crate) fn candidate_between(
        &self,
        m: &str,
        from: u64,
        to: u64,
    ) -> impl DoubleEndedIterator<Item = &Call<'t>> {
        let places = self.within(self.places(m), from, to);
        places.iter().map(|place| &self.all[*place]).filter(|call| call.by_candidate())
    }

    /// The calls on an object that others than the candidate made, and began between two events.
    pub(crate) fn on_between(
        &self,
        obj: &str,
        from: u64,
        to: u64,
    ) -> impl DoubleEndedIterator<Item = &Call<'t>> {
        let places = self.by_object.get(obj).map_or(&[][..], Vec::as_slice);
        let places = self.within(places, from, to);
        places.iter().map(|place| &self.all[*place]).filter(|call| !call.by_candidate())
    }

    /// The calls of a method, whoever made them.
    pub(crate) fn of(&self, m: &str) -> impl DoubleEndedIterator<Item = &Call<'t>> {
        self.places(m).iter().map(|place| &self.all[*place])
    }

    /// The place of the next call that the spooler makes of a method on an object, after an event.
    pub(crate) fn next_on(&self, obj: &str, m: &str, after: u64) -> Option<usize> {
        let places = self.by_object.get(obj).map_or(&[][..], Vec::as_slice);
        let mut later = self.within(places, after, u64::MAX).iter().copied();
        later.find(|place| self.all[*place].by == By::Spooler && self.all[*place].m == m)
    }

    /// The places of the calls of a method, whoever made them.
    fn places(&self, m: &str) -> &[usize] {
        self.by_method.get(m).map_or(&[], Vec::as_slice)
    }

    fn within<'a>(&self, places: &'a [usize], from: u64, to: u64) -> &'a [usize] {
        let first = places.partition_point(|place| self.all[*place].n <= from);
        let last = places.partition_point(|place| self.all[*place].n < to);
        &places[first..last.max(first)]
    }

    /// The calls that began between two events, on any thread.
    pub(crate) fn between(&self, from: u64, to: u64) -> &[Call<'t>] {
        let first = self.all.partition_point(|call| call.n <= from);
        let last = self.all.partition_point(|call| call.n < to);
        &self.all[first..last.max(first)]
    }

    /// The calls that began between a call and its return, on any thread.
    pub(crate) fn during(&self, call: &Call<'_>) -> &[Call<'t>] {
        self.between(call.n, call.end())
    }

    /// The calls made within a call, on its own thread.
    pub(crate) fn inside(&self, call: &Call<'_>) -> impl Iterator<Item = &Call<'t>> {
        let th = call.th;
        self.during(call).iter().filter(move |inner| inner.th == th)
    }

    /// The innermost call to the candidate that did not return: where a child ended.
    pub(crate) fn last_open(&self) -> Option<&Call<'t>> {
        let open = |call: &&Call<'_>| call.ret.is_none() && call.by != By::Candidate;
        self.all.iter().rev().find(open)
    }

    /// How many references to one of our objects the candidate holds after an event.
    pub(crate) fn held(&self, obj: &str, after: u64) -> i64 {
        self.moves
            .get(obj)
            .into_iter()
            .flatten()
            .take_while(|(n, _)| *n <= after)
            .map(|(_, change)| change)
            .sum()
    }

    /// When the candidate gave back its last reference to one of our objects, having held one.
    pub(crate) fn let_go(&self, obj: &str) -> Option<u64> {
        let mut held = 0;
        let mut gone = None;
        for (n, change) in self.moves.get(obj).into_iter().flatten() {
            held += change;
            if held > 0 {
                gone = None;
            } else if *change < 0 && gone.is_none() {
                gone = Some(*n);
            }
        }
        gone
    }

    /// The objects of ours that the candidate opened with calls that began between two events.
    pub(crate) fn opened(&self, from: u64, to: u64) -> impl Iterator<Item = &'t str> {
        let within = (Bound::Excluded(from), Bound::Excluded(to.max(from.saturating_add(1))));
        self.openings.range(within).flat_map(|(_, opened)| opened.iter().copied())
    }

    /// The call with which the candidate opened an object of ours.
    pub(crate) fn origin(&self, obj: &str) -> Option<&Call<'t>> {
        self.origins.get(obj).map(|index| &self.all[*index])
    }

    /// The object from which one was opened, at the end of the chain: the message of a stream of an attachment.
    pub(crate) fn root_of<'a>(&self, obj: &'a str) -> &'a str
    where
        't: 'a,
    {
        let mut root = obj;
        // Each step goes to an earlier call; the bound is for traces that were tampered with.
        for _ in 0..64 {
            match self.origins.get(root) {
                Some(index) => root = self.all[*index].obj,
                None => break,
            }
        }
        root
    }
}
