//! Where a file that is to be changed really stands, and whether it may be changed there. Reads and writes no contents.
//!
//! Links are followed by hand, and the directory at their end is kept open: every later step names the file within that
//! directory, so nobody who exchanges a link or a directory meanwhile can lead a write elsewhere.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, openat};
use rustix::io::Errno;

use super::error::{DiskError, call, retry};
use super::read::{Opened, expect_file, link_target, look_at};
use super::version::FileVersion;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;
/// Opens a directory only to name files in it: needs no permission to list it.
const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

pub(super) const ROOT: u32 = 0;

pub(super) struct ResolvedPath {
    pub(super) directory: OwnedFd,
    pub(super) name: OsString,
    pub(super) path: PathBuf,
    pub(super) parent_directory: Parent,
    pub(super) writer: u32,
    linked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) owner: u32,
    /// Members of a group or everybody, with or without a sticky bit.
    pub(super) shared: bool,
}

impl Parent {
    fn of(directory: &FileVersion) -> Self {
        Self {
            owner: directory.owner,
            shared: directory.mode & 0o022 != 0,
        }
    }

    fn is_roots_only(self) -> bool {
        self.owner == ROOT && !self.shared
    }

    /// Whether a file of `owner` can't have been put here by a stranger.
    pub(super) fn trusts(self, owner: u32, writer: u32) -> bool {
        !self.shared || [ROOT, self.owner, writer].contains(&owner)
    }
}

impl ResolvedPath {
    pub(super) fn find(path: &Path) -> Result<Self, DiskError> {
        Self::find_for(rustix::process::geteuid().as_raw(), path)
    }

    pub(super) fn find_for(writer: u32, path: &Path) -> Result<Self, DiskError> {
        let mut walk = Walk {
            writer,
            path,
            links: 0,
        };
        let (parent, mut name) = split(path)?;
        let mut directory = walk.directory(CWD, parent)?;
        let mut directory_path = parent.to_owned();
        let mut linked = false;
        while let Some(target) = walk.link(&directory, &directory_path.join(&name), &name, true)? {
            let (parent, next) = split(&target)?;
            directory = walk.directory(directory, parent)?;
            directory_path.push(parent);
            name = next;
            linked = true;
        }
        let parent_directory = Parent::of(&call("stat", &directory_path, || {
            FileVersion::of(&directory)
        })?);
        let resolved = Self {
            directory,
            path: directory_path.join(&name),
            name,
            parent_directory,
            writer,
            linked,
        };
        match resolved.attributes()? {
            Some(attributes) => resolved.judge(&attributes)?,
            None if linked => {
                return Err(DiskError::DanglingLink {
                    path: path.to_owned(),
                    target: resolved.path,
                });
            }
            None => {}
        }
        Ok(resolved)
    }

    /// The place of `path` itself: whatever stands there is neither followed nor judged, and may only be replaced.
    pub(super) fn unfollowed(path: &Path) -> Result<Self, DiskError> {
        let writer = rustix::process::geteuid().as_raw();
        let (parent, name) = split(path)?;
        let directory = Walk {
            writer,
            path,
            links: 0,
        }
        .directory(CWD, parent)?;
        let parent_directory = Parent::of(&call("stat", parent, || FileVersion::of(&directory))?);
        Ok(Self {
            directory,
            name,
            path: path.to_owned(),
            parent_directory,
            writer,
            linked: false,
        })
    }

    pub(super) fn attributes(&self) -> Result<Option<FileVersion>, DiskError> {
        call("stat", &self.path, || {
            FileVersion::at(&self.directory, &self.name)
        })
    }

    pub(super) fn look(&self) -> Result<Option<Opened>, DiskError> {
        let opened = look_at(
            &self.directory,
            Path::new(&self.name),
            &self.path,
            OFlags::NOFOLLOW,
        )?;
        if let Some(opened) = &opened {
            self.judge(&opened.attributes)?;
        }
        Ok(opened)
    }

    pub(super) fn beside(&self, before: &str, after: &str) -> OsString {
        let mut name = OsString::from(before);
        name.push(&self.name);
        name.push(after);
        name
    }

    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.with_file_name(name)
    }

    fn judge(&self, file: &FileVersion) -> Result<(), DiskError> {
        let path = || self.path.clone();
        expect_file(file, &self.path)?;
        if self.linked && ![ROOT, self.writer].contains(&file.owner) {
            return Err(DiskError::StrangersLink {
                path: path(),
                owner: file.owner,
            });
        }
        if self.writer == ROOT && !self.parent_directory.trusts(file.owner, ROOT) {
            return Err(DiskError::StrangersFile {
                path: path(),
                owner: file.owner,
            });
        }
        if self.writer == ROOT && file.links > 1 && !self.parent_directory.is_roots_only() {
            return Err(DiskError::HardLinks {
                path: path(),
                links: file.links,
            });
        }
        Ok(())
    }
}

fn split(path: &Path) -> Result<(&Path, OsString), DiskError> {
    let name = path
        .file_name()
        .ok_or_else(|| DiskError::refused("open", path, Errno::ISDIR))?;
    Ok((path.parent().unwrap_or(Path::new("")), name.to_owned()))
}

struct Walk<'a> {
    writer: u32,
    path: &'a Path,
    links: usize,
}

impl Walk<'_> {
    /// Opens the directory `path`, seen from `base`. A user's way is the kernel's; root looks at every link on it.
    fn directory(&mut self, base: impl AsFd, path: &Path) -> Result<OwnedFd, DiskError> {
        let here = Path::new(".");
        if self.writer == ROOT {
            let end = self.walk(base, path)?;
            return self.listable(end, here);
        }
        self.listable(
            base,
            if path.as_os_str().is_empty() {
                here
            } else {
                path
            },
        )
    }

    fn listable(&self, base: impl AsFd, path: &Path) -> Result<OwnedFd, DiskError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match retry(|| openat(&base, path, flags, Mode::empty())) {
            // A directory that can be written but not listed can't be synced, but all else can be done.
            Err(Errno::ACCESS) => self.open(base, path, SEARCH),
            other => other.map_err(|reason| DiskError::refused("open", self.path, reason)),
        }
    }

    fn open(&self, base: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, DiskError> {
        call("open", self.path, || {
            openat(&base, path, flags, Mode::empty())
        })
    }

    fn walk(&mut self, base: impl AsFd, path: &Path) -> Result<OwnedFd, DiskError> {
        let mut here = self.open(base, start(path), SEARCH)?;
        let mut shown = start(path).to_owned();
        let mut ahead: VecDeque<OsString> = steps(path).collect();
        while let Some(step) = ahead.pop_front() {
            shown.push(&step);
            match retry(|| openat(&here, &step, SEARCH | OFlags::NOFOLLOW, Mode::empty())) {
                Ok(next) => here = next,
                Err(reason @ (Errno::NOTDIR | Errno::LOOP)) => {
                    let Some(target) = self.link(&here, &shown, &step, false)? else {
                        return Err(DiskError::refused("open", self.path, reason));
                    };
                    shown.pop();
                    if target.is_absolute() {
                        here = self.open(CWD, start(&target), SEARCH)?;
                        shown = start(&target).to_owned();
                    }
                    for step in steps(&target).rev() {
                        ahead.push_front(step);
                    }
                }
                Err(reason) => return Err(DiskError::refused("open", self.path, reason)),
            }
        }
        Ok(here)
    }

    fn link(
        &mut self,
        directory: impl AsFd,
        path: &Path,
        name: &OsStr,
        last: bool,
    ) -> Result<Option<PathBuf>, DiskError> {
        match link_target(&directory, Path::new(name)) {
            Ok(None) | Err(Errno::NOENT) => return Ok(None),
            Ok(Some(_)) => {}
            Err(reason) => return Err(DiskError::refused("open", path, reason)),
        }
        // Held by a descriptor, so that the link that is judged is the one that is followed.
        let link = self.open(
            &directory,
            Path::new(name),
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        )?;
        let attributes = call("stat", path, || FileVersion::of(&link))?;
        if attributes.kind != FileType::Symlink {
            return Ok(None);
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(DiskError::refused("open", self.path, Errno::LOOP));
        }
        let parent_directory = Parent::of(&call("stat", path, || FileVersion::of(&directory))?);
        self.judge(path, attributes.owner, parent_directory, last)?;
        link_target(&link, Path::new("")).map_err(|reason| DiskError::refused("open", path, reason))
    }

    fn judge(
        &self,
        path: &Path,
        owner: u32,
        parent_directory: Parent,
        last: bool,
    ) -> Result<(), DiskError> {
        if self.writer == ROOT && !parent_directory.is_roots_only() {
            return Err(DiskError::LinkInSharedDirectory {
                path: path.to_owned(),
            });
        }
        if last && ![ROOT, self.writer].contains(&owner) {
            return Err(DiskError::StrangersLink {
                path: path.to_owned(),
                owner,
            });
        }
        Ok(())
    }
}

fn start(path: &Path) -> &'static Path {
    Path::new(if path.is_absolute() { "/" } else { "." })
}

/// The names on a path; `..` is one of them, as a link before it may lead anywhere.
fn steps(path: &Path) -> impl DoubleEndedIterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}
