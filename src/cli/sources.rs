//! Where a value comes from, for people and for scripts: a layer, its file, and the line in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::effective::{Effective, Remote};
use crate::config::layer::{CHOICE, LayerKind, Layers};
use crate::config::yaml;
use crate::config::yaml::Places;
use crate::disk;
use crate::disk::DiskError;
use crate::name::RemoteName;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) layer: &'static str,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<usize>,
}

impl Place {
    /// As a person reads it, and an editor opens it: `FILE:LINE`.
    pub(crate) fn told(&self) -> String {
        match self {
            Self {
                file: Some(file),
                line: Some(line),
                ..
            } => format!("{file}:{line}"),
            Self {
                file: Some(file),
                line: None,
                ..
            } => file.clone(),
            Self {
                layer: "environment",
                ..
            } => CHOICE.to_owned(),
            Self { .. } => "built in".to_owned(),
        }
    }
}

/// The files of the layers, and where their parts stand. Read apart from the layers, so that who shows no place pays nothing.
#[derive(Default)]
pub(crate) struct Sources(BTreeMap<LayerKind, (PathBuf, Places)>);

impl Sources {
    /// Looks at the files of these layers.
    ///
    /// # Errors
    /// When one can't be read any more.
    pub(crate) fn read(layers: &Layers) -> Result<Self, DiskError> {
        let mut sources = Self::default();
        for layer in std::iter::once(&layers.system).chain(&layers.user) {
            if let Some(path) = &layer.path {
                let contents = disk::read(path)?;
                let places = contents
                    .as_ref()
                    .map_or_else(Places::default, |contents| yaml::places(&contents.bytes));
                sources.0.insert(layer.kind, (path.clone(), places));
            }
        }
        Ok(sources)
    }

    /// A place in a layer's file, by what finds its line.
    pub(crate) fn place(&self, layer: LayerKind, line: impl Fn(&Places) -> Option<usize>) -> Place {
        let file = self.0.get(&layer);
        Place {
            layer: match layer {
                LayerKind::BuiltIn => "built-in",
                LayerKind::System => "system",
                LayerKind::User => "user",
                LayerKind::Environment => "environment",
            },
            file: file.map(|(path, _)| path.display().to_string()),
            line: file.and_then(|(_, places)| line(places)),
        }
    }

    /// What chose the active remote: a file's `Active`, the policy, or the environment.
    pub(crate) fn active(&self, effective: &Effective<'_>) -> Option<Place> {
        let active = effective.active_name()?;
        Some(
            self.exclusive(effective)
                .unwrap_or_else(|| self.place(active.layer, Places::active)),
        )
    }

    /// What makes the exclusive remote what it is.
    pub(crate) fn exclusive(&self, effective: &Effective<'_>) -> Option<Place> {
        let name = effective.exclusive()?;
        Some(self.place(LayerKind::System, |places| {
            places.remote_key(name, "Exclusive")
        }))
    }

    /// The user's token for a remote.
    pub(crate) fn token(&self, name: &RemoteName) -> Place {
        self.place(LayerKind::User, |places| places.remote_key(name, "Token"))
    }

    /// A remote's keyserver, by its place in the list.
    pub(crate) fn keyserver(&self, remote: &Remote<'_>, index: usize) -> Place {
        self.place(remote.layer, |places| places.keyserver(remote.name, index))
    }

    /// One of the user's logins, by its place in the list.
    pub(crate) fn login(&self, index: usize) -> Place {
        self.place(LayerKind::User, |places| places.login(index))
    }
}
