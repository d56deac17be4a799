//! Mail that comes in: how the spooler learns of it, and how it is handed over.

mod announce;
mod courier;
mod deliver;
mod maildrop;
mod parse;
mod start;

pub(crate) use announce::{Announcements, announce_if_due, directions_changed, idle, may_offer, poll};
pub(crate) use courier::start_courier;
pub(crate) use start::start_message;

#[cfg(test)]
pub(crate) use parse::{Content, Mail};
