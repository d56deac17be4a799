//! STOR: a message that was sent is put where it belongs, and one that comes in is delivered.

use mapi_spi::{HRESULT, flags};

use crate::judge::calls::Call;
use crate::judge::model::Fact;
use crate::judge::passage::{Passage, ok, submit_flag};
use crate::judge::rule::{Context, Rule, Verdicts};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "STOR-12", check: finished },
    Rule { id: "STOR-14", check: new_mail },
    Rule { id: "STOR-15", check: delivered },
];

/// Page `imsgstore-finishedmsg`.
fn finished(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IMsgStore.FinishedMsg").map(|index| model.calls.at(index)) {
        let within = model.calls.during(call);
        let failed = within.iter().any(|inner| inner.by_candidate() && inner.made_to_fail());
        if call.ret.is_none() || failed || model.allocation_failed(call.n, call.end()) {
            continue;
        }
        verdicts.holds(call.succeeded(), call.end(), "FinishedMsg succeeds for the spooler", || {
            call.result().to_owned()
        });
        let told = |inner: &Call<'_>| inner.by_candidate() && inner.m == "IMAPISupport.DoSentMail";
        let count = within.iter().filter(|inner| told(inner)).count();
        if call.succeeded() {
            verdicts.holds(count == 1, call.end(), "FinishedMsg calls DoSentMail", || match count {
                0 => "it did not".to_owned(),
                count => format!("{count} times"),
            });
        }
    }
    for passage in &context.stores.passages {
        let Some(done) = passage.facts(model, "finished").filter(|fact| ok(fact) && !by_client(fact)).last()
        else {
            continue;
        };
        if passage.disturbed(model).is_some() {
            continue;
        }
        let resubmitted = passage.submits.iter().any(|submit| submit.n > done.n);
        if let Some(queue) = passage.queues(model).find(|queue| queue.n > done.n && !resubmitted) {
            verdicts.broken(
                queue.n,
                format!("`{}` is in the outgoing queue no more once FinishedMsg has returned", passage.name),
                "it stands in it",
            );
        }
        for located in passage.facts(model, "located").filter(|located| located.n > done.n) {
            verdicts.exercised();
            if let Some((due, seen)) = misplaced(passage, located, false) {
                verdicts.broken(located.n, due, seen);
            }
        }
    }
}

fn by_client(fact: &Fact<'_>) -> bool {
    fact.text("by") == "client"
}

/// Where a message that was sent lies and should not, in words. A pair that does this itself copies the message where FinishedMsg
/// moves it (page `sending-messages-by-using-message-store-providers`), so that the first one may stay.
pub(super) fn misplaced(passage: &Passage<'_>, located: &Fact<'_>, copies: bool) -> Option<(String, String)> {
    let folders = located.value.get("folders")?;
    let count = |name: &str| folders.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let (outbox, sent) = (count("outbox"), count("sent"));
    let name = passage.name;
    let seen = format!("{outbox} in the folder it was sent from, {sent} in the sent mail's");
    let fits = match (passage.sent_mail, passage.delete_after) {
        (false, false) => outbox == 1 && sent == 0,
        (true, false) => sent == 1 && (outbox == 0 || copies && outbox == 1),
        (false, true) => outbox == 0 && sent == 0,
        // Clients set one of the two; with both, whether it is moved before it is deleted is left to the store.
        (true, true) => outbox == 0 && sent <= 1,
    };
    let due = match (passage.sent_mail, passage.delete_after) {
        (false, false) => format!("`{name}` stays where it was, with neither property set"),
        (true, false) => format!("`{name}` is moved to the folder of PR_SENTMAIL_ENTRYID"),
        (false, true) => format!("`{name}` is deleted, as PR_DELETE_AFTER_SUBMIT asks"),
        (true, true) => format!("`{name}` is deleted, moved before or not"),
    };
    if !fits {
        return Some((due, seen));
    }
    let unlocked = || format!("`{name}` is unlocked");
    if submit_flag(located, flags::SUBMITFLAG_LOCKED) == Some(true) {
        return Some((unlocked(), "SUBMITFLAG_LOCKED is set".to_owned()));
    }
    // A message that the spooler has locked is answered so, see STOR-08; nothing else refuses the client what it has sent.
    (located.text("opened") == HRESULT::MAPI_E_NO_ACCESS.to_string())
        .then(|| (unlocked(), "a client that opens it gets MAPI_E_NO_ACCESS".to_owned()))
}

/// Page `imsgstore-notifynewmail`.
fn new_mail(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("notify-new-mail") {
        if context.model.disturbed_before(fact.n).is_some() {
            continue;
        }
        let code = HRESULT::from_name(fact.text("hr"));
        verdicts.holds(
            code.is_none_or(HRESULT::is_ok),
            fact.n,
            "NotifyNewMail succeeds for the spooler",
            || fact.text("hr").to_owned(),
        );
        for (member, due, seen) in [
            ("changed", "the NOTIFICATION is left as it is", "it was changed"),
            ("freed", "the NOTIFICATION is the caller's", "it was freed"),
        ] {
            verdicts.holds(fact.truth(member) != Some(true), fact.n, due, || seen.to_owned());
        }
        passed_on(fact, verdicts);
        let (sinks, advised) = (fact.value.get("sinks"), fact.value.get("advised"));
        let number = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_u64);
        if let (Some(sinks), Some(advised)) = (number(sinks), number(advised)) {
            verdicts.holds(
                sinks >= advised,
                fact.n,
                format!("fnevNewMail reaches the {advised} clients that asked for it"),
                || format!("it reached {sinks}"),
            );
        }
    }
}

/// What a client's sink is told is what the spooler told the store, once.
fn passed_on(fact: &Fact<'_>, verdicts: &mut Verdicts) {
    let told: Vec<_> =
        fact.value.get("told").and_then(serde_json::Value::as_array).into_iter().flatten().collect();
    let truth = |one: &serde_json::Value, member: &str| one.get(member).and_then(serde_json::Value::as_bool);
    for one in &told {
        for (member, due) in [
            ("same", "fnevNewMail tells clients of the message that the spooler named"),
            ("same-parent", "fnevNewMail names the folder of which the spooler told"),
        ] {
            verdicts.holds(truth(one, member) != Some(false), fact.n, due, || {
                "it names another object".to_owned()
            });
        }
        let again = told
            .iter()
            .filter(|other| other.get("sink") == one.get("sink") && truth(other, "same") == Some(true));
        let times = again.count();
        verdicts.holds(times < 2, fact.n, "fnevNewMail comes once for each NotifyNewMail", || {
            format!("one sink got it {times} times")
        });
    }
}

/// Pages `imsgstore-setreceivefolder` and `imsgstore-getreceivefolder`. A store that refuses leaves the setting as it is.
fn receive_folders(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("receive-folder-set").filter(|fact| ok(fact)) {
        let class = fact.text("class");
        verdicts.holds(
            fact.truth("same") == Some(true),
            fact.n,
            format!("GetReceiveFolder names for {class} the folder that SetReceiveFolder was given, or the default"),
            || match fact.text("after-hr") {
                "" => "it names another one".to_owned(),
                code => code.to_owned(),
            },
        );
        verdicts.holds(
            fact.truth("others-kept") != Some(false),
            fact.n,
            format!("SetReceiveFolder for {class} leaves other classes where they were"),
            || "the folder for notes is another one".to_owned(),
        );
    }
}

/// Page `receiving-messages-by-using-message-store-providers`.
fn delivered(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    receive_folders(context, verdicts);
    for fact in model.facts_of("delivered-to-store") {
        verdicts.holds(
            fact.truth("found") != Some(false),
            fact.n,
            "a message that was saved is in the receive folder",
            || "it is not there".to_owned(),
        );
    }
    let undisturbed = |call: &&Call<'_>| {
        call.ret.is_some()
            && !model.allocation_failed(call.n, call.end())
            && !model.calls.during(call).iter().any(|inner| inner.by_candidate() && inner.made_to_fail())
    };
    let folders = model.calls.all().iter().filter(|call| !call.by_candidate());
    let asked = folders.filter(|call| {
        matches!(
            call.m,
            "IMsgStore.GetReceiveFolder" | "IMsgStore.GetReceiveFolderTable" | "IMAPIFolder.CreateMessage"
        )
    });
    for call in asked.filter(undisturbed) {
        verdicts.holds(call.succeeded(), call.end(), format!("{} answers", call.method()), || {
            call.result().to_owned()
        });
    }
}
