//! RECV: what is delivered, and how often.

use super::robu;
use crate::judge::ledger::{Delivery, Identity};
use crate::judge::mail::Mail;
use crate::judge::receipt::saved_subjects;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::values::{find, ids};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "RECV-04", check: complete },
    Rule { id: "RECV-13", check: addressed },
    Rule { id: "RECV-16", check: once },
    Rule { id: "RECV-17", check: faithful },
    Rule { id: "RECV-19", check: one_at_a_time },
];

/// The deliveries of mails that the case knows, each with what must have arrived.
pub(super) fn known<'a, 't>(context: &'a Context<'t>) -> impl Iterator<Item = (&'a Delivery<'t>, &'t Mail)> {
    context.ledger.deliveries.iter().filter_map(|delivery| match delivery.is {
        Identity::Mail(place) | Identity::Again(place) => {
            Some((delivery, context.ledger.arrivals[place].mail?))
        }
        Identity::Empty | Identity::Unknown => None,
    })
}

/// What the case disturbed is judged by the requirement about the disturbance.
fn undisturbed(context: &Context<'_>, delivery: &Delivery<'_>) -> bool {
    robu::cause(&context.model.receipts[delivery.receipt]).is_none()
}

/// Pages `message-reception-model`, step 4, and `transport-provider-role-in-the-mapi-subsystem`: values for all required
/// properties.
fn complete(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (delivery, mail) in known(context).filter(|(delivery, _)| undisturbed(context, delivery)) {
        verdicts.exercised();
        for lacking in mail.missing(delivery.content) {
            verdicts.broken(delivery.n, lacking.due, lacking.seen);
        }
    }
    for delivery in context.ledger.deliveries.iter().filter(|delivery| delivery.is == Identity::Empty) {
        if context.ledger.waits(delivery.n) && undisturbed(context, delivery) {
            verdicts.broken(delivery.n, "the message's data in the message", "an empty message was saved");
        }
    }
}

/// Page `ixplogon-startmessage`: all required addressing properties for every recipient.
fn addressed(context: &Context<'_>, verdicts: &mut Verdicts) {
    for delivery in &context.ledger.deliveries {
        for (place, row) in delivery.content.recipients.iter().enumerate() {
            for (wanted, name) in [
                (ids::PR_RECIPIENT_TYPE, "PR_RECIPIENT_TYPE"),
                (ids::PR_DISPLAY_NAME, "PR_DISPLAY_NAME"),
                (ids::PR_ADDRTYPE, "PR_ADDRTYPE"),
                (ids::PR_EMAIL_ADDRESS, "PR_EMAIL_ADDRESS"),
            ] {
                // A type or an address of no characters addresses nobody.
                let telling = [ids::PR_ADDRTYPE, ids::PR_EMAIL_ADDRESS].contains(&wanted);
                let found = find(row, wanted).filter(|prop| !telling || prop.value != "");
                verdicts.holds(found.is_some(), delivery.n, format!("{name} in every recipient row"), || {
                    format!("none in row {place}")
                });
            }
        }
    }
}

/// Derived from page `message-reception-model`. A message that does not come at all is found by the wait for its
/// announcement.
fn once(context: &Context<'_>, verdicts: &mut Verdicts) {
    for delivery in &context.ledger.deliveries {
        verdicts.exercised();
        match delivery.is {
            Identity::Mail(_) | Identity::Empty => {}
            Identity::Again(place) => {
                // After a disturbance a repetition is its consequence.
                if robu::cause_before(&context.model, delivery.n).is_none() {
                    let name = context.ledger.arrivals[place].name;
                    verdicts.broken(
                        delivery.n,
                        format!("`{name}` is delivered once"),
                        "it was delivered again",
                    );
                }
            }
            Identity::Unknown => {
                verdicts.broken(delivery.n, "what arrived is delivered", "a message that never arrived");
            }
        }
    }
}

/// Derived from page `transport-provider-role-in-the-mapi-subsystem`.
fn faithful(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (delivery, mail) in known(context).filter(|(delivery, _)| undisturbed(context, delivery)) {
        verdicts.exercised();
        if saved_subjects(&context.model, &context.model.receipts[delivery.receipt]).len() > 1 {
            continue;
        }
        let now = context.input.trace.clock_at(delivery.n);
        let untimely = now.map(|now| mail.untimely(delivery.content, now)).unwrap_or_default();
        for difference in mail.differences(delivery.content).into_iter().chain(untimely) {
            verdicts.broken(delivery.n, difference.due, difference.seen);
        }
    }
}

/// Page `ixplogon-startmessage`: the transfer of an inbound message, one.
fn one_at_a_time(context: &Context<'_>, verdicts: &mut Verdicts) {
    for delivery in &context.ledger.deliveries {
        let receipt = &context.model.receipts[delivery.receipt];
        let subjects = saved_subjects(&context.model, receipt);
        verdicts.holds(subjects.len() < 2, delivery.n, "StartMessage delivers one message", || {
            format!("one message object was saved with the subjects {}", subjects.join(", "))
        });
    }
}
