//! The stores for secrets as the commands see them.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;

use crate::cli::args::StoreOption;
use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::ui::Ui;
use crate::config::change;
use crate::config::change::NewAddress;
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{Elsewhere, Layer, LayerKind, Layers, Remote, Token};
use crate::config::yaml::LineNumbers;
use crate::name::RemoteName;
use crate::secret::{Secret, Stored};
use crate::stores::{
    Entry, KeyringError, RuleError, State, Store, Stores, StoresError, Subject, rules,
};
use crate::uri::KeyserverUri;

pub(crate) fn stores(context: &Context) -> Stores {
    Stores {
        product: context.command.name().to_owned(),
        record: context.paths.stores(),
        rules: rules::file(context.paths.sysconfdir()),
        environment: context.helper_environment(),
    }
}

/// Adds what the stores have to the layers, for a look at them; no helper and no command is asked. A record that may not be
/// read adds nothing but the reason.
pub(crate) fn add_to(layers: &mut Layers, context: &Context) -> anyhow::Result<()> {
    let stores = stores(context);
    let entries = match stores.entries(&context.paths.user) {
        Err(error) if error.kind() == Some(ErrorKind::PermissionDenied) => {
            layers.elsewhere = Err(format!("{:#}", anyhow!(error)));
            return Ok(());
        }
        read => read?,
    };
    layers.elsewhere = Ok(tokens(&entries, &stores));
    for entry in entries {
        if let Subject::Keyserver { uri, insecure } = entry.subject {
            let user = layers.user.get_or_insert_with(|| Layer {
                kind: LayerKind::User,
                path: Some(context.paths.user.clone()),
                document: Document::default(),
                lines: LineNumbers::default(),
            });
            user.document.show_login(LoginEntry {
                uri,
                auth: Secret::default(),
                insecure,
            });
        }
    }
    Ok(())
}

pub(crate) fn all_tokens(context: &Context) -> Vec<Elsewhere> {
    let stores = stores(context);
    let entries = stores.entries(&context.paths.user).unwrap_or_default();
    tokens(&entries, &stores)
}

fn tokens(entries: &[Entry], stores: &Stores) -> Vec<Elsewhere> {
    let token = |entry: &Entry| match &entry.subject {
        Subject::Remote { name, uri, .. } => Some(Elsewhere {
            name: RemoteName::found(name),
            uri: uri.clone(),
            place: entry.describe().trim_start_matches("stored ").to_owned(),
            is_gone: stores.state(entry) == State::Gone,
        }),
        _ => None,
    };
    entries.iter().filter_map(token).collect()
}

pub(crate) fn gone(token: &Elsewhere) -> String {
    format!(
        "The token for {name} was {}, gone here. To log in again:\n  portolan remote login {}",
        token.place,
        token.name.word(),
        name = token.name,
    )
}

pub(crate) fn token(
    remote: &Remote<'_>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Option<Secret>> {
    let (token, complaint) = token_and_complaint(remote, context)?;
    if let Some(complaint) = complaint {
        ui.warning(complaint);
    }
    Ok(token)
}

/// As [`token`]; what a command wrote to its standard error is the second value.
pub(crate) fn token_and_complaint(
    remote: &Remote<'_>,
    context: &Context,
) -> anyhow::Result<(Option<Secret>, Option<String>)> {
    let elsewhere = match remote.token {
        Token::Stored(token) => return Ok((Some(token.clone()), None)),
        Token::None | Token::Moved { .. } => return Ok((None, None)),
        Token::Elsewhere(elsewhere) => elsewhere,
    };
    let stores = stores(context);
    let is_meant = |subject: &Subject| matches!(subject, Subject::Remote { name, .. } if name == remote.name.as_str());
    let entries = stores.entries(&context.paths.user)?;
    let entry = entries.iter().find(|entry| is_meant(&entry.subject));
    let answer = entry.map(|entry| stores.get(entry)).transpose()?;
    let complaint = answer
        .as_ref()
        .map(|answer| answer.complaint.clone())
        .filter(|complaint| !complaint.is_empty());
    match answer.and_then(|answer| answer.stored) {
        Some(stored) => Ok((Some(stored.secret().clone()), complaint)),
        None => Err(anyhow!("the token for {} is gone", remote.name).advise(gone(elsewhere))),
    }
}

pub(crate) fn choose(asked: &StoreOption, context: &Context) -> anyhow::Result<Store> {
    let stores = stores(context);
    let chosen = stores
        .read_rules()?
        .choose(asked.store.clone(), &stores.rules);
    let chosen = chosen.map_err(|error| match error {
        RuleError::NoFiles { .. } => error.advise("For your own keyring: --store keyring"),
        RuleError::Broken { .. } => error.into(),
    })?;
    if asked.timeout.is_some() && chosen != Store::Keyring {
        return Err(anyhow!("--timeout is for --store keyring"));
    }
    Ok(chosen)
}

/// Refuses a secret that is given beside the one that the command of the store prints.
///
/// # Errors
/// When there is one.
pub(crate) fn refuse_second(is_given: bool) -> anyhow::Result<()> {
    match is_given {
        true => Err(anyhow!(
            "--store command: prints the secret, and another one is given"
        )),
        false => Ok(()),
    }
}

/// Puts a secret into its store, or removes it from all where a file has it from now on; says where it is.
pub(crate) fn put(
    file: &Path,
    subject: Subject,
    (store, timeout): (Store, Option<Duration>),
    stored: &Stored,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let stores = stores(context);
    let placed = stores.put(file, subject, store, stored, timeout);
    let placed = placed.map_err(|error| explain(error, &stores))?;
    placed
        .warnings
        .iter()
        .for_each(|warning| ui.warning(warning));
    Ok(placed.place)
}

/// Removes a secret from the store that has it; says whether one had.
pub(crate) fn remove(
    file: &Path,
    subject: &Subject,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<bool> {
    let (was_there, warnings) = stores(context).remove(file, subject)?;
    warnings.iter().for_each(|warning| ui.warning(warning));
    Ok(was_there)
}

/// Removes the logins to a keyserver, however it is written, from their stores; says whether there were any.
pub(crate) fn remove_keyserver(word: &str, context: &Context, ui: &mut Ui) -> anyhow::Result<bool> {
    let file = &context.paths.user;
    let mut was_there = false;
    for entry in stores(context).entries(file)? {
        if let Subject::Keyserver { uri, .. } = &entry.subject
            && KeyserverUri::are_same(uri, word)
        {
            was_there |= remove(file, &entry.subject, context, ui)?;
        }
    }
    Ok(was_there)
}

pub(crate) fn rename(
    old: &RemoteName,
    new: &RemoteName,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let to_new = |uri: &str, insecure| subject(new, uri, insecure);
    carry(old, to_new, context, ui).map(|_| ())
}

/// Lets a token in a store follow its remote to another address of the same server. Another server does not get it: it is
/// removed, and the address that it was for is given back.
pub(crate) fn readdress(
    name: &RemoteName,
    new: &NewAddress,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Option<String>> {
    let stores = stores(context);
    let Some((uri, insecure)) = recorded(&stores, name, context)? else {
        return Ok(None);
    };
    if change::keeps_token(&uri, new.uri.as_str()) {
        let at_new = |_: &str, _| subject(name, new.uri.as_str(), new.insecure);
        return carry(name, at_new, context, ui).map(|_| None);
    }
    remove(
        &context.paths.user,
        &subject(name, &uri, insecure),
        context,
        ui,
    )?;
    Ok(Some(uri))
}

fn recorded(
    stores: &Stores,
    name: &RemoteName,
    context: &Context,
) -> anyhow::Result<Option<(String, bool)>> {
    let entries = stores.entries(&context.paths.user)?;
    Ok(entries.into_iter().find_map(|entry| match entry.subject {
        Subject::Remote {
            name: known,
            uri,
            insecure,
        } if known == name.as_str() => Some((uri, insecure)),
        _ => None,
    }))
}

fn carry(
    name: &RemoteName,
    to: impl Fn(&str, bool) -> Subject,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let stores = stores(context);
    if let Some((uri, insecure)) = recorded(&stores, name, context)? {
        let old = subject(name, &uri, insecure);
        let warnings = stores.carry(&context.paths.user, &old, &to(&uri, insecure))?;
        warnings.iter().for_each(|warning| ui.warning(warning));
    }
    Ok(())
}

pub(crate) fn print(
    line: &str,
    user: Option<&str>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Stored> {
    let answer = stores(context).run(line, user)?;
    if !answer.complaint.is_empty() {
        ui.warning(answer.complaint);
    }
    answer
        .stored
        .ok_or_else(|| anyhow!("`{line}` prints no secret"))
}

pub(crate) fn subject(name: &RemoteName, uri: &str, insecure: bool) -> Subject {
    Subject::Remote {
        name: name.to_string(),
        uri: uri.to_owned(),
        insecure,
    }
}

fn explain(error: StoresError, stores: &Stores) -> anyhow::Error {
    if !matches!(error, StoresError::Keyring(KeyringError::Full)) {
        return error.into();
    }
    let is_held =
        |entry: &Entry| entry.store == Store::Keyring && stores.state(entry) == State::Here;
    let entries = stores.all().unwrap_or_default();
    let logouts: Vec<String> = entries
        .iter()
        .filter(|entry| is_held(entry))
        .map(|entry| match &entry.subject {
            Subject::Remote { name, .. } => format!("portolan remote logout {name}"),
            Subject::Keyserver { uri, .. } => format!("portolan keyserver logout {uri}"),
            Subject::Registry { account } => format!("portolan registry logout {account}"),
        })
        .collect();
    if logouts.is_empty() {
        return error.advise("Other programs of yours fill it:\n  keyctl show @u");
    }
    error.advise(format!("To make room:\n  {}", logouts.join("\n  ")))
}
