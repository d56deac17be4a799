//! Where the libraries are that a library needs, as far as that can be known without loading it.
//!
//! The loader has the last word, and says it in the handshake; this is the complete list, where the loader names the first
//! only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::candidate::{Contents, Format, Library};

/// Where a library is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file beside the library that needs it, on its own run path, or on the path.
    Own(PathBuf),
    /// A file of the system's.
    System(PathBuf),
    /// The loader has it in itself: a set of functions (`api-ms-win-...`).
    Loader,
}

/// How this machine looks for the libraries that one needs.
#[derive(Debug)]
pub(super) struct Search {
    ways: Ways,
}

#[derive(Debug)]
enum Ways {
    Elf { own: Vec<PathBuf>, system: Vec<PathBuf>, cache: &'static BTreeMap<String, Vec<PathBuf>>, bits: u8 },
    Pe(PeDirs),
}

impl Search {
    /// The ways for a library; `None` where this machine's are not known.
    pub(super) fn of(path: &Path, library: Library, contents: &Contents) -> Option<Self> {
        let beside = path.parent().map(Path::to_owned).unwrap_or_default();
        let ways = match library.format {
            Format::Elf if cfg!(target_os = "linux") => Ways::Elf {
                own: elf_dirs(&beside, contents),
                system: ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].map(PathBuf::from).into(),
                cache: loader_cache(),
                bits: contents.bits,
            },
            Format::Pe => Ways::Pe(pe_dirs(&beside, library)).known()?,
            Format::Elf | Format::MachO => return None,
        };
        Some(Self { ways })
    }

    /// Where a library is; `None` where it is not found.
    pub(super) fn find(&self, name: &str) -> Option<Place> {
        match &self.ways {
            Ways::Elf { own, system, cache, bits } => {
                let file = |dir: &PathBuf| Some(dir.join(name)).filter(|path| path.exists());
                if Path::new(name).is_absolute() {
                    return Some(Place::System(name.into())).filter(|_| Path::new(name).exists());
                }
                let fits = |path: &&PathBuf| Contents::read(path).is_ok_and(|found| found.bits == *bits);
                own.iter().find_map(file).map(Place::Own).or_else(|| {
                    let cached = || cache.get(name).and_then(|all| all.iter().find(fits)).cloned();
                    cached().or_else(|| system.iter().find_map(file)).map(Place::System)
                })
            }
            Ways::Pe(dirs) => dirs.find(name),
        }
    }
}

impl Ways {
    fn known(self) -> Option<Self> {
        match &self {
            Self::Pe(dirs) if dirs.system.is_empty() => None,
            Self::Pe(_) | Self::Elf { .. } => Some(self),
        }
    }
}

fn elf_dirs(beside: &Path, contents: &Contents) -> Vec<PathBuf> {
    let own = contents.search.iter().map(|dir| {
        let text = dir.to_string_lossy();
        PathBuf::from(text.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &beside.to_string_lossy()))
    });
    let named = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    own.chain(std::env::split_paths(&named)).collect()
}

/// The libraries in the dynamic loader's cache; empty where there is none.
fn loader_cache() -> &'static BTreeMap<String, Vec<PathBuf>> {
    static CACHE: OnceLock<BTreeMap<String, Vec<PathBuf>>> = OnceLock::new();
    CACHE.get_or_init(read_loader_cache)
}

fn read_loader_cache() -> BTreeMap<String, Vec<PathBuf>> {
    let ldconfig = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"];
    let output = ldconfig.into_iter().find_map(|program| Command::new(program).arg("-p").output().ok());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let mut cache: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    // A line is `name (kind) => path`.
    let lines = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" (")?;
        Some((name.trim().to_owned(), PathBuf::from(rest.split_once(" => ")?.1.trim())))
    });
    for (name, path) in lines {
        cache.entry(name).or_default().push(path);
    }
    cache
}

/// Where Windows, or Wine, looks.
#[derive(Debug)]
struct PeDirs {
    /// Beside the library and on the path.
    own: Vec<PathBuf>,
    /// The system's.
    system: Vec<PathBuf>,
}

impl PeDirs {
    /// Where a library is; its name's case means nothing. Sets of functions (`api-ms-win-...`) are the loader's own.
    fn find(&self, name: &str) -> Option<Place> {
        let name = name.to_lowercase();
        if name.starts_with("api-ms-win-") {
            return Some(Place::Loader);
        }
        let own = self.own.iter().find_map(|dir| held(dir, &name)).map(Place::Own);
        own.or_else(|| self.system.iter().find_map(|dir| held(dir, &name)).map(Place::System))
    }
}

fn held(dir: &Path, name: &str) -> Option<PathBuf> {
    let plain = dir.join(name);
    if plain.is_file() {
        return Some(plain);
    }
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut named =
        entries.into_iter().filter(|entry| entry.file_name().to_string_lossy().to_lowercase() == name);
    named.next().map(|entry| entry.path())
}

fn pe_dirs(beside: &Path, library: Library) -> PeDirs {
    let mut own = vec![beside.to_owned()];
    let narrow = library.machine == "x86";
    if cfg!(windows) {
        own.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let root = std::env::var_os("SystemRoot").map(PathBuf::from).into_iter();
        let folder = if narrow && std::env::consts::ARCH == "x86_64" { "SysWOW64" } else { "System32" };
        return PeDirs {
            own,
            system: root.map(|root| root.join(folder)).filter(|dir| dir.is_dir()).collect(),
        };
    }
    let prefix = std::env::var_os("WINEPREFIX").map(PathBuf::from);
    let prefix = prefix.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".wine")));
    let windows = prefix.into_iter().map(|prefix| prefix.join("drive_c/windows"));
    let wide = windows.clone().any(|dir| dir.join("syswow64").is_dir());
    let folder = if narrow && wide { "syswow64" } else { "system32" };
    let kind = if narrow { "i386-windows" } else { "x86_64-windows" };
    // Wine's own libraries are put into a prefix when it is made; before, they are known from where Wine is installed.
    let installed = [
        "/usr/lib/wine",
        "/usr/lib64/wine",
        "/usr/lib/x86_64-linux-gnu/wine",
        "/usr/lib/i386-linux-gnu/wine",
        "/opt/wine-stable/lib64/wine",
        "/opt/wine-stable/lib/wine",
    ];
    let installed = installed.into_iter().map(|dir| Path::new(dir).join(kind));
    PeDirs {
        own,
        system: windows.map(|dir| dir.join(folder)).chain(installed).filter(|dir| dir.is_dir()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_nowhere_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let library = dir.path().join("x.so");
        let elf = Library { format: Format::Elf, machine: "x86_64" };
        let contents =
            Contents { bits: 64, search: vec![PathBuf::from("$ORIGIN/lib")], ..Contents::default() };
        let find =
            |name: &str| Search::of(&library, elf, &contents).expect("the ways of this machine").find(name);
        assert_eq!(find("libacme.so.1"), None);
        assert!(matches!(find("libc.so.6"), Some(Place::System(_))));
        let own = dir.path().join("lib/libacme.so.1");
        std::fs::create_dir(dir.path().join("lib")).expect("made");
        std::fs::write(&own, "").expect("written");
        assert_eq!(find("libacme.so.1"), Some(Place::Own(own)));
    }

    #[test]
    fn windows_does_not_mind_case() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("AcmeUtil.DLL");
        std::fs::write(&file, "").expect("written");
        let dirs = PeDirs { own: vec![dir.path().to_owned()], system: Vec::new() };
        assert_eq!(dirs.find("acmeutil.dll"), Some(Place::Own(file)));
        assert_eq!(dirs.find("api-ms-win-crt-heap-l1-1-0.dll"), Some(Place::Loader));
        assert_eq!(dirs.find("other.dll"), None);
    }
}
