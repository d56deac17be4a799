//! Lines of a bounded length.

use std::io::{self, BufRead, BufReader, Read};

/// No line is longer, in either direction. It is told in the first exchange.
pub const LONGEST_LINE: usize = 64 << 20;

/// What the other side wrote next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// The beginning of a line that is longer than any may be. The rest was not read.
    TooLong(Vec<u8>),
    /// The end, in the midst of a line.
    Cut(Vec<u8>),
    /// The end.
    End,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: BufReader<R>,
    longest: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::with_capacity(64 << 10, from), longest: LONGEST_LINE }
    }

    /// The next line. Memory grows with the line, up to the limit.
    pub(super) fn next(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        loop {
            let room = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if room.is_empty() {
                return Ok(if line.is_empty() { Line::End } else { Line::Cut(line) });
            }
            let end = room.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(room.len());
            if line.len() + taken > self.longest {
                line.extend_from_slice(room);
                return Ok(Line::TooLong(line));
            }
            line.extend_from_slice(&room[..taken]);
            self.from.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Line::Whole(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Line> {
        let mut lines = Lines { from: BufReader::with_capacity(3, text), longest: 5 };
        let mut all = Vec::new();
        loop {
            let line = lines.next().expect("memory can be read");
            let last = matches!(line, Line::End | Line::Cut(_) | Line::TooLong(_));
            all.push(line);
            if last {
                return all;
            }
        }
    }

    #[test]
    fn whole_lines_and_their_end() {
        assert_eq!(
            lines(b"ab\n\ncdefg\n"),
            [Line::Whole(b"ab".to_vec()), Line::Whole(Vec::new()), Line::Whole(b"cdefg".to_vec()), Line::End]
        );
        assert_eq!(lines(b"ab\ncd"), [Line::Whole(b"ab".to_vec()), Line::Cut(b"cd".to_vec())]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        assert_eq!(lines(b"abcdefghijkl"), [Line::TooLong(b"abcdef".to_vec())]);
    }
}
