//! The login of a whole account in place of one image's: what lists, checks and logouts ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::{
    AuthConfig, File, FileState, FoundLogin, Logins, Reference, Repository, Source, look_up_in,
};
use crate::credentials::config_file::{ConfigFile, Reader, docker_cli, read_variable};
use crate::runtime::{Engine, LoginRules, Runtime};
use crate::uri::{RegistryAccount, RegistryScheme};

const SCHEMES: [RegistryScheme; 2] = [RegistryScheme::Docker, RegistryScheme::Oras];

/// The logins of a version by account. Its files are read once, however many accounts are asked for.
pub(crate) struct Accounts<'a> {
    logins: &'a Logins<'a>,
    runtime: &'a Runtime,
    files: [Vec<ReadFile<'a>>; 2],
    pub(crate) named: BTreeSet<RegistryAccount>,
    pub(crate) with_secret: BTreeMap<RegistryAccount, (PathBuf, String)>,
    pub(crate) stores: BTreeSet<String>,
    pub(crate) refused: Option<RefusedFile>,
}

/// A file that a version reads: its parts by host, or what it is else.
struct ReadFile<'a> {
    file: &'a File,
    is_old_format: bool,
    parts: Option<BTreeMap<String, ConfigFile>>,
    rest: ConfigFile,
}

/// A file in which a version finds no login, because it refuses all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedFile {
    pub(crate) path: PathBuf,
    pub(crate) line: Option<usize>,
    pub(crate) reason: String,
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

impl<'a> Accounts<'a> {
    pub(crate) fn read(logins: &'a Logins<'a>, runtime: &'a Runtime) -> Self {
        let mut accounts = Self {
            logins,
            runtime,
            files: [Vec::new(), Vec::new()],
            named: BTreeSet::new(),
            with_secret: BTreeMap::new(),
            stores: BTreeSet::new(),
            refused: None,
        };
        let entries = logins.entries_of_variable(runtime.rules());
        let keys = entries.iter().flatten().map(|(key, _)| key);
        accounts
            .named
            .extend(keys.map(|key| RegistryAccount::of_key(key)));
        accounts.files = SCHEMES.map(|scheme| accounts.files_of(scheme));
        accounts
    }

    fn files_of(&mut self, scheme: RegistryScheme) -> Vec<ReadFile<'a>> {
        let rules = self.runtime.rules();
        let reader = self.runtime.reader(scheme);
        let files = self.logins.files.read_by(rules, scheme).into_iter();
        let read = files.map(|(file, is_old_format)| {
            let config = match file.state() {
                FileState::Bytes(bytes) if !is_old_format => {
                    let read = ConfigFile::read(bytes, reader);
                    read.map_err(|fault| (fault.line, fault.explained()))
                }
                FileState::Unreadable(reason) => Err((None, reason.clone())),
                _ => Ok(ConfigFile::default()),
            };
            let config = config.map_err(|(line, reason)| {
                self.refused.get_or_insert(RefusedFile {
                    path: file.path.clone(),
                    line,
                    reason,
                });
            });
            let is_read = matches!(file.state(), FileState::Bytes(_)) && !is_old_format;
            let (parts, rest) = match config {
                Ok(config) if is_read => {
                    let keys = config.keys().map(RegistryAccount::of_key);
                    self.named.extend(keys);
                    let with_secret = config.auths.iter().filter(|(_, entry)| entry.has_secret());
                    for (key, _) in with_secret {
                        let place = (file.path.clone(), key.clone());
                        let account = RegistryAccount::of_key(key);
                        self.with_secret.entry(account).or_insert(place);
                    }
                    let store = Some(&config.store).filter(|store| !store.is_empty());
                    self.stores.extend(store.cloned());
                    let rest = config.without_hosts();
                    (Some(config.by_host()), rest)
                }
                _ => (None, ConfigFile::default()),
            };
            ReadFile {
                file,
                is_old_format,
                parts,
                rest,
            }
        });
        read.collect()
    }

    /// The login that is used for an account by this protocol, where it is the account's own. A helper may still turn out to
    /// have none.
    pub(crate) fn login(
        &self,
        account: &RegistryAccount,
        scheme: RegistryScheme,
    ) -> Option<FoundLogin> {
        let found = self.find(account, scheme)?;
        let is_own = |key: &str| RegistryAccount::of_key(key) == *account;
        let is_found = match &found.source {
            Some(Source::File { keys, .. }) => keys.iter().any(|key| is_own(key)),
            Some(Source::Variable { key }) => is_own(key),
            None => false,
        };
        (is_found || found.calls.iter().any(|call| is_own(&call.key))).then_some(found)
    }

    pub(crate) fn find(
        &self,
        account: &RegistryAccount,
        scheme: RegistryScheme,
    ) -> Option<FoundLogin> {
        let reference = Reference {
            scheme,
            host: account.host(),
            repository: account.path(),
        };
        let target = Repository::of(&reference, self.runtime.rules()).ok()?;
        let files = self.files[usize::from(scheme == RegistryScheme::Oras)].iter();
        let files: Vec<_> = files.map(|read| read.at(account.host())).collect();
        let files: Vec<_> = files.iter().map(|(file, is_old)| (file, *is_old)).collect();
        Some(look_up_in(
            &files,
            &target,
            scheme,
            self.runtime,
            self.logins,
        ))
    }

    /// The first protocol by which a login of the account is used, and that login.
    pub(crate) fn any_login(
        &self,
        account: &RegistryAccount,
    ) -> Option<(RegistryScheme, FoundLogin)> {
        SCHEMES
            .into_iter()
            .find_map(|scheme| Some((scheme, self.login(account, scheme)?)))
    }
}

impl ReadFile<'_> {
    fn at(&self, host: &str) -> (File, bool) {
        let state = match (&self.parts, self.file.state()) {
            (Some(parts), _) => FileState::Read(parts.get(host).unwrap_or(&self.rest).clone()),
            (None, FileState::Bytes(_)) if !self.is_old_format => {
                FileState::Unreadable("refused".to_owned())
            }
            (None, state) => state.clone(),
        };
        let path = self.file.path.clone();
        (File::known(path, state), self.is_old_format)
    }
}

impl Logins<'_> {
    /// The logins of `DOCKER_AUTH_CONFIG` for a version; none where it does not read the variable.
    pub(crate) fn entries_of_variable(
        &self,
        rules: &LoginRules,
    ) -> Result<Vec<(String, AuthConfig)>, String> {
        match &self.variable {
            Some(text) if rules.docker_cli >= docker_cli::READS_VARIABLE => {
                read_variable(text, Reader::DockerCli(rules.docker_cli))
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl Runtime {
    pub(crate) fn reader(&self, scheme: RegistryScheme) -> Reader {
        match self.rules().engine(scheme) {
            Engine::ContainersImage => Reader::ContainersImage,
            Engine::OrasGo | Engine::StrictKeychain | Engine::Keychain => {
                Reader::DockerCli(self.rules().docker_cli)
            }
        }
    }
}
