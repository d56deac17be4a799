//! `spoolproof.exe` and `mock-spooler.exe` as Windows programs, in a directory with spaces and letters of several alphabets in
//! its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::lane_or_say;

#[path = "../common/mod.rs"]
#[allow(unused_imports, reason = "the tests of Windows programs use a part")]
mod common;

/// How long one run may take, on a machine that is busy with other things.
pub(super) const BOUND: Duration = Duration::from_secs(500);

/// What was built, with cases and goldens beside it, as on a machine without the sources.
pub(super) struct Installed {
    pub(super) dir: PathBuf,
    root: TempDir,
    /// Where temporary files go. A name beyond 8-bit text sends those of cases elsewhere, out of sight.
    temporary: TempDir,
}

impl Installed {
    /// Nothing where the lane is missing, which is said.
    pub(super) fn new(what: &str) -> Option<Self> {
        let lane = lane_or_say(what)?;
        let root = tempfile::Builder::new().prefix("Prüf Ж 試 ").tempdir().expect("a directory");
        let dir = root.path().join("mit Leerzeichen");
        fs::create_dir_all(&dir).expect("a directory");
        for file in [
            "spoolproof.exe",
            "mock-spooler.exe",
            "bcryptprimitives.dll",
            "mapi32.dll",
            "olmapi32.dll",
            "reference_provider.dll",
            "defective_provider.dll",
            "sample_preprocessor.dll",
            "cppxp.dll",
            "cpputil.dll",
        ] {
            fs::copy(lane.join(file), dir.join(file)).expect("copied");
        }
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for tree in ["cases", "golden"] {
            copy(&sources.join(tree), &dir.join(tree));
        }
        // Wine keeps TMP and TEMP of this system from its programs.
        let script = "@set TMP=%TEMP_HERE%\r\n@set TEMP=%TMP%\r\n@spoolproof.exe %*\r\n";
        fs::write(dir.join("run.bat"), script).expect("written");
        Some(Self { dir, root, temporary: tempfile::tempdir().expect("a directory") })
    }

    /// Runs `spoolproof.exe`.
    pub(super) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new("wine");
        self.prepare(&mut command, arguments);
        command.envs(environment.iter().copied());
        assert_cmd::Command::from_std(command).timeout(BOUND).output().expect("wine runs")
    }

    /// Has Wine run `spoolproof.exe` with these arguments.
    pub(super) fn prepare(&self, command: &mut Command, arguments: &[&str]) {
        command.args(["cmd", "/c", "run.bat"]).args(arguments).current_dir(&self.dir);
        // Wine prefers its own libraries to ours of the same names, unless it is told.
        command.env("WINEDLLOVERRIDES", "mapi32,olmapi32=n,b");
        command.env("WINEDEBUG", "-all").env("TEMP_HERE", under_wine(self.temporary.path()));
        for name in
            ["SPOOLPROOF_MOCK_SPOOLER_EXE", "SPOOLPROOF_CASES", "SPOOLPROOF_DEFECT", "GITHUB_STEP_SUMMARY"]
        {
            command.env_remove(name);
        }
    }

    pub(super) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.join(name), text).expect("written");
    }

    fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.dir.join(name)).expect("the report is there")).expect("JSON")
    }

    /// Nothing is left of any run: no temporary file, and no process that was started from this directory.
    pub(super) fn is_clean(&self) {
        let files: Vec<_> = fs::read_dir(self.temporary.path()).expect("a directory").flatten().collect();
        assert!(files.is_empty(), "files are left behind: {files:?}");
        // What was ended is gone as soon as the system comes to it.
        const SOON: Duration = Duration::from_secs(20);
        let start = Instant::now();
        loop {
            let left: Vec<String> = self.processes().into_iter().map(|(_, line)| line).collect();
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < SOON, "processes are left behind: {left:?}");
            // Their end is told to nobody who is not their parent.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Ends what was started from this directory.
    pub(super) fn end_processes(&self) {
        for (pid, _) in self.processes() {
            // It may have ended meanwhile.
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
    }

    fn processes(&self) -> Vec<(String, String)> {
        let name = self.root.path().file_name().expect("it has a name").to_string_lossy().into_owned();
        processes(&[&name])
    }
}

/// The processes whose command lines hold all of these words, with their numbers.
pub(super) fn processes(words: &[&str]) -> Vec<(String, String)> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        words.iter().all(|word| line.contains(word)).then(|| (entry.file_name().into_string().ok(), line))
    });
    lines.filter_map(|(pid, line)| Some((pid?, line))).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

/// The candidate file of the reference pair.
pub(super) fn pair(library: &Path) -> String {
    format!(
        "name: pair\nlibrary: '{}'\nprofile: {{ 0x6606001E: coupled }}\n\
         source: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n",
        library.display()
    )
}

fn under_wine(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

pub(super) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every case and every point of every sweep, against the goldens of the native pair; all reports and traces.
#[test]
fn the_whole_suite_runs_as_a_windows_program() {
    let Some(installed) = Installed::new("`spoolproof.exe`") else { return };
    installed.write("Paar ü.yaml", &pair(Path::new("reference_provider.dll")));
    let output = installed.run(&["run", "--strict", "--candidate", "Paar ü.yaml", "--out", "Bericht ö"], &[]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("swept: "), "{text}");
    let report = installed.report("Bericht ö/report.json");
    let cases = report["cases"].as_array().expect("it lists its cases");
    let ids: Vec<&str> = cases.iter().filter_map(|case| case["id"].as_str()).collect();
    let (mut compared, mut kept) = (0, 0);
    for case in cases {
        let id = case["id"].as_str().expect("it has an id");
        let verdict = case["verdict"].as_str().expect("it has a verdict");
        assert!(matches!(verdict, "pass" | "not-applicable"), "{id}: {verdict}");
        if verdict == "pass" {
            let trace = installed.dir.join("Bericht ö/traces").join(format!("{id}.jsonl").replace(':', "-"));
            kept += usize::from(trace.is_file());
        }
        let golden = installed.dir.join("golden").join(format!("{id}.snap")).is_file();
        if verdict == "pass" && golden {
            assert_eq!(case["golden"], "match", "{id}");
            compared += 1;
        }
    }
    let listed = installed.run(&["list"], &[]);
    let missing: Vec<String> = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|id| id.contains('/') && !ids.contains(&id.as_str()))
        .collect();
    assert!(missing.is_empty(), "cases that were not run: {missing:?}");
    assert!(compared > 0 && kept > 0, "{compared} goldens compared, {kept} traces kept");
    for file in ["report.html", "junit.xml"] {
        assert!(installed.dir.join("Bericht ö").join(file).is_file(), "{file}");
    }
    installed.is_clean();
}

#[test]
fn the_cpp_providers_are_conformant_to_a_windows_program() {
    let Some(installed) = Installed::new("C++ providers and `spoolproof.exe`") else { return };
    for library in ["cppxp.dll", "cpputil.dll"] {
        let areas = ["lifecycle/", "logon/", "polling/", "start-message/", "submit/", "control/", "logoff/"];
        let arguments = [&["run", "--strict", "--library", library], &areas[..]].concat();
        let output = installed.run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{library}: {}", said(&output));
    }
    installed.is_clean();
}

/// What the other commands print, and their exit status.
#[test]
fn the_commands_answer_as_elsewhere() {
    let Some(installed) = Installed::new("the commands of `spoolproof.exe`") else { return };
    installed.write("Paar ü.yaml", &pair(Path::new("reference_provider.dll")));
    for (arguments, status, part) in [
        (&["doctor", "--candidate", "Paar ü.yaml"][..], 0, "XPProviderInit"),
        (&["explain", "RECV-02"], 0, "RECV-02"),
        (&["schema", "case"], 0, "\"$schema\""),
        (&["trace", "polling/one", "--candidate", "Paar ü.yaml"], 0, "IXPLogon.Poll"),
        (&["run", "--candidate", "Pär.yaml"], 2, "Pär.yaml"),
        (&["run", "no-such-case"], 2, "no-such-case"),
        (&["run", "--library", "cases\\mail\\plain.eml"], 3, "plain.eml"),
    ] {
        let output = installed.run(arguments, &[]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: `{part}` is not in {text}");
    }
    installed.is_clean();
}

/// A user's name is in that of the directory for temporary files, in letters that 8-bit text has not.
#[test]
fn temporary_files_may_have_any_name() {
    let Some(installed) = Installed::new("temporary files of `spoolproof.exe`") else { return };
    let temporary = installed.dir.join("Temp Ж");
    fs::create_dir(&temporary).expect("a directory");
    let environment = [("TEMP_HERE", under_wine(&temporary))];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let output = installed
        .run(&["run", "--exact", "start-message/plain", "--library", "reference_provider.dll"], &environment);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    installed.is_clean();
}

/// Libraries that end, hang or overwhelm their process: the run comes to its verdict in time and leaves nothing behind.
#[test]
fn hostile_libraries_come_to_a_verdict() {
    let Some(installed) = Installed::new("hostile libraries and `spoolproof.exe`") else { return };
    let candidate = |library: &str| {
        format!(
            "name: hostile\nlibrary: {library}\nsource: {{ maildrop: 0x6600001E }}\n\
             sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\naddress-types: [REF]\n\
             timing: {{ patience: 500ms, limit: 5s }}\n"
        )
    };
    actor(&installed.dir.join("actor.dll"));
    common::thrower_by("x86_64-w64-mingw32-g++", &installed.dir.join("thrower.dll"));
    for library in ["actor.dll", "thrower.dll", "defective_provider.dll"] {
        installed.write(&format!("{library}.yaml"), &candidate(library));
    }
    let own = under_wine(&installed.dir.join("actor.dll"));
    let stopped = "XPProviderInit did not return";
    for (library, what, status, part) in [
        ("actor.dll", "abort", 3, stopped),
        ("actor.dll", "exit", 3, "exited with status 0"),
        ("actor.dll", "crash", 3, "STATUS_ACCESS_VIOLATION"),
        ("actor.dll", "overflow", 3, "STATUS_STACK_OVERFLOW"),
        ("actor.dll", "hang", 3, stopped),
        ("actor.dll", "unwind", 3, stopped),
        ("actor.dll", "grandchild", 3, stopped),
        ("actor.dll", "processes", 3, stopped),
        ("thrower.dll", "throw", 3, stopped),
        ("thrower.dll", "throw-number", 3, stopped),
        ("thrower.dll", "noexcept", 3, stopped),
        ("thrower.dll", "terminate", 3, stopped),
        ("thrower.dll", "throw-through-a-sink", 3, stopped),
        ("thrower.dll", "throw-at-logon", 1, "IXPProvider.TransportLogon"),
        ("defective_provider.dll", "call-on-nowhere", 0, "on a pointer that is no object"),
        ("defective_provider.dll", "ones-to-support", 1, "STATUS_ACCESS_VIOLATION"),
        ("defective_provider.dll", "used-after-release", 1, "was called after the last Release"),
        ("defective_provider.dll", "freed-anywhere", 1, "MEMO-02"),
        ("defective_provider.dll", "file-without-end", 1, "more than 128 MiB into its directory"),
        ("defective_provider.dll", "temporary-files", 0, "conformant"),
        ("defective_provider.dll", "all-cores-busy", 1, "IXPLogon.StartMessage"),
        ("defective_provider.dll", "output-without-end", 1, "IXPLogon.StartMessage"),
    ] {
        let file = format!("{library}.yaml");
        let variable = match library {
            "actor.dll" => "ACTOR",
            "thrower.dll" => "THROWER",
            _ => "SPOOLPROOF_DEFECT",
        };
        let environment =
            [(variable, what), ("SPOOLPROOF_DISK_LIMIT", "64"), ("ACTOR_LIBRARY", own.as_str())];
        let output =
            installed.run(&["run", "--exact", "start-message/plain", "--candidate", &file], &environment);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(status), "{what}: {text}");
        assert!(text.contains(part), "{what}: `{part}` is not in {text}");
        // The fixture's own words for: there was no sink, and: the exception came through.
        assert!(!text.contains("status 77") && !text.contains("status 78"), "{what}: {text}");
    }
    installed.is_clean();
}

/// `tests/data/actor.rs`, built for Windows.
pub(super) fn actor(library: &Path) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/actor.rs");
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "actor"])
        .args(["--target", "x86_64-pc-windows-gnu", "-C", "linker=x86_64-w64-mingw32-gcc", "-o"])
        .arg(library)
        .arg(source)
        .output()
        .expect("the compiler that built this test");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
