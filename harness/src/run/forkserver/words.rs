//! Between harness and server: one message each. Both are this very program, and of one build.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// The most bytes of a request: what the system takes as one message, by its defaults.
pub(super) const MOST: usize = 128 * 1024;

/// What a child is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Where it runs.
    pub(super) dir: PathBuf,
    /// The variables that it has beside those of the harness; those without a value it has not.
    pub(super) environment: Vec<(OsString, Option<OsString>)>,
}

impl Request {
    /// Fields that end with a zero, which no name and no value holds: the directory, and for each variable its name and its value
    /// behind a sign for whether there is one.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut field = |sign: &[u8], text: &OsStr| {
            bytes.extend_from_slice(sign);
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        };
        field(b"", self.dir.as_os_str());
        for (name, value) in &self.environment {
            field(b"", name);
            match value {
                Some(value) => field(b"=", value),
                None => field(b"-", OsStr::new("")),
            }
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let mut fields = bytes.strip_suffix(&[0])?.split(|byte| *byte == 0);
        let dir = PathBuf::from(text(fields.next()?));
        let mut environment = Vec::new();
        while let Some(name) = fields.next() {
            let value = match fields.next()?.split_first()? {
                (b'=', value) => Some(text(value)),
                (b'-', []) => None,
                _ => return None,
            };
            environment.push((text(name), value));
        }
        Some(Self { dir, environment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let request = Request {
            dir: PathBuf::from("/a place"),
            environment: vec![
                ("EMPTY".into(), Some("".into())),
                ("GONE".into(), None),
                ("PLAN".into(), Some("/a=b\n-".into())),
            ],
        };
        assert_eq!(Request::read(&request.bytes()), Some(request));
        assert_eq!(Request::read(b""), None);
        assert_eq!(Request::read(b"/dir\0NAME\0"), None);
    }
}
