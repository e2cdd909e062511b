//! Locks, reads and replaces the bytes of one file; modes, owners, links, fsync. Knows no YAML, no JSON and no layer.
//!
//! D7 of docs/compatibility.md lives here: every change is locked, made to what the file holds now, and replaces the file
//! atomically and durably. So does D14, the modes.
//!
//! One change is: links followed to the file's real [`resolved`] path, the [`lock`] beside it taken, the file read, a
//! [`temporary`] file in the same directory given its owner and mode, filled and synced, the file compared with what was
//! read (who does not lock may have changed it: then once more from the reading), the temporary file renamed over it, and
//! the directory synced. A kill at any instant leaves the old contents or the new, and at most a temporary file, which the
//! next change removes. Signals: the kernel would kill whoever writes beyond `ulimit -f` without a handler for SIGXFSZ, so
//! the first write installs one.

mod attributes;
mod error;
mod in_place;
mod litter;
mod lock;
mod memory;
mod permissions;
mod read;
mod resolved;
mod session;
mod temporary;
#[cfg(test)]
mod tests;
mod version;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

pub(crate) use error::{DiskError, DiskNote, Reason};
pub(crate) use litter::{Litter, litter, tidy};
pub(crate) use memory::{MemoryDirectory, any_text, copy_new, memory_bases, memory_origin};
pub(crate) use permissions::{
    check_directory, close_directory, close_file, create_directories, create_directory,
    create_private_directories, may_write,
};
pub(crate) use read::{Contents, read, read_settled};
pub(crate) use session::{Session, open};

use resolved::ResolvedPath;
use temporary::{Acl, Permissions, Temporary};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileRules {
    /// The mode of a new file, whatever the umask. When others may read it, root gives it to the directory's owner.
    pub new_mode: u32,
    /// The mode of a rewritten file; `None`: the one that it has, with its access control list.
    pub rewritten_mode: Option<u32>,
    pub patience: Duration,
}

impl FileRules {
    /// Long enough for a slow disk's sync, short enough for a person who waits.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// A file with secrets: for its owner alone, always.
    pub(crate) const PRIVATE: Self = Self {
        new_mode: 0o600,
        rewritten_mode: Some(0o600),
        patience: Self::PATIENCE,
    };
    /// A system's file, which everybody reads: its mode is the administrator's.
    pub(crate) const SYSTEM: Self = Self {
        new_mode: 0o644,
        rewritten_mode: None,
        patience: Self::PATIENCE,
    };
    /// A file that the user chose (`-c FILE`), while no secret goes into it: new ones private, others as they are.
    pub(crate) const CHOSEN: Self = Self {
        new_mode: 0o600,
        rewritten_mode: None,
        patience: Self::PATIENCE,
    };

    fn is_too_open(&self, mode: u32) -> bool {
        self.rewritten_mode
            .is_some_and(|most| mode & 0o777 & !most != 0)
    }
}

fn not_durable(resolved: &ResolvedPath, synced: rustix::io::Result<()>) -> Result<(), DiskError> {
    synced.map_err(|reason| DiskError::NotDurable {
        path: resolved.path.clone(),
        reason: reason.into(),
    })
}

/// Replaces a file that can be made again at any time, such as a cache's: wholly or not at all and with mode 0600, but without
/// a lock file and without waiting for the disk. Does nothing while somebody else is just writing it.
pub(crate) fn replace_cache(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let resolved = Rc::new(ResolvedPath::find(path)?);
    let Some(temporary) = Temporary::claim(&resolved, Duration::ZERO)? else {
        return Ok(());
    };
    put(&resolved, temporary, 0o600, bytes).map(drop)
}

/// Puts a file that can be made again at any time, and that everybody may read, in the place of whatever stands at `path`. A
/// link or a pipe there is replaced too, never written through; only a directory is not.
pub(crate) fn replace_public(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let resolved = Rc::new(ResolvedPath::unfollowed(path)?);
    let temporary = Temporary::claim(&resolved, FileRules::PATIENCE)?;
    match temporary
        .map(|temporary| put(&resolved, temporary, 0o644, bytes))
        .transpose()?
    {
        Some(true) => Ok(()),
        Some(false) | None => Err(DiskError::KeepsChanging {
            path: resolved.path.clone(),
        }),
    }
}

/// Fills the temporary file and moves it to its place. `false` when somebody has taken it for a dead writer's and removed it.
fn put(
    resolved: &ResolvedPath,
    mut temporary: Temporary,
    mode: u32,
    bytes: &[u8],
) -> Result<bool, DiskError> {
    temporary.set_permissions(&Permissions {
        owner: resolved.writer,
        group: None,
        mode,
        acl: Acl::Nothing,
    })?;
    temporary.fill_unsynced(bytes)?;
    if !temporary.is_there()? {
        return Ok(false);
    }
    temporary
        .move_to(&resolved.name)
        .map_err(|reason| DiskError::refused("rename", &resolved.path, reason))?;
    Ok(true)
}
