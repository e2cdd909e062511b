//! An endpoint's address: what `remote add` takes and stores. D8 and D9 of docs/compatibility.md live here.
//!
//! What is stored is Apptainer's form: host, port and path, without scheme, userinfo, query, fragment or final slash.

use std::fmt;

use crate::text::Quoted;
use crate::uri::authority::{Authority, AuthorityError, without_user};

/// An endpoint's address, `host[:port][/path]`: no scheme, no userinfo, no `..`, no final slash.
///
/// Letters keep their case and script, as Apptainer stores them; equality is that of the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointUri(String);

/// Why a text can't be an endpoint's address. The first line of each is Apptainer's where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    #[error("invalid URI: cannot have empty URI")]
    Empty,
    #[error("parse {}: net/url: invalid control character in URL", Quoted(.0))]
    ControlCharacter(String),
    #[error("parse {}: missing protocol scheme", Quoted(.0))]
    MissingScheme(String),
    #[error("parse {}: invalid URL escape {}", Quoted(uri), Quoted(escape))]
    Escape { uri: String, escape: String },
    #[error("parse {}: invalid port {} after host", Quoted(uri), Quoted(port))]
    Port { uri: String, port: String },
    #[error(
        "invalid URI {}: an endpoint is reached by https or http, not {scheme}",
        Quoted(uri)
    )]
    Scheme { uri: String, scheme: String },
    #[error("invalid URI {}: {reason}", Quoted(uri))]
    Host { uri: String, reason: &'static str },
    #[error("invalid URI {}: its path leads above its host", Quoted(.0))]
    Path(String),
    #[error("invalid URI: it has {0} bytes, and at most {longest} are possible", longest = EndpointUri::LONGEST)]
    TooLong(usize),
}

/// How an address was typed, as far as it decides whether `http` is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedScheme {
    Https,
    Http,
    None,
}

impl EndpointUri {
    pub const LONGEST: usize = 64 * 1024;

    pub fn parse(text: &str) -> Result<Self, UriError> {
        Self::parse_typed(text).map(|(uri, _)| uri)
    }

    pub fn parse_typed(text: &str) -> Result<(Self, TypedScheme), UriError> {
        if text.trim().is_empty() {
            return Err(UriError::Empty);
        }
        if text.len() > Self::LONGEST {
            return Err(UriError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(UriError::ControlCharacter(shown(text)));
        }
        if text.starts_with(':') {
            return Err(UriError::MissingScheme(shown(text)));
        }
        let (typed, rest) = split_scheme(text)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = without_userinfo(authority, typed)?;
        check_authority(text, authority)?;
        let path = clean_path(text, &unescape(text, path)?)?;
        Ok((Self(format!("{authority}{path}")), typed))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are at the same host and port. Host names have no case; a port that is written and one that is not
    /// are two, since only the scheme could make them one.
    pub fn is_same_host(&self, other: &Self) -> bool {
        self.authority().eq_ignore_ascii_case(other.authority())
    }

    pub fn is_same_place(&self, other: &Self) -> bool {
        self.is_same_host(other)
            && self.0[self.authority().len()..] == other.0[other.authority().len()..]
    }

    fn authority(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for EndpointUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn split_scheme(text: &str) -> Result<(TypedScheme, &str), UriError> {
    if let Some(rest) = text.strip_prefix("//") {
        return Ok((TypedScheme::None, rest));
    }
    match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            if scheme.eq_ignore_ascii_case("https") {
                Ok((TypedScheme::Https, rest))
            } else if scheme.eq_ignore_ascii_case("http") {
                Ok((TypedScheme::Http, rest))
            } else {
                Err(UriError::Scheme {
                    uri: shown(text),
                    scheme: scheme.to_owned(),
                })
            }
        }
        _ => Ok((TypedScheme::None, text)),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.')
        })
}

/// Apptainer drops a user and a password that are typed with a scheme; without one `a@b` is more likely a mistake.
fn without_userinfo(authority: &str, typed: TypedScheme) -> Result<&str, UriError> {
    match authority.rsplit_once('@') {
        None => Ok(authority),
        Some((_, host)) if typed != TypedScheme::None => Ok(host),
        // The address is not repeated: a password may stand in it.
        Some((_, host)) => Err(UriError::Host {
            uri: format!("…@{host}"),
            reason: "a user name can't stand in an endpoint's address",
        }),
    }
}

/// The address for an error: a password may have been typed in it.
fn shown(text: &str) -> String {
    without_user(text).into_owned()
}

fn check_authority(text: &str, authority: &str) -> Result<(), UriError> {
    Authority::parse(authority)
        .map(|_| ())
        .map_err(|error| match error {
            AuthorityError::Port(port) => UriError::Port {
                uri: shown(text),
                port,
            },
            AuthorityError::Host(reason) => UriError::Host {
                uri: shown(text),
                reason,
            },
        })
}

fn unescape(text: &str, path: &str) -> Result<String, UriError> {
    let broken = |at: usize| UriError::Escape {
        uri: shown(text),
        escape: path[at..].chars().take(3).collect(),
    };
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = bytes
                .get(at + 1..at + 3)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            let valid = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let byte = valid
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .ok_or_else(|| broken(at))?;
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| UriError::Host {
        uri: shown(text),
        reason: "the escapes in its path are no UTF-8",
    })?;
    if decoded.chars().any(char::is_control) {
        return Err(UriError::ControlCharacter(shown(text)));
    }
    Ok(decoded)
}

/// Go's `path.Clean` for a path that stands behind a host: `a//b/../c` becomes `a/c`, a final slash goes.
fn clean_path(text: &str, path: &str) -> Result<String, UriError> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(|| UriError::Path(shown(text)))?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts
        .iter()
        .map(|part| format!("/{}", escape(part)))
        .collect())
}

fn escape(part: &str) -> String {
    part.replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_stored_as_apptainer_stores_it() {
        let cases = [
            ("cloud.example.com", "cloud.example.com"),
            ("https://cloud.example.com/", "cloud.example.com"),
            ("HTTPS://Cloud.Example.com", "Cloud.Example.com"),
            ("cloud.example.com/a//b/../c", "cloud.example.com/a/c"),
            ("cloud.example.com/a%20b/./", "cloud.example.com/a b"),
            // Decoded, these would be a query, a fragment or another escape.
            (
                "cloud.example.com/a%3fb%23c%25k",
                "cloud.example.com/a%3Fb%23c%25k",
            ),
            ("https://ian:secret@cloud.example.com", "cloud.example.com"),
            ("https://cloud.example.com/x?q=1#f", "cloud.example.com/x"),
            ("https://bücher.example", "bücher.example"),
            ("//cloud.example.com/x", "cloud.example.com/x"),
            ("anythingcangohere", "anythingcangohere"),
            // D8: ports and IPv6, with and without a scheme.
            ("localhost:19443", "localhost:19443"),
            ("127.0.0.1:443", "127.0.0.1:443"),
            ("example.com:443/x", "example.com:443/x"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("[::1]", "[::1]"),
            // The first of its marks ends a part, whichever follows.
            ("HtTp://h.example?a/b#c?d", "h.example"),
            ("h.example#a/b", "h.example"),
            ("h.example/a#b?c/d", "h.example/a"),
            ("h.example/a://b", "h.example/a:/b"),
            ("https://a@b@h.example/x@y", "h.example/x@y"),
        ];
        for (typed, stored) in cases {
            assert_eq!(
                EndpointUri::parse(typed).as_ref().map(EndpointUri::as_str),
                Ok(stored),
                "{typed}"
            );
            assert_eq!(
                EndpointUri::parse(stored).as_ref().map(EndpointUri::as_str),
                Ok(stored),
                "{stored}"
            );
        }
    }

    #[test]
    fn a_host_is_the_same_whatever_its_case_and_path() {
        let cases = [
            ("h.example", "H.example/x", true),
            ("h.example:8443/a", "h.example:8443/b", true),
            ("[::1]:443", "[::1]:443/x", true),
            ("h.example", "h.example:443", false),
            ("h.example:1", "h.example:2", false),
            ("h.example", "h.example.com", false),
            ("h.example:8443", "h.example", false),
        ];
        for (one, other, same) in cases {
            let parse = |text| EndpointUri::parse(text).unwrap();
            assert_eq!(
                parse(one).is_same_host(&parse(other)),
                same,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn what_cannot_be_an_endpoint_is_refused_with_the_reason() {
        let cases = [
            ("", "invalid URI: cannot have empty URI"),
            ("  ", "invalid URI: cannot have empty URI"),
            (":", r#"parse ":": missing protocol scheme"#),
            (
                "cloud\nexample.com",
                r#"parse "cloud\nexample.com": net/url: invalid control character in URL"#,
            ),
            ("h/%zz", r#"parse "h/%zz": invalid URL escape "%zz""#),
            ("h/%4", r#"parse "h/%4": invalid URL escape "%4""#),
            ("h/%+1", r#"parse "h/%+1": invalid URL escape "%+1""#),
            (
                "h.example/%1b[31m%0a",
                r#"parse "h.example/%1b[31m%0a": net/url: invalid control character in URL"#,
            ),
            (
                "h.example/%c2%9b",
                r#"parse "h.example/%c2%9b": net/url: invalid control character in URL"#,
            ),
            (
                "h.example/%ff",
                r#"invalid URI "h.example/%ff": the escapes in its path are no UTF-8"#,
            ),
            ("h:1:2", r#"parse "h:1:2": invalid port ":1:2" after host"#),
            ("[::1]x", r#"parse "[::1]x": invalid port "x" after host"#),
            (
                "https://h:abc",
                r#"parse "https://h:abc": invalid port ":abc" after host"#,
            ),
            ("h:0", r#"parse "h:0": invalid port ":0" after host"#),
            (
                "h:70000",
                r#"parse "h:70000": invalid port ":70000" after host"#,
            ),
            ("h:", r#"parse "h:": invalid port ":" after host"#),
            ("::1", r#"parse "::1": missing protocol scheme"#),
            (
                "ftp://h",
                r#"invalid URI "ftp://h": an endpoint is reached by https or http, not ftp"#,
            ),
            (
                "docker://docker.io",
                r#"invalid URI "docker://docker.io": an endpoint is reached by https or http, not docker"#,
            ),
            ("https://", r#"invalid URI "https://": it names no host"#),
            ("?q", r#"invalid URI "?q": it names no host"#),
            ("/x", r#"invalid URI "/x": it names no host"#),
            ("..", r#"invalid URI "..": dots alone are no host"#),
            (
                "../../etc",
                r#"invalid URI "../../etc": dots alone are no host"#,
            ),
            (
                "h/../..",
                r#"invalid URI "h/../..": its path leads above its host"#,
            ),
            (
                "a b",
                r#"invalid URI "a b": its host has a character that no host name can have"#,
            ),
            (
                "ian:secret@h",
                r#"invalid URI "…@h": a user name can't stand in an endpoint's address"#,
            ),
            ("[::1", r#"invalid URI "[::1": ']' is missing in its host"#),
            (
                "[x]:1",
                r#"invalid URI "[x]:1": an IPv6 address stands between '[' and ']'"#,
            ),
            (
                "https://ian:secret@a b",
                r#"invalid URI "https://a b": its host has a character that no host name can have"#,
            ),
        ];
        for (typed, message) in cases {
            assert_eq!(
                EndpointUri::parse(typed).map_err(|error| error.to_string()),
                Err(message.to_owned()),
                "{typed}"
            );
        }
    }

    #[test]
    fn no_host_has_a_character_that_a_shell_or_a_url_reads() {
        for character in "\"<>\\^`{|}%'!$&()*,;=~ \u{a0}".chars() {
            for typed in [
                format!("h{character}x.example"),
                format!("https://h.example{character}"),
            ] {
                let refused = EndpointUri::parse(&typed);
                assert!(matches!(refused, Err(UriError::Host { .. })), "{typed}");
            }
        }
        assert!(EndpointUri::parse("h$(id);x.example").is_err());
    }

    #[test]
    fn the_longest_address_is_taken_and_one_byte_more_is_not() {
        let longest = "h".repeat(EndpointUri::LONGEST);
        assert!(EndpointUri::parse(&longest).is_ok());
        assert_eq!(
            EndpointUri::parse(&format!("{longest}h")),
            Err(UriError::TooLong(65_537))
        );
    }

    proptest! {
        #[test]
        fn the_stored_form_stands_for_itself(
            scheme in "(https?://|//)?", host in "[a-zA-Z]{1,4}(:[1-9][0-9]{0,3})?", path in "(/|%2[35Ff]|%3F|[ -~\\PC]){0,12}",
        ) {
            if let Ok(uri) = EndpointUri::parse(&format!("{scheme}{host}{path}")) {
                prop_assert_eq!(EndpointUri::parse(uri.as_str()), Ok(uri));
            }
        }
    }
}
