use mapi_spi::tags::{
    PR_BODY_W, PR_CREATION_TIME, PR_DISPLAY_CC_W, PR_DISPLAY_TO_W, PR_ENTRYID, PR_HASATTACH,
    PR_MESSAGE_FLAGS, PR_MESSAGE_SIZE, PR_NORMALIZED_SUBJECT_W, PR_SEARCH_KEY, PR_SUBJECT_PREFIX_W,
    PR_SUBJECT_W,
};

use super::*;
use crate::objects::Store;

#[test]
fn what_a_save_brings() {
    let lent = Lent::new();
    set(&lent.com, &[wide(PR_SUBJECT_W, "RE: plan")]);
    modify(&lent.com, flags::MODRECIP_ADD, &[recipient("a", 1), recipient("b", 1), recipient("c", 2)]);
    for tag in [PR_ENTRYID, PR_MESSAGE_SIZE, PR_CREATION_TIME] {
        assert_eq!(one(&lent.com, tag), None, "{tag} before the first save");
    }
    assert_eq!(text_of(&lent.com, PR_DISPLAY_TO_W).as_deref(), Some(""));
    assert!(one(&lent.com, PR_SEARCH_KEY).is_some());
    assert_eq!((lent.message.saves(), lent.message.content_saved()), (0, None));
    save(&lent.com);
    for tag in [PR_ENTRYID, PR_MESSAGE_SIZE, PR_CREATION_TIME] {
        assert!(one(&lent.com, tag).is_some(), "{tag} after the first save");
    }
    assert_eq!(text_of(&lent.com, PR_DISPLAY_TO_W).as_deref(), Some("a; b"));
    assert_eq!(text_of(&lent.com, PR_DISPLAY_CC_W).as_deref(), Some("c"));
    assert_eq!(text_of(&lent.com, PR_SUBJECT_PREFIX_W).as_deref(), Some("RE: "));
    assert_eq!(text_of(&lent.com, PR_NORMALIZED_SUBJECT_W).as_deref(), Some("plan"));
    assert_eq!(one(&lent.com, PR_HASATTACH), Some(PropValue::Boolean(false)));
    assert_eq!((lent.message.saves(), lent.message.dirty_since_save()), (1, false));
    let content = lent.message.content_saved().expect("it was saved");
    assert_eq!(content.props.len(), 1, "computed properties are no content: {:?}", content.props);
    assert_eq!((content.recipients.len(), content.recipients[0].len(), content.saves), (3, 2, 1));
}

#[test]
fn what_comes_after_the_last_save_is_seen() {
    let lent = Lent::new();
    set(&lent.com, &[wide(PR_BODY_W, "saved")]);
    // SAFETY: no pointers.
    assert_eq!(unsafe { lent.com.SaveChanges(0) }, HRESULT::S_OK);
    assert_eq!(set(&lent.com, &[wide(PR_BODY_W, "too late")]).0, HRESULT::S_OK);
    assert!(lent.message.dirty_since_save());
    let (saved, pending) =
        (lent.message.content_saved().expect("it was saved"), lent.message.content_pending());
    assert_eq!((saved.props[0].value.as_str(), saved.dirty), (Some("saved"), true));
    assert_eq!(pending.props[0].value.as_str(), Some("too late"));
    lent.message.discard();
    assert_eq!(text_of(&lent.com, PR_BODY_W).as_deref(), Some("saved"));
    assert!(!lent.message.dirty_since_save());
}

#[test]
fn flags_until_the_first_save() {
    let lent = Lent::new();
    let flags_of = |lent: &Lent| one(&lent.com, PR_MESSAGE_FLAGS).and_then(|value| value.as_long());
    assert_eq!(flags_of(&lent), Some(10), "unsent and unmodified");
    let given = (flags::MSGFLAG_FROMME | flags::MSGFLAG_HASATTACH).cast_signed();
    assert_eq!(set(&lent.com, &[(PR_MESSAGE_FLAGS, PropValue::Long(given))]), (HRESULT::S_OK, vec![]));
    let due = (flags::MSGFLAG_FROMME | flags::MSGFLAG_UNMODIFIED).cast_signed();
    assert_eq!(flags_of(&lent), Some(due));
    save(&lent.com);
    let late = set(&lent.com, &[(PR_MESSAGE_FLAGS, PropValue::Long(0))]);
    assert_eq!(late, (HRESULT::S_OK, vec![(0, HRESULT::MAPI_E_COMPUTED)]));
    // SAFETY: no pointers.
    unsafe {
        assert_eq!(lent.com.SetReadFlag(0), HRESULT::S_OK);
        assert_eq!(flags_of(&lent), Some(due | 1));
        assert_eq!(lent.com.SetReadFlag(flags::CLEAR_READ_FLAG), HRESULT::S_OK);
        let wrong = flags::CLEAR_READ_FLAG | flags::SUPPRESS_RECEIPT;
        assert_eq!(lent.com.SetReadFlag(wrong), HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    assert_eq!(flags_of(&lent), Some(due));
}

#[test]
fn a_message_that_is_there_already() {
    let store = Arc::new(Store::new());
    let builder = Message::builder().prop(PR_SUBJECT_W, unicode("x")).recipient(recipient("a", 1));
    let message = builder.entry_id(vec![1, 2, 3]).submitted().read_only().build(&store);
    let lent = Lent::of(object::hold(Arc::clone(&message), "message"), message);
    assert_eq!(one(&lent.com, PR_ENTRYID), Some(PropValue::Binary(vec![1, 2, 3])));
    assert_eq!(one(&lent.com, PR_MESSAGE_FLAGS), Some(PropValue::Long(14)));
    assert_eq!(text_of(&lent.com, PR_DISPLAY_TO_W).as_deref(), Some("a"));
    let refused = set(&lent.com, &[wide(PR_SUBJECT_W, "y")]);
    assert_eq!(refused, (HRESULT::S_OK, vec![(0, HRESULT::MAPI_E_NO_ACCESS)]));
    assert_eq!(modify(&lent.com, 0, &[]), HRESULT::MAPI_E_NO_ACCESS);
    // SAFETY: no pointers.
    assert_eq!(unsafe { lent.com.SaveChanges(0) }, HRESULT::MAPI_E_NO_ACCESS);
}

#[test]
fn the_loan_ends() {
    let lent = Lent::new();
    assert_eq!(references(lent.held.lend()), 1);
    lent.held.end_of_loan();
    assert_eq!(set(&lent.com, &[wide(PR_SUBJECT_W, "x")]).0, HRESULT::MAPI_E_INVALID_OBJECT);
}

/// What a message does in the place of a method of a status object takes other arguments: it must not come to that.
#[test]
fn an_object_of_ours_of_another_interface_is_not_called() {
    use crate::com::theirs;

    let lent = Lent::new();
    let as_status = theirs::IMAPIStatus::known(lent.held.lend(), "status");
    // SAFETY: no pointers involved.
    assert_eq!(unsafe { as_status.ValidateState(0, 0) }, HRESULT::MAPI_E_INVALID_OBJECT);
    // What both have can be called.
    // SAFETY: no pointers involved.
    assert_eq!(unsafe { as_status.SaveChanges(flags::KEEP_OPEN_READWRITE) }, HRESULT::S_OK);
    let as_message = theirs::IMessage::known(lent.held.lend(), "message");
    // SAFETY: no pointers involved.
    assert_eq!(unsafe { as_message.SetReadFlag(0) }, unsafe { lent.com.SetReadFlag(0) });
}
