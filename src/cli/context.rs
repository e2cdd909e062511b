//! The outside of one run of a command, taken once: its installation, the terminals, the clock. Prints nothing and changes
//! nothing.

use std::io;
use std::io::IsTerminal;
use std::ops::Deref;
use std::sync::OnceLock;
use std::time::SystemTime;

use rustix::process::{Resource, Rlimit, getrlimit};

use crate::cli::advice::TypedCommand;
use crate::installation::{Installation, InstallationError};
use crate::stores::Entry;

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
    installation: Installation,
    pub(crate) now: SystemTime,
    pub(crate) core_limit: Rlimit,
    /// The command that was typed.
    pub(crate) typed: TypedCommand,
    /// What the stores have of this user, read once for whoever shows it.
    pub(crate) in_stores: OnceLock<Vec<Entry>>,
}

/// A command asks its context for what belongs to the installation.
impl Deref for Context {
    type Target = Installation;

    fn deref(&self) -> &Installation {
        &self.installation
    }
}

impl Context {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the clock is read"
    )]
    pub(crate) fn new(
        places: Places<'_>,
        environment: Environment,
        user: User,
    ) -> Result<Self, InstallationError> {
        Ok(Self {
            installation: Installation::new(places, environment, user)?,
            now: SystemTime::now(),
            core_limit: getrlimit(Resource::Core),
            typed: TypedCommand::default(),
            in_stores: OnceLock::new(),
        })
    }
}
