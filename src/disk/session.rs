//! One file under its lock: read, and replaced by what was decided from that.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use rustix::io::Errno;

use super::error::{DiskError, DiskNote, Reason};
use super::in_place;
use super::lock::Lock;
use super::read::{Contents, LARGEST, Opened, read_stable};
use super::resolved::{ROOT, ResolvedPath};
use super::temporary::{Acl, Permissions, Temporary, sync_directory};
use super::{FileRules, not_durable};

/// A file and its lock, which is released when this is dropped.
///
/// ```text
/// let mut session = disk::open(path, &FileRules::PRIVATE)?;
/// loop {
///     let before = session.read(parse)?;
///     let after = change(&before)?;
///     if session.replace(&after)? {
///         return Ok(session.notes);
///     }
/// }
/// ```
///
/// A change of two files opens both, remote.yaml first, reads both, decides, and replaces both; when one says that it was
/// overtaken, it reads both again. No prompt and no request belongs in between.
pub(crate) struct Session {
    // Dropped, and so removed, before the lock is released.
    claimed: Option<Temporary>,
    found: Option<Opened>,
    resolved: Rc<ResolvedPath>,
    lock: Option<Lock>,
    rules: FileRules,
    began: Instant,
    pub written: bool,
    pub notes: Vec<DiskNote>,
}

/// Takes the lock of the file at `path`; its directory must exist, the file need not.
pub(crate) fn open(path: &Path, rules: &FileRules) -> Result<Session, DiskError> {
    let resolved = ResolvedPath::find(path)?;
    let lock = Lock::take(&resolved, rules.patience)?;
    Ok(Session::new(resolved, *rules, lock))
}

impl Session {
    pub(super) fn new(
        resolved: ResolvedPath,
        rules: FileRules,
        lock: Result<Lock, Reason>,
    ) -> Self {
        let (lock, note) = match lock {
            Ok(lock) => (Some(lock), None),
            Err(reason) => {
                let path = resolved.path.clone();
                (None, Some(DiskNote::NotLocked { path, reason }))
            }
        };
        Self {
            claimed: None,
            found: None,
            resolved: Rc::new(resolved),
            lock,
            rules,
            began: Instant::now(),
            written: false,
            notes: note.into_iter().collect(),
        }
    }

    /// What the file says now: `parse` gets its bytes, `None` without a file. It may run more than once, as somebody may be
    /// writing bytes that are blank or that it refuses.
    pub(crate) fn read<P, E: From<DiskError>>(
        &mut self,
        parse: impl Fn(Option<&[u8]>) -> Result<P, E>,
    ) -> Result<P, E> {
        if self.lock.is_none() && self.claimed.is_none() {
            let claimed = Temporary::claim(&self.resolved, self.rules.patience)?;
            self.claimed = Some(claimed.ok_or_else(|| self.overtaken())?);
        }
        self.notes
            .extend(in_place::restore(&self.resolved, &parse)?);
        let (parsed, found) = read_stable(|| self.resolved.look(), &parse)?;
        self.found = found;
        Ok(parsed)
    }

    pub(crate) fn contents(&self) -> Option<&Contents> {
        self.found.as_ref().map(|found| &found.contents)
    }

    /// Leaves the file its bytes; when it permits more than it may, its mode becomes the stricter one.
    pub(crate) fn keep(&mut self) -> Result<bool, DiskError> {
        match self.contents().map(|contents| contents.bytes.clone()) {
            Some(bytes) => self.replace(&bytes),
            None => Ok(true),
        }
    }

    /// Gives the file these bytes in place of those that were read, atomically and durably; the same ones in a good mode are
    /// not written again. `false` when somebody who takes no lock has changed the file since it was read, and nothing was
    /// done: read again and decide anew.
    pub(crate) fn replace(&mut self, bytes: &[u8]) -> Result<bool, DiskError> {
        let is_same = |found: &Opened| {
            *found.contents.bytes == *bytes && !self.rules.is_too_open(found.contents.mode)
        };
        if self.found.as_ref().is_some_and(is_same) {
            return Ok(true);
        }
        let size = bytes.len() as u64;
        if size > LARGEST {
            return Err(DiskError::TooLarge {
                action: "write",
                path: self.resolved.path.clone(),
                size,
            });
        }
        let temporary = match self.claimed.take() {
            Some(temporary) => temporary,
            None => Temporary::create(&self.resolved)?,
        };
        let is_done = self.replace_by(temporary, bytes)?;
        if !is_done && self.began.elapsed() >= self.rules.patience {
            return Err(self.overtaken());
        }
        self.written |= is_done;
        Ok(is_done)
    }

    fn replace_by(&mut self, mut temporary: Temporary, bytes: &[u8]) -> Result<bool, DiskError> {
        let permissions = self.permissions()?;
        let found = self.found.take();
        let old = found.as_ref().map(|found| &found.file);
        let lost_attributes = old.and_then(|old| temporary.copy_attributes(old));
        // Closed before it is replaced: an NFS client keeps a replaced file that is open under another name.
        let found = found.map(Opened::close);
        let resolved = &self.resolved;
        let lost_group = temporary.set_permissions(&permissions)?;
        temporary.fill(bytes)?;
        let unchanged = resolved.attributes()? == found.as_ref().map(|found| found.attributes);
        if !unchanged || !temporary.is_there()? {
            return Ok(false);
        }
        match (temporary.move_to(&resolved.name), found) {
            (Ok(()), _) => {
                self.notes.extend(lost_group);
                self.notes.extend(lost_attributes);
                not_durable(resolved, sync_directory(resolved)).map(|()| true)
            }
            (Err(Errno::BUSY), Some(found)) => {
                drop(temporary);
                let is_done = in_place::rewrite(resolved, &found, bytes, permissions.mode)?;
                let path = resolved.path.clone();
                self.notes
                    .extend(is_done.then_some(DiskNote::WrittenInPlace { path }));
                Ok(is_done)
            }
            (Err(reason), _) => Err(DiskError::refused("rename", &resolved.path, reason)),
        }
    }

    fn permissions(&self) -> Result<Permissions, DiskError> {
        let (resolved, rules) = (&self.resolved, &self.rules);
        let Some(found) = &self.found else {
            let given_away = resolved.writer == ROOT && rules.new_mode & 0o077 != 0;
            let owner = if given_away {
                resolved.parent_directory.owner
            } else {
                resolved.writer
            };
            return Ok(Permissions {
                owner,
                group: None,
                mode: rules.new_mode,
                acl: Acl::Inherited,
            });
        };
        let (mode, acl) = match rules.rewritten_mode {
            Some(mode) => (mode, Acl::Nothing),
            None => (
                found.attributes.mode & 0o777,
                Acl::of(&found.file)
                    .map_err(|reason| DiskError::refused("getxattr", &resolved.path, reason))?,
            ),
        };
        Ok(Permissions {
            owner: found.attributes.owner,
            group: Some(found.attributes.group),
            mode,
            acl,
        })
    }

    fn overtaken(&self) -> DiskError {
        DiskError::KeepsChanging {
            path: self.resolved.path.clone(),
        }
    }
}
