//! docker-config.json as it is changed: a login is added or removed, and everything else stays. Pure; knows no path and runs
//! no helper. D13 of docs/compatibility.md. What a runtime finds in the file is for `config_file` to say.
//!
//! The format is that of Docker's `config.json`: `auths` by key with `auth` (base64 of `user:password`) or
//! `identitytoken`; `credHelpers` (by key) and `credsStore` (for all) name programs that store the secret instead, and leave
//! `{}`. Everything else is carried along in its order, numbers with all their digits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize as _;
use serde_json::{Map, Value};

use super::config_file::{ConfigFile, Reader, Repeated, is_named};
use super::helper::HelperName;
use crate::runtime::Version;
use crate::secret::{Secret, Stored};
use crate::text::json_fault;
use crate::uri::{DOCKER_HUB, DOCKER_HUB_KEY, RegistryAccount};

/// The reader of the newest runtimes.
const NEWEST: Version = (29, 7, 2);

/// What a login's entry can hold, in Docker's order; a new login takes all of it away. Apptainer 1.3.0 wrote the last two.
const SECRETS: [&str; 5] = [
    "auth",
    "identitytoken",
    "registrytoken",
    "username",
    "password",
];

#[derive(Clone, Default, PartialEq)]
pub struct AuthFile {
    root: Map<String, Value>,
}

#[derive(Clone, Debug, Default)]
pub struct HeldAccounts(BTreeSet<RegistryAccount>);

impl HeldAccounts {
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(&RegistryAccount::of_key(key))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin<'a> {
    pub key: &'a str,
    pub first: &'a str,
    pub registry: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperEntry {
    pub helper: HelperName,
    pub key: String,
}

/// Why a text is no docker-config.json. It repeats no value of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFileError {
    #[error("line {line}, column {column}: {reason}")]
    Json {
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("{0}")]
    Shape(&'static str),
    /// A name that stands twice: only one of the two could be written back.
    #[error("line {line}: {name:?} stands there a second time; leave one of the two")]
    Repeated { name: String, line: usize },
    /// A credential helper's name that could lead anywhere.
    #[error("{0:?} can't be a credential helper's name")]
    Helper(String),
}

impl AuthFile {
    pub fn read(bytes: &[u8]) -> Result<Self, AuthFileError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(AuthFileError::Shape(
                "it begins with a byte order mark, which no runtime reads",
            ));
        }
        let value = serde_json::from_slice(bytes).map_err(|error| {
            // The reader's own words end with the place.
            let text = json_fault(&error);
            let reason = text
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            AuthFileError::Json {
                line: error.line(),
                column: error.column(),
                reason,
            }
        })?;
        let Value::Object(root) = value else {
            return Err(AuthFileError::Shape("it is no JSON object"));
        };
        let file = Self { root };
        let is_object_or_absent = |name: &str| {
            matches!(
                file.field(name),
                None | Some(Value::Null | Value::Object(_))
            )
        };
        if !is_object_or_absent("auths") {
            return Err(AuthFileError::Shape("\"auths\" is no JSON object"));
        }
        // A helper that is overlooked means a secret in clear.
        if !is_object_or_absent("credHelpers") {
            return Err(AuthFileError::Shape("\"credHelpers\" is no JSON object"));
        }
        if !matches!(
            file.field("credsStore"),
            None | Some(Value::Null | Value::String(_))
        ) {
            return Err(AuthFileError::Shape("\"credsStore\" is no text"));
        }
        Ok(file)
    }

    /// As [`read`](Self::read), for a change: a file that can't be written back as it is meant is refused.
    pub fn read_for_change(bytes: &[u8]) -> Result<Self, AuthFileError> {
        let file = Self::read(bytes)?;
        let readers = [Reader::DockerCli(NEWEST), Reader::ContainersImage];
        let read = readers
            .iter()
            .find_map(|reader| ConfigFile::read(bytes, *reader).ok());
        match read.and_then(|read| read.repeated) {
            Some(Repeated { name, line }) => Err(AuthFileError::Repeated { name, line }),
            None => Ok(file),
        }
    }

    /// The text of the file, as Docker writes it: tabs, and no line end behind the last brace.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, tabs);
        // Strings, numbers and maps by strings can always be written to memory.
        let written = self.root.serialize(&mut serializer).is_ok();
        debug_assert!(written, "JSON that was read can be written");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Whether there is a login for this key, as far as the file tells: a secret in it, an entry whose secret a helper keeps,
    /// or a helper for this very key.
    pub fn holds(&self, key: &str) -> bool {
        self.held().contains(key)
    }

    pub fn has_secret(&self, key: &str) -> bool {
        let account = RegistryAccount::of_key(key);
        self.entries()
            .any(|(known, entry)| RegistryAccount::of_key(known) == account && has_secret(entry))
    }

    pub fn held(&self) -> HeldAccounts {
        let with_secret = self
            .entries()
            .filter(|(_, entry)| has_secret(entry) || self.common_helper().is_some());
        let keys = with_secret
            .map(|(key, _)| key)
            .chain(self.own_helpers().map(|(key, _)| key));
        HeldAccounts(keys.map(RegistryAccount::of_key).collect())
    }

    /// The login for this key that stands in the file itself; `None` also when a helper has its secret.
    pub fn get(&self, key: &str) -> Option<Stored> {
        let account = RegistryAccount::of_key(key);
        let exact = self.auths()?.get(key).into_iter();
        let entries = self
            .entries()
            .filter(|(known, _)| RegistryAccount::of_key(known) == account);
        exact
            .chain(entries.map(|(_, entry)| entry))
            .find_map(stored)
    }

    /// The program that stores the secret of this key: its own (an empty name means this file), else one that is configured
    /// for the same host in another way, else the one for all.
    pub fn helper_for(&self, key: &str) -> Result<Option<HelperName>, AuthFileError> {
        let name = match self.helpers_by_key().find(|(known, _)| *known == key) {
            Some((_, name)) => Some(name),
            None => self.related_helper(key).or(self.common_helper()),
        };
        name.filter(|name| !name.is_empty())
            .map(|name| {
                HelperName::parse(name).ok_or_else(|| AuthFileError::Helper(name.to_owned()))
            })
            .transpose()
    }

    /// What helpers may have of this key's account: under the key itself, and under every other that the file has for it.
    pub fn helper_entries(&self, key: &str) -> Result<Vec<HelperEntry>, AuthFileError> {
        let others = self.keys_of(key).into_iter().filter(|known| known != key);
        let entries = std::iter::once(key.to_owned()).chain(others).map(|key| {
            let helper = self.helper_for(&key)?;
            Ok(helper.map(|helper| HelperEntry { helper, key }))
        });
        entries.filter_map(Result::transpose).collect()
    }

    /// The helper of a key that means the same host in another way: it is asked for this key, too, once the file says so.
    fn related_helper(&self, key: &str) -> Option<&str> {
        let account = RegistryAccount::of_key(key);
        let host = account.of_host();
        let of = |account: &RegistryAccount| {
            let mut helpers = self.own_helpers();
            helpers.find(|(known, _)| RegistryAccount::of_key(known) == *account)
        };
        of(&account).or_else(|| of(&host)).map(|(_, name)| name)
    }

    pub fn helpers(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let own = self.own_helpers().map(|(key, name)| (Some(key), name));
        self.common_helper()
            .map(|name| (None, name))
            .into_iter()
            .chain(own)
    }

    pub fn twins(&self) -> Vec<Twin<'_>> {
        let mut first_of = BTreeMap::new();
        let with_secret = self
            .entries()
            .filter(|(key, entry)| has_secret(entry) && !is_token_of_docker(key));
        let twin = with_secret.filter_map(|(key, _)| {
            let account = RegistryAccount::of_key(key);
            let registry = account.to_string();
            let first = *first_of.entry(account).or_insert(key);
            (first != key).then_some(Twin {
                key,
                first,
                registry,
            })
        });
        twin.collect()
    }

    /// Whether it says anything of logins: has one, or names a program that may have some.
    pub fn has_logins(&self) -> bool {
        self.entries().next().is_some() || self.helpers().next().is_some()
    }

    pub fn set(&mut self, key: &str, stored: &Stored) {
        let (user, secret, token) = match stored {
            Stored::Password { user, password } => (user, password.expose(), None),
            // The user stays beside the token: skopeo and podman overlook a token without.
            Stored::IdentityToken { user, token } => (user, "", Some(token.expose())),
        };
        let pair = Secret::new(format!("{user}:{secret}"));
        let auth = ("auth", BASE64_STANDARD.encode(pair.expose()));
        let token = token.map(|token| ("identitytoken", token.to_owned()));
        let fields = [Some(auth), token].into_iter().flatten();
        self.replace(
            key,
            fields
                .map(|(name, value)| (name.to_owned(), Value::String(value)))
                .collect(),
        );
    }

    /// Notes that `helper` stores the secret of this key; a secret that the file has of it is removed. A runtime asks the
    /// helper for this very key only where the file says so.
    pub fn set_elsewhere(&mut self, key: &str, helper: &HelperName) {
        self.replace(key, Map::new());
        let is_related = self.related_helper(key).is_some();
        if is_related && self.helpers_by_key().all(|(known, _)| known != key) {
            let helpers = self.object_mut("credHelpers");
            helpers.insert(key.to_owned(), Value::String(helper.to_string()));
        }
    }

    /// As [`set_elsewhere`](Self::set_elsewhere), and names the helper for the account alone: for Docker Hub under both keys
    /// that runtimes ask by.
    pub fn set_helper(&mut self, key: &str, helper: &HelperName) {
        self.replace(key, Map::new());
        let hub = (key == DOCKER_HUB_KEY).then_some(DOCKER_HUB);
        let helpers = self.object_mut("credHelpers");
        for key in [Some(key), hub].into_iter().flatten() {
            helpers.insert(key.to_owned(), Value::String(helper.to_string()));
        }
    }

    pub fn drop_helpers(&mut self, key: &str, is_meant: impl Fn(&str) -> bool) {
        let account = RegistryAccount::of_key(key);
        let named: Vec<String> = self
            .own_helpers()
            .filter(|(known, name)| RegistryAccount::of_key(known) == account && is_meant(name))
            .map(|(known, _)| known.to_owned())
            .collect();
        if named.is_empty() {
            return;
        }
        let helpers = self.object_mut("credHelpers");
        helpers.retain(|known, _| !named.contains(known));
        if helpers.is_empty() {
            self.root.retain(|known, _| !is_named(known, "credHelpers"));
        }
    }

    pub fn erase(&mut self, key: &str) -> bool {
        let found = self.keys_of(key);
        for known in &found {
            self.object_mut("auths").shift_remove(known);
        }
        let account = RegistryAccount::of_key(key);
        let host = account.of_host();
        let of_host = self
            .own_helpers()
            .find(|(known, _)| *known != key && RegistryAccount::of_key(known) == host);
        let own = self.own_helpers().find(|(known, _)| *known == key);
        // As `set_elsewhere` has added it.
        let is_added = account != host
            && matches!((own, of_host), (Some((_, own)), Some((_, other))) if own == other);
        if is_added {
            self.object_mut("credHelpers").shift_remove(key);
        }
        !found.is_empty()
    }

    fn keys_of(&self, key: &str) -> Vec<String> {
        let account = RegistryAccount::of_key(key);
        let keys = self.entries().map(|(known, _)| known);
        keys.filter(|known| RegistryAccount::of_key(known) == account)
            .map(str::to_owned)
            .collect()
    }

    fn replace(&mut self, key: &str, mut entry: Map<String, Value>) {
        let old = self
            .auths()
            .and_then(|auths| auths.get(key))
            .and_then(Value::as_object)
            .cloned();
        let kept = old
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !SECRETS.iter().any(|secret| is_named(name, secret)));
        entry.extend(kept);
        let account = RegistryAccount::of_key(key);
        let is_other =
            |known: &str| RegistryAccount::of_key(known) != account || is_token_of_docker(known);
        let auths = self.object_mut("auths");
        auths.retain(|known, _| known == key || is_other(known));
        // Docker keeps the keys sorted; who sorted them otherwise finds the new one last.
        let place = if auths.keys().is_sorted() {
            auths.keys().filter(|known| *known.as_str() < *key).count()
        } else {
            auths.len()
        };
        match auths.get_mut(key) {
            Some(there) => *there = Value::Object(entry),
            None => {
                auths.shift_insert(place, key.to_owned(), Value::Object(entry));
            }
        }
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.auths()
            .into_iter()
            .flatten()
            .map(|(key, entry)| (key.as_str(), entry))
    }

    fn own_helpers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.helpers_by_key().filter(|(_, name)| !name.is_empty())
    }

    fn helpers_by_key(&self) -> impl Iterator<Item = (&str, &str)> {
        let helpers = self.object("credHelpers").into_iter().flatten();
        helpers.filter_map(|(key, name)| name.as_str().map(|name| (key.as_str(), name)))
    }

    fn common_helper(&self) -> Option<&str> {
        let name = self.field("credsStore")?.as_str()?;
        (!name.is_empty()).then_some(name)
    }

    fn auths(&self) -> Option<&Map<String, Value>> {
        self.object("auths")
    }

    fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.field(name)?.as_object()
    }

    /// The value of one of Docker's own fields, whose names compare without case.
    fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.root.iter();
        fields
            .find(|(known, _)| is_named(known, name))
            .map(|(_, value)| value)
    }

    fn object_mut(&mut self, name: &str) -> &mut Map<String, Value> {
        let at = self.root.keys().position(|known| is_named(known, name));
        let key = match at.and_then(|at| self.root.keys().nth(at)) {
            Some(known) => known.clone(),
            None => {
                let first = if name == "auths" { 0 } else { self.root.len() };
                self.root.shift_insert(first, name.to_owned(), Value::Null);
                name.to_owned()
            }
        };
        let value = &mut self.root[&key];
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        value
            .as_object_mut()
            .expect("made an object in the lines above if it was none")
    }
}

/// Whether a key is one of those under which Docker has the tokens of its own login to Docker Hub.
fn is_token_of_docker(key: &str) -> bool {
    let token = key.strip_prefix(DOCKER_HUB_KEY);
    token.is_some_and(|token| matches!(token, "access-token" | "refresh-token"))
}

impl fmt::Debug for AuthFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.entries().map(|(key, _)| key).collect();
        formatter
            .debug_struct("AuthFile")
            .field("auths", &keys)
            .finish_non_exhaustive()
    }
}

fn has_secret(entry: &Value) -> bool {
    SECRETS
        .iter()
        .filter(|name| **name != "username")
        .any(|name| text(entry, name).is_some())
}

fn stored(entry: &Value) -> Option<Stored> {
    let pair = text(entry, "auth").and_then(|auth| BASE64_STANDARD.decode(auth).ok());
    let pair = pair
        .and_then(|pair| String::from_utf8(pair).ok())
        .map(Secret::new);
    let (user, password) = match pair.as_ref().and_then(|pair| pair.expose().split_once(':')) {
        // Old versions of Docker padded it with NUL.
        Some((user, password)) => (user, password.trim_end_matches('\0')),
        None => (
            text(entry, "username").unwrap_or_default(),
            text(entry, "password").unwrap_or_default(),
        ),
    };
    let user = user.to_owned();
    match text(entry, "identitytoken") {
        Some(token) => Some(Stored::IdentityToken {
            user,
            token: Secret::new(token),
        }),
        None if password.is_empty() => None,
        None => Some(Stored::Password {
            user,
            password: Secret::new(password),
        }),
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    let mut fields = entry.as_object()?.iter();
    let (_, value) = fields.find(|(known, _)| is_named(known, name))?;
    value.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
