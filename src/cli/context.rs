//! The outside of one run of a command, taken once: its installation, the terminals, the clock. Prints nothing and changes
//! nothing.

use std::ffi::OsStr;
use std::io;
use std::io::IsTerminal;
use std::time::SystemTime;

use rustix::process::{Resource, Rlimit, getrlimit};

use crate::command::Command;
use crate::config::paths::Paths;
use crate::credentials::helper::HelperEnvironment;
use crate::installation::{ForeignHome, Installation, InstallationError, NoHome, PathRules};

pub(crate) use crate::installation::{Distrust, Environment, Places, User, distrust, is_strange};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminals {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

impl Terminals {
    pub(crate) fn take() -> Self {
        Self {
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) command: Command,
    pub(crate) user: User,
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    pub(crate) now: SystemTime,
    /// The limit of core dumps at that time.
    pub(crate) core_limit: Rlimit,
    pub(crate) foreign_home: Option<ForeignHome>,
    pub(crate) rules: PathRules,
    pub(crate) no_home: Option<NoHome>,
}

impl Context {
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

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the clock is read"
    )]
    pub(crate) fn new(
        places: Places<'_>,
        environment: Environment,
        user: User,
    ) -> Result<Self, InstallationError> {
        let installation = Installation::new(places, environment, user)?;
        Ok(Self {
            command: installation.command,
            user,
            environment: installation.environment,
            paths: installation.paths,
            now: SystemTime::now(),
            core_limit: getrlimit(Resource::Core),
            foreign_home: installation.foreign_home,
            rules: installation.rules,
            no_home: installation.no_home,
        })
    }
}
