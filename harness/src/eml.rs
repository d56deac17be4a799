//! Mails as their text is parsed, whatever the text is.

use std::panic::catch_unwind;

use mail_parser::{Message, MessageParser};

/// The message that a text is; nothing where it is none.
///
/// The parser panics over parts of certain broken mails (`fuzz/corpus/mail` has one), and a candidate may put any text into its outbox: what
/// the parser gives up on is no mail.
pub(crate) fn parse(text: &[u8]) -> Option<Message<'_>> {
    catch_unwind(|| MessageParser::default().parse(text)).ok().flatten()
}

/// The same, of the header alone.
pub(crate) fn parse_headers(text: &[u8]) -> Option<Message<'_>> {
    catch_unwind(|| MessageParser::default().parse_headers(text)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_gives_up_on_is_no_mail() {
        let broken = include_bytes!("../fuzz/corpus/mail/broke-1a8026265582c715.eml");
        assert!(parse(broken).is_none_or(|mail| mail.parts.len() < 8), "no panic comes through");
        assert!(parse(b"Subject: a\r\n\r\nb\r\n").is_some());
    }
}
