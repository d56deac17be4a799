//! JSON-RPC 2.0, a message a line.

use serde_json::{Map, Value, json};

use super::line::{Line, Lines};
use super::wrong::{Wrong, quote};

/// JSON-RPC's code for a method that there is not.
pub(super) const NO_METHOD: i64 = -32601;

/// A message, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// A call that is to be answered.
    Request(Request),
    /// A message that is not answered.
    Notification {
        /// What it is about.
        method: String,
        /// The parameters; null where there are none.
        params: Value,
    },
    /// The answer to a call of ours.
    Answer {
        /// The call's identifier.
        id: Value,
        /// The result, or the error in its place.
        result: Result<Value, Failure>,
    },
}

/// A call of the other side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Value,
    /// The length of its line.
    pub(super) size: usize,
}

/// An answer that is an error: the message was wrong, not the method's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: i64,
    pub(super) message: String,
}

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Result<Message, Wrong> {
    let wrong = |due: &str| Wrong::told(due, quote(line));
    let json: Value = serde_json::from_slice(line)
        .map_err(|error| wrong(&format!("a JSON object on a line of its own ({error})")))?;
    let Value::Object(mut object) = json else { return Err(wrong("a JSON object on a line of its own")) };
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(wrong("a JSON-RPC message: `\"jsonrpc\": \"2.0\"`"));
    }
    let id = object.remove("id");
    if let Some(method) = object.remove("method") {
        let Value::String(method) = method else { return Err(wrong("`method`: the name of a method")) };
        let params = object.remove("params").unwrap_or(Value::Null);
        if !matches!(params, Value::Null | Value::Object(_)) {
            return Err(wrong("`params`: an object, parameters by name"));
        }
        return match id {
            None => Ok(Message::Notification { method, params }),
            Some(id @ (Value::Number(_) | Value::String(_))) => {
                Ok(Message::Request(Request { id, method, params, size: line.len() }))
            }
            Some(_) => Err(wrong("`id`: a number or a string")),
        };
    }
    let Some(id) = id else { return Err(wrong("`method`, or the `id` of the call that is answered")) };
    match (object.remove("result"), object.remove("error")) {
        (Some(result), None) => Ok(Message::Answer { id, result: Ok(result) }),
        (None, Some(error)) => {
            let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(Message::Answer { id, result: Err(Failure { code, message }) })
        }
        _ => Err(wrong("an answer: either `result` or `error`")),
    }
}

/// Reads one side of a conversation, as it came over the pipe: how many messages it has up to the first that is wrong, and what
/// is wrong with that.
#[must_use]
pub fn conversation(bytes: &[u8]) -> (usize, Option<Wrong>) {
    let mut lines = Lines::new(bytes);
    let mut count = 0;
    loop {
        let wrong = match lines.next() {
            Ok(Line::Whole(line)) => parse(&line).err(),
            Ok(Line::End) => return (count, None),
            Ok(Line::Cut(line)) => Some(Wrong::told("the end of the line", quote(&line))),
            Ok(Line::TooLong(line)) => Some(Wrong::told("a shorter line", quote(&line))),
            Err(error) => Some(Wrong::told("bytes that can be read", error.to_string())),
        };
        if wrong.is_some() {
            return (count, wrong);
        }
        count += 1;
    }
}

pub(super) fn request(id: u64, method: &str, params: Map<String, Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub(super) fn notification(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

pub(super) fn answer(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// The error that answers a message which is wrong; its identifier is null where that could not be read.
pub(super) fn refusal(id: &Value, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32600, "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_each_kind() {
        let asked = parse(
            br#"{"jsonrpc":"2.0","id":"a","method":"IUnknown.Release","params":{"this":"@support#1"}}"#,
        );
        assert!(matches!(asked, Ok(Message::Request(Request { id: Value::String(_), .. }))), "{asked:?}");
        let told = parse(br#"{"jsonrpc":"2.0","method":"assign","params":{}}"#);
        assert!(matches!(told, Ok(Message::Notification { .. })), "{told:?}");
        let answered = parse(br#"{"jsonrpc":"2.0","id":3,"result":{"hr":"S_OK"}}"#);
        assert!(matches!(answered, Ok(Message::Answer { result: Ok(_), .. })), "{answered:?}");
        let refused = parse(br#"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}"#);
        assert!(
            matches!(refused, Ok(Message::Answer { result: Err(Failure { code: NO_METHOD, .. }), .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn what_is_no_message_says_what_would_be_one() {
        for (line, due) in [
            ("", "a JSON object"),
            ("hello", "a JSON object"),
            ("[]", "a JSON object"),
            ("{\"id\":1}", "\"jsonrpc\": \"2.0\""),
            (r#"{"jsonrpc":"2.0"}"#, "`method`"),
            (r#"{"jsonrpc":"2.0","id":[],"method":"x"}"#, "a number or a string"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}"#, "by name"),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, "either `result` or `error`"),
        ] {
            let wrong = parse(line.as_bytes()).expect_err(line);
            assert!(wrong.due.contains(due), "{line}: {wrong}");
        }
    }
}
