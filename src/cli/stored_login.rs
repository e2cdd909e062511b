//! Whether a login that is stored is still good, so that `--if-needed` asks for no other one. Changes nothing.

use anyhow::Context as _;

use crate::cli::context::Context;
use crate::cli::next_step::Peer;
use crate::cli::target::ConfiguredKeyserver;
use crate::cli::ui::Ui;
use crate::cli::{files, network, next_step, secrets};
use crate::config::effective::Remote;
use crate::config::layer::Scope;
use crate::credentials::CredentialStore;
use crate::secret::{Secret, Stored};
use crate::service::http::{Authorization, Client};
use crate::service::keyserver::KeyserverRequestError;
use crate::service::registry::certificates;
use crate::service::registry::login::{LoginToCheck, TlsPolicy, check};
use crate::service::{keyserver, token};
use crate::stores::Subject;
use crate::uri::{KeyserverUri, RegistryUri};

pub(crate) const GOOD: &str = "The stored login is good, and nothing was changed";

/// Whether the endpoint accepts the token that is stored for a remote.
///
/// # Errors
/// When nobody can tell.
pub(crate) fn of_remote(
    remote: &Remote<'_>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<bool> {
    match secrets::token(remote, context, ui) {
        Ok(Some(token)) => accepts(&token, remote, context),
        _ => Ok(false),
    }
}

/// Whether the endpoint accepts a token.
///
/// # Errors
/// When nobody can tell.
pub(crate) fn accepts(
    token: &Secret,
    remote: &Remote<'_>,
    context: &Context,
) -> anyhow::Result<bool> {
    if token::expiry(token).is_some_and(|expiry| expiry <= context.now) {
        return Ok(false);
    }
    let endpoint = network::endpoint(remote)?;
    let client = network::client(context);
    let verified = network::discover(&client, &endpoint, context)
        .map_err(anyhow::Error::from)
        .and_then(
            |discovery| match token::verify(&client, &endpoint, &discovery, token) {
                Err(error) if error.is_invalid() => Ok(false),
                verified => Ok(verified.map(|()| true)?),
            },
        );
    verified.map_err(|error| {
        next_step::explain(error, Peer::Endpoint(remote)).context("while verifying token")
    })
}

/// Whether a registry accepts what is stored for it, where that is the login of `user`. One that lets everybody in accepts it.
///
/// # Errors
/// When nobody can tell.
pub(crate) fn of_registry(
    uri: &RegistryUri,
    user: Option<&str>,
    tls_policy: TlsPolicy,
    store: &CredentialStore,
    context: &Context,
) -> anyhow::Result<bool> {
    let subject = secrets::registry_subject(uri);
    let stored = match secrets::stored(|known| known.is_same(&subject), context)? {
        Some(stored) => Some(stored),
        None => store.get(&uri.storage_key())?,
    };
    let Some(stored) = stored.filter(|stored| user.is_none_or(|user| user == stored.user())) else {
        return Ok(false);
    };
    let user = stored.user().to_owned();
    let directories = network::certificate_directories(context);
    let options = certificates::apply(network::options(context), &directories, uri)?;
    match check(&options, tls_policy, uri, &LoginToCheck::Exchanged(stored)) {
        Ok(_) => Ok(true),
        Err(error) if error.is_about_login() => Ok(false),
        Err(error) => Err(next_step::explain(
            error.into(),
            Peer::Registry { uri, user: &user },
        )),
    }
}

/// Whether a keyserver accepts what is stored for it, where that is the login of `user`.
///
/// # Errors
/// When nobody can tell.
pub(crate) fn of_keyserver(
    keyserver: &ConfiguredKeyserver<'_>,
    user: Option<&str>,
    client: &Client,
    context: &Context,
) -> anyhow::Result<bool> {
    let typed = keyserver.typed;
    let document = files::read(Scope::User, context)?;
    let is_meant = |uri: &str| KeyserverUri::are_same(uri, keyserver.configured);
    let mut rows = document.logins().iter();
    let in_file = rows
        .find(|row| is_meant(&row.uri))
        .and_then(|row| Stored::of_authorization(&row.auth));
    let stored = match in_file {
        Some(stored) => Some(stored),
        None => secrets::stored(
            |subject| matches!(subject, Subject::Keyserver { uri, .. } if is_meant(uri)),
            context,
        )?,
    };
    let authorization = match stored {
        Some(Stored::Password { user, password }) => Authorization::Basic { user, password },
        Some(Stored::IdentityToken { token, .. }) => Authorization::Bearer(token),
        None => return Ok(false),
    };
    let is_users = match &authorization {
        Authorization::Basic { user: stored, .. } => user.is_none_or(|user| user == stored),
        Authorization::Bearer(_) => user.is_none(),
    };
    match keyserver::login(client, typed, &authorization) {
        Ok(_) => Ok(is_users),
        Err(KeyserverRequestError::Refused { .. }) => Ok(false),
        Err(error) => Err(next_step::explain(error.into(), Peer::Keyserver(typed)))
            .with_context(|| format!("while login to {typed}")),
    }
}
