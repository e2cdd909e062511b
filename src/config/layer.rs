//! The layers of one run: whose documents there are. `effective.rs` merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command::Command;
use crate::config::document::{Document, RemoteEntry};
use crate::config::yaml::{LineNumbers, Read};
use crate::name::RemoteName;

pub use crate::config::scope::Scope;

/// The variable that chooses the active remote for one command.
pub const CHOICE: &str = "PORTOLAN_REMOTE";

/// Which layer something comes from, in ascending precedence; policy may overrule it, nothing else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// What is known when there is no system file (D1).
    BuiltIn,
    System,
    User,
}

#[derive(Clone, Debug)]
pub struct Layer {
    pub kind: LayerKind,
    pub path: Option<PathBuf>,
    pub document: Document,
    pub lines: LineNumbers,
}

impl Layer {
    pub fn new(kind: LayerKind, path: &Path, read: Read) -> Self {
        Self {
            kind,
            path: Some(path.to_path_buf()),
            document: read.document,
            lines: read.lines,
        }
    }

    pub fn built_in(command: &Command) -> Self {
        let known = command.default_remote();
        let entry = RemoteEntry {
            uri: known.uri.to_owned(),
            system: true,
            ..RemoteEntry::default()
        };
        let document = Document {
            active: known.name.to_owned(),
            remotes: BTreeMap::from([(RemoteName::found(known.name), entry)]),
            logins: Vec::new(),
        };
        Self {
            kind: LayerKind::BuiltIn,
            path: None,
            document,
            lines: LineNumbers::default(),
        }
    }

    pub fn has(&self, name: &RemoteName) -> bool {
        self.document.remotes.contains_key(name)
    }

    /// Whether it is the system's file, and has a remote of this name: a user can't have one of their own then (D5).
    pub fn reserves(&self, name: &RemoteName) -> bool {
        self.kind == LayerKind::System && self.has(name)
    }

    /// What a user's document has for a remote of the system's that this layer, below it, does not have: it holds a token
    /// perhaps, and counts for nothing (D4).
    pub fn leftover<'a>(&self, user: &'a Document, name: &RemoteName) -> Option<&'a RemoteEntry> {
        let entry = user.remotes.get(name)?;
        (entry.system && !self.has(name)).then_some(entry)
    }

    pub fn exclusive_ones(&self) -> Vec<&RemoteName> {
        if self.kind != LayerKind::System {
            return Vec::new();
        }
        let remotes = self.document.remotes.iter();
        remotes
            .filter(|(_, entry)| entry.exclusive)
            .map(|(name, _)| name)
            .collect()
    }

    /// The only remote that users may use: the active one of those that are exclusive, or the first.
    pub fn exclusive(&self) -> Option<&RemoteName> {
        let all = self.exclusive_ones();
        let active = all
            .iter()
            .copied()
            .find(|name| name.as_str() == self.document.active);
        active.or_else(|| all.first().copied())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveName {
    pub name: RemoteName,
    pub layer: Option<LayerKind>,
}

#[derive(Clone, Debug)]
pub struct Layers {
    pub system: Layer,
    pub user: Option<Layer>,
    pub chosen: Option<RemoteName>,
    pub elsewhere: Result<Vec<Elsewhere>, String>,
    pub keyservers_elsewhere: Vec<(String, String)>,
}

/// A token that is in no file, but in a store for secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub name: RemoteName,
    pub uri: String,
    pub place: String,
    pub is_gone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    impl Layer {
        /// A file of this kind with this text.
        pub(crate) fn of(kind: LayerKind, text: &str) -> Self {
            Self::new(kind, Path::new("/x"), yaml::read(text.as_bytes()).unwrap())
        }
    }
}
