//! The service entry: what a message service is told when it is added to a profile, configured, and taken out again.
//! Page: msgserviceentry.
//!
//! There are no dialogs: neither SERVICE_UI_ALLOWED nor SERVICE_UI_ALWAYS is ever set. MSG_SERVICE_CONFIGURE brings the
//! properties of the candidate file; besides the steps of a case it comes where a logon has answered MAPI_E_UNCONFIGURED, and the
//! logon is tried once more then. A service that a case has created is deleted at its end, before the library is unloaded.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::structs::SPropValue;
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag, flags};
use serde_json::json;

use crate::com::{Cell, boundary, gate};
use crate::engine::logon::take_error;
use crate::engine::run::{Engine, Stop};
use crate::engine::session::Shared;
use crate::loader::EntryPoint;
use crate::objects::profsect::Profile;
use crate::objects::provider_admin::ProviderAdmin;
use crate::objects::support::Support;
use crate::objects::{planned, wire};
use crate::plan::{ProfileProp, args};
use crate::trace::told::{self, What};

/// `MSGSERVICEENTRY`
type MSGSERVICEENTRY = unsafe extern "system" fn(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpMAPISup: *mut c_void,
    ulUIParam: usize,
    ulFlags: u32,
    ulContext: u32,
    cValues: u32,
    lpProps: *mut SPropValue,
    lpProviderAdmin: *mut c_void,
    lppMapiError: *mut *mut c_void,
) -> HRESULT;

/// A call of the entry.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    context: u32,
    flags: u32,
    props: &'a [ProfileProp],
    profile: &'a Arc<Profile>,
    /// A step of the case, which the golden tells of.
    step: bool,
}

impl Engine<'_> {
    /// The entry is called for one operation.
    pub(super) fn service(&mut self, args: &args::Service) -> Result<(), Stop> {
        let context = flags::MSG_SERVICE_CONTEXTS
            .parse(&args.context)
            .ok_or_else(|| Stop::Harness(format!("`{}` is no operation of a service entry", args.context)))?;
        if self.library.is_none() {
            self.open_library()?;
        }
        let configure = context == flags::MSG_SERVICE_CONFIGURE;
        let props = match configure && args.properties {
            true if args.unicode => widened(&self.plan.candidate.profile),
            true => self.plan.candidate.profile.clone(),
            false => Vec::new(),
        };
        let profile = self.profile_of_service();
        self.service |= context == flags::MSG_SERVICE_CREATE;
        let acting = self.arm(&args.traps, &Arc::default());
        let flags = if args.unicode { flags::MAPI_UNICODE } else { 0 };
        let code =
            self.call_service(Call { context, flags, props: &props, profile: &profile, step: true })?;
        boundary().traps.disarm();
        acting.finish(self.patience());
        match context {
            flags::MSG_SERVICE_DELETE => {
                self.service = false;
                self.service_profile = None;
                Ok(())
            }
            // Without a dialog there is no other way to configure it: what the case is about does not come about.
            flags::MSG_SERVICE_CONFIGURE
                if code.is_err() && !props.is_empty() && self.traps(&args.traps).is_empty() =>
            {
                Err(Stop::Candidate)
            }
            _ => Ok(()),
        }
    }

    /// Looks for the service entry, where the candidate file names one: without it the library is not what the file says.
    pub(super) fn find_service(&self) -> Result<(), Stop> {
        let (Some(name), Some(library)) = (&self.plan.candidate.service_entry, &self.library) else {
            return Ok(());
        };
        if library.function::<MSGSERVICEENTRY>(name).is_some() {
            return Ok(());
        }
        let library = self.plan.candidate.library.display();
        let detail = format!("`{library}` does not export `{name}`, the service entry of the candidate file");
        boundary().record(What::LoadFailed { detail });
        Err(Stop::Candidate)
    }

    /// The profile section of the message service: empty until the service writes it.
    pub(super) fn profile_of_service(&mut self) -> Arc<Profile> {
        Arc::clone(self.service_profile.get_or_insert_with(|| Profile::planned(&[])))
    }

    /// The service is configured with properties of the candidate file; whether it took them.
    pub(super) fn configure_service(
        &mut self,
        profile: &Arc<Profile>,
        props: &[ProfileProp],
    ) -> Result<bool, Stop> {
        if self.plan.candidate.service_entry.is_none() {
            return Ok(false);
        }
        let context = flags::MSG_SERVICE_CONFIGURE;
        Ok(self.call_service(Call { context, flags: 0, props, profile, step: false })?.is_ok())
    }

    /// A service that was created is taken out of the profile, once.
    pub(super) fn delete_service(&mut self) {
        if std::mem::take(&mut self.service) {
            let profile = self.profile_of_service();
            let context = flags::MSG_SERVICE_DELETE;
            // What it answers stands in the trace; the library goes in any case.
            let _ = self.call_service(Call { context, flags: 0, props: &[], profile: &profile, step: false });
        }
    }

    fn call_service(&mut self, told: Call<'_>) -> Result<HRESULT, Stop> {
        // One library has both, or the service is the transport's.
        let library = self.library.as_ref().or(self.store_library.as_ref());
        let (Some(name), Some(library), Some(malloc)) =
            (&self.plan.candidate.service_entry, library, &self.malloc)
        else {
            return Err(Stop::Candidate);
        };
        let function = library.function::<MSGSERVICEENTRY>(name).ok_or(Stop::Candidate)?;
        let row = planned::row(told.props)
            .map_err(|detail| Stop::Harness(format!("the profile section: {detail}")))?;
        let arena = wire::Arena::default();
        let values = if row.is_empty() {
            std::ptr::null_mut()
        } else {
            arena.props(&row).map_err(|code| Stop::Harness(format!("no memory for properties: {code}")))?
        };
        let shared = Arc::new(Shared { name: "service".to_owned(), ..Shared::default() });
        let support = Support::hold_in(shared as _, told.profile);
        let has = |entry: EntryPoint| library.function::<*const c_void>(entry.name()).is_some();
        let own = [has(EntryPoint::XPProviderInit), has(EntryPoint::MSProviderInit)];
        let admin = ProviderAdmin::hold(told.profile, &self.plan.candidate.library, own);
        let mut error = Cell::pointer(boundary().pattern());
        let context = flags::MSG_SERVICE_CONTEXTS.render(told.context);
        let call = gate::begin_export(
            name,
            told::values([
                ("ulFlags", json!(flags::MSG_SERVICE_FLAGS.render(told.flags))),
                ("ulContext", json!(context)),
                ("cValues", json!(row.len())),
                ("lpMAPISup", json!(support.entry().name)),
                ("lpProviderAdmin", json!(admin.entry().name)),
            ]),
        );
        // SAFETY: the candidate file names the function as one of this type; all pointers live for the call.
        let code = unsafe {
            function(
                library.instance(),
                malloc.lend(),
                support.lend(),
                0,
                told.flags,
                told.context,
                wire::count(row.len()),
                values,
                admin.lend(),
                error.ptr(),
            )
        };
        gate::end_plain(call, code.to_string());
        error.check("lppMapiError");
        if code.is_err() {
            take_error(error.get_ptr(), "the service entry");
        }
        // Whoever wants to keep one of them has taken a reference.
        drop((support, admin));
        boundary().record(What::Fact {
            name: "service".to_owned(),
            value: json!({
                "entry": name, "call": call, "context": context, "values": row.len(), "unicode": told.flags != 0,
                "hr": code.to_string(), "step": told.step,
            }),
        });
        Ok(code)
    }
}

/// The properties with wide strings in the place of narrow ones.
fn widened(props: &[ProfileProp]) -> Vec<ProfileProp> {
    let wide = |prop: &ProfileProp| {
        let tag = PropTag(prop.tag);
        let tag =
            if tag.prop_type() == PropType::PT_STRING8 { tag.with_type(PropType::PT_UNICODE) } else { tag };
        ProfileProp { tag: tag.0, value: prop.value.clone() }
    };
    props.iter().map(wide).collect()
}
