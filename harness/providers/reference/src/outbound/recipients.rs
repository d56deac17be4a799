//! Who a message goes to, and what is told of them.
//!
//! Source pages: *pidtagresponsibility-canonical-property*, *imapisupport-statusrecips*, *imessage-modifyrecipients*.

use mapi_spi::PropTag;
use mapi_spi::flags::{MAPI_P1, MAPI_SUBMITTED, MAPI_TO, MODRECIP_MODIFY, TBL_ALL_COLUMNS};
use mapi_spi::interfaces::IMessage;
use mapi_spi::tags as tag;

use crate::logon::Transfer;
use crate::mapi::{
    AddressList, Props, Result, Rows, Values, Width, query_rows, recipient_table, set_columns,
};
use crate::time::now;

/// Rows that are asked for at once.
const BATCH: i32 = 64;

/// `PR_NDR_REASON_CODE`: the transfer is impossible.
const REASON_IMPOSSIBLE: i32 = 1;
/// `PR_NDR_DIAG_CODE`: the recipient's name is not recognised.
const DIAGNOSIS_UNRECOGNISED: i32 = 0;

/// The message's recipients with all their properties: a row that is modified has to be written back whole.
#[derive(Debug)]
pub(super) struct Recipients {
    batches: Vec<Rows>,
    all: Vec<Recipient>,
}

/// One recipient.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) kind: u32,
    /// A recipient of a message that is sent again: it is sent to, but not shown.
    pub(super) hidden: bool,
    /// Another transport, or an earlier try, has served it.
    pub(super) served: bool,
    pub(super) address_type: String,
    pub(super) address: String,
    pub(super) name: String,
    values: Values,
    batch: usize,
    row: usize,
}

/// What is to be done for a recipient, by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    Send,
    Report,
    TryAgain,
    Defer,
}

impl Recipient {
    /// What its address asks for.
    pub(super) fn treatment(&self) -> Treatment {
        treatment(&self.address)
    }
}

fn treatment(address: &str) -> Treatment {
    match address.split('@').next() {
        Some("nobody") => Treatment::Report,
        Some("busy") => Treatment::TryAgain,
        Some("later") => Treatment::Defer,
        Some(_) | None => Treatment::Send,
    }
}

/// Whether mail to an address has to wait, which only the spooler can have it do.
pub(crate) fn needs_the_spooler(address: &str) -> bool {
    match treatment(address) {
        Treatment::TryAgain | Treatment::Defer => true,
        Treatment::Send | Treatment::Report => false,
    }
}

impl Recipients {
    /// Reads the recipient table.
    ///
    /// # Errors
    ///
    /// What the callback answers that failed, or the cancellation.
    pub(super) fn read(transfer: &Transfer<'_>, message: &IMessage) -> Result<Recipients> {
        const NEEDED: [PropTag; 6] = [
            tag::PR_ROWID,
            tag::PR_RECIPIENT_TYPE,
            tag::PR_RESPONSIBILITY,
            tag::PR_ADDRTYPE_W,
            tag::PR_EMAIL_ADDRESS_W,
            tag::PR_DISPLAY_NAME_W,
        ];
        let memory = transfer.memory();
        let table = transfer.step(|| recipient_table(message))?;
        transfer.step(|| set_columns(memory, &table, &NEEDED, Some(TBL_ALL_COLUMNS)))?;
        let mut recipients = Recipients { batches: Vec::new(), all: Vec::new() };
        loop {
            let rows = transfer.step(|| query_rows(memory, &table, BATCH))?;
            if rows.len() == 0 {
                return Ok(recipients);
            }
            let batch = recipients.batches.len();
            let read = rows.read().enumerate().map(|(row, values)| Recipient::of(values, batch, row));
            recipients.all.extend(read);
            recipients.batches.push(rows);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Recipient] {
        &self.all
    }

    /// Those that this transport is to serve: not served yet, and of its type where it has one. By their places in
    /// [`all`](Self::all).
    pub(super) fn own(&self, address_type: Option<&str>) -> Vec<usize> {
        let fits = |own: &str| address_type.is_none_or(|address_type| own == address_type);
        let is_own = |recipient: &Recipient| !recipient.served && fits(&recipient.address_type);
        (0..self.all.len()).filter(|index| is_own(&self.all[*index])).collect()
    }

    /// Sets `PR_RESPONSIBILITY` of these recipients in the message. Their rows are used up.
    ///
    /// # Errors
    ///
    /// What the callback answers, or the cancellation.
    pub(super) fn mark(
        &mut self,
        transfer: &Transfer<'_>,
        message: &IMessage,
        served: &[usize],
    ) -> Result<()> {
        let mut list = AddressList::new(transfer.memory(), served.len())?;
        for index in served {
            let recipient = &self.all[*index];
            list.take(&mut self.batches[recipient.batch], recipient.row, tag::PR_RESPONSIBILITY, true);
        }
        transfer.step(|| list.modify(message, MODRECIP_MODIFY))
    }

    /// Has MAPI report what became of these recipients: unknown ones, and those served where a receipt is wanted.
    ///
    /// # Errors
    ///
    /// What the callback answers, or the cancellation.
    pub(super) fn report(
        &self,
        transfer: &Transfer<'_>,
        message: &IMessage,
        own: &[usize],
        receipts: bool,
    ) -> Result<()> {
        let due = |recipient: &&Recipient| receipts || recipient.treatment() == Treatment::Report;
        let due: Vec<&Recipient> = own.iter().map(|index| &self.all[*index]).filter(due).collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut list = AddressList::new(transfer.memory(), due.len())?;
        for recipient in due {
            list.add(&recipient.report_row(transfer.habits().width()))?;
        }
        transfer.last_step(|| transfer.support().status_recips(message, list))
    }
}

impl Recipient {
    fn of(values: Values, batch: usize, row: usize) -> Recipient {
        let kind = values.long(tag::PR_RECIPIENT_TYPE).map_or(MAPI_TO, i32::cast_unsigned);
        let text = |tag| values.text(tag).unwrap_or_default();
        Recipient {
            kind: kind & !(MAPI_P1 | MAPI_SUBMITTED),
            hidden: kind & MAPI_P1 != 0,
            served: values.boolean(tag::PR_RESPONSIBILITY),
            address_type: text(tag::PR_ADDRTYPE_W),
            address: text(tag::PR_EMAIL_ADDRESS_W),
            name: text(tag::PR_DISPLAY_NAME_W),
            values,
            batch,
            row,
        }
    }

    /// The recipient's row in a report.
    fn report_row(&self, width: Width) -> Props {
        let mut row = Props::new(width);
        if let Some(id) = self.values.long(tag::PR_ROWID) {
            row.long(tag::PR_ROWID, id);
        }
        row.mask(tag::PR_RECIPIENT_TYPE, self.kind);
        row.text(tag::PR_DISPLAY_NAME_W, &self.name);
        row.text(tag::PR_ADDRTYPE_W, &self.address_type);
        row.text(tag::PR_EMAIL_ADDRESS_W, &self.address);
        for known in [tag::PR_ENTRYID, tag::PR_SEARCH_KEY] {
            if let Some(bytes) = self.values.binary(known) {
                row.binary(known, bytes.to_vec());
            }
        }
        let time = now();
        row.time(tag::PR_REPORT_TIME, time);
        if self.treatment() == Treatment::Report {
            row.long(tag::PR_NDR_REASON_CODE, REASON_IMPOSSIBLE);
            row.long(tag::PR_NDR_DIAG_CODE, DIAGNOSIS_UNRECOGNISED);
            row.text(tag::PR_REPORT_TEXT_W, "There is nobody of this name here.");
        } else {
            row.time(tag::PR_DELIVER_TIME, time);
        }
        row
    }
}
