//! Dialog resources: `DLGTEMPLATE` and `DLGTEMPLATEEX`, as resource compilers leave them in a library.

/// Bit of a dialog's style: a font follows its title.
const DS_SETFONT: u32 = 0x40;

/// What stands in the place of a string that is a number.
const ORDINAL: u16 = 0xFFFF;

/// A dialog, in dialog units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialog {
    /// Its title.
    pub(super) title: Vec<u16>,
    /// Where it is, and how large.
    pub(super) place: Place,
    /// Its controls.
    pub(super) items: Vec<Item>,
}

/// A control of a dialog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// Its identifier.
    pub(super) id: u32,
    /// Where it is, and how large.
    pub(super) place: Place,
    /// Its text; empty where it is a number.
    pub(super) text: Vec<u16>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: i16,
    pub(super) height: i16,
}

impl Dialog {
    /// Reads a resource; `None` where it ends too early.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut read = Reader { bytes, at: 0 };
        // The later form begins with a version and a signature that no style can be.
        let later = bytes.get(2..4) == Some(&[0xFF, 0xFF]) && bytes.get(..2) == Some(&[1, 0]);
        let style = if later {
            read.skip(4 + 4 + 4)?;
            read.long()?
        } else {
            let style = read.long()?;
            read.skip(4)?;
            style
        };
        let count = read.word()?;
        let place = read.place()?;
        read.text()?;
        read.text()?;
        let title = read.text()?;
        if style & DS_SETFONT != 0 {
            read.skip(if later { 2 + 2 + 1 + 1 } else { 2 })?;
            read.text()?;
        }
        let items = (0..count).map(|_| read.item(later)).collect::<Option<_>>()?;
        Some(Self { title, place, items })
    }

    /// The control of an identifier.
    pub(super) fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn item(&mut self, later: bool) -> Option<Item> {
        self.at = self.at.next_multiple_of(4);
        self.skip(if later { 12 } else { 8 })?;
        let place = self.place()?;
        let id = if later { self.long()? } else { u32::from(self.word()?) };
        self.text()?;
        let text = self.text()?;
        let more = self.word()?;
        self.skip(usize::from(more))?;
        Some(Item { id, place, text })
    }

    fn place(&mut self) -> Option<Place> {
        let mut next = || Some(self.word()?.cast_signed());
        Some(Place { x: next()?, y: next()?, width: next()?, height: next()? })
    }

    /// A string with a zero at its end, or a number in its place.
    fn text(&mut self) -> Option<Vec<u16>> {
        let mut units = Vec::new();
        loop {
            match self.word()? {
                0 => return Some(units),
                ORDINAL if units.is_empty() => {
                    self.word()?;
                    return Some(units);
                }
                unit => units.push(unit),
            }
        }
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn word(&mut self) -> Option<u16> {
        let bytes = self.bytes.get(self.at..self.at + 2)?;
        self.at += 2;
        Some(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn long(&mut self) -> Option<u32> {
        let low = self.word()?;
        Some(u32::from(low) | u32::from(self.word()?) << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn text(text: &str) -> Vec<u16> {
        text.encode_utf16().chain([0]).collect()
    }

    const PLACE: [u16; 4] = [1, 2, 200, 100];

    fn expected() -> Dialog {
        let item = |id, x: i16, label: &str| Item {
            id,
            place: Place { x, y: 8, width: 40, height: 10 },
            text: label.encode_utf16().collect(),
        };
        Dialog {
            title: "Acme".encode_utf16().collect(),
            place: Place { x: 1, y: 2, width: 200, height: 100 },
            items: vec![item(101, 4, "Name:"), item(102, 50, "")],
        }
    }

    #[test]
    fn the_first_form() {
        let mut all = vec![0x40, 0, 0, 0, 2];
        all.extend(PLACE);
        all.extend([0, 0]);
        all.extend(text("Acme"));
        all.push(8);
        all.extend(text("MS Shell Dlg"));
        for (id, x, label) in [(101, 4, "Name:"), (102, 50, "")] {
            if all.len() % 2 == 1 {
                all.push(0);
            }
            all.extend([0, 0, 0, 0, x, 8, 40, 10, id, ORDINAL, 0x82]);
            all.extend(text(label));
            all.push(0);
        }
        assert_eq!(Dialog::read(&words(&all)), Some(expected()));
        assert_eq!(Dialog::read(&words(&all[..all.len() - 1])), None, "cut off");
    }

    #[test]
    fn the_later_form() {
        let mut all = vec![1, ORDINAL, 0, 0, 0, 0, 0x40, 0, 2];
        all.extend(PLACE);
        all.extend([ORDINAL, 7, 0]);
        all.extend(text("Acme"));
        all.extend([8, 400, 0x0100]);
        all.extend(text("MS Shell Dlg"));
        for (id, x, label) in [(101, 4, "Name:"), (102, 50, "")] {
            if all.len() % 2 == 1 {
                all.push(0);
            }
            all.extend([0, 0, 0, 0, 0, 0, x, 8, 40, 10, id, 0, ORDINAL, 0x81]);
            all.extend(text(label));
            // Two bytes of the control's own.
            all.extend([2, 0x5555]);
        }
        assert_eq!(Dialog::read(&words(&all)), Some(expected()));
    }

    #[test]
    fn anything_else_is_none() {
        for bytes in [&[][..], &[1, 0, 0xFF, 0xFF], &[0xFF; 64]] {
            assert_eq!(Dialog::read(bytes), None);
        }
    }
}
