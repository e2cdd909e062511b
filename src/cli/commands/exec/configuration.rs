//! The files that the command sees: the user's, with what the stores have.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::ui::Ui;
use crate::cli::{files, secrets};
use crate::config::change;
use crate::config::change::{Definer, VerifiedToken};
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{Effective, LayerKind, Layers, Remote};
use crate::config::layer::Scope;
use crate::config::paths::FILE_NAME;
use crate::config::yaml;
use crate::credentials::auth_file::AuthFile;
use crate::credentials::helper::OWN_HELPER;
use crate::disk;
use crate::disk::Contents;
use crate::name::RemoteName;
use crate::secret::{Secret, SecretBytes, Stored};
use crate::stores::{Entry, Stores, StoresError, Subject};
use crate::uri::{KeyserverUri, RegistryAccount};

pub(super) const DOCKER_FILE: &str = "config.json";

pub(super) struct Configuration {
    /// The files that are made for it, by name; `None` for one that the user does not have.
    pub(super) files: Vec<(&'static str, Option<SecretBytes>)>,
    pub(super) secrets: Vec<Secret>,
    pub(super) docker_file: Option<PathBuf>,
}

impl Configuration {
    /// Asks the stores for what they have. A login that can't be had is told, and the command does without.
    pub(super) fn build(
        layers: &Layers,
        effective: &Effective<'_>,
        context: &Context,
        ui: &mut Ui,
    ) -> anyhow::Result<Self> {
        let mut filled = Filled {
            stores: secrets::stores(context),
            secrets: Vec::new(),
            ui,
        };
        let before = layers.user.as_ref().map(|layer| &layer.document);
        let mut document = before.cloned().unwrap_or_default();
        if let Some(name) = &layers.chosen {
            let below = Some(&layers.system);
            change::use_remote(&mut document, Scope::User, below, name, false)
                .map_err(|error| files::explain(error.into(), Scope::User, context))?;
        }
        for entry in filled.stores.entries(&[&context.paths.user])? {
            filled.remote_or_keyserver(&entry, &mut document, effective);
        }
        let is_empty = before.is_none() && document == Document::default();
        let remotes = (!is_empty).then(|| yaml::write(None, &Document::default(), &document).bytes);
        let registries = match disk::read(&context.paths.docker_config)? {
            Some(Contents { bytes, .. }) => Some(filled.registries(&bytes)?.unwrap_or(bytes)),
            None => None,
        };
        let mut files = vec![(FILE_NAME, remotes), ("docker-config.json", registries)];
        let mut docker_file = docker_file(context);
        if let Some(path) = &docker_file
            && let Some(contents) = disk::read(path)?
            && let Some(filled) = filled.registries(&contents.bytes)?
        {
            files.push((DOCKER_FILE, Some(filled)));
            docker_file = None;
        }
        Ok(Self {
            files,
            secrets: filled.secrets,
            docker_file,
        })
    }

    pub(super) fn makes(&self, name: &OsStr) -> bool {
        let name = name.to_string_lossy();
        let file = name.strip_suffix(".lock").unwrap_or(&name);
        self.files.iter().any(|(made, _)| *made == file)
            || (name == DOCKER_FILE && self.docker_file.is_some())
    }
}

/// Docker's own file. Apptainer asks it while there is no docker-config.json, but beside that one's place once CONFIGDIR is set.
fn docker_file(context: &Context) -> Option<PathBuf> {
    let own = &context.paths.user_directory;
    let is_default = own.file_name()? == OsStr::new(&context.command.home_directory());
    let file = own.with_file_name(".docker").join(DOCKER_FILE);
    (is_default && !context.command.is_singularity() && file.exists()).then_some(file)
}

struct Filled<'a> {
    stores: Stores,
    secrets: Vec<Secret>,
    ui: &'a mut Ui,
}

impl Filled<'_> {
    fn remote_or_keyserver(
        &mut self,
        entry: &Entry,
        document: &mut Document,
        effective: &Effective<'_>,
    ) {
        match &entry.subject {
            Subject::Remote {
                name,
                uri,
                insecure,
            } => {
                let name = RemoteName::found(name);
                let is_meant =
                    |remote: &&Remote<'_>| remote.uri() == uri && remote.is_insecure() == *insecure;
                let remote = effective.remote(&name).filter(is_meant);
                if let Some(remote) = remote
                    && let Some(stored) = self.ask(entry)
                {
                    let verified = VerifiedToken {
                        uri: uri.clone(),
                        insecure: *insecure,
                        definer: match remote.layer {
                            LayerKind::User => Definer::User,
                            _ => Definer::System,
                        },
                        token: stored.secret().clone(),
                        name,
                    };
                    // One that the user's file has no room for has none in the copy either.
                    let _ = change::set_token(document, &verified);
                }
            }
            Subject::Keyserver { uri, insecure } => {
                let is_same = |other: &LoginEntry| KeyserverUri::are_same(&other.uri, uri);
                change::remove_logins(document, is_same);
                if let Some(stored) = self.ask(entry) {
                    let login = LoginEntry {
                        uri: uri.clone(),
                        auth: stored.authorization(),
                        insecure: *insecure,
                    };
                    change::add_login(document, &login, is_same);
                }
            }
            Subject::Registry { .. } => {}
        }
    }

    /// A docker-config.json with the logins that this program's own helper has; other helpers the runtime asks itself. `None`
    /// when that changes nothing.
    fn registries(&mut self, bytes: &[u8]) -> Result<Option<SecretBytes>, StoresError> {
        // What the runtime makes of a broken file is its own business.
        let Ok(mut file) = AuthFile::read(bytes) else {
            return Ok(None);
        };
        let own = file
            .helpers()
            .filter(|(_, name)| *name == OWN_HELPER)
            .filter_map(|(key, _)| key.map(RegistryAccount::of_key));
        let accounts: BTreeSet<RegistryAccount> = own.collect();
        for account in &accounts {
            let key = account.storage_key();
            file.drop_helpers(&key, |name| name == OWN_HELPER);
            let entry = self.stores.registry(account)?;
            if let Some(stored) = entry.and_then(|entry| self.ask(&entry)) {
                file.set(&key, &stored);
            }
        }
        Ok((!accounts.is_empty()).then(|| file.render().into_bytes().into()))
    }

    /// The secret of a login. That a keyring has it no more was said of all logins at once.
    fn ask(&mut self, entry: &Entry) -> Option<Stored> {
        let login = StoredLogin::new(entry, &self.stores);
        if login.gone {
            return None;
        }
        let answer = match self.stores.get(entry) {
            Ok(answer) => answer,
            Err(error) => {
                let login = login.login;
                self.ui
                    .warning(format!("The command does without {login}: {error}"));
                return None;
            }
        };
        if !answer.complaint.is_empty() {
            self.ui.warning(answer.complaint);
        }
        match &answer.stored {
            Some(stored) => self.secrets.push(stored.secret().clone()),
            None => self.ui.warning(login.gone()),
        }
        answer.stored
    }
}
