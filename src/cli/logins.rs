//! A user's logins to registries: rows in remote.yaml, and secrets in files of Docker's format and in helpers. Each login and
//! logout changes its own row and its own secret, under the locks of both files, remote.yaml first. D13 of
//! docs/compatibility.md.
//!
//! Helpers run without a lock: they may ask a person. What they are to erase is decided under the locks.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::context::Context;
use crate::cli::secrets::StorePlace;
use crate::cli::ui::Ui;
use crate::cli::{files, scope, secrets};
use crate::config::change;
use crate::config::document::{Document, LoginEntry};
use crate::config::layer::Scope;
use crate::config::store::{LayerFile, OpenFile};
use crate::credentials::auth_file::{AuthFile, HeldAccounts, HelperEntry};
use crate::credentials::helper::{HelperName, OWN_HELPER};
use crate::credentials::{CredentialError, CredentialStore, Found, StoreFiles, config_file};
use crate::disk;
use crate::secret::{Secret, Stored};
use crate::stores::{Entry, Store};
use crate::uri::RegistryUri;

/// How often a login is stored anew because somebody changed where it belongs, before that is given up.
const ROUNDS: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    File(PathBuf),
    Helper(String),
    Store(Box<Entry>),
}

#[derive(Debug, Default)]
pub(crate) struct LoggedOut {
    pub(crate) removed: Vec<SecretPlace>,
    pub(crate) had_row: bool,
    pub(crate) shared: Option<(String, SecretPlace)>,
}

impl std::fmt::Display for SecretPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Helper(name) => write!(formatter, "docker-credential-{name}"),
            Self::Store(entry) => formatter.write_str(&entry.place()),
        }
    }
}

/// Where logins are stored: in the file of `--authfile`, else where the newest runtime of the command finds them.
pub(crate) fn store(authfile: Option<&Path>, context: &Context) -> CredentialStore {
    let paths = &context.paths;
    let files = match authfile {
        Some(file) => StoreFiles::Named(file.to_path_buf()),
        None => StoreFiles::Usual {
            own: paths.docker_config.clone(),
            docker: (!context.command.is_singularity()).then(|| docker_file(context)),
        },
    };
    CredentialStore {
        files,
        helpers: context.helper_environment(),
    }
}

pub(crate) fn docker_file(context: &Context) -> PathBuf {
    let paths = &context.paths;
    if paths.user_directory_is_named {
        paths.user_directory.join("config.json")
    } else {
        paths.home.join(".docker/config.json")
    }
}

pub(crate) struct NewLogin<'a> {
    pub(crate) uri: &'a RegistryUri,
    pub(crate) stored: &'a Stored,
    pub(crate) insecure: bool,
}

impl NewLogin<'_> {
    fn add_row(&self, document: &mut Document) {
        let row = LoginEntry {
            uri: self.uri.to_string(),
            auth: Secret::default(),
            insecure: self.insecure,
        };
        change::add_login(document, &row, |other| is_row_of(other, self.uri));
    }
}

/// Stores a verified login, and its row unless the file is one that was named. Without a `place` the file has the secret, or
/// the helper that it names. Says where the secret is.
/// When a file, the helper or the store can't be used.
pub(crate) fn log_in(
    files: &CredentialStore,
    login: &NewLogin<'_>,
    place: Option<StorePlace>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let is_file = match place {
        Some((Store::File, _)) => true,
        Some(place) => return log_in_to_store(files, login, place, context, ui),
        None => false,
    };
    let placed = log_in_by_file(files, login, is_file, context, ui)?;
    if !matches!(files.files, StoreFiles::Named(_)) {
        secrets::remove_registry(login.uri, context, ui)?;
    }
    Ok(format!("stored in {placed}"))
}

fn log_in_to_store(
    files: &CredentialStore,
    login: &NewLogin<'_>,
    place: StorePlace,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let helper = match &place.0 {
        Store::Helper(name) => name.clone(),
        _ => HelperName::own(),
    };
    let placed = secrets::put_registry(login.uri, login.stored, place, context, ui)?;
    let named = change(files, context, ui, &mut |document, _, file| {
        file.set_helper(&login.uri.storage_key(), &helper);
        login.add_row(document);
        Ok(())
    });
    if let Err(error) = named {
        let _ = secrets::remove_registry(login.uri, context, ui);
        return Err(error);
    }
    Ok(placed)
}

/// Puts the secret into the file, or into the helper that it names. With `is_file` the file names no helper for this account
/// any more.
fn log_in_by_file(
    files: &CredentialStore,
    login: &NewLogin<'_>,
    is_file: bool,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<SecretPlace> {
    let key = login.uri.storage_key();
    let helper_of = |found: &Found| {
        let mut found = found.clone();
        if is_file {
            found.file.drop_helpers(&key, |_| true);
        }
        found.helper_for(&key)
    };
    let mut before = files.read_for_change()?;
    for _ in 0..ROUNDS {
        let helper = helper_of(&before)?;
        if let Some(entry) = &helper {
            let stored = files.helper(entry).store(&key, login.stored);
            stored.map_err(CredentialError::Store)?;
            ui.said.changed_elsewhere = true;
        }
        let was_held = before.file.holds(&key);
        let placed = change(files, context, ui, &mut |document, now, file| {
            // Who logged out meanwhile may have made the helper forget this login as well.
            let is_erased = helper.is_some() && was_held && !now.file.holds(&key);
            if helper_of(now)? != helper || is_erased {
                return Ok(None);
            }
            if is_file {
                file.drop_helpers(&key, |_| true);
            }
            login.add_row(document);
            Ok(Some(match &helper {
                Some(entry) => {
                    file.set_elsewhere(&key, &entry.helper);
                    SecretPlace::Helper(entry.helper.to_string())
                }
                None => {
                    file.set(&key, login.stored);
                    SecretPlace::File(now.path.clone())
                }
            }))
        })?;
        match placed {
            Some(place) => return Ok(place),
            None => before = files.read_for_change()?,
        }
    }
    Err(anyhow!("{} changes again and again", before.path.display()))
}

/// Removes a login: its row, and its secret unless a row of another login shares it.
pub(crate) fn log_out(
    files: &CredentialStore,
    uri: &RegistryUri,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<LoggedOut> {
    let key = uri.storage_key();
    let mut done = LoggedOut::default();
    let recorded = match files.files {
        StoreFiles::Named(_) => None,
        StoreFiles::Usual { .. } => secrets::registry(uri, context)?,
    };
    if recorded.is_none() && is_unknown(files, uri, context)? {
        return Ok(done);
    }
    let is_own = |name: &str| match &recorded {
        Some(entry) => entry.helper().to_string() == name,
        None => name == OWN_HELPER,
    };
    let entries = change(files, context, ui, &mut |document, now, file| {
        if shared_row(document, uri).is_some() {
            done.remove(document, now, file, uri);
            return Ok(Vec::new());
        }
        let mut entries = now.helper_entries(&key)?;
        entries.retain(|entry| !is_own(&entry.helper.to_string()));
        if entries.is_empty() {
            done.remove(document, now, file, uri);
            file.drop_helpers(&key, is_own);
        }
        Ok(entries)
    })?;
    if done.shared.is_none()
        && let Some(entry) = &recorded
    {
        secrets::remove_registry(uri, context, ui)?;
        done.note(SecretPlace::Store(Box::new(entry.clone())));
    }
    if entries.is_empty() {
        return Ok(done);
    }
    let has_trace = !is_unknown_in_files(files, uri, context)?;
    done.erase(files, &entries, has_trace, ui)?;
    change(files, context, ui, &mut |document, now, file| {
        done.remove(document, now, file, uri);
        file.drop_helpers(&key, is_own);
        Ok(())
    })?;
    if let Some((other, _)) = &done.shared {
        ui.warning(format!(
            "{other} was stored at the same time, and its secret may have been erased with this one: log in again"
        ));
    }
    Ok(done)
}

impl LoggedOut {
    /// Removes what helpers have. Without a trace of a login only the helper knows whether there is one.
    fn erase(
        &mut self,
        files: &CredentialStore,
        entries: &[HelperEntry],
        has_trace: bool,
        ui: &mut Ui,
    ) -> anyhow::Result<()> {
        for entry in entries {
            let helper = files.helper(entry);
            if has_trace || helper.get(&entry.key)?.is_some() {
                helper.erase(&entry.key)?;
                ui.said.changed_elsewhere = true;
                self.note(SecretPlace::Helper(entry.helper.to_string()));
            }
        }
        Ok(())
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.removed.is_empty() && !self.had_row && self.shared.is_none()
    }

    fn remove(
        &mut self,
        document: &mut Document,
        now: &Found,
        file: &mut AuthFile,
        uri: &RegistryUri,
    ) {
        let key = uri.storage_key();
        self.had_row |= change::remove_logins(document, |row| is_row_of(row, uri));
        let has_secret = now.file.has_secret(&key);
        let place = SecretPlace::File(now.path.clone());
        match shared_row(document, uri) {
            Some(row) if now.file.holds(&key) => self.shared = Some((row.uri.clone(), place)),
            Some(_) => {}
            None => {
                file.erase(&key);
                if has_secret {
                    self.note(place);
                }
            }
        }
    }

    fn note(&mut self, place: SecretPlace) {
        if !self.removed.contains(&place) {
            self.removed.push(place);
        }
    }
}

fn is_unknown(
    store: &CredentialStore,
    uri: &RegistryUri,
    context: &Context,
) -> anyhow::Result<bool> {
    let found = store.read_for_change()?;
    Ok(found.helper_entries(&uri.storage_key())?.is_empty()
        && is_unknown_in_files(store, uri, context)?)
}

fn is_unknown_in_files(
    store: &CredentialStore,
    uri: &RegistryUri,
    context: &Context,
) -> anyhow::Result<bool> {
    let rows = match store.files {
        StoreFiles::Named(_) => Document::default(),
        StoreFiles::Usual { .. } => files::read(Scope::User, context)?,
    };
    let is_held = store.read()?.file.holds(&uri.storage_key());
    Ok(!is_held && !rows.logins().iter().any(|row| is_row_of(row, uri)))
}

/// Changes rows and secrets together: both files locked, read, decided about and replaced. Where the file of the secrets was
/// named there are no rows. `decide` may run more than once.
pub(crate) fn change<T>(
    store: &CredentialStore,
    context: &Context,
    ui: &mut Ui,
    decide: &mut dyn FnMut(&mut Document, &Found, &mut AuthFile) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let rows = match &store.files {
        StoreFiles::Named(_) => None,
        StoreFiles::Usual { .. } => {
            files::prepare(context, ui)?;
            disk::create_directory(&context.paths.user_directory, 0o700)?;
            Some(scope::store(Scope::User, context))
        }
    };
    let mut rows = rows.as_ref().map(LayerFile::open).transpose()?;
    let mut secrets = store.open()?;
    let mut warn = |warning: String| ui.warning(warning);
    loop {
        let document = rows.as_mut().map(OpenFile::read).transpose()?;
        let mut document = document.unwrap_or_default();
        let old = document.clone();
        let before = secrets.read()?;
        let mut after = before.file.clone();
        let value = decide(&mut document, &before, &mut after)?;
        let is_done = secrets.replace(&before, &after)?
            && match &mut rows {
                Some(rows) => rows.replace(&document, &mut warn)?,
                None => true,
            };
        if is_done {
            let rows = rows.iter().flat_map(OpenFile::notes);
            let notes: Vec<_> = rows
                .chain(secrets.notes())
                .map(ToString::to_string)
                .collect();
            notes.into_iter().for_each(warn);
            if document != old {
                ui.changed(&context.paths.user);
            }
            if after != before.file {
                ui.changed(&before.path);
            }
            return Ok(value);
        }
    }
}

pub(crate) fn is_row_of(login: &LoginEntry, uri: &RegistryUri) -> bool {
    RegistryUri::found(&login.uri).is_ok_and(|row| row == *uri)
}

fn shared_row<'a>(document: &'a Document, uri: &RegistryUri) -> Option<&'a LoginEntry> {
    let is_other = |row: &RegistryUri| row != uri && row.shares_secret_with(uri);
    let mut rows = document.logins().iter();
    rows.find(|login| RegistryUri::found(&login.uri).is_ok_and(|row| is_other(&row)))
}

pub(crate) fn is_dead(login: &LoginEntry, held: &HeldAccounts) -> bool {
    RegistryUri::found(&login.uri).is_ok_and(|row| !held.contains(&row.storage_key()))
}

pub(crate) fn keyserver_user(row: &LoginEntry) -> Option<String> {
    let (scheme, pair) = row.auth.expose().split_once(' ')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    let pair = config_file::decode(&Secret::new(pair)).ok().flatten();
    pair.filter(|_| is_basic).map(|(user, _)| user)
}
