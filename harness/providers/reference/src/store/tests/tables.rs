//! Tables: order, conditions, positions, notifications.

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    BOOKMARK_BEGINNING, BOOKMARK_CURRENT, BOOKMARK_END, DIR_BACKWARD, FL_SUBSTRING, KEEP_OPEN_READWRITE,
    RES_CONTENT, TABLE_ROW_ADDED, TABLE_ROW_DELETED, TABLE_ROW_MODIFIED, TBL_NOADVANCE, fnevTableModified,
};
use mapi_spi::interfaces::{IMAPITable, IMessage};
use mapi_spi::structs::{SContentRestriction, SRestriction, SRestrictionRes, SSortOrder, SSortOrderSet};
use mapi_spi::tags as tag;
use windows_core::Interface;

use super::memory::{live, memory};
use super::support::{Told, null};
use super::world::{World, column, contents, id_of};
use crate::mapi::{Props, Width, check, query_rows, save, set_columns, set_props};

fn filled() -> (World, Vec<IMessage>) {
    let world = World::new("");
    let messages: Vec<IMessage> =
        ["bee", "ant", "cat", "Dog"].iter().map(|subject| world.draft(subject, &[])).collect();
    messages.iter().for_each(|message| save(message, KEEP_OPEN_READWRITE).expect("it can be saved"));
    (world, messages)
}

fn sort(table: &IMAPITable, descending: u32) -> HRESULT {
    let order = SSortOrder { ulPropTag: tag::PR_SUBJECT_W.0, ulOrder: descending };
    let mut set = SSortOrderSet { cSorts: 1, cCategories: 0, cExpanded: 0, aSort: [order] };
    // SAFETY: the set lives for the call.
    unsafe { table.SortTable(&raw mut set, 0) }
}

/// Calls with a restriction to subjects that contain a text.
fn containing<R>(text: &str, call: impl FnOnce(*mut SRestriction) -> R) -> R {
    let mut props = Props::new(Width::Wide);
    props.text(tag::PR_SUBJECT_W, text);
    let mut image = props.image();
    let content = SContentRestriction {
        ulFuzzyLevel: FL_SUBSTRING,
        ulPropTag: tag::PR_SUBJECT_W.0,
        lpProp: image.values().as_mut_ptr(),
    };
    let mut restriction = SRestriction { rt: RES_CONTENT, res: SRestrictionRes { resContent: content } };
    call(&raw mut restriction)
}

fn next(table: &IMAPITable, count: i32, flags: u32) -> Vec<String> {
    set_columns(memory(), table, &[tag::PR_SUBJECT_W], None).expect("columns can be set");
    let mut cell = null();
    // SAFETY: the cell is valid.
    check(unsafe { table.QueryRows(count, flags, &mut cell) }).expect("rows can be read");
    // SAFETY: the set is the caller's, row by row.
    let set = unsafe { memory().adopt(cell) };
    // SAFETY: as the provider made it.
    let rows = unsafe { mapi_spi::structs::SRowSet::elements(set.at()) };
    rows.map(|row| {
        // SAFETY: each row is a block of its own.
        unsafe {
            let _block = memory().adopt(row.lpProps);
            let values = crate::mapi::Values::copy(row.lpProps, row.cValues);
            values.text(tag::PR_SUBJECT_W).unwrap_or_default()
        }
    })
    .collect()
}

#[test]
fn rows_are_sorted_and_restricted() {
    let (world, _messages) = filled();
    let table = contents(&world.outbox());
    assert_eq!(column(&table, tag::PR_SUBJECT_W), ["bee", "ant", "cat", "Dog"]);
    assert_eq!(sort(&table, 0), HRESULT::S_OK);
    assert_eq!(column(&table, tag::PR_SUBJECT_W), ["ant", "bee", "cat", "Dog"], "without regard to case");
    assert_eq!(sort(&table, 1), HRESULT::S_OK);
    assert_eq!(column(&table, tag::PR_SUBJECT_W), ["Dog", "cat", "bee", "ant"]);
    // SAFETY: the restriction lives for the call.
    assert_eq!(containing("a", |restriction| unsafe { table.Restrict(restriction, 0) }), HRESULT::S_OK);
    assert_eq!(column(&table, tag::PR_SUBJECT_W), ["cat", "ant"]);
    let mut count = 0;
    // SAFETY: the cell is valid.
    assert_eq!((unsafe { table.GetRowCount(0, &mut count) }, count), (HRESULT::S_OK, 2));
    // SAFETY: null takes the condition away.
    assert_eq!(unsafe { table.Restrict(null(), 0) }, HRESULT::S_OK);
    assert_eq!(column(&table, tag::PR_SUBJECT_W).len(), 4);
    drop(table);
    assert_eq!(live(), 0);
}

#[test]
fn positions_move_and_bookmarks_find_their_rows_again() {
    let (world, messages) = filled();
    let table = contents(&world.outbox());
    assert_eq!(next(&table, 2, TBL_NOADVANCE), ["bee", "ant"]);
    assert_eq!(next(&table, 2, 0), ["bee", "ant"]);
    let mut mark = 0;
    // SAFETY: the cell is valid.
    assert_eq!(unsafe { table.CreateBookmark(&mut mark) }, HRESULT::S_OK);
    assert_eq!(next(&table, 10, 0), ["cat", "Dog"]);
    assert_eq!(next(&table, 10, 0), Vec::<String>::new());
    assert_eq!(next(&table, -1, 0), ["Dog"]);
    let seek = |from, by| {
        let mut sought = 0;
        // SAFETY: the cell is valid.
        (unsafe { table.SeekRow(from, by, &mut sought) }, sought)
    };
    assert_eq!(seek(BOOKMARK_END, -1), (HRESULT::S_OK, -1));
    assert_eq!(seek(BOOKMARK_BEGINNING, -7), (HRESULT::S_OK, 0));
    assert_eq!(seek(BOOKMARK_CURRENT, 9), (HRESULT::S_OK, 4));
    assert_eq!(sort(&contents(&world.outbox()), 0), HRESULT::S_OK, "each table has an order of its own");
    assert_eq!(seek(mark, 0), (HRESULT::S_OK, 0));
    assert_eq!(next(&table, 1, TBL_NOADVANCE), ["cat"]);
    let id = id_of(&messages[2]);
    let mut entry = mapi_spi::structs::SBinary { cb: id.len() as u32, lpb: id.as_ptr().cast_mut() };
    let mut list = mapi_spi::structs::ENTRYLIST { cValues: 1, lpbin: &raw mut entry };
    // SAFETY: the list lives for the call.
    check(unsafe { world.outbox().DeleteMessages(&raw mut list, 0, null(), 0) }).expect("it can be deleted");
    assert_eq!(seek(mark, 0), (HRESULT::MAPI_W_POSITION_CHANGED, 0));
    assert_eq!(next(&table, 1, TBL_NOADVANCE), ["Dog"]);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { table.FreeBookmark(mark) }, HRESULT::S_OK);
    assert_eq!(seek(mark, 0).0, HRESULT::MAPI_E_INVALID_BOOKMARK);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { table.SeekRowApprox(1, 3) }, HRESULT::S_OK);
    assert_eq!(next(&table, 1, 0), ["ant"]);
}

#[test]
fn rows_are_found_from_a_bookmark_on() {
    let (world, _messages) = filled();
    let table = contents(&world.outbox());
    // SAFETY: the restriction lives for the call.
    let find = |text, from, flags| containing(text, |at| unsafe { table.FindRow(at, from, flags) });
    assert_eq!(find("a", BOOKMARK_BEGINNING, 0), HRESULT::S_OK);
    assert_eq!(next(&table, 1, 0), ["ant"]);
    assert_eq!(find("a", BOOKMARK_CURRENT, 0), HRESULT::S_OK);
    assert_eq!(next(&table, 1, 0), ["cat"]);
    assert_eq!(find("a", BOOKMARK_CURRENT, 0), HRESULT::MAPI_E_NOT_FOUND);
    assert_eq!(find("b", BOOKMARK_END, DIR_BACKWARD), HRESULT::S_OK);
    assert_eq!(next(&table, 1, 0), ["bee"]);
}

#[test]
fn who_advised_on_a_table_is_told_of_its_rows() {
    let (world, messages) = filled();
    let table = contents(&world.outbox());
    let (told, mut connection) = (std::sync::Arc::new(Told::default()), 0);
    let sink = told.sink();
    // SAFETY: sink and cell live for the call.
    check(unsafe { table.Advise(fnevTableModified, sink.as_raw(), &mut connection) }).expect("advised");
    let events = || told.take().into_iter().map(|(_, event)| event).collect::<Vec<_>>();
    let added = world.draft("new", &[]);
    assert_eq!(events(), Vec::<u32>::new());
    save(&added, KEEP_OPEN_READWRITE).expect("it can be saved");
    assert_eq!(events(), [TABLE_ROW_ADDED]);
    let mut props = Props::new(Width::Wide);
    props.text(tag::PR_SUBJECT_W, "changed");
    set_props(memory(), &messages[0], &props).expect("it is open for writing");
    save(&messages[0], 0).expect("it can be saved");
    assert_eq!(events(), [TABLE_ROW_MODIFIED]);
    let id = id_of(&added);
    let mut entry = mapi_spi::structs::SBinary { cb: id.len() as u32, lpb: id.as_ptr().cast_mut() };
    let mut list = mapi_spi::structs::ENTRYLIST { cValues: 1, lpbin: &raw mut entry };
    // SAFETY: the list lives for the call.
    check(unsafe { world.outbox().DeleteMessages(&raw mut list, 0, null(), 0) }).expect("it can be deleted");
    assert_eq!(events(), [TABLE_ROW_DELETED]);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { table.Unadvise(connection) }, HRESULT::S_OK);
    save(&world.draft("unseen", &[]), 0).expect("it can be saved");
    assert_eq!(events(), Vec::<u32>::new());
    drop(query_rows(memory(), &table, 10));
}
