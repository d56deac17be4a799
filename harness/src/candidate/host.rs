//! Who loads the library: this program itself, started again, or a mock spooler for another platform.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::library::{Format, Library};

/// The candidate file's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Runner {
    /// By looking at the library.
    #[default]
    Auto,
    /// This platform's own loader.
    Native,
    /// `mock-spooler.exe` under Wine.
    Wine,
}

/// Who loads the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// This same executable, started again.
    Here,
    /// A mock spooler built for the library's machine.
    MockSpooler {
        /// The program.
        exe: PathBuf,
        /// Whether Wine runs it.
        wine: bool,
    },
}

/// Nobody here can load the library.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It is for another machine.
    #[error("`{}` is {library}; this machine loads {}{}", path.display(), Library::native(), and_wine())]
    OtherMachine {
        /// The library.
        path: PathBuf,
        /// What it is.
        library: Library,
    },
    /// The candidate file insists on a runner that does not fit.
    #[error("`{}` is {library}: `runner: {runner}` cannot load it", path.display())]
    Runner {
        /// The library.
        path: PathBuf,
        /// What it is.
        library: Library,
        /// The runner.
        runner: &'static str,
    },
    /// The mock spooler for Windows libraries was not built.
    #[error(
        "there is no `mock-spooler.exe` for {machine}; build it with \
         `cargo build --release -p mock-spooler --target {target}`, or name one in SPOOLPROOF_MOCK_SPOOLER_EXE"
    )]
    NoMockSpooler {
        /// The machine.
        machine: &'static str,
        /// The target that builds it.
        target: &'static str,
    },
    /// Wine is missing.
    #[error("`{}` is a Windows library, and there is no `wine` on the path to run it with", path.display())]
    NoWine {
        /// The library.
        path: PathBuf,
    },
}

fn and_wine() -> &'static str {
    if cfg!(windows) { "" } else { ", and PE for x86_64 or x86 under Wine" }
}

impl Host {
    /// Who loads this library.
    ///
    /// # Errors
    ///
    /// Nobody can, or what is needed for it is missing here.
    pub fn choose(path: &Path, library: Library, runner: Runner) -> Result<Self, HostError> {
        let native = Library::native();
        let foreign = library.format == Format::Pe && (!cfg!(windows) || library.machine != native.machine);
        match runner {
            Runner::Auto | Runner::Native if library == native => Ok(Self::Here),
            Runner::Auto if foreign => Self::mock_spooler(path, library),
            Runner::Wine if library.format == Format::Pe && !cfg!(windows) => {
                Self::mock_spooler(path, library)
            }
            Runner::Auto => Err(HostError::OtherMachine { path: path.to_owned(), library }),
            Runner::Native => Err(HostError::Runner { path: path.to_owned(), library, runner: "native" }),
            Runner::Wine => Err(HostError::Runner { path: path.to_owned(), library, runner: "wine" }),
        }
    }

    fn mock_spooler(path: &Path, library: Library) -> Result<Self, HostError> {
        let target = match library.machine {
            "x86_64" => "x86_64-pc-windows-gnu",
            "x86" => "i686-pc-windows-gnu",
            _ => return Err(HostError::OtherMachine { path: path.to_owned(), library }),
        };
        let wine = !cfg!(windows);
        if wine && !on_path("wine") {
            return Err(HostError::NoWine { path: path.to_owned() });
        }
        match find_mock_spooler(target) {
            Some(exe) => Ok(Self::MockSpooler { exe, wine }),
            None => Err(HostError::NoMockSpooler { machine: library.machine, target }),
        }
    }

    /// A path as the child sees it: Wine's drive `Z:` is the whole file system.
    #[must_use]
    pub fn translate(&self, path: &Path) -> PathBuf {
        match self {
            Self::MockSpooler { wine: true, .. } => under_wine(path),
            Self::MockSpooler { wine: false, .. } | Self::Here => path.to_owned(),
        }
    }
}

/// A path as programs under Wine see it.
pub(crate) fn under_wine(path: &Path) -> PathBuf {
    PathBuf::from(format!("Z:{}", path.to_string_lossy().replace('/', "\\")))
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The one named by the variable, else the newest among those beside this program and in the target directories.
fn find_mock_spooler(target: &str) -> Option<PathBuf> {
    const NAME: &str = "mock-spooler.exe";
    if let Some(named) = std::env::var_os("SPOOLPROOF_MOCK_SPOOLER_EXE").filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named)).filter(|exe| exe.is_file());
    }
    let exe = std::env::current_exe().ok();
    let beside = exe.iter().filter_map(|exe| exe.parent()).map(|dir| dir.join(NAME));
    let targets = target_dirs(exe.as_deref()).into_iter();
    let built =
        targets.flat_map(|dir| ["release", "debug"].map(|profile| dir.join(target).join(profile).join(NAME)));
    let newest = |exe: &PathBuf| exe.metadata().and_then(|metadata| metadata.modified()).ok();
    beside.chain(built).filter(|exe| exe.is_file()).max_by_key(newest)
}

fn target_dirs(exe: Option<&Path>) -> Vec<PathBuf> {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // target/debug/spoolproof, target/debug/deps/conformance-0123456789abcdef
    let own = exe.iter().flat_map(|exe| exe.ancestors()).find(|dir| {
        dir.file_name().is_some_and(|name| name != OsStr::new("deps")) && dir.join("CACHEDIR.TAG").is_file()
    });
    let mut dirs: Vec<PathBuf> = named.into_iter().chain(own.map(Path::to_owned)).collect();
    dirs.push(crate::dirs::workspace().join("target"));
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_under_wine() {
        let host = Host::MockSpooler { exe: PathBuf::new(), wine: true };
        assert_eq!(host.translate(Path::new("/a/b c.dll")), Path::new("Z:\\a\\b c.dll"));
        assert_eq!(Host::Here.translate(Path::new("/a/b")), Path::new("/a/b"));
    }

    #[test]
    fn other_machines_are_refused() {
        let library = Library { format: Format::Elf, machine: "s390x" };
        let error = Host::choose(Path::new("x.so"), library, Runner::Auto).expect_err("nobody loads it");
        assert!(error.to_string().contains("ELF for s390x"), "{error}");
    }
}
