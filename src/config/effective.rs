//! Layers in, the effective view out: which remotes there are, which is active, and which layer said so.
//!
//! Pure and total: what is odd becomes a [`Note`], not an error. Nothing here can be written to disk; only a `Document`
//! can (D3). The rules for ghosts (D4), for names in both files (D5), for the exclusive remote (D6) and for moved
//! endpoints (D21 of docs/compatibility.md) live here.

use std::collections::BTreeMap;

use crate::config::document::{KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;
use crate::uri::is_same_keyserver;

pub use crate::config::layer::{ActiveName, Elsewhere, Layer, LayerKind, Layers};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    None,
    Stored(&'a Secret),
    Elsewhere(&'a Elsewhere),
    /// One is stored, but for another address than the one that the system now gives: it is never used (D21).
    Moved {
        stored_for: &'a str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote<'a> {
    pub name: &'a RemoteName,
    pub layer: LayerKind,
    pub token: Token<'a>,
    pub exclusive: bool,
    entry: &'a RemoteEntry,
}

impl<'a> Remote<'a> {
    pub fn uri(&self) -> &'a str {
        &self.entry.uri
    }

    pub fn is_global(&self) -> bool {
        self.layer != LayerKind::User
    }

    pub fn is_insecure(&self) -> bool {
        self.entry.insecure
    }

    /// The keyservers that were configured for it, skipped ones included; empty when the endpoint's own is used.
    pub fn keyservers(&self) -> &'a [KeyserverEntry] {
        &self.entry.keyservers
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The user's file has an individual remote of a system remote's name: the system's is used (D5).
    Shadowed(RemoteName),
    Ghost(RemoteName),
    Moved(RemoteName),
    NoSuchActive(ActiveName),
    /// The system's file has several exclusive remotes; the first named one is obeyed (D6).
    SeveralExclusive(Vec<RemoteName>),
    /// An individual remote claims to be exclusive, which only the system's file can say.
    IndividualExclusive(RemoteName),
    /// The environment chose a remote that the system's policy forbids: the exclusive one is active.
    Overruled(RemoteName),
    StoresUnknown(String),
}

#[derive(Clone, Debug)]
pub struct Effective<'a> {
    remotes: BTreeMap<&'a RemoteName, Remote<'a>>,
    active: Option<ActiveName>,
    exclusive: Option<&'a RemoteName>,
    logins: &'a [LoginEntry],
    notes: Vec<Note>,
    leftovers: BTreeMap<&'a RemoteName, &'a RemoteEntry>,
}

impl Layers {
    pub fn merge(&self) -> Effective<'_> {
        let mut effective =
            Effective::merge(&self.system, self.user.as_ref(), self.chosen.as_ref());
        match &self.elsewhere {
            Ok(elsewhere) => effective.add(elsewhere),
            Err(reason) => effective.notes.push(Note::StoresUnknown(reason.clone())),
        }
        effective
    }
}

impl<'a> Effective<'a> {
    pub fn add(&mut self, elsewhere: &'a [Elsewhere]) {
        for elsewhere in elsewhere {
            let Some(remote) = self.remotes.get_mut(&elsewhere.name) else {
                continue;
            };
            if elsewhere.uri == remote.uri() {
                remote.token = Token::Elsewhere(elsewhere);
            } else if remote.token == Token::None {
                remote.token = Token::Moved {
                    stored_for: &elsewhere.uri,
                };
                self.notes.push(Note::Moved(elsewhere.name.clone()));
            }
        }
    }

    pub fn merge(system: &'a Layer, user: Option<&'a Layer>, chosen: Option<&RemoteName>) -> Self {
        let (exclusive_ones, exclusive) = (system.exclusive_ones(), system.exclusive());
        let mut notes = Vec::new();
        if exclusive_ones.len() > 1 {
            notes.push(Note::SeveralExclusive(
                exclusive_ones.into_iter().cloned().collect(),
            ));
        }
        let mut remotes: BTreeMap<&RemoteName, Remote<'_>> = system
            .document
            .remotes
            .iter()
            .map(|(name, entry)| {
                let exclusive = exclusive == Some(name);
                (
                    name,
                    Remote {
                        name,
                        layer: system.kind,
                        token: Token::None,
                        exclusive,
                        entry,
                    },
                )
            })
            .collect();
        let mut individual = BTreeMap::new();
        if let Some(user) = user {
            let entries = user.document.remotes.iter();
            let own = entries.filter_map(|(name, entry)| {
                users(&mut remotes, system.kind, name, entry, &mut notes)
            });
            individual = own.map(|remote| (remote.name, remote)).collect();
        }
        remotes.append(&mut individual);
        let entries = user.iter().flat_map(|user| &user.document.remotes);
        let leftovers = entries
            .filter(|(name, entry)| entry.system && !system.has(name))
            .collect();
        let is_overruled =
            |chosen: &&RemoteName| exclusive.is_some_and(|exclusive| exclusive != *chosen);
        notes.extend(chosen.filter(is_overruled).cloned().map(Note::Overruled));
        let active = active(exclusive, chosen, system, user);
        if let Some(named) = active
            .as_ref()
            .filter(|active| !remotes.contains_key(&active.name))
        {
            notes.push(Note::NoSuchActive(named.clone()));
        }
        let logins = user.map_or(&[][..], |layer| &layer.document.logins);
        Self {
            remotes,
            active,
            exclusive,
            logins,
            notes,
            leftovers,
        }
    }

    pub fn remotes(&self) -> impl Iterator<Item = &Remote<'a>> {
        self.remotes.values()
    }

    pub fn remote(&self, name: &RemoteName) -> Option<&Remote<'a>> {
        self.remotes.get(name)
    }

    /// The user's entry for a remote of the system's that the system does not have (D4).
    pub fn leftover(&self, name: &RemoteName) -> Option<&'a RemoteEntry> {
        self.leftovers.get(name).copied()
    }

    /// The name that commands use when none is given, whether such a remote exists or not.
    pub fn active_name(&self) -> Option<&ActiveName> {
        self.active.as_ref()
    }

    pub fn active(&self) -> Option<&Remote<'a>> {
        self.active
            .as_ref()
            .and_then(|active| self.remotes.get(&active.name))
    }

    pub fn exclusive(&self) -> Option<&'a RemoteName> {
        self.exclusive
    }

    pub fn logins(&self) -> &'a [LoginEntry] {
        self.logins
    }

    /// The user's login that a runtime takes for a keyserver, the first that equals it, and its place in the list.
    pub fn keyserver_login(&self, uri: &str) -> Option<(usize, &'a LoginEntry)> {
        self.logins
            .iter()
            .enumerate()
            .find(|(_, login)| is_same_keyserver(&login.uri, uri))
    }

    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

fn users<'a>(
    systems: &mut BTreeMap<&'a RemoteName, Remote<'a>>,
    system: LayerKind,
    name: &'a RemoteName,
    entry: &'a RemoteEntry,
    notes: &mut Vec<Note>,
) -> Option<Remote<'a>> {
    match (entry.system, systems.get_mut(name)) {
        (true, None) => notes.push(Note::Ghost(name.clone())),
        (true, Some(remote)) => {
            if entry.token.is_empty() {
            } else if entry.uri == remote.entry.uri {
                remote.token = Token::Stored(&entry.token);
            } else {
                remote.token = Token::Moved {
                    stored_for: &entry.uri,
                };
                notes.push(Note::Moved(name.clone()));
            }
        }
        (false, Some(_)) if system == LayerKind::System => notes.push(Note::Shadowed(name.clone())),
        (false, _) => {
            if entry.exclusive {
                notes.push(Note::IndividualExclusive(name.clone()));
            }
            let token = if entry.token.is_empty() {
                Token::None
            } else {
                Token::Stored(&entry.token)
            };
            return Some(Remote {
                name,
                layer: LayerKind::User,
                token,
                exclusive: false,
                entry,
            });
        }
    }
    None
}

fn active(
    exclusive: Option<&RemoteName>,
    chosen: Option<&RemoteName>,
    system: &Layer,
    user: Option<&Layer>,
) -> Option<ActiveName> {
    if let Some(name) = exclusive {
        return Some(ActiveName {
            name: name.clone(),
            layer: Some(system.kind),
        });
    }
    if let Some(name) = chosen {
        return Some(ActiveName {
            name: name.clone(),
            layer: None,
        });
    }
    let named = |layer: &Layer| {
        let active = layer.document.active.as_str();
        (!active.is_empty()).then(|| ActiveName {
            name: RemoteName::found(active),
            layer: Some(layer.kind),
        })
    };
    user.and_then(named).or_else(|| named(system))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::command::Command;
    use crate::config::yaml;

    fn layer(kind: LayerKind, text: &str) -> Layer {
        Layer::new(
            kind,
            Path::new("/file"),
            yaml::read(text.as_bytes()).unwrap(),
        )
    }

    /// The view as `name uri layer [active] [exclusive] [token|moved]`, a line a remote, and the notes behind.
    fn shown(system: &Layer, user: &str) -> Vec<String> {
        let user = layer(LayerKind::User, user);
        let effective = Effective::merge(system, Some(&user), None);
        let active = effective.active().map(|remote| remote.name);
        let mut lines: Vec<String> = effective
            .remotes()
            .map(|remote| {
                let mut line = format!("{} {} {:?}", remote.name, remote.uri(), remote.layer);
                line.push_str(if active == Some(remote.name) {
                    " active"
                } else {
                    ""
                });
                line.push_str(if remote.exclusive { " exclusive" } else { "" });
                line.push_str(match remote.token {
                    Token::None => "",
                    Token::Stored(_) | Token::Elsewhere(_) => " token",
                    Token::Moved { .. } => " moved",
                });
                line
            })
            .collect();
        lines.extend(effective.notes().iter().map(|note| format!("{note:?}")));
        lines
    }

    fn system(text: &str) -> Layer {
        layer(LayerKind::System, text)
    }

    const TWO: &str = "Active: d\nRemotes: {d: {URI: d.example, System: true}, c: {URI: c.example, System: true}}";
    const EXCLUSIVE: &str = "Active: c\nRemotes: {d: {URI: d.example, System: true}, c: {URI: c.example, System: true, Exclusive: true}}";

    #[test]
    fn the_users_remotes_stand_beside_the_systems() {
        let lines = shown(&system(TWO), "Remotes: {m: {URI: m.example}}");
        assert_eq!(
            lines,
            [
                "c c.example System",
                "d d.example System active",
                "m m.example User"
            ]
        );
    }

    #[test]
    fn the_users_active_remote_wins_where_no_policy_forbids_it() {
        let lines = shown(&system(TWO), "Active: m\nRemotes: {m: {URI: m.example}}");
        assert_eq!(
            lines,
            [
                "c c.example System",
                "d d.example System",
                "m m.example User active"
            ]
        );
        let lines = shown(
            &system(EXCLUSIVE),
            "Active: m\nRemotes: {m: {URI: m.example}}",
        );
        assert_eq!(
            lines,
            [
                "c c.example System active exclusive",
                "d d.example System",
                "m m.example User"
            ]
        );
    }

    #[test]
    fn a_ghost_is_neither_shown_nor_obeyed() {
        let ghost = "Active: g\nRemotes: {g: {URI: g.example, System: true, Exclusive: true}}";
        let lines = shown(&system(TWO), ghost);
        assert_eq!(lines[..2], ["c c.example System", "d d.example System"]);
        assert_eq!(lines[2], r#"Ghost(RemoteName("g"))"#);
        assert!(lines[3].starts_with("NoSuchActive"), "{lines:?}");
    }

    #[test]
    fn the_systems_remote_hides_the_users_of_the_same_name_and_its_token() {
        let own = "Active: c\nRemotes: {c: {URI: evil.example, Token: t}}";
        let lines = shown(&system(EXCLUSIVE), own);
        assert_eq!(
            lines,
            [
                "c c.example System active exclusive",
                "d d.example System",
                r#"Shadowed(RemoteName("c"))"#
            ]
        );
    }

    #[test]
    fn a_token_counts_only_for_the_address_that_it_is_stored_beside() {
        let lines = shown(
            &system(TWO),
            "Remotes: {c: {URI: c.example, System: true, Token: t}}",
        );
        assert_eq!(lines[0], "c c.example System token");
        let lines = shown(
            &system(TWO),
            "Remotes: {c: {URI: old.example, System: true, Token: t}}",
        );
        assert_eq!(
            lines,
            [
                "c c.example System moved",
                "d d.example System active",
                r#"Moved(RemoteName("c"))"#
            ]
        );
    }

    #[test]
    fn a_users_own_remote_wins_over_the_built_in_one() {
        let built_in = Layer::built_in(&Command::apptainer());
        assert_eq!(
            shown(&built_in, ""),
            ["DefaultRemote cloud.apptainer.org BuiltIn active"]
        );
        let lines = shown(&built_in, "Remotes: {DefaultRemote: {URI: mine.example}}");
        assert_eq!(lines, ["DefaultRemote mine.example User active"]);
        let lines = shown(
            &built_in,
            "Remotes: {DefaultRemote: {URI: cloud.apptainer.org, System: true, Token: t}}",
        );
        assert_eq!(
            lines,
            ["DefaultRemote cloud.apptainer.org BuiltIn active token"]
        );
    }

    #[test]
    fn of_two_exclusive_remotes_the_active_one_counts_else_the_first() {
        let two = |active: &str| {
            system(&format!(
                "Active: {active}\nRemotes: {{b: {{URI: b, Exclusive: true}}, c: {{URI: c, Exclusive: true}}, d: {{URI: d}}}}"
            ))
        };
        assert_eq!(
            shown(&two("c"), "")[..3],
            ["b b System", "c c System active exclusive", "d d System"]
        );
        assert_eq!(
            shown(&two("d"), "")[..3],
            ["b b System active exclusive", "c c System", "d d System"]
        );
    }

    #[test]
    fn only_the_system_makes_policy() {
        let lines = shown(
            &system(TWO),
            "Remotes: {m: {URI: m.example, Exclusive: true}}",
        );
        assert_eq!(
            lines[1..3],
            ["d d.example System active", "m m.example User"]
        );
        assert_eq!(lines[3], r#"IndividualExclusive(RemoteName("m"))"#);
    }

    #[test]
    fn a_system_remote_is_global_whatever_its_entry_says() {
        let file = system("Active: d\nRemotes: {d: {URI: d.example, System: false}}");
        let effective = Effective::merge(&file, None, None);
        assert!(effective.active().is_some_and(Remote::is_global));
    }
}
