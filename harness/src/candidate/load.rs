//! Reads a candidate file and checks what it names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mapi_spi::PropTag;
use mock_spooler::plan::{ProfileProp, Shim};

use super::file::{CandidateFile, SinkFile, SourceFile};
use super::host::Runner;
use super::known::{Known, KnownFailure, day};
use super::placeholder::{self, Placeholder};
use super::profile::Tag;
use crate::capability::Capability;
use crate::case::Catalogue;
use crate::input::{self, FileError};
use crate::requirements::Requirement;

/// The properties of the profile that name the directories of mail where only a library is given.
const MAILDROP_IN: PropTag = PropTag(0x6600_001E);
const MAILDROP_OUT: PropTag = PropTag(0x6601_001E);
/// The header that names the true recipients where only a library is given.
const ENVELOPE: &str = "X-Sent-To";
const PATIENCE: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(20);

/// A candidate, checked.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its name in reports.
    pub name: String,
    /// The candidate file, where there is one.
    pub file: Option<PathBuf>,
    /// The library; empty where the candidate is a program.
    pub library: PathBuf,
    /// The program that speaks the shim's protocol, in the place of a library.
    pub shim: Option<Shim>,
    /// The library of the store, where it is another file.
    pub store_library: Option<PathBuf>,
    /// The service entry that the library exports.
    pub service_entry: Option<String>,
    /// Who loads it.
    pub runner: Runner,
    /// How mail reaches it.
    pub source: Source,
    /// Where what it sends can be seen.
    pub sink: Sink,
    /// The address types that it serves.
    pub address_types: Vec<String>,
    /// What it says it can do; what it shows where missing.
    pub capabilities: Option<Vec<Capability>>,
    /// How long a wait for an event of it may last.
    pub patience: Duration,
    /// How long a case may take beside its waits, before it is ended by force.
    pub limit: Duration,
    /// The directory of the vendor's own accepted traces.
    pub snapshots: Option<PathBuf>,
    /// What is known to fail.
    pub known: Known,
    /// Variables that its processes have beside those of this one.
    pub environment: Vec<(String, String)>,
    pub(crate) profile: Vec<ProfileProp>,
    pub(crate) store_profile: Vec<ProfileProp>,
}

/// How mail reaches the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It does not.
    None,
    /// As files in a directory that this property of the profile names.
    Maildrop {
        /// The property tag.
        tag: u32,
    },
    /// On the standard input of a program.
    Command(Vec<String>),
    /// By SMTP to this address.
    Smtp(String),
    /// Through the shim.
    Shim,
}

/// Where what the candidate sends can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere.
    None,
    /// As files in a directory that this property of the profile names.
    Maildrop {
        /// The property tag.
        tag: u32,
        /// The header with the true recipients; To and Cc where missing.
        envelope: Option<String>,
    },
    /// A listener of ours on this address.
    Smtp(String),
    /// Through the shim.
    Shim {
        /// The header with the true recipients; To and Cc where missing.
        envelope: Option<String>,
    },
}

/// There is no candidate to judge.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// The candidate file is wrong.
    #[error(transparent)]
    File(#[from] FileError),
    /// A library that belongs to this program was not built.
    #[error("the library `{name}` is not beside this program, in `{}`", dir.display())]
    NotBuilt {
        /// The file looked for.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The command line's program is no command.
    #[error("`{command}` is no command: a program and its arguments, quoted as for a shell")]
    NoCommand {
        /// What was given.
        command: String,
    },
    /// The library named on the command line is missing.
    #[error("there is no file `{}`", path.display())]
    NoLibrary {
        /// The path.
        path: PathBuf,
    },
}

impl Candidate {
    /// A library alone, with the defaults for all the rest.
    ///
    /// # Errors
    ///
    /// There is no such file.
    pub fn from_library(path: &Path) -> Result<Self, CandidateError> {
        let missing = || CandidateError::NoLibrary { path: path.to_owned() };
        let library = std::path::absolute(path).map_err(|_| missing())?;
        if !library.exists() {
            return Err(missing());
        }
        let name = library.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self::of_library(name.strip_prefix("lib").unwrap_or(&name), library.clone()))
    }

    /// A program that speaks the shim's protocol alone, with the defaults for all the rest. It runs in the directory that
    /// this process runs in.
    ///
    /// # Errors
    ///
    /// The command has no program in it.
    pub fn from_shim(command: &str) -> Result<Self, CandidateError> {
        let words = shlex::split(command).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| CandidateError::NoCommand { command: command.to_owned() })?;
        let name = Path::new(&words[0]).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dir = std::env::current_dir().unwrap_or_default();
        let shim = Some(Shim { command: words, dir });
        Ok(Self { shim, ..Self::of_library(&name, PathBuf::new()) })
    }

    /// What is judged, in a word or two: the library's path, or the program's command.
    #[must_use]
    pub fn code(&self) -> String {
        match &self.shim {
            Some(shim) => shim.command.join(" "),
            None => self.library.display().to_string(),
        }
    }

    /// As a candidate file says; its known failures must be about cases of the catalogue.
    ///
    /// # Errors
    ///
    /// Every mistake in the file, with its place.
    pub fn from_file(path: &Path, catalogue: &Catalogue) -> Result<Self, CandidateError> {
        let source = input::read(path)?;
        let file: CandidateFile = input::parse(path, &source)?;
        Ok(Resolve { path, source: &source }.candidate(file, catalogue)?)
    }

    pub(super) fn of_library(name: &str, library: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            file: None,
            library,
            shim: None,
            store_library: None,
            service_entry: None,
            runner: Runner::Auto,
            source: Source::Maildrop { tag: MAILDROP_IN.0 },
            sink: Sink::Maildrop { tag: MAILDROP_OUT.0, envelope: Some(ENVELOPE.to_owned()) },
            address_types: Vec::new(),
            capabilities: None,
            patience: PATIENCE,
            limit: LIMIT,
            snapshots: None,
            known: Known::default(),
            environment: Vec::new(),
            profile: Vec::new(),
            store_profile: Vec::new(),
        }
    }

    /// A candidate of which nothing matters.
    #[cfg(test)]
    pub(crate) fn for_test() -> Self {
        Self::of_library("test", PathBuf::from("test.so"))
    }

    /// Gives a string property of the provider's own profile section a value.
    pub fn set_profile_text(&mut self, tag: u32, text: &str) {
        self.profile.retain(|prop| prop.tag != tag);
        self.profile.push(ProfileProp { tag, value: text.into() });
    }

    /// Why a case cannot be run with this candidate at all, if so.
    #[must_use]
    pub fn lacks(&self, needs: &[Capability]) -> Option<String> {
        if needs.contains(&Capability::Service) && self.service_entry.is_none() {
            return Some("the candidate file names no `service-entry`".to_owned());
        }
        if let Some(declared) = &self.capabilities
            && let Some(missing) = needs.iter().find(|need| !need.is_choice() && !declared.contains(need))
        {
            return Some(format!("the candidate does not declare `{missing}`"));
        }
        match self.reaches(needs) {
            true => None,
            false if needs.contains(&Capability::Inbound) && self.source == Source::None => {
                Some("the candidate file has no `source` of mail".to_owned())
            }
            false => Some("the candidate file has no `sink` of mail".to_owned()),
        }
    }

    /// Whether mail can be brought to it and seen to leave it, as far as a case needs that.
    pub(crate) fn reaches(&self, needs: &[Capability]) -> bool {
        (self.source != Source::None || !needs.contains(&Capability::Inbound))
            && (self.sink != Sink::None || !needs.contains(&Capability::Outbound))
    }
}

/// A candidate file and its text, for complaints.
struct Resolve<'a> {
    path: &'a Path,
    source: &'a str,
}

impl Resolve<'_> {
    fn candidate(&self, file: CandidateFile, catalogue: &Catalogue) -> Result<Candidate, FileError> {
        let (library, shim) = match (file.library, file.shim) {
            (Some(library), None) => (self.existing("library", &library)?, None),
            (None, Some(command)) => (PathBuf::new(), Some(self.shim(command)?)),
            (Some(_), Some(_)) => {
                return Err(self.wrong("shim", "a candidate is a `library` or a `shim`, not both"));
            }
            (None, None) => {
                return Err(FileError::whole(self.path, "names neither a `library` nor a `shim`"));
            }
        };
        if shim.is_some() && file.store_library.is_some() {
            return Err(self.wrong("store-library", "a shim has its store itself: leave `store-library` out"));
        }
        let through_shim = shim.is_some();
        let store_library =
            file.store_library.map(|path| self.existing("store-library", &path)).transpose()?;
        let sink = file.sink.map_or(Ok(Sink::None), |sink| self.sink(sink, through_shim))?;
        self.placeholders(&file.profile.0, &file.store_profile.0, &sink)?;
        let mut capabilities = file.capabilities;
        if let Some(declared) = &mut capabilities {
            match (&file.service_entry, declared.contains(&Capability::Service)) {
                (None, true) => {
                    return Err(self.wrong("capabilities", "`service` needs the name of a `service-entry`"));
                }
                // Whoever names the entry has a service.
                (Some(_), false) => declared.push(Capability::Service),
                (None, false) | (Some(_), true) => {}
            }
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Candidate {
            name: file.name.unwrap_or(stem),
            file: Some(self.path.to_owned()),
            library,
            shim,
            store_library,
            service_entry: file.service_entry,
            runner: file.runner,
            source: file.source.map_or(Ok(Source::None), |source| self.source(source, through_shim))?,
            sink,
            address_types: file.address_types,
            capabilities,
            patience: file.timing.patience.map_or(PATIENCE, |span| span.0),
            limit: file.timing.limit.map_or(LIMIT, |span| span.0),
            snapshots: file.snapshots.map(|path| self.snapshots(&path, catalogue)).transpose()?,
            known: self.known(file.known_failures, catalogue)?,
            environment: Vec::new(),
            profile: file.profile.0,
            store_profile: file.store_profile.0,
        })
    }

    /// A mistake at a key.
    fn wrong(&self, key: &str, message: impl Into<String>) -> FileError {
        let at = input::find_after(self.source, 0, &format!("{key}:"));
        FileError::at(self.path, self.source, at, message)
    }

    /// The directory of snapshots, in which each is of a case that there is.
    fn snapshots(&self, path: &Path, catalogue: &Catalogue) -> Result<PathBuf, FileError> {
        let dir = self.beside(path)?;
        let entries =
            |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        for area in entries(&dir).filter(|path| path.is_dir()) {
            for file in entries(&area) {
                let (Some(name), Some(folder)) = (file.file_name(), area.file_name()) else { continue };
                let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".snap")) else { continue };
                let id = format!("{}/{name}", folder.to_string_lossy());
                if catalogue.get(&id).is_none() {
                    let message =
                        format!("`{}` is the snapshot of `{id}`, and there is no such case", file.display());
                    let near = catalogue.nearest(&id).map(|near| format!("did you mean `{near}`?"));
                    return Err(self.wrong("snapshots", message).help(near));
                }
            }
        }
        Ok(dir)
    }

    /// A path of the file, which starts at the file's own directory.
    fn beside(&self, path: &Path) -> Result<PathBuf, FileError> {
        let dir = self.path.parent().unwrap_or_else(|| Path::new(""));
        std::path::absolute(dir.join(path)).map_err(|error| FileError::whole(self.path, error.to_string()))
    }

    fn existing(&self, key: &str, path: &Path) -> Result<PathBuf, FileError> {
        let whole = self.beside(path)?;
        if whole.exists() {
            return Ok(whole);
        }
        let help = format!("paths start at the directory of this file: `{}`", whole.display());
        Err(self.wrong(key, format!("there is no file `{}`", path.display())).help(Some(help)))
    }

    fn shim(&self, command: Vec<String>) -> Result<Shim, FileError> {
        if command.first().is_none_or(String::is_empty) {
            return Err(self.wrong("shim", "a shim is a program and its arguments: `[python3, shim.py]`"));
        }
        // A program named with a path stands beside this file; a bare name is looked for as ever. It runs beside the file,
        // so that its arguments may be paths as they are in all of the file.
        let mut command = command;
        if command[0].contains(['/', '\\']) {
            let program = self.existing("shim", Path::new(&command[0]))?;
            command[0] = program.to_string_lossy().into_owned();
        }
        Ok(Shim { command, dir: self.beside(Path::new("."))? })
    }

    fn source(&self, source: SourceFile, is_shim: bool) -> Result<Source, FileError> {
        match (source.maildrop, source.command, source.smtp, source.shim) {
            (Some(tag), None, None, None) => Ok(Source::Maildrop { tag: self.directory_tag("source", tag)? }),
            (None, Some(command), None, None) if !command.is_empty() => {
                for word in &command {
                    let held = placeholder::within(word).map_err(|error| self.wrong("command", error))?;
                    if held.iter().any(|held| held.of_sink()) {
                        return Err(self.wrong("command", "a source has nothing to do with the sink"));
                    }
                }
                Ok(Source::Command(command))
            }
            (None, None, Some(address), None) => {
                let address = self.address("source", address)?;
                if address.ends_with(":0") {
                    let message =
                        format!("`{address}`: the server that takes the mail is yours, and has a port");
                    return Err(self.wrong("source", message));
                }
                Ok(Source::Smtp(address))
            }
            (None, None, None, Some(true)) if is_shim => Ok(Source::Shim),
            (None, None, None, Some(true)) => {
                Err(self.wrong("source", "only a candidate that is a `shim` takes mail through it"))
            }
            _ => {
                let one_of = "a source is one of `maildrop`, `command`, `smtp` and `shim: true`";
                Err(self.wrong("source", one_of))
            }
        }
    }

    fn sink(&self, sink: SinkFile, is_shim: bool) -> Result<Sink, FileError> {
        match (sink.maildrop, sink.smtp, sink.shim) {
            (Some(tag), None, None) => {
                Ok(Sink::Maildrop { tag: self.directory_tag("sink", tag)?, envelope: sink.envelope })
            }
            (None, Some(address), None) if sink.envelope.is_none() => {
                Ok(Sink::Smtp(self.address("sink", address)?))
            }
            (None, Some(_), None) => {
                Err(self.wrong("sink", "SMTP has an envelope of its own: leave `envelope` out"))
            }
            (None, None, Some(true)) if is_shim => Ok(Sink::Shim { envelope: sink.envelope }),
            (None, None, Some(true)) => {
                Err(self.wrong("sink", "only a candidate that is a `shim` tells through it what it has sent"))
            }
            _ => Err(self.wrong("sink", "a sink is one of `maildrop`, `smtp` and `shim: true`")),
        }
    }

    /// The placeholders in both sections are known, and our listener's port is told where only it is known.
    fn placeholders(&self, own: &[ProfileProp], store: &[ProfileProp], sink: &Sink) -> Result<(), FileError> {
        let mut told = false;
        for text in own.iter().chain(store).filter_map(|prop| prop.value.as_str()) {
            let wrong = |message: String| {
                FileError::at(self.path, self.source, input::find_after(self.source, 0, text), message)
            };
            let held = placeholder::within(text).map_err(wrong)?;
            if held.iter().any(|held| held.of_sink()) && !matches!(sink, Sink::Smtp(_)) {
                let message = format!(
                    "`{text}` tells of a listener, and there is none: `sink: {{ smtp: ... }}` asks for one"
                );
                return Err(wrong(message));
            }
            told |= held.iter().any(|held| matches!(held, Placeholder::SinkPort | Placeholder::SinkAddress));
        }
        match sink {
            Sink::Smtp(address) if address.ends_with(":0") && !told => {
                let message =
                    "the listener's port is new for each case, and nothing tells it to the candidate";
                let help = "give a property of the profile the value `${sink.port}` or `${sink.address}`";
                Err(self.wrong("sink", message).help(Some(help.to_owned())))
            }
            Sink::None | Sink::Maildrop { .. } | Sink::Smtp(_) | Sink::Shim { .. } => Ok(()),
        }
    }

    fn directory_tag(&self, key: &str, tag: Tag) -> Result<u32, FileError> {
        if tag.is_string() {
            return Ok(tag.0.0);
        }
        let message =
            format!("`{}` is of type {}: the path of a directory needs a string", tag.0, tag.0.prop_type());
        Err(self.wrong(key, message))
    }

    fn address(&self, key: &str, address: String) -> Result<String, FileError> {
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(address),
            _ => Err(self.wrong(key, format!("`{address}` is no address: HOST:PORT"))),
        }
    }

    fn known(&self, entries: Vec<super::file::KnownFile>, catalogue: &Catalogue) -> Result<Known, FileError> {
        let mut from = input::find_after(self.source, 0, "known-failures:");
        let mut known = Vec::new();
        for entry in entries {
            let wrong = |word: &str, message: String, near: Option<&str>| {
                let at = input::find_after(self.source, from, word);
                let help = near.map(|near| format!("did you mean `{near}`?"));
                FileError::at(self.path, self.source, at, message).help(help)
            };
            let (case, point) = match entry.case.split_once('@') {
                Some((case, point)) => (case, Some(point)),
                None => (entry.case.as_str(), None),
            };
            let Some(found) = catalogue.get(case) else {
                return Err(wrong(
                    &entry.case,
                    format!("there is no case `{case}`"),
                    catalogue.nearest(case),
                ));
            };
            if let Some(point) = point
                && (found.sweep.is_none() || point.parse::<crate::case::Point>().is_err())
            {
                return Err(wrong(&entry.case, format!("the case `{case}` has no point `{point}`"), None));
            }
            if let Some(Err(unknown)) = entry.requirement.as_deref().map(Requirement::find) {
                return Err(wrong(
                    &unknown.id,
                    format!("there is no requirement `{}`", unknown.id),
                    unknown.nearest,
                ));
            }
            if entry.reason.trim().is_empty() {
                return Err(wrong(&entry.case, "a known failure needs a reason".to_owned(), None));
            }
            let until =
                match &entry.until {
                    None => None,
                    Some(text) => Some(day(text).ok_or_else(|| {
                        wrong(text, format!("`{text}` is no day, as `2027-03-01` is"), None)
                    })?),
                };
            from = input::find_after(self.source, from, &entry.case) + entry.case.len();
            known.push(KnownFailure {
                case: entry.case,
                requirement: entry.requirement,
                reason: entry.reason,
                until,
            });
        }
        Ok(Known { entries: known })
    }
}
