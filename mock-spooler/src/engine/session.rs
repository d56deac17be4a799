//! A session with a transport: what the spooler knows of it, and what its support object asks of the spooler.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mapi_spi::structs::{MAPIUID, SBinary};
use mapi_spi::{HRESULT, flags};

use crate::com::boundary;
use crate::com::gate::name_of;
use crate::com::theirs::{IMAPIStatus, IXPLogon};
use crate::engine::queue::Queue;
use crate::objects::host::{Preprocessor, Row, SessionHost, StatusRowChange};
use crate::trace::event::{IllegalKind, Taken};
use crate::trace::told::What;
use crate::trace::value;

/// The part of a session that the candidate's threads reach through the support object.
#[derive(Debug, Default)]
pub struct Shared {
    /// The session's name in the case.
    pub name: String,
    /// What the provider has asked for.
    pub queue: Queue,
    /// The message in process is cancelled: SpoolerYield says so.
    pub cancelled: AtomicBool,
    /// TransportLogoff was called already: Release is all that is left.
    pub logged_off: AtomicBool,
    /// The status row as it stands.
    pub row: Mutex<Option<Row>>,
    /// The logon object, once there is one.
    pub logon: Mutex<Option<IXPLogon>>,
    /// Where the reference of the message in process stands, or zero.
    pub reference: Mutex<usize>,
    /// Objects that MakeInvalid made MAPI's, by address.
    pub invalid: Mutex<Vec<usize>>,
    /// What the transport has registered with RegisterPreprocessor, in order.
    pub preprocessors: Mutex<Vec<Preprocessor>>,
    /// Recipients that were reported with StatusRecips.
    pub reported: Mutex<Vec<Row>>,
}

impl Shared {
    /// The logon object.
    pub fn logon(&self) -> Option<IXPLogon> {
        self.logon.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The preprocessors that the transport has registered.
    pub fn preprocessors(&self) -> Vec<Preprocessor> {
        self.preprocessors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A value in the row.
    pub fn row_value(&self, wanted: mapi_spi::PropTag) -> Option<mapi_spi::values::PropValue> {
        let row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        row.as_ref()?.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| value.clone())
    }

    /// The bits of PR_STATUS_CODE in the row; zero where there is none.
    pub fn status_code(&self) -> u32 {
        self.row_long(mapi_spi::tags::PR_STATUS_CODE)
    }

    /// A number in the row; zero where it is not there.
    pub fn row_long(&self, wanted: mapi_spi::PropTag) -> u32 {
        let row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        row.as_ref()
            .and_then(|row| row.iter().find(|(tag, _)| *tag == wanted))
            .and_then(|(_, value)| value.as_long())
            .map_or(0, i32::cast_unsigned)
    }
}

/// What SpoolerNotify may carry without anything in `lpvData`.
const WITHOUT_DATA: u32 = flags::NOTIFY_NEWMAIL
    | flags::NOTIFY_READYTOSEND
    | flags::NOTIFY_CRITSEC
    | flags::NOTIFY_NONCRIT
    | flags::NOTIFY_CONFIG_CHANGE;

impl SessionHost for Shared {
    fn spooler_notify(&self, notified: u32, data: *mut c_void) -> HRESULT {
        let take = |flag: u32, taken: Taken| {
            if notified & flag != 0 {
                boundary().record(What::Notified {
                    session: self.name.clone(),
                    flags: flags::SPOOLER_NOTIFY_FLAGS.render(flag),
                    taken,
                });
            }
        };
        let known = WITHOUT_DATA
            | flags::NOTIFY_SENTDEFERRED
            | flags::NOTIFY_CRITICAL_ERROR
            | flags::NOTIFY_NEWMAIL_RECEIVED;
        if notified & !known != 0 {
            return HRESULT::MAPI_E_UNKNOWN_FLAGS;
        }
        if notified & flags::NOTIFY_NEWMAIL != 0 {
            self.queue.new_mail(|taken| take(flags::NOTIFY_NEWMAIL, taken));
        }
        if notified & flags::NOTIFY_READYTOSEND != 0 {
            self.queue.ready_to_send(|taken| take(flags::NOTIFY_READYTOSEND, taken));
        }
        {
            let mut requests = self.queue.lock();
            if notified & flags::NOTIFY_CRITSEC != 0 {
                requests.critical_section = true;
            }
            if notified & flags::NOTIFY_NONCRIT != 0 {
                requests.critical_section = false;
            }
            if notified & flags::NOTIFY_CONFIG_CHANGE != 0 {
                requests.config_change = true;
            }
            if notified & flags::NOTIFY_CRITICAL_ERROR != 0 {
                requests.critical_error = true;
            }
            if notified & flags::NOTIFY_SENTDEFERRED != 0
                && notified & flags::NOTIFY_CRITICAL_ERROR == 0
                && !data.is_null()
            {
                // SAFETY: with this flag the page asks for an SBinary; the candidate vouches for it.
                let entry = unsafe { data.cast::<SBinary>().read_unaligned() };
                if !entry.lpb.is_null() {
                    // SAFETY: not null; the candidate vouches for the count.
                    let bytes = unsafe { std::slice::from_raw_parts(entry.lpb, entry.cb as usize) };
                    requests.sent_deferred.push_back(bytes.to_vec());
                }
            }
        }
        take(flags::NOTIFY_CRITSEC, Taken::AtOnce);
        take(flags::NOTIFY_NONCRIT, Taken::AtOnce);
        take(flags::NOTIFY_CONFIG_CHANGE, Taken::Queued);
        take(flags::NOTIFY_CRITICAL_ERROR, Taken::AtOnce);
        take(flags::NOTIFY_SENTDEFERRED, Taken::Queued);
        self.queue.wake();
        HRESULT::S_OK
    }

    fn spooler_yield(&self, _flags: u32) -> HRESULT {
        if self.cancelled.load(Ordering::Acquire) { HRESULT::MAPI_W_CANCEL_MESSAGE } else { HRESULT::S_OK }
    }

    fn status_row(&self, change: StatusRowChange) -> HRESULT {
        let rendered = change.row.iter().map(|(tag, value)| value::prop(*tag, value)).collect();
        *self.row.lock().unwrap_or_else(PoisonError::into_inner) = Some(change.row);
        boundary().record(What::StatusRow { session: self.name.clone(), row: Some(rendered) });
        self.queue.wake();
        HRESULT::S_OK
    }

    fn status_recips(&self, _message: *mut c_void, recipients: Vec<Row>) -> HRESULT {
        let rendered: Vec<Vec<_>> = recipients
            .iter()
            .map(|row| row.iter().map(|(tag, value)| value::prop(*tag, value)).collect())
            .collect();
        boundary().record(What::Fact {
            name: "status-recips".to_owned(),
            value: serde_json::json!({ "session": self.name, "recipients": rendered }),
        });
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).extend(recipients);
        HRESULT::S_OK
    }

    fn make_invalid(&self, _flags: u32, object: *mut c_void, _ref_count: u32, _methods: u32) -> HRESULT {
        // The call itself is in the trace. The object is MAPI's from here on: its client calls it no more here, and its memory
        // is freed in its place. Which object it is the trace shows where the mock knows it.
        let known = name_of(object).filter(|name| name != "theirs");
        boundary().record(What::Fact {
            name: "made-invalid".to_owned(),
            value: serde_json::json!({ "session": self.name, "object": known }),
        });
        self.invalid.lock().unwrap_or_else(PoisonError::into_inner).push(object as usize);
        HRESULT::S_OK
    }

    fn set_provider_uid(&self, _uid: MAPIUID, _flags: u32) -> HRESULT {
        HRESULT::S_OK
    }

    fn register_preprocessor(&self, preprocessor: Preprocessor) -> HRESULT {
        boundary().record(What::Fact {
            name: "preprocessor".to_owned(),
            value: serde_json::json!({
                "session": self.name, "library": preprocessor.library, "address-type": preprocessor.address_type,
            }),
        });
        self.preprocessors.lock().unwrap_or_else(PoisonError::into_inner).push(preprocessor);
        HRESULT::S_OK
    }

    fn support_released(&self) {
        // The row goes with the support object (page: releasing-the-transport-provider).
        *self.row.lock().unwrap_or_else(PoisonError::into_inner) = None;
        boundary().record(What::StatusRow { session: self.name.clone(), row: None });
    }
}

/// A session as the engine's main thread has it.
#[derive(Debug)]
pub struct Session {
    /// What the candidate's threads reach.
    pub shared: Arc<Shared>,
    /// The logon object.
    pub logon: IXPLogon,
    /// LOGON_SP_POLL was returned.
    pub polled: bool,
    /// LOGON_SP_IDLE was returned.
    pub idle: bool,
    /// The case forbids Idle.
    pub no_idle: bool,
    /// Mail was announced and StartMessage has not yet come back with nothing.
    pub undrained: bool,
    /// A status object that is kept open over the logoff.
    pub status: Option<IMAPIStatus>,
    /// The arrays that AddressTypes returned last.
    pub address_types: Option<super::logon::AddressTypes>,
    /// What each AddressTypes call returned, for the comparison before logoff: all of it stays until then.
    pub answered: Vec<super::logon::AddressTypes>,
    /// The provider object it belongs to.
    pub provider: String,
}

impl Session {
    /// Whether nothing but releasing calls may be made any more.
    pub fn is_dead(&self) -> bool {
        self.shared.queue.lock().critical_error
    }

    /// Whether Poll and Idle may be called now: neither in a critical section nor after a critical error (page:
    /// imapisupport-spoolernotify). To be asked before each call, as the call before it may have begun either.
    pub fn has_turns(&self) -> bool {
        let requests = self.shared.queue.lock();
        !requests.critical_section && !requests.critical_error
    }
}

/// Reports something that is wrong with memory or references.
pub fn illegal(kind: IllegalKind, obj: &str, detail: String) {
    boundary().record(What::Illegal { kind, obj: obj.to_owned(), detail });
}
