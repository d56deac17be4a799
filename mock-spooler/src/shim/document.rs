//! The protocol in words (`SHIM.md`) and as a JSON Schema, made of the declaration.
//!
//! What is said of each method follows from `mapi_spi::meta`; what holds for all of them stands in `HEAD`, which is prose.
//! A test compares the file in the repository with what is made here: `SPOOLPROOF_WRITE=1` writes it anew.

use std::fmt::Write as _;

use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, INTERFACES, Interface, Method, Note, Param};
use mapi_spi::words::{ADD_REF, QUERY_INTERFACE, RELEASE};
use serde_json::{Map, Value, json};

use super::entry::{MS_PROVIDER_INIT, XP_PROVIDER_INIT};
use super::{LONGEST_LINE, PROTOCOL};

/// What holds for the protocol as a whole.
const HEAD: &str = include_str!("protocol.md");

/// The protocol's document.
#[must_use]
pub fn document() -> String {
    let mut text = HEAD
        .replace("{PROTOCOL}", &PROTOCOL.to_string())
        .replace("{LONGEST_LINE}", &format!("{LONGEST_LINE} bytes ({} MiB)", LONGEST_LINE >> 20));
    text.push_str("\n## Kinds of values\n\n| kind | in JSON |\n| --- | --- |\n");
    for wire in kinds() {
        let _ = writeln!(text, "| `{wire:?}` | {} |", in_words(wire));
    }
    text.push_str("\n## Entry points\n\n");
    for method in [&XP_PROVIDER_INIT, &MS_PROVIDER_INIT] {
        describe(&mut text, method, method.name);
    }
    text.push_str("## Methods\n\nThe methods of every interface, in the order of the headers. `out` parameters stand in the answer's `out`, `inout` ones in both.\n\n### IUnknown\n\n");
    for method in [&QUERY_INTERFACE, &ADD_REF, &RELEASE] {
        describe(&mut text, method, &format!("IUnknown.{}", method.name));
    }
    for interface in carried() {
        let _ = writeln!(
            text,
            "### {}\n\n{} Extends `{}`.\n",
            interface.name,
            interface.doc.trim(),
            interface.base
        );
        for method in interface.methods {
            describe(&mut text, method, &format!("{}.{}", interface.name, method.name));
        }
    }
    text
}

/// The interfaces whose methods travel. Memory does not: IMalloc's own methods are answered where they are called.
fn carried() -> impl Iterator<Item = &'static Interface> {
    INTERFACES.iter().filter(|interface| interface.name != "IMalloc")
}

fn describe(text: &mut String, method: &Method, name: &str) {
    let _ = writeln!(text, "- `{name}` - {}", method.doc.trim());
    for param in method.params {
        let direction = match param.direction {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::InOut => "inout",
        };
        let note = match param.note {
            Note::None => String::new(),
            Note::Flags(set) => format!(", flags `{}`", set.name),
            Note::Interface(interface) => format!(", `{interface}`"),
        };
        let _ = writeln!(text, "  - {direction} `{}`: `{:?}`{note}", param.name, param.wire);
    }
    if !method.returns_hresult {
        text.push_str("  - answers a number: `value`\n");
    }
    text.push('\n');
}

/// The kinds that parameters have, in the order of their first use.
fn kinds() -> Vec<Wire> {
    let own = [&XP_PROVIDER_INIT, &MS_PROVIDER_INIT, &QUERY_INTERFACE];
    let methods = own.into_iter().chain(carried().flat_map(|interface| interface.methods.iter().copied()));
    let mut kinds = Vec::new();
    for param in methods.flat_map(|method| method.params) {
        if !kinds.contains(&param.wire) {
            kinds.push(param.wire);
        }
    }
    kinds
}

fn in_words(wire: Wire) -> &'static str {
    match wire {
        Wire::Ulong => "a number from 0 to 4294967295; for flags also their names, joined by `\\|`",
        Wire::Long => "a number of 32 bits",
        Wire::UlongPtr | Wire::U64 | Wire::Size => "a number from 0 on; decimal text from 2^53 on",
        Wire::I64 => "a whole number; decimal text beyond 2^53",
        Wire::Hresult => "a result by name (`MAPI_E_NOT_FOUND`) or as `0x8004010F`",
        Wire::Tag => "a property tag, `0x0037001F`; names (`PR_SUBJECT_W`) are understood",
        Wire::Tags => "a list of tags",
        Wire::Iid => "`IID_IMessage`, or the identifier's digits",
        Wire::IidArray => "a list of interface identifiers",
        Wire::Uid | Wire::UidValue => "16 bytes in base64",
        Wire::UidArray => "a list of 16 bytes each, in base64",
        Wire::Str => {
            "text; `{\"bytes\": base64}` or `{\"utf16\": base64}` where it is none. The call's MAPI_UNICODE says how wide it is on the other side"
        }
        Wire::Str8 => "text of 8-bit characters",
        Wire::StrArray => "a list of texts",
        Wire::Props => "a list of properties, `{\"tag\": \"0x0037001F\", \"value\": \"text\"}`",
        Wire::Problems => "a list of `{\"index\", \"tag\", \"code\"}`",
        Wire::MapiError => "`{\"version\", \"error\", \"component\", \"low-level\", \"context\"}`",
        Wire::EntryId | Wire::Bytes | Wire::WriteBuffer | Wire::Buffer => "bytes in base64",
        Wire::EntryList => "a list of bytes in base64",
        Wire::AdrList => "a list of recipients, each a list of properties",
        Wire::RowSet => "a list of rows, each a list of properties",
        Wire::Restriction => {
            "an object with one key: `and`, `or` (lists), `not`, `content`, `property`, `compare`, `bitmask`, `size`, `exist`, `sub`, `comment`, `annotation`, `count`"
        }
        Wire::SortOrder => "`{\"sorts\": [{\"tag\", \"order\"}], \"categories\", \"expanded\"}`",
        Wire::Notifications => "a list of notifications",
        Wire::Notification => {
            "`{\"event\": number}` and the fields of that event's structure: `entry`, `parent`, `old`, `props`, `row`, ..."
        }
        Wire::NotifKey => "bytes in base64",
        Wire::Options => {
            "a list of `{\"flags\", \"recipient\", \"address-type\", \"library\", \"ordinal\", \"data\", \"props\"}`"
        }
        Wire::Names | Wire::NameArray => {
            "a list of `{\"set\": base64, \"id\": number}` or `{\"set\": base64, \"name\": text}`, null where there is none"
        }
        Wire::Stat => {
            "`{\"type\", \"size\", \"modified\", \"created\", \"accessed\", \"mode\", \"locks\", \"class\", \"state\"}`"
        }
        Wire::NotifyData => {
            "by the flags: `{\"entry\": base64}`, `{\"new-mail\": {...}}` or `{\"notification\": {...}}`, else null"
        }
        Wire::NotifyCell => {
            "`{\"reference\": number}` for a cancellation, `{\"entry\": base64}` for an aborted deferral, else null"
        }
        Wire::Object => "`{\"object\": handle, \"interface\": name}`",
        Wire::Opaque => {
            "as an object where it is one and the parameter before names its interface, else null"
        }
    }
}

/// The JSON Schema of a line, in either direction.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for wire in kinds() {
        definitions
            .insert(format!("{wire:?}"), json!({ "description": in_words(wire), "type": types(wire) }));
    }
    let mut methods = Vec::new();
    let mut add = |method: &Method, name: &str| methods.push(request(method, name));
    for method in [&XP_PROVIDER_INIT, &MS_PROVIDER_INIT] {
        add(method, method.name);
    }
    for method in [&QUERY_INTERFACE, &ADD_REF, &RELEASE] {
        add(method, &format!("IUnknown.{}", method.name));
    }
    for interface in carried() {
        for method in interface.methods {
            add(method, &format!("{}.{}", interface.name, method.name));
        }
    }
    let plain =
        ["hello", "exit", "threads", "arrive", "sent", "assign", "gone", "report", "MAPIAllocateBuffer"];
    methods.push(json!({ "properties": { "method": { "enum": plain } }, "required": ["method"] }));
    methods.push(json!({ "required": ["result"] }));
    methods.push(json!({ "required": ["error"] }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of the stdio shim's protocol",
        "type": "object",
        "required": ["jsonrpc"],
        "properties": { "jsonrpc": { "const": "2.0" }, "id": { "type": ["integer", "string", "null"] } },
        "anyOf": methods,
        "$defs": definitions,
    })
}

fn request(method: &Method, name: &str) -> Value {
    let takes = |param: &&Param| param.direction != Direction::Out;
    let args: Map<String, Value> = method
        .params
        .iter()
        .filter(takes)
        .map(|param| (param.name.to_owned(), json!({ "$ref": format!("#/$defs/{:?}", param.wire) })))
        .collect();
    json!({
        "title": name,
        "description": method.doc.trim(),
        "required": ["method", "id", "params"],
        "properties": {
            "method": { "const": name },
            "params": {
                "type": "object",
                "properties": {
                    "this": { "type": "string" },
                    "in": { "type": ["integer", "string"] },
                    "thread": { "type": "string" },
                    "args": { "type": "object", "properties": args, "additionalProperties": false },
                    "without": { "type": "array", "items": { "type": "string" } },
                    "pattern": { "type": "boolean" },
                },
                "additionalProperties": false,
            },
        },
    })
}

fn types(wire: Wire) -> Value {
    match wire {
        Wire::Ulong | Wire::UlongPtr | Wire::U64 | Wire::I64 | Wire::Size | Wire::Tag | Wire::Hresult => {
            json!(["integer", "string"])
        }
        Wire::Long => json!("integer"),
        Wire::Iid
        | Wire::Uid
        | Wire::UidValue
        | Wire::EntryId
        | Wire::Bytes
        | Wire::WriteBuffer
        | Wire::Buffer
        | Wire::NotifKey => json!(["string", "null"]),
        Wire::Str | Wire::Str8 => json!(["string", "object", "null"]),
        Wire::Tags
        | Wire::IidArray
        | Wire::UidArray
        | Wire::StrArray
        | Wire::Props
        | Wire::Problems
        | Wire::EntryList
        | Wire::AdrList
        | Wire::RowSet
        | Wire::Notifications
        | Wire::Options
        | Wire::Names
        | Wire::NameArray => json!(["array", "null"]),
        Wire::MapiError
        | Wire::Restriction
        | Wire::SortOrder
        | Wire::Notification
        | Wire::Stat
        | Wire::NotifyData
        | Wire::NotifyCell => json!(["object", "null"]),
        Wire::Object | Wire::Opaque => json!(["object", "string", "null"]),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_document_in_the_repository_is_the_one_that_the_declaration_gives() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SHIM.md");
        if std::env::var_os("SPOOLPROOF_WRITE").is_some() {
            std::fs::write(&path, document()).expect("the repository can be written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == document(),
            "SHIM.md is stale: run this test with SPOOLPROOF_WRITE=1, and read what changed"
        );
    }

    #[test]
    fn every_method_is_in_document_and_schema() {
        let (text, schema) = (document(), schema().to_string());
        for interface in carried() {
            for method in interface.methods {
                let name = format!("{}.{}", interface.name, method.name);
                assert!(
                    text.contains(&format!("`{name}`")) && schema.contains(&format!("\"{name}\"")),
                    "{name}"
                );
            }
        }
    }
}
