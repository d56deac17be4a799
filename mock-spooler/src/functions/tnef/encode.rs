//! From a message to TNEF.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::structs::MAPINAMEID;
use mapi_spi::tags::{
    PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ, PR_ATTACH_FILENAME_W, PR_ATTACH_LONG_FILENAME_W,
    PR_ATTACH_METHOD, PR_ATTACH_NUM, PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_CLASS_W, PR_MESSAGE_RECIPIENTS,
    PR_RENDERING_POSITION, PropType,
};
use mapi_spi::values::{PropValue, guid_to_bytes};
use mapi_spi::{HRESULT, PropTag, flags, interfaces};
use windows_core::Interface as _;

use super::STnefProblem;
use super::format::{self, Level, Prop, Value, Writer};
use crate::functions::remote::{self, Owned};
use crate::functions::rows::{FreeProws, HrQueryAllRows};
use crate::memory;
use crate::objects::names::Name;
use crate::objects::properties::Properties;
use crate::objects::{Row, args, text, wire};

/// Messages within messages within messages.
const DEEPEST: u32 = 16;

/// One call of `AddProps`.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// All but the tags, instead of the tags.
    pub(super) exclude: bool,
    pub(super) tags: Vec<PropTag>,
    pub(super) of_message: bool,
    pub(super) of_attachments: bool,
    /// Only this attachment.
    pub(super) one: Option<u32>,
}

impl Chosen {
    fn wants(&self, id: u16) -> bool {
        self.tags.iter().any(|tag| tag.id() == id) != self.exclude
    }

    /// Whether a property is listed or, where all but the listed are chosen, one that travels.
    fn takes(&self, id: u16) -> bool {
        self.wants(id) && (!self.exclude || travels(id))
    }
}

/// Properties of the other ranges are the store's or the provider's own, and mean nothing elsewhere.
fn travels(id: u16) -> bool {
    !matches!(id, 0x0E00..=0x0FFF | 0x6600..=0x67FF | 0x7C00..=0x7FFF)
}

/// What is encoded, and how.
pub(super) struct Encoder<'a> {
    pub(super) message: *mut c_void,
    pub(super) key: u16,
    pub(super) pure: bool,
    pub(super) chosen: &'a [Chosen],
    pub(super) set: &'a [(Option<u32>, Row)],
    pub(super) recipients: Option<&'a [Row]>,
}

impl Encoder<'_> {
    /// The bytes, and what could not be encoded.
    pub(super) fn encode(&self) -> Result<(Vec<u8>, Vec<STnefProblem>), HRESULT> {
        self.encode_within(DEEPEST)
    }

    fn encode_within(&self, depth: u32) -> Result<(Vec<u8>, Vec<STnefProblem>), HRESULT> {
        let depth = depth.checked_sub(1).ok_or(HRESULT::MAPI_E_TOO_COMPLEX)?;
        let mut writer = Writer::new(self.key);
        let mut problems = Vec::new();
        let of_message: Vec<&Chosen> = self.chosen.iter().filter(|chosen| chosen.of_message).collect();
        let takes = |id: u16| of_message.iter().any(|chosen| chosen.takes(id));
        let props = self.read(self.message, &takes, None)?;
        if !self.pure
            && let Some(class) = props.text(PR_MESSAGE_CLASS_W)
        {
            writer.attribute(Level::Message, format::ATT_MESSAGE_CLASS, &terminated(&class));
        }
        let table = |id: u16| of_message.iter().any(|chosen| chosen.wants(id));
        let recipients = match self.recipients {
            Some(rows) => Some(rows.to_vec()),
            None if table(PR_MESSAGE_RECIPIENTS.id()) => Some(recipients(self.message)?),
            None => None,
        };
        if let Some(rows) = recipients {
            writer.attribute(Level::Message, format::ATT_RECIP_TABLE, &format::table(&rows));
        }
        let encoded = self.named(self.message, &props, &mut problems);
        writer.attribute(Level::Message, format::ATT_MAPI_PROPS, &format::props(&encoded));
        self.attachments(&mut writer, table(PR_MESSAGE_ATTACHMENTS.id()), depth, &mut problems)?;
        Ok((writer.finish(), problems))
    }

    /// The properties of an object that were chosen, and those that were set for it.
    fn read(
        &self,
        object: *mut c_void,
        takes: &dyn Fn(u16) -> bool,
        one: Option<u32>,
    ) -> Result<Properties, HRESULT> {
        // SAFETY: the message, or an attachment of it, with a reference held.
        let tags: Vec<PropTag> = unsafe { remote::prop_list(object)? }
            .into_iter()
            .filter(|tag| {
                takes(tag.id()) && !matches!(tag.prop_type(), PropType::PT_OBJECT | PropType::PT_NULL)
            })
            .collect();
        let mut props: Properties = if tags.is_empty() {
            Properties::new()
        } else {
            // SAFETY: as above.
            unsafe { remote::props(object, Some(&tags))? }.into_iter().collect()
        };
        for (_, row) in self.set.iter().filter(|(of, _)| *of == one) {
            row.iter().for_each(|(tag, value)| props.set(*tag, value.clone()));
        }
        Ok(props)
    }

    /// Properties with their names, where they have some.
    fn named(&self, object: *mut c_void, props: &Properties, problems: &mut Vec<STnefProblem>) -> Vec<Prop> {
        let mut all = Vec::new();
        for (tag, value) in props.iter() {
            let name = if tag.id() >= format::FIRST_NAMED { name_of(object, tag) } else { None };
            if tag.id() >= format::FIRST_NAMED && name.is_none() {
                // Without its name it would be another property elsewhere.
                problems.push(STnefProblem {
                    ulComponent: 0,
                    ulAttribute: format::ATT_MAPI_PROPS,
                    ulPropTag: tag.0,
                    scode: HRESULT::MAPI_E_NOT_FOUND,
                });
                continue;
            }
            all.push(Prop { tag, name, value: Value::Plain(value.clone()) });
        }
        all
    }

    fn attachments(
        &self,
        writer: &mut Writer,
        table: bool,
        depth: u32,
        problems: &mut Vec<STnefProblem>,
    ) -> Result<(), HRESULT> {
        let of_attachments: Vec<&Chosen> =
            self.chosen.iter().filter(|chosen| chosen.of_attachments).collect();
        if !table && !of_attachments.iter().any(|chosen| chosen.one.is_some()) {
            return Ok(());
        }
        // SAFETY: the message, with a reference held.
        for number in unsafe { attachment_numbers(self.message)? } {
            let mine = |chosen: &Chosen| chosen.one.map_or(table, |one| one == number);
            if !of_attachments.iter().any(|chosen| mine(chosen)) {
                continue;
            }
            // That a message's attachments are wanted means all that they have.
            let whole = |chosen: &Chosen| {
                chosen.one.is_none() && !chosen.exclude && chosen.wants(PR_MESSAGE_ATTACHMENTS.id())
            };
            let takes = |id: u16| {
                id != PR_ATTACH_NUM.id()
                    && of_attachments
                        .iter()
                        .any(|chosen| mine(chosen) && (chosen.takes(id) || whole(chosen) && travels(id)))
            };
            // SAFETY: as above.
            let attachment = unsafe { open_attachment(self.message, number)? };
            let props = self.read(attachment.raw(), &takes, Some(number))?;
            let mut encoded = self.named(attachment.raw(), &props, problems);
            let data = props.get(PR_ATTACH_DATA_BIN.id()).and_then(PropValue::as_binary).map(<[u8]>::to_vec);
            let method = props.long(PR_ATTACH_METHOD).map(i32::cast_unsigned);
            if method == Some(flags::ATTACH_EMBEDDED_MSG) && takes(PR_ATTACH_DATA_OBJ.id()) {
                let nested = embedded(attachment.raw(), self.key, depth)?;
                let iid = guid_to_bytes(&interfaces::IMessage::IID);
                encoded.retain(|prop| prop.tag.id() != PR_ATTACH_DATA_OBJ.id());
                encoded.push(Prop { tag: PR_ATTACH_DATA_OBJ, name: None, value: Value::Object(iid, nested) });
            }
            writer.attribute(Level::Attachment, format::ATT_ATTACH_RENDDATA, &rendering(&props));
            if !self.pure {
                let title =
                    props.text(PR_ATTACH_FILENAME_W).or_else(|| props.text(PR_ATTACH_LONG_FILENAME_W));
                if let Some(title) = title {
                    writer.attribute(Level::Attachment, format::ATT_ATTACH_TITLE, &terminated(&title));
                }
                if let Some(data) = data {
                    writer.attribute(Level::Attachment, format::ATT_ATTACH_DATA, &data);
                }
            }
            writer.attribute(Level::Attachment, format::ATT_ATTACHMENT, &format::props(&encoded));
        }
        Ok(())
    }
}

fn terminated(string: &str) -> Vec<u8> {
    let mut bytes = text::encode(string);
    bytes.push(0);
    bytes
}

/// `RENDDATA`: kind, position, size, flags.
fn rendering(props: &Properties) -> Vec<u8> {
    let kind: u16 = if props.contains(PR_ATTACH_DATA_OBJ.id()) { 2 } else { 1 };
    let position = props.long(PR_RENDERING_POSITION).unwrap_or(-1);
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(position.to_le_bytes());
    bytes.extend([0; 8]);
    bytes
}

/// A message within an attachment, all of it.
fn embedded(attachment: *mut c_void, key: u16, depth: u32) -> Result<Vec<u8>, HRESULT> {
    // SAFETY: an attachment, with a reference held by the caller; the output is ours.
    let message = unsafe {
        let prop = remote::borrow::<interfaces::IMAPIProp>(&attachment)?;
        let mut message = ptr::null_mut();
        let code =
            prop.OpenProperty(PR_ATTACH_DATA_OBJ.0, &interfaces::IMessage::IID, 0, 0, &raw mut message);
        Owned::new(message, code).ok_or(code)?
    };
    let all = [Chosen { exclude: true, tags: Vec::new(), of_message: true, of_attachments: true, one: None }];
    let encoder =
        Encoder { message: message.raw(), key, pure: true, chosen: &all, set: &[], recipients: None };
    Ok(encoder.encode_within(depth)?.0)
}

/// # Safety
///
/// `message` is a message.
unsafe fn attachment_numbers(message: *mut c_void) -> Result<Vec<u32>, HRESULT> {
    // SAFETY: as the caller vouches; the output is ours.
    let table = unsafe {
        let message = remote::borrow::<interfaces::IMessage>(&message)?;
        let mut table = ptr::null_mut();
        let code = message.GetAttachmentTable(0, &raw mut table);
        Owned::new(table, code).ok_or(code)?
    };
    let number = |row: &Row| {
        let found = row.iter().find(|(tag, _)| *tag == PR_ATTACH_NUM).and_then(|(_, value)| value.as_long());
        found.map(i32::cast_unsigned)
    };
    Ok(rows(table.raw())?.iter().filter_map(number).collect())
}

/// # Safety
///
/// `message` is a message.
unsafe fn open_attachment(message: *mut c_void, number: u32) -> Result<Owned, HRESULT> {
    // SAFETY: as the caller vouches; the output is ours.
    unsafe {
        let message = remote::borrow::<interfaces::IMessage>(&message)?;
        let mut attachment = ptr::null_mut();
        let code = message.OpenAttach(number, ptr::null(), 0, &raw mut attachment);
        Owned::new(attachment, code).ok_or(code)
    }
}

/// The rows of a message's recipient table.
pub(super) fn recipients(message: *mut c_void) -> Result<Vec<Row>, HRESULT> {
    // SAFETY: a message, with a reference held by the caller; the output is ours.
    let table = unsafe {
        let message = remote::borrow::<interfaces::IMessage>(&message)?;
        let mut table = ptr::null_mut();
        let code = message.GetRecipientTable(flags::MAPI_UNICODE, &raw mut table);
        Owned::new(table, code).ok_or(code)?
    };
    rows(table.raw())
}

/// All rows of a table, errors and objects among the columns left out.
pub(super) fn rows(table: *mut c_void) -> Result<Vec<Row>, HRESULT> {
    let mut set = ptr::null_mut();
    // SAFETY: a table, with a reference held by the caller; the output is ours.
    let code =
        unsafe { HrQueryAllRows(table, ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0, &raw mut set) };
    if code.is_err() {
        return Err(code);
    }
    // SAFETY: rows, as the table returned them.
    let rows = unsafe { mapi_spi::structs::SRowSet::elements(set) }
        .map(|row| {
            // SAFETY: as above.
            let props = unsafe { args::props(row.cValues, row.lpProps) }.unwrap_or_default();
            let real = |value: &PropValue| {
                !matches!(
                    value,
                    PropValue::Null | PropValue::Object | PropValue::Error(_) | PropValue::Unknown(..)
                )
            };
            props.into_iter().filter_map(|(tag, value)| Some((tag, value.filter(real)?))).collect()
        })
        .collect();
    // SAFETY: the rows are ours to free.
    unsafe { FreeProws(set.cast()) };
    Ok(rows)
}

/// The name behind an identifier.
fn name_of(object: *mut c_void, tag: PropTag) -> Option<Name> {
    let arena = wire::Arena::default();
    let mut tags = arena.tags(&[tag]).ok()?;
    let (mut count, mut names) = (0, ptr::null_mut::<*mut MAPINAMEID>());
    // SAFETY: an object with properties, with a reference held by the caller; arguments and outputs are ours.
    let name = unsafe {
        let prop = remote::borrow::<interfaces::IMAPIProp>(&object).ok()?;
        let code = prop.GetNamesFromIDs(&raw mut tags, ptr::null_mut(), 0, &raw mut count, &raw mut names);
        if code.is_ok() { args::names(count, names).ok()?.into_iter().next() } else { None }
    };
    memory::free(names.cast());
    name
}
