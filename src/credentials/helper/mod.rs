//! Credential helpers: programs `docker-credential-NAME` that keep secrets, by Docker's protocol. Knows no file. D13 of
//! docs/compatibility.md.
//!
//! A secret reaches a helper by its standard input alone, never in its arguments or its environment, and an error never
//! repeats one that a helper says.

pub(crate) mod run;
mod terminal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fmt, fs};

use serde::{Deserialize, Serialize};

use crate::secret::{Secret, Stored};

/// Long enough for a keyring that asks to be unlocked by a click, short enough for a job that nobody watches.
const LIMIT: Duration = Duration::from_secs(10);
pub(crate) const NOT_FOUND: &str = "credentials not found in native keychain";
/// The protocol's own mark: what follows is a token, and no user's password.
pub(crate) const TOKEN_USER: &str = "<token>";

/// The name under which this program is a helper itself.
pub(crate) const OWN_HELPER: &str = "portolan";

/// A helper's name: what follows `docker-credential-` in the program's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperName(String);

impl HelperName {
    /// Checks a name from a file: it must not lead out of the directories on PATH.
    pub fn parse(name: &str) -> Option<Self> {
        let is_allowed = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
        };
        (!name.is_empty() && name.chars().all(is_allowed)).then(|| Self(name.to_owned()))
    }

    pub fn own() -> Self {
        Self(OWN_HELPER.to_owned())
    }

    pub fn program(&self) -> String {
        format!("docker-credential-{}", self.0)
    }

    /// The program, in the first directory of PATH that has it. A relative directory, which would be another one wherever
    /// the command is run, does not count.
    pub fn find(&self, environment: &HelperEnvironment) -> Option<PathBuf> {
        let is_program = |file: &PathBuf| {
            fs::metadata(file)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        env::split_paths(&environment.path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(self.program()))
            .find(is_program)
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[derive(Clone, Debug, Default)]
pub struct HelperEnvironment {
    pub path: OsString,
    /// How its variables differ from this program's: those with another value, and without one those that it must not see,
    /// because they hold a password.
    pub changes: Vec<(OsString, Option<OsString>)>,
    /// Whether it gets the terminal that this program has, if it has one.
    pub at_terminal: bool,
}

#[derive(Clone, Debug)]
pub struct Helper {
    pub name: HelperName,
    pub environment: HelperEnvironment,
    /// How long it may take where no person is asked.
    pub limit: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperTask {
    Store,
    Get,
    Erase,
    List,
}

/// Why a helper did not do its work, in the words of Docker's library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error {} credentials - err: {fault}, out: `{said}`", task.doing())]
pub struct HelperError {
    pub task: HelperTask,
    pub fault: HelperFault,
    /// What it said about it: on its standard output, else on its standard error.
    pub said: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelperFault {
    #[error("exec: \"{0}\": executable file not found in $PATH")]
    Missing(String),
    #[error("exec: \"{program}\": {reason}")]
    Run { program: String, reason: String },
    #[error("exit status {0}")]
    Exit(i32),
    #[error("ended by signal {0}")]
    Signal(i32),
    #[error("not done after {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("not an answer of the protocol of credential helpers")]
    Answer,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Login<'a> {
    #[serde(rename = "ServerURL", default, skip_serializing_if = "str::is_empty")]
    pub(crate) server: Cow<'a, str>,
    #[serde(rename = "Username", default)]
    username: Cow<'a, str>,
    #[serde(rename = "Secret")]
    secret: Cow<'a, str>,
}

impl<'a> Login<'a> {
    pub(crate) fn new(server: &'a str, stored: &'a Stored) -> Self {
        let (username, secret) = match stored {
            Stored::Password { user, password } => (user.as_str(), password),
            Stored::IdentityToken { token, .. } => (TOKEN_USER, token),
        };
        Self {
            server: server.into(),
            username: username.into(),
            secret: secret.expose().into(),
        }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn render(&self) -> Secret {
        // Strings can always be written to memory.
        Secret::new(serde_json::to_string(self).unwrap_or_default())
    }

    pub(crate) fn into_stored(self) -> Option<Stored> {
        let secret = Secret::new(self.secret);
        if secret.is_empty() {
            return None;
        }
        Some(if self.username == TOKEN_USER {
            Stored::IdentityToken {
                user: String::new(),
                token: secret,
            }
        } else {
            Stored::Password {
                user: self.username.into_owned(),
                password: secret,
            }
        })
    }
}

impl HelperTask {
    fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Get => "get",
            Self::Erase => "erase",
            Self::List => "list",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Store => "storing",
            Self::Get => "getting",
            Self::Erase => "erasing",
            Self::List => "listing",
        }
    }
}

impl Helper {
    /// A helper with the usual time limit of 10 s.
    pub fn new(name: HelperName, environment: HelperEnvironment) -> Self {
        Self {
            name,
            environment,
            limit: LIMIT,
        }
    }

    pub fn store(&self, server: &str, stored: &Stored) -> Result<(), HelperError> {
        let login = Login::new(server, stored);
        let done = self.run(HelperTask::Store, &login.render())?;
        if done.succeeded() {
            Ok(())
        } else {
            Err(done.error(HelperTask::Store, Some(stored.secret())))
        }
    }

    pub fn get(&self, server: &str) -> Result<Option<Stored>, HelperError> {
        let done = self.run(HelperTask::Get, &Secret::new(server))?;
        if !done.succeeded() {
            return if done.says(NOT_FOUND) {
                Ok(None)
            } else {
                Err(done.error(HelperTask::Get, None))
            };
        }
        let login = Login::parse(&done.stdout)
            .ok_or_else(|| failed(HelperTask::Get, HelperFault::Answer))?;
        Ok(login.into_stored())
    }

    /// Lets the helper forget a login; one that it does not have is forgotten already.
    pub fn erase(&self, server: &str) -> Result<(), HelperError> {
        let done = self.run(HelperTask::Erase, &Secret::new(server))?;
        // Not every helper has the protocol's words for it.
        if done.succeeded() || done.says(NOT_FOUND) || matches!(self.get(server), Ok(None)) {
            return Ok(());
        }
        Err(done.error(HelperTask::Erase, None))
    }

    pub fn list(&self) -> Result<BTreeMap<String, String>, HelperError> {
        let done = self.run(HelperTask::List, &Secret::default())?;
        if !done.succeeded() {
            return Err(done.error(HelperTask::List, None));
        }
        let said: Option<BTreeMap<String, String>> = serde_json::from_slice(&done.stdout)
            .map_err(|_| failed(HelperTask::List, HelperFault::Answer))?;
        Ok(said.unwrap_or_default())
    }

    pub fn program(&self, task: HelperTask) -> Result<PathBuf, HelperError> {
        let missing = || failed(task, HelperFault::Missing(self.name.program()));
        self.name.find(&self.environment).ok_or_else(missing)
    }

    fn run(&self, task: HelperTask, input: &Secret) -> Result<run::Done, HelperError> {
        let mut command = Command::new(self.program(task)?);
        command.arg(task.word());
        run::run(command, &self.environment, input, self.limit).map_err(|fault| failed(task, fault))
    }
}

/// An error without the helper's words: there are none, or a secret may be a part of them.
fn failed(task: HelperTask, fault: HelperFault) -> HelperError {
    HelperError {
        task,
        fault,
        said: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helpers_name_cannot_lead_elsewhere() {
        for name in ["pass", "secretservice", "ecr-login", "a.b_c"] {
            assert!(HelperName::parse(name).is_some(), "{name}");
        }
        for name in ["", "../x", "a/b", "a b", "a\0b", "é"] {
            assert!(HelperName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_helper_that_is_not_there_is_named() {
        let helper = Helper::new(
            HelperName::parse("portolan-has-none").unwrap(),
            HelperEnvironment::default(),
        );
        assert_eq!(
            helper.erase("h").unwrap_err().to_string(),
            "error erasing credentials - err: exec: \"docker-credential-portolan-has-none\": executable file not found in \
             $PATH, out: ``"
        );
    }
}
