//! From XPProviderInit to RegisterOptions: how a session comes to be.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::structs::{MAPIERROR, MAPIUID};
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use crate::com::theirs::{IXPLogon, IXPProvider};
use crate::com::{Cell, boundary, gate, object};
use crate::engine::reach::OutOfReach;
use crate::engine::run::{Engine, Provider, Stop, expect, parse_flags};
use crate::engine::session::{Session, Shared, illegal};
use crate::functions;
use crate::loader::{EntryPoint, Loaded};
use crate::memory;
use crate::objects::profsect::Profile;
use crate::objects::support::Support;
use crate::plan::args::{Load, Logon, Names, OnSession};
use crate::trace::event::IllegalKind;
use crate::trace::told::{self, What};
use crate::trace::value;

/// The oldest SPI version that MAPI can still work with: anything newer than the first public one.
pub(super) const OLDEST_VERSION: u32 = 0x0001_0000;

/// The profile's name, as the provider is told it.
const PROFILE_NAME: &str = "conformance";

impl Engine<'_> {
    pub(super) fn load(&mut self, args: &Load) -> Result<(), Stop> {
        boundary().set_pattern(args.pattern);
        self.open_library()?;
        let version = args.spi_version.unwrap_or(flags::CURRENT_SPI_VERSION);
        let (code, object) = self.init(version);
        expect("XPProviderInit", code, &args.expect)?;
        if let Some(object) = object {
            if code.is_ok() {
                self.providers.insert(args.provider.clone(), Provider { object });
            }
        } else if code.is_ok() {
            return Err(Stop::Candidate);
        }
        Ok(())
    }

    pub(super) fn open_library(&mut self) -> Result<(), Stop> {
        if self.library.is_some() {
            return Ok(());
        }
        functions::serve();
        self.threads_before = super::logoff::threads();
        let candidate = &self.plan.candidate;
        match Loaded::open(candidate, &candidate.library, EntryPoint::XPProviderInit) {
            Ok(library) => {
                self.library = Some(library);
                self.malloc = Some(memory::malloc());
                self.find_service()
            }
            Err(error) => {
                let cause = std::error::Error::source(&error)
                    .map_or_else(String::new, |source| format!(": {source}"));
                boundary().record(What::LoadFailed { detail: format!("{error}{cause}") });
                Err(Stop::Candidate)
            }
        }
    }

    /// XPProviderInit. The object is there only where the call returned one; a version that is too small is refused here
    /// (page: initializing-the-transport-provider).
    fn init(&mut self, version: u32) -> (HRESULT, Option<IXPProvider>) {
        let (Some(library), Some(malloc)) = (&self.library, &self.malloc) else {
            return (HRESULT::MAPI_E_CALL_FAILED, None);
        };
        let pattern = boundary().pattern();
        let mut provider_version = Cell::ulong(pattern);
        let mut provider = Cell::pointer(pattern);
        let call = gate::begin_export(
            "XPProviderInit",
            told::values([("ulMAPIVer", json!(format!("0x{version:08X}")))]),
        );
        // SAFETY: all pointers live for the call and longer.
        let code = unsafe { library.init(malloc.lend(), version, provider_version.ptr(), provider.ptr()) };
        provider_version.check("lpulProviderVer");
        provider.check("lppXPProvider");
        let raw: *mut c_void = provider.get_ptr();
        let object = (!raw.is_null()).then(|| IXPProvider::new(raw, "provider"));
        let same = self.providers.values().any(|provider| provider.object.raw() == raw);
        gate::end_export(
            call,
            code,
            told::values([
                ("lpulProviderVer", json!(format!("0x{:08X}", provider_version.get_u32()))),
                ("lppXPProvider", json!(object.as_ref().map(|object| object.name().to_owned()))),
            ]),
        );
        boundary().record(What::Fact { name: "provider-object-again".to_owned(), value: json!(same) });
        match object {
            Some(object) if code.is_ok() && provider_version.get_u32() < OLDEST_VERSION => {
                // SAFETY: the reference that XPProviderInit returned is given back, once.
                unsafe { object.Release() };
                (HRESULT::MAPI_E_VERSION, None)
            }
            object => (code, object),
        }
    }

    pub(super) fn logon(&mut self, args: &Logon) -> Result<(), Stop> {
        let profile = match (args.service_profile, args.empty_profile) {
            (true, _) => self.profile_of_service(),
            (false, true) => Profile::planned(&[]),
            (false, false) => Profile::planned(&self.plan.candidate.profile),
        };
        if self.plan.candidate.service_entry.is_some() && !args.service_profile {
            self.tell_profile(&args.session, !args.empty_profile);
        }
        self.logon_in(args, &profile, true)
    }

    /// Whether the section that a logon finds has all that the candidate file says.
    pub(super) fn tell_profile(&self, session: &str, complete: bool) {
        let value = json!({ "session": session, "complete": complete });
        boundary().record(What::Fact { name: "profile".to_owned(), value });
    }

    /// The service is configured after MAPI_E_UNCONFIGURED, and the logon tried once more (page: ixpprovider-transportlogon).
    fn logon_configured(&mut self, args: &Logon, profile: &Arc<Profile>) -> Result<(), Stop> {
        if !self.configure_service(profile, &self.plan.candidate.profile.clone())? {
            return Ok(());
        }
        self.tell_profile(&args.session, true);
        let again = Logon { expect: Names::default(), traps: Vec::new(), ..args.clone() };
        self.logon_in(&again, profile, false)?;
        if args.empty_profile {
            // The case counts on no session after this: what came of it is seen, and ended in order.
            self.end_session(&args.session, Some(0));
            self.refused.insert(args.session.clone());
        }
        Ok(())
    }

    fn logon_in(&mut self, args: &Logon, profile: &Arc<Profile>, first: bool) -> Result<(), Stop> {
        boundary().set_pattern(args.pattern);
        if !self.providers.contains_key(&args.provider) {
            let load = Load {
                spi_version: None,
                provider: args.provider.clone(),
                expect: Names::default(),
                pattern: args.pattern,
            };
            self.load(&load)?;
        }
        let Some(provider) = self.providers.get(&args.provider) else { return Err(Stop::Candidate) };
        let provider = provider.object.clone();
        let wide = if args.unicode { flags::MAPI_UNICODE } else { 0 };
        let asked = parse_flags(&flags::LOGON_FLAGS, &args.flags)? | wide;
        let shared = Arc::new(Shared { name: args.session.clone(), ..Shared::default() });
        let support = Support::hold_in(Arc::clone(&shared) as _, profile);

        let pattern = boundary().pattern();
        let mut flag_cell = Cell::holding(u64::from(asked));
        let mut error = Cell::pointer(pattern);
        let mut logon = Cell::pointer(pattern);
        let acting = self.arm(&args.traps, &shared);
        let name = profile_name(args.unicode)
            .map_err(|code| Stop::Harness(format!("no memory for a name: {code}")))?;
        let away = args.unreachable.map(|way| OutOfReach::take(&self.plan.candidate, way));
        let away = away.transpose().map_err(Stop::Harness)?;
        // SAFETY: all arguments live for the call; the support object is lent.
        let code = unsafe {
            provider.TransportLogon(support.lend(), 0, name.ptr(), flag_cell.ptr(), error.ptr(), logon.ptr())
        };
        // The name is overwritten and freed at once: who keeps it has copied it (page: ixpprovider-transportlogon).
        drop(name);
        boundary().traps.disarm();
        acting.finish(self.patience());
        drop(away);
        flag_cell.check("lpulFlags");
        error.check("lppMAPIError");
        logon.check("lppXPLogon");
        take_error(error.get_ptr(), "TransportLogon");
        let raw: *mut c_void = logon.get_ptr();
        boundary().record(What::Fact {
            name: "support-references".to_owned(),
            value: json!({
                "session": args.session, "support": support.entry().name, "held": support.entry().theirs(),
                "hr": code.to_string(), "logon": !raw.is_null(),
            }),
        });
        // Our own reference goes: from here on the object lives as long as the provider holds it.
        drop(support);
        if code.is_err() || raw.is_null() {
            self.refused.insert(args.session.clone());
            if code == HRESULT::MAPI_E_UNCONFIGURED && first {
                self.logon_configured(args, profile)?;
            }
            return expect("IXPProvider.TransportLogon", code, &args.expect).and(if code.is_ok() {
                Err(Stop::Candidate)
            } else {
                Ok(())
            });
        }
        let same = self.sessions.values().any(|session| session.logon.raw() == raw);
        boundary().record(What::Fact { name: "logon-object-again".to_owned(), value: json!(same) });
        let logon = IXPLogon::new(raw, "logon");
        boundary().record(What::Fact {
            name: "session".to_owned(),
            value: json!({ "session": args.session, "logon": logon.name(), "flags": flags::LOGON_FLAGS.render(flag_cell.get_u32()) }),
        });
        *shared.logon.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(logon.clone());
        let session = Session {
            polled: flag_cell.get_u32() & flags::LOGON_SP_POLL != 0,
            idle: flag_cell.get_u32() & flags::LOGON_SP_IDLE != 0,
            no_idle: args.no_idle,
            undrained: false,
            status: None,
            address_types: None,
            answered: Vec::new(),
            provider: args.provider.clone(),
            shared,
            logon,
        };
        self.refused.remove(&args.session);
        self.order.retain(|session| *session != args.session);
        self.order.push(args.session.clone());
        self.sessions.insert(args.session.clone(), session);
        expect("IXPProvider.TransportLogon", code, &args.expect)?;
        self.address_types_again(&OnSession { session: args.session.clone() })?;
        self.register_options(&args.session)?;
        if self.stores.is_empty() { Ok(()) } else { self.look_at_coupling("logon") }
    }

    pub(super) fn address_types_again(&mut self, args: &OnSession) -> Result<(), Stop> {
        let session = self.living(&args.session)?;
        let pattern = boundary().pattern();
        let mut flag_cell = Cell::holding(0);
        let mut type_count = Cell::ulong(pattern);
        let mut types = Cell::pointer(pattern);
        let mut uid_count = Cell::ulong(pattern);
        let mut uids = Cell::pointer(pattern);
        // SAFETY: all cells live for the call.
        let code = unsafe {
            session.logon.AddressTypes(
                flag_cell.ptr(),
                type_count.ptr(),
                types.ptr(),
                uid_count.ptr(),
                uids.ptr(),
            )
        };
        for (cell, name) in [
            (&flag_cell, "lpulFlags"),
            (&type_count, "lpcAdrType"),
            (&types, "lpppAdrTypeArray"),
            (&uid_count, "lpcMAPIUID"),
            (&uids, "lpppUIDArray"),
        ] {
            cell.check(name);
        }
        if code.is_ok() {
            let found = AddressTypes {
                wide: flag_cell.get_u32() & flags::MAPI_UNICODE != 0,
                types: types.get(),
                type_count: type_count.get_u32(),
                uids: uids.get(),
                uid_count: uid_count.get_u32(),
            };
            found.record(&args.session, "return", session.answered.len());
            session.address_types = Some(found);
            session.answered.push(found);
            self.show_transports();
        }
        expect("IXPLogon.AddressTypes", code, &Names::default())
    }

    fn register_options(&mut self, name: &str) -> Result<(), Stop> {
        let session = self.living(name)?;
        let pattern = boundary().pattern();
        let mut flag_cell = Cell::holding(0);
        let mut count = Cell::ulong(pattern);
        let mut options = Cell::pointer(pattern);
        // SAFETY: all cells live for the call.
        let code = unsafe { session.logon.RegisterOptions(flag_cell.ptr(), count.ptr(), options.ptr()) };
        for (cell, name) in [(&flag_cell, "lpulFlags"), (&count, "lpcOptions"), (&options, "lppOptions")] {
            cell.check(name);
        }
        boundary().record(What::Fact {
            name: "options".to_owned(),
            value: json!({
                "session": name, "hr": code.to_string(), "count": count.get_u32(), "array": options.get() != 0,
            }),
        });
        Ok(())
    }
}

/// The profile's name in a block that is poisoned when it is freed.
pub(super) fn profile_name(wide: bool) -> Result<memory::Chain, HRESULT> {
    let text: Vec<u8> = if wide {
        PROFILE_NAME.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    } else {
        PROFILE_NAME.bytes().chain([0]).collect()
    };
    let chain = memory::Chain::allocate(text.len())?;
    // SAFETY: the block has this many bytes and is ours alone.
    unsafe { chain.ptr::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    Ok(chain)
}

/// Frees a MAPIERROR that was returned; it must be a block of MAPI's (page: ixpprovider-transportlogon).
pub(super) fn take_error(error: *mut MAPIERROR, of: &str) {
    if error.is_null() {
        return;
    }
    if memory::is_mapi_buffer(error.cast()) {
        memory::free(error.cast());
    } else {
        illegal(
            IllegalKind::ForeignMemory,
            "",
            format!("the MAPIERROR that {of} returned is not from the MAPI allocator"),
        );
    }
}

/// What AddressTypes returned: the provider's own memory, which stays as it is until TransportLogoff.
#[derive(Clone, Copy, Debug)]
pub struct AddressTypes {
    wide: bool,
    types: u64,
    type_count: u32,
    uids: u64,
    uid_count: u32,
}

impl AddressTypes {
    /// Takes a digest of the arrays into the trace; `answer` counts the calls that returned some.
    pub fn record(&self, session: &str, at: &str, answer: usize) {
        let mut bytes = Vec::new();
        for index in 0..self.type_count as usize {
            // SAFETY: the provider returned an array of so many strings, which stays until TransportLogoff.
            unsafe { self.string(index, &mut bytes) };
        }
        for index in 0..self.uid_count as usize {
            // SAFETY: the provider returned an array of so many identifiers, which stays until TransportLogoff.
            unsafe {
                let array = self.uids as usize as *const *const MAPIUID;
                let uid = if array.is_null() { std::ptr::null() } else { array.add(index).read_unaligned() };
                if memory::may_be_followed(uid) {
                    bytes.extend_from_slice(&(*uid).ab);
                }
            }
        }
        boundary().record(What::Fact {
            name: "address-types-checksum".to_owned(),
            value: json!({ "session": session, "at": at, "answer": answer, "sha256": value::digest(&bytes) }),
        });
    }

    /// The address types that the provider serves; `None` where it takes any.
    pub fn served(&self) -> Option<Vec<String>> {
        if self.types == 0 {
            return None;
        }
        let texts = (0..self.type_count as usize).map(|index| {
            let mut bytes = Vec::new();
            // SAFETY: the provider returned an array of so many strings, which stays until TransportLogoff.
            unsafe { self.string(index, &mut bytes) };
            bytes.pop();
            // Of a wide string each unit is in there by its first byte alone: address types are ASCII.
            String::from_utf8_lossy(&bytes).into_owned()
        });
        // A single empty string means none (page: ixplogon-addresstypes).
        Some(texts.filter(|text| !text.is_empty()).collect())
    }

    /// The identifiers that the provider serves.
    pub fn identifiers(&self) -> Vec<[u8; 16]> {
        let array = self.uids as usize as *const *const MAPIUID;
        if array.is_null() {
            return Vec::new();
        }
        // SAFETY: the provider returned an array of so many identifiers, which stays until TransportLogoff.
        let at = |index: usize| unsafe { array.add(index).read_unaligned() };
        let followed = (0..self.uid_count as usize).map(at).filter(|uid| memory::may_be_followed(*uid));
        // SAFETY: as above.
        followed.map(|uid| unsafe { (*uid).ab }).collect()
    }

    unsafe fn string(&self, index: usize, bytes: &mut Vec<u8>) {
        let array = self.types as usize as *const *const u8;
        if array.is_null() {
            return;
        }
        // SAFETY: the caller vouches for the array and its zero-terminated strings.
        unsafe {
            let text = array.add(index).read_unaligned();
            if !memory::may_be_followed(text) {
                return;
            }
            let unit = if self.wide { 2 } else { 1 };
            let mut at = 0;
            loop {
                let first = *text.add(at);
                let second = if self.wide { *text.add(at + 1) } else { 0 };
                bytes.push(first);
                if first == 0 && second == 0 {
                    break;
                }
                at += unit;
            }
        }
    }
}

/// The objects that the candidate holds and that were made after an event, by name.
pub(super) fn held_since(event: u64) -> Vec<String> {
    object::held_by_candidate()
        .into_iter()
        .filter(|entry| entry.made_at >= event)
        .map(|entry| entry.name.clone())
        .collect()
}
