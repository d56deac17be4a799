//! Windows libraries, judged through `mock-spooler.exe` under Wine against the same goldens as everything else, and by
//! `spoolproof.exe` itself.
//!
//! `ci/windows-lane` builds what is needed here. Where it was not run, or Wine is missing, these tests say so and pass; where the
//! environment variable CI is `true` that is a failure.

#[cfg(target_os = "linux")]
mod limits;
mod narrow;
mod programs;
#[cfg(target_os = "linux")]
#[path = "../common/soon.rs"]
mod soon;
#[cfg(target_os = "linux")]
mod turns;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The directory of the Windows build, with all that is needed in it; the reason where something is missing.
fn lane() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dir = target.join("x86_64-pc-windows-gnu/debug");
    for file in [
        "spoolproof.exe",
        "mock-spooler.exe",
        "cppxp.dll",
        "cpputil.dll",
        "mapi32.dll",
        "olmapi32.dll",
        "reference_provider.dll",
        "defective_provider.dll",
        "sample_preprocessor.dll",
        "bcryptprimitives.dll",
    ] {
        if !dir.join(file).is_file() {
            return Err(format!("`{file}` is not built (ci/windows-lane builds it)"));
        }
    }
    let wine = Command::new("wine").arg("--version").output();
    if wine.is_ok_and(|wine| wine.status.success()) {
        Ok(dir)
    } else {
        Err("Wine is not installed".to_owned())
    }
}

/// The lane, or nothing, said aloud; in CI that is a failure.
fn lane_or_say(what: &str) -> Option<PathBuf> {
    match lane() {
        Ok(dir) => Some(dir),
        Err(why) => {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "the Windows lane is missing in CI: {why}"
            );
            // Straight to standard error, past the capture of the test runner: what was left out is always said.
            let _ = writeln!(std::io::stderr(), "left out: {what}: {why}");
            None
        }
    }
}

fn conformant(library: &str, arguments: &[&str]) {
    let Some(dir) = lane_or_say(&format!("`{library}` under Wine")) else { return };
    let report = tempfile::NamedTempFile::new().expect("a file for the report");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
        .args(["run", "--strict", "--library"])
        .arg(dir.join(library))
        .arg("--json")
        .arg(report.path())
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{library} is to be conformant:\n{text}");
    let json: Value = serde_json::from_slice(&std::fs::read(report.path()).expect("the report is there"))
        .expect("it is JSON");
    let cases = json["cases"].as_array().expect("it lists its cases");
    let matching = cases.iter().filter(|case| case["golden"] == "match").count();
    let differing: Vec<_> =
        cases.iter().filter(|case| case["golden"] == "differs").map(|case| &case["id"]).collect();
    assert!(differing.is_empty(), "{library}: goldens differ in {differing:?}");
    assert!(matching > 0, "{library}: no golden was compared");
}

#[test]
fn the_cpp_provider_is_conformant() {
    conformant("cppxp.dll", &[]);
}

/// Debian's Wine finds its server by way of `TMPDIR`: a case that had one of its own would start a server of its own.
#[cfg(unix)]
#[test]
fn cases_share_the_server_of_wine() {
    use std::os::unix::fs::PermissionsExt;
    let Some(dir) = lane_or_say("the server of Wine") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let wine = std::env::split_paths(&path).map(|dir| dir.join("wine")).find(|wine| wine.is_file());
    let (wine, log) = (wine.expect("the lane needs it"), work.path().join("log"));
    let text = format!(
        "#!/bin/sh\necho \"${{TMPDIR-none}}\" >> '{}'\nexec '{}' \"$@\"\n",
        log.display(),
        wine.display()
    );
    std::fs::write(work.path().join("wine"), text).expect("written");
    std::fs::set_permissions(work.path().join("wine"), PermissionsExt::from_mode(0o755)).expect("a program");
    let path = std::env::join_paths([work.path().to_owned()].into_iter().chain(std::env::split_paths(&path)));
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
        .env("PATH", path.expect("a path"))
        .env_remove("TMPDIR")
        .args(["run", "--exact", "lifecycle/load", "polling/one", "--library"])
        .arg(dir.join("reference_provider.dll"))
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let started = std::fs::read_to_string(log).expect("Wine was started");
    assert!(started.lines().count() >= 2, "a start for each case: {started}");
    assert!(started.lines().all(|dir| dir == "none"), "{started}");
}

#[test]
fn the_reference_provider_built_for_windows_is_conformant() {
    conformant(
        "reference_provider.dll",
        &["lifecycle/", "start-message/", "control/", "submit/plain", "cancel/in-process"],
    );
}

/// All cases of stores, of pairs and of their fallback, sweeps included, against the goldens of the native pair.
#[test]
fn the_reference_pair_built_for_windows_is_conformant() {
    let Some(dir) = lane_or_say("the reference pair under Wine") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let text = format!(
        "name: pair\nlibrary: '{}'\nprofile: {{ 0x6606001E: coupled }}\n\
         source: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n",
        dir.join("reference_provider.dll").display(),
    );
    let said = conformant_file(&dir, work.path(), &text, &["store/", "coupled/", "fallback/"]);
    assert!(said.contains("swept: "), "{said}");
}

/// Functions of a DLL that the transport names, and of one that a transport of the spooler's names.
#[test]
fn preprocessors_in_a_dll_of_their_own_are_called() {
    let Some(dir) = lane_or_say("preprocessors under Wine") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let text = format!(
        "name: pair\nlibrary: '{}'\nprofile: {{ 0x6606001E: coupled, 0x6604001E: preprocessor-library }}\n\
         source: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\ncapabilities: [inbound, outbound, store, coupled]\n",
        dir.join("reference_provider.dll").display(),
    );
    let cases = ["--exact", "coupled/preprocessed", "fallback/preprocessed"];
    conformant_file(&dir, work.path(), &text, &cases);
    let trace = traces(&work.path().join("out"));
    assert!(!trace.contains("could not be loaded"), "{trace}");
    for function in ["PreprocessMessage", "RemovePreprocessInfo"] {
        let by_the_candidate = format!("\"m\":\"{function}\"");
        assert!(trace.matches(&by_the_candidate).count() >= 3, "{function} is called for each: {trace}");
    }
}

#[test]
fn the_cpp_provider_on_mapis_functions_is_conformant() {
    conformant("cpputil.dll", &[]);
}

/// A Windows library that runs where it must, and is judged from here: the host is the Windows program, the judge is not.
#[test]
fn a_library_served_under_wine_is_judged_from_here() {
    let Some(dir) = lane_or_say("`mock-spooler.exe serve`") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let text = format!(
        "name: served\nshim: [wine, '{}', serve, --library, '{}']\n\
         profile: {{ 0x6606001E: coupled }}\n\
         source: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n",
        dir.join("mock-spooler.exe").display(),
        dir.join("reference_provider.dll").display(),
    );
    let cases =
        ["--exact", "lifecycle/unload", "start-message/attachments", "submit/plain", "coupled/direct"];
    let said = conformant_file(&dir, work.path(), &text, &cases);
    assert!(said.contains("- 4 pass"), "{said}");
}

/// All cases of a message service, sweeps included, and the other way that the reference does not take: created without a dialog
/// this service is content.
#[test]
fn a_service_entry_is_administered() {
    let Some(dir) = lane_or_say("a service entry") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let text = format!(
        "name: service\nlibrary: {}\nservice-entry: ServiceEntry\nprofile: {{ 0x6602001E: CPP }}\n\
         source: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n",
        dir.join("cpputil.dll").display()
    );
    let said = conformant_file(&dir, work.path(), &text, &["/service", "logon/unconfigured"]);
    let out = work.path().join("out");
    assert!(said.contains("swept: "), "{said}");
    let trace = traces(&out.join("traces/logon"));
    for context in
        ["MSG_SERVICE_CREATE", "MSG_SERVICE_CONFIGURE", "MSG_SERVICE_DELETE", "MSG_SERVICE_UNINSTALL"]
    {
        assert!(trace.contains(&format!("\"context\":\"{context}\"")), "no {context} in {trace}");
    }
    let retried =
        std::fs::read_to_string(out.join("traces/logon/service-unconfigured.jsonl")).expect("its trace");
    let logons = retried.matches("\"m\":\"IXPProvider.TransportLogon\"").count();
    assert_eq!(logons, 3, "refused, tried once more, and that of the completed profile");
}

/// Runs these cases on the candidate of this text, strictly; what is said. The traces are in `out` in the directory.
fn conformant_file(lane: &Path, work: &Path, text: &str, cases: &[&str]) -> String {
    let file = work.join("candidate.yaml");
    std::fs::write(&file, text).expect("written");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", lane.join("mock-spooler.exe"))
        .env("WINEDEBUG", "-all")
        .args(["run", "--strict", "--candidate"])
        .arg(&file)
        .arg("--out")
        .arg(work.join("out"))
        .args(cases)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// All traces below a directory, one after the other.
fn traces(dir: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.push_str(&traces(&path));
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            all.push_str(&text);
        }
    }
    all
}

/// The library imports from `mapi32.dll` what ours serves, and nothing else.
#[test]
fn what_the_variant_imports_is_served() {
    use object::Object as _;
    let Some(dir) = lane_or_say("the imports of `cpputil.dll`") else { return };
    let bytes = std::fs::read(dir.join("cpputil.dll")).expect("it was built");
    let file = object::File::parse(&*bytes).expect("a library");
    let imports = file.imports().expect("an import table");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let names: Vec<String> = imports
        .map(|import| import.expect("an import"))
        .filter(|import| text(import.library()).eq_ignore_ascii_case("mapi32.dll"))
        .map(|import| match import.name() {
            object::read::NameOrOrdinal::Name(name) => text(name),
            object::read::NameOrOrdinal::Ordinal(ordinal) => format!("#{ordinal}"),
        })
        .collect();
    let served = |name: &String| mapi_spi::functions::FUNCTIONS.iter().any(|function| function.name == name);
    assert!(names.len() >= 15, "it leans on few functions: {names:?}");
    assert!(names.iter().all(served), "some are not served: {names:?}");
}

/// On a machine without Outlook, and without our libraries, there is no `mapi32.dll` that would do.
#[test]
fn the_variant_does_not_load_without_our_libraries() {
    let Some(dir) = lane_or_say("`cpputil.dll` without mapi32.dll") else { return };
    let work = tempfile::tempdir().expect("a directory");
    for file in ["mock-spooler.exe", "bcryptprimitives.dll"] {
        std::fs::copy(dir.join(file), work.path().join(file)).expect("copied");
    }
    let library = dir.join("cpputil.dll");
    let alone = loaded(&work.path().join("mock-spooler.exe"), &library, work.path());
    assert!(alone.contains("\"ev\":\"load-failed\""), "it was loaded without: {alone}");
    let served = loaded(&dir.join("mock-spooler.exe"), &library, work.path());
    assert!(served.contains("\"m\":\"XPProviderInit\""), "it was not loaded with: {served}");
}

/// The trace of a library's load by one `mock-spooler.exe`. Wine's own `mapi32.dll` counts as none.
fn loaded(exe: &Path, library: &Path, work: &Path) -> String {
    let wine = |path: &Path| format!("Z:{}", path.display()).replace('/', "\\");
    let (plan, trace) = (work.join("plan.json"), work.join("trace.ndjson"));
    let told = serde_json::json!({
        "case": "load", "trace": wine(&trace), "candidate": { "library": wine(library) },
        "mail": {}, "patience_ms": 1000, "steps": ["load", "shutdown", "unload"],
    });
    std::fs::write(&plan, told.to_string()).expect("written");
    let output = Command::new("wine")
        .arg(exe)
        .arg(wine(&plan))
        .envs([("WINEDEBUG", "-all"), ("WINEDLLOVERRIDES", "mapi32,olmapi32=n")])
        .output()
        .expect("wine runs");
    std::fs::read_to_string(&trace)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}
