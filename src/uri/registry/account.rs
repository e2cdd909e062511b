//! An account at a registry: what a login stands for, however a tool wrote its key. Knows no file. D13 of
//! docs/compatibility.md.

use std::fmt;

/// Docker Hub's key in docker-config.json, older than any rule.
pub(crate) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
pub(crate) const DOCKER_HUB: &str = "docker.io";
pub(crate) const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// What a key of docker-config.json stands for. Tools write it in many ways: with a scheme, with the path of an API, with
/// any of Docker Hub's names. Case counts, as it does for every runtime.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegistryAccount {
    host: String,
    path: String,
}

impl RegistryAccount {
    /// The account that a key stands for. After a scheme every path is that of an API, and the key good for the whole host.
    pub(crate) fn of_key(key: &str) -> Self {
        match key.split_once("://") {
            Some((_, rest)) => Self::of_image(rest.split('/').next().unwrap_or_default(), ""),
            None => {
                let (host, path) = key.split_at(key.find('/').unwrap_or(key.len()));
                Self::of_image(host, path)
            }
        }
    }

    /// The account of an image, if it has one to itself. The paths of the registry's API are none.
    pub(crate) fn of_image(host: &str, path: &str) -> Self {
        let path = path.trim_matches('/');
        let path = match path {
            "" | "v1" | "v2" => String::new(),
            path => format!("/{path}"),
        };
        let host = if is_docker_hub(host) {
            DOCKER_HUB
        } else {
            host
        };
        Self {
            host: host.to_owned(),
            path,
        }
    }

    pub(crate) fn of_host(&self) -> Self {
        Self {
            host: self.host.clone(),
            path: String::new(),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn path(&self) -> &str {
        self.path.trim_start_matches('/')
    }

    pub(crate) fn is_at_host_of(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// Where its secret is stored in docker-config.json. Docker Hub has its own key, and its repositories have the name by
    /// which the newest runtimes look for them.
    pub(crate) fn storage_key(&self) -> String {
        let Self { host, path } = self;
        match path.as_str() {
            "" if host == DOCKER_HUB => DOCKER_HUB_KEY.to_owned(),
            path if host == DOCKER_HUB && path.matches('/').count() > 1 => {
                format!("index.docker.io{path}")
            }
            path => format!("{host}{path}"),
        }
    }
}

impl fmt::Display for RegistryAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.host, self.path)
    }
}

pub(super) fn is_docker_hub(host: &str) -> bool {
    [DOCKER_HUB, "index.docker.io", DOCKER_HUB_API].contains(&host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_stands_for_the_same_account_however_a_tool_wrote_it() {
        let account = RegistryAccount::of_key;
        for key in [
            "ghcr.io",
            "https://ghcr.io",
            "oras://ghcr.io",
            "https://ghcr.io/team",
            "ghcr.io/v1",
            "http://ghcr.io/",
            "https://ghcr.io/v1/",
            "https://ghcr.io/v2",
        ] {
            assert_eq!(account(key), account("ghcr.io"), "{key}");
        }
        for key in [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://docker.io",
            "https://index.docker.io/v1/",
        ] {
            assert_eq!(account(key), account("docker.io"), "{key}");
        }
        for other in ["GHCR.io", "ghcr.io/team", "ghcr.io/v1/team"] {
            assert_ne!(account(other), account("ghcr.io"));
        }
    }

    proptest! {
        #[test]
        fn no_key_is_too_odd(key in ".*", host in ".*", path in ".*") {
            let _ = (RegistryAccount::of_key(&key), RegistryAccount::of_image(&host, &path));
        }
    }
}
