//! The layers' files as commands open and change them: what comes before a change, what after it, and what a refusal
//! advises.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::access;
use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::migration::migrate;
use crate::cli::ui::Ui;
use crate::config::change::ChangeError;
use crate::config::document::Document;
use crate::config::layer::{Layer, Scope};
use crate::config::paths::Paths;
use crate::config::store::{ReadError, Store};
use crate::text::{Quoted, ShellWord};

/// The file of this scope. The system's starts from the built-in layer when it does not exist (D1).
pub(crate) fn store(scope: Scope, context: &Context) -> Store {
    let paths = &context.paths;
    match scope {
        Scope::System => Store::system(&paths.system, Layer::built_in(&context.command).document),
        Scope::User if paths.user_is_named => Store::named(&paths.user),
        Scope::User => Store::user(&paths.user),
    }
}

/// What the file of this scope says, or would start from.
///
/// # Errors
/// When it can't be read or parsed.
pub(crate) fn read(scope: Scope, context: &Context) -> Result<Document, ReadError> {
    let store = store(scope, context);
    Ok(match store.read()? {
        Some(layer) => layer.document,
        None => store.into_initial(),
    })
}

/// Refuses a file that `-c` names in a directory that does not exist: nobody creates that, and a misspelt path is no empty file.
///
/// # Errors
/// Apptainer's.
pub(crate) fn check_named_directory(context: &Context) -> anyhow::Result<()> {
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

/// Changes the file of this scope. What an old installation left is taken over first, when this creates the user's directory.
///
/// # Errors
/// When the file can't be read or written, or does not allow the change; it is as it was then.
pub(crate) fn edit<T, E: Into<anyhow::Error>>(
    scope: Scope,
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    edit_store(&store(scope, context), scope, context, ui, change)
}

/// Changes the user's file and puts a secret into it: others can't read it from then on.
///
/// # Errors
/// As [`edit`].
pub(crate) fn store_secret<T, E: Into<anyhow::Error>>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    let store = store(Scope::User, context).with_secret();
    edit_store(&store, Scope::User, context, ui, change)
}

fn edit_store<T, E: Into<anyhow::Error>>(
    store: &Store,
    scope: Scope,
    context: &Context,
    ui: &mut Ui,
    mut change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    if scope == Scope::User {
        check_named_directory(context)?;
        check_not_system(&context.paths)?;
        migrate(context, ui)?;
    }
    let change = |document: &mut Document| change(document).map_err(Into::into);
    let edited = store
        .edit(change, &mut |warning| ui.warning(warning))
        .map_err(|error| explain(error, scope, context))?;
    if scope == Scope::System {
        if let Some(directory) = store.path().parent().filter(|_| edited.directory_created) {
            ui.info(format!("Created {} (mode 755).", directory.display()));
        }
        access::warn_of_system_modes(context, ui);
    }
    Ok(edited.value)
}

/// The policy is not a user's file, whatever `-c` says.
fn check_not_system(paths: &Paths) -> anyhow::Result<()> {
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if paths.user_is_named && resolved(&paths.user) == resolved(&paths.system) {
        let error = anyhow!("{} is the system's file", paths.user.display());
        return Err(error.advise("Change it with --global, without -c."));
    }
    Ok(())
}

/// The one translation of a refused change into what to do next.
pub(crate) fn explain(error: anyhow::Error, scope: Scope, context: &Context) -> anyhow::Error {
    let Some(refused) = error.downcast_ref::<ChangeError>() else {
        return error;
    };
    match refused {
        ChangeError::Reserved(_) => {
            let place = context.paths.system.display();
            let advice = format!("It is defined for all users in {place}; choose another name.");
            error.advise(advice)
        }
        ChangeError::TakenElsewhere { name, now, asked } => {
            let advice = format!(
                "It is at {}, not at {}. To change that: portolan remote set-url {} <URI>.",
                Quoted(now),
                Quoted(asked),
                name.word()
            );
            error.advise(advice)
        }
        ChangeError::NoSuchRemote(name) if scope == Scope::System => {
            let advice = format!(
                "The system has no remote of this name. To add it for all users: sudo portolan remote add --global {} <URI>.",
                name.word()
            );
            error.advise_person(advice)
        }
        ChangeError::NoSuchRemote(_) => {
            error.advise_person("portolan remote list shows the remotes that there are.")
        }
        ChangeError::GlobalRemote(name) => {
            let advice = format!(
                "To remove it for all users: sudo portolan remote remove --global {word}. To drop your token for it: portolan remote logout {word}.",
                word = name.word()
            );
            error.advise_person(advice)
        }
        ChangeError::GlobalName { old, new } => {
            let advice = format!(
                "To rename it for all users: sudo portolan remote rename --global {} {}.",
                old.word(),
                new.word()
            );
            error.advise(advice)
        }
        ChangeError::GlobalAddress { name, new } => {
            let advice = format!(
                "To change it for all users: sudo portolan remote set-url --global {} {}.",
                name.word(),
                ShellWord(new.uri.as_str())
            );
            error.advise(advice)
        }
        ChangeError::NoneToMove { name, new } => {
            let (prefix, global) = match scope {
                Scope::User => ("", ""),
                Scope::System => ("sudo ", "--global "),
            };
            let (name, uri) = (name.word(), ShellWord(new.uri.as_str()));
            let advice = format!("To add it: {prefix}portolan remote add {global}{name} {uri}.");
            error.advise_person(advice)
        }
        ChangeError::InTheWay(name) => {
            let advice = format!(
                "The system's is used. To keep yours under another name: portolan remote rename {} <NEW>.",
                name.word()
            );
            error.advise(advice)
        }
        ChangeError::Taken(_)
        | ChangeError::Gone(_)
        | ChangeError::Moved { .. }
        | ChangeError::Policy(_) => error,
    }
}
