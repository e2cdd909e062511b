//! What a client may do: its limits, the authorities it trusts, the proxies it uses. Values only: the caller reads the
//! environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Proxies;
use crate::secret::Secret;

#[derive(Clone, Debug)]
pub struct Options {
    /// How long a connection may take to come about, its TLS included.
    pub connect_limit: Duration,
    /// How long a request may take in all: connection, redirects and body.
    pub limit: Duration,
    /// When everything must be over, whatever the limits of single requests are.
    pub until: Option<Instant>,
    pub certificates: Certificates,
    /// The certificates of further authorities to trust, PEM.
    pub authorities: Vec<Vec<u8>>,
    pub identity: Option<Identity>,
    pub trust: Trust,
    pub proxies: Proxies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    Checked,
    Unchecked,
}

/// A client's certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, and those up to its authority.
    pub certificates: Vec<u8>,
    pub key: Secret,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// `SSL_CERT_FILE`: a file in place of the system's bundle.
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: directories in place of the system's.
    pub directories: Option<Vec<PathBuf>>,
}

impl Default for Options {
    /// The limits for a person who waits: 5 s for a connection, 10 s for the whole request.
    fn default() -> Self {
        Self {
            connect_limit: Duration::from_secs(5),
            limit: Duration::from_secs(10),
            until: None,
            certificates: Certificates::Checked,
            authorities: Vec::new(),
            identity: None,
            trust: Trust::default(),
            proxies: Proxies::none(),
        }
    }
}

impl Options {
    pub(super) fn bounded(&self, limit: Duration) -> Duration {
        self.until.map_or(limit, |until| {
            limit.min(until.saturating_duration_since(Instant::now()))
        })
    }

    /// The options of a machine with these variables: `SSL_CERT_FILE`, `SSL_CERT_DIR`, and the proxies' in upper or lower case.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either = |upper: &str| {
            set(upper)
                .or_else(|| set(&upper.to_ascii_lowercase()))
                .map(|value| value.to_string_lossy().into_owned())
        };
        let (https, http, direct) = (
            either("HTTPS_PROXY"),
            either("HTTP_PROXY"),
            either("NO_PROXY"),
        );
        Self {
            trust: Trust {
                file: set("SSL_CERT_FILE").map(PathBuf::from),
                directories: set("SSL_CERT_DIR").map(|directories| {
                    let directories = std::env::split_paths(&directories);
                    directories
                        .filter(|directory| directory != Path::new(""))
                        .collect()
                }),
            },
            proxies: Proxies::new(https.as_deref(), http.as_deref(), direct.as_deref()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn options(variables: &[(&str, &str)]) -> Options {
        Options::from_variables(|wanted| {
            variables
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_environment_names_authorities_and_proxies() {
        let found = options(&[
            ("SSL_CERT_FILE", "/ca.pem"),
            ("SSL_CERT_DIR", "/a::/b"),
            ("https_proxy", "p:1"),
        ]);
        assert_eq!(found.trust.file, Some("/ca.pem".into()));
        assert_eq!(
            found.trust.directories,
            Some(vec!["/a".into(), "/b".into()])
        );
        let through = |found: &Options| found.proxies.for_url(&Url::parse("https://h").unwrap());
        assert_eq!(through(&found), Ok(Some(Url::parse("http://p:1").unwrap())));

        let upper_wins = options(&[("https_proxy", "low:1"), ("HTTPS_PROXY", "up:1")]);
        assert_eq!(
            through(&upper_wins),
            Ok(Some(Url::parse("http://up:1").unwrap()))
        );
    }

    #[test]
    fn an_empty_variable_is_as_none() {
        let found = options(&[
            ("SSL_CERT_FILE", ""),
            ("SSL_CERT_DIR", ""),
            ("HTTPS_PROXY", ""),
            ("https_proxy", "p"),
        ]);
        assert_eq!(found.trust, Trust::default());
        assert!(
            found
                .proxies
                .for_url(&Url::parse("https://h").unwrap())
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_client_key_does_not_show_itself() {
        let identity = Identity {
            certificates: Vec::new(),
            key: Secret::new("PRIVATE KEY"),
        };
        assert!(!format!("{identity:?}").contains("PRIVATE"));
    }
}
