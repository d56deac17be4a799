//! Texts of a candidate that mean harm - markup, control sequences, halves of characters, megabytes - in every output.

use std::path::Path;

use crate::common::{candidate, spoolproof};

const DEFECT: (&str, &str) = ("SPOOLPROOF_DEFECT", "hostile-texts");

/// No output is longer, however long the texts are.
const LONGEST: usize = 1 << 20;

/// All reports of a run, and what was said.
fn run(out: &Path) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let name = "name: \"</title><script>window.hostile=9</script>\\e[31m\\u202e\"\n";
    let file = candidate(dir.path(), "defective_provider", name);
    let mut command = spoolproof();
    command.env(DEFECT.0, DEFECT.1).env("GITHUB_STEP_SUMMARY", out.join("summary.md"));
    command
        .args(["run", "polling/one", "start-message/plain", "--candidate"])
        .arg(file)
        .arg("--out")
        .arg(out);
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "only a derived statement is broken");
    String::from_utf8(output.stdout).expect("text")
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("a report");
    assert!(bytes.len() < LONGEST, "{} has {} bytes", path.display(), bytes.len());
    String::from_utf8(bytes).expect("UTF-8")
}

/// No character steers a terminal, and no line commands a CI service.
fn is_tame(what: &str, text: &str) {
    let steers = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            || matches!(c, '\u{e0000}'..='\u{e007f}')
    };
    let found = text.char_indices().find(|(_, c)| steers(c));
    assert_eq!(
        found,
        None,
        "{what}: {:?}",
        found.map(|(at, _)| text[at..].chars().take(40).collect::<String>())
    );
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{what}: {line}");
    }
}

pub(crate) fn every_report_is_harmless() {
    let out = tempfile::tempdir().expect("a directory");
    let said = run(out.path());
    assert!(said.contains("<script>window.hostile=1</script>"), "it was there: {said}");
    assert!(said.len() < LONGEST, "{} bytes", said.len());
    is_tame("the terminal", &said);

    let json = read(&out.path().join("report.json"));
    is_tame("JSON", &json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(
        value["candidate"]["name"].as_str().is_some_and(|name| name.contains('\u{1b}')),
        "nothing is lost"
    );

    let junit = read(&out.path().join("junit.xml"));
    is_tame("JUnit", &junit);
    assert!(junit.contains("&lt;script&gt;window.hostile=1") && !junit.contains("<script"), "{junit}");

    let summary = read(&out.path().join("summary.md"));
    is_tame("the summary", &summary);
    for part in ["<script", "<img", "<svg", "[x](", "javascript:"] {
        assert!(!summary.contains(part), "{part} in {summary}");
    }
}

pub(crate) fn the_page_holds_the_texts_as_text() {
    let out = tempfile::tempdir().expect("a directory");
    run(out.path());
    let page = read(&out.path().join("report.html"));
    is_tame("the page", &page);
    assert!(page.contains("&lt;script&gt;window.hostile=1&lt;/script&gt;"), "it is shown");
    let scripts = page.matches("<script").count();
    let data = page.matches("<script type=\"application/json\" id=\"data-case-").count();
    assert_eq!((scripts, data), (3, 2), "one that runs, and the data of two traces");
    for part in ["<img", "<a href=\"javascript", "<svg onload", "onerror=\""] {
        assert!(!page.contains(part), "{part}");
    }
    let policy = "content=\"default-src 'none'; script-src 'sha256-";
    assert!(page.contains(policy) && !page.contains("unsafe-"), "the policy forbids what is not ours");
}

pub(crate) fn every_form_of_a_trace_is_harmless() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = candidate(dir.path(), "defective_provider", "");
    let form = |form: &str| {
        let mut command = spoolproof();
        command
            .env(DEFECT.0, DEFECT.1)
            .args(["trace", "start-message/plain", "--as", form, "--candidate"])
            .arg(&file);
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{form}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.len() < LONGEST, "{form}: {} bytes", output.stdout.len());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        is_tame(form, &text);
        text
    };
    assert!(form("text").contains("window.hostile=1"));
    for line in form("json").lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("an object on each line");
    }
    let perfetto: serde_json::Value = serde_json::from_str(&form("perfetto")).expect("JSON");
    let events = perfetto["traceEvents"].as_array().expect("events");
    let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert!(of("B") > 20 && of("B") == of("E"), "every call of an orderly case has its end");
    let mermaid = form("mermaid");
    assert!(mermaid.starts_with("sequenceDiagram\n") && !mermaid.contains('<'), "{mermaid}");
    assert!(!mermaid.contains("%%"), "{mermaid}");
}
