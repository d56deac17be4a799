use mapi_spi::structs::{MAPIERROR, MAPINAMEID, MAPINAMEID_KIND, SPropTagArray};
use mapi_spi::tags::{
    PR_BODY_A, PR_BODY_W, PR_ENTRYID, PR_HTML, PR_NULL, PR_OBJECT_TYPE, PR_PRIORITY, PR_SUBJECT_A,
    PR_SUBJECT_W, PropType,
};

use super::*;
use crate::objects::names::PS_PUBLIC_STRINGS;

#[test]
fn values_in_the_type_that_is_asked_for() {
    let lent = Lent::new();
    assert_eq!(
        set(&lent.com, &[wide(PR_SUBJECT_W, "Grüße"), (PR_PRIORITY, PropValue::Long(1))]),
        (HRESULT::S_OK, vec![])
    );
    let any = PR_SUBJECT_W.with_type(PropType::PT_UNSPECIFIED);
    let narrow = PropValue::String8(b"Gr\xFC\xDFe".to_vec());
    let wanted = [PR_SUBJECT_A, PR_SUBJECT_W, any, PR_NULL, PR_PRIORITY];
    let (code, row) = get(&lent.com, Some(&wanted), 0);
    assert_eq!(code, HRESULT::S_OK);
    let due = vec![
        (PR_SUBJECT_A, narrow.clone()),
        wide(PR_SUBJECT_W, "Grüße"),
        (PR_SUBJECT_A, narrow),
        (PR_NULL, PropValue::Null),
        (PR_PRIORITY, PropValue::Long(1)),
    ];
    assert_eq!(row, due);
    let (_, row) = get(&lent.com, Some(&[any]), flags::MAPI_UNICODE);
    assert_eq!(row, [wide(PR_SUBJECT_W, "Grüße")]);
}

#[test]
fn what_is_missing_is_an_error_in_its_place() {
    let lent = Lent::new();
    let (code, row) = get(&lent.com, Some(&[PR_BODY_W, PR_OBJECT_TYPE]), 0);
    assert_eq!(code, HRESULT::MAPI_W_ERRORS_RETURNED);
    assert_eq!(
        row[0],
        (PR_BODY_W.with_type(PropType::PT_ERROR), PropValue::Error(HRESULT::MAPI_E_NOT_FOUND))
    );
    assert_eq!(row[1], (PR_OBJECT_TYPE, PropValue::Long(5)));
    set(&lent.com, &[(PR_HTML, PropValue::Binary(vec![1]))]);
    let (code, _) = get(&lent.com, Some(&[PR_HTML.with_type(PropType::PT_LONG)]), 0);
    assert_eq!(code, HRESULT::MAPI_W_ERRORS_RETURNED, "a type that does not fit");
}

#[test]
fn all_properties_and_their_list_agree() {
    let lent = Lent::new();
    set(&lent.com, &[(PR_BODY_A, PropValue::String8(b"text".to_vec()))]);
    for wide in [0, flags::MAPI_UNICODE] {
        let (code, row) = get(&lent.com, None, wide);
        assert_eq!(code, HRESULT::S_OK);
        let mut list: *mut SPropTagArray = ptr::null_mut();
        // SAFETY: the output is ours.
        let tags = unsafe {
            assert_eq!(lent.com.GetPropList(wide, &raw mut list), HRESULT::S_OK);
            read_tags(list)
        };
        assert_eq!(row.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(), tags);
        assert!(tags.contains(if wide == 0 { &PR_BODY_A } else { &PR_BODY_W }));
    }
}

#[test]
fn problems_and_refusals() {
    let lent = Lent::new();
    let mixed = [
        (PR_ENTRYID, PropValue::Binary(vec![1])),
        wide(PR_SUBJECT_W, "kept"),
        (PR_NULL, PropValue::Null),
        (PR_PRIORITY.with_type(PropType::PT_ERROR), PropValue::Error(HRESULT::MAPI_E_NOT_FOUND)),
        (PropTag(0x6600_0001), PropValue::Null),
    ];
    let due = vec![(0, HRESULT::MAPI_E_COMPUTED), (4, HRESULT::MAPI_E_INVALID_TYPE)];
    assert_eq!(set(&lent.com, &mixed), (HRESULT::S_OK, due));
    assert_eq!(text_of(&lent.com, PR_SUBJECT_W).as_deref(), Some("kept"));
    let refused = [wide(PR_SUBJECT_W, "not set"), (PropTag(0x6600_000D), PropValue::Object)];
    assert_eq!(set(&lent.com, &refused), (HRESULT::MAPI_E_INVALID_PARAMETER, vec![]));
    assert_eq!(
        text_of(&lent.com, PR_SUBJECT_W).as_deref(),
        Some("kept"),
        "nothing of a refused call is done"
    );
    // SAFETY: null where a pointer is due.
    unsafe {
        assert_eq!(lent.com.SetProps(1, ptr::null_mut(), ptr::null_mut()), HRESULT::MAPI_E_INVALID_PARAMETER);
        assert_eq!(
            lent.com.GetProps(ptr::null_mut(), 0, ptr::null_mut(), ptr::null_mut()),
            HRESULT::MAPI_E_INVALID_PARAMETER
        );
        assert_eq!(lent.com.DeleteProps(ptr::null_mut(), ptr::null_mut()), HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    let none = SPropTagArray { cValues: 0, aulPropTag: [0] };
    let (mut count, mut values) = (7, ptr::dangling_mut());
    // SAFETY: an array without tags, outputs of ours.
    let code = unsafe { lent.com.GetProps((&raw const none).cast_mut(), 0, &raw mut count, &raw mut values) };
    assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
    assert!(count == 0 && values.is_null(), "outputs of a failure are cleared");
}

#[test]
fn deletion_goes_by_identifier() {
    let lent = Lent::new();
    set(&lent.com, &[wide(PR_SUBJECT_W, "gone"), wide(PR_BODY_W, "stays")]);
    let arena = Arena::default();
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    // SAFETY: tags and output are ours.
    unsafe {
        let tags = arena.tags(&[PR_SUBJECT_A, PR_ENTRYID, PR_PRIORITY]).expect("there is memory");
        assert_eq!(lent.com.DeleteProps(tags, &raw mut problems), HRESULT::S_OK);
        let listed = SPropProblemArray::elements(problems);
        let listed: Vec<_> = listed.map(|problem| (problem.ulIndex, problem.scode)).collect();
        assert_eq!(listed, [(1, HRESULT::MAPI_E_COMPUTED)]);
        memory::free(problems.cast());
    }
    assert_eq!(one(&lent.com, PR_SUBJECT_W), None);
    assert_eq!(text_of(&lent.com, PR_BODY_W).as_deref(), Some("stays"));
}

fn string_name(set: &mut GUID, text: &mut [u16]) -> MAPINAMEID {
    MAPINAMEID {
        lpguid: set,
        ulKind: flags::MNID_STRING,
        Kind: MAPINAMEID_KIND { lpwstrName: text.as_mut_ptr() },
    }
}

#[test]
fn names_and_identifiers() {
    let lent = Lent::new();
    let mut set_id = PS_PUBLIC_STRINGS;
    let mut text = crate::objects::text::wide("names-and-identifiers\0");
    let mut name = string_name(&mut set_id, &mut text);
    let mut names = [&raw mut name];
    let ids = |flags| {
        let mut tags: *mut SPropTagArray = ptr::null_mut();
        let mut names = names;
        // SAFETY: the name lives for the call, the output is ours.
        unsafe {
            let code = lent.com.GetIDsFromNames(1, names.as_mut_ptr(), flags, &raw mut tags);
            (code, read_tags(tags))
        }
    };
    assert_eq!(ids(0), (HRESULT::MAPI_W_ERRORS_RETURNED, vec![PropTag::new(0, PropType::PT_ERROR)]));
    let (code, made) = ids(flags::MAPI_CREATE);
    assert_eq!(code, HRESULT::S_OK);
    assert!(made[0].is_named() && made[0].prop_type() == PropType::PT_UNSPECIFIED);
    assert_eq!(ids(0), (HRESULT::S_OK, made.clone()));
    let tag = made[0].with_type(PropType::PT_LONG);
    set(&lent.com, &[(tag, PropValue::Long(3))]);
    let content = lent.message.content_pending();
    let named = content.props.iter().find(|prop| prop.tag == format!("{:#010X}", tag.0)).expect("it was set");
    assert!(named.name.as_deref().is_some_and(|name| name.ends_with(":names-and-identifiers")));

    let arena = Arena::default();
    let mut asked = arena.tags(&[tag, PropTag(0xFFF0_0003)]).expect("there is memory");
    let (mut count, mut found) = (0, ptr::null_mut());
    // SAFETY: tags and outputs are ours; the first name is one with a string.
    unsafe {
        let code =
            lent.com.GetNamesFromIDs(&raw mut asked, ptr::null_mut(), 0, &raw mut count, &raw mut found);
        assert_eq!((code, count), (HRESULT::MAPI_W_ERRORS_RETURNED, 2));
        let first = **found;
        assert_eq!(first.ulKind, flags::MNID_STRING);
        assert_eq!(std::slice::from_raw_parts(first.Kind.lpwstrName, text.len()), text);
        assert!((*found.add(1)).is_null());
        memory::free(found.cast());
        names[0] = ptr::null_mut();
        let mut tags = ptr::null_mut();
        let code = lent.com.GetIDsFromNames(1, names.as_mut_ptr(), 0, &raw mut tags);
        assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
    }
}

#[test]
fn the_last_error_is_described() {
    let lent = Lent::new();
    set(&lent.com, &[(PropTag(0x6600_000D), PropValue::Object)]);
    let mut error: *mut MAPIERROR = ptr::null_mut();
    // SAFETY: the output is ours; a description has text.
    unsafe {
        let code = lent.com.GetLastError(HRESULT::MAPI_E_INVALID_PARAMETER, 0, &raw mut error);
        assert_eq!(code, HRESULT::S_OK);
        let text = std::ffi::CStr::from_ptr((*error).lpszError.cast()).to_str().expect("ASCII");
        assert_eq!(text, "IMAPIProp::SetProps failed with MAPI_E_INVALID_PARAMETER");
        memory::free(error.cast());
        assert_eq!(lent.com.GetLastError(HRESULT::MAPI_E_NO_ACCESS, 0, &raw mut error), HRESULT::S_OK);
        assert!(error.is_null(), "nothing is known of another error");
    }
}
