//! What can be found without a server: reads every file once, and asks the rules about it. Goes on after a file that can't
//! be read with what the others say.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{environment, registries, servers, tokens};
use crate::cli::context::Context;
use crate::cli::{keychain, network, view};
use crate::config::checks::{Code, Commands, FileAttributes, Finding, shell_word};
use crate::config::effective::{Effective, Remote};
use crate::config::layer::{Layer, LayerKind};
use crate::config::paths::Paths;
use crate::config::store::{ParseError, ReadError};
use crate::config::yaml::Part;
use crate::config::{checks, yaml};
use crate::disk;
use crate::disk::{DiskError, Litter};
use crate::name::RemoteName;
use crate::service::discovery::{ServiceKind, known_service};

/// What the files say, and what is wrong with that.
pub(super) struct Survey {
    /// What was found.
    pub(super) findings: Vec<Finding>,
    /// The files that were there to be looked at.
    pub(super) files: Vec<PathBuf>,
    /// The system's file or the built-in layer; none where the file can't be read.
    pub(super) system: Option<Layer>,
    /// The user's file.
    pub(super) user: Option<Layer>,
    /// Whether the user's file could be read, or is not there: else nobody knows which remote is the active one.
    user_is_known: bool,
    /// The active remote by the environment.
    chosen: Option<RemoteName>,
    /// How findings name commands.
    pub(super) commands: Commands,
}

impl Survey {
    /// Looks at everything that needs no server, and changes nothing.
    pub(super) fn take(context: &Context) -> Self {
        let paths = &context.paths;
        let user_id = context.user.id;
        let may_write_system = disk::may_write(&paths.system);
        let mut survey = Self {
            findings: environment::look(context),
            files: Vec::new(),
            system: None,
            user: None,
            user_is_known: true,
            chosen: view::choice(context),
            commands: commands(context, may_write_system),
        };
        survey.look_at_modes(paths, user_id);
        let built_in = || Layer::built_in(&context.command);
        let read = survey.read(&paths.system, LayerKind::System, user_id);
        survey.system = read.map(|source| source.unwrap_or_else(built_in));
        let read = survey.read(&paths.user, LayerKind::User, user_id);
        survey.user_is_known = read.is_some();
        survey.user = read.flatten();
        survey.look_at_named_file(paths, user_id);
        survey.look_at_contents(context);
        for path in [&paths.user, &paths.docker_config, &paths.system] {
            let found = litter(
                path,
                path != &paths.system || may_write_system,
                &survey.commands,
            );
            survey.findings.extend(found);
        }
        survey
    }

    /// What the files amount to; nothing where the system's can't be read.
    pub(super) fn effective(&self) -> Option<Effective<'_>> {
        let system = self.system.as_ref()?;
        Some(Effective::merge(
            system,
            self.user.as_ref(),
            self.chosen.as_ref(),
        ))
    }

    /// The remote that commands use when none is named, as far as that is known.
    pub(super) fn active<'a>(&self, effective: &'a Effective<'a>) -> Option<&'a Remote<'a>> {
        effective.active().filter(|_| {
            self.user_is_known || effective.exclusive().is_some() || self.chosen.is_some()
        })
    }

    fn look_at_modes(&mut self, paths: &Paths, user: u32) {
        if let Some(directory) = attributes(&paths.user_directory).filter(|_| !paths.user_is_named)
        {
            self.findings
                .extend(checks::users_directory(&directory, user));
        }
        let own = if paths.user_is_named {
            None
        } else {
            Some(&paths.user)
        };
        for file in own
            .into_iter()
            .chain([&paths.docker_config])
            .filter_map(|path| attributes(path))
        {
            self.findings.extend(checks::users_file(&file, user));
        }
        let directory = paths.system.parent().and_then(attributes);
        self.findings.extend(checks::systems_file(
            attributes(&paths.system).as_ref(),
            directory.as_ref(),
            user,
        ));
        let all = [&paths.user, &paths.docker_config, &paths.system];
        self.files.extend(
            all.into_iter()
                .filter(|path| path.symlink_metadata().is_ok())
                .cloned(),
        );
    }

    /// The mode of the file that `-c` names is its user's business, as long as it holds no secret.
    fn look_at_named_file(&mut self, paths: &Paths, user_id: u32) {
        let Some(user) = self.user.as_ref().filter(|_| paths.user_is_named) else {
            return;
        };
        let document = &user.document;
        let has_secret = document
            .remotes()
            .values()
            .any(|remote| !remote.token.is_empty())
            || document.logins().iter().any(|login| !login.auth.is_empty());
        if let Some(file) = attributes(&paths.user).filter(|_| has_secret) {
            self.findings.extend(checks::users_file(&file, user_id));
        }
    }

    /// The file's source; `Some(None)` when there is no file, `None` when it can't be read, which is a finding.
    fn read(&mut self, path: &Path, kind: LayerKind, user: u32) -> Option<Option<Layer>> {
        let parse = |bytes: Option<&[u8]>| {
            let Some(bytes) = bytes else { return Ok(None) };
            match yaml::read(bytes) {
                Ok(read) => Ok(Some(Layer::new(kind, path, read))),
                Err(error) => Err(ReadError::from(ParseError {
                    path: path.to_path_buf(),
                    error,
                })),
            }
        };
        let error = match disk::read_settled(path, parse) {
            Ok((source, _)) => return Some(source),
            Err(error) => error,
        };
        let finding = match &error {
            ReadError::Parse(ParseError { error, .. }) => broken(path, error),
            ReadError::Disk(error) => unreadable(path, error, kind, user),
        };
        let is_known = |other: &Finding| other.code == finding.code && other.file == finding.file;
        if !self.findings.iter().any(is_known) {
            self.findings.push(finding);
        }
        None
    }

    fn look_at_contents(&mut self, context: &Context) {
        let mut found = checks::remotes(
            self.system.as_ref(),
            self.user.as_ref(),
            self.chosen.as_ref(),
            &self.commands,
        );
        let effective = self.effective();
        let registries = registries::look(self, context);
        found.extend(registries.findings);
        if let Some(user) = &self.user {
            let is_dead = |login: &_| {
                registries
                    .held
                    .as_ref()
                    .is_some_and(|held| keychain::is_dead(login, held))
            };
            found.extend(checks::logins(
                user,
                effective.as_ref(),
                is_dead,
                &self.commands,
            ));
        }
        if let Some(effective) = &effective {
            found.extend(tokens::look(self, effective, context.now));
            found.extend(known_to_lack(self, effective));
        }
        self.findings.extend(found);
    }
}

/// The active remote is one of those that are known to have no library.
fn known_to_lack(survey: &Survey, effective: &Effective<'_>) -> Option<Finding> {
    let remote = survey.active(effective)?;
    let endpoint = network::endpoint(remote).ok()?;
    let library = known_service(&endpoint.uri, &ServiceKind::Library)?;
    let (file, line) = place(survey, remote);
    library
        .is_empty()
        .then(|| servers::without_library(survey, effective, remote.name).at(file, line))
}

/// How a person runs the commands that findings advise, on the files of this run.
fn commands(context: &Context, may_write_system: bool) -> Commands {
    let command = &context.command;
    let is_said = command.name() == "apptainer"
        || context
            .environment
            .text("PORTOLAN_COMMAND")
            .is_some_and(|name| name == command.name());
    let program = if is_said {
        "portolan".to_owned()
    } else {
        format!("portolan --command {command}")
    };
    let named = match context.paths.user_is_named {
        true => format!(" -c {}", shell_word(&context.paths.user)),
        false => String::new(),
    };
    let sudo = if may_write_system { "" } else { "sudo " };
    Commands {
        own: format!("{program} remote{named}"),
        system: format!("{sudo}{program} remote"),
    }
}

/// What the kernel says of a file, or of what a link leads to.
fn attributes(path: &Path) -> Option<FileAttributes> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileAttributes {
        path: path.to_path_buf(),
        mode: metadata.mode() & 0o7777,
        owner: metadata.uid(),
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

/// The command that opens a file at a line.
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

/// Whether it is the rights that are missing.
pub(super) fn is_closed(error: &DiskError) -> bool {
    matches!(error, DiskError::Refused { reason, .. } if reason.kind() == ErrorKind::PermissionDenied)
}

/// The command that opens a file to its user, or the directory that hides it.
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

/// An error with its reasons, in one line.
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

/// What killed writers of a file left beside it.
fn litter(path: &Path, may_tidy: bool, commands: &Commands) -> Vec<Finding> {
    let Litter {
        temporary,
        backup,
        lock,
    } = disk::litter(path);
    let found = |code: Code, left: PathBuf, what: &str| {
        let message = format!("{what} {}", path.display());
        let finding = Finding::new(code, path.display().to_string(), message, commands.fix());
        finding.at(Some(left), None).fixable_if(may_tidy)
    };
    let of_kind = [
        (
            Code::UnfinishedWrite,
            backup,
            "it holds what a killed command was replacing in",
        ),
        (
            Code::Litter,
            temporary,
            "a killed command left this temporary file of",
        ),
        (
            Code::Litter,
            lock,
            "this is the lock of a file that does not exist:",
        ),
    ];
    of_kind
        .into_iter()
        .filter_map(|(code, left, what)| Some(found(code, left?, what)))
        .collect()
}

/// Where a remote is defined: the file, and the line of its name.
pub(super) fn place(survey: &Survey, remote: &Remote<'_>) -> (Option<PathBuf>, Option<usize>) {
    let source = if remote.layer == LayerKind::User {
        &survey.user
    } else {
        &survey.system
    };
    let Some(source) = source else {
        return (None, None);
    };
    (
        source.path.clone(),
        source.lines.first(Part::Remote(remote.name.as_str())),
    )
}

/// Whether the layer below the user's has a name; used where its absence makes a ghost.
pub(super) fn system_has(survey: &Survey, name: &RemoteName) -> bool {
    survey
        .system
        .as_ref()
        .is_none_or(|system| system.document.remotes().contains_key(name))
}
