//! The lock beside a file: one writer at a time, on this machine and over NFS. Knows nothing of the file's contents.
//!
//! It is `flock` on `<file>.lock`, never on the file itself, which is replaced. The kernel gives it up when its holder
//! ends in whatever way, so there is no stale lock; what is written inside only tells people who took it last.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{
    Access, AtFlags, FileType, FlockOperation, Gid, Mode, OFlags, RenameFlags, Uid, accessat,
    chmod, fchmod, fchown, flock, ftruncate, openat, renameat_with, unlinkat,
};
use rustix::io::Errno;

use super::error::{DiskError, Reason, call, retry};
use super::resolved::{ROOT, ResolvedPath};
use super::temporary::{NEW, write_all};
use super::version::FileVersion;

/// How often the lock's file is opened again that somebody has just made or removed.
const TRIES: u32 = 100;
/// How much longer each pause before it is, up to twenty times as long: a network file system may hold the old answer for a
/// second.
const PAUSE: Duration = Duration::from_millis(1);
/// A lock's file is for its file's owner alone: nobody else can hold it.
const LOCK_MODE: u32 = 0o600;
const LONGEST_SIGNATURE: u64 = 128;

#[derive(Debug)]
pub(super) struct Lock {
    _file: Arc<OwnedFd>,
}

impl Lock {
    /// Takes the lock of `place`, or says why the file system has none. Waits as long as others take it or change the file, and `patience` without that.
    pub(super) fn take(
        resolved: &ResolvedPath,
        patience: Duration,
    ) -> Result<Result<Self, Reason>, DiskError> {
        let name = resolved.beside("", ".lock");
        for tries in 0..TRIES {
            let lock_file = LockFile::open(resolved)?;
            match retry(|| flock(&lock_file.file, FlockOperation::NonBlockingLockExclusive)) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => lock_file.wait(resolved, patience)?,
                Err(reason @ (Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS)) => {
                    return Ok(Err(reason.into()));
                }
                Err(reason) => return Err(DiskError::refused("lock", &lock_file.path, reason)),
            }
            // Somebody may have tidied the lock's file away while this one waited for it.
            let current = call("stat", &lock_file.path, || {
                FileVersion::at(&resolved.directory, &name)
            })?;
            if current.is_some_and(|current| current.same_file(&lock_file.attributes)) {
                lock_file.sign();
                return Ok(Ok(Self {
                    _file: lock_file.file,
                }));
            }
            pause(tries);
        }
        Err(DiskError::KeepsChanging {
            path: resolved.path_of(&name),
        })
    }
}

fn pause(tries: u32) {
    sleep(PAUSE * tries.min(20));
}

struct LockFile {
    file: Arc<OwnedFd>,
    attributes: FileVersion,
    path: PathBuf,
}

impl LockFile {
    fn open(resolved: &ResolvedPath) -> Result<Self, DiskError> {
        let name = resolved.beside("", ".lock");
        let path = resolved.path_of(&name);
        // Over NFS an exclusive flock needs a descriptor that can write.
        let flags =
            OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        for tries in 0..TRIES {
            let file = match retry(|| openat(&resolved.directory, &name, flags, Mode::empty())) {
                Ok(file) => file,
                Err(Errno::LOOP) => {
                    return Err(DiskError::StrangeLock {
                        path,
                        why: "is a symbolic link",
                    });
                }
                Err(Errno::NOENT) => match create(resolved) {
                    Ok(file) => file,
                    Err(Errno::NOENT)
                        if FileVersion::of(&resolved.directory).is_ok_and(|it| it.links == 0) =>
                    {
                        return Err(DiskError::DirectoryRemoved {
                            path: resolved.path.clone(),
                        });
                    }
                    Err(Errno::EXIST | Errno::NOENT | Errno::INTR) => {
                        pause(tries);
                        continue;
                    }
                    Err(reason) => return Err(refused(resolved, &path, reason)),
                },
                // Its maker's umask has closed it even to its owner, and the maker was killed or has not opened it yet.
                Err(Errno::ACCESS) if open_to_owner(resolved, &name).is_ok_and(|opened| opened) => {
                    continue;
                }
                Err(reason) => return Err(refused(resolved, &path, reason)),
            };
            if let Some(lock_file) = Self::adopt(resolved, file, path.clone())? {
                return Ok(lock_file);
            }
            pause(tries);
        }
        Err(DiskError::KeepsChanging { path })
    }

    /// Makes sure that nobody else has prepared the lock's file, and that nobody else can hold it; `None` when it has lost its
    /// name since it was opened.
    fn adopt(
        resolved: &ResolvedPath,
        file: OwnedFd,
        path: PathBuf,
    ) -> Result<Option<Self>, DiskError> {
        let Some(attributes) = call("stat", &path, || under_its_name(resolved, &file))? else {
            return Ok(None);
        };
        super::read::expect_file(&attributes, &path)?;
        if attributes.links > 1 {
            return Err(DiskError::StrangeLock {
                path,
                why: "has another name (a hard link)",
            });
        }
        if !resolved
            .parent_directory
            .trusts(attributes.owner, resolved.writer)
        {
            return Err(DiskError::StrangeLock {
                path,
                why: "belongs to another user",
            });
        }
        // A file that somebody has put here under this name must be neither overwritten nor given away.
        let lock = Self {
            file: Arc::new(file),
            attributes,
            path,
        };
        let given_away = resolved.writer == ROOT && attributes.owner != owner(resolved)?;
        let unsigned = || attributes.size > 0 && lock.holder().is_none();
        if attributes.size > LONGEST_SIGNATURE || (given_away && unsigned()) {
            return Err(DiskError::StrangeLock {
                path: lock.path,
                why: "holds what no lock holds",
            });
        }
        // Both are for others' sake and fail where a file system has no owners and modes.
        if given_away {
            let _ = give_to(&lock.file, owner(resolved)?);
        }
        if attributes.mode != LOCK_MODE {
            let _ = fchmod(&*lock.file, Mode::from_raw_mode(LOCK_MODE));
        }
        Ok(Some(lock))
    }

    /// Waits in a thread of its own, which the kernel wakes, and looks now and then whether others get on.
    fn wait(&self, resolved: &ResolvedPath, patience: Duration) -> Result<(), DiskError> {
        let (sender, receiver) = channel();
        let file = Arc::clone(&self.file);
        // When nobody waits any more, the thread ends with the lock that it then gets, and so gives it up.
        let waiting = move || {
            let _ = sender.send(retry(|| flock(&*file, FlockOperation::LockExclusive)));
        };
        std::thread::Builder::new()
            .name("lock".to_owned())
            .spawn(waiting)
            .map_err(|_| DiskError::refused("lock", &self.path, Errno::AGAIN))?;
        let mut seen = self.progress(resolved);
        let mut since = Instant::now();
        loop {
            match receiver.recv_timeout(patience / 20) {
                Ok(taken) => {
                    return taken.map_err(|reason| DiskError::refused("lock", &self.path, reason));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(DiskError::refused("lock", &self.path, Errno::AGAIN));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.progress(resolved);
            if now != seen {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() >= patience {
                let (path, seconds) = (self.path.clone(), since.elapsed().as_secs());
                return Err(DiskError::LockHeld {
                    path,
                    seconds,
                    holder: self.holder(),
                });
            }
        }
    }

    /// What changes when somebody takes the lock (its file is signed) or changes the file.
    fn progress(&self, resolved: &ResolvedPath) -> (Option<FileVersion>, Option<FileVersion>) {
        // Opened again, because only that asks an NFS server at once.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let again = || {
            openat(
                &resolved.directory,
                resolved.beside("", ".lock"),
                flags,
                Mode::empty(),
            )
        };
        let lock = again().and_then(FileVersion::of).ok();
        (lock, resolved.attributes().ok().flatten())
    }

    /// Writes down who holds the lock. Only people read it, so a full disk is no reason to stop.
    fn sign(&self) {
        let process = rustix::process::getpid().as_raw_nonzero();
        let text = format!(
            "{process} {}\n",
            rustix::system::uname().nodename().to_string_lossy()
        );
        let written = write_all(&self.file, text.as_bytes());
        if written.is_ok() && self.attributes.size > text.len() as u64 {
            let _ = ftruncate(&*self.file, text.len() as u64);
        }
    }

    fn holder(&self) -> Option<String> {
        let mut bytes = [0; LONGEST_SIGNATURE as usize];
        let count = rustix::io::pread(&*self.file, &mut bytes[..], 0).ok()?;
        let text = std::str::from_utf8(bytes.get(..count)?).ok()?;
        let (process, host) = text.lines().next()?.split_once(' ')?;
        let process: u32 = process.parse().ok()?;
        let printable = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        printable.then(|| format!("process {process} on {host}"))
    }
}

/// Whom a lock's file belongs to: the file's owner, or the directory's when there is no file.
fn owner(resolved: &ResolvedPath) -> Result<u32, DiskError> {
    Ok(resolved
        .attributes()?
        .map_or(resolved.parent_directory.owner, |attributes| {
            attributes.owner
        }))
}

fn give_to(file: &OwnedFd, owner: u32) -> rustix::io::Result<()> {
    fchown(file, Some(Uid::from_raw(owner)), None::<Gid>)
}

/// Makes the lock's file. When root makes it for somebody else, it appears under its name only once it is theirs.
fn create(resolved: &ResolvedPath) -> rustix::io::Result<OwnedFd> {
    let name = resolved.beside("", ".lock");
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(LOCK_MODE);
    let owner = owner(resolved).unwrap_or(resolved.writer);
    if resolved.writer == ROOT && owner != ROOT {
        let unfinished = resolved.beside(".", NEW);
        let _ = unlinkat(&resolved.directory, &unfinished, AtFlags::empty());
        let file = openat(&resolved.directory, &unfinished, flags, mode)?;
        let _ = give_to(&file, owner);
        let moved = renameat_with(
            &resolved.directory,
            &unfinished,
            &resolved.directory,
            &name,
            RenameFlags::NOREPLACE,
        );
        if moved.is_err() {
            let _ = unlinkat(&resolved.directory, &unfinished, AtFlags::empty());
        }
        // Some file systems can't rename without replacing.
        if !matches!(moved, Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)) {
            return moved.map(|()| file);
        }
    }
    openat(&resolved.directory, &name, flags, mode)
}

/// What the open lock's file is, by one look at its name: with one link its name here is its only one. The links of the open
/// file alone would not tell that, as somebody may have taken the name here away from a file that lies elsewhere. `None`
/// when it does not have its name any more.
fn under_its_name(
    resolved: &ResolvedPath,
    file: &OwnedFd,
) -> rustix::io::Result<Option<FileVersion>> {
    let opened = FileVersion::of(file)?;
    let there = FileVersion::at(&resolved.directory, resolved.beside("", ".lock"))?;
    Ok(there.filter(|there| there.same_file(&opened)))
}

/// Opens a lock's file of the writer's own to its owner; whether another try is worth it.
fn open_to_owner(resolved: &ResolvedPath, name: &OsStr) -> rustix::io::Result<bool> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&resolved.directory, name, flags, Mode::empty())?;
    let Some(attributes) = under_its_name(resolved, &file)? else {
        return Ok(true);
    };
    let own = attributes.kind == FileType::RegularFile
        && attributes.owner == resolved.writer
        && attributes.links == 1;
    if !own || attributes.mode & LOCK_MODE == LOCK_MODE {
        return Ok(false);
    }
    // By its number: what can't be opened can't be changed by its descriptor.
    chmod(
        format!("/proc/self/fd/{}", file.as_raw_fd()),
        Mode::from_raw_mode(LOCK_MODE),
    )?;
    Ok(true)
}

fn refused(resolved: &ResolvedPath, lock: &Path, reason: Errno) -> DiskError {
    let access = accessat(
        &resolved.directory,
        &resolved.name,
        Access::WRITE_OK,
        AtFlags::EACCESS,
    );
    match reason {
        Errno::ACCESS | Errno::PERM | Errno::ROFS if access.is_err() => {
            DiskError::refused("open", &resolved.path, reason)
        }
        _ => DiskError::refused("open", lock, reason),
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "these tests put files in the way by hand"
)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    /// What comes of a lock's file that was opened when somebody does something to its name before it is looked at, and the
    /// mode of a file of the same owner's elsewhere, which was linked there.
    fn raced(then: impl Fn(&Path)) -> (Result<Option<LockFile>, DiskError>, u32) {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        std::fs::write(&elsewhere, "").unwrap();
        std::fs::set_permissions(&elsewhere, std::fs::Permissions::from_mode(0o644)).unwrap();
        let lock = home.path().join("remote.yaml.lock");
        std::fs::hard_link(&elsewhere, &lock).unwrap();
        let resolved = ResolvedPath::find(&home.path().join("remote.yaml")).unwrap();
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .open(&lock)
            .unwrap();
        then(&lock);
        let adopted = LockFile::adopt(&resolved, file.into(), lock);
        (
            adopted,
            std::fs::metadata(&elsewhere).unwrap().mode() & 0o777,
        )
    }

    #[test]
    fn a_file_that_lies_elsewhere_is_neither_locked_nor_changed_whenever_its_name_here_goes() {
        let (adopted, mode) = raced(|lock| std::fs::remove_file(lock).unwrap());
        assert!(matches!(adopted, Ok(None)), "its name is gone: once more");
        assert_eq!(mode, 0o644);
        let (adopted, mode) = raced(|lock| {
            std::fs::remove_file(lock).unwrap();
            std::fs::write(lock, "").unwrap();
        });
        assert!(
            matches!(adopted, Ok(None)),
            "another file has its name: once more"
        );
        assert_eq!(mode, 0o644);
        let (adopted, mode) = raced(|_| {});
        assert!(
            matches!(adopted, Err(DiskError::StrangeLock { .. })),
            "it has two names"
        );
        assert_eq!(mode, 0o644);
        let (adopted, mode) = raced(|lock| {
            let elsewhere = lock.with_file_name("elsewhere");
            std::fs::remove_file(&elsewhere).unwrap();
            std::fs::write(elsewhere, "").unwrap();
        });
        assert!(matches!(adopted, Ok(Some(_))), "its only name is here");
        assert_eq!(mode, 0o644);
    }
}
