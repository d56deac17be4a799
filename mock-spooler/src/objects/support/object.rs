//! The support object: `IMAPISupport`, what a transport or a message store can use of it.
//!
//! What has no sense without an address book and its dialogs, and what a store does better itself - folder copies, storages on
//! streams - is left to the default of the interface: MAPI_E_NO_SUPPORT, and an event that says so.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::meta::methods;
use mapi_spi::structs::{
    ADRLIST, Elements, MAPIERROR, MAPIUID, NOTIFICATION, NOTIFKEY, SPropProblemArray, SPropTagArray,
    SPropValue,
};
use mapi_spi::{GUID, HRESULT, flags};

use super::parts;
use crate::com::{Held, gate, object, ours, theirs};
use crate::implements;
use crate::memory;
use crate::objects::args::{self, INVALID};
use crate::objects::copy::{Copying, Selection};
use crate::objects::errors::LastError;
use crate::objects::host::{Preprocessor, Row, SessionHost, StoreHost};
use crate::objects::oneoff::{MailUser, OneOff};
use crate::objects::profsect::Profile;
use crate::objects::status::{StatusRow, StatusTable};
use crate::objects::subscriptions::Subscriptions;
use crate::objects::table::Sink;
use crate::objects::wire::Problem;
use crate::objects::{store, wire, wrapping};
use crate::plan::ProfileProp;

/// The support object of a session.
pub struct Support {
    host: Arc<dyn SessionHost>,
    /// The session behind a store's support object.
    store: Option<Arc<dyn StoreHost>>,
    profile: Arc<Profile>,
    status: StatusRow,
    subscriptions: Arc<Subscriptions>,
    errors: LastError,
}

implements!(Support: IMAPISupport);

impl std::fmt::Debug for Support {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Support")
            .field("profile", &self.profile)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Support {
    /// Makes the support object of a session whose provider has this profile section. The reference is ours; the pointer is
    /// lent with [`Held::lend`].
    #[must_use]
    pub fn hold(host: Arc<dyn SessionHost>, profile: &[ProfileProp]) -> Held {
        Self::hold_in(host, &Profile::planned(profile))
    }

    /// Makes the support object of a session in a profile that others know, too.
    #[must_use]
    pub fn hold_in(host: Arc<dyn SessionHost>, profile: &Arc<Profile>) -> Held {
        let subscriptions = Arc::default();
        object::hold(Arc::new(Self::new(host, None, Arc::clone(profile), subscriptions)), "support")
    }

    /// Makes the support object of a store session. Several have the profile and the registrations of notifications in common:
    /// those of the client's and of the spooler's logon to one store.
    #[must_use]
    pub fn hold_store<H: StoreHost + 'static>(
        host: Arc<H>,
        profile: &Arc<Profile>,
        subscriptions: &Arc<Subscriptions>,
    ) -> Held {
        let (session, store) = (Arc::clone(&host) as _, Some(host as _));
        let support = Self::new(session, store, Arc::clone(profile), Arc::clone(subscriptions));
        object::hold(Arc::new(support), "store-support")
    }

    fn new(
        host: Arc<dyn SessionHost>,
        store: Option<Arc<dyn StoreHost>>,
        profile: Arc<Profile>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        let status = StatusTable::session().place(profile.own().to_row().into_iter().collect());
        Self { host, store, profile, status, subscriptions, errors: LastError::default() }
    }

    fn done(&self, method: &'static str, result: Result<HRESULT, HRESULT>) -> HRESULT {
        self.errors.note(method, result)
    }

    /// What the session said: failures are remembered.
    fn said(&self, method: &'static str, code: HRESULT) -> HRESULT {
        self.done(method, if code.is_ok() { Ok(code) } else { Err(code) })
    }

    /// Ends a copy.
    ///
    /// # Safety
    ///
    /// `out` is null or valid for a write.
    unsafe fn report(
        &self,
        method: &'static str,
        result: Result<Vec<Problem>, HRESULT>,
        out: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        let array = match &result {
            Ok(problems) if !out.is_null() => wire::problems(problems),
            _ => Ok(ptr::null_mut()),
        };
        // SAFETY: the caller vouches for the output.
        unsafe { args::put(out, array.unwrap_or(ptr::null_mut())) };
        self.done(method, result.and(array).map(|_| HRESULT::S_OK))
    }
}

impl Drop for Support {
    fn drop(&mut self) {
        self.host.support_released();
    }
}

impl ours::IMAPISupport for Support {
    unsafe fn GetLastError(
        &self,
        hResult: HRESULT,
        ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { self.errors.get(hResult, ulFlags, lppMAPIError) }
    }

    unsafe fn GetMemAllocRoutines(
        &self,
        lpAllocateBuffer: *mut *mut c_void,
        lpAllocateMore: *mut *mut c_void,
        lpFreeBuffer: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            args::put(lpAllocateBuffer, memory::allocate_buffer as *mut c_void);
            args::put(lpAllocateMore, memory::allocate_more as *mut c_void);
            args::put(lpFreeBuffer, memory::free_buffer as *mut c_void);
        }
        let given =
            args::needed(lpAllocateBuffer).and(args::needed(lpAllocateMore)).and(args::needed(lpFreeBuffer));
        self.done("IMAPISupport::GetMemAllocRoutines", given.map(|()| HRESULT::S_OK))
    }

    unsafe fn Subscribe(
        &self,
        lpKey: *mut NOTIFKEY,
        ulEventMask: u32,
        _ulFlags: u32,
        lpAdviseSink: *mut c_void,
        lpulConnection: *mut usize,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let subscribed = args::key(lpKey).and_then(|key| {
                args::needed(lpAdviseSink)?;
                args::needed(lpulConnection)?;
                Ok(self.subscriptions.subscribe(key, ulEventMask, Sink::new(lpAdviseSink)))
            });
            args::put_connection(lpulConnection, subscribed.unwrap_or(0));
            self.done("IMAPISupport::Subscribe", subscribed.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn Unsubscribe(&self, ulConnection: usize) -> HRESULT {
        let result = self.subscriptions.unsubscribe(args::connection(ulConnection));
        self.done("IMAPISupport::Unsubscribe", result.map(|()| HRESULT::S_OK))
    }

    unsafe fn Notify(
        &self,
        lpKey: *mut NOTIFKEY,
        cNotification: u32,
        lpNotifications: *mut NOTIFICATION,
        lpulFlags: *mut u32,
    ) -> HRESULT {
        // SAFETY: as above.
        let key = unsafe { args::key(lpKey) };
        let notified = key.and_then(|key| {
            args::needed(lpulFlags)?;
            if cNotification == 0 || lpNotifications.is_null() {
                return Err(INVALID);
            }
            // SAFETY: not null; the number is vouched for.
            let events = unsafe { Elements::new(lpNotifications, cNotification) };
            Ok(self.subscriptions.notify(&key, events))
        });
        if let Ok(cancelled) = notified {
            // SAFETY: as above.
            unsafe { args::put(lpulFlags, if cancelled { flags::NOTIFY_CANCELED } else { 0 }) };
        }
        self.done("IMAPISupport::Notify", notified.map(|_| HRESULT::S_OK))
    }

    unsafe fn ModifyStatusRow(&self, cValues: u32, lpColumnVals: *mut SPropValue, ulFlags: u32) -> HRESULT {
        // SAFETY: as above.
        let given = unsafe { args::props(cValues, lpColumnVals) };
        let changed = given.and_then(|given| {
            let row: Option<Row> = given.into_iter().map(|(tag, value)| Some((tag, value?))).collect();
            self.status.modify(row.ok_or(INVALID)?, ulFlags)
        });
        match changed {
            Ok(change) => self.said("IMAPISupport::ModifyStatusRow", self.host.status_row(change)),
            Err(code) => self.done("IMAPISupport::ModifyStatusRow", Err(code)),
        }
    }

    unsafe fn OpenProfileSection(
        &self,
        lpUid: *mut MAPIUID,
        ulFlags: u32,
        lppProfileObj: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let uid = args::uid(lpUid).map(|uid| uid.ab);
            let opened = args::needed(lppProfileObj).and_then(|()| self.profile.open(uid, ulFlags));
            args::put(lppProfileObj, opened.map_or(ptr::null_mut(), |section| section.0));
            self.done("IMAPISupport::OpenProfileSection", opened.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn RegisterPreprocessor(
        &self,
        lpMuid: *mut MAPIUID,
        lpszAdrType: *mut c_void,
        lpszDLLName: *mut c_void,
        lpszPreprocess: *mut u8,
        lpszRemovePreprocessInfo: *mut u8,
        ulFlags: u32,
    ) -> HRESULT {
        let unicode = ulFlags & flags::MAPI_UNICODE != 0;
        // SAFETY: as above.
        let text = |at: *const c_void, unicode| unsafe {
            args::text(at, unicode).map(|text| text.map(|text| text.decode()))
        };
        let read = || {
            Ok(Preprocessor {
                // SAFETY: as above.
                uid: unsafe { args::uid(lpMuid) },
                address_type: text(lpszAdrType, unicode)?,
                library: text(lpszDLLName, unicode)?.ok_or(INVALID)?,
                preprocess: text(lpszPreprocess.cast(), false)?,
                remove: text(lpszRemovePreprocessInfo.cast(), false)?,
            })
        };
        match read() {
            Ok(preprocessor) => {
                self.said("IMAPISupport::RegisterPreprocessor", self.host.register_preprocessor(preprocessor))
            }
            Err(code) => self.done("IMAPISupport::RegisterPreprocessor", Err(code)),
        }
    }

    unsafe fn NewUID(&self, lpMuid: *mut MAPIUID) -> HRESULT {
        // SAFETY: as above.
        unsafe { args::put(lpMuid, MAPIUID { ab: store::new_uid() }) };
        self.done("IMAPISupport::NewUID", args::needed(lpMuid).map(|()| HRESULT::S_OK))
    }

    unsafe fn MakeInvalid(
        &self,
        ulFlags: u32,
        lpObject: *mut c_void,
        ulRefCount: u32,
        cMethods: u32,
    ) -> HRESULT {
        if lpObject.is_null() {
            return self.done("IMAPISupport::MakeInvalid", Err(INVALID));
        }
        let code = self.host.make_invalid(ulFlags, lpObject, ulRefCount, cMethods);
        self.said("IMAPISupport::MakeInvalid", code)
    }

    unsafe fn SpoolerYield(&self, ulFlags: u32) -> HRESULT {
        self.said("IMAPISupport::SpoolerYield", self.host.spooler_yield(ulFlags))
    }

    unsafe fn SpoolerNotify(&self, ulFlags: u32, lpvData: *mut c_void) -> HRESULT {
        self.said("IMAPISupport::SpoolerNotify", self.host.spooler_notify(ulFlags, lpvData))
    }

    unsafe fn CreateOneOff(
        &self,
        lpszName: *mut c_void,
        lpszAdrType: *mut c_void,
        lpszAddress: *mut c_void,
        ulFlags: u32,
        lpcbEntryID: *mut u32,
        lppEntryID: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let made = args::needed(lpcbEntryID).and(args::needed(lppEntryID)).and_then(|()| {
                let entry_id = parts::one_off(lpszName, lpszAdrType, lpszAddress, ulFlags)?;
                Ok((wire::count(entry_id.len()), wire::bytes(&entry_id)?))
            });
            args::put(lpcbEntryID, made.map_or(0, |(length, _)| length));
            args::put(lppEntryID, made.map_or(ptr::null_mut(), |(_, entry_id)| entry_id));
            self.done("IMAPISupport::CreateOneOff", made.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn SetProviderUID(&self, lpProviderID: *mut MAPIUID, ulFlags: u32) -> HRESULT {
        // SAFETY: as above.
        match unsafe { args::uid(lpProviderID) } {
            Some(uid) => self.said("IMAPISupport::SetProviderUID", self.host.set_provider_uid(uid, ulFlags)),
            None => self.done("IMAPISupport::SetProviderUID", Err(INVALID)),
        }
    }

    unsafe fn CompareEntryIDs(
        &self,
        cbEntry1: u32,
        lpEntry1: *mut c_void,
        cbEntry2: u32,
        lpEntry2: *mut c_void,
        _ulCompareFlags: u32,
        lpulResult: *mut u32,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let same = args::needed(lpulResult).and_then(|()| {
                let (one, other) = (args::bytes(cbEntry1, lpEntry1)?, args::bytes(cbEntry2, lpEntry2)?);
                let store = self.store.as_ref().and_then(|store| store.compare_entry_ids(&one, &other));
                store.unwrap_or_else(|| parts::compare(&one, &other))
            });
            args::put(lpulResult, u32::from(same.unwrap_or(false)));
            self.done("IMAPISupport::CompareEntryIDs", same.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn OpenEntry(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        lpInterface: *const GUID,
        _ulOpenFlags: u32,
        lpulObjType: *mut u32,
        lppUnk: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let opened = args::needed(lppUnk).and(args::needed(lpulObjType)).and_then(|()| {
                let entry_id = args::bytes(cbEntryID, lpEntryID)?;
                let recipient = OneOff::parse(&entry_id).ok_or(HRESULT::MAPI_E_UNKNOWN_ENTRYID)?;
                if !args::iid(lpInterface).is_none_or(parts::is_mail_user) {
                    return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
                }
                Ok(MailUser::hand_out(&recipient))
            });
            args::put(lpulObjType, opened.map_or(0, |_| flags::MAPI_MAILUSER));
            args::put(lppUnk, opened.map_or(ptr::null_mut(), |user| user.0));
            self.done("IMAPISupport::OpenEntry", opened.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn DoCopyTo(
        &self,
        lpSrcInterface: *const GUID,
        lpSrcObj: *mut c_void,
        ciidExclude: u32,
        rgiidExclude: *const GUID,
        lpExcludeProps: *mut SPropTagArray,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        lpDestInterface: *const GUID,
        lpDestObj: *mut c_void,
        ulFlags: u32,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let selection = args::iids(ciidExclude, rgiidExclude).and_then(|interfaces| {
                Ok(Selection::AllBut { interfaces, tags: args::tags(lpExcludeProps)?.unwrap_or_default() })
            });
            let copied = selection.and_then(|selection| {
                let interface = args::iid(lpDestInterface);
                let method = &methods::IMAPISupport::DoCopyTo;
                let copying = Copying { selection, interface, target: lpDestObj, flags: ulFlags, method };
                parts::copy(lpSrcObj, args::iid(lpSrcInterface), &copying)
            });
            self.report("IMAPISupport::DoCopyTo", copied, lppProblems)
        }
    }

    unsafe fn DoCopyProps(
        &self,
        lpSrcInterface: *const GUID,
        lpSrcObj: *mut c_void,
        lpIncludeProps: *mut SPropTagArray,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        lpDestInterface: *const GUID,
        lpDestObj: *mut c_void,
        ulFlags: u32,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let included = args::tags(lpIncludeProps).and_then(|tags| tags.ok_or(INVALID));
            let copied = included.and_then(|tags| {
                let (selection, interface) = (Selection::Only(tags), args::iid(lpDestInterface));
                let method = &methods::IMAPISupport::DoCopyProps;
                let copying = Copying { selection, interface, target: lpDestObj, flags: ulFlags, method };
                parts::copy(lpSrcObj, args::iid(lpSrcInterface), &copying)
            });
            self.report("IMAPISupport::DoCopyProps", copied, lppProblems)
        }
    }

    unsafe fn StatusRecips(&self, lpMessage: *mut c_void, lpRecipList: *mut ADRLIST) -> HRESULT {
        // SAFETY: as above.
        let list = unsafe { args::recipients(lpRecipList) };
        match args::needed(lpMessage).and(list) {
            Ok(recipients) => {
                let code = self.host.status_recips(lpMessage, recipients);
                if code.is_ok() {
                    // SAFETY: the list is MAPI's now, as the page has it, and was read a moment ago.
                    unsafe { parts::free_list(lpRecipList) };
                }
                self.said("IMAPISupport::StatusRecips", code)
            }
            Err(code) => self.done("IMAPISupport::StatusRecips", Err(code)),
        }
    }

    unsafe fn ModifyProfile(&self, _ulFlags: u32) -> HRESULT {
        HRESULT::S_OK
    }

    unsafe fn PrepareSubmit(&self, lpMessage: *mut c_void, lpulFlags: *mut u32) -> HRESULT {
        let Some(store) = &self.store else {
            return gate::unsupported(&methods::IMAPISupport::PrepareSubmit);
        };
        // SAFETY: as above.
        let message = unsafe { their_message(lpMessage) };
        let prepared = message.and_then(|message| store.prepare_submit(&message));
        // The page leaves nothing to say in the flags (imapisupport-preparesubmit).
        // SAFETY: as above.
        unsafe { args::put(lpulFlags, 0) };
        self.done("IMAPISupport::PrepareSubmit", prepared.map(|()| HRESULT::S_OK))
    }

    unsafe fn ExpandRecips(&self, lpMessage: *mut c_void, lpulFlags: *mut u32) -> HRESULT {
        let Some(store) = &self.store else {
            return gate::unsupported(&methods::IMAPISupport::ExpandRecips);
        };
        // SAFETY: as above.
        let message = args::needed(lpulFlags).and_then(|()| unsafe { their_message(lpMessage) });
        let expanded = message.and_then(|message| store.expand_recips(&message));
        // SAFETY: as above.
        unsafe { args::put(lpulFlags, expanded.unwrap_or(0)) };
        self.done("IMAPISupport::ExpandRecips", expanded.map(|_| HRESULT::S_OK))
    }

    unsafe fn CompleteMsg(&self, _ulFlags: u32, cbEntryID: u32, lpEntryID: *mut c_void) -> HRESULT {
        let Some(store) = &self.store else {
            return gate::unsupported(&methods::IMAPISupport::CompleteMsg);
        };
        // SAFETY: as above.
        let entry_id = unsafe { args::bytes(cbEntryID, lpEntryID) };
        let entry_id = entry_id.and_then(|id| if id.is_empty() { Err(INVALID) } else { Ok(id) });
        let completed = entry_id.and_then(|entry_id| store.complete_msg(entry_id));
        self.done("IMAPISupport::CompleteMsg", completed.map(|()| HRESULT::S_OK))
    }

    unsafe fn DoSentMail(&self, _ulFlags: u32, lpMessage: *mut c_void) -> HRESULT {
        let Some(store) = &self.store else {
            return gate::unsupported(&methods::IMAPISupport::DoSentMail);
        };
        // SAFETY: as above.
        let message = unsafe { their_message(lpMessage) };
        let done = message.and_then(|message| store.do_sent_mail(message));
        self.done("IMAPISupport::DoSentMail", done.map(|()| HRESULT::S_OK))
    }

    unsafe fn StoreLogoffTransports(&self, lpulFlags: *mut u32) -> HRESULT {
        let Some(store) = &self.store else {
            return gate::unsupported(&methods::IMAPISupport::StoreLogoffTransports);
        };
        // SAFETY: as above.
        let asked = args::needed(lpulFlags).map(|()| unsafe { lpulFlags.read_unaligned() });
        let answered = asked.and_then(|asked| store.store_logoff_transports(asked));
        if let Ok(answered) = answered {
            // SAFETY: as above.
            unsafe { args::put(lpulFlags, answered) };
        }
        self.done("IMAPISupport::StoreLogoffTransports", answered.map(|_| HRESULT::S_OK))
    }

    unsafe fn WrapStoreEntryID(
        &self,
        cbOrigEntry: u32,
        lpOrigEntry: *mut c_void,
        lpcbWrappedEntry: *mut u32,
        lppWrappedEntry: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let wrapped = args::needed(lpcbWrappedEntry).and(args::needed(lppWrappedEntry)).and_then(|()| {
                let original = args::bytes(cbOrigEntry, lpOrigEntry)?;
                if original.is_empty() {
                    return Err(INVALID);
                }
                let wrapped = wrapping::wrap(&original);
                Ok((wire::count(wrapped.len()), wire::bytes(&wrapped)?))
            });
            args::put(lpcbWrappedEntry, wrapped.map_or(0, |(length, _)| length));
            args::put(lppWrappedEntry, wrapped.map_or(ptr::null_mut(), |(_, entry_id)| entry_id));
            self.done("IMAPISupport::WrapStoreEntryID", wrapped.map(|_| HRESULT::S_OK))
        }
    }
}

/// A message of the store that it passes to MAPI.
///
/// # Safety
///
/// `raw` is null or a COM object with `IMessage`.
unsafe fn their_message(raw: *mut c_void) -> Result<theirs::IMessage, HRESULT> {
    args::needed(raw)?;
    Ok(theirs::IMessage::known(raw, "their-message"))
}
