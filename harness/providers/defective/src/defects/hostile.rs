//! Texts that mean harm to whoever shows them: markup, control sequences, halves of characters, megabytes.

use std::io::Write as _;

use mapi_spi::structs::SPropValue;
use mapi_spi::tags::{PR_BODY_W, PR_DISPLAY_NAME_W, PR_STATUS_STRING_W, PR_SUBJECT_W};

use super::Defect;
use super::tools::{forward_props, on_message, text, units};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[("hostile-texts", hostile_texts)];

/// Ends of elements and comments, scripts in every place that runs one, entities, workflow commands, terminal sequences of
/// both kinds, a link of OSC 8, the direction of writing, a tag character, line and paragraph separators.
const TEXT: &str = "</script></pre><script>window.hostile=1</script><img src=x onerror=\"window.hostile=2\">\
    <svg onload=window.hostile=3>'\"><a href=\"javascript:window.hostile=4\">--><!--]]>&lt;&#60;{{7*7}}\
    |[x](javascript:1)`*#|;%%end\u{1b}[31m\u{1b}]0;owned\u{7}\u{1b}]8;;http://example.org/\u{1b}\\\u{9b}2J\u{8}\u{85}\u{202e}\
    \u{2066}\u{200b}\u{2028}\u{2029}\u{feff}\u{e0041}\u{fffe}\r\n::error::owned\r\n";

/// How long the body is, in characters.
const LONG: usize = 3 << 20;

fn hostile_texts() -> Hooks {
    Hooks::default()
        .decide("IMessage.SetProps", |call| {
            if !on_message(call) || !hooks::during("StartMessage") {
                return Flow::Forward;
            }
            forward_props(call, "lpPropArray", |props| replace(props))
        })
        .decide("IMAPISupport.ModifyStatusRow", |call| {
            forward_props(call, "lpColumnVals", |props| {
                props.retain(|prop| prop.tag().id() != PR_STATUS_STRING_W.id());
                replace(props);
                props.push(text(PR_STATUS_STRING_W, TEXT));
            })
        })
        .before("IXPLogon.StartMessage", |_| {
            // Nobody may be listening any more: that is nothing to fail over.
            drop(writeln!(std::io::stdout(), "{TEXT}"));
            drop(std::io::stderr().write_all(&[TEXT.as_bytes(), b"\xff\xfe\x80\n"].concat()));
        })
}

fn replace(props: &mut [SPropValue]) {
    for prop in props {
        let id = prop.tag().id();
        if id == PR_SUBJECT_W.id() || id == PR_DISPLAY_NAME_W.id() {
            // A half of a pair at the beginning, in the midst, and at the end.
            let halves: Vec<u16> =
                [0xd800].into_iter().chain(TEXT.encode_utf16()).chain([0xdc00, 0x61, 0xdbff]).collect();
            let tag = if id == PR_SUBJECT_W.id() { PR_SUBJECT_W } else { PR_DISPLAY_NAME_W };
            *prop = units(tag, halves);
        } else if id == PR_BODY_W.id() {
            *prop = text(PR_BODY_W, &TEXT.repeat(LONG / TEXT.chars().count() + 1));
        }
    }
}
