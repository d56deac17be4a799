//! The service entry: what a message service is told when it is added to a profile, configured, and taken out again.
//! Page: msgserviceentry.
//!
//! There are no dialogs: neither SERVICE_UI_ALLOWED nor SERVICE_UI_ALWAYS is ever set. MSG_SERVICE_CREATE comes once the
//! library is loaded, MSG_SERVICE_DELETE before it is unloaded. MSG_SERVICE_CONFIGURE brings the properties of the
//! candidate file; it comes where a logon has answered MAPI_E_UNCONFIGURED, and the logon is tried once more then.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::structs::SPropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use crate::com::{Cell, boundary, gate};
use crate::engine::logon::take_error;
use crate::engine::run::{Engine, Stop};
use crate::engine::session::Shared;
use crate::objects::profsect::Profile;
use crate::objects::provider_admin::ProviderAdmin;
use crate::objects::support::Support;
use crate::objects::{planned, wire};
use crate::plan::ProfileProp;
use crate::trace::event::What;

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

impl Engine<'_> {
    /// The service is added to the profile, where the candidate file names a service entry.
    pub(super) fn create_service(&mut self) -> Result<(), Stop> {
        if self.plan.candidate.service_entry.is_none() {
            return Ok(());
        }
        self.service = true;
        // Without a dialog a service may refuse to be created unconfigured; it is configured later then.
        self.call_service(flags::MSG_SERVICE_CREATE, &[], &Profile::planned(&[])).map(drop)
    }

    /// The service is configured with the properties of the candidate file; whether it took them.
    pub(super) fn configure_service(&mut self, profile: &Arc<Profile>) -> Result<bool, Stop> {
        if !self.service {
            return Ok(false);
        }
        let props = self.plan.candidate.profile.clone();
        Ok(self.call_service(flags::MSG_SERVICE_CONFIGURE, &props, profile)?.is_ok())
    }

    /// The service is taken out of the profile, once.
    pub(super) fn delete_service(&mut self) {
        if std::mem::take(&mut self.service) {
            let profile = Profile::planned(&self.plan.candidate.profile);
            // What it answers stands in the trace; the library goes in any case.
            let _ = self.call_service(flags::MSG_SERVICE_DELETE, &[], &profile);
        }
    }

    fn call_service(
        &mut self,
        context: u32,
        props: &[ProfileProp],
        profile: &Arc<Profile>,
    ) -> Result<HRESULT, Stop> {
        let (Some(name), Some(library), Some(malloc)) =
            (&self.plan.candidate.service_entry, &self.library, &self.malloc)
        else {
            return Err(Stop::Candidate);
        };
        let Some(function) = library.function::<MSGSERVICEENTRY>(name) else {
            let library = self.plan.candidate.library.display();
            let detail =
                format!("`{library}` does not export `{name}`, the service entry of the candidate file");
            boundary().record(What::LoadFailed { detail });
            return Err(Stop::Candidate);
        };
        let row =
            planned::row(props).map_err(|detail| Stop::Harness(format!("the profile section: {detail}")))?;
        let arena = wire::Arena::default();
        let values = if row.is_empty() {
            std::ptr::null_mut()
        } else {
            arena.props(&row).map_err(|code| Stop::Harness(format!("no memory for properties: {code}")))?
        };
        let shared = Arc::new(Shared { name: "service".to_owned(), ..Shared::default() });
        let support = Support::hold_in(shared as _, profile);
        let admin = ProviderAdmin::hold(profile);
        let mut error = Cell::pointer(boundary().pattern());
        let told = flags::MSG_SERVICE_CONTEXTS.render(context);
        let call = gate::begin_export(
            name,
            [("ulContext".to_owned(), json!(told)), ("cValues".to_owned(), json!(row.len()))].into(),
        );
        // SAFETY: the candidate file names the function as one of this type; all pointers live for the call.
        let code = unsafe {
            function(
                library.instance(),
                malloc.lend(),
                support.lend(),
                0,
                0,
                context,
                wire::count(row.len()),
                values,
                admin.lend(),
                error.ptr(),
            )
        };
        gate::end_plain(call, &code.to_string());
        error.check("lppMapiError");
        if code.is_err() {
            take_error(error.get_ptr());
        }
        admin.end_of_loan();
        boundary().record(What::Fact {
            name: "service".to_owned(),
            value: json!({ "entry": name, "context": told, "hr": code.to_string() }),
        });
        Ok(code)
    }
}
