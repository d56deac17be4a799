//! A client composes messages in a store.

use mapi_spi::tags::{
    PR_CLIENT_SUBMIT_TIME, PR_DELETE_AFTER_SUBMIT, PR_ENTRYID, PR_MESSAGE_FLAGS, PR_PARENT_DISPLAY_W,
    PR_RESPONSIBILITY, PR_SENDER_ADDRTYPE_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID, PR_SENDER_NAME_W,
    PR_SENDER_SEARCH_KEY, PR_SENTMAIL_ENTRYID, PR_SUBJECT_W,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};
use serde_json::json;

use super::sent_mail::open_folder;
use super::session::{Letter, fact, give_up};
use crate::com::gate::AsClient;
use crate::com::theirs::{IMessage, IMsgStore};
use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop};
use crate::objects::message::{Message, MessageData};
use crate::objects::their::{self, done};
use crate::objects::{Store, their_message};
use crate::plan::args::with_copies;
use crate::plan::draft::DraftRecipient;
use crate::plan::store_args::Compose;
use crate::trace::value;

/// What the store sets, or the transport that sends (page: sending-messages-transport-provider-tasks), and no client.
const NOT_OURS: [PropTag; 7] = [
    PR_PARENT_DISPLAY_W,
    PR_CLIENT_SUBMIT_TIME,
    PR_SENDER_ADDRTYPE_W,
    PR_SENDER_EMAIL_ADDRESS_W,
    PR_SENDER_ENTRYID,
    PR_SENDER_NAME_W,
    PR_SENDER_SEARCH_KEY,
];

impl Engine<'_> {
    pub(in crate::engine) fn compose_in_store(&mut self, args: &Compose) -> Result<(), Stop> {
        let acting = self.arm_for_stores(&args.traps);
        let composed =
            with_copies(&args.mail, args.copies).iter().try_for_each(|name| self.compose_one(name, args));
        self.disarm(&acting);
        composed
    }

    /// Makes a message of a mail, saved and open.
    pub(super) fn compose_one(&mut self, name: &str, args: &Compose) -> Result<(), Stop> {
        let own_type = self.type_of_store(&args.store);
        let (data, recipients) = self.letter_data(name, args, &own_type)?;
        let subject = data.props.text(PR_SUBJECT_W).unwrap_or_default();
        let store = self.store(&args.store)?;
        let (object, folders) = (store.client.store.clone(), store.folders.clone());
        let sent_mail = Some(folders.sent).filter(|id| args.sent_mail && !id.is_empty());
        let mut extra = vec![(PR_MESSAGE_FLAGS, PropValue::Long(beginning_flags(args.resend)))];
        if let Some(sent) = &sent_mail {
            extra.push((PR_SENTMAIL_ENTRYID, PropValue::Binary(sent.clone())));
        }
        if args.delete_after {
            extra.push((PR_DELETE_AFTER_SUBMIT, PropValue::Boolean(true)));
        }
        let client = AsClient::begin();
        let (message, entry_id) = make(&object, &folders.outbox, &data, &extra).map_err(give_up)?;
        drop(client);
        fact(
            "composed",
            json!({
                "store": args.store, "mail": name, "message": message.name(), "entry-id": value::hex(&entry_id),
                "subject": subject, "recipients": recipients, "own-type": own_type,
                "sent-mail": sent_mail.as_deref().map(value::hex), "delete-after": args.delete_after,
                "resend": args.resend,
            }),
        );
        self.hub.lock().mails.insert(entry_id.clone(), name.to_owned());
        let letter = Letter {
            message: Some(message),
            entry_id,
            subject,
            recipients,
            own_type,
            submitted: false,
            way: None,
            tries: 0,
        };
        self.store(&args.store)?.letters.insert(name.to_owned(), letter);
        Ok(())
    }

    /// The address type of recipients that are the pair's: that of the store's own transport, else of the candidate file.
    fn type_of_store(&mut self, store: &str) -> String {
        let own = self.hub.own_transport(store).map(|own| own.name);
        let first = self.order.iter().find(|name| self.sessions.contains_key(*name)).cloned();
        let filed = self.plan.candidate.address_types.first().cloned();
        let served = own.or(first).and_then(|session| self.own_type(&session).ok());
        filed.or(served.filter(|kind| !kind.is_empty())).unwrap_or_else(|| "SMTP".to_owned())
    }

    fn letter_data(
        &self,
        name: &str,
        args: &Compose,
        own_type: &str,
    ) -> Result<(MessageData, Vec<DraftRecipient>), Stop> {
        let plan = self.plan;
        let mut draft = plan
            .drafts
            .get(name)
            .cloned()
            .ok_or_else(|| Stop::Harness(format!("the plan has no draft of `{name}`")))?;
        if args.only_also {
            draft.recipients.clear();
        }
        draft.recipients.extend(args.also.iter().cloned());
        draft.props.retain(|prop| !NOT_OURS.iter().any(|tag| tag.id() == PropTag(prop.tag).id()));
        let message = Message::describe(&draft, own_type).map_err(Stop::Harness)?.build(&Store::session());
        let mut data = message.core().pending();
        // Clients do not set this column: the store does, for every recipient (page: imessage-submitmessage).
        for (_, props) in &mut data.recipients {
            if props.get(PR_RESPONSIBILITY.id()) == Some(&PropValue::Boolean(false)) {
                props.remove(PR_RESPONSIBILITY.id());
            }
        }
        if args.resend {
            let missed = draft.recipients.len() - args.also.len();
            mark_missed(&mut data, missed);
            draft.recipients[missed..].iter_mut().for_each(|one| one.served = true);
        }
        Ok((data, draft.recipients))
    }
}

/// PR_MESSAGE_FLAGS of a message that is being written.
fn beginning_flags(resend: bool) -> i32 {
    let resend = if resend { flags::MSGFLAG_RESEND } else { 0 };
    (flags::MSGFLAG_UNSENT | flags::MSGFLAG_READ | resend).cast_signed()
}

/// Marks the first recipients of a message that is sent again as those that missed it (page: imapisupport-preparesubmit).
fn mark_missed(data: &mut MessageData, missed: usize) {
    use mapi_spi::tags::PR_RECIPIENT_TYPE;
    for (_, props) in data.recipients.iter_mut().take(missed) {
        let kind = props.long(PR_RECIPIENT_TYPE).unwrap_or(0) | flags::MAPI_SUBMITTED.cast_signed();
        props.set(PR_RECIPIENT_TYPE, PropValue::Long(kind));
    }
}

/// Makes a message in a folder, fills and saves it; it stays open.
fn make(
    store: &IMsgStore,
    folder: &[u8],
    data: &MessageData,
    extra: &[(PropTag, PropValue)],
) -> Result<(IMessage, Vec<u8>), HRESULT> {
    let message = create(store, folder)?;
    let filled = their::set(&message, extra)
        .and_then(|_| their_message::fill(&message, data))
        // SAFETY: no pointers involved.
        .and_then(|()| done(unsafe { message.SaveChanges(flags::KEEP_OPEN_READWRITE) }));
    let id = filled.and_then(|()| {
        let id = their::value(&message, PR_ENTRYID).and_then(|id| id.as_binary().map(<[u8]>::to_vec));
        id.ok_or(HRESULT::MAPI_E_NOT_FOUND)
    });
    match id {
        Ok(id) => Ok((message, id)),
        Err(code) => {
            // SAFETY: the reference that CreateMessage returned is given back, once.
            unsafe { message.Release() };
            Err(code)
        }
    }
}

/// A new message in a folder.
///
/// # Errors
///
/// What `OpenEntry` or `CreateMessage` returned.
pub(super) fn create(store: &IMsgStore, folder: &[u8]) -> Result<IMessage, HRESULT> {
    let folder = open_folder(store, folder)?;
    let mut out = Cell::pointer(boundary().pattern());
    // SAFETY: the cell lives for the call.
    let code = unsafe { folder.CreateMessage(std::ptr::null(), 0, out.ptr()) };
    out.check("lppMessage");
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { folder.Release() };
    done(code)?;
    let raw: *mut std::ffi::c_void = out.get_ptr();
    if raw.is_null() { Err(HRESULT::MAPI_E_CALL_FAILED) } else { Ok(IMessage::new(raw, "their-message")) }
}
