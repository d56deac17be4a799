//! Copies of a mail: `copies: 3` of `m1` are `m1`, `m1#2` and `m1#3`, told apart by their subject and their identifier.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use mock_spooler::plan::{Act, Step, Trap};

/// The mails of a case with their copies, as files.
pub(crate) type Stamped = BTreeMap<String, PathBuf>;

/// A line of the text with which a mail is continued: as long as a line should be.
const LINE: &str = "The quick brown fox jumps over the lazy dog, and the line is seventy-six.\r\n";

/// Writes the copies that the steps ask for into `dir`, and mails that are to be longer; the originals stay where they are.
pub(crate) fn stamp(
    mail: &BTreeMap<String, PathBuf>,
    grow: &BTreeMap<String, usize>,
    steps: &[Step],
    dir: &Path,
) -> io::Result<Stamped> {
    let mut all = mail.clone();
    for (name, size) in grow {
        let Some(original) = mail.get(name) else { continue };
        let text = grown(std::fs::read(original)?, *size);
        let path = dir.join(format!("{name}-1.eml"));
        std::fs::write(&path, text)?;
        all.insert(name.clone(), path);
    }
    for (name, copies) in wanted(steps) {
        let Some(original) = all.get(name).cloned() else { continue };
        if copies < 2 {
            continue;
        }
        let text = std::fs::read(original)?;
        for copy in 2..=copies {
            let path = dir.join(format!("{name}-{copy}.eml"));
            std::fs::write(&path, stamped(&text, copy))?;
            all.insert(format!("{name}#{copy}"), path);
        }
    }
    Ok(all)
}

/// A mail whose text is continued, or, where it has parts, that of the last one: an attachment's, as a rule.
fn grown(mut text: Vec<u8>, size: usize) -> Vec<u8> {
    let last = text.trim_ascii_end();
    let line = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let closes = last[line..].starts_with(b"--") && last.ends_with(b"--") && last.len() - line > 4;
    let end = text.split_off(if closes { line } else { text.len() });
    while text.len() + end.len() < size {
        text.extend_from_slice(LINE.as_bytes());
    }
    text.extend_from_slice(&end);
    text
}

/// The mails that the steps name, each with the greatest number of copies; `m1#3` stands for the third copy of `m1`.
pub(super) fn wanted(steps: &[Step]) -> BTreeMap<&str, u32> {
    let mut wanted = BTreeMap::new();
    let mut want = |name, copies: u32| {
        let (name, copy) = split(name);
        let most = wanted.entry(name).or_insert(1);
        *most = copies.max(copy).max(*most);
    };
    for step in steps {
        let (names, copies, traps) = named(step);
        for name in names {
            want(name, copies);
        }
        for trap in traps {
            if let Act::Arrive(names) = &trap.act {
                for name in names {
                    want(name, 1);
                }
            }
        }
    }
    wanted
}

/// The mails that the steps send.
pub(crate) fn sent(steps: &[Step]) -> BTreeSet<&str> {
    let sends = steps.iter().flat_map(|step| match step {
        Step::Send(args) => args.mail.0.as_slice(),
        Step::FlushQueues(args) => args.send.0.as_slice(),
        Step::Compose(args) => args.mail.0.as_slice(),
        Step::Submit(args) | Step::SendFromStore(args) => args.mail.0.as_slice(),
        _ => &[],
    });
    sends.map(|name| split(name).0).collect()
}

/// The name and the number of the copy.
fn split(name: &str) -> (&str, u32) {
    match name.rsplit_once('#').map(|(name, copy)| (name, copy.parse())) {
        Some((name, Ok(copy))) => (name, copy),
        Some((_, Err(_))) | None => (name, 1),
    }
}

/// The mails that a step names, how many copies of each, and its traps.
fn named(step: &Step) -> (&[String], u32, &[Trap]) {
    match step {
        Step::Arrive(args) => (&args.mail.0, args.copies, &[]),
        Step::Receive(args) => (&args.expect.0, args.copies, &args.traps),
        Step::StartMessage(args) => (args.expect.0.as_slice(), 1, &args.traps),
        Step::FlushQueues(args) => (&args.expect.0, args.copies, &[]),
        Step::Send(args) => (&args.mail.0, args.copies, &args.traps),
        Step::Sent(args) => (&args.expect.0, args.copies, &[]),
        Step::Logon(args) => (&[], 1, &args.traps),
        Step::OpenStore(args) => (&[], 1, &args.traps),
        Step::Compose(args) => (&args.mail.0, args.copies, &args.traps),
        Step::Submit(args) | Step::SendFromStore(args) => (&args.mail.0, args.copies, &args.traps),
        Step::Spool(args) => (&args.mail.0, args.copies, &args.traps),
        Step::Lock(args) | Step::Unlock(args) | Step::Abort(args) | Step::Locate(args) => {
            (std::slice::from_ref(&args.mail), 1, &[])
        }
        Step::Finish(args) => (std::slice::from_ref(&args.mail), 1, &[]),
        Step::OpenMessage(args) => (std::slice::from_ref(&args.mail), 1, &[]),
        _ => (&[], 1, &[]),
    }
}

/// The mail with ` #N` behind its subject and `N.` before its identifier: two mails of one identifier would be one to
/// whoever looks for doubles.
fn stamped(text: &[u8], copy: u32) -> Vec<u8> {
    let body = body_start(text);
    let (head, body) = text.split_at(body);
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut has_subject = false;
    for field in fields(head) {
        if is(field, b"subject:") {
            has_subject = true;
            let end = field.trim_ascii_end().len();
            out.extend_from_slice(&field[..end]);
            out.extend_from_slice(format!(" #{copy}").as_bytes());
            out.extend_from_slice(&field[end..]);
        } else if let (true, Some(start)) =
            (is(field, b"message-id:"), field.iter().position(|byte| *byte == b'<'))
        {
            out.extend_from_slice(&field[..=start]);
            out.extend_from_slice(format!("{copy}.").as_bytes());
            out.extend_from_slice(&field[start + 1..]);
        } else {
            out.extend_from_slice(field);
        }
    }
    if !has_subject {
        let end = if head.ends_with(b"\r\n") || head.is_empty() { "\r\n" } else { "\n" };
        out.extend_from_slice(format!("Subject: #{copy}{end}").as_bytes());
    }
    out.extend_from_slice(body);
    out
}

fn is(field: &[u8], name: &[u8]) -> bool {
    field.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// The header fields, each with its folded lines.
fn fields(head: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if !folded && end > start {
            fields.push(&head[start..end]);
            start = end;
        }
        end += line.len();
    }
    fields.push(&head[start..end]);
    fields
}

/// The offset of the empty line that ends the header.
fn body_start(text: &[u8]) -> usize {
    let mut offset = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\n" || line == b"\r\n" {
            return offset;
        }
        offset += line.len();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_identifier_tell_copies_apart() {
        let mail = b"From: a@example.org\r\nSubject: one\r\n two\r\nMessage-ID: <x@y>\r\n\r\nSubject: no\r\n";
        let copy = String::from_utf8(stamped(mail, 2)).expect("text");
        assert_eq!(
            copy,
            "From: a@example.org\r\nSubject: one\r\n two #2\r\nMessage-ID: <2.x@y>\r\n\r\nSubject: no\r\n"
        );
    }

    #[test]
    fn the_last_part_of_a_mail_grows() {
        let mail =
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n";
        let long = grown(mail.as_bytes().to_vec(), 1000);
        assert!((1000..1100).contains(&long.len()));
        let parsed = crate::eml::parse(&long).expect("a mail");
        let texts: Vec<_> = (0..2).filter_map(|part| parsed.body_text(part)).collect();
        assert_eq!((texts.len(), &*texts[0]), (2, "one"));
        assert!(texts[1].starts_with("two\r\nThe quick") && texts[1].len() > 800);
        let plain = grown(b"Subject: x\r\n\r\none\r\n".to_vec(), 200);
        assert!(plain.ends_with(b"seventy-six.\r\n"));
    }

    #[test]
    fn a_mail_without_subject_gets_one() {
        assert_eq!(stamped(b"To: a\n\nbody", 3), b"To: a\nSubject: #3\n\nbody");
    }
}
