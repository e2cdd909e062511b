//! The words for a part of the file in a message. Knows no text.

use std::fmt;

use super::problem::quoted;

/// A map or list of the file that has a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'name> {
    File,
    Remote(&'name str),
    /// A remote's keyserver, by its number in the list.
    Keyserver(&'name str, usize),
    /// A login, by its number in the list.
    Login(usize),
}

/// What a message is about: a place, or the value of a key there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'name> {
    Whole(Place<'name>),
    Value(&'name str, Place<'name>),
}

impl Place<'_> {
    /// ` in PLACE`, or nothing for the file itself.
    pub(super) fn inside(self) -> String {
        match self {
            Self::File => String::new(),
            place => format!(" in {place}"),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => write!(formatter, "the file"),
            Self::Remote(name) => write!(formatter, "remote {}", quoted(name)),
            Self::Keyserver(name, number) => {
                write!(formatter, "keyserver {number} of remote {}", quoted(name))
            }
            Self::Login(number) => write!(formatter, "item {number} of Credentials"),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(place) => write!(formatter, "{place}"),
            Self::Value(key, Place::File) => write!(formatter, "{key}"),
            Self::Value(key, place) => write!(formatter, "{key} of {place}"),
        }
    }
}
