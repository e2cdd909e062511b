//! A container runtime of a version, and what each version does to find a login: one table. Knows no file, no environment
//! and never runs a program. The rules stand in docs/compatibility.md, with where they come from.

use std::fmt;
use std::str::FromStr;

use crate::command::Command;
use crate::uri::RegistryScheme;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// Apptainer, and every command of another name.
    Apptainer,
    SingularityCe,
}

/// A container runtime: a product, and the version whose rules count.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    product: Product,
    version: Version,
    rules: &'static LoginRules,
}

pub(crate) type Version = (u16, u16, u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    ContainersImage,
    /// oras-go, major version 1.
    OrasGo,
    /// The keychain of go-containerregistry; a file that can't be used fails the pull.
    StrictKeychain,
    /// The same; a file that can't be used is no file.
    Keychain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrder {
    Own,
    /// Its own; Docker's only while its own does not exist.
    OwnOrDocker,
    OwnThenDocker,
    /// Its own, then that of other container tools, Docker's, and Docker's old one.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirrors {
    Ignored,
    /// The first one replaces the registry, whatever else the file says of it.
    First,
    /// All of them in turn, then the registry; `pull-from-mirror` is a key of the newer ones.
    InTurn {
        pull_from_mirror: bool,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub struct LoginRules {
    from: Version,
    docker: (Engine, FileOrder),
    oras: (Engine, FileOrder),
    /// The version of docker/cli, whose reader all engines but containers/image use.
    pub docker_cli: Version,
    /// What follows the prefix in the variable that names another file; `None` where there is no such option.
    pub auth_file_key: Option<&'static str>,
    pub has_config_dir: bool,
    /// Whether the variables of a user and a password also count without a prefix.
    pub has_plain_variables: bool,
    /// Whether the home directory is the account's, whatever HOME says.
    pub asks_account_for_home: bool,
    pub mirrors: Mirrors,
    /// Whether docker://localhost/IMAGE, without a port, is an image of Docker Hub.
    pub takes_localhost_for_hub: bool,
    /// Whether a remote.yaml may be a symbolic link.
    pub follows_links: bool,
    /// Whether a strict keychain goes on without a file that it may not read.
    pub skips_unreadable: bool,
}

const APPTAINER: LoginRules = LoginRules {
    from: (1, 0, 0),
    docker: (Engine::ContainersImage, FileOrder::All),
    oras: (Engine::OrasGo, FileOrder::Own),
    docker_cli: (20, 10, 12),
    auth_file_key: None,
    has_config_dir: false,
    has_plain_variables: false,
    asks_account_for_home: true,
    mirrors: Mirrors::InTurn {
        pull_from_mirror: false,
    },
    takes_localhost_for_hub: false,
    follows_links: true,
    skips_unreadable: true,
};
const APPTAINER_1_1: LoginRules = LoginRules {
    from: (1, 1, 0),
    docker_cli: (20, 10, 17),
    mirrors: Mirrors::InTurn {
        pull_from_mirror: true,
    },
    ..APPTAINER
};
const APPTAINER_1_2: LoginRules = LoginRules {
    from: (1, 2, 0),
    docker: (Engine::ContainersImage, FileOrder::Own),
    docker_cli: (23, 0, 5),
    has_config_dir: true,
    has_plain_variables: true,
    asks_account_for_home: false,
    ..APPTAINER_1_1
};
const APPTAINER_1_3: LoginRules = LoginRules {
    from: (1, 3, 0),
    oras: (Engine::StrictKeychain, FileOrder::OwnOrDocker),
    docker_cli: (25, 0, 4),
    ..APPTAINER_1_2
};
const APPTAINER_1_4: LoginRules = LoginRules {
    from: (1, 4, 0),
    docker: (Engine::Keychain, FileOrder::OwnOrDocker),
    oras: (Engine::Keychain, FileOrder::OwnOrDocker),
    docker_cli: (27, 5, 1),
    auth_file_key: Some("AUTH_FILE"),
    mirrors: Mirrors::Ignored,
    takes_localhost_for_hub: true,
    ..APPTAINER_1_3
};
const APPTAINER_1_5: LoginRules = LoginRules {
    from: (1, 5, 0),
    docker_cli: (29, 4, 3),
    mirrors: Mirrors::First,
    ..APPTAINER_1_4
};
const SINGULARITY_3_11: LoginRules = LoginRules {
    from: (3, 11, 0),
    docker_cli: (24, 0, 2),
    asks_account_for_home: true,
    skips_unreadable: false,
    ..APPTAINER_1_2
};
const SINGULARITY_4_1: LoginRules = LoginRules {
    from: (4, 1, 0),
    docker: (Engine::Keychain, FileOrder::Own),
    oras: (Engine::Keychain, FileOrder::Own),
    docker_cli: (25, 0, 0),
    auth_file_key: Some("AUTHFILE"),
    mirrors: Mirrors::Ignored,
    takes_localhost_for_hub: true,
    ..SINGULARITY_3_11
};
const SINGULARITY_4_5: LoginRules = LoginRules {
    from: (4, 5, 0),
    docker_cli: (29, 6, 0),
    follows_links: false,
    ..SINGULARITY_4_1
};

/// The rules of Apptainer, each from its first version on.
static OF_APPTAINER: [LoginRules; 10] = [
    APPTAINER,
    APPTAINER_1_1,
    APPTAINER_1_2,
    LoginRules {
        from: (1, 2, 3),
        oras: (Engine::OrasGo, FileOrder::OwnThenDocker),
        ..APPTAINER_1_2
    },
    APPTAINER_1_3,
    LoginRules {
        from: (1, 3, 3),
        docker: (Engine::ContainersImage, FileOrder::OwnOrDocker),
        ..APPTAINER_1_3
    },
    APPTAINER_1_4,
    LoginRules {
        from: (1, 4, 2),
        mirrors: Mirrors::First,
        ..APPTAINER_1_4
    },
    APPTAINER_1_5,
    LoginRules {
        from: (1, 6, 0),
        docker_cli: (29, 7, 2),
        takes_localhost_for_hub: false,
        ..APPTAINER_1_5
    },
];

static OF_SINGULARITY: [LoginRules; 9] = [
    SINGULARITY_3_11,
    LoginRules {
        from: (4, 0, 0),
        oras: (Engine::StrictKeychain, FileOrder::Own),
        docker_cli: (24, 0, 6),
        ..SINGULARITY_3_11
    },
    SINGULARITY_4_1,
    LoginRules {
        from: (4, 1, 4),
        docker_cli: (27, 1, 2),
        ..SINGULARITY_4_1
    },
    LoginRules {
        from: (4, 3, 3),
        docker_cli: (28, 3, 3),
        ..SINGULARITY_4_1
    },
    LoginRules {
        from: (4, 3, 5),
        docker_cli: (29, 0, 0),
        ..SINGULARITY_4_1
    },
    LoginRules {
        from: (4, 4, 0),
        docker_cli: (29, 5, 2),
        ..SINGULARITY_4_1
    },
    SINGULARITY_4_5,
    LoginRules {
        from: (4, 5, 1),
        docker_cli: (29, 6, 2),
        takes_localhost_for_hub: false,
        ..SINGULARITY_4_5
    },
];

/// Why a text names no runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown runtime {text:?} for {command}: write {name}@VERSION, with VERSION one of: {known}"
)]
pub struct RuntimeError {
    text: String,
    command: String,
    name: &'static str,
    known: String,
}

impl Product {
    pub(crate) fn of(command: &Command) -> Self {
        if command.is_singularity() {
            Self::SingularityCe
        } else {
            Self::Apptainer
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Apptainer => "apptainer",
            Self::SingularityCe => "singularityce",
        }
    }

    fn table(self) -> &'static [LoginRules] {
        match self {
            Self::Apptainer => &OF_APPTAINER,
            Self::SingularityCe => &OF_SINGULARITY,
        }
    }

    /// The newest version that was released: 1.6 is known as a development version only.
    fn newest(self) -> Version {
        match self {
            Self::Apptainer => (1, 5, 3),
            Self::SingularityCe => (4, 5, 1),
        }
    }

    /// The lines of versions that are known, `1.0` to `1.6`.
    fn lines(self) -> Vec<(u16, u16)> {
        match self {
            Self::Apptainer => (0..=6).map(|minor| (1, minor)).collect(),
            Self::SingularityCe => std::iter::once((3, 11))
                .chain((0..=5).map(|minor| (4, minor)))
                .collect(),
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Apptainer => "Apptainer",
            Self::SingularityCe => "SingularityCE",
        })
    }
}

impl Runtime {
    /// The newest Apptainer.
    pub fn apptainer() -> Self {
        Self::of(Product::Apptainer, Product::Apptainer.newest())
    }

    /// The newest SingularityCE.
    pub fn singularity() -> Self {
        Self::of(Product::SingularityCe, Product::SingularityCe.newest())
    }

    pub(crate) fn command(&self) -> Command {
        match self.product {
            Product::Apptainer => Command::apptainer(),
            Product::SingularityCe => Command::singularity(),
        }
    }

    pub(crate) fn newest(command: &Command) -> Self {
        let product = Product::of(command);
        Self::of(product, product.newest())
    }

    /// Reads `NAME@VERSION`: the product's name or the command's own, and `1.3`, `1.3.2` or `1.6-dev`. A version without a
    /// patch level is the newest of its line.
    pub(crate) fn parse(text: &str, command: &Command) -> Result<Self, RuntimeError> {
        let product = Product::of(command);
        let version = text.split_once('@').and_then(|(name, version)| {
            let is_own = name == product.name() || name == command.name();
            parse_version(version).filter(|_| is_own)
        });
        let known = product.lines();
        match version.filter(|(major, minor, _)| known.contains(&(*major, *minor))) {
            Some(version) => Ok(Self::of(product, version)),
            None => Err(RuntimeError {
                text: text.to_owned(),
                command: command.name().to_owned(),
                name: product.name(),
                known: known
                    .iter()
                    .map(|(major, minor)| format!("{major}.{minor}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    fn of(product: Product, version: Version) -> Self {
        let table = product.table();
        let after = table.partition_point(|rules| rules.from <= version);
        Self {
            product,
            version,
            rules: &table[after.saturating_sub(1)],
        }
    }

    pub(crate) fn major(&self) -> u16 {
        self.version.0
    }

    /// What each version of the product does, neighbours that do the same together: the range of versions, and what they do.
    pub(crate) fn grouped<T: PartialEq>(&self, does: impl Fn(&Self) -> T) -> Vec<(String, T)> {
        let mut groups: Vec<(Self, T)> = Vec::new();
        for version in self.versions() {
            let done = does(&version);
            if groups.last().is_none_or(|(_, last)| *last != done) {
                groups.push((version, done));
            }
        }
        let starts: Vec<_> = groups.iter().map(|(version, _)| *version).collect();
        let next = starts.iter().skip(1).map(Some).chain([None]);
        let ranges = groups.into_iter().zip(next);
        ranges
            .map(|((first, done), next)| (first.range(next), done))
            .collect()
    }

    /// One runtime for each set of rules of the same product, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = Self> + use<> {
        let product = self.product;
        product.table().iter().map(move |rules| Self {
            product,
            version: rules.from,
            rules,
        })
    }

    pub(crate) fn product(&self) -> Product {
        self.product
    }

    /// The first version that reads the variable with the directory of the user's files, where this one is older.
    pub(crate) fn lacks_config_dir(&self) -> Option<&'static str> {
        let (first, shown) = match self.product {
            Product::Apptainer => ((1, 2, 0), "1.2"),
            Product::SingularityCe => ((3, 11, 4), "3.11.4"),
        };
        (self.version < first).then_some(shown)
    }

    pub(crate) fn rules(&self) -> &'static LoginRules {
        self.rules
    }

    /// Which versions have the rules from this runtime's on to those before `next`'s: `before 1.4`, `1.2.3 to 1.2.x`, `1.4.2 and
    /// later`; empty for all.
    pub fn range(&self, next: Option<&Self>) -> String {
        let is_first = self.rules == &self.product.table()[0];
        let from = shown(self.rules.from);
        match next.map(|next| next.rules.from) {
            None if is_first => String::new(),
            None => format!("{from} and later"),
            Some(next) if is_first => format!("before {}", shown(next)),
            Some((major, minor, 0)) => {
                let lines = self.product.lines();
                let before = lines.iter().rev().find(|line| **line < (major, minor));
                before.map_or(from.clone(), |(major, minor)| {
                    format!("{from} to {major}.{minor}.x")
                })
            }
            Some((major, minor, patch)) => format!("{from} to {major}.{minor}.{}", patch - 1),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.version;
        write!(formatter, "{} {major}.{minor}", self.product)?;
        if patch == NEWEST_PATCH {
            Ok(())
        } else {
            write!(formatter, ".{patch}")
        }
    }
}

/// `apptainer@1.3`, `singularityce@4.1.5`.
impl FromStr for Runtime {
    type Err = RuntimeError;

    fn from_str(text: &str) -> Result<Self, RuntimeError> {
        let command = match text.starts_with("singularity") {
            true => Command::singularity(),
            false => Command::apptainer(),
        };
        Self::parse(text, &command)
    }
}

impl PartialEq for Runtime {
    fn eq(&self, other: &Self) -> bool {
        (self.product, self.version) == (other.product, other.version)
    }
}

impl Eq for Runtime {}

impl LoginRules {
    pub fn engine(&self, scheme: RegistryScheme) -> Engine {
        self.of_scheme(scheme).0
    }

    pub fn files(&self, scheme: RegistryScheme) -> FileOrder {
        self.of_scheme(scheme).1
    }

    fn of_scheme(&self, scheme: RegistryScheme) -> (Engine, FileOrder) {
        match scheme {
            RegistryScheme::Docker => self.docker,
            RegistryScheme::Oras => self.oras,
        }
    }
}

/// The patch level of a version that was named without one.
const NEWEST_PATCH: u16 = u16::MAX;

fn parse_version(text: &str) -> Option<Version> {
    let numbers = text.split(['-', '+', '~']).next()?;
    let mut numbers = numbers.split('.').map(|number| number.parse::<u16>().ok());
    let version = (
        numbers.next()??,
        numbers.next()??,
        numbers.next().unwrap_or(Some(NEWEST_PATCH))?,
    );
    numbers.next().is_none().then_some(version)
}

fn shown((major, minor, patch): Version) -> String {
    if patch == 0 {
        format!("{major}.{minor}")
    } else {
        format!("{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Runtime, RuntimeError> {
        let name = if text.starts_with("singularity") {
            "singularity"
        } else {
            "apptainer"
        };
        Runtime::parse(text, &Command::parse(name).unwrap())
    }

    #[test]
    fn a_version_has_the_rules_of_its_line() {
        let cases = [
            ("apptainer@1.0", "Apptainer 1.0", (1, 1, 0), false),
            ("apptainer@1.2.2", "Apptainer 1.2.2", (1, 2, 3), false),
            ("apptainer@1.2", "Apptainer 1.2", (1, 2, 3), true),
            ("apptainer@1.3.10", "Apptainer 1.3.10", (1, 3, 3), true),
            ("apptainer@1.6-dev", "Apptainer 1.6", (1, 6, 0), true),
            (
                "singularityce@4.1.5",
                "SingularityCE 4.1.5",
                (4, 1, 4),
                true,
            ),
            ("singularity@4.1", "SingularityCE 4.1", (4, 1, 4), true),
            (
                "singularity@3.11.5-1",
                "SingularityCE 3.11.5",
                (4, 0, 0),
                false,
            ),
        ];
        for (text, shown, from, is_from) in cases {
            let runtime = parsed(text).unwrap();
            assert_eq!(runtime.to_string(), shown);
            assert_eq!(runtime.rules().from >= from, is_from, "{text}");
        }
    }

    #[test]
    fn what_is_no_runtime_is_refused_with_those_that_are() {
        let bad = [
            "",
            "apptainer",
            "apptainer@",
            "apptainer@1",
            "apptainer@1.7",
            "apptainer@0.9",
            "apptainer@1.x",
            "apptainer@1.3.0.1",
            "singularity@3.8",
            "singularityce@5.0",
            "Apptainer@1.3",
            "docker@1.3",
            "1.3",
        ];
        for text in bad {
            assert!(parsed(text).is_err(), "{text}");
        }
        assert_eq!(
            parsed("apptainer@1.9").unwrap_err().to_string(),
            "unknown runtime \"apptainer@1.9\" for apptainer: write apptainer@VERSION, with VERSION one of: 1.0, 1.1, 1.2, \
             1.3, 1.4, 1.5, 1.6"
        );
        let singularity = Command::parse("singularity").unwrap();
        assert!(Runtime::parse("apptainer@1.3", &singularity).is_err());
        let other = Command::parse("my-tool").unwrap();
        assert_eq!(
            Runtime::parse("my-tool@1.3", &other).unwrap().product(),
            Product::Apptainer
        );
    }

    #[test]
    fn the_table_is_in_order_and_the_newest_is_in_it() {
        for name in ["apptainer", "singularity"] {
            let newest = Runtime::newest(&Command::parse(name).unwrap());
            let versions: Vec<_> = newest.versions().collect();
            assert!(versions.is_sorted_by_key(|runtime| runtime.version));
            assert!(
                versions
                    .iter()
                    .any(|runtime| runtime.rules() == newest.rules())
            );
        }
    }

    #[test]
    fn a_range_of_versions_is_named_by_its_ends() {
        let versions: Vec<_> = parsed("apptainer@1.5").unwrap().versions().collect();
        assert_eq!(versions[0].range(Some(&versions[2])), "before 1.2");
        assert_eq!(versions[2].range(Some(&versions[3])), "1.2 to 1.2.2");
        assert_eq!(versions[3].range(Some(&versions[4])), "1.2.3 to 1.2.x");
        assert_eq!(versions[2].range(Some(&versions[6])), "1.2 to 1.3.x");
        assert_eq!(versions[7].range(None), "1.4.2 and later");
        assert_eq!(versions[0].range(None), "");
    }
}
