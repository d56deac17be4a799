//! Hands a mail to an SMTP server, as a messaging system would hand it to the candidate.
//!
//! The grammar of the answers (RFC 5321) is `smtp-proto`'s. Whole clients bring transport security, name resolution and pools,
//! which a server on a build machine has no use for, and which every child would carry along.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use smtp_proto::Error;
use smtp_proto::response::parser::ResponseReceiver;

use crate::plan::Envelope;

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a mail: the server has taken it when this returns.
///
/// # Errors
///
/// In words: nobody listens, or what was said and what the server answered.
pub(super) fn send(address: &str, envelope: &Envelope, mail: &[u8]) -> Result<(), String> {
    let mut connection =
        Connection::open(address).map_err(|error| format!("the source `{address}`: {error}"))?;
    let outcome = connection.send(envelope, mail);
    outcome.map_err(|error| format!("the source `{address}` did not take the mail: {error}"))
}

struct Connection {
    stream: TcpStream,
    /// What was read and not yet looked at.
    waiting: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> io::Result<Self> {
        let mut last = io::Error::other("it names no machine");
        for resolved in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&resolved, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(Self { stream, waiting: Vec::new() });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn send(&mut self, envelope: &Envelope, mail: &[u8]) -> io::Result<()> {
        self.answer("the connection")?;
        let offers = match self.say("EHLO localhost") {
            Ok(offers) => offers,
            Err(_) => self.say("HELO localhost")?,
        };
        let eight = !mail.is_ascii() && offers.to_ascii_uppercase().contains("8BITMIME");
        let body = if eight { " BODY=8BITMIME" } else { "" };
        self.say(&format!("MAIL FROM:<{}>{body}", envelope.from))?;
        for to in &envelope.to {
            self.say(&format!("RCPT TO:<{to}>"))?;
        }
        self.say("DATA")?;
        self.stream.write_all(&stuffed(mail))?;
        self.answer("the mail")?;
        // It is the server's by now.
        let _ = self.say("QUIT");
        Ok(())
    }

    /// Says a line; what the server answers.
    fn say(&mut self, line: &str) -> io::Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        self.answer(line)
    }

    fn answer(&mut self, to: &str) -> io::Result<String> {
        let mut receiver = ResponseReceiver::default();
        let mut buffer = [0; 4096];
        loop {
            if !self.waiting.is_empty() {
                let taken = std::mem::take(&mut self.waiting);
                let mut bytes = taken.iter();
                match receiver.parse(&mut bytes) {
                    Ok(response) => {
                        self.waiting = bytes.as_slice().to_vec();
                        return match response.code {
                            200..400 => Ok(response.message),
                            code => Err(io::Error::other(format!("`{to}`: {code} {}", response.message))),
                        };
                    }
                    Err(Error::NeedsMoreData { .. }) => {}
                    Err(error) => {
                        return Err(io::Error::other(format!("`{to}`: no answer of SMTP: {error:?}")));
                    }
                }
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::Error::other(format!("`{to}`: the connection was closed"))),
                count => self.waiting.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// The mail as it goes over the line: lines end with CRLF, a dot at the beginning of one is doubled, a dot alone ends it.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 64);
    let mail = mail.strip_suffix(b"\n").unwrap_or(mail);
    for line in mail.split(|byte| *byte == b'\n') {
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
    use std::net::TcpListener;

    use super::*;

    fn envelope() -> Envelope {
        Envelope { from: "a@example.com".to_owned(), to: vec!["b@example.net".to_owned()] }
    }

    /// A server that answers each line with the next of these, whatever it is asked; what it was told.
    fn serve(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut told = String::new();
            for answer in answers {
                stream.write_all(answer.as_bytes()).expect("the client listens");
                let mut buffer = [0; 4096];
                let Ok(count) = stream.read(&mut buffer) else { break };
                told.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            told
        });
        (address, thread)
    }

    #[test]
    fn a_mail_goes_over_the_line() {
        let (address, server) = serve(&[
            "220 here\r\n",
            "250-here\r\n250 8BITMIME\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
            "250 taken\r\n",
        ]);
        send(&address, &envelope(), "Subject: \u{e4}\n\n.x\n".as_bytes()).expect("it is taken");
        assert_eq!(
            server.join().expect("it ran"),
            "EHLO localhost\r\nMAIL FROM:<a@example.com> BODY=8BITMIME\r\nRCPT TO:<b@example.net>\r\nDATA\r\n\
             Subject: \u{e4}\r\n\r\n..x\r\n.\r\nQUIT\r\n"
        );
    }

    #[test]
    fn a_refusal_is_told_with_what_was_refused() {
        let (address, _server) =
            serve(&["220 here\r\n", "250 ok\r\n", "550 5.1.8 not you\r\n", "221 bye\r\n"]);
        let error = send(&address, &envelope(), b"x").expect_err("it is refused");
        assert!(error.contains("`MAIL FROM:<a@example.com>`: 550 not you"), "{error}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        assert!(send(&address, &envelope(), b"x").expect_err("nobody listens").contains(&address));
    }

    #[test]
    fn lines_are_stuffed() {
        assert_eq!(stuffed(b"a\n.b\r\n.\n"), b"a\r\n..b\r\n..\r\n.\r\n");
        assert_eq!(stuffed(b""), b"\r\n.\r\n");
    }
}
