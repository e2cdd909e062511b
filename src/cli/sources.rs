//! Where a value comes from, for people and for scripts: a layer, its file, and the line in it.

use serde::Serialize;

use crate::config::effective::{Effective, Remote};
use crate::config::layer::{CHOICE, LayerKind, Layers};
use crate::config::yaml::Part;
use crate::name::RemoteName;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) layer: &'static str,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<usize>,
}

impl Place {
    fn store(place: &str) -> Self {
        Self {
            layer: "store",
            file: Some(place.to_owned()),
            line: None,
        }
    }

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

#[derive(Clone, Copy)]
pub(crate) struct Sources<'a>(pub(crate) &'a Layers);

impl Sources<'_> {
    fn place(&self, kind: LayerKind, part: Part<'_>, key: &str) -> Place {
        let layer = match kind {
            LayerKind::BuiltIn | LayerKind::System => Some(&self.0.system),
            LayerKind::User => self.0.user.as_ref(),
        };
        let path = layer.and_then(|layer| layer.path.as_ref());
        Place {
            layer: match kind {
                LayerKind::BuiltIn => "built-in",
                LayerKind::System => "system",
                LayerKind::User => "user",
            },
            file: path.map(|path| path.display().to_string()),
            line: layer.and_then(|layer| layer.lines.key(part, key)),
        }
    }

    pub(crate) fn remote(&self, remote: &Remote<'_>) -> Place {
        self.place(remote.layer, Part::Remote(remote.name.as_str()), "")
    }

    pub(crate) fn active(&self, effective: &Effective<'_>) -> Option<Place> {
        let active = effective.active_name()?;
        let chosen = || match active.layer {
            Some(layer) => self.place(layer, Part::File, "Active"),
            None => Place {
                layer: "environment",
                file: None,
                line: None,
            },
        };
        Some(self.exclusive(effective).unwrap_or_else(chosen))
    }

    pub(crate) fn exclusive(&self, effective: &Effective<'_>) -> Option<Place> {
        let part = Part::Remote(effective.exclusive()?.as_str());
        Some(self.place(LayerKind::System, part, "Exclusive"))
    }

    pub(crate) fn token(&self, name: &RemoteName) -> Place {
        let elsewhere = self
            .0
            .elsewhere
            .iter()
            .flatten()
            .find(|token| token.name == *name);
        if let Some(elsewhere) = elsewhere {
            return Place::store(&elsewhere.place);
        }
        self.place(LayerKind::User, Part::Remote(name.as_str()), "Token")
    }

    pub(crate) fn keyserver(&self, remote: &Remote<'_>, index: usize) -> Place {
        let part = Part::Keyserver(remote.name.as_str(), index);
        self.place(remote.layer, part, "")
    }

    pub(crate) fn login(&self, index: usize) -> Place {
        let mut logins = self.0.user.iter().flat_map(|user| user.document.logins());
        let login = logins.nth(index);
        let mut elsewhere = self.0.keyservers_elsewhere.iter();
        let stored = login.and_then(|login| elsewhere.find(|(uri, _)| *uri == login.uri));
        if let Some((_, place)) = stored {
            return Place::store(place);
        }
        self.place(LayerKind::User, Part::Login(index), "")
    }
}
