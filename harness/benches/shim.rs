//! What a shim costs: the round trip of a call, beside a line that goes to and fro between two programs in the same languages
//! over bare pipes; and a thousand messages through it, beside the library loaded.

mod common;

use std::ffi::c_void;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use common::{Figure, Goal, beside, descendants, each, once, row};
use mapi_spi::HRESULT;
use mapi_spi::interfaces::IXPProvider;
use mock_spooler::loader::EntryPoint;
use mock_spooler::plan;
use mock_spooler::shim::Shim;
use windows_core::Interface as _;

const ROUNDS: usize = 15;
const CALLS: u32 = 300;
/// `CURRENT_SPI_VERSION`
const SPI_VERSION: u32 = 0x0001_0010;
/// Makes this program the other end of a bare pipe.
const ECHO: &str = "SPOOLPROOF_BENCH_ECHO";
/// A line as long as that of the call that is measured.
const LINE: &str = r#"{"id":1000,"jsonrpc":"2.0","method":"IXPProvider.Shutdown","params":{"args":{"lpulFlags":0},"this":"xpprovider-1","thread":"0"}}"#;
const PYTHON_ECHO: &str = "import sys\nfor line in sys.stdin.buffer:\n    sys.stdout.buffer.write(line)\n    sys.stdout.buffer.flush()";

fn main() {
    if std::env::var_os(ECHO).is_some() {
        return echo();
    }
    let built = Built::find();
    let python = built.root.join("harness/providers/python/provider.py");
    round_trip(
        "Python",
        &["python3".to_owned(), "-S".to_owned(), "-E".to_owned(), python.display().to_string()],
        Command::new("python3").args(["-S", "-E", "-c", PYTHON_ECHO]),
    );
    let own = std::env::current_exe().expect("this program has a file");
    let served = ["serve", "--library"].map(str::to_owned);
    let mut command = vec![built.program("mock-spooler").display().to_string()];
    command.extend(served);
    command.push(built.library.display().to_string());
    round_trip("Rust, served library", &command, Command::new(own).env(ECHO, "1"));
    built.thousand_messages(&python);
}

/// A call of the provider object's, to the program and back, beside a line that is only sent back.
fn round_trip(language: &str, command: &[String], floor: &mut Command) {
    let dir = std::env::temp_dir();
    let shim = Shim::start(&plan::Shim { command: command.to_vec(), dir }).expect("the program starts");
    let (mut version, mut raw) = (0, std::ptr::null_mut::<c_void>());
    let entry = EntryPoint::XPProviderInit;
    // SAFETY: neither program asks for memory; both cells are valid.
    let code = unsafe { shim.init(entry, std::ptr::null_mut(), SPI_VERSION, &raw mut version, &raw mut raw) };
    assert_eq!(code, HRESULT::S_OK);
    // SAFETY: the call left a reference to a provider object.
    let provider = unsafe { IXPProvider::from_raw(raw) };
    let mut flags = 0;
    let mut call = || {
        // SAFETY: the cell is valid.
        assert_eq!(unsafe { provider.Shutdown(&raw mut flags) }, HRESULT::S_OK);
    };
    let mut pipe = Pipe::open(floor);
    let what = format!("round trip of a call, {language}");
    beside(
        &what,
        "a line to and fro over bare pipes",
        Goal::Times(3.0),
        ROUNDS,
        || each(CALLS, &mut call),
        || each(CALLS, || pipe.ping()),
    );
}

/// The other end of a bare pipe.
struct Pipe {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    line: Vec<u8>,
}

impl Pipe {
    fn open(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, to, from, line: Vec::new() }
    }

    fn ping(&mut self) {
        self.to.write_all(LINE.as_bytes()).and_then(|()| self.to.write_all(b"\n")).expect("it reads");
        self.line.clear();
        self.from.read_until(b'\n', &mut self.line).expect("it answers");
        assert_eq!(self.line.len(), LINE.len() + 1);
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // A process of this benchmark's own, which has nothing to lose.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn echo() {
    let (mut from, mut to) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

/// What cargo has built along with this, or builds now.
struct Built {
    root: PathBuf,
    dir: PathBuf,
    library: PathBuf,
}

impl Built {
    fn find() -> Self {
        let own = std::env::current_exe().expect("this program has a file");
        let dir = own.ancestors().nth(2).expect("it stands in `deps` of a profile's directory").to_owned();
        let profile = if dir.ends_with("debug") { "dev" } else { "release" };
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--profile",
                profile,
                "-p",
                "spoolproof",
                "-p",
                "mock-spooler",
                "-p",
                "reference-provider",
            ])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cargo builds what is measured");
        let library = dir.join(format!(
            "{}reference_provider{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        ));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self { root, dir, library }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A case with a thousand messages, and one with a hundred, through each way.
    fn thousand_messages(&self, python: &Path) {
        let dir = std::env::temp_dir().join(format!("spoolproof-bench-{}", std::process::id()));
        for copies in [100, 1000] {
            write_case(&dir, copies);
        }
        let library = format!("library: '{}'", self.library.display());
        let serve = format!(
            "shim: ['{}', serve, --library, '{}']",
            self.program("mock-spooler").display(),
            self.library.display()
        );
        let python = format!("shim: [python3, -S, -E, '{}']", python.display());
        let mut floor = [Duration::ZERO; 2];
        for (way, candidate) in [("loaded", library), ("served", serve), ("Python", python)] {
            for (index, copies) in [100, 1000].into_iter().enumerate() {
                let (took, peak) = self.run(&dir, &candidate, copies);
                if way == "loaded" {
                    floor[index] = took;
                }
                let what = format!("{copies} messages, {way}, peak {} MiB", peak >> 20);
                row(&what, "the library loaded", Goal::None, Figure { measured: took, floor: floor[index] });
            }
        }
        std::fs::remove_dir_all(&dir).expect("removed");
    }

    /// Runs the case: how long it took, and the most memory that one of its processes had.
    fn run(&self, dir: &Path, candidate: &str, copies: u32) -> (Duration, u64) {
        let file = dir.join("candidate.yaml");
        let text = format!(
            "{candidate}\nsource: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E }}\naddress-types: [REF]\ncapabilities: [inbound]\ntiming: {{ limit: 300s }}\n"
        );
        std::fs::write(&file, text).expect("a file");
        let mut command = Command::new(self.program("spoolproof"));
        command
            .args(["run", "--no-golden", "--exact", &format!("polling/copies-{copies}"), "--candidate"])
            .arg(&file);
        command.env("SPOOLPROOF_CASES", dir).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut output, mut peak) = (None, 0);
        let took = once(|| {
            let child = command.spawn().expect("the command starts");
            let watched = watch(child.id());
            output = Some(child.wait_with_output().expect("it ends"));
            peak = watched.join().expect("it only looks");
        });
        let output = output.expect("it ran");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        (took, peak)
    }
}

fn write_case(dir: &Path, copies: u32) {
    let area = dir.join("polling");
    std::fs::create_dir_all(&area)
        .and_then(|()| std::fs::create_dir_all(dir.join("mail")))
        .expect("directories");
    let mail = "From: Ada <ada@example.com>\r\nTo: Ben <ben@example.net>\r\nSubject: One of many\r\nDate: Tue, 03 Mar 2026 10:15:00 +0000\r\n\r\nA body.\r\n";
    std::fs::write(dir.join("mail/m.eml"), mail).expect("a file");
    let case = format!(
        "title: Many messages\nrequirements: [RECV-04]\nneeds: [inbound]\nmail: {{ m: m.eml }}\nsteps:\n  - logon\n  - begin: inbound\n  - arrive: {{ mail: [m], copies: {copies} }}\n  - receive: {{ expect: [m], copies: {copies} }}\n  - end: inbound\n  - logoff\n  - shutdown\ngolden: false\n"
    );
    std::fs::write(area.join(format!("copies-{copies}.yaml")), case).expect("a file");
}

/// Looks, until the process has ended, how much memory it and its descendants have had at most, each by itself.
fn watch(root: u32) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        let alive = || Path::new("/proc").join(root.to_string()).join("status").exists();
        while alive() {
            let children: Vec<u32> = std::iter::once(root).chain(descendants(root)).collect();
            let own = children.into_iter().skip(1).filter_map(most_memory).max().unwrap_or(0);
            peak = peak.max(own);
            let state = std::fs::read_to_string(format!("/proc/{root}/stat")).unwrap_or_default();
            if state.split_whitespace().nth(2) == Some("Z") {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        peak
    })
}

fn most_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}
