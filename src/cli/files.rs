//! The layers' files as commands open and change them: what comes before a change, what after it, and what a refusal
//! advises.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::cli::advice::changes::after_refusal;
use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::migration::migrate;
use crate::cli::scope::{check_named_directory, store};
use crate::cli::ui::Ui;
use crate::cli::{access, view};
use crate::config::change::ChangeError;
use crate::config::document::Document;
use crate::config::effective::Layers;
use crate::config::layer::Scope;
use crate::config::paths::Paths;
use crate::config::store::{LayerFile, ReadError};
use crate::disk;

pub(crate) fn read(scope: Scope, context: &Context) -> Result<Document, ReadError> {
    let store = store(scope, context);
    Ok(match store.read()? {
        Some(layer) => layer.document,
        None => store.into_initial(),
    })
}

/// Changes the file of this scope. What an old installation left is taken over first, when this creates the user's directory.
pub(crate) fn edit<T, E: Into<anyhow::Error>>(
    scope: Scope,
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    edit_store(&store(scope, context), scope, context, ui, change)
}

/// Changes the user's file and puts a secret into it: others can't read it from then on.
pub(crate) fn store_secret<T, E: Into<anyhow::Error>>(
    context: &Context,
    ui: &mut Ui,
    change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    check_private(context)?;
    let store = store(Scope::User, context).with_secret();
    edit_store(&store, Scope::User, context, ui, change)
}

/// Refuses to store a secret beside those of a file that others can read and whose mode can't be changed.
pub(crate) fn check_private(context: &Context) -> anyhow::Result<()> {
    let file = context.paths.own();
    disk::close_file(&file, 0o600)
        .with_context(|| format!("Unable to correct the permission on {}", file.display()))?;
    Ok(())
}

fn edit_store<T, E: Into<anyhow::Error>>(
    store: &LayerFile,
    scope: Scope,
    context: &Context,
    ui: &mut Ui,
    mut change: impl FnMut(&mut Document) -> Result<T, E>,
) -> anyhow::Result<T> {
    if scope == Scope::User {
        prepare(context, ui)?;
    }
    let change = |document: &mut Document| change(document).map_err(Into::into);
    let edited = store
        .edit(change, &mut |warning| ui.warning(warning))
        .map_err(|error| explain(error, scope, context))?;
    if edited.written {
        ui.changed(store.path());
    }
    if scope == Scope::System {
        if let Some(directory) = store.path().parent().filter(|_| edited.directory_created) {
            ui.info(format!("Created {} (mode 755).", directory.display()));
        }
        access::warn_of_system_modes(context, ui);
    }
    Ok(edited.value)
}

pub(crate) fn prepare(context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    check_home(context)?;
    check_named_directory(context)?;
    check_not_system(&context.paths)?;
    Ok(migrate(context, ui)?)
}

/// Refuses a user without a place for files of their own.
pub(crate) fn check_home(context: &Context) -> anyhow::Result<()> {
    let no_home = context.no_home.as_ref();
    match no_home.filter(|_| !context.paths.user_is_named) {
        Some(error) => Err(error.clone().into()),
        None => Ok(()),
    }
}

fn check_not_system(paths: &Paths) -> anyhow::Result<()> {
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if paths.user_is_named && resolved(&paths.user) == resolved(&paths.system) {
        let error = anyhow!("{} is the system's file", paths.user.display());
        return Err(error.advise("Change it with --global, without -c."));
    }
    Ok(())
}

pub(crate) fn explain(error: anyhow::Error, scope: Scope, context: &Context) -> anyhow::Error {
    let Some(refused) = error.downcast_ref::<ChangeError>() else {
        return error;
    };
    let layers = view::load_files(context).ok();
    let effective = layers.as_ref().map(Layers::merge);
    let advice = after_refusal(refused, scope, effective.as_ref(), context);
    // Apptainer's messages are whole without these.
    match refused {
        ChangeError::NoSuchRemote(_)
        | ChangeError::Global {
            change: "remove", ..
        }
        | ChangeError::Policy(_)
        | ChangeError::Taken(_) => error.advise_person(advice),
        _ => error.advise(advice),
    }
}
