//! docker-config.json as its readers read it: two Go libraries with one syntax, which refuse different files. Pure. The
//! rules are those of Go's encoding/json and of the two libraries' own code; docs/compatibility.md has them in words.
//!
//! Names of fields compare without case, repeated ones are merged, a `null` changes nothing, and what follows the first
//! object counts for one of the readers only.

mod fault;
mod json;
mod syntax;
mod variable;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub use self::fault::{ConfigFault, FaultKind};
pub(crate) use self::json::is_named;
use self::json::{Field, FieldKind, Text};
pub use self::variable::read_variable;
use crate::runtime::Version;
use crate::secret::Secret;
use crate::uri::RegistryAccount;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// containers/image: knows few fields, decodes an entry when it is asked for.
    ContainersImage,
    /// docker/cli of a version: knows all of Docker's fields, and decodes every entry before it answers.
    DockerCli(Version),
}

/// The versions of docker/cli from which a rule counts.
pub(crate) mod docker_cli {
    use crate::runtime::Version;

    /// A file that is `null` no longer ends the program.
    pub(super) const TAKES_NULL: Version = (20, 10, 17);
    /// An entry without a user spoils the file.
    pub(super) const WANTS_USER: Version = (23, 0, 0);
    /// The host of a key is what follows any scheme.
    pub(in crate::credentials) const CUTS_ANY_SCHEME: Version = (27, 0, 0);
    /// `DOCKER_AUTH_CONFIG` counts.
    pub(crate) const READS_VARIABLE: Version = (28, 3, 0);
    /// An entry has no `email`, and messages begin with a small letter.
    pub(in crate::credentials) const SMALL_LETTERS: Version = (29, 0, 0);
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFile {
    pub auths: Vec<(String, AuthConfig)>,
    /// The names of programs by the key that they are for; an empty one means the file.
    pub helpers: BTreeMap<String, String>,
    /// The name of the program for all other keys; empty for none.
    pub store: String,
    /// The first name that stands twice: what a program writes back then has only one of them.
    pub repeated: Option<Repeated>,
    is_part: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub name: String,
    pub line: usize,
}

/// What an entry says; for docker/cli's reader `auth` is taken apart already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthConfig {
    pub line: usize,
    pub auth: Secret,
    pub username: String,
    pub password: Secret,
    /// A token that the registry exchanges for another.
    pub identity_token: Secret,
    /// A token that is sent as it is.
    pub registry_token: Secret,
    /// An address, which counts as something in an entry that has nothing else.
    pub email: String,
}

impl AuthConfig {
    pub(crate) fn has_secret(&self) -> bool {
        let secrets = [
            &self.auth,
            &self.password,
            &self.identity_token,
            &self.registry_token,
        ];
        secrets.iter().any(|secret| !secret.is_empty())
    }
}

impl ConfigFile {
    pub fn read(bytes: &[u8], reader: Reader) -> Result<Self, ConfigFault> {
        let text = String::from_utf8_lossy(bytes);
        let text = Text::new(&text, reader);
        let mut file = Self::default();
        let root = text.root()?;
        if root.is_some_and(json::is_null)
            && matches!(reader, Reader::DockerCli(version) if version < docker_cli::TAKES_NULL)
        {
            return Err(text.fault(1, FaultKind::Crash));
        }
        let Some(root) = root else {
            return Ok(file);
        };
        let mut seen = BTreeSet::new();
        for field in text.fields(root, "", None)? {
            let Some((name, kind)) = reader.field(&field.name) else {
                continue;
            };
            file.note_repeated(&text, &mut seen, name, &field);
            match name {
                "auths" if field.is_null() => file.auths.clear(),
                "auths" => file.add_auths(&text, &field)?,
                "credHelpers" if field.is_null() => file.helpers.clear(),
                "credHelpers" => {
                    for helper in text.fields(field.value, name, Some(kind))? {
                        let program = text.string(&helper, name)?.unwrap_or_default();
                        file.helpers.insert(helper.name, program);
                    }
                }
                "credsStore" => {
                    if let Some(program) = text.string(&field, name)? {
                        file.store = program;
                    }
                }
                _ => text.check(field.value, name, kind)?,
            }
        }
        file.decode(reader)?;
        Ok(file)
    }

    pub fn has_logins(&self) -> bool {
        self.is_part || !(self.store.is_empty() && self.helpers.is_empty() && self.auths.is_empty())
    }

    pub(crate) fn without_hosts(&self) -> Self {
        Self {
            store: self.store.clone(),
            is_part: self.has_logins(),
            ..Self::default()
        }
    }

    pub(crate) fn by_host(self) -> BTreeMap<String, Self> {
        let rest = self.without_hosts();
        let host = |key: &str| RegistryAccount::of_key(key).host().to_owned();
        let mut parts: BTreeMap<String, Self> = BTreeMap::new();
        for (key, entry) in self.auths {
            let part = parts.entry(host(&key)).or_insert_with(|| rest.clone());
            part.auths.push((key, entry));
        }
        for (key, program) in self.helpers {
            let part = parts.entry(host(&key)).or_insert_with(|| rest.clone());
            part.helpers.insert(key, program);
        }
        parts
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.auths.iter().map(|(key, _)| key);
        keys.chain(self.helpers.keys()).map(String::as_str)
    }

    pub fn entry(&self, key: &str) -> Option<&AuthConfig> {
        self.auths
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, entry)| entry)
    }

    fn add_auths(&mut self, text: &Text<'_>, auths: &Field<'_>) -> Result<(), ConfigFault> {
        let mut seen = BTreeSet::new();
        for field in text.fields(auths.value, "auths", Some(FieldKind::Entries))? {
            let is_new = self.note_repeated(text, &mut seen, &field.name, &field);
            let entry = self.read_entry(text, &field).map_err(|fault| ConfigFault {
                key: Some(field.name.clone()),
                ..fault
            })?;
            // A whole object of logins may stand there twice as well.
            let is_first = is_new && self.auths.len() + 1 == seen.len();
            let mut known = self.auths.iter_mut().filter(|_| !is_first);
            match known.find(|(key, _)| *key == field.name) {
                Some((_, known)) => *known = entry,
                None => self.auths.push((field.name, entry)),
            }
        }
        Ok(())
    }

    fn read_entry(
        &mut self,
        text: &Text<'_>,
        field: &Field<'_>,
    ) -> Result<AuthConfig, ConfigFault> {
        let mut entry = AuthConfig {
            line: text.line(field.value),
            ..AuthConfig::default()
        };
        let mut seen = BTreeSet::new();
        for field in text.fields(field.value, "auths", Some(FieldKind::AuthConfig))? {
            let Some(name) = text.reader.entry_field(&field.name) else {
                continue;
            };
            self.note_repeated(text, &mut seen, name, &field);
            let Some(value) = text.string(&field, &format!("auths.{name}"))? else {
                continue;
            };
            match name {
                "auth" => entry.auth = Secret::new(value),
                "username" => entry.username = value,
                "password" => entry.password = Secret::new(value),
                "identitytoken" => entry.identity_token = Secret::new(value),
                "registrytoken" => entry.registry_token = Secret::new(value),
                "email" => entry.email = value,
                _ => {}
            }
        }
        Ok(entry)
    }

    fn note_repeated(
        &mut self,
        text: &Text<'_>,
        seen: &mut BTreeSet<String>,
        name: &str,
        field: &Field<'_>,
    ) -> bool {
        let is_new = seen.insert(name.to_owned());
        if !is_new {
            self.repeated.get_or_insert_with(|| Repeated {
                name: field.name.clone(),
                line: text.line(field.value),
            });
        }
        is_new
    }

    /// docker/cli takes every entry apart before it answers for one.
    fn decode(&mut self, reader: Reader) -> Result<(), ConfigFault> {
        let Reader::DockerCli(version) = reader else {
            return Ok(());
        };
        for (key, entry) in &mut self.auths {
            if entry.auth.is_empty() {
                continue;
            }
            let line = Some(entry.line);
            let fault = |kind| ConfigFault {
                key: Some(key.clone()),
                line,
                kind,
                reader,
            };
            let pair = decode(&entry.auth).map_err(|at| fault(FaultKind::Base64 { at }))?;
            let (user, password) = pair
                .filter(|(user, _)| !user.is_empty() || version < docker_cli::WANTS_USER)
                .ok_or_else(|| fault(FaultKind::NoUser))?;
            entry.username = user;
            entry.password = password;
        }
        Ok(())
    }
}

/// Takes an `auth` apart into user and password; `None` where there is no colon.
pub fn decode(auth: &Secret) -> Result<Option<(String, Secret)>, usize> {
    let go = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let bytes = Secret::new(auth.expose().replace(['\r', '\n'], ""));
    let decoded = go
        .decode(bytes.expose())
        .map_err(|_| first_corrupt(auth.expose()))?;
    let decoded = Secret::new(match String::from_utf8(decoded) {
        Ok(text) => text,
        // What is no UTF-8 is sent as it is; nobody can say it by a name.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    });
    Ok(decoded
        .expose()
        .split_once(':')
        .map(|(user, password)| (user.to_owned(), Secret::new(password.trim_matches('\0')))))
}

/// Where Go finds base64 corrupt: at the first character that can't stand there, else where the text ends too early.
fn first_corrupt(auth: &str) -> usize {
    let (mut number, mut is_padded) = (0, false);
    for (at, byte) in auth.bytes().enumerate() {
        match byte {
            b'\r' | b'\n' => continue,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if !is_padded => {}
            // Padding follows two or three of four.
            b'=' if number % 4 >= 2 => is_padded = true,
            _ => return at,
        }
        number += 1;
    }
    auth.len() - number % 4
}
