//! The new version of a file before it takes the old one's place: made, dressed, filled, moved. Takes no lock.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::{Arc, Once};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Uid, XattrFlags, fchmod, fchown, fremovexattr, fsetxattr, fsync,
    openat, renameat, unlinkat,
};
use rustix::io::Errno;

use super::attributes;
use super::error::{DiskError, DiskNote, call, retry};
use super::resolved::ResolvedPath;
use super::version::FileVersion;

/// What the name of a temporary file has after the file's own; nobody else makes such names, so it is ours to remove.
pub(super) const NEW: &str = ".portolan-new";
const ACL: &str = "system.posix_acl_access";
/// A temporary file that has been lying for so long is a dead writer's: a live one needs a moment.
pub(super) const DEAD: Duration = Duration::from_secs(10);
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Permissions {
    pub(super) owner: u32,
    /// `None`: the one that a new file gets here.
    pub(super) group: Option<u32>,
    pub(super) mode: u32,
    pub(super) acl: Acl,
}

#[derive(Debug)]
pub(super) enum Acl {
    Inherited,
    /// None, whatever a new file gets here.
    Nothing,
    Exactly(Vec<u8>),
}

impl Acl {
    pub(super) fn of(file: &OwnedFd) -> rustix::io::Result<Self> {
        Ok(attributes::value(file, ACL)?.map_or(Self::Nothing, Self::Exactly))
    }
}

/// A temporary file beside its place; removed when it is dropped before it was moved.
pub(super) struct Temporary {
    resolved: Rc<ResolvedPath>,
    name: OsString,
    file: OwnedFd,
    attributes: FileVersion,
    moved: bool,
}

impl Temporary {
    /// Makes the temporary file of one who holds the lock: whatever has its name is what a killed writer left.
    pub(super) fn create(resolved: &Rc<ResolvedPath>) -> Result<Self, DiskError> {
        let name = resolved.beside(".", NEW);
        for _ in 0..TRIES {
            if let Some(temporary) = Self::make(resolved)? {
                return Ok(temporary);
            }
            call("remove", &resolved.path_of(&name), || {
                remove(resolved, &name)
            })?;
        }
        Err(DiskError::KeepsChanging {
            path: resolved.path.clone(),
        })
    }

    /// Makes the temporary file of one who holds no lock, and for whom it serves as one: waits at most `patience` while
    /// another writer has it, and then returns `None`.
    pub(super) fn claim(
        resolved: &Rc<ResolvedPath>,
        patience: Duration,
    ) -> Result<Option<Self>, DiskError> {
        let name = resolved.beside(".", NEW);
        let began = Instant::now();
        loop {
            if let Some(temporary) = Self::make(resolved)? {
                return Ok(Some(temporary));
            }
            let other = call("stat", &resolved.path_of(&name), || {
                FileVersion::at(&resolved.directory, &name)
            })?;
            if other.is_some_and(|other| !other.is_younger_than(DEAD)) {
                call("remove", &resolved.path_of(&name), || {
                    remove(resolved, &name)
                })?;
            } else if began.elapsed() >= patience {
                return Ok(None);
            } else {
                sleep(PAUSE);
            }
        }
    }

    fn make(resolved: &Rc<ResolvedPath>) -> Result<Option<Self>, DiskError> {
        let name = resolved.beside(".", NEW);
        let path = resolved.path_of(&name);
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = match retry(|| openat(&resolved.directory, &name, flags, mode)) {
            Ok(file) => file,
            Err(Errno::EXIST) => return Ok(None),
            Err(reason) => return Err(DiskError::refused("create", &path, reason)),
        };
        match retry(|| FileVersion::of(&file)) {
            Ok(attributes) => Ok(Some(Self {
                resolved: Rc::clone(resolved),
                name,
                file,
                attributes,
                moved: false,
            })),
            Err(reason) => {
                let _ = remove(resolved, &name);
                Err(DiskError::refused("stat", &path, reason))
            }
        }
    }

    /// Gives the file, still empty, its final owner, mode and list, whatever the umask.
    pub(super) fn set_permissions(
        &self,
        permissions: &Permissions,
    ) -> Result<Option<DiskNote>, DiskError> {
        let path = &self.resolved.path;
        let owner =
            (permissions.owner != self.attributes.owner).then(|| Uid::from_raw(permissions.owner));
        let group = permissions
            .group
            .filter(|group| *group != self.attributes.group);
        let mut mode = permissions.mode;
        let mut note = None;
        if owner.is_some() || group.is_some() {
            match retry(|| fchown(&self.file, owner, group.map(Gid::from_raw))) {
                Ok(()) => {}
                Err(Errno::PERM | Errno::INVAL) if owner.is_some() => {
                    return Err(DiskError::Owner {
                        path: path.clone(),
                        owner: permissions.owner,
                    });
                }
                // Another group must not get what the old one had.
                Err(Errno::PERM | Errno::INVAL) => {
                    let everyones = (mode & 0o007) << 3;
                    let kept = mode & (0o707 | everyones);
                    note = (kept != mode).then(|| DiskNote::GroupLost {
                        path: path.clone(),
                        group: group.unwrap_or_default(),
                    });
                    mode = kept;
                }
                Err(reason) => return Err(DiskError::refused("chown", path, reason)),
            }
        }
        if !matches!(permissions.acl, Acl::Inherited) {
            // Where there is none, or where there are no lists at all, there is none now.
            let _ = fremovexattr(&self.file, ACL);
        }
        if mode != self.attributes.mode {
            call("chmod", path, || {
                fchmod(&self.file, Mode::from_raw_mode(mode))
            })?;
        }
        if let Acl::Exactly(list) = &permissions.acl {
            call("setxattr", path, || {
                fsetxattr(&self.file, ACL, list, XattrFlags::empty())
            })?;
        }
        Ok(note)
    }

    pub(super) fn copy_attributes(&self, old: &OwnedFd) -> Option<DiskNote> {
        let names = attributes::copy(old, &self.file);
        let path = self.resolved.path.clone();
        (!names.is_empty()).then_some(DiskNote::AttributesLost { path, names })
    }

    /// Writes all bytes and waits until the disk has them.
    pub(super) fn fill(&self, bytes: &[u8]) -> Result<(), DiskError> {
        self.fill_unsynced(bytes)?;
        call("sync", &self.resolved.path, || fsync(&self.file))
    }

    pub(super) fn fill_unsynced(&self, bytes: &[u8]) -> Result<(), DiskError> {
        write_all(&self.file, bytes)
            .map_err(|reason| DiskError::refused("write", &self.resolved.path, reason))
    }

    /// Whether the file still has its name. Where nobody can lock, another writer may have taken it for a dead one's.
    pub(super) fn is_there(&self) -> Result<bool, DiskError> {
        let there = call("stat", &self.resolved.path, || {
            FileVersion::at(&self.resolved.directory, &self.name)
        })?;
        Ok(there.is_some_and(|there| there.same_file(&self.attributes)))
    }

    pub(super) fn move_to(&mut self, name: &OsStr) -> rustix::io::Result<()> {
        let directory = &self.resolved.directory;
        retry(|| renameat(directory, &self.name, directory, name))?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.moved && self.is_there().unwrap_or(false) {
            let _ = remove(&self.resolved, &self.name);
        }
    }
}

/// Beyond `ulimit -f` a write shall fail with an error, which leaves the old contents, and not kill with a signal.
fn survive_size_limit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without the handler the write still fails, only without a word.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    });
}

/// Writes all bytes from a file's beginning, however small the pieces that the kernel takes. Every byte that is written here
/// goes this way.
pub(super) fn write_all(file: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<()> {
    survive_size_limit();
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match retry(|| rustix::io::pwrite(file, rest, done as u64))? {
            0 => return Err(Errno::IO),
            count => done += count,
        }
    }
    Ok(())
}

pub(super) fn sync_directory(resolved: &ResolvedPath) -> rustix::io::Result<()> {
    match retry(|| fsync(&resolved.directory)) {
        // Some file systems can't sync a directory, and one that can't be listed can't be opened for it.
        Err(Errno::INVAL | Errno::BADF | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        other => other,
    }
}

pub(super) fn remove(resolved: &ResolvedPath, name: &OsStr) -> rustix::io::Result<()> {
    match retry(|| unlinkat(&resolved.directory, name, AtFlags::empty())) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}
