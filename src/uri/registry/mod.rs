//! An OCI registry's address: where a login's secret is kept, and whom it is shown to. Knows no file and no request.
//! D13 of docs/compatibility.md.

mod account;

use std::fmt;

use account::is_docker_hub;

use crate::text::is_hidden;
use crate::uri::authority::{Authority, AuthorityError, of_server};

pub(crate) use account::{DOCKER_HUB, DOCKER_HUB_API, DOCKER_HUB_KEY, RegistryAccount};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryScheme {
    Docker,
    Oras,
}

/// A registry's address as a login names it, `docker://host[:port][/path]`. The path tells accounts of one host apart.
///
/// Host and path are kept as typed, since Apptainer compares text. Two addresses are equal when they name the same login:
/// the same scheme, the same path, and the same host; the names of Docker Hub are one host.
#[derive(Clone, Debug)]
pub struct RegistryUri {
    scheme: RegistryScheme,
    host: String,
    /// With a leading slash, or empty.
    path: String,
}

/// Why a text can't be a registry's address. A password that was typed in it is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryUriError {
    #[error("a registry is written docker://HOST or oras://HOST")]
    Scheme,
    #[error("invalid registry: invalid port {0:?} after host")]
    Port(String),
    #[error("invalid registry: {0}")]
    Other(&'static str),
}

impl RegistryUri {
    /// The longest address in bytes: the limit of every name and address.
    pub const LONGEST: usize = 64 * 1024;

    pub fn parse(text: &str) -> Result<Self, RegistryUriError> {
        let (scheme, rest) = text.split_once("://").ok_or(RegistryUriError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "docker" => RegistryScheme::Docker,
            "oras" => RegistryScheme::Oras,
            _ => return Err(RegistryUriError::Scheme),
        };
        Self::parse_rest(scheme, rest)
    }

    /// The registry of an address as a file has it: a user name, a query and a fragment are no part of it.
    pub fn found(text: &str) -> Result<Self, RegistryUriError> {
        Self::parse(&of_server(text))
    }

    fn parse_rest(scheme: RegistryScheme, rest: &str) -> Result<Self, RegistryUriError> {
        if rest.len() > Self::LONGEST {
            return Err(RegistryUriError::Other("its address is longer than 64 KiB"));
        }
        if rest
            .chars()
            .any(|character| character == ' ' || is_hidden(character))
        {
            return Err(RegistryUriError::Other(
                "it has a blank or a control character",
            ));
        }
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if host.contains('@') {
            return Err(RegistryUriError::Other(
                "a user name can't stand in its address; give it with --username",
            ));
        }
        Authority::parse(host).map_err(|error| match error {
            AuthorityError::Port(port) => RegistryUriError::Port(port),
            AuthorityError::Host(reason) => RegistryUriError::Other(reason),
        })?;
        let path = match check_path(path)? {
            "/v1" | "/v2" => "",
            path => path,
        };
        Ok(Self {
            scheme,
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }

    pub fn scheme(&self) -> RegistryScheme {
        self.scheme
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path that tells accounts of the host apart: with a leading slash, or empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where the secret is stored in docker-config.json: host and path, whatever of Docker Hub's names was typed. `docker://`
    /// and `oras://` share it.
    pub fn storage_key(&self) -> String {
        self.account().storage_key()
    }

    pub fn api_host(&self) -> &str {
        if is_docker_hub(&self.host) {
            DOCKER_HUB_API
        } else {
            &self.host
        }
    }

    /// Whether the registry is on this machine: then it may speak plain http.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether both keep one secret: they are the same account, and only their schemes may differ.
    pub fn shares_secret_with(&self, other: &Self) -> bool {
        self.account() == other.account()
    }

    pub(crate) fn account(&self) -> RegistryAccount {
        RegistryAccount::of_image(&self.host, &self.path)
    }
}

impl PartialEq for RegistryUri {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.shares_secret_with(other)
    }
}

impl Eq for RegistryUri {}

impl fmt::Display for RegistryUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            RegistryScheme::Docker => "docker",
            RegistryScheme::Oras => "oras",
        };
        write!(formatter, "{scheme}://{}{}", self.host, self.path)
    }
}

/// Whether host (and port) name this machine, by their text alone: a name that is looked up may lead anywhere.
pub fn is_loopback(host: &str) -> bool {
    let Ok(authority) = Authority::parse(host) else {
        return false;
    };
    let name = authority.host.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn check_path(path: &str) -> Result<&str, RegistryUriError> {
    if path.contains(['?', '#']) {
        return Err(RegistryUriError::Other("its address ends with its path"));
    }
    if path.contains([':', '@']) {
        return Err(RegistryUriError::Other(
            "a login is for a whole path: leave the tag or the digest out",
        ));
    }
    let path = path.trim_end_matches('/');
    let mut parts = path.split('/').skip(1);
    if parts.any(|part| matches!(part, "" | "." | "..")) {
        return Err(RegistryUriError::Other(
            "its path can't hold '//', '.' or '..'",
        ));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> RegistryUri {
        RegistryUri::parse(text).unwrap()
    }

    #[test]
    fn an_address_says_where_its_secret_is_and_who_is_asked() {
        const HUB: &str = "https://index.docker.io/v1/";
        let cases = [
            (
                "docker://docker.io",
                "docker://docker.io",
                HUB,
                "registry-1.docker.io",
            ),
            (
                "oras://index.docker.io/",
                "oras://index.docker.io",
                HUB,
                "registry-1.docker.io",
            ),
            (
                "docker://registry-1.docker.io",
                "docker://registry-1.docker.io",
                HUB,
                "registry-1.docker.io",
            ),
            (
                "docker://docker.io/team",
                "docker://docker.io/team",
                "docker.io/team",
                "registry-1.docker.io",
            ),
            (
                "docker://docker.io/team/app",
                "docker://docker.io/team/app",
                "index.docker.io/team/app",
                "registry-1.docker.io",
            ),
            (
                "docker://h.example/v2/",
                "docker://h.example",
                "h.example",
                "h.example",
            ),
            (
                "docker://index.docker.io/team",
                "docker://index.docker.io/team",
                "docker.io/team",
                "registry-1.docker.io",
            ),
            (
                "DOCKER://GHCR.io/Team/x//",
                "docker://GHCR.io/Team/x",
                "GHCR.io/Team/x",
                "GHCR.io",
            ),
            (
                "oras://localhost:5000",
                "oras://localhost:5000",
                "localhost:5000",
                "localhost:5000",
            ),
            (
                "docker://[::1]:5000/a",
                "docker://[::1]:5000/a",
                "[::1]:5000/a",
                "[::1]:5000",
            ),
            (
                "docker://docker.io.example.com",
                "docker://docker.io.example.com",
                "docker.io.example.com",
                "docker.io.example.com",
            ),
        ];
        for (typed, shown, key, host) in cases {
            let uri = parsed(typed);
            assert_eq!(
                (
                    uri.to_string().as_str(),
                    uri.storage_key().as_str(),
                    uri.api_host()
                ),
                (shown, key, host)
            );
        }
    }

    #[test]
    fn what_a_file_has_beside_a_registry_is_no_part_of_it() {
        for row in [
            "docker://u@h.example",
            "docker://u:p@h.example/",
            "docker://h.example?x",
            "docker://h.example/#f",
        ] {
            assert_eq!(
                RegistryUri::found(row),
                RegistryUri::parse("docker://h.example"),
                "{row}"
            );
            assert!(RegistryUri::parse(row).is_err(), "{row} can't be typed");
        }
    }

    #[test]
    fn what_cannot_be_a_registry_is_refused_with_the_reason() {
        let cases = [
            (
                "docker:foo",
                "a registry is written docker://HOST or oras://HOST",
            ),
            (
                "https://h",
                "a registry is written docker://HOST or oras://HOST",
            ),
            ("docker://", "invalid registry: it names no host"),
            ("docker:///x", "invalid registry: it names no host"),
            ("docker://..", "invalid registry: dots alone are no host"),
            (
                "docker://u:secret@h",
                "invalid registry: a user name can't stand in its address; give it with --username",
            ),
            (
                "docker://h:x",
                r#"invalid registry: invalid port ":x" after host"#,
            ),
            (
                "docker://ubuntu:22.04",
                r#"invalid registry: invalid port ":22.04" after host"#,
            ),
            (
                "docker://h/team/image:1.2",
                "invalid registry: a login is for a whole path: leave the tag or the digest out",
            ),
            (
                "docker://h/../x",
                "invalid registry: its path can't hold '//', '.' or '..'",
            ),
            (
                "docker://h//x",
                "invalid registry: its path can't hold '//', '.' or '..'",
            ),
            (
                "docker://h?x/y",
                "invalid registry: its address ends with its path",
            ),
            (
                "docker://h#x/y",
                "invalid registry: its address ends with its path",
            ),
            (
                "docker://h$(id);x",
                "invalid registry: its host has a character that no host name can have",
            ),
            (
                "docker://docker://h",
                r#"invalid registry: invalid port ":" after host"#,
            ),
            (
                "docker://h/x#y",
                "invalid registry: its address ends with its path",
            ),
            (
                "docker://a b",
                "invalid registry: it has a blank or a control character",
            ),
            (
                "docker://h/\u{1b}[31m",
                "invalid registry: it has a blank or a control character",
            ),
            (
                "docker://h/\u{202e}x",
                "invalid registry: it has a blank or a control character",
            ),
        ];
        for (typed, message) in cases {
            assert_eq!(
                RegistryUri::parse(typed).map_err(|error| error.to_string()),
                Err(message.to_owned()),
                "{typed}"
            );
        }
        let longest = format!("docker://{}", "h".repeat(RegistryUri::LONGEST));
        assert!(RegistryUri::parse(&longest).is_ok());
        assert!(RegistryUri::parse(&format!("{longest}h")).is_err());
    }

    #[test]
    fn the_same_login_is_known_however_its_host_is_typed() {
        let same = [
            ("docker://ghcr.io", "docker://ghcr.io/"),
            ("docker://ghcr.io/v1/", "docker://ghcr.io"),
            ("docker://docker.io", "docker://index.docker.io"),
            (
                "docker://registry-1.docker.io/team",
                "docker://docker.io/team",
            ),
        ];
        for (one, other) in same {
            assert_eq!(parsed(one), parsed(other));
        }
        let other = [
            ("docker://h", "oras://h"),
            ("docker://h/a", "docker://h/b"),
            ("docker://h/a", "docker://h/A"),
            ("docker://GHCR.io", "docker://ghcr.io"),
            ("docker://h", "docker://h:443"),
        ];
        for (one, other) in other {
            assert_ne!(parsed(one), parsed(other));
        }
        assert!(parsed("docker://h/a").shares_secret_with(&parsed("oras://h/a")));
        assert!(!parsed("docker://h/a").shares_secret_with(&parsed("oras://h")));
    }

    #[test]
    fn a_registry_on_this_machine_is_known_by_its_name() {
        for host in [
            "localhost",
            "LocalHost:5000",
            "127.0.0.1:5000",
            "127.9.9.9",
            "[::1]:5000",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        let elsewhere = [
            "example.com",
            "localhost.example.com",
            "x.localhost",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "[::2]",
            "127.1",
            "",
            "[",
        ];
        for host in elsewhere {
            assert!(!is_loopback(host), "{host}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_same_address_again(text in "(docker|ORAS|https)?(://)?[\\PC]{0,40}") {
            if let Ok(uri) = RegistryUri::parse(&text) {
                let again = parsed(&uri.to_string());
                prop_assert_eq!(&again, &uri);
                prop_assert_eq!(again.storage_key(), uri.storage_key());
            }
        }

        #[test]
        fn being_the_same_login_is_an_equality(
            one in "(docker|oras)://(ghcr[.]io|GHCR[.]io|docker[.]io|index[.]docker[.]io)(/|/a|/v2|/a/)?",
            two in "(docker|oras)://(ghcr[.]io|GHCR[.]io|docker[.]io|index[.]docker[.]io)(/|/a|/v2|/a/)?",
            three in "(docker|oras)://(ghcr[.]io|docker[.]io|registry-1[.]docker[.]io)(/a)?",
        ) {
            let (one, two, three) = (parsed(&one), parsed(&two), parsed(&three));
            prop_assert_eq!(&one, &one.clone());
            prop_assert_eq!(one == two, two == one);
            prop_assert!(!(one == two && two == three) || one == three);
            prop_assert!(one != two || one.shares_secret_with(&two));
            let account = |uri: &RegistryUri| RegistryAccount::of_key(&uri.storage_key());
            prop_assert_eq!(one.shares_secret_with(&two), account(&one) == account(&two));
        }

        #[test]
        fn no_host_is_too_odd(host in ".*") {
            let _ = is_loopback(&host);
        }
    }
}
