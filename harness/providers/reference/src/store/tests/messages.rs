//! Messages, attachments, streams, named properties.

use mapi_spi::flags::{
    ATTACH_BY_VALUE, ATTACH_EMBEDDED_MSG, FORCE_SAVE, KEEP_OPEN_READWRITE, MAPI_MODIFY, MODRECIP_MODIFY,
    MODRECIP_REMOVE, MSGFLAG_UNSENT,
};
use mapi_spi::interfaces::{IAttach, IMAPIProp, IMessage, IStream};
use mapi_spi::structs::SPropProblemArray;
use mapi_spi::tags as tag;
use mapi_spi::tags::PropType;
use mapi_spi::{GUID, HRESULT};
use windows_core::Interface;

use super::super::data::OUTBOX;
use super::memory::{fail_after, live, memory};
use super::support::null;
use super::world::{World, column, contents, id_of, open, responsibilities, rows, values};
use crate::mapi::{
    AddressList, Props, Width, attachment_table, check, create_attachment, identifiers_of, open_attachment,
    open_embedded, open_stream, query_rows, read_all, recipient_table, save, set_columns, set_props,
    write_all,
};

fn subject(text: &str) -> Props {
    let mut props = Props::new(Width::Wide);
    props.text(tag::PR_SUBJECT_W, text);
    props
}

#[test]
fn changes_show_when_they_are_saved() {
    let world = World::new("");
    let message = world.draft("first", &["REF:anna"]);
    assert!(world.subjects(OUTBOX).is_empty());
    save(&message, KEEP_OPEN_READWRITE).expect("it can be saved");
    assert_eq!(world.subjects(OUTBOX), ["first"]);
    let id = id_of(&message);
    set_props(memory(), &message, &subject("second")).expect("it stays open");
    let by_spooler: IMessage = open(&world.spooler.store, &id, 0).expect("the spooler sees the same store");
    assert_eq!(values(&by_spooler, &[tag::PR_SUBJECT_W]).text(tag::PR_SUBJECT_W).as_deref(), Some("first"));
    save(&message, 0).expect("it can be saved");
    assert_eq!(world.subjects(OUTBOX), ["second"]);
    let values =
        values(&message, &[tag::PR_MESSAGE_FLAGS, tag::PR_DISPLAY_TO_W, tag::PR_NORMALIZED_SUBJECT_W]);
    assert_eq!(values.long(tag::PR_MESSAGE_FLAGS), Some(MSGFLAG_UNSENT as i32));
    assert_eq!(values.text(tag::PR_DISPLAY_TO_W).as_deref(), Some("anna"));
}

#[test]
fn who_saves_second_is_told() {
    let world = World::new("");
    let first = world.draft("subject", &[]);
    save(&first, KEEP_OPEN_READWRITE).expect("it can be saved");
    let second: IMessage = open(&world.client.store, &id_of(&first), MAPI_MODIFY).expect("it is there");
    set_props(memory(), &second, &subject("of the second")).expect("it is open for writing");
    set_props(memory(), &first, &subject("of the first")).expect("it is open for writing");
    save(&first, 0).expect("the first is the first");
    assert_eq!(save(&second, 0), Err(HRESULT::MAPI_E_OBJECT_CHANGED));
    save(&second, FORCE_SAVE).expect("force is enough");
    assert_eq!(world.subjects(OUTBOX), ["of the second"]);
    let reader: IMessage = open(&world.client.store, &id_of(&first), 0).expect("it is there");
    assert_eq!(set_props(memory(), &reader, &subject("no")), Err(HRESULT::MAPI_E_NO_ACCESS));
}

#[test]
fn computed_properties_are_not_set() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    let mut props = subject("new");
    props.binary(tag::PR_ENTRYID, vec![1]);
    let mut image = props.image();
    let values = image.values();
    let mut problems: *mut SPropProblemArray = null();
    // SAFETY: the values live for the call, the cell is valid.
    check(unsafe { message.SetProps(values.len() as u32, values.as_mut_ptr(), &mut problems) })
        .expect("a success");
    // SAFETY: the array is the caller's.
    let block = unsafe { memory().adopt(problems) };
    // SAFETY: it is as the provider made it.
    let problems: Vec<_> = unsafe { SPropProblemArray::elements(block.at()) }.collect();
    assert!(matches!(problems[..], [one] if one.ulIndex == 1 && one.scode == HRESULT::MAPI_E_COMPUTED));
}

#[test]
fn recipients_are_changed_and_removed_by_their_rows() {
    let world = World::new("");
    let message = world.draft("subject", &["REF:anna", "REF:ben", "FOR:cleo"]);
    let names = || responsibilities(&message).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let table = recipient_table(&message).expect("a message has recipients");
    let found = rows(&table);
    let mut list = AddressList::new(memory(), 1).expect("there is memory");
    let mut row = Props::new(Width::Narrow);
    row.long(tag::PR_ROWID, found[1].long(tag::PR_ROWID).expect("a row has a number"));
    row.text(tag::PR_EMAIL_ADDRESS_W, "dora");
    list.add(&row).expect("there is memory");
    list.modify(&message, MODRECIP_MODIFY).expect("the row is there");
    assert_eq!(names(), ["anna", "dora", "cleo"]);
    list.modify(&message, MODRECIP_REMOVE).expect("the row is there");
    assert_eq!(names(), ["anna", "cleo"]);
    assert_eq!(
        list.modify(&message, MODRECIP_MODIFY),
        Err(HRESULT::MAPI_E_INVALID_PARAMETER),
        "the row is gone"
    );
    list.modify(&message, 0).expect("all can be replaced");
    assert_eq!(names(), ["dora"]);
}

#[test]
fn a_body_goes_through_a_stream_in_either_width() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    let stream = open_stream(&message, tag::PR_BODY_W, true).expect("a body can be written");
    let units: Vec<u8> = "Grüße".encode_utf16().flat_map(u16::to_le_bytes).collect();
    write_all(&stream, &units, |_| Ok(())).expect("a stream takes bytes");
    assert_eq!(values(&message, &[tag::PR_BODY_W]).text(tag::PR_BODY_W).as_deref(), Some("Grüße"));
    let narrow = tag::PR_BODY_W.with_type(PropType::PT_STRING8);
    let read = open_stream(&message, narrow, false).expect("a body can be read");
    assert_eq!(read_all(&read, |_| Ok(())), Ok("Grüße".as_bytes().to_vec()));
    let mut written = 0;
    let mut byte = [0_u8];
    // SAFETY: the buffer lives for the call.
    let refused = unsafe { read.Write(byte.as_mut_ptr(), 1, &mut written) };
    assert_eq!(refused, HRESULT::STG_E_ACCESSDENIED);
    assert!(open_stream(&message, tag::PR_HTML, false).is_err_and(|code| code == HRESULT::MAPI_E_NOT_FOUND));
}

#[test]
fn what_is_written_without_a_commit_shows_when_the_stream_is_released() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    let stream: IStream = open_stream(&message, tag::PR_HTML, true).expect("a body can be written");
    let mut bytes = *b"<p>";
    // SAFETY: the buffer lives for the call.
    check(unsafe { stream.Write(bytes.as_mut_ptr(), 3, null()) }).expect("a stream takes bytes");
    assert_eq!(values(&message, &[tag::PR_HTML]).binary(tag::PR_HTML), Some(&[][..]));
    drop(stream);
    assert_eq!(values(&message, &[tag::PR_HTML]).binary(tag::PR_HTML), Some(&b"<p>"[..]));
}

fn attach(message: &IMessage, bytes: &[u8]) -> IAttach {
    let attachment = create_attachment(message).expect("something can be attached");
    let mut props = Props::new(Width::Wide);
    props.mask(tag::PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    props.binary(tag::PR_ATTACH_DATA_BIN, bytes.to_vec());
    set_props(memory(), &attachment, &props).expect("an attachment has properties");
    attachment
}

#[test]
fn attachments_are_in_the_message_when_they_are_saved() {
    let world = World::new("");
    let message = world.draft("subject", &[]);
    let attachment = attach(&message, b"bytes");
    let count = || {
        let table = attachment_table(&message).expect("a message has attachments");
        set_columns(memory(), &table, &[tag::PR_ATTACH_NUM], None).expect("columns can be set");
        query_rows(memory(), &table, 10).expect("rows can be read").len()
    };
    assert_eq!(count(), 0);
    save(&attachment, 0).expect("it can be saved");
    assert_eq!(count(), 1);
    save(&message, KEEP_OPEN_READWRITE).expect("it can be saved");
    let again: IMessage = open(&world.client.store, &id_of(&message), 0).expect("it is there");
    assert!(values(&again, &[tag::PR_HASATTACH]).boolean(tag::PR_HASATTACH));
    let read = open_attachment(&again, 0).expect("it is there");
    assert_eq!(
        values(&read, &[tag::PR_ATTACH_DATA_BIN]).binary(tag::PR_ATTACH_DATA_BIN),
        Some(&b"bytes"[..])
    );
}

#[test]
fn a_message_within_a_message() {
    let world = World::new("");
    let message = world.draft("outer", &[]);
    let attachment = create_attachment(&message).expect("something can be attached");
    let mut props = Props::new(Width::Wide);
    props.mask(tag::PR_ATTACH_METHOD, ATTACH_EMBEDDED_MSG);
    set_props(memory(), &attachment, &props).expect("an attachment has properties");
    let inner = open_embedded(&attachment, true).expect("a message can be made");
    set_props(memory(), &inner, &subject("inner")).expect("it is a message");
    for object in [inner.cast::<IMAPIProp>(), attachment.cast(), message.cast()] {
        save(&object.expect("all have properties"), KEEP_OPEN_READWRITE).expect("it can be saved");
    }
    let again: IMessage = open(&world.client.store, &id_of(&message), 0).expect("it is there");
    let inner =
        open_embedded(&open_attachment(&again, 0).expect("it is there"), false).expect("it holds a message");
    assert_eq!(values(&inner, &[tag::PR_SUBJECT_W]).text(tag::PR_SUBJECT_W).as_deref(), Some("inner"));
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { inner.SubmitMessage(0) }, HRESULT::MAPI_E_NO_SUPPORT);
}

#[test]
fn names_have_one_identifier_each_in_the_whole_store() {
    let world = World::new("");
    let set = GUID::from_u128(0x00020386_0000_0000_c000_000000000046);
    let first =
        identifiers_of(memory(), &world.draft("a", &[]), set, &["X-One", "X-Two"]).expect("names are taken");
    let second = identifiers_of(memory(), &world.draft("b", &[]), set, &["X-Two"]).expect("names are known");
    assert_eq!(first.len(), 2);
    assert_eq!(second, first[1..]);
    let message = world.draft("c", &[]);
    let mut props = Props::new(Width::Wide);
    props.text(second[0], "value");
    set_props(memory(), &message, &props).expect("named properties are properties");
    assert_eq!(values(&message, &second).text(second[0]).as_deref(), Some("value"));
}

#[test]
fn a_message_is_copied_through_the_interfaces_of_the_other() {
    let world = World::new("");
    let from = world.draft("copied", &["REF:anna"]);
    save(&attach(&from, b"bytes"), 0).expect("it can be saved");
    let to = super::world::create(&world.inbox());
    // SAFETY: both messages live; nothing is excluded.
    let code = unsafe {
        let at = to.as_raw();
        from.CopyTo(0, std::ptr::null(), null(), 0, null(), &IMessage::IID, at, 0, null())
    };
    assert_eq!(code, HRESULT::S_OK);
    save(&to, KEEP_OPEN_READWRITE).expect("it can be saved");
    assert_eq!(column(&contents(&world.inbox()), tag::PR_SUBJECT_W), ["copied"]);
    assert_eq!(responsibilities(&to).len(), 1);
    assert!(open_attachment(&to, 0).is_ok());
    assert_ne!(id_of(&from), id_of(&to));
}

#[test]
fn failing_allocations_are_survived() {
    let world = World::new("");
    let message = world.draft("subject", &["REF:anna"]);
    save(&attach(&message, b"bytes"), 0).expect("it can be saved");
    let table = recipient_table(&message).expect("a message has recipients");
    let before = live();
    for count in 0.. {
        fail_after(Some(count));
        let read = crate::mapi::get_props(memory(), &message, &[tag::PR_SUBJECT_W, tag::PR_ENTRYID], 0);
        let listed = table_rows(&table);
        let failed = fail_after(None);
        assert_eq!(read.is_err() || listed.is_err(), failed, "the {count}th");
        drop((read, listed));
        assert_eq!(live(), before, "nothing is left behind by the {count}th");
        if !failed {
            assert!(count > 3, "something was allocated");
            break;
        }
    }
}

fn table_rows(table: &mapi_spi::interfaces::IMAPITable) -> crate::mapi::Result<usize> {
    // SAFETY: no pointers are passed but null.
    check(unsafe { table.SeekRow(0, 0, null()) })?;
    query_rows(memory(), table, 10).map(|rows| rows.len())
}
