//! Cases and goldens that were built in, for a program that runs where the source tree is not.

use std::io;
use std::path::PathBuf;

use crate::report::write_whole;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A directory with what was built in under this name, `cases` or `golden`; nothing where nothing was.
///
/// The files lie in the directory for temporary files, under a name that tells their content: other processes of the same build use
/// them too. Each is compared before it is trusted, as anybody may write there.
pub(crate) fn unpacked(name: &str) -> io::Result<Option<PathBuf>> {
    let prefix = format!("{name}/");
    let mut files = FILES.iter().filter(|(file, _)| file.starts_with(&prefix)).peekable();
    if files.peek().is_none() {
        return Ok(None);
    }
    let dir = std::env::temp_dir().join(format!("spoolproof-{DIGEST}"));
    for (file, bytes) in files {
        let path = dir.join(file);
        if std::fs::read(&path).ok().as_deref() != Some(*bytes) {
            write_whole(&path, bytes)?;
        }
    }
    Ok(Some(dir.join(name)))
}
