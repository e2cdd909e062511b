//! Who may change which file, and whether the system's modes leave it to those. D20 of docs/compatibility.md.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::anyhow;

use crate::cli::context::Context;
use crate::cli::failure::Advise;
use crate::cli::ui::Ui;
use crate::config::layer::Scope;
use crate::disk;

/// Apptainer's refusal where `--global` is not for this user.
pub(crate) const GLOBAL: &str =
    "Unable to modify global endpoint configuration file: not root user";
pub(crate) const EXCLUSIVE: &str = "unable to set endpoint as exclusive: not root user";
pub(crate) const KEYSERVERS: &str = "Unable to modify keyserver configuration: not root user";

/// The scope of a change: the system's for an administrator only, who is root, or owns the system's file and may write it.
pub(crate) fn scope(
    is_global: bool,
    refusal: &'static str,
    context: &Context,
) -> anyhow::Result<Scope> {
    match is_global {
        false => Ok(Scope::User),
        true if disk::may_write(&context.paths.system) => Ok(Scope::System),
        true => Err(anyhow!(refusal).advise_person(format!(
            "Only root, or who owns {}, can do that:\n  sudo {}",
            context.paths.system.display(),
            context.typed.with(context.typed.verb, "")
        ))),
    }
}

/// A system's file that users can't read makes each of their commands fail (D14, D22); one that they can change, or
/// replace, is no policy.
pub(crate) fn warn_of_system_modes(context: &Context, ui: &mut Ui) {
    let system = &context.paths.system;
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|found| found.mode() & 0o7777)
    };
    let file = mode(system);
    if let Some(mode) = file.filter(|mode| mode & 0o044 != 0o044) {
        ui.warning(format!(
            "{path} can't be read by all users (mode {mode:o}), and their commands fail. To fix it:\n  chmod 644 {path}",
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
                "{path} can be changed by all users (mode {mode:o}), and with it the remotes that the system sets. To fix it:\n  chmod o-w {path}",
                path = path.display(),
                mode = mode & 0o777,
            ));
        }
    }
}
