//! The HTML page in a real browser: it opens, filters and draws, in light and dark, and nothing of a candidate is executed.

#![cfg(unix)]

mod common;
#[path = "common/browser.rs"]
mod driver;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::{candidate, spoolproof};
use driver::Browser;
use serde_json::{Value, json};

/// A run with a seeded defect; the page that it makes.
fn page(dir: &Path, defect: &str, cases: &[&str]) -> PathBuf {
    let file = candidate(dir, "defective_provider", "name: sample\n");
    let page = dir.join("report.html");
    let mut command = spoolproof();
    command.env("SPOOLPROOF_DEFECT", defect).arg("run").args(cases).arg("--candidate").arg(file);
    let output = command.arg("--html").arg(&page).output().expect("it runs");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    page
}

/// Opens a case, and waits until its diagram is drawn.
fn open_case(browser: &Browser, id: &str) -> Value {
    const SCRIPT: &str = "
        const [id, done] = arguments;
        const node = [...document.querySelectorAll('.case')].find((node) => node.dataset.id === id);
        node.open = true;
        // A diagram is drawn when it comes into view.
        node.querySelector('.trace').scrollIntoView();
        const drawn = () => {
            const rows = node.querySelectorAll('.row');
            if (!rows.length) return requestAnimationFrame(drawn);
            const text = (selector) => [...node.querySelectorAll(selector)].map((part) => part.textContent);
            done({ rows: rows.length, lanes: text('.seq-head text'), marked: text('.row.marked .label'), notes: text('.note:not(.golden)'),
                golden: text('.note.golden .pair.off'), count: text('.seq-bar .end')[0] });
        };
        drawn();";
    browser.wait(SCRIPT, json!([id]))
}

#[test]
fn it_opens_filters_and_draws() {
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    browser.open(&page(dir.path(), "status-row-without-name", &["polling/", "lifecycle/"]));
    let visible = || {
        let ids = browser.run(
            "return [...document.querySelectorAll('.case')].filter((node) => !node.hidden).map((node) => node.dataset.id)",
            json!([]),
        );
        ids.as_array()
            .expect("ids")
            .iter()
            .map(|id| id.as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    let all = visible();
    assert!(all.len() > 10 && all.contains(&"polling/one".to_owned()), "{all:?}");
    let shown = || browser.run("return document.getElementById('shown').textContent", json!([]));
    assert_eq!(shown(), format!("{0} of {0}", all.len()));

    browser.keys("#search", "STAT-02 polling/one");
    assert_eq!(visible(), ["polling/one"]);
    assert_eq!(shown(), format!("1 of {}", all.len()));
    browser.keys("#search", " nothing-has-this");
    assert_eq!(visible(), Vec::<String>::new());
    browser.click("#reset");
    assert_eq!(visible(), all);
    browser.click(".chip[data-verdict=pass]");
    let passing = visible();
    assert!(!passing.is_empty() && passing.len() < all.len() && !passing.contains(&"polling/one".to_owned()));
    browser.click(".chip[data-verdict=pass]");
    browser.click(".only[data-requirement='STAT-02']");
    assert!(visible().contains(&"polling/one".to_owned()) && visible().len() < all.len());
    browser.click("#requirement");
    assert_eq!(visible(), all);

    let drawn = open_case(&browser, "polling/one");
    assert_eq!(drawn["lanes"], json!(["spooler", "candidate"]));
    assert!(drawn["rows"].as_u64().is_some_and(|rows| rows > 10), "{drawn}");
    assert!(drawn["marked"][0].as_str().is_some_and(|row| row.starts_with("status row of main")), "{drawn}");
    let note = drawn["notes"][0].as_str().expect("a note where the finding happened");
    assert!(note.contains("STAT-02 (must)") && note.contains("PR_DISPLAY_NAME"), "{note}");

    // By the keyboard: to the end, and back to the finding.
    let at =
        || browser.run("return document.querySelector('.case[open] .row.at .label').textContent", json!([]));
    let finding = at();
    browser.keys(".case[open] .seq-scroll", "\u{e010}");
    assert_ne!(at(), finding);
    browser.keys(".case[open] .seq-scroll", "n");
    assert_eq!(at(), finding);
    let rows =
        || browser.run("return document.querySelector('.case[open] .seq-bar .end').textContent", json!([]));
    let before = rows();
    browser.click(".case[open] .seq-bar input");
    assert_ne!(rows(), before, "memory and references are shown");
    assert_eq!(browser.console(), Vec::<String>::new(), "no error, and no breach of the policy");
}

#[test]
fn the_golden_stands_beside_the_trace_where_they_part() {
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    browser.open(&page(dir.path(), "subject-changed", &["polling/one"]));
    let drawn = open_case(&browser, "polling/one");
    let pair = drawn["golden"][0].as_str().expect("the lines that differ");
    assert!(pair.contains("subject \"A plain message\"") && pair.contains("(checked)"), "{drawn}");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn thousands_of_events_are_drawn_as_they_come_into_view() {
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    browser.open(&page(dir.path(), "no-defect", &["start-message/many-recipients", "memory/"]));
    let longest = browser.run(
        "return [...document.querySelectorAll('.case')].filter((node) => node.querySelector('.trace'))
             .map((node) => [Number(node.querySelector('.trace').dataset.rows), node.dataset.id]).sort((a, b) => b[0] - a[0])[0]",
        json!([]),
    );
    let (rows, id) = (longest[0].as_u64().expect("a number"), longest[1].as_str().expect("an id"));
    assert!(rows > 1000, "{id} has {rows} rows");
    let begun = Instant::now();
    let drawn = open_case(&browser, id);
    println!("{id}: {rows} rows, opened and drawn in {:?}", begun.elapsed());
    assert!(drawn["rows"].as_u64().is_some_and(|drawn| drawn < 100), "only what is in view: {drawn}");
    browser.keys(".case[open] .seq-scroll", "\u{e010}");
    let last = browser.run(
        "return Number(document.querySelector('.case[open] .row.at').getAttribute('aria-posinset')) ===
            Number(document.querySelector('.case[open] .row.at').getAttribute('aria-setsize'))",
        json!([]),
    );
    assert_eq!(last, true, "the last row is there");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn nothing_of_a_candidate_is_executed() {
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    browser.open(&page(dir.path(), "hostile-texts", &["polling/one", "start-message/plain"]));
    browser.click("#fold");
    for id in ["polling/one", "start-message/plain"] {
        let drawn = open_case(&browser, id);
        assert!(
            drawn["notes"].to_string().contains("<script>window.hostile=1</script>"),
            "shown as text: {drawn}"
        );
    }
    let state = browser.run(
        "return [window.hostile, document.querySelectorAll('img, iframe, object, embed, link, [onload], [onerror], a[href^=javascript]').length]",
        json!([]),
    );
    assert_eq!(state, json!([null, 0]));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn both_schemes_can_be_read() {
    /// Texts whose contrast with what is behind them is below 4.5 (WCAG AA), and what a screen reader would miss.
    const SCRIPT: &str = "
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
        const light = ([r, g, b]) => { const f = (c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
        const behind = (node) => { for (; node; node = node.parentElement) { const c = rgba(getComputedStyle(node).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
        const poor = [];
        for (const node of document.querySelectorAll('body *')) {
            const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
            if (!own || !node.checkVisibility() || /^(SCRIPT|STYLE|NOSCRIPT)$/.test(node.tagName) || node instanceof SVGElement || node.disabled) continue;
            const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
            const ratio = (a + .05) / (b + .05);
            if (ratio < 4.5) poor.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)} ${node.textContent.slice(0, 30)}`);
        }
        const nameless = [...document.querySelectorAll('button, a, input')].filter((node) => node.checkVisibility() &&
            !(node.textContent.trim() || node.getAttribute('aria-label') || node.closest('label')));
        return { poor: [...new Set(poor)], nameless: nameless.length, background: getComputedStyle(document.body).backgroundColor,
            landmarks: ['header', 'nav', 'main', 'footer'].filter((name) => document.querySelectorAll(`body ${name}`).length !== 1),
            headings: document.querySelectorAll('h1').length, wide: document.documentElement.scrollWidth > innerWidth };";
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    browser.open(&page(dir.path(), "subject-changed", &["polling/", "lifecycle/"]));
    open_case(&browser, "polling/one");
    let mut backgrounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        let seen = browser.run(SCRIPT, json!([]));
        assert_eq!(seen["poor"], json!([]), "{scheme}");
        assert_eq!((&seen["nameless"], &seen["headings"]), (&json!(0), &json!(1)), "{scheme}");
        assert_eq!(seen["landmarks"], json!([]), "{scheme}");
        assert_eq!(seen["wide"], false, "nothing is beside the window");
        backgrounds.push(seen["background"].clone());
    }
    assert_ne!(backgrounds[0], backgrounds[1]);
}

/// What a reader without scripts sees: the text of the page as it was written.
#[test]
fn the_essentials_need_no_script() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string(page(dir.path(), "status-row-without-name", &["polling/one"]))
        .expect("a page");
    let (before, _) = text.rsplit_once("<script>").expect("the script is the last thing");
    for part in [
        "Not conformant",
        "id=\"req-STAT-02\"",
        "PR_DISPLAY_NAME in the status row",
        "IMAPISupport.ModifyStatusRow on support#1",
        "https://learn.microsoft.com/office/client-developer/outlook/mapi/status-tables",
        "<mark>&gt; ",
        "--exact &#39;polling/one&#39;",
    ] {
        assert!(before.contains(part) || before.contains(&part.replace("&#39;", "'")), "{part} is missing");
    }
    assert!(before.contains("<form id=\"filters\" hidden"), "what needs the script is not shown without it");
}

/// The same in a browser that runs no scripts: a vendor finds the verdict, the finding, the page and the command.
#[test]
fn a_browser_without_scripts_shows_the_essentials() {
    let Some(browser) = Browser::start_without_scripts() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let page = page(dir.path(), "status-row-without-name", &["polling/"]);
    browser.open(&page);
    assert!(browser.text("#verdict").contains("Not conformant"), "{}", browser.text("#verdict"));
    assert!(browser.text("#req-STAT-02").contains("polling/one"), "{}", browser.text("#req-STAT-02"));
    // A case opens by a click on its line: that is HTML's own.
    let case = "#case-polling_2fone";
    assert!(!browser.text(case).contains("due"), "it is closed");
    browser.click(&format!("{case} > summary"));
    let told = browser.text(case);
    for part in [
        "STAT-02",
        "PR_DISPLAY_NAME in the status row",
        "IMAPISupport.ModifyStatusRow on support#1",
        "status-tables",
        "The diagram needs JavaScript",
        "--exact 'polling/one'",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    for hidden in ["#filters", ".only"] {
        assert_eq!(browser.text(hidden), "", "{hidden} is of no use here");
    }
}

/// A candidate that fails all over: what the page weighs, and how long it takes until a person can use it.
#[test]
fn a_failing_candidate_with_hundreds_of_cases_opens_at_once() {
    const MOST: u64 = 8 << 20;
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let page = page(dir.path(), "status-row-without-name", &[]);
    let bytes = std::fs::metadata(&page).expect("a page").len();
    let begun = Instant::now();
    browser.open(&page);
    let ready = begun.elapsed();
    let counted = browser.run(
        "const load = performance.getEntriesByType('navigation')[0];
         const count = (verdict) => [...document.querySelectorAll(verdict)].reduce((sum, node) => sum + Number(node.dataset.count || 1), 0);
         return [count('.case'), count('.case.fail'), Math.round(load.domContentLoadedEventEnd), Math.round(load.loadEventEnd)]",
        json!([]),
    );
    let drawn = Instant::now();
    open_case(&browser, "polling/one");
    // Straight to standard error: figures are always told.
    eprintln!(
        "a page of {} cases, {} of them fail: {:.1} MB, opened in {ready:.0?} (ready after {} ms, loaded after {} ms), \
         a diagram drawn in {:.0?}",
        counted[0],
        counted[1],
        bytes as f64 / 1e6,
        counted[2],
        counted[3],
        drawn.elapsed()
    );
    assert!(counted[0].as_u64().is_some_and(|cases| cases >= 200), "{counted}");
    assert!(counted[1].as_u64().is_some_and(|failed| failed >= 200), "{counted}");
    assert!(bytes < MOST, "{bytes} bytes");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// Mermaid itself reads what `trace --as mermaid` says.
#[test]
fn mermaid_reads_its_diagrams() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools/node_modules/mermaid/dist/mermaid.min.js");
    if !library.is_file() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "mermaid is missing: `ci/browser` brings it");
        eprintln!("left out: mermaid is missing: `ci/browser` brings it");
        return;
    }
    let Some(browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let script = std::fs::read_to_string(library).expect("mermaid");
    let host =
        common::write(dir.path(), "host.html", &format!("<!doctype html><body><script>{script}</script>"));
    browser.open(&host);
    let file = candidate(dir.path(), "defective_provider", "");
    for (defect, case) in [
        ("no-defect", "polling/one"),
        ("hostile-texts", "start-message/plain"),
        ("crash-at-IXPLogon.Poll", "polling/one"),
        ("no-defect", "cancel/in-process"),
        ("no-defect", "start-message/many-recipients"),
    ] {
        let mut command = spoolproof();
        command.env("SPOOLPROOF_DEFECT", defect).args(["trace", case, "--as", "mermaid", "--candidate"]);
        let output = command.arg(&file).output().expect("it runs");
        let diagram = String::from_utf8(output.stdout).expect("text");
        let read = browser.wait(
            "const [text, done] = arguments;
             mermaid.initialize({ startOnLoad: false });
             mermaid.parse(text).then((read) => done(read.diagramType), (error) => done(String(error)));",
            json!([diagram]),
        );
        assert_eq!(read, "sequence", "{defect}, {case}:\n{diagram}");
    }
}
