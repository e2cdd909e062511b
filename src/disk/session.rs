//! One file under its lock: read, and replaced by what was decided from that.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use rustix::io::Errno;

use super::error::{DiskError, DiskNote, Reason};
use super::in_place;
use super::lock::Lock;
use super::place::{Place, ROOT};
use super::read::{Contents, LARGEST, Opened, settle};
use super::temporary::{Acl, Dress, Temporary, sync_directory};
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
pub struct Session {
    // Dropped, and so removed, before the lock is released.
    claimed: Option<Temporary>,
    found: Option<Opened>,
    place: Rc<Place>,
    lock: Option<Lock>,
    rules: FileRules,
    began: Instant,
    /// Whether the file was written.
    pub written: bool,
    /// What is worth a warning.
    pub notes: Vec<DiskNote>,
}

/// Takes the lock of the file at `path`; its directory must exist, the file need not.
///
/// # Errors
/// When the path leads where nothing may be changed, or others hold the lock and make no progress.
pub fn open(path: &Path, rules: &FileRules) -> Result<Session, DiskError> {
    let place = Place::find(path)?;
    let lock = Lock::take(&place, rules.patience)?;
    Ok(Session::new(place, *rules, lock))
}

impl Session {
    /// A session with the lock, or with the reason why the file system has none.
    pub(super) fn new(place: Place, rules: FileRules, lock: Result<Lock, Reason>) -> Self {
        let (lock, note) = match lock {
            Ok(lock) => (Some(lock), None),
            Err(reason) => {
                let path = place.path.clone();
                (None, Some(DiskNote::NotLocked { path, reason }))
            }
        };
        Self {
            claimed: None,
            found: None,
            place: Rc::new(place),
            lock,
            rules,
            began: Instant::now(),
            written: false,
            notes: note.into_iter().collect(),
        }
    }

    /// What the file says now: `parse` gets its bytes, `None` without a file. It may run more than once, as somebody may be
    /// writing bytes that are blank or that it refuses.
    ///
    /// # Errors
    /// That of `parse`, and when the file can't be read.
    pub fn read<P, E: From<DiskError>>(
        &mut self,
        parse: impl Fn(Option<&[u8]>) -> Result<P, E>,
    ) -> Result<P, E> {
        if self.lock.is_none() && self.claimed.is_none() {
            let claimed = Temporary::claim(&self.place, self.rules.patience)?;
            self.claimed = Some(claimed.ok_or_else(|| self.overtaken())?);
        }
        self.notes.extend(in_place::restore(&self.place, &parse)?);
        let (parsed, found) = settle(|| self.place.look(), &parse)?;
        self.found = found;
        Ok(parsed)
    }

    /// The file as it was read; `None` when there was none.
    pub fn contents(&self) -> Option<&Contents> {
        self.found.as_ref().map(|found| &found.contents)
    }

    /// Leaves the file its bytes; when it permits more than it may, its mode becomes the stricter one.
    ///
    /// # Errors
    /// As [`Session::replace`].
    pub fn keep(&mut self) -> Result<bool, DiskError> {
        match self.contents().map(|contents| contents.bytes.clone()) {
            Some(bytes) => self.replace(&bytes),
            None => Ok(true),
        }
    }

    /// Gives the file these bytes in place of those that were read, atomically and durably; the same ones in a good mode are
    /// not written again. `false` when somebody who takes no lock has changed the file since it was read, and nothing was
    /// done: read again and decide anew.
    ///
    /// # Errors
    /// When the file can't be replaced, or is overtaken again and again; it is as it was, unless the error says otherwise.
    pub fn replace(&mut self, bytes: &[u8]) -> Result<bool, DiskError> {
        let is_same = |found: &Opened| {
            found.contents.bytes == bytes && !self.rules.is_too_open(found.contents.mode)
        };
        if self.found.as_ref().is_some_and(is_same) {
            return Ok(true);
        }
        let size = bytes.len() as u64;
        if size > LARGEST {
            return Err(DiskError::TooLarge {
                action: "write",
                path: self.place.path.clone(),
                size,
            });
        }
        let temporary = match self.claimed.take() {
            Some(temporary) => temporary,
            None => Temporary::create(&self.place)?,
        };
        let is_done = self.replace_by(temporary, bytes)?;
        if !is_done && self.began.elapsed() >= self.rules.patience {
            return Err(self.overtaken());
        }
        self.written |= is_done;
        Ok(is_done)
    }

    fn replace_by(&mut self, mut temporary: Temporary, bytes: &[u8]) -> Result<bool, DiskError> {
        let dress = self.dress()?;
        // Closed before it is replaced: an NFS client keeps a replaced file that is open under another name.
        let found = self.found.take().map(Opened::close);
        let place = &self.place;
        let lost = temporary.dress(&dress)?;
        temporary.fill(bytes)?;
        let unchanged = place.attributes()? == found.as_ref().map(|found| found.attributes);
        if !unchanged || !temporary.is_there()? {
            return Ok(false);
        }
        self.notes.extend(lost);
        match (temporary.move_to(&place.name), found) {
            (Ok(()), _) => not_durable(place, sync_directory(place)).map(|()| true),
            (Err(Errno::BUSY), Some(found)) => {
                drop(temporary);
                let is_done = in_place::rewrite(place, &found, bytes, dress.mode)?;
                let path = place.path.clone();
                self.notes
                    .extend(is_done.then_some(DiskNote::WrittenInPlace { path }));
                Ok(is_done)
            }
            (Err(reason), _) => Err(DiskError::refused("rename", &place.path, reason)),
        }
    }

    /// Owner, mode and access control list of the new version.
    fn dress(&self) -> Result<Dress, DiskError> {
        let (place, rules) = (&self.place, &self.rules);
        let Some(found) = &self.found else {
            let given_away = place.writer == ROOT && rules.new_mode & 0o077 != 0;
            let owner = if given_away {
                place.ground.owner
            } else {
                place.writer
            };
            return Ok(Dress {
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
                    .map_err(|reason| DiskError::refused("getxattr", &place.path, reason))?,
            ),
        };
        Ok(Dress {
            owner: found.attributes.owner,
            group: Some(found.attributes.group),
            mode,
            acl,
        })
    }

    fn overtaken(&self) -> DiskError {
        DiskError::KeepsChanging {
            path: self.place.path.clone(),
        }
    }
}
