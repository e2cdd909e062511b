//! What a runtime asks for a task, with which credential, and whether the system's policy lets it. Pure: which services the
//! active remote has comes from the caller. The answers are those of [`Effective`]; `differences.rs` tells where a runtime of
//! which version has others.

mod differences;
mod keyservers;
mod mirrors;
mod refusal;
mod registry;
#[cfg(test)]
mod tests;

pub(crate) use self::differences::differences;
pub(crate) use self::keyservers::keyserver_credential;
pub(crate) use self::mirrors::RegistriesConf;
pub(crate) use self::refusal::{Refusal, RefusalReason};
pub(crate) use self::registry::{
    ImageAnswer, ImageQuestion, Registry, RegistryLogin, Setup, other_answers,
};

use crate::command::Command;
use crate::config::document::LoginEntry;
use crate::config::effective::{Effective, LayerKind, Remote, Token};
use crate::name::RemoteName;
use crate::uri::is_same_server;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Pull,
    Push,
    Search,
    Delete,
    Build,
    KeySearch,
    KeyPull,
    KeyPush,
    KeyNewpair,
    Verify,
}

impl Task {
    pub(crate) const ALL: [Self; 10] = [
        Self::Pull,
        Self::Push,
        Self::Search,
        Self::Delete,
        Self::Build,
        Self::KeySearch,
        Self::KeyPull,
        Self::KeyPush,
        Self::KeyNewpair,
        Self::Verify,
    ];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Search => "search",
            Self::Delete => "delete",
            Self::Build => "build",
            Self::KeySearch => "key search",
            Self::KeyPull => "key pull",
            Self::KeyPush => "key push",
            Self::KeyNewpair => "key newpair",
            Self::Verify => "verify",
        }
    }

    pub(crate) fn asks_library(self) -> bool {
        matches!(
            self,
            Self::Pull | Self::Push | Self::Search | Self::Delete | Self::Build
        )
    }

    pub(crate) fn asks_keyservers(self) -> bool {
        !matches!(self, Self::Search | Self::Delete)
    }

    /// Whether all keyservers are asked in turn, as for signatures; else the first alone.
    pub(crate) fn asks_all_keyservers(self) -> bool {
        matches!(self, Self::Pull | Self::Push | Self::Build | Self::Verify)
    }

    fn library_words(self) -> &'static str {
        match self {
            Self::Search | Self::Delete => "Error while getting library client config",
            _ => "Unable to get library client configuration",
        }
    }

    fn keyserver_words(self) -> &'static str {
        match self {
            Self::Verify => "Error while getting keyserver client config",
            Self::KeySearch | Self::KeyPull | Self::KeyPush | Self::KeyNewpair => {
                "Keyserver client failed"
            }
            _ => "Unable to get keyserver client configuration",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question<'a> {
    pub task: Task,
    /// The host of `library://host/path`.
    pub host: Option<&'a str>,
    pub library: Option<&'a str>,
    pub url: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KnownService {
    At(String),
    /// The endpoint is known of old to have none.
    Lacking,
    Missing(String),
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Services {
    pub library: KnownService,
    pub keyserver: KnownService,
}

impl Services {
    pub(crate) fn fallback(command: &Command) -> Self {
        let known = command.default_remote();
        let library = known.library.map_or(KnownService::Lacking, |uri| {
            KnownService::At(uri.to_owned())
        });
        Self {
            library,
            keyserver: KnownService::At(known.keyserver.to_owned()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server<'a> {
    pub kind: ServerKind,
    pub uri: Option<String>,
    pub insecure: bool,
    pub credential: Credential<'a>,
    pub listed: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Library,
    Keyserver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    None,
    Token(Token<'a>),
    Login(usize, &'a LoginEntry),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Refused(Refusal),
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// In the order in which they are asked; those before a refusal when there is one.
    pub servers: Vec<Server<'a>>,
    pub verdict: Verdict,
}

enum Stop {
    Refused(Refusal),
    Unknown(String),
}

pub(crate) fn resolve<'a>(
    effective: &Effective<'a>,
    services: &Services,
    command: &Command,
    question: &Question<'_>,
) -> Answer<'a> {
    let resolver = Resolver {
        effective,
        services,
        command,
        question,
    };
    let mut servers = Vec::new();
    let verdict = match resolver.servers(&mut servers) {
        Ok(()) => Verdict::Allowed,
        Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
        Err(Stop::Unknown(reason)) => Verdict::Unknown(reason),
    };
    Answer { servers, verdict }
}

struct Resolver<'a, 'q> {
    effective: &'q Effective<'a>,
    services: &'q Services,
    command: &'q Command,
    question: &'q Question<'q>,
}

impl<'a> Resolver<'a, '_> {
    fn servers(&self, servers: &mut Vec<Server<'a>>) -> Result<(), Stop> {
        let task = self.question.task;
        let words = if task.asks_library() {
            task.library_words()
        } else {
            task.keyserver_words()
        };
        let remote = self.remote().map_err(|reason| {
            Stop::Refused(Refusal {
                words: Some(words),
                reason,
            })
        })?;
        let mut unknown = None;
        if task.asks_library() {
            unknown = self.library(remote, servers)?;
        }
        if task.asks_keyservers() {
            let found = self.keyservers(remote, servers);
            match found {
                // A build goes on without, after a warning.
                Err(Stop::Refused(_)) if task == Task::Build => {}
                found => unknown = unknown.or(found?),
            }
        }
        unknown.map_or(Ok(()), |reason| Err(Stop::Unknown(reason)))
    }

    /// The active remote; none where the runtime falls back to what its project ships.
    fn remote(&self) -> Result<Option<&Remote<'a>>, RefusalReason> {
        let effective = self.effective;
        match (effective.active(), effective.active_name()) {
            (Some(remote), _) => Ok(Some(remote)),
            (None, Some(active)) => Err(RefusalReason::NoSuchRemote(active.name.clone())),
            (None, None) if effective.remotes().next().is_none() => Ok(None),
            (None, None) => Err(RefusalReason::NoDefault {
                command: self.command.name().to_owned(),
                known: effective
                    .remotes()
                    .map(|remote: &Remote<'_>| remote.name.clone())
                    .collect::<Vec<RemoteName>>(),
            }),
        }
    }

    fn library(
        &self,
        remote: Option<&Remote<'a>>,
        servers: &mut Vec<Server<'a>>,
    ) -> Result<Option<String>, Stop> {
        let Question {
            task,
            host,
            library,
            ..
        } = *self.question;
        let refuse = |words, reason| Stop::Refused(Refusal { words, reason });
        let named = match (library, host) {
            (Some(_), Some(_)) => return Err(refuse(None, RefusalReason::Conflict)),
            (Some(library), None) => Some(library.to_owned()),
            (None, Some(host)) => Some(format!("https://{host}")),
            (None, None) => None,
        };
        let (uri, credential, unknown) = self
            .library_address(remote, named)
            .map_err(|reason| refuse(Some(task.library_words()), reason))?;
        servers.push(Server {
            kind: ServerKind::Library,
            uri,
            insecure: false,
            credential,
            listed: None,
        });
        let has_token = matches!(
            credential,
            Credential::Token(Token::Stored(_) | Token::Elsewhere(_))
        );
        if task == Task::Push && !has_token {
            let command = self.command.name().to_owned();
            return Err(refuse(None, RefusalReason::NoToken { command }));
        }
        Ok(unknown)
    }

    fn library_address(
        &self,
        remote: Option<&Remote<'a>>,
        named: Option<String>,
    ) -> Result<(Option<String>, Credential<'a>, Option<String>), RefusalReason> {
        let is_fallback = remote.is_none_or(|remote| remote.layer == LayerKind::BuiltIn);
        let service = &self.services.library;
        if is_fallback && *service == KnownService::Lacking {
            return Err(RefusalReason::NoDefaultLibrary);
        }
        let is_exclusive = remote.is_some_and(|remote| remote.exclusive);
        Ok(match (named, service) {
            (Some(named), _) if !is_exclusive => (Some(named), Credential::None, None),
            (Some(named), KnownService::At(own)) if is_same_server(&named, own) => {
                (Some(named), Credential::None, None)
            }
            (Some(_), KnownService::At(own)) => return Err(RefusalReason::Exclusive(own.clone())),
            (Some(_), KnownService::Lacking) => {
                return Err(RefusalReason::Exclusive(String::new()));
            }
            (Some(named), KnownService::Unknown(reason)) => {
                (Some(named), Credential::None, Some(reason.clone()))
            }
            (None, KnownService::At(own)) => (Some(own.clone()), token(remote), None),
            (None, KnownService::Lacking) => return Err(RefusalReason::NoLibrary),
            (_, KnownService::Missing(reason)) => {
                return Err(RefusalReason::NoLibraryService(reason.clone()));
            }
            (None, KnownService::Unknown(reason)) => (None, token(remote), Some(reason.clone())),
        })
    }
}

fn token<'a>(remote: Option<&Remote<'a>>) -> Credential<'a> {
    remote.map_or(Credential::None, |remote| Credential::Token(remote.token))
}
