//! Puts cases and goldens into the library, for binaries that run where the source tree is not: release builds and those with the
//! feature `embedded`. Other builds read the tree, so that a change to a case costs no build.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    println!("cargo::rerun-if-changed=build.rs");
    // A program that stands where it was linked to needs no relocations: each child of a case is this program, and would begin with
    // seventeen thousand of them, in pages of its own.
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg=-no-pie");
    }
    let wanted = env::var_os("CARGO_FEATURE_EMBEDDED").is_some()
        || env::var("PROFILE").is_ok_and(|name| name == "release");
    let mut files = Vec::new();
    if wanted {
        for top in ["cases", "golden"] {
            println!("cargo::rerun-if-changed={}", root.join(top).display());
            walk(&root.join(top), top, &mut files)?;
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    let mut text = "pub(super) static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for (name, path) in &files {
        (name, fs::read(path)?).hash(&mut hasher);
        let _ = writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?);
    }
    let _ = writeln!(text, "];\npub(super) const DIGEST: &str = \"{:016x}\";", hasher.finish());
    fs::write(out, text)
}

/// The files that are read: case files, mails, snapshots.
fn walk(dir: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let within = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let kept = path.extension().is_some_and(|kind| kind == "yaml" || kind == "eml" || kind == "snap");
        if path.is_dir() {
            walk(&path, &within, files)?;
        } else if kept {
            files.push((within, path));
        }
    }
    Ok(())
}
