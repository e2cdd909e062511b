//! From the files to the layers and back, with the words that a person sees on the way: warnings, refusals, advice.

use std::error::Error;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::ui::Ui;
use crate::cli::{keychain, migration};
use crate::config::change::ChangeError;
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{Effective, Layer, LayerKind, Layers, Located, Note};
use crate::config::layer::CHOICE;
use crate::config::paths::Paths;
use crate::config::policy;
use crate::config::store::{ReadError, Store, StoreError};
use crate::disk;
use crate::disk::DiskError;
use crate::name::RemoteName;
use crate::uri::RegistryUri;

pub(crate) use crate::cli::migration::migrate;

/// Apptainer's refusal where `--global` is not for this user.
pub(crate) const GLOBAL_REFUSAL: &str =
    "Unable to modify global endpoint configuration file: not root user";
/// Its refusal where `--exclusive` is not.
pub(crate) const EXCLUSIVE_REFUSAL: &str = "unable to set endpoint as exclusive: not root user";

/// The user's file.
pub(crate) fn user_store(context: &Context) -> Store {
    if context.paths.user_is_named {
        Store::named(&context.paths.user)
    } else {
        Store::user(&context.paths.user)
    }
}

/// The system's file; one that does not exist starts from the built-in layer (D1).
pub(crate) fn system_store(context: &Context) -> Store {
    Store::system(
        &context.paths.system,
        Layer::built_in(&context.command).document,
    )
}

/// The remote that the environment chooses as the active one.
pub(crate) fn choice(context: &Context) -> Option<RemoteName> {
    context
        .environment
        .get(CHOICE)
        .map(|name| RemoteName::found(name.to_string_lossy()))
}

/// Reads the layers of this run, with the environment's choice of the active remote; creates nothing.
///
/// # Errors
/// Those of [`load_files`], and when the environment chooses a remote that there is not.
pub(crate) fn load(context: &Context) -> anyhow::Result<Layers> {
    let layers = Layers {
        chosen: choice(context),
        ..load_files(context)?
    };
    if layers.chosen.is_some() {
        check_chosen(&layers.merge())?;
    }
    Ok(layers)
}

/// The layers for a command that was given a remote's name, which needs no active one, or none.
///
/// # Errors
/// Those of [`load`].
pub(crate) fn load_for(named: Option<&str>, context: &Context) -> anyhow::Result<Layers> {
    if named.is_some() {
        load_files(context)
    } else {
        load(context)
    }
}

/// As [`load`], for a command that needs no active remote, or the one that the files name.
///
/// # Errors
/// When a file that exists can't be read or parsed: a policy that can't be read is not taken for absent (D22).
pub(crate) fn load_files(context: &Context) -> anyhow::Result<Layers> {
    check_named_directory(context)?;
    let user = user_store(context).read()?;
    Ok(Layers {
        system: system(context)?,
        user,
        chosen: None,
    })
}

/// Refuses a file that `-c` names in a directory that there is not: nobody makes that, and a misspelt path is no empty file.
fn check_named_directory(context: &Context) -> anyhow::Result<()> {
    let Paths {
        user,
        user_is_named,
        ..
    } = &context.paths;
    let directory = user.parent().map(|directory| {
        if directory == Path::new("") {
            Path::new(".")
        } else {
            directory
        }
    });
    match directory.filter(|_| *user_is_named).map(Path::try_exists) {
        Some(Ok(false)) => Err(anyhow!(
            "while opening remote config file: open {}: no such file or directory",
            user.display()
        )),
        _ => Ok(()),
    }
}

/// Refuses, for a command that does something with the active remote, a choice that the policy forbids. What only shows
/// warns of it instead, by [`warn`].
///
/// # Errors
/// Apptainer's, and what made the choice.
pub(crate) fn check_choice(effective: &Effective<'_>) -> anyhow::Result<()> {
    policy::may_choose(effective).map_err(|refusal| {
        let advice = format!(
            "{CHOICE} names {}. Without it {} is used.",
            refusal.name, refusal.exclusive
        );
        refusal.advise(advice)
    })
}

fn check_chosen(effective: &Effective<'_>) -> anyhow::Result<()> {
    match effective.active_name() {
        Some(Located {
            value,
            layer: LayerKind::Environment,
        }) if effective.active().is_none() => {
            let known: Vec<String> = effective
                .remotes()
                .map(|remote| remote.name.to_string())
                .collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Err(ChangeError::NoSuchRemote(value.clone()).advise(format!(
                "{CHOICE} names it. Known remotes: {known}. To add it: portolan remote add {} <URI>.",
                value.word()
            )))
        }
        _ => Ok(()),
    }
}

/// Closes the user's own directory and file to others, in Apptainer's words (D2), with `-c` too; what that names is left alone.
///
/// # Errors
/// When the file is there but can't be opened or closed. Of one that can't even be looked at whoever reads it says so.
pub(crate) fn fix_modes(context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let is_hidden = |error: &DiskError| matches!(error, DiskError::Refused { action: "stat", .. });
    let directory = &context.paths.user_directory;
    if let Err(error) = disk::close_directory(directory, 0o700) {
        let what = if is_hidden(&error) {
            "Unable to retrieve information for"
        } else {
            "Couldn't enforce permission 0700 on"
        };
        ui.warning(format!(
            "{what} {}: {:#}",
            directory.display(),
            anyhow!(error)
        ));
    }
    let file = context.paths.own();
    let fixed = match disk::close_file(&file, 0o600) {
        Err(error) if is_hidden(&error) => None,
        done => {
            done.with_context(|| format!("Unable to correct the permission on {}", file.display()))?
        }
    };
    if let Some(mode) = fixed {
        ui.warning(format!(
            "File mode ({mode:o}) on {} needs to be 600, fixing that...",
            file.display()
        ));
    }
    Ok(())
}

/// Warns of what the user can fix: remotes of their own that the system's hide (D5), a choice that the policy forbids.
pub(crate) fn warn(effective: &Effective<'_>, context: &Context, ui: &mut Ui) {
    for note in effective.notes() {
        if let Note::Shadowed(name) = note {
            ui.warning(format!(
                "{name} is defined in {} and in {}: the system's is used. To remove your own: portolan remote remove {word}",
                context.paths.system.display(),
                context.paths.user.display(),
                word = name.word(),
            ));
        }
    }
    if let Err(refusal) = policy::may_choose(effective) {
        ui.warning(format!("{refusal} ({CHOICE})"));
    }
    if let Some(Located {
        value,
        layer: LayerKind::Environment,
    }) = effective.active_name()
    {
        ui.verbose(format!("{CHOICE} makes {value} the active remote"));
    }
}

/// The system's layer for a command that can do without, the built-in one where there is no system file; a warning where it
/// can't be read.
pub(crate) fn system_if_readable(context: &Context, ui: &mut Ui) -> Option<Layer> {
    match system(context) {
        Ok(layer) => Some(layer),
        Err(error) => {
            ui.warning(format!(
                "The system's remotes are not known: {:#}",
                anyhow!(error)
            ));
            None
        }
    }
}

/// Refuses a new name of the user's that the system's file has: it would only hide behind the system's (D5).
///
/// # Errors
/// Apptainer's, and where the name is defined.
pub(crate) fn refuse_system_name(name: &RemoteName, system: Option<&Layer>) -> anyhow::Result<()> {
    match system {
        Some(Layer {
            kind: LayerKind::System,
            path,
            document,
            ..
        }) if document.remotes().contains_key(name) => {
            let place = path
                .as_deref()
                .unwrap_or(Path::new("the system's file"))
                .display();
            Err(ChangeError::Taken(name.clone()).advise(format!(
                "It is defined for all users in {place}; choose another name."
            )))
        }
        _ => Ok(()),
    }
}

/// The system's layer, or the built-in one where there is no system file.
///
/// # Errors
/// When there is a file that can't be read or parsed (D22).
pub(crate) fn system(context: &Context) -> Result<Layer, ReadError> {
    Ok(system_store(context)
        .read()?
        .unwrap_or_else(|| Layer::built_in(&context.command)))
}

/// The user's logins that still have their secret; a row without one stands for nothing (D13).
pub(crate) fn live_logins<'a>(
    effective: &Effective<'a>,
    context: &Context,
    ui: &mut Ui,
) -> Vec<&'a LoginEntry> {
    let is_registry = |login: &&LoginEntry| RegistryUri::found(&login.uri).is_ok();
    let all = effective.logins();
    if !all.iter().any(|login| is_registry(&login)) {
        return all.iter().collect();
    }
    match keychain::open(None, context).read() {
        Ok(file) => {
            let held = file.held();
            all.iter()
                .filter(|login| !keychain::is_dead(login, &held))
                .collect()
        }
        Err(error) => {
            ui.warning(format!(
                "The registries' passwords are not known: {:#}",
                anyhow!(error)
            ));
            all.iter().collect()
        }
    }
}

/// Where the layer below the user's stands, for a sentence.
pub(crate) fn system_place(context: &Context) -> String {
    if context.paths.system.exists() {
        context.paths.system.display().to_string()
    } else {
        format!("{}'s defaults", context.command)
    }
}

/// Refuses what only an administrator may do: root, or who owns the system's file and may write it (D20).
///
/// # Errors
/// `refusal`, in Apptainer's words.
pub(crate) fn check_may_write_system(
    context: &Context,
    refusal: &'static str,
) -> anyhow::Result<()> {
    if disk::may_write(&context.paths.system) {
        Ok(())
    } else {
        Err(anyhow!(refusal))
    }
}

/// Changes the user's file. What an old installation left is taken over first, when this creates the user's directory.
///
/// # Errors
/// When the file can't be read or written, or does not allow the change; it is as it was then.
pub(crate) fn edit_user<T, E: Error + Send + Sync + 'static>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    prepare_user_edit(context, ui)?;
    edit(&user_store(context), change, ui)
}

/// As [`edit_user`], for a change that puts a secret into the file: others can't read it from then on.
///
/// # Errors
/// As [`edit_user`].
pub(crate) fn store_secret<T, E: Error + Send + Sync + 'static>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    prepare_user_edit(context, ui)?;
    edit(&user_store(context).with_secret(), change, ui)
}

/// Changes the system's file.
///
/// # Errors
/// As [`edit_user`].
pub(crate) fn edit_system<T, E: Error + Send + Sync + 'static>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    edit_system_store(&system_store(context), change, context, ui).map_err(|error| {
        let is_refused = error.downcast_ref::<ChangeError>().is_some();
        match context.paths.system.parent() {
            Some(directory) if !is_refused && !directory.exists() => error.advise_person(format!(
                "To make the directory: sudo mkdir {}. If {} is installed elsewhere, --sysconfdir says where.",
                directory.display(),
                context.command,
            )),
            _ => error,
        }
    })
}

/// The error of a change for all users, with what to do about a remote that only the user has, or nobody.
pub(crate) fn explain_global(error: anyhow::Error, name: &RemoteName) -> anyhow::Error {
    match error.downcast_ref::<ChangeError>() {
        Some(ChangeError::NoSuchRemote(_)) => error.advise_person(format!(
            "The system has no remote of this name. To add it for all users: sudo portolan remote add --global {} <URI>.",
            name.word()
        )),
        _ => error,
    }
}

/// As [`edit_system`], on a machine where nothing is installed yet: the file's directory is made where it is missing.
///
/// # Errors
/// As [`edit_user`].
pub(crate) fn set_up_system<T, E: Error + Send + Sync + 'static>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    edit_system_store(
        &system_store(context).with_directory(0o755),
        change,
        context,
        ui,
    )
}

fn edit_system_store<T, E: Error + Send + Sync + 'static>(
    store: &Store,
    change: impl FnMut(&mut Document) -> Result<T, E>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<T> {
    let value = edit(store, change, ui)?;
    warn_of_system_modes(context, ui);
    Ok(value)
}

/// What comes before every change of the user's file. The policy is not a user's file, whatever `-c` says.
fn prepare_user_edit(context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    check_named_directory(context)?;
    let Paths {
        user,
        system,
        user_is_named,
        ..
    } = &context.paths;
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if *user_is_named && resolved(user) == resolved(system) {
        return Err(anyhow!("{} is the system's file", user.display())
            .advise("Change it with --global, without -c."));
    }
    Ok(migration::migrate(context, ui)?)
}

/// Why a change was not made, while the change's own error is kept elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the change was refused")]
struct Refused;

/// Changes a file, and warns of what is worth it.
fn edit<T, E: Error + Send + Sync + 'static>(
    store: &Store,
    mut change: impl FnMut(&mut Document) -> Result<T, E>,
    ui: &mut Ui,
) -> anyhow::Result<T> {
    let mut came = None;
    edit_by(store, ui, &mut |document| {
        let result = change(document);
        let done = result.as_ref().map(|_| ()).map_err(|_| Refused);
        came = Some(result);
        done
    })?;
    // The change's own error stands alone, so that it can be told by its type.
    Ok(came.expect("a store is edited by its change alone")?)
}

/// The part of [`edit`] that is the same for every change, and so stands once in the program.
fn edit_by(
    store: &Store,
    ui: &mut Ui,
    change: &mut dyn FnMut(&mut Document) -> Result<(), Refused>,
) -> anyhow::Result<()> {
    match store.edit(change, |loss| {
        ui.warning(format!("{}: {loss}", store.path().display()));
    }) {
        Ok(edited) => edited
            .notes
            .iter()
            .for_each(|note| ui.warning(note.to_string())),
        Err(StoreError::Change(Refused)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A system's file that users can't read makes each of their commands fail (D14, D22); one that they can change, or
/// replace, is no policy.
fn warn_of_system_modes(context: &Context, ui: &mut Ui) {
    let system = &context.paths.system;
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|found| found.mode() & 0o7777)
    };
    let file = mode(system);
    if let Some(mode) = file.filter(|mode| mode & 0o044 != 0o044) {
        ui.warning(format!(
            "{path} can't be read by all users (mode {mode:o}), and their commands fail. To fix it: chmod 644 {path}",
            path = system.display(),
            mode = mode & 0o777,
        ));
    }
    let directory = system.parent().unwrap_or(Path::new("/"));
    // In a directory with a sticky bit nobody can replace the file of somebody else.
    let is_open = |mode: &u32| mode & 0o002 != 0 && mode & 0o1000 == 0;
    for (path, mode) in [(directory, mode(directory)), (system.as_path(), file)] {
        if let Some(mode) = mode.filter(is_open) {
            ui.warning(format!(
                "{path} can be changed by all users (mode {mode:o}), and with it the remotes that the system sets. To fix \
                 it: chmod o-w {path}",
                path = path.display(),
                mode = mode & 0o777,
            ));
        }
    }
}
