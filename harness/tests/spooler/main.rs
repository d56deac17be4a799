//! `cargo test --test spooler`: the mock spooler keeps its own half of the contract.
//!
//! A provider is judged by what it does in front of a spooler that behaves; so every requirement whose subject is the
//! spooler is proven here, each by tests that run the mock and look at what it did. [`PROOFS`] is the one place that says
//! which test proves which requirement; the last test keeps it complete.

mod inbound;
mod outbound;
mod seen;
mod sessions;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use spoolproof::requirements::{Requirement, Subject};

/// A requirement of the spooler, what is shown of it, and the test that shows it.
type Proof = (&'static str, &'static str, fn());

/// Every requirement of the spooler with its proofs.
const PROOFS: &[Proof] = &[
    ("LIFE-11", "calls come in the documented order", sessions::calls_come_in_order),
    ("LIFE-11", "what a case leaves open is brought to its end in that order", sessions::the_end_is_in_order),
    ("LIFE-12", "a version that is too small is released and refused", sessions::small_version_is_refused),
    ("ADDR-04", "address types are asked for at once, and after changes", sessions::address_types_are_asked),
    ("ADDR-05", "identifiers first, then types, in profile order", outbound::recipients_find_their_transport),
    ("ADDR-05", "what the first match leaves goes to the next", outbound::what_is_left_goes_on),
    ("ADDR-05", "what nobody takes is reported on", outbound::what_nobody_takes_is_reported),
    ("ADDR-05", "what only an absent transport serves waits", outbound::an_absent_transport_is_waited_for),
    ("STAT-08", "the row goes with the support object", sessions::the_row_goes_with_the_support_object),
    ("CTRL-08", "begin and end never come together", sessions::begin_and_end_come_apart),
    (
        "CTRL-08",
        "while inbound is off nothing is polled, and notifications are ignored",
        inbound::nothing_while_off,
    ),
    ("CTRL-08", "while outbound is off nothing is submitted", outbound::nothing_while_off),
    ("POLL-01", "who asked for it is polled, and nobody else", inbound::who_asked_is_polled),
    ("POLL-06", "an answer that mail waits leads to StartMessage", inbound::an_answer_leads_to_a_message),
    ("NOTI-05", "a storm of notifications coalesces", inbound::a_storm_coalesces),
    ("NOTI-05", "a storm costs another transport no turn", inbound::turns_are_fair),
    ("NOTI-10", "a critical section is left alone", inbound::a_critical_section_is_left_alone),
    ("NOTI-12", "after a critical error nothing but releases", inbound::a_critical_error_ends_it),
    ("NOTI-12", "after a critical error no step but releases", inbound::a_critical_error_ends_it_at_any_step),
    ("RECV-01", "a new message, announced, with the reference at 1", inbound::a_message_is_lent_anew),
    ("CANC-01", "a message is cancelled by its reference", inbound::a_cancellation_names_its_message),
    ("SEND-13", "EndMessage follows what succeeded, with its reference", outbound::end_message_follows),
    ("SEND-14", "a message is kept, and tried again after the time", outbound::a_message_is_tried_again),
    ("FLSH-05", "transports are flushed one after the other", outbound::queues_are_flushed_in_order),
    ("IDLE-01", "who asked for it gets Idle, and nobody else", inbound::who_asked_gets_idle),
];

/// Requirements that are proven elsewhere, each with the place.
const ELSEWHERE: &[(&str, &str)] =
    &[("COUP-02", "stores are coupled by the identifiers of their rows: the cases of `coupled`")];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = PROOFS
        .iter()
        .map(|(id, shows, test)| {
            Trial::test(format!("{id}: {shows}"), move || {
                test();
                Ok(())
            })
        })
        .collect();
    trials
        .push(Trial::test("every requirement of the spooler is proven", || complete().map_err(Failed::from)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn complete() -> Result<(), String> {
    let due: BTreeSet<&str> = Requirement::all()
        .iter()
        .filter(|requirement| requirement.subject == Subject::Spooler)
        .map(|requirement| requirement.id.as_str())
        .collect();
    let here = PROOFS.iter().map(|(id, ..)| *id);
    let proven: BTreeSet<&str> = here.chain(ELSEWHERE.iter().map(|(id, _)| *id)).collect();
    if due == proven {
        return Ok(());
    }
    let missing: Vec<_> = due.difference(&proven).collect();
    let strange: Vec<_> = proven.difference(&due).collect();
    Err(format!("without a proof: {missing:?}; proven, and none of the spooler's: {strange:?}"))
}
