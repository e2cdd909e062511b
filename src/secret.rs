//! A secret: a token or a password. Knows no file, no terminal and no server.
//!
//! The type can't be printed, neither with `Display` (there is none) nor with `Debug`; one word, `expose`, finds every
//! place where the text of a secret leaves it.

use std::fmt;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use zeroize::Zeroizing;

/// Fewer characters of base64 than these stand in any text.
const SHORTEST_BASE64: usize = 4;

/// A token or a password; its memory is wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over `text`; no other copy of it should stay behind.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for a file or a request that must hold it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a text repeats the secret: as it is, or as JSON, a form, hex or base64 write it, there also as a part of
    /// something longer such as `user:secret`. What does is not for people's eyes, even when a server says it.
    pub fn is_repeated_in(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let text = Zeroizing::new(text.to_ascii_lowercase());
        self.shapes().iter().any(|shape| text.contains(&shape.to_ascii_lowercase()))
    }

    fn shapes(&self) -> Zeroizing<Vec<String>> {
        let secret = self.expose();
        let json = Zeroizing::new(serde_json::Value::from(secret).to_string());
        let json = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        let percent = |may_stay: fn(u8) -> bool| {
            let escaped = |byte: u8| if may_stay(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
            secret.bytes().map(escaped).collect::<String>()
        };
        let mut shapes = Zeroizing::new(vec![
            secret.to_owned(),
            json.to_owned(),
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
            // A form, and what other encoders leave as it is; all of them keep letters and digits.
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            percent(|byte| byte.is_ascii_alphanumeric()),
            percent(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
            percent(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte)),
        ]);
        for shift in 0..3 {
            let shifted = Zeroizing::new([&[0; 3][..shift], secret.as_bytes()].concat());
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                // What shares a character with the bytes before or behind the secret may be different there.
                let own = encoded.get((shift * 8).div_ceil(6)..shifted.len() * 8 / 6).unwrap_or_default();
                if own.len() >= SHORTEST_BASE64 {
                    shapes.push(own.to_owned());
                }
            }
        }
        shapes
    }

    /// Whether there is no secret at all: an empty one stands for "none" in the files.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("pa55word");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(***),\n)");
        assert_eq!(secret.expose(), "pa55word");
    }

    #[test]
    fn a_text_that_repeats_a_secret_is_known() {
        let secret = Secret::new("pa55\"w\nord/é+~");
        for text in [
            "and pa55\"w\nord/é+~!",
            "code PA55\"W\nORD/é+~",
            r#"bad: {"Secret":"pa55\"w\nord/é+~"}"#,
            "grant_type=password&password=pa55%22w%0Aord%2F%C3%A9%2B%7E&x=y",
            "https://x/pa55%22w%0aord/%c3%a9+~",
            "https://x/pa55%22w%0Aord%2F%C3%A9%2B~",
            "Basic aWFuOnBhNTUidwpvcmQvw6krfg==",
            "Basic aWFuZTpwYTU1IncKb3JkL8OpK34=",
            "Basic aTpwYTU1IncKb3JkL8OpK34",
        ] {
            assert!(secret.is_repeated_in(text), "{text}");
        }
        assert!(secret.is_repeated_in("0x706135352277 0a6f72642fc3a92b7e".replace(' ', "").as_str()));
        assert!(!secret.is_repeated_in("pa55") && !secret.is_repeated_in(""));
        assert!(!Secret::default().is_repeated_in("any text"));
        assert!(!Secret::new("x").is_repeated_in("authentication required"), "a letter of base64 says nothing");
    }
}
