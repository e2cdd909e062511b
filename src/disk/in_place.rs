//! Rewriting a file that can't be replaced because it is itself a mount point, as containers mount single files.
//! Only this is not atomic; so the old contents stand beside it until the new ones are on the disk.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, fsync, ftruncate, openat};
use rustix::io::Errno;

use super::error::{DiskError, DiskNote, call, retry};
use super::read::{FoundFile, is_blank, look_at};
use super::resolved::{ROOT, ResolvedPath};
use super::temporary::{Acl, Permissions, Temporary, remove, sync_directory, write_all};
use super::version::FileVersion;

pub(super) const BACKUP: &str = ".portolan-backup";
/// The first line of a backup, before the number of the file that it belongs to: another file, mounted later in the
/// same place, must not get this one's contents.
const HEADER: &str = "portolan backup of inode ";
const LATER: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Writes `bytes` into the file that was `found`. `false`: somebody has changed it since; nothing was written.
pub(super) fn rewrite(
    resolved: &Rc<ResolvedPath>,
    found: &FoundFile,
    bytes: &[u8],
    mode: u32,
) -> Result<bool, DiskError> {
    let file = open(resolved)?;
    // Another container may have mounted the same file beside another lock. The file keeps its place here, so that it
    // can be the lock itself; where that can't be had, the comparison has to do.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        sleep(PAUSE);
        return Ok(false);
    }
    if call("stat", &resolved.path, || FileVersion::of(&file))? != found.attributes {
        return Ok(false);
    }
    let name = save(resolved, found)?;
    let written = overwrite(&file, bytes)
        .and_then(|()| {
            if found.attributes.mode == mode {
                Ok(())
            } else {
                chmod(&file, mode)
            }
        })
        .and_then(|()| remove(resolved, &name));
    let Err(reason) = written else {
        return super::not_durable(resolved, sync_directory(resolved)).map(|()| true);
    };
    // The old contents have their room still; the backup goes only once they are back.
    if overwrite(&file, &found.contents.bytes).is_err() {
        let backup = resolved.path_of(&name);
        return Err(DiskError::HalfWritten {
            path: resolved.path.clone(),
            backup,
            reason: reason.into(),
        });
    }
    let _ = remove(resolved, &name);
    Err(DiskError::refused("write", &resolved.path, reason))
}

fn save(resolved: &Rc<ResolvedPath>, found: &FoundFile) -> Result<OsString, DiskError> {
    let name = resolved.beside(".", BACKUP);
    let mut backup = Temporary::create(resolved)?;
    backup.set_permissions(&Permissions {
        owner: found.attributes.owner,
        group: None,
        mode: 0o600,
        acl: Acl::Nothing,
    })?;
    backup.fill(
        &[
            format!("{HEADER}{}\n", found.attributes.inode()).as_bytes(),
            &found.contents.bytes,
        ]
        .concat(),
    )?;
    if let Err(reason) = backup
        .move_to(&name)
        .and_then(|()| sync_directory(resolved))
    {
        let _ = remove(resolved, &name);
        return Err(DiskError::refused(
            "rename",
            &resolved.path_of(&name),
            reason,
        ));
    }
    Ok(name)
}

/// Puts back what a killed writer had saved before it began to write in place.
pub(super) fn restore<P, E>(
    resolved: &ResolvedPath,
    parse: &impl Fn(Option<&[u8]>) -> Result<P, E>,
) -> Result<Option<DiskNote>, DiskError> {
    let name = resolved.beside(".", BACKUP);
    let Some(backup) = look_at(
        &resolved.directory,
        name.as_ref(),
        &resolved.path_of(&name),
        OFlags::NOFOLLOW,
    )?
    else {
        return Ok(None);
    };
    let Some(found) = resolved.look()? else {
        return Ok(None);
    };
    if ![ROOT, resolved.writer, found.attributes.owner].contains(&backup.attributes.owner) {
        return Ok(None);
    }
    let header = format!("{HEADER}{}\n", found.attributes.inode());
    let saved = backup.contents.bytes.strip_prefix(header.as_bytes());
    let bytes = &found.contents.bytes;
    let later = backup
        .contents
        .modified
        .checked_add(LATER)
        .is_some_and(|limit| found.contents.modified > limit);
    let sound_since = later && !is_blank(bytes) && parse(Some(bytes)).is_ok();
    let Some(saved) = saved.filter(|saved| **saved != **bytes && !sound_since) else {
        return forget(resolved, &name).map(|()| None);
    };
    let file = open(resolved)?;
    call("write", &resolved.path, || overwrite(&file, saved))?;
    forget(resolved, &name)?;
    Ok(Some(DiskNote::Restored {
        path: resolved.path.clone(),
    }))
}

fn open(resolved: &ResolvedPath) -> Result<OwnedFd, DiskError> {
    let flags =
        OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    call("open", &resolved.path, || {
        openat(&resolved.directory, &resolved.name, flags, Mode::empty())
    })
}

fn chmod(file: &OwnedFd, mode: u32) -> rustix::io::Result<()> {
    retry(|| fchmod(file, Mode::from_raw_mode(mode)))
}

/// Written before it is cut, so that a full disk still has the room that the old contents had.
fn overwrite(file: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<()> {
    write_all(file, bytes)?;
    retry(|| ftruncate(file, bytes.len() as u64))?;
    retry(|| fsync(file))
}

/// Removes the backup for good: one that came back after a power failure would undo the change.
fn forget(resolved: &ResolvedPath, name: &OsStr) -> Result<(), DiskError> {
    call("remove", &resolved.path_of(name), || {
        remove(resolved, name).and_then(|()| sync_directory(resolved))
    })
}
