//! The files that may hold a login of a user, and which of them a runtime reads. Looks at no disk by itself.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::SentLogin;
use crate::command::Command;
use crate::credentials::config_file::ConfigFile;
use crate::runtime::{FileOrder, LoginRules, Product};
use crate::secret::{Secret, SecretBytes};
use crate::uri::RegistryScheme;

#[derive(Clone, Debug)]
pub struct File {
    pub path: PathBuf,
    state: OnceCell<FileState>,
    look: fn(&Path) -> FileState,
}

impl File {
    pub fn new(path: PathBuf, look: fn(&Path) -> FileState) -> Self {
        let state = OnceCell::new();
        Self { path, state, look }
    }

    pub fn state(&self) -> &FileState {
        self.state.get_or_init(|| (self.look)(&self.path))
    }

    /// Why the file could not be read, if it was looked at.
    pub fn refusal(&self) -> Option<String> {
        match self.state.get() {
            Some(FileState::Unreadable(reason)) => {
                Some(format!("open {}: {reason}", self.path.display()))
            }
            _ => None,
        }
    }

    pub fn known(path: PathBuf, state: FileState) -> Self {
        let file = Self::new(path, |_| FileState::Absent);
        file.state.get_or_init(|| state);
        file
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Nothing, or a link that leads nowhere.
    Absent,
    /// Something that the user may not read, with the kernel's reason: `permission denied`.
    Unreadable(String),
    /// A directory, or something else that is no file.
    Irregular,
    Bytes(SecretBytes),
    Read(ConfigFile),
}

#[derive(Clone, Debug)]
pub struct LoginFiles {
    pub own: File,
    /// The same in the home directory, for versions whose directory no variable names.
    pub own_at_home: File,
    /// Docker's, where the versions look that read it while their own is absent.
    pub fallback: File,
    /// Docker's, where Docker itself looks.
    pub docker: File,
    /// That of other container tools, `containers/auth.json`.
    pub containers: File,
    /// Docker's old one, `.dockercfg`.
    pub dockercfg: File,
    /// The one that an option or a variable names, for versions that know them.
    pub named: Option<File>,
}

#[derive(Clone, Copy, Debug)]
pub struct Directories<'a> {
    pub home: &'a Path,
    pub own: &'a Path,
    pub is_named: bool,
}

pub(crate) type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A user and a password from variables, which come before every file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPair {
    pub login: SentLogin,
    pub variables: Vec<String>,
}

fn variables(command: &Command, key: &str, plain: Option<&str>) -> Vec<String> {
    let plain = plain.map(str::to_owned);
    let all = [
        Some(command.variable(key)),
        plain,
        command.legacy_variable(key),
    ];
    all.into_iter().flatten().collect()
}

impl LoginPair {
    /// The user and the password that the variables of a command give to a version; either may be missing.
    pub fn find(command: &Command, rules: &LoginRules, variable: Variable<'_>) -> Option<Self> {
        let value = |key: &str| {
            let plain = rules.has_plain_variables.then_some(key);
            let mut names = variables(command, key, plain).into_iter();
            names.find_map(|name| variable(&name).map(|value| (name, value)))
        };
        let (user, password) = (value("DOCKER_USERNAME"), value("DOCKER_PASSWORD"));
        let names = [&user, &password].into_iter().flatten();
        let variables: Vec<_> = names.map(|(name, _)| name.clone()).collect();
        let text = |found: Option<(String, String)>| found.map(|(_, value)| value);
        let login = SentLogin {
            user: text(user).unwrap_or_default(),
            password: Secret::new(text(password).unwrap_or_default()),
            ..SentLogin::default()
        };
        (!variables.is_empty()).then_some(Self { login, variables })
    }
}

/// A file that a runtime reads, and whether it has the old format: the logins without a name around them.
pub(crate) type Read<'a> = (&'a File, bool);

impl LoginFiles {
    pub fn named_by(command: &Command, variable: Variable<'_>) -> Option<(String, PathBuf)> {
        let key = match Product::of(command) {
            Product::Apptainer => "AUTH_FILE",
            Product::SingularityCe => "AUTHFILE",
        };
        let mut names = variables(command, key, None).into_iter();
        names.find_map(|name| variable(&name).map(|path| (name, PathBuf::from(path))))
    }

    pub fn find(
        command: &Command,
        directories: Directories<'_>,
        named: Option<PathBuf>,
        variable: Variable<'_>,
        read: &dyn Fn(PathBuf) -> File,
    ) -> Self {
        let Directories {
            home,
            own,
            is_named,
        } = directories;
        let directory = |name: &str, other: &str| {
            variable(name).map_or_else(|| home.join(other), PathBuf::from)
        };
        let at_home = home.join(command.home_directory());
        let docker = home.join(".docker");
        let fallback = if is_named { own } else { &docker };
        Self {
            own: read(own.join("docker-config.json")),
            own_at_home: read(at_home.join("docker-config.json")),
            fallback: read(fallback.join("config.json")),
            docker: read(directory("DOCKER_CONFIG", ".docker").join("config.json")),
            containers: read(directory("XDG_CONFIG_HOME", ".config").join("containers/auth.json")),
            dockercfg: read(home.join(".dockercfg")),
            named: named.map(read),
        }
    }

    pub(crate) fn read_by(&self, rules: &LoginRules, scheme: RegistryScheme) -> Vec<Read<'_>> {
        let own = if rules.has_config_dir {
            &self.own
        } else {
            &self.own_at_home
        };
        if let Some(named) = self
            .named
            .as_ref()
            .filter(|_| rules.auth_file_key.is_some())
        {
            return vec![(named, false)];
        }
        match rules.files(scheme) {
            FileOrder::OwnOrDocker if *own.state() == FileState::Absent => {
                vec![(&self.fallback, false)]
            }
            FileOrder::Own | FileOrder::OwnOrDocker => vec![(own, false)],
            FileOrder::OwnThenDocker => vec![(own, false), (&self.docker, false)],
            FileOrder::All => vec![
                (own, false),
                (&self.containers, false),
                (&self.docker, false),
                (&self.dockercfg, true),
            ],
        }
    }
}
