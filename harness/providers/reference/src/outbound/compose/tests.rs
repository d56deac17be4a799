use mail_parser::{MessageParser, MimeHeaders};

use super::*;

fn named(name: &str, address: &str) -> (String, String) {
    (name.to_owned(), address.to_owned())
}

fn written(draft: &Draft) -> Vec<u8> {
    compose(draft, Some("me@example.org"), &["a@example.org", "hidden@example.org"])
        .expect("it can be written")
}

#[test]
fn headers_read_back() {
    let draft = Draft {
        subject: "Gr\u{fc}\u{df}e\r\nBcc: injected@example.org".to_owned(),
        message_id: Some("<1@example.org>".to_owned()),
        date: Some(crate::time::from_seconds(1_136_210_645)),
        from: Some(named("Boss", "boss@example.org")),
        to: vec![named("Anna \"B\"", "a@example.org")],
        cc: vec![named("c@example.org", "c@example.org")],
        ..Draft::default()
    };
    let raw = written(&draft);
    let mail = MessageParser::default().parse(&raw).expect("it is a mail");
    assert_eq!(mail.subject(), Some("Gr\u{fc}\u{df}e  Bcc: injected@example.org"));
    assert!(mail.bcc().is_none());
    assert_eq!(mail.message_id(), Some("1@example.org"));
    assert_eq!(mail.date().map(|date| date.to_timestamp()), Some(1_136_210_645));
    let first = |list: Option<&mail_parser::Address<'_>>| {
        let addr = list.and_then(|list| list.first()).expect("there is an address");
        (addr.name().map(str::to_owned), addr.address().map(str::to_owned))
    };
    assert_eq!(first(mail.from()), (Some("Boss".to_owned()), Some("boss@example.org".to_owned())));
    assert_eq!(first(mail.sender()).1.as_deref(), Some("me@example.org"));
    assert_eq!(first(mail.to()), (Some("Anna \"B\"".to_owned()), Some("a@example.org".to_owned())));
    assert_eq!(first(mail.cc()), (None, Some("c@example.org".to_owned())));
    assert_eq!(mail.header_raw("X-Sent-To").map(str::trim), Some("a@example.org, hidden@example.org"));
}

#[test]
fn bodies_read_back_exactly() {
    for text in
        ["plain\r\ntext\r\n", "bare\nfeeds\n", "ends in a space \r\n", "caf\u{e9}", "", &"long ".repeat(999)]
    {
        let draft = Draft { text: Some(text.to_owned()), ..Draft::default() };
        let raw = written(&draft);
        let mail = MessageParser::default().parse(&raw).expect("it is a mail");
        assert_eq!(mail.body_text(0).as_deref().unwrap_or_default(), text, "{text:?}");
    }
}

#[test]
fn alternatives_keep_their_character_set() {
    let draft = Draft {
        text: Some("text".to_owned()),
        html: Some(b"<p>caf\xE9</p>".to_vec()),
        code_page: Some(28591),
        ..Draft::default()
    };
    let raw = written(&draft);
    let mail = MessageParser::default().parse(&raw).expect("it is a mail");
    assert_eq!(mail.body_text(0).as_deref(), Some("text"));
    assert_eq!(mail.body_html(0).as_deref(), Some("<p>caf\u{e9}</p>"));
}

#[test]
fn attachments_read_back() {
    let inner =
        Draft { subject: "inner".to_owned(), text: Some("inner body".to_owned()), ..Draft::default() };
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let attached = |content, name: Option<&str>| Attached {
        file_name: name.map(str::to_owned),
        mime_type: Some("text/plain".to_owned()),
        content_id: None,
        content,
    };
    let draft = Draft {
        text: Some("see below".to_owned()),
        attachments: vec![
            attached(Content::Bytes(bytes.clone()), Some("\u{fc}ber.txt")),
            attached(Content::Message(Box::new(inner)), None),
        ],
        ..Draft::default()
    };
    let raw = written(&draft);
    let mail = MessageParser::default().parse(&raw).expect("it is a mail");
    let file = mail.attachment(0).expect("the first attachment is there");
    assert_eq!(file.attachment_name(), Some("\u{fc}ber.txt"));
    let part = crate::inbound::Mail::parse(&raw);
    assert_eq!(part.attachments.len(), 2);
    assert_eq!(part.attachments[0].content, crate::inbound::Content::Bytes(bytes));
    let inner = mail.attachment(1).and_then(|part| part.message()).expect("the second one is a message");
    assert_eq!(inner.subject(), Some("inner"));
    assert_eq!(inner.body_text(0).as_deref().map(str::trim_end), Some("inner body"));
    assert!(inner.header_raw("X-Sent-To").is_none());
}
