//! Every export of `mapi32.dll`, called through its C declaration by a library that MinGW-w64 builds against its own headers
//! and import library (`functions/functions.c`), in `mock-spooler.exe` under Wine.
//!
//! `ci/windows-lane` builds the rest. Where it was not run, or Wine is missing, the test says so and passes; with `CI=true`
//! in the environment that is a failure.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use mapi_spi::functions::{FUNCTIONS, UNSERVED};

#[test]
fn every_export_does_what_its_page_says() {
    let (lane, library) = match (lane(), library()) {
        (Ok(lane), Ok(library)) => (lane, library),
        (Err(why), _) | (_, Err(why)) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not tested in CI: {why}");
            let _ = writeln!(std::io::stderr(), "left out: the exports of mapi32.dll: {why}");
            return;
        }
    };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let report = dir.join("functions.txt");
    let trace = dir.join("functions.ndjson");
    let plan = dir.join("functions.json");
    let wine = |path: &Path| format!("Z:{}", path.display()).replace('/', "\\");
    let told = serde_json::json!({
        "case": "functions", "trace": wine(&trace), "candidate": { "library": wine(&library) },
        "mail": {}, "patience_ms": 1000,
        // The library is asked four times: in between the spooler has nothing to do.
        "steps": vec![serde_json::json!({ "load": { "expect": "any" } }); 4],
    });
    std::fs::write(&plan, told.to_string()).expect("written");
    let _ = std::fs::remove_file(&report);
    let output = Command::new("wine")
        .arg(lane.join("mock-spooler.exe"))
        .arg(wine(&plan))
        .env("WINEDEBUG", "-all")
        .env("WINEDLLOVERRIDES", "mapi32,olmapi32=n,b")
        .env("FUNCTIONS_REPORT", wine(&report))
        .output()
        .expect("wine runs");
    let text = std::fs::read_to_string(&report).unwrap_or_else(|error| {
        panic!("no report ({error}); trace:\n{}", std::fs::read_to_string(&trace).unwrap_or_default())
    });
    let failures: Vec<_> = text.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let last = text.lines().last();
    assert_eq!(last, Some("end"), "it did not come to its end:\n{}", String::from_utf8_lossy(&output.stderr));
    let checked: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("ok ")).collect();
    let idle = checked.iter().filter(|name| name.starts_with("idle_routines_")).count();
    assert_eq!(idle, 4, "the idle engine was not put to the test");
    let unchecked: Vec<_> = FUNCTIONS
        .iter()
        .map(|function| function.name)
        .chain(UNSERVED.iter().copied())
        .filter(|name| !checked.contains(name))
        .collect();
    assert!(unchecked.is_empty(), "exports that nothing checked: {unchecked:?}");
    // What the checks did with memory and objects was in order, and what is not served is in the trace.
    let trace = std::fs::read_to_string(&trace).expect("a trace");
    let illegal: Vec<_> = trace.lines().filter(|line| line.contains("\"ev\":\"illegal\"")).collect();
    assert!(illegal.is_empty(), "{}", illegal.join("\n"));
    for name in UNSERVED {
        let event = format!("\"ev\":\"unsupported\",\"m\":\"{name}\"");
        assert!(trace.contains(&event), "{name} is not in the trace as unsupported");
    }
}

/// What the public import library names and ours does not export, each with the reason.
const ABSENT: [(&str, &str); 3] = [
    ("HrValidateParametersV", "an argument list of the compiler's own; for debug builds of MAPI"),
    ("HrValidateParametersValist", "an argument list of the compiler's own; for debug builds of MAPI"),
    ("ord_8", "an export without a name"),
];

/// MinGW-w64's import library is the list that others link by: each name on it is served, answers MAPI_E_NO_SUPPORT, or is absent
/// for a reason.
#[test]
fn the_import_library_s_names_are_accounted_for() {
    let run = |program: &str, argument: &str| {
        let output = Command::new(format!("x86_64-w64-mingw32-{program}")).arg(argument).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let archive = run("gcc", "-print-file-name=libmapi32.a");
    let Some(listed) = archive.and_then(|archive| run("nm", archive.trim())) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "MinGW-w64 is missing in CI");
        let _ = writeln!(std::io::stderr(), "left out: the names of libmapi32.a: MinGW-w64 is missing");
        return;
    };
    let names: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.split_once(" T "))
        .filter_map(|(_, name)| name.split('@').next())
        .collect();
    assert!(names.len() > 150, "{names:?}");
    let served = |name: &&&str| FUNCTIONS.iter().any(|function| function.name == **name);
    let refused = |name: &&&str| UNSERVED.contains(*name);
    let absent: Vec<&str> = names.iter().filter(|name| !served(name) && !refused(name)).copied().collect();
    let _ = writeln!(
        std::io::stderr(),
        "libmapi32.a names {}: {} served, {} answered with MAPI_E_NO_SUPPORT, {} absent; beyond it {} served and {} refused",
        names.len(),
        names.iter().filter(served).count(),
        names.iter().filter(refused).count(),
        absent.len(),
        FUNCTIONS.iter().filter(|function| !names.contains(function.name)).count(),
        UNSERVED.iter().filter(|name| !names.contains(*name)).count(),
    );
    assert_eq!(absent, ABSENT.map(|(name, _)| name));
}

/// What the 32-bit import library names besides, each with the reason.
const ABSENT_32: [(&str, &str); 2] = [
    ("MAPIGetNetscapeVersion@0", "not MAPI's: of a mail program that brought a `mapi32.dll` of its own"),
    ("MAPI_NSCP_SynchronizeClient@8", "not MAPI's: of a mail program that brought a `mapi32.dll` of its own"),
];

/// 32-bit callers link by decorated names: how many bytes each function takes off the stack is ours as it is the import library's.
/// Where a `mapi32.dll` for 32 bits was built, each name stands among its exports.
#[test]
fn the_decorated_names_are_those_of_the_32_bit_import_library() {
    let run = |program: &str, argument: &str| {
        let output = Command::new(format!("i686-w64-mingw32-{program}")).arg(argument).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let archive = run("gcc", "-print-file-name=libmapi32.a");
    let Some(listed) = archive.and_then(|archive| run("nm", archive.trim())) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "MinGW-w64 for 32 bits is missing in CI");
        let _ = writeln!(std::io::stderr(), "left out: the names of 32 bits: MinGW-w64 for i686 is missing");
        return;
    };
    let names: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split_once(" T _")).map(|(_, name)| name).collect();
    assert!(names.len() > 150, "{names:?}");
    let ours = bytes();
    let absent: Vec<&str> = names
        .iter()
        .filter(|name| {
            let (plain, bytes) = name.split_once('@').unwrap_or((name, ""));
            // Some names are undecorated there: nothing is said of their bytes.
            !ours.iter().any(|(name, own)| *name == plain && (bytes.is_empty() || *own == bytes))
        })
        .copied()
        .collect();
    assert_eq!(absent, ABSENT_32.map(|(name, _)| name));
    let built = target().join("i686-pc-windows-gnu/debug/mapi32.dll");
    if !built.is_file() {
        let _ =
            writeln!(std::io::stderr(), "left out: the exports of mapi32.dll for 32 bits: it was not built");
        return;
    }
    let bytes = std::fs::read(&built).expect("it was built");
    let library = object::File::parse(&*bytes).expect("a library");
    let exports: BTreeSet<String> = object::Object::exports(&library)
        .expect("a table of exports")
        .map(|export| match export.expect("an export").name() {
            object::read::NameOrOrdinal::Name(name) => String::from_utf8_lossy(name).into_owned(),
            object::read::NameOrOrdinal::Ordinal(ordinal) => format!("#{ordinal}"),
        })
        .collect();
    let lost: Vec<_> =
        names.iter().filter(|name| !absent.contains(name) && !exports.contains(**name)).collect();
    assert!(lost.is_empty(), "not exported: {lost:?}");
    let _ = writeln!(
        std::io::stderr(),
        "libmapi32.a of 32 bits names {}: {} exported by `mapi32.dll`, {} absent",
        names.len(),
        names.len() - absent.len(),
        absent.len()
    );
}

/// The bytes that each function takes off the stack on 32 bits.
fn bytes() -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    macro_rules! served {
        ($(
            $(#[doc = $doc:literal])*
            #[page = $page:literal]
            fn $name:ident @ $bytes:literal $params:tt -> $ret:ty;
        )*) => { $(all.push((stringify!($name), stringify!($bytes)));)* };
    }
    mapi_spi::for_each_function!(served);
    macro_rules! unserved {
        ($($name:ident @ $bytes:literal $words:literal $answer:ident;)*) => {
            $(all.push((stringify!($name), stringify!($bytes)));)*
        };
    }
    mapi_spi::for_each_unserved_function!(unserved);
    all
}

/// Where cargo builds.
fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The directory of the Windows build.
fn lane() -> Result<PathBuf, String> {
    let dir = target().join("x86_64-pc-windows-gnu/debug");
    for file in ["mock-spooler.exe", "mapi32.dll", "olmapi32.dll", "bcryptprimitives.dll"] {
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

/// The library with the checks.
fn library() -> Result<PathBuf, String> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(dir.join("names.h"), names()).expect("written");
    let library = dir.join("functions.dll");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/build");
    let built = Command::new("bash").arg(&script).arg(&library).arg(dir).output();
    let built = built.map_err(|error| format!("`bash` cannot be started: {error}"))?;
    let complaint = String::from_utf8_lossy(&built.stderr);
    // 3 is the script's own status for a missing compiler or missing headers; any other is a failure.
    if built.status.code() == Some(3) {
        return Err(complaint.trim().to_owned());
    }
    assert!(built.status.success(), "functions.c does not compile:\n{complaint}");
    Ok(library)
}

/// The lists of the declaration as C macros.
fn names() -> String {
    let mut text = "#define SERVED(X)".to_owned();
    macro_rules! served {
        ($(
            $(#[doc = $doc:literal])*
            #[page = $page:literal]
            fn $name:ident @ $bytes:literal $params:tt -> $ret:ty;
        )*) => { $(write!(text, " X({0}, \"{0}@{1}\")", stringify!($name), $bytes).expect("memory");)* };
    }
    mapi_spi::for_each_function!(served);
    text.push_str("\n#define UNSERVED(X)");
    macro_rules! unserved {
        ($($name:ident @ $bytes:literal $words:literal $answer:ident;)*) => { $({
            let decorated = if $bytes == 0 { String::new() } else { format!("{}@{}", stringify!($name), $bytes) };
            let zero = stringify!($answer) == "zero";
            write!(text, " X({}, \"{decorated}\", {})", stringify!($name), u8::from(zero)).expect("memory");
        })* };
    }
    mapi_spi::for_each_unserved_function!(unserved);
    text.push('\n');
    text
}
