//! The exclusive policy: who may use which remote. Pure; only the system's file makes policy (D6).

use crate::config::effective::{Effective, Note};
use crate::name::RemoteName;

/// A refusal by the system's policy, in Apptainer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "could not use {name}: remote {exclusive} has been set exclusive by the system administrator"
)]
pub struct PolicyRefusal {
    pub name: RemoteName,
    pub exclusive: RemoteName,
}

pub fn may_use(effective: &Effective<'_>, name: &RemoteName) -> Result<(), PolicyRefusal> {
    allows(effective.exclusive(), name)
}

pub fn allows(exclusive: Option<&RemoteName>, name: &RemoteName) -> Result<(), PolicyRefusal> {
    match exclusive {
        Some(exclusive) if exclusive != name => Err(PolicyRefusal {
            name: name.clone(),
            exclusive: exclusive.clone(),
        }),
        _ => Ok(()),
    }
}

pub fn may_choose(effective: &Effective<'_>) -> Result<(), PolicyRefusal> {
    let chosen = effective.notes().iter().find_map(|note| match note {
        Note::Overruled(name) => Some(name),
        _ => None,
    });
    chosen.map_or(Ok(()), |name| may_use(effective, name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::effective::{ActiveName, Layer, LayerKind};
    use crate::config::yaml;

    const TWO: &str = "Active: d\nRemotes: {d: {URI: d.example, System: true}, c: {URI: c.example, System: true}}";
    const EXCLUSIVE: &str = "Active: c\nRemotes: {d: {URI: d.example, System: true}, c: {URI: c.example, System: true, Exclusive: true}}";

    fn layer(kind: LayerKind, text: &str) -> Layer {
        Layer::new(
            kind,
            Path::new("/file"),
            yaml::read(text.as_bytes()).unwrap(),
        )
    }

    #[test]
    fn the_exclusive_remote_alone_may_be_used() {
        let user = layer(
            LayerKind::User,
            "Remotes: {m: {URI: m.example, Exclusive: true}}",
        );
        let refused = |name: &str| {
            format!(
                "could not use {name}: remote c has been set exclusive by the system administrator"
            )
        };
        for (file, name, wanted) in [
            (TWO, "c", None),
            (TWO, "m", None),
            (TWO, "x", None),
            (EXCLUSIVE, "c", None),
            (EXCLUSIVE, "C", Some(refused("C"))),
            (EXCLUSIVE, "d", Some(refused("d"))),
            (EXCLUSIVE, "m", Some(refused("m"))),
            (EXCLUSIVE, "x", Some(refused("x"))),
        ] {
            let system = layer(LayerKind::System, file);
            let effective = Effective::merge(&system, Some(&user), None);
            let refusal = may_use(&effective, &RemoteName::found(name))
                .err()
                .map(|refusal| refusal.to_string());
            assert_eq!(refusal, wanted, "{name}");
        }
    }

    #[test]
    fn the_environment_chooses_over_every_file_and_under_the_policy() {
        let user = "Active: m\nRemotes: {m: {URI: m.example}, g: {URI: g.example, System: true}}";
        let cases = [
            (TWO, "c", "c", None, vec![]),
            (TWO, "m", "m", None, vec![]),
            (EXCLUSIVE, "c", "c", Some(LayerKind::System), vec![]),
            (
                EXCLUSIVE,
                "m",
                "c",
                Some(LayerKind::System),
                vec![Note::Overruled(RemoteName::found("m"))],
            ),
            (
                EXCLUSIVE,
                "x",
                "c",
                Some(LayerKind::System),
                vec![Note::Overruled(RemoteName::found("x"))],
            ),
        ];
        let user = layer(LayerKind::User, user);
        for (file, chosen, wanted, by, notes) in cases {
            let (system, chosen) = (layer(LayerKind::System, file), RemoteName::found(chosen));
            let effective = Effective::merge(&system, Some(&user), Some(&chosen));
            let named = effective.active_name().unwrap();
            assert_eq!((named.name.as_str(), named.layer), (wanted, by), "{chosen}");
            let odd: Vec<Note> = effective
                .notes()
                .iter()
                .filter(|note| !matches!(note, Note::Ghost(_)))
                .cloned()
                .collect();
            assert_eq!(odd, notes, "{chosen}");
            assert_eq!(may_choose(&effective).is_ok(), odd.is_empty(), "{chosen}");
        }
        // Neither what nobody has nor a ghost becomes one by being chosen.
        for name in ["x", "g"] {
            let (system, chosen) = (layer(LayerKind::System, TWO), RemoteName::found(name));
            let effective = Effective::merge(&system, Some(&user), Some(&chosen));
            assert!(effective.active().is_none(), "{name}");
            let active = ActiveName {
                name: chosen.clone(),
                layer: None,
            };
            assert!(
                effective.notes().contains(&Note::NoSuchActive(active)),
                "{name}"
            );
        }
    }
}
