//! What a vendor's workspace sees of the library names no crate but ours and the standard library: those that we build on can
//! change without a word to anybody.
//!
//! The sources are parsed, not searched: of each public item all that a user of it meets - signatures, fields, variants, bounds,
//! types of constants, headers of trait implementations - is looked through for names that a `use` or a path brings in from a
//! dependency. Traits that are derived are left out: they name nothing, and serde's on the records of the JSON report are what
//! makes them records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Fields, ImplItem, Item, TraitItem, UseTree, Visibility};

/// Traits whose implementation by hand is as one that is derived.
const AS_DERIVED: [&str; 2] = ["Deserialize", "JsonSchema"];

/// The names under which the dependencies are used, from the manifest.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let manifest = manifest.expect("the manifest");
    // Tables of dependencies alone: a benchmark's `name` is none.
    let tables = manifest.split("\n[").filter(|table| {
        let header = table.lines().next().unwrap_or_default();
        header.ends_with("dependencies]") && !header.starts_with("dev-")
    });
    let named = tables
        .flat_map(|table| table.lines().skip(1))
        .filter(|line| line.contains('=') && !line.starts_with('#'));
    let names =
        named.filter_map(|line| line.split(['.', ' ', '=']).next()).map(|name| name.replace('-', "_"));
    let ours = ["mapi_spi", "mock_spooler", "mapi32", "reference_provider", "sample_preprocessor"];
    let names: Vec<String> = names.filter(|name| !ours.contains(&name.as_str())).collect();
    for known in ["serde_json", "clap", "miette", "rustix", "win32job"] {
        assert!(names.iter().any(|name| name == known), "{known} is not among {names:?}");
    }
    names
}

/// What one file shows.
struct Shown<'a> {
    file: &'a Path,
    dependencies: &'a [String],
    /// Names that a `use` brings in, with the crate they come from.
    used: BTreeMap<String, String>,
    /// Types of this file that nobody outside sees: whatever they implement is theirs alone.
    hidden: BTreeSet<String>,
    found: Vec<String>,
}

impl Shown<'_> {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            if let Item::Use(item) = item {
                self.tree(&item.tree, None);
                if matches!(item.vis, Visibility::Public(_)) {
                    // A re-export shows where it comes from.
                    self.look("use", item.tree.to_token_stream());
                }
            }
            let (vis, ident) = match item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                _ => continue,
            };
            if !matches!(vis, Visibility::Public(_)) {
                self.hidden.insert(ident.to_string());
            }
        }
        items.iter().for_each(|item| self.item(item));
    }

    fn tree(&mut self, tree: &UseTree, root: Option<&str>) {
        let named = |ident: &syn::Ident| root.map_or_else(|| ident.to_string(), str::to_owned);
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, Some(&named(&path.ident))),
            UseTree::Name(name) => drop(self.used.insert(name.ident.to_string(), named(&name.ident))),
            UseTree::Rename(name) => drop(self.used.insert(name.rename.to_string(), named(&name.ident))),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, root)),
            UseTree::Glob(_) => {}
        }
    }

    fn item(&mut self, item: &Item) {
        let public = |vis: &Visibility| matches!(vis, Visibility::Public(_));
        match item {
            Item::Fn(item) if public(&item.vis) => self.look(&item.sig.ident, &item.sig),
            Item::Const(item) if public(&item.vis) => self.look(&item.ident, &item.ty),
            Item::Static(item) if public(&item.vis) => self.look(&item.ident, &item.ty),
            Item::Type(item) if public(&item.vis) => self.look(&item.ident, item),
            Item::Struct(item) if public(&item.vis) => {
                self.look(&item.ident, &item.generics);
                self.fields(&item.ident, &item.fields, false);
            }
            Item::Enum(item) if public(&item.vis) => {
                self.look(&item.ident, &item.generics);
                item.variants.iter().for_each(|variant| self.fields(&item.ident, &variant.fields, true));
            }
            Item::Trait(item) if public(&item.vis) => {
                self.look(&item.ident, &item.supertraits);
                for one in &item.items {
                    match one {
                        TraitItem::Fn(one) => self.look(&item.ident, &one.sig),
                        other => self.look(&item.ident, other),
                    }
                }
            }
            Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().to_string();
                if name.split(' ').next().is_some_and(|name| self.hidden.contains(name)) {
                    return;
                }
                if let Some((_, of, _)) = &item.trait_ {
                    let last = of.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                    if !AS_DERIVED.contains(&last.as_str()) {
                        self.look(&name, of);
                    }
                }
                for one in &item.items {
                    match one {
                        ImplItem::Fn(one) if public(&one.vis) => self.look(&name, &one.sig),
                        ImplItem::Const(one) if public(&one.vis) => self.look(&name, &one.ty),
                        _ => {}
                    }
                }
            }
            Item::Mod(item) if public(&item.vis) => {
                if let Some((_, items)) = &item.content {
                    self.items(items);
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, name: &syn::Ident, fields: &Fields, all: bool) {
        for field in fields {
            if all || matches!(field.vis, Visibility::Public(_)) {
                self.look(name, &field.ty);
            }
        }
    }

    /// Notes each name of a dependency.
    fn look(&mut self, what: impl ToString, shown: impl ToTokens) {
        let what = what.to_string();
        let mut names = Vec::new();
        words(shown.to_token_stream(), &mut names);
        for name in names {
            let of = self.used.get(&name).unwrap_or(&name);
            if self.dependencies.contains(of) {
                self.found.push(format!("{}: {what}: {name} of {of}", self.file.display()));
            }
        }
    }
}

/// The words of code that can name a type or a crate: those that do not stand behind a `::`, which the first one explains.
fn words(tokens: TokenStream, names: &mut Vec<String>) {
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons < 2 {
                    names.push(ident.to_string());
                }
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                words(group.stream(), names);
                colons = 0;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
        }
    }
}

fn found(file: &Path, text: &str, dependencies: &[String]) -> Vec<String> {
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut shown =
        Shown { file, dependencies, used: BTreeMap::new(), hidden: BTreeSet::new(), found: Vec::new() };
    shown.items(&parsed.items);
    shown.found
}

/// A check that finds nothing has to be shown to find something.
#[test]
fn what_would_show_is_found() {
    let names = ["serde_json", "clap", "chrono"].map(str::to_owned);
    let of = |text: &str| found(Path::new("x.rs"), text, &names).len();
    for (text, due) in [
        ("pub fn a() -> serde_json::Value { loop {} }", 1),
        ("use serde_json::Value; pub fn a(b: &[Option<Value>]) {}", 1),
        ("use serde_json::{self, Value as V}; pub struct A { pub b: V, c: V }", 1),
        ("pub enum A { B { source: serde_json::Error } }", 1),
        ("pub struct A(pub chrono::NaiveDate);", 1),
        ("pub struct A; impl A { pub fn b<T: clap::Parser>(&self) {} }", 1),
        ("pub struct A; impl From<clap::Error> for A { fn from(_: clap::Error) -> Self { A } }", 1),
        ("pub trait A: clap::Parser { fn b() -> serde_json::Value; }", 2),
        ("pub use serde_json::Value;", 1),
        ("pub const A: Option<chrono::NaiveDate> = None;", 1),
        ("struct A; impl From<clap::Error> for A { fn from(_: clap::Error) -> Self { A } }", 0),
        ("fn a() -> serde_json::Value { loop {} }", 0),
        ("pub(crate) fn a() -> serde_json::Value { loop {} }", 0),
        ("use serde_json::Value; pub fn a() { let b: Value = loop {}; }", 0),
        ("pub fn a() -> crate::chrono_like::Value { loop {} }", 0),
    ] {
        assert_eq!(of(text), due, "{text}");
    }
}

#[test]
fn no_dependency_shows() {
    let dependencies = dependencies();
    let (mut dirs, mut all, mut files) = (vec![sources()], Vec::new(), 0);
    while let Some(dir) = dirs.pop() {
        for path in std::fs::read_dir(dir).expect("the sources").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                files += 1;
                all.extend(found(&path, &std::fs::read_to_string(&path).expect("a source"), &dependencies));
            }
        }
    }
    assert!(files > 50, "{files} files");
    assert_eq!(all, Vec::<String>::new(), "types of dependencies in what is public");
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
