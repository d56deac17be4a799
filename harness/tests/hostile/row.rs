//! A hostile candidate, and what a run with it has to end in.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{candidate, library, spoolproof, thrower, tool, write};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hostile: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    does: String,
    /// The verdict of the case; `unloadable` where the run comes to none.
    ends: String,
    /// What is in the verdict's detail, or in a finding.
    #[serde(default)]
    says: Option<String>,
    /// A requirement that is reported.
    #[serde(default)]
    breaks: Option<String>,
    /// The exit status of the command.
    exit: i32,
    #[serde(default = "plain")]
    case: String,
    /// How long the case may take.
    #[serde(default = "short")]
    limit: String,
    /// How much it may write, in MiB.
    #[serde(default = "little")]
    disk: u64,
    /// Which defect it is, where that is not the name.
    #[serde(default)]
    defect: Option<String>,
    /// Whether it is a transport with its store.
    #[serde(default)]
    pair: bool,
    /// Which library of `tests/data` it is, where it is not the defective provider.
    #[serde(default)]
    library: Option<String>,
}

fn plain() -> String {
    "start-message/plain".to_owned()
}

fn short() -> String {
    "3s".to_owned()
}

fn little() -> u64 {
    64
}

/// How long a run may take, on a machine that is busy with other things.
const BOUND: Duration = Duration::from_secs(120);

/// Rows that were run, with what they ended in.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(crate) fn trials() -> Vec<Trial> {
    let table: Table = serde_yaml::from_str(defective_table()).expect("the table is well-formed");
    table.hostile.into_iter().map(|row| Trial::test(row.name.clone(), move || run(&row))).collect()
}

/// The page is made from the table, whose every row is run: it says what runs end in. `SPOOLPROOF_UPDATE_PAGE=1` writes it anew.
pub(crate) fn the_page_is_that_of_the_table() {
    let table: Table = serde_yaml::from_str(defective_table()).expect("the table is well-formed");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/hostile.md");
    let text = std::fs::read_to_string(&path).expect("the page");
    let (head, _) = text.split_once(BEGIN).expect("the page has a place for the table");
    let mut due = format!(
        "{head}{BEGIN}\n| candidate | what it does | ends in | exit status |\n| --- | --- | --- | --- |\n"
    );
    for row in &table.hostile {
        let says = row.says.as_ref().map(|says| format!(": {says}")).unwrap_or_default();
        let breaks = row.breaks.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        due.push_str(&format!(
            "| {} | {} | {}{says}{breaks} | {} |\n",
            row.name, row.does, row.ends, row.exit
        ));
    }
    if std::env::var("SPOOLPROOF_UPDATE_PAGE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &due).expect("written");
    }
    assert!(
        text == due || std::fs::read_to_string(&path).is_ok_and(|now| now == due),
        "the page is not the table's: {UPDATE}"
    );
}

/// What kind of harm is shown by which rows, on the same page: every name there is a row's, or begins the names of some.
pub(crate) fn the_map_names_rows() {
    let table: Table = serde_yaml::from_str(defective_table()).expect("the table is well-formed");
    let page = include_str!("../../doc/hostile.md");
    let (_, rest) = page.split_once("<!-- names of rows -->").expect("the page has a map");
    let (map, _) = rest.split_once("<!-- end of the names -->").expect("the map has an end");
    let kinds =
        map.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let mut named = 0;
    for (kind, names) in kinds.skip_while(|(kind, _)| *kind != "---").skip(1) {
        let names: Vec<&str> = names
            .split_whitespace()
            .map(|name| name.trim_matches('`'))
            .filter(|name| !name.is_empty())
            .collect();
        assert!(!names.is_empty(), "no row shows: {kind}");
        for name in names {
            let is_shown = |row: &Row| match name.strip_suffix('*') {
                Some(begin) => row.name.starts_with(begin),
                None => row.name == name,
            };
            assert!(table.hostile.iter().any(is_shown), "`{name}` is no row of the table: {kind}");
            named += 1;
        }
    }
    assert!(named > 0, "the map names nothing");
}

const BEGIN: &str = "<!-- made from hostile.yaml -->";
const UPDATE: &str = "SPOOLPROOF_UPDATE_PAGE=1 cargo test --test hostile -- page";

fn defective_table() -> &'static str {
    include_str!("../../providers/defective/hostile.yaml")
}

/// Prints the rows that were run.
pub(crate) fn tell() {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    told.sort_unstable();
    for line in told.iter() {
        println!("{line}");
    }
}

fn run(row: &Row) -> Result<(), Failed> {
    let (dir, temporary) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let timing = format!("timing: {{ patience: 500ms, limit: {} }}\n", row.limit);
    let file = if let Some(name) = &row.library {
        let library = match name.as_str() {
            "actor" => library("actor"),
            "thrower" if !tool("g++", "it compiles the candidate that throws") => return Ok(()),
            "thrower" => thrower(),
            name => return Err(format!("there is no library `{name}`").into()),
        };
        let source = "source: { maildrop: 0x6600001E }";
        write(dir.path(), "candidate.yaml", &format!("library: '{}'\n{source}\n{timing}", library.display()))
    } else {
        let pair = "profile: { 0x6606001E: coupled }\n\
                    capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n";
        candidate(dir.path(), "defective_provider", &format!("{timing}{}", if row.pair { pair } else { "" }))
    };
    let report = dir.path().join("report.json");
    let mut command = spoolproof();
    // Nothing that a run makes is anywhere else.
    command.env("TMPDIR", temporary.path());
    command.env("SPOOLPROOF_MEMORY_LIMIT", "1024").env("SPOOLPROOF_DISK_LIMIT", row.disk.to_string());
    let variable = row.library.as_ref().map_or("SPOOLPROOF_DEFECT".to_owned(), |name| name.to_uppercase());
    command.env(variable, row.defect.as_ref().unwrap_or(&row.name));
    command.args(["run", "--exact", &row.case, "--candidate"]).arg(file).arg("--json").arg(&report);
    let start = Instant::now();
    let output = command.timeout(BOUND).output()?;
    let took = start.elapsed();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let json: Value = std::fs::read(&report).map_or(Value::Null, |bytes| {
        serde_json::from_slice(&bytes).unwrap_or_else(|error| Value::from(error.to_string()))
    });
    let case = &json["cases"][0];
    let verdict = case["verdict"].as_str().unwrap_or("unloadable").to_owned();
    let findings = case["findings"].as_array().cloned().unwrap_or_default();
    let broken: Vec<&str> = findings.iter().filter_map(|finding| finding["requirement"].as_str()).collect();
    let mut wrong = Vec::new();
    if output.status.code() != Some(row.exit) {
        wrong.push(format!("exit status {:?} where {} is due", output.status.code(), row.exit));
    }
    if verdict != row.ends {
        wrong.push(format!("verdict `{verdict}` where `{}` is due", row.ends));
    }
    if let Some(due) = row.breaks.as_deref().filter(|due| !broken.contains(due)) {
        wrong.push(format!("{due} is not among what is reported: {broken:?}"));
    }
    if let Some(due) = row.says.as_deref().filter(|due| !said.contains(due)) {
        wrong.push(format!("nothing says `{due}`"));
    }
    if took > BOUND {
        wrong.push(format!("it took {took:?}"));
    }
    let left: Vec<_> = std::fs::read_dir(temporary.path())?.flatten().map(|entry| entry.path()).collect();
    if !left.is_empty() {
        wrong.push(format!("files are left behind: {left:?}"));
    }
    let line =
        format!("{:<28} {:<10} {:>5.1} s  {broken:?}  {}", row.name, verdict, took.as_secs_f64(), row.does);
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{said}", wrong.join("\n")).into()) }
}
