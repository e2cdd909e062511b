//! Host and port: the part that every address has. Knows no scheme and no path.

use std::borrow::Cow;

/// A host and perhaps a port, `host[:port]`; an IPv6 address stands between brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// The host as written, brackets included.
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AuthorityError {
    Port(String),
    Host(&'static str),
}

impl<'a> Authority<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthorityError> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest
                .split_once(']')
                .ok_or(AuthorityError::Host("']' is missing in its host"))?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(AuthorityError::Host(
                    "an IPv6 address stands between '[' and ']'",
                ));
            }
            (&text[..address.len() + 2], port)
        } else {
            text.split_at(text.find(':').unwrap_or(text.len()))
        };
        let port = parse_port(port)?;
        if host.is_empty() {
            return Err(AuthorityError::Host("it names no host"));
        }
        if host.bytes().all(|byte| byte == b'.') {
            return Err(AuthorityError::Host("dots alone are no host"));
        }
        let is_forbidden = |character: char| {
            character.is_whitespace()
                || character.is_control()
                || "\"<>\\^`{|}%'!$&()*,;=~@/?#".contains(character)
        };
        if host.chars().any(is_forbidden) {
            return Err(AuthorityError::Host(
                "its host has a character that no host name can have",
            ));
        }
        Ok(Self { host, port })
    }
}

/// An address without the user name, and the password, that may stand before its host.
pub(crate) fn without_user(text: &str) -> Cow<'_, str> {
    let (scheme, rest) = text.split_at(text.find("://").map_or(0, |at| at + 3));
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    match authority.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}{}", &rest[at + 1..])),
        None => Cow::Borrowed(text),
    }
}

/// What of an address tells servers apart, where a file may have it as it was typed: no user, no query, no fragment.
pub(super) fn of_server(text: &str) -> Cow<'_, str> {
    without_user(&text[..text.find(['?', '#']).unwrap_or(text.len())])
}

fn parse_port(text: &str) -> Result<Option<u16>, AuthorityError> {
    let Some(digits) = text.strip_prefix(':') else {
        return if text.is_empty() {
            Ok(None)
        } else {
            Err(AuthorityError::Port(text.to_owned()))
        };
    };
    match digits.parse::<u16>() {
        Ok(port @ 1..) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(port)),
        _ => Err(AuthorityError::Port(text.to_owned())),
    }
}
