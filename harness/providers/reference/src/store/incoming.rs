//! Mail that the coupled transport delivers into the store itself. Source pages: *imapisupport-spoolernotify*,
//! *receiving-messages-by-using-message-store-providers*.

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::fnevNewMail;
use mapi_spi::interfaces::IMessage;
use mapi_spi::structs::{NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFICATION_INFO};
use mapi_spi::tags as tag;

use super::message::MessageNode;
use super::message_object::Message;
use super::notify::announce_mail;
use super::props::PropNode;
use super::session::{StoreSession, StoreUse};
use crate::mapi::{Result, narrow};

/// A message in the store that is not announced yet.
struct Received {
    id: u64,
    folder: u64,
    class: String,
    flags: u32,
}

/// Makes a message in the receive folder, has it filled, and saves it. Once it is saved the original is to be removed; then
/// the spooler is told, which tells the clients.
///
/// # Errors
///
/// `MAPI_E_INVALID_OBJECT` after the end of the session, or what `fill` answers. Nothing is in the store then, and nothing is
/// removed.
pub(crate) fn receive(
    session: &Arc<StoreSession>,
    fill: impl FnOnce(&IMessage) -> Result<()>,
    remove: impl FnOnce(),
) -> Result<()> {
    // The end of the session waits for this: what is in the store is announced.
    let in_use = session.use_support()?;
    let received = save_into(session, fill)?;
    remove();
    announce(session, &in_use, &received);
    Ok(())
}

fn save_into(session: &Arc<StoreSession>, fill: impl FnOnce(&IMessage) -> Result<()>) -> Result<Received> {
    let folder = session.core().lock().inbox();
    let node = MessageNode::create(session, folder, false);
    // It was sent, if not by this user.
    node.write(|bag| bag.mask(tag::PR_MESSAGE_FLAGS, 0))?;
    let message = Message::over(Arc::clone(&node));
    fill(&message)?;
    let id = node.id().ok_or(HRESULT::MAPI_E_CALL_FAILED)?;
    let (class, flags) = node.read(|view| {
        let text = view.get(tag::PR_MESSAGE_CLASS_W).and_then(|class| class.to_text());
        let flags = view.get(tag::PR_MESSAGE_FLAGS).and_then(|flags| flags.as_long()).unwrap_or(0);
        (text.unwrap_or_else(|| "IPM.Note".to_owned()), flags.cast_unsigned())
    })?;
    node.save(0)?;
    Ok(Received { id, folder, class, flags })
}

fn announce(session: &Arc<StoreSession>, in_use: &StoreUse<'_>, received: &Received) {
    let key = session.key();
    let (mut id, mut parent) = (key.message_id(received.id), key.folder_id(received.folder));
    let mut class = narrow(&received.class);
    let mut newmail = NEWMAIL_NOTIFICATION {
        cbEntryID: id.len() as u32,
        lpEntryID: id.as_mut_ptr().cast(),
        cbParentID: parent.len() as u32,
        lpParentID: parent.as_mut_ptr().cast(),
        ulFlags: 0,
        lpszMessageClass: class.as_mut_ptr(),
        ulMessageFlags: received.flags,
    };
    if in_use.support().notify_received(&mut newmail).is_err() {
        // Then the spooler will not tell the clients.
        let info = NOTIFICATION_INFO { newmail };
        announce_mail(session.core(), &NOTIFICATION { ulEventType: fnevNewMail, ulAlignPad: 0, info });
    }
}
