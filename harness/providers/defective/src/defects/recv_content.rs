//! RECV: what is delivered.

use mapi_spi::HRESULT;
use mapi_spi::PropTag;
use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_BODY_W, PR_DISPLAY_NAME_W, PR_EMAIL_ADDRESS_W, PR_MESSAGE_CLASS_W,
    PR_MESSAGE_DELIVERY_TIME, PR_RECIPIENT_TYPE, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_NAME_W,
    PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, PR_SENT_REPRESENTING_NAME_W, PR_SUBJECT_W,
};

use super::Defect;
use super::tools::{
    change_rows, delete_attachments, forward_bytes, forward_props, on_message, replace_text, without,
};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("class-missing", || missing(&[PR_MESSAGE_CLASS_W])),
    ("sender-missing", sender_missing),
    ("subject-missing", || missing(&[PR_SUBJECT_W])),
    ("body-missing", || missing(&[PR_BODY_W])),
    ("delivery-time-missing", || missing(&[PR_MESSAGE_DELIVERY_TIME])),
    ("recipients-missing", recipients_missing),
    ("attachments-missing", attachments_missing),
    ("recipient-without-type", || row_without(PR_RECIPIENT_TYPE)),
    ("recipient-without-name", || row_without(PR_DISPLAY_NAME_W)),
    ("recipient-without-address-type", || row_without(PR_ADDRTYPE_W)),
    ("recipient-without-address", || row_without(PR_EMAIL_ADDRESS_W)),
    ("subject-changed", || changed(PR_SUBJECT_W, |text| format!("{text} (checked)"))),
    ("body-lines-joined", || changed(PR_BODY_W, |text| text.replace("\r\n", " "))),
    ("body-lines-doubled", || changed(PR_BODY_W, |text| text.replace("\r\n", "\r\n\r\n"))),
    ("body-cut", || changed(PR_BODY_W, |text| text.chars().take(10).collect())),
    ("text-in-ascii", text_in_ascii),
    ("attachment-changed", attachment_changed),
    ("attachment-cut", attachment_cut),
    ("recipient-other-address", recipient_other_address),
    ("recipient-lost", recipient_lost),
];

const SET: &str = "IMessage.SetProps";
const RECIPIENTS: &str = "IMessage.ModifyRecipients";

fn missing(tags: &'static [PropTag]) -> Hooks {
    Hooks::default().decide(SET, |call| {
        if !on_message(call) || !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| without(props, tags))
    })
}

fn sender_missing() -> Hooks {
    const SENDER: &[PropTag] = &[
        PR_SENDER_NAME_W,
        PR_SENDER_EMAIL_ADDRESS_W,
        PR_SENT_REPRESENTING_NAME_W,
        PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
        mapi_spi::tags::PR_SENDER_ADDRTYPE_W,
        mapi_spi::tags::PR_SENDER_ENTRYID,
        mapi_spi::tags::PR_SENDER_SEARCH_KEY,
        mapi_spi::tags::PR_SENT_REPRESENTING_ADDRTYPE_W,
        mapi_spi::tags::PR_SENT_REPRESENTING_ENTRYID,
        mapi_spi::tags::PR_SENT_REPRESENTING_SEARCH_KEY,
    ];
    missing(SENDER)
}

fn recipients_missing() -> Hooks {
    Hooks::default().decide(RECIPIENTS, |call| {
        if !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn attachments_missing() -> Hooks {
    Hooks::default().before("IMessage.SaveChanges", |call| {
        if on_message(call) {
            delete_attachments(call.object());
        }
    })
}

fn row_without(tag: PropTag) -> Hooks {
    Hooks::default().before(RECIPIENTS, move |call| {
        if hooks::during("StartMessage") {
            change_rows(call.ptr("lpMods"), |row| row.retain(|prop| prop.tag().id() != tag.id()));
        }
    })
}

fn changed(tag: PropTag, change: fn(&str) -> String) -> Hooks {
    Hooks::default().decide(SET, move |call| {
        if !on_message(call) || !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| replace_text(props, tag, change))
    })
}

fn text_in_ascii() -> Hooks {
    let plain = |text: &str| text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    Hooks::default().decide(SET, move |call| {
        if !on_message(call) {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| {
            replace_text(props, PR_SUBJECT_W, plain);
            replace_text(props, PR_BODY_W, plain);
        })
    })
}

fn attachment_changed() -> Hooks {
    Hooks::default().decide("IStream.Write", |call| {
        forward_bytes(call, |bytes| {
            if let Some(first) = bytes.first_mut() {
                *first ^= 0x20;
            }
        })
    })
}

/// The last byte is never written; the wrapped provider takes it for written.
fn attachment_cut() -> Hooks {
    Hooks::default().decide("IStream.Write", |call| {
        let whole = call.number("cb");
        let flow = forward_bytes(call, |bytes| {
            bytes.pop();
        });
        if call.succeeded() {
            call.write("pcbWritten", whole);
        }
        flow
    })
}

fn recipient_other_address() -> Hooks {
    Hooks::default().before(RECIPIENTS, |call| {
        change_rows(call.ptr("lpMods"), |row| {
            replace_text(row, PR_EMAIL_ADDRESS_W, |address| format!("not-{}", address.replace('e', "x")));
        });
    })
}

/// The last row is left out.
fn recipient_lost() -> Hooks {
    Hooks::default().decide(RECIPIENTS, |call| {
        if hooks::during("StartMessage") {
            super::tools::forward_shorter(call, "lpMods")
        } else {
            Flow::Forward
        }
    })
}
