//! A keyserver's address. D10 of docs/compatibility.md lives here.

use std::fmt;

use crate::uri::authority::{Authority, AuthorityError, of_server};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyserverScheme {
    Http,
    Https,
    /// `hkp://`: http, at port 11371 unless another is given.
    Hkp,
    Hkps,
}

impl KeyserverScheme {
    const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Hkp, Self::Hkps];

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Hkp => "hkp",
            Self::Hkps => "hkps",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https | Self::Hkps => 443,
            Self::Hkp => 11371,
        }
    }

    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Http | Self::Hkp)
    }
}

impl fmt::Display for KeyserverScheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A keyserver's address in its normal form: lower-case scheme and host, no default port, no final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyserverUri {
    scheme: KeyserverScheme,
    host: String,
    port: u16,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyserverUriError {
    #[error("invalid URI: cannot have empty URI")]
    Empty,
    #[error("invalid URI: a keyserver is reached by https, http, hkps or hkp, not {0}")]
    Scheme(String),
    #[error("invalid URI: {0}")]
    Other(String),
}

impl KeyserverUri {
    /// Checks a keyserver's address as typed; a bare host is reached by https.
    pub fn parse(text: &str) -> Result<Self, KeyserverUriError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyserverUriError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(KeyserverUriError::Other(
                "it has a control character".to_owned(),
            ));
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (KeyserverScheme::Https, text),
            Some((name, rest)) => {
                let known = KeyserverScheme::ALL
                    .into_iter()
                    .find(|scheme| scheme.name().eq_ignore_ascii_case(name));
                (
                    known.ok_or_else(|| KeyserverUriError::Scheme(name.to_owned()))?,
                    rest,
                )
            }
        };
        if rest.contains(['?', '#']) {
            return Err(KeyserverUriError::Other(
                "a keyserver's address ends with its path".to_owned(),
            ));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(KeyserverUriError::Other(
                "a user name can't stand in a keyserver's address; log in to it instead".to_owned(),
            ));
        }
        let authority = Authority::parse(authority).map_err(|error| match error {
            AuthorityError::Port(port) => {
                KeyserverUriError::Other(format!("invalid port {port:?} after host"))
            }
            AuthorityError::Host(reason) => KeyserverUriError::Other(reason.to_owned()),
        })?;
        Ok(Self {
            scheme,
            host: authority.host.to_lowercase(),
            port: authority.port.unwrap_or(scheme.default_port()),
            path: path
                .trim_end_matches(|last: char| last == '/' || last.is_whitespace())
                .to_owned(),
        })
    }

    pub fn scheme(&self) -> KeyserverScheme {
        self.scheme
    }

    /// What is the same for every way to write one server: whether it is reached without TLS, its host and its port.
    pub fn server(&self) -> (bool, &str, u16) {
        (self.scheme.is_plain(), &self.host, self.port)
    }

    /// Whether both are the same server, however they are written: hkp and hkps are http and https, paths don't count.
    pub fn is_same_server(&self, other: &Self) -> bool {
        self.server() == other.server()
    }

    /// The keyserver of an address as a file has it: a user name, a query and a fragment are no part of it.
    pub fn found(text: &str) -> Result<Self, KeyserverUriError> {
        Self::parse(&of_server(text))
    }

    /// Whether two addresses as files have them name the same server; what can't be an address equals only itself.
    pub fn are_same(one: &str, other: &str) -> bool {
        match (Self::found(one), Self::found(other)) {
            (Ok(one), Ok(other)) => one.is_same_server(&other),
            _ => one == other,
        }
    }
}

impl fmt::Display for KeyserverUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(formatter, ":{}", self.port)?;
        }
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_file_has_beside_a_server_is_no_part_of_it() {
        for row in [
            "https://u@k.example",
            "https://u:p@k.example/",
            "https://k.example?q",
            "https://k.example/a/?q=1#f",
        ] {
            assert!(KeyserverUri::are_same(row, "https://k.example"), "{row}");
            assert!(KeyserverUri::parse(row).is_err(), "{row} can't be typed");
        }
        for row in [
            "https://k.example@other.example",
            "https://other.example?@k.example",
            "http://u@k.example",
        ] {
            assert!(!KeyserverUri::are_same(row, "https://k.example"), "{row}");
        }
    }

    #[test]
    fn an_address_is_brought_into_its_normal_form() {
        let cases = [
            ("https://keys.example.com", "https://keys.example.com"),
            ("HTTPS://Keys.Example.com:443/", "https://keys.example.com"),
            ("keys.example.com", "https://keys.example.com"),
            ("keys.example.com:8443", "https://keys.example.com:8443"),
            ("hkp://keys.example.com:11371", "hkp://keys.example.com"),
            (
                "hkps://keys.example.com/path/",
                "hkps://keys.example.com/path",
            ),
            (
                "https://keys.example.com/path/ / ",
                "https://keys.example.com/path",
            ),
            ("http://[::1]:11371", "http://[::1]:11371"),
            ("hkp://[::1]:11371", "hkp://[::1]"),
            ("http://h:80", "http://h"),
            ("http://h:443", "http://h:443"),
            ("HKPS://h:443/a:b", "hkps://h/a:b"),
        ];
        for (typed, normal) in cases {
            assert_eq!(
                KeyserverUri::parse(typed).map(|uri| uri.to_string()),
                Ok(normal.to_owned()),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_keyserver_is_refused_with_the_reason() {
        let cases = [
            ("", "invalid URI: cannot have empty URI"),
            (
                "ftp://x",
                "invalid URI: a keyserver is reached by https, http, hkps or hkp, not ftp",
            ),
            ("https://", "invalid URI: it names no host"),
            (
                "https://h:x",
                r#"invalid URI: invalid port ":x" after host"#,
            ),
            (
                "https://u:secret@h",
                "invalid URI: a user name can't stand in a keyserver's address; log in to it instead",
            ),
            (
                "https://h/?a=b",
                "invalid URI: a keyserver's address ends with its path",
            ),
            ("a\nb", "invalid URI: it has a control character"),
        ];
        for (typed, message) in cases {
            assert_eq!(
                KeyserverUri::parse(typed).map_err(|error| error.to_string()),
                Err(message.to_owned()),
                "{typed}"
            );
        }
    }

    #[test]
    fn a_server_is_recognised_however_it_is_written() {
        let same = [
            ("https://h", "HTTPS://H:443/"),
            ("https://h", "hkps://h"),
            ("https://h", "https://h/path"),
            ("hkp://h", "http://h:11371"),
            ("hkp://[::1]", "HTTP://[::1]:11371/x"),
            ("http://h", "http://h:80"),
            ("ftp://x", "ftp://x"),
        ];
        let other = [
            ("https://h", "http://h"),
            ("https://h", "https://h:8443"),
            ("hkp://h", "http://h"),
            ("ftp://x", "ftp://y"),
        ];
        for (one, two) in same {
            assert!(KeyserverUri::are_same(one, two), "{one} {two}");
        }
        for (one, two) in other {
            assert!(!KeyserverUri::are_same(one, two), "{one} {two}");
        }
    }

    /// Few servers in many spellings, and what can't be one.
    fn spelling() -> impl Strategy<Value = String> {
        let scheme = "((https|HTTPS|http|hkp|hkps|ftp)://)?";
        (
            scheme,
            "(h|H|k|\\[::1\\])?",
            "(:(80|443|11371|x))?",
            "(/|/p| )?",
        )
            .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{path}"))
    }

    proptest! {
        #[test]
        fn the_normal_form_stands_for_itself(text in "(https?|hkps?|HTTP)?(://)?[a-zA-Z]{1,3}(:[1-9]{1,4})?(/|[\\PC]|\\s){0,10}") {
            if let Ok(uri) = KeyserverUri::parse(&text) {
                prop_assert_eq!(KeyserverUri::parse(&uri.to_string()), Ok(uri));
            }
        }

        #[test]
        fn being_the_same_server_is_an_equality(one in spelling(), two in spelling(), three in spelling()) {
            let same = KeyserverUri::are_same;
            prop_assert!(same(&one, &one));
            prop_assert_eq!(same(&one, &two), same(&two, &one));
            prop_assert!(!(same(&one, &two) && same(&two, &three)) || same(&one, &three));
            let normal = KeyserverUri::parse(&one).map(|uri| uri.to_string());
            prop_assert!(normal.is_err() || normal.is_ok_and(|normal| same(&one, &normal)));
        }
    }
}
