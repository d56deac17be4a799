//! There and back: what stands in a message is laid down in memory, read again, and is what stood in the message.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mapi_spi::meta::Method;
use mapi_spi::{HRESULT, words};
use serde_json::{Value, json};

use super::{Frame, Kept, Lent, accept, arguments, free_outputs, results};
use crate::objects::wire::Arena;
use crate::shim::Side;
use crate::shim::fault::Fault;
use crate::shim::peer::Peer;
use crate::shim::role::Role;
use crate::shim::wrong::Wrong;

/// The other side of a connection on which nothing is said.
#[derive(Debug)]
struct Nobody;

impl Role for Nobody {
    fn request(&self, _: &Peer, _: &str, _: &Value) -> Result<Option<Value>, Wrong> {
        Ok(None)
    }

    fn notified(&self, _: &Peer, _: &str, _: &Value) -> Result<bool, Wrong> {
        Ok(false)
    }

    fn methods(&self) -> String {
        String::new()
    }

    fn fault(&self, _: &Peer, fault: Fault) -> ! {
        panic!("nobody is at fault: {fault:?}")
    }

    fn ended(&self, _: &Peer) {}

    fn room(&self) -> Lent {
        Lent::new(Box::new(Arena::default()))
    }
}

fn peer() -> Arc<Peer> {
    let output = Box::new(std::io::sink());
    Peer::connect(Side::Spooler, Box::new(Nobody), std::io::empty(), output)
        .expect("there is a thread for it")
}

/// MAPI's memory is counted through the whole process.
static MEMORY: Mutex<()> = Mutex::new(());

fn method(name: &str) -> &'static Method {
    let (interface, name) = name.split_once('.').expect("interface and method");
    words::method(interface, name).expect("the declaration has it").0
}

/// Lays the arguments of a call down and reads them again.
#[track_caller]
fn arguments_survive(name: &str, args: &Value) {
    let _alone = MEMORY.lock();
    let peer = peer();
    let frame = Frame::new(&peer, method(name), &json!({ "args": args }), Nobody.room());
    let frame = frame.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    // SAFETY: the words are those of the frame, which lives.
    let read = Value::Object(unsafe { arguments(&frame.call(&peer)) });
    for (key, given) in args.as_object().expect("arguments by name") {
        assert_eq!(read["args"][key], *given, "{name}, `{key}`: {read}");
    }
    frame.returned();
}

/// Has a call's outputs written from an answer, and reads them again.
#[track_caller]
fn outputs_survive(name: &str, args: &Value, out: &Value) {
    let _alone = MEMORY.lock();
    let peer = peer();
    let frame = Frame::new(&peer, method(name), &json!({ "args": args }), Nobody.room()).expect("arguments");
    let (call, kept) = (frame.call(&peer), Kept::default());
    // SAFETY: the words are those of the frame, whose cells are valid.
    let read = unsafe {
        accept(&call, HRESULT::S_OK, out, &kept).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let read = Value::Object(results(&call, HRESULT::S_OK, &frame.hidden));
        free_outputs(&call, HRESULT::S_OK);
        read
    };
    for (key, given) in out.as_object().expect("outputs by name") {
        assert_eq!(read[key], *given, "{name}, `{key}`: {read}");
    }
}

#[track_caller]
fn refused(name: &str, args: &Value) -> String {
    let _alone = MEMORY.lock();
    let frame = Frame::new(&peer(), method(name), &json!({ "args": args }), Nobody.room());
    frame.expect_err("it is wrong").to_string()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn subject(text: &str) -> Value {
    json!({ "tag": "0x0037001F", "value": text })
}

#[test]
fn restrictions() {
    let content =
        json!({ "content": { "fuzzy": 0x0001_0001, "tag": "0x0037001F", "prop": subject("Grüße") } });
    let number = json!({ "tag": "0x0E070003", "value": -5 });
    let all = [
        content.clone(),
        json!({ "property": { "relop": 4, "tag": "0x0E070003", "prop": number } }),
        json!({ "compare": { "relop": 5, "tag": "0x0E070003", "other": "0x0E080003" } }),
        json!({ "bitmask": { "relop": 1, "tag": "0x0E070003", "mask": 0xFFFF_FFFF_u32 } }),
        json!({ "size": { "relop": 2, "tag": "0x10130102", "bytes": 4096 } }),
        json!({ "exist": { "tag": "0x1000001F" } }),
        json!({ "sub": { "tag": "0x0E12000D", "of": content } }),
        json!({ "comment": { "props": [subject("why")], "of": content } }),
        json!({ "annotation": { "props": [], "of": content } }),
        json!({ "count": { "count": 3, "of": content } }),
        json!({ "not": { "or": [content, { "and": [] }] } }),
    ];
    for restriction in &all {
        arguments_survive("IMAPITable.Restrict", &json!({ "lpRestriction": restriction }));
    }
    let out = json!({ "lppRestriction": { "and": all }, "lppContainerList": [base64(b"one"), base64(&[0; 24])], "lpulSearchState": 2 });
    outputs_survive("IMAPIContainer.GetSearchCriteria", &json!({}), &out);
}

#[test]
fn what_is_wrong_in_a_restriction_is_told_with_its_place() {
    let wrong = json!({ "lpRestriction": { "and": [{ "property": { "relop": 4, "tag": "0x0037001F", "prop": { "tag": "0x0037001F", "value": 3 } } }] } });
    let told = refused("IMAPITable.Restrict", &wrong);
    assert!(
        told.contains("args.lpRestriction") && told.contains("prop.value") && told.contains("text"),
        "{told}"
    );
    assert!(refused("IMAPITable.Restrict", &json!({ "lpRestriction": { "maybe": [] } })).contains("`and`"));
}

#[test]
fn sort_orders() {
    let order = json!({ "sorts": [{ "tag": "0x00390040", "order": 0 }, { "tag": "0x0037001F", "order": 1 }], "categories": 1, "expanded": 1 });
    arguments_survive("IMAPITable.SortTable", &json!({ "lpSortCriteria": order }));
    outputs_survive("IMAPITable.QuerySortOrder", &json!({}), &json!({ "lppSortCriteria": order }));
    let none = json!({ "sorts": [], "categories": 0, "expanded": 0 });
    outputs_survive("IMAPITable.QuerySortOrder", &json!({}), &json!({ "lppSortCriteria": none }));
}

#[test]
fn rows() {
    let rows = json!([
        [subject("one"), { "tag": "0x0E230003", "value": 1 }],
        [subject("two"), { "tag": "0x1000000A", "value": "MAPI_E_NOT_FOUND" }],
        [],
    ]);
    outputs_survive("IMAPITable.QueryRows", &json!({ "lRowCount": 3 }), &json!({ "lppRows": rows }));
    outputs_survive("IMAPITable.QueryRows", &json!({ "lRowCount": 3 }), &json!({ "lppRows": [] }));
    arguments_survive("ITableData.HrModifyRows", &json!({ "lpSRowSet": rows }));
}

#[test]
fn recipients() {
    let row = |kind: u32| json!([{ "tag": "0x0C150003", "value": kind }, { "tag": "0x3003001E", "value": "ada@example.com" }, { "tag": "0x0FFF0102", "value": base64(&[0, 1, 2]) }]);
    arguments_survive("IMessage.ModifyRecipients", &json!({ "ulFlags": 2, "lpMods": [row(1), [], row(3)] }));
    arguments_survive("IMessage.ModifyRecipients", &json!({ "ulFlags": 0, "lpMods": [] }));
    let many: Vec<Value> = (0..500).map(row).collect();
    arguments_survive("IMessage.ModifyRecipients", &json!({ "ulFlags": 2, "lpMods": many }));
}

#[test]
fn entry_identifiers() {
    for length in [0, 1, 21, 4096] {
        let id = base64(&vec![7; length]);
        arguments_survive("IMsgStore.OpenEntry", &json!({ "cbEntryID": length, "lpEntryID": id }));
        outputs_survive(
            "IMAPISupport.WrapStoreEntryID",
            &json!({ "lpOrigEntry": id }),
            &json!({ "lpcbWrappedEntry": length, "lppWrappedEntry": id }),
        );
    }
    arguments_survive("IMAPIFolder.DeleteMessages", &json!({ "lpMsgList": [base64(b"a"), base64(b"")] }));
    let told = refused("IMsgStore.OpenEntry", &json!({ "cbEntryID": 3, "lpEntryID": base64(b"four") }));
    assert!(told.contains("`cbEntryID`: 4"), "{told}");
    let told = refused("IMsgStore.OpenEntry", &json!({ "cbEntryID": 3 }));
    assert!(told.contains("`cbEntryID`: 0"), "a count without what it counts: {told}");
}

#[test]
fn notifications() {
    let (entry, parent) = (base64(&[1; 24]), base64(&[2; 24]));
    let error = json!({ "version": 0, "error": "lost", "component": "store", "low-level": 3, "context": 4 });
    let all = json!([
        { "event": 0x01, "entry": entry, "code": "MAPI_E_CALL_FAILED", "flags": 0x8000_0000_u32, "error": error },
        { "event": 0x02, "entry": entry, "parent": parent, "flags": 0, "class": "IPM.Note", "message-flags": 2 },
        { "event": 0x02, "entry": entry, "parent": parent, "flags": 0x8000_0000_u32, "class": "IPM.Grüße", "message-flags": 0 },
        { "event": 0x20, "entry": entry, "type": 5, "parent": parent, "old": entry, "old-parent": parent, "tags": ["0x0037001F"] },
        { "event": 0x100, "table-event": 3, "hr": "S_OK", "index": { "tag": "0x0FF60102", "value": base64(&[0; 8]) }, "prior": { "tag": "0x00000001", "value": null }, "row": [subject("new")] },
        { "event": 0x200, "entry": entry, "props": [{ "tag": "0x3E040003", "value": 1 }] },
        { "event": 0x8000_0000_u32, "extended": 7, "data": base64(b"data") },
    ]);
    arguments_survive("IMAPIAdviseSink.OnNotify", &json!({ "cNotif": 7, "lpNotifications": all }));
    for one in all.as_array().expect("a list") {
        arguments_survive("IMsgStore.NotifyNewMail", &json!({ "lpNotification": one }));
    }
    let told = refused("IMAPIAdviseSink.OnNotify", &json!({ "lpNotifications": [{ "entry": entry }] }));
    assert!(told.contains("lpNotifications[0]") && told.contains("`event`"), "{told}");
}

#[test]
fn what_the_spooler_is_told() {
    let mail = json!({ "entry": base64(&[1; 24]), "parent": base64(&[2; 24]), "flags": 0, "class": "IPM.Note", "message-flags": 0 });
    let told = |flags: &str, data: &Value| {
        arguments_survive(
            "IMAPISupport.SpoolerNotify",
            &json!({ "ulFlags": mapi_spi::flags::value_of(flags), "lpvData": data }),
        );
    };
    told("NOTIFY_NEWMAIL_RECEIVED", &json!({ "new-mail": mail }));
    let mut event = mail;
    event["event"] = json!(2);
    told("NOTIFY_NEWMAIL_RECEIVED", &json!({ "notification": event }));
    told("NOTIFY_SENTDEFERRED", &json!({ "entry": base64(&[3; 70]) }));
    arguments_survive("IMAPISupport.SpoolerNotify", &json!({ "ulFlags": 1 }));
}

#[test]
fn names_and_problems() {
    let names = json!([{ "set": base64(&[9; 16]), "id": 0x8501 }, { "set": base64(&[9; 16]), "name": "Größe" }, null]);
    arguments_survive("IMAPIProp.GetIDsFromNames", &json!({ "cPropNames": 3, "lppPropNames": names }));
    let args = json!({ "lppPropTags": ["0x80010000"] });
    outputs_survive(
        "IMAPIProp.GetNamesFromIDs",
        &args,
        &json!({ "lpcPropNames": 3, "lpppPropNames": names }),
    );
    let problems = json!([{ "index": 1, "tag": "0x0FFF0102", "code": "MAPI_E_COMPUTED" }]);
    outputs_survive(
        "IMAPIProp.SetProps",
        &json!({ "lpPropArray": [subject("x")] }),
        &json!({ "lppProblems": problems }),
    );
    outputs_survive(
        "IMAPIProp.SetProps",
        &json!({ "lpPropArray": [subject("x")] }),
        &json!({ "lppProblems": null }),
    );
}

#[test]
fn streams_in_chunks() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(64 << 10).collect();
    for length in [0, 1, 4096, 64 << 10] {
        let chunk = base64(&bytes[..length]);
        arguments_survive("ISequentialStream.Write", &json!({ "pv": chunk, "cb": length }));
        outputs_survive(
            "ISequentialStream.Read",
            &json!({ "cb": 64 << 10 }),
            &json!({ "pv": chunk, "pcbRead": length }),
        );
    }
    let told = refused("ISequentialStream.Write", &json!({ "pv": base64(b"four"), "cb": 3 }));
    assert!(told.contains("`cb`: 4"), "{told}");
    let told = refused("ISequentialStream.Read", &json!({ "cb": 1 << 30 }));
    assert!(told.contains("at most"), "{told}");
    let stat = json!({ "type": 2, "size": 5, "modified": 0, "created": 0, "accessed": 0, "mode": 2, "locks": 0, "class": base64(&[0; 16]), "state": 0 });
    outputs_survive("IStream.Stat", &json!({}), &json!({ "pstatstg": stat }));
}

#[test]
fn more_is_not_read_into_a_buffer_than_it_holds() {
    let peer = peer();
    let frame =
        Frame::new(&peer, method("ISequentialStream.Read"), &json!({ "args": { "cb": 3 } }), Nobody.room());
    let frame = frame.expect("arguments");
    let (call, kept) = (frame.call(&peer), Kept::default());
    let out = json!({ "pv": base64(b"four"), "pcbRead": 4 });
    // SAFETY: the words are those of the frame, whose cells are valid.
    let wrong = unsafe { accept(&call, HRESULT::S_OK, &out, &kept) }.expect_err("the buffer has three bytes");
    assert!(wrong.to_string().contains("at most 3 bytes"), "{wrong}");
}
