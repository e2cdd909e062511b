//! The look-ups that use docker/cli's reader: oras-go's, and the keychain of go-containerregistry in its two forms.

use std::collections::BTreeMap;

use super::files::Read;
use super::{
    File, FileState, FoundLogin, HelperCall, LoginOutcome, Logins, Repository, SentLogin, Source,
    missing, program,
};
use crate::credentials::config_file::{ConfigFile, FaultKind, Reader, docker_cli};
use crate::runtime::{LoginRules, Version};
use crate::uri::{DOCKER_HUB, DOCKER_HUB_API, DOCKER_HUB_KEY, RegistryScheme};

pub(super) struct LookUp<'a> {
    pub(super) rules: &'a LoginRules,
    pub(super) logins: &'a Logins<'a>,
    pub(super) files: &'a [Read<'a>],
}

enum Has<'a> {
    Entries(Vec<(&'a str, &'a super::AuthConfig)>),
    /// A helper of this name; beside its answer the entry's registry token counts.
    Helper(&'a str, SentLogin),
    Missing(&'a str),
}

enum FileProblem {
    Unreadable(String),
    Broken(String),
    /// Reading it ends the program.
    Crash(String),
}

impl LookUp<'_> {
    /// By host only; a file that can't be used is a warning, and one after another is asked.
    pub(super) fn by_oras_go(&self, target: &Repository) -> FoundLogin {
        let key = match target.host.as_str() {
            DOCKER_HUB | DOCKER_HUB_API | "index.docker.io" => DOCKER_HUB_KEY,
            host => host,
        };
        let mut configs = Vec::new();
        for (file, _) in self.files {
            match self.read(file) {
                Ok(config) => configs.push((file, self.with_found_store(config))),
                Err(FileProblem::Crash(error)) => return FoundLogin::fails(error),
                Err(FileProblem::Unreadable(error) | FileProblem::Broken(error)) => {
                    let warning = format!(
                        "Couldn't load auth credential file: {}: {error}",
                        file.path.display()
                    );
                    return FoundLogin {
                        warnings: vec![warning],
                        ..FoundLogin::anonymous()
                    };
                }
            }
        }
        let mut found = FoundLogin::anonymous();
        for (file, config) in &configs {
            found.outcome = LoginOutcome::Anonymous;
            match self.has(config, key) {
                Has::Missing(helper) => {
                    found.outcome = LoginOutcome::Fails(missing(helper));
                    found.source = Some(source(file, std::iter::once(key)));
                }
                Has::Helper(helper, _) => found.call(helper, key, file),
                Has::Entries(entries) => {
                    let logins = entries
                        .iter()
                        .map(|(_, entry)| Ok(as_oras_go(SentLogin::of(entry))));
                    found.outcome = LoginOutcome::of(logins.collect());
                    if found.outcome != LoginOutcome::Anonymous {
                        found.source = Some(source(file, entries.iter().map(|(key, _)| *key)));
                        return found;
                    }
                }
            }
        }
        found
    }

    /// By repository, then by host; a file that can't be used fails the pull.
    pub(super) fn by_strict_keychain(&self, target: &Repository) -> FoundLogin {
        let Some((file, _)) = self.files.first() else {
            return FoundLogin::anonymous();
        };
        match self.read(file) {
            Ok(config) => self.by_keys(target, file, &config),
            Err(FileProblem::Unreadable(error)) if self.rules.skips_unreadable => FoundLogin {
                warnings: vec![format!("Reading auth file has error: {error}")],
                ..FoundLogin::anonymous()
            },
            Err(
                FileProblem::Unreadable(error)
                | FileProblem::Broken(error)
                | FileProblem::Crash(error),
            ) => FoundLogin::fails(error),
        }
    }

    /// By repository, then by host; a file that can't be used is no login.
    pub(super) fn by_keychain(&self, target: &Repository, scheme: RegistryScheme) -> FoundLogin {
        let Some((file, _)) = self.files.first() else {
            return FoundLogin::anonymous();
        };
        // What is no file is no reason for a word.
        if *file.state() == FileState::Irregular {
            return self.by_keys(target, file, &ConfigFile::default());
        }
        match self.read(file) {
            Ok(config) => self.by_keys(target, file, &config),
            Err(
                FileProblem::Unreadable(error)
                | FileProblem::Broken(error)
                | FileProblem::Crash(error),
            ) => {
                let is_named = self
                    .logins
                    .files
                    .named
                    .as_ref()
                    .is_some_and(|named| named.path == file.path);
                let warning = format!(
                    "Unable to find matching credentials in specified file (while trying to read OCI credentials from \
                     file \"{}\": {error}); proceeding with anonymous authentication.",
                    file.path.display()
                );
                let is_said = is_named || scheme == RegistryScheme::Docker;
                FoundLogin {
                    warnings: is_said.then_some(warning).into_iter().collect(),
                    ..FoundLogin::anonymous()
                }
            }
        }
    }

    fn by_keys(&self, target: &Repository, file: &File, config: &ConfigFile) -> FoundLogin {
        let mut found = FoundLogin::anonymous();
        let variable = self.variable(&mut found.warnings);
        let host = match target.host.as_str() {
            "index.docker.io" => DOCKER_HUB_KEY,
            host => host,
        };
        for key in [&*target.name(), host] {
            if let Some(login) = variable.get(key).filter(|login| !login.is_empty()) {
                found.outcome = LoginOutcome::Login(login.clone());
                found.source = Some(Source::Variable {
                    key: key.to_owned(),
                });
                break;
            }
            match self.has(config, key) {
                Has::Missing(helper) => {
                    found.outcome = LoginOutcome::Fails(missing(helper));
                    found.source = Some(source(file, std::iter::once(key)));
                    break;
                }
                Has::Helper(helper, beside) => {
                    found.call(helper, key, file);
                    if !beside.is_empty() {
                        found.outcome = LoginOutcome::Login(beside);
                        break;
                    }
                }
                Has::Entries(entries) => {
                    let logins = entries.iter().map(|(_, entry)| Ok(SentLogin::of(entry)));
                    found.outcome = LoginOutcome::of(logins.collect());
                    let has_address = self.version() < docker_cli::SMALL_LETTERS
                        && entries.iter().any(|(_, entry)| !entry.email.is_empty());
                    if found.outcome != LoginOutcome::Anonymous {
                        found.source = Some(source(file, entries.iter().map(|(key, _)| *key)));
                    }
                    if found.outcome != LoginOutcome::Anonymous || has_address {
                        break;
                    }
                }
            }
        }
        found
    }

    fn version(&self) -> Version {
        self.rules.docker_cli
    }

    fn read(&self, file: &File) -> Result<ConfigFile, FileProblem> {
        let path = file.path.display();
        match file.state() {
            FileState::Absent => Ok(ConfigFile::default()),
            FileState::Read(config) => Ok(config.clone()),
            FileState::Unreadable(reason) => {
                Err(FileProblem::Unreadable(format!("open {path}: {reason}")))
            }
            FileState::Irregular => {
                Err(FileProblem::Broken(format!("read {path}: is a directory")))
            }
            FileState::Bytes(bytes) => ConfigFile::read(bytes, Reader::DockerCli(self.version()))
                .map_err(|fault| match fault.kind {
                    FaultKind::Crash => FileProblem::Crash(fault.to_string()),
                    _ => FileProblem::Broken(fault.to_string()),
                }),
        }
    }

    /// A file that says nothing of logins gets the helper of a password store that is installed.
    fn with_found_store(&self, mut config: ConfigFile) -> ConfigFile {
        let store = if (self.logins.is_installed)("pass") {
            "pass"
        } else {
            "secretservice"
        };
        if !config.has_logins() && (self.logins.is_installed)(&program(store)) {
            store.clone_into(&mut config.store);
        }
        config
    }

    fn variable(&self, warnings: &mut Vec<String>) -> BTreeMap<String, SentLogin> {
        match self.logins.entries_of_variable(self.rules) {
            Ok(entries) => entries
                .iter()
                .map(|(key, entry)| (key.clone(), SentLogin::of(entry)))
                .collect(),
            Err(error) => {
                warnings.push(format!(
                    "Failed to create credential store from DOCKER_AUTH_CONFIG: {error}"
                ));
                BTreeMap::new()
            }
        }
    }

    fn has<'c>(&self, config: &'c ConfigFile, key: &str) -> Has<'c> {
        let entries = self.entries(config, key);
        match config.helpers.get(key).unwrap_or(&config.store).as_str() {
            "" => Has::Entries(entries),
            helper if !(self.logins.is_installed)(&program(helper)) => Has::Missing(helper),
            helper => {
                let beside = entries.first().map(|(_, entry)| SentLogin {
                    registry_token: entry.registry_token.clone(),
                    ..SentLogin::default()
                });
                Has::Helper(helper, beside.unwrap_or_default())
            }
        }
    }

    fn entries<'c>(
        &self,
        config: &'c ConfigFile,
        key: &str,
    ) -> Vec<(&'c str, &'c super::AuthConfig)> {
        let is_any_scheme = self.version() >= docker_cli::CUTS_ANY_SCHEME;
        let all = || {
            config
                .auths
                .iter()
                .map(|(key, entry)| (key.as_str(), entry))
        };
        match all().find(|(known, _)| *known == key) {
            Some(exact) => vec![exact],
            None => all()
                .filter(|(known, _)| host_of(known, is_any_scheme) == key)
                .collect(),
        }
    }
}

impl FoundLogin {
    fn call(&mut self, helper: &str, key: &str, file: &File) {
        self.source
            .get_or_insert_with(|| source(file, std::iter::empty()));
        self.calls.push(HelperCall {
            helper: helper.to_owned(),
            key: key.to_owned(),
        });
    }
}

fn source<'a>(file: &File, keys: impl Iterator<Item = &'a str>) -> Source {
    Source::File {
        path: file.path.clone(),
        keys: keys.map(str::to_owned).collect(),
    }
}

/// oras-go takes one thing: the identity token, or a password without a user as one, else user and password.
fn as_oras_go(login: SentLogin) -> SentLogin {
    let token = if !login.identity_token.is_empty() {
        login.identity_token
    } else if login.user.is_empty() {
        login.password
    } else {
        return SentLogin {
            registry_token: Default::default(),
            ..login
        };
    };
    SentLogin {
        identity_token: token,
        ..SentLogin::default()
    }
}

fn host_of(key: &str, is_any_scheme: bool) -> String {
    let cut = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    if is_any_scheme && key.contains("://") {
        return host_of_url(key).unwrap_or_else(|| cut(key));
    }
    let bare = key.strip_prefix("http://").unwrap_or(key);
    cut(if bare.len() < key.len() {
        bare
    } else {
        key.strip_prefix("https://").unwrap_or(key)
    })
}

/// Host and port of a URL as Go takes it apart: no user, no brackets around an address without a port.
fn host_of_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_scheme =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        || !scheme.chars().all(is_scheme)
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    if host.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if port.is_empty() {
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned()
    } else {
        format!("{host}:{port}")
    })
}
