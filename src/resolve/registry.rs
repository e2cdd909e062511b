//! Which registry a runtime asks for an image, and as whom: its own or a mirror, in the order in which they are asked. Pure.

use std::path::Path;

use super::mirrors::{PullSource, RegistriesConf};
use crate::credentials::look_up::{
    FoundLogin, LoginOutcome, LoginPair, Logins, Reference, Repository, look_up_with_helpers,
};
use crate::runtime::{Engine, LoginRules, Mirrors, Runtime};
use crate::uri::{DOCKER_HUB, DOCKER_HUB_API, RegistryImage, RegistryScheme};

#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageQuestion<'a> {
    pub reference: Reference<'a>,
    pub by_digest: bool,
}

impl<'a> ImageQuestion<'a> {
    pub(crate) fn of(image: &'a RegistryImage) -> Self {
        let uri = &image.uri;
        Self {
            reference: Reference {
                scheme: uri.scheme(),
                host: uri.host(),
                repository: uri.path().trim_matches('/'),
            },
            by_digest: image.by_digest,
        }
    }
}

pub(crate) type PairOf<'a> = Box<dyn Fn(&LoginRules) -> Option<LoginPair> + 'a>;

pub(crate) struct Setup<'a> {
    pub logins: Logins<'a>,
    pub pair: PairOf<'a>,
    pub registries: Result<RegistriesConf, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    pub host: String,
    pub repository: String,
    /// Whether plain http is tried when https is not spoken, or certificates aren't checked.
    pub insecure: bool,
    pub is_mirror: bool,
    pub login: RegistryLogin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RegistryLogin {
    Variables(LoginPair),
    Found(FoundLogin),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageAnswer {
    /// The registries, in order: the next one is asked when one is down or has not the image.
    pub registries: Vec<Registry>,
    pub failure: Option<String>,
}

impl ImageAnswer {
    pub(crate) fn of(runtime: &Runtime, question: &ImageQuestion<'_>, setup: &Setup<'_>) -> Self {
        let mut registries = Vec::new();
        let mut failure = None;
        match ImageResolver::new(runtime, question, setup) {
            Err(error) => failure = Some(error),
            Ok(resolver) => {
                for endpoint in resolver.endpoints() {
                    match resolver.registry(endpoint) {
                        Ok(registry) => registries.push(registry),
                        Err(error) => failure = Some(error),
                    }
                }
            }
        }
        Self {
            registries,
            failure,
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.registries.is_empty()
    }
}

/// The answers of the versions that have another one than `runtime`: each with the range of versions, oldest first.
pub(crate) fn other_answers(
    runtime: &Runtime,
    question: &ImageQuestion<'_>,
    setup: &Setup<'_>,
) -> Vec<(String, String)> {
    let does = |version: &Runtime| ImageAnswer::of(version, question, setup).described();
    let own = does(runtime);
    let mut others = runtime.grouped(does);
    others.retain(|(_, answer)| *answer != own);
    others
}

struct ImageResolver<'a> {
    runtime: &'a Runtime,
    question: &'a ImageQuestion<'a>,
    setup: &'a Setup<'a>,
    target: Repository,
    pair: Option<LoginPair>,
    mirrors: Mirrors,
}

impl<'a> ImageResolver<'a> {
    fn new(
        runtime: &'a Runtime,
        question: &'a ImageQuestion<'a>,
        setup: &'a Setup<'a>,
    ) -> Result<Self, String> {
        let rules = runtime.rules();
        let scheme = question.reference.scheme;
        let mirrors = match scheme {
            RegistryScheme::Docker => rules.mirrors,
            RegistryScheme::Oras => Mirrors::Ignored,
        };
        let target = Repository::of(&question.reference, rules)?;
        if let (Mirrors::InTurn { .. }, Err(error)) = (mirrors, &setup.registries) {
            return Err(format!("loading registries configuration: {error}"));
        }
        Ok(Self {
            runtime,
            question,
            setup,
            target,
            pair: (setup.pair)(rules),
            mirrors,
        })
    }

    fn endpoints(&self) -> Vec<PullSource> {
        let none = RegistriesConf::default();
        let registries = self.setup.registries.as_ref().unwrap_or(&none);
        let by_digest = self.question.by_digest;
        registries.endpoints(self.mirrors, &self.target.name(), by_digest)
    }

    fn look_up(&self, target: &Repository) -> FoundLogin {
        let none = RegistriesConf::default();
        let registries = self.setup.registries.as_ref().unwrap_or(&none);
        look_up_with_helpers(
            &registries.credential_helpers,
            Path::new(&registries.files),
            target,
            self.question.reference.scheme,
            self.runtime,
            &self.setup.logins,
        )
    }

    fn registry(&self, endpoint: PullSource) -> Result<Registry, String> {
        if let Some(blocked) = endpoint.blocked {
            return Err(blocked);
        }
        let scheme = self.question.reference.scheme;
        let rules = self.runtime.rules();
        let target = if endpoint.name == self.target.name() {
            self.target.clone()
        } else {
            let (host, repository) = endpoint
                .name
                .split_once('/')
                .ok_or_else(|| "invalid reference format".to_owned())?;
            let reference = Reference {
                scheme,
                host,
                repository,
            };
            Repository::of(&reference, rules)?
        };
        // The newer versions send the pair to whatever replaces the registry.
        let takes_pair = self.mirrors == Mirrors::First || target.host == self.target.host;
        let login = match self.pair.clone().filter(|_| takes_pair) {
            Some(pair) => RegistryLogin::Variables(pair),
            None => match self.look_up(&target) {
                FoundLogin {
                    outcome: LoginOutcome::Fails(error),
                    calls,
                    ..
                } if calls.is_empty() => return Err(error),
                found => RegistryLogin::Found(found),
            },
        };
        let engine = rules.engine(scheme);
        let is_keychain = matches!(engine, Engine::Keychain | Engine::StrictKeychain);
        let host = match target.host.as_str() {
            DOCKER_HUB => DOCKER_HUB_API.to_owned(),
            host => host.to_owned(),
        };
        Ok(Registry {
            insecure: endpoint.insecure || (is_keychain && is_local(&host)),
            host,
            repository: target.repository,
            is_mirror: endpoint.is_mirror,
            login,
        })
    }
}

/// Whether go-containerregistry tries plain http with a host: this machine, and private addresses of version 4.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.ends_with(".local")
        || name.contains("127.0.0.1")
        || name.contains("::1")
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_private())
}

impl RegistryLogin {
    fn described(&self) -> String {
        let found = match self {
            Self::Variables(pair) => {
                let names = pair.variables.join(" and ");
                return format!("{}, as {names} say", named(&pair.login.user));
            }
            Self::Found(found) => found,
        };
        if !found.calls.is_empty() {
            let calls = found
                .calls
                .iter()
                .map(|call| format!("{} has for {}", call.helper, call.key));
            return format!(
                "with what the helper {}",
                calls.collect::<Vec<_>>().join(", else ")
            );
        }
        match &found.outcome {
            LoginOutcome::Anonymous => named(""),
            LoginOutcome::Login(login) if login.user.is_empty() => "with a token".to_owned(),
            LoginOutcome::Login(login) => named(&login.user),
            LoginOutcome::OneOf(logins) => {
                let names = logins.iter().map(|login| match login {
                    Ok(login) => named(&login.user),
                    Err(error) => format!("not at all ({error})"),
                });
                format!("at random {}", names.collect::<Vec<_>>().join(" or "))
            }
            LoginOutcome::Fails(error) => format!("and fails: {error}"),
        }
    }
}

impl ImageAnswer {
    pub(crate) fn described(&self) -> String {
        let asked = self.registries.iter().map(|registry| {
            // Its host is another one for older versions, and the same registry.
            let host = match registry.host.as_str() {
                DOCKER_HUB_API | "index.docker.io" => "Docker Hub",
                host => host,
            };
            format!("{host} {}", registry.login.described())
        });
        let asked = asked.collect::<Vec<_>>().join(", then ");
        match (&self.failure, asked.as_str()) {
            (Some(failure), "") => format!("fails: {failure}"),
            (None, asked) => format!("asks {asked}"),
            (Some(failure), asked) => format!("asks {asked}, then fails: {failure}"),
        }
    }
}

fn named(user: &str) -> String {
    if user.is_empty() {
        "without a login".to_owned()
    } else {
        format!("as {user}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::command::Command;
    use crate::credentials::look_up::{File, FileState, LoginFiles, SentLogin};
    use crate::secret::Secret;
    use crate::uri::Image;

    /// Which hosts the versions asked, as whom, as it was recorded on the wire; every host answered that it has no image.
    const RECORDED: &str = include_str!("../../tests/data/mirrors.jsonl");

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        name: String,
        image: String,
        /// docker-config.json.
        logins: String,
        /// registries.conf, and the files beside it.
        #[serde(default)]
        registries: Vec<String>,
        /// The user of the variables.
        user: Option<String>,
        /// The versions by `HOST/REPOSITORY USER` of each request; `?` where nobody was there to see it.
        asked: BTreeMap<String, String>,
    }

    impl Case {
        fn setup(&self) -> Setup<'_> {
            let absent = File::known("/h/absent".into(), FileState::Absent);
            let own = File::known(
                "/h/.apptainer/docker-config.json".into(),
                FileState::Bytes(self.logins.clone().into_bytes().into()),
            );
            let files = LoginFiles {
                own: own.clone(),
                own_at_home: own,
                fallback: absent.clone(),
                docker: absent.clone(),
                containers: absent.clone(),
                dockercfg: absent,
                named: None,
            };
            let pair = self.user.as_ref().map(|user| LoginPair {
                login: SentLogin {
                    user: user.clone(),
                    password: Secret::new("secret"),
                    ..SentLogin::default()
                },
                variables: Vec::new(),
            });
            Setup {
                logins: Logins {
                    files,
                    variable: None,
                    is_installed: Box::new(|_| false),
                },
                pair: Box::new(move |_| pair.clone()),
                registries: RegistriesConf::read(
                    self.registries.iter().map(String::as_str),
                    "registries.conf".to_owned(),
                ),
            }
        }

        fn ask(&self, runtime: &Runtime) -> Vec<String> {
            let Ok(Image::Registry(image)) = Image::parse(&self.image) else {
                unreachable!("{}", self.image);
            };
            let question = ImageQuestion::of(&image);
            let answer = ImageAnswer::of(runtime, &question, &self.setup());
            let asked = answer.registries.iter().map(|registry| {
                let user = match &registry.login {
                    RegistryLogin::Variables(pair) => &pair.login.user,
                    RegistryLogin::Found(FoundLogin {
                        outcome: LoginOutcome::Login(login),
                        ..
                    }) => &login.user,
                    RegistryLogin::Found(_) => "",
                };
                format!("{}/{} {user}", registry.host, registry.repository)
            });
            let failure = answer.failure.iter().map(|failure| {
                assert!(failure.contains("is blocked in"), "{failure}");
                "blocked".to_owned()
            });
            asked
                .map(|asked| asked.trim_end().to_owned())
                .chain(failure)
                .collect()
        }
    }

    #[test]
    fn every_recorded_request_is_foreseen() {
        let mut number = 0;
        for line in RECORDED.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            for (asked, versions) in &case.asked {
                let asked: Vec<_> = asked.split(", ").collect();
                for version in versions.split_whitespace() {
                    let (product, version) = version.split_at(1);
                    let command = if product == "a" {
                        "apptainer"
                    } else {
                        "singularity"
                    };
                    let command = Command::parse(command).unwrap();
                    let runtime = format!("{}@{version}", command.name());
                    let found = case.ask(&Runtime::parse(&runtime, &command).unwrap());
                    let is_same = |(found, asked): (&String, &&str)| match asked.split_once("/?") {
                        Some((host, _)) => found.starts_with(&format!("{host}/")),
                        None => found == asked,
                    };
                    assert!(
                        found.len() == asked.len() && found.iter().zip(&asked).all(is_same),
                        "{} {runtime}: {found:?}, not {asked:?}",
                        case.name
                    );
                    number += 1;
                }
            }
        }
        assert!(number > 300, "{number}");
    }

    #[test]
    fn a_registries_conf_that_the_library_refuses_fails_the_pull_of_older_versions() {
        let bad = [
            "[[registry]]",
            "[[registry]]\nprefix = \"h\"",
            "[[registry]]\nlocation = \"https://h\"",
            "[[registry]]\nlocation = 5",
            "[[registry]]\nlocation = \"h\"\n[[registry.mirror]]\ninsecure = true",
            "[[registry]]\nlocation = \"h\"\n[registries.block]\nregistries = [\"i\"]",
            "[registry",
        ];
        for text in bad {
            let case = Case {
                name: String::new(),
                image: "docker://h.example/x".to_owned(),
                logins: String::new(),
                registries: vec![text.to_owned()],
                user: None,
                asked: BTreeMap::new(),
            };
            assert!(case.setup().registries.is_err(), "{text}");
            let apptainer = Command::apptainer();
            let new = Runtime::parse("apptainer@1.5", &apptainer).unwrap();
            assert_eq!(case.ask(&new), ["h.example/x"], "{text}");
        }
    }

    #[test]
    fn a_local_registry_is_known_by_its_name() {
        for host in [
            "localhost:5000",
            "localhost",
            "x.local",
            "127.0.0.1:5000",
            "[::1]:5000",
            "10.1.2.3:80",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in ["h.example", "localhost.example", "11.1.2.3", "172.32.0.1"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
