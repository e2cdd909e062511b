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
            Some((file, text)) if file == read => {
                FileState::Bytes(text.clone().into_bytes().into())
            }
            Some(_) => FileState::Irregular,
        };
        File::known(path, state)
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
        if let Some(pair) = LoginPair::find(&self.command, runtime.rules(), &variable) {
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
        let authfile = authfile.or_else(|| Some(LoginFiles::named_by(&self.command, &variable)?.1));
        let read = |path: PathBuf| self.read(path);
        let is_installed = |program: &str| self.case.programs.iter().any(|known| known == program);
        let logins = Logins {
            files: LoginFiles::find(&self.command, directories, authfile, &variable, &read),
            variable: variable("DOCKER_AUTH_CONFIG").map(Secret::new),
            is_installed: Box::new(is_installed),
        };
        shown(&ask(&self.case.image, runtime, &logins))
    }
}

fn ask(image: &str, runtime: &Runtime, logins: &Logins<'_>) -> FoundLogin {
    let Image::Registry(RegistryImage { uri, .. }) = Image::parse(image).unwrap() else {
        panic!("{image} is in no registry");
    };
    let reference = Reference {
        scheme: uri.scheme(),
        host: uri.host(),
        repository: uri.path().trim_matches('/'),
    };
    match Repository::of(&reference, runtime.rules()) {
        Ok(target) => look_up(&target, reference.scheme, runtime, logins),
        Err(error) => FoundLogin::fails(error),
    }
}

fn shown(found: &FoundLogin) -> String {
    if !found.calls.is_empty() {
        let keys = found.calls.iter().map(|call| call.key.as_str());
        return format!("helper {}", keys.collect::<Vec<_>>().join(" "));
    }
    match &found.outcome {
        LoginOutcome::Anonymous => "none".to_owned(),
        LoginOutcome::Login(sent) => login(sent),
        LoginOutcome::Fails(_) => "fails".to_owned(),
        LoginOutcome::OneOf(logins) => {
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

fn login(login: &SentLogin) -> String {
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

/// An image's login where docker-config.json is in this state, and Docker's own has one.
fn with_own(state: &FileState, image: &str, version: &str) -> String {
    let file = |path: &str, state: &FileState| File::known(path.into(), state.clone());
    let absent = file("/h/absent", &FileState::Absent);
    let text = r#"{"auths": {"reg.example": {"auth": "ZDE6cHc="}}}"#;
    let docker = file(
        "/h/.docker/config.json",
        &FileState::Bytes(text.as_bytes().to_vec().into()),
    );
    let own = file("/h/own", state);
    let logins = Logins {
        files: LoginFiles {
            own: own.clone(),
            own_at_home: own,
            fallback: docker.clone(),
            docker,
            containers: absent.clone(),
            dockercfg: absent,
            named: None,
        },
        variable: None,
        is_installed: Box::new(|_| false),
    };
    let found = ask(image, &runtime(version).1, &logins);
    let warned = if found.warnings.is_empty() {
        ""
    } else {
        ", warned"
    };
    format!("{}{warned}", shown(&found))
}

#[test]
fn a_file_that_can_not_be_read_is_what_each_version_takes_it_for() {
    const DOCKER: &str = "docker://reg.example/ns/repo";
    const ORAS: &str = "oras://reg.example/ns/repo";
    let denied = FileState::Unreadable("permission denied".to_owned());
    let cases = [
        (
            &denied,
            DOCKER,
            "a1.0 a1.1 a1.2.0 a1.2.3 a1.3.0 a1.3.1 a1.3.3 s3.11 s4.0.0 s4.0.1",
            "fails",
        ),
        (
            &denied,
            DOCKER,
            "a1.4.0 a1.5 a1.6-dev s4.1.0 s4.5.1",
            "none, warned",
        ),
        (
            &denied,
            ORAS,
            "a1.0 a1.1 a1.2.0 a1.2.3 s3.11 a1.3.0 a1.3.3",
            "none, warned",
        ),
        (&denied, ORAS, "a1.4.0 a1.5 a1.6-dev s4.1.0 s4.5.1", "none"),
        (&denied, ORAS, "s4.0.0 s4.0.1", "fails"),
        (
            &FileState::Absent,
            ORAS,
            "a1.0 a1.2.0 s3.11 s4.0.0 s4.1.0 s4.5.1",
            "none",
        ),
        (
            &FileState::Absent,
            ORAS,
            "a1.2.3 a1.3.0 a1.4.0 a1.6-dev",
            "password d1",
        ),
        (&FileState::Irregular, DOCKER, "a1.3.3 s4.0.0", "fails"),
        (&FileState::Irregular, DOCKER, "a1.4.0 s4.1.0", "none"),
        (&FileState::Irregular, ORAS, "a1.3.0 s4.0.0", "fails"),
    ];
    for (state, image, versions, wanted) in cases {
        for version in versions.split(' ') {
            assert_eq!(
                with_own(state, image, version),
                wanted,
                "{version} {image} {state:?}"
            );
        }
    }
}

/// The login for an image from this docker-config.json.
fn with_file(text: &str, image: &str, version: &str) -> String {
    with_own(
        &FileState::Bytes(text.as_bytes().to_vec().into()),
        image,
        version,
    )
}

#[test]
fn neighbours_of_the_recorded_cases_follow_the_same_rules() {
    const DOCKER: &str = "docker://reg.example/ns/repo";
    let key = |key: &str| format!("{{\"auths\": {{\"{key}\": {{\"auth\": \"dTE6cHc=\"}}}}}}");
    let cases = [
        // A scheme is cut as the version's library cuts it.
        ("ftp://reg.example", DOCKER, "a1.5", "password u1"),
        ("ftp://reg.example", DOCKER, "a1.3", "none"),
        ("https://user@reg.example/x", DOCKER, "a1.5", "password u1"),
        ("https://reg.example:/", DOCKER, "a1.5", "password u1"),
        ("https://reg.example:x", DOCKER, "a1.5", "none"),
        ("1x://reg.example", DOCKER, "a1.5", "none"),
        (
            "https://[::1]:5000/v2/",
            "docker://[::1]:5000/x",
            "a1.5",
            "password u1",
        ),
        ("[::1]:5000", "docker://[::1]:5000/x", "a1.3", "fails"),
        // Docker Hub's names are exact.
        (
            "https://index.docker.io/v1",
            "docker://alpine",
            "a1.5",
            "none",
        ),
        (
            "https://index.docker.io/v1",
            "docker://alpine",
            "a1.3",
            "password u1",
        ),
        (
            "index.docker.io/library/alpine",
            "docker://docker.io/alpine",
            "a1.5",
            "password u1",
        ),
        (
            "docker.io/library",
            "docker://alpine",
            "a1.3",
            "password u1",
        ),
        (
            "index.docker.io/localhost/x",
            "docker://localhost/x",
            "a1.5",
            "password u1",
        ),
        ("localhost", "docker://localhost/x", "a1.6", "password u1"),
        // oras:// without a dot in its first part is Docker Hub's to the newer ones.
        ("registry", "oras://registry/x", "a1.2", "password u1"),
        (
            "index.docker.io/registry/x",
            "oras://registry/x",
            "a1.4",
            "password u1",
        ),
        // Nobody has images with capitals in their names.
        (
            "reg.example",
            "docker://reg.example/Ns/repo",
            "a1.5",
            "fails",
        ),
    ];
    for (known, image, version, wanted) in cases {
        assert_eq!(
            with_file(&key(known), image, version),
            wanted,
            "{known} {image} {version}"
        );
    }
    let cases = [
        // A token of the file stays beside what a helper says.
        (
            r#"{"auths": {"reg.example": {"registrytoken": "t"}}, "credHelpers": {"reg.example": ""}}"#,
            "a1.5",
            "registry-token",
        ),
        (
            r#"{"auths": {"reg.example/ns/repo": {"email": "x"}, "reg.example": {"auth": "dTE6cHc="}}}"#,
            "a1.4",
            "none",
        ),
        (
            r#"{"auths": {"reg.example/ns/repo": {"email": "x"}, "reg.example": {"auth": "dTE6cHc="}}}"#,
            "a1.5",
            "password u1",
        ),
        // Of two equal hosts one is broken: the pull fails at random.
        (
            r#"{"auths": {"https://reg.example/a": {"auth": "!"}, "https://reg.example/b": {"auth": "dTE6cHc="}}}"#,
            "a1.2",
            "any fails | password u1",
        ),
        (
            r#"{"auths": {"reg.example": {"auth": "dTE6cHc="}}, "credHelpers": {"reg.example": ""}}"#,
            "a1.3",
            "fails",
        ),
    ];
    for (text, version, wanted) in cases {
        assert_eq!(with_file(text, DOCKER, version), wanted, "{text} {version}");
    }
}
