//! Moving arrays of properties and notifications that lie in one block.

use crate::objects::args;
use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::flags;
use mapi_spi::structs::{NOTIFICATION, SPropValue};
use mapi_spi::tags::PropType;

use super::notifications::ScCountNotifications;
use super::props::ScCountProps;
use crate::objects::args::INVALID;

/// A move of a block: what pointed below the old base points below the new one.
#[derive(Clone, Copy, Debug)]
struct Move {
    old: usize,
    new: usize,
    /// The block lies at its new place already, so parts are found by pointers that have been adjusted.
    arrived: bool,
}

impl Move {
    /// Adjusts a pointer; where its target can be read now.
    fn adjust<T>(self, pointer: &mut *mut T) -> *mut T {
        if pointer.is_null() && self.old != 0 {
            return std::ptr::null_mut();
        }
        let before = *pointer;
        *pointer = before.wrapping_byte_add(self.new.wrapping_sub(self.old));
        if self.arrived { *pointer } else { before }
    }

    /// Adjusts a pointer to what has no pointers itself.
    fn shift<T>(self, pointer: &mut *mut T) {
        let _ = self.adjust(pointer);
    }
}

pub(super) unsafe fn ScRelocProps(
    cprop: i32,
    rgprop: *mut c_void,
    pvBaseOld: *mut c_void,
    pvBaseNew: *mut c_void,
    pcb: *mut u32,
) -> HRESULT {
    let Some(count) = usize::try_from(cprop).ok().filter(|_| !rgprop.is_null()) else { return INVALID };
    let by = Move { old: pvBaseOld as usize, new: pvBaseNew as usize, arrived: rgprop == pvBaseNew };
    if !by.arrived && !pcb.is_null() {
        // SAFETY: the array is still where its pointers lead, as the caller vouches.
        unsafe { ScCountProps(cprop, rgprop, pcb) };
    }
    for at in 0..count {
        // SAFETY: so many properties in one block, as the caller vouches.
        let moved = unsafe { args::change(rgprop.cast::<SPropValue>().add(at), |prop| relocate(prop, by)) };
        if let Err(code) = moved {
            return code;
        }
    }
    if by.arrived && !pcb.is_null() {
        // SAFETY: the pointers lead to where the block is now.
        unsafe { ScCountProps(cprop, rgprop, pcb) };
    }
    HRESULT::S_OK
}

pub(super) unsafe fn ScRelocNotifications(
    cntf: i32,
    rgntf: *mut c_void,
    pvBaseOld: *mut c_void,
    pvBaseNew: *mut c_void,
    pcb: *mut u32,
) -> HRESULT {
    let Some(count) = usize::try_from(cntf).ok().filter(|_| !rgntf.is_null()) else { return INVALID };
    let by = Move { old: pvBaseOld as usize, new: pvBaseNew as usize, arrived: rgntf == pvBaseNew };
    if !by.arrived && !pcb.is_null() {
        // SAFETY: as for properties.
        unsafe { ScCountNotifications(cntf, rgntf, pcb) };
    }
    for at in 0..count {
        // SAFETY: so many notifications in one block, as the caller vouches.
        let moved =
            unsafe { args::change(rgntf.cast::<NOTIFICATION>().add(at), |event| relocate_event(event, by)) };
        if let Err(code) = moved {
            return code;
        }
    }
    if by.arrived && !pcb.is_null() {
        // SAFETY: the pointers lead to where the block is now.
        unsafe { ScCountNotifications(cntf, rgntf, pcb) };
    }
    HRESULT::S_OK
}

/// # Safety
///
/// The property lies in a block with all that it points to.
unsafe fn relocate(prop: &mut SPropValue, by: Move) -> Result<(), HRESULT> {
    let kind = prop.tag().prop_type();
    let value = &mut prop.Value;
    // SAFETY: the type says which member is set; what it points to is in the block.
    unsafe {
        match kind {
            PropType::PT_NULL
            | PropType::PT_I2
            | PropType::PT_LONG
            | PropType::PT_R4
            | PropType::PT_DOUBLE
            | PropType::PT_CURRENCY
            | PropType::PT_APPTIME
            | PropType::PT_ERROR
            | PropType::PT_BOOLEAN
            | PropType::PT_OBJECT
            | PropType::PT_I8
            | PropType::PT_SYSTIME => {}
            PropType::PT_STRING8 => by.shift(&mut value.lpszA),
            PropType::PT_UNICODE => by.shift(&mut value.lpszW),
            PropType::PT_CLSID => by.shift(&mut value.lpguid),
            PropType::PT_BINARY => by.shift(&mut value.bin.lpb),
            PropType::PT_MV_I2 => by.shift(&mut value.MVi.lpi),
            PropType::PT_MV_LONG => by.shift(&mut value.MVl.lpl),
            PropType::PT_MV_R4 => by.shift(&mut value.MVflt.lpflt),
            PropType::PT_MV_DOUBLE => by.shift(&mut value.MVdbl.lpdbl),
            PropType::PT_MV_CURRENCY => by.shift(&mut value.MVcur.lpcur),
            PropType::PT_MV_APPTIME => by.shift(&mut value.MVat.lpat),
            PropType::PT_MV_I8 => by.shift(&mut value.MVli.lpli),
            PropType::PT_MV_SYSTIME => by.shift(&mut value.MVft.lpft),
            PropType::PT_MV_CLSID => by.shift(&mut value.MVguid.lpguid),
            PropType::PT_MV_STRING8 => {
                let texts = by.adjust(&mut value.MVszA.lppszA);
                each(texts, value.MVszA.cValues, |text| by.shift(text));
            }
            PropType::PT_MV_UNICODE => {
                let texts = by.adjust(&mut value.MVszW.lppszW);
                each(texts, value.MVszW.cValues, |text| by.shift(text));
            }
            PropType::PT_MV_BINARY => {
                let values = by.adjust(&mut value.MVbin.lpbin);
                each(values, value.MVbin.cValues, |bytes| by.shift(&mut bytes.lpb));
            }
            _ => return Err(INVALID),
        }
    }
    Ok(())
}

/// # Safety
///
/// `first` is null or points to so many elements.
unsafe fn each<T: Copy>(first: *mut T, count: u32, mut adjust: impl FnMut(&mut T)) {
    if first.is_null() {
        return;
    }
    for at in 0..count as usize {
        // SAFETY: as the caller vouches.
        unsafe { args::change(first.add(at), &mut adjust) };
    }
}

/// # Safety
///
/// The notification lies in a block with all that it points to.
unsafe fn relocate_event(event: &mut NOTIFICATION, by: Move) -> Result<(), HRESULT> {
    // SAFETY: the type says which member is set; what it points to is in the block.
    unsafe {
        match event.ulEventType {
            flags::fnevCriticalError => {
                let error = &mut event.info.err;
                by.shift(&mut error.lpEntryID);
                let described = by.adjust(&mut error.lpMAPIError);
                each(described, 1, |described| {
                    by.shift(&mut described.lpszError);
                    by.shift(&mut described.lpszComponent);
                });
            }
            flags::fnevNewMail => {
                let mail = &mut event.info.newmail;
                by.shift(&mut mail.lpEntryID);
                by.shift(&mut mail.lpParentID);
                by.shift(&mut mail.lpszMessageClass);
            }
            flags::fnevTableModified => {
                let table = &mut event.info.tab;
                relocate(&mut table.propIndex, by)?;
                relocate(&mut table.propPrior, by)?;
                let props = by.adjust(&mut table.row.lpProps);
                let mut result = Ok(());
                each(props, table.row.cValues, |prop| result = result.and(relocate(prop, by)));
                result?;
            }
            flags::fnevExtended => by.shift(&mut event.info.ext.pbEventParameters),
            flags::fnevStatusObjectModified => {
                let status = &mut event.info.statobj;
                by.shift(&mut status.lpEntryID);
                let props = by.adjust(&mut status.lpPropVals);
                let mut result = Ok(());
                each(props, status.cValues, |prop| result = result.and(relocate(prop, by)));
                result?;
            }
            kind if kind & super::notifications::OBJECTS != 0 => {
                let object = &mut event.info.obj;
                by.shift(&mut object.lpEntryID);
                by.shift(&mut object.lpParentID);
                by.shift(&mut object.lpOldID);
                by.shift(&mut object.lpOldParentID);
                by.shift(&mut object.lpPropTagArray);
            }
            _ => return Err(INVALID),
        }
    }
    Ok(())
}
