//! Python, as the tests start it.

use std::process::Command;
use std::sync::LazyLock;

/// The interpreter itself. What stands on the path under its name may be a script that looks for it, as pyenv's is, and that
/// takes longer than the case.
pub(crate) fn python() -> &'static str {
    static FOUND: LazyLock<String> = LazyLock::new(|| {
        let output = Command::new("python3")
            .args(["-S", "-E", "-c", "import sys; print(sys.executable)"])
            .output()
            .expect("there is Python");
        String::from_utf8(output.stdout).expect("a path").trim_end().to_owned()
    });
    &FOUND
}
