//! Arguments and results as words, so that one function handles all methods.

use std::ffi::c_void;

use mapi_spi::HRESULT;

/// A value that came from a word; the way back of [`mapi_spi::kinds::Word`].
pub(crate) trait FromWord: Sized {
    fn from_word(word: u64) -> Self;
}

macro_rules! from_word {
    ($($ty:ty),*) => { $(impl FromWord for $ty {
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::unnecessary_cast)]
        fn from_word(word: u64) -> Self {
            word as $ty
        }
    })* };
}
from_word!(u32, i32, usize, i64, u64);

impl FromWord for HRESULT {
    fn from_word(word: u64) -> Self {
        Self(i32::from_word(word))
    }
}

impl<T> FromWord for *mut T {
    fn from_word(word: u64) -> Self {
        usize::from_word(word) as Self
    }
}

impl<T> FromWord for *const T {
    fn from_word(word: u64) -> Self {
        usize::from_word(word) as Self
    }
}

impl FromWord for () {
    fn from_word(_: u64) -> Self {}
}

/// A pointer as a word.
pub(crate) fn word_of(pointer: *mut c_void) -> u64 {
    pointer as usize as u64
}
