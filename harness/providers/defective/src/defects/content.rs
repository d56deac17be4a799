//! RECV and SEND: who stands in a message under which name, what is attached to it, and when it was sent.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::PropTag;
use mapi_spi::flags::{ATTACH_BY_VALUE, ATTACH_EMBEDDED_MSG, ATTACH_OLE, NO_ATTACHMENT};
use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_ATTACH_METHOD, PR_BODY_W, PR_CLIENT_SUBMIT_TIME, PR_DISPLAY_NAME_W, PR_EMAIL_ADDRESS_W,
    PR_MESSAGE_CLASS_W, PR_MESSAGE_DELIVERY_TIME, PR_RECIPIENT_TYPE, PR_SENDER_NAME_W,
    PR_SENT_REPRESENTING_NAME_W, PR_SUBJECT_W,
};

use super::Defect;
use super::content_tools::{add_recipients, delete_attachment, later};
use super::outbound::sent_changed;
use super::store_tools::change_props;
use super::tools::{change_rows, forward_props, long, number_of, on_message, replace_text, text, text_of};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("recipients-pile-up", recipients_pile_up),
    ("recipient-names-garbled", recipient_names_garbled),
    ("recipient-name-of-another", recipient_name_of_another),
    ("sender-name-garbled", sender_name_garbled),
    ("attachment-without-method", || method(|_| NO_ATTACHMENT)),
    ("attachment-as-ole-object", || method(|_| ATTACH_OLE)),
    ("attachment-methods-swapped", || {
        method(|method| if method == ATTACH_BY_VALUE { ATTACH_EMBEDDED_MSG } else { ATTACH_BY_VALUE })
    }),
    ("third-attachment-lost", third_attachment_lost),
    ("long-attachment-cut", || cut_after(1 << 16)),
    ("long-body-cut", || cut_after(1 << 20)),
    ("embedded-without-recipients", embedded_without_recipients),
    ("folded-subject-cut", || texts(PR_SUBJECT_W, |subject| subject.chars().take(50).collect())),
    ("body-dots-lost", || texts(PR_BODY_W, |body| body.replace("\r\n.", "\r\n"))),
    ("class-empty", || class("")),
    ("class-of-an-appointment", || class("IPM.Appointment")),
    ("submit-time-local", || time_off(PR_CLIENT_SUBMIT_TIME)),
    ("delivery-time-local", || time_off(PR_MESSAGE_DELIVERY_TIME)),
    ("sent-from-recipient", || sent_changed(from_recipient)),
    ("sent-names-garbled", || sent_changed(names_garbled)),
    ("sent-date-local", || sent_changed(|mail| mail.replacen(" +0000\r\n", " -0200\r\n", 1))),
    ("sent-from-lines-quoted", sent_from_lines_quoted),
    ("sent-file-names-in-ascii", || sent_changed(file_names_in_ascii)),
    ("sent-third-attachment-lost", || sent_changed(|mail| last_part(mail, 0))),
    ("sent-attachment-cut", || sent_changed(|mail| last_part(mail, 1 << 16))),
];

const SET: &str = "IMessage.SetProps";
const RECIPIENTS: &str = "IMessage.ModifyRecipients";

fn receiving(call: &crate::boundary::Call<'_>) -> bool {
    on_message(call) && hooks::during("StartMessage")
}

/// The list is never cleared: the recipients of earlier messages stand in all later ones.
fn recipients_pile_up() -> Hooks {
    type Row = (u32, String, String, String);
    static EARLIER: Mutex<Vec<Row>> = Mutex::new(Vec::new());
    Hooks::default().before(RECIPIENTS, |call| {
        if !receiving(call) {
            return;
        }
        let mut earlier = EARLIER.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = earlier.iter().map(|(kind, name, of, address)| {
            vec![
                long(PR_RECIPIENT_TYPE, *kind),
                text(PR_DISPLAY_NAME_W, name),
                text(PR_ADDRTYPE_W, of),
                text(PR_EMAIL_ADDRESS_W, address),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let fresh = RefCell::new(Vec::new());
        change_rows(call.ptr("lpMods"), |row| {
            let find = |tag: PropTag| row.iter().find(|prop| prop.tag().id() == tag.id());
            let text = |tag| find(tag).map(text_of).unwrap_or_default();
            let kind = find(PR_RECIPIENT_TYPE).map(number_of).unwrap_or_default();
            let row = (kind, text(PR_DISPLAY_NAME_W), text(PR_ADDRTYPE_W), text(PR_EMAIL_ADDRESS_W));
            fresh.borrow_mut().push(row);
        });
        add_recipients(call.object(), &rows);
        earlier.extend(fresh.into_inner());
    })
}

/// Each byte of UTF-8 becomes a letter.
fn garbled(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

fn recipient_names_garbled() -> Hooks {
    Hooks::default().before(RECIPIENTS, |call| {
        if receiving(call) {
            change_rows(call.ptr("lpMods"), |row| replace_text(row, PR_DISPLAY_NAME_W, garbled));
        }
    })
}

/// All have the name of the first.
fn recipient_name_of_another() -> Hooks {
    Hooks::default().before(RECIPIENTS, |call| {
        if receiving(call) {
            let first = RefCell::new(String::new());
            change_rows(call.ptr("lpMods"), |row| {
                let mut first = first.borrow_mut();
                replace_text(row, PR_DISPLAY_NAME_W, |name| {
                    if first.is_empty() { name.to_owned() } else { first.clone() }
                });
                let name = row.iter().find(|prop| prop.tag().id() == PR_DISPLAY_NAME_W.id()).map(text_of);
                *first = name.unwrap_or_default();
            });
        }
    })
}

fn changed(change: impl Fn(&mut Vec<mapi_spi::structs::SPropValue>) + Send + Sync + 'static) -> Hooks {
    Hooks::default().decide(SET, move |call| {
        if !receiving(call) {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", &change)
    })
}

fn sender_name_garbled() -> Hooks {
    changed(|props| {
        replace_text(props, PR_SENDER_NAME_W, garbled);
        replace_text(props, PR_SENT_REPRESENTING_NAME_W, garbled);
    })
}

fn texts(tag: PropTag, change: fn(&str) -> String) -> Hooks {
    changed(move |props| replace_text(props, tag, change))
}

fn class(name: &'static str) -> Hooks {
    changed(move |props| replace_text(props, PR_MESSAGE_CLASS_W, |_| name.to_owned()))
}

/// Two hours late, as where local time is taken for UTC.
fn time_off(tag: PropTag) -> Hooks {
    const SECONDS: u64 = 2 * 3600;
    changed(move |props| {
        for prop in props.iter_mut().filter(|prop| prop.tag().id() == tag.id()) {
            *prop = later(prop, SECONDS);
        }
    })
}

fn method(change: fn(u32) -> u32) -> Hooks {
    Hooks::default().decide("IAttach.SetProps", move |call| {
        forward_props(call, "lpPropArray", |props| {
            for prop in props.iter_mut().filter(|prop| prop.tag().id() == PR_ATTACH_METHOD.id()) {
                *prop = long(PR_ATTACH_METHOD, change(number_of(prop)));
            }
        })
    })
}

fn third_attachment_lost() -> Hooks {
    Hooks::default().before("IMessage.SaveChanges", |call| {
        if receiving(call) {
            delete_attachment(call.object(), 2);
        }
    })
}

/// What goes beyond so many bytes of a stream is taken and not written.
fn cut_after(most: usize) -> Hooks {
    static STREAM: AtomicUsize = AtomicUsize::new(0);
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().decide("IStream.Write", move |call| {
        let stream = call.object() as usize;
        if STREAM.swap(stream, SeqCst) != stream {
            WRITTEN.store(0, SeqCst);
        }
        let count = call.number("cb");
        if WRITTEN.fetch_add(count as usize, SeqCst) < most {
            return Flow::Forward;
        }
        call.write("pcbWritten", count);
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn embedded_without_recipients() -> Hooks {
    Hooks::default().decide(RECIPIENTS, |call| {
        if on_message(call) || !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// Lines that begin with From are quoted, as mailboxes of several mails have them, and stay so.
fn sent_from_lines_quoted() -> Hooks {
    Hooks::default().after("IMessage.GetProps", |call| {
        if on_message(call) && hooks::during("SubmitMessage") {
            change_props(call, |prop| {
                if prop.tag() == PR_BODY_W {
                    *prop = text(PR_BODY_W, &text_of(prop).replace("\r\nFrom ", "\r\n>From "));
                }
            });
        }
    })
}

/// The lines of a mail's header, changed, and the rest.
fn header(mail: &str, change: impl Fn(&str) -> String) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
    let lines: Vec<_> = head.split("\r\n").map(change).collect();
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// From names the first recipient.
fn from_recipient(mail: &str) -> String {
    let to = mail.split("\r\nTo: ").nth(1).and_then(|rest| rest.split(['\r', ',']).next());
    let to = to.unwrap_or_default().to_owned();
    header(mail, |line| if line.starts_with("From: ") { format!("From: {to}") } else { line.to_owned() })
}

/// The names of recipients are said to be in another charset than they are.
fn names_garbled(mail: &str) -> String {
    header(mail, |line| {
        if line.starts_with("To: ") {
            line.replace("=?utf-8?", "=?iso-8859-1?").replace("=?UTF-8?", "=?iso-8859-1?")
        } else {
            line.to_owned()
        }
    })
}

/// File names that are not of ASCII alone become question marks.
fn file_names_in_ascii(mail: &str) -> String {
    let plain = |line: &str| {
        let encoded = line.contains("filename*") || line.contains("=?");
        if encoded && !line.starts_with("Subject: ") {
            "Content-Disposition: attachment; filename=\"????.bin\"\r\n".to_owned()
        } else {
            line.to_owned()
        }
    };
    mail.split_inclusive('\n').map(plain).collect()
}

/// A mail of several parts whose last one is cut after so many characters; of none it is lost.
fn last_part(mail: &str, most: usize) -> String {
    let whole = mail.trim_end();
    let Some((start, close)) = whole.rsplit_once("\r\n--") else { return mail.to_owned() };
    let Some(boundary) = close.strip_suffix("--") else { return mail.to_owned() };
    let Some(last) = start.rfind(&format!("\r\n--{boundary}\r\n")) else { return mail.to_owned() };
    let kept: String = start[last..].chars().take(most).collect();
    format!("{}{kept}\r\n--{boundary}--\r\n", &start[..last])
}
