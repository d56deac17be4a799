use mapi_spi::structs::{
    SAndRestriction, SBitMaskRestriction, SContentRestriction, SExistRestriction, SNotRestriction,
    SPropertyRestriction, SRestriction, SRestrictionRes, SSizeRestriction, SSortOrder, SSortOrderSet,
};
use mapi_spi::tags::{PR_DISPLAY_NAME_A, PR_DISPLAY_NAME_W, PR_RECIPIENT_TYPE, PR_ROWID};

use super::*;

fn lent_with(names: &[(&str, u32)]) -> (Lent, IMAPITable) {
    let lent = Lent::new();
    let rows: Vec<Row> = names.iter().map(|(name, kind)| recipient(name, *kind)).collect();
    assert_eq!(modify(&lent.com, flags::MODRECIP_ADD, &rows), HRESULT::S_OK);
    let mut raw = ptr::null_mut();
    // SAFETY: the output is ours.
    assert_eq!(unsafe { lent.com.GetRecipientTable(flags::MAPI_UNICODE, &raw mut raw) }, HRESULT::S_OK);
    let table: IMAPITable = taken(raw);
    columns(&table, &[PR_DISPLAY_NAME_W]);
    (lent, table)
}

fn names(table: &IMAPITable, count: i32, flags: u32) -> String {
    let (code, rows) = query(table, count, flags);
    assert_eq!(code, HRESULT::S_OK);
    rows.iter().map(|row| row[0].1.to_text().expect("a name")).collect()
}

fn position(table: &IMAPITable) -> (u32, u32) {
    let (mut row, mut numerator, mut denominator) = (99, 99, 99);
    // SAFETY: the outputs are ours.
    let code = unsafe { table.QueryPosition(&raw mut row, &raw mut numerator, &raw mut denominator) };
    assert_eq!((code, row), (HRESULT::S_OK, numerator));
    (row, denominator)
}

fn seek(table: &IMAPITable, bookmark: u32, count: i32) -> (HRESULT, i32) {
    let mut sought = 99;
    // SAFETY: the output is ours.
    let code = unsafe { table.SeekRow(bookmark, count, &raw mut sought) };
    (code, sought)
}

const FIVE: [(&str, u32); 5] = [("a", 1), ("b", 2), ("c", 1), ("d", 3), ("E", 1)];

#[test]
fn the_cursor() {
    let (_lent, table) = lent_with(&FIVE);
    assert_eq!(names(&table, 2, 0), "ab");
    assert_eq!(position(&table), (2, 5));
    assert_eq!(names(&table, 2, flags::TBL_NOADVANCE), "cd");
    assert_eq!(position(&table), (2, 5));
    assert_eq!(names(&table, -9, 0), "ab", "back to the beginning, and forward again");
    assert_eq!(position(&table), (2, 5));
    assert_eq!(names(&table, -1, flags::TBL_NOADVANCE), "b");
    assert_eq!(position(&table), (1, 5));
    assert_eq!(names(&table, 99, 0), "bcdE");
    assert_eq!(names(&table, 1, 0), "", "behind the last row");
    assert_eq!(query(&table, 0, 0).0, HRESULT::MAPI_E_INVALID_PARAMETER);
    assert_eq!(seek(&table, flags::BOOKMARK_BEGINNING, 3), (HRESULT::S_OK, 3));
    assert_eq!(seek(&table, flags::BOOKMARK_CURRENT, -9), (HRESULT::S_OK, -3));
    assert_eq!(seek(&table, flags::BOOKMARK_END, -1), (HRESULT::S_OK, -1));
    assert_eq!(seek(&table, flags::BOOKMARK_END, 1), (HRESULT::S_OK, 0));
    assert_eq!(seek(&table, 77, 0).0, HRESULT::MAPI_E_INVALID_BOOKMARK);
    // SAFETY: no pointers.
    unsafe {
        assert_eq!(table.SeekRowApprox(1, 2), HRESULT::S_OK);
        assert_eq!(position(&table), (2, 5));
        assert_eq!(table.SeekRowApprox(1, 0), HRESULT::MAPI_E_INVALID_PARAMETER);
        let mut count = 0;
        assert_eq!((table.GetRowCount(0, &raw mut count), count), (HRESULT::S_OK, 5));
    }
}

#[test]
fn bookmarks_follow_their_rows() {
    let (lent, table) = lent_with(&FIVE);
    seek(&table, flags::BOOKMARK_BEGINNING, 2);
    let mut mark = 0;
    // SAFETY: the output is ours.
    assert_eq!(unsafe { table.CreateBookmark(&raw mut mark) }, HRESULT::S_OK);
    let row = |id: i32| vec![(PR_ROWID, PropValue::Long(id))];
    modify(&lent.com, flags::MODRECIP_REMOVE, &[row(0)]);
    assert_eq!(seek(&table, mark, 0), (HRESULT::S_OK, 0));
    assert_eq!(names(&table, 1, 0), "c");
    modify(&lent.com, flags::MODRECIP_REMOVE, &[row(2)]);
    assert_eq!(seek(&table, mark, 0), (HRESULT::MAPI_W_POSITION_CHANGED, 0));
    assert_eq!(names(&table, 1, 0), "d");
    assert_eq!(seek(&table, mark, 0).0, HRESULT::S_OK, "it has a new row now");
    // SAFETY: no pointers.
    unsafe {
        assert_eq!(table.FreeBookmark(mark), HRESULT::S_OK);
        assert_eq!(table.FreeBookmark(mark), HRESULT::MAPI_E_INVALID_BOOKMARK);
    }
}

fn property(arena: &Arena, relation: u32, tag: PropTag, value: PropValue) -> SRestriction {
    let prop = arena.props(&[(tag, value)]).expect("there is memory");
    let resProperty = SPropertyRestriction { relop: relation, ulPropTag: tag.0, lpProp: prop };
    SRestriction { rt: flags::RES_PROPERTY, res: SRestrictionRes { resProperty } }
}

fn restricted(table: &IMAPITable, condition: &mut SRestriction) -> String {
    // SAFETY: the restriction lives for the call.
    assert_eq!(unsafe { table.Restrict(condition, 0) }, HRESULT::S_OK);
    names(table, 99, 0)
}

#[test]
fn restrictions_of_all_kinds() {
    let (_lent, table) = lent_with(&FIVE);
    let arena = Arena::default();
    let mut to = property(&arena, flags::RELOP_EQ, PR_RECIPIENT_TYPE, PropValue::Long(1));
    assert_eq!(restricted(&table, &mut to), "acE");
    let after = property(&arena, flags::RELOP_GT, PR_DISPLAY_NAME_W, unicode("C"));
    let resNot = SNotRestriction { ulReserved: 0, lpRes: (&raw const after).cast_mut() };
    let mut not = SRestriction { rt: flags::RES_NOT, res: SRestrictionRes { resNot } };
    assert_eq!(restricted(&table, &mut not), "abc", "text compares without regard to case");
    let mut both = [to, not];
    let resAnd = SAndRestriction { cRes: 2, lpRes: both.as_mut_ptr() };
    assert_eq!(
        restricted(&table, &mut SRestriction { rt: flags::RES_AND, res: SRestrictionRes { resAnd } }),
        "ac"
    );
    assert_eq!(
        restricted(&table, &mut SRestriction { rt: flags::RES_OR, res: SRestrictionRes { resAnd } }),
        "abcE"
    );
    let resBitMask =
        SBitMaskRestriction { relBMR: flags::BMR_NEZ, ulPropTag: PR_RECIPIENT_TYPE.0, ulMask: 2 };
    let mut bits = SRestriction { rt: flags::RES_BITMASK, res: SRestrictionRes { resBitMask } };
    assert_eq!(restricted(&table, &mut bits), "bd");
    let narrow =
        arena.props(&[(PR_DISPLAY_NAME_A, PropValue::String8(b"e".to_vec()))]).expect("there is memory");
    let resContent = SContentRestriction {
        ulFuzzyLevel: flags::FL_PREFIX | flags::FL_IGNORECASE,
        ulPropTag: PR_DISPLAY_NAME_A.0,
        lpProp: narrow,
    };
    let mut content = SRestriction { rt: flags::RES_CONTENT, res: SRestrictionRes { resContent } };
    assert_eq!(restricted(&table, &mut content), "E", "either width finds the other");
    let resSize = SSizeRestriction { relop: flags::RELOP_EQ, ulPropTag: PR_DISPLAY_NAME_W.0, cb: 4 };
    let mut size = SRestriction { rt: flags::RES_SIZE, res: SRestrictionRes { resSize } };
    assert_eq!(restricted(&table, &mut size), "abcdE");
    let resExist = SExistRestriction { ulReserved1: 0, ulPropTag: 0x6600_0003, ulReserved2: 0 };
    let mut exist = SRestriction { rt: flags::RES_EXIST, res: SRestrictionRes { resExist } };
    assert_eq!(restricted(&table, &mut exist), "");
    // SAFETY: null takes the restriction away.
    assert_eq!(unsafe { table.Restrict(ptr::null_mut(), 0) }, HRESULT::S_OK);
    assert_eq!(names(&table, 99, 0), "abcdE");
}

#[test]
fn restrictions_that_make_no_sense() {
    let (_lent, table) = lent_with(&FIVE);
    let nothing = SNotRestriction { ulReserved: 0, lpRes: ptr::null_mut() };
    let mut null = SRestriction { rt: flags::RES_NOT, res: SRestrictionRes { resNot: nothing } };
    let mut unknown = SRestriction { rt: 99, ..null };
    let mut endless = null;
    endless.res = SRestrictionRes { resNot: SNotRestriction { ulReserved: 0, lpRes: &raw mut endless } };
    // SAFETY: the restrictions live for the calls.
    unsafe {
        assert_eq!(table.Restrict(&raw mut null, 0), HRESULT::MAPI_E_INVALID_PARAMETER);
        assert_eq!(table.Restrict(&raw mut unknown, 0), HRESULT::MAPI_E_TOO_COMPLEX);
        assert_eq!(table.Restrict(&raw mut endless, 0), HRESULT::MAPI_E_TOO_COMPLEX);
        assert_eq!(table.FindRow(ptr::null_mut(), 0, 0), HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    assert_eq!(names(&table, 99, 0), "abcdE", "nothing has changed");
}

#[test]
fn rows_are_found_in_both_directions() {
    let (_lent, table) = lent_with(&FIVE);
    let arena = Arena::default();
    let mut to = property(&arena, flags::RELOP_EQ, PR_RECIPIENT_TYPE, PropValue::Long(1));
    // SAFETY: the restriction lives for the calls.
    unsafe {
        assert_eq!(table.FindRow(&raw mut to, flags::BOOKMARK_END, flags::DIR_BACKWARD), HRESULT::S_OK);
        assert_eq!(position(&table).0, 4);
        assert_eq!(table.FindRow(&raw mut to, flags::BOOKMARK_CURRENT, flags::DIR_BACKWARD), HRESULT::S_OK);
        assert_eq!(position(&table).0, 2);
        seek(&table, flags::BOOKMARK_CURRENT, 1);
        assert_eq!(table.FindRow(&raw mut to, flags::BOOKMARK_CURRENT, 0), HRESULT::S_OK);
        assert_eq!(position(&table).0, 4);
        let mut none = property(&arena, flags::RELOP_EQ, PR_RECIPIENT_TYPE, PropValue::Long(9));
        assert_eq!(table.FindRow(&raw mut none, flags::BOOKMARK_BEGINNING, 0), HRESULT::MAPI_E_NOT_FOUND);
        assert_eq!(position(&table).0, 4, "the cursor stays");
    }
}

#[repr(C)]
struct TwoKeys {
    head: [u32; 3],
    keys: [SSortOrder; 2],
}

#[test]
fn orders() {
    let (_lent, table) = lent_with(&FIVE);
    let key = |tag: PropTag, order| SSortOrder { ulPropTag: tag.0, ulOrder: order };
    let mut storage = TwoKeys {
        head: [2, 0, 0],
        keys: [
            key(PR_RECIPIENT_TYPE, flags::TABLE_SORT_DESCEND),
            key(PR_DISPLAY_NAME_W, flags::TABLE_SORT_ASCEND),
        ],
    };
    let two = &raw mut storage;
    let order: *mut SSortOrderSet = two.cast();
    let mut back = ptr::null_mut();
    // SAFETY: the order lives for the calls, the output is ours.
    unsafe {
        assert_eq!(table.SortTable(order, 0), HRESULT::S_OK);
        assert_eq!(names(&table, 99, 0), "dbacE");
        assert_eq!(table.QuerySortOrder(&raw mut back), HRESULT::S_OK);
        assert_eq!(SSortOrderSet::elements(back).get(0).unwrap().ulPropTag, PR_RECIPIENT_TYPE.0);
        memory::free(back.cast());
        (*two).head = [2, 1, 0];
        assert_eq!(table.SortTable(order, 0), HRESULT::MAPI_E_TOO_COMPLEX, "categories are not supported");
        (*two).head = [0, 0, 0];
        assert_eq!(table.SortTable(order, 0), HRESULT::S_OK);
    }
    assert_eq!(names(&table, 99, 0), "abcdE");
}

#[test]
fn asynchronous_requests_are_announced_when_done() {
    let (lent, table) = lent_with(&FIVE);
    let (sink, heard) = sink(0);
    let mut connection = 0;
    // SAFETY: the sink is alive, the outputs are ours.
    unsafe {
        assert_eq!(table.Advise(flags::fnevTableModified, sink.as_raw(), &raw mut connection), HRESULT::S_OK);
        assert_eq!(table.Restrict(ptr::null_mut(), flags::TBL_ASYNC), HRESULT::S_OK);
        let (mut status, mut kind) = (99, 99);
        assert_eq!(table.GetStatus(&raw mut status, &raw mut kind), HRESULT::S_OK);
        assert_eq!((status, kind), (flags::TBLSTAT_COMPLETE, flags::TBLTYPE_DYNAMIC));
        assert_eq!(table.WaitForCompletion(0, 0, ptr::null_mut()), HRESULT::S_OK);
        assert_eq!(table.Abort(), HRESULT::S_OK);
    }
    assert_eq!(drain(&heard), [(flags::fnevTableModified, flags::TABLE_RESTRICT_DONE)]);
    let arena = Arena::default();
    let mut to = property(&arena, flags::RELOP_EQ, PR_RECIPIENT_TYPE, PropValue::Long(1));
    assert_eq!(restricted(&table, &mut to), "acE");
    modify(&lent.com, flags::MODRECIP_ADD, &[recipient("x", 2)]);
    assert_eq!(drain(&heard), [], "what the restriction hides is not told");
    modify(&lent.com, flags::MODRECIP_ADD, &[recipient("y", 1)]);
    assert_eq!(drain(&heard), [(flags::fnevTableModified, flags::TABLE_ROW_ADDED)]);
}
