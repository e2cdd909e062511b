//! What one document has that another has not, one value at a time.

use std::fmt;

use crate::config::document::{Document, KeyserverEntry, RemoteEntry};
use crate::name::RemoteName;

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The remote that it belongs to; none for the document's own.
    pub remote: Option<RemoteName>,
    /// Which value it is.
    pub field: Field,
    /// As it was, in words; none where it was not there.
    pub before: Option<String>,
    /// As it is, in words; none where it is not there any more.
    pub after: Option<String>,
}

/// The values of a document, by remote.yaml's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `Active`.
    Active,
    /// `URI`; with none before the remote is new, with none after it is gone.
    Uri,
    /// `Token`, whose words never are the token.
    Token,
    /// `Exclusive`.
    Exclusive,
    /// `Insecure`.
    Insecure,
    /// `Keyservers`.
    Keyservers,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "Active",
            Self::Uri => "URI",
            Self::Token => "Token",
            Self::Exclusive => "Exclusive",
            Self::Insecure => "Insecure",
            Self::Keyservers => "Keyservers",
        })
    }
}

/// Every value of a state that differs between two documents; logins are none of a state.
pub fn differences(before: &Document, after: &Document) -> Vec<Difference> {
    let mut found = Vec::new();
    let names = before.remotes.keys().chain(after.remotes.keys());
    let mut names: Vec<&RemoteName> = names.collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (old, new) = (before.remotes.get(name), after.remotes.get(name));
        let mut push = |field: Field, value: fn(&RemoteEntry) -> Option<String>| {
            let (before, after) = (old.and_then(value), new.and_then(value));
            if before != after || (field == Field::Uri && old.is_some() != new.is_some()) {
                found.push(Difference {
                    remote: Some(name.clone()),
                    field,
                    before,
                    after,
                });
            }
        };
        push(Field::Uri, |entry| Some(entry.uri.clone()));
        if new.is_none() {
            // All that belonged to it went with it.
            continue;
        }
        push(Field::Exclusive, |entry| {
            entry.exclusive.then(|| "true".to_owned())
        });
        push(Field::Insecure, |entry| {
            entry.insecure.then(|| "true".to_owned())
        });
        push(Field::Keyservers, |entry| {
            (!entry.keyservers.is_empty()).then(|| keyservers(&entry.keyservers))
        });
        let token =
            |entry: Option<&RemoteEntry>| entry.is_some_and(|entry| !entry.token.is_empty());
        if old.map(|entry| &entry.token) != new.map(|entry| &entry.token)
            && (token(old) || token(new))
        {
            let words = |there: bool, words: &str| there.then(|| words.to_owned());
            let (before, after) = (words(token(old), "a token"), words(token(new), "a token"));
            let after = if token(old) && token(new) {
                Some("another token".to_owned())
            } else {
                after
            };
            found.push(Difference {
                remote: Some(name.clone()),
                field: Field::Token,
                before,
                after,
            });
        }
    }
    if before.active != after.active {
        let words = |active: &str| (!active.is_empty()).then(|| active.to_owned());
        let (before, after) = (words(&before.active), words(&after.active));
        found.push(Difference {
            remote: None,
            field: Field::Active,
            before,
            after,
        });
    }
    found
}

fn keyservers(listed: &[KeyserverEntry]) -> String {
    let words = listed.iter().map(|keyserver| {
        let insecure = if keyserver.insecure {
            " (insecure)"
        } else {
            ""
        };
        let skip = if keyserver.skip { " (skipped)" } else { "" };
        format!("{}{insecure}{skip}", keyserver.uri)
    });
    words.collect::<Vec<_>>().join(", ")
}
