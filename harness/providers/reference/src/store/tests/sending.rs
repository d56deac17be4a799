//! Sending through the spooler: submission, the outgoing queue, locks, aborts, the end of a message.

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    KEEP_OPEN_READWRITE, MAPI_BEST_ACCESS, MAPI_MODIFY, MSGFLAG_RESEND, MSGFLAG_SUBMIT, MSGFLAG_UNSENT,
    NEEDS_PREPROCESSING, SUBMITFLAG_LOCKED, SUBMITFLAG_PREPROCESS, TABLE_ROW_ADDED, TABLE_ROW_DELETED,
    TABLE_ROW_MODIFIED, fnevNewMail, fnevTableModified,
};
use mapi_spi::interfaces::IMessage;
use mapi_spi::structs::{NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFICATION_INFO, SSortOrder, SSortOrderSet};
use mapi_spi::tags as tag;
use windows_core::Interface;

use super::super::data::{INBOX, OUTBOX, SENT};
use super::memory::{fail_after, live, memory};
use super::support::{Told, null};
use super::world::{World, by_id, id_of, open, rows, submit, values};
use crate::mapi::{Props, Width, check, save, set_props};

fn long(message: &IMessage, tag: mapi_spi::PropTag) -> Option<u32> {
    values(message, &[tag]).long(tag).map(i32::cast_unsigned)
}

#[test]
fn a_submitted_message_is_marked_queued_and_closed() {
    let world = World::new("");
    let message = world.draft("subject", &["REF:anna", "FOR:ben"]);
    world.client.record.take_calls();
    assert_eq!(submit(&message), HRESULT::S_OK);
    let expected = format!(
        "ExpandRecips flags={:#x} timed=true served=[Some(false), Some(false)]",
        MSGFLAG_SUBMIT | MSGFLAG_UNSENT
    );
    assert_eq!(world.client.record.take_calls(), [expected]);
    assert_eq!(world.queue(), ["subject"]);
    assert_eq!(save(&message, 0), Err(HRESULT::MAPI_E_INVALID_OBJECT));
    assert_eq!(submit(&message), HRESULT::MAPI_E_INVALID_OBJECT);
}

#[test]
fn prepare_submit_is_for_resends_and_the_spooler_is_told_once() {
    let world = World::new("");
    let resend = |subject| {
        let message = world.draft(subject, &["REF:anna"]);
        let mut props = Props::new(Width::Wide);
        props.mask(tag::PR_MESSAGE_FLAGS, MSGFLAG_RESEND | MSGFLAG_UNSENT);
        set_props(memory(), &message, &props).expect("flags can be set before the first save");
        assert_eq!(submit(&message), HRESULT::S_OK);
        let calls = world.client.record.take_calls();
        calls
            .into_iter()
            .map(|call| call.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    world.client.record.take_calls();
    let flags = MSGFLAG_RESEND | MSGFLAG_UNSENT | MSGFLAG_SUBMIT;
    let expanded = format!("ExpandRecips flags={flags:#x}");
    assert_eq!(resend("first"), ["SpoolerNotify ready", "PrepareSubmit", &expanded]);
    assert_eq!(resend("second"), ["PrepareSubmit", &expanded]);
    let always = World::new("prepare-always");
    always.submit("plain", &["REF:anna"]);
    assert!(always.client.record.take_calls().contains(&"PrepareSubmit".to_owned()));
}

#[test]
fn a_message_that_cannot_be_submitted_stays_as_it_is() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    assert_eq!(submit(&message), HRESULT::MAPI_E_NO_RECIPIENTS);
    super::world::add_recipients(&message, &["REF:anna"]);
    world.client.record.lock().failing = Some(("ExpandRecips", HRESULT::MAPI_E_USER_CANCEL));
    assert_eq!(submit(&message), HRESULT::MAPI_E_USER_CANCEL);
    assert_eq!(long(&message, tag::PR_MESSAGE_FLAGS), Some(MSGFLAG_UNSENT));
    assert!(world.queue().is_empty());
    world.client.record.lock().failing = None;
    assert_eq!(submit(&message), HRESULT::S_OK);
}

#[test]
fn the_queue_is_in_the_order_of_submission_and_tells_of_changes() {
    for (habits, reversed, sortable) in
        [("", false, true), ("queue-unsorted", true, true), ("queue-fixed", false, false)]
    {
        let world = World::new(habits);
        let table = world.queue_table();
        let (told, mut connection) = (std::sync::Arc::new(Told::default()), 0);
        let sink = told.sink();
        // SAFETY: sink and cell live for the call.
        check(unsafe { table.Advise(fnevTableModified, sink.as_raw(), &mut connection) }).expect("advised");
        let events = || told.take().into_iter().map(|(_, event)| event).collect::<Vec<_>>();
        let first = world.submit("first", &["REF:anna"]);
        assert_eq!(events(), [TABLE_ROW_ADDED]);
        world.submit("second", &["REF:anna"]);
        events();
        let order: &[&str] = if reversed { &["second", "first"] } else { &["first", "second"] };
        assert_eq!(world.queue(), order);
        let by_time = SSortOrder { ulPropTag: tag::PR_CLIENT_SUBMIT_TIME.0, ulOrder: 0 };
        let mut set = SSortOrderSet { cSorts: 1, cCategories: 0, cExpanded: 0, aSort: [by_time] };
        // SAFETY: the set lives for the call.
        let sorted = unsafe { table.SortTable(&raw mut set, 0) };
        assert_eq!(sorted, if sortable { HRESULT::S_OK } else { HRESULT::MAPI_E_NO_SUPPORT });
        assert_eq!(super::world::column(&table, tag::PR_SUBJECT_W), ["first", "second"]);
        let locked = world.lock(&first);
        assert_eq!(events(), [TABLE_ROW_MODIFIED]);
        drop(locked);
        assert_eq!(world.finish(&first), HRESULT::S_OK);
        assert_eq!(events(), [TABLE_ROW_DELETED]);
    }
}

#[test]
fn the_queue_has_its_eleven_columns_and_is_the_spoolers() {
    let world = World::new("");
    world.submit("subject", &["REF:anna"]);
    let mut cell = null();
    // SAFETY: the cell is valid.
    check(unsafe { world.queue_table().QueryColumns(0, &mut cell) }).expect("a table has columns");
    // SAFETY: the array is the caller's.
    let block = unsafe { memory().adopt(cell) };
    // SAFETY: as the provider made it.
    assert_eq!(unsafe { mapi_spi::structs::SPropTagArray::elements(block.at()) }.len(), 11);
    let row = &rows(&world.queue_table())[0];
    assert_eq!(row.text(tag::PR_DISPLAY_TO_W).as_deref(), Some("anna"));
    assert_eq!(row.long(tag::PR_SUBMIT_FLAGS), Some(0));
    let mut cell = null();
    // SAFETY: the cell is valid.
    assert_eq!(unsafe { world.client.store.GetOutgoingQueue(0, &mut cell) }, HRESULT::MAPI_E_NO_SUPPORT);
}

#[test]
fn locked_messages_are_the_spoolers_alone() {
    let world = World::new("");
    let id = world.submit("subject", &["REF:anna"]);
    let by_client = |flags| open::<IMessage>(&world.client.store, &id, flags);
    assert_eq!(by_client(MAPI_MODIFY).err(), Some(HRESULT::MAPI_E_SUBMITTED));
    let best = by_client(MAPI_BEST_ACCESS).expect("for reading");
    assert_eq!(long(&best, tag::PR_ACCESS_LEVEL), Some(0));
    let locked: IMessage = open(&world.spooler.store, &id, MAPI_MODIFY).expect("the spooler may open it");
    let mut props = Props::new(Width::Wide);
    props.text(tag::PR_REPORT_TEXT_W, "unsaved");
    set_props(memory(), &locked, &props).expect("the spooler may change it");
    // SAFETY: the message lives.
    assert_eq!(unsafe { world.client.store.SetLockState(locked.as_raw(), 1) }, HRESULT::MAPI_E_NO_SUPPORT);
    // SAFETY: the message lives.
    assert_eq!(unsafe { world.spooler.store.SetLockState(locked.as_raw(), 1) }, HRESULT::S_OK);
    assert_eq!(long(&locked, tag::PR_SUBMIT_FLAGS), Some(SUBMITFLAG_LOCKED));
    let again: IMessage = open(&world.spooler.store, &id, 0).expect("the spooler may open it");
    assert!(
        values(&again, &[tag::PR_REPORT_TEXT_W]).text(tag::PR_REPORT_TEXT_W).is_some(),
        "saved before it was locked"
    );
    for flags in [0, MAPI_MODIFY, MAPI_BEST_ACCESS] {
        assert_eq!(by_client(flags).err(), Some(HRESULT::MAPI_E_NO_ACCESS));
    }
    assert_eq!(world.abort(&id), HRESULT::MAPI_E_UNABLE_TO_ABORT);
    // SAFETY: the message lives.
    assert_eq!(unsafe { world.spooler.store.SetLockState(locked.as_raw(), 0) }, HRESULT::S_OK);
    assert_eq!(long(&locked, tag::PR_SUBMIT_FLAGS), Some(0));
    assert_eq!(world.abort(&id), HRESULT::S_OK);
    assert_eq!(world.abort(&id), HRESULT::MAPI_E_NOT_IN_QUEUE);
    let draft = by_client(MAPI_MODIFY).expect("it is a draft again");
    assert_eq!(long(&draft, tag::PR_MESSAGE_FLAGS), Some(MSGFLAG_UNSENT));
}

#[test]
fn a_finished_message_goes_where_it_is_to_go() {
    for (sent, delete, outbox_left, sent_left) in
        [(false, false, 1, 0), (true, false, 0, 1), (false, true, 0, 0), (true, true, 0, 0)]
    {
        for keeps in [false, true] {
            let world = World::new("");
            let message = world.draft("subject", &["REF:anna"]);
            let mut props = Props::new(Width::Wide);
            if sent {
                props.binary(tag::PR_SENTMAIL_ENTRYID, world.key.folder_id(SENT));
            }
            props.boolean(tag::PR_DELETE_AFTER_SUBMIT, delete);
            set_props(memory(), &message, &props).expect("it can be changed");
            assert_eq!(submit(&message), HRESULT::S_OK);
            let id = world.key.message_id(0x101);
            // SAFETY: the identifier lives for the call.
            let by_client = by_id(&id, |count, at| unsafe { world.client.store.FinishedMsg(0, count, at) });
            assert_eq!(by_client, HRESULT::MAPI_E_NO_SUPPORT);
            drop(world.lock(&id));
            world.spooler.record.lock().keeps_message = keeps;
            assert_eq!(world.finish(&id), HRESULT::S_OK);
            assert_eq!(world.subjects(OUTBOX).len(), outbox_left);
            assert_eq!(world.subjects(SENT).len(), sent_left);
            assert!(world.queue().is_empty());
            assert!(world.spooler.record.take_calls().contains(&"DoSentMail".to_owned()));
            assert_eq!(world.finish(&id), HRESULT::MAPI_E_NOT_IN_QUEUE);
            if outbox_left + sent_left > 0 {
                let left: IMessage =
                    open(&world.client.store, &id, MAPI_MODIFY).expect("it is nobody's any more");
                assert_eq!(
                    long(&left, tag::PR_MESSAGE_FLAGS).unwrap_or(0) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT),
                    0
                );
            }
        }
    }
}

#[test]
fn what_needs_preprocessing_is_queued_twice() {
    let world = World::new("");
    world.client.record.lock().needs = NEEDS_PREPROCESSING;
    let id = world.submit("subject", &["REF:anna"]);
    let message = world.lock(&id);
    assert_eq!(long(&message, tag::PR_SUBMIT_FLAGS), Some(SUBMITFLAG_PREPROCESS | SUBMITFLAG_LOCKED));
    world.spooler.record.take_calls();
    assert_eq!(submit(&message), HRESULT::S_OK);
    assert_eq!(world.spooler.record.take_calls(), Vec::<String>::new(), "nothing is expanded a second time");
    assert_eq!(world.queue(), ["subject"]);
    let again: IMessage = open(&world.spooler.store, &id, MAPI_MODIFY).expect("the spooler may open it");
    assert_eq!(long(&again, tag::PR_SUBMIT_FLAGS), Some(SUBMITFLAG_LOCKED));
    assert_eq!(submit(&again), HRESULT::MAPI_E_SUBMITTED);
}

#[test]
fn new_mail_is_told_to_every_client_that_waits_for_it() {
    for habits in ["", "own-notify"] {
        let world = World::new(habits);
        let (told, mut connection) = (std::sync::Arc::new(Told::default()), 0);
        let sink = told.sink();
        for _ in 0..2 {
            // SAFETY: sink and cell live for the call.
            let code =
                unsafe { world.client.store.Advise(0, null(), fnevNewMail, sink.as_raw(), &mut connection) };
            assert_eq!(code, HRESULT::S_OK);
            assert_ne!(connection, 0);
        }
        let message = super::world::create(
            &open(&world.spooler.store, &world.key.folder_id(INBOX), 1).expect("a folder"),
        );
        save(&message, KEEP_OPEN_READWRITE).expect("the spooler delivers");
        assert_eq!(long(&message, tag::PR_MESSAGE_FLAGS), Some(0), "what arrives is no draft");
        let (mut id, mut parent) = (id_of(&message), world.key.folder_id(INBOX));
        let newmail = NEWMAIL_NOTIFICATION {
            cbEntryID: id.len() as u32,
            lpEntryID: id.as_mut_ptr().cast(),
            cbParentID: parent.len() as u32,
            lpParentID: parent.as_mut_ptr().cast(),
            ulFlags: 0,
            lpszMessageClass: c"IPM.Note".as_ptr().cast_mut().cast(),
            ulMessageFlags: 0,
        };
        let mut notification =
            NOTIFICATION { ulEventType: fnevNewMail, ulAlignPad: 0, info: NOTIFICATION_INFO { newmail } };
        // SAFETY: the notification lives for the call.
        assert_eq!(unsafe { world.spooler.store.NotifyNewMail(&raw mut notification) }, HRESULT::S_OK);
        assert_eq!(told.take(), [(fnevNewMail, 0), (fnevNewMail, 0)]);
    }
}

#[test]
fn a_submission_survives_failing_allocations() {
    let world = World::new("");
    world.submit("before", &["REF:anna"]);
    let before = live();
    for count in 0..3 {
        let message = world.draft("subject", &["REF:anna"]);
        fail_after(Some(count));
        let code = submit(&message);
        let failed = fail_after(None);
        assert!(code.is_ok(), "no memory of MAPI's is needed but what the test itself takes: {failed}");
        drop(message);
        assert_eq!(live(), before);
    }
    assert_eq!(world.queue().len(), 4);
}
