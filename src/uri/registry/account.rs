//! An account at a registry: what a login stands for, however a tool wrote its key. Knows no file. D13 of
//! docs/compatibility.md.

use std::fmt;

/// Docker Hub's name in the references of images.
pub(crate) const DOCKER_HUB: &str = "docker.io";
/// Where Docker Hub answers.
pub(crate) const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// What a key of docker-config.json stands for. Tools write it in many ways: with a scheme, with the path of an API, with
/// any of Docker Hub's names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegistryAccount {
    host: String,
    path: String,
}

impl RegistryAccount {
    /// The account that a key stands for.
    pub(crate) fn of_key(key: &str) -> Self {
        let bare = key
            .strip_prefix("https://")
            .or_else(|| key.strip_prefix("http://"));
        let (host, path) = split(bare.unwrap_or(key));
        // Behind a scheme stands the path of an API, which names no account.
        let path = if bare.is_some() && matches!(path, "/v1" | "/v2") {
            ""
        } else {
            path
        };
        Self {
            host: canonical_host(host),
            path: path.to_owned(),
        }
    }

    /// The account of an image, if it has one to itself.
    pub(crate) fn of_image(host: &str, path: &str) -> Self {
        let path = path.trim_matches('/');
        let path = if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        };
        Self {
            host: canonical_host(host),
            path,
        }
    }

    /// Whether the account is good for what belongs to `image`: its own, or one whose path leads there.
    pub(crate) fn covers(&self, image: &Self) -> bool {
        let rest = image.path.strip_prefix(&self.path);
        self.host == image.host && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether both are accounts of one host.
    pub(crate) fn is_at_host_of(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// How closely it is meant: of several accounts that cover an image, the one with the largest counts.
    pub(crate) fn depth(&self) -> usize {
        self.path.len()
    }
}

impl fmt::Display for RegistryAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.host, self.path)
    }
}

/// Whether a host is Docker Hub by one of its names.
pub(super) fn is_docker_hub(host: &str) -> bool {
    [DOCKER_HUB, "index.docker.io", DOCKER_HUB_API]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(host))
}

fn canonical_host(host: &str) -> String {
    if is_docker_hub(host) {
        DOCKER_HUB.to_owned()
    } else {
        host.to_lowercase()
    }
}

/// Host and path, without final slashes.
fn split(text: &str) -> (&str, &str) {
    let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    (host, path.trim_end_matches('/'))
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
            "GHCR.io",
            "https://ghcr.io",
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
        assert_ne!(account("ghcr.io/v1"), account("ghcr.io"));
        assert_ne!(account("https://ghcr.io/team"), account("ghcr.io"));
    }

    proptest! {
        #[test]
        fn no_key_is_too_odd(key in ".*", host in ".*", path in ".*") {
            let _ = RegistryAccount::of_key(&key).covers(&RegistryAccount::of_image(&host, &path));
        }
    }
}
