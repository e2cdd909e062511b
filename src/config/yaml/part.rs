//! The parts of a remote.yaml that have keys, their lines, and the words for them in a message. Knows no text.

use std::collections::BTreeMap;
use std::fmt;

use super::problem::quoted;

#[derive(Clone, Copy, Debug)]
pub enum Part<'name> {
    File,
    Remote(&'name str),
    Keyserver(&'name str, usize),
    Login(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Topic<'name> {
    Whole(Part<'name>),
    Value(&'name str, Part<'name>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileLines {
    pub(super) keys: KeyLines,
    pub(super) remotes: BTreeMap<String, RemoteLines>,
    pub(super) logins: Vec<KeyLines>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct RemoteLines {
    pub(super) keys: KeyLines,
    pub(super) keyservers: Vec<KeyLines>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct KeyLines {
    pub(super) first: usize,
    pub(super) keys: Vec<(&'static str, usize)>,
}

impl Part<'_> {
    pub(super) fn inside(self) -> String {
        match self {
            Self::File => String::new(),
            part => format!(" in {part}"),
        }
    }
}

impl KeyLines {
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let found = self.keys.iter().find(|(known, _)| *known == key);
        found.map(|(_, line)| *line)
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => write!(formatter, "the file"),
            Self::Remote(name) => write!(formatter, "remote {}", quoted(name)),
            Self::Keyserver(name, index) => {
                let number = index + 1;
                write!(formatter, "keyserver {number} of remote {}", quoted(name))
            }
            Self::Login(index) => write!(formatter, "item {} of Credentials", index + 1),
        }
    }
}

impl fmt::Display for Topic<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(part) => write!(formatter, "{part}"),
            Self::Value(key, Part::File) => write!(formatter, "{key}"),
            Self::Value(key, part) => write!(formatter, "{key} of {part}"),
        }
    }
}
