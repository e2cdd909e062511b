//! What a killed writer leaves beside a file: a temporary file, a backup. Looks, and tidies under the lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{DiskError, call};
use super::in_place::BACKUP;
use super::lock::Lock;
use super::resolved::ResolvedPath;
use super::temporary::{DEAD, NEW, remove};
use super::version::FileVersion;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Litter {
    pub temporary: Option<PathBuf>,
    /// The old contents of a file that was written in its place, and perhaps not to its end.
    pub backup: Option<PathBuf>,
}

/// Looks for what killed writers of the file at `path` left. Where its directory can't be looked at there is nothing.
pub(crate) fn litter(path: &Path) -> Litter {
    let Ok(resolved) = ResolvedPath::find(path) else {
        return Litter::default();
    };
    let there = |before: &str, after: &str, at_least: Duration| {
        let name = resolved.beside(before, after);
        let attributes = FileVersion::at(&resolved.directory, &name).ok().flatten()?;
        (!attributes.is_younger_than(at_least)).then(|| resolved.path_of(&name))
    };
    Litter {
        temporary: there(".", NEW, DEAD),
        backup: there(".", BACKUP, DEAD),
    }
}

/// Removes a temporary file that a killed writer of the file at `path` left, and the lock where there is no such file. A
/// backup stays: whoever [edits](super::edit) the file next puts it back.
pub(crate) fn tidy(path: &Path, patience: Duration) -> Result<(), DiskError> {
    let resolved = ResolvedPath::find(path)?;
    // Without a lock nobody knows whether the temporary file is somebody's.
    let Ok(_lock) = Lock::take(&resolved, patience)? else {
        return Ok(());
    };
    let temporary = resolved.beside(".", NEW);
    call("remove", &resolved.path_of(&temporary), || {
        remove(&resolved, &temporary)
    })?;
    if resolved.attributes()?.is_none() {
        // Who waits for it looks whether the lock that they get is still the one beside the file.
        let lock = resolved.beside("", ".lock");
        call("remove", &resolved.path_of(&lock), || {
            remove(&resolved, &lock)
        })?;
    }
    Ok(())
}
