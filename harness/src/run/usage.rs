//! How much a case has put into its directory.

use std::fs::Metadata;
use std::path::Path;

/// No case needs more files than this.
const FILES: usize = 100_000;

/// What is too much in a directory, if anything is.
pub(super) fn too_much(dir: &Path, most: u64) -> Option<String> {
    let (mut bytes, mut files) = (0_u64, 0);
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        // What cannot be read cannot be measured, and may be gone already.
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            files += 1;
            bytes = bytes.saturating_add(on_disk(&metadata));
            if files > FILES {
                return Some(format!("it has put more than {FILES} files into its directory"));
            }
            if bytes > most {
                return Some(format!("it has put more than {} MiB into its directory", most >> 20));
            }
            if metadata.is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    None
}

/// Whether a process holds more memory than this, in words; only Linux tells.
pub(super) fn too_much_memory(pid: u32, most: u64) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let held = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let kib = held("VmRSS:")?.saturating_add(held("VmSwap:").unwrap_or(0));
    (kib.saturating_mul(1024) > most).then(|| format!("it holds more than {} MiB of memory", most >> 20))
}

/// What a file takes: one with holes in it is less than it is long.
#[cfg(unix)]
fn on_disk(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.blocks().saturating_mul(512)
}

#[cfg(not(unix))]
fn on_disk(metadata: &Metadata) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_is_counted() {
        let dir = tempfile::tempdir().expect("a directory");
        let below = dir.path().join("a/b");
        std::fs::create_dir_all(&below).expect("directories");
        std::fs::write(below.join("c"), vec![1; 1 << 20]).expect("a file");
        assert_eq!(too_much(dir.path(), 4 << 20), None);
        let said = too_much(dir.path(), 1 << 19);
        assert!(said.is_some_and(|said| said.contains("more than 0 MiB")), "half a mebibyte is not enough");
    }
}
