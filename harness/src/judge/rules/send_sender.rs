//! SEND-12: who has sent a message.

use mock_spooler::trace::event::Prop;

use super::send::marks_anyone;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::submission::{Outgoing, Submission};
use crate::judge::values::{find, ids, props_of, text};

pub(super) const RULES: &[Rule] = &[Rule { id: "SEND-12", check: signed }];

const NAMES: [u32; 4] =
    [ids::PR_SENDER_ENTRYID, ids::PR_SENDER_SEARCH_KEY, ids::PR_SENDER_NAME, ids::PR_SENDER_EMAIL_ADDRESS];

/// Page `sending-messages-transport-provider-tasks`: the PR_SENDER group is the identity logged on. Which that is the status row
/// says; where it does not, only that the group was set can be seen.
fn signed(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for outgoing in context.outbound.outgoing.iter().filter(|outgoing| taken(context, outgoing)) {
        let Some(last) = context.outbound.of(outgoing).last() else { continue };
        let set: Vec<Prop> =
            context.outbound.of(outgoing).flat_map(|submission| sender_group(model, submission)).collect();
        let row =
            last.session.and_then(|place| model.row_at(&model.sessions[place], model.submit_of(last).n));
        let event = model.submit_of(last).end();
        let due = "the PR_SENDER group is the identity logged on";
        if set.is_empty() {
            verdicts.broken(event, due, "it was left as it had been");
        } else {
            verdicts.holds(row.is_none_or(|row| is_identity(&set, row)), event, due, || {
                let name =
                    text(&set, ids::PR_SENDER_NAME).or_else(|| text(&set, ids::PR_SENDER_EMAIL_ADDRESS));
                format!("it is {}", name.unwrap_or("another's identifier"))
            });
        }
    }
}

/// Whether the transport served a recipient of the message, with nothing in the way. That one is marked is not enough: others may have
/// served him, a store that is coupled with the transport among them.
fn taken(context: &Context<'_>, outgoing: &Outgoing<'_>) -> bool {
    let model = &context.model;
    let marks = |submission| model.uses_of(submission).any(|call| marks_anyone(call, outgoing));
    let served = outgoing.consignees.iter().filter(|consignee| consignee.due() && !consignee.nowhere());
    outgoing.done()
        && context.outbound.of(outgoing).all(Submission::undisturbed)
        && context.outbound.of(outgoing).any(marks)
        && served.into_iter().any(|consignee| {
            outgoing.marked(consignee) == Some(true) && context.outbound.times(outgoing, consignee) != Some(0)
        })
}

/// The properties of the group that were set on the message, the latest first.
pub(crate) fn sender_group(model: &Model<'_>, submission: &Submission<'_>) -> Vec<Prop> {
    let own = model.uses_of(submission).filter(|call| call.obj == submission.message && call.succeeded());
    let props =
        own.filter(|call| call.method() == "SetProps").flat_map(|call| props_of(call.args, "lpPropArray"));
    let mut set: Vec<Prop> = props.filter(|prop| NAMES.contains(&crate::judge::values::id(prop))).collect();
    set.reverse();
    set
}

/// Whether one of the group's properties tells of the identity in the row. Forms of a name differ: one may hold the other.
pub(super) fn is_identity(set: &[Prop], row: &[Prop]) -> bool {
    let same = |sender: u32, identity: u32| {
        let (Some(sender), Some(identity)) = (find(set, sender), find(row, identity)) else { return None };
        Some(sender.value == identity.value)
    };
    let display = text(row, ids::PR_IDENTITY_DISPLAY).map(str::to_lowercase);
    let within = |sender: u32| {
        let (sender, display) = (text(set, sender)?.to_lowercase(), display.as_ref()?);
        Some(!sender.is_empty() && (display.contains(&sender) || sender.contains(display.as_str())))
    };
    let told = [
        same(ids::PR_SENDER_ENTRYID, ids::PR_IDENTITY_ENTRYID),
        same(ids::PR_SENDER_SEARCH_KEY, ids::PR_IDENTITY_SEARCH_KEY),
        within(ids::PR_SENDER_NAME),
        within(ids::PR_SENDER_EMAIL_ADDRESS),
    ];
    told.iter().all(Option::is_none) || told.contains(&Some(true))
}
