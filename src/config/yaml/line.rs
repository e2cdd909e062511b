//! The keys of a remote, a keyserver and a login that hold a text or a flag, in the order in which they are written. Knows
//! neither text nor place.

use super::style::push_scalar;
use crate::config::document::{KeyserverEntry, LoginEntry, RemoteEntry};

/// A key with its value, which may be a secret: there is no `Debug`.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) key: &'static str,
    pub(super) value: Value<'a>,
    /// Whether it is left out where it is empty or false.
    is_optional: bool,
}

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Flag(bool),
}

/// An item of a list.
pub(super) trait Item: PartialEq {
    /// What it is known by.
    fn uri(&self) -> &str;

    /// Its keys.
    fn lines(&self) -> Vec<Line<'_>>;
}

impl Line<'_> {
    /// Whether a new file has it.
    pub(super) fn is_written(&self) -> bool {
        !(self.is_optional && matches!(self.value, Value::Text("") | Value::Flag(false)))
    }
}

impl Value<'_> {
    /// Appends the value as a scalar of a block map.
    pub(super) fn push(&self, to: &mut String) {
        match self {
            Self::Text(text) => push_scalar(text, to),
            Self::Flag(flag) => to.push_str(if *flag { "true" } else { "false" }),
        }
    }
}

/// `Active`.
pub(super) fn active_line(active: &str) -> Line<'_> {
    text("Active", active)
}

/// The keys of a remote but for its keyservers.
pub(super) fn remote_lines(remote: &RemoteEntry) -> [Line<'_>; 5] {
    [
        optional(text("URI", &remote.uri)),
        optional(text("Token", remote.token.expose())),
        flag("System", remote.system),
        flag("Exclusive", remote.exclusive),
        optional(flag("Insecure", remote.insecure)),
    ]
}

impl Item for KeyserverEntry {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let Self {
            uri,
            skip,
            external,
            insecure,
        } = self;
        vec![
            text("URI", uri),
            flag("Skip", *skip),
            flag("External", *external),
            flag("Insecure", *insecure),
        ]
    }
}

impl Item for LoginEntry {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let Self {
            uri,
            auth,
            insecure,
        } = self;
        vec![
            text("URI", uri),
            optional(text("Auth", auth.expose())),
            flag("Insecure", *insecure),
        ]
    }
}

fn text<'a>(key: &'static str, text: &'a str) -> Line<'a> {
    Line {
        key,
        value: Value::Text(text),
        is_optional: false,
    }
}

fn flag(key: &'static str, flag: bool) -> Line<'static> {
    Line {
        key,
        value: Value::Flag(flag),
        is_optional: false,
    }
}

fn optional(line: Line<'_>) -> Line<'_> {
    Line {
        is_optional: true,
        ..line
    }
}
