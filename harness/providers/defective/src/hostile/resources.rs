//! The machine's resources, taken without end: memory, disk, processors, threads, files, the trace itself.

use std::fs::File;
use std::io::Write as _;

use super::started;
use crate::defects::Defect;
use crate::defects::tools::{allocate, yield_now};

pub(super) const HOSTILE: &[Defect] = &[
    ("memory-without-end", || started(memory_without_end)),
    ("blocks-without-end", || started(blocks_without_end)),
    ("file-without-end", || started(|| file_without_end("without-end.bin", u64::MAX))),
    ("files-without-end", || started(files_without_end)),
    ("temporary-files", || started(temporary_files)),
    ("descriptors-without-end", || started(descriptors_without_end)),
    ("threads-without-end", || started(threads_without_end)),
    ("all-cores-busy", || started(all_cores_busy)),
    ("calls-without-end", || started(calls_without_end)),
    ("output-without-end", || started(output_without_end)),
];

fn memory_without_end() {
    let mut all = Vec::new();
    loop {
        // Taken, and not touched: it is the taking that has no end.
        all.push(std::hint::black_box(Vec::<u8>::with_capacity(64 << 20)));
    }
}

/// Until there are none: what is refused is refused in order, and the process goes on.
fn blocks_without_end() {
    let mut all = Vec::new();
    loop {
        let block = allocate(16 << 20);
        if block.is_null() {
            return;
        }
        all.push(block);
    }
}

fn file_without_end(name: &str, mut left: u64) {
    let chunk = vec![0x5a_u8; 1 << 20];
    if let Ok(mut file) = File::create(name) {
        while left > 0 && file.write_all(&chunk).is_ok() {
            left -= 1;
        }
    }
}

/// None of them is large.
fn files_without_end() {
    for number in 0_u64.. {
        file_without_end(&format!("part-{number}.bin"), 4);
    }
}

/// Left where temporary files are made.
fn temporary_files() {
    for number in 0..16 {
        let path = std::env::temp_dir().join(format!("hostile-{number}.tmp"));
        // Where it cannot be made there is nothing to be left.
        drop(std::fs::write(path, [0x5a; 4096]));
    }
}

/// Until there are none, and they stay open.
fn descriptors_without_end() {
    let mut all = Vec::new();
    while let Ok(file) = File::open(".") {
        all.push(file);
    }
    std::mem::forget(all);
}

/// Until there are none, and they stay.
fn threads_without_end() {
    let thread = || {
        loop {
            std::thread::park();
        }
    };
    while std::thread::Builder::new().stack_size(256 << 10).spawn(thread).is_ok() {}
}

fn all_cores_busy() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for _ in 0..cores {
        std::thread::spawn(|| {
            loop {
                std::hint::black_box(0);
            }
        });
    }
    loop {
        std::thread::park();
    }
}

/// Every call is a line of the trace.
fn calls_without_end() {
    loop {
        yield_now();
    }
}

fn output_without_end() {
    let chunk = vec![b'x'; 1 << 20];
    loop {
        // Whoever does not listen any more is written to all the same.
        drop(std::io::stdout().write_all(&chunk));
    }
}
