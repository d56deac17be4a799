//! What is in the directory of the case and beside it: the trace, the mail that is sent, directories without end.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;

use super::started;
use crate::defects::Defect;
use crate::hooks::Hooks;

pub(super) const HOSTILE: &[Defect] = &[
    ("directory-changed", || started(directory_changed)),
    ("directory-emptied", || started(directory_emptied)),
    ("directory-removed", || started(|| drop(fs::remove_dir_all("..")))),
    ("directory-closed", || started(directory_closed)),
    ("directories-without-end", || started(directories_without_end)),
    ("trace-removed", || started(|| drop(fs::remove_file(TRACE)))),
    ("trace-overwritten", || started(trace_overwritten)),
    ("trace-cut", || started(trace_cut)),
    ("trace-forged", || started(trace_forged)),
    ("maildrop-removed", maildrop_removed),
    ("outbox-replaced", outbox_replaced),
    ("outbox-of-traps", outbox_of_traps),
];

/// Where a child of this machine has it, as the directory that it runs in is made.
const TRACE: &str = "../trace.jsonl";

fn directory_changed() {
    // Where it is refused the candidate does no harm.
    drop(std::env::set_current_dir("/"));
}

/// All that is in the directory of the case.
fn directory_emptied() {
    for entry in fs::read_dir(".").into_iter().flatten().flatten() {
        drop(fs::remove_dir_all(entry.path()));
        drop(fs::remove_file(entry.path()));
    }
}

/// One of its own, that nobody may enter, with something in it.
fn directory_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    drop(fs::create_dir_all("closed/below"));
    drop(fs::write("closed/below/file", "text"));
    for closed in ["closed/below", "closed"] {
        drop(fs::set_permissions(closed, fs::Permissions::from_mode(0o000)));
    }
}

/// Each within the one before, deeper than anybody needs; then it waits.
fn directories_without_end() {
    const DEPTH: usize = 400;
    for _ in 0..DEPTH {
        drop(fs::create_dir("d"));
        if std::env::set_current_dir("d").is_err() {
            break;
        }
    }
    loop {
        std::thread::park();
    }
}

/// From its first byte on, and not as far as lines are being written.
fn trace_overwritten() {
    if let Ok(mut file) = OpenOptions::new().write(true).open(TRACE) {
        drop(file.write_all(&[b'#'; 512]));
    }
}

fn trace_cut() {
    if let Ok(file) = OpenOptions::new().write(true).open(TRACE) {
        drop(file.set_len(0));
    }
}

/// Another one in its place, of a case in which all went well.
fn trace_forged() {
    let forged =
        "{\"trace\":1,\"case\":\"start-message/plain\"}\n{\"n\":1,\"t\":1,\"th\":0,\"ev\":\"end\"}\n";
    drop(fs::write("forged", forged));
    drop(fs::rename("forged", TRACE));
}

/// Before there is any mail.
fn maildrop_removed() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |_| drop(fs::remove_dir_all("maildrop")))
}

/// As it sends: a file where the directory for what is sent was.
fn outbox_replaced() -> Hooks {
    Hooks::default().after("IXPLogon.SubmitMessage", |_| {
        drop(fs::remove_dir_all("outbox"));
        drop(fs::write("outbox", "a file"));
    })
}

/// As it sends: what looks like mail, and is a pipe, a link to what has no end, a file that is longer than any memory.
fn outbox_of_traps() -> Hooks {
    Hooks::default().after("IXPLogon.SubmitMessage", |_| {
        super::process::pipe(c"outbox/pipe.eml");
        drop(std::os::unix::fs::symlink("/dev/zero", "outbox/link.eml"));
        drop(File::create("outbox/long.eml").and_then(|file| file.set_len(1 << 20)));
    })
}
