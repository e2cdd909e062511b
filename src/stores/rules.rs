//! The administrator's word about secrets, `<sysconfdir>/portolan/stores.yaml`: the store of a login that names none, and
//! whether files may have secrets at all. Text in, decision out.

use std::path::{Path, PathBuf};

use granit_parser::{Event, Parser};

use super::store::Store;

const FILE: &str = "portolan/stores.yaml";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    store: Option<Store>,
    refuses_files: bool,
    reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    #[error("{} refuses secrets in files{}", path.display(), reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    NoFiles {
        path: PathBuf,
        reason: Option<String>,
    },
    /// A rule that can't be read is not taken for absent.
    #[error("{}: line {line}: {fault}", path.display())]
    Broken {
        path: PathBuf,
        line: usize,
        fault: String,
    },
}

pub(crate) fn file(sysconfdir: &Path) -> PathBuf {
    sysconfdir.join(FILE)
}

impl Rules {
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        let mut key = None;
        let mut is_open = false;
        for event in Parser::new_from_str(text) {
            let broken = |line: usize, fault: String| RuleError::Broken {
                path: path.to_owned(),
                line,
                fault,
            };
            let (event, span) = event.map_err(|error| {
                broken(
                    error.marker().line(),
                    "is not YAML as YAML is written".to_owned(),
                )
            })?;
            let line = span.start.line();
            match event {
                Event::MappingStart(..) if !is_open => is_open = true,
                Event::Scalar(value, ..) if is_open => match key.take() {
                    None => key = Some(value),
                    Some(key) => rules
                        .set(&key, &value)
                        .map_err(|fault| broken(line, fault))?,
                },
                Event::Scalar(value, ..) if value.is_empty() => {}
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd
                | Event::MappingEnd => {}
                _ => return Err(broken(line, "expected lines of KEY: VALUE".to_owned())),
            }
        }
        Ok(rules)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match (key, value) {
            ("store", _) => self.store = Some(value.parse().map_err(|error| format!("{error}"))?),
            ("files", "allowed" | "refused") => self.refuses_files = value == "refused",
            ("files", _) => return Err(format!("files: {value:?} is neither allowed nor refused")),
            ("reason", _) => self.reason = Some(value.to_owned()),
            _ => return Err(format!("{key:?} is none of store, files and reason")),
        }
        Ok(())
    }

    pub(crate) fn choose(&self, asked: Option<Store>, path: &Path) -> Result<Store, RuleError> {
        let chosen = match (asked, &self.store) {
            (Some(asked), _) => asked,
            (None, Some(Store::File)) | (None, None) if self.refuses_files => Store::Keyring,
            (None, store) => store.clone().unwrap_or(Store::File),
        };
        if chosen == Store::File && self.refuses_files {
            return Err(RuleError::NoFiles {
                path: path.to_owned(),
                reason: self.reason.clone(),
            });
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_chooses_the_store_and_can_refuse_files() {
        let path = Path::new("/etc/portolan/stores.yaml");
        let no_files = "store: keyring\nfiles: refused # by policy\nreason: 'Policy 12'\n";
        let refused = "/etc/portolan/stores.yaml refuses secrets in files: Policy 12";
        for (text, asked, wanted) in [
            ("", None, Ok("file")),
            ("# nothing\n", Some("keyring"), Ok("keyring")),
            ("store: helper:pass\n", None, Ok("helper:pass")),
            ("store: helper:pass\n", Some("file"), Ok("file")),
            (no_files, None, Ok("keyring")),
            (no_files, Some("helper:pass"), Ok("helper:pass")),
            (no_files, Some("file"), Err(refused)),
            ("files: refused", None, Ok("keyring")),
            ("files: allowed", None, Ok("file")),
        ] {
            let rules = Rules::parse(text, path).unwrap();
            let chosen = rules.choose(asked.map(|asked| asked.parse().unwrap()), path);
            assert_eq!(
                chosen
                    .map(|store| store.to_string())
                    .map_err(|error| error.to_string()),
                wanted.map(str::to_owned).map_err(str::to_owned),
                "{text:?} {asked:?}"
            );
        }
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_named_with_its_line() {
        for (text, line, fault) in [
            ("store: [keyring]", 1, "expected lines of KEY: VALUE"),
            ("store: keyring\nfile: refused", 2, r#""file" is none of"#),
            ("files: yes", 1, "neither allowed nor refused"),
            ("store: vault", 1, "is no store"),
            ("- store", 1, "expected lines of KEY: VALUE"),
            ("store", 1, "expected lines of KEY: VALUE"),
            ("store: \"keyring", 1, "YAML"),
        ] {
            let error = Rules::parse(text, Path::new("/r")).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("/r: line {line}: ")) && error.contains(fault),
                "{text:?}: {error}"
            );
        }
    }
}
