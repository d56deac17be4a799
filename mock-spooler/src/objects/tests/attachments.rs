use mapi_spi::interfaces::IAttach;
use mapi_spi::tags::{
    PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ, PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_METHOD, PR_ATTACH_NUM,
    PR_ATTACH_SIZE, PR_HASATTACH, PR_MESSAGE_ATTACHMENTS, PR_RECORD_KEY, PR_SUBJECT_W,
};

use super::*;
use crate::objects::message::AttachmentBuilder;

fn create(message: &IMessage) -> (u32, IAttach) {
    let (mut number, mut raw) = (99, ptr::null_mut());
    // SAFETY: the outputs are ours.
    let code = unsafe { message.CreateAttach(ptr::null(), 0, &raw mut number, &raw mut raw) };
    assert_eq!(code, HRESULT::S_OK);
    (number, taken(raw))
}

fn open(message: &IMessage, number: u32, flags: u32) -> Result<IAttach, HRESULT> {
    let mut raw = ptr::null_mut();
    // SAFETY: the output is ours.
    let code = unsafe { message.OpenAttach(number, ptr::null(), flags, &raw mut raw) };
    if code.is_err() { Err(code) } else { Ok(taken(raw)) }
}

fn embedded(attach: &IAttach, flags: u32) -> Result<IMessage, HRESULT> {
    let (id, mut raw) = (iid("IMessage"), ptr::null_mut());
    // SAFETY: identifier and output are ours.
    let code = unsafe { attach.OpenProperty(PR_ATTACH_DATA_OBJ.0, &id, 0, flags, &raw mut raw) };
    if code.is_err() { Err(code) } else { Ok(taken(raw)) }
}

fn rows(message: &IMessage) -> usize {
    let mut raw = ptr::null_mut();
    // SAFETY: the output is ours.
    assert_eq!(unsafe { message.GetAttachmentTable(0, &raw mut raw) }, HRESULT::S_OK);
    query(&taken(raw), 100, 0).1.len()
}

#[test]
fn saved_by_itself_and_then_by_the_message() {
    let lent = Lent::new();
    let (first, attach) = create(&lent.com);
    let (second, _unsaved) = create(&lent.com);
    assert_eq!((first, second), (0, 1));
    set(
        &attach,
        &[wide(PR_ATTACH_LONG_FILENAME_W, "a.txt"), (PR_ATTACH_DATA_BIN, PropValue::Binary(vec![1, 2]))],
    );
    assert_eq!(one(&attach, PR_ATTACH_NUM), Some(PropValue::Long(0)));
    save(&attach);
    assert!(one(&attach, PR_RECORD_KEY).is_some() && one(&attach, PR_ATTACH_SIZE).is_some());
    assert_eq!((rows(&lent.com), open(&lent.com, 0, 0).err()), (0, Some(HRESULT::MAPI_E_NOT_FOUND)));
    save(&lent.com);
    assert_eq!((rows(&lent.com), open(&lent.com, 1, 0).err()), (1, Some(HRESULT::MAPI_E_NOT_FOUND)));
    assert_eq!(one(&lent.com, PR_HASATTACH), Some(PropValue::Boolean(true)));
    let content = lent.message.content_saved().expect("it was saved");
    let saved: Vec<bool> = content.attachments.iter().map(|attachment| attachment.saved).collect();
    assert_eq!(saved, [true, false], "what was left unsaved is there to be seen");
    let opened = open(&lent.com, 0, 0).expect("it was saved");
    assert_eq!(text_of(&opened, PR_ATTACH_LONG_FILENAME_W).as_deref(), Some("a.txt"));
    let refused = set(&opened, &[wide(PR_ATTACH_LONG_FILENAME_W, "b.txt")]);
    assert_eq!(refused.1, [(0, HRESULT::MAPI_E_NO_ACCESS)], "read-only unless asked otherwise");
}

#[test]
fn a_write_after_the_save_is_seen_up_to_the_message() {
    let lent = Lent::new();
    let (_, attach) = create(&lent.com);
    save(&attach);
    save(&lent.com);
    assert!(!lent.message.dirty_since_save());
    set(&attach, &[wide(PR_ATTACH_LONG_FILENAME_W, "late")]);
    assert!(lent.message.dirty_since_save());
}

#[test]
fn changes_that_were_not_saved_are_gone_when_it_is_opened_again() {
    let lent = Lent::new();
    let (_, attach) = create(&lent.com);
    set(&attach, &[wide(PR_ATTACH_LONG_FILENAME_W, "a")]);
    save(&attach);
    save(&lent.com);
    drop(attach);
    let attach = open(&lent.com, 0, flags::MAPI_MODIFY).expect("it was saved");
    assert_eq!(set(&attach, &[wide(PR_ATTACH_LONG_FILENAME_W, "b")]).1, []);
    drop(attach);
    let attach = open(&lent.com, 0, flags::MAPI_BEST_ACCESS).expect("it was saved");
    assert_eq!(text_of(&attach, PR_ATTACH_LONG_FILENAME_W).as_deref(), Some("a"));
}

#[test]
fn deletion_lasts_with_the_save() {
    let lent = Lent::new();
    let (_, attach) = create(&lent.com);
    save(&attach);
    save(&lent.com);
    drop(attach);
    let delete = |number| {
        // SAFETY: no pointers but null.
        unsafe { lent.com.DeleteAttach(number, 0, ptr::null_mut(), 0) }
    };
    assert_eq!((delete(0), delete(0)), (HRESULT::S_OK, HRESULT::MAPI_E_NOT_FOUND));
    assert_eq!(rows(&lent.com), 1, "until the message is saved");
    lent.message.discard();
    assert!(open(&lent.com, 0, 0).is_ok(), "it came back");
    assert_eq!(delete(0), HRESULT::S_OK);
    save(&lent.com);
    assert_eq!(
        (rows(&lent.com), lent.message.content_saved().map(|content| content.attachments.len())),
        (0, Some(0))
    );
    let tags = Arena::default();
    let (_, attach) = create(&lent.com);
    save(&attach);
    // SAFETY: the tags live for the call.
    unsafe {
        let all = tags.tags(&[PR_MESSAGE_ATTACHMENTS]).expect("there is memory");
        assert_eq!(lent.com.DeleteProps(all, ptr::null_mut()), HRESULT::S_OK);
    }
    assert!(lent.message.content_pending().attachments.is_empty());
}

#[test]
fn messages_in_messages() {
    let lent = Lent::new();
    let (_, attach) = create(&lent.com);
    set(&attach, &[(PR_ATTACH_METHOD, PropValue::Long(flags::ATTACH_EMBEDDED_MSG.cast_signed()))]);
    assert_eq!(embedded(&attach, 0).err(), Some(HRESULT::MAPI_E_NOT_FOUND));
    let inner = embedded(&attach, flags::MAPI_CREATE | flags::MAPI_MODIFY).expect("it is made");
    set(&inner, &[wide(PR_SUBJECT_W, "inner")]);
    let unsaved = lent.message.content_pending();
    assert_eq!(unsaved.attachments[0].embedded.as_ref().map(|inner| inner.saves), Some(0));
    save(&inner);
    save(&attach);
    save(&lent.com);
    let content = lent.message.content_saved().expect("it was saved");
    let shown = content.attachments[0].embedded.as_ref().expect("it is there");
    assert_eq!((shown.props[0].value.as_str(), shown.saves, shown.dirty), (Some("inner"), 1, false));
    set(&inner, &[wide(PR_SUBJECT_W, "late")]);
    assert!(lent.message.dirty_since_save());
    lent.message.discard();
    drop(inner);
    let opened = open(&lent.com, 0, 0).expect("it was saved");
    let inner = embedded(&opened, 0).expect("it was saved");
    assert_eq!(text_of(&inner, PR_SUBJECT_W).as_deref(), Some("inner"));
    assert_eq!(one(&opened, PR_ATTACH_DATA_OBJ), Some(PropValue::Object));
    assert_eq!(one(&opened, PR_ATTACH_DATA_BIN), None);
    assert_eq!(embedded(&opened, flags::MAPI_MODIFY).err(), Some(HRESULT::MAPI_E_NO_ACCESS));
}

#[test]
fn attachments_that_are_there_already() {
    let inner = Message::builder().prop(PR_SUBJECT_W, unicode("inner"));
    let builder = Message::builder()
        .attachment(AttachmentBuilder::new().prop(PR_ATTACH_DATA_BIN, PropValue::Binary(vec![7])))
        .attachment(AttachmentBuilder::new().embedded(inner));
    let message = builder.build(&Arc::default());
    let lent = Lent::of(object::hold(Arc::clone(&message), "message"), message);
    assert_eq!(rows(&lent.com), 2);
    let attach = open(&lent.com, 1, 0).expect("it is there");
    assert_eq!(one(&attach, PR_ATTACH_METHOD), Some(PropValue::Long(5)));
    let inner = embedded(&attach, 0).expect("it is there");
    assert_eq!(text_of(&inner, PR_SUBJECT_W).as_deref(), Some("inner"));
    assert!(!lent.message.dirty_since_save());
}
