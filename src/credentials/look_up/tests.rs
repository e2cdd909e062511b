//! The recorded answers of 22 versions, and what they say of neighbouring questions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::*;
use crate::command::Command;
use crate::uri::{Image, RegistryImage};

/// What the versions did with a question, as it was recorded by running their own functions.
const RECORDED: &str = include_str!("../../../tests/data/lookups.jsonl");
const HOME: &str = "/home/ian";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    image: String,
    /// By path; `CONF` is the directory of the command's files, `RUN` that of the session.
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    programs: Vec<String>,
    /// By name; `CMD_` is the command's prefix.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    authfile: Option<String>,
    /// The versions by what they did.
    logins: BTreeMap<String, String>,
}

/// A user's home in memory.
struct World<'a> {
    command: Command,
    case: &'a Case,
}

impl World<'_> {
    fn path(&self, text: &str) -> PathBuf {
        let directory = format!("{HOME}/{}", self.command.home_directory());
        let text = text
            .replace("CONF/", &format!("{directory}/"))
            .replace("RUN/", "/run/ian/");
        PathBuf::from(text.replace('~', HOME))
    }

    fn read(&self, path: PathBuf) -> File {
        let links = &self.case.links;
        let is_here = |name: &str| self.path(name) == path;
        let target = links.iter().find(|(name, _)| is_here(name));
        let read = target.map_or_else(|| path.clone(), |(_, target)| self.path(target));
        let mut files = self
            .case
            .files
            .iter()
            .map(|(name, text)| (self.path(name), text));
        let state = match files.find(|(file, _)| file.starts_with(&read)) {
            None => FileState::Absent,
            Some((file, text)) if file == read => FileState::Bytes(text.clone().into_bytes()),
            Some(_) => FileState::Irregular,
        };
        File { path, state }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let own = self.command.variable("");
        let mut all = self.case.variables.iter();
        let (_, value) = all.find(|(known, _)| known.replace("CMD_", &own) == name)?;
        let is_path = value.starts_with('~');
        let value = if is_path {
            value.replace('~', HOME)
        } else {
            value.clone()
        };
        Some(value).filter(|value| !value.is_empty())
    }

    /// What a runtime does, in the words of the recorded cases.
    fn ask(&self, runtime: &Runtime) -> String {
        let variable = |name: &str| self.variable(name);
        if let Some(pair) = Pair::find(&self.command, runtime.rules(), &variable) {
            return login(&pair.login);
        }
        let own = self.command.variable("CONFIGDIR");
        let legacy = self.command.legacy_variable("CONFIGDIR");
        let named = variable(&own).or_else(|| legacy.and_then(|legacy| variable(&legacy)));
        let own = self.path("CONF/");
        let directories = Directories {
            home: Path::new(HOME),
            own: named.as_ref().map_or(&own, Path::new),
            is_named: named.is_some(),
        };
        let authfile = self.case.authfile.as_ref().map(|path| self.path(path));
        let authfile = authfile.or_else(|| Some(Files::named_by(&self.command, &variable)?.1));
        let read = |path: PathBuf| self.read(path);
        let is_installed = |program: &str| self.case.programs.iter().any(|known| known == program);
        let logins = Logins {
            files: Files::find(&self.command, directories, authfile, &variable, &read),
            variable: variable("DOCKER_AUTH_CONFIG").map(Secret::new),
            is_installed: Box::new(is_installed),
        };
        shown(&ask(&self.case.image, runtime, &logins))
    }
}

fn ask(image: &str, runtime: &Runtime, logins: &Logins<'_>) -> Found {
    let Image::Registry(RegistryImage { uri, .. }) = Image::parse(image).unwrap() else {
        panic!("{image} is in no registry");
    };
    let reference = Reference {
        scheme: uri.scheme(),
        host: uri.host(),
        repository: uri.path().trim_matches('/'),
    };
    match Target::of(&reference, runtime.rules()) {
        Ok(target) => look_up(&target, reference.scheme, runtime, logins),
        Err(error) => Found::fails(error),
    }
}

fn shown(found: &Found) -> String {
    if !found.calls.is_empty() {
        let keys = found.calls.iter().map(|call| call.key.as_str());
        return format!("helper {}", keys.collect::<Vec<_>>().join(" "));
    }
    match &found.outcome {
        Outcome::Anonymous => "none".to_owned(),
        Outcome::Login(sent) => login(sent),
        Outcome::Fails(_) => "fails".to_owned(),
        Outcome::OneOf(logins) => {
            let words = logins.iter().map(|sent| match sent {
                Ok(sent) => login(sent),
                Err(_) => "fails".to_owned(),
            });
            let mut words: Vec<_> = words.collect();
            words.sort();
            format!("any {}", words.join(" | "))
        }
    }
}

fn login(login: &Login) -> String {
    let kind = if login.is_empty() {
        "none"
    } else if !login.identity_token.is_empty() {
        "identity-token"
    } else if !login.registry_token.is_empty() {
        "registry-token"
    } else {
        "password"
    };
    format!("{kind} {}", login.user).trim_end().to_owned()
}

/// The runtime of a recorded name: `a1.3.0`, `s4.1.5`.
fn runtime(name: &str) -> (Command, Runtime) {
    let (product, version) = name.split_at(1);
    let command = if product == "a" {
        "apptainer"
    } else {
        "singularity"
    };
    let command = Command::parse(command).unwrap();
    let runtime = Runtime::parse(&format!("{}@{version}", command.name()), &command).unwrap();
    (command, runtime)
}

const ALL: &str = "a1.0 a1.1 a1.2.0 a1.2.3 a1.3.0 a1.3.1 a1.3.3 a1.4.0 a1.4.2 a1.5 a1.6-dev \
                   s3.11 s4.0.0 s4.0.1 s4.1.0 s4.1.5 s4.2 s4.3.0 s4.3.3 s4.4 s4.5.0 s4.5.1";

#[test]
fn every_recorded_answer_is_the_runtimes_own() {
    let mut wrong = Vec::new();
    let mut number = 0;
    for line in RECORDED.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        for (wanted, versions) in &case.logins {
            let versions = if versions == "all" { ALL } else { versions };
            for version in versions.split_whitespace() {
                let (command, runtime) = runtime(version);
                let found = World {
                    command,
                    case: &case,
                }
                .ask(&runtime);
                // A helper that answers is not asked for more.
                let is_same = found == *wanted
                    || (wanted.starts_with("helper ") && found.starts_with(&format!("{wanted} ")));
                number += 1;
                if !is_same {
                    wrong.push(format!("{version} {}: {found}, not {wanted}", case.name));
                }
            }
        }
    }
    assert!(number > 6000, "{number}");
    assert!(
        wrong.is_empty(),
        "{} of {number}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
