use mapi_spi::tags::{
    PR_BODY_W, PR_ENTRYID, PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_RECIPIENTS, PR_NULL, PR_SEARCH_KEY,
    PR_SUBJECT_W,
};

use super::*;

fn full() -> Lent {
    let lent = Lent::new();
    set(&lent.com, &[wide(PR_SUBJECT_W, "subject"), wide(PR_BODY_W, "body")]);
    modify(&lent.com, flags::MODRECIP_ADD, &[recipient("a", 1)]);
    let (mut number, mut raw) = (0, ptr::null_mut());
    // SAFETY: the outputs are ours.
    let code = unsafe { lent.com.CreateAttach(ptr::null(), 0, &raw mut number, &raw mut raw) };
    assert_eq!(code, HRESULT::S_OK);
    save(&taken::<mapi_spi::interfaces::IAttach>(raw));
    save(&lent.com);
    lent
}

fn copy_to(from: &Lent, to: *mut c_void, exclude: &[PropTag], flags: u32) -> HRESULT {
    let (arena, id) = (Arena::default(), iid("IMessage"));
    let excluded =
        if exclude.is_empty() { ptr::null_mut() } else { arena.tags(exclude).expect("there is memory") };
    // SAFETY: identifiers and tags live for the call.
    unsafe { from.com.CopyTo(0, ptr::null(), excluded, 0, ptr::null_mut(), &id, to, flags, ptr::null_mut()) }
}

fn copy_props(from: &Lent, to: &Lent, include: &[PropTag], flags: u32) -> (HRESULT, Vec<HRESULT>) {
    let (arena, id) = (Arena::default(), iid("IMessage"));
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    // SAFETY: identifiers and tags live for the call, the output is ours.
    unsafe {
        let tags = arena.tags(include).expect("there is memory");
        let code =
            from.com.CopyProps(tags, 0, ptr::null_mut(), &id, to.com.as_raw(), flags, &raw mut problems);
        let listed = SPropProblemArray::elements(problems).map(|problem| problem.scode).collect();
        memory::free(problems.cast());
        (code, listed)
    }
}

#[test]
fn everything_but_what_is_excluded() {
    let (from, to) = (full(), Lent::new());
    assert_eq!(copy_to(&from, to.com.as_raw(), &[PR_BODY_W, PR_MESSAGE_ATTACHMENTS], 0), HRESULT::S_OK);
    let content = to.message.content_pending();
    assert_eq!((content.props.len(), content.recipients.len(), content.attachments.len()), (1, 1, 0));
    let whole = Lent::new();
    assert_eq!(copy_to(&from, whole.com.as_raw(), &[], 0), HRESULT::S_OK);
    save(&whole.com);
    let (copy, original) = (whole.message.content_saved(), from.message.content_saved());
    assert_eq!(copy, original, "computed properties are no part of a copy");
    assert_ne!(one(&whole.com, PR_ENTRYID), one(&from.com, PR_ENTRYID));
    assert_eq!(one(&whole.com, PR_SEARCH_KEY), one(&from.com, PR_SEARCH_KEY));
}

#[test]
fn chosen_properties() {
    let (from, to) = (full(), Lent::new());
    set(&to.com, &[wide(PR_BODY_W, "own")]);
    let both = [PR_SUBJECT_W, PR_BODY_W];
    assert_eq!(copy_props(&from, &to, &both, flags::MAPI_NOREPLACE), (HRESULT::S_OK, vec![]));
    assert_eq!(text_of(&to.com, PR_SUBJECT_W).as_deref(), Some("subject"));
    assert_eq!(text_of(&to.com, PR_BODY_W).as_deref(), Some("own"));
    assert_eq!(copy_props(&from, &to, &[PR_ENTRYID], 0), (HRESULT::S_OK, vec![HRESULT::MAPI_E_COMPUTED]));
    assert_eq!(copy_props(&from, &to, &[PR_MESSAGE_RECIPIENTS], 0).0, HRESULT::S_OK);
    assert_eq!(to.message.content_pending().recipients.len(), 1);
    assert_eq!(copy_props(&from, &to, &both, flags::MAPI_MOVE), (HRESULT::S_OK, vec![]));
    assert_eq!((one(&from.com, PR_BODY_W), text_of(&to.com, PR_BODY_W).as_deref()), (None, Some("body")));
    assert_eq!(copy_props(&from, &to, &[PR_NULL], 0).0, HRESULT::MAPI_E_INVALID_PARAMETER);
}

#[test]
fn targets_that_do_not_do() {
    let from = full();
    assert_eq!(copy_to(&from, from.com.as_raw(), &[], 0), HRESULT::MAPI_E_NO_ACCESS);
    assert_eq!(copy_to(&from, ptr::null_mut(), &[], 0), HRESULT::MAPI_E_INVALID_PARAMETER);
    let section = crate::objects::profsect::Profile::new(Row::new())
        .open(None, flags::MAPI_MODIFY)
        .expect("it is there");
    assert_eq!(copy_to(&from, section.0, &[], 0), HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
    drop(taken::<IMAPIProp>(section.0));
    let (every, id) = (iid("IMAPIProp"), iid("IMessage"));
    let to = Lent::new();
    // SAFETY: the identifiers live for the call.
    let code = unsafe {
        from.com.CopyTo(
            1,
            &every,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            &id,
            to.com.as_raw(),
            0,
            ptr::null_mut(),
        )
    };
    assert_eq!(code, HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
}

/// An object of the candidate's with properties: it knows two, and remembers what is set.
#[windows_core::implement(IMAPIProp)]
struct Foreign {
    given: Arc<Mutex<Row>>,
}

#[allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]
impl mapi_spi::interfaces::IMAPIProp_Impl for Foreign_Impl {
    unsafe fn GetLastError(&self, _: HRESULT, _: u32, _: *mut *mut mapi_spi::structs::MAPIERROR) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
    unsafe fn SaveChanges(&self, _: u32) -> HRESULT {
        HRESULT::S_OK
    }
    unsafe fn GetProps(
        &self,
        tags: *mut SPropTagArray,
        _: u32,
        count: *mut u32,
        out: *mut *mut SPropValue,
    ) -> HRESULT {
        // SAFETY: the caller is our own code.
        unsafe {
            let tags = SPropTagArray::elements(tags);
            let given = self.given.lock().expect("nobody panics with the lock");
            let find = |tag: u32| given.iter().find(|(known, _)| known.0 == tag).cloned();
            let row: Row = tags.filter_map(find).collect();
            *count = u32::try_from(row.len()).expect("few values");
            *out = crate::objects::wire::props(&row).expect("there is memory");
        }
        HRESULT::S_OK
    }
    unsafe fn GetPropList(&self, _: u32, out: *mut *mut SPropTagArray) -> HRESULT {
        let given = self.given.lock().expect("nobody panics with the lock");
        let tags: Vec<PropTag> = given.iter().map(|(tag, _)| *tag).collect();
        // SAFETY: the caller is our own code.
        unsafe { *out = crate::objects::wire::tags(&tags).expect("there is memory") };
        HRESULT::S_OK
    }
    unsafe fn OpenProperty(&self, _: u32, _: *const GUID, _: u32, _: u32, _: *mut *mut c_void) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
    unsafe fn SetProps(
        &self,
        count: u32,
        values: *mut SPropValue,
        _: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: the caller is our own code.
        let values = unsafe { args::props(count, values) }.expect("values can be read");
        let values = values.into_iter().map(|(tag, value)| (tag, value.expect("a value can be read")));
        self.given.lock().expect("nobody panics with the lock").extend(values);
        HRESULT::S_OK
    }
    unsafe fn DeleteProps(&self, _: *mut SPropTagArray, _: *mut *mut SPropProblemArray) -> HRESULT {
        self.given.lock().expect("nobody panics with the lock").clear();
        HRESULT::S_OK
    }
    unsafe fn CopyTo(
        &self,
        _: u32,
        _: *const GUID,
        _: *mut SPropTagArray,
        _: usize,
        _: *mut c_void,
        _: *const GUID,
        _: *mut c_void,
        _: u32,
        _: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
    unsafe fn CopyProps(
        &self,
        _: *mut SPropTagArray,
        _: usize,
        _: *mut c_void,
        _: *const GUID,
        _: *mut c_void,
        _: u32,
        _: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
    unsafe fn GetNamesFromIDs(
        &self,
        _: *mut *mut SPropTagArray,
        _: *mut mapi_spi::structs::MAPIUID,
        _: u32,
        _: *mut u32,
        _: *mut *mut *mut mapi_spi::structs::MAPINAMEID,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
    unsafe fn GetIDsFromNames(
        &self,
        _: u32,
        _: *mut *mut mapi_spi::structs::MAPINAMEID,
        _: u32,
        _: *mut *mut SPropTagArray,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
}

/// A foreign object with some properties, and what it holds.
pub(super) fn foreign(row: Row) -> (IMAPIProp, Arc<Mutex<Row>>) {
    let given = Arc::new(Mutex::new(row));
    (Foreign { given: Arc::clone(&given) }.into(), given)
}

#[test]
fn to_an_object_of_the_candidate() {
    let from = full();
    let (object, given) = foreign(vec![wide(PR_BODY_W, "own")]);
    let (arena, id) = (Arena::default(), iid("IMAPIProp"));
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    // SAFETY: identifiers, tags and objects live for the call.
    let code = unsafe {
        let tags = arena.tags(&[PR_SUBJECT_W, PR_BODY_W]).expect("there is memory");
        let flags = flags::MAPI_NOREPLACE;
        from.com.CopyProps(tags, 0, ptr::null_mut(), &id, object.as_raw(), flags, &raw mut problems)
    };
    assert_eq!((code, problems), (HRESULT::S_OK, ptr::null_mut()));
    let given = given.lock().expect("nobody panics with the lock");
    assert_eq!(*given, [wide(PR_BODY_W, "own"), wide(PR_SUBJECT_W, "subject")]);
}
