//! Who serves what a library imports: this program, a library that is found here, or nobody.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

use mapi_spi::functions::{FUNCTIONS, UNSERVED};

use super::search::{Place, Search};
use crate::candidate::{Contents, Library};

/// What a library imports from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imports {
    /// The other library's name; empty for names that are said to come from no library in particular.
    pub library: String,
    /// Who serves it.
    pub by: By,
    /// The names that are served.
    pub served: Vec<String>,
    /// Functions of MAPI's that this program exports, and answers with MAPI_E_NO_SUPPORT.
    pub refused: Vec<String>,
    /// The names that nobody serves.
    pub nobody: Vec<String>,
}

/// Who serves a library's imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// This program, which brings MAPI's functions.
    Us,
    /// A library that is found here.
    Found(Place),
    /// Nobody: the library is not found.
    Nobody,
    /// This machine's ways of looking for libraries are not known.
    Unknown,
}

/// How far libraries that are needed by those that are needed are followed.
const FOLLOWED: usize = 200;

/// Looks for who serves a library's imports.
pub(super) fn imports(path: &Path, library: Library, contents: &Contents) -> Vec<Imports> {
    let search = Search::of(path, library, contents);
    let mut unbound = contents.unbound.clone();
    let mut all: Vec<Imports> = Vec::new();
    for need in &contents.needs {
        let mut one = match (is_mapi(&need.library), &search) {
            (true, _) => of_mapi(&need.library, &need.names),
            (false, None) => Imports::of(&need.library, By::Unknown),
            (false, Some(search)) => found(search, &need.library, &need.names),
        };
        // What any library may serve is served by the first that has it, in the file's order; nobody says so beforehand.
        if let By::Found(Place::Own(at) | Place::System(at)) = &one.by
            && let Ok(offered) = Contents::offered(at)
        {
            let (mut served, rest) = unbound.into_iter().partition(|name| offered.contains(name));
            one.served.append(&mut served);
            unbound = rest;
        }
        one.served.sort();
        all.push(one);
    }
    all.extend(rest(path, library, contents, unbound));
    all
}

/// The names that no library is named for and that those which are needed do not have themselves: what this program has of
/// them - its functions are found by whoever leaves them undefined -, what the libraries have that the needed ones need, the rest.
fn rest(path: &Path, library: Library, contents: &Contents, unbound: Vec<String>) -> Vec<Imports> {
    let mapi = of_mapi("", &unbound);
    let mut left = mapi.nobody;
    let mut all = vec![Imports { nobody: Vec::new(), ..mapi }];
    for (place, offered) in if left.is_empty() { Vec::new() } else { deeper(path, library, contents) } {
        let (served, rest) = left.into_iter().partition(|name| offered.contains(name));
        all.push(Imports { served, ..Imports::of("", By::Found(place)) });
        left = rest;
    }
    let known = Search::of(path, library, contents).is_some();
    all.push(Imports { nobody: left, ..Imports::of("", if known { By::Nobody } else { By::Unknown }) });
    all.retain(|one| [&one.served, &one.refused, &one.nobody].iter().any(|names| !names.is_empty()));
    all
}

/// The libraries that are needed by those that a library needs, each with what it offers.
fn deeper(path: &Path, library: Library, contents: &Contents) -> Vec<(Place, BTreeSet<String>)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(path.to_owned(), contents.clone())]);
    while let Some((at, contents)) = open.pop_front() {
        let Some(search) = Search::of(&at, library, &contents) else { break };
        let places = contents.needs.iter().filter_map(|need| search.find(&need.library));
        for place in places {
            let (Place::Own(next) | Place::System(next)) = &place else { continue };
            if seen.len() >= FOLLOWED || !seen.insert(next.clone()) {
                continue;
            }
            open.extend(Contents::read(next).ok().map(|contents| (next.clone(), contents)));
            let offered = Contents::offered(next).unwrap_or_default();
            found.push((place, offered));
        }
    }
    found
}

fn found(search: &Search, library: &str, names: &[String]) -> Imports {
    let Some(place) = search.find(library) else {
        return Imports { nobody: names.to_vec(), ..Imports::of(library, By::Nobody) };
    };
    let offered = match &place {
        Place::Own(at) | Place::System(at) => Contents::offered(at).ok(),
        Place::Loader => None,
    };
    // What goes by number, and what is in a file that cannot be read, is left to the loader.
    let has = |name: &String| {
        name.starts_with('#') || offered.as_ref().is_none_or(|offered| offered.contains(name))
    };
    let (served, nobody) = names.iter().cloned().partition(has);
    Imports { served, nobody, ..Imports::of(library, By::Found(place)) }
}

fn of_mapi(library: &str, names: &[String]) -> Imports {
    let plain = |name: &str| name.trim_start_matches('_').split('@').next().unwrap_or(name).to_owned();
    let (served, rest): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| FUNCTIONS.iter().any(|one| one.name == plain(name)));
    let (refused, nobody): (Vec<String>, Vec<String>) =
        rest.into_iter().partition(|name| UNSERVED.contains(&plain(name).as_str()));
    Imports { served, refused, nobody, ..Imports::of(library, By::Us) }
}

/// Whether the mock brings this library, by whatever name it is asked for.
fn is_mapi(library: &str) -> bool {
    ["mapi32.dll", "olmapi32.dll", "libmapi32.so"].iter().any(|name| library.eq_ignore_ascii_case(name))
}

impl Imports {
    fn of(library: &str, by: By) -> Self {
        let library = library.to_owned();
        Self { library, by, served: Vec::new(), refused: Vec::new(), nobody: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Format, Need};

    fn contents(library: &str, names: &[&str], unbound: &[&str]) -> Contents {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let needs = vec![Need { library: library.to_owned(), names: owned(names) }];
        Contents { bits: 64, needs, unbound: owned(unbound), ..Contents::default() }
    }

    fn elf(contents: &Contents) -> Vec<Imports> {
        imports(Path::new("x.so"), Library { format: Format::Elf, machine: "x86_64" }, contents)
    }

    #[test]
    fn mapi_is_served_refused_or_absent() {
        let names = ["MAPIAllocateBuffer", "_ScCountProps@12", "MAPISendMail", "Acme"];
        let pe = Library { format: Format::Pe, machine: "x86_64" };
        let all = imports(Path::new("x.dll"), pe, &contents("MAPI32.DLL", &names, &[]));
        assert_eq!(all[0].by, By::Us);
        assert_eq!(all[0].served, ["MAPIAllocateBuffer", "_ScCountProps@12"]);
        assert_eq!(
            (all[0].refused.as_slice(), all[0].nobody.as_slice()),
            (&["MAPISendMail".to_owned()][..], &["Acme".to_owned()][..])
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn each_name_of_a_library_is_looked_for() {
        let names = ["malloc@GLIBC_2.2.5", "malloc@GLIBC_9.99", "acme_alloc@GLIBC_2.2.5"];
        let all = elf(&contents("libc.so.6", &names, &["free", "MAPIFreeBuffer", "acme"]));
        assert!(matches!(all[0].by, By::Found(Place::System(_))), "{all:?}");
        assert_eq!(all[0].served, ["free", "malloc@GLIBC_2.2.5"]);
        assert_eq!(all[0].nobody, ["malloc@GLIBC_9.99", "acme_alloc@GLIBC_2.2.5"]);
        assert_eq!(
            (all[1].by.clone(), all[1].served.as_slice()),
            (By::Us, &["MAPIFreeBuffer".to_owned()][..])
        );
        assert_eq!((all[2].by.clone(), all[2].nobody.as_slice()), (By::Nobody, &["acme".to_owned()][..]));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_not_found_serves_nothing() {
        let all = elf(&contents("libacme.so.1", &["acme@ACME_1"], &["MAPISendMail"]));
        assert_eq!(
            (all[0].by.clone(), all[0].nobody.as_slice()),
            (By::Nobody, &["acme@ACME_1".to_owned()][..])
        );
        assert_eq!(all[1].refused, ["MAPISendMail"]);
    }
}
