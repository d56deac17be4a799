//! SERV: the entry of the message service. Page: msgserviceentry.

use mapi_spi::HRESULT;

use super::flsh_vals_idle::no_window;
use crate::judge::calls::Call;
use crate::judge::model::{Fact, Model};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::stores::StoreLogon;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "SERV-01", check: deleted },
    Rule { id: "SERV-02", check: no_dialog },
    Rule { id: "SERV-03", check: configured },
    Rule { id: "SERV-04", check: installed },
    Rule { id: "SERV-05", check: store_unconfigured },
];

/// A call of the entry that has returned.
struct Told<'a, 't> {
    fact: &'a Fact<'t>,
    call: &'a Call<'t>,
}

impl Told<'_, '_> {
    fn is(&self, context: &str) -> bool {
        self.fact.text("context") == context
    }

    /// Whether the case left it alone: no callback and no allocation was made to fail.
    fn undisturbed(&self, model: &Model<'_>) -> bool {
        model.disturbed_before(self.fact.n).is_none()
    }
}

/// The calls of the entry, in order.
fn told<'a, 't>(context: &'a Context<'t>) -> impl Iterator<Item = Told<'a, 't>> {
    context.model.facts_of("service").filter_map(|fact| {
        let n = fact.number("call")?;
        let call = context.model.calls.all().iter().find(|call| call.n == n)?;
        Some(Told { fact, call })
    })
}

/// Whether the service had been given valid data and had taken them before an event.
pub(super) fn is_configured(context: &Context<'_>, before: u64) -> bool {
    told(context).any(|told| {
        let given = told.fact.number("values").unwrap_or(0) > 0;
        told.fact.n < before && told.is("MSG_SERVICE_CONFIGURE") && given && told.call.succeeded()
    })
}

fn deleted(context: &Context<'_>, verdicts: &mut Verdicts) {
    for told in told(context).filter(|told| told.is("MSG_SERVICE_DELETE")) {
        if told.undisturbed(&context.model) {
            let right = told.call.hr() == Some(HRESULT::S_OK);
            verdicts.holds(right, told.call.end(), "S_OK for MSG_SERVICE_DELETE", || {
                told.call.result().to_owned()
            });
        }
    }
}

fn no_dialog(context: &Context<'_>, verdicts: &mut Verdicts) {
    for told in told(context) {
        let flags = "neither SERVICE_UI_ALLOWED nor SERVICE_UI_ALWAYS";
        no_window(context, told.call, flags, verdicts);
    }
}

/// Configuration by properties alone is a service's choice: one that does without says so.
fn configured(context: &Context<'_>, verdicts: &mut Verdicts) {
    for told in told(context).filter(|told| told.is("MSG_SERVICE_CONFIGURE")) {
        if told.fact.number("values").unwrap_or(0) == 0 || !told.undisturbed(&context.model) {
            continue;
        }
        let wide = told.fact.truth("unicode") == Some(true);
        let right = match told.call.hr() {
            Some(code) if code.is_ok() => true,
            Some(HRESULT::MAPI_E_UNCONFIGURED | HRESULT::MAPI_E_NO_SUPPORT) => true,
            Some(HRESULT::MAPI_E_BAD_CHARWIDTH) => wide || !has_narrow_way(context),
            Some(_) | None => false,
        };
        let due = "the data of MSG_SERVICE_CONFIGURE are taken, or refused with MAPI_E_UNCONFIGURED or MAPI_E_NO_SUPPORT";
        verdicts.holds(right, told.call.end(), due, || told.call.result().to_owned());
    }
}

/// Whether the service has taken narrow strings in this case: one that then refuses them does not refuse their width.
fn has_narrow_way(context: &Context<'_>) -> bool {
    told(context).any(|told| {
        told.is("MSG_SERVICE_CONFIGURE") && told.fact.truth("unicode") == Some(false) && told.call.succeeded()
    })
}

fn installed(context: &Context<'_>, verdicts: &mut Verdicts) {
    let of_the_machine =
        |told: &Told<'_, '_>| told.is("MSG_SERVICE_INSTALL") || told.is("MSG_SERVICE_UNINSTALL");
    for told in told(context).filter(of_the_machine) {
        if told.undisturbed(&context.model) {
            let due =
                format!("success for {}: there is no user who could cancel it", told.fact.text("context"));
            verdicts.holds(told.call.succeeded(), told.call.end(), due, || told.call.result().to_owned());
        }
    }
}

/// What a store requires is its own affair: only one that is refused an empty section and takes the complete one has shown what
/// it lacked.
fn store_unconfigured(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let logons = context.stores.logons.iter().filter(|logon| !logon.spoolers);
    let logons: Vec<_> = logons.filter(|logon| model.disturbed_before(logon.n).is_none()).collect();
    let takes = |logon: &&StoreLogon<'_>| logon.complete && logon.succeeded();
    for (place, logon) in logons.iter().enumerate() {
        let said = || logon.hr.map_or_else(String::new, |hr| hr.to_string());
        let failed = logon.hr.is_some_and(HRESULT::is_err);
        if !logon.complete && failed && logons.iter().skip(place).any(takes) {
            let right = logon.hr == Some(HRESULT::MAPI_E_UNCONFIGURED);
            verdicts.holds(right, logon.n, "MAPI_E_UNCONFIGURED for an empty profile section", said);
        }
        let emptied = logons.iter().take(place).any(|before| !before.complete);
        if logon.complete && emptied && is_configured(context, logon.n) {
            let due = "the logon is retried with success once the service is configured";
            verdicts.holds(!failed, logon.n, due, said);
        }
    }
}
