//! A library that misbehaves as the variable ACTOR says. Built by the tests with the compiler alone.

use std::ffi::c_void;
use std::io::Write as _;

/// Everything that can happen to a process happens in the one function that every candidate has.
///
/// # Safety
///
/// None is needed: nothing that is passed is touched.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn XPProviderInit(
    _instance: *mut c_void,
    _malloc: *mut c_void,
    _buffer: *mut c_void,
    _more: *mut c_void,
    _free: *mut c_void,
    _flags: u32,
    _version: u32,
    _provider_version: *mut u32,
    _provider: *mut *mut c_void,
) -> i32 {
    const MAPI_E_CALL_FAILED: i32 = 0x8000_4005_u32 as i32;
    match std::env::var("ACTOR").as_deref() {
        Ok("abort") => std::process::abort(),
        Ok("unwind") => panic!("an exception that leaves the library"),
        Ok("exit") => std::process::exit(0),
        Ok("crash") => {
            // SAFETY: it is not safe, and that is what it is for.
            unsafe { std::ptr::null_mut::<u32>().write_volatile(1) };
        }
        Ok("overflow") => {
            std::hint::black_box(deep(1));
        }
        Ok("allocate") => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 64 << 20]);
            }
        }
        Ok("hang") => loop {
            std::thread::park();
        },
        Ok("grandchild") => {
            // Another run of the same program, on this library, which hangs there. It is outlived by nobody.
            let program = std::env::current_exe().expect("this program");
            let library = std::env::var_os("ACTOR_LIBRARY").expect("this library");
            let mut command = std::process::Command::new(program);
            command.env("ACTOR", "hang").env_remove("SPOOLPROOF_CHILD").args(["run", "--library"]).arg(library);
            let _child = command.spawn();
            std::process::abort();
        }
        #[cfg(windows)]
        Ok("processes") => {
            // As many as there may be. None of them does anything: they are begun and not let go.
            use std::os::windows::process::CommandExt as _;
            const CREATE_SUSPENDED: u32 = 4;
            let program = std::env::current_exe().expect("this program");
            let library = std::env::var_os("ACTOR_LIBRARY").expect("this library");
            loop {
                let mut command = std::process::Command::new(&program);
                let _child = command.arg(&library).creation_flags(CREATE_SUSPENDED).spawn();
            }
        }
        Ok("busy") => {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            let busy = || loop {
                std::hint::black_box(0);
            };
            (1..cores).for_each(|_| drop(std::thread::spawn(busy)));
            busy();
        }
        Ok("noise") => {
            let line = [b'x'; 1 << 20];
            for _ in 0..32 {
                let _ = std::io::stdout().write_all(&line);
                let _ = std::io::stderr().write_all(&line);
            }
            println!("\u{1b}[31mred\u{7}");
        }
        Ok("daemon") => {
            // Two generations that leave the process group, and an output that stays open.
            let script = "setsid sh -c 'sleep $ACTOR_SLEEP & exec sleep $ACTOR_SLEEP' & exit 0";
            let _ = std::process::Command::new("sh").args(["-c", script]).status();
        }
        _ => {}
    }
    MAPI_E_CALL_FAILED
}

#[allow(unconditional_recursion)]
fn deep(n: u64) -> u64 {
    let big = std::hint::black_box([n; 1024]);
    deep(n + 1) + big[(n % 1024) as usize]
}
