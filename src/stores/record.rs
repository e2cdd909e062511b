//! The record of which secret lives where. It has no secret. Text in, text out; knows no store's inside.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::store::Store;
use crate::credentials::helper::HelperName;
use crate::uri::RegistryAccount;

const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Subject {
    Remote {
        name: String,
        uri: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        insecure: bool,
    },
    Keyserver {
        uri: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        insecure: bool,
    },
    Registry {
        /// `host[:port][/path]`, one name for all the ways in which tools write it.
        account: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub product: String,
    pub file: PathBuf,
    #[serde(flatten)]
    pub subject: Subject,
    pub store: Store,
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// A machine, from one start to the next: a keyring lives no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub host: String,
    pub boot: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    pub(super) secrets: Vec<Entry>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            format: FORMAT,
            secrets: Vec::new(),
        }
    }
}

impl Subject {
    /// Whether both stand for one login: a remote's by its name, wherever it is.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Remote { name, .. }, Self::Remote { name: other, .. }) => name == other,
            (Self::Keyserver { uri, .. }, Self::Keyserver { uri: other, .. }) => uri == other,
            (Self::Registry { account }, Self::Registry { account: other }) => account == other,
            _ => false,
        }
    }

    pub(super) fn key(&self, store: &Store, product: &str, file: &Path) -> String {
        let (kind, address) = match self {
            Self::Remote { uri, .. } => ("remote", uri),
            Self::Keyserver { uri, .. } => ("keyserver", uri),
            Self::Registry { account } => ("registry", account),
        };
        match (store, self) {
            (Store::File | Store::Command(_), _) => String::new(),
            (Store::Keyring, _) => {
                format!("portolan:{product}:{}:{kind}:{address}", file.display())
            }
            // A runtime asks the helper itself, for this key.
            (Store::Helper(_), Self::Registry { account }) => {
                RegistryAccount::of_key(account).storage_key()
            }
            (Store::Helper(_), _) => {
                let host = address
                    .split_once("://")
                    .map_or(&**address, |(_, host)| host);
                format!("https://{}/portolan/{kind}", host.trim_end_matches('/'))
            }
        }
    }
}

impl Entry {
    pub(crate) fn place(&self) -> String {
        match (&self.store, &self.machine) {
            (Store::Keyring, Some(machine)) => format!("the keyring of {}", machine.host),
            (Store::Keyring, None) => "the keyring".to_owned(),
            (Store::Helper(name), _) => format!("the credential helper {name}"),
            (Store::Command(line), _) => format!("`{line}`"),
            (Store::File, _) => "the file".to_owned(),
        }
    }

    pub(crate) fn describe(&self) -> String {
        let verb = match self.store {
            Store::Command(_) => "printed by",
            _ => "stored in",
        };
        format!("{verb} {}", self.place())
    }

    pub(crate) fn helper(&self) -> HelperName {
        match &self.store {
            Store::Helper(name) => name.clone(),
            _ => HelperName::own(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.product == other.product
            && self.file == other.file
            && self.subject.is_same(&other.subject)
    }
}

impl Record {
    /// Reads the file; an absent or empty one records nothing.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(format!("format {} is not {FORMAT}", record.format))
        }
    }

    pub(super) fn render(&self) -> Vec<u8> {
        // Strings and numbers can always be written to memory.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Records a secret in place of an older one of the same login, which it gives back. Where another login has its name in
    /// the store, as with two remotes at one address, it gets a number.
    pub(super) fn set(&mut self, entry: &mut Entry) -> Option<Entry> {
        let usual = entry.key.clone();
        let is_shared = matches!(entry.subject, Subject::Registry { .. }) || usual.is_empty();
        for number in 2.. {
            let is_taken = |other: &Entry| {
                other.store == entry.store && other.key == entry.key && !other.is_same(entry)
            };
            if is_shared || !self.secrets.iter().any(is_taken) {
                break;
            }
            entry.key = format!("{usual}#{number}");
        }
        let old = self.take(&entry.product, &entry.file, &entry.subject);
        self.secrets.push(entry.clone());
        old
    }

    pub(super) fn take(&mut self, product: &str, file: &Path, subject: &Subject) -> Option<Entry> {
        let index = self.secrets.iter().position(|entry| {
            entry.product == product && entry.file == file && entry.subject.is_same(subject)
        })?;
        Some(self.secrets.remove(index))
    }

    pub(super) fn uses(&self, store: &Store, key: &str) -> bool {
        self.secrets
            .iter()
            .any(|entry| entry.store == *store && entry.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(subject: Subject, store: &str) -> Entry {
        let store: Store = store.parse().unwrap();
        let file = PathBuf::from("/h/.apptainer/remote.yaml");
        Entry {
            key: subject.key(&store, "apptainer", &file),
            product: "apptainer".to_owned(),
            file,
            subject,
            store,
            user: None,
            machine: None,
        }
    }

    fn remote(name: &str, uri: &str) -> Subject {
        Subject::Remote {
            name: name.to_owned(),
            uri: uri.to_owned(),
            insecure: false,
        }
    }

    fn registry(account: &str) -> Subject {
        Subject::Registry {
            account: account.to_owned(),
        }
    }

    #[test]
    fn a_secret_is_named_by_product_file_and_address() {
        let keyserver = Subject::Keyserver {
            uri: "https://keys.example/".to_owned(),
            insecure: false,
        };
        for (subject, store, key) in [
            (
                remote("r", "c.example/x"),
                "keyring",
                "portolan:apptainer:/h/.apptainer/remote.yaml:remote:c.example/x",
            ),
            (
                remote("r", "c.example/x"),
                "helper:pass",
                "https://c.example/x/portolan/remote",
            ),
            (
                keyserver,
                "helper:pass",
                "https://keys.example/portolan/keyserver",
            ),
            (remote("r", "c.example"), "command:pass show c", ""),
            (
                registry("docker.io"),
                "helper:pass",
                "https://index.docker.io/v1/",
            ),
            (registry("ghcr.io/team"), "helper:pass", "ghcr.io/team"),
            (
                registry("docker.io"),
                "keyring",
                "portolan:apptainer:/h/.apptainer/remote.yaml:registry:docker.io",
            ),
        ] {
            assert_eq!(entry(subject, store).key, key);
        }
    }

    #[test]
    fn a_record_survives_the_file_and_has_one_entry_for_a_login() {
        let mut record = Record::default();
        let mut set = |subject, store| {
            let mut entry = entry(subject, store);
            (record.set(&mut entry), entry)
        };
        assert_eq!(set(remote("r", "a.example"), "keyring").0, None);
        let (_, other) = set(remote("s", "a.example"), "keyring");
        assert!(other.key.ends_with(":a.example#2"), "{}", other.key);
        let (old, again) = set(remote("s", "a.example"), "keyring");
        assert_eq!((old.as_ref(), &again), (Some(&other), &other));
        let (old, _) = set(remote("r", "b.example"), "helper:pass");
        assert!(old.unwrap().key.ends_with(":a.example"));
        assert_eq!(Record::parse(&record.render()).unwrap(), record);
        let taken = record.take("apptainer", &other.file, &remote("s", ""));
        assert_eq!(taken.as_ref(), Some(&other));
        assert!(!record.uses(&other.store, &other.key));
        assert_eq!(record.secrets.len(), 1);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert_eq!(Record::parse(b"").unwrap(), Record::default());
        for text in [
            "{",
            "[]",
            r#"{"format":2,"secrets":[]}"#,
            r#"{"format":1,"secrets":[{"kind":"x"}]}"#,
        ] {
            assert!(Record::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
