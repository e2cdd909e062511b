//! A private directory in memory for the time of one run, and what becomes of what is left in it. Knows no format and no
//! command.
//!
//! It belongs to the run that has locked it. A run that was killed leaves it without a lock, and the next one removes it.
#![expect(
    clippy::disallowed_methods,
    reason = "files in memory need no lock and no durability"
)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open, statfs};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::error::{DiskError, call};
use super::permissions::create_directory;

const PREFIX: &str = "portolan-exec.";
const ORIGIN: &str = ".portolan";
const TMPFS: u64 = 0x0102_1994;
const TRIES: u32 = 1000;
/// How much of a file is looked through at once, and how much of it once more with the next part.
const PART: usize = 1024 * 1024;
const OVERLAP: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct MemoryDirectory {
    path: PathBuf,
    links: BTreeMap<OsString, PathBuf>,
    _lock: OwnedFd,
}

/// Those of `candidates` that are in memory and where nobody else can take away what is ours.
pub(crate) fn memory_bases(
    candidates: impl IntoIterator<Item = PathBuf>,
    user: u32,
) -> Vec<PathBuf> {
    let is_ours = |base: &PathBuf| {
        let is_private = |found: fs::Metadata| match found.uid() == user {
            true => found.mode() & 0o022 == 0 || found.mode() & 0o1000 != 0,
            false => found.uid() == 0 && found.mode() & 0o1000 != 0,
        };
        let is_tmpfs = statfs(base).is_ok_and(|found| found.f_type.cast_unsigned() == TMPFS);
        is_tmpfs && fs::metadata(base).is_ok_and(is_private)
    };
    candidates.into_iter().filter(is_ours).collect()
}

/// The directory that a directory in memory stands for; `None` for any other directory.
pub(crate) fn memory_origin(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.as_encoded_bytes();
    let is_ours = name.starts_with(PREFIX.as_bytes());
    is_ours
        .then(|| fs::read_link(directory.join(ORIGIN)).ok())
        .flatten()
}

impl MemoryDirectory {
    pub(crate) fn create(base: &Path, origin: &Path) -> Result<Self, DiskError> {
        for number in 0..TRIES {
            let path = base.join(format!("{PREFIX}{}.{number}", process::id()));
            match create_directory(&path, 0o700) {
                Ok(true) => {}
                Ok(false) => continue,
                // A name that is taken, or what another run takes for a left-over at this moment.
                Err(DiskError::Refused { reason, .. })
                    if matches!(
                        reason.kind(),
                        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            }
            let Some(lock) = lock(&path) else { continue };
            let mut directory = Self {
                path,
                links: BTreeMap::new(),
                _lock: lock,
            };
            directory.link(OsStr::new(ORIGIN), origin)?;
            return Ok(directory);
        }
        Err(DiskError::refused("mkdir", base, Errno::EXIST))
    }

    pub(crate) fn clear(bases: &[PathBuf], user: u32) {
        let entries = bases.iter().filter_map(|base| fs::read_dir(base).ok());
        for entry in entries.flatten().flatten() {
            let is_ours = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(PREFIX.as_bytes());
            let is_own = |found: fs::Metadata| found.is_dir() && found.uid() == user;
            if is_ours && entry.metadata().is_ok_and(is_own) {
                let path = entry.path();
                if let Some(_lock) = lock(&path) {
                    let _ = fs::remove_dir_all(path);
                }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let written = options
            .open(&path)
            .and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| DiskError::refused("write", &path, errno(&error)))
    }

    pub(crate) fn link(&mut self, name: &OsStr, target: &Path) -> Result<(), DiskError> {
        let path = self.path.join(name);
        symlink(target, &path)
            .map_err(|error| DiskError::refused("symlink", &path, errno(&error)))?;
        self.links.insert(name.to_owned(), target.to_owned());
        Ok(())
    }

    pub(crate) fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let is_new = |path: &PathBuf| {
            let link = path.file_name().and_then(|name| self.links.get(name));
            link.is_none() || fs::read_link(path).ok().as_ref() != link
        };
        let mut left: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_new).collect();
        left.sort();
        left
    }
}

impl Drop for MemoryDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn lock(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = open(path, flags, Mode::empty()).ok()?;
    flock(&opened, FlockOperation::NonBlockingLockExclusive).ok()?;
    let locked = fstat(&opened).ok()?;
    let current = fs::symlink_metadata(path).ok()?;
    (current.ino() == locked.st_ino).then_some(opened)
}

/// Copies a file, or a directory with all that is in it, to where nothing stands yet. Links are copied as they are; pipes,
/// sockets and devices are left out.
pub(crate) fn copy_new(from: &Path, to: &Path) -> Result<(), DiskError> {
    let refused = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| DiskError::refused(action, &path, errno(&error))
    };
    let found = fs::symlink_metadata(from).map_err(refused("stat", from))?;
    let mode = found.mode() & 0o777;
    if found.is_dir() {
        let made = DirBuilder::new().mode(mode | 0o700).create(to);
        made.map_err(refused("mkdir", to))?;
        for entry in fs::read_dir(from).map_err(refused("open", from))?.flatten() {
            copy_new(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if found.is_symlink() {
        let target = fs::read_link(from).map_err(refused("open", from))?;
        symlink(target, to).map_err(refused("symlink", to))?;
    } else if found.is_file() {
        let mut source = File::open(from).map_err(refused("open", from))?;
        let mut options = OpenOptions::new();
        let target = options.write(true).create_new(true).mode(mode).open(to);
        let mut target = target.map_err(refused("open", to))?;
        io::copy(&mut source, &mut target).map_err(refused("write", to))?;
        call("sync", to, || rustix::fs::fsync(&target))?;
    }
    Ok(())
}

/// Whether a file, or one in a directory, has a text that `is_secret` knows. One that can't be read may have it.
pub(crate) fn any_text(path: &Path, is_secret: &dyn Fn(&str) -> bool) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else {
        return true;
    };
    if found.is_dir() {
        let Ok(entries) = fs::read_dir(path) else {
            return true;
        };
        let mut entries = entries.flatten();
        return entries.any(|entry| any_text(&entry.path(), is_secret));
    }
    found.is_file() && file_has(path, is_secret).unwrap_or(true)
}

fn file_has(path: &Path, is_secret: &dyn Fn(&str) -> bool) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut part = Zeroizing::new(Vec::with_capacity(PART + OVERLAP));
    loop {
        let again = part.len().saturating_sub(OVERLAP);
        part.drain(..again);
        let count = (&file).take(PART as u64).read_to_end(&mut part)?;
        if is_secret(&String::from_utf8_lossy(&part)) {
            return Ok(true);
        }
        if count < PART {
            return Ok(false);
        }
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
