//! Reading one whole file, and looking again at one that somebody is just writing. Takes no lock, creates nothing.
//!
//! Apptainer truncates a file and then writes it: whoever reads in between sees nothing, or a part. The rule for that is
//! D7 of docs/compatibility.md; that only a missing file counts as absent is D22.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;

use super::error::{DiskError, call, retry};
use super::version::FileVersion;
use crate::secret::SecretBytes;

/// The largest file that is read, in bytes: far more than any real one, and little enough for any memory.
pub(crate) const LARGEST: u64 = 64 * 1024 * 1024;

/// A file whose last change is younger may still be written by its writer.
const YOUNG: Duration = Duration::from_secs(1);
/// How long a reader waits for such a writer: a busy machine may stop one between truncating and writing, and whoever takes
/// the file for empty then replaces it without what it held.
const LOOK_AGAIN: Duration = YOUNG;
/// But never fewer looks than this: on a busy machine the whole time may pass between two of them.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(5);
/// How often a file is opened again that another machine has just replaced or created: a network file system may hold the
/// old answer for a second.
const TRIES: usize = 200;
/// How often a file is looked for that a writer's lock says is there, or was.
const LOOKS_FOR_ABSENT: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub bytes: SecretBytes,
    pub mode: u32,
    pub owner: u32,
    pub modified: SystemTime,
}

pub(super) struct Opened {
    pub(super) file: OwnedFd,
    pub(super) attributes: FileVersion,
    pub(super) contents: Contents,
}

pub(super) struct FoundFile {
    pub(super) attributes: FileVersion,
    pub(super) contents: Contents,
}

impl Opened {
    /// Whether somebody may just be writing. Asked anew, because the file may have been truncated after its attributes were
    /// taken. File systems show a truncated file as empty a moment before its time tells, while they free its blocks; but
    /// some count blocks for every empty file, so these are worth a pause and no more.
    fn may_be_half_written(&self) -> bool {
        std::thread::yield_now();
        match fstat(&self.file) {
            Ok(stat) if stat.st_size == 0 && stat.st_blocks > 0 => sleep(PAUSE),
            _ => {}
        }
        FileVersion::of(&self.file)
            .is_ok_and(|now| now != self.attributes || now.is_younger_than(YOUNG))
    }

    pub(super) fn close(self) -> FoundFile {
        FoundFile {
            attributes: self.attributes,
            contents: self.contents,
        }
    }
}

/// Reads the file at `path`, through any links: `None` when there is none. Takes no lock and creates nothing.
pub(crate) fn read(path: &Path) -> Result<Option<Contents>, DiskError> {
    look(path).map(|opened| opened.map(|opened| opened.contents))
}

/// Reads as [`read`] does and hands the bytes to `parse` (`None` for no file). When they are blank or `parse` refuses them,
/// and they are younger than a second, looks again for at most a second: somebody may just be writing them.
pub(crate) fn read_settled<P, E: From<DiskError>>(
    path: &Path,
    parse: impl Fn(Option<&[u8]>) -> Result<P, E>,
) -> Result<(P, Option<Contents>), E> {
    read_stable(|| look(path), &parse)
        .map(|(parsed, opened)| (parsed, opened.map(|opened| opened.contents)))
}

pub(super) fn read_stable<P, E: From<DiskError>>(
    mut look: impl FnMut() -> Result<Option<Opened>, DiskError>,
    parse: &impl Fn(Option<&[u8]>) -> Result<P, E>,
) -> Result<(P, Option<Opened>), E> {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        let opened = look()?;
        looks += 1;
        let parsed = parse(opened.as_ref().map(|opened| &*opened.contents.bytes));
        let unsettled = opened.as_ref().is_some_and(|opened| {
            (parsed.is_err() || is_blank(&opened.contents.bytes)) && opened.may_be_half_written()
        });
        if !unsettled || (began.elapsed() >= LOOK_AGAIN && looks >= LOOKS) {
            return Ok((parsed?, opened));
        }
        sleep(PAUSE);
    }
}

pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn look(path: &Path) -> Result<Option<Opened>, DiskError> {
    for tries in 0..TRIES {
        if let Some(opened) = look_at(CWD, path, path, OFlags::empty())? {
            return Ok(Some(opened));
        }
        match link_target(CWD, path) {
            Ok(Some(target)) => {
                return Err(DiskError::DanglingLink {
                    path: path.to_owned(),
                    target,
                });
            }
            // While a file is replaced, some file systems deny it for a moment.
            Err(Errno::NOENT) if tries < LOOKS_FOR_ABSENT && has_lock(path) => sleep(PAUSE),
            Err(Errno::NOENT) => return Ok(None),
            // A network file system may still hold the old answer.
            Ok(None) => sleep(PAUSE),
            Err(reason) => return Err(DiskError::refused("open", path, reason)),
        }
    }
    Err(DiskError::KeepsChanging {
        path: path.to_owned(),
    })
}

/// Whether somebody has written the file once: the lock's file stays.
fn has_lock(path: &Path) -> bool {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    FileVersion::at(CWD, &lock).is_ok_and(|found| found.is_some())
}

pub(super) fn link_target(
    directory: impl AsFd,
    name: &Path,
) -> rustix::io::Result<Option<PathBuf>> {
    match retry(|| readlinkat(&directory, name, Vec::new())) {
        Ok(target) => Ok(Some(PathBuf::from(OsString::from_vec(target.into_bytes())))),
        Err(Errno::INVAL) => Ok(None),
        Err(reason) => Err(reason),
    }
}

pub(super) fn look_at(
    directory: impl AsFd,
    name: &Path,
    path: &Path,
    flags: OFlags,
) -> Result<Option<Opened>, DiskError> {
    // Opening a pipe would else wait for its writer, and opening a terminal could adopt it.
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut tries = 0;
    loop {
        tries += 1;
        let file = match retry(|| openat(&directory, name, flags, Mode::empty())) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(reason) => return Err(DiskError::refused("open", path, reason)),
        };
        let attributes = call("stat", path, || FileVersion::of(&file))?;
        expect_file(&attributes, path)?;
        if attributes.size > LARGEST {
            return Err(DiskError::TooLarge {
                action: "read",
                path: path.to_owned(),
                size: attributes.size,
            });
        }
        match read_all(&file, attributes.size) {
            Ok(bytes) if bytes.len() as u64 > LARGEST => {
                return Err(DiskError::TooLarge {
                    action: "read",
                    path: path.to_owned(),
                    size: bytes.len() as u64,
                });
            }
            Ok(bytes) => {
                let contents = Contents {
                    bytes: SecretBytes::from(bytes),
                    mode: attributes.mode,
                    owner: attributes.owner,
                    modified: attributes.modified(),
                };
                return Ok(Some(Opened {
                    file,
                    attributes,
                    contents,
                }));
            }
            // Over NFS the file may be gone when another machine has replaced it since it was opened.
            Err(Errno::STALE) if tries < TRIES => sleep(PAUSE),
            Err(reason) => return Err(DiskError::refused("read", path, reason)),
        }
    }
}

pub(super) fn expect_file(attributes: &FileVersion, path: &Path) -> Result<(), DiskError> {
    let kind = match attributes.kind {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(DiskError::refused("open", path, Errno::ISDIR)),
        FileType::Fifo => "pipe",
        FileType::Socket => "socket",
        FileType::Symlink => "symbolic link",
        _ => "device",
    };
    Err(DiskError::NotAFile {
        path: path.to_owned(),
        kind,
    })
}

/// All bytes of a file that should have `size` of them; little more than [`LARGEST`] when it grows for ever.
fn read_all(file: &OwnedFd, size: u64) -> rustix::io::Result<Vec<u8>> {
    // One more than expected: when that room stays free, the end is reached and no second call must ask.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    while bytes.len() as u64 <= LARGEST {
        bytes.reserve(1);
        let count = retry(|| rustix::io::read(file, rustix::buffer::spare_capacity(&mut bytes)))?;
        if count == 0 || (bytes.len() as u64 == size && bytes.len() < bytes.capacity()) {
            break;
        }
    }
    Ok(bytes)
}
