//! Logouts from keyservers and registries. Asks no server. D13 and D18 of docs/compatibility.md.

use std::convert::Infallible;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::cli::args::AuthfileOption;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::logins::{LoggedOut, SecretPlace};
use crate::cli::target::TargetError;
use crate::cli::ui::Ui;
use crate::cli::{args, files, logins, migration, secrets, view};
use crate::config::change;
use crate::config::document::LoginEntry;
use crate::config::effective::Effective;
use crate::config::layer::Scope;
use crate::credentials::look_up::{Accounts, LoginOutcome, Logins, Source};
use crate::installation::lookup;
use crate::name::RemoteName;
use crate::runtime::Runtime;
use crate::stores::Store;
use crate::uri::{KeyserverUri, RegistryUri};

/// Removes what is stored for a word that is no remote. A registry that nobody is logged in to is an error here, as it was
/// before it had a group of its own.
pub(crate) fn run(
    word: &str,
    effective: &Effective<'_>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    match Word::of(word)? {
        Word::Registry(uri) => {
            let done = log_out_of(&uri, None, context, ui)?;
            if done.is_nothing() {
                return Err(anyhow!("not logged in")
                    .advise_person("To see the logins:\n  portolan registry list")
                    .context("while verifying token"));
            }
            if let Some(remains) = what_remains(&uri, &done, None, context, ui) {
                ui.warning(remains.to_string());
            }
            Ok(())
        }
        Word::Keyserver => forget_keyserver(word, context, ui).map(|_| ()),
        // A bare host is a keyserver where there is a login for it.
        Word::Bare => {
            match forget_keyserver(word, context, ui)? {
                true => Ok(()),
                false => Err(TargetError::NotRemote(RemoteName::found(word))
                    .explain(effective, &context.typed)),
            }
        }
    }
}

enum Word {
    Registry(RegistryUri),
    Keyserver,
    Bare,
}

impl Word {
    fn of(word: &str) -> anyhow::Result<Self> {
        match word
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase())
            .as_deref()
        {
            Some("docker" | "oras") => RegistryUri::found(word)
                .map(Self::Registry)
                .context("while verifying token"),
            Some("http" | "https" | "hkp" | "hkps") => Ok(Self::Keyserver),
            Some(scheme) => Err(anyhow!(
                "while verifying token: {scheme} transport is not supported"
            )),
            None if word.is_empty() => Err(anyhow!(
                "while verifying token:  transport is not supported"
            )),
            None => Ok(Self::Bare),
        }
    }
}

fn forget_keyserver(word: &str, context: &Context, ui: &mut Ui) -> anyhow::Result<bool> {
    let was_elsewhere = secrets::remove_keyserver(word, context, ui)?;
    let was_in_file = files::edit(Scope::User, context, ui, |document| {
        let is_meant = |login: &LoginEntry| {
            RegistryUri::found(&login.uri).is_err() && KeyserverUri::are_same(&login.uri, word)
        };
        Ok::<_, Infallible>(change::remove_logins(document, is_meant))
    })?;
    Ok(was_elsewhere || was_in_file)
}

fn log_out_of(
    uri: &RegistryUri,
    authfile: Option<&Path>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<LoggedOut> {
    let store = logins::store(authfile, context);
    let done = logins::log_out(&store, uri, context, ui).context("while verifying token")?;
    for place in &done.removed {
        ui.info(match place {
            SecretPlace::Store(entry) if matches!(entry.store, Store::Command(_)) => {
                format!("{place} is not run for it any more")
            }
            _ => format!("Token removed from {place}"),
        });
        if matches!(place, SecretPlace::File(path) if *path == logins::docker_file(context)) {
            ui.info("It is Docker's own file: docker is logged out there, too.");
        }
    }
    if let Some((other, place)) = &done.shared {
        ui.warning(format!(
            "{uri} still gets the login that {place} has for {other}. To remove it:\n  portolan registry logout {other}"
        ));
    }
    Ok(done)
}

/// The login that the newest version still finds: in a variable, or in a file that other programs write. One that only other
/// versions find is a warning.
fn what_remains(
    uri: &RegistryUri,
    done: &LoggedOut,
    authfile: Option<&Path>,
    context: &Context,
    ui: &mut Ui,
) -> Option<anyhow::Error> {
    if done.shared.is_some() {
        return None;
    }
    let newest = Runtime::newest(&context.command);
    if let Some(pair) = lookup::pair(&newest, context) {
        let names = pair.variables.join(" ");
        let remains = anyhow!("{newest} still logs in to {uri}, by the variables {names}");
        return Some(remains.advise(format!("To log out:\n  unset {names}")));
    }
    let logins = lookup::logins(authfile, context);
    match remaining(uri, &newest, &logins) {
        Some(Source::Variable { key }) => {
            let remains = anyhow!("{newest} still has a login for {key}, in DOCKER_AUTH_CONFIG");
            return Some(remains.advise("To log out:\n  unset DOCKER_AUTH_CONFIG"));
        }
        Some(Source::File { path, keys }) => {
            return Some(anyhow!(
                "{newest} still has a login for {}, in {}",
                keys.join(", "),
                path.display()
            ));
        }
        None => {}
    }
    let of_versions = newest.grouped(|version| match remaining(uri, version, &logins) {
        Some(Source::File { path, .. }) => Some(path),
        _ => None,
    });
    for (range, path) in of_versions {
        if let Some(path) = path {
            ui.warning(format!(
                "{} still has a login, which {} {range} uses",
                path.display(),
                newest.product()
            ));
        }
    }
    None
}

fn remaining(uri: &RegistryUri, runtime: &Runtime, logins: &Logins<'_>) -> Option<Source> {
    let accounts = Accounts::read(logins, runtime);
    let found = accounts.login(&uri.account(), uri.scheme())?;
    let has_one = matches!(
        found.outcome,
        LoginOutcome::Login(_) | LoginOutcome::OneOf(_)
    );
    found.source.filter(|_| has_one)
}

/// Logs out in a group that takes every scheme. What does not exist is a warning.
fn run_in_group(
    word: &str,
    authfile: Option<&Path>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    migration::migrate(context, ui)?;
    let layers = view::load_files(context)?;
    match Word::of(word)? {
        Word::Registry(uri) => {
            let done = log_out_of(&uri, authfile, context, ui)?;
            if done.removed.is_empty() && done.shared.is_none() {
                let registry = format!("{}{}", uri.host(), uri.path());
                ui.warning(format!(
                    "There is no existing login to registry \"{registry}\"."
                ));
            }
            if let Some(remains) = what_remains(&uri, &done, authfile, context, ui) {
                return Err(remains);
            }
        }
        Word::Keyserver | Word::Bare => run(word, &layers.merge(), context, ui)?,
    }
    ui.info("Logout succeeded");
    Ok(Outcome::Done)
}

/// Log out of a keyserver
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver logout https://keys.example.com
  portolan keyserver logout keys.example.com")]
pub(crate) struct KeyserverLogoutArgs {
    /// The keyserver: https://HOST, or a bare host
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run_for_keyserver(
    args: &KeyserverLogoutArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    run_in_group(&args.uri, None, context, ui)
}

/// Log out of an OCI registry
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry logout docker.io
  portolan registry logout oras://ghcr.io")]
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
    let authfile = args.authfile.path(context, ui);
    let word = args::with_registry_scheme(&args.uri);
    if RegistryUri::found(&word).is_err() {
        args.authfile.refuse_for_keyserver()?;
    }
    run_in_group(&word, authfile.as_deref(), context, ui)
}
