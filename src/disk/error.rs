//! What can go wrong with a file, and what is worth a warning although nothing did. Knows no layer and no command.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use std::{fmt, io};

use rustix::io::Errno;

/// The kernel's reason for a refusal, in Go's words: lower case and without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(Errno);

impl Reason {
    pub fn kind(self) -> io::ErrorKind {
        self.0.kind()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = io::Error::from(self.0).to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        let mut characters = text.chars();
        let first = characters.next().map(|first| first.to_ascii_lowercase());
        write!(
            formatter,
            "{}{}",
            first.map(String::from).unwrap_or_default(),
            characters.as_str()
        )
    }
}

impl std::error::Error for Reason {}

/// Why a file could not be read or changed. Unless the text says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The kernel refused; with its source the text is Go's: `open PATH: permission denied`.
    #[error("{action} {}", path.display())]
    Refused {
        /// The call in one word: open, read, write, sync, rename, …
        action: &'static str,
        path: PathBuf,
        #[source]
        reason: Reason,
    },
    #[error("open {}: is a {kind}, not a regular file", path.display())]
    NotAFile { path: PathBuf, kind: &'static str },
    #[error("{action} {}: {size} bytes are too many, 64 MiB are the most", path.display())]
    TooLarge {
        action: &'static str,
        path: PathBuf,
        size: u64,
    },
    #[error("open {}: is a link to {}, which does not exist", path.display(), target.display())]
    DanglingLink { path: PathBuf, target: PathBuf },
    #[error(
        "open {}: belongs to user {owner}, and nothing is written through links of others or to their files",
        path.display()
    )]
    StrangersLink { path: PathBuf, owner: u32 },
    /// Root would follow a link that somebody else can exchange.
    #[error("open {}: root writes through no link in a directory that others can write", path.display())]
    LinkInSharedDirectory { path: PathBuf },
    /// Root would change a stranger's file in a directory where strangers can put files.
    #[error("open {}: belongs to user {owner}, and root changes no such file in a directory that others can write", path.display())]
    StrangersFile { path: PathBuf, owner: u32 },
    /// Root would change a file that may be known by another name.
    #[error(
        "open {}: has {links} names (hard links), and root changes such a file only in a directory that nobody else can write",
        path.display()
    )]
    HardLinks { path: PathBuf, links: u64 },
    #[error("lock {}: it {why}; it can be removed when nothing uses it", path.display())]
    StrangeLock { path: PathBuf, why: &'static str },
    #[error(
        "lock {}: nothing moved for {seconds} s{}; `fuser {}` shows who holds it",
        path.display(), holder.as_ref().map(|holder| format!(", last taken by {holder}")).unwrap_or_default(), path.display()
    )]
    LockHeld {
        path: PathBuf,
        seconds: u64,
        /// The last one who took it, as it wrote itself down: `process 4711 on node5`.
        holder: Option<String>,
    },
    #[error("open {}: its directory was removed", path.display())]
    DirectoryRemoved { path: PathBuf },
    #[error("replace {}: others change it all the time without a lock", path.display())]
    KeepsChanging { path: PathBuf },
    #[error("replace {}: belongs to user {owner}, and the new one would not", path.display())]
    Owner { path: PathBuf, owner: u32 },
    #[error("{} was changed, but the change may not survive a power failure", path.display())]
    NotDurable {
        path: PathBuf,
        #[source]
        reason: Reason,
    },
    /// Writing a mount point in place failed midway; its old contents wait beside it for the next writer.
    #[error("write {}: only a part was written; the next change restores what {} keeps", path.display(), backup.display())]
    HalfWritten {
        path: PathBuf,
        backup: PathBuf,
        #[source]
        reason: Reason,
    },
}

impl DiskError {
    pub(super) fn refused(action: &'static str, path: &Path, reason: Errno) -> Self {
        Self::Refused {
            action,
            path: path.to_owned(),
            reason: Reason(reason),
        }
    }

    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused { reason, .. }
            | Self::NotDurable { reason, .. }
            | Self::HalfWritten { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

impl From<Errno> for Reason {
    fn from(reason: Errno) -> Self {
        Self(reason)
    }
}

/// Runs a system call again as long as a signal interrupts it, and names the file in its refusal.
pub(super) fn call<T>(
    action: &'static str,
    path: &Path,
    run: impl FnMut() -> rustix::io::Result<T>,
) -> Result<T, DiskError> {
    retry(run).map_err(|reason| DiskError::refused(action, path, reason))
}

/// How often a call is tried whose file another machine has just replaced, and the first pause after it, which doubles.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(1);

/// Runs a system call again as long as a signal interrupts it, and for a moment while a network file system says that the
/// file which it looked up is gone: another machine has replaced it since.
pub(super) fn retry<T>(mut run: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    let mut tries = 1;
    loop {
        match rustix::io::retry_on_intr(&mut run) {
            Err(Errno::STALE) if tries < TRIES => sleep(PAUSE * 2u32.pow(tries)),
            done => return done,
        }
        tries += 1;
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskNote {
    /// The file system can't lock: the change was made to fresh contents, but another one at the same instant could be lost.
    NotLocked {
        path: PathBuf,
        reason: Reason,
    },
    WrittenInPlace {
        path: PathBuf,
    },
    /// A killed writer had left the file half written; the change was made to the contents before that.
    Restored {
        path: PathBuf,
    },
    /// The new file could not be given the old one's group; the group's permissions are now everyone's.
    GroupLost {
        path: PathBuf,
        group: u32,
    },
    AttributesLost {
        path: PathBuf,
        names: Vec<String>,
    },
}

impl fmt::Display for DiskNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLocked { path, reason } => {
                write!(
                    formatter,
                    "{} can't be locked ({reason}); don't change it from two places at once",
                    path.display()
                )
            }
            Self::WrittenInPlace { path } => {
                write!(
                    formatter,
                    "{} is a mount point and can't be replaced; it was written in place",
                    path.display()
                )
            }
            Self::Restored { path } => {
                write!(
                    formatter,
                    "an earlier change of {} was interrupted; what it held before was restored",
                    path.display()
                )
            }
            Self::GroupLost { path, group } => {
                write!(
                    formatter,
                    "{} could not be kept in group {group}",
                    path.display()
                )
            }
            Self::AttributesLost { path, names } => {
                write!(
                    formatter,
                    "{} could not keep its attributes {}",
                    path.display(),
                    names.join(", ")
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_the_reference_prints_it() {
        for (action, reason, text) in [
            (
                "open",
                Errno::ACCESS,
                "open /x/remote.yaml: permission denied",
            ),
            (
                "open",
                Errno::NOENT,
                "open /x/remote.yaml: no such file or directory",
            ),
            ("open", Errno::ISDIR, "open /x/remote.yaml: is a directory"),
            (
                "open",
                Errno::ROFS,
                "open /x/remote.yaml: read-only file system",
            ),
            (
                "chmod",
                Errno::PERM,
                "chmod /x/remote.yaml: operation not permitted",
            ),
            (
                "write",
                Errno::NOSPC,
                "write /x/remote.yaml: no space left on device",
            ),
            ("sync", Errno::IO, "sync /x/remote.yaml: input/output error"),
        ] {
            let error = DiskError::refused(action, Path::new("/x/remote.yaml"), reason);
            assert_eq!(crate::disk::tests::words(Err::<(), _>(error)), text);
        }
    }

    #[test]
    fn a_lock_held_for_ever_names_the_holder_and_the_way_to_look() {
        let error = |holder| DiskError::LockHeld {
            path: "/x/remote.yaml.lock".into(),
            seconds: 10,
            holder,
        };
        assert_eq!(
            error(Some("process 4711 on node5".to_owned())).to_string(),
            "lock /x/remote.yaml.lock: nothing moved for 10 s, last taken by process 4711 on node5; \
             `fuser /x/remote.yaml.lock` shows who holds it"
        );
        assert_eq!(
            error(None).to_string(),
            "lock /x/remote.yaml.lock: nothing moved for 10 s; `fuser /x/remote.yaml.lock` shows who holds it"
        );
    }
}
