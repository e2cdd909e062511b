//! What the kernel says about one file. Follows no link, judges nothing.

use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, RawMode, Stat, fstat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

/// One version of one file: equal attributes mean that nobody has written, replaced or chmodded it in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileVersion {
    pub(super) kind: FileType,
    pub(super) mode: u32,
    pub(super) owner: u32,
    pub(super) group: u32,
    pub(super) links: u64,
    pub(super) size: u64,
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds of the last change of the contents.
    modified: (i64, u32),
    /// The same for contents or owner, mode and names.
    changed: (i64, u32),
}

impl FileVersion {
    pub(super) fn of(file: impl AsFd) -> rustix::io::Result<Self> {
        fstat(file).map(Self::from)
    }

    /// About what stands at `name` in `directory`, a link itself rather than its target; `None` when nothing does.
    pub(super) fn at(directory: impl AsFd, name: impl Arg) -> rustix::io::Result<Option<Self>> {
        match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Self::from(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(reason) => Err(reason),
        }
    }

    pub(super) fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    pub(super) fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let second = if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        second
            .and_then(|second| second.checked_add(Duration::from_nanos(nanoseconds.into())))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether the contents changed within `span`: before now, or after it by a clock that differs.
    #[expect(
        clippy::disallowed_methods,
        reason = "a file's age is measured when the file is looked at, not when the command began"
    )]
    pub(super) fn is_younger_than(&self, span: Duration) -> bool {
        let age = match SystemTime::now().duration_since(self.modified()) {
            Ok(age) => age,
            Err(ahead) => ahead.duration(),
        };
        age < span
    }
}

impl From<Stat> for FileVersion {
    #[allow(
        clippy::unnecessary_cast,
        reason = "these fields have another width on other architectures"
    )]
    fn from(stat: Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode as RawMode),
            mode: stat.st_mode as u32 & 0o7777,
            owner: stat.st_uid as u32,
            group: stat.st_gid as u32,
            links: stat.st_nlink as u64,
            size: stat.st_size as u64,
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }
}
