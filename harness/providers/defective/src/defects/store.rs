//! STOR: a store is loaded, opened, compared and closed; what it tells its clients.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{CURRENT_SPI_VERSION, LOGOFF_ABORT, LOGOFF_PURGE, MAPI_UNICODE, NOTIFY_NEWMAIL};

use super::Defect;
use super::store_tools::tell;
use super::tools::{add_ref, free, release, scribble};
use crate::boundary::Call;
use crate::hooks::{Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("store-init-without-version", || {
        Hooks::default().after(INIT, |call| call.write("lpulProviderVer", 0_u32))
    }),
    ("store-init-without-object", init_without_object),
    ("store-init-same-object", init_same_object),
    ("store-old-version-other-error", old_version_other_error),
    ("store-logon-without-logon-object", || without_output("IMSProvider.Logon", "lppMSLogon")),
    ("store-logon-without-store", || without_output("IMSProvider.Logon", "lppMDB")),
    ("spooler-logon-refused", || refuses("IMSProvider.SpoolerLogon", HRESULT::MAPI_E_LOGON_FAILED)),
    ("spooler-logon-without-object", || without_output("IMSProvider.SpoolerLogon", "lppMSLogon")),
    ("no-data-for-the-spooler", no_data_for_the_spooler),
    ("wide-logon-refused", wide_logon_refused),
    ("second-store-logon-refused", second_logon_refused),
    ("finished-for-clients", || turns("IMsgStore.FinishedMsg", HRESULT::MAPI_E_NO_SUPPORT, HRESULT::S_OK)),
    ("new-mail-swallowed", || refuses("IMsgStore.NotifyNewMail", HRESULT::S_OK)),
    ("new-mail-refused", || refuses("IMsgStore.NotifyNewMail", HRESULT::MAPI_E_NO_SUPPORT)),
    ("new-mail-changed", new_mail_changed),
    ("receive-folder-refused", || refuses("IMsgStore.GetReceiveFolder", HRESULT::MAPI_E_NO_SUPPORT)),
    ("create-message-refused", || refuses("IMAPIFolder.CreateMessage", HRESULT::MAPI_E_NO_ACCESS)),
    ("transports-not-logged-off", || refuses(LOGOFF, HRESULT::S_OK)),
    ("transports-logged-off-twice", transports_logged_off_twice),
    ("transports-logged-off-otherwise", transports_logged_off_otherwise),
    ("stores-all-the-same", || after_compare(1)),
    ("stores-all-different", || after_compare(0)),
    ("store-tells-of-newmail", store_tells_of_newmail),
];

const INIT: &str = "MSProviderInit";
const LOGOFF: &str = "IMAPISupport.StoreLogoffTransports";

/// A call is answered with this, and goes no further.
pub(super) fn refuses(method: &'static str, code: HRESULT) -> Hooks {
    Hooks::default().instead(method, move |call| call.answer(code))
}

/// One answer becomes another.
pub(super) fn turns(method: &'static str, from: HRESULT, to: HRESULT) -> Hooks {
    Hooks::default().after(method, move |call| {
        if call.result() == from {
            call.answer(to);
        }
    })
}

fn without_output(method: &'static str, output: &'static str) -> Hooks {
    Hooks::default().after(method, move |call| {
        if call.succeeded() {
            release(call.read_ptr(output));
            call.write(output, 0_usize);
        }
    })
}

fn init_without_object() -> Hooks {
    without_output(INIT, "lppMSProvider")
}

fn init_same_object() -> Hooks {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .decide(INIT, |call| match FIRST.load(SeqCst) {
            0 => Flow::Forward,
            first => {
                add_ref(first as *mut std::ffi::c_void);
                call.write("lppMSProvider", first);
                call.write("lpulProviderVer", CURRENT_SPI_VERSION);
                call.answer(HRESULT::S_OK);
                Flow::Answered
            }
        })
        .after(INIT, |call| FIRST.store(call.read::<usize>("lppMSProvider"), SeqCst))
}

fn old_version_other_error() -> Hooks {
    turns(INIT, HRESULT::MAPI_E_VERSION, HRESULT::MAPI_E_CALL_FAILED)
}

fn no_data_for_the_spooler() -> Hooks {
    Hooks::default().after("IMSProvider.Logon", |call| {
        free(call.read_ptr("lppbSpoolSecurity"));
        call.write("lppbSpoolSecurity", 0_usize);
        call.write("lpcbSpoolSecurity", 0_u32);
    })
}

/// A profile name in wide characters is not understood.
fn wide_logon_refused() -> Hooks {
    Hooks::default().decide("IMSProvider.Logon", |call| {
        if call.number("ulFlags") & MAPI_UNICODE == 0 {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_LOGON_FAILED);
        Flow::Answered
    })
}

/// The logon to a store that is open already.
fn second_logon_refused() -> Hooks {
    static LOGONS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().decide("IMSProvider.Logon", |call| {
        if LOGONS.fetch_add(1, SeqCst) == 0 {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_FAILONEPROVIDER);
        Flow::Answered
    })
}

/// The class of the message in the notification is taken away.
fn new_mail_changed() -> Hooks {
    Hooks::default()
        .after("IMsgStore.NotifyNewMail", |call| scribble(call.ptr("lpNotification"), 8, &[0xff; 4]))
}

fn transports_logged_off_twice() -> Hooks {
    Hooks::default().after(LOGOFF, |call| call.forward())
}

fn transports_logged_off_otherwise() -> Hooks {
    Hooks::default().before(LOGOFF, |call| {
        let asked = call.read::<u32>("lpulFlags");
        call.write("lpulFlags", if asked == LOGOFF_ABORT { LOGOFF_PURGE } else { LOGOFF_ABORT });
    })
}

fn after_compare(answer: u32) -> Hooks {
    Hooks::default().after("IMSProvider.CompareStoreIDs", move |call| call.write("lpulResult", answer))
}

/// NOTIFY_NEWMAIL, which is a transport's, comes from the store as well.
fn store_tells_of_newmail() -> Hooks {
    Hooks::default()
        .after("IMAPISupport.ExpandRecips", |call: &mut Call<'_>| tell(call.object(), NOTIFY_NEWMAIL))
}
