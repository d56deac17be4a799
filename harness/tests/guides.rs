//! The guides: what they link to is there, what they name the command has, what they show as a file is one.

mod common;

use std::path::{Path, PathBuf};

use common::{answer, spoolproof};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The guides, by their paths from the root.
fn guides() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned(), "harness/README.md".to_owned()];
    for entry in std::fs::read_dir(root().join("harness/doc")).expect("the guides").flatten() {
        names.push(format!("harness/doc/{}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), std::fs::read_to_string(root().join(&name)).expect("a guide")))
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for (name, text) in guides() {
        let dir = root().join(&name).parent().expect("a directory").to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            links += 1;
            assert!(dir.join(target).exists(), "{name} links to `{target}`, which is not there");
        }
    }
    assert!(links > 10, "{links} links");
    let index = std::fs::read_to_string(root().join("harness/README.md")).expect("the index");
    for (name, _) in guides().iter().filter(|(name, _)| name.starts_with("harness/doc/")) {
        let name = name.trim_start_matches("harness/");
        assert!(index.contains(&format!("]({name})")), "{name} is not in the index");
    }
}

/// Files that exist in the tree are named as they are.
#[test]
fn files_that_are_named_are_there() {
    let tops = ["ci/", "harness/", "mock-spooler/", "cases/", "golden/", ".ci/"];
    for (name, text) in guides() {
        for word in
            text.split('`').skip(1).step_by(2).filter(|word| tops.iter().any(|top| word.starts_with(top)))
        {
            let path = word.split([' ', ':']).next().unwrap_or_default();
            let pattern = path.contains("AREA") || path.contains('*');
            assert!(pattern || root().join(path).exists(), "{name} names `{path}`, which is not there");
        }
    }
}

#[test]
fn commands_and_options_are_those_of_the_command() {
    let help = |of: &[&str]| answer(&spoolproof().args(of).arg("--help").assert().code(0));
    let verbs = ["run", "list", "explain", "trace", "doctor", "merge", "schema"];
    let options: Vec<(&str, String)> = verbs.iter().map(|verb| (*verb, help(&[verb]))).collect();
    let mut seen = 0;
    for (name, text) in guides() {
        // Fenced blocks are files and sessions; what stands between single ticks is said in passing.
        let prose: String = text.split("```").step_by(2).collect();
        let sessions = text.lines().map(str::trim_start).filter_map(|line| line.strip_prefix("$ "));
        let commands = prose.split('`').skip(1).step_by(2).chain(sessions);
        for command in
            commands.filter(|command| command.contains("spoolproof ") || command.starts_with("cargo run -- "))
        {
            let words: Vec<&str> = command
                .split_whitespace()
                .skip_while(|word| !word.ends_with("spoolproof") && *word != "--")
                .skip(1)
                .collect();
            let Some((verb, rest)) = words.split_first() else { continue };
            if verb.starts_with('-') {
                continue;
            }
            let (_, help) = options
                .iter()
                .find(|(known, _)| known == verb)
                .unwrap_or_else(|| panic!("{name}: `{command}`: no such command"));
            seen += 1;
            for option in rest.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{name}: `{command}`: `{verb}` has no {option}");
            }
        }
    }
    assert!(seen > 20, "{seen} commands");
}

/// What is shown as a candidate file or a case is one to its schema, which another test keeps together with the parser.
#[test]
fn files_that_are_shown_are_right() {
    let schema = |what: &str| {
        let text = answer(&spoolproof().args(["schema", what]).assert().code(0));
        jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
    };
    let (case, candidate) = (schema("case"), schema("candidate"));
    let mut shown = 0;
    for (name, text) in guides() {
        for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            // Keys that are tags are numbers to YAML, and names to JSON.
            let quoted = block
                .replace("  0x6602001E:", "  \"0x6602001E\":")
                .replace(": 0x6", ": \"0x6")
                .replace("001E }", "001E\" }")
                .replace("001E,", "001E\",");
            let value: Value =
                serde_yaml::from_str(&quoted).unwrap_or_else(|error| panic!("{name}: {error}\n{quoted}"));
            let validator = if value.get("steps").is_some() { &case } else { &candidate };
            let wrong: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?}\n{block}");
            shown += 1;
        }
    }
    assert!(shown >= 5, "{shown} files");
}
