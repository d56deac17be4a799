//! What the case did not expect and no rule explains.

use mapi_spi::flags;
use mock_spooler::trace::event::What;

use super::Attributed;
use crate::judge::model::{Model, StepSpan};
use crate::judge::rule::Context;
use crate::judge::values::number_of;

/// The last resort, where a step saw something else than was due and no rule has said why.
pub(crate) fn unexplained(context: &Context<'_>) -> Vec<Attributed> {
    let model = &context.model;
    let each = model.events().iter().filter_map(|event| {
        let step = model.step_at(event.n);
        // A call that the case made to fail may well fail; only mail is still to come then.
        let fetches = step.is_some_and(|step| matches!(step.verb, "announce" | "receive" | "start-message"));
        if !fetches && super::illegal::disturbance(model, event.n).is_some() {
            return None;
        }
        let (due, seen) = match &event.what {
            What::Unexpected { due, seen } => (due.clone(), seen.clone()),
            What::LoadFailed { detail } => ("the library loads".to_owned(), detail.clone()),
            What::TimedOut { waiting, ms, .. } if waiting != "announcement" && waiting != "thread" => {
                (format!("{waiting} within {ms} ms"), "nothing".to_owned())
            }
            _ => return None,
        };
        let requirement = match &event.what {
            // Whatever step needed the library first.
            What::LoadFailed { .. } if step.is_some_and(|step| of_store(step.verb).is_some()) => "STOR-01",
            What::LoadFailed { .. } => "LIFE-01",
            _ => step.map_or("LIFE-01", |step| cause(model, step)),
        };
        Some(Attributed { requirement, event: Some(event.n), due, seen, level: None })
    });
    each.collect()
}

fn cause(model: &Model<'_>, step: &StepSpan<'_>) -> &'static str {
    match step.verb {
        "load" => {
            let inits = model.calls.spooler("XPProviderInit").map(|index| model.calls.at(index));
            let other = |version: u64| version != u64::from(flags::CURRENT_SPI_VERSION);
            let mut here = inits.filter(|call| step.from < call.n && call.n < step.to);
            if here.any(|call| number_of(call.args, "ulMAPIVer").is_some_and(other)) {
                "LIFE-03"
            } else {
                "LIFE-02"
            }
        }
        "logon" => refused(model, step),
        "begin" | "end" | "transport-notify" => "CTRL-01",
        "announce" | "receive" | "start-message" => receipt_cause(model, step),
        "poll" => "POLL-02",
        "nothing-waits" => {
            let polled =
                model.sessions.iter().any(|session| session.name == step.session && session.polled());
            if polled { "POLL-02" } else { "RECV-16" }
        }
        "validate-state" => "VALS-01",
        "address-types" => "ADDR-01",
        "flush-queues" => "FLSH-01",
        "open-status-entry" => "STAT-06",
        "query-interface" => "LIFE-09",
        "logoff" => "LOFF-01",
        "release-logon" => "LIFE-08",
        "shutdown" => "LIFE-07",
        "unload" => "LIFE-10",
        "send" | "sent" => "SEND-15",
        verb => of_store(verb).unwrap_or("ROBU-01"),
    }
}

/// What a step that concerns a store is about.
fn of_store(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "load-store" => "STOR-01",
        "open-store" | "store-again" => "STOR-02",
        "folders" => "STOR-15",
        "compare-stores" => "STOR-17",
        "compose" | "submit" | "send-from-store" => "STOR-03",
        "spool" | "queue" => "STOR-06",
        "lock" | "unlock" => "STOR-10",
        "finish" | "locate" => "STOR-12",
        "abort" => "STOR-11",
        "open-message" => "STOR-09",
        "advise" | "unadvise" => "STOR-14",
        "close-store" | "shutdown-store" => "STOR-16",
        _ => return None,
    })
}

/// A logon that was refused with less than the usual flags is refused for want of what the other direction needs.
fn refused(model: &Model<'_>, step: &StepSpan<'_>) -> &'static str {
    let one_way = flags::LOGON_NO_INBOUND | flags::LOGON_NO_OUTBOUND;
    let session = model.sessions.iter().find(|session| step.from < session.from && session.from < step.to);
    match session.filter(|session| session.logon.is_none()).map(|session| session.passed & one_way) {
        Some(flags::LOGON_NO_OUTBOUND) => "LOGON-05",
        _ => "LOGON-02",
    }
}

fn receipt_cause(model: &Model<'_>, step: &StepSpan<'_>) -> &'static str {
    let receipt = model.receipts.iter().rev().find(|receipt| {
        let start = model.start_of(receipt);
        step.from < start.n && start.n < step.to
    });
    match receipt {
        Some(receipt) if model.saves(receipt).any(super::super::calls::Call::made_to_fail) => "RECV-15",
        Some(receipt) if receipt.failed_allocation.is_some() => "MEMO-04",
        Some(receipt) if receipt.failed_callback.is_some() => "ROBU-02",
        Some(receipt) if receipt.cancelled().is_some() => "CANC-02",
        Some(_) | None => "RECV-16",
    }
}
