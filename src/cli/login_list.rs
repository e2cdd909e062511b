//! The logins of a user as a runtime finds them: rows of remote.yaml and what files, helpers and variables have. Changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::anyhow;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::logins;
use crate::cli::ui::Ui;
use crate::config::document::LoginEntry;
use crate::config::effective::Effective;
use crate::credentials::config_file::docker_cli::READS_VARIABLE;
use crate::credentials::config_file::{AuthConfig, ConfigFile, Reader, decode, read_variable};
use crate::credentials::helper::{Helper, HelperName};
use crate::credentials::look_up::{File, FileState, Logins};
use crate::installation::lookup;
use crate::runtime::{Engine, Runtime};
use crate::uri::{RegistryAccount, RegistryScheme, RegistryUri};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListedLogin {
    pub(crate) uri: String,
    pub(crate) insecure: bool,
    pub(crate) account: Option<String>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) helper: Option<String>,
    pub(crate) variable: Option<&'static str>,
    pub(crate) row: bool,
    pub(crate) used: bool,
}

pub(crate) struct Question<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) asks_helpers: bool,
    pub(crate) all: bool,
}

impl ListedLogin {
    pub(crate) fn place(&self) -> String {
        match (&self.helper, self.variable, &self.file) {
            (Some(helper), ..) => format!("docker-credential-{helper}"),
            (None, Some(variable), _) => variable.to_owned(),
            (None, None, Some(file)) => file.display().to_string(),
            (None, None, None) => String::new(),
        }
    }

    fn new() -> Self {
        Self {
            uri: String::new(),
            insecure: false,
            account: None,
            file: None,
            helper: None,
            variable: None,
            row: false,
            used: true,
        }
    }

    fn of_row(row: &LoginEntry) -> Self {
        Self {
            uri: row.uri.clone(),
            insecure: row.insecure,
            row: true,
            ..Self::new()
        }
    }
}

/// The logins that the runtime uses, those with a row first; then, if so asked, those that it does not use.
pub(crate) fn list(
    effective: &Effective<'_>,
    question: &Question<'_>,
    context: &Context,
    ui: &mut Ui,
) -> Vec<ListedLogin> {
    let is_known = match logins::store(None, context).read() {
        Ok(_) => true,
        Err(error) => {
            let rows = effective.logins().iter();
            if rows.clone().any(|row| RegistryUri::found(&row.uri).is_ok()) {
                ui.warning(format!(
                    "The registries' passwords are not known: {:#}",
                    anyhow!(error)
                ));
            }
            false
        }
    };
    let available = lookup::logins(None, context);
    let mut lister = Lister {
        question,
        logins: &available,
        context,
        helpers: BTreeMap::new(),
        found: BTreeMap::new(),
    };
    lister.find();
    let mut listed = Vec::new();
    let mut seen = BTreeSet::new();
    for row in effective.logins() {
        let Ok(uri) = RegistryUri::found(&row.uri) else {
            let account = logins::keyserver_user(row);
            let file = Some(context.paths.user.clone());
            listed.push(ListedLogin {
                account,
                file,
                ..ListedLogin::of_row(row)
            });
            continue;
        };
        seen.insert(RegistryAccount::of_image(uri.host(), uri.path()));
        match lister.login(&uri) {
            Some(login) => listed.push(ListedLogin {
                uri: row.uri.clone(),
                insecure: row.insecure,
                row: true,
                ..login
            }),
            None if !is_known => listed.push(ListedLogin::of_row(row)),
            None => {}
        }
    }
    let rest: Vec<_> = lister
        .found
        .iter()
        .filter(|(account, _)| !seen.contains(*account))
        .collect();
    listed.extend(rest.into_iter().map(|(_, login)| login.clone()));
    if question.all {
        let used: BTreeSet<_> = lister
            .found
            .iter()
            .map(|(account, login)| (account.clone(), login.file.clone()))
            .collect();
        for (key, file) in lister.keys() {
            let account = RegistryAccount::of_key(&key);
            if !used.contains(&(account.clone(), Some(file.path.clone()))) {
                listed.push(ListedLogin {
                    uri: format!("docker://{account}"),
                    account: file.user(&key),
                    file: Some(file.path),
                    used: false,
                    ..ListedLogin::new()
                });
            }
        }
    }
    listed
}

#[derive(Clone)]
struct Keys {
    path: PathBuf,
    users: BTreeMap<String, String>,
}

impl Keys {
    fn user(&self, key: &str) -> Option<String> {
        self.users.get(key).cloned().filter(|user| !user.is_empty())
    }
}

struct Lister<'a> {
    question: &'a Question<'a>,
    logins: &'a Logins<'a>,
    context: &'a Context,
    helpers: BTreeMap<String, Option<BTreeMap<String, String>>>,
    found: BTreeMap<RegistryAccount, ListedLogin>,
}

impl Lister<'_> {
    fn login(&self, uri: &RegistryUri) -> Option<ListedLogin> {
        let account = RegistryAccount::of_image(uri.host(), uri.path());
        self.found.get(&account).cloned()
    }

    /// Reads what the runtime reads: `DOCKER_AUTH_CONFIG` first, then its files.
    fn find(&mut self) {
        let logins = self.logins;
        let rules = self.question.runtime.rules();
        let engine = rules.engine(RegistryScheme::Docker);
        let reader = match engine {
            Engine::ContainersImage => Reader::ContainersImage,
            _ => Reader::DockerCli(rules.docker_cli),
        };
        let variable = logins.variable.as_ref();
        let is_read = reader != Reader::ContainersImage && rules.docker_cli >= READS_VARIABLE;
        for (key, entry) in variable
            .filter(|_| is_read)
            .and_then(|value| read_variable(value, reader).ok())
            .unwrap_or_default()
        {
            self.add(
                &key,
                ListedLogin {
                    account: user(&entry),
                    variable: Some("DOCKER_AUTH_CONFIG"),
                    ..ListedLogin::new()
                },
            );
        }
        for (file, is_old) in logins.files.read_by(rules, RegistryScheme::Docker) {
            let FileState::Bytes(bytes) = &file.state else {
                continue;
            };
            let Some(config) = ConfigFile::read(bytes, reader).ok().filter(|_| !is_old) else {
                continue;
            };
            self.add_file(file, &config, engine);
        }
    }

    fn add_file(&mut self, file: &File, config: &ConfigFile, engine: Engine) {
        let login = || ListedLogin {
            file: Some(file.path.clone()),
            ..ListedLogin::new()
        };
        // The newest engine looks for Docker Hub under its address only.
        let is_overlooked = |key: &str| {
            engine == Engine::Keychain && matches!(key, "docker.io" | "index.docker.io")
        };
        for (key, entry) in config.auths.iter().filter(|(key, _)| !is_overlooked(key)) {
            match config.helpers.get(key).unwrap_or(&config.store).as_str() {
                "" if *entry
                    == (AuthConfig {
                        line: entry.line,
                        ..AuthConfig::default()
                    }) => {}
                "" => self.add(
                    key,
                    ListedLogin {
                        account: user(entry),
                        ..login()
                    },
                ),
                helper => self.add_helper(key, helper, &login()),
            }
        }
        for (key, helper) in config
            .helpers
            .iter()
            .filter(|(_, helper)| !helper.is_empty())
        {
            self.add_helper(key, helper, &login());
        }
        let of_store = self.users_of(&config.store).unwrap_or_default();
        for key in of_store.keys() {
            self.add_helper(key, &config.store, &login());
        }
    }

    fn add_helper(&mut self, key: &str, helper: &str, login: &ListedLogin) {
        let users = self.users_of(helper);
        let account = users.as_ref().and_then(|users| users.get(key).cloned());
        if users.is_none() || account.is_some() {
            self.add(
                key,
                ListedLogin {
                    account,
                    helper: Some(helper.to_owned()),
                    ..login.clone()
                },
            );
        }
    }

    fn add(&mut self, key: &str, login: ListedLogin) {
        let account = RegistryAccount::of_key(key);
        let uri = format!("docker://{account}");
        self.found
            .entry(account)
            .or_insert(ListedLogin { uri, ..login });
    }

    fn users_of(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        if !self.question.asks_helpers || name.is_empty() {
            return None;
        }
        let context = self.context;
        let ask = || {
            let helper = HelperName::parse(name)?;
            let environment = context.helper_environment();
            Helper::new(helper, environment).list().ok()
        };
        self.helpers
            .entry(name.to_owned())
            .or_insert_with(ask)
            .clone()
    }

    fn keys(&self) -> Vec<(String, Keys)> {
        let files = &self.logins.files;
        let of_podman = self
            .context
            .environment
            .get("XDG_RUNTIME_DIR")
            .map(|directory| lookup::file(PathBuf::from(directory).join("containers/auth.json")));
        let usual = [&files.own, &files.fallback];
        let others = [&files.docker, &files.containers];
        let mut read: Vec<&File> = files.named.iter().chain(usual).collect();
        if self.question.all {
            read.extend(others.into_iter().chain(&of_podman));
        }
        let reader = Reader::DockerCli(self.question.runtime.rules().docker_cli);
        let mut keys = Vec::new();
        let mut paths = Vec::new();
        for file in read {
            let FileState::Bytes(bytes) = &file.state else {
                continue;
            };
            if paths.contains(&&file.path) {
                continue;
            }
            paths.push(&file.path);
            let Ok(config) = ConfigFile::read(bytes, reader) else {
                continue;
            };
            let found = Keys {
                path: file.path.clone(),
                users: config
                    .auths
                    .iter()
                    .map(|(key, entry)| (key.clone(), entry.username.clone()))
                    .collect(),
            };
            let all = config
                .auths
                .iter()
                .map(|(key, _)| key)
                .chain(config.helpers.keys());
            keys.extend(all.map(|key| (key.clone(), found.clone())));
        }
        keys
    }
}

fn user(entry: &AuthConfig) -> Option<String> {
    let user = match decode(&entry.auth) {
        Ok(Some((user, _))) => user,
        _ => entry.username.clone(),
    };
    Some(user).filter(|user| !user.is_empty())
}
