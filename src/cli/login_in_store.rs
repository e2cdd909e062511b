//! A login whose secret is in a store, as people and scripts read it.

use serde::Serialize;

use crate::name::RemoteName;
use crate::stores::{Entry, State, Stores, Subject};
use crate::text::{ShellWord, capitalised};

#[derive(Serialize)]
pub(crate) struct StoredLogin {
    pub(crate) login: String,
    pub(crate) place: String,
    pub(crate) gone: bool,
    #[serde(skip)]
    pub(crate) command: String,
    #[serde(skip)]
    pub(crate) entry: Entry,
}

impl StoredLogin {
    pub(crate) fn new(entry: &Entry, stores: &Stores) -> Self {
        let (login, command) = named(&entry.subject);
        Self {
            login,
            place: entry.place(),
            gone: stores.state(entry) == State::Gone,
            command,
            entry: entry.clone(),
        }
    }

    pub(crate) fn remote(&self) -> Option<RemoteName> {
        match &self.entry.subject {
            Subject::Remote { name, .. } => Some(RemoteName::found(name)),
            _ => None,
        }
    }

    pub(crate) fn described(&self) -> String {
        let login = capitalised(&self.login);
        match self.gone {
            true => format!("{login} was in {}, and is gone here.", self.place),
            false => format!("{login} is {}.", self.entry.describe()),
        }
    }

    pub(crate) fn gone(&self) -> String {
        format!(
            "{} was in {}, gone here. To log in again:\n  portolan {}",
            capitalised(&self.login),
            self.place,
            self.command
        )
    }
}

pub(crate) fn named(subject: &Subject) -> (String, String) {
    match subject {
        Subject::Remote { name, .. } => (
            format!("the token for {name}"),
            format!("remote login {}", ShellWord(name)),
        ),
        Subject::Keyserver { uri, .. } => (
            format!("the login to {uri}"),
            format!("keyserver login {uri}"),
        ),
        Subject::Registry { account } => (
            format!("the login to {account}"),
            format!("registry login {account}"),
        ),
    }
}
