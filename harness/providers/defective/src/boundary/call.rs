//! A call on its way, as a defect sees it.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::kinds::Word as _;
use mapi_spi::meta::{Method, Param};
use windows_core::Interface;

use super::dispatch::Forward;
use super::proxy::Proxy;
use mapi_spi::words::{FromWord, word_of};

/// A call that has arrived and can be changed, passed on, or answered.
///
/// Arguments are those of the caller. Objects among them are therefore the caller's own: the spooler's in a call on the
/// provider, and after the call has been passed on, outputs are what the caller is to see.
pub(crate) struct Call<'a> {
    /// The proxy that is called; nothing for the functions that stand alone.
    pub(super) proxy: Option<&'static Proxy>,
    pub(super) method: &'static Method,
    pub(super) words: &'a mut [u64],
    pub(super) result: u64,
    pub(super) forward: Forward<'a>,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("method", &self.method.name).finish_non_exhaustive()
    }
}

impl Call<'_> {
    /// Whether it is the call of this name: `IMessage.SetProps` and `IMAPIProp.SetProps` are both names of it on a message.
    pub(crate) fn is(&self, name: &str) -> bool {
        let Some((interface, method)) = name.split_once('.') else {
            return self.proxy.is_none() && self.method.name == name;
        };
        method == self.method.name
            && (interface == self.method.interface
                || self.proxy.is_some_and(|proxy| interface == proxy.interface().name))
    }

    /// The method's name, without its interface.
    pub(crate) fn method(&self) -> &'static str {
        self.method.name
    }

    /// The method's parameters.
    pub(crate) fn params(&self) -> &'static [Param] {
        self.method.params
    }

    /// The proxy that is called.
    pub(crate) fn proxy(&self) -> Option<&'static Proxy> {
        self.proxy
    }

    /// The object that is called, behind its proxy.
    pub(crate) fn object(&self) -> *mut c_void {
        self.proxy.map_or(std::ptr::null_mut(), Proxy::inner)
    }

    /// Passes the call on, now. Afterwards the outputs are there.
    pub(crate) fn forward(&mut self) {
        self.result = (self.forward)(self.words);
    }

    /// An argument as a word; zero where the method has none of this name.
    pub(crate) fn arg(&self, name: &str) -> u64 {
        self.position(name).and_then(|position| self.words.get(position)).copied().unwrap_or_default()
    }

    /// An argument that is a number of 32 bits.
    pub(crate) fn number(&self, name: &str) -> u32 {
        u32::from_word(self.arg(name))
    }

    /// An argument that is a pointer.
    pub(crate) fn ptr<T>(&self, name: &str) -> *mut T {
        <*mut T>::from_word(self.arg(name))
    }

    /// Replaces an argument.
    pub(crate) fn set_arg(&mut self, name: &str, word: u64) {
        if let Some(position) = self.position(name)
            && let Some(place) = self.words.get_mut(position)
        {
            *place = word;
        }
    }

    /// Replaces an argument that is a pointer.
    pub(crate) fn set_ptr<T>(&mut self, name: &str, pointer: *mut T) {
        self.set_arg(name, word_of(pointer.cast()));
    }

    /// Reads the cell behind an argument; zero where it is null.
    pub(crate) fn read<T: Copy + Default>(&self, name: &str) -> T {
        let cell = self.ptr::<T>(name);
        if cell.is_null() {
            return T::default();
        }
        // SAFETY: the argument is a cell of the declared type, which the caller vouches for, and is not null.
        unsafe { cell.read_volatile() }
    }

    /// Reads the pointer in the cell behind an argument; null where it is null.
    pub(crate) fn read_ptr<T>(&self, name: &str) -> *mut T {
        self.read::<usize>(name) as *mut T
    }

    /// Writes the cell behind an argument, where it is not null.
    pub(crate) fn write<T: Copy>(&mut self, name: &str, value: T) {
        let cell = self.ptr::<T>(name);
        if !cell.is_null() {
            // SAFETY: as for `read`.
            unsafe { cell.write_volatile(value) };
        }
    }

    /// The result as an HRESULT.
    pub(crate) fn result(&self) -> HRESULT {
        HRESULT::from_word(self.result)
    }

    /// Whether the call has succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.result().is_ok()
    }

    /// Replaces the result.
    pub(crate) fn answer(&mut self, code: HRESULT) {
        self.result = code.word();
    }

    /// Replaces the result of a method that returns no HRESULT.
    pub(crate) fn answer_word(&mut self, word: u64) {
        self.result = word;
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.method.params.iter().position(|param| param.name == name)
    }
}

/// Lends an object as an interface; nothing where the pointer is null.
pub(crate) fn with<T: Interface, R>(object: *mut c_void, body: impl FnOnce(&T) -> R) -> Option<R> {
    // SAFETY: the pointer is null or an object of that interface: the callers take it from the declared places alone.
    unsafe { T::from_raw_borrowed(&object) }.map(body)
}
