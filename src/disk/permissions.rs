//! Directories, modes, and the question who may write. Changes no contents.
//!
//! That modes are only ever fixed towards stricter ones is D2 of docs/compatibility.md, who may write is D20.

use std::fs::DirBuilder;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::{
    Access, AtFlags, FileType, Mode, OFlags, accessat, chmod, fchmod, mkdir, open, stat,
};
use rustix::io::Errno;

use super::error::{DiskError, call, retry};
use super::resolved::{ROOT, ResolvedPath};
use super::version::FileVersion;

/// Makes the directory `path` with exactly `mode`, whatever the umask, but not the directories above it. Whether it was made:
/// `false` when it was there, in whatever mode.
pub(crate) fn create_directory(path: &Path, mode: u32) -> Result<bool, DiskError> {
    let wanted = Mode::from_raw_mode(mode);
    match mkdir(path, wanted) {
        Ok(()) => {}
        Err(Errno::EXIST) if path.is_dir() => return Ok(false),
        Err(reason) => return Err(DiskError::refused("mkdir", path, reason)),
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = call("open", path, || open(path, flags, Mode::empty()))?;
    let made = call("stat", path, || FileVersion::of(&directory))?;
    if made.mode & 0o777 != mode {
        // By its number, because a directory that the umask has closed even to its owner can't be opened any further.
        let number = format!("/proc/self/fd/{}", directory.as_raw_fd());
        call("chmod", path, || chmod(&number, wanted))?;
    }
    Ok(true)
}

/// Makes a directory for its owner alone, and those above it that do not exist. Where that fails, whatever is done in it next
/// fails too, and says why.
pub(crate) fn create_private_directories(path: &Path) {
    let _ = create_directories(path, 0o700);
}

/// Makes the directory `path` and those above it that do not exist, each with `mode` as far as the umask permits.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where directories are made"
)]
pub(crate) fn create_directories(path: &Path, mode: u32) -> Result<(), DiskError> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| {
        let reason = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        DiskError::refused("mkdir", path, reason)
    })
}

/// Gives a file the mode `at_most` when it permits more than that; a stricter one is left. The old mode, when it was changed;
/// `None` too when no file is there.
pub(crate) fn close_file(path: &Path, at_most: u32) -> Result<Option<u32>, DiskError> {
    close(path, at_most, FileType::RegularFile)
}

pub(crate) fn close_directory(path: &Path, at_most: u32) -> Result<Option<u32>, DiskError> {
    close(path, at_most, FileType::Directory)
}

fn close(path: &Path, at_most: u32, kind: FileType) -> Result<Option<u32>, DiskError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match retry(|| open(path, flags, Mode::empty())) {
        Ok(file) => file,
        // A socket can't be opened at all; whoever reads the file says what it is.
        Err(Errno::NOENT | Errno::NXIO) => return Ok(None),
        Err(reason) => {
            call("stat", path, || stat(path))?;
            return Err(DiskError::refused("open", path, reason));
        }
    };
    let attributes = call("stat", path, || FileVersion::of(&file))?;
    let permissions = attributes.mode & 0o777;
    if permissions & !at_most == 0 || attributes.kind != kind {
        return Ok(None);
    }
    call("chmod", path, || {
        fchmod(
            &file,
            Mode::from_raw_mode(attributes.mode & !0o777 | at_most),
        )
    })?;
    Ok(Some(permissions))
}

/// Finds a directory that no file can be put into, before somebody types what is to be stored in the file at `path`. Whoever
/// writes makes a directory that does not exist yet.
pub(crate) fn check_directory(path: &Path) -> Result<(), DiskError> {
    let Ok(resolved) = ResolvedPath::find(path) else {
        return Ok(());
    };
    let access = Access::WRITE_OK | Access::EXEC_OK;
    call("open", path, || {
        accessat(&resolved.directory, c".", access, AtFlags::EACCESS)
    })
}

/// Whether the effective user may change the file at `path`: root; else its owner (without a file: the directory's), when he
/// can also put files in the directory; without a directory, who may make that. A read-only file system is not looked at: writing
/// will name it.
pub(crate) fn may_write(path: &Path) -> bool {
    if rustix::process::geteuid().as_raw() == ROOT {
        return true;
    }
    let Ok(resolved) = ResolvedPath::find(path) else {
        return path.parent().is_some_and(|directory| {
            matches!(directory.try_exists(), Ok(false)) && may_write(directory)
        });
    };
    let Ok(attributes) = resolved.attributes() else {
        return false;
    };
    let owner = attributes.map_or(resolved.parent_directory.owner, |attributes| {
        attributes.owner
    });
    let access = Access::WRITE_OK | Access::EXEC_OK;
    owner == resolved.writer
        && matches!(
            accessat(&resolved.directory, c".", access, AtFlags::EACCESS),
            Ok(()) | Err(Errno::ROFS)
        )
}
