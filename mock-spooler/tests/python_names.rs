//! The names of flags, numbers and property tags that Python providers use are those of the declaration.
//!
//! `SPOOLPROOF_WRITE=1` writes the files anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use mapi_spi::PropTag;
use mapi_spi::flags::FlagSet;
use mapi_spi::tags::PropType;

const PACKAGE: &str = "../harness/providers/python/mapishim";

#[test]
fn flags_are_those_of_the_declaration() {
    let mut text = head("Flags and numbers, by the names of the headers.");
    let mut known = BTreeMap::new();
    for set in FlagSet::all() {
        let new: Vec<_> = set.entries().filter(|(_, name)| !known.contains_key(name)).collect();
        if !new.is_empty() {
            let _ = writeln!(text, "\n# {}", set.name);
        }
        for (value, name) in new {
            let _ = writeln!(text, "{name} = 0x{value:08X}");
            known.insert(name, value);
        }
    }
    compare("flags.py", &text);
}

#[test]
fn tags_are_those_of_the_declaration() {
    let mut text = head("Property tags and property types, by the names of the headers.");
    text.push('\n');
    for kind in 0..=u16::MAX {
        if let Some(name) = PropType(kind).name() {
            let _ = writeln!(text, "{name} = 0x{kind:04X}");
        }
    }
    text.push_str("#: Set in the types of properties with several values.\nMV_FLAG = 0x1000\n");
    text.push_str("#: The types that there are.\n");
    text.push_str(
        "TYPES = frozenset(value for name, value in list(globals().items()) if name.startswith(\"PT_\"))\n\n",
    );
    let _ = writeln!(text, "PR_NULL = 0x00000001");
    for (tag, name) in PropTag::all() {
        let _ = writeln!(text, "{name} = 0x{:08X}", tag.0);
    }
    compare("tags.py", &text);
}

fn head(what: &str) -> String {
    format!(
        "\"\"\"{what}\n\nMade from the declaration of the interfaces by `mock-spooler/tests/python_names.rs`, which compares it.\n\"\"\"\n"
    )
}

fn compare(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PACKAGE).join(file);
    if std::env::var_os("SPOOLPROOF_WRITE").is_some() {
        std::fs::write(&path, text).expect("the repository can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "{file} is stale: run this test with SPOOLPROOF_WRITE=1, and read what changed");
}
