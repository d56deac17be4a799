//! Display tables made of dialog resources. Pages: builddisplaytable, dtpage, dtctl, display-tables.
//!
//! A row describes a control: where the resource has it, what the caller says of it, and its structure with the text that
//! belongs to it laid behind. Nobody shows the dialog.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]

mod dialog;
mod resources;

use mapi_spi::structs::Elements;
use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;

use mapi_spi::tags::{
    PR_CONTROL_FLAGS, PR_CONTROL_ID, PR_CONTROL_STRUCTURE, PR_CONTROL_TYPE, PR_DELTAX, PR_DELTAY, PR_ROWID,
    PR_XPOS, PR_YPOS,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};

use self::dialog::{Dialog, Place};
use super::table_data::Made;
use crate::objects::Row;
use crate::objects::args::{self, INVALID};
use crate::objects::text;

/// `DTPAGE`
#[repr(C)]
#[derive(Clone, Copy)]
struct Page {
    cctl: u32,
    lpszResourceName: *const c_void,
    /// A string, or where its value is small the number of one.
    component: usize,
    lpctl: *const Control,
}

/// `DTCTL`
#[repr(C)]
#[derive(Clone, Copy)]
struct Control {
    ulCtlType: u32,
    ulCtlFlags: u32,
    lpbNotif: *const u8,
    cbNotif: u32,
    lpszFilter: *const c_void,
    ulItemID: u32,
    ctl: *const u32,
}

/// The text that belongs to a control, and where its structure says that it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    /// There is none.
    No,
    /// The text of the resource.
    Label,
    /// The characters that can be entered.
    Filter,
    /// The title of the page and the name of its component.
    Page,
}

/// A kind of control: how many numbers its structure has, which of them are its flags, what text it has.
struct Kind {
    numbers: usize,
    flags: usize,
    text: Text,
}

/// DTCT_PAGE
const PAGE: u32 = 8;

impl Kind {
    /// The kind of a `DTCT_` number.
    fn of(number: u32) -> Option<Self> {
        let (numbers, flags, text) = match number {
            0 | 6 => (2, 1, Text::Label),
            1 => (4, 1, Text::Filter),
            2 => (3, 0, Text::No),
            3 => (5, 1, Text::Filter),
            4 => (4, 0, Text::No),
            5 | 7 => (3, 1, Text::Label),
            PAGE => (4, 1, Text::Page),
            9 => (5, 1, Text::Label),
            0xB | 0xC => (2, 0, Text::No),
            _ => return None,
        };
        Some(Self { numbers, flags, text })
    }
}

pub(super) unsafe fn BuildDisplayTable(
    _lpAllocateBuffer: *mut c_void,
    _lpAllocateMore: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    _lpMalloc: *mut c_void,
    hInstance: *mut c_void,
    cPages: u32,
    lpPage: *mut c_void,
    ulFlags: u32,
    lppTable: *mut *mut c_void,
    lppTblData: *mut *mut c_void,
) -> HRESULT {
    let wide = ulFlags & flags::MAPI_UNICODE != 0;
    let made = args::needed(lppTable).and_then(|()| {
        if ulFlags & !flags::MAPI_UNICODE != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        if lpPage.is_null() || cPages == 0 {
            return Err(INVALID);
        }
        // SAFETY: the caller vouches for that many pages.
        let pages = unsafe { Elements::new(lpPage.cast::<Page>(), cPages) };
        let mut rows = Vec::new();
        for page in pages {
            // SAFETY: the caller vouches for what pages point to, and for its instance.
            unsafe { rows_of(&page, hInstance, wide, &mut rows) }?;
        }
        Made::of(PR_ROWID, rows)
    });
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        args::put(lppTable, made.as_ref().map_or(ptr::null_mut(), |made| made.view(wide).0));
        if !lppTblData.is_null() {
            args::put(lppTblData, made.as_ref().map_or(ptr::null_mut(), |made| made.data().0));
        }
    }
    made.err().unwrap_or(HRESULT::S_OK)
}

/// The rows of a page's controls.
///
/// # Safety
///
/// The page is as its page describes it: `cctl` controls, each with the structure of its kind.
unsafe fn rows_of(
    page: &Page,
    instance: *mut c_void,
    wide: bool,
    rows: &mut Vec<Row>,
) -> Result<(), HRESULT> {
    // SAFETY: as the caller vouches.
    let resource = unsafe { resources::dialog(instance, page.lpszResourceName, wide) }?;
    let dialog = Dialog::read(&resource).ok_or(HRESULT::MAPI_E_CORRUPT_DATA)?;
    // SAFETY: as the caller vouches.
    let component = unsafe { component(page, instance, wide) }?;
    if page.cctl > 0 && page.lpctl.is_null() {
        return Err(INVALID);
    }
    for number in 0..page.cctl as usize {
        // SAFETY: as the caller vouches.
        let control = unsafe { page.lpctl.add(number).read_unaligned() };
        let kind = Kind::of(control.ulCtlType).ok_or(INVALID)?;
        let (place, label) = if control.ulCtlType == PAGE {
            (dialog.place, dialog.title.as_slice())
        } else {
            let item = dialog.item(control.ulItemID).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            (item.place, item.text.as_slice())
        };
        // SAFETY: as the caller vouches.
        let filter = unsafe { args::text(control.lpszFilter, wide) }?;
        let filter: Vec<u16> = text::wide(&filter.map(|text| text.decode()).unwrap_or_default());
        let texts: &[&[u16]] = match kind.text {
            Text::No => &[],
            Text::Label => &[label],
            Text::Filter => &[&filter],
            Text::Page => &[label, &component],
        };
        // SAFETY: as the caller vouches: the structure is that of the control's kind.
        let structure = unsafe { laid_down(&kind, control.ctl, texts, wide) }?;
        let id = match control.cbNotif {
            0 => Vec::new(),
            // SAFETY: as the caller vouches.
            count => unsafe { args::bytes(count, control.lpbNotif.cast()) }?,
        };
        rows.push(row(rows.len(), &control, place, structure, id));
    }
    Ok(())
}

fn row(number: usize, control: &Control, place: Place, structure: Vec<u8>, id: Vec<u8>) -> Row {
    let long = |value: i32| PropValue::Long(value);
    vec![
        (PR_ROWID, long(i32::try_from(number).unwrap_or(i32::MAX))),
        (PR_XPOS, long(place.x.into())),
        (PR_YPOS, long(place.y.into())),
        (PR_DELTAX, long(place.width.into())),
        (PR_DELTAY, long(place.height.into())),
        (PR_CONTROL_TYPE, long(control.ulCtlType.cast_signed())),
        (PR_CONTROL_FLAGS, long(control.ulCtlFlags.cast_signed())),
        (PR_CONTROL_STRUCTURE, PropValue::Binary(structure)),
        (PR_CONTROL_ID, PropValue::Binary(id)),
    ]
}

/// The structure of a control, its texts behind it, their positions in its first and third number, their width in its flags.
///
/// # Safety
///
/// `first` points to as many numbers as the kind has.
unsafe fn laid_down(
    kind: &Kind,
    first: *const u32,
    texts: &[&[u16]],
    wide: bool,
) -> Result<Vec<u8>, HRESULT> {
    if first.is_null() {
        return Err(INVALID);
    }
    // SAFETY: as the caller vouches.
    let mut numbers =
        (0..kind.numbers).map(|at| unsafe { first.add(at).read_unaligned() }).collect::<Vec<u32>>();
    let mut behind = Vec::new();
    for (position, units) in [0, 2].into_iter().zip(texts) {
        let offset = kind.numbers * size_of::<u32>() + behind.len();
        numbers[position] = u32::try_from(offset).map_err(|_| HRESULT::MAPI_E_TOO_BIG)?;
        if wide {
            behind.extend(units.iter().chain(&[0]).flat_map(|unit| unit.to_le_bytes()));
        } else {
            behind.extend(text::encode(&String::from_utf16_lossy(units)));
            behind.push(0);
        }
    }
    if !texts.is_empty() {
        let set = if wide { flags::MAPI_UNICODE } else { 0 };
        numbers[kind.flags] = numbers[kind.flags] & !flags::MAPI_UNICODE | set;
    }
    Ok(numbers.iter().flat_map(|number| number.to_le_bytes()).chain(behind).collect())
}

/// The name of a page's component: a string, or the number of one among the resources.
///
/// # Safety
///
/// As for [`rows_of`].
unsafe fn component(page: &Page, instance: *mut c_void, wide: bool) -> Result<Vec<u16>, HRESULT> {
    if let Ok(number) = u16::try_from(page.component) {
        // SAFETY: the caller vouches for its instance.
        return Ok(if number == 0 { Vec::new() } else { unsafe { resources::string(instance, number) } });
    }
    // SAFETY: as the caller vouches.
    let name = unsafe { args::text(page.component as *const c_void, wide) }?;
    Ok(text::wide(&name.map(|text| text.decode()).unwrap_or_default()))
}
