//! The files as they are: reads each once, and goes on after one that can't be read. Knows no check.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

use crate::cli::advice::RunOptions;
use crate::cli::context::Context;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::secrets;
use crate::config::checks::{Code, Commands, FileAccess, Finding, shell_word};
use crate::config::effective::{Effective, Elsewhere, Remote};
use crate::config::layer::{Layer, LayerKind};
use crate::config::store::{ParseError, ReadError};
use crate::config::yaml;
use crate::config::yaml::Part;
use crate::disk;
use crate::disk::DiskError;
use crate::name::RemoteName;

pub(super) struct Survey {
    pub(super) files: Vec<PathBuf>,
    pub(super) system: Option<Layer>,
    pub(super) user: Option<Layer>,
    pub(super) unreadable: Vec<Finding>,
    pub(super) user_is_known: bool,
    pub(super) chosen: Option<RemoteName>,
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) stored: Vec<StoredLogin>,
    pub(super) commands: Commands,
    pub(super) may_write_system: bool,
}

impl Survey {
    pub(super) fn take(context: &Context, options: &RunOptions) -> Self {
        let paths = &context.paths;
        let may_write_system = disk::may_write(&paths.system);
        let all = [&paths.user, &paths.docker_config, &paths.system];
        let exists = |path: &&PathBuf| path.symlink_metadata().is_ok();
        let mut unreadable = Vec::new();
        let mut read = |path: &Path, kind| {
            let source = read(path, kind, context.user.id);
            source.map_err(|finding| unreadable.push(*finding)).ok()
        };
        let system = read(&paths.system, LayerKind::System);
        let user = read(&paths.user, LayerKind::User);
        let built_in = || Layer::built_in(&context.command);
        Self {
            files: all.into_iter().filter(exists).cloned().collect(),
            system: system.map(|source| source.unwrap_or_else(built_in)),
            user_is_known: user.is_some(),
            user: user.flatten(),
            unreadable,
            chosen: context.chosen(),
            elsewhere: secrets::all_tokens(context),
            stored: secrets::stored_logins(context),
            commands: commands(options, may_write_system),
            may_write_system,
        }
    }

    pub(super) fn effective(&self) -> Option<Effective<'_>> {
        let (system, user) = (self.system.as_ref()?, self.user.as_ref());
        let mut effective = Effective::merge(system, user, self.chosen.as_ref());
        effective.add(&self.elsewhere);
        Some(effective)
    }

    pub(super) fn active<'a>(&self, effective: &'a Effective<'a>) -> Option<&'a Remote<'a>> {
        let is_known =
            self.user_is_known || effective.exclusive().is_some() || self.chosen.is_some();
        effective.active().filter(|_| is_known)
    }

    pub(super) fn place(&self, remote: &Remote<'_>) -> (Option<PathBuf>, Option<usize>) {
        let source = if remote.layer == LayerKind::User {
            &self.user
        } else {
            &self.system
        };
        source.as_ref().map_or((None, None), |source| {
            let line = source.lines.first(Part::Remote(remote.name.as_str()));
            (source.path.clone(), line)
        })
    }

    pub(super) fn system_has(&self, name: &RemoteName) -> bool {
        let system = self.system.as_ref();
        system.is_none_or(|system| system.document.remotes().contains_key(name))
    }
}

fn read(path: &Path, kind: LayerKind, user: u32) -> Result<Option<Layer>, Box<Finding>> {
    let parse = |bytes: Option<&[u8]>| {
        let Some(bytes) = bytes else { return Ok(None) };
        let read = yaml::read(bytes).map_err(|error| ParseError {
            path: path.to_path_buf(),
            error,
        })?;
        Ok::<_, ReadError>(Some(Layer::new(kind, path, read)))
    };
    match disk::read_settled(path, parse) {
        Ok((source, _)) => Ok(source),
        Err(ReadError::Parse(ParseError { error, .. })) => Err(Box::new(broken(path, &error))),
        Err(ReadError::Disk(error)) => Err(Box::new(unreadable(path, &error, kind, user))),
    }
}

fn commands(options: &RunOptions, may_write_system: bool) -> Commands {
    let sudo = if may_write_system { "" } else { "sudo " };
    let program = |command: &str| options.command(command).trim_end().to_owned();
    Commands {
        own: program("portolan remote "),
        system: program(&format!("{sudo}portolan remote ")),
    }
}

pub(super) fn attributes(path: &Path) -> Option<FileAccess> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileAccess {
        path: path.to_path_buf(),
        mode: metadata.mode() & 0o7777,
        owner: metadata.uid(),
        is_link: path.is_symlink(),
        is_read_only: statvfs(path)
            .is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY)),
    })
}

fn broken(path: &Path, error: &yaml::YamlError) -> Finding {
    let hint = error
        .hint()
        .map_or_else(String::new, |hint| format!(": {hint}"));
    let message = format!("{}{hint}", error.reason());
    let fix = edit(path, error.line());
    let subject = path.display().to_string();
    Finding::new(Code::FileBroken, subject, message, fix)
        .at(Some(path.to_path_buf()), Some(error.line()))
}

pub(super) fn edit(path: &Path, line: usize) -> String {
    format!("${{EDITOR:-vi}} +{line} {}", shell_word(path))
}

fn unreadable(path: &Path, error: &DiskError, kind: LayerKind, user: u32) -> Finding {
    let code = match kind {
        LayerKind::User => Code::FileUnreadable,
        LayerKind::System | LayerKind::BuiltIn => Code::SystemUnreadable,
    };
    let fix = match (is_closed(error), kind) {
        // What is no file at all is for a person to look at.
        (false, _) => format!("ls -ld {}", shell_word(path)),
        (true, LayerKind::User) => opened(path, user),
        (true, _) => format!("sudo chmod 644 {}", shell_word(path)),
    };
    let message = format!("it can't be read: {}", Told(error));
    Finding::new(code, path.display().to_string(), message, fix).at(Some(path.to_path_buf()), None)
}

pub(super) fn is_closed(error: &DiskError) -> bool {
    matches!(error, DiskError::Refused { reason, .. } if reason.kind() == ErrorKind::PermissionDenied)
}

fn opened(path: &Path, user: u32) -> String {
    let closed = path.ancestors().find_map(attributes);
    let place = closed.as_ref().map_or(path, |found| &found.path);
    let command = match &closed {
        Some(found) if found.owner != user => format!("sudo chown {user}"),
        _ if place == path => "chmod u+rw".to_owned(),
        _ => "chmod u+rwx".to_owned(),
    };
    format!("{command} {}", shell_word(place))
}

pub(super) struct Told<'a, E>(pub(super) &'a E);

impl<E: std::error::Error> std::fmt::Display for Told<'_, E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut reason = self.0.source();
        while let Some(error) = reason {
            write!(formatter, ": {error}")?;
            reason = error.source();
        }
        Ok(())
    }
}
