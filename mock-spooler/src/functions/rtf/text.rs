//! Text of RTF, and RTF of text: what `RTFSync` needs of either. Layout, fonts and pictures are no part of it, so a reader of
//! all of RTF would be the larger half of this project for nothing.

use crate::objects::text;

/// Groups whose content is no text.
const SILENT: [&str; 12] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
    "generator",
    "filetbl",
    "listtable",
    "listoverridetable",
];

/// A text's lines, whatever ends them; empty ones at the end do not count.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.trim_end().split('\n').map(|line| line.trim_end_matches('\r')).collect()
}

/// RTF with a text in it.
pub(super) fn from_text(body: &str) -> Vec<u8> {
    let mut rtf = b"{\\rtf1\\ansi\\ansicpg1252\\fromtext \\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\r\n\\pard\\plain\\f0\\fs20 ".to_vec();
    for unit in body.replace("\r\n", "\n").encode_utf16() {
        match unit {
            0x0A | 0x0D => rtf.extend(b"\\par\r\n"),
            0x09 => rtf.extend(b"\\tab "),
            0x5C | 0x7B | 0x7D => rtf.extend([b'\\', unit.to_le_bytes()[0]]),
            0x20..=0x7E => rtf.push(unit.to_le_bytes()[0]),
            _ => rtf.extend(format!("\\u{}?", unit.cast_signed()).bytes()),
        }
    }
    rtf.extend(b"}\r\n");
    rtf
}

/// What is in effect within a group.
#[derive(Clone, Copy)]
struct Group {
    silent: bool,
    /// How many characters stand in for a Unicode one.
    stand_ins: usize,
}

/// The text of RTF.
pub(super) fn to_text(rtf: &[u8]) -> String {
    let mut reader = Reader { rtf, at: 0 };
    let mut units: Vec<u16> = Vec::new();
    let mut groups = vec![Group { silent: false, stand_ins: 1 }];
    let mut skip = 0;
    while let Some(byte) = reader.next() {
        let Some(group) = groups.last().copied() else { break };
        let mut say = |unit: u16| {
            if skip > 0 {
                skip -= 1;
            } else if !group.silent {
                units.push(unit);
            }
        };
        match byte {
            b'{' => groups.push(group),
            b'}' => {
                groups.pop();
            }
            b'\r' | b'\n' | 0 => {}
            b'\\' => match reader.control() {
                Control::Symbol(symbol @ (b'\\' | b'{' | b'}')) => say(u16::from(symbol)),
                Control::Symbol(b'~') => say(0xA0),
                Control::Symbol(b'*') => {
                    if let Some(group) = groups.last_mut() {
                        group.silent = true;
                    }
                }
                Control::Symbol(_) => {}
                Control::Byte(byte) => {
                    text::decode_1252(byte).encode_utf16(&mut [0; 2]).iter().for_each(|unit| say(*unit));
                }
                Control::Word("par" | "line", _) => {
                    skip = 0;
                    if !group.silent {
                        units.extend([0x0D, 0x0A]);
                    }
                }
                Control::Word("tab", _) => say(0x09),
                Control::Word("u", Some(number)) => {
                    say(u16::from_le_bytes([number.to_le_bytes()[0], number.to_le_bytes()[1]]));
                    skip = group.stand_ins;
                }
                Control::Word("uc", Some(number)) => {
                    if let Some(group) = groups.last_mut() {
                        group.stand_ins = usize::try_from(number).unwrap_or(0);
                    }
                }
                Control::Word(word, _) if SILENT.contains(&word) => {
                    if let Some(group) = groups.last_mut() {
                        group.silent = true;
                    }
                }
                Control::Word(..) => {}
            },
            byte => text::decode_1252(byte).encode_utf16(&mut [0; 2]).iter().for_each(|unit| say(*unit)),
        }
    }
    String::from_utf16_lossy(&units)
}

/// What follows a backslash.
enum Control<'a> {
    Symbol(u8),
    Byte(u8),
    Word(&'a str, Option<i32>),
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.rtf.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn take_while(&mut self, meets: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.rtf[self.at..];
        let length = rest.iter().position(|byte| !meets(*byte)).unwrap_or(rest.len());
        self.at += length;
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    fn control(&mut self) -> Control<'a> {
        let word = self.take_while(|byte| byte.is_ascii_alphabetic());
        if !word.is_empty() {
            let from = self.at;
            self.at += usize::from(self.rtf.get(self.at) == Some(&b'-'));
            self.take_while(|byte| byte.is_ascii_digit());
            let number =
                std::str::from_utf8(&self.rtf[from..self.at]).ok().and_then(|digits| digits.parse().ok());
            // One space ends a word and belongs to it.
            self.at += usize::from(self.rtf.get(self.at) == Some(&b' '));
            return Control::Word(word, number);
        }
        match self.next() {
            Some(b'\'') => {
                let digits = self.rtf.get(self.at..self.at + 2).and_then(super::super::strings::from_hex);
                self.at = (self.at + 2).min(self.rtf.len());
                Control::Byte(digits.map_or(b'?', |digits| digits[0]))
            }
            Some(b'\r' | b'\n') => Control::Word("par", None),
            Some(symbol) => Control::Symbol(symbol),
            None => Control::Symbol(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let body = "Grüße {an} \\alle\r\n\r\nzweite\tZeile €, 日本 \u{1F600}\r\n";
        assert_eq!(to_text(&from_text(body)), body);
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let rtf = br"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator Nobody;}\pard a\'e9\uc2\u8364??b\par {\b c}\~d}";
        assert_eq!(to_text(rtf), "aé€b\r\nc\u{a0}d");
    }
}
