//! Which services an endpoint has, and where. Knows no remote and no token. D11 of docs/compatibility.md lives here.

pub(crate) mod cache;
pub(crate) mod document;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use url::Url;

use super::Endpoint;
use super::http::{Answered, Cause, Client, HttpError};
use crate::command;
use crate::text::{Quoted, is_hidden};
use crate::uri::EndpointUri;

pub use cache::Cache;

const DOCUMENT: &str = "/assets/config/config.prod.json";

/// How long what was discovered is taken for true without asking again: endpoints move once in years.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an endpoint that did not answer is left alone by whoever takes an older answer too.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    Builder,
    Consent,
    Keyserver,
    Library,
    Token,
    /// Another one, by the name that the endpoint gives it: any text.
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    services: BTreeMap<ServiceKind, String>,
    registry: Option<String>,
    url: String,
    pub seen: SystemTime,
    pub age: Age,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Asked,
    Fresh,
    /// It was asked earlier, and does not answer now.
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A day, and older if the endpoint does not answer.
    Day,
    /// The endpoint is asked now, or there is no answer.
    Now,
    /// The last answer, however old; nobody is asked.
    Remembered,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    #[error("error making request to server")]
    Request(#[source] HttpError),
    #[error("error response from server: {status} for {url}")]
    Status { status: String, url: String },
    /// Another server answered: what it says is no word of this endpoint's.
    #[error(
        "error making request to server: {url} redirects to {server}, whose answer is not the endpoint's"
    )]
    Elsewhere {
        url: String,
        /// Who answered, `scheme://host:port`.
        server: String,
        /// The address of an endpoint there, for which the answer would be its own.
        uri: String,
    },
    #[error(
        "error response from server: a web page ({status} for {url}): is {host} the address of an endpoint?"
    )]
    WebPage {
        status: String,
        url: String,
        host: String,
    },
    #[error("jsonresp: failed to unmarshal response: {reason} (from {url})")]
    Document { reason: String, url: String },
    #[error("it did not answer {seconds} s ago, and was not asked again")]
    Silent { seconds: u64, timed_out: bool },
    #[error("it was not asked, and no earlier answer is known")]
    NotRemembered,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    #[error("{0} is not a service at endpoint")]
    Missing(ServiceKind),
    #[error("{0} service at endpoint failed to provide URI in response")]
    NoUri(ServiceKind),
    #[error(
        "the address of the {kind} service, {}, is no absolute http or https URL (from {document})",
        Quoted(uri)
    )]
    NoUrl {
        kind: ServiceKind,
        uri: String,
        document: String,
    },
}

#[derive(Debug)]
pub struct Lookup<'a> {
    pub client: &'a Client,
    pub cache: Option<Cache>,
    pub now: SystemTime,
}

impl Lookup<'_> {
    /// Everything that an endpoint has. The endpoints that are known by name are asked like any other.
    pub fn services(
        &self,
        endpoint: &Endpoint,
        freshness: Freshness,
    ) -> Result<Discovery, DiscoveryError> {
        let remembered = match (freshness, &self.cache) {
            (Freshness::Day | Freshness::Remembered, Some(cache)) => cache.read(&endpoint.url()),
            _ => None,
        };
        if let Some(remembered) = &remembered
            && self
                .now
                .duration_since(remembered.seen)
                .is_ok_and(|age| age < FRESH)
        {
            return Ok(Discovery {
                age: Age::Fresh,
                ..remembered.clone()
            });
        }
        if freshness == Freshness::Remembered {
            let stale = remembered.map(|remembered| Discovery {
                age: Age::Stale,
                ..remembered
            });
            return stale.ok_or(DiscoveryError::NotRemembered);
        }
        if let (Freshness::Day, Some(cache)) = (freshness, &self.cache)
            && let Some(error) = self.silence(cache, endpoint, remembered.as_ref())
        {
            let stale = remembered.map(|remembered| Discovery {
                age: Age::Stale,
                ..remembered
            });
            return stale.ok_or(error);
        }
        let answer = self.ask(endpoint);
        if let (Err(DiscoveryError::Request(error)), Some(cache)) = (&answer, &self.cache) {
            let timed_out = matches!(error.cause, Cause::TimedOut(_));
            cache.write_silence(&endpoint.url(), timed_out, self.now);
        }
        match (answer, remembered) {
            (Err(error), Some(remembered)) if error.may_pass() => Ok(Discovery {
                age: Age::Stale,
                ..remembered
            }),
            (answer, _) => answer,
        }
    }

    fn silence(
        &self,
        cache: &Cache,
        endpoint: &Endpoint,
        remembered: Option<&Discovery>,
    ) -> Option<DiscoveryError> {
        let (since, timed_out) = cache.read_silence(&endpoint.url())?;
        let ago = self.now.duration_since(since).ok()?;
        let is_last_word = remembered.is_none_or(|remembered| remembered.seen < since);
        (ago < SILENCE && is_last_word).then_some(DiscoveryError::Silent {
            seconds: ago.as_secs(),
            timed_out,
        })
    }

    /// Where one service is; empty for the one that cloud.apptainer.org is known not to have. Endpoints that are known by
    /// name need no request.
    pub fn service(
        &self,
        endpoint: &Endpoint,
        kind: &ServiceKind,
        freshness: Freshness,
    ) -> Result<String, DiscoveryError> {
        match known_service(&endpoint.uri, kind) {
            Some(uri) => Ok(uri.to_owned()),
            None => Ok(self
                .services(endpoint, freshness)?
                .service(kind)?
                .to_owned()),
        }
    }

    fn ask(&self, endpoint: &Endpoint) -> Result<Discovery, DiscoveryError> {
        let url = document_url(&endpoint.url());
        let answer = self
            .client
            .get(&url)
            .send()
            .map_err(DiscoveryError::Request)?;
        if let Answered::ByRedirect(server) = answer.answered {
            let page = answer.url.as_str();
            let uri = page.strip_suffix(DOCUMENT).unwrap_or(&server).to_owned();
            return Err(DiscoveryError::Elsewhere { url, server, uri });
        }
        if answer.is_web_page() {
            return Err(DiscoveryError::WebPage {
                status: answer.status_line(),
                url,
                host: endpoint.uri.to_string(),
            });
        }
        if answer.status != 200 {
            return Err(DiscoveryError::Status {
                status: answer.status_line(),
                url,
            });
        }
        let wrong = |reason| DiscoveryError::Document {
            reason,
            url: url.clone(),
        };
        let document = document::json(&answer.body).map_err(wrong)?;
        let discovery = document::parse(document.clone(), url.clone(), self.now).map_err(wrong)?;
        if let Some(cache) = &self.cache {
            cache.write(&endpoint.url(), document, self.now);
        }
        Ok(discovery)
    }
}

pub(crate) fn document_url(endpoint: &str) -> String {
    format!("{endpoint}{DOCUMENT}")
}

/// The services of the endpoints that the projects ship, where they have been for years: no request is needed for these.
/// An empty place is one that the endpoint is known not to have.
pub fn known_service(uri: &EndpointUri, kind: &ServiceKind) -> Option<&'static str> {
    let known = command::known_by_uri(uri.as_str())?;
    match kind {
        ServiceKind::Library => Some(known.library.unwrap_or_default()),
        ServiceKind::Keyserver => Some(known.keyserver),
        _ => None,
    }
}

impl Discovery {
    pub fn service(&self, kind: &ServiceKind) -> Result<&str, ServiceError> {
        match self.services.get(kind).map(String::as_str) {
            None => Err(ServiceError::Missing(kind.clone())),
            Some("") => Err(ServiceError::NoUri(kind.clone())),
            Some(uri) if !is_absolute_url(uri) => Err(ServiceError::NoUrl {
                kind: kind.clone(),
                uri: uri.to_owned(),
                document: self.url.clone(),
            }),
            Some(uri) => Ok(uri),
        }
    }

    /// All services and where they are, by name; a place can be empty.
    pub fn services(&self) -> impl Iterator<Item = (&ServiceKind, &str)> {
        self.services.iter().map(|(kind, uri)| (kind, uri.as_str()))
    }

    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }
}

/// Whether an address that a server names can be asked. The reader of URLs would overlook line breaks.
pub(crate) fn is_absolute_url(uri: &str) -> bool {
    let is_readable = !uri.chars().any(|character| {
        character == ' ' || is_hidden(character) || character == char::REPLACEMENT_CHARACTER
    });
    // Nor would it miss a host: it would take the path's first part for one.
    let has_host = uri
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.starts_with(['/', '\\']));
    is_readable
        && has_host
        && Url::parse(uri)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

impl DiscoveryError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Request(_) => true,
            Self::Status { status, .. } => status.starts_with('5'),
            _ => false,
        }
    }
}

impl ServiceKind {
    fn of_key(key: &str) -> Self {
        match key.strip_suffix("API").unwrap_or(key) {
            "builder" => Self::Builder,
            "consent" => Self::Consent,
            "keyserver" | "keystore" => Self::Keyserver,
            "library" => Self::Library,
            "token" => Self::Token,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Builder => "builder",
            Self::Consent => "consent",
            Self::Keyserver => "keyserver",
            Self::Library => "library",
            Self::Token => "token",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Ord for ServiceKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for ServiceKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
