//! Which login a runtime uses for an image in a registry: the runtime's rules over the files and variables of a user. Pure: runs
//! no helper and says what one would be asked for. docs/compatibility.md has the rules in words.

mod accounts;
mod containers_image;
mod docker_cli;
mod files;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub(crate) use self::accounts::{Accounts, RefusedFile};
use self::files::Read;
pub use self::files::{Directories, File, FileState, LoginFiles, LoginPair};
use super::config_file::AuthConfig;
use crate::runtime::{Engine, LoginRules, Runtime};
use crate::secret::Secret;
use crate::uri::{DOCKER_HUB, RegistryScheme};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    pub scheme: RegistryScheme,
    /// What stands before the first slash; `docker.io` where the image names no host.
    pub host: &'a str,
    /// The repository, without a slash at its ends, a tag or a digest.
    pub repository: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The registry's name in keys of logins: Docker Hub's is another one for each engine.
    pub host: String,
    pub repository: String,
}

pub struct Logins<'a> {
    pub files: LoginFiles,
    pub variable: Option<Secret>,
    pub is_installed: Box<dyn Fn(&str) -> bool + 'a>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentLogin {
    pub user: String,
    pub password: Secret,
    /// A token that the registry exchanges for another.
    pub identity_token: Secret,
    /// A token that is sent as it is.
    pub registry_token: Secret,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperCall {
    pub helper: String,
    pub key: String,
}

/// What comes of a look-up after the helpers that are asked had no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    Anonymous,
    Login(SentLogin),
    /// It takes one of these at random: a login, nothing, or the end of the pull.
    OneOf(Vec<Result<SentLogin, String>>),
    Fails(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File { path: PathBuf, keys: Vec<String> },
    Variable { key: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLogin {
    /// The helpers that are asked, in order, until one has an answer.
    pub calls: Vec<HelperCall>,
    pub outcome: LoginOutcome,
    pub source: Option<Source>,
    pub warnings: Vec<String>,
}

/// What of a login is sent: an identity token before a registry token before the password.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SentSecret<'a> {
    IdentityToken(&'a Secret),
    RegistryToken(&'a Secret),
    Password(&'a Secret),
}

impl SentSecret<'_> {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::IdentityToken(_) => "identity-token",
            Self::RegistryToken(_) => "registry-token",
            Self::Password(_) => "password",
        }
    }
}

impl SentLogin {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The user's name; a token may have none.
    pub(crate) fn account(&self) -> Option<String> {
        Some(self.user.clone()).filter(|user| !user.is_empty())
    }

    pub(crate) fn secret(&self) -> SentSecret<'_> {
        if !self.identity_token.is_empty() {
            SentSecret::IdentityToken(&self.identity_token)
        } else if !self.registry_token.is_empty() {
            SentSecret::RegistryToken(&self.registry_token)
        } else {
            SentSecret::Password(&self.password)
        }
    }

    fn of(entry: &AuthConfig) -> Self {
        Self {
            user: entry.username.clone(),
            password: entry.password.clone(),
            identity_token: entry.identity_token.clone(),
            registry_token: entry.registry_token.clone(),
        }
    }
}

impl LoginOutcome {
    fn of(mut logins: Vec<Result<SentLogin, String>>) -> Self {
        let mut distinct: Vec<Result<SentLogin, String>> = Vec::new();
        logins.retain(|login| {
            let is_new = !distinct.contains(login);
            if is_new {
                distinct.push(login.clone());
            }
            is_new
        });
        match logins.len() {
            0 => Self::Anonymous,
            1 => match logins.remove(0) {
                Ok(login) if login.is_empty() => Self::Anonymous,
                Ok(login) => Self::Login(login),
                Err(error) => Self::Fails(error),
            },
            _ => Self::OneOf(logins),
        }
    }
}

impl FoundLogin {
    fn anonymous() -> Self {
        Self {
            calls: Vec::new(),
            outcome: LoginOutcome::Anonymous,
            source: None,
            warnings: Vec::new(),
        }
    }

    fn fails(error: impl Into<String>) -> Self {
        Self {
            outcome: LoginOutcome::Fails(error.into()),
            ..Self::anonymous()
        }
    }
}

impl Repository {
    pub fn of(reference: &Reference<'_>, rules: &LoginRules) -> Result<Self, String> {
        let Reference {
            scheme,
            host,
            repository,
        } = *reference;
        let is_hub = |host: &str| matches!(host, DOCKER_HUB | "index.docker.io");
        let (host, repository, hub) = match rules.engine(scheme) {
            Engine::OrasGo => return Ok(Self::new(host, repository)),
            Engine::ContainersImage if host.starts_with('[') => {
                return Err("invalid reference format".to_owned());
            }
            Engine::ContainersImage => (host, repository.to_owned(), DOCKER_HUB),
            Engine::StrictKeychain | Engine::Keychain => {
                let is_host = host.contains(['.', ':'])
                    || (host == "localhost" && !rules.takes_localhost_for_hub);
                let hub = "index.docker.io";
                if is_host {
                    (host, repository.to_owned(), hub)
                } else {
                    (hub, format!("{host}/{repository}"), hub)
                }
            }
        };
        let is_lower = |character: char| !character.is_ascii_uppercase();
        if !repository.chars().all(is_lower) {
            return Err("invalid reference format: repository name must be lowercase".to_owned());
        }
        Ok(match (is_hub(host), repository.contains('/')) {
            (true, false) => Self::new(hub, &format!("library/{repository}")),
            (true, true) => Self::new(hub, &repository),
            (false, _) => Self::new(host, &repository),
        })
    }

    fn new(host: &str, repository: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
        }
    }

    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

/// Looks for the login of a target among files and helpers, as `runtime` does for images of this scheme.
pub fn look_up(
    target: &Repository,
    scheme: RegistryScheme,
    runtime: &Runtime,
    logins: &Logins<'_>,
) -> FoundLogin {
    let files = logins.files.read_by(runtime.rules(), scheme);
    look_up_in(&files, target, scheme, runtime, logins)
}

/// As [`look_up`], for a runtime that obeys the `credential-helpers` of registries.conf, which is `named_in`.
pub(crate) fn look_up_with_helpers(
    helpers: &[String],
    named_in: &Path,
    target: &Repository,
    scheme: RegistryScheme,
    runtime: &Runtime,
    logins: &Logins<'_>,
) -> FoundLogin {
    let found = look_up(target, scheme, runtime, logins);
    let is_obeyed = runtime.rules().engine(scheme) == Engine::ContainersImage;
    if helpers.is_empty() || !is_obeyed {
        return found;
    }
    let is_installed = &logins.is_installed;
    containers_image::by_helpers(helpers, &target.host, named_in, is_installed, &found)
}

fn look_up_in(
    files: &[Read<'_>],
    target: &Repository,
    scheme: RegistryScheme,
    runtime: &Runtime,
    logins: &Logins<'_>,
) -> FoundLogin {
    let rules = runtime.rules();
    let look_up = docker_cli::LookUp {
        rules,
        logins,
        files,
    };
    match rules.engine(scheme) {
        Engine::ContainersImage => containers_image::look_up(target, files, &logins.is_installed),
        Engine::OrasGo => look_up.by_oras_go(target),
        Engine::StrictKeychain => look_up.by_strict_keychain(target),
        Engine::Keychain => look_up.by_keychain(target, scheme),
    }
}

fn missing(helper: &str) -> String {
    format!(
        "error getting credentials - err: exec: \"{program}\": executable file not found in $PATH, out: ``",
        program = program(helper)
    )
}

fn program(helper: &str) -> String {
    format!("docker-credential-{helper}")
}
