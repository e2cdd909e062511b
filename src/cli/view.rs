//! The layers as a command sees them: read, merged, with a warning of what the user can fix. Changes no document.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::cli::advice::changes;
use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::ui::Ui;
use crate::cli::{scope, secrets};
use crate::config::change::ChangeError;
use crate::config::effective::{ActiveName, Effective, Layer, Layers, Note};
use crate::config::layer::{CHOICE, Scope};
use crate::config::policy;
use crate::config::store::ReadError;
use crate::disk;
use crate::disk::DiskError;
use crate::name::RemoteName;
use crate::text::{capitalised, with_commas};

pub(crate) fn load(context: &Context) -> anyhow::Result<Layers> {
    let layers = Layers {
        chosen: context.chosen(),
        ..load_files(context)?
    };
    if layers.chosen.is_some() {
        check_chosen(&layers.merge())?;
    }
    Ok(layers)
}

pub(crate) fn load_for(named: Option<&str>, context: &Context) -> anyhow::Result<Layers> {
    if named.is_some() {
        load_files(context)
    } else {
        load(context)
    }
}

pub(crate) fn load_files(context: &Context) -> anyhow::Result<Layers> {
    scope::check_named_directory(context)?;
    let user = scope::store(Scope::User, context).read()?;
    let mut layers = Layers {
        system: system(context)?,
        user,
        chosen: None,
        elsewhere: Ok(Vec::new()),
        keyservers_elsewhere: Vec::new(),
    };
    secrets::add_to(&mut layers, context)?;
    Ok(layers)
}

/// Refuses, for a command that does something with the active remote, a choice that the policy forbids. What only shows
/// warns of it instead, by [`warn`].
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
        Some(ActiveName { name, layer: None }) if effective.active().is_none() => {
            let known = changes::known(effective);
            Err(ChangeError::NoSuchRemote(name.clone()).advise(format!(
                "{CHOICE} names it. Known remotes: {known}. To add it:\n  portolan remote add {} <URI>",
                name.word()
            )))
        }
        _ => Ok(()),
    }
}

/// Closes the user's own directory and file to others, in Apptainer's words (D2), with `-c` too; what that names is left alone.
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
        // It can be read nevertheless; what stores a secret refuses.
        Err(DiskError::Refused {
            action: "chmod",
            reason,
            ..
        }) => {
            ui.warning(format!(
                "Others can read {file}, and its mode can't be changed ({reason}). {command} itself refuses every command while that is so.",
                file = file.display(),
                command = capitalised(context.command.name()),
            ));
            None
        }
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
    let shadowed: Vec<&RemoteName> = effective
        .notes()
        .iter()
        .filter_map(|note| match note {
            Note::Shadowed(name) => Some(name),
            _ => None,
        })
        .collect();
    if let [name, others @ ..] = shadowed.as_slice() {
        let many = match others.len() {
            0 => String::new(),
            more => format!(" (and {} more)", with_commas(more)),
        };
        ui.warning(format!(
            "{name}{many} is defined in {} and in {}: the system's is used. To remove your own:\n  portolan remote remove {word}",
            context.paths.system.display(),
            context.paths.user.display(),
            word = name.word(),
        ));
    }
    secrets::warn(effective, context, ui);
    let paths = &context.paths;
    if paths.user_is_named && matches!(paths.user.try_exists(), Ok(false)) {
        ui.warning(format!("{} does not exist", paths.user.display()));
    }
    if let Err(refusal) = policy::may_choose(effective) {
        ui.warning(format!("{refusal} ({CHOICE})"));
    }
    if let Some(ActiveName { name, layer: None }) = effective.active_name() {
        ui.verbose(format!("{CHOICE} makes {name} the active remote"));
    }
}

/// The layer below the file of this scope: none below the system's; none, with a warning, where the system's can't be read
/// and the command can do without it.
pub(crate) fn below(scope: Scope, context: &Context, ui: &mut Ui) -> Option<Layer> {
    if scope == Scope::System {
        return None;
    }
    match system(context) {
        Ok(layer) => Some(layer),
        Err(error) => {
            let error = anyhow!(error);
            ui.warning(format!("The system's remotes are not known: {error:#}"));
            None
        }
    }
}

pub(crate) fn required_below(scope: Scope, context: &Context) -> Result<Option<Layer>, ReadError> {
    match scope {
        Scope::System => Ok(None),
        Scope::User => system(context).map(Some),
    }
}

/// Warns of a sysconfdir that was named and does not exist. One that has no file yet is none to warn of (D1).
pub(crate) fn warn_of_sysconfdir(typed: Option<&Path>, context: &Context, ui: &mut Ui) {
    let (named_by, directory) = match (typed, context.environment.get("PORTOLAN_SYSCONFDIR")) {
        (Some(directory), _) => ("--sysconfdir", directory),
        (None, Some(directory)) => ("PORTOLAN_SYSCONFDIR", Path::new(directory)),
        (None, None) => return,
    };
    if matches!(directory.try_exists(), Ok(false)) {
        ui.warning(format!(
            "{named_by} names {}, which does not exist: {}'s defaults are used",
            directory.display(),
            context.command
        ));
    }
}

pub(crate) fn warn_of_leftover(effective: &Effective<'_>, ui: &mut Ui) {
    let active = effective.active_name().map(|active| &active.name);
    if let Some((name, entry)) = active.and_then(|name| Some((name, effective.leftover(name)?))) {
        ui.warning(format!(
            "No remote is active. {name} is meant to be. {}",
            changes::leftover(name, &entry.url())
        ));
    }
}

pub(crate) fn report_below(
    name: &RemoteName,
    below: Option<&Layer>,
    context: &Context,
    ui: &mut Ui,
) {
    if let Some(layer) = below.filter(|below| below.has(name)) {
        let place = match &layer.path {
            Some(path) => path.display().to_string(),
            None => format!("{}'s defaults", context.command),
        };
        ui.info(format!("{name} is still defined in {place}."));
    }
}

pub(crate) fn system(context: &Context) -> Result<Layer, ReadError> {
    Ok(scope::store(Scope::System, context)
        .read()?
        .unwrap_or_else(|| Layer::built_in(&context.command)))
}
