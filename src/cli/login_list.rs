//! The logins of a user as a runtime finds them: rows of remote.yaml and what files, helpers and variables have. Changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::ui::Ui;
use crate::cli::{logins, secrets};
use crate::config::document::LoginEntry;
use crate::config::effective::Effective;
use crate::credentials::config_file::{ConfigFile, Reader, decode};
use crate::credentials::helper::{Helper, HelperName, OWN_HELPER};
use crate::credentials::look_up::{
    Accounts, FileState, FoundLogin, LoginFiles, LoginOutcome, LoginPair, RefusedFile, SentLogin,
    Source,
};
use crate::installation::lookup;
use crate::runtime::Runtime;
use crate::stores::{State, Stores, Subject};
use crate::uri::{RegistryAccount, RegistryScheme, RegistryUri};

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ListedLogin {
    pub(crate) uri: String,
    pub(crate) insecure: bool,
    pub(crate) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) one_of: Option<Vec<String>>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) helper: Option<String>,
    /// The store that has it, where the helper is this program's own, or the login a keyserver's.
    pub(crate) store: Option<String>,
    pub(crate) gone: bool,
    pub(crate) variable: Option<&'static str>,
    pub(crate) row: bool,
    pub(crate) used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) check: Option<CheckedLogin>,
    #[serde(skip)]
    pub(crate) found: Option<FoundLogin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckedLogin {
    Good,
    Unknown,
    Refused,
}

impl CheckedLogin {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "not known",
            Self::Refused => "refused",
        }
    }
}

pub(crate) struct Listing<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) asks_helpers: bool,
    pub(crate) all: bool,
}

impl ListedLogin {
    pub(crate) fn place(&self) -> String {
        match (&self.helper, self.variable, &self.file) {
            _ if self.gone => format!("{}, gone here", self.store.as_deref().unwrap_or_default()),
            _ if self.store.is_some() => self.store.clone().unwrap_or_default(),
            (Some(helper), ..) => format!("docker-credential-{helper}"),
            (None, Some(variable), _) => variable.to_owned(),
            (None, None, Some(file)) => file.display().to_string(),
            (None, None, None) => String::new(),
        }
    }

    pub(crate) fn who(&self) -> String {
        match (&self.account, &self.one_of) {
            (Some(account), _) => account.clone(),
            (None, Some(names)) => names.join(" or "),
            (None, None) => String::new(),
        }
    }

    pub(crate) fn registry_account(&self) -> Option<RegistryAccount> {
        let uri = RegistryUri::found(&self.uri).ok()?;
        Some(uri.account())
    }
}

/// The logins that the runtime uses, those with a row first; then, if so asked, those that it does not use.
pub(crate) fn list(
    effective: &Effective<'_>,
    question: &Listing<'_>,
    context: &Context,
    ui: &mut Ui,
) -> Vec<ListedLogin> {
    let logins = lookup::logins(None, context);
    let mut lister = Lister {
        accounts: Accounts::read(&logins, question.runtime),
        context,
        stores: secrets::stores(context),
        stored: secrets::stored_logins(context),
        helpers: question.asks_helpers.then(BTreeMap::new),
    };
    if let Some(refused) = &lister.accounts.refused {
        warn_of_refused_file(refused, question.runtime, ui);
    }
    let mut listed: Vec<ListedLogin> = effective
        .logins()
        .iter()
        .filter_map(|row| lister.of_row(row))
        .collect();
    let rest = lister.others(&listed);
    listed.extend(rest);
    if let Some(pair) = lookup::pair(question.runtime, context) {
        warn_of_pair(&pair, question.runtime, ui);
        let registries = listed
            .iter_mut()
            .filter(|login| login.registry_account().is_some());
        registries.for_each(|login| login.used = false);
    }
    if question.all {
        let unused = unused(&logins.files, &listed, context);
        listed.extend(unused);
    }
    listed
}

pub(crate) fn warn_of_refused_file(refused: &RefusedFile, runtime: &Runtime, ui: &mut Ui) {
    ui.warning(format!(
        "{runtime} uses no login of a file that it can't read: {refused}"
    ));
}

pub(crate) fn warn_of_pair(pair: &LoginPair, runtime: &Runtime, ui: &mut Ui) {
    let names = pair.variables.join(" and ");
    ui.warning(format!(
        "{names} {} before every stored login: {runtime} uses none of them",
        if pair.variables.len() == 1 {
            "comes"
        } else {
            "come"
        }
    ));
}

type Users = Option<BTreeMap<String, String>>;

struct Lister<'a> {
    accounts: Accounts<'a>,
    context: &'a Context,
    stores: Stores,
    stored: Vec<StoredLogin>,
    helpers: Option<BTreeMap<String, Users>>,
}

impl Lister<'_> {
    /// The login of a row; none where its secret is gone. While a file is refused that is not known.
    fn of_row(&mut self, row: &LoginEntry) -> Option<ListedLogin> {
        let of_row = ListedLogin {
            uri: row.uri.clone(),
            insecure: row.insecure,
            row: true,
            ..ListedLogin::default()
        };
        let Ok(uri) = RegistryUri::found(&row.uri) else {
            let is_meant = |login: &&StoredLogin| matches!(&login.entry.subject, Subject::Keyserver { uri, .. } if *uri == row.uri);
            if let Some(login) = self.stored.iter().find(is_meant) {
                return Some(ListedLogin {
                    account: login.entry.user.clone(),
                    store: Some(login.place.clone()),
                    row: false,
                    used: true,
                    ..of_row
                });
            }
            return Some(ListedLogin {
                account: logins::keyserver_user(row),
                file: Some(self.context.paths.user.clone()),
                used: true,
                ..of_row
            });
        };
        let account = uri.account();
        let found = self
            .accounts
            .login(&account, uri.scheme())
            .and_then(|found| self.login(&account, found));
        match found {
            Some(login) => Some(ListedLogin {
                uri: of_row.uri,
                insecure: of_row.insecure,
                row: true,
                ..login
            }),
            None => self.accounts.refused.is_some().then_some(of_row),
        }
    }

    fn others(&mut self, listed: &[ListedLogin]) -> Vec<ListedLogin> {
        let mut accounts = self.accounts.named.clone();
        for store in self.accounts.stores.clone() {
            let keys = self.users_of(&store).into_iter().flat_map(BTreeMap::keys);
            accounts.extend(keys.map(|key| RegistryAccount::of_key(key)));
        }
        for listed in listed.iter().filter_map(ListedLogin::registry_account) {
            accounts.remove(&listed);
        }
        let mut found = Vec::new();
        for account in accounts {
            let login = self.accounts.any_login(&account);
            found.extend(login.and_then(|(scheme, login)| {
                let login = self.login(&account, login)?;
                let scheme = match scheme {
                    RegistryScheme::Docker => "docker",
                    RegistryScheme::Oras => "oras",
                };
                Some(ListedLogin {
                    uri: format!("{scheme}://{account}"),
                    ..login
                })
            }));
        }
        found
    }

    /// What the runtime finds for an account, with what the helpers say that it asks; none where nobody has a login.
    fn login(&mut self, account: &RegistryAccount, found: FoundLogin) -> Option<ListedLogin> {
        let mut login = ListedLogin {
            used: true,
            ..ListedLogin::default()
        };
        match &found.source {
            Some(Source::File { path, .. }) => login.file = Some(path.clone()),
            Some(Source::Variable { .. }) => login.variable = Some("DOCKER_AUTH_CONFIG"),
            None => {}
        }
        let is_named = self.accounts.named.contains(account);
        for call in &found.calls {
            if call.helper == OWN_HELPER {
                let entry = self.stores.registry(&RegistryAccount::of_key(&call.key));
                let Ok(Some(entry)) = entry else { continue };
                login.gone = self.stores.state(&entry) == State::Gone;
                login.used = !login.gone;
                login.helper = Some(call.helper.clone());
                login.store = Some(entry.place());
                login.account = entry.user;
                break;
            }
            let account = match self.users_of(&call.helper) {
                Some(users) => users.get(&call.key).map(|user| Some(user.clone())),
                // It was not asked, or does not say: what the file says of the account counts.
                None => is_named.then_some(None),
            };
            if let Some(account) = account {
                login.helper = Some(call.helper.clone());
                login.account = account;
                break;
            }
        }
        if login.helper.is_none() {
            match &found.outcome {
                LoginOutcome::Login(sent) => login.account = sent.account(),
                LoginOutcome::OneOf(logins) => {
                    let names = logins.iter().flatten().filter_map(SentLogin::account);
                    login.one_of = Some(names.collect());
                }
                // The pull fails: its helper is missing.
                LoginOutcome::Fails(_) => login.used = false,
                LoginOutcome::Anonymous => return None,
            }
        }
        login.found = Some(found);
        Some(login)
    }

    fn users_of(&mut self, name: &str) -> Option<&BTreeMap<String, String>> {
        let context = self.context;
        let ask = || {
            let helper = HelperName::parse(name)?;
            let environment = context.helper_environment();
            Helper::new(helper, environment).list().ok()
        };
        let helpers = self.helpers.as_mut()?;
        let users = helpers.entry(name.to_owned()).or_insert_with(ask);
        users.as_ref()
    }
}

fn unused(files: &LoginFiles, listed: &[ListedLogin], context: &Context) -> Vec<ListedLogin> {
    let of_session = context.environment.get("XDG_RUNTIME_DIR");
    let of_session = of_session
        .map(|directory| lookup::file(PathBuf::from(directory).join("containers/auth.json")));
    let usual = [
        &files.own,
        &files.fallback,
        &files.docker,
        &files.containers,
    ];
    let mut seen: BTreeSet<_> = listed
        .iter()
        .map(|login| (login.file.as_deref(), login.registry_account()))
        .collect();
    let mut unused: Vec<ListedLogin> = Vec::new();
    for file in files.named.iter().chain(usual).chain(&of_session) {
        let FileState::Bytes(bytes) = file.state() else {
            continue;
        };
        let config = ConfigFile::read(bytes, Reader::ContainersImage).unwrap_or_default();
        for key in config.keys() {
            let account = RegistryAccount::of_key(key);
            let uri = format!("docker://{account}");
            if !seen.insert((Some(file.path.as_path()), Some(account))) {
                continue;
            }
            let entry = config.entry(key);
            unused.push(ListedLogin {
                uri,
                account: entry.and_then(|entry| match decode(&entry.auth) {
                    Ok(Some((user, _))) => Some(user),
                    _ => None,
                }),
                helper: config.helpers.get(key).cloned(),
                file: Some(file.path.clone()),
                ..ListedLogin::default()
            });
        }
    }
    unused
}
