//! A desired state in remote.yaml's own words, and what it changes in a document. What it does not name stays. Pure.
//!
//! The rules of the single commands hold: D5, D6, D8, D9, D10, D17 and D21 of docs/compatibility.md.

mod differences;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use self::differences::{ValueChange, ValueName, differences};

use crate::config::change::{ChangeError, NewAddress, NewRemote};
use crate::config::document::{Document, KeyserverEntry, RemoteEntry};
use crate::config::layer::{Layer, Scope};
use crate::config::policy::PolicyRefusal;
use crate::config::yaml::{LineNumbers, Part, Read, YamlError};
use crate::config::{change, policy, yaml};
use crate::name::{NameError, RemoteName};
use crate::secret::Secret;
use crate::uri::{EndpointUri, KeyserverUri, KeyserverUriError, TypedScheme, UriError};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    active: Option<RemoteName>,
    has_remotes: bool,
    remotes: BTreeMap<RemoteName, DesiredRemote>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct DesiredRemote {
    uri: Option<EndpointUri>,
    insecure: Option<bool>,
    exclusive: Option<bool>,
    keyservers: Option<Vec<KeyserverEntry>>,
    token: Option<Secret>,
}

/// Why a text is no desired state. `Display` goes on after a path and a colon: `LINE: reason`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesiredError {
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error("{line}: {reason}")]
    State { line: usize, reason: StateProblem },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateProblem {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Uri(#[from] UriError),
    #[error("http URI requires Insecure: true")]
    PlainHttp,
    #[error(transparent)]
    Keyserver(#[from] KeyserverUriError),
    #[error("the token of {0} is not applied without --with-tokens")]
    Token(RemoteName),
    #[error("a login is no part of a state: remote login stores it")]
    Login,
    /// Another document, of which nobody would see that it is left out.
    #[error("a second document begins below: a state is one")]
    SecondDocument,
    #[error("{0} is exclusive as well as {1}: only one can be")]
    Exclusive(RemoteName, RemoteName),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error("{0} has no URI, and is not there yet")]
    NoUri(RemoteName),
    #[error("{0} has no URI that can be asked, and the state gives it none")]
    BrokenUri(RemoteName),
    #[error("{0} can be exclusive for all users only")]
    Exclusive(RemoteName),
    #[error("the token of {0} can't be stored for all users")]
    Token(RemoteName),
    /// Pruning by a state without `Remotes`, as an empty file is.
    #[error("without Remotes, --prune would remove every remote")]
    PruneAll,
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
}

/// The state of a document as the text of a desired one, without secrets and logins. `global` says that it is all users'.
pub fn export(document: &Document, global: bool) -> String {
    let mut state = document.clone();
    state.logins.clear();
    state.remotes.retain(|_, entry| global || !entry.system);
    for entry in state.remotes.values_mut() {
        entry.token = Secret::default();
    }
    // With no text to keep the result is ours, which is UTF-8.
    String::from_utf8_lossy(&yaml::write(None, &Document::default(), &state).bytes).into_owned()
}

impl DesiredRemote {
    fn read(
        name: &RemoteName,
        entry: &RemoteEntry,
        lines: &LineNumbers,
        with_tokens: bool,
    ) -> Result<Self, DesiredError> {
        let part = Part::Remote(name.as_str());
        let at = |key: &str, reason: StateProblem| DesiredError::State {
            line: lines.key(part, key).unwrap_or(1),
            reason,
        };
        RemoteName::parse(name.as_str()).map_err(|error| at("", error.into()))?;
        if !entry.token.is_empty() && !with_tokens {
            return Err(at("Token", StateProblem::Token(name.clone())));
        }
        let uri = match entry.uri.as_str() {
            "" => None,
            uri => match EndpointUri::parse_typed(uri).map_err(|error| at("URI", error.into()))? {
                (_, TypedScheme::Http) if !entry.insecure => {
                    return Err(at("URI", StateProblem::PlainHttp));
                }
                (uri, _) => Some(uri),
            },
        };
        Ok(Self {
            // An address is one with its scheme: who gives it without the key means https.
            insecure: (uri.is_some() || lines.has_key(part, "Insecure")).then_some(entry.insecure),
            uri,
            exclusive: lines.has_key(part, "Exclusive").then_some(entry.exclusive),
            keyservers: keyservers(lines, name, &entry.keyservers)?,
            token: (!entry.token.is_empty()).then(|| entry.token.clone()),
        })
    }
}

impl Desired {
    /// Takes what the text of a remote.yaml says for a desired state. `with_tokens` allows it to hold tokens.
    pub fn read(bytes: &[u8], with_tokens: bool) -> Result<Self, DesiredError> {
        let Read {
            document,
            lines,
            second_document,
        } = yaml::read(bytes)?;
        if !document.logins().is_empty() {
            return Err(DesiredError::State {
                line: lines.first(Part::Login(0)).unwrap_or(1),
                reason: StateProblem::Login,
            });
        }
        if second_document {
            return Err(DesiredError::State {
                line: 1,
                reason: StateProblem::SecondDocument,
            });
        }
        let mut desired = Self {
            has_remotes: lines.has_key(Part::File, "Remotes"),
            ..Self::default()
        };
        if !document.active().is_empty() {
            let at = |error: NameError| DesiredError::State {
                line: lines.key(Part::File, "Active").unwrap_or(1),
                reason: error.into(),
            };
            desired.active = Some(RemoteName::parse(document.active()).map_err(at)?);
        }
        let mut exclusive: Option<&RemoteName> = None;
        for (name, entry) in document.remotes() {
            if entry.exclusive
                && let Some(other) = exclusive.replace(name)
            {
                let part = Part::Remote(name.as_str());
                return Err(DesiredError::State {
                    line: lines.key(part, "Exclusive").unwrap_or(1),
                    reason: StateProblem::Exclusive(name.clone(), other.clone()),
                });
            }
            let remote = DesiredRemote::read(name, entry, &lines, with_tokens)?;
            desired.remotes.insert(name.clone(), remote);
        }
        Ok(desired)
    }

    pub fn has_tokens(&self) -> bool {
        self.remotes.values().any(|remote| remote.token.is_some())
    }

    /// Makes a document what is desired. Applied twice it is the same as once. With `prune` the remotes that the state does not
    /// name are removed.
    pub fn apply(
        &self,
        document: &mut Document,
        scope: Scope,
        below: Option<&Layer>,
        prune: bool,
    ) -> Result<(), ApplyError> {
        if prune {
            if !self.has_remotes {
                return Err(ApplyError::PruneAll);
            }
            self.prune(document, scope, below);
        }
        for (name, remote) in &self.remotes {
            if below.is_some_and(|below| below.reserves(name)) {
                return Err(ChangeError::Reserved(name.clone()).into());
            }
            apply_remote(document, name, remote, scope)?;
        }
        self.choose(document, scope, below)
    }

    fn prune(&self, document: &mut Document, scope: Scope, below: Option<&Layer>) {
        // In the user's file a system remote's entry holds the user's token for it.
        document.remotes.retain(|name, entry| {
            self.remotes.contains_key(name) || (entry.system && scope == Scope::User)
        });
        let active = RemoteName::found(&document.active);
        let is_below = below.is_some_and(|below| below.has(&active));
        if !document.remotes.contains_key(&active) && !is_below {
            document.active.clear();
        }
    }

    fn choose(
        &self,
        document: &mut Document,
        scope: Scope,
        below: Option<&Layer>,
    ) -> Result<(), ApplyError> {
        if scope == Scope::System {
            for (name, entry) in &mut document.remotes {
                let desired = self.remotes.get(name);
                entry.exclusive &= desired.is_none_or(|desired| desired.exclusive != Some(false));
            }
        }
        let exclusive = self.exclusive();
        let Some(active) = self.active.as_ref().or(exclusive) else {
            return Ok(());
        };
        match (scope, exclusive) {
            (Scope::User, Some(name)) => return Err(ApplyError::Exclusive(name.clone())),
            (Scope::User, None) => {}
            (Scope::System, Some(_)) => policy::allows(exclusive, active)?,
            (Scope::System, None) => {
                if !document.remotes.contains_key(active) {
                    return Err(ChangeError::NoSuchRemote(active.clone()).into());
                }
                for (name, _) in document.remotes.iter().filter(|(_, entry)| entry.exclusive) {
                    policy::allows(Some(name), active)?;
                }
            }
        }
        let is_exclusive = document
            .remotes
            .get(active)
            .is_some_and(|entry| entry.exclusive);
        Ok(change::use_remote(
            document,
            scope,
            below,
            active,
            is_exclusive || exclusive.is_some(),
        )?)
    }

    fn exclusive(&self) -> Option<&RemoteName> {
        self.remotes
            .iter()
            .find(|(_, remote)| remote.exclusive == Some(true))
            .map(|(name, _)| name)
    }
}

/// An entry for a system remote becomes the user's own at its address, with its token, and gives way at another one.
fn take_leftover(document: &mut Document, name: &RemoteName, remote: &DesiredRemote) {
    let Some(entry) = document.remotes.get_mut(name).filter(|entry| entry.system) else {
        return;
    };
    let now = EndpointUri::parse(&entry.uri);
    let is_there = |uri: &EndpointUri| now.is_ok_and(|now| now.is_same_place(uri));
    if remote.uri.as_ref().is_some_and(is_there)
        && remote.insecure.unwrap_or_default() == entry.insecure
    {
        entry.system = false;
    } else {
        document.remotes.remove(name);
    }
}

fn apply_remote(
    document: &mut Document,
    name: &RemoteName,
    remote: &DesiredRemote,
    scope: Scope,
) -> Result<(), ApplyError> {
    let global = scope == Scope::System;
    if !global {
        take_leftover(document, name, remote);
    }
    match (document.remotes.get(name), &remote.uri) {
        (None, None) => return Err(ApplyError::NoUri(name.clone())),
        (None, Some(uri)) => {
            let new = NewRemote {
                name: name.clone(),
                uri: uri.clone(),
                insecure: remote.insecure.unwrap_or_default(),
            };
            change::add(document, scope, None, &new, false)?;
        }
        (Some(entry), uri) => {
            let insecure = remote.insecure.unwrap_or(entry.insecure);
            let is_there = |uri: &EndpointUri| {
                EndpointUri::parse(&entry.uri).is_ok_and(|now| now.is_same_place(uri))
            };
            let stays = uri.as_ref().is_none_or(is_there) && insecure == entry.insecure;
            if !stays {
                let uri = uri
                    .clone()
                    .map_or_else(|| EndpointUri::parse(&entry.uri), Ok);
                let uri = uri.map_err(|_| ApplyError::BrokenUri(name.clone()))?;
                let new = NewAddress { uri, insecure };
                change::set_uri(document, scope, None, name, &new)?;
            }
        }
    }
    let Some(entry) = document.remotes.get_mut(name) else {
        return Ok(());
    };
    if let Some(keyservers) = &remote.keyservers
        && !are_same(keyservers, &entry.keyservers)
    {
        entry.keyservers.clone_from(keyservers);
    }
    if let Some(token) = &remote.token {
        if global {
            return Err(ApplyError::Token(name.clone()));
        }
        entry.token = token.clone();
    }
    Ok(())
}

fn are_same(one: &[KeyserverEntry], other: &[KeyserverEntry]) -> bool {
    let same = |(one, other): (&KeyserverEntry, &KeyserverEntry)| {
        let flags = |entry: &KeyserverEntry| (entry.skip, entry.external, entry.insecure);
        KeyserverUri::are_same(&one.uri, &other.uri) && flags(one) == flags(other)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

fn keyservers(
    lines: &LineNumbers,
    name: &RemoteName,
    listed: &[KeyserverEntry],
) -> Result<Option<Vec<KeyserverEntry>>, DesiredError> {
    if !lines.has_key(Part::Remote(name.as_str()), "Keyservers") {
        return Ok(None);
    }
    let entry = |(index, keyserver): (usize, &KeyserverEntry)| {
        let part = Part::Keyserver(name.as_str(), index);
        match KeyserverUri::parse(&keyserver.uri) {
            Ok(uri) => {
                // Who lists a keyserver means one of their own, unless they say that it is the endpoint's.
                let external = keyserver.external || !lines.has_key(part, "External");
                Ok(KeyserverEntry {
                    uri: uri.to_string(),
                    external,
                    ..keyserver.clone()
                })
            }
            Err(error) => Err(DesiredError::State {
                line: lines.key(part, "URI").unwrap_or(1),
                reason: error.into(),
            }),
        }
    };
    listed
        .iter()
        .enumerate()
        .map(entry)
        .collect::<Result<_, _>>()
        .map(Some)
}
