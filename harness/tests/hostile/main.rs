//! `cargo test --test hostile`: whatever a candidate does, the run ends with a verdict, in time, and leaves nothing behind.
//!
//! One test per row of `providers/defective/hostile.yaml`, and those of texts that mean harm.

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
mod left;
#[cfg(unix)]
mod row;
#[cfg(target_os = "linux")]
#[path = "../common/soon.rs"]
mod soon;
mod texts;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    spoolproof::run::child_entry();
    let test = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        test("texts::every_report_is_harmless", texts::every_report_is_harmless),
        test("texts::the_page_holds_the_texts_as_text", texts::the_page_holds_the_texts_as_text),
        test("texts::every_form_of_a_trace_is_harmless", texts::every_form_of_a_trace_is_harmless),
        test("texts::what_is_asked_for_is_quoted_harmlessly", texts::what_is_asked_for_is_quoted_harmlessly),
        test("texts::a_merge_of_hostile_reports_is_harmless", texts::a_merge_of_hostile_reports_is_harmless),
        test("texts::snapshots_are_harmless", texts::snapshots_are_harmless),
    ];
    #[cfg(target_os = "linux")]
    {
        trials.push(test("texts::the_doctor_is_harmless", texts::the_doctor_is_harmless));
        trials.push(test(
            "a_harness_that_is_killed_leaves_nothing",
            left::a_harness_that_is_killed_leaves_nothing,
        ));
    }
    #[cfg(unix)]
    {
        left::adopt();
        trials.extend(row::trials());
        trials.push(test("the_page_is_that_of_the_table", row::the_page_is_that_of_the_table));
        trials.push(test("the_map_names_rows", row::the_map_names_rows));
        trials
            .push(test("a_harness_that_lives_on_keeps_nothing", left::a_harness_that_lives_on_keeps_nothing));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    #[cfg(unix)]
    {
        row::tell();
        if let Some(left) = left::processes() {
            eprintln!("processes are left behind: {left}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}
