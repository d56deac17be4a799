//! From TNEF into a message.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::structs::SPropProblemArray;
use mapi_spi::tags::{
    PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ, PR_ATTACH_FILENAME_A, PR_ATTACH_METHOD, PR_BODY_A,
    PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_CLASS_A, PR_MESSAGE_RECIPIENTS, PR_SUBJECT_A, PropType,
};
use mapi_spi::values::{PropValue, guid_to_bytes};
use mapi_spi::{HRESULT, PropTag, flags, interfaces};
use windows_core::Interface as _;

use super::STnefProblem;
use super::format::{self, Attribute, Level, Prop, Value};
use crate::functions::remote::{self, Owned};
use crate::memory;
use crate::objects::names::Name;
use crate::objects::{Row, wire};

/// Puts what a stream holds into a message: properties, recipients, attachments, as far as they are wanted.
pub(super) fn into_message(
    bytes: &[u8],
    message: *mut c_void,
    wants: &dyn Fn(PropTag) -> bool,
) -> Result<Vec<STnefProblem>, HRESULT> {
    let attributes = format::attributes(bytes)?;
    let mut problems = Vec::new();
    let own = attributes.iter().filter(|attribute| attribute.level == Level::Message);
    for attribute in own {
        match attribute.id {
            format::ATT_TNEF_VERSION | format::ATT_OEM_CODEPAGE => {}
            format::ATT_MAPI_PROPS => match format::read_props(attribute.data) {
                Ok(props) => set(message, props, wants, 0, attribute.id, &mut problems)?,
                Err(_) => problems.push(unreadable(attribute.id)),
            },
            format::ATT_RECIP_TABLE if wants(PR_MESSAGE_RECIPIENTS) => {
                match format::read_table(attribute.data) {
                    Ok(rows) => add_recipients(message, &rows)?,
                    Err(_) => problems.push(unreadable(attribute.id)),
                }
            }
            format::ATT_RECIP_TABLE => {}
            format::ATT_SUBJECT => text(message, PR_SUBJECT_A, attribute, wants, &mut problems)?,
            format::ATT_BODY => text(message, PR_BODY_A, attribute, wants, &mut problems)?,
            format::ATT_MESSAGE_CLASS => text(message, PR_MESSAGE_CLASS_A, attribute, wants, &mut problems)?,
            // Whatever else old attributes said: not processed, and told.
            id => problems.push(STnefProblem {
                ulComponent: 0,
                ulAttribute: id,
                ulPropTag: 0,
                scode: HRESULT::MAPI_E_NO_SUPPORT,
            }),
        }
    }
    if wants(PR_MESSAGE_ATTACHMENTS) {
        let of_attachments: Vec<&Attribute<'_>> =
            attributes.iter().filter(|attribute| attribute.level == Level::Attachment).collect();
        // Each attachment begins with its rendering data.
        let begins = |attribute: &&Attribute<'_>| attribute.id == format::ATT_ATTACH_RENDDATA;
        for part in of_attachments.split_inclusive_at(begins) {
            attachment(message, &part, &mut problems)?;
        }
    }
    Ok(problems)
}

/// Splits a list so that each part begins with an element that says so.
trait SplitAt<T> {
    fn split_inclusive_at(&self, begins: impl Fn(&T) -> bool) -> Vec<Vec<T>>;
}

impl<T: Copy> SplitAt<T> for Vec<T> {
    fn split_inclusive_at(&self, begins: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
        let mut parts: Vec<Vec<T>> = Vec::new();
        for element in self {
            match parts.last_mut() {
                Some(part) if !begins(element) => part.push(*element),
                Some(_) | None => parts.push(vec![*element]),
            }
        }
        parts
    }
}

fn unreadable(attribute: u32) -> STnefProblem {
    STnefProblem {
        ulComponent: 0,
        ulAttribute: attribute,
        ulPropTag: 0,
        scode: HRESULT::MAPI_E_UNABLE_TO_COMPLETE,
    }
}

fn text(
    message: *mut c_void,
    tag: PropTag,
    attribute: &Attribute<'_>,
    wants: &dyn Fn(PropTag) -> bool,
    problems: &mut Vec<STnefProblem>,
) -> Result<(), HRESULT> {
    let value = Value::Plain(PropValue::String8(format::text(attribute.data)));
    set(message, vec![Prop { tag, name: None, value }], wants, 0, attribute.id, problems)
}

/// Sets properties; what could not be set is told.
fn set(
    object: *mut c_void,
    props: Vec<Prop>,
    wants: &dyn Fn(PropTag) -> bool,
    component: u32,
    attribute: u32,
    problems: &mut Vec<STnefProblem>,
) -> Result<(), HRESULT> {
    let mut row = Row::new();
    for prop in props {
        let Value::Plain(value) = prop.value else { continue };
        let tag = match &prop.name {
            Some(name) => match id_of(object, name) {
                Some(id) => PropTag::new(id, prop.tag.prop_type()),
                None => {
                    problems.push(STnefProblem {
                        ulComponent: component,
                        ulAttribute: attribute,
                        ulPropTag: prop.tag.0,
                        scode: HRESULT::MAPI_E_NO_SUPPORT,
                    });
                    continue;
                }
            },
            None => prop.tag,
        };
        if wants(tag) && !matches!(tag.prop_type(), PropType::PT_ERROR | PropType::PT_NULL) {
            row.push((tag, value));
        }
    }
    if row.is_empty() {
        return Ok(());
    }
    let arena = wire::Arena::default();
    let values = arena.props(&row)?;
    let mut found = ptr::null_mut();
    // SAFETY: an object with properties, with a reference held by the caller; arguments and outputs are ours.
    let code = unsafe {
        remote::borrow::<interfaces::IMAPIProp>(&object)?.SetProps(
            wire::count(row.len()),
            values,
            &raw mut found,
        )
    };
    // SAFETY: null, or an array of problems, as the object returned it.
    for problem in unsafe { SPropProblemArray::elements(found) } {
        // What the object computes by itself is no loss.
        if problem.scode != HRESULT::MAPI_E_COMPUTED {
            problems.push(STnefProblem {
                ulComponent: component,
                ulAttribute: attribute,
                ulPropTag: problem.ulPropTag,
                scode: problem.scode,
            });
        }
    }
    memory::free(found.cast());
    if code.is_err() { Err(code) } else { Ok(()) }
}

/// The identifier of a name in a message, made where there is none.
fn id_of(object: *mut c_void, name: &Name) -> Option<u16> {
    let names = wire::names(&[Some(name.clone())]).ok()?;
    let mut tags = ptr::null_mut();
    // SAFETY: an object with properties, with a reference held by the caller; arguments and outputs are ours.
    let code = unsafe {
        let prop = remote::borrow::<interfaces::IMAPIProp>(&object).ok()?;
        prop.GetIDsFromNames(1, names, flags::MAPI_CREATE, &raw mut tags)
    };
    // SAFETY: null, or an array of tags, as the object returned it.
    let tag = unsafe { mapi_spi::structs::SPropTagArray::elements(tags) }.next().map(PropTag);
    memory::free(names.cast());
    memory::free(tags.cast());
    tag.filter(|tag| code.is_ok() && tag.prop_type() != PropType::PT_ERROR).map(PropTag::id)
}

fn add_recipients(message: *mut c_void, rows: &[Row]) -> Result<(), HRESULT> {
    if rows.is_empty() {
        return Ok(());
    }
    let arena = wire::Arena::default();
    let list = arena.recipients(rows)?;
    // SAFETY: a message, with a reference held by the caller; the list lives for the call.
    let code = unsafe {
        remote::borrow::<interfaces::IMessage>(&message)?.ModifyRecipients(flags::MODRECIP_ADD, list)
    };
    if code.is_err() { Err(code) } else { Ok(()) }
}

fn attachment(
    message: *mut c_void,
    part: &[&Attribute<'_>],
    problems: &mut Vec<STnefProblem>,
) -> Result<(), HRESULT> {
    let mut number = 0;
    let mut made = ptr::null_mut();
    // SAFETY: a message, with a reference held by the caller; the outputs are ours.
    let code = unsafe {
        remote::borrow::<interfaces::IMessage>(&message)?.CreateAttach(
            ptr::null(),
            0,
            &raw mut number,
            &raw mut made,
        )
    };
    let made = Owned::new(made, code).ok_or(code)?;
    let by_value = PropValue::Long(flags::ATTACH_BY_VALUE.cast_signed());
    let mut props = vec![Prop { tag: PR_ATTACH_METHOD, name: None, value: Value::Plain(by_value) }];
    let mut nested = None;
    for attribute in part {
        let plain = |tag, value| Prop { tag, name: None, value: Value::Plain(value) };
        match attribute.id {
            format::ATT_ATTACH_TITLE => {
                props.push(plain(PR_ATTACH_FILENAME_A, PropValue::String8(format::text(attribute.data))));
            }
            format::ATT_ATTACH_DATA => {
                props.push(plain(PR_ATTACH_DATA_BIN, PropValue::Binary(attribute.data.to_vec())));
            }
            format::ATT_ATTACHMENT => match format::read_props(attribute.data) {
                Ok(encapsulated) => props.extend(encapsulated),
                Err(_) => problems.push(unreadable(attribute.id)),
            },
            _ => {}
        }
    }
    for prop in &props {
        if let (PR_ATTACH_DATA_OBJ, Value::Object(iid, data)) = (prop.tag, &prop.value)
            && *iid == guid_to_bytes(&interfaces::IMessage::IID)
        {
            nested = Some(data.clone());
        }
    }
    // The encapsulated properties come last, and of several values for one property the last counts.
    let mut last: Vec<Prop> = Vec::new();
    for prop in props {
        last.retain(|other| other.tag.id() != prop.tag.id() || other.name != prop.name);
        last.push(prop);
    }
    set(made.raw(), last, &|_| true, number, format::ATT_ATTACHMENT, problems)?;
    if let Some(data) = nested {
        let inner = open_embedded(made.raw())?;
        problems.extend(into_message(&data, inner.raw(), &|_| true)?);
        save(inner.raw())?;
    }
    save(made.raw())
}

fn open_embedded(attachment: *mut c_void) -> Result<Owned, HRESULT> {
    let mut message = ptr::null_mut();
    // SAFETY: an attachment, with a reference held by the caller; the output is ours.
    let code = unsafe {
        remote::borrow::<interfaces::IMAPIProp>(&attachment)?.OpenProperty(
            PR_ATTACH_DATA_OBJ.0,
            &interfaces::IMessage::IID,
            0,
            flags::MAPI_CREATE | flags::MAPI_MODIFY,
            &raw mut message,
        )
    };
    Owned::new(message, code).ok_or(code)
}

fn save(object: *mut c_void) -> Result<(), HRESULT> {
    // SAFETY: an object with properties, with a reference held by the caller.
    let code = unsafe { remote::borrow::<interfaces::IMAPIProp>(&object)?.SaveChanges(0) };
    if code.is_err() { Err(code) } else { Ok(()) }
}
