//! Taking over the files of `~/.singularity`, once: by whoever creates the user's directory, in Apptainer's words.
//!
//! The old files never change. Reading commands create nothing (D2 of docs/compatibility.md), so that they take over
//! nothing either.

use std::path::{Path, PathBuf};

use crate::cli::context::{Context, is_strange};
use crate::cli::ui::Ui;
use crate::cli::view;
use crate::config::paths::FILE_NAME;
use crate::config::yaml;
use crate::disk;
use crate::disk::{Contents, DiskError, FileRules};

/// The keyrings: their directory and files below the old directory and the new one.
const KEYRING_DIRECTORIES: (&str, &str) = ("sypgp", "keys");
const KEYRINGS: [(&str, &str); 2] = [("pgp-public", "public"), ("pgp-secret", "private")];

pub(crate) fn migrate(context: &Context, ui: &mut Ui) -> Result<(), DiskError> {
    let directory = &context.paths.user_directory;
    let Some(legacy) = legacy_directory(context).filter(|_| !context.paths.user_is_named) else {
        return Ok(());
    };
    if !disk::create_directory(directory, 0o700)? {
        return Ok(());
    }
    ui.info("Detected Singularity user configuration directory");
    migrate_remotes(&legacy.join(FILE_NAME), &context.paths.own(), ui);
    let docker = legacy.join("docker-config.json");
    if docker.is_file() {
        ui.info("Detected Singularity docker configuration, migrating...");
        let copied =
            disk::read(&docker).and_then(|contents| put(&context.paths.docker_config, contents));
        report(copied, &docker, &context.paths.docker_config, ui);
    }
    migrate_keyrings(
        &legacy.join(KEYRING_DIRECTORIES.0),
        &directory.join(KEYRING_DIRECTORIES.1),
        ui,
    );
    // What can't be read is for the command itself to say.
    if let Ok(layers) = view::load_files(context) {
        view::warn_of_leftover(&layers.merge(), ui);
    }
    Ok(())
}

pub(crate) fn left_behind(context: &Context) -> Vec<(PathBuf, PathBuf)> {
    let directory = &context.paths.user_directory;
    let Some(legacy) = legacy_directory(context) else {
        return Vec::new();
    };
    let (old_keys, new_keys) = (
        legacy.join(KEYRING_DIRECTORIES.0),
        directory.join(KEYRING_DIRECTORIES.1),
    );
    let files = [
        (legacy.join(FILE_NAME), context.paths.own()),
        (
            legacy.join("docker-config.json"),
            context.paths.docker_config.clone(),
        ),
    ];
    let keyrings = KEYRINGS.map(|(name, _)| (old_keys.join(name), new_keys.join(name)));
    files
        .into_iter()
        .chain(keyrings)
        .filter(|(old, new)| old.is_file() && !new.exists())
        .collect()
}

/// The directory of an old installation. Root takes over nothing that somebody else may have put there.
fn legacy_directory(context: &Context) -> Option<PathBuf> {
    let directory = context
        .paths
        .user_directory
        .with_file_name(context.command.legacy_home_directory()?);
    (directory.is_dir() && !is_strange(&directory, context.user)).then_some(directory)
}

fn migrate_remotes(old: &Path, new: &Path, ui: &mut Ui) {
    if !old.is_file() {
        return;
    }
    ui.info("Detected Singularity remote configuration, migrating...");
    let found = disk::read(old)
        .map_err(|error| error.to_string())
        .and_then(|contents| {
            let bytes = contents
                .as_ref()
                .map(|contents| &*contents.bytes)
                .unwrap_or_default();
            yaml::document(bytes)
                .map_err(|error| format!("{}:{error}", old.display()))
                .map(|_| contents)
        });
    match found {
        Ok(contents) => report(put(new, contents), old, new, ui),
        Err(problem) => {
            ui.warning(format!(
                "Migration failed, unable to read legacy remote configuration: while parsing remote config data: {problem}"
            ));
            ui.warning(
                "It may be of an incompatible format and needs to be reconstructed manually with the \"apptainer remote\" command group.",
            );
        }
    }
}

/// Puts an old file into the new directory, unless another command has already made its own there: that one stays.
fn put(new: &Path, old: Option<Contents>) -> Result<(), DiskError> {
    let Some(old) = old else { return Ok(()) };
    let mut session = disk::open(new, &FileRules::PRIVATE)?;
    loop {
        let exists = session.read(|bytes| Ok::<_, DiskError>(bytes.is_some()))?;
        if exists || session.replace(&old.bytes)? {
            return Ok(());
        }
    }
}

fn migrate_keyrings(old: &Path, new: &Path, ui: &mut Ui) {
    let found: Vec<_> = KEYRINGS
        .iter()
        .filter(|(file, _)| old.join(file).is_file())
        .collect();
    if !found.is_empty()
        && let Err(error) = disk::create_directory(new, 0o700)
    {
        ui.warning(format!(
            "Migration failed, you can migrate manually with \"cp -a {} {}\": {error}",
            old.display(),
            new.display()
        ));
        return;
    }
    for (file, kind) in found {
        ui.info(format!(
            "Detected {kind} Singularity pgp keyring, migrating..."
        ));
        copy(&old.join(file), &new.join(file), ui);
    }
}

/// Copies a keyring byte for byte, readable for its owner alone. No command of ours writes one: a lock would only leave its
/// file behind.
fn copy(old: &Path, new: &Path, ui: &mut Ui) {
    let copied = disk::read(old).and_then(|contents| match contents {
        Some(contents) => disk::replace_cache(new, &contents.bytes),
        None => Ok(()),
    });
    report(copied, old, new, ui);
}

fn report(result: Result<(), DiskError>, old: &Path, new: &Path, ui: &mut Ui) {
    if let Err(error) = result {
        let (old, new) = (old.display(), new.display());
        ui.warning(format!(
            "Migration failed, you can migrate manually with \"cp -a {old} {new}\": {error}"
        ));
    }
}
