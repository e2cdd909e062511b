//! Files as they are met: changed in parallel, linked, half written, in the wrong hands, on full disks.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests set files up by hand, and run themselves again elsewhere"
)]

mod contents;
mod ends;
mod links;
mod parallel;
mod permissions;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;

use super::*;
use crate::machine::{ORDINARY, as_ordinary_user, is_root, skip};
use crate::secret::SecretBytes;

/// Set in a test that has run itself again: the directory to work in.
const INSIDE: &str = "PORTOLAN_TEST_INSIDE";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change<T> {
    Keep(T),
    Replace(T, SecretBytes),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Edited<T> {
    value: T,
    written: bool,
    notes: Vec<DiskNote>,
}

/// Changes the file at `path` in a [`Session`]: `parse` gets the bytes that it has now (`None` without a file), `change` their
/// meaning, and the result replaces them. Both may run more than once, and so must have no effects.
fn edit<P, T, E: From<DiskError>>(
    path: &Path,
    rules: &FileRules,
    parse: impl Fn(Option<&[u8]>) -> Result<P, E>,
    mut change: impl FnMut(P, Option<&Contents>) -> Result<Change<T>, E>,
) -> Result<Edited<T>, E> {
    let mut session = open(path, rules)?;
    loop {
        let parsed = session.read(&parse)?;
        let (value, done) = match change(parsed, session.contents())? {
            Change::Keep(value) => (value, session.keep()?),
            Change::Replace(value, bytes) => (value, session.replace(&bytes)?),
        };
        if done {
            return Ok(Edited {
                value,
                written: session.written,
                notes: session.notes,
            });
        }
    }
}

/// A directory for one test, and what tests do in it.
struct Home {
    directory: PathBuf,
    _kept: Option<tempfile::TempDir>,
}

impl Home {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        Self {
            directory: kept.path().to_owned(),
            _kept: Some(kept),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A file that was last changed long ago.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        std::fs::write(&path, text).unwrap();
        age(&path, 3600);
        path
    }

    fn chmod(&self, name: &str, mode: u32) {
        chmod(&self.at(name), mode);
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

fn inode(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().ino()
}

/// Makes a file's last change `seconds` old.
fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    OpenOptions::new()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(then)
        .unwrap();
}

/// Writes as Apptainer does: in place, empty for a moment. How long the file was not whole.
fn write_in_place(path: &Path, text: &str, pause: Duration) -> Duration {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let began = Instant::now();
    file.set_len(0).unwrap();
    std::thread::sleep(pause);
    file.write_all(text.as_bytes()).unwrap();
    began.elapsed()
}

/// The rules of a private file, for people with little time.
fn hasty(milliseconds: u64) -> FileRules {
    FileRules {
        patience: Duration::from_millis(milliseconds),
        ..FileRules::PRIVATE
    }
}

fn as_text(bytes: Option<&[u8]>) -> Result<String, DiskError> {
    Ok(String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap())
}

/// Adds a line to a file.
fn add(path: &Path, rules: &FileRules, line: &str) -> Result<Edited<()>, DiskError> {
    edit(path, rules, as_text, |text, _| {
        Ok(Change::Replace(
            (),
            format!("{text}{line}\n").into_bytes().into(),
        ))
    })
}

/// An error as a person reads it: with its source, as the command line prints it.
pub(super) fn words<T: std::fmt::Debug>(result: Result<T, DiskError>) -> String {
    let error = result.unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Runs the test `name` again in `home`, after shell commands that change the process or its mounts. Whether the shell could
/// do that; the test must then succeed.
fn again(home: &Home, name: &str, shell: &str, program: &[&str]) -> bool {
    let script = format!("{shell} || exit 99\nexec \"$@\"");
    let output = Command::new(program[0])
        .args(&program[1..])
        .args(["sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("disk::tests::{name}"), "--nocapture"])
        .env(INSIDE, &home.directory)
        .current_dir(&home.directory)
        .output();
    let Ok(output) = output else { return false };
    let said = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    if output.status.success() {
        assert!(said.contains("1 passed"), "{said}");
        return true;
    }
    let unable = output.status.code() == Some(99) || said.contains("unshare:");
    assert!(unable, "{said}");
    false
}

/// The directory of a test that was run again.
fn inside() -> Option<Home> {
    let directory = PathBuf::from(std::env::var_os(INSIDE)?);
    Some(Home {
        directory,
        _kept: None,
    })
}

/// Gives a file to another user; only root can.
fn give(path: &Path, owner: u32) {
    std::os::unix::fs::lchown(path, Some(owner), None).unwrap();
}

fn locked_by_hand(path: &Path) -> File {
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap();
    lock.lock().unwrap();
    lock
}
