//! Where a secret can live, as `--store` says it. Knows no file and runs nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::credentials::helper::{HelperName, OWN_HELPER};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Store {
    /// In the runtime's own file: remote.yaml, or docker-config.json.
    File,
    Keyring,
    Helper(HelperName),
    /// Nowhere: this command line prints it.
    Command(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("{0:?} is no store: file, keyring, helper:NAME or command:LINE")]
    Word(String),
    #[error("{0:?} can't be a credential helper's name")]
    Helper(String),
    #[error("docker-credential-portolan asks these stores, so it can't be one of them")]
    Loop,
}

impl FromStr for Store {
    type Err = StoreError;

    fn from_str(word: &str) -> Result<Self, StoreError> {
        match word.split_once(':') {
            None if word == "file" => Ok(Self::File),
            None if word == "keyring" => Ok(Self::Keyring),
            Some(("helper", OWN_HELPER)) => Err(StoreError::Loop),
            Some(("helper", name)) => HelperName::parse(name)
                .map(Self::Helper)
                .ok_or_else(|| StoreError::Helper(name.to_owned())),
            Some(("command", line)) if !line.trim().is_empty() => {
                Ok(Self::Command(line.to_owned()))
            }
            _ => Err(StoreError::Word(word.to_owned())),
        }
    }
}

impl TryFrom<String> for Store {
    type Error = StoreError;

    fn try_from(word: String) -> Result<Self, StoreError> {
        word.parse()
    }
}

impl From<Store> for String {
    fn from(store: Store) -> Self {
        store.to_string()
    }
}

impl fmt::Display for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => formatter.write_str("file"),
            Self::Keyring => formatter.write_str("keyring"),
            Self::Helper(name) => write!(formatter, "helper:{name}"),
            Self::Command(line) => write!(formatter, "command:{line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_word_or_a_word_with_a_name() {
        for word in [
            "file",
            "keyring",
            "helper:pass",
            "command:pass show a:b",
            "command: x ",
        ] {
            assert_eq!(word.parse::<Store>().unwrap().to_string(), word);
        }
        for word in [
            "",
            "File",
            "keyring:",
            "helper",
            "helper:",
            "helper:../x",
            "helper:portolan",
            "command",
            "command: ",
            "pass",
        ] {
            assert!(word.parse::<Store>().is_err(), "{word}");
        }
    }
}
