//! Where the files of one command are for one user: all rules about HOME, sudo, `*_CONFIGDIR`, sysconfdir and `PORTOLAN_*`.
//! Reads the environment and asks the file system, changes nothing, and asks no server.

pub(crate) mod lookup;
mod view;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use crate::account;
use crate::command::{Command, CommandNameError};
use crate::config::paths;
use crate::config::paths::{Paths, UserDirectories};
use crate::config::store::ReadError;
use crate::credentials::helper::{HelperEnvironment, HelperError};
use crate::disk;
use crate::runtime::Runtime;
use crate::uri::ImageError;

pub use self::view::{EffectiveView, ImageCredential, RemoteView};

/// The environment as it was when the command began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Takes the process's environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is taken"
    )]
    pub(crate) fn take() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A variable; one that is empty counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable of text, blanks around it cut; blank counts as not set, as for Apptainer.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)
            .and_then(OsStr::to_str)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.0.keys().map(OsString::as_os_str)
    }

    /// Whether a variable is there at all, a blank one too.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(OsStr::new(name))
    }
}

/// Who runs the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The effective user.
    pub(crate) id: u32,
}

impl User {
    /// The process's effective user.
    pub(crate) fn take() -> Self {
        Self {
            id: rustix::process::geteuid().as_raw(),
        }
    }

    /// Whether everything is allowed to it.
    pub(crate) fn is_root(self) -> bool {
        self.id == 0
    }
}

/// Where the command line says that things are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places<'a> {
    /// `--command`.
    pub(crate) command: Option<&'a Command>,
    /// `--sysconfdir`.
    pub(crate) sysconfdir: Option<&'a Path>,
    /// `-c` of the group.
    pub(crate) config: Option<&'a Path>,
}

/// Why nobody can say where the files are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallationError {
    /// The command's name, which the variable gives, is none.
    #[error("PORTOLAN_COMMAND: {0}")]
    Command(#[from] CommandNameError),
    /// The directory that a variable names for the user's files can't be used.
    #[error("{variable} names {}, which {reason}", directory.display())]
    Directory {
        /// The variable.
        variable: String,
        /// The directory.
        directory: PathBuf,
        /// Why root does not use it.
        reason: Distrust,
    },
    /// The directory that a variable names is relative to a working directory that does not exist.
    #[error("{variable} names {}, and the working directory can't be found: {error}", directory.display())]
    NoWorkingDirectory {
        /// The variable.
        variable: String,
        /// The directory.
        directory: PathBuf,
        /// The kernel's reason.
        error: io::Error,
    },
    /// A file that was read is broken, or can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No reference of an image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An image of a library, which gets the token of a remote.
    #[error("{0} is in no registry")]
    NoRegistry(String),
    /// The runtime would fail before it asks the registry, for this reason.
    #[error("{0}")]
    Refused(String),
    /// A credential helper failed.
    #[error(transparent)]
    Helper(#[from] HelperError),
}

/// Why a user has no directory for files: nothing can be written, and only the system's files are read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no home directory: neither HOME is set nor has user {user} an account; set {variable}")]
pub(crate) struct NoHome {
    /// The effective user.
    user: u32,
    /// The variable that would name the directory itself.
    variable: String,
}

/// A HOME that root does not use, because it is not root's alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignHome {
    /// What HOME names.
    pub named: PathBuf,
    /// Why it is not used.
    pub reason: Distrust,
}

/// The files of a runtime for one user.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let installation = portolan::Installation::from_environment(portolan::Runtime::apptainer())?;
/// for remote in installation.effective()?.remotes {
///     println!("{} {}", remote.name, remote.uri);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Installation {
    pub(crate) command: Command,
    /// Whose rules decide about logins.
    pub(crate) runtime: Runtime,
    pub(crate) user: User,
    pub(crate) paths: Paths,
    /// The HOME that was passed over.
    pub(crate) foreign_home: Option<ForeignHome>,
    /// Why the user has no files.
    pub(crate) no_home: Option<NoHome>,
    pub(crate) rules: PathRules,
    pub(crate) environment: Environment,
}

/// What chose the directories of an installation.
#[derive(Clone, Debug)]
pub(crate) struct PathRules {
    /// `--sysconfdir`, the variable, `found` or `default`.
    pub(crate) system: &'static str,
    /// The variable that names the user's directory, or what chose the home.
    pub(crate) user: String,
    /// `HOME`, `account` or `none`.
    pub(crate) home: &'static str,
}

impl Installation {
    /// The files of this runtime for the effective user of this process, as the environment says: HOME, sudo,
    /// `*_CONFIGDIR`, and what begins with `PORTOLAN_`.
    ///
    /// # Errors
    /// When a variable names a directory that can't be used.
    pub fn from_environment(runtime: Runtime) -> Result<Self, InstallationError> {
        let places = Places {
            command: Some(&runtime.command()),
            ..Places::default()
        };
        let mut installation = Self::new(places, Environment::take(), User::take())?;
        installation.runtime = runtime;
        Ok(installation)
    }

    pub(crate) fn new(
        places: Places<'_>,
        environment: Environment,
        user: User,
    ) -> Result<Self, InstallationError> {
        let command = match (places.command, environment.text("PORTOLAN_COMMAND")) {
            (Some(command), _) => command.clone(),
            (None, Some(name)) => Command::parse(name)?,
            (None, None) => Command::apptainer(),
        };
        let in_environment = environment.get("PORTOLAN_SYSCONFDIR").map(PathBuf::from);
        let (sysconfdir, system_rule) = match (places.sysconfdir, in_environment) {
            (Some(named), _) => (named.to_path_buf(), "--sysconfdir"),
            (None, Some(named)) => (named, "PORTOLAN_SYSCONFDIR"),
            (None, None) => find_sysconfdir(&command, &environment)
                .map_or((PathBuf::from("/etc"), "default"), |found| (found, "found")),
        };
        let system = paths::system_file(&sysconfdir, &command);
        let (named, variable) = configured_directory(&command, &environment, user)?.unzip();
        let home = environment.get("HOME").map(PathBuf::from);
        let foreign_home = home.clone().and_then(|named| {
            let reason = distrusted_home(&named, &command, user)?;
            Some(ForeignHome { named, reason })
        });
        let home = home
            .filter(|_| foreign_home.is_none())
            .or_else(|| account::home(user.id));
        let no_home = (home.is_none() && named.is_none()).then(|| NoHome {
            user: user.id,
            variable: command.variable("CONFIGDIR"),
        });
        let home_rule = match environment.get("HOME") {
            Some(_) if foreign_home.is_none() => "HOME",
            _ if home.is_some() => "account",
            _ => "none",
        };
        let rules = PathRules {
            system: system_rule,
            user: variable.unwrap_or_else(|| home_rule.to_owned()),
            home: home_rule,
        };
        let mut directories = user_directories(home.as_deref(), &environment, user);
        directories.named = named;
        for directory in [&mut directories.cache, &mut directories.state] {
            *directory = directory.join("portolan").join(command.name());
        }
        let paths = Paths::new(system, &command, directories, places.config);
        Ok(Self {
            runtime: Runtime::newest(&command),
            command,
            user,
            paths,
            foreign_home,
            no_home,
            rules,
            environment,
        })
    }

    /// What surrounds a credential helper.
    pub(crate) fn helper_environment(&self) -> HelperEnvironment {
        let holds_password = |name: &&OsStr| {
            // Whatever stands before: what is meant for another command is a password, too.
            ["_LOGIN_PASSWORD", "_DOCKER_PASSWORD"]
                .iter()
                .any(|end| name.as_encoded_bytes().ends_with(end.as_bytes()))
        };
        let hidden = self.environment.names().filter(holds_password);
        HelperEnvironment {
            path: self.environment.get("PATH").unwrap_or_default().into(),
            changes: hidden.map(|name| (name.into(), None)).collect(),
            at_terminal: true,
        }
    }
}

/// The directory that a variable names for the user's files; for root it must be root's alone.
fn configured_directory(
    command: &Command,
    environment: &Environment,
    user: User,
) -> Result<Option<(PathBuf, String)>, InstallationError> {
    let variables =
        std::iter::once(command.variable("CONFIGDIR")).chain(command.legacy_variable("CONFIGDIR"));
    let named = variables
        .into_iter()
        .find_map(|variable| Some((PathBuf::from(environment.get(&variable)?), variable)));
    let Some((directory, variable)) = named else {
        return Ok(None);
    };
    let absolute = match std::path::absolute(&directory) {
        Ok(absolute) => absolute,
        Err(error) => {
            return Err(InstallationError::NoWorkingDirectory {
                variable,
                directory,
                error,
            });
        }
    };
    match distrust(&absolute).filter(|_| user.is_root()) {
        Some(reason) => Err(InstallationError::Directory {
            variable,
            directory,
            reason,
        }),
        // What `exec` runs may run portolan, which changes the user's own files.
        None => {
            let directory = disk::memory_origin(&absolute).unwrap_or(absolute);
            Ok(Some((directory, variable)))
        }
    }
}

/// Why root does not use a HOME: under sudo with the caller's it must not write into somebody else's home, nor take the
/// directory that somebody has put into a home for all as its own.
fn distrusted_home(home: &Path, command: &Command, user: User) -> Option<Distrust> {
    if !user.is_root() {
        return None;
    }
    let own = home.join(command.home_directory());
    distrust(home).or_else(|| {
        let owner = fs::metadata(own).ok()?.uid();
        (owner != user.id).then_some(Distrust::Owner(owner))
    })
}

/// Whether root may work in a directory that a variable names. Users may name what they like.
fn is_trusted(directory: &Path, user: User) -> bool {
    !user.is_root() || distrust(directory).is_none()
}

/// Whether root would find somebody else's directory here.
pub(crate) fn is_strange(directory: &Path, user: User) -> bool {
    user.is_root() && fs::metadata(directory).is_ok_and(|found| found.uid() != user.id)
}

/// Why root works in no directory that a variable names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// It, or the nearest one above it that exists, is somebody else's.
    #[error("belongs to user {0}")]
    Owner(u32),
    /// The same can be written by others.
    #[error("can be written by others")]
    Shared,
    /// Where it leads can't be told before all directories on the way are made.
    #[error("has .. on its way")]
    Climbs,
    /// There is nothing that it could be in.
    #[error("leads nowhere")]
    Nowhere,
}

/// Why root does not work in a directory; `None` for one that is its own alone.
pub(crate) fn distrust(directory: &Path) -> Option<Distrust> {
    match directory
        .ancestors()
        .find_map(|above| fs::metadata(above).ok())
    {
        Some(found) if found.uid() != 0 => Some(Distrust::Owner(found.uid())),
        Some(found) if found.mode() & 0o022 != 0 => Some(Distrust::Shared),
        Some(_) => climbs(directory).then_some(Distrust::Climbs),
        None => Some(Distrust::Nowhere),
    }
}

fn climbs(path: &Path) -> bool {
    path.components()
        .any(|component| component == Component::ParentDir)
}

/// The first directory that has one for the command.
fn find_sysconfdir(command: &Command, environment: &Environment) -> Option<PathBuf> {
    let on_path = || {
        let path = environment.get("PATH")?;
        std::env::split_paths(path)
            .map(|directory| directory.join(command.name()))
            .find(|program| program.is_file())
    };
    let has_directory = |candidate: &PathBuf| candidate.join(command.name()).is_dir();
    let found = paths::system_candidates(None)
        .into_iter()
        .find(has_directory);
    found.or_else(|| {
        paths::system_candidates(on_path().as_deref())
            .into_iter()
            .find(has_directory)
    })
}

/// The user's own directories; when the home is not the one that the environment names, nothing of the environment counts. Root
/// writes into no directory of somebody else, whatever a variable says.
fn user_directories(home: Option<&Path>, environment: &Environment, user: User) -> UserDirectories {
    let home = home.unwrap_or(Path::new("/nonexistent"));
    let is_named = environment
        .get("HOME")
        .is_some_and(|named| Path::new(named) == home);
    // What is in the home belongs where the home does, if it stays there.
    let is_safe = |directory: &PathBuf| {
        (directory.starts_with(home) && !climbs(directory)) || is_trusted(directory, user)
    };
    let named =
        |directory: fn() -> Option<PathBuf>| is_named.then(directory).flatten().filter(is_safe);
    UserDirectories {
        home: home.to_path_buf(),
        named: None,
        cache: named(dirs::cache_dir).unwrap_or_else(|| home.join(".cache")),
        state: named(dirs::state_dir).unwrap_or_else(|| home.join(".local/state")),
        configuration: named(dirs::config_dir).unwrap_or_else(|| home.join(".config")),
    }
}
