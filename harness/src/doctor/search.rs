//! Where the libraries are that a library needs, as far as that can be known without loading it.
//!
//! The loader has the last word, and says it in the handshake; this is the complete list, where the loader names the first
//! only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::candidate::{Contents, Format, Library};

/// The libraries that a library needs and that are not found here; empty where this machine's ways are not known.
#[must_use]
pub fn missing(path: &Path, library: Library, contents: &Contents) -> Vec<String> {
    let beside = path.parent().map(Path::to_owned).unwrap_or_default();
    let is_there: Box<dyn Fn(&str) -> bool> = match library.format {
        Format::Elf if cfg!(target_os = "linux") => {
            let dirs = elf_dirs(&beside, contents);
            let cached = loader_cache();
            Box::new(move |name| {
                cached.contains(name)
                    || dirs.iter().any(|dir| dir.join(name).exists())
                    || Path::new(name).is_absolute()
            })
        }
        Format::Pe => {
            let dirs = pe_dirs(&beside, library);
            if dirs.system.is_empty() {
                return Vec::new();
            }
            Box::new(move |name| dirs.have(name))
        }
        Format::Elf | Format::MachO => return Vec::new(),
    };
    contents.needs.iter().map(|need| need.library.clone()).filter(|name| !is_there(name)).collect()
}

fn elf_dirs(beside: &Path, contents: &Contents) -> Vec<PathBuf> {
    let own = contents.search.iter().map(|dir| {
        let text = dir.to_string_lossy();
        PathBuf::from(text.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &beside.to_string_lossy()))
    });
    let named = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let system = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].map(PathBuf::from);
    own.chain(std::env::split_paths(&named)).chain(system).collect()
}

/// The names in the dynamic loader's cache; empty where there is none.
fn loader_cache() -> BTreeSet<String> {
    let ldconfig = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"];
    let output = ldconfig.into_iter().find_map(|program| Command::new(program).arg("-p").output().ok());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(|line| Some(line.split_once(" (")?.0.trim().to_owned())).collect()
}

/// Where Windows, or Wine, looks.
struct PeDirs {
    /// Beside the library and on the path.
    own: Vec<PathBuf>,
    /// The system's.
    system: Vec<PathBuf>,
}

impl PeDirs {
    /// Whether a library is there; its name's case means nothing. Sets of functions (`api-ms-win-...`) are the loader's own.
    fn have(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name.starts_with("api-ms-win-") || self.own.iter().chain(&self.system).any(|dir| holds(dir, &name))
    }
}

fn holds(dir: &Path, name: &str) -> bool {
    if dir.join(name).is_file() {
        return true;
    }
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().to_lowercase() == name)
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
    use crate::candidate::Need;

    fn needing(library: &str) -> Contents {
        let need = Need { library: library.to_owned(), names: Vec::new() };
        Contents {
            bits: 64,
            exports: Vec::new(),
            needs: vec![need],
            search: vec![PathBuf::from("$ORIGIN/lib")],
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_nowhere_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let library = dir.path().join("x.so");
        let elf = Library { format: Format::Elf, machine: "x86_64" };
        assert_eq!(missing(&library, elf, &needing("libacme.so.1")), ["libacme.so.1"]);
        assert_eq!(missing(&library, elf, &needing("libc.so.6")), [""; 0]);
        std::fs::create_dir(dir.path().join("lib")).expect("made");
        std::fs::write(dir.path().join("lib/libacme.so.1"), "").expect("written");
        assert_eq!(missing(&library, elf, &needing("libacme.so.1")), [""; 0]);
    }

    #[test]
    fn windows_does_not_mind_case() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("AcmeUtil.DLL"), "").expect("written");
        let dirs = PeDirs { own: vec![dir.path().to_owned()], system: Vec::new() };
        assert!(dirs.have("acmeutil.dll") && dirs.have("api-ms-win-crt-heap-l1-1-0.dll"));
        assert!(!dirs.have("other.dll"));
    }
}
