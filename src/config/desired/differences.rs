//! What one document has that another has not, one value at a time.

use std::fmt;

use crate::config::document::{Document, KeyserverEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// The remote that it belongs to; none for the document's own.
    pub remote: Option<RemoteName>,
    pub field: ValueName,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The values of a document, by remote.yaml's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueName {
    Active,
    /// `URI`; with none before the remote is new, with none after it is gone.
    Uri,
    /// `Token`, whose words never are the token.
    Token,
    Exclusive,
    Insecure,
    Keyservers,
}

impl fmt::Display for ValueName {
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

pub fn differences(before: &Document, after: &Document) -> Vec<ValueChange> {
    let mut found = Vec::new();
    let names = before.remotes.keys().chain(after.remotes.keys());
    let mut names: Vec<&RemoteName> = names.collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (old, new) = (before.remotes.get(name), after.remotes.get(name));
        // A user's entry for a system remote was no remote yet.
        let was_remote = old.filter(|old| !old.system || new.is_none_or(|new| new.system));
        let mut push =
            |field, old: Option<&RemoteEntry>, value: fn(&RemoteEntry) -> Option<String>| {
                let (before, after) = (old.and_then(value), new.and_then(value));
                if before != after {
                    found.push(ValueChange {
                        remote: Some(name.clone()),
                        field,
                        before,
                        after,
                    });
                }
            };
        push(ValueName::Uri, was_remote, |entry| Some(entry.uri.clone()));
        if new.is_none() {
            // All that belonged to it went with it.
            continue;
        }
        push(ValueName::Exclusive, old, |entry| {
            entry.exclusive.then(|| "true".to_owned())
        });
        push(ValueName::Insecure, old, |entry| {
            entry.insecure.then(|| "true".to_owned())
        });
        push(ValueName::Keyservers, old, |entry| {
            (!entry.keyservers.is_empty()).then(|| keyservers(&entry.keyservers))
        });
        found.extend(token(name, old, new));
    }
    if before.active != after.active {
        let words = |active: &str| (!active.is_empty()).then(|| active.to_owned());
        let (before, after) = (words(&before.active), words(&after.active));
        found.push(ValueChange {
            remote: None,
            field: ValueName::Active,
            before,
            after,
        });
    }
    found
}

fn token(
    name: &RemoteName,
    old: Option<&RemoteEntry>,
    new: Option<&RemoteEntry>,
) -> Option<ValueChange> {
    let token = |entry: Option<&RemoteEntry>| entry.map(|entry| entry.token.clone());
    let has = |token: &Option<Secret>| token.as_ref().is_some_and(|token| !token.is_empty());
    let (old, new) = (token(old), token(new));
    let words = match (has(&old), has(&new)) {
        (false, false) => return None,
        (true, true) if old == new => return None,
        (true, true) => (Some("a token"), Some("another token")),
        (true, false) => (Some("a token"), None),
        (false, true) => (None, Some("a token")),
    };
    Some(ValueChange {
        remote: Some(name.clone()),
        field: ValueName::Token,
        before: words.0.map(str::to_owned),
        after: words.1.map(str::to_owned),
    })
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
