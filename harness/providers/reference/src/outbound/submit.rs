//! `SubmitMessage` and `EndMessage`. Source pages: *ixplogon-submitmessage*, *ixplogon-endmessage*,
//! *message-submission-model*, *sending-messages-transport-provider-tasks*.

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::{BEGIN_DEFERRED, END_DONT_RESEND, MAPI_UNICODE};
use mapi_spi::interfaces::IMessage;
use mapi_spi::tags as tag;

use super::compose::compose;
use super::deferral::ensure_thread;
use super::gather::Draft;
use super::outbox::Written;
use super::recipients::{Recipients, Treatment};
use super::relay;
use crate::logon::{Direction, Identity, InProcess, Session, Transfer};
use crate::mapi::{Props, Result, get_props, query_oddly, set_props};
use crate::time::now;

/// When a message that waits is to be tried again, in seconds.
const SOON: u32 = 1;
/// The same for one that cannot be sent without a connection.
const MUCH_LATER: u32 = 60;

/// Why a message is not taken, and where it helps, when to try again.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: HRESULT,
    pub(crate) seconds: Option<u32>,
}

impl From<HRESULT> for Refusal {
    fn from(code: HRESULT) -> Refusal {
        Refusal { code, seconds: None }
    }
}

/// Sends a message to those of its recipients that are this transport's. `refer` puts its reference into the spooler's
/// cell, before the message is touched.
///
/// Either all is done, or nothing: the last steps are those that the spooler undoes where this fails, and the renaming of a
/// file.
///
/// # Errors
///
/// `MAPI_E_BUSY` while outbound mail is off, `MAPI_E_NOT_ME` where no recipient is this transport's, `MAPI_E_WAIT` and
/// `MAPI_E_NETWORK_ERROR` with a time, `MAPI_E_CANCEL` for a deferred message that was aborted, `MAPI_E_USER_CANCEL` after
/// a cancellation; else what the callback answers that failed.
pub(crate) fn submit(
    session: &Arc<Session>,
    flags: u32,
    message: &IMessage,
    refer: impl FnOnce(u32),
) -> std::result::Result<(), Refusal> {
    let in_use = session.use_support()?;
    if session.is_offline() {
        return Err(Refusal { code: HRESULT::MAPI_E_NETWORK_ERROR, seconds: Some(MUCH_LATER) });
    }
    let mut submitting = {
        let mut state = session.lock();
        if !state.outbound && !state.outbound_flush {
            return Err(HRESULT::MAPI_E_BUSY.into());
        }
        let process = state.messages.begin(Direction::Outbound, session.settings().habits);
        // Under the lock: who reads the reference in the cell can cancel by it at once.
        refer(process.reference);
        Submitting { session, process, accepted: false }
    };
    let habits = session.settings().habits;
    if habits.status_extra {
        let _ = session.update_row(&in_use);
    }
    if habits.qi_odd {
        query_oddly(message);
    }
    let transfer = Transfer::new(session, &in_use, Arc::clone(&submitting.process));
    let result = transmit(session, &transfer, flags, message, submitting.process.reference);
    submitting.accepted = result.is_ok();
    drop(submitting);
    if habits.status_extra {
        let _ = session.update_row(&in_use);
    }
    result
}

/// `EndMessage`: the message's reference is free from now on. Answers what the spooler is to do with the message.
///
/// # Errors
///
/// `MAPI_E_INVALID_OBJECT` after logoff. A reference that names no message is no error: the page has no other answer.
pub(crate) fn end(session: &Session, reference: u32) -> Result<u32> {
    let in_use = session.use_support()?;
    let (known, deferred) = {
        let mut state = session.lock();
        let message = state.messages.get(reference).filter(|known| known.direction == Direction::Outbound);
        match message {
            Some(message) => {
                state.messages.end(reference);
                (true, state.sending.end(reference, message.is_cancelled()))
            }
            None => (false, false),
        }
    };
    session.wake();
    if known && session.settings().habits.status_extra {
        let _ = session.update_row(&in_use);
    }
    Ok(if deferred { END_DONT_RESEND } else { 0 })
}

/// The call's entry among the messages in process; it stays there for `EndMessage` where the message was accepted.
struct Submitting<'a> {
    session: &'a Session,
    process: Arc<InProcess>,
    accepted: bool,
}

impl Drop for Submitting<'_> {
    fn drop(&mut self) {
        if !self.accepted {
            self.session.lock().messages.end(self.process.reference);
        }
    }
}

fn transmit(
    session: &Arc<Session>,
    transfer: &Transfer<'_>,
    flags: u32,
    message: &IMessage,
    reference: u32,
) -> std::result::Result<(), Refusal> {
    let mut recipients = Recipients::read(transfer, message).map_err(not_a_refusal)?;
    let settings = session.settings();
    let address_type = Some(settings.address_type.as_str()).filter(|_| !settings.habits.any_type);
    let own = recipients.own(address_type);
    if own.is_empty() {
        return Err(HRESULT::MAPI_E_NOT_ME.into());
    }
    let asks_for = |treatment| own.iter().any(|index| recipients.all()[*index].treatment() == treatment);
    let again = flags & BEGIN_DEFERRED != 0;
    if again || asks_for(Treatment::TryAgain) || asks_for(Treatment::Defer) {
        let entry = entry_id(transfer, message).map_err(not_a_refusal)?;
        let mut state = session.lock();
        if again && state.sending.came_back(&entry) {
            return Err(HRESULT::MAPI_E_CANCEL.into());
        }
        if asks_for(Treatment::TryAgain) && state.sending.is_first_try(&entry) {
            return Err(Refusal { code: HRESULT::MAPI_E_WAIT, seconds: Some(SOON) });
        }
        if asks_for(Treatment::Defer) && !again {
            drop(state);
            ensure_thread(session)?;
            session.lock().sending.defer(reference, entry);
            return Ok(());
        }
    }
    let written = send(session, transfer, message, &mut recipients, &own)?;
    if let Some(written) = written {
        if settings.habits.queued && ensure_thread(session).is_ok() {
            session.lock().sending.enqueue(written);
            session.wake();
        } else {
            written.send().map_err(|_| unreachable())?;
        }
    }
    Ok(())
}

/// Does all but the last step: what is returned is still to be sent. Nothing where no recipient can be served.
fn send(
    session: &Session,
    transfer: &Transfer<'_>,
    message: &IMessage,
    recipients: &mut Recipients,
    own: &[usize],
) -> std::result::Result<Option<Written>, Refusal> {
    let draft = Draft::gather(transfer, message, recipients.all()).map_err(not_a_refusal)?;
    sign(session, transfer, message, &draft).map_err(not_a_refusal)?;
    let mut draft = draft;
    draft.date.get_or_insert_with(now);
    let is_served = |index: &&usize| recipients.all()[**index].treatment() != Treatment::Report;
    let envelope: Vec<&str> =
        own.iter().filter(is_served).map(|index| recipients.all()[*index].address.as_str()).collect();
    let written = if envelope.is_empty() {
        None
    } else {
        let (outbox, sender) = (&session.settings().outbox, &session.identity().address);
        // A server is told the envelope; in a file a header stands for it.
        let header = if relay::server(outbox).is_some() { &[] } else { envelope.as_slice() };
        let mail = compose(&draft, Some(sender), header)?;
        Some(Written::new(outbox, sender, &envelope, &mail).map_err(|_| unreachable())?)
    };
    recipients.mark(transfer, message, own).map_err(not_a_refusal)?;
    recipients.report(transfer, message, own, draft.receipts).map_err(not_a_refusal)?;
    Ok(written)
}

/// Tells in the message who has sent it, and what the client has left open.
fn sign(session: &Session, transfer: &Transfer<'_>, message: &IMessage, draft: &Draft) -> Result<()> {
    let settings = session.settings();
    let Identity { address, entry_id, search_key } = session.identity();
    let mut props = Props::new(settings.habits.width());
    props.text(tag::PR_SENDER_NAME_W, address);
    props.text(tag::PR_SENDER_ADDRTYPE_W, &settings.address_type);
    props.text(tag::PR_SENDER_EMAIL_ADDRESS_W, address);
    props.binary(tag::PR_SENDER_ENTRYID, entry_id.clone());
    props.binary(tag::PR_SENDER_SEARCH_KEY, search_key.clone());
    if draft.from.is_none() {
        props.text(tag::PR_SENT_REPRESENTING_NAME_W, address);
        props.text(tag::PR_SENT_REPRESENTING_ADDRTYPE_W, &settings.address_type);
        props.text(tag::PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, address);
        props.binary(tag::PR_SENT_REPRESENTING_ENTRYID, entry_id.clone());
        props.binary(tag::PR_SENT_REPRESENTING_SEARCH_KEY, search_key.clone());
    }
    if draft.date.is_none() {
        props.time(tag::PR_CLIENT_SUBMIT_TIME, now());
    }
    props.time(tag::PR_PROVIDER_SUBMIT_TIME, now());
    transfer.step(|| set_props(transfer.memory(), message, &props))
}

/// The identifier by which the spooler knows a deferred message.
fn entry_id(transfer: &Transfer<'_>, message: &IMessage) -> Result<Vec<u8>> {
    let values = transfer.step(|| get_props(transfer.memory(), message, &[tag::PR_ENTRYID], MAPI_UNICODE))?;
    values.binary(tag::PR_ENTRYID).map(<[u8]>::to_vec).ok_or(HRESULT::MAPI_E_NOT_FOUND)
}

/// A callback's code as this method's. Some codes would say that the message was not touched, or when to try again; from a
/// callback they do not mean that.
fn not_a_refusal(code: HRESULT) -> Refusal {
    match code {
        HRESULT::MAPI_E_BUSY
        | HRESULT::MAPI_E_NOT_ME
        | HRESULT::MAPI_E_CANCEL
        | HRESULT::MAPI_E_WAIT
        | HRESULT::MAPI_E_NETWORK_ERROR => HRESULT::MAPI_E_CALL_FAILED.into(),
        _ => code.into(),
    }
}

/// The outbox cannot be written.
fn unreachable() -> Refusal {
    Refusal { code: HRESULT::MAPI_E_NETWORK_ERROR, seconds: Some(SOON) }
}
