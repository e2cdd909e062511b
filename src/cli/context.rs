//! The outside, taken once: environment, user, paths, clock, terminals. Prints nothing and changes nothing.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use rustix::process::{Resource, Rlimit, getrlimit};

use crate::command::{Command, CommandError};
use crate::config::paths;
use crate::config::paths::{Paths, UserDirectories};
use crate::disk;

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

/// Which streams are terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminals {
    /// Standard output.
    pub(crate) stdout: bool,
    /// Standard error.
    pub(crate) stderr: bool,
}

impl Terminals {
    /// Looks at the process's streams.
    pub(crate) fn take() -> Self {
        Self {
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
        }
    }
}

/// The outside of one run.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Whose files are managed.
    pub(crate) command: Command,
    /// Who manages them.
    pub(crate) user: User,
    /// The environment.
    pub(crate) environment: Environment,
    /// Where the files are.
    pub(crate) paths: Paths,
    /// The time at which the command began.
    pub(crate) now: SystemTime,
    /// The limit of core dumps at that time.
    pub(crate) core_limit: Rlimit,
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

/// Why the outside can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContextError {
    /// The command's name is none.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// There is no directory for the user's files.
    #[error(
        "no home directory: neither HOME is set nor has user {user} an account; set {variable}"
    )]
    NoHome {
        /// The effective user.
        user: u32,
        /// The variable that would name the directory itself.
        variable: String,
    },
}

impl Context {
    /// Decides whose files are managed and where they are.
    ///
    /// # Errors
    /// When the command's name is none, or the user has no home.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the clock is read"
    )]
    pub(crate) fn new(
        places: Places<'_>,
        environment: Environment,
        user: User,
    ) -> Result<Self, ContextError> {
        let command = match (places.command, environment.text("PORTOLAN_COMMAND")) {
            (Some(command), _) => command.clone(),
            (None, Some(name)) => Command::parse(name)?,
            (None, None) => Command::apptainer(),
        };
        let sysconfdir = places
            .sysconfdir
            .or_else(|| environment.get("PORTOLAN_SYSCONFDIR").map(Path::new))
            .map_or_else(
                || find_sysconfdir(&command, &environment),
                Path::to_path_buf,
            );
        let system = paths::system_file(&sysconfdir, &command);
        let home = find_home(&command, &environment, user);
        let named = configured_directory(&command, &environment, user);
        if home.is_none() && named.is_none() {
            return Err(ContextError::NoHome {
                user: user.id,
                variable: command.variable("CONFIGDIR"),
            });
        }
        let mut directories = user_directories(home.as_deref(), &environment, user);
        directories.named = named;
        for directory in [&mut directories.cache, &mut directories.state] {
            *directory = directory.join("portolan").join(command.name());
        }
        let paths = Paths::new(system, &command, directories, places.config);
        Ok(Self {
            command,
            user,
            environment,
            paths,
            now: SystemTime::now(),
            core_limit: getrlimit(Resource::Core),
        })
    }
}

/// The directory that a variable names for the user's files; for root it must be root's own.
fn configured_directory(
    command: &Command,
    environment: &Environment,
    user: User,
) -> Option<PathBuf> {
    let named = environment.get(&command.variable("CONFIGDIR")).or_else(|| {
        command
            .legacy_variable("CONFIGDIR")
            .and_then(|variable| environment.get(&variable))
    });
    named
        .map(PathBuf::from)
        .filter(|directory| is_trusted(directory, user))
        // What `exec` runs may run portolan, which changes the user's own files.
        .map(|directory| disk::memory_origin(&directory).unwrap_or(directory))
}

/// `$HOME`, else the account's. Under sudo with the caller's HOME root must not write into somebody else's home, nor take
/// the directory that somebody has put into a home for all as its own.
fn find_home(command: &Command, environment: &Environment, user: User) -> Option<PathBuf> {
    let is_safe = |home: &PathBuf| {
        is_trusted(home, user) && !is_strange(&home.join(command.home_directory()), user)
    };
    let named = environment.get("HOME").map(PathBuf::from).filter(is_safe);
    named.or_else(|| account_home(user))
}

/// The home directory that the account database has for a user.
pub(crate) fn account_home(user: User) -> Option<PathBuf> {
    let account = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(user.id));
    let home = account.ok().flatten()?.dir;
    Some(home).filter(|home| !home.as_os_str().is_empty())
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
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
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

/// The first directory that has one for the command; the package's when none has.
fn find_sysconfdir(command: &Command, environment: &Environment) -> PathBuf {
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
    found
        .or_else(|| {
            paths::system_candidates(on_path().as_deref())
                .into_iter()
                .find(has_directory)
        })
        .unwrap_or_else(|| PathBuf::from("/etc"))
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
