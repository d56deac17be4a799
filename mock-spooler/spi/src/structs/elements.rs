//! Arrays that somebody else laid down.

use std::marker::PhantomData;

/// The elements of an array, read one by one, wherever they lie.
///
/// References to foreign memory would have to be aligned and nobody might write to it meanwhile. Neither can be had from who
/// is being judged: a structure on the stack of a 32-bit program, or in a packed one, has not the alignment that its type asks for,
/// which the processor does not mind. Hence copies.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a, T> {
    first: *const T,
    left: usize,
    lives: PhantomData<&'a T>,
}

impl<T: Copy> Elements<'_, T> {
    /// The `count` elements at `first`; none where the pointer is null, whatever the count.
    ///
    /// # Safety
    ///
    /// A `first` that is not null has to point to `count` initialised elements, which stay as long as this value and its
    /// copies are used.
    #[must_use]
    pub unsafe fn new(first: *const T, count: u32) -> Self {
        let left = if first.is_null() { 0 } else { count as usize };
        Self { first, left, lives: PhantomData }
    }

    /// The element at a position; none beyond the end.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<T> {
        // SAFETY: below the count, for which who made this has vouched; alignment is not asked for.
        (position < self.left).then(|| unsafe { self.first.wrapping_add(position).read_unaligned() })
    }
}

impl<T: Copy> Iterator for Elements<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let element = self.get(0)?;
        (self.first, self.left) = (self.first.wrapping_add(1), self.left - 1);
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Copy> ExactSizeIterator for Elements<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_lie_anywhere() {
        let bytes = [9_u8, 1, 0, 0, 0, 2, 0, 0, 0];
        // SAFETY: two numbers lie behind the first byte, which takes their alignment away.
        let all: Elements<'_, u32> = unsafe { Elements::new(bytes.as_ptr().wrapping_add(1).cast(), 2) };
        assert_eq!(all.collect::<Vec<_>>(), [1, 2].map(u32::to_le));
        assert_eq!((all.len(), all.get(1), all.get(2)), (2, Some(2_u32.to_le()), None));
        // SAFETY: null stands for none.
        assert_eq!(unsafe { Elements::<u32>::new(std::ptr::null(), 7) }.count(), 0);
    }
}
