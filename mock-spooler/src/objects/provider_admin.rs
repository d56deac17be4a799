//! What a service entry administers: `IProviderAdmin`, the providers of its message service in a profile.
//! Page: iprovideradminiunknown.

use std::ffi::c_void;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use mapi_spi::structs::{MAPIERROR, MAPIUID, SPropValue};
use mapi_spi::tags::{
    PR_DISPLAY_NAME_W, PR_INSTANCE_KEY, PR_PROVIDER_DISPLAY_W, PR_PROVIDER_DLL_NAME_W, PR_PROVIDER_ORDINAL,
    PR_PROVIDER_UID, PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE, PR_SERVICE_NAME_W, PR_SERVICE_UID,
};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::args::{self, INVALID};
use super::errors::LastError;
use super::host::Row;
use super::profsect::Profile;
use super::properties::Properties;
use super::table::{Table, TableRow, TableSource, Watchers};
use super::{store, text};
use crate::com::{Held, object, ours};
use crate::implements;

/// What the service's own provider is called, and the service.
const NAME: &str = "candidate";

/// The identifier of the service, PR_SERVICE_UID.
const SERVICE: [u8; 16] = *b"spoolproof-serv-";

/// The columns that a provider table has to have (page: provider-tables).
const COLUMNS: [PropTag; 10] = [
    PR_INSTANCE_KEY,
    PR_DISPLAY_NAME_W,
    PR_PROVIDER_DISPLAY_W,
    PR_PROVIDER_DLL_NAME_W,
    PR_PROVIDER_ORDINAL,
    PR_PROVIDER_UID,
    PR_RESOURCE_FLAGS,
    PR_RESOURCE_TYPE,
    PR_SERVICE_NAME_W,
    PR_SERVICE_UID,
];

/// The administration of one message service.
#[derive(Debug)]
pub struct ProviderAdmin {
    profile: Arc<Profile>,
    /// The file of the service's library, without its directory.
    library: String,
    /// Whether the library has a transport, and whether it has a store.
    own: [bool; 2],
    errors: LastError,
}

implements!(ProviderAdmin: IProviderAdmin);

/// The providers when the table was opened: provider tables are static (page: iprovideradmin-getprovidertable).
#[derive(Debug)]
struct Providers {
    rows: Vec<TableRow>,
    watchers: Watchers,
}

impl TableSource for Providers {
    fn rows(&self) -> Vec<TableRow> {
        self.rows.clone()
    }

    fn columns(&self) -> Vec<PropTag> {
        COLUMNS.to_vec()
    }

    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn kind(&self) -> u32 {
        flags::TBLTYPE_SNAPSHOT
    }
}

impl ProviderAdmin {
    /// Makes the object for one call of the service entry of a library that has a transport, a store, or both. The reference
    /// is ours; the pointer is lent.
    #[must_use]
    pub fn hold(profile: &Arc<Profile>, library: &Path, own: [bool; 2]) -> Held {
        let library = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let admin = Self { profile: Arc::clone(profile), library, own, errors: LastError::default() };
        object::hold(Arc::new(admin), "provider-admin")
    }

    fn done(&self, method: &'static str, result: Result<HRESULT, HRESULT>) -> HRESULT {
        self.errors.note(method, result)
    }

    fn providers(&self) -> Providers {
        let row = |(key, (uid, name, kind)): (u64, ([u8; 16], String, u32))| {
            // The first in transport order has the ordinal zero.
            let ordinal = i32::try_from(key - 1).unwrap_or(i32::MAX);
            let props: Properties = [
                (PR_DISPLAY_NAME_W, text::unicode(&name)),
                (PR_PROVIDER_DISPLAY_W, text::unicode(&name)),
                (PR_PROVIDER_DLL_NAME_W, text::unicode(&self.library)),
                (PR_PROVIDER_ORDINAL, PropValue::Long(ordinal)),
                (PR_PROVIDER_UID, PropValue::Binary(uid.to_vec())),
                (PR_RESOURCE_FLAGS, PropValue::Long(0)),
                (PR_RESOURCE_TYPE, PropValue::Long(kind.cast_signed())),
                (PR_SERVICE_NAME_W, text::unicode(NAME)),
                (PR_SERVICE_UID, PropValue::Binary(SERVICE.to_vec())),
            ]
            .into_iter()
            .collect();
            TableRow::new(key, props)
        };
        let kinds = [flags::MAPI_TRANSPORT_PROVIDER, flags::MAPI_STORE_PROVIDER];
        let uids = [Profile::OWN, Profile::OWN_STORE];
        let own = kinds.into_iter().zip(uids).zip(self.own).filter(|(_, there)| *there);
        let own = own.map(|((kind, uid), _)| (uid, NAME.to_owned(), kind));
        let added = self.profile.providers().into_iter();
        // What a service adds is not told apart by the library that it is in.
        let added = added.map(|(uid, name)| (uid, name, flags::MAPI_TRANSPORT_PROVIDER));
        let all = own.chain(added);
        Providers { rows: (1..).zip(all).map(row).collect(), watchers: Watchers::default() }
    }
}

impl ours::IProviderAdmin for ProviderAdmin {
    unsafe fn GetLastError(
        &self,
        hResult: HRESULT,
        ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { self.errors.get(hResult, ulFlags, lppMAPIError) }
    }

    unsafe fn GetProviderTable(&self, ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let opened = args::needed(lppTable)
            .map(|()| Table::hand_out(Arc::new(self.providers()), ulFlags & flags::MAPI_UNICODE != 0));
        // SAFETY: as above.
        unsafe { args::put(lppTable, opened.map_or(ptr::null_mut(), |table| table.0)) };
        self.done("IProviderAdmin::GetProviderTable", opened.map(|_| HRESULT::S_OK))
    }

    unsafe fn CreateProvider(
        &self,
        lpszProvider: *mut c_void,
        cValues: u32,
        lpProps: *mut SPropValue,
        _ulUIParam: usize,
        ulFlags: u32,
        lpUID: *mut MAPIUID,
    ) -> HRESULT {
        // SAFETY: as above.
        let name = unsafe { args::text(lpszProvider, ulFlags & flags::MAPI_UNICODE != 0) };
        let made = name.and_then(|name| {
            args::needed(lpUID)?;
            let name = name.ok_or(INVALID)?.decode();
            let props: Row = if cValues == 0 {
                Row::new()
            } else {
                // SAFETY: as above.
                let given = unsafe { args::props(cValues, lpProps)? };
                given
                    .into_iter()
                    .map(|(tag, value)| Some((tag, value?)))
                    .collect::<Option<_>>()
                    .ok_or(INVALID)?
            };
            let uid = store::new_uid();
            self.profile.add_provider(uid, name, props);
            Ok(uid)
        });
        if let Ok(uid) = made {
            // SAFETY: as above.
            unsafe { args::put(lpUID, MAPIUID { ab: uid }) };
        }
        self.done("IProviderAdmin::CreateProvider", made.map(|_| HRESULT::S_OK))
    }

    unsafe fn DeleteProvider(&self, lpUID: *mut MAPIUID) -> HRESULT {
        // SAFETY: as above.
        let uid = unsafe { args::uid(lpUID) }.ok_or(INVALID);
        let deleted = uid.and_then(|uid| {
            // The service's own provider is in use: it is marked, and goes with its last session.
            if [Profile::OWN, Profile::OWN_STORE].contains(&uid.ab) || self.profile.remove_provider(&uid.ab) {
                Ok(HRESULT::S_OK)
            } else {
                Err(HRESULT::MAPI_E_NOT_FOUND)
            }
        });
        self.done("IProviderAdmin::DeleteProvider", deleted)
    }

    unsafe fn OpenProfileSection(
        &self,
        lpUID: *mut MAPIUID,
        lpInterface: *const GUID,
        ulFlags: u32,
        lppProfSect: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        let (uid, iid) = unsafe { (args::uid(lpUID).map(|uid| uid.ab), args::iid(lpInterface)) };
        let known = ["IUnknown", "IMAPIProp", "IProfSect"];
        let opened = args::needed(lppProfSect).and_then(|()| {
            if iid.is_some_and(|iid| !known.iter().any(|name| ours::iid_of(name) == Some(iid))) {
                return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
            }
            // Whose section it is makes no difference to a service entry.
            self.profile.open(uid, ulFlags & !MAPI_FORCE_ACCESS)
        });
        // SAFETY: as above.
        unsafe { args::put(lppProfSect, opened.map_or(ptr::null_mut(), |section| section.0)) };
        self.done("IProviderAdmin::OpenProfileSection", opened.map(|_| HRESULT::S_OK))
    }
}

/// Also sections that belong to single providers.
const MAPI_FORCE_ACCESS: u32 = 0x0008_0000;
