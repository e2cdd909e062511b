//! The stores for secrets as the commands see them.

use std::env;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;

use crate::cli::args::StoreOption;
use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::login_in_store::{StoredLogin, named};
use crate::cli::ui::Ui;
use crate::config::change;
use crate::config::change::NewAddress;
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{
    Effective, Elsewhere, Layer, LayerKind, Layers, Note, Remote, Token,
};
use crate::config::yaml::LineNumbers;
use crate::credentials::helper::{Helper, HelperName, HelperTask, OWN_HELPER};
use crate::credentials::{CredentialError, CredentialStore, StoreFiles};
use crate::name::RemoteName;
use crate::secret::{Secret, Stored};
use crate::stores::{
    Entry, KeyringError, RuleError, State, Store, Stores, StoresError, Subject, rules,
};
use crate::text::ShellWord;
use crate::uri::{KeyserverUri, RegistryUri};

pub(crate) fn stores(context: &Context) -> Stores {
    Stores {
        product: context.command.name().to_owned(),
        record: context.paths.stores(),
        rules: rules::file(context.paths.sysconfdir()),
        environment: context.helper_environment(),
    }
}

pub(crate) fn stored_logins(context: &Context) -> Vec<StoredLogin> {
    let stores = stores(context);
    let logins = own_entries(&stores, context).unwrap_or_default();
    let logins = logins.iter().map(|entry| StoredLogin::new(entry, &stores));
    logins.collect()
}

fn own_entries<'a>(stores: &Stores, context: &'a Context) -> Result<&'a [Entry], StoresError> {
    if let Some(entries) = context.in_stores.get() {
        return Ok(entries);
    }
    let entries = stores.entries(&[&context.paths.user, &context.paths.docker_config])?;
    Ok(context.in_stores.get_or_init(|| entries))
}

/// Warns of logins that a keyring has no more, of those of remotes as far as they would be used, and of a record that this
/// user may not read.
pub(crate) fn warn(effective: &Effective<'_>, context: &Context, ui: &mut Ui) {
    for note in effective.notes() {
        if let Note::StoresUnknown(reason) = note {
            ui.warning(format!("What the stores have is not known: {reason}"));
        }
    }
    for login in stored_logins(context) {
        let is_used = login.remote().is_none_or(|name| {
            let remote = effective.remote(&name);
            remote.is_some_and(|remote| matches!(remote.token, Token::Elsewhere(_)))
        });
        if login.gone && is_used {
            ui.warning(login.gone());
        }
    }
}

/// Adds what the stores have to the layers, for a look at them; no helper and no command is asked. A record that may not be
/// read adds nothing, which [`warn`] says.
pub(crate) fn add_to(layers: &mut Layers, context: &Context) -> anyhow::Result<()> {
    let stores = stores(context);
    let entries = match own_entries(&stores, context) {
        Err(error) if error.kind() == Some(ErrorKind::PermissionDenied) => {
            layers.elsewhere = Err(format!("{:#}", anyhow!(error)));
            return Ok(());
        }
        read => read?,
    };
    layers.elsewhere = Ok(tokens(entries, &stores));
    for entry in entries {
        let place = entry.place();
        if stores.state(entry) == State::Here
            && let Subject::Keyserver { uri, insecure } = &entry.subject
        {
            let user = layers.user.get_or_insert_with(|| Layer {
                kind: LayerKind::User,
                path: Some(context.paths.user.clone()),
                document: Document::default(),
                lines: LineNumbers::default(),
            });
            layers.keyservers_elsewhere.push((uri.clone(), place));
            user.document.show_login(LoginEntry {
                uri: uri.clone(),
                auth: Secret::default(),
                insecure: *insecure,
            });
        }
    }
    Ok(())
}

pub(crate) fn all_tokens(context: &Context) -> Vec<Elsewhere> {
    let stores = stores(context);
    let entries = own_entries(&stores, context).unwrap_or_default();
    tokens(entries, &stores)
}

fn tokens(entries: &[Entry], stores: &Stores) -> Vec<Elsewhere> {
    let token = |entry: &Entry| match &entry.subject {
        Subject::Remote { name, uri, .. } => Some(Elsewhere {
            name: RemoteName::found(name),
            uri: uri.clone(),
            place: entry.place(),
            is_gone: stores.state(entry) == State::Gone,
        }),
        _ => None,
    };
    entries.iter().filter_map(token).collect()
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

pub(crate) fn token_and_complaint(
    remote: &Remote<'_>,
    context: &Context,
) -> anyhow::Result<(Option<Secret>, Option<String>)> {
    match remote.token {
        Token::Stored(token) => return Ok((Some(token.clone()), None)),
        Token::None | Token::Moved { .. } => return Ok((None, None)),
        Token::Elsewhere(_) => {}
    }
    let stores = stores(context);
    let is_meant = |subject: &Subject| matches!(subject, Subject::Remote { name, .. } if name == remote.name.as_str());
    let entries = stores.entries(&[&context.paths.user])?;
    let entry = entries.iter().find(|entry| is_meant(&entry.subject));
    let answer = entry.map(|entry| stores.get(entry)).transpose()?;
    let complaint = answer
        .as_ref()
        .map(|answer| answer.complaint.clone())
        .filter(|complaint| !complaint.is_empty());
    match (answer.and_then(|answer| answer.stored), entry) {
        (Some(stored), _) => Ok((Some(stored.secret().clone()), complaint)),
        (None, Some(entry)) => Err(anyhow!("the token for {} is gone", remote.name)
            .advise(StoredLogin::new(entry, &stores).gone())),
        (None, None) => Ok((None, None)),
    }
}

pub(crate) type StorePlace = (Store, Option<Duration>);

/// The store of a login, by the administrator's rules. A program that it needs must be on PATH.
pub(crate) fn choose(asked: &StoreOption, context: &Context) -> anyhow::Result<StorePlace> {
    let stores = stores(context);
    let chosen = stores
        .read_rules()?
        .choose(asked.store.clone(), &stores.rules);
    let store = chosen.map_err(|error| match error {
        RuleError::NoFiles { .. } => error.advise("For your own keyring: --store keyring"),
        RuleError::Broken { .. } => error.into(),
    })?;
    check(store, asked, context)
}

/// Where a login to a registry puts its secret: by `--store`, by what the file says already, by the administrator's rules.
/// `None` for a helper of the file's that is none of these stores.
pub(crate) fn choose_for_registry(
    files: &CredentialStore,
    uri: &RegistryUri,
    asked: &StoreOption,
    context: &Context,
) -> anyhow::Result<Option<StorePlace>> {
    let found = files.read_for_change()?;
    let key = uri.storage_key();
    let is_named = matches!(files.files, StoreFiles::Named(_));
    let helper = found.helper_for(&key)?.map(|entry| entry.helper);
    let is_own = |helper: &HelperName| helper.to_string() == OWN_HELPER && !is_named;
    let place = match (&asked.store, helper) {
        (Some(store), _) if is_named && *store != Store::File => {
            return Err(anyhow!("--authfile names a file: --store {store} is none"));
        }
        (None, Some(helper)) if is_own(&helper) => {
            let stores = stores(context);
            let before = stores.registry(&uri.account())?;
            let store = stores.of_own_helper(before)?;
            check(store, asked, context)?
        }
        (None, Some(helper)) => {
            let helper = Helper::new(helper, context.helper_environment());
            helper
                .program(HelperTask::Store)
                .map_err(CredentialError::Store)?;
            return Ok(None);
        }
        (None, None) if is_named => {
            let asked = StoreOption {
                store: Some(Store::File),
                ..asked.clone()
            };
            choose(&asked, context)?
        }
        _ => choose(asked, context)?,
    };
    match place.0 {
        // Whatever the file names when the login is stored.
        Store::File if asked.store.is_none() => return Ok(None),
        Store::File => {
            let mut file = found.file.clone();
            file.drop_helpers(&key, |_| true);
            if let Some(helper) = file.helper_for(&key).ok().flatten() {
                return Err(anyhow!(
                    "{} gives the login to {}, not to the file",
                    found.path.display(),
                    helper.program()
                ));
            }
        }
        Store::Keyring | Store::Command(_) => {
            let program = HelperName::own().find(&context.helper_environment());
            program.ok_or_else(missing_helper)?;
        }
        Store::Helper(_) => {}
    }
    Ok(Some(place))
}

fn missing_helper() -> anyhow::Error {
    let program = env::current_exe().unwrap_or_else(|_| "portolan".into());
    anyhow!("docker-credential-portolan is not on PATH: nothing would find the login").advise(
        format!(
            "To put it there, where PATH has this directory:\n  ln -s {} ~/.local/bin/docker-credential-portolan",
            ShellWord(&program.to_string_lossy())
        ),
    )
}

fn check(store: Store, asked: &StoreOption, context: &Context) -> anyhow::Result<StorePlace> {
    if let Store::Helper(name) = &store {
        let helper = Helper::new(name.clone(), context.helper_environment());
        helper.program(HelperTask::Store)?;
    }
    if asked.timeout.is_some() && store != Store::Keyring {
        return Err(anyhow!("--timeout is for --store keyring"));
    }
    Ok((store, asked.timeout))
}

pub(crate) fn refuse_second(is_given: bool) -> anyhow::Result<()> {
    match is_given {
        true => Err(anyhow!(
            "--store command: prints the secret, and another one is given"
        )),
        false => Ok(()),
    }
}

pub(crate) fn put(
    file: &Path,
    subject: Subject,
    (store, timeout): StorePlace,
    stored: &Stored,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let stores = stores(context);
    let is_file = store == Store::File;
    let placed = stores.put(file, subject, store, stored, timeout);
    let placed = placed.map_err(|error| explain(error, &stores))?;
    ui.said.changed_elsewhere |= !is_file;
    placed
        .warnings
        .iter()
        .for_each(|warning| ui.warning(warning));
    Ok(placed.place)
}

pub(crate) fn remove(
    file: &Path,
    subject: &Subject,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<bool> {
    let (was_there, warnings) = stores(context).remove(file, subject)?;
    warnings.iter().for_each(|warning| ui.warning(warning));
    ui.said.changed_elsewhere |= was_there;
    Ok(was_there)
}

pub(crate) fn registry(uri: &RegistryUri, context: &Context) -> anyhow::Result<Option<Entry>> {
    let entries = stores(context).entries(&[&context.paths.docker_config])?;
    let meant = registry_subject(uri);
    let mut entries = entries.into_iter();
    Ok(entries.find(|entry| entry.subject.is_same(&meant)))
}

pub(crate) fn put_registry(
    uri: &RegistryUri,
    stored: &Stored,
    place: StorePlace,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let (file, subject) = (&context.paths.docker_config, registry_subject(uri));
    put(file, subject, place, stored, context, ui)
}

pub(crate) fn remove_registry(
    uri: &RegistryUri,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<bool> {
    remove(
        &context.paths.docker_config,
        &registry_subject(uri),
        context,
        ui,
    )
}

pub(crate) fn registry_subject(uri: &RegistryUri) -> Subject {
    Subject::Registry {
        account: uri.account().to_string(),
    }
}

/// Removes the logins to a keyserver, however it is written, from their stores; says whether there were any.
pub(crate) fn remove_keyserver(word: &str, context: &Context, ui: &mut Ui) -> anyhow::Result<bool> {
    let file = &context.paths.user;
    let mut was_there = false;
    for entry in stores(context).entries(&[file])? {
        if let Subject::Keyserver { uri, .. } = &entry.subject
            && KeyserverUri::are_same(uri, word)
        {
            was_there |= remove(file, &entry.subject, context, ui)?;
        }
    }
    Ok(was_there)
}

/// The secret that a store has for what is meant.
///
/// # Errors
/// When the record can't be read, or the store does not give it.
pub(crate) fn stored(
    is_meant: impl Fn(&Subject) -> bool,
    context: &Context,
) -> anyhow::Result<Option<Stored>> {
    let stores = stores(context);
    let entries = stores.entries(&[&context.paths.user, &context.paths.docker_config])?;
    match entries.iter().find(|entry| is_meant(&entry.subject)) {
        Some(entry) => Ok(stores.get(entry)?.stored),
        None => Ok(None),
    }
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
    let entries = stores.entries(&[&context.paths.user])?;
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
        .map(|entry| named(&entry.subject).1.replacen("login", "logout", 1))
        .map(|command| format!("portolan {command}"))
        .collect();
    if logouts.is_empty() {
        return error.advise("Other programs of yours fill it:\n  keyctl show @u");
    }
    error.advise(format!("To make room:\n  {}", logouts.join("\n  ")))
}
