//! The judge and the projection in events per second, and what a message costs where there are many.
//!
//! Time and memory for each message must not grow with their number: what many cost stands beside what a thousand cost, of which no
//! cache holds the trace either. `BENCH_BACKLOG` is the largest number of messages, 10000 where it is not set; 100000 need 8 GiB.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{Figure, Goal, descendants, each, once, row};
use spoolproof::candidate::bundled;
use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::golden;
use spoolproof::judge::{Input, Trace, judge_case};
use spoolproof::run::{Settings, Suite};
use spoolproof::verdict::{ChildEnd, Verdict};

fn main() {
    spoolproof::run::child_entry();
    let most: u32 = std::env::var("BENCH_BACKLOG").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let mut first = None;
    for messages in [1, 100, 1000, 10_000, 100_000].into_iter().filter(|messages| *messages <= most) {
        let (trace, took, memory) = backlog(messages);
        let events = u32::try_from(trace.events.len()).unwrap_or(u32::MAX);
        let whole = BTreeMap::new();
        let judged = once(|| {
            drop(judge_case(&Input {
                needs: &[],
                trace: &trace,
                end: &ChildEnd::Finished,
                mails: &whole,
                sent: None,
                capabilities: None,
                like: false,
            }));
        });
        let projected = once(|| drop(golden::project(&trace)));
        let text = text_of(&trace);
        let read = each(1, || drop(Trace::parse(&text)));
        drop(text);
        let rate = |time: Duration| f64::from(events) / time.as_secs_f64();
        println!(
            "{messages} messages: {events} events, {:.0} ms in all, {memory} KiB at most in the child; judge {:.0} events/s, \
             projection {:.0} events/s, reader {:.0} events/s",
            took.as_secs_f64() * 1e3,
            rate(judged),
            rate(projected),
            rate(read),
        );
        let times = [
            ("judge, an event", judged / events),
            ("projection, an event", projected / events),
            ("case, a message", took / messages),
        ];
        match &first {
            // Fewer cost what a case costs, and what the caches spare.
            None if messages < 1000 => {}
            None => first = Some((messages, times, memory)),
            Some((few, before, held)) => {
                for ((what, time), (_, floor)) in times.into_iter().zip(before) {
                    let floor_is = format!("the same of {few} messages");
                    row(
                        &format!("{what}, of {messages} messages"),
                        &floor_is,
                        Goal::Times(1.5),
                        Figure { measured: time, floor: *floor },
                    );
                }
                let more = f64::from(messages - few);
                println!(
                    "memory of the child: {:.1} KiB more for each message",
                    (memory as f64 - *held as f64) / more
                );
            }
        }
    }
}

/// A run over so many messages: the trace, the time, and the most memory that the child had, in KiB.
fn backlog(messages: u32) -> (Trace, Duration, u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let case = format!(
        "title: Many messages\nrequirements: [RECV-16]\nneeds: [inbound]\nmail: {{ m1: plain.eml }}\nsteps:\n  - logon\n  \
         - begin: inbound\n  - arrive: {{ mail: m1, copies: {messages} }}\n  - receive: {{ expect: m1, copies: {messages} }}\n  \
         - end: inbound\n  - logoff\n"
    );
    std::fs::create_dir_all(dir.path().join("polling")).expect("a directory");
    std::fs::create_dir_all(dir.path().join("mail")).expect("a directory");
    std::fs::write(dir.path().join("polling/many.yaml"), case).expect("written");
    std::fs::copy(cases_dir().join("mail/plain.eml"), dir.path().join("mail/plain.eml")).expect("copied");
    let catalogue = Arc::new(Catalogue::load(dir.path()).expect("the case is well-formed"));
    let mut candidate = bundled().expect("the reference provider was built along with this");
    candidate.limit = Duration::from_secs(3600);
    let settings = Settings { golden: false, traces: true, ..Settings::default() };
    let suite = Suite::new(candidate, Arc::clone(&catalogue), settings).expect("it can be loaded");
    let case = catalogue.get("polling/many").expect("the case");
    let (over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut report = None;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                most.fetch_max(children(), Ordering::AcqRel);
                std::thread::park_timeout(Duration::from_millis(2));
            }
        });
        report = Some(suite.run_one(case, None));
        over.store(true, Ordering::Release);
    });
    let report = report.expect("it was run");
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    (report.recorded.expect("it was asked for"), report.took, most.load(Ordering::Acquire))
}

/// The peak of memory of the processes below this one, in KiB; Linux alone tells it. One that has not become another program yet
/// shares this one's memory.
fn children() -> u64 {
    let command = |pid: &str| std::fs::read(Path::new("/proc").join(pid).join("cmdline")).ok();
    let own = command("self");
    let pids = descendants(std::process::id()).into_iter().map(|pid| pid.to_string());
    let begun = pids.filter(|pid| command(pid) != own);
    begun.filter_map(|pid| peak(&Path::new("/proc").join(pid).join("status"))).max().unwrap_or(0)
}

fn peak(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn text_of(trace: &Trace) -> Vec<u8> {
    let mut text = serde_json::to_vec(&trace.header).expect("a line");
    text.push(b'\n');
    for event in &trace.events {
        serde_json::to_writer(&mut text, event).expect("a line");
        text.push(b'\n');
    }
    text
}
