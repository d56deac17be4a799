//! The objects as a candidate sees them: through COM pointers, with C structures.

mod attachments;
mod copies;
mod messages;
mod profiles;
mod properties;
mod recipients;
mod streams;
mod support;
mod tables;

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex};

use mapi_spi::interfaces::{IMAPIAdviseSink, IMAPIAdviseSink_Impl, IMAPIProp, IMAPITable, IMessage};
use mapi_spi::structs::{NOTIFICATION, SPropProblemArray, SPropTagArray, SPropValue, SRowSet};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};
use windows_core::Interface;

use super::host::Row;
use super::text::unicode;
use super::wire::Arena;
use super::{Message, args};
use crate::com::{Held, object, ours};
use crate::memory;

/// A message, as `StartMessage` gets it, and its interface. The interface holds a reference of its own, as a provider may.
struct Lent {
    message: Arc<Message>,
    held: Held,
    com: IMessage,
}

impl Lent {
    fn new() -> Self {
        let (held, message) = Message::inbound();
        Self::of(held, message)
    }

    fn of(held: Held, message: Arc<Message>) -> Self {
        let raw = held.lend();
        // SAFETY: the pointer is a message of ours; cloning takes a reference.
        let com = unsafe { IMessage::from_raw_borrowed(&raw) }.expect("a message is no null pointer").clone();
        Self { message, held, com }
    }
}

/// The interface identifier of a declared interface.
fn iid(name: &str) -> GUID {
    ours::iid_of(name).expect("the interface is declared")
}

/// Takes up an object that a method returned, with its reference.
fn taken<T: Interface>(raw: *mut c_void) -> T {
    assert!(!raw.is_null(), "an object was returned");
    // SAFETY: the method returned an object with this interface and a reference.
    unsafe { T::from_raw(raw) }
}

fn wide(tag: PropTag, text: &str) -> (PropTag, PropValue) {
    (tag, unicode(text))
}

fn set(object: &IMAPIProp, values: &[(PropTag, PropValue)]) -> (HRESULT, Vec<(u32, HRESULT)>) {
    let arena = Arena::default();
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    // SAFETY: the values live for the call, the output is ours.
    unsafe {
        let count = u32::try_from(values.len()).expect("few values");
        let code = object.SetProps(count, arena.props(values).expect("there is memory"), &raw mut problems);
        let listed = SPropProblemArray::elements(problems).map(|one| (one.ulIndex, one.scode)).collect();
        memory::free(problems.cast());
        (code, listed)
    }
}

fn get(object: &IMAPIProp, tags: Option<&[PropTag]>, flags: u32) -> (HRESULT, Row) {
    let arena = Arena::default();
    let tags = tags.map_or(ptr::null_mut(), |tags| arena.tags(tags).expect("there is memory"));
    let (mut count, mut values) = (7_u32, ptr::null_mut::<SPropValue>());
    // SAFETY: the tags live for the call, the outputs are ours.
    unsafe {
        let code = object.GetProps(tags, flags, &raw mut count, &raw mut values);
        (code, read_values(count, values))
    }
}

/// The value of one property, as it is.
fn one(object: &IMAPIProp, tag: PropTag) -> Option<PropValue> {
    let (code, row) = get(object, Some(&[tag]), 0);
    assert!(code.is_ok(), "{code}");
    let (_, value) = row.into_iter().next()?;
    if matches!(value, PropValue::Error(_)) { None } else { Some(value) }
}

fn text_of(object: &IMAPIProp, tag: PropTag) -> Option<String> {
    one(object, tag)?.to_text()
}

/// # Safety
///
/// Values as a method returned them; they are freed.
unsafe fn read_values(count: u32, values: *mut SPropValue) -> Row {
    if values.is_null() {
        assert_eq!(count, 0, "no values, no count");
        return Row::new();
    }
    // SAFETY: as the caller vouches.
    let row = unsafe { args::props(count, values) }.expect("values can be read");
    memory::free(values.cast());
    row.into_iter().map(|(tag, value)| (tag, value.expect("a value can be read"))).collect()
}

/// # Safety
///
/// Tags as a method returned them; they are freed.
unsafe fn read_tags(tags: *mut SPropTagArray) -> Vec<PropTag> {
    // SAFETY: as the caller vouches.
    let all = unsafe { SPropTagArray::elements(tags) }.map(PropTag).collect();
    memory::free(tags.cast());
    all
}

fn query(table: &IMAPITable, count: i32, flags: u32) -> (HRESULT, Vec<Row>) {
    let mut set: *mut SRowSet = ptr::null_mut();
    // SAFETY: the output is ours; each row is a block of its own.
    unsafe {
        let code = table.QueryRows(count, flags, &raw mut set);
        let rows = SRowSet::elements(set).map(|row| read_values(row.cValues, row.lpProps)).collect();
        memory::free(set.cast());
        (code, rows)
    }
}

fn columns(table: &IMAPITable, tags: &[PropTag]) {
    let arena = Arena::default();
    // SAFETY: the tags live for the call.
    let code = unsafe { table.SetColumns(arena.tags(tags).expect("there is memory"), 0) };
    assert_eq!(code, HRESULT::S_OK);
}

fn modify(message: &IMessage, flags: u32, rows: &[Row]) -> HRESULT {
    let arena = Arena::default();
    // SAFETY: the list lives for the call.
    unsafe { message.ModifyRecipients(flags, arena.recipients(rows).expect("there is memory")) }
}

fn recipient(name: &str, kind: u32) -> Row {
    vec![
        wide(mapi_spi::tags::PR_DISPLAY_NAME_W, name),
        (mapi_spi::tags::PR_RECIPIENT_TYPE, PropValue::Long(kind.cast_signed())),
    ]
}

fn save(object: &IMAPIProp) {
    // SAFETY: no pointers.
    let code = unsafe { object.SaveChanges(flags::KEEP_OPEN_READWRITE) };
    assert_eq!(code, HRESULT::S_OK);
}

/// What a sink has heard: event types and table events.
type Heard = Arc<Mutex<Vec<(u32, u32)>>>;

/// An advise sink of the candidate's.
#[windows_core::implement(IMAPIAdviseSink)]
struct TestSink {
    heard: Heard,
    answer: u32,
}

impl IMAPIAdviseSink_Impl for TestSink_Impl {
    unsafe fn OnNotify(&self, count: u32, notifications: *mut NOTIFICATION) -> u32 {
        let mut heard = self.heard.lock().expect("nobody panics with the lock");
        for position in 0..count as usize {
            // SAFETY: the caller has so many, and the events of these tests are those of tables, or have no table part.
            unsafe {
                let notification = *notifications.add(position);
                let event = if notification.ulEventType == flags::fnevTableModified {
                    notification.info.tab.ulTableEvent
                } else {
                    0
                };
                heard.push((notification.ulEventType, event));
            }
        }
        self.answer
    }
}

/// A sink, and what it has heard.
fn sink(answer: u32) -> (IMAPIAdviseSink, Heard) {
    let heard = Heard::default();
    (TestSink { heard: Arc::clone(&heard), answer }.into(), heard)
}

fn drain(heard: &Mutex<Vec<(u32, u32)>>) -> Vec<(u32, u32)> {
    std::mem::take(&mut *heard.lock().expect("nobody panics with the lock"))
}

/// How many references the candidate holds on an object.
fn references(raw: *mut c_void) -> i64 {
    object::find(raw).map_or(0, |entry| entry.theirs())
}
