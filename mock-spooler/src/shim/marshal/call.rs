//! A call seen by its words: what one argument says of another.

use std::ffi::c_void;

use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Interface, Method, Note};
use mapi_spi::words::interface_of;
use mapi_spi::{GUID, flags};

use crate::shim::peer::Peer;
use crate::trace::render;

/// How many bytes an output has that older headers call ULONG and newer ones ULONG_PTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shim) enum Width {
    /// The cell is ours: eight bytes.
    Eight,
    /// The cell is a library's: four bytes that are there in either case.
    Four,
}

/// A call and its arguments as register images.
#[derive(Clone, Copy, Debug)]
pub(in crate::shim) struct Call<'a> {
    pub(in crate::shim) peer: &'a Peer,
    pub(in crate::shim) method: &'static Method,
    pub(in crate::shim) words: &'a [u64],
    pub(in crate::shim) width: Width,
}

impl Call<'_> {
    /// The length of the array at `index`, from the parameter before it.
    pub(super) fn count_before(&self, index: usize) -> usize {
        // SAFETY: the words belong to a call in progress, whose count cells are null or valid.
        unsafe { render::count_before(self.method, self.words, index) }
    }

    /// The length of the bytes at `index`, from the parameter after it.
    pub(super) fn count_after(&self, index: usize) -> usize {
        self.words.get(index + 1).map_or(0, |count| usize::try_from(*count & 0xffff_ffff).unwrap_or(0))
    }

    /// How many bytes were read into the buffer at `index`: its size stands in the parameter after it, the number that
    /// was read in the next one.
    pub(super) fn bytes_read(&self, index: usize) -> usize {
        let size = self.count_after(index);
        let read = self.words.get(index + 2).copied().unwrap_or(0);
        let cell = usize::try_from(read).unwrap_or_default() as *const u32;
        // SAFETY: null, or the ULONG in which the callee tells how much it read.
        if cell.is_null() { size } else { size.min(unsafe { cell.read_unaligned() } as usize) }
    }

    /// Whether the texts of this call are wide.
    pub(super) fn is_wide(&self) -> bool {
        // SAFETY: the words belong to a call in progress, whose flags cell is null or valid.
        unsafe { render::wide(self.method, self.words) }
    }

    /// What stands in the flags cell of a method that takes its flags through one.
    pub(super) fn flags_given(&self) -> u32 {
        let cell =
            usize::try_from(self.words.first().copied().unwrap_or(0)).unwrap_or_default() as *const u32;
        // SAFETY: null, or the method's flags cell.
        if cell.is_null() { 0 } else { unsafe { cell.read_unaligned() } }
    }

    /// The interface that an object at `index` has: the one that was asked for, that of the object's type, the declared one.
    pub(super) fn interface_out(&self, index: usize) -> &'static str {
        let param = &self.method.params[index];
        let declared = match param.note {
            Note::Interface(name) => name,
            Note::None | Note::Flags(_) => "IUnknown",
        };
        if param.direction == Direction::In {
            return declared;
        }
        let narrower = self.asked_for().or_else(|| self.of_type());
        match narrower {
            Some(interface) if !extends(declared, interface) => interface,
            Some(_) | None => declared,
        }
    }

    /// The interface of a plain pointer: methods that take any object say its interface just before it.
    pub(super) fn interface_before(&self, index: usize) -> Option<&'static str> {
        let before = index.checked_sub(1)?;
        if self.method.params[before].wire != Wire::Iid {
            return None;
        }
        Some(self.iid(before).unwrap_or("IMAPIProp"))
    }

    fn asked_for(&self) -> Option<&'static str> {
        let asked = self.method.params.iter().position(|param| param.wire == Wire::Iid)?;
        self.iid(asked)
    }

    fn iid(&self, index: usize) -> Option<&'static str> {
        let iid = usize::try_from(self.words[index]).unwrap_or_default() as *const GUID;
        // SAFETY: null, or an identifier that the caller of the method passed.
        if iid.is_null() {
            None
        } else {
            // SAFETY: passed on from the caller.
            interface_of(&unsafe { iid.read_unaligned() }).map(|found| found.name)
        }
    }

    fn of_type(&self) -> Option<&'static str> {
        let index = self.method.params.iter().position(|param| param.name == "lpulObjType")?;
        let cell = usize::try_from(self.words[index]).unwrap_or_default() as *const u32;
        if cell.is_null() {
            return None;
        }
        // SAFETY: not null, hence the cell for the object's type.
        match unsafe { cell.read_unaligned() } {
            flags::MAPI_STORE => Some("IMsgStore"),
            flags::MAPI_FOLDER => Some("IMAPIFolder"),
            flags::MAPI_MESSAGE => Some("IMessage"),
            flags::MAPI_ATTACH => Some("IAttach"),
            flags::MAPI_STATUS => Some("IMAPIStatus"),
            flags::MAPI_PROFSECT => Some("IProfSect"),
            _ => None,
        }
    }
}

/// Whether the interface of one name is the other or extends it.
pub(in crate::shim) fn extends(interface: &str, base: &str) -> bool {
    base == "IUnknown" || Interface::by_name(interface).is_some_and(|interface| interface.extends(base))
}

/// A word as a pointer.
pub(in crate::shim) fn pointer(word: u64) -> *mut c_void {
    usize::try_from(word).unwrap_or_default() as *mut c_void
}
