//! What a word on the command line means: a remote, a keyserver or a registry. One rule for login and logout.
//!
//! D5 and D18 of docs/compatibility.md live here. Pure: asks the effective view and nobody else.

use crate::cli::advice::{TypedCommand, changes};
use crate::cli::failure::Advise;
use crate::config::change::ChangeError;
use crate::config::effective::{Effective, Note, Remote};
use crate::name::RemoteName;
use crate::uri::{KeyserverUri, RegistryUri, RegistryUriError, without_user};

#[derive(Clone, Debug)]
pub(crate) enum Target<'a> {
    Remote(Remote<'a>),
    Service(Service<'a>),
}

#[derive(Clone, Debug)]
pub(crate) enum Service<'a> {
    Keyserver(ConfiguredKeyserver<'a>),
    Registry(RegistryUri),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConfiguredKeyserver<'a> {
    /// What is asked: as typed, or as the list has it where a bare host was typed.
    pub(crate) typed: &'a str,
    pub(crate) configured: &'a str,
    pub(crate) insecure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("no default remote")]
    NoDefault,
    #[error("{0} is not a remote")]
    NotRemote(RemoteName),
    #[error("{0} is defined for all users and as a remote of your own")]
    InBothFiles(RemoteName),
    #[error("while login to {word}: {reason}")]
    Service { word: String, reason: ServiceReason },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServiceReason {
    #[error("no external keyserver configuration found for {0}")]
    NoSuchKeyserver(String),
    #[error("a user name can't stand in its address; give it with --username")]
    User,
    #[error("{0} transport is not supported")]
    Scheme(String),
    #[error(transparent)]
    Registry(#[from] RegistryUriError),
}

impl<'a> Target<'a> {
    pub(crate) fn find(
        effective: &Effective<'a>,
        word: Option<&'a str>,
    ) -> Result<Self, TargetError> {
        let Some(word) = word.filter(|word| !word.is_empty()) else {
            return effective
                .active()
                .map(|remote| Self::Remote(*remote))
                .ok_or(TargetError::NoDefault);
        };
        let name = RemoteName::found(word);
        if let Some(remote) = effective.remote(&name) {
            if effective.notes().contains(&Note::Shadowed(name.clone())) {
                return Err(TargetError::InBothFiles(name));
            }
            return Ok(Self::Remote(*remote));
        }
        Service::find(effective, word).map(Self::Service)
    }
}

impl<'a> Service<'a> {
    pub(crate) fn find(effective: &Effective<'a>, word: &'a str) -> Result<Self, TargetError> {
        let service = |reason: ServiceReason| TargetError::Service {
            word: without_user(word).into_owned(),
            reason,
        };
        let keyserver = || external_keyserver(effective, word).map(Self::Keyserver);
        let Some((scheme, _)) = word.split_once("://") else {
            if word.is_empty() {
                return Err(service(ServiceReason::Scheme(String::new())));
            }
            // A bare host is one only where somebody configured it.
            return keyserver().ok_or_else(|| TargetError::NotRemote(RemoteName::found(word)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "docker" | "oras" => RegistryUri::parse(word)
                .map(Self::Registry)
                .map_err(|error| service(ServiceReason::Registry(error))),
            "http" | "https" | "hkp" | "hkps" => {
                if without_user(word) != word {
                    return Err(service(ServiceReason::User));
                }
                keyserver().ok_or_else(|| service(ServiceReason::NoSuchKeyserver(word.to_owned())))
            }
            _ => Err(service(ServiceReason::Scheme(scheme.to_owned()))),
        }
    }
}

impl TargetError {
    pub(crate) fn explain(self, effective: &Effective<'_>, typed: &TypedCommand) -> anyhow::Error {
        match &self {
            TargetError::NoDefault => self.advise(changes::no_default(effective)),
            TargetError::NotRemote(name) => {
                let advice = match typed.group {
                    "keyserver" => changes::no_service(name.as_str(), effective, typed),
                    _ => changes::no_remote(name, effective, typed),
                };
                self.advise(advice)
            }
            TargetError::InBothFiles(name) => {
                let advice = format!(
                    "The system's is used. Remove your own first:\n  portolan remote remove {}",
                    name.word()
                );
                self.advise(advice)
            }
            // It says itself where the name belongs.
            TargetError::Service {
                reason: ServiceReason::User,
                ..
            } => self.into(),
            TargetError::Service { word, .. } => {
                let advice = changes::no_service(word, effective, typed);
                self.advise_person(advice)
            }
        }
    }
}

pub(crate) fn named_or_active<'a, 'b>(
    effective: &'b Effective<'a>,
    name: Option<&RemoteName>,
    typed: &TypedCommand,
) -> anyhow::Result<&'b Remote<'a>> {
    let active = || effective.active_name().map(|active| &active.name);
    let Some(name) = name.or_else(active) else {
        return Err(TargetError::NoDefault.advise_person(changes::no_default(effective)));
    };
    effective.remote(name).ok_or_else(|| {
        let error = ChangeError::NoSuchRemote(name.clone());
        let advice = changes::no_remote(name, effective, typed);
        match effective.leftover(name) {
            Some(_) => error.advise(advice),
            None => error.advise_person(advice),
        }
    })
}

fn external_keyserver<'a>(
    effective: &Effective<'a>,
    word: &'a str,
) -> Option<ConfiguredKeyserver<'a>> {
    let mut keyservers = effective.remotes().flat_map(Remote::keyservers);
    let found = keyservers
        .find(|keyserver| keyserver.external && KeyserverUri::are_same(&keyserver.uri, word))?;
    let typed = if word.contains("://") {
        word
    } else {
        &found.uri
    };
    Some(ConfiguredKeyserver {
        typed,
        configured: &found.uri,
        insecure: found.insecure,
    })
}
