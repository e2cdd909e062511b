//! What a server says of a failure in its own words. Pure; knows no request.

use std::fmt;

use serde_json::Value;

use super::http::Response;
use crate::secret::Secret;
use crate::text::{in_one_line, is_hidden};

/// The longest message that is shown, in characters.
const LONGEST: usize = 1000;
/// The longest body without a structure that is a message, in characters: more is a page.
const LONGEST_TEXT: usize = 300;

/// A server's own words: one line, fit for a terminal, and never the secret that it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMessage {
    /// The kind of failure, as servers name it: `unauthorized`, `invalid grant`.
    pub code: Option<String>,
    pub text: String,
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(formatter, "{code}: ")?;
        }
        formatter.write_str(&self.text)
    }
}

impl ServerMessage {
    /// What an answer says; `None` when it says nothing, or repeats `secret`: not even with stars, which would show where
    /// it stands.
    pub(super) fn find(response: &Response, secret: &Secret) -> Option<Self> {
        Self::in_body(&response.body, secret)
    }

    fn in_body(body: &[u8], secret: &Secret) -> Option<Self> {
        let said = match serde_json::from_slice::<Value>(body) {
            Ok(said) => said,
            Err(_) => Value::String(plain_text(body)?.to_owned()),
        };
        let (code, text) = in_json(&said)?;
        if [code, text].iter().any(|part| secret.is_repeated_in(part)) {
            return None;
        }
        let shown = |text: &str| -> String {
            let visible = |character| if is_hidden(character) { ' ' } else { character };
            let line = in_one_line(text);
            line.trim().chars().map(visible).take(LONGEST).collect()
        };
        let (code, text) = (shown(&code.to_lowercase().replace('_', " ")), shown(text));
        (!text.is_empty()).then_some(Self {
            code: Some(code).filter(|code| !code.is_empty()),
            text,
        })
    }
}

fn plain_text(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_message = !text.starts_with(['<', '{', '[']) && text.chars().count() <= LONGEST_TEXT;
    is_message.then_some(text)
}

fn in_json(said: &Value) -> Option<(&str, &str)> {
    let error = said.get("error").unwrap_or(&Value::Null);
    let listed = said
        .get("errors")
        .and_then(|errors| errors.get(0))
        .unwrap_or(&Value::Null);
    let candidates = [
        (text(listed, "code"), text(listed, "message")),
        ("", text(said, "details")),
        (text(said, "error"), text(said, "error_description")),
        (text(error, "code"), text(error, "message")),
        (text(said, "code"), text(said, "message")),
        ("", error.as_str().unwrap_or_default()),
        ("", listed.as_str().unwrap_or_default()),
        ("", said.as_str().unwrap_or_default()),
    ];
    candidates
        .into_iter()
        .find(|(_, message)| !message.is_empty())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> String {
        ServerMessage::in_body(body.as_bytes(), &Secret::new("pa55word"))
            .map_or_else(|| "-".to_owned(), |message| message.to_string())
    }

    #[test]
    fn a_servers_own_words_are_found_in_every_usual_form() {
        let cases = [
            (
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#,
                "unauthorized: incorrect username or password",
            ),
            (
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such thing","detail":{"x":1}}]}"#,
                "name unknown: no such thing",
            ),
            (r#"{"errors":[{"code":401,"message":"no"}]}"#, "no"),
            (r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#, "-"),
            (
                r#"{"errors":["your IP is not allowed"]}"#,
                "your IP is not allowed",
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            (
                r#"{"error":"invalid_grant","error_description":"no such user"}"#,
                "invalid grant: no such user",
            ),
            (
                r#"{"error":"account locked for 30 minutes"}"#,
                "account locked for 30 minutes",
            ),
            (
                r#"{"error":{"code":404,"message":"Invalid Credentials"}}"#,
                "Invalid Credentials",
            ),
            (
                r#"{"message":"Your authorization token has expired. Reauthenticate and try again."}"#,
                "Your authorization token has expired. Reauthenticate and try again.",
            ),
            ("too many requests\n", "too many requests"),
            ("\"quoted\"", "quoted"),
            (
                "first\r\nFATAL:   second\u{1b}[31m",
                "first FATAL:   second [31m",
            ),
            ("<html><body>denied</body></html>", "-"),
            ("", "-"),
            ("{}", "-"),
            ("[]", "-"),
            ("{not json", "-"),
            (r#"{"details":"pa55word is wrong"}"#, "-"),
            (r#"{"details":"Basic aWFuOnBhNTV3b3Jk is wrong"}"#, "-"),
            (r#"{"errors":[{"code":"pa55word","message":"wrong"}]}"#, "-"),
        ];
        for (body, words) in cases {
            assert_eq!(said(body), words, "{body}");
        }
        assert_eq!(said(&"x".repeat(LONGEST_TEXT + 1)), "-", "a page");
        let long = said(&format!(r#"{{"details":"{}"}}"#, "x".repeat(5000)));
        assert_eq!(long.len(), LONGEST);
        assert_eq!(
            ServerMessage::in_body(b"\xff\xfe", &Secret::default()),
            None
        );
    }
}
