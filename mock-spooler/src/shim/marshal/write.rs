//! From JSON to memory: each kind of parameter, once.

use std::cell::RefCell;
use std::mem::size_of;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::structs::{MAPIUID, NOTIFICATION, NOTIFKEY, OPTIONDATA, SRestriction, cb_new_notifkey};
use serde_json::Value;

use super::call::Call;
use super::parts::{
    cell, entry_list, error, name, option, problems, props_block, recipients, rows, sort_order, stat, tags,
    text, text_block,
};
use super::{event, restriction, value};
use crate::engine::reference::Reference;
use crate::memory::Chain;
use crate::objects::wire::{self, Room};
use crate::shim::wrong::Wrong;

/// Whose memory values are laid down in.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// Lent: it goes away with the call, or with the object that keeps it.
    Lent(&'a Lent),
    /// A part of something larger, which it goes away with.
    Part(&'a dyn Room),
    /// MAPI's: the receiver frees each block with MAPIFreeBuffer.
    Mapi,
}

impl Place<'_> {
    /// A block of its own with what hangs on it.
    pub(super) fn block<T>(
        self,
        size: usize,
        fill: impl FnOnce(&dyn Room, *mut T) -> Result<(), Wrong>,
    ) -> Result<*mut T, Wrong> {
        let room: &dyn Room = match self {
            Self::Lent(room) => room,
            Self::Part(room) => room,
            Self::Mapi => {
                let chain = Chain::allocate(size).map_err(memory)?;
                fill(&chain, chain.ptr())?;
                return Ok(chain.into_raw().cast());
            }
        };
        let at = room.room(size.max(1)).map_err(memory)?.cast();
        fill(room, at)?;
        Ok(at)
    }

    /// A block of its own that holds these values.
    pub(super) fn array<T: Copy>(self, values: &[T]) -> Result<*mut T, Wrong> {
        // SAFETY: the block has room for the values, and is not part of them.
        self.block(size_of_val(values), |_, at| {
            // SAFETY: passed on from the caller.
            unsafe { ptr::copy_nonoverlapping(values.as_ptr(), at, values.len()) };
            Ok(())
        })
    }
}

/// Memory that is lent, and cells that only look like memory.
pub(in crate::shim) struct Lent {
    room: Box<dyn Room + Send>,
    references: RefCell<Vec<Reference>>,
}

impl Lent {
    pub(in crate::shim) fn new(room: Box<dyn Room + Send>) -> Self {
        Self { room, references: RefCell::default() }
    }

    /// Keeps a reference as long as the memory.
    pub(super) fn keep(&self, reference: Reference) {
        self.references.borrow_mut().push(reference);
    }
}

impl Room for Lent {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        self.room.room(size)
    }
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lent")
    }
}

/// What a list or text came to: where it stands, and how long it is.
pub(super) struct Laid {
    pub(super) word: u64,
    pub(super) count: Option<usize>,
}

pub(super) fn memory(code: HRESULT) -> Wrong {
    Wrong::told("a value that fits into memory", code.to_string())
}

/// An array, chained to what else is in the room.
pub(super) fn array<T: Copy>(room: &dyn Room, values: &[T]) -> Result<*mut T, Wrong> {
    wire::put_array(room, values).map_err(memory)
}

pub(super) use crate::objects::wire::count;

fn at<T>(pointer: *const T) -> u64 {
    pointer as usize as u64
}

/// Lays down what a parameter holds, but for numbers.
pub(super) fn pointed(call: &Call<'_>, index: usize, json: &Value, place: Place<'_>) -> Result<Laid, Wrong> {
    let wire = call.method.params[index].wire;
    if json.is_null() {
        return Ok(Laid { word: 0, count: None });
    }
    let one = |word: u64| Ok(Laid { word, count: None });
    let many = |word: u64, count: usize| Ok(Laid { word, count: Some(count) });
    match wire {
        Wire::Ulong
        | Wire::Long
        | Wire::UlongPtr
        | Wire::U64
        | Wire::Size
        | Wire::I64
        | Wire::Hresult
        | Wire::Tag => one(number(call, index, json)?),
        Wire::Tags => one(at(tags(place, json)?)),
        Wire::Iid => one(at(place.array(&[value::to_iid(json)?])?)),
        Wire::IidArray => {
            let all = value::to_list(json, value::to_iid)?;
            many(at(place.array(&all)?), all.len())
        }
        Wire::Uid | Wire::UidValue => one(at(place.array(&[MAPIUID { ab: value::to_sixteen(json)? }])?)),
        Wire::UidArray => {
            let all = value::to_list(json, |json| {
                if json.is_null() { Ok(None) } else { value::to_sixteen(json).map(Some) }
            })?;
            let word = pointers(place, &all, |room, uid| match uid {
                Some(ab) => array(room, &[MAPIUID { ab: *ab }]),
                None => Ok(ptr::null_mut()),
            })?;
            many(at(word), all.len())
        }
        Wire::Str => one(at(text_block(place, json, call.is_wide())?)),
        Wire::Str8 => one(at(text_block(place, json, false)?)),
        Wire::StrArray => {
            let wide = call.is_wide();
            let all = value::to_list(json, |json| Ok(json.clone()))?;
            many(at(pointers(place, &all, |room, json| text(room, json, wide))?), all.len())
        }
        Wire::Props => {
            let list = json.as_array().ok_or_else(|| Wrong::new("a list of properties", json))?;
            many(at(props_block(place, json)?), list.len())
        }
        Wire::Problems => one(at(problems(place, json)?)),
        Wire::MapiError => one(at(error(place, json, call.is_wide())?)),
        Wire::EntryId | Wire::Bytes | Wire::WriteBuffer | Wire::Buffer => {
            let bytes = value::to_bytes(json)?;
            many(at(place.array(&bytes)?), bytes.len())
        }
        Wire::EntryList => one(at(entry_list(place, json)?)),
        Wire::AdrList => one(at(recipients(place, json)?)),
        Wire::RowSet => one(at(rows(place, json)?)),
        Wire::Restriction => {
            let made = place.block(size_of::<SRestriction>(), |room, at: *mut SRestriction| {
                let restriction = restriction::write(room, json)?;
                // SAFETY: the block is as large as one restriction.
                unsafe { at.write(restriction) };
                Ok(())
            })?;
            one(at(made))
        }
        Wire::SortOrder => one(at(sort_order(place, json)?)),
        Wire::NotifKey => {
            let key = value::to_bytes(json)?;
            let made = place.block(cb_new_notifkey(key.len()), |_, at: *mut NOTIFKEY| {
                // SAFETY: the block has room for the count and so many bytes.
                unsafe {
                    (&raw mut (*at).cb).write(count(key.len()));
                    ptr::copy_nonoverlapping(key.as_ptr(), (&raw mut (*at).ab).cast(), key.len());
                }
                Ok(())
            })?;
            one(at(made))
        }
        Wire::Notifications => {
            let list = json.as_array().ok_or_else(|| Wrong::new("a list of notifications", json))?;
            let made =
                place.block(size_of::<NOTIFICATION>() * list.len(), |room, at: *mut NOTIFICATION| {
                    let all = value::to_list(json, |json| event::write(room, json))?;
                    // SAFETY: the block has room for so many notifications.
                    unsafe { ptr::copy_nonoverlapping(all.as_ptr(), at, all.len()) };
                    Ok(())
                })?;
            many(at(made), list.len())
        }
        Wire::Notification => {
            one(at(place.block(size_of::<NOTIFICATION>(), |room, at: *mut NOTIFICATION| {
                let event = event::write(room, json)?;
                // SAFETY: the block is as large as one notification.
                unsafe { at.write(event) };
                Ok(())
            })?))
        }
        Wire::Options => {
            let list = json.as_array().ok_or_else(|| Wrong::new("a list of options", json))?;
            let wide = call.is_wide();
            let made = place.block(size_of::<OPTIONDATA>() * list.len(), |room, at: *mut OPTIONDATA| {
                let all = value::to_list(json, |json| option(room, json, wide))?;
                // SAFETY: the block has room for so many options.
                unsafe { ptr::copy_nonoverlapping(all.as_ptr(), at, all.len()) };
                Ok(())
            })?;
            many(at(made), list.len())
        }
        Wire::Names | Wire::NameArray => {
            let all = value::to_list(json, |json| Ok(json.clone()))?;
            many(at(pointers(place, &all, name)?), all.len())
        }
        Wire::NotifyData => match place {
            Place::Lent(room) => one(at(event::write_data(room, json)?)),
            Place::Part(_) | Place::Mapi => Err(Wrong::new("nothing: the data is never an output", json)),
        },
        Wire::NotifyCell => match place {
            Place::Lent(room) => one(at(cell(room, json)?)),
            Place::Part(_) | Place::Mapi => Err(Wrong::new("nothing: the cell is never an output", json)),
        },
        Wire::Object => one(at(call.peer.objects().resolve(call.peer, json, call.interface_out(index))?)),
        Wire::Opaque => one(at(match call.interface_before(index) {
            Some(interface) => call.peer.objects().resolve(call.peer, json, interface)?,
            None => call.peer.objects().resolve_known(call.peer, json)?,
        })),
        Wire::Stat => one(at(place.array(&[stat(json)?])?)),
    }
}

/// Reads a number, or names of a flag set.
pub(super) fn number(call: &Call<'_>, index: usize, json: &Value) -> Result<u64, Wrong> {
    let param = &call.method.params[index];
    if let (Some(text), mapi_spi::meta::Note::Flags(set)) = (json.as_str(), param.note) {
        let flags = set.parse(text).map(u64::from);
        return flags
            .ok_or_else(|| Wrong::new(format!("flags of {}, joined by `|`, or a number", set.name), json));
    }
    match param.wire {
        Wire::Ulong | Wire::Long => value::to_u32(json).map(u64::from),
        Wire::Tag => value::to_tag(json).map(|tag| u64::from(tag.0)),
        Wire::Hresult => value::to_code(json).map(|code| u64::from(code.to_u32())),
        Wire::I64 => value::to_i64(json).map(i64::cast_unsigned),
        _ => value::to_u64(json),
    }
}

/// Whether a kind is a number: it is passed by itself and not by a pointer.
pub(super) fn is_number(wire: Wire) -> bool {
    matches!(
        wire,
        Wire::Ulong
            | Wire::Long
            | Wire::UlongPtr
            | Wire::U64
            | Wire::Size
            | Wire::I64
            | Wire::Hresult
            | Wire::Tag
    )
}

fn pointers<S, T>(
    place: Place<'_>,
    all: &[S],
    each: impl Fn(&dyn Room, &S) -> Result<*mut T, Wrong>,
) -> Result<*mut *mut T, Wrong> {
    place.block(size_of::<*mut T>() * all.len(), |room, at: *mut *mut T| {
        for (position, one) in all.iter().enumerate() {
            let one = each(room, one).map_err(|wrong| wrong.within(&format!("[{position}]")))?;
            // SAFETY: the block has room for so many pointers.
            unsafe { at.add(position).write(one) };
        }
        Ok(())
    })
}
