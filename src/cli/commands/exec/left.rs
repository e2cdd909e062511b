//! What the command left in its directory: moved to the user's own, except secrets, which no disk gets.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, process};

use super::configuration::Configuration;
use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::config::yaml;
use crate::disk;
use crate::disk::{DiskError, MemoryDirectory};

pub(super) fn take_over(
    directory: &MemoryDirectory,
    configuration: &Configuration,
    program: &OsStr,
    context: &Context,
    ui: &mut Ui,
) {
    let program = program.to_string_lossy();
    for (name, text) in &configuration.files {
        if is_changed(&directory.path().join(name), text.as_deref()) {
            ui.warning(format!(
                "{program} changed its copy of {name}: the change is lost. Make it with portolan."
            ));
        }
    }
    let is_secret = |text: &str| {
        configuration
            .secrets
            .iter()
            .any(|secret| secret.is_repeated_in(text))
    };
    for path in directory.left() {
        let name = path.file_name().unwrap_or_default();
        if configuration.makes(name) {
            continue;
        }
        if disk::any_text(&path, &is_secret) {
            ui.warning(format!(
                "{program} left {}, which has a secret in it: it is removed",
                name.display()
            ));
        } else if let Err(error) = move_to_user(&path, name, context, ui) {
            ui.warning(format!(
                "{} that {program} left is lost: {error}",
                name.display()
            ));
        }
    }
}

/// Whether a file is another one than was made; for an empty one that the runtime made it is not.
fn is_changed(path: &Path, text: Option<&[u8]>) -> bool {
    let now = fs::read(path).map(zeroize::Zeroizing::new);
    match (now, text) {
        (Ok(now), Some(text)) => now.as_slice() != text,
        (Ok(now), None) => {
            yaml::document(&now).is_ok_and(|document| document != Default::default())
        }
        (Err(_), text) => text.is_some(),
    }
}

fn move_to_user(
    path: &Path,
    name: &OsStr,
    context: &Context,
    ui: &mut Ui,
) -> Result<(), DiskError> {
    let target = context.paths.user_directory.join(name);
    if fs::symlink_metadata(&target).is_err() {
        return disk::copy_new(path, &target);
    }
    let parent = state_directory(context)?;
    let target = parent.join(name);
    disk::copy_new(path, &target)?;
    ui.warning(format!(
        "{} has a {} already: the one that the command left is {}",
        context.paths.user_directory.display(),
        name.display(),
        target.display()
    ));
    Ok(())
}

fn state_directory(context: &Context) -> Result<PathBuf, DiskError> {
    let state = &context.paths.state;
    disk::create_private_directories(state);
    let second = context
        .now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let directory = state.join(format!("exec-{second}-{}", process::id()));
    disk::create_directory(&directory, 0o700)?;
    Ok(directory)
}
