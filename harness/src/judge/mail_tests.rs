use mock_spooler::trace::event::Attachment;
use serde_json::json;

use super::*;

const MAIL: &str = "From: Anna <anna@example.org>\r\nTo: bert@example.org, Carl <carl@example.org>\r\n\
    Cc: dora@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n aus Ulm\r\nMessage-ID: <1@example.org>\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\u{fc}\u{df}e \r\nzweite Zeile\r\n\r\n\
    --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n";

fn prop(tag: &str, value: Value) -> Prop {
    Prop { tag: tag.to_owned(), name: None, value }
}

fn recipient(kind: u32, address: &str) -> Vec<Prop> {
    vec![prop("0x0C150003", json!(kind)), prop("0x3003001F", json!(address))]
}

fn delivered() -> Content {
    Content {
        props: vec![
            prop("0x001A001F", json!("IPM.Note")),
            prop("0x0037001F", json!("Gr\u{fc}\u{df}e aus Ulm")),
            prop("0x0C1F001F", json!("anna@example.org")),
            prop("0x0E060040", json!(134_000_000_000_000_000_u64)),
            prop("0x1000001F", json!("Gr\u{fc}\u{df}e\nzweite Zeile\n")),
        ],
        recipients: vec![
            recipient(1, "bert@example.org"),
            recipient(1, "CARL@example.org"),
            recipient(2, "dora@example.org"),
        ],
        attachments: vec![Attachment {
            props: vec![
                prop("0x3707001F", json!("a.bin")),
                prop("0x37010102", json!({"hex": "00010203"})),
                prop("0x37050003", json!(1)),
            ],
            embedded: None,
            saved: true,
        }],
        saves: 1,
        dirty: false,
    }
}

#[test]
fn a_faithful_message_is_accepted() {
    let mail = Mail::parse(MAIL.as_bytes());
    assert_eq!(mail.missing(&delivered()), []);
    assert_eq!(mail.differences(&delivered()), []);
    assert!(mail.has_subject_of(&delivered()));
}

#[test]
fn narrow_strings_are_accepted() {
    let mail = Mail::parse(MAIL.as_bytes());
    let mut content = delivered();
    content.props[1] = prop("0x0037001E", json!("Gr??e aus Ulm"));
    content.props[4] = prop("0x1000001E", json!("Gr\u{c3}\u{bc}\u{c3}\u{9f}e\r\nzweite Zeile"));
    assert_eq!(mail.differences(&content), []);
}

#[test]
fn what_was_shortened_is_compared_by_digest() {
    let long = "word \r\n".repeat(20_000);
    let mail = Mail::parse(format!("Subject: x\r\n\r\n{long}").as_bytes());
    let mut content = Content { props: vec![prop("0x0037001F", json!("x"))], ..Content::default() };
    let sum = digest(long.replace("\r\n", "\n").trim_end().as_bytes());
    content.props.push(prop("0x1000001F", json!({"len": 1, "sha256": sum, "head": "word"})));
    assert_eq!(mail.differences(&content), []);
    content.props[1].value = json!({"len": 1, "sha256": digest(b"other"), "head": "word"});
    assert_eq!(mail.differences(&content).len(), 1);
}

#[test]
fn each_deviation_is_found() {
    let mail = Mail::parse(MAIL.as_bytes());
    let broken = |change: &dyn Fn(&mut Content)| {
        let mut content = delivered();
        change(&mut content);
        (mail.missing(&content).len(), mail.differences(&content).len())
    };
    assert_eq!(broken(&|c| c.props[1].value = json!("Gruesse")), (0, 1), "subject");
    assert_eq!(broken(&|c| c.props[4].value = json!("Gr\u{fc}\u{df}e")), (0, 1), "body cut off");
    assert_eq!(broken(&|c| c.props[2].value = json!("eve@example.org")), (0, 1), "sender");
    assert_eq!(
        broken(&|c| {
            c.recipients.pop();
        }),
        (0, 1),
        "a recipient lost"
    );
    assert_eq!(broken(&|c| c.recipients[2][0].value = json!(1)), (0, 1), "Cc as To");
    assert_eq!(broken(&|c| c.attachments[0].props[1].value = json!({"hex": "000102"})), (0, 1), "bytes");
    assert_eq!(broken(&|c| c.attachments[0].props[0].value = json!("b.bin")), (0, 1), "name");
    assert_eq!(broken(&|c| c.attachments.push(c.attachments[0].clone())), (0, 1), "twice");
    assert_eq!(broken(&|c| c.attachments[0].saved = false), (1, 0), "not saved");
    assert_eq!(broken(&|c| c.attachments[0].props[2].value = json!(0)), (0, 1), "NO_ATTACHMENT");
    assert_eq!(broken(&|c| c.attachments[0].props[2].value = json!(6)), (0, 1), "ATTACH_OLE");
    assert_eq!(broken(&|c| c.props[0].value = json!("")), (1, 0), "a class of no characters");
    assert_eq!(broken(&|c| c.props[0].value = json!("IPM.Appointment")), (0, 1), "no mail");
    assert_eq!(broken(&|c| c.props.push(prop("0x0C1A001F", json!("Carl")))), (0, 1), "the sender's name");
    assert_eq!(
        broken(&|c| c.recipients[1].push(prop("0x3001001F", json!("Anna")))),
        (0, 1),
        "another's name"
    );
    assert_eq!(
        broken(&|c| {
            c.props.remove(0);
        }),
        (1, 0),
        "class"
    );
    assert_eq!(broken(&|c| c.recipients.clear()), (1, 0), "no recipients");
    assert_eq!(broken(&|c| c.props.retain(|p| !p.tag.starts_with("0x1000"))), (1, 0), "no body");
}

#[test]
fn the_substance_is_subject_body_and_attachments() {
    let mail = Mail::parse(MAIL.as_bytes());
    let found = |change: &dyn Fn(&mut Content)| {
        let mut content = delivered();
        change(&mut content);
        mail.substance(&content).len()
    };
    assert_eq!(found(&|_| ()), 0);
    let to_others = |c: &mut Content| {
        c.recipients.clear();
        c.props.retain(|prop| !prop.tag.starts_with("0x0C1F"));
    };
    assert_eq!(found(&to_others), 0, "who it is from and for is no part of it");
    assert_eq!(found(&|c| c.props[1].value = json!("Gruesse")), 1, "subject");
    assert_eq!(found(&|c| c.props[4].value = json!("Gr\u{fc}\u{df}e")), 1, "body cut off");
    assert_eq!(found(&|c| c.attachments[0].props[1].value = json!({"hex": "000102"})), 1, "bytes");
    assert_eq!(found(&|c| c.attachments.clear()), 1, "all attachments lost");
}

#[test]
fn an_embedded_message_may_come_as_one_or_as_bytes() {
    let text = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nyes\r\n--b--\r\n";
    let mail = Mail::parse(text.as_bytes());
    assert_eq!(mail.attachments.len(), 1);
    let inner = Content {
        props: vec![prop("0x0037001F", json!("inner")), prop("0x1000001F", json!("yes"))],
        ..Content::default()
    };
    let mut content = Content {
        props: vec![prop("0x0037001F", json!("outer")), prop("0x1000001F", json!("hello"))],
        attachments: vec![Attachment {
            props: vec![prop("0x37050003", json!(5))],
            embedded: Some(Box::new(inner)),
            saved: true,
        }],
        ..Content::default()
    };
    assert_eq!(mail.differences(&content), []);
    content.attachments[0].embedded.as_mut().expect("just put there").props[1].value = json!("no");
    assert_eq!(mail.differences(&content).len(), 1);
    content.attachments[0] = Attachment {
        props: vec![prop("0x37050003", json!(1)), prop("0x37010102", json!({"hex": "53"}))],
        embedded: None,
        saved: true,
    };
    assert_eq!(mail.differences(&content), []);
}
