//! When a message was sent and when it was delivered.
//!
//! A transport may take the time of its delivery from the mail's header, from its server, from the file, or from the clock. What it
//! cannot have from anywhere is the time of the mail off by a time zone, and a time that is still to come: both are what a local
//! time makes of itself where UTC is due (page `filetime`).

use mail_parser::{DateTime, HeaderName, HeaderValue, Message};
use mock_spooler::trace::event::Content;

use super::{Difference, Mail};
use crate::judge::values::{ids, long};

/// Seconds between the years 1601 and 1970.
const FROM_1601: i64 = 11_644_473_600;
/// Zones lie so far apart, or a multiple of it.
const QUARTER: i64 = 15 * 60;
/// The farthest that a zone lies from UTC.
const FARTHEST: i64 = 14 * 3600;
/// Some count in seconds that are even, and some round.
const ROUNDED: i64 = 2;
/// How far a server's clock may be ahead.
const AHEAD: i64 = 10 * 60;

/// Whether a time is another one, off by a time zone: by quarters of an hour, within a day's. Where the present lies as near
/// nothing is said: it may be meant.
pub(crate) fn off_by_a_zone(time: i64, due: i64, now: i64) -> bool {
    let off = time - due;
    let from_quarter = (off + QUARTER / 2).rem_euclid(QUARTER) - QUARTER / 2;
    let is_off = from_quarter.abs() <= ROUNDED && off.abs() > QUARTER / 2 && off.abs() <= FARTHEST + ROUNDED;
    is_off && (now - due).abs() > FARTHEST + QUARTER && (now - time).abs() > QUARTER
}

/// The times that other fields of a header than Date tell: those of its way, as a rule.
pub(super) fn others(message: &Message<'_>) -> Vec<i64> {
    let headers = message.headers().iter().filter(|header| header.name != HeaderName::Date);
    let dates = headers.filter_map(|header| match &header.value {
        HeaderValue::DateTime(date) => Some(*date),
        HeaderValue::Received(way) => way.date,
        HeaderValue::Text(text) => DateTime::parse_rfc822(text),
        _ => None,
    });
    dates.filter(DateTime::is_valid).map(|date| date.to_timestamp()).collect()
}

impl Mail {
    /// Where a message's times are none that this mail can have, read at a time in seconds since 1970. Derived from pages
    /// `pidtagmessagedeliverytime-canonical-property` and `pidtagclientsubmittime-canonical-property`.
    #[must_use]
    pub fn untimely(&self, content: &Content, now: i64) -> Vec<Difference> {
        let mut found = Vec::new();
        for (id, name) in [
            (ids::PR_MESSAGE_DELIVERY_TIME, "PR_MESSAGE_DELIVERY_TIME"),
            (ids::PR_CLIENT_SUBMIT_TIME, "PR_CLIENT_SUBMIT_TIME"),
        ] {
            let Some(time) = long(&content.props, id).and_then(seconds) else { continue };
            // That of a field of the header is what the mail's way tells.
            if self.times.iter().any(|told| (time - told).abs() < 60) {
                continue;
            }
            let zone = self.date.filter(|date| off_by_a_zone(time, *date, now)).map(|date| time - date);
            if let Some(off) = zone {
                found.push(Difference {
                    due: format!("{name} in UTC, as Date has it or later"),
                    seen: format!("Date {:+} minutes, as a local time would be", off / 60),
                });
            } else if time > now + AHEAD && self.date.is_none_or(|date| time > date + AHEAD) {
                found.push(Difference {
                    due: format!("{name} in UTC, and not in the future"),
                    seen: format!("it lies {} minutes ahead", (time - now) / 60),
                });
            }
        }
        found
    }
}

/// A FILETIME as seconds since 1970.
fn seconds(time: u64) -> Option<i64> {
    i64::try_from(time / 10_000_000).ok()?.checked_sub(FROM_1601)
}

#[cfg(test)]
mod tests {
    use mock_spooler::trace::event::Prop;
    use serde_json::json;

    use super::*;

    const DATE: i64 = 1_772_526_000;
    const NOW: i64 = DATE + 200 * 86_400 + 1_234;

    fn found(delivered: i64, now: i64) -> usize {
        let mail = Mail { date: Some(DATE), ..Mail::default() };
        let value = json!((delivered + FROM_1601) * 10_000_000);
        let props = vec![Prop { tag: "0x0E060040".into(), name: None, value }];
        mail.untimely(&Content { props, ..Content::default() }, now).len()
    }

    #[test]
    fn times_of_the_mail_and_of_the_clock_are_accepted() {
        for honest in [DATE, DATE + 1, DATE - 30, DATE + 100, DATE + 5 * 86_400, NOW - 5, NOW + 60] {
            assert_eq!(found(honest, NOW), 0, "{honest}");
        }
        assert_eq!(found(DATE, DATE - 30 * 86_400), 0, "the clock is late");
        assert_eq!(found(DATE + 7200, DATE + 7200), 0, "the mail is of today");
        assert_eq!(found(DATE + 3600, DATE + 7200), 0, "the mail is of today");
    }

    #[test]
    fn local_times_are_found() {
        for wrong in [DATE + 7200, DATE - 5 * 3600, DATE + 20_700, DATE + 7201, NOW + 20_700] {
            assert_eq!(found(wrong, NOW), 1, "{wrong}");
        }
    }
}
