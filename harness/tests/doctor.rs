//! `spoolproof doctor`: what a library is, exports, needs and answers, and the common mistakes in words that help.

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{answer, built, complaint, library, spoolproof, write};

/// What is said, on whichever stream, with this exit status.
fn doctor(library: &Path, status: i32) -> String {
    let assert = spoolproof().args(["doctor", "--library"]).arg(library).assert().code(status);
    answer(&assert) + &complaint(&assert)
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is missing:\n{said}");
    }
}

#[test]
fn a_sound_library() {
    let said = answer(&spoolproof().arg("doctor").assert().code(0));
    says(
        &said,
        &[
            "candidate: reference",
            "64 bits",
            "XPProviderInit",
            "loader:    this program, started again",
            "XPProviderInit = S_OK  (ulMAPIVer = 0x00010010",
            "lpulProviderVer = 0x00010010",
            "it is loaded, and XPProviderInit succeeds",
        ],
    );
    assert!(!said.contains("advice:"), "{said}");
}

#[test]
fn files_that_are_no_library() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(doctor(&dir.path().join("none.so"), 2).contains("there is no file"));
    let archive = write(dir.path(), "acme.lib", "!<arch>\nand more");
    says(&doctor(&archive, 3), &["an archive of object files, as static and import libraries are"]);
    says(&doctor(&write(dir.path(), "text.so", "no library"), 3), &["is no dynamic library"]);
}

#[test]
fn an_entry_point_that_is_not_found() {
    says(&doctor(&library("empty"), 3), &["exports:   nothing", "it exports nothing at all"]);
    #[cfg(target_os = "linux")]
    says(
        &doctor(&library("decorated"), 3),
        &["exports:   _Z14XPProviderInitPv", "a decorated name, and MAPI asks for `XPProviderInit`"],
    );
}

#[test]
#[cfg(unix)]
fn a_library_that_ends_its_process() {
    let mut command = spoolproof();
    let assert =
        command.env("ACTOR", "crash").args(["doctor", "--library"]).arg(library("actor")).assert().code(3);
    says(&answer(&assert), &["XPProviderInit did not return: ended by SIGSEGV"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_dependency_that_is_missing() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "acmeutil.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn acme() {}");
    write(
        dir.path(),
        "acmexp.rs",
        "#[link(name = \"acmeutil\")] unsafe extern \"C\" { fn acme(); }\n\
         #[unsafe(no_mangle)] pub extern \"C\" fn XPProviderInit() -> i32 { unsafe { acme() }; 0 }",
    );
    for name in ["acmeutil", "acmexp"] {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let source = dir.path().join(name).with_extension("rs");
        let built = Command::new(rustc)
            .args(["--edition", "2024", "--crate-type", "cdylib", "-L"])
            .arg(dir.path())
            .arg("--out-dir")
            .arg(dir.path())
            .arg(source)
            .output();
        let built = built.expect("the compiler that built this test");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    std::fs::remove_file(dir.path().join("libacmeutil.so")).expect("it was built");
    says(
        &doctor(&dir.path().join("libacmexp.so"), 3),
        &[
            "needs:     libacmeutil.so  (not found here)",
            "it cannot be loaded and initialised",
            "it needs libacmeutil.so, which is not here: install it, or link with a run path",
        ],
    );
}

/// For each import: this program, the system, the library beside it, nobody.
#[test]
#[cfg(target_os = "linux")]
fn who_serves_what_a_library_imports() {
    let dir = tempfile::tempdir().expect("a directory");
    let compile = |name: &str, code: &str, more: &[&str]| {
        let source = write(dir.path(), &format!("{name}.c"), code);
        let library = dir.path().join(format!("lib{name}.so"));
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-Wl,-soname", &format!("-Wl,lib{name}.so"), "-o"])
            .arg(&library)
            .arg(source)
            .args(more)
            .output();
        let built = built.expect("a C compiler, which Rust's linker is");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        library
    };
    compile("acmeutil", "int acme(void) { return 1; } int gone(void) { return 2; }", &[]);
    let code = "#include <stdlib.h>\n\
                int acme(void); int gone(void); int forgotten(void);\n\
                unsigned MAPIFreeBuffer(void *); int MAPISendMail(void);\n\
                int XPProviderInit(void) {\n\
                  free(malloc(1));\n\
                  return acme() + gone() + forgotten() + MAPIFreeBuffer(0) + MAPISendMail();\n\
                }";
    let path = format!("-L{}", dir.path().display());
    let library = compile("acmexp", code, &["-fno-builtin", &path, "-lacmeutil", "-Wl,-rpath,$ORIGIN"]);
    // The library that it was linked with had more in it.
    compile("acmeutil", "int acme(void) { return 1; }", &[]);
    let said = doctor(&library, 3);
    says(
        &said,
        &[
            "needs:     libacmeutil.so: acme\n           served by ",
            "needs:     libc.so.6: free@GLIBC_",
            "           served by the system (/",
            "needs:     names of no library in particular: MAPIFreeBuffer, MAPISendMail\n           served by this program: 1",
            "           answered with MAPI_E_NO_SUPPORT: MAPISendMail",
            "           served by nobody: forgotten, gone",
            "advice:    it imports `forgotten` (and 1 more), which no library here has",
        ],
    );
}

/// Builds a DLL with MinGW-w64 for this machine's word; nothing, and a word on it, where that is not installed.
fn dll(dir: &Path, arch: &str, name: &str, code: &str, more: &[&str]) -> Option<PathBuf> {
    let source = write(dir, &format!("{name}.c"), code);
    let dll = dir.join(format!("{name}.dll"));
    let compiler = format!("{arch}-w64-mingw32-gcc");
    match Command::new(&compiler).args(["-shared", "-o"]).arg(&dll).arg(source).args(more).output() {
        Ok(built) => {
            assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
            Some(dll)
        }
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "`{compiler}` is missing in CI: {error}");
            // Straight to standard error, past the capture of the test runner: what was left out is always said.
            let _ = writeln!(std::io::stderr(), "left out: `{name}.dll`: there is no `{compiler}`");
            None
        }
    }
}

const BARE: &str = "__declspec(dllexport) long XPProviderInit(void) { return 0x80004005L; }\n";

#[test]
#[cfg(target_os = "linux")]
fn a_32_bit_dll() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(dll) = dll(dir.path(), "i686", "acme32", BARE, &[]) else { return };
    let mut command = spoolproof();
    // Whether or not a mock spooler for it was built here.
    command.env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.path().join("none.exe"));
    let assert = command.args(["doctor", "--library"]).arg(&dll).assert().code(3);
    says(&answer(&assert), &["PE for x86, 32 bits", "loader:    nobody here", "32-bit Outlook"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_dll_without_wine() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(dll) = dll(dir.path(), "x86_64", "acme", BARE, &[]) else { return };
    let mut command = spoolproof();
    let assert = command.env("PATH", dir.path()).args(["doctor", "--library"]).arg(&dll).assert().code(3);
    says(&answer(&assert), &["PE for x86_64, 64 bits", "no `wine` on the path"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_dll_under_wine_that_needs_another_and_has_a_decorated_name() {
    let lane = built("reference_provider");
    let lane = lane.ancestors().nth(3).expect("the target directory").join("x86_64-pc-windows-gnu/debug");
    let exe = lane.join("mock-spooler.exe");
    let dir = tempfile::tempdir().expect("a directory");
    let helper = "__declspec(dllexport) int acme(void) { return 1; }\n";
    let Some(helper) = dll(dir.path(), "x86_64", "acmeutil", helper, &[]) else { return };
    let code = "int acme(void); __declspec(dllexport) int foo(void) { return acme(); }\n\
                __declspec(dllexport) long XPProviderInit_40(void) { return 0; }\n";
    let definition = write(dir.path(), "acme.def", "EXPORTS\n  XPProviderInit@40 = XPProviderInit_40\n");
    let more = [helper.to_string_lossy().into_owned(), definition.to_string_lossy().into_owned()];
    let dll =
        dll(dir.path(), "x86_64", "acmexp", code, &[&more[0], &more[1]]).expect("the compiler is there");
    std::fs::remove_file(helper).expect("it was built");
    if !exe.is_file() {
        let _ = writeln!(std::io::stderr(), "left out: a DLL under Wine: `mock-spooler.exe` is not built");
        return;
    }
    let mut command = spoolproof();
    command.env("SPOOLPROOF_MOCK_SPOOLER_EXE", exe).args(["doctor", "--library"]).arg(&dll);
    let said = answer(&command.assert().code(3));
    says(&said, &["acmeutil.dll", "under Wine", "it needs acmeutil.dll, which is not here: put it beside"]);
    says(&said, &["(not found here)", "module definition file"]);
}

/// For each import of a DLL, of every DLL that it names.
#[test]
#[cfg(target_os = "linux")]
fn who_serves_what_a_dll_imports() {
    let lane = built("reference_provider");
    let lane = lane.ancestors().nth(3).expect("the target directory").join("x86_64-pc-windows-gnu/debug");
    let dir = tempfile::tempdir().expect("a directory");
    let helper = "__declspec(dllexport) int acme(void) { return 1; } __declspec(dllexport) int gone(void) { return 2; }\n";
    let Some(helper) = dll(dir.path(), "x86_64", "acmeutil", helper, &[]) else { return };
    let code = "#include <windows.h>\n\
                int acme(void); int gone(void);\n\
                __declspec(dllexport) long XPProviderInit(void) { return acme() + gone() + GetTickCount(); }\n";
    let linked = helper.to_string_lossy().into_owned();
    let library = dll(dir.path(), "x86_64", "acmexp", code, &[&linked]).expect("the compiler is there");
    let less = "__declspec(dllexport) int acme(void) { return 1; }\n";
    dll(dir.path(), "x86_64", "acmeutil", less, &[]).expect("the compiler is there");
    let exe = lane.join("mock-spooler.exe");
    if !exe.is_file() {
        let _ = writeln!(std::io::stderr(), "left out: a DLL under Wine: `mock-spooler.exe` is not built");
        return;
    }
    let mut command = spoolproof();
    command.env("SPOOLPROOF_MOCK_SPOOLER_EXE", exe).args(["doctor", "--library"]).arg(&library);
    let assert = command.assert().code(3);
    let said = answer(&assert) + &complaint(&assert);
    says(
        &said,
        &[
            "needs:     acmeutil.dll: acme, gone\n           served by ",
            "acmeutil.dll: 1\n           served by nobody: gone",
            "           served by the system (",
            "advice:    it imports `gone`, which no library here has",
        ],
    );
    assert!(!said.contains("kernel32.dll: 0"), "{said}");
}
