//! The rules, by area.

mod addr;
mod canc;
mod coup;
mod coup_way;
mod ctrl;
mod flsh_vals_idle;
mod life;
mod loff;
mod logon;
mod memo;
mod noti;
mod opts;
mod poll;
mod recv;
mod recv_content;
mod robu;
pub(crate) mod send;
pub(crate) mod send_sender;
mod send_stop;
mod serv;
mod stat;
mod stor;
mod stor_done;
mod stor_queue;
mod stor_submit;
#[cfg(test)]
mod tests;

use super::rule::Rule;

const AREAS: &[&[Rule]] = &[
    life::RULES,
    logon::RULES,
    addr::RULES,
    opts::RULES,
    stat::RULES,
    ctrl::RULES,
    poll::RULES,
    noti::RULES,
    recv::RULES,
    recv_content::RULES,
    canc::RULES,
    send::RULES,
    send_sender::RULES,
    send_stop::RULES,
    serv::RULES,
    flsh_vals_idle::RULES,
    loff::RULES,
    memo::RULES,
    robu::RULES,
    coup::RULES,
    coup_way::RULES,
    stor::RULES,
    stor_submit::RULES,
    stor_queue::RULES,
    stor_done::RULES,
];

/// Statements that cannot be observed at the boundary, each with the reason.
pub const UNOBSERVABLE: &[(&str, &str)] = &[(
    "RECV-11",
    "mail that reaches the candidate as RFC 5322 text carries no MAPI properties, so none that must not be stored",
)];

/// Requirements that are judged by the clock. A machine that stands still for a moment looks like a candidate that does: what
/// these rules find counts where it is found again.
pub const BY_THE_CLOCK: &[&str] = &["POLL-05", "NOTI-02", "RECV-18"];

/// Every rule, area by area.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    AREAS.iter().flat_map(|area| area.iter())
}

/// The rule of a requirement.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
