//! Logouts from keyservers and registries. Asks no server. D13 and D18 of docs/compatibility.md.

use std::convert::Infallible;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::cli::args::AuthfileOption;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::target::TargetError;
use crate::cli::ui::Ui;
use crate::cli::{args, files, keychain, migration, target, view};
use crate::config::change;
use crate::config::document::LoginEntry;
use crate::config::effective::Effective;
use crate::config::layer::Scope;
use crate::name::RemoteName;
use crate::uri::{KeyserverUri, RegistryUri};

/// Drops what is stored for a word that is no remote.
pub(crate) fn run(
    word: &str,
    effective: &Effective<'_>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    match word
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase())
        .as_deref()
    {
        Some("docker" | "oras") => {
            let uri = RegistryUri::found(word).context("while verifying token")?;
            forget_registry(&uri, effective, None, context, ui).context("while verifying token")
        }
        Some("http" | "https" | "hkp" | "hkps") => forget_keyserver(word, context, ui).map(|_| ()),
        Some(scheme) => Err(anyhow!(
            "while verifying token: {scheme} transport is not supported"
        )),
        // A bare host is a keyserver where there is a login for it.
        None => match forget_keyserver(word, context, ui)? {
            true => Ok(()),
            false => Err(TargetError::NotRemote(RemoteName::found(word)).explain(effective)),
        },
    }
}

/// Drops the logins to a keyserver, however it is written; says whether there were any.
fn forget_keyserver(word: &str, context: &Context, ui: &mut Ui) -> anyhow::Result<bool> {
    files::edit(Scope::User, context, ui, |document| {
        let is_meant = |login: &LoginEntry| {
            RegistryUri::found(&login.uri).is_err() && KeyserverUri::are_same(&login.uri, word)
        };
        Ok::<_, Infallible>(change::remove_logins(document, is_meant))
    })
}

/// Drops the login to a registry. Its secret goes with the last login that shares it, before the row does.
fn forget_registry(
    uri: &RegistryUri,
    effective: &Effective<'_>,
    authfile: Option<&Path>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let keychain = keychain::open(authfile, context);
    let key = uri.storage_key();
    let is_held = keychain.read()?.holds(&key);
    let has_row = effective
        .logins()
        .iter()
        .any(|login| keychain::is_row_of(login, uri));
    if !is_held && (!has_row || authfile.is_some()) {
        return Err(anyhow!("not logged in"));
    }
    let shares = |login: &LoginEntry| keychain::shares_secret(login, uri);
    let is_shared = authfile.is_none() && effective.logins().iter().any(shares);
    if is_held && !is_shared {
        keychain::forget(&keychain, &key, ui)?;
    }
    if authfile.is_some() {
        return Ok(());
    }
    let held = keychain::held(&keychain)?;
    let is_dead = |login: &LoginEntry| {
        held.as_ref()
            .is_some_and(|held| keychain::is_dead(login, held))
    };
    let still_shared = files::edit(Scope::User, context, ui, |document| {
        let goes = |login: &LoginEntry| keychain::is_row_of(login, uri) || is_dead(login);
        change::remove_logins(document, goes);
        Ok::<_, Infallible>(document.logins().iter().any(shares))
    })?;
    // The one that shared it may have been logged out at the same time: then neither has erased the secret yet.
    if is_shared && !still_shared {
        keychain::forget(&keychain, &key, ui)?;
    }
    Ok(())
}

/// Log out of a keyserver
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver logout https://keys.example.com
  portolan keyserver logout keys.example.com")]
pub(crate) struct KeyserverLogoutArgs {
    /// The keyserver
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run_for_keyserver(
    args: &KeyserverLogoutArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    migration::migrate(context, ui)?;
    target::refuse_registry(&args.uri, "logout")?;
    let layers = view::load_files(context)?;
    run(&args.uri, &layers.merge(), context, ui)?;
    ui.info("Logout succeeded");
    Ok(Outcome::Done)
}

/// Log out of an OCI registry
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry logout docker.io
  portolan registry logout oras://ghcr.io/team")]
pub(crate) struct RegistryLogoutArgs {
    #[command(flatten)]
    authfile: AuthfileOption,
    /// The registry: HOST[:PORT][/PATH], with or without docker:// or oras://
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run_for_registry(
    args: &RegistryLogoutArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    migration::migrate(context, ui)?;
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    let authfile = args.authfile.path(context, ui);
    let uri = RegistryUri::found(&args::with_registry_scheme(&args.uri))
        .context("while verifying token")?;
    forget_registry(&uri, &effective, authfile.as_deref(), context, ui)
        .context("while verifying token")?;
    ui.info("Logout succeeded");
    Ok(Outcome::Done)
}
