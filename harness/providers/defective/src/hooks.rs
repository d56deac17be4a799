//! What a defect is made of: steps before, after and in the place of calls.

use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::boundary::{Call, Side};
use crate::defects;

/// Names the defect; without it there is none.
const DEFECT: &str = "SPOOLPROOF_DEFECT";

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It is passed on.
    Forward,
    /// It has its answer, and goes no further.
    Answered,
}

type Before = Box<dyn Fn(&mut Call<'_>) -> Flow + Send + Sync>;
type After = Box<dyn Fn(&mut Call<'_>) + Send + Sync>;

/// A defect: what happens at calls of certain names. `*` is every call.
#[derive(Default)]
pub(crate) struct Hooks {
    before: Vec<(&'static str, Before)>,
    after: Vec<(&'static str, After)>,
}

impl Hooks {
    /// Does something before a call is passed on.
    pub(crate) fn before(
        self,
        name: &'static str,
        step: impl Fn(&mut Call<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.decide(name, move |call| {
            step(call);
            Flow::Forward
        })
    }

    /// Does something in the place of a call.
    pub(crate) fn instead(
        self,
        name: &'static str,
        step: impl Fn(&mut Call<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.decide(name, move |call| {
            step(call);
            Flow::Answered
        })
    }

    /// Does something before a call, and says whether it is passed on.
    pub(crate) fn decide(
        mut self,
        name: &'static str,
        step: impl Fn(&mut Call<'_>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.before.push((name, Box::new(step)));
        self
    }

    /// Does something after a call, whether it was passed on or not.
    pub(crate) fn after(
        mut self,
        name: &'static str,
        step: impl Fn(&mut Call<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.after.push((name, Box::new(step)));
        self
    }

    /// All that two defects do.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.before.extend(other.before);
        self.after.extend(other.after);
        self
    }

    pub(crate) fn run_before(&self, call: &mut Call<'_>) -> Flow {
        for (name, step) in &self.before {
            if (*name == "*" || call.is(name)) && step(call) == Flow::Answered {
                return Flow::Answered;
            }
        }
        Flow::Forward
    }

    pub(crate) fn run_after(&self, call: &mut Call<'_>) {
        for (name, step) in &self.after {
            if *name == "*" || call.is(name) {
                step(call);
            }
        }
    }
}

static HOOKS: LazyLock<Option<Hooks>> = LazyLock::new(|| match std::env::var(DEFECT) {
    Ok(name) if !name.is_empty() => defects::make(&name),
    Ok(_) | Err(_) => Some(Hooks::default()),
});

/// The defect of this process; nothing where its name is unknown.
pub(crate) fn hooks() -> Option<&'static Hooks> {
    HOOKS.as_ref()
}

/// What the defects need to know beyond the call that they see: the latest support object, the message in process, what runs.
#[derive(Debug)]
struct World {
    support: usize,
    message: usize,
    /// Calls of the spooler that have not returned.
    open: Vec<&'static str>,
    /// Calls of support objects that have not returned.
    asked: Vec<&'static str>,
    /// Whether a transport is logged on.
    transport: bool,
    /// Whether outbound was ended, or the transport logged off, while a store was open.
    changed: bool,
    /// The outgoing queue's table, as the spooler sees it.
    queue: usize,
}

static WORLD: Mutex<World> = Mutex::new(World {
    support: 0,
    message: 0,
    open: Vec::new(),
    asked: Vec::new(),
    transport: false,
    changed: false,
    queue: 0,
});

fn world() -> MutexGuard<'static, World> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_spoolers(call: &Call<'_>) -> bool {
    call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider)
}

/// Keeps track of a call that has come.
pub(crate) fn note_before(call: &Call<'_>) {
    if call.is("IXPProvider.TransportLogon") {
        world().support = call.ptr::<c_void>("lpMAPISup") as usize;
    } else if call.is("IXPLogon.StartMessage") || call.is("IXPLogon.SubmitMessage") {
        world().message = call.ptr::<c_void>("lpMessage") as usize;
    } else if call.is("IXPLogon.TransportLogoff")
        || call.is("IXPLogon.TransportNotify")
            && call.read::<u32>("lpulFlags") & mapi_spi::flags::NOTIFY_END_OUTBOUND != 0
    {
        world().changed = true;
    }
    if is_spoolers(call) {
        world().open.push(call.method());
    } else if is_supports(call) {
        world().asked.push(call.method());
    }
}

fn is_supports(call: &Call<'_>) -> bool {
    call.proxy()
        .is_some_and(|proxy| proxy.side() == Side::Spooler && proxy.interface().name == "IMAPISupport")
}

/// Keeps track of a call that has returned.
pub(crate) fn note_after(call: &Call<'_>) {
    if is_spoolers(call) {
        let mut world = world();
        if let Some(position) = world.open.iter().rposition(|open| *open == call.method()) {
            world.open.remove(position);
        }
    } else if is_supports(call) {
        let mut world = world();
        if let Some(position) = world.asked.iter().rposition(|asked| *asked == call.method()) {
            world.asked.remove(position);
        }
    }
    if call.is("IXPProvider.TransportLogon") {
        world().transport = call.succeeded();
    } else if call.is("IXPLogon.TransportLogoff") {
        world().transport = false;
    } else if call.is("IMsgStore.GetOutgoingQueue") && call.succeeded() {
        world().queue = call.read_ptr::<c_void>("lppTable") as usize;
    }
    if call.is("IXPLogon.StartMessage") || call.is("IXPLogon.EndMessage") {
        world().message = 0;
    }
}

/// The spooler's support object of the latest session, as the spooler gave it.
pub(crate) fn support() -> *mut c_void {
    world().support as *mut c_void
}

/// The spooler's message in process, as the spooler gave it; null where there is none.
pub(crate) fn message() -> *mut c_void {
    world().message as *mut c_void
}

/// Whether a call of the spooler's, by the method's name, has not returned yet.
pub(crate) fn during(method: &str) -> bool {
    world().open.contains(&method)
}

/// Whether the wrapped provider is asking its support object for this.
pub(crate) fn asks(method: &str) -> bool {
    world().asked.contains(&method)
}

/// Whether a transport is logged on.
pub(crate) fn has_transport() -> bool {
    world().transport
}

/// Whether outbound was ended, or a transport logged off, since the library was loaded.
pub(crate) fn transport_changed() -> bool {
    world().changed
}

/// Whether a call is on the outgoing queue's table.
pub(crate) fn is_on_queue(call: &Call<'_>) -> bool {
    let queue = world().queue;
    queue != 0 && call.proxy().is_some_and(|proxy| proxy.raw() as usize == queue)
}
