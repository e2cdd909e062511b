//! docker-config.json as a value: the logins in it, and whatever else other tools keep there. Pure; knows no path and runs
//! no helper. D13 of docs/compatibility.md.
//!
//! The format is that of Docker's `config.json`: `auths` by key with `auth` (base64 of `user:password`) or
//! `identitytoken`; `credHelpers` (by key) and `credsStore` (for all) name programs that keep the secret instead, and leave
//! `{}`. Everything else is carried along in its order, numbers with all their digits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize as _;
use serde_json::{Map, Value};

use super::helper::HelperName;
use crate::secret::{Secret, Stored};
use crate::text::json_fault;
use crate::uri::RegistryAccount;

/// What a login's entry can hold, in Docker's order; a new login takes all of it away. Apptainer 1.3.0 wrote the last two.
const SECRETS: [&str; 5] = [
    "auth",
    "identitytoken",
    "registrytoken",
    "username",
    "password",
];

/// The contents of a docker-config.json.
#[derive(Clone, Default, PartialEq)]
pub struct AuthFile {
    root: Map<String, Value>,
}

/// The accounts that a file has a login for.
#[derive(Clone, Debug, Default)]
pub struct HeldAccounts(BTreeSet<RegistryAccount>);

impl HeldAccounts {
    /// Whether this key's account is one of them, however the key is written.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(&RegistryAccount::of_key(key))
    }
}

/// A second entry for one account, under another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin<'a> {
    /// Its key.
    pub key: &'a str,
    /// The key of the first entry.
    pub first: &'a str,
    /// The account of both, `host[:port][/path]`.
    pub registry: String,
}

/// The helper that keeps a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The helper's name.
    pub helper: HelperName,
    /// The address under which it knows the secret.
    pub server: String,
}

/// Why a text is no docker-config.json. It repeats no value of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFileError {
    /// No JSON.
    #[error("line {line}, column {column}: {reason}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// JSON of another shape.
    #[error("{0}")]
    Shape(&'static str),
    /// A credential helper's name that could lead anywhere.
    #[error("{0:?} can't be a credential helper's name")]
    Helper(String),
}

impl AuthFile {
    /// Reads a docker-config.json; an empty one says nothing.
    ///
    /// # Errors
    /// When it is no JSON object, or what it says of logins and helpers has another shape than Docker's.
    pub fn read(bytes: &[u8]) -> Result<Self, AuthFileError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
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
        let is_object_or_absent =
            |name: &str| matches!(root.get(name), None | Some(Value::Null | Value::Object(_)));
        if !is_object_or_absent("auths") {
            return Err(AuthFileError::Shape("\"auths\" is no JSON object"));
        }
        // A helper that is overlooked means a secret in clear.
        if !is_object_or_absent("credHelpers") {
            return Err(AuthFileError::Shape("\"credHelpers\" is no JSON object"));
        }
        if !matches!(
            root.get("credsStore"),
            None | Some(Value::Null | Value::String(_))
        ) {
            return Err(AuthFileError::Shape("\"credsStore\" is no text"));
        }
        Ok(Self { root })
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

    /// The accounts that there is a login for, to ask for many keys.
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

    /// The key whose login a runtime uses for what is at `path` on `host`: of those that lead there, the longest.
    pub fn find(&self, host: &str, path: &str) -> Option<&str> {
        let image = RegistryAccount::of_image(host, path);
        let with_helper = self.own_helpers().map(|(key, _)| key);
        let held = self.held();
        let keys = self
            .entries()
            .map(|(key, _)| key)
            .chain(with_helper)
            .filter(|key| held.contains(key));
        let covering = keys.filter_map(|key| {
            let account = RegistryAccount::of_key(key);
            account
                .covers(&image)
                .then(|| (Reverse(account.depth()), key))
        });
        covering.min_by_key(|(depth, _)| *depth).map(|(_, key)| key)
    }

    /// The program that keeps the secret of this key: its own, else the one for all.
    ///
    /// # Errors
    /// When the name in the file can't be a program's.
    pub fn helper_for(&self, key: &str) -> Result<Option<Keeper>, AuthFileError> {
        let own = self.own_helper(&RegistryAccount::of_key(key));
        let (server, name) = match own.or_else(|| self.common_helper().map(|name| (key, name))) {
            None => return Ok(None),
            Some(found) => found,
        };
        let helper =
            HelperName::parse(name).ok_or_else(|| AuthFileError::Helper(name.to_owned()))?;
        Ok(Some(Keeper {
            helper,
            server: server.to_owned(),
        }))
    }

    /// The names of the programs that keep secrets, each with the key that it is for; the one for all has none.
    pub fn helpers(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let own = self.own_helpers().map(|(key, name)| (Some(key), name));
        self.common_helper()
            .map(|name| (None, name))
            .into_iter()
            .chain(own)
    }

    /// The entries with a secret for an account that an earlier entry has one for.
    pub fn twins(&self) -> Vec<Twin<'_>> {
        let mut first_of = BTreeMap::new();
        let with_secret = self.entries().filter(|(_, entry)| has_secret(entry));
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

    /// Puts a login into the file itself, in the place of every other one for the same account.
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

    /// Notes that a helper keeps the secret of this key; a secret that the file has of it goes.
    pub fn set_elsewhere(&mut self, key: &str) {
        self.replace(key, Map::new());
    }

    /// Names the helper of this very key, or none.
    pub fn set_helper(&mut self, key: &str, name: Option<&str>) {
        let helpers = self.root.get_mut("credHelpers");
        match (helpers.and_then(Value::as_object_mut), name) {
            (Some(helpers), Some(name)) => {
                helpers.insert(key.to_owned(), name.into());
            }
            (Some(helpers), None) => {
                helpers.shift_remove(key);
                if helpers.is_empty() {
                    self.root.shift_remove("credHelpers");
                }
            }
            (None, Some(name)) => {
                let helpers = Map::from_iter([(key.to_owned(), name.into())]);
                self.root.insert("credHelpers".to_owned(), helpers.into());
            }
            (None, None) => {}
        }
    }

    /// Takes every entry of this key's account out; says whether there was one.
    pub fn erase(&mut self, key: &str) -> bool {
        let account = RegistryAccount::of_key(key);
        let found: Vec<String> = self.entries().map(|(known, _)| known.to_owned()).collect();
        let mut erased = false;
        for known in found
            .iter()
            .filter(|known| RegistryAccount::of_key(known) == account)
        {
            erased |= self.auths_mut().shift_remove(known).is_some();
        }
        erased
    }

    /// Gives `key` an entry with these fields and what an old one has besides a login.
    fn replace(&mut self, key: &str, mut entry: Map<String, Value>) {
        let old = self
            .auths()
            .and_then(|auths| auths.get(key))
            .and_then(Value::as_object)
            .cloned();
        let kept = old
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !SECRETS.contains(&name.as_str()));
        entry.extend(kept);
        let account = RegistryAccount::of_key(key);
        let auths = self.auths_mut();
        auths.retain(|known, _| known == key || RegistryAccount::of_key(known) != account);
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

    /// The key and the name of an account's own helper.
    fn own_helper(&self, account: &RegistryAccount) -> Option<(&str, &str)> {
        self.own_helpers()
            .find(|(key, _)| RegistryAccount::of_key(key) == *account)
    }

    fn own_helpers(&self) -> impl Iterator<Item = (&str, &str)> {
        let helpers = self
            .root
            .get("credHelpers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        helpers.filter_map(|(key, name)| {
            name.as_str()
                .filter(|name| !name.is_empty())
                .map(|name| (key.as_str(), name))
        })
    }

    fn common_helper(&self) -> Option<&str> {
        self.root
            .get("credsStore")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
    }

    fn auths(&self) -> Option<&Map<String, Value>> {
        self.root.get("auths")?.as_object()
    }

    fn auths_mut(&mut self) -> &mut Map<String, Value> {
        if self.auths().is_none() {
            // First, as Docker writes it.
            let place = self
                .root
                .keys()
                .position(|name| name == "auths")
                .unwrap_or_default();
            self.root.shift_remove("auths");
            self.root
                .shift_insert(place, "auths".to_owned(), Value::Object(Map::new()));
        }
        let auths = self.root.get_mut("auths").and_then(Value::as_object_mut);
        auths.expect("made an object in the lines above if it was none")
    }
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

/// Whether an entry has anything of a secret, readable or not.
fn has_secret(entry: &Value) -> bool {
    SECRETS
        .iter()
        .filter(|name| **name != "username")
        .any(|name| text(entry, name).is_some())
}

/// The login of an entry; `None` when it has none, or one that can't be read.
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
    entry.get(name)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
