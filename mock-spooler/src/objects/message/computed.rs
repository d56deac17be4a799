//! The properties that the store computes for a message.
//!
//! Those that the pages tie to the last save (PR_DISPLAY_TO, PR_HASATTACH, PR_MESSAGE_SIZE) show its state; the subject's parts
//! follow the pending subject, since a provider may read them back before it saves.

use mapi_spi::tags::{
    PR_ACCESS, PR_ACCESS_LEVEL, PR_CREATION_TIME, PR_DISPLAY_BCC_W, PR_DISPLAY_CC_W, PR_DISPLAY_NAME_W,
    PR_DISPLAY_TO_W, PR_ENTRYID, PR_HASATTACH, PR_LAST_MODIFICATION_TIME, PR_MAPPING_SIGNATURE,
    PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_FLAGS, PR_MESSAGE_RECIPIENTS, PR_MESSAGE_SIZE,
    PR_NORMALIZED_SUBJECT_W, PR_OBJECT_TYPE, PR_RECIPIENT_TYPE, PR_RECORD_KEY, PR_SEARCH_KEY,
    PR_STORE_ENTRYID, PR_STORE_RECORD_KEY, PR_STORE_SUPPORT_MASK, PR_SUBJECT_PREFIX_W, PR_SUBJECT_W,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::attach_core::access;
use super::core::State;
use super::data::MessageData;
use crate::objects::store::Store;
use crate::objects::text::unicode;
use crate::objects::wire;

/// PR_MESSAGE_FLAGS of a message that nobody has set them for. Page: pidtagmessageflags-canonical-property.
pub(super) const FLAGS_OF_NEW: u32 = flags::MSGFLAG_UNSENT | flags::MSGFLAG_UNMODIFIED;

/// Flags that the store keeps to itself.
const OWN_FLAGS: u32 = flags::MSGFLAG_HASATTACH | flags::MSGFLAG_SUBMIT | flags::MSGFLAG_ASSOCIATED;

/// Computed and never settable.
const FIXED: &[PropTag] = &[
    PR_DISPLAY_BCC_W,
    PR_DISPLAY_CC_W,
    PR_DISPLAY_TO_W,
    PR_MESSAGE_SIZE,
    PR_MESSAGE_RECIPIENTS,
    PR_MESSAGE_ATTACHMENTS,
    PR_HASATTACH,
    PR_NORMALIZED_SUBJECT_W,
    PR_ACCESS,
    PR_ACCESS_LEVEL,
    PR_MAPPING_SIGNATURE,
    PR_RECORD_KEY,
    PR_STORE_RECORD_KEY,
    PR_STORE_ENTRYID,
    PR_OBJECT_TYPE,
    PR_ENTRYID,
    PR_STORE_SUPPORT_MASK,
    PR_CREATION_TIME,
    PR_LAST_MODIFICATION_TIME,
];

/// Computed unless set. PR_MESSAGE_FLAGS is settable until the first save.
const DEFAULTED: &[PropTag] = &[PR_SUBJECT_PREFIX_W, PR_SEARCH_KEY, PR_MESSAGE_FLAGS];

/// What the store behind our messages can do, PR_STORE_SUPPORT_MASK: transmitting, attachments, rich text, wide text.
const STORE_SUPPORT: u32 = flags::STORE_ENTRYID_UNIQUE
    | flags::STORE_MODIFY_OK
    | flags::STORE_CREATE_OK
    | flags::STORE_ATTACH_OK
    | flags::STORE_OLE_OK
    | flags::STORE_SUBMIT_OK
    | flags::STORE_RTF_OK
    | flags::STORE_UNICODE_OK;

/// Whether a property can never be set or deleted.
pub(super) fn is_fixed(id: u16) -> bool {
    FIXED.iter().any(|tag| tag.id() == id)
}

/// Whether a property is computed now: it cannot be set, or was not.
pub(super) fn is_computed(state: &State, id: u16) -> bool {
    is_fixed(id) || DEFAULTED.iter().any(|tag| tag.id() == id) && !state.props.contains(id)
}

/// Whether a property can be set now.
///
/// # Errors
///
/// MAPI_E_COMPUTED.
pub(super) fn may_set(tag: PropTag, after_save: bool) -> Result<(), HRESULT> {
    let flags_are_settled = tag.id() == PR_MESSAGE_FLAGS.id() && after_save;
    if is_fixed(tag.id()) || flags_are_settled { Err(HRESULT::MAPI_E_COMPUTED) } else { Ok(()) }
}

/// The tags of all properties, in ascending order.
pub(super) fn tags(state: &State, store: &Store, writable: bool) -> Vec<PropTag> {
    let computed = FIXED.iter().chain(DEFAULTED).map(|tag| tag.id());
    let ids = state.props.tags().map(PropTag::id).chain(computed);
    let mut tags: Vec<PropTag> =
        ids.filter_map(|id| Some(PropTag::new(id, value(state, store, id, writable)?.prop_type()))).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The value of a property, stored or computed.
pub(super) fn value(state: &State, store: &Store, id: u16, writable: bool) -> Option<PropValue> {
    let long = |number: u32| Some(PropValue::Long(number.cast_signed()));
    let binary = |bytes: &[u8]| Some(PropValue::Binary(bytes.to_vec()));
    let stored = state.props.get(id).cloned();
    let Some(tag) = FIXED.iter().chain(DEFAULTED).find(|tag| tag.id() == id) else {
        return stored;
    };
    let saved = state.saved.as_ref();
    match *tag {
        PR_MESSAGE_RECIPIENTS | PR_MESSAGE_ATTACHMENTS => Some(PropValue::Object),
        PR_OBJECT_TYPE => long(flags::MAPI_MESSAGE),
        PR_ACCESS => long(access(writable)),
        PR_ACCESS_LEVEL => long(if writable { flags::MAPI_MODIFY } else { 0 }),
        PR_MAPPING_SIGNATURE | PR_STORE_RECORD_KEY => binary(&store.uid()),
        PR_STORE_ENTRYID => binary(&store.entry_id()),
        PR_STORE_SUPPORT_MASK => long(STORE_SUPPORT),
        PR_ENTRYID => state.entry_id.as_deref().and_then(binary),
        PR_RECORD_KEY => saved.and_then(|_| binary(&state.record_key)),
        PR_SEARCH_KEY => stored.or_else(|| binary(&state.search_key)),
        PR_CREATION_TIME => saved.map(|_| PropValue::SysTime(state.created)),
        PR_LAST_MODIFICATION_TIME => saved.map(|_| PropValue::SysTime(state.modified)),
        PR_MESSAGE_SIZE => saved.and_then(|saved| long(wire::count(saved.size()))),
        PR_HASATTACH => Some(PropValue::Boolean(saved.is_some_and(MessageData::has_attachments))),
        PR_MESSAGE_FLAGS => long(message_flags(state)),
        PR_DISPLAY_TO_W => Some(display(saved, flags::MAPI_TO)),
        PR_DISPLAY_CC_W => Some(display(saved, flags::MAPI_CC)),
        PR_DISPLAY_BCC_W => Some(display(saved, flags::MAPI_BCC)),
        PR_SUBJECT_PREFIX_W => subject(state).map(|(prefix, _)| unicode(&prefix)),
        PR_NORMALIZED_SUBJECT_W => subject(state).map(|(_, rest)| unicode(&rest)),
        _ => None,
    }
}

fn message_flags(state: &State) -> u32 {
    let set = state.props.long(PR_MESSAGE_FLAGS).map(i32::cast_unsigned);
    let attached = state.saved.as_ref().is_some_and(MessageData::has_attachments);
    let attached = if attached { flags::MSGFLAG_HASATTACH } else { 0 };
    match set {
        // Set by the provider: without what is not its to set, and with UNMODIFIED as the store keeps it.
        Some(set) => {
            let kept = OWN_FLAGS | flags::MSGFLAG_UNMODIFIED;
            set & !kept | state.flags & kept | attached
        }
        None => state.flags | attached,
    }
}

/// The names of the recipients of a type, separated by semicolons; empty where there are none.
fn display(saved: Option<&MessageData>, kind: u32) -> PropValue {
    let of_kind = |number: Option<i32>| number.is_some_and(|number| number.cast_unsigned() & 0xF == kind);
    let recipients = saved.map(|saved| saved.recipients.as_slice()).unwrap_or_default();
    let names: Vec<String> = recipients
        .iter()
        .filter(|(_, props)| of_kind(props.long(PR_RECIPIENT_TYPE)))
        .filter_map(|(_, props)| props.text(PR_DISPLAY_NAME_W))
        .collect();
    unicode(&names.join("; "))
}

/// Prefix and rest of the subject. Page: pidtagnormalizedsubject-canonical-property.
fn subject(state: &State) -> Option<(String, String)> {
    let subject = state.props.text(PR_SUBJECT_W)?;
    let set = state.props.text(PR_SUBJECT_PREFIX_W).filter(|prefix| subject.starts_with(prefix.as_str()));
    let prefix = set.unwrap_or_else(|| computed_prefix(&subject).to_owned());
    let rest = subject[prefix.len()..].to_owned();
    Some((prefix, rest))
}

/// One to three letters, a colon and a blank at the beginning of a subject; else nothing.
fn computed_prefix(subject: &str) -> &str {
    let Some(colon) = subject.find(": ") else { return "" };
    let word = &subject[..colon];
    let letters = word.chars().count();
    if (1..=3).contains(&letters) && word.chars().all(char::is_alphabetic) {
        &subject[..colon + 2]
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_subjects() {
        let cases = [
            ("RE: report", "RE: "),
            ("AW: Bericht", "AW: "),
            ("FW : x", ""),
            ("R2: x", ""),
            ("Note: x", ""),
            (": x", ""),
            ("RE:x", ""),
            ("Üb: x", "Üb: "),
            ("", ""),
        ];
        for (subject, prefix) in cases {
            assert_eq!(computed_prefix(subject), prefix, "{subject}");
        }
    }
}
