//! Runs the steps of a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mapi_spi::HRESULT;
use mapi_spi::values::PropValue;
use serde_json::json;

use crate::com::theirs::{IMSProvider, IXPProvider};
use crate::com::{Held, boundary, object};
use crate::engine::acting::Acting;
use crate::engine::foreign::Foreign;
use crate::engine::mailroom::Mailroom;
use crate::engine::session::{Session, illegal};
use crate::engine::sink::Sink;
use crate::engine::store::{Hub, Letter, StoreSession};
use crate::functions;
use crate::loader::Loaded;
use crate::memory;
use crate::objects::profsect::Profile;
use crate::plan::args::{Names, OnSession};
use crate::plan::{Plan, Step, Trap};
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

/// Why a case does not go on.
#[derive(Debug)]
pub enum Stop {
    /// The candidate did something after which the rest makes no sense; the trace says what.
    Candidate,
    /// The mock failed.
    Harness(String),
}

/// A provider object.
#[derive(Debug)]
pub struct Provider {
    /// The object.
    pub object: IXPProvider,
}

/// The spooler for one case.
#[derive(Debug)]
pub struct Engine<'p> {
    pub(super) plan: &'p Plan,
    pub(super) library: Option<Loaded>,
    pub(super) malloc: Option<Held>,
    /// The message service was added to the profile: its entry is told of the end, too.
    pub(super) service: bool,
    /// The profile section as the message service has written it.
    pub(super) service_profile: Option<Arc<Profile>>,
    pub(super) providers: BTreeMap<String, Provider>,
    pub(super) sessions: BTreeMap<String, Session>,
    /// Transports of ours, by their sessions.
    pub(super) foreign: BTreeMap<String, Foreign>,
    /// The sessions in profile order, the candidate's and ours: that of their logons.
    pub(super) order: Vec<String>,
    /// Sessions whose logon failed, where the case accepts it.
    pub(super) refused: BTreeSet<String>,
    /// Stores that closed at a quiet logoff, as nothing waited in their queues.
    pub(super) closed_quietly: BTreeSet<String>,
    pub(super) mailroom: Arc<Mailroom>,
    pub(super) sink: Sink,
    /// The store's entry point, where a case has asked for it.
    pub(super) store_library: Option<Loaded>,
    pub(super) store_providers: BTreeMap<String, IMSProvider>,
    pub(super) stores: BTreeMap<String, StoreSession>,
    /// The messages that waited in the outgoing queue of a store when it was closed, by the store's name.
    pub(super) left: BTreeMap<String, BTreeMap<String, Letter>>,
    /// What callbacks of stores know of the messaging session.
    pub(super) hub: Arc<Hub>,
    /// What the transports' rows said of their stores when they were compared last.
    pub(super) seen_rows: Vec<(String, Option<PropValue>)>,
    /// The identifier of the store that was opened last.
    pub(super) store_id: Option<Vec<u8>>,
    /// What acts for the traps of a step that concerns a store; its traps are armed for the whole step.
    pub(super) acting: Option<Arc<Acting>>,
    /// Entry identifiers of the messages that were composed, by their mails.
    pub(super) composed: BTreeMap<String, Vec<u8>>,
    /// Messages delivered so far.
    pub(super) delivered: usize,
    /// Threads of this process before the library was loaded, where that can be known.
    pub(super) threads_before: Option<usize>,
    /// The step that runs, for the sweep's injection.
    pub(super) step: usize,
}

impl<'p> Engine<'p> {
    /// A spooler for this plan; nothing is loaded yet.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            library: None,
            malloc: None,
            service: false,
            service_profile: None,
            providers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            foreign: BTreeMap::new(),
            order: Vec::new(),
            refused: BTreeSet::new(),
            closed_quietly: BTreeSet::new(),
            mailroom: Arc::new(Mailroom::new(plan)),
            sink: Sink::new(&plan.candidate),
            store_library: None,
            store_providers: BTreeMap::new(),
            stores: BTreeMap::new(),
            left: BTreeMap::new(),
            hub: Arc::default(),
            seen_rows: Vec::new(),
            store_id: None,
            acting: None,
            composed: BTreeMap::new(),
            delivered: 0,
            threads_before: None,
            step: 0,
        }
    }

    /// Runs all steps and what is due at the end whatever happened.
    pub fn run(mut self) {
        for (index, step) in self.plan.steps.iter().enumerate() {
            self.step = index;
            boundary().record(What::Step {
                index,
                step: step.verb().to_owned(),
                session: step.session().to_owned(),
            });
            self.show_transports();
            let allocations = memory::allocations();
            functions::idle_turn();
            let ended = self.attend().and_then(|()| self.run_step(step)).and_then(|()| self.look_at_rows());
            boundary().record(What::Fact {
                name: "allocations".to_owned(),
                value: json!({ "step": index, "count": memory::allocations() - allocations }),
            });
            boundary().record(What::StepEnd { index });
            match ended {
                Ok(()) => {}
                Err(Stop::Candidate) => break,
                Err(Stop::Harness(detail)) => {
                    boundary().record(What::HarnessError { detail });
                    break;
                }
            }
        }
        self.finish();
    }

    /// Asks anew for the address types of providers that have told of a change of their configuration, which they may do at any
    /// time (page: imapisupport-spoolernotify).
    pub(super) fn attend(&mut self) -> Result<(), Stop> {
        for session in self.sessions.keys().cloned().collect::<Vec<_>>() {
            let told = self.sessions.get(&session).is_some_and(|session| {
                !session.is_dead() && std::mem::take(&mut session.shared.queue.lock().config_change)
            });
            if told {
                self.address_types_again(&OnSession { session })?;
            }
        }
        Ok(())
    }

    /// Whether a step calls what a critical error leaves no calls for but those that release it (page:
    /// imapisupport-spoolernotify). The other steps look by themselves, or call nothing of the session's.
    fn calls_the_dead(&self, step: &Step) -> bool {
        let calls = matches!(
            step,
            Step::ValidateState(_)
                | Step::AddressTypes(_)
                | Step::OpenStatusEntry(_)
                | Step::QueryInterface(_)
                | Step::FlushQueues(_)
        );
        calls && self.sessions.get(step.session()).is_some_and(Session::is_dead)
    }

    fn run_step(&mut self, step: &Step) -> Result<(), Stop> {
        if self.calls_the_dead(step) {
            return Err(Stop::Candidate);
        }
        match step {
            Step::Load(args) => self.load(args),
            Step::Logon(args) => self.logon(args),
            Step::Begin(args) => self.begin(args),
            Step::End(args) => self.end(args),
            Step::Arrive(args) => self.arrive(args),
            Step::Announce(args) => self.announce(args),
            Step::Receive(args) => self.receive(args),
            Step::NothingWaits(args) => self.nothing_waits(args),
            Step::Poll(args) => self.poll(args),
            Step::StartMessage(args) => self.single_start_message(args),
            Step::Idle(args) => self.idle(args),
            Step::TransportNotify(args) => self.transport_notify(args),
            Step::ValidateState(args) => self.validate_state(args),
            Step::AddressTypes(args) => self.address_types_again(args),
            Step::OpenStatusEntry(args) => self.open_status_entry(args),
            Step::QueryInterface(args) => self.query_interface(args),
            Step::Logoff(args) => self.logoff(args),
            Step::ReleaseLogon(args) => self.release_logon(args),
            Step::Shutdown(args) => self.shutdown(args),
            Step::Unload(_) => self.unload(),
            Step::FlushQueues(args) => self.flush_queues(args),
            Step::Send(args) => self.send(args),
            Step::Sent(args) => self.sent(args),
            Step::Service(args) => self.service(args),
            Step::Foreign(args) => self.foreign(args),
            Step::ForeignDoes(args) => self.foreign_does(args),
            Step::LoadStore(args) => self.load_store(args),
            Step::OpenStore(args) => self.open_store(args),
            Step::StoreAgain(args) => self.store_again(args),
            Step::Folders(args) => self.folders(args),
            Step::SetReceiveFolder(args) => self.set_receive_folder(args),
            Step::LogonObject(args) => self.logon_object(args),
            Step::CompareStores(args) => self.compare_stores(args),
            Step::Compose(args) => self.compose_in_store(args),
            Step::Submit(args) => self.submit_in_store(args),
            Step::Spool(args) => self.spool(args),
            Step::SendFromStore(args) => self.send_from_store(args),
            Step::Queue(args) => self.read_queue(&args.store).map(|_| ()),
            Step::Lock(args) => self.lock(args),
            Step::Unlock(args) => self.unlock(args),
            Step::Finish(args) => self.finish_message(args),
            Step::Abort(args) => self.abort(args),
            Step::OpenMessage(args) => self.open_message(args),
            Step::Locate(args) => self.locate(&args.store, &args.mail),
            Step::Advise(args) => self.advise(args),
            Step::Unadvise(args) => self.unadvise(args),
            Step::CloseStore(args) => self.close_store(args),
            Step::ShutdownStore(args) => self.shutdown_store(args),
        }
    }

    /// Brings what is open to its documented end, and looks at what was left behind.
    fn finish(&mut self) {
        // What it comes to stands in the trace; there is no step left that it could stop.
        let _ = self.attend();
        self.end_stores();
        for name in self.sessions.keys().cloned().collect::<Vec<_>>() {
            self.end_session(&name, Some(0));
        }
        for name in std::mem::take(&mut self.order) {
            self.end_foreign(&name, 0);
        }
        for name in self.providers.keys().cloned().collect::<Vec<_>>() {
            self.end_provider(&name, true);
        }
        self.delete_service();
        self.sink.look();
        if self.library.is_some() {
            self.look_for_threads();
        }
        if let Some(shim) = self.library.as_ref().and_then(Loaded::shim) {
            shim.end();
        }
        let malloc_refs = self.malloc.as_ref().map_or(0, |malloc| malloc.entry().theirs());
        if self.malloc.is_some() {
            boundary().record(What::Fact {
                name: "imalloc-refs".to_owned(),
                value: json!({ "balance": malloc_refs }),
            });
        }
        for entry in object::held_by_candidate() {
            if entry.name.starts_with("malloc#") {
                continue;
            }
            illegal(
                IllegalKind::ReferenceLeak,
                &entry.name,
                format!("{} reference(s) were never given back", entry.theirs()),
            );
        }
        memory::inspect_at_end();
    }

    /// The session of a name.
    pub(super) fn session(&mut self, name: &str) -> Result<&mut Session, Stop> {
        let refused = self.refused.contains(name);
        if self.foreign.contains_key(name) {
            return Err(Stop::Harness(format!(
                "`{name}` is a transport of ours: this step is about the candidate"
            )));
        }
        self.sessions.get_mut(name).ok_or_else(|| {
            if refused {
                // The case accepts that; without a session the rest of it has nothing to show.
                return Stop::Candidate;
            }
            Stop::Harness(format!(
                "there is no session `{name}` at this point: the case needs a `logon` before"
            ))
        })
    }

    /// The same, where the session has not told of a critical error: after that nothing but what releases is called (page:
    /// imapisupport-spoolernotify).
    pub(super) fn living(&mut self, name: &str) -> Result<&mut Session, Stop> {
        let session = self.session(name)?;
        if session.is_dead() { Err(Stop::Candidate) } else { Ok(session) }
    }

    /// How long a wait for an event of the candidate may last.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_millis(self.plan.patience_ms)
    }

    /// The traps of a step, with that of the sweep where it is about this step.
    pub(super) fn traps(&self, traps: &[Trap]) -> Vec<Trap> {
        let injected = self
            .plan
            .inject
            .iter()
            .filter(|inject| inject.step == self.step)
            .map(|inject| inject.trap.clone());
        traps.iter().cloned().chain(injected).collect()
    }

    /// Arms the traps of a step that concerns a store, for the whole step.
    pub(super) fn arm_for_stores(&mut self, traps: &[Trap]) -> Option<Arc<Acting>> {
        if self.traps(traps).is_empty() {
            return None;
        }
        let first = self.order.iter().find_map(|name| self.sessions.get(name));
        let session = first.map_or_else(Arc::default, |session| Arc::clone(&session.shared));
        let acting = self.arm(traps, &session);
        self.acting = Some(Arc::clone(&acting));
        Some(acting)
    }

    /// The traps of a step that concerns a store are over.
    pub(super) fn disarm(&mut self, acting: &Option<Arc<Acting>>) {
        self.acting = None;
        if let Some(acting) = acting {
            let untripped = boundary().traps.disarm();
            acting.finish(self.patience());
            boundary().record(What::Fact { name: "traps-not-sprung".to_owned(), value: json!(untripped) });
        }
    }

    /// Arms the traps of a step for a session.
    pub(super) fn arm(&self, traps: &[Trap], session: &Arc<super::session::Shared>) -> Arc<Acting> {
        let acting = Arc::new(Acting::new(Arc::clone(session), Arc::clone(&self.mailroom)));
        let traps = self.traps(traps);
        let handler = Arc::clone(&acting);
        boundary().traps.arm(&traps, Arc::new(move |trap| handler.act(trap)));
        acting
    }
}

/// Compares a result with what the case expects; S_OK where it expects nothing.
pub(super) fn expect(call: &str, seen: HRESULT, expect: &Names) -> Result<(), Stop> {
    let due = if expect.is_empty() { vec!["S_OK".to_owned()] } else { expect.0.clone() };
    let right = due.iter().any(|name| match name.as_str() {
        "any" => true,
        "error" => seen.is_err(),
        "success" => seen.is_ok(),
        name => HRESULT::from_name(name) == Some(seen),
    });
    if right {
        return Ok(());
    }
    boundary()
        .record(What::Unexpected { due: format!("{call}: {}", due.join(" or ")), seen: seen.to_string() });
    Err(Stop::Candidate)
}

/// Flags by name, as a number.
pub(super) fn parse_flags(set: &mapi_spi::flags::FlagSet, names: &Names) -> Result<u32, Stop> {
    names.0.iter().try_fold(0, |flags, name| {
        set.parse(name)
            .map(|flag| flags | flag)
            .ok_or_else(|| Stop::Harness(format!("`{name}` is no flag of {}", set.name)))
    })
}
