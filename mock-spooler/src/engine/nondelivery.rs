//! The report that the spooler composes for recipients that no transport took (pages: ixplogon-addresstypes,
//! mapi-report-messages).

use mapi_spi::tags::{
    PR_BODY_W, PR_MESSAGE_CLASS_W, PR_NDR_DIAG_CODE, PR_NDR_REASON_CODE, PR_ORIGINAL_SUBJECT_W,
    PR_ORIGINAL_SUBMIT_TIME, PR_REPORT_TEXT_W, PR_REPORT_TIME, PR_SUBJECT_W,
};
use mapi_spi::values::PropValue;
use serde_json::json;

use crate::com::boundary;
use crate::engine::outgoing::Outgoing;
use crate::objects::Store;
use crate::objects::host::Row;
use crate::objects::message::Message;
use crate::objects::store::now;
use crate::objects::text::unicode;
use crate::trace::event::Content;
use crate::trace::told::What;
use crate::trace::value;

/// MAPI_REASON_TRANSFER_FAILED.
const TRANSFER_FAILED: i32 = 0;
/// MAPI_DIAG_NO_DIAGNOSTIC.
const NO_DIAGNOSTIC: i32 = -1;

/// Composes the report on these recipients and puts it into the trace as the fact `nondelivery`.
pub fn report(outgoing: &dyn Outgoing, original: &Content, left: Vec<Row>) {
    let addresses: Vec<String> = left.iter().map(|row| super::route::Addressee::of(row).address).collect();
    let text = format!("No transport took the message for: {}\r\n", addresses.join(", "));
    let original_text = |id: u16| {
        original
            .props
            .iter()
            .find(|prop| prop.tag.get(2..6).is_some_and(|digits| u16::from_str_radix(digits, 16) == Ok(id)))
            .and_then(|prop| prop.value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let subject = original_text(PR_SUBJECT_W.id());
    let class = original_text(PR_MESSAGE_CLASS_W.id());
    let class = if class.is_empty() { "IPM.Note".to_owned() } else { class };
    let time = now();
    let mut report = Message::builder()
        .prop(PR_MESSAGE_CLASS_W, unicode(&format!("REPORT.{class}.NDR")))
        .prop(PR_SUBJECT_W, unicode(&format!("Undeliverable: {subject}")))
        .prop(PR_ORIGINAL_SUBJECT_W, unicode(&subject))
        .prop(PR_ORIGINAL_SUBMIT_TIME, PropValue::SysTime(time))
        .prop(PR_REPORT_TIME, PropValue::SysTime(time))
        .prop(PR_REPORT_TEXT_W, unicode(&text))
        .prop(PR_BODY_W, unicode(&text));
    for mut row in left {
        row.push((PR_NDR_REASON_CODE, PropValue::Long(TRANSFER_FAILED)));
        row.push((PR_NDR_DIAG_CODE, PropValue::Long(NO_DIAGNOSTIC)));
        row.push((PR_REPORT_TEXT_W, unicode("no transport took it")));
        row.push((PR_REPORT_TIME, PropValue::SysTime(time)));
        report = report.recipient(row);
    }
    let report = report.build(&Store::session());
    boundary().record(What::Fact {
        name: "nondelivery".to_owned(),
        value: json!({
            "mail": outgoing.name(), "entry-id": value::hex(outgoing.entry_id()), "recipients": addresses,
            "report": report.content_pending(),
        }),
    });
}
