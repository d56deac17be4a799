use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_DISPLAY_NAME_A, PR_DISPLAY_NAME_W, PR_MESSAGE_RECIPIENTS, PR_RECIPIENT_TYPE, PR_ROWID,
    PropType,
};

use super::*;

fn table(message: &IMessage) -> IMAPITable {
    let mut raw = ptr::null_mut();
    // SAFETY: the output is ours.
    assert_eq!(unsafe { message.GetRecipientTable(flags::MAPI_UNICODE, &raw mut raw) }, HRESULT::S_OK);
    taken(raw)
}

#[test]
fn the_table_follows_the_recipients() {
    let lent = Lent::new();
    let table = table(&lent.com);
    let (sink, heard) = sink(0);
    let mut connection = 0;
    // SAFETY: the sink outlives the table's reference to it, the output is ours.
    unsafe {
        let code = table.Advise(flags::fnevTableModified, sink.as_raw(), &raw mut connection);
        assert_eq!(code, HRESULT::S_OK);
    }
    assert_eq!(
        modify(&lent.com, flags::MODRECIP_ADD, &[recipient("a", 1), recipient("b", 2)]),
        HRESULT::S_OK
    );
    let modified = flags::fnevTableModified;
    assert_eq!(drain(&heard), [(modified, flags::TABLE_ROW_ADDED), (modified, flags::TABLE_ROW_ADDED)]);
    columns(&table, &[PR_ROWID, PR_DISPLAY_NAME_W, PR_DISPLAY_NAME_A, PR_ADDRTYPE_W]);
    let (code, rows) = query(&table, 10, 0);
    assert_eq!((code, rows.len()), (HRESULT::S_OK, 2));
    let missing = (PR_ADDRTYPE_W.with_type(PropType::PT_ERROR), PropValue::Error(HRESULT::MAPI_E_NOT_FOUND));
    let name = PropValue::String8(b"b".to_vec());
    assert_eq!(
        rows[1],
        [(PR_ROWID, PropValue::Long(1)), wide(PR_DISPLAY_NAME_W, "b"), (PR_DISPLAY_NAME_A, name), missing]
    );
    let mut changed = recipient("c", 3);
    changed.push((PR_ROWID, PropValue::Long(1)));
    assert_eq!(modify(&lent.com, flags::MODRECIP_MODIFY, &[changed.clone()]), HRESULT::S_OK);
    assert_eq!(drain(&heard), [(modified, flags::TABLE_ROW_MODIFIED)]);
    assert_eq!(modify(&lent.com, flags::MODRECIP_REMOVE, &[changed]), HRESULT::S_OK);
    assert_eq!(drain(&heard), [(modified, flags::TABLE_ROW_DELETED)]);
    // SAFETY: no pointers.
    unsafe {
        assert_eq!(table.Unadvise(connection), HRESULT::S_OK);
        assert_eq!(table.Unadvise(connection), HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    assert_eq!(modify(&lent.com, 0, &[]), HRESULT::S_OK);
    assert_eq!(drain(&heard), []);
    assert!(lent.message.content_pending().recipients.is_empty());
}

#[test]
fn values_that_recipients_cannot_have() {
    let lent = Lent::new();
    let with = |tag, value| vec![[recipient("a", 1), vec![(tag, value)]].concat()];
    let null = with(PropTag(0x6600_0001), PropValue::Null);
    assert_eq!(modify(&lent.com, flags::MODRECIP_ADD, &null), HRESULT::MAPI_E_INVALID_PARAMETER);
    let error = with(PropTag(0x6600_000A), PropValue::Error(HRESULT::MAPI_E_NOT_FOUND));
    assert_eq!(modify(&lent.com, flags::MODRECIP_ADD, &error), HRESULT::S_OK);
    assert_eq!(lent.message.content_pending().recipients[0].len(), 2, "errors are passed over");
    // SAFETY: null where a list is due.
    let code = unsafe { lent.com.ModifyRecipients(flags::MODRECIP_ADD, ptr::null_mut()) };
    assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
}

#[test]
fn the_rows_can_be_passed_on() {
    let (one, other) = (Lent::new(), Lent::new());
    modify(&one.com, flags::MODRECIP_ADD, &[recipient("a", 1)]);
    let (_, rows) = query(&table(&one.com), 10, 0);
    assert_eq!(modify(&other.com, 0, &rows), HRESULT::S_OK);
    assert_eq!(other.message.content_pending().recipients, one.message.content_pending().recipients);
    assert!(other.message.core().recipients()[0].1.long(PR_RECIPIENT_TYPE) == Some(1));
}

#[test]
fn the_table_as_a_property() {
    let lent = Lent::new();
    modify(&lent.com, flags::MODRECIP_ADD, &[recipient("a", 1)]);
    let (id, mut raw) = (iid("IMAPITable"), ptr::null_mut());
    // SAFETY: identifier and output are ours.
    let code = unsafe { lent.com.OpenProperty(PR_MESSAGE_RECIPIENTS.0, &id, 0, 0, &raw mut raw) };
    assert_eq!(code, HRESULT::S_OK);
    let table: IMAPITable = taken(raw);
    let (_, rows) = query(&table, 10, 0);
    assert!(
        rows[0].contains(&(PR_DISPLAY_NAME_A, PropValue::String8(b"a".to_vec()))),
        "narrow unless asked otherwise"
    );
    let wrong = iid("IMessage");
    // SAFETY: as above.
    let code = unsafe { lent.com.OpenProperty(PR_MESSAGE_RECIPIENTS.0, &wrong, 0, 0, &raw mut raw) };
    assert_eq!((code, raw), (HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED, ptr::null_mut()));
}
