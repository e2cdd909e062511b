//! A secret: a token or a password. Knows no file, no terminal and no server.
//!
//! The type can't be printed, neither with `Display` (there is none) nor with `Debug`; one word, `expose`, finds every
//! place where the text of a secret leaves it.

use std::fmt;
use std::ops::Deref;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use zeroize::{Zeroize as _, Zeroizing};

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

    /// Whether a text repeats the secret: as it is, or as JSON, a URL, a form, hex or base64 write it, there also as a part
    /// of something longer such as `user:secret`. What does is not for people's eyes, even when a server says it.
    pub fn is_repeated_in(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let plain = without_json_escapes(text);
        let written =
            [&without_percent(text), &without_percent(&plain), &plain].map(|text| comparable(text));
        let shapes = self.shapes();
        let is_in = |text: &str| {
            shapes
                .iter()
                .any(|shape| text.contains(&*comparable(shape)))
        };
        is_in(&comparable(text)) || written.iter().any(|text| is_in(text))
    }

    /// How those write the secret who escape nothing.
    fn shapes(&self) -> Zeroizing<Vec<String>> {
        let secret = self.expose();
        let mut shapes = Zeroizing::new(vec![
            secret.to_owned(),
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ]);
        for shift in 0..3 {
            let shifted = Zeroizing::new([&[0; 3][..shift], secret.as_bytes()].concat());
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                // What shares a character with the bytes before or behind the secret may be different there.
                let own = encoded
                    .get((shift * 8).div_ceil(6)..shifted.len() * 8 / 6)
                    .unwrap_or_default();
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

/// The bytes of a whole file that may contain secrets; wiped when they are dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretBytes(Vec<u8>);

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        // The slice's own way is a memset, the vector's writes byte by byte.
        self.0.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes, which may be secret", self.0.len())
    }
}

fn comparable(text: &str) -> Zeroizing<String> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    Zeroizing::new(lower.replace('+', " "))
}

/// A text with its JSON escapes undone. A backslash before anything else makes no difference, as for a shell.
fn without_json_escapes(text: &str) -> Zeroizing<String> {
    // In UTF-16, as JSON counts: what is above its 16 bits is two escapes.
    let mut units = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut characters = text.chars();
    while let Some(mut character) = characters.next() {
        if character == '\\' {
            let Some(escaped) = characters.next() else {
                break;
            };
            character = match escaped {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            };
            if escaped == 'u'
                && let Some((digits, rest)) = characters.as_str().split_at_checked(4)
                && let Ok(unit) = u16::from_str_radix(digits, 16)
            {
                units.push(unit);
                characters = rest.chars();
                continue;
            }
        }
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    Zeroizing::new(String::from_utf16_lossy(&units))
}

pub(crate) fn without_percent(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after
            .split_at_checked(2)
            .map(|(digits, rest)| (u8::from_str_radix(digits, 16), rest))
        {
            Some((Ok(byte), behind)) => {
                bytes.push(byte);
                rest = behind;
            }
            _ => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Password {
        user: String,
        password: Secret,
    },
    /// A registry's refresh token, which takes the password's place.
    IdentityToken {
        user: String,
        token: Secret,
    },
}

impl Stored {
    /// The user; empty where a token has none.
    pub fn user(&self) -> &str {
        match self {
            Self::Password { user, .. } | Self::IdentityToken { user, .. } => user,
        }
    }

    pub fn secret(&self) -> &Secret {
        match self {
            Self::Password { password, .. } => password,
            Self::IdentityToken { token, .. } => token,
        }
    }

    pub fn authorization(&self) -> Secret {
        match self {
            Self::Password { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
                Secret::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)))
            }
            Self::IdentityToken { token, .. } => Secret::new(format!("Bearer {}", token.expose())),
        }
    }

    pub fn of_authorization(header: &Secret) -> Option<Self> {
        let (scheme, rest) = header.expose().split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self::IdentityToken {
                user: String::new(),
                token: Secret::new(rest),
            });
        }
        let pair = Zeroizing::new(String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?);
        let (user, password) = pair.split_once(':')?;
        Some(Self::Password {
            user: user.to_owned(),
            password: Secret::new(password),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("pa55word");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(
            format!("{:#?}", Some(&secret)),
            "Some(\n    Secret(***),\n)"
        );
        assert_eq!(secret.expose(), "pa55word");
    }

    #[test]
    fn a_login_survives_its_header() {
        for stored in [
            Stored::Password {
                user: "ian".to_owned(),
                password: Secret::new("pa55:word/é"),
            },
            Stored::IdentityToken {
                user: String::new(),
                token: Secret::new("t0k en"),
            },
        ] {
            assert_eq!(
                Stored::of_authorization(&stored.authorization()),
                Some(stored)
            );
        }
        assert_eq!(Stored::of_authorization(&Secret::new("Basic %")), None);
    }

    #[test]
    fn the_bytes_of_a_file_do_not_show_themselves() {
        let bytes = SecretBytes::from(b"Token: pa55word".to_vec());
        assert_eq!(format!("{bytes:?}"), "15 bytes, which may be secret");
        assert_eq!(*bytes, *b"Token: pa55word");
    }

    #[test]
    fn a_secret_is_known_however_json_escapes_it() {
        let secret = Secret::new("pä<55>w&o/r\\d\u{1f511}\t");
        for text in [
            r#"store {"Secret":"pä\u003c55\u003ew\u0026o/r\\d🔑\t"} failed"#,
            r#"{"Secret": "p\u00e4<55>w&o/r\\d\ud83d\udd11\t"}"#,
            r#"P\u00E4\u003C55\u003Ew\u0026o\/r\u005Cd\uD83D\uDD11\u0009"#,
            "pä<55>w&o/r\\d\u{1f511}\t stays as it is \\u00",
            "https:\\/\\/x\\/?p=p%C3%A4%3c55%3ew%26o%2Fr%5Cd%F0%9F%94%91%09",
        ] {
            assert!(secret.is_repeated_in(text), "{text}");
        }
        let spoken = Secret::new(r"a\nb");
        assert!(spoken.is_repeated_in(r"said a\nb") && spoken.is_repeated_in(r#""a\\nb""#));
        let path = Secret::new(r"a\n/b c");
        assert!(path.is_repeated_in(r"x?y=a\n%2Fb+c") && path.is_repeated_in(r"x?y=a%5Cn%2fb%20c"));
        for broken in [
            "\\", "\\u", "\\u12", "\\u12é", "\\ud83d", "%", "%2", "%zz", "%é", "%ff",
        ] {
            assert!(!secret.is_repeated_in(broken), "{broken}");
        }
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
        assert!(
            secret.is_repeated_in(
                "0x706135352277 0a6f72642fc3a92b7e"
                    .replace(' ', "")
                    .as_str()
            )
        );
        assert!(
            Secret::new("???>>>").is_repeated_in("https://x/?auth=Pz8%2FPj4%2b"),
            "base64 in a URL"
        );
        assert!(!secret.is_repeated_in("pa55") && !secret.is_repeated_in(""));
        assert!(!Secret::default().is_repeated_in("any text"));
        assert!(
            !Secret::new("x").is_repeated_in("authentication required"),
            "a letter of base64 says nothing"
        );
    }
}
