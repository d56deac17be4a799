//! A candidate and the cases that judge it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::forkserver::Servers;
use super::handshake::{self, Entry, Handshake};
use super::one::{self, Outcome};
use super::pool;
use super::preflight::{self, Preflight};
use crate::candidate::{Candidate, Contents, Host, HostError, Library, LibraryError};
use crate::capability::Capability;
use crate::case::{Case, Catalogue, Point, Selection};
use crate::report::{CaseReport, Event, Exit, Summary};

/// How cases are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many children run at once; at least one.
    pub jobs: usize,
    /// Whether warnings count as failures.
    pub strict: bool,
    /// Whether traces are compared with goldens and with the vendor's snapshots.
    pub golden: bool,
    /// The directory under which traces are kept, in `traces`; they are thrown away where missing.
    pub out: Option<PathBuf>,
    /// Whether reports carry their traces.
    pub traces: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { jobs, strict: false, golden: true, out: None, traces: false }
    }
}

/// A candidate and the cases that judge it.
#[derive(Clone, Debug)]
pub struct Suite {
    pub(super) candidate: Arc<Candidate>,
    pub(super) host: Host,
    pub(super) settings: Settings,
    catalogue: Arc<Catalogue>,
    /// What children are copies of, where there is such a thing.
    pub(super) servers: Arc<Servers>,
    /// Whether the library - the store's, where it is another file - exports `MSProviderInit`.
    exports_store: bool,
}

/// The candidate cannot be run here.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A library is no library.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// Nobody here can load it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Transport and store are for different machines.
    #[error("the candidate is {transport}, its store {store}: one process cannot load both")]
    Mixed {
        /// The transport.
        transport: Library,
        /// The store.
        store: Library,
    },
}

impl SuiteError {
    /// The exit status that it means: a file that is not there or a wrong `runner` is a mistake in the candidate file, all
    /// else a candidate that cannot be loaded.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Library(LibraryError::Missing { .. }) | Self::Host(HostError::Runner { .. }) => Exit::Usage,
            Self::Library(LibraryError::Unreadable { .. } | LibraryError::Other { .. })
            | Self::Host(
                HostError::OtherMachine { .. } | HostError::NoMockSpooler { .. } | HostError::NoWine { .. },
            )
            | Self::Mixed { .. } => Exit::Unloadable,
        }
    }
}

impl Suite {
    /// Looks at the candidate's libraries and finds who loads them.
    ///
    /// # Errors
    ///
    /// A library is no library, or nobody here can load it.
    pub fn new(
        candidate: Candidate,
        catalogue: Arc<Catalogue>,
        settings: Settings,
    ) -> Result<Self, SuiteError> {
        if candidate.shim.is_some() {
            let candidate = Arc::new(candidate);
            let (host, servers) = (Host::Here, Arc::default());
            return Ok(Self { candidate, host, exports_store: false, settings, catalogue, servers });
        }
        let library = Library::inspect(&candidate.library)?;
        if let Some(path) = &candidate.store_library {
            let store = Library::inspect(path)?;
            if store != library {
                return Err(SuiteError::Mixed { transport: library, store });
            }
        }
        let host = Host::choose(&candidate.library, library, candidate.runner)?;
        // A file whose tables cannot be read is for the system's loader to judge.
        let exports_store = Contents::read(candidate.store_library.as_ref().unwrap_or(&candidate.library))
            .is_ok_and(|contents| contents.exports("MSProviderInit"));
        let (candidate, servers) = (Arc::new(candidate), Arc::default());
        Ok(Self { candidate, host, exports_store, settings, catalogue, servers })
    }

    /// Why a case cannot be run with this candidate at all, if so. A claim in its file decides; of one that claims nothing a store
    /// is asked where its library exports one.
    pub(super) fn lacks(&self, case: &Case) -> Option<String> {
        let store = case.needs.iter().find(|need| matches!(need, Capability::Store | Capability::Coupled));
        match (&self.candidate.capabilities, store) {
            (None, Some(store)) if !self.exports_store => {
                Some(format!("the candidate does not declare `{store}`, and exports no MSProviderInit"))
            }
            (None | Some(_), Some(_) | None) => self.candidate.lacks(&case.needs),
        }
    }

    /// The cases.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The case of an id.
    pub(super) fn case(&self, id: &str) -> Option<&Case> {
        self.catalogue.cases.iter().find(|case| case.id == id)
    }

    /// The position of a case among all cases, whatever is selected of them.
    pub(super) fn position(&self, id: &str) -> usize {
        self.catalogue.cases.iter().position(|case| case.id == id).unwrap_or(usize::MAX)
    }

    /// The candidate.
    #[must_use]
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// Who loads the candidate.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// How cases are run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Loads and initialises the candidate once, in a child, to see whether it can be done at all.
    #[must_use]
    pub fn preflight(&self) -> Preflight {
        preflight::preflight(self)
    }

    /// Loads and initialises the candidate in a child, and tells what it answers; nothing where this mock spooler cannot ask.
    #[must_use]
    pub fn handshake(&self, entry: Entry) -> Option<Handshake> {
        handshake::handshake(self, entry)
    }

    /// Runs one case, or one point of its sweep.
    #[must_use]
    pub fn run_one(&self, case: &Case, point: Option<&Point>) -> CaseReport {
        let Outcome { report, .. } = one::run(self, case, point);
        report
    }

    /// The points of a case's sweep, found out by a run without faults.
    #[must_use]
    pub fn points(&self, case: &Case) -> Vec<Point> {
        let Some(sweep) = &case.sweep else { return Vec::new() };
        sweep.points(&one::run(self, case, None).places)
    }

    /// Runs all that is selected. `events` is told what happens, and whatever fails there ends the run.
    ///
    /// # Errors
    ///
    /// Those of `events`.
    pub fn run(
        &self,
        selection: &Selection,
        events: &mut dyn FnMut(Event<'_>) -> std::io::Result<()>,
    ) -> std::io::Result<Summary> {
        let start = Instant::now();
        let mut summary = Summary::new(self.settings.strict);
        let cases: Vec<&Case> = self.catalogue.select(selection).collect();
        events(Event::Started { cases: cases.len() })?;
        pool::run(self, &cases, selection, &mut |event| {
            if let Event::Case(report) = event {
                summary.add(report);
            }
            events(event)
        })?;
        summary.took = start.elapsed();
        events(Event::Finished(&summary))?;
        Ok(summary)
    }
}
