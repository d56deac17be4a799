//! What a child prints: read so that it never blocks, kept as far as it is of use.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// The tail is kept: what a process says last says why it ended.
const KEPT: usize = 16 * 1024;

/// How long the end of the output is waited for once all processes known of are dead.
const DRAIN: Duration = Duration::from_secs(1);

/// Reads standard output and standard error of a child.
#[derive(Debug)]
pub(super) struct Output {
    tail: Receiver<Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    kept: VecDeque<u8>,
    total: u64,
}

impl Output {
    /// The reader, and the end of the pipe that the child writes to.
    pub(super) fn new() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let (done, tail) = mpsc::channel();
        std::thread::Builder::new().name("output".to_owned()).spawn(move || {
            let _ = done.send(drain(reader));
        })?;
        Ok((Self { tail }, writer))
    }

    /// What was printed last. A process that escaped and holds the pipe open does not hold us up.
    pub(super) fn tail(self) -> String {
        let Ok(tail) = self.tail.recv_timeout(DRAIN) else {
            return "(the output is held open by a process that escaped)".to_owned();
        };
        let kept: Vec<u8> = tail.kept.into();
        let text = String::from_utf8_lossy(&kept);
        let left_out = tail.total - kept.len() as u64;
        if left_out == 0 { text.into_owned() } else { format!("({left_out} bytes left out)\n{text}") }
    }
}

fn drain(mut reader: PipeReader) -> Tail {
    let mut tail = Tail::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return tail,
            Ok(read) => tail.push(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return tail,
        }
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        let surplus = (self.kept.len() + bytes.len()).saturating_sub(KEPT);
        self.kept.drain(..surplus);
        self.kept.extend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_tail_is_kept_of_much_output() {
        let (output, mut writer) = Output::new().expect("a pipe");
        for _ in 0..64 {
            writer.write_all(&[b'x'; 64 * 1024]).expect("the reader reads on");
        }
        writer.write_all(b"the end").expect("the reader reads on");
        drop(writer);
        let tail = output.tail();
        assert!(tail.starts_with("(4177927 bytes left out)\nxxx"), "{}", &tail[..60]);
        assert!(tail.ends_with("xthe end"));
    }
}
