//! One file's contents as values. Knows neither YAML nor where the file is.
//!
//! Text stands here as the file has it, odd or not: a URI that can't be one, a name with control characters, an entry
//! that nothing refers to. What is carried along is not judged; `effective.rs` decides what counts.

use std::collections::BTreeMap;

use crate::config::scope::Scope;
use crate::name::RemoteName;
use crate::secret::Secret;

/// What one remote.yaml says. Equal documents mean the same file: a change is `before != after`, never a flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// `Active`: the remote that commands use when none is named; empty when there is none.
    pub(in crate::config) active: String,
    /// `Remotes`, in byte order of their names.
    pub(in crate::config) remotes: BTreeMap<RemoteName, RemoteEntry>,
    /// `Credentials`, in file order.
    pub(in crate::config) logins: Vec<LoginEntry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteEntry {
    /// `URI`: host, port and path without a scheme; empty when the file has none.
    pub uri: String,
    /// `Token`: the endpoint's access token; empty when there is none.
    pub token: Secret,
    /// `System`: defined by the system's file, here or (in a user's file) there.
    pub system: bool,
    /// `Exclusive`: the only remote that users may use, when the system's file says so.
    pub exclusive: bool,
    /// `Insecure`: reached over http. Written only where true, since Apptainer 1.0 refuses a file that has the key.
    pub insecure: bool,
    /// `Keyservers`, in the order in which they are asked; empty when the endpoint's own is used.
    pub keyservers: Vec<KeyserverEntry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyserverEntry {
    /// `URI`, as typed or discovered.
    pub uri: String,
    /// `Skip`: removed by the administrator; set on the endpoint's own only, which keeps its place.
    pub skip: bool,
    /// `External`: not the one that the endpoint itself names.
    pub external: bool,
    /// `Insecure`: certificates aren't checked.
    pub insecure: bool,
}

/// A login to a keyserver or a registry, an item of `Credentials`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginEntry {
    /// `URI`, as typed: `https://…` for a keyserver, `docker://…` or `oras://…` for a registry.
    pub uri: String,
    /// `Auth`: a keyserver's whole Authorization header; empty for a registry, whose secret is in docker-config.json.
    pub auth: Secret,
    /// `Insecure`: certificates aren't checked.
    pub insecure: bool,
}

impl RemoteEntry {
    pub fn url(&self) -> String {
        url(&self.uri, self.insecure)
    }
}

pub(crate) fn url(uri: &str, insecure: bool) -> String {
    format!("{}://{uri}", if insecure { "http" } else { "https" })
}

impl Document {
    pub fn active(&self) -> &str {
        &self.active
    }

    pub fn remotes(&self) -> &BTreeMap<RemoteName, RemoteEntry> {
        &self.remotes
    }

    pub(crate) fn show_login(&mut self, login: LoginEntry) {
        self.logins.push(login);
    }

    pub fn logins(&self) -> &[LoginEntry] {
        &self.logins
    }

    /// Whether it defines a remote of this name: in the user's file an entry with `System: true` only says something about
    /// the system's.
    pub fn owns(&self, scope: Scope, name: &RemoteName) -> bool {
        let entry = self.remotes.get(name);
        entry.is_some_and(|entry| scope == Scope::System || !entry.system)
    }
}
