//! What it costs to write a call down: a call of the candidate's on an object of ours, beside one `write` of its line, and beside the
//! same call through a bare vtable.
//!
//! A traced call is two lines, one when it comes and one when it returns.

mod common;

use std::ffi::c_void;
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;

use common::{Goal, beside, each};
use mapi_spi::HRESULT;
use mapi_spi::interfaces::{IMAPISupport, IMessage};
use mapi_spi::structs::{__UPV, SPropValue};
use mapi_spi::tags::{PR_IMPORTANCE, PR_SUBJECT_W};
use mock_spooler::com::{boundary, object, ours};
use mock_spooler::implements;
use mock_spooler::objects::Message;
use mock_spooler::trace::told::What;
use windows_core::Interface as _;

const ROUNDS: usize = 15;
const CALLS: u32 = 4000;

/// A support object that does nothing: what remains is the gate.
#[derive(Debug)]
struct Idle;

implements!(Idle: IMAPISupport);

impl ours::IMAPISupport for Idle {
    unsafe fn SpoolerYield(&self, _flags: u32) -> HRESULT {
        HRESULT::S_OK
    }
}

fn main() {
    let dir = std::env::temp_dir().join(format!("spoolproof-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let trace = dir.join("trace.jsonl");
    boundary().writer().open(&trace, "bench/call").expect("a trace");

    let raw = object::hand_out(Arc::new(Idle), "support").0;
    // SAFETY: the object lives as long as the process, which gives no reference back.
    let support = unsafe { IMAPISupport::from_raw_borrowed(&raw) }.expect("an object");
    let yielding = || {
        // SAFETY: a method without pointers.
        black_box(unsafe { support.SpoolerYield(0) });
    };
    measure(&dir, &trace, "IMAPISupport.SpoolerYield, traced", yielding);
    let mut figure = || each(CALLS, yielding);
    beside(
        "IMAPISupport.SpoolerYield, traced",
        "the same through a bare vtable",
        Goal::None,
        ROUNDS,
        &mut figure,
        bare,
    );

    let (held, _message) = Message::inbound();
    let raw = held.lend();
    // SAFETY: as above; `held` lives to the end.
    let message = unsafe { IMessage::from_raw_borrowed(&raw) }.expect("an object");
    let mut subject: Vec<u16> = "A subject of usual length\0".encode_utf16().collect();
    let mut props = [
        SPropValue { ulPropTag: PR_SUBJECT_W.0, dwAlignPad: 0, Value: __UPV { lpszW: subject.as_mut_ptr() } },
        SPropValue { ulPropTag: PR_IMPORTANCE.0, dwAlignPad: 0, Value: __UPV { l: 1 } },
    ];
    let at = props.as_mut_ptr();
    measure(&dir, &trace, "IMessage.SetProps of two, traced", || {
        // SAFETY: the values live as long as the closure.
        black_box(unsafe { message.SetProps(2, at, std::ptr::null_mut()) });
    });
    // With the last event the file is closed, which cannot be removed before everywhere.
    boundary().record(What::End {});
    std::fs::remove_dir_all(&dir).expect("removed");
}

/// A call beside a `write` of the line that it begins with, and beside both of its lines.
fn measure(dir: &std::path::Path, trace: &std::path::Path, what: &str, mut call: impl FnMut()) {
    let before = lines(trace).len();
    call();
    let written = lines(trace).split_off(before);
    assert_eq!(written.len(), 2, "a call and its return");
    let mut file = File::create(dir.join("floor")).expect("a file");
    let mut write = |lines: &[Vec<u8>]| {
        each(CALLS, || {
            for line in lines {
                file.write_all(line).expect("written");
            }
        })
    };
    beside(
        what,
        "one write(2) of its line",
        Goal::Times(2.0),
        ROUNDS,
        || each(CALLS, &mut call),
        || write(&written[..1]),
    );
    beside(
        what,
        "one write(2) each of its two lines",
        Goal::None,
        ROUNDS,
        || each(CALLS, &mut call),
        || write(&written),
    );
}

/// The lines of the trace so far, with their ends.
fn lines(trace: &std::path::Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(trace).expect("the trace");
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .map(<[u8]>::to_vec)
        .collect()
}

/// A vtable of one method, called as a compiler calls it that cannot see what is behind.
fn bare() -> std::time::Duration {
    extern "system" fn method(_: *mut c_void, _: u32) -> HRESULT {
        black_box(HRESULT::S_OK)
    }
    let vtable: [extern "system" fn(*mut c_void, u32) -> HRESULT; 1] = [method];
    let object = black_box(&vtable);
    each(CALLS * 100, || {
        black_box(black_box(object)[0](std::ptr::null_mut(), 0));
    })
}
