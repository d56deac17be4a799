//! Sending by SMTP (RFC 5321), where the profile names a server in the place of an outbox directory: `smtp://127.0.0.1:2526`.
//!
//! As much of the protocol as handing a mail to a server on the same machine takes.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server that the outbox stands for, if it is one.
pub(crate) fn server(outbox: &Path) -> Option<&str> {
    outbox.to_str()?.strip_prefix("smtp://")
}

/// Hands a mail to the server: it has been taken when this returns.
pub(super) fn send(server: &str, sender: &str, envelope: &[String], mail: &[u8]) -> io::Result<()> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut say = |text: &[u8]| {
        (&stream).write_all(text)?;
        answer(&mut answers)
    };
    say(b"")?;
    say(b"EHLO localhost\r\n")?;
    say(format!("MAIL FROM:<{sender}>\r\n").as_bytes())?;
    for recipient in envelope {
        say(format!("RCPT TO:<{recipient}>\r\n").as_bytes())?;
    }
    say(b"DATA\r\n")?;
    say(&stuffed(mail))?;
    // The mail is the server's by now.
    drop(say(b"QUIT\r\n"));
    Ok(())
}

/// Reads an answer to its last line; a refusal is an error.
fn answer(answers: &mut BufReader<TcpStream>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        answers.read_line(&mut line)?;
        match line.as_bytes() {
            [b'2' | b'3', _, _, b'-', ..] => {}
            [b'2' | b'3', _, _, ..] => return Ok(()),
            _ => return Err(io::Error::other(line)),
        }
    }
}

/// Lines end with CRLF, a dot at the beginning of one is doubled, a dot alone ends the mail.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len());
    for line in mail.strip_suffix(b"\n").unwrap_or(mail).split(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outbox_may_be_a_server() {
        assert_eq!(server(Path::new("smtp://127.0.0.1:25")), Some("127.0.0.1:25"));
        assert_eq!(server(Path::new("/var/out")), None);
    }

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(stuffed(b"a\r\n.\r\nb"), b"a\r\n..\r\nb\r\n.\r\n");
    }
}
