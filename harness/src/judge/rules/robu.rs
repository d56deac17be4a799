//! ROBU: what a host needs of any plug-in.

use serde_json::Value;

use super::recv::left_open;
use super::recv_content::known;
use crate::judge::calls::Call;
use crate::judge::ledger::Identity;
use crate::judge::model::Model;
use crate::judge::receipt::Receipt;
use crate::judge::rule::{Context, Rule, Verdicts};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "ROBU-01", check: lives_on },
    Rule { id: "ROBU-02", check: survives_errors },
    Rule { id: "ROBU-03", check: survives_cancellation },
    Rule { id: "ROBU-04", check: outputs },
    Rule { id: "ROBU-05", check: taken_over },
];

/// The requirement about what the case did to the candidate in a StartMessage.
pub(super) fn cause(receipt: &Receipt<'_>) -> Option<&'static str> {
    if receipt.failed_allocation.is_some() {
        return Some("MEMO-04");
    }
    if receipt.failed_callback.is_some() {
        return Some("ROBU-02");
    }
    (receipt.cancelled().is_some() || receipt.logoff.is_some()).then_some("ROBU-03")
}

/// The requirement about what the case did to the candidate before an event.
pub(super) fn cause_before(model: &Model<'_>, n: u64) -> Option<&'static str> {
    if model.facts_of("allocation-failed").any(|fact| fact.n < n) {
        return Some("MEMO-04");
    }
    if model.disturbed_before(n).is_some() {
        return Some("ROBU-02");
    }
    model.stopped_before(n).then_some("ROBU-03")
}

/// A message that was disturbed on its way is whole or does not come at all, comes once, and leaves nothing open. One that
/// does not come again is found by the wait for its announcement.
pub(super) fn survived(context: &Context<'_>, requirement: &str, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in model.receipts.iter().filter(|receipt| cause(receipt) == Some(requirement)) {
        let (opened, left) = left_open(model, receipt);
        if opened > 0 {
            verdicts.holds(left.is_empty(), model.start_of(receipt).end(), "nothing is left open", || {
                left.join(", ")
            });
        }
    }
    for (delivery, mail) in known(context) {
        if cause(&model.receipts[delivery.receipt]) != Some(requirement) {
            continue;
        }
        for lacking in mail.missing(delivery.content).into_iter().chain(mail.differences(delivery.content)) {
            verdicts.broken(
                delivery.n,
                format!("the message comes whole or not at all: {}", lacking.due),
                lacking.seen,
            );
        }
    }
    for delivery in &context.ledger.deliveries {
        if let Identity::Again(place) = delivery.is
            && cause_before(model, delivery.n) == Some(requirement)
        {
            let name = context.ledger.arrivals[place].name;
            verdicts.broken(delivery.n, format!("`{name}` is delivered once"), "it was delivered again");
        }
    }
}

/// Derived from page `interacting-with-the-mapi-spooler`. A process that ended is assigned by where it did.
fn lives_on(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.model.calls.all().iter().any(|call| !call.by_candidate() && call.ret.is_some()) {
        verdicts.exercised();
    }
}

/// Derived from pages `ixplogon-startmessage` and `ixplogon-submitmessage`.
fn survives_errors(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.model.calls.all().iter().any(|call| call.by_candidate() && call.made_to_fail()) {
        verdicts.exercised();
    }
    survived(context, "ROBU-02", verdicts);
}

/// Derived from page `ixplogon-transportnotify`.
fn survives_cancellation(context: &Context<'_>, verdicts: &mut Verdicts) {
    let sending = context.outbound.submissions.iter().any(|submission| submission.cancelled().is_some());
    if sending || context.model.receipts.iter().any(|receipt| receipt.cancelled().is_some()) {
        verdicts.exercised();
    }
    survived(context, "ROBU-03", verdicts);
}

/// Outputs of which another requirement speaks by name.
const ELSEWHERE: &[(&str, &str)] = &[
    ("XPProviderInit", "lpulProviderVer"),
    ("XPProviderInit", "lppXPProvider"),
    ("IXPProvider.TransportLogon", "lppXPLogon"),
    ("MSProviderInit", "lpulProviderVer"),
    ("MSProviderInit", "lppMSProvider"),
    ("IMSProvider.Logon", "lppMSLogon"),
    ("IMSProvider.Logon", "lppMDB"),
    ("IMSProvider.SpoolerLogon", "lppMSLogon"),
    ("IMSProvider.SpoolerLogon", "lppMDB"),
    // No data and no description are answers, too (page `imsprovider-logon`).
    ("IMSProvider.Logon", "lpcbSpoolSecurity"),
    ("IMSProvider.Logon", "lppbSpoolSecurity"),
    ("IMSProvider.Logon", "lppMAPIError"),
    ("IMSProvider.SpoolerLogon", "lppMAPIError"),
    // The page leaves it to the provider whether there is one.
    ("IXPProvider.TransportLogon", "lppMAPIError"),
    ("IXPLogon.OpenStatusEntry", "lppEntry"),
    ("IXPLogon.RegisterOptions", "lpcOptions"),
    ("IXPLogon.RegisterOptions", "lppOptions"),
    // Filled in with two results only (page `ixplogon-submitmessage`).
    ("IXPLogon.SubmitMessage", "lpulReturnParm"),
];

/// Outputs that come in as well: leaving them as they are may be right, and where it is not another requirement says so.
const BOTH_WAYS: &[&str] = &["lpulFlags", "lpulMsgRef", "lppvData", "lppProblems"];

/// Derived from the pages of the methods, and page `allocating-and-freeing-memory-in-mapi` for calls that fail.
fn outputs(context: &Context<'_>, verdicts: &mut Verdicts) {
    for call in context.model.calls.all().iter().filter(|call| !call.by_candidate()) {
        let Some(ret) = &call.ret else { continue };
        let both_ways = |name: &str| BOTH_WAYS.contains(&name) && call.m != "IXPLogon.EndMessage";
        let judged = |name: &str| !both_ways(name) && !ELSEWHERE.contains(&(call.m, name));
        if call.succeeded() {
            // Cells are filled beforehand only where the case asks for it: elsewhere there is nothing to see.
            for name in ret.unwritten.iter().filter(|name| judged(name)) {
                verdicts.broken(
                    ret.n,
                    format!("{} writes *{name} where it succeeds", call.m),
                    "it was left as it was",
                );
            }
            if ret.out.keys().any(|name| judged(name)) {
                verdicts.exercised();
            }
        } else if call.failed() {
            for (name, value) in ret.out.iter().filter(|(name, _)| judged(name)) {
                if left_behind(value) {
                    verdicts.broken(
                        ret.n,
                        format!("no object in *{name} where {} fails", call.m),
                        left_in_words(call, value),
                    );
                }
            }
        }
    }
}

fn left_behind(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text == "left behind" || text.contains('#'))
}

fn left_in_words(call: &Call<'_>, value: &Value) -> String {
    format!("{}, together with {}", value.as_str().unwrap_or("an object"), call.result())
}

/// Page `imapisupport-statusrecips`: what it accepted is MAPI's to free. A second Free is seen at the gate.
fn taken_over(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.model.calls.candidate("IMAPISupport.StatusRecips").next().is_some() {
        verdicts.exercised();
    }
}
