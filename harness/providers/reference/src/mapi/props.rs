//! Lists of property values that this provider makes.

use std::borrow::Cow;

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;

use super::image::{Image, block_of};
use super::{Block, Memory, Result, narrow, wide};

/// How wide text is in a list of property values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// `PT_UNICODE`
    Wide,
    /// `PT_STRING8`
    Narrow,
    /// `PT_STRING8` where no code page can spoil it: text that is ASCII.
    NarrowIfAscii,
}

impl Width {
    /// Whether this text is 8-bit text.
    pub(crate) fn is_narrow(self, text: &str) -> bool {
        match self {
            Width::Wide => false,
            Width::Narrow => true,
            Width::NarrowIfAscii => text.is_ascii(),
        }
    }
}

/// Property values with all that they point to.
#[derive(Debug)]
pub(crate) struct Props {
    width: Width,
    entries: Vec<(PropTag, PropValue)>,
}

impl Props {
    /// An empty list.
    pub(crate) fn new(width: Width) -> Props {
        Props { width, entries: Vec::new() }
    }

    /// Adds text. The tag is that of the wide property.
    pub(crate) fn text(&mut self, tag: PropTag, text: &str) {
        if self.width.is_narrow(text) {
            self.entries
                .push((tag.with_type(PropType::PT_STRING8), PropValue::String8(unterminated(narrow(text)))));
        } else {
            self.entries
                .push((tag.with_type(PropType::PT_UNICODE), PropValue::Unicode(unterminated(wide(text)))));
        }
    }

    /// Adds a number.
    pub(crate) fn long(&mut self, tag: PropTag, value: i32) {
        self.entries.push((tag, PropValue::Long(value)));
    }

    /// Adds a bit mask.
    pub(crate) fn mask(&mut self, tag: PropTag, value: u32) {
        self.long(tag, value.cast_signed());
    }

    /// Adds a truth value.
    #[cfg(test)]
    pub(crate) fn boolean(&mut self, tag: PropTag, value: bool) {
        self.entries.push((tag, PropValue::Boolean(value)));
    }

    /// Adds a time, in units of 100 ns since 1601-01-01 UTC.
    pub(crate) fn time(&mut self, tag: PropTag, ticks: u64) {
        self.entries.push((tag, PropValue::SysTime(ticks)));
    }

    /// Adds bytes.
    pub(crate) fn binary(&mut self, tag: PropTag, bytes: Vec<u8>) {
        self.entries.push((tag, PropValue::Binary(bytes)));
    }

    /// Adds the reason why a property that was asked for is not here.
    pub(crate) fn error(&mut self, tag: PropTag, code: mapi_spi::HRESULT) {
        self.entries.push((tag.with_type(PropType::PT_ERROR), PropValue::Error(code)));
    }

    /// Adds a copy of another list's value at `index`.
    pub(crate) fn copy_from(&mut self, other: &Props, index: usize) {
        if let Some((tag, value)) = other.entries.get(index) {
            self.entries.push((*tag, value.clone()));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Their tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = PropTag> + '_ {
        self.entries.iter().map(|(tag, _)| *tag)
    }

    /// The same values as the boundary has them, for as long as this list stays as it is.
    pub(crate) fn image(&self) -> Image<'_> {
        Image::of(self.entries.iter().map(|(tag, value)| (*tag, value)))
    }

    /// A copy in a block of MAPI's, with all that it points to: for rows of an `ADRLIST` and for results.
    ///
    /// # Errors
    ///
    /// What the allocator answers.
    pub(crate) fn to_block(&self, memory: Memory) -> Result<Block> {
        let entries: Vec<_> = self.entries.iter().map(|(tag, value)| (*tag, Cow::Borrowed(value))).collect();
        block_of(memory, &entries)
    }
}

/// Text without the zero at its end.
fn unterminated<T>(mut text: Vec<T>) -> Vec<T> {
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags::{PR_MESSAGE_CLASS_W, PR_RECIPIENT_TYPE, PR_SEARCH_KEY};

    use super::*;

    #[test]
    fn an_image_reads_back() {
        let (wide, narrow) = (PropValue::Unicode(vec![0x49, 0x50]), PropValue::String8(b"IP".to_vec()));
        for (width, text) in
            [(Width::Wide, wide), (Width::Narrow, narrow.clone()), (Width::NarrowIfAscii, narrow)]
        {
            let mut props = Props::new(width);
            props.text(PR_MESSAGE_CLASS_W, "I\0P");
            props.long(PR_RECIPIENT_TYPE, 2);
            props.binary(PR_SEARCH_KEY, vec![1, 2, 3]);
            let mut image = props.image();
            let read: Vec<_> = image
                .values()
                .iter()
                // SAFETY: the image points into `props`, which lives and is as its tags say.
                .map(|value| unsafe { PropValue::read(value) }.expect("an image is well-formed"))
                .collect();
            assert_eq!(read, [text, PropValue::Long(2), PropValue::Binary(vec![1, 2, 3])]);
        }
    }
}
