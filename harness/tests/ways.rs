//! The ways of mail into a candidate and out of it, and what its file claims: shown with the bundled reference provider.

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use common::{answer, built, spoolproof, write};
use serde_json::Value;

/// Runs with a candidate file of these lines behind the library's; what is said, and the report of each case.
fn run(dir: &Path, file: &str, cases: &[&str]) -> (String, Vec<Value>) {
    let file = write(
        dir,
        "candidate.yaml",
        &format!("library: '{}'\n{file}", built("reference_provider").display()),
    );
    let json = dir.join("report.json");
    let mut command = spoolproof();
    command.args(["run", "--strict", "--candidate"]).arg(file).arg("--json").arg(&json).args(cases);
    let output = command.output().expect("it runs");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&std::fs::read(json).expect(&said)).expect("JSON");
    (said, report["cases"].as_array().expect("cases").clone())
}

fn all_pass(said: &str, cases: &[Value]) {
    assert!(!cases.is_empty(), "{said}");
    assert!(cases.iter().all(|case| case["verdict"] == "pass"), "{said}");
}

#[test]
fn what_it_sends_by_smtp_is_seen() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = "profile: { 0x6601001E: 'smtp://${sink.address}' }\nsource: { maildrop: 0x6600001E }\n\
                sink: { smtp: '127.0.0.1:0' }\naddress-types: [REF]\n";
    let (said, cases) = run(
        dir.path(),
        file,
        &["submit/plain", "submit/bcc", "submit/many", "submit/two", "submit/deferred"],
    );
    all_pass(&said, &cases);
    assert!(cases.iter().any(|case| case["golden"] == "match"), "{said}");
}

#[test]
fn a_fixed_port_is_used_by_one_case_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let file = format!(
        "profile: {{ 0x6601001E: 'smtp://{free}' }}\nsource: {{ maildrop: 0x6600001E }}\n\
         sink: {{ smtp: '{free}' }}\naddress-types: [REF]\n"
    );
    let (said, cases) = run(dir.path(), &file, &["submit/plain", "submit/two", "submit/html", "--jobs", "3"]);
    all_pass(&said, &cases);
}

/// A mail server of a vendor's: what it takes it puts into one directory, for every case the same.
fn server(dir: PathBuf) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            let say = |text: &str| (&stream).write_all(text.as_bytes()).expect("the client listens");
            say("220 here\r\n");
            while let Some(Ok(line)) = lines.next() {
                match line.as_str() {
                    "DATA" => {
                        say("354 go\r\n");
                        let mail: Vec<String> =
                            lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                        let part = dir.join(format!("{number}.part"));
                        std::fs::write(&part, mail.join("\r\n")).expect("written");
                        std::fs::rename(part, dir.join(format!("{number:06}.eml"))).expect("renamed");
                        say("250 taken\r\n");
                    }
                    "QUIT" => say("221 bye\r\n"),
                    _ => say("250 ok\r\n"),
                }
            }
        }
    });
    address
}

#[test]
fn mail_reaches_it_by_smtp() {
    let dir = tempfile::tempdir().expect("a directory");
    let maildrop = dir.path().join("maildrop");
    std::fs::create_dir(&maildrop).expect("made");
    let address = server(maildrop.clone());
    let file = format!(
        "profile: {{ 0x6600001E: '{}', 0x6601001E: '${{case.dir}}/outbox' }}\nsource: {{ smtp: '{address}' }}\n",
        maildrop.display()
    );
    // All of them share the directory: each at its turn.
    let cases = [
        "polling/one",
        "polling/backlog",
        "start-message/attachments",
        "start-message/recipients",
        "--jobs",
        "4",
    ];
    let (said, cases) = run(dir.path(), &file, &cases);
    all_pass(&said, &cases);
}

#[test]
#[cfg(unix)]
fn mail_reaches_it_by_a_command() {
    let dir = tempfile::tempdir().expect("a directory");
    write(
        dir.path(),
        "stage.sh",
        "set -e\ncat >\"$1/.part\"\nmv \"$1/.part\" \"$1/$(ls \"$1\" | wc -l).eml\"\n",
    );
    let file = format!(
        "profile: {{ 0x6600001E: '${{case.dir}}/maildrop', 0x6601001E: '${{case.dir}}/outbox' }}\n\
         source: {{ command: [sh, '{}', '${{case.dir}}/maildrop'] }}\n",
        dir.path().join("stage.sh").display()
    );
    let (said, cases) = run(dir.path(), &file, &["polling/one", "polling/backlog", "start-message/plain"]);
    all_pass(&said, &cases);
}

#[test]
fn a_server_that_is_not_there_says_nothing_of_the_candidate() {
    let dir = tempfile::tempdir().expect("a directory");
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let file = format!("profile: {{ 0x6600001E: '/', 0x6601001E: '/' }}\nsource: {{ smtp: '{gone}' }}\n");
    let (said, cases) = run(dir.path(), &file, &["polling/one"]);
    assert_eq!(cases[0]["verdict"], "harness-error", "{said}");
    assert!(said.contains(&gone.to_string()), "{said}");
}

const BOTH_WAYS: &str = "source: { maildrop: 0x6600001E }\nsink: { maildrop: 0x6601001E, envelope: X-Sent-To }\n\
                         address-types: [REF]\n";

#[test]
fn what_is_denied_is_asked_for_once() {
    let dir = tempfile::tempdir().expect("a directory");
    for (declared, denied) in [
        ("[inbound, outbound]", &["deferral", "flush"][..]),
        ("[inbound, deferral, flush]", &["outbound"]),
        ("[outbound, deferral, flush]", &["inbound"]),
    ] {
        let file = format!("{BOTH_WAYS}capabilities: {declared}\n");
        let (said, cases) =
            run(dir.path(), &file, &["control/", "flush/", "lifecycle/", "logon/", "submit/"]);
        let fine = |case: &&Value| case["verdict"] == "not-applicable" || case["verdict"] == "pass";
        assert!(cases.iter().all(|case| fine(&case)), "{declared}: {said}");
        for need in denied {
            let reasons = cases.iter().filter_map(|case| case["detail"].as_str());
            let asked: Vec<_> = reasons
                .filter(|reason| {
                    reason.contains(&format!("`{need}`")) && reason.contains("asked all the same")
                })
                .collect();
            // The reference provider can do all of it.
            let told =
                asked.iter().filter(|reason| reason.ends_with("it does it: declared, it would be judged"));
            assert!(told.count() == 1 || *need == "inbound", "{declared}: {asked:?}");
            assert_eq!(asked.len(), 1, "{declared}: {asked:?} in {said}");
        }
    }
}

#[test]
fn a_claim_is_tested_and_a_denied_one_is_no_excuse_for_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let judge = |defect: &str, capabilities: &str| {
        let text = format!(
            "library: '{}'\n{BOTH_WAYS}capabilities: {capabilities}\n",
            built("defective_provider").display()
        );
        let file = write(dir.path(), "candidate.yaml", &text);
        let mut command = spoolproof();
        command.env("SPOOLPROOF_DEFECT", defect).args(["run", "flush/", "--candidate"]).arg(file);
        answer(&command.assert().code(1))
    };
    let claimed = judge("flush-announced-only", "[inbound, outbound, flush]");
    assert!(claimed.contains("FLSH-01"), "{claimed}");
    let denied = judge("crash-at-FlushQueues", "[inbound, outbound]");
    assert!(denied.contains("1 crash"), "{denied}");
}

#[test]
fn a_store_that_nobody_claims_is_asked_for_where_it_is_exported() {
    let dir = tempfile::tempdir().expect("a directory");
    let verdicts = |profile: &str| {
        let file = format!("profile: {{ {profile} }}\n{BOTH_WAYS}");
        let (said, cases) = run(dir.path(), &file, &["store/plain", "coupled/direct-deleted", "--exact"]);
        let verdict = |id: &str| {
            let case =
                cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no {id}: {said}"));
            case["verdict"].as_str().expect("a word").to_owned()
        };
        [verdict("store/plain"), verdict("coupled/direct-deleted")]
    };
    assert_eq!(verdicts("0x6606001E: coupled"), ["pass", "pass"]);
    assert_eq!(verdicts("0x6606001E: alone"), ["pass", "not-applicable"]);
}
