//! The outgoing queue, as the spooler watches it. Pages: imsgstore-getoutgoingqueue, outgoing-queue-tables.

use std::time::Instant;

use mapi_spi::structs::{SSortOrder, SSortOrderSet};
use mapi_spi::tags::{
    PR_CLIENT_SUBMIT_TIME, PR_DISPLAY_BCC_W, PR_DISPLAY_CC_W, PR_DISPLAY_TO_W, PR_ENTRYID, PR_INSTANCE_KEY,
    PR_MESSAGE_FLAGS, PR_MESSAGE_SIZE, PR_PRIORITY, PR_SENDER_NAME_W, PR_SUBJECT_W, PR_SUBMIT_FLAGS,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};
use serde_json::json;

use super::session::{Queue, fact};
use super::spool::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::com::theirs::{IMAPITable, IMsgStore};
use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop};
use crate::objects::advise::AdviseSink;
use crate::objects::host::Row;
use crate::objects::their;
use crate::plan::store_args::OnMail;
use crate::trace::told::What;
use crate::trace::value;

/// The columns that every queue has to have.
const REQUIRED: [PropTag; 11] = [
    PR_CLIENT_SUBMIT_TIME,
    PR_DISPLAY_BCC_W,
    PR_DISPLAY_CC_W,
    PR_DISPLAY_TO_W,
    PR_ENTRYID,
    PR_MESSAGE_FLAGS,
    PR_MESSAGE_SIZE,
    PR_PRIORITY,
    PR_SENDER_NAME_W,
    PR_SUBJECT_W,
    PR_SUBMIT_FLAGS,
];

impl Engine<'_> {
    /// Opens the queue of a store, puts it in order, and has the spooler told of changes.
    pub(super) fn watch_queue(&mut self, name: &str) -> Result<(), Stop> {
        let object = self.spooler_store(name)?;
        let table = match outgoing_queue(&object) {
            Ok(table) => table,
            Err(code) => {
                fact("queue-table", json!({ "store": name, "table": null, "hr": code.to_string() }));
                return Ok(());
            }
        };
        let queried = their::columns(&table, flags::TBL_ALL_COLUMNS);
        let known = queried.is_ok();
        let columns = queried.as_deref().unwrap_or_default();
        let lacks = |tag: &&PropTag| known && !columns.iter().any(|column| column.id() == tag.id());
        let missing: Vec<&str> = REQUIRED.iter().filter(lacks).filter_map(|tag| tag.name()).collect();
        let shown: Vec<PropTag> = REQUIRED.iter().copied().chain([PR_INSTANCE_KEY]).collect();
        let set = their::set_columns(&table, &shown);
        let sorted = sort_by_time(&table);
        let store = self.store(name)?;
        let sink = AdviseSink::of_queue(&store.doings.inbox);
        let mut connection = Cell::ulong(boundary().pattern());
        // SAFETY: the sink is lent for the registration, which the table's reference keeps alive; the cell lives for the call.
        let advised = unsafe { table.Advise(flags::fnevTableModified, sink.lend(), connection.ptr()) };
        connection.check("lpulConnection");
        fact(
            "queue-table",
            json!({
                "store": name, "table": table.name(),
                "columns": columns.iter().map(ToString::to_string).collect::<Vec<_>>(), "missing": missing,
                "query-columns": result(&queried), "set-columns": result(&set), "sorted": sorted.to_string(), "notifies": advised.to_string(),
            }),
        );
        let connection = advised.is_ok().then(|| usize::try_from(connection.get()).unwrap_or_default());
        store.queue = Some(Queue { table, sink, connection });
        Ok(())
    }

    /// The rows of a queue, oldest first.
    pub(in crate::engine) fn read_queue(&mut self, name: &str) -> Result<Vec<Row>, Stop> {
        let verb = self.plan.steps.get(self.step).map_or("", |step| step.verb());
        let store = self.store(name)?;
        let Some(queue) = &store.queue else { return Ok(Vec::new()) };
        if !store.doings.inbox.take().is_empty() {
            // Whatever has changed was told.
            store.queue_changed = false;
        }
        let rows = their::rows(&queue.table);
        let doings = std::sync::Arc::clone(&store.doings);
        let hr = result(&rows);
        let rows = rows.unwrap_or_default();
        doings.queued.store(rows.len(), std::sync::atomic::Ordering::Release);
        let mails: Vec<Option<String>> = rows.iter().map(|row| self.mail_of_row(name, row)).collect();
        let time = |row: &Row| match their::find(row, PR_CLIENT_SUBMIT_TIME) {
            Some(PropValue::SysTime(time)) => Some(*time),
            _ => None,
        };
        let rendered =
            |row: &Row| -> Vec<_> { row.iter().map(|(tag, value)| value::prop(*tag, value)).collect() };
        fact(
            "queue",
            json!({
                "store": name, "at": verb, "hr": hr, "rows": rows.iter().map(rendered).collect::<Vec<_>>(),
                "mails": mails, "times": rows.iter().map(time).collect::<Vec<_>>(),
                "entry-ids": rows.iter().map(|row| value::hex(&id_of(row))).collect::<Vec<_>>(),
            }),
        );
        Ok(rows)
    }

    /// The mail that a row's message was made of: by its identifier, else by its subject.
    pub(super) fn mail_of_row(&mut self, store: &str, row: &Row) -> Option<String> {
        let id = id_of(row);
        if let Some(mail) = self.hub.mail_of(&id) {
            return Some(mail);
        }
        let subject = their::find(row, PR_SUBJECT_W).and_then(PropValue::to_text)?;
        let letters = &self.stores.get(store)?.letters;
        let mail =
            letters.iter().find(|(_, letter)| letter.subject == subject).map(|(name, _)| name.clone())?;
        // A message may have an identifier of its own in the queue.
        self.hub.lock().mails.insert(id, mail.clone());
        Some(mail)
    }

    /// Whether a message stands in the queue; `None` where the spooler does not watch it.
    pub(super) fn is_queued(&mut self, store: &str, entry_id: &[u8]) -> Result<Option<bool>, Stop> {
        if self.store(store)?.queue.is_none() {
            return Ok(None);
        }
        // What this look finds was changed by the client's call just now: the notification is waited for later.
        let mail = self.hub.mail_of(entry_id);
        let rows = self.peek_queue(store)?;
        Ok(Some(rows.iter().any(|row| id_of(row) == entry_id || self.mail_of_row(store, row) == mail)))
    }

    /// The rows of a queue, notifications left where they are.
    fn peek_queue(&mut self, name: &str) -> Result<Vec<Row>, Stop> {
        let store = self.store(name)?;
        let Some(queue) = &store.queue else { return Ok(Vec::new()) };
        let rows = their::rows(&queue.table).unwrap_or_default();
        store.doings.queued.store(rows.len(), std::sync::atomic::Ordering::Release);
        Ok(rows)
    }

    /// Waits, with a bound, until a message's row says that it is locked, or that it is not, and tells whether it came to that; of
    /// a message that does not stand in the queue nothing is told.
    pub(super) fn await_submit_flags(&mut self, args: &OnMail, id: &[u8], locked: u32) -> Result<(), Stop> {
        if self.store(&args.store)?.queue.is_none() {
            return Ok(());
        }
        let deadline = Instant::now() + self.patience();
        let inbox = std::sync::Arc::clone(&self.store(&args.store)?.doings.inbox);
        let mut pause = FIRST_PAUSE;
        loop {
            let rows = self.peek_queue(&args.store)?;
            let row = rows.into_iter().find(|row| {
                id_of(row) == id || self.mail_of_row(&args.store, row).as_deref() == Some(args.mail.as_str())
            });
            let Some(row) = row else { return Ok(()) };
            let shown = submit_flags(&row) & flags::SUBMITFLAG_LOCKED;
            if shown == locked || Instant::now() >= deadline {
                fact(
                    "queue-row",
                    json!({
                        "store": args.store, "mail": args.mail, "entry-id": value::hex(id),
                        "locked": locked != 0, "shown": shown != 0,
                    }),
                );
                return Ok(());
            }
            // A table may be late; whether it tells of the change is no matter here.
            inbox.wait(Instant::now() + pause, |_| false);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits, with a bound, until the spooler has been told of a change of the queue.
    pub(super) fn await_queue_notification(&mut self, name: &str) -> Result<(), Stop> {
        let patience = self.patience();
        let store = self.store(name)?;
        store.queue_changed = false;
        if store.queue.as_ref().is_none_or(|queue| queue.connection.is_none()) {
            return Ok(());
        }
        let inbox = std::sync::Arc::clone(&store.doings.inbox);
        if !inbox.wait(Instant::now() + patience, |told| !told.is_empty()) {
            boundary().record(What::TimedOut {
                session: name.to_owned(),
                waiting: "queue-notification".to_owned(),
                ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            });
        }
        Ok(())
    }
}

/// The identifier of a row's message; empty where the row has none.
pub(super) fn id_of(row: &Row) -> Vec<u8> {
    their::find(row, PR_ENTRYID).and_then(PropValue::as_binary).map(<[u8]>::to_vec).unwrap_or_default()
}

/// PR_SUBMIT_FLAGS of a row.
pub(super) fn submit_flags(row: &Row) -> u32 {
    their::find(row, PR_SUBMIT_FLAGS).and_then(PropValue::as_long).unwrap_or(0).cast_unsigned()
}

fn result<T>(result: &Result<T, HRESULT>) -> String {
    result.as_ref().err().copied().unwrap_or(HRESULT::S_OK).to_string()
}

fn outgoing_queue(store: &IMsgStore) -> Result<IMAPITable, HRESULT> {
    let mut out = Cell::pointer(boundary().pattern());
    // SAFETY: the cell lives for the call.
    let code = unsafe { store.GetOutgoingQueue(0, out.ptr()) };
    out.check("lppTable");
    their::done(code)?;
    let raw: *mut std::ffi::c_void = out.get_ptr();
    if raw.is_null() { Err(HRESULT::MAPI_E_CALL_FAILED) } else { Ok(IMAPITable::new(raw, "their-table")) }
}

/// Asks for the order in which messages were submitted. A table that cannot be sorted has it already.
fn sort_by_time(table: &IMAPITable) -> HRESULT {
    let order = SSortOrder { ulPropTag: PR_CLIENT_SUBMIT_TIME.0, ulOrder: flags::TABLE_SORT_ASCEND };
    let mut set = SSortOrderSet { cSorts: 1, cCategories: 0, cExpanded: 0, aSort: [order] };
    // SAFETY: the sort order lives for the call.
    unsafe { table.SortTable(&raw mut set, 0) }
}
