//! Runs the mock with steps, and lets a test look at what it did.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::process::Command;

use mock_spooler::trace::Event;
use mock_spooler::trace::event::{By, What};
use serde_json::Value;
use spoolproof::judge::Trace;

/// How the provider in front of the mock lets mail be learnt of, and what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provider {
    pub(crate) style: &'static str,
    /// A defect of `providers/defective`; none where empty.
    pub(crate) defect: &'static str,
}

/// The reference, polled.
pub(crate) const POLLED: Provider = Provider { style: "polled", defect: "" };
/// The reference, notifying.
pub(crate) const NOTIFYING: Provider = Provider { style: "notify", defect: "" };

impl Provider {
    /// With a defect that brings about what the mock has to cope with.
    pub(crate) fn with(self, defect: &'static str) -> Self {
        Self { defect, ..self }
    }

    /// Runs these steps; there are mails `m1`, `m2` and `m3`.
    pub(crate) fn run(self, steps: &str) -> Seen {
        let dir = tempfile::tempdir().expect("a directory");
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(&path, text).expect("written");
            path
        };
        for (name, subject) in [("m1", "One"), ("m2", "Two"), ("m3", "Three")] {
            let mail = format!(
                "From: ada@example.com\r\nTo: ben@example.net\r\nSubject: {subject}\r\nMessage-ID: <{name}@example.com>\r\n\r\nText\r\n"
            );
            put(&format!("cases/mail/{name}.eml"), &mail);
        }
        let case = format!(
            "title: One\nrequirements: [LIFE-11]\nmail: {{ m1: m1.eml, m2: m2.eml, m3: m3.eml }}\ngolden: false\nsteps:\n{steps}"
        );
        put("cases/lifecycle/one.yaml", &case);
        let library =
            library(if self.defect.is_empty() { "reference_provider" } else { "defective_provider" });
        let candidate = put(
            "candidate.yaml",
            &format!(
                "name: subject\nlibrary: '{}'\nprofile: {{ 0x6603001E: {} }}\nsource: {{ maildrop: 0x6600001E }}\n\
                 sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\naddress-types: [REF]\ntiming: {{ patience: 2s }}\n",
                library.display(),
                self.style
            ),
        );
        let out = dir.path().join("out");
        let run = Command::new(env!("CARGO_BIN_EXE_spoolproof"))
            .args(["run", "--no-golden", "--candidate"])
            .arg(&candidate)
            .arg("--out")
            .arg(&out)
            .env("SPOOLPROOF_CASES", dir.path().join("cases"))
            .env("SPOOLPROOF_DEFECT", self.defect)
            .output()
            .expect("the command starts");
        let trace = Trace::read(&out.join("traces/lifecycle/one.jsonl"));
        let trace = trace.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)));
        let failed = trace.events.iter().find_map(|event| match &event.what {
            What::HarnessError { detail } => Some(detail.clone()),
            _ => None,
        });
        assert_eq!(failed, None, "the mock runs the steps");
        Seen { events: trace.events }
    }
}

fn library(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("this program");
    let path = exe.with_file_name(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    assert!(path.is_file(), "`{}` is built with this program", path.display());
    path
}

/// What happened.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) events: Vec<Event>,
}

/// A call with its return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeing<'s> {
    pub(crate) n: u64,
    pub(crate) t: u64,
    pub(crate) by: By,
    pub(crate) obj: &'s str,
    pub(crate) m: &'s str,
    event: &'s Event,
    /// The event of the return, and what it says.
    pub(crate) back: Option<&'s Event>,
}

impl<'s> Seeing<'s> {
    /// An argument, as text.
    pub(crate) fn arg(&self, name: &str) -> String {
        let What::Call { args, .. } = &self.event.what else { return String::new() };
        args.get(name).map(text).unwrap_or_default()
    }

    /// An output, as text.
    pub(crate) fn out(&self, name: &str) -> String {
        let Some(What::Return { out, .. }) = self.back.map(|event| &event.what) else { return String::new() };
        out.get(name).map(text).unwrap_or_default()
    }

    /// The result.
    pub(crate) fn result(&self) -> &'s str {
        match self.back.map(|event| &event.what) {
            Some(What::Return { hr, .. }) => hr,
            _ => "",
        }
    }

    /// The number of the event with which it ends.
    pub(crate) fn end(&self) -> u64 {
        self.back.map_or(u64::MAX, |event| event.n)
    }

    /// What the reference cell of the message in process held.
    pub(crate) fn msgref(&self) -> Option<u64> {
        match &self.event.what {
            What::Call { msgref, .. } => *msgref,
            _ => None,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Seen {
    /// All calls across the boundary.
    pub(crate) fn calls(&self) -> Vec<Seeing<'_>> {
        let back = |n: u64| {
            self.events.iter().find(|event| matches!(event.what, What::Return { call, .. } if call == n))
        };
        let calls = self.events.iter().filter_map(|event| match &event.what {
            What::Call { by, obj, m, .. } => {
                Some(Seeing { n: event.n, t: event.t, by: *by, obj, m, event, back: back(event.n) })
            }
            _ => None,
        });
        calls.collect()
    }

    /// The calls that the spooler made of a method, or of any where it is empty.
    pub(crate) fn spooler(&self, m: &str) -> Vec<Seeing<'_>> {
        let mut calls = self.calls();
        calls.retain(|call| call.by == By::Spooler && (m.is_empty() || call.m == m));
        calls
    }

    /// The calls that the candidate made of a method.
    pub(crate) fn candidate(&self, m: &str) -> Vec<Seeing<'_>> {
        let mut calls = self.calls();
        calls.retain(|call| call.by == By::Candidate && call.m == m);
        calls
    }

    /// The facts of a name.
    pub(crate) fn facts(&self, wanted: &str) -> Vec<&Value> {
        let facts = self.events.iter().filter_map(|event| match &event.what {
            What::Fact { name, value } if name == wanted => Some(value),
            _ => None,
        });
        facts.collect()
    }

    /// The calls between the spooler and transports of ours: event, session, method, output.
    pub(crate) fn foreign(&self, wanted: &str) -> Vec<(u64, &str, &Value)> {
        let calls = self.events.iter().filter_map(|event| match &event.what {
            What::Foreign { session, m, out, .. } if m == wanted => {
                let said = out.values().next().unwrap_or(&Value::Null);
                Some((event.n, session.as_str(), said))
            }
            _ => None,
        });
        calls.collect()
    }
}
