//! A support object that records what it is asked and answers as it is told.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mapi_spi::flags::{NOTIFY_NEWMAIL_RECEIVED, NOTIFY_READYTOSEND};
use mapi_spi::interfaces::{
    IMAPIAdviseSink, IMAPIAdviseSink_Impl, IMAPIProp_Impl, IMAPISupport, IMAPISupport_Impl, IMessage,
    IProfSect, IProfSect_Impl,
};
use mapi_spi::structs::{
    ADRLIST, MAPIERROR, MAPINAMEID, MAPIUID, NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFKEY, SBinaryArray,
    SPropProblemArray, SPropTagArray, SPropValue,
};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{Interface, implement};

use super::super::bag::{Bag, NOTHING, View};
use super::super::ids::id_bytes;
use super::super::props::selected;
use super::memory::memory;
use crate::mapi::{block_of, search_key};

/// What MAPI puts before a store's identifier when it wraps it.
pub(super) const WRAPPER: &[u8] = b"\0\0\0\0wrapped:";

/// What a support object was asked, and what it is to answer.
#[derive(Debug, Default)]
pub(super) struct Record {
    section: Vec<(u16, String)>,
    state: Mutex<State>,
    changed: Condvar,
    connections: AtomicU32,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) calls: Vec<String>,
    /// What `ExpandRecips` answers.
    pub(super) needs: u32,
    /// The method that fails, with which code.
    pub(super) failing: Option<(&'static str, HRESULT)>,
    /// Identifiers that `CompleteMsg` was passed.
    pub(super) completed: Vec<Vec<u8>>,
    /// Identifiers of mail that was announced as received.
    pub(super) received: Vec<Vec<u8>>,
    /// `PR_OWN_STORE_ENTRYID` of the status row.
    pub(super) own_store: Option<Vec<u8>>,
    /// `DoSentMail` does not release the message.
    pub(super) keeps_message: bool,
    sinks: Vec<(usize, Vec<u8>, IMAPIAdviseSink)>,
}

// SAFETY: the sinks of tests are thread-safe.
unsafe impl Send for State {}

impl Record {
    pub(super) fn new(section: &[(u16, &str)]) -> Arc<Record> {
        let section = section.iter().map(|(id, text)| (*id, (*text).to_owned())).collect();
        Arc::new(Record { section, ..Record::default() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the lock")
    }

    /// A support object over this record.
    pub(super) fn object(self: &Arc<Record>) -> IMAPISupport {
        TestSupport { record: Arc::clone(self) }.into()
    }

    /// The calls so far, and forgets them.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Waits, with a bound, until the state is as wanted.
    pub(super) fn wait(&self, done: impl Fn(&State) -> bool) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        let mut state = self.lock();
        while !done(&state) && Instant::now() < end {
            state = self.changed.wait_timeout(state, Duration::from_millis(50)).expect("no poison").0;
        }
        done(&state)
    }

    /// The profile section.
    pub(super) fn section(&self) -> &[(u16, String)] {
        &self.section
    }

    /// The store's name in the section.
    pub(super) fn name(&self) -> &str {
        self.section
            .iter()
            .find(|(id, _)| *id == 0x6607)
            .map(|(_, name)| name.as_str())
            .expect("it has a name")
    }

    fn call(&self, name: &'static str, detail: String) -> HRESULT {
        let mut state = self.lock();
        state.calls.push(if detail.is_empty() { name.to_owned() } else { format!("{name} {detail}") });
        let failing = state.failing.filter(|(method, _)| *method == name);
        drop(state);
        self.changed.notify_all();
        failing.map_or(HRESULT::S_OK, |(_, code)| code)
    }
}

/// A support object.
#[implement(IMAPISupport, Agile = false)]
pub(super) struct TestSupport {
    record: Arc<Record>,
}

/// A profile section.
#[implement(IProfSect, Agile = false)]
struct Section {
    record: Arc<Record>,
}

macro_rules! unsupported {
    ($($name:ident($($kind:ty),*);)*) => {
        $(unsafe fn $name(&self $(, _: $kind)*) -> HRESULT {
            HRESULT::MAPI_E_NO_SUPPORT
        })*
    };
}

impl IProfSect_Impl for Section_Impl {}

impl IMAPIProp_Impl for Section_Impl {
    unsafe fn GetProps(
        &self,
        tags: *mut SPropTagArray,
        _flags: u32,
        count: *mut u32,
        cell: *mut *mut SPropValue,
    ) -> HRESULT {
        // SAFETY: the provider passes an array.
        let asked: Vec<PropTag> = unsafe { SPropTagArray::elements(tags) }.map(PropTag).collect();
        let mut bag = Bag::default();
        for (id, text) in &self.record.section {
            bag.text(PropTag::new(*id, PropType::PT_UNICODE), text);
        }
        let view = View { computed: &bag, stored: &NOTHING };
        let (entries, code) = selected(&view, &asked, false);
        match block_of(memory(), &entries) {
            Ok(block) => {
                // SAFETY: the provider's cells are valid.
                unsafe {
                    count.write(entries.len() as u32);
                    cell.write(block.give_up());
                }
                code
            }
            Err(code) => code,
        }
    }

    unsupported! {
        GetLastError(HRESULT, u32, *mut *mut MAPIERROR);
        SaveChanges(u32);
        GetPropList(u32, *mut *mut SPropTagArray);
        OpenProperty(u32, *const GUID, u32, u32, *mut *mut c_void);
        SetProps(u32, *mut SPropValue, *mut *mut SPropProblemArray);
        DeleteProps(*mut SPropTagArray, *mut *mut SPropProblemArray);
        CopyTo(u32, *const GUID, *mut SPropTagArray, usize, *mut c_void, *const GUID, *mut c_void, u32,
            *mut *mut SPropProblemArray);
        CopyProps(*mut SPropTagArray, usize, *mut c_void, *const GUID, *mut c_void, u32,
            *mut *mut SPropProblemArray);
        GetNamesFromIDs(*mut *mut SPropTagArray, *mut MAPIUID, u32, *mut u32, *mut *mut *mut MAPINAMEID);
        GetIDsFromNames(u32, *mut *mut MAPINAMEID, u32, *mut *mut SPropTagArray);
    }
}

/// A block of these bytes, in the provider's cells.
unsafe fn give(bytes: &[u8], count: *mut u32, cell: *mut *mut c_void) -> HRESULT {
    match memory().block(bytes.len()) {
        // SAFETY: the block was made for these bytes, the cells are valid.
        Ok(block) => unsafe {
            block.at::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            count.write(bytes.len() as u32);
            cell.write(block.give_up());
            HRESULT::S_OK
        },
        Err(code) => code,
    }
}

impl IMAPISupport_Impl for TestSupport_Impl {
    unsafe fn OpenProfileSection(&self, _uid: *mut MAPIUID, _flags: u32, cell: *mut *mut c_void) -> HRESULT {
        let section: IProfSect = Section { record: Arc::clone(&self.record) }.into();
        // SAFETY: the cell is the provider's.
        unsafe { cell.write(section.into_raw()) };
        self.record.call("OpenProfileSection", String::new())
    }

    unsafe fn SetProviderUID(&self, _uid: *mut MAPIUID, _flags: u32) -> HRESULT {
        self.record.call("SetProviderUID", String::new())
    }

    unsafe fn WrapStoreEntryID(
        &self,
        count: u32,
        id: *mut c_void,
        wrapped_count: *mut u32,
        wrapped: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the identifier is whole, the cells are valid.
        unsafe {
            let bytes: Vec<u8> = WRAPPER.iter().chain(id_bytes(count, id)).copied().collect();
            give(&bytes, wrapped_count, wrapped)
        }
    }

    unsafe fn ModifyStatusRow(&self, count: u32, values: *mut SPropValue, flags: u32) -> HRESULT {
        // SAFETY: the row is whole.
        let row = unsafe { std::slice::from_raw_parts(values, count as usize) };
        for value in row.iter().filter(|value| value.tag() == mapi_spi::tags::PR_OWN_STORE_ENTRYID) {
            // SAFETY: as above.
            let read = unsafe { PropValue::read(value) }.expect("the row is whole");
            self.record.lock().own_store = read.as_binary().map(<[u8]>::to_vec);
        }
        self.record.call("ModifyStatusRow", format!("{flags:#x}"))
    }

    unsafe fn SpoolerNotify(&self, flags: u32, data: *mut c_void) -> HRESULT {
        if flags == NOTIFY_NEWMAIL_RECEIVED {
            // SAFETY: with this flag the data is this structure.
            let id = unsafe {
                let mail = &*data.cast::<NEWMAIL_NOTIFICATION>();
                id_bytes(mail.cbEntryID, mail.lpEntryID.cast()).to_vec()
            };
            self.record.lock().received.push(id);
            return self.record.call("SpoolerNotify", "received".to_owned());
        }
        let detail = if flags == NOTIFY_READYTOSEND { "ready".to_owned() } else { format!("{flags:#x}") };
        self.record.call("SpoolerNotify", detail)
    }

    unsafe fn PrepareSubmit(&self, _message: *mut c_void, _flags: *mut u32) -> HRESULT {
        self.record.call("PrepareSubmit", String::new())
    }

    unsafe fn ExpandRecips(&self, message: *mut c_void, flags: *mut u32) -> HRESULT {
        // SAFETY: the message is the provider's.
        let message = unsafe { IMessage::from_raw_borrowed(&message) }.expect("there is a message");
        let state = super::memory::unharmed(|| super::world::submission_state(message));
        // SAFETY: the cell is the provider's.
        unsafe { flags.write(self.record.lock().needs) };
        self.record.call("ExpandRecips", state)
    }

    unsafe fn CompleteMsg(&self, _flags: u32, count: u32, id: *mut c_void) -> HRESULT {
        // SAFETY: the identifier is whole.
        self.record.lock().completed.push(unsafe { id_bytes(count, id) }.to_vec());
        self.record.call("CompleteMsg", String::new())
    }

    unsafe fn DoSentMail(&self, _flags: u32, message: *mut c_void) -> HRESULT {
        // SAFETY: the message is the provider's, its one reference this method's.
        let message = unsafe { IMessage::from_raw(message) };
        if self.record.lock().keeps_message {
            std::mem::forget(message);
        }
        self.record.call("DoSentMail", String::new())
    }

    unsafe fn StoreLogoffTransports(&self, flags: *mut u32) -> HRESULT {
        // SAFETY: the cell is the provider's.
        let asked = unsafe { flags.read() };
        self.record.call("StoreLogoffTransports", format!("{asked:#x}"))
    }

    unsafe fn Subscribe(
        &self,
        key: *mut NOTIFKEY,
        _mask: u32,
        _flags: u32,
        sink: *mut c_void,
        connection: *mut usize,
    ) -> HRESULT {
        let number = self.record.connections.fetch_add(1, Ordering::SeqCst) as usize + 1;
        // SAFETY: key, sink and cell are the provider's.
        unsafe {
            let sink = IMAPIAdviseSink::from_raw_borrowed(&sink).expect("there is a sink").clone();
            let key = NOTIFKEY::elements(key).collect();
            self.record.lock().sinks.push((number, key, sink));
            connection.write(number);
        }
        self.record.call("Subscribe", String::new())
    }

    unsafe fn Unsubscribe(&self, connection: usize) -> HRESULT {
        self.record.lock().sinks.retain(|(own, ..)| *own != connection);
        self.record.call("Unsubscribe", String::new())
    }

    unsafe fn Notify(
        &self,
        key: *mut NOTIFKEY,
        count: u32,
        notifications: *mut NOTIFICATION,
        _flags: *mut u32,
    ) -> HRESULT {
        // SAFETY: the key is whole.
        let key: Vec<u8> = unsafe { NOTIFKEY::elements(key) }.collect();
        let meant = |own: &&(usize, Vec<u8>, IMAPIAdviseSink)| own.1 == key;
        let sinks: Vec<_> = self.record.lock().sinks.iter().filter(meant).map(|own| own.2.clone()).collect();
        sinks.iter().for_each(|sink| {
            // SAFETY: the notifications are whole.
            unsafe { sink.OnNotify(count, notifications) };
        });
        HRESULT::S_OK
    }

    unsafe fn CreateOneOff(
        &self,
        _name: *mut c_void,
        _address_type: *mut c_void,
        _address: *mut c_void,
        _flags: u32,
        count: *mut u32,
        cell: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the cells are the provider's.
        unsafe { give(&search_key("REF", "somebody"), count, cell) }
    }

    unsafe fn SpoolerYield(&self, _flags: u32) -> HRESULT {
        HRESULT::S_OK
    }

    unsupported! {
        GetLastError(HRESULT, u32, *mut *mut MAPIERROR);
        GetMemAllocRoutines(*mut *mut c_void, *mut *mut c_void, *mut *mut c_void);
        RegisterPreprocessor(*mut MAPIUID, *mut c_void, *mut c_void, *mut u8, *mut u8, u32);
        NewUID(*mut MAPIUID);
        MakeInvalid(u32, *mut c_void, u32, u32);
        CompareEntryIDs(u32, *mut c_void, u32, *mut c_void, u32, *mut u32);
        OpenTemplateID(u32, *mut c_void, u32, *mut c_void, *const GUID, *mut *mut c_void, *mut c_void);
        OpenEntry(u32, *mut c_void, *const GUID, u32, *mut u32, *mut *mut c_void);
        GetOneOffTable(u32, *mut *mut c_void);
        Address(*mut usize, *mut c_void, *mut *mut ADRLIST);
        Details(*mut usize, *mut c_void, *mut c_void, u32, *mut c_void, *mut c_void, *mut c_void, *mut c_void, u32);
        NewEntry(usize, u32, u32, *mut c_void, u32, *mut c_void, *mut u32, *mut *mut c_void);
        DoConfigPropsheet(usize, u32, *mut c_void, *mut c_void, *mut c_void, u32);
        CopyMessages(*const GUID, *mut c_void, *mut SBinaryArray, *const GUID, *mut c_void, usize, *mut c_void, u32);
        CopyFolder(*const GUID, *mut c_void, u32, *mut c_void, *const GUID, *mut c_void, *mut c_void, usize,
            *mut c_void, u32);
        DoCopyTo(*const GUID, *mut c_void, u32, *const GUID, *mut SPropTagArray, usize, *mut c_void, *const GUID,
            *mut c_void, u32, *mut *mut SPropProblemArray);
        DoCopyProps(*const GUID, *mut c_void, *mut SPropTagArray, usize, *mut c_void, *const GUID, *mut c_void, u32,
            *mut *mut SPropProblemArray);
        DoProgressDialog(usize, u32, *mut *mut c_void);
        ReadReceipt(u32, *mut c_void, *mut *mut c_void);
        UpdatePAB(u32, *mut c_void);
        OpenAddressBook(*const GUID, u32, *mut *mut c_void);
        Preprocess(u32, u32, *mut c_void);
        StatusRecips(*mut c_void, *mut ADRLIST);
        ModifyProfile(u32);
        IStorageFromStream(*mut c_void, *const GUID, u32, *mut *mut c_void);
        GetSvcConfigSupportObj(u32, *mut *mut c_void);
    }
}

/// What a sink was told: event types, table events in their upper half.
#[derive(Debug, Default)]
pub(super) struct Told(pub(super) Mutex<Vec<(u32, u32)>>);

impl Told {
    pub(super) fn take(&self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.0.lock().expect("no test panics with the lock"))
    }

    pub(super) fn sink(self: &Arc<Told>) -> IMAPIAdviseSink {
        TestSink { told: Arc::clone(self) }.into()
    }
}

/// An advise sink.
#[implement(IMAPIAdviseSink, Agile = false)]
struct TestSink {
    told: Arc<Told>,
}

impl IMAPIAdviseSink_Impl for TestSink_Impl {
    unsafe fn OnNotify(&self, count: u32, notifications: *mut NOTIFICATION) -> u32 {
        // SAFETY: the notifications are whole.
        let list = unsafe { std::slice::from_raw_parts(notifications, count as usize) };
        for one in list {
            let table = one.ulEventType == mapi_spi::flags::fnevTableModified;
            // SAFETY: the type says which member it is.
            let detail = if table { unsafe { one.info.tab.ulTableEvent } } else { 0 };
            self.told.0.lock().expect("no test panics with the lock").push((one.ulEventType, detail));
        }
        0
    }
}

/// The rest of the calls that a test does not name.
pub(super) fn null<T>() -> *mut T {
    ptr::null_mut()
}
