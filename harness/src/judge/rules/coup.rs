//! COUP: a store and a transport that are coupled - the row, the pair, and what it shows to MAPI.

use mapi_spi::flags;
use mock_spooler::trace::event::Prop;
use serde_json::Value;

use crate::judge::calls::Call;
use crate::judge::model::{Fact, Model};
use crate::judge::passage::{Passage, Path, ok};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::served::{Situation, claims_coupled, first_expanded, situation};
use crate::judge::session::{Session, spooler_flags};
use crate::judge::values::{find, ids, is_null, number_of};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "COUP-01", check: published },
    Rule { id: "COUP-02", check: connected },
    Rule { id: "COUP-03", check: uncoupled },
    Rule { id: "COUP-10", check: completed },
    Rule { id: "COUP-11", check: announced },
    Rule { id: "COUP-13", check: stays },
];

/// The session that a comparison is about.
fn session_of<'a, 't>(model: &'a Model<'t>, fact: &Fact<'_>) -> Option<&'a Session<'t>> {
    let named = |session: &&Session<'_>| session.name == fact.text("session") && session.from < fact.n;
    model.sessions.iter().rev().find(named).filter(|session| fact.n < session.to)
}

/// The comparisons of a transport's row with a store while both are open.
fn comparisons<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Fact<'a>> {
    let model = &context.model;
    model.facts_of("coupling").filter(move |fact| {
        let open = session_of(model, fact).is_some_and(|session| fact.n < model.closing(session));
        let store = context.stores.client(fact.text("store"), fact.n).is_some_and(|store| fact.n < store.to);
        fact.text("why") != "end" && open && store
    })
}

fn own_store(row: &[Prop]) -> Option<&Prop> {
    find(row, ids::PR_OWN_STORE_ENTRYID)
}

/// Page `tightly-coupled-message-store-providers`: the transport places the store's identifier in its row. Whether in the
/// first row or once the store is there is left open.
fn published(context: &Context<'_>, verdicts: &mut Verdicts) {
    if !claims_coupled(context) {
        return;
    }
    let model = &context.model;
    let mut told = Vec::new();
    for fact in comparisons(context) {
        let Some(session) = session_of(model, fact) else { continue };
        let later = model.rows_of(session).filter(|row| row.n > fact.n);
        let later = later.filter_map(|row| row.columns).any(|columns| own_store(columns).is_some());
        let there = fact.value.get("own").is_some_and(|own| !own.is_null()) || later;
        // Once for each session is enough.
        if there || !told.contains(&session.from) {
            verdicts.holds(
                there,
                fact.n,
                "PR_OWN_STORE_ENTRYID in the row of a transport that is coupled with a store",
                || format!("the row of session `{}` has none", session.name),
            );
        }
        told.push(session.from);
    }
}

/// What the spooler owes: pages `tightly-coupled-message-store-providers` and `imsprovider-comparestoreids`.
fn connected(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in comparisons(context) {
        let own = fact.value.get("own").is_some_and(|own| !own.is_null());
        let coupled = fact.truth("coupled") == Some(true);
        if let Some(compared) = fact.truth("compared") {
            verdicts.holds(
                coupled == compared,
                fact.n,
                "the pair is what CompareStoreIDs says it is",
                || format!("it said {compared}, and the pair was taken for {coupled}"),
            );
        } else {
            verdicts.holds(own || !coupled, fact.n, "a pair only where the row names its store", || {
                "a pair without an identifier".to_owned()
            });
        }
    }
}

/// Page `tightly-coupled-message-store-providers`: nobody needs to be coupled. There is no way to break it.
fn uncoupled(context: &Context<'_>, verdicts: &mut Verdicts) {
    if !claims_coupled(context) && context.stores.logons.iter().any(|logon| logon.object.is_some()) {
        verdicts.exercised();
    }
}

/// Page `imapisupport-completemsg`.
fn completed(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.candidate("IMAPISupport.CompleteMsg") {
        let fact = model.facts_of("complete-msg").find(|fact| fact.n > call.n);
        let passage = fact.and_then(|fact| context.stores.passage(fact));
        let Some(passage) = passage else {
            if call.ret.is_some() && fact.is_some() {
                verdicts.broken(
                    call.n,
                    "CompleteMsg with the identifier of a message that was submitted",
                    "an identifier of none",
                );
            }
            continue;
        };
        let coupled = model.coupled_with(passage.store, call.n).is_some()
            || passage.submits.iter().any(|submit| submit.n < call.n && submit.coupled);
        verdicts.holds(
            coupled,
            call.n,
            "CompleteMsg only by a store that is coupled with a transport",
            || format!("it was called for `{}` while no transport was", passage.name),
        );
        if let Some(other) = unserved(model, passage).filter(|_| coupled) {
            verdicts.broken(
                call.n,
                "CompleteMsg only where the pair can serve all recipients",
                format!("`{}` has {other}, whom it cannot serve", passage.name),
            );
        }
        verdicts.holds(
            number_of(call.args, "ulFlags").unwrap_or(0) == 0,
            call.n,
            "ulFlags of CompleteMsg is zero",
            || format!("{:?}", call.args.get("ulFlags")),
        );
    }
}

/// A recipient of whom MAPI said that the pair cannot serve it.
fn unserved<'t>(model: &Model<'t>, passage: &Passage<'t>) -> Option<&'t str> {
    let expanded = first_expanded(model, passage)?;
    if expanded.answered & flags::NEEDS_SPOOLER == 0 {
        return None;
    }
    expanded.recipients.iter().map(|(address, _)| *address).find(|address| !expanded.handles(address))
}

/// Page `imapisupport-spoolernotify`. Mail of which nothing tells is found by the wait for its announcement.
fn announced(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let told = |call: &&Call<'_>| spooler_flags(call) & flags::NOTIFY_NEWMAIL_RECEIVED != 0;
    for call in model.calls.candidate("IMAPISupport.SpoolerNotify").filter(told) {
        if context.stores.with_support(call.obj).is_none() {
            continue;
        }
        verdicts.holds(
            !is_null(call.args, "lpvData"),
            call.n,
            "lpvData points to a NEWMAIL_NOTIFICATION with NOTIFY_NEWMAIL_RECEIVED",
            || "it is null".to_owned(),
        );
        let form = call.args.get("lpvData").and_then(|data| data.get("form")).and_then(Value::as_str);
        if let Some(form) = form {
            verdicts.holds(
                form == "NEWMAIL_NOTIFICATION",
                call.n,
                "lpvData points to a NEWMAIL_NOTIFICATION",
                || format!("it points to a {form}"),
            );
        }
    }
    for fact in model.facts_of("new-mail").filter(|fact| !fact.text("hr").is_empty()) {
        verdicts.holds(
            ok(fact),
            fact.n,
            "the message that NOTIFY_NEWMAIL_RECEIVED names can be opened",
            || fact.text("hr").to_owned(),
        );
        // Page `newmail_notification`. What the message does not tell of itself cannot be compared.
        for (member, due, seen) in [
            ("same-parent", "lpParentID names the folder in which the message is", "it names another object"),
            ("same-class", "lpszMessageClass is the class of the message", "it is another one"),
        ] {
            verdicts.holds(fact.truth(member) != Some(false), fact.n, due, || seen.to_owned());
        }
    }
    for direct in &context.ledger.direct {
        if let Some(name) = direct.again {
            verdicts.broken(direct.n, format!("`{name}` is delivered once"), "it was announced again");
        }
        let Some((content, mail)) = &direct.is else { continue };
        verdicts.exercised();
        for lacking in mail.missing(content).into_iter().chain(mail.differences(content)) {
            verdicts.broken(
                direct.n,
                format!("the mail is in the store as it came: {}", lacking.due),
                lacking.seen,
            );
        }
    }
}

/// Derived from page `tightly-coupled-message-store-providers` and page `imapisupport-modifystatusrow`: the row keeps what an
/// update does not name, and the identifier is that of the store of the same profile. A store can have more than one valid
/// identifier (page `imsprovider-comparestoreids`): whether another one still names it CompareStoreIDs says, and no comparison of
/// bytes.
fn stays(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let mut was_there = false;
        for row in model.rows_of(session) {
            // The row goes with its session.
            let Some(columns) = row.columns.filter(|_| row.n < model.closing(session)) else { continue };
            let is_there = own_store(columns).is_some();
            if was_there {
                let due = "PR_OWN_STORE_ENTRYID stays in the row through its changes";
                verdicts.holds(is_there, row.n, due, || "it is gone".to_owned());
            }
            was_there = is_there;
        }
    }
    for fact in comparisons(context).filter(|_| claims_coupled(context)) {
        if fact.value.get("own").is_some_and(|own| !own.is_null()) {
            verdicts.holds(
                fact.truth("coupled") == Some(true),
                fact.n,
                "PR_OWN_STORE_ENTRYID is the identifier of the store of the same profile",
                || "CompareStoreIDs says that it is not".to_owned(),
            );
        }
    }
}

/// Whether a message went past the spooler though it was to go through the queue.
pub(super) fn bypasses(context: &Context<'_>, passage: &Passage<'_>) -> bool {
    matches!(situation(context, passage), Situation::Alone | Situation::Fallback)
        && matches!(passage.path(&context.model), Some((_, Path::Direct | Path::Completed)))
}
