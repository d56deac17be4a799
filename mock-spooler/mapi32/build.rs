//! Gives the library the names that others look for: an soname on ELF, on Windows the decorated names beside the plain ones.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmapi32.so");
    }
    if target("OS") == "windows" && target("ENV") == "gnu" {
        let file = Path::new(&std::env::var_os("OUT_DIR").expect("cargo names it")).join("decorated.def");
        std::fs::write(&file, decorated()).expect("the output directory can be written");
        println!("cargo:rustc-cdylib-link-arg={}", file.display());
    }
}

/// `HrGetOneProp@12` beside `HrGetOneProp`: the system's library has both, on 64 bits as well, and callers of
/// GetProcAddress ask for either.
fn decorated() -> String {
    let mut text = "EXPORTS\n".to_owned();
    let mut add = |name: &str, bytes: u32| {
        let _ = writeln!(text, "  \"{name}@{bytes}\" = {name}");
    };
    macro_rules! served {
        ($(
            $(#[doc = $doc:literal])*
            #[page = $page:literal]
            fn $name:ident @ $bytes:literal $params:tt -> $ret:ty;
        )*) => { $(add(stringify!($name), $bytes);)* };
    }
    mapi_spi::for_each_function!(served);
    macro_rules! unserved {
        ($($name:ident @ $bytes:literal $words:literal $answer:ident;)*) => { $(
            // Names whose bytes no import library tells have none.
            if $bytes != 0 {
                add(stringify!($name), $bytes);
            }
        )* };
    }
    mapi_spi::for_each_unserved_function!(unserved);
    text
}
