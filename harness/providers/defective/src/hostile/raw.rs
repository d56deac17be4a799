//! Calls and accesses that no declaration allows. All of the unsafe code of the hostile candidates but that of the system's own
//! functions stands here: each function does what its name says, to whatever it is given.

use std::ffi::c_void;

use mapi_spi::meta::{Interface, Method};
use mapi_spi::words::{self, word_of};

/// As many arguments as any method of the interface has, and more.
const ARGUMENTS: usize = 9;

/// All methods of an interface, those of its bases first, with their slots.
pub(super) fn methods_of(interface: &str) -> Vec<(usize, &'static Method)> {
    let mut chain = Vec::new();
    let mut next = Interface::by_name(interface);
    while let Some(interface) = next {
        chain.push(interface);
        next = Interface::by_name(interface.base);
    }
    // IUnknown's three come first.
    let methods = chain.iter().rev().flat_map(|interface| interface.methods.iter().copied());
    methods.enumerate().map(|(index, method)| (index + 3, method)).collect()
}

/// Calls a method of a living object by its name, with words for arguments; zero where there is none of the name.
pub(super) fn call(object: *mut c_void, interface: &str, name: &str, arguments: &[u64]) -> u64 {
    let methods = methods_of(interface);
    let found = methods.iter().find(|(_, method)| method.name == name);
    match found.and_then(|(_, method)| words::method(method.interface, method.name)) {
        // SAFETY: the object is of the interface; what the arguments are is what the candidate is there to try.
        Some((_, through)) => unsafe { through(object, arguments) },
        None => 0,
    }
}

/// Calls the method in a slot of this object's vtable, on another object or none, with words in the place of all arguments.
pub(super) fn call_slot(lender: *mut c_void, slot: usize, this: *mut c_void, word: u64) -> u64 {
    type Any = unsafe extern "system" fn(*mut c_void, u64, u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
    const { assert!(ARGUMENTS == 9) };
    if lender.is_null() {
        return 0;
    }
    // SAFETY: the lender is a COM object with such a slot. On the platforms that this is built for the caller clears the stack,
    // so that more arguments than the method has do no harm; the rest is what the candidate is there to try.
    unsafe {
        let vtable = *lender.cast::<*const *const c_void>();
        let method: Any = std::mem::transmute(*vtable.add(slot));
        method(this, word, word, word, word, word, word, word, word, word)
    }
}

/// Calls every method of an object but those of `IUnknown`, with the same word in the place of every argument.
pub(super) fn call_all(object: *mut c_void, interface: &str, word: u64) {
    for (slot, _) in methods_of(interface) {
        call_slot(object, slot, object, word);
    }
}

/// An object that a method hands out in its last argument.
pub(super) fn opened(object: *mut c_void, interface: &str, name: &str, arguments: &[u64]) -> *mut c_void {
    let mut out: *mut c_void = std::ptr::null_mut();
    let cell = word_of((&raw mut out).cast());
    call(object, interface, name, &[arguments, &[cell]].concat());
    out
}

/// Writes bytes over whatever stands at an address.
pub(super) fn overwrite(at: *mut c_void, byte: u8, count: usize) {
    if !at.is_null() {
        // SAFETY: none: that it is somebody else's is what the candidate is about.
        unsafe { at.cast::<u8>().write_bytes(byte, count) };
    }
}

/// Calls a function by its address, with one argument.
pub(super) fn call_function(function: usize, word: u64) {
    if function != 0 {
        // SAFETY: the address is that of a function of the spooler's with one argument.
        let function: unsafe extern "system" fn(u64) -> u64 = unsafe { std::mem::transmute(function) };
        // SAFETY: what the argument is is what the candidate is there to try.
        unsafe { function(word) };
    }
}

/// Calls a function by its address, with three words, whatever it takes.
pub(super) fn call_function_with(function: usize, first: u64, second: u64, third: u64) -> u64 {
    // SAFETY: the address is that of a function of the spooler's with three arguments or two; as for `call_slot`.
    let function: unsafe extern "system" fn(u64, u64, u64) -> u64 = unsafe { std::mem::transmute(function) };
    // SAFETY: what the arguments are is what the candidate is there to try.
    unsafe { function(first, second, third) }
}

/// A page full of the letter A, before one that nobody may read.
#[cfg(unix)]
pub(super) fn letters_to_the_end() -> usize {
    const PAGE: usize = 64 << 10;
    // SAFETY: two pages of our own, of which the first is written and the second closed; they stay mapped.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let pages =
            libc::mmap(std::ptr::null_mut(), 2 * PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        if pages == libc::MAP_FAILED {
            return 0x10_0000;
        }
        for index in 0..PAGE / 2 {
            pages.cast::<u16>().add(index).write(0x41);
        }
        libc::mprotect(pages.cast::<u8>().add(PAGE).cast(), PAGE, libc::PROT_NONE);
        pages as usize
    }
}
