//! How much a case has put into its directory.

use std::fs::Metadata;
use std::path::Path;

/// No case needs more files than this, beside its mails.
const FILES: usize = 100_000;

/// No case needs directories nested deeper than this; what is deeper than a path can name could not be measured.
const DEEPEST: usize = 128;

/// What may be in a case's directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    bytes: u64,
    files: usize,
}

impl Most {
    /// So many bytes, and files for a case with these copies of its mails: each of them arrives in a file of its own.
    pub(super) fn new(bytes: u64, copies: &Path) -> Self {
        let copies = std::fs::read_dir(copies).map_or(0, Iterator::count);
        Self { bytes, files: FILES.saturating_add(copies.saturating_mul(2)) }
    }
}

/// What is too much in a directory, if anything is.
pub(super) fn too_much(dir: &Path, most: Most) -> Option<String> {
    let (mut bytes, mut files) = (0_u64, 0);
    let mut dirs = vec![(dir.to_path_buf(), 0)];
    while let Some((dir, depth)) = dirs.pop() {
        if depth > DEEPEST {
            return Some(format!("it has put more than {DEEPEST} directories into one another"));
        }
        // What cannot be read cannot be measured, and may be gone already.
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            files += 1;
            bytes = bytes.saturating_add(on_disk(&metadata));
            if files > most.files {
                return Some(format!("it has put more than {FILES} files into its directory"));
            }
            if bytes > most.bytes {
                return Some(format!("it has put more than {} MiB into its directory", most.bytes >> 20));
            }
            if metadata.is_dir() {
                dirs.push((entry.path(), depth + 1));
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
        let most = |bytes| Most::new(bytes, &dir.path().join("copies"));
        assert_eq!(too_much(dir.path(), most(4 << 20)), None);
        let said = too_much(dir.path(), most(1 << 19));
        assert!(said.is_some_and(|said| said.contains("more than 0 MiB")), "half a mebibyte is not enough");
    }

    #[test]
    fn how_deep_it_goes_is_bounded() {
        let dir = tempfile::tempdir().expect("a directory");
        let nested: std::path::PathBuf = std::iter::repeat_n("d", DEEPEST).collect();
        std::fs::create_dir_all(dir.path().join(&nested)).expect("directories");
        let most = || Most::new(1 << 30, &dir.path().join("copies"));
        assert_eq!(too_much(dir.path(), most()), None);
        std::fs::create_dir(dir.path().join(nested).join("d")).expect("a directory");
        let said = too_much(dir.path(), most());
        assert!(said.is_some_and(|said| said.contains("128 directories")), "one more is too many");
    }
}
