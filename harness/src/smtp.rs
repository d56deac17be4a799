//! A listener for the mail that a candidate sends by SMTP: each mail becomes a file in a directory, as in a maildrop.
//!
//! It lives in the harness and not in the child: the candidate's process has no thread of ours in it, and a library under Wine is
//! served like any other. The child sees the directory alone. A mail is there, whole, before the candidate is told that it was
//! taken, so whoever has sent has been seen to send.
//!
//! The protocol's grammar (RFC 5321) is `smtp-proto`'s; what crates there are for whole servers (`mailin`, `samotop`) have
//! not been released for years, or bring an asynchronous runtime for what is one thread per connection here.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use smtp_proto::request::receiver::{DataReceiver, RequestReceiver};
use smtp_proto::{Error, Request};

use crate::report::write_whole;

/// The header that the listener puts on top of a mail: its true recipients, with commas.
pub(crate) const ENVELOPE: &str = "X-Spoolproof-Recipients";

/// A connection on which nothing comes for so long is closed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Mails beyond this are refused: a runaway candidate is not to fill the disk.
const LARGEST: usize = 256 << 20;

/// A listener. Dropped, it takes no more connections.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections of a listener share.
#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    taken: AtomicUsize,
}

impl Listener {
    /// Listens on an address, on a port of the system's choice where it is 0; mails go into `dir`.
    pub(crate) fn start(address: &str, dir: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("`{address}`: {error}"));
        let resolved = address.to_socket_addrs().map_err(named)?.next();
        let resolved = resolved.ok_or_else(|| io::Error::other(format!("`{address}` is no address here")))?;
        let listener = TcpListener::bind(resolved).map_err(named)?;
        let address = listener.local_addr()?;
        let closed = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared { dir: dir.to_owned(), taken: AtomicUsize::new(0) });
        let stop = Arc::clone(&closed);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                // What goes wrong with one connection is for the candidate to notice: its mail was not taken.
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(Conversation::new(stream, shared).hold()));
            }
        });
        Ok(Self { address, closed, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        // Wakes the thread up; where that fails, it is not waited for.
        if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// One connection.
struct Conversation {
    stream: TcpStream,
    shared: Arc<Shared>,
    sender: bool,
    recipients: Vec<String>,
}

/// What comes after a command.
enum Next {
    Command,
    Data,
    End,
}

impl Conversation {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self { stream, shared, sender: false, recipients: Vec::new() }
    }

    fn hold(mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        self.say("220 localhost spoolproof")?;
        let mut requests = RequestReceiver::default();
        let mut buffer = vec![0; 64 * 1024];
        let mut data: Option<(DataReceiver, Vec<u8>)> = None;
        loop {
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let mut bytes = buffer[..count].iter();
            while !bytes.as_slice().is_empty() {
                if let Some((receiver, mail)) = &mut data {
                    let complete = receiver.ingest(&mut bytes, mail);
                    if mail.len() > LARGEST {
                        self.say("552 5.3.4 too large")?;
                        return Ok(());
                    }
                    if complete {
                        // The line end that the receiver was given to begin with is none of the mail's.
                        let mail = mail.split_off(LINE_END.len());
                        data = None;
                        self.take(&mail)?;
                    }
                    continue;
                }
                let request = match requests.ingest(&mut bytes) {
                    Err(Error::NeedsMoreData { .. }) => break,
                    other => other.map(Request::into_owned),
                };
                match self.answer(request)? {
                    Next::Command => {}
                    Next::Data => data = Some(receiver()),
                    Next::End => return Ok(()),
                }
            }
        }
    }

    fn answer(&mut self, request: Result<Request<String>, Error>) -> io::Result<Next> {
        let line = match request {
            Ok(Request::Ehlo { .. }) => {
                self.reset();
                "250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING"
            }
            Ok(Request::Helo { .. }) => {
                self.reset();
                "250 localhost"
            }
            Ok(Request::Mail { .. }) if self.sender => "503 5.5.1 there is a sender already",
            Ok(Request::Mail { .. }) => {
                self.sender = true;
                "250 2.1.0 ok"
            }
            Ok(Request::Rcpt { .. }) if !self.sender => "503 5.5.1 MAIL first",
            Ok(Request::Rcpt { to }) => {
                self.recipients.push(to.address);
                "250 2.1.5 ok"
            }
            Ok(Request::Data) if self.recipients.is_empty() => "503 5.5.1 RCPT first",
            Ok(Request::Data) => {
                self.say("354 go on")?;
                return Ok(Next::Data);
            }
            Ok(Request::Rset) => {
                self.reset();
                "250 2.0.0 ok"
            }
            Ok(Request::Noop { .. }) => "250 2.0.0 ok",
            Ok(Request::Vrfy { .. }) => "252 2.5.1 try it",
            Ok(Request::Quit) => {
                self.say("221 2.0.0 bye")?;
                return Ok(Next::End);
            }
            Ok(_) => "502 5.5.1 not here",
            Err(Error::UnknownCommand) => "500 5.5.1 no such command",
            Err(_) => "501 5.5.2 that is wrong",
        };
        self.say(line)?;
        Ok(Next::Command)
    }

    /// Puts a mail into the directory, and only then says that it was taken.
    fn take(&mut self, mail: &[u8]) -> io::Result<()> {
        let number = self.shared.taken.fetch_add(1, Ordering::AcqRel);
        let mut whole = format!("{ENVELOPE}: {}\r\n", self.recipients.join(", ")).into_bytes();
        whole.extend_from_slice(mail);
        self.reset();
        match write_whole(&self.shared.dir.join(format!("{number:06}-smtp.eml")), &whole) {
            Ok(()) => self.say("250 2.0.0 taken"),
            Err(_) => self.say("451 4.3.0 it could not be kept"),
        }
    }

    fn reset(&mut self) {
        self.sender = false;
        self.recipients.clear();
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())
    }
}

const LINE_END: &[u8] = b"\r\n";

/// The receiver of a mail's lines; it is told that it stands at the beginning of one, as the first may be the last.
fn receiver() -> (DataReceiver, Vec<u8>) {
    let (mut receiver, mut mail) = (DataReceiver::new(), Vec::new());
    receiver.ingest(&mut LINE_END.iter(), &mut mail);
    (receiver, mail)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};

    use super::*;

    /// Says each line, and gives back the code of the answer's last line.
    fn talk(address: SocketAddr, lines: &[&str]) -> Vec<String> {
        let stream = TcpStream::connect(address).expect("it listens");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut answer = || loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("an answer");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.get(..3).unwrap_or_default().to_owned();
            }
        };
        let mut codes = vec![answer()];
        for line in lines {
            (&stream).write_all(format!("{line}\r\n").as_bytes()).expect("it listens");
            codes.push(answer());
        }
        codes
    }

    #[test]
    fn mails_become_files_with_their_envelope() {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = Listener::start("127.0.0.1:0", dir.path()).expect("it listens");
        let codes = talk(
            listener.address(),
            &[
                "EHLO me",
                "RCPT TO:<early@example.net>",
                "MAIL FROM:<a@example.com>",
                "DATA",
                "RCPT TO:<b@example.net>",
                "RCPT TO:<c@example.net>",
                "DATA",
                "Subject: One\r\n\r\n..dot\r\n.",
                "JUMP",
                "MAIL FROM:<>",
                "RCPT TO:<d@example.net>",
                "DATA",
                ".",
                "QUIT",
            ],
        );
        let due = [
            "220", "250", "503", "250", "503", "250", "250", "354", "250", "500", "250", "250", "354", "250",
            "221",
        ];
        assert_eq!(codes, due);
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a mail");
        assert_eq!(
            read("000000-smtp.eml"),
            format!("{ENVELOPE}: b@example.net, c@example.net\r\nSubject: One\r\n\r\n.dot\r\n")
        );
        assert_eq!(read("000001-smtp.eml"), format!("{ENVELOPE}: d@example.net\r\n"));
    }

    #[test]
    fn an_address_that_is_taken_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Listener::start("127.0.0.1:0", dir.path()).expect("it listens");
        let address = first.address().to_string();
        let error = Listener::start(&address, dir.path()).expect_err("one listens there already");
        assert!(error.to_string().contains(&address), "{error}");
        drop(first);
        Listener::start(&address, dir.path()).expect("it is free again");
    }
}
