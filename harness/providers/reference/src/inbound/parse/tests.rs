use super::*;

const MIXED: &[u8] = b"From: \"Anna B.\" <anna@example.org>\r\n\
To: Bert <bert@example.org>, carl@example.org\r\n\
Cc: Friends: dora@example.org;\r\n\
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
Message-ID: <1@example.org>\r\n\
Date: Mon, 2 Jan 2006 15:04:05 +0100\r\n\
X-Colour: blue\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=outer\r\n\
\r\n\
--outer\r\n\
Content-Type: multipart/alternative; boundary=inner\r\n\
\r\n\
--inner\r\n\
Content-Type: text/plain; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
caf=E9\r\n\
--inner\r\n\
Content-Type: text/html; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
<p>caf=E9</p>\r\n\
--inner--\r\n\
--outer\r\n\
Content-Type: text/plain; charset=iso-8859-1; name=note.txt\r\n\
Content-Disposition: attachment; filename=note.txt\r\n\
Content-Transfer-Encoding: 8bit\r\n\
\r\n\
line\xE9\r\n\
\r\n\
--outer\r\n\
Content-Type: application/octet-stream\r\n\
Content-Disposition: attachment; filename=data.bin\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
AAEC/w==\r\n\
--outer\r\n\
Content-Type: message/rfc822\r\n\
\r\n\
From: inner@example.org\r\n\
Subject: inner\r\n\
\r\n\
inner body\r\n\
--outer--\r\n";

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address.to_owned() }
}

#[test]
fn headers() {
    let mail = Mail::parse(MIXED);
    assert_eq!(mail.from, Some(mailbox("Anna B.", "anna@example.org")));
    assert_eq!(mail.sender, None);
    assert_eq!(
        mail.to,
        [mailbox("Bert", "bert@example.org"), mailbox("carl@example.org", "carl@example.org")]
    );
    assert_eq!(mail.cc, [mailbox("dora@example.org", "dora@example.org")]);
    assert_eq!(mail.subject, "Gr\u{fc}\u{df}e");
    assert_eq!(mail.message_id.as_deref(), Some("<1@example.org>"));
    // 2006-01-02T14:04:05Z
    assert_eq!(mail.date, Some((1_136_210_645 + 11_644_473_600) * 10_000_000));
    assert_eq!(mail.extensions, [("X-Colour".to_owned(), "blue".to_owned())]);
    assert!(mail.headers.starts_with("From: ") && mail.headers.ends_with("boundary=outer\r\n"));
}

#[test]
fn bodies_and_attachments() {
    let mail = Mail::parse(MIXED);
    assert_eq!(mail.text.as_deref(), Some("caf\u{e9}"));
    assert_eq!(mail.html, Some(Html { bytes: b"<p>caf\xE9</p>".to_vec(), code_page: 28591 }));
    let [note, data, inner] = mail.attachments.as_slice() else {
        panic!("three attachments are due: {:?}", mail.attachments)
    };
    assert_eq!(note.file_name.as_deref(), Some("note.txt"));
    assert_eq!(note.content, Content::Bytes(b"line\xE9\r\n".to_vec()), "no character set is undone");
    assert_eq!(data.content, Content::Bytes(vec![0, 1, 2, 255]));
    assert_eq!(data.mime_type, "application/octet-stream");
    let Content::Message(inner) = &inner.content else { panic!("a message is due: {inner:?}") };
    assert_eq!(inner.subject, "inner");
    assert_eq!(inner.text.as_deref(), Some("inner body"));
}

#[test]
fn a_message_of_one_part() {
    let mail = Mail::parse(b"Subject: plain\n\nfirst\nsecond\n");
    assert_eq!(mail.text.as_deref(), Some("first\nsecond\n"));
    assert_eq!(mail.headers, "Subject: plain\n");
    assert!(mail.attachments.is_empty() && mail.html.is_none());
}

#[test]
fn what_is_no_message_is_a_body() {
    for raw in [&b""[..], b"\xFF\xFE\x00"] {
        let mail = Mail::parse(raw);
        assert_eq!(mail.text, Some(decode_string8(raw)), "{raw:?}");
        assert!(mail.to.is_empty());
    }
}

#[test]
fn messages_nest_only_so_deep() {
    let mut raw = b"Subject: core\r\n\r\nbody\r\n".to_vec();
    for _ in 0..DEEPEST + 3 {
        raw = [b"Content-Type: message/rfc822\r\n\r\n".to_vec(), raw].concat();
    }
    let mut mail = &Mail::parse(&raw);
    let mut depth = 0;
    while let [Attachment { content: Content::Message(inner), .. }] = mail.attachments.as_slice() {
        mail = inner;
        depth += 1;
    }
    assert!(depth <= DEEPEST);
}
