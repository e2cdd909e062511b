//! Why a request got no answer, in words that help. Never shows a secret: no header, no user or password of a URL, and no
//! address that a server made of them.

use std::error::Error;
use std::io;
use std::io::ErrorKind;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, OtherError};

use super::MOST_REDIRECTS;
use super::resolver::NoSuchHost;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Get {url:?}: {}{cause}", through(.proxy.as_deref()))]
pub struct HttpError {
    /// What was asked for last, without user and password; what was asked for first, if the last repeats the secret.
    pub url: String,
    pub proxy: Option<String>,
    pub cause: Cause,
    pub(super) problems: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("{0}")]
    Url(String),
    #[error("net/http: invalid header field value for \"Authorization\"")]
    Header,
    #[error("{0} names no proxy (http://HOST:PORT)")]
    Proxy(&'static str),
    #[error("the proxy refused to connect: {0}")]
    ProxyRefused(String),
    #[error("the certificate of an authority can't be read: {0}")]
    Authority(String),
    #[error("the server asks for a client certificate")]
    ClientCertificate,
    #[error("the client's certificate can't be used: {0}")]
    Identity(String),
    #[error("no such host: {0}")]
    NoSuchHost(String),
    #[error("connection refused")]
    Refused,
    #[error("connection reset")]
    Reset,
    /// The other side ended the connection before its answer was complete.
    #[error("connection closed before the answer was complete")]
    Closed,
    #[error("timed out after {}", seconds(.0))]
    TimedOut(Duration),
    #[error("certificate signed by unknown authority")]
    UnknownAuthority,
    #[error("certificate has expired")]
    Expired,
    #[error("certificate is not yet valid")]
    NotYetValid,
    #[error("certificate is valid for {valid}, not {asked}")]
    WrongHost { valid: String, asked: String },
    #[error("invalid certificate: {0}")]
    Certificate(String),
    #[error("not a TLS answer")]
    NotTls,
    #[error("TLS: {0}")]
    Tls(String),
    /// The server sent on from https to http.
    #[error("redirected from https to http")]
    Downgraded,
    #[error("redirected to {0}")]
    Astray(String),
    #[error("stopped after {MOST_REDIRECTS} redirects")]
    TooManyRedirects,
    #[error("body larger than 1 MiB")]
    TooLarge,
    #[error("not an HTTP answer")]
    NotHttp,
    #[error("{0}")]
    Other(String),
}

impl HttpError {
    pub fn authority_problems(&self) -> &[String] {
        &self.problems
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy
        .map(|proxy| format!("through the proxy {proxy}: "))
        .unwrap_or_default()
}

fn seconds(limit: &Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}

/// Finds the cause in what the HTTP stack reports: the innermost error that is known. `limit` is the time that was over
/// if it was the time, `connect_limit` the one for a connection.
pub(super) fn cause(
    error: &(dyn Error + 'static),
    limit: Duration,
    connect_limit: Duration,
) -> Cause {
    let mut found = None;
    let mut innermost = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<reqwest::Error>()
            && error.is_timeout()
        {
            return Cause::TimedOut(if error.is_connect() {
                limit.min(connect_limit)
            } else {
                limit
            });
        }
        found = known(error).or(found);
        innermost = error.to_string();
        // An io::Error that carries another passes over it in `source`.
        let carried = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = carried
            .map(|error| error as &(dyn Error + 'static))
            .or_else(|| error.source());
    }
    found.unwrap_or_else(|| match innermost.as_str() {
        // The HTTP stack has an error of its own for this status, and none for any other.
        "tunnel error: proxy authorization required" => {
            Cause::ProxyRefused("407 Proxy Authentication Required".to_owned())
        }
        "tunnel error: unsuccessful" => Cause::ProxyRefused(String::new()),
        _ => Cause::Other(printable(&innermost)),
    })
}

fn known(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(NoSuchHost(reason)) = error.downcast_ref() {
        return Some(Cause::NoSuchHost(reason.clone()));
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls_cause(error));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Some(Cause::Closed)
        } else {
            // Without a cause below it, it is about what came: also when a server speaks before it is asked.
            (error.is_parse() || error.source().is_none()).then_some(Cause::NotHttp)
        };
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(Cause::Refused),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            Some(Cause::Reset)
        }
        ErrorKind::UnexpectedEof => Some(Cause::Closed),
        _ => None,
    }
}

fn tls_cause(error: &rustls::Error) -> Cause {
    match error {
        rustls::Error::InvalidCertificate(fault) => certificate_cause(fault),
        rustls::Error::InvalidMessage(_) => Cause::NotTls,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => Cause::ClientCertificate,
        other => Cause::Tls(printable(&other.to_string())),
    }
}

fn certificate_cause(fault: &CertificateError) -> Cause {
    match fault {
        CertificateError::UnknownIssuer => Cause::UnknownAuthority,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Cause::NotYetValid
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names: Vec<String> = presented.iter().map(|name| printable(bare(name))).collect();
            let valid = if names.is_empty() {
                "no host".into()
            } else {
                names.join(", ")
            };
            Cause::WrongHost {
                valid,
                asked: expected.to_str().into_owned(),
            }
        }
        CertificateError::Other(OtherError(fault)) => {
            Cause::Certificate(printable(&fault.to_string()))
        }
        other => Cause::Certificate(printable(&other.to_string())),
    }
}

fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(name);
    inner.trim_matches('"')
}

/// Text that a server had a part in, without what could steer a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}
