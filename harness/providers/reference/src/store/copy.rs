//! `CopyTo` and `CopyProps`, and messages that are copied to other providers: all through the destination's interfaces, so
//! that it may be anybody's. Source pages: *imapiprop-copyto*, *imapiprop-copyprops*.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{MAPI_MOVE, MAPI_NOREPLACE, MODRECIP_ADD};
use mapi_spi::interfaces::{IAttach, IMAPIProp, IMessage};
use mapi_spi::structs::{ADRENTRY, ADRLIST, SPropProblemArray, SPropTagArray, cb_new_adrlist};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};
use windows_core::{IUnknown, Interface};

use super::bag::Bag;
use super::data::{AttachData, MessageData};
use super::props::{PropNode, put};
use crate::mapi::{Image, Memory, Result, check, create_attachment, open_embedded, save};

/// Which properties are copied.
#[derive(Debug)]
pub(super) enum Choice {
    Only(Vec<PropTag>),
    AllBut(Vec<PropTag>),
}

impl Choice {
    fn takes(&self, tag: PropTag) -> bool {
        let names = |tags: &[PropTag]| tags.iter().any(|own| own.id() == tag.id());
        match self {
            Choice::Only(tags) => names(tags),
            Choice::AllBut(tags) => !names(tags),
        }
    }
}

/// Copies properties to another object.
///
/// # Errors
///
/// `MAPI_E_INVALID_PARAMETER` without a destination, `MAPI_E_INTERFACE_NOT_SUPPORTED` for one without properties, or what it
/// answers.
///
/// # Safety
///
/// `to` has to be null or a live object, the cell null or valid.
pub(super) unsafe fn copy_props<N: PropNode>(
    node: &Arc<N>,
    choice: Choice,
    to: *mut c_void,
    flags: u32,
    problems: *mut *mut SPropProblemArray,
) -> Result<HRESULT> {
    // SAFETY: as the caller vouches.
    let to = unsafe {
        put(problems, ptr::null_mut());
        IUnknown::from_raw_borrowed(&to)
    };
    let to = to.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
    let object: IMAPIProp = to.cast().map_err(|_| HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED)?;
    let memory = node.session().memory();
    let there = if flags & MAPI_NOREPLACE != 0 { tags_there(memory, &object)? } else { Vec::new() };
    let wanted = |tag: PropTag| choice.takes(tag) && !there.iter().any(|own| own.id() == tag.id());
    let parts: Vec<PropTag> = node.objects().iter().copied().filter(|tag| wanted(*tag)).collect();
    let own = |tag: PropTag| wanted(tag) && !node.is_computed(tag);
    let values: Vec<(PropTag, PropValue)> =
        node.read(|view| view.stored.iter().filter(|(tag, _)| own(*tag)).cloned().collect())?;
    if !values.is_empty() {
        let mut image = Image::of(values.iter().map(|(tag, value)| (*tag, value)));
        let values = image.values();
        // SAFETY: the values live for the length of the call, the cell is null or valid.
        check(unsafe { object.SetProps(values.len() as u32, values.as_mut_ptr(), problems) })?;
    }
    node.copy_parts(&parts, to)?;
    if flags & MAPI_MOVE != 0 {
        node.write(|bag| values.iter().for_each(|(tag, _)| drop(bag.remove(*tag))))?;
    }
    Ok(HRESULT::S_OK)
}

fn tags_there(memory: Memory, object: &IMAPIProp) -> Result<Vec<PropTag>> {
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid.
    let code = unsafe { object.GetPropList(0, &mut cell) };
    // SAFETY: what the method left in the cell is the caller's to free.
    let block = unsafe { memory.adopt(cell) };
    check(code)?;
    // SAFETY: the method succeeded: the array lives as long as the block.
    Ok(unsafe { SPropTagArray::elements(block.at()) }.map(PropTag).collect())
}

/// Fills a message of anybody's with all that a message of this store holds; it is not saved.
///
/// # Errors
///
/// What it answers.
pub(super) fn copy_message(memory: Memory, from: &MessageData, to: &IMessage) -> Result<()> {
    set_bag(memory, to, &from.bag)?;
    copy_recipients(memory, from, to)?;
    copy_attachments(memory, from, to)
}

/// Adds recipients.
///
/// # Errors
///
/// What the message answers.
pub(super) fn copy_recipients(memory: Memory, from: &MessageData, to: &IMessage) -> Result<()> {
    if from.recipients.is_empty() {
        return Ok(());
    }
    let entries = |bag: &Bag| -> Vec<(PropTag, PropValue)> { bag.iter().cloned().collect() };
    let rows: Vec<_> = from.recipients.iter().map(|recipient| entries(&recipient.bag)).collect();
    let mut images: Vec<Image<'_>> =
        rows.iter().map(|row| Image::of(row.iter().map(|(tag, value)| (*tag, value)))).collect();
    let list = memory.block(cb_new_adrlist(images.len()))?;
    let at: *mut ADRLIST = list.at();
    // SAFETY: the block was made for a count and this many entries.
    unsafe {
        (*at).cEntries = images.len() as u32;
        let first = (&raw mut (*at).aEntries).cast::<ADRENTRY>();
        for (index, image) in images.iter_mut().enumerate() {
            let values = image.values();
            let entry =
                ADRENTRY { ulReserved1: 0, cValues: values.len() as u32, rgPropVals: values.as_mut_ptr() };
            first.add(index).write(entry);
        }
    }
    // SAFETY: the list and its rows live for the length of the call.
    check(unsafe { to.ModifyRecipients(MODRECIP_ADD, at) }).map(drop)
}

/// Adds attachments.
///
/// # Errors
///
/// What the message answers.
pub(super) fn copy_attachments(memory: Memory, from: &MessageData, to: &IMessage) -> Result<()> {
    for attachment in from.attachments.values() {
        let made = create_attachment(to)?;
        copy_attachment(memory, attachment, &made)?;
    }
    Ok(())
}

fn copy_attachment(memory: Memory, from: &AttachData, to: &IAttach) -> Result<()> {
    set_bag(memory, to, &from.bag)?;
    if let Some(message) = &from.embedded {
        copy_embedded(memory, message, to)?;
    }
    save(to, 0)
}

/// Makes the message in an attachment.
///
/// # Errors
///
/// What the attachment answers.
pub(super) fn copy_embedded(memory: Memory, from: &MessageData, to: &IAttach) -> Result<()> {
    let message = open_embedded(to, true)?;
    copy_message(memory, from, &message)?;
    save(&message, 0)
}

fn set_bag(memory: Memory, object: &IMAPIProp, bag: &Bag) -> Result<()> {
    let mut image = Image::of(bag.iter().map(|(tag, value)| (*tag, value)));
    let values = image.values();
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    // SAFETY: the values live for the length of the call, the cell is valid.
    let code = unsafe { object.SetProps(values.len() as u32, values.as_mut_ptr(), &mut problems) };
    // What single properties the destination does not take is its own affair.
    // SAFETY: what the method left in the cell is the caller's to free.
    drop(unsafe { memory.adopt(problems) });
    check(code).map(drop)
}
