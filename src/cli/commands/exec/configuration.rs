//! The files that the command sees: the user's, with what the stores have.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::cli::{files, secrets};
use crate::config::change;
use crate::config::change::{Definer, VerifiedToken};
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{Effective, LayerKind, Layers};
use crate::config::layer::Scope;
use crate::config::paths::FILE_NAME;
use crate::config::yaml;
use crate::credentials::auth_file::AuthFile;
use crate::disk;
use crate::name::RemoteName;
use crate::secret::{Secret, SecretBytes, Stored};
use crate::stores::{Entry, OWN_HELPER, State, Stores, Subject};
use crate::uri::{KeyserverUri, RegistryAccount};

pub(super) const DOCKER_FILE: &str = "config.json";

pub(super) struct Configuration {
    remotes: Option<SecretBytes>,
    registries: Option<SecretBytes>,
    pub(super) secrets: Vec<Secret>,
    /// Docker's own file, where the runtime asks it.
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
        for entry in filled.stores.entries(&context.paths.user)? {
            filled.remote_or_keyserver(&entry, &mut document, effective);
        }
        let is_empty = before.is_none() && document == Document::default();
        let remotes = (!is_empty).then(|| yaml::write(None, &Document::default(), &document).bytes);
        let registries = filled.registries(context)?;
        Ok(Self {
            remotes,
            registries,
            secrets: filled.secrets,
            docker_file: docker_file(context),
        })
    }

    pub(super) fn makes(&self, name: &OsStr) -> bool {
        let name = name.to_string_lossy();
        let file = name.strip_suffix(".lock").unwrap_or(&name);
        self.files().iter().any(|(made, _)| *made == file)
            || (name == DOCKER_FILE && self.docker_file.is_some())
    }

    pub(super) fn files(&self) -> [(&'static str, Option<&[u8]>); 2] {
        [
            (FILE_NAME, self.remotes.as_deref()),
            ("docker-config.json", self.registries.as_deref()),
        ]
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
                let Some(remote) = effective
                    .remote(&name)
                    .filter(|remote| remote.uri() == uri && remote.is_insecure() == *insecure)
                else {
                    return;
                };
                // That is told of all remotes already.
                if self.stores.state(entry) == State::Gone {
                    return;
                }
                let definer = match remote.layer {
                    LayerKind::User => Definer::User,
                    _ => Definer::System,
                };
                let advice = format!("portolan remote login {}", name.word());
                if let Some(stored) = self.ask(entry, &format!("the token of {name}"), &advice) {
                    let verified = VerifiedToken {
                        name,
                        uri: uri.clone(),
                        insecure: *insecure,
                        definer,
                        token: stored.secret().clone(),
                    };
                    // One that the user's file has no room for has none in the copy either.
                    let _ = change::set_token(document, &verified);
                }
            }
            Subject::Keyserver { uri, insecure } => {
                let advice = format!("portolan keyserver login {uri}");
                if let Some(stored) = self.ask(entry, &format!("the login to {uri}"), &advice) {
                    let login = LoginEntry {
                        uri: uri.clone(),
                        auth: stored.authorization(),
                        insecure: *insecure,
                    };
                    change::add_login(document, &login, |other| {
                        KeyserverUri::are_same(&other.uri, uri)
                    });
                }
            }
            Subject::Registry { .. } => {}
        }
    }

    fn registries(&mut self, context: &Context) -> anyhow::Result<Option<SecretBytes>> {
        let path = &context.paths.docker_config;
        let Some(contents) = disk::read(path)? else {
            return Ok(None);
        };
        // What the runtime makes of a broken file is its own business.
        let Ok(mut file) = AuthFile::read(&contents.bytes) else {
            return Ok(Some(contents.bytes));
        };
        let keys: Vec<String> = file
            .helpers()
            .filter_map(|(key, name)| Some(key.filter(|_| name == OWN_HELPER)?.to_owned()))
            .collect();
        if keys.is_empty() {
            return Ok(Some(contents.bytes));
        }
        let entries = self.stores.entries(path)?;
        for key in keys {
            let account = RegistryAccount::of_key(&key).to_string();
            let is_meant = |entry: &&Entry| matches!(&entry.subject, Subject::Registry { account: known } if *known == account);
            file.set_helper(&key, None);
            let advice = format!("portolan registry login {account}");
            let stored = entries
                .iter()
                .find(is_meant)
                .and_then(|entry| self.ask(entry, &format!("the login to {account}"), &advice));
            if let Some(stored) = stored {
                file.set(&key, &stored);
            }
        }
        Ok(Some(file.render().into_bytes().into()))
    }

    fn ask(&mut self, entry: &Entry, what: &str, advice: &str) -> Option<Stored> {
        let answer = match self.stores.get(entry) {
            Ok(answer) => answer,
            Err(error) => {
                self.ui
                    .warning(format!("The command does without {what}: {error}"));
                return None;
            }
        };
        if !answer.complaint.is_empty() {
            self.ui.warning(answer.complaint);
        }
        match answer.stored {
            Some(stored) => {
                self.secrets.push(stored.secret().clone());
                Some(stored)
            }
            None => {
                let place = entry.describe();
                self.ui.warning(format!(
                    "The command does without {what}: {place}, gone here. To log in again:\n  {advice}"
                ));
                None
            }
        }
    }
}
