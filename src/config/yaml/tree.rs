//! A document as the maps and lists that a file has, in the order in which Go writes them. Knows no text.

use super::order::sorted;
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};

/// What a key has, which may be a secret: there is no `Debug`.
#[derive(PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    Map(Vec<Member<'a>>),
    List(Vec<Member<'a>>),
}

/// A key of a map, or what an item of a list is known by, and its value.
#[derive(PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) key: &'a str,
    pub(super) value: Value<'a>,
    is_optional: bool,
}

impl Value<'_> {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Flag(flag) => !flag,
            Self::Map(members) | Self::List(members) => members.is_empty(),
        }
    }
}

impl<'a> Member<'a> {
    fn new(key: &'a str, value: Value<'a>) -> Self {
        let is_optional = false;
        Self {
            key,
            value,
            is_optional,
        }
    }

    fn optional(key: &'a str, value: Value<'a>) -> Self {
        let is_optional = true;
        Self {
            key,
            value,
            is_optional,
        }
    }

    pub(super) fn is_written(&self) -> bool {
        !(self.is_optional && self.value.is_nothing())
    }
}

pub(super) fn file(document: &Document) -> Vec<Member<'_>> {
    let remotes = document
        .remotes
        .iter()
        .map(|(name, entry)| (name.as_str(), entry));
    let remotes = sorted(remotes.collect()).into_iter();
    let remotes = remotes.map(|(name, entry)| Member::new(name, Value::Map(remote(entry))));
    let logins = document.logins.iter().map(login).collect();
    vec![
        Member::new("Active", Value::Text(&document.active)),
        Member::new("Remotes", Value::Map(remotes.collect())),
        Member::optional("Credentials", Value::List(logins)),
    ]
}

fn remote(remote: &RemoteEntry) -> Vec<Member<'_>> {
    let keyservers = remote.keyservers.iter().map(keyserver).collect();
    vec![
        Member::optional("URI", Value::Text(&remote.uri)),
        Member::optional("Token", Value::Text(remote.token.expose())),
        Member::new("System", Value::Flag(remote.system)),
        Member::new("Exclusive", Value::Flag(remote.exclusive)),
        Member::optional("Insecure", Value::Flag(remote.insecure)),
        Member::optional("Keyservers", Value::List(keyservers)),
    ]
}

fn keyserver(keyserver: &KeyserverEntry) -> Member<'_> {
    let members = vec![
        Member::new("URI", Value::Text(&keyserver.uri)),
        Member::new("Skip", Value::Flag(keyserver.skip)),
        Member::new("External", Value::Flag(keyserver.external)),
        Member::new("Insecure", Value::Flag(keyserver.insecure)),
    ];
    Member::new(&keyserver.uri, Value::Map(members))
}

fn login(login: &LoginEntry) -> Member<'_> {
    let members = vec![
        Member::new("URI", Value::Text(&login.uri)),
        Member::optional("Auth", Value::Text(login.auth.expose())),
        Member::new("Insecure", Value::Flag(login.insecure)),
    ];
    Member::new(&login.uri, Value::Map(members))
}
