use std::sync::atomic::{AtomicU32, Ordering};

use mapi_spi::interfaces::{IMAPISupport, IProfSect};
use mapi_spi::structs::{ADRENTRY, ADRLIST, MAPIUID, NOTIFICATION_INFO, NOTIFKEY, OBJECT_NOTIFICATION};
use mapi_spi::tags::{PR_DISPLAY_NAME_W, PR_EMAIL_ADDRESS_W, PR_SEARCH_KEY, PR_STATUS_CODE, PR_SUBJECT_W};
use serde_json::json;

use super::copies::foreign;
use super::*;
use crate::objects::host::{Preprocessor, SessionHost, StatusRowChange};
use crate::objects::support::Support;
use crate::plan::ProfileProp;

/// A session that remembers what it was told.
#[derive(Debug, Default)]
struct Host {
    told: Mutex<Vec<String>>,
    released: AtomicU32,
}

impl Host {
    fn tell(&self, text: String) -> HRESULT {
        self.told.lock().expect("nobody panics with the lock").push(text);
        HRESULT::S_OK
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().expect("nobody panics with the lock"))
    }
}

impl SessionHost for Host {
    fn spooler_notify(&self, flags: u32, _data: *mut c_void) -> HRESULT {
        self.tell(format!("notify {flags}"))
    }
    fn spooler_yield(&self, _flags: u32) -> HRESULT {
        HRESULT::MAPI_W_CANCEL_MESSAGE
    }
    fn status_row(&self, change: StatusRowChange) -> HRESULT {
        self.tell(format!("row {} {} {}", change.update, change.existed, change.given.len()))
    }
    fn status_recips(&self, message: *mut c_void, recipients: Vec<Row>) -> HRESULT {
        self.tell(format!("recipients {} {}", message.is_null(), recipients.len()))
    }
    fn make_invalid(&self, _flags: u32, _object: *mut c_void, refs: u32, methods: u32) -> HRESULT {
        self.tell(format!("invalid {refs} {methods}"))
    }
    fn set_provider_uid(&self, uid: MAPIUID, _flags: u32) -> HRESULT {
        self.tell(format!("uid {}", uid.ab[0]))
    }
    fn register_preprocessor(&self, preprocessor: Preprocessor) -> HRESULT {
        self.tell(format!("preprocessor {} {:?}", preprocessor.library, preprocessor.address_type))
    }
    fn support_released(&self) {
        self.released.fetch_add(1, Ordering::AcqRel);
    }
}

fn support() -> (Arc<Host>, IMAPISupport) {
    let host = Arc::new(Host::default());
    let profile = [ProfileProp { tag: 0x6600_001E, value: json!("here") }];
    let held = Support::hold(Arc::clone(&host) as _, &profile);
    let raw = held.lend();
    // SAFETY: the pointer is a support object of ours; cloning takes a reference, and ours goes.
    let support = unsafe { IMAPISupport::from_raw_borrowed(&raw) }.expect("it is no null pointer").clone();
    (host, support)
}

#[test]
fn what_goes_to_the_session() {
    let (host, support) = support();
    let arena = Arena::default();
    // SAFETY: arguments live for the calls.
    unsafe {
        assert_eq!(support.SpoolerNotify(flags::NOTIFY_NEWMAIL, ptr::null_mut()), HRESULT::S_OK);
        assert_eq!(support.SpoolerYield(0), HRESULT::MAPI_W_CANCEL_MESSAGE);
        let row = arena.props(&[(PR_STATUS_CODE, PropValue::Long(1))]).expect("there is memory");
        assert_eq!(support.ModifyStatusRow(1, row, 0), HRESULT::S_OK);
        assert_eq!(support.ModifyStatusRow(1, row, flags::STATUSROW_UPDATE), HRESULT::S_OK);
        assert_eq!(support.ModifyStatusRow(0, row, 0), HRESULT::MAPI_E_INVALID_PARAMETER);
        let mut uid = MAPIUID { ab: [7; 16] };
        assert_eq!(support.SetProviderUID(&raw mut uid, 0), HRESULT::S_OK);
        assert_eq!(support.MakeInvalid(0, ptr::null_mut(), 0, 3), HRESULT::MAPI_E_INVALID_PARAMETER);
        assert_eq!(support.MakeInvalid(0, (&raw mut uid).cast(), 1, 3), HRESULT::S_OK);
        let (name, kind) = (c"pre.dll".as_ptr().cast_mut().cast(), c"ACME".as_ptr().cast_mut().cast());
        let registered =
            support.RegisterPreprocessor(ptr::null_mut(), kind, name, ptr::null_mut(), ptr::null_mut(), 0);
        assert_eq!(registered, HRESULT::S_OK);
        assert_eq!(support.ModifyProfile(0), HRESULT::S_OK);
    }
    let due = [
        "notify 1",
        "row false false 1",
        "row true true 1",
        "uid 7",
        "invalid 1 3",
        "preprocessor pre.dll Some(\"ACME\")",
    ];
    assert_eq!(host.told(), due);
    assert_eq!(host.released.load(Ordering::Acquire), 0);
    drop(support);
    assert_eq!(host.released.load(Ordering::Acquire), 1);
}

#[test]
fn the_profile_and_its_memory() {
    let (_host, support) = support();
    let mut raw = ptr::null_mut();
    // SAFETY: the outputs are ours.
    unsafe {
        assert_eq!(support.OpenProfileSection(ptr::null_mut(), 0, &raw mut raw), HRESULT::S_OK);
        let section: IProfSect = taken(raw);
        assert_eq!(text_of(&section, PropTag(0x6600_001F)).as_deref(), Some("here"));
        let mut other = MAPIUID { ab: [1; 16] };
        let code = support.OpenProfileSection(&raw mut other, 0, &raw mut raw);
        assert_eq!((code, raw), (HRESULT::MAPI_E_NOT_FOUND, ptr::null_mut()));
        let (mut buffer, mut more, mut free) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let code = support.GetMemAllocRoutines(&raw mut buffer, &raw mut more, &raw mut free);
        assert_eq!((code, free), (HRESULT::S_OK, memory::free_buffer as *mut c_void));
        let (mut one, mut two) = (MAPIUID::default(), MAPIUID::default());
        assert_eq!(
            (support.NewUID(&raw mut one), support.NewUID(&raw mut two)),
            (HRESULT::S_OK, HRESULT::S_OK)
        );
        assert_ne!(one, two);
    }
}

fn one_off(support: &IMAPISupport, name: &str, address: &str, wide: bool) -> Vec<u8> {
    let arena = Arena::default();
    let text = |text| crate::objects::wire::text(&arena, text, wide).expect("there is memory").cast();
    let flags = if wide { flags::MAPI_UNICODE } else { 0 };
    let (mut length, mut entry_id) = (0, ptr::null_mut());
    // SAFETY: the strings live for the call, the outputs are ours.
    unsafe {
        let code = support.CreateOneOff(
            text(name),
            text("SMTP"),
            text(address),
            flags,
            &raw mut length,
            &raw mut entry_id,
        );
        assert_eq!(code, HRESULT::S_OK);
        let bytes = args::bytes(length, entry_id).expect("an identifier");
        memory::free(entry_id);
        bytes
    }
}

#[test]
fn one_off_recipients() {
    let (_host, support) = support();
    let mut narrow = one_off(&support, "A", "a@example.org", false);
    let mut wide = one_off(&support, "Ä", "A@EXAMPLE.org", true);
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("short");
    let (mut same, mut kind, mut raw) = (9, 9, ptr::null_mut());
    // SAFETY: the identifiers live for the calls, the outputs are ours.
    unsafe {
        let (one, other) = (narrow.as_mut_ptr().cast(), wide.as_mut_ptr().cast());
        let code = support.CompareEntryIDs(length(&narrow), one, length(&wide), other, 0, &raw mut same);
        assert_eq!((code, same), (HRESULT::S_OK, 1));
        let code = support.OpenEntry(length(&wide), other, ptr::null(), 0, &raw mut kind, &raw mut raw);
        assert_eq!((code, kind), (HRESULT::S_OK, flags::MAPI_MAILUSER));
        let user: IMAPIProp = taken(raw);
        assert_eq!(text_of(&user, PR_DISPLAY_NAME_W).as_deref(), Some("Ä"));
        assert_eq!(text_of(&user, PR_EMAIL_ADDRESS_W).as_deref(), Some("A@EXAMPLE.org"));
        assert_eq!(one_value(&user), b"SMTP:A@EXAMPLE.ORG\0");
        let code = support.OpenEntry(4, other, ptr::null(), 0, &raw mut kind, &raw mut raw);
        assert_eq!((code, raw), (HRESULT::MAPI_E_UNKNOWN_ENTRYID, ptr::null_mut()));
        let nothing = ptr::null_mut();
        let code = support.CreateOneOff(nothing, nothing, nothing, 0, &raw mut kind, &raw mut raw);
        assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
    }
}

fn one_value(user: &IMAPIProp) -> Vec<u8> {
    one(user, PR_SEARCH_KEY).and_then(|value| value.as_binary().map(<[u8]>::to_vec)).expect("a search key")
}

#[test]
fn reports_take_the_list_over() {
    let (host, support) = support();
    let lent = Lent::new();
    let row = recipient("a", 1);
    // The entries' properties may be blocks of their own, or chained to the list: both are in the pages.
    for chained in [false, true] {
        let list = memory::Chain::allocate(mapi_spi::structs::cb_new_adrlist(1)).expect("there is memory");
        let at: *mut ADRLIST = list.ptr();
        // SAFETY: the list has room for its one entry; what is freed by the call is not used afterwards.
        unsafe {
            let props = if chained {
                let room =
                    list.more(2 * size_of::<SPropValue>()).expect("there is memory").cast::<SPropValue>();
                let zero = SPropValue { ulPropTag: 0x6600_0003, dwAlignPad: 0, Value: std::mem::zeroed() };
                room.write(zero);
                room.add(1).write(SPropValue { ulPropTag: 0x6601_0003, ..zero });
                room
            } else {
                crate::objects::wire::props(&row).expect("there is memory")
            };
            (&raw mut (*at).cEntries).write(1);
            (&raw mut (*at).aEntries).cast::<ADRENTRY>().write(ADRENTRY {
                ulReserved1: 0,
                cValues: 2,
                rgPropVals: props,
            });
            let raw = list.into_raw();
            assert_eq!(support.StatusRecips(lent.com.as_raw(), raw.cast()), HRESULT::S_OK);
            assert!(!memory::is_mapi_buffer(raw.cast()), "the list is freed");
            assert!(!memory::is_within_mapi_memory(props.cast()), "and so are its entries");
        }
    }
    assert_eq!(host.told(), ["recipients false 1", "recipients false 1"]);
    // SAFETY: null where a list is due.
    let code = unsafe { support.StatusRecips(lent.com.as_raw(), ptr::null_mut()) };
    assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
}

#[test]
fn notifications_by_key() {
    let (_host, support) = support();
    let (sink, heard) = sink(1);
    let mut key = [4_u32, 0x0102_0304];
    let key: *mut NOTIFKEY = key.as_mut_ptr().cast();
    let mut other = [4_u32, 0];
    let mut connection = 0;
    // SAFETY: keys, sink and notifications live for the calls; an object notification has zero for a value.
    unsafe {
        let mask = flags::fnevObjectModified;
        let code = support.Subscribe(key, mask, flags::NOTIFY_SYNC, sink.as_raw(), &raw mut connection);
        assert_eq!(code, HRESULT::S_OK);
        assert_ne!(connection, 0);
        let obj: OBJECT_NOTIFICATION = std::mem::zeroed();
        let event = |kind| NOTIFICATION { ulEventType: kind, ulAlignPad: 0, info: NOTIFICATION_INFO { obj } };
        let mut events = [event(flags::fnevObjectModified), event(flags::fnevObjectDeleted)];
        let mut answer = 0;
        assert_eq!(support.Notify(key, 2, events.as_mut_ptr(), &raw mut answer), HRESULT::S_OK);
        assert_eq!((drain(&heard), answer), (vec![(mask, 0)], flags::NOTIFY_CANCELED));
        let code = support.Notify(other.as_mut_ptr().cast(), 2, events.as_mut_ptr(), &raw mut answer);
        assert_eq!((code, drain(&heard), answer), (HRESULT::S_OK, vec![], 0));
        assert_eq!(support.Unsubscribe(connection), HRESULT::S_OK);
        assert_eq!(support.Unsubscribe(connection), HRESULT::MAPI_E_NOT_FOUND);
        assert_eq!(
            support.Notify(ptr::null_mut(), 2, events.as_mut_ptr(), &raw mut answer),
            HRESULT::MAPI_E_INVALID_PARAMETER
        );
    }
}

#[test]
fn copies_on_behalf_of_others() {
    let (_host, support) = support();
    let to = Lent::new();
    let (object, given) = foreign(vec![wide(PR_SUBJECT_W, "theirs"), (PR_STATUS_CODE, PropValue::Long(1))]);
    let (any, message, arena) = (iid("IMAPIProp"), iid("IMessage"), Arena::default());
    let null = ptr::null_mut();
    // SAFETY: identifiers, tags and objects live for the calls.
    unsafe {
        let excluded = arena.tags(&[PR_STATUS_CODE]).expect("there is memory");
        let code = support.DoCopyTo(
            &any,
            object.as_raw(),
            0,
            ptr::null(),
            excluded,
            0,
            null,
            &message,
            to.com.as_raw(),
            flags::MAPI_MOVE,
            ptr::null_mut(),
        );
        assert_eq!(code, HRESULT::S_OK);
        assert_eq!(text_of(&to.com, PR_SUBJECT_W).as_deref(), Some("theirs"));
        assert!(given.lock().expect("nobody panics with the lock").is_empty(), "moved");
        let included = arena.tags(&[PR_SUBJECT_W]).expect("there is memory");
        let (from, target) = (to.com.as_raw(), object.as_raw());
        let code = support.DoCopyProps(&message, from, included, 0, null, &any, target, 0, ptr::null_mut());
        assert_eq!(code, HRESULT::S_OK);
        let code =
            support.DoCopyProps(&message, from, included, 0, null, ptr::null(), target, 0, ptr::null_mut());
        assert_eq!(code, HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    assert_eq!(*given.lock().expect("nobody panics with the lock"), [wide(PR_SUBJECT_W, "theirs")]);
}

#[test]
fn what_makes_no_sense_here_says_so() {
    let (_host, support) = support();
    let mut raw = ptr::null_mut();
    // SAFETY: the output is ours.
    unsafe {
        assert_eq!(support.OpenAddressBook(ptr::null(), 0, &raw mut raw), HRESULT::MAPI_E_NO_SUPPORT);
        assert_eq!(support.GetOneOffTable(0, &raw mut raw), HRESULT::MAPI_E_NO_SUPPORT);
    }
}
