//! The layers of one run: whose documents there are. `effective.rs` merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command::Command;
use crate::config::document::{Document, RemoteEntry};
use crate::config::yaml::{LineNumbers, Read};
use crate::name::RemoteName;

/// The variable that chooses the active remote for one command.
pub const CHOICE: &str = "PORTOLAN_REMOTE";

/// Which layer something comes from, in ascending precedence; policy may overrule it, nothing else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// What is known when there is no system file (D1).
    BuiltIn,
    /// The system's file.
    System,
    /// The user's file.
    User,
    /// The environment: no file, and no remotes; only the choice of the active one for this run.
    Environment,
}

/// One layer: its document and where it stands.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Which layer it is.
    pub kind: LayerKind,
    /// Its file; the built-in layer has none.
    pub path: Option<PathBuf>,
    /// What it says.
    pub document: Document,
    /// On which lines of its file.
    pub lines: LineNumbers,
}

impl Layer {
    /// A file of this kind, by what was read there.
    pub fn new(kind: LayerKind, path: &Path, read: Read) -> Self {
        Self {
            kind,
            path: Some(path.to_path_buf()),
            document: read.document,
            lines: read.lines,
        }
    }

    /// The layer that stands in for a system file that does not exist (D1): the project's default remote, active.
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
}

/// A value and the layer that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The layer that said it.
    pub layer: LayerKind,
}

/// The layers of one run: the system's (or the built-in one in its place), and the user's if there is one.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The system's layer, or the built-in one where there is no system file.
    pub system: Layer,
    /// The user's layer.
    pub user: Option<Layer>,
    /// The remote that the environment chooses as the active one for this run, if it does.
    pub chosen: Option<RemoteName>,
}
