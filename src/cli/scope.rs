//! Which file a scope is in this run. Opens none.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::context::Context;
use crate::config::layer::{Layer, Scope};
use crate::config::paths::Paths;
use crate::config::store::LayerFile;

pub(crate) fn store(scope: Scope, context: &Context) -> LayerFile {
    let paths = &context.paths;
    match scope {
        Scope::System => {
            LayerFile::system(&paths.system, Layer::built_in(&context.command).document)
        }
        Scope::User if paths.user_is_named => LayerFile::named(&paths.user),
        Scope::User => LayerFile::user(&paths.user),
    }
}

/// Refuses a file that `-c` names in a directory that does not exist: nobody creates that, and a misspelt path is no empty file.
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
