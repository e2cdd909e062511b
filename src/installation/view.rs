//! What other programs get of an installation: the answers of the library, fit for JSON. Asks no server and changes nothing.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use super::{Installation, InstallationError, lookup};
use crate::config::document::Document;
use crate::config::effective::{Effective, Remote};
use crate::config::layer::{CHOICE, Layer, Layers};
use crate::config::store::LayerFile;
use crate::credentials::helper::{Helper, HelperName};
use crate::credentials::look_up::{FoundLogin, LoginOutcome, SentLogin, SentSecret, Source};
use crate::name::RemoteName;
use crate::resolve::{ImageAnswer, ImageQuestion, RegistryLogin};
use crate::secret::{Secret, Stored};
use crate::uri::Image;

/// What the system's file and the user's amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EffectiveView {
    /// The remote that is used when none is named.
    pub active: Option<String>,
    /// In byte order of their names.
    pub remotes: Vec<RemoteView<'static>>,
}

/// A remote endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RemoteView<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// Host, port and path, without a scheme; empty when the file has none.
    pub uri: Cow<'a, str>,
    /// Whether it is used when no remote is named.
    pub active: bool,
    /// Whether it is defined for all users.
    pub global: bool,
    /// Whether the system's policy allows no other.
    pub exclusive: bool,
    /// Whether it is reached over plain http.
    pub insecure: bool,
}

/// The login that the runtime sends to the registry of an image. `Debug` and `Serialize` leave the secret out.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImageCredential {
    /// The registry's host and port.
    pub registry: String,
    /// `password`, `identity-token` (the registry exchanges it for another) or `registry-token` (sent as it is).
    pub kind: &'static str,
    /// Empty for a token without a user.
    pub user: String,
    /// The file, the variable or the credential helper that has it.
    pub source: String,
    #[serde(skip)]
    secret: Secret,
}

impl ImageCredential {
    /// The secret itself.
    pub fn expose_secret(&self) -> &str {
        self.secret.expose()
    }

    fn sent(registry: &str, login: &SentLogin, source: String) -> Option<Self> {
        let sent = login.secret();
        let (SentSecret::IdentityToken(secret)
        | SentSecret::RegistryToken(secret)
        | SentSecret::Password(secret)) = sent;
        if secret.is_empty() {
            return None;
        }
        Some(Self {
            registry: registry.to_owned(),
            kind: sent.kind(),
            user: login.user.clone(),
            source,
            secret: secret.clone(),
        })
    }

    fn stored(registry: &str, stored: &Stored, helper: &HelperName) -> Self {
        let (kind, user) = match stored {
            Stored::Password { user, .. } => ("password", user),
            Stored::IdentityToken { user, .. } => ("identity-token", user),
        };
        Self {
            registry: registry.to_owned(),
            kind,
            user: user.clone(),
            source: helper.program(),
            secret: stored.secret().clone(),
        }
    }
}

impl fmt::Debug for ImageCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ImageCredential")
            .field("registry", &self.registry)
            .field("kind", &self.kind)
            .field("user", &self.user)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<'a> RemoteView<'a> {
    pub(crate) fn all(effective: &Effective<'a>) -> Vec<Self> {
        let active = effective.active_name().map(|active| &active.name);
        let view = |remote: &Remote<'a>| RemoteView {
            name: remote.name.as_str().into(),
            uri: remote.uri().into(),
            active: active == Some(remote.name),
            global: remote.is_global(),
            exclusive: remote.exclusive,
            insecure: remote.is_insecure(),
        };
        effective.remotes().map(view).collect()
    }

    fn into_owned(self) -> RemoteView<'static> {
        RemoteView {
            name: self.name.into_owned().into(),
            uri: self.uri.into_owned().into(),
            ..self
        }
    }
}

impl Installation {
    /// The remotes of this user. Asks no server and creates nothing.
    ///
    /// # Errors
    /// When a file that exists can't be read, or is no remote.yaml.
    pub fn effective(&self) -> Result<EffectiveView, InstallationError> {
        let system = LayerFile::system(&self.paths.system, Document::default()).read()?;
        let layers = Layers {
            system: system.unwrap_or_else(|| Layer::built_in(&self.command)),
            user: LayerFile::user(&self.paths.user).read()?,
            chosen: self.chosen(),
            elsewhere: Ok(Vec::new()),
            keyservers_elsewhere: Vec::new(),
        };
        let effective = layers.merge();
        let active = effective.active_name();
        let remotes = RemoteView::all(&effective).into_iter();
        Ok(EffectiveView {
            active: active.map(|active| active.name.as_str().to_owned()),
            remotes: remotes.map(RemoteView::into_owned).collect(),
        })
    }

    /// The login that the runtime sends for an image in a registry (`docker://HOST/PATH`, `oras://HOST/PATH`) when it asks
    /// the registry itself; `None` when it sends none. Runs the credential helpers that the runtime would run, asks no
    /// server, and creates nothing.
    ///
    /// # Errors
    /// When the text is no image in a registry, the runtime would fail before it asks, or a helper fails.
    pub fn credential_for(
        &self,
        image: &str,
    ) -> Result<Option<ImageCredential>, InstallationError> {
        let Image::Registry(image) = Image::parse(image)? else {
            return Err(InstallationError::NoRegistry(image.to_owned()));
        };
        let setup = lookup::setup(None, self);
        let question = ImageQuestion::of(&image);
        let mut answer = ImageAnswer::of(&self.runtime, &question, &setup);
        let Some(registry) = answer.registries.pop() else {
            return Err(InstallationError::Refused(
                answer.failure.unwrap_or_default(),
            ));
        };
        let host = &registry.host;
        let found = match registry.login {
            RegistryLogin::Variables(pair) => {
                let variables = pair.variables.join(", ");
                return Ok(ImageCredential::sent(host, &pair.login, variables));
            }
            RegistryLogin::Found(found) => found,
        };
        for call in &found.calls {
            let Some(name) = HelperName::parse(&call.helper) else {
                continue;
            };
            let helper = Helper::new(name.clone(), self.helper_environment());
            if let Some(stored) = helper.get(&call.key)? {
                return Ok(Some(ImageCredential::stored(host, &stored, &name)));
            }
        }
        let source = source(&found);
        match found.outcome {
            LoginOutcome::Anonymous => Ok(None),
            LoginOutcome::Login(login) => Ok(ImageCredential::sent(host, &login, source)),
            LoginOutcome::Fails(reason) => Err(InstallationError::Refused(reason)),
            LoginOutcome::OneOf(_) => Err(InstallationError::Refused(format!(
                "{source} has several logins for {host}, of which the runtime takes any"
            ))),
        }
    }

    /// The remote that the environment chooses as the active one.
    pub(crate) fn chosen(&self) -> Option<RemoteName> {
        let name = self.environment.get(CHOICE)?;
        Some(RemoteName::found(name.to_string_lossy()))
    }
}

fn source(found: &FoundLogin) -> String {
    match &found.source {
        Some(Source::File { path, .. }) => path.display().to_string(),
        Some(Source::Variable { .. }) => "DOCKER_AUTH_CONFIG".to_owned(),
        None => String::new(),
    }
}
