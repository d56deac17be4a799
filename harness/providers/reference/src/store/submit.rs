//! `SubmitMessage`: through the spooler, or directly where the coupled transport can serve the message.
//!
//! Source pages: *imessage-submitmessage*, *sending-messages-by-using-message-store-providers*,
//! *sending-messages-message-store-provider-tasks*, *tightly-coupled-message-store-providers*, *imapisupport-completemsg*.

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    KEEP_OPEN_READWRITE, MAPI_P1, MSGFLAG_RESEND, MSGFLAG_SUBMIT, NEEDS_PREPROCESSING, NEEDS_SPOOLER,
    fnevObjectModified,
};
use mapi_spi::interfaces::IMessage;
use mapi_spi::tags as tag;

use super::data::{MessageData, Queued, Recipient};
use super::ids::Object;
use super::message::MessageNode;
use super::notify::{Event, announce};
use super::props::PropNode;
use super::queue::complete_own;
use super::session::StoreSession;
use crate::logon::Session;
use crate::mapi::Result;
use crate::{outbound, pair};

/// Submits a message. After success nothing but a release of it is allowed; after a failure it is as it was.
///
/// # Errors
///
/// `MAPI_E_NO_RECIPIENTS`, `MAPI_E_SUBMITTED` for one that is submitted already, `MAPI_E_NO_ACCESS` for one that was opened
/// for reading, `MAPI_E_NO_SUPPORT` for one within another, what saving or the support object answers.
pub(super) fn submit(message: &IMessage, node: &Arc<MessageNode>) -> Result<()> {
    let recipients = node.with_data(|data| data.recipients.len())?;
    let session = node.session();
    let id = node.id().ok_or(HRESULT::MAPI_E_NO_SUPPORT)?;
    let queued = session.core().lock().queued(id).copied();
    match queued {
        Some(queued) if queued.preprocess && session.is_spooler() => return go_on(message, node, queued),
        Some(_) => return Err(HRESULT::MAPI_E_SUBMITTED),
        None if !node.is_writable() => return Err(HRESULT::MAPI_E_NO_ACCESS),
        None if recipients == 0 => return Err(HRESULT::MAPI_E_NO_RECIPIENTS),
        None => node.save(KEEP_OPEN_READWRITE)?,
    }
    let draft = node.snapshot();
    let needs = match prepare(message, node) {
        Ok(needs) => needs,
        Err(code) => {
            node.restore(draft);
            return Err(code);
        }
    };
    let entry = Queued {
        message: id,
        locked: false,
        preprocess: needs & NEEDS_PREPROCESSING != 0,
        preprocessed: false,
        needs_spooler: needs & NEEDS_SPOOLER != 0,
        listed: true,
    };
    let routed = route(message, node, entry);
    if routed.is_err() {
        node.restore(draft);
    }
    routed
}

/// The spooler has preprocessed the message.
fn go_on(message: &IMessage, node: &Arc<MessageNode>, queued: Queued) -> Result<()> {
    if !node.is_writable() {
        return Err(HRESULT::MAPI_E_NO_ACCESS);
    }
    route(message, node, Queued { preprocess: false, preprocessed: true, ..queued })
}

/// What every submission begins with; answers what `ExpandRecips` says that it needs.
fn prepare(message: &IMessage, node: &Arc<MessageNode>) -> Result<u32> {
    let session = node.session();
    let again = node.with_data(|data| data.bag.bits(tag::PR_MESSAGE_FLAGS) & MSGFLAG_RESEND != 0)?;
    if again || session.settings().habits.prepare_always {
        session.ready_to_send()?;
        session.use_support()?.support().prepare_submit(message)?;
    }
    let time = session.core().lock().submission_time();
    node.change(|data| {
        let flags = data.bag.bits(tag::PR_MESSAGE_FLAGS) | MSGFLAG_SUBMIT;
        data.bag.mask(tag::PR_MESSAGE_FLAGS, flags);
        data.bag.time(tag::PR_CLIENT_SUBMIT_TIME, time);
        for recipient in &mut data.recipients {
            // Who got a message that is sent again has been marked by PrepareSubmit, and is not to get it twice.
            let has_it = again && recipient.bag.bits(tag::PR_RECIPIENT_TYPE) & MAPI_P1 != 0;
            recipient.bag.boolean(tag::PR_RESPONSIBILITY, has_it);
        }
    })?;
    session.use_support()?.support().expand_recips(message)
}

/// Sends the message, or leaves it to the spooler.
fn route(message: &IMessage, node: &Arc<MessageNode>, entry: Queued) -> Result<()> {
    if entry.preprocess {
        return enqueue(node, entry);
    }
    let left = send_own(message, node, &entry);
    match left {
        Sent::All if entry.preprocessed || node.session().settings().habits.complete_msg => {
            complete_by_mapi(node, entry)
        }
        Sent::All => {
            enter(node, Queued { listed: false, ..entry })?;
            complete_own(node.session(), entry.message);
            Ok(())
        }
        Sent::Some | Sent::None => enqueue(node, entry),
    }
}

/// What the pair has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    None,
    Some,
    All,
}

/// Sends the message through the coupled transport to those recipients that are the transport's. Where that fails nothing
/// was sent, and the message is as it was.
fn send_own(message: &IMessage, node: &Arc<MessageNode>, entry: &Queued) -> Sent {
    let session = node.session();
    let Some(transport) = pair::transport_of(session) else { return Sent::None };
    let before = node.snapshot();
    let unserved = before.recipients.iter().filter(|recipient| !is_served(recipient));
    let (own, others): (Vec<&Recipient>, Vec<&Recipient>) =
        unserved.partition(|recipient| is_own(recipient, &transport));
    // Where all are ours and the spooler is needed all the same, another transport is to have them.
    let not_ours = own.is_empty() || (entry.needs_spooler && others.is_empty());
    let special = own.iter().any(|recipient| {
        outbound::needs_the_spooler(&recipient.bag.string(tag::PR_EMAIL_ADDRESS_W).unwrap_or_default())
    });
    if not_ours || special || must_wait(session, entry.message, &transport) {
        return Sent::None;
    }
    let mut reference = 0;
    match outbound::submit(&transport, 0, message, |given| reference = given) {
        Ok(()) => {
            // Of use to the reference alone: what was sent is sent.
            let _ = outbound::end(&transport, reference);
            if others.is_empty() { Sent::All } else { Sent::Some }
        }
        Err(_) => {
            node.restore(before);
            Sent::None
        }
    }
}

fn is_served(recipient: &Recipient) -> bool {
    recipient.bag.is_set(tag::PR_RESPONSIBILITY)
}

fn is_own(recipient: &Recipient, transport: &Session) -> bool {
    let settings = transport.settings();
    let address_type = recipient.bag.string(tag::PR_ADDRTYPE_W);
    settings.habits.any_type || address_type.is_some_and(|own| own == settings.address_type)
}

/// Whether messages that were submitted before still wait to be sent by the same transport: order is kept.
fn must_wait(session: &StoreSession, message: u64, transport: &Session) -> bool {
    let data = session.core().lock();
    let earlier =
        data.queue.iter().take_while(|queued| queued.message != message).filter(|queued| queued.listed);
    let waits = |data: &MessageData| {
        data.recipients.iter().any(|recipient| !is_served(recipient) && is_own(recipient, transport))
    };
    earlier.filter_map(|queued| data.messages.get(&queued.message)).any(|stored| waits(&stored.data))
}

/// Into the outgoing queue.
fn enqueue(node: &Arc<MessageNode>, entry: Queued) -> Result<()> {
    enter(node, entry)?;
    tell(node.session(), entry.message);
    Ok(())
}

/// Leaves the rest to MAPI; does it itself where MAPI does not: the message is sent.
fn complete_by_mapi(node: &Arc<MessageNode>, entry: Queued) -> Result<()> {
    let session = node.session();
    enter(node, Queued { listed: false, ..entry })?;
    tell(session, entry.message);
    let id = session.key().message_id(entry.message);
    if session.use_support().and_then(|in_use| in_use.support().complete_msg(&id)).is_err() {
        complete_own(session, entry.message);
    }
    Ok(())
}

/// Saves the message and enters it among the submitted ones, at its place where it has one. It is closed from now on.
fn enter(node: &Arc<MessageNode>, entry: Queued) -> Result<()> {
    node.commit_with(|data, id| match data.queued_mut(id) {
        // What the spooler has locked stays locked.
        Some(known) => *known = Queued { locked: known.locked, ..entry },
        None => data.queue.push(entry),
    })?;
    node.finish();
    Ok(())
}

fn tell(session: &StoreSession, id: u64) {
    let parent = session.core().lock().messages.get(&id).map(|stored| stored.folder);
    let event = parent.map(|parent| Event {
        event: fnevObjectModified,
        object: Object::Message(id),
        parent,
        old: None,
    });
    announce(session.core(), event.as_slice());
}
