//! One HTTP client for everything that asks servers: limits, trust, redirects, proxies. Knows no service and no file but
//! the machine's authorities.
//!
//! Every request ends within its time limit, whatever the server does. A credential never goes to another host than it
//! was given for, and an [`Response`] tells when it came from another one (D21 of docs/compatibility.md). Nothing is
//! started before the first request.

mod error;
mod options;
mod proxy;
mod resolver;
mod trust;

use std::collections::HashSet;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, blocking, redirect, retry};
use url::{Origin, Url};

use crate::secret::Secret;
use crate::uri::without_user;

pub use error::{Cause, HttpError};
pub use options::{Certificates, Identity, Options, Trust};
pub use proxy::Proxies;

pub const MOST_REDIRECTS: usize = 5;

/// The longest body in bytes: hundreds of times what any service answers.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// The longest body of a redirect that is read to keep its connection: more is cheaper to throw away with it.
const LONGEST_REDIRECT: u64 = 16 * 1024;

/// What some servers write before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug)]
pub struct Client {
    options: Options,
    started: Mutex<Option<Started>>,
}

#[derive(Clone, Debug)]
struct Started {
    client: blocking::Client,
    verifier: Arc<trust::Verifier>,
    /// The servers that may have kept a connection.
    answered: Arc<Mutex<HashSet<Origin>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    Basic { user: String, password: Secret },
    Bearer(Secret),
}

#[derive(Debug)]
pub struct Request<'client> {
    client: &'client Client,
    url: String,
    authorization: Option<Authorization>,
    form: Option<Secret>,
    limit: Duration,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// The body, at most [`LONGEST_BODY`], without a byte order mark.
    pub body: Vec<u8>,
    /// The page that answered, without user and password. A server that redirects may have put the secret there.
    pub url: Url,
    pub answered: Answered,
    headers: HeaderMap,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    ByHost,
    /// Another one, `scheme://host:port`, that the asked one sent the request on to, without its credential. The answer
    /// verifies nothing, even if that one sent back to the asked server: it chose the page.
    ByRedirect(String),
}

impl Authorization {
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
        }
    }

    pub fn header(&self) -> Secret {
        match self {
            Self::Basic { user, password } => {
                let pair = Secret::new(format!("{user}:{}", password.expose()));
                Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())))
            }
            Self::Bearer(token) => Secret::new(format!("Bearer {}", token.expose())),
        }
    }
}

/// Runs `begin` so that the threads that it begins leave Ctrl-Z to this one, which at a prompt restores the terminal before it
/// stops.
fn leaving_stops_to_this_thread<T>(begin: impl FnOnce() -> T) -> T {
    let before = SigSet::from(Signal::SIGTSTP).thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let begun = begin();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    begun
}

impl Client {
    /// A client that asks as `options` say. It starts nothing and reads nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            started: Mutex::new(None),
        }
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A request for what is at `url`. A user and a password that stand in it are left out.
    pub fn get(&self, url: &str) -> Request<'_> {
        Request {
            client: self,
            url: url.to_owned(),
            authorization: None,
            form: None,
            limit: self.options.bounded(self.options.limit),
        }
    }

    /// A request that posts an encoded form to `url`. It follows no redirect: its body may hold a secret.
    pub fn post(&self, url: &str, form: Secret) -> Request<'_> {
        Request {
            form: Some(form),
            ..self.get(url)
        }
    }

    fn started(&self) -> Result<Started, Cause> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = &*started {
            return Ok(started.clone());
        }
        let (tls, verifier) = trust::tls(&self.options)?;
        let proxies = self.options.proxies.clone();
        let client = blocking::Client::builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(resolver::SystemResolver::new(
                self.options.connect_limit,
            )))
            // One rule for all of them, also for a host that a redirect leads to.
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.for_url(url).ok().flatten()
            }))
            .connect_timeout(self.options.connect_limit)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false);
        let client = leaving_stops_to_this_thread(|| client.build());
        let client = client.map_err(|error| {
            error::cause(&error, self.options.limit, self.options.connect_limit)
        })?;
        Ok(started
            .insert(Started {
                client,
                verifier,
                answered: Arc::default(),
            })
            .clone())
    }
}

impl Request<'_> {
    /// Sends `authorization` along, to the host of the URL and no other.
    pub fn credential(mut self, authorization: &Authorization) -> Self {
        self.authorization = Some(authorization.clone());
        self
    }

    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = self.client.options.bounded(limit);
        self
    }

    pub(super) fn shown_url(&self) -> String {
        without_user(&self.url).into_owned()
    }

    pub fn send(self) -> Result<Response, HttpError> {
        let begun = Instant::now();
        let asked = parse(&self.url).map_err(|cause| HttpError {
            url: self.shown_url(),
            proxy: None,
            cause,
            problems: Vec::new(),
        })?;
        let mut url = asked.clone();
        let mut answered = Answered::ByHost;
        for _ in 0..=MOST_REDIRECTS {
            let authorization = self
                .authorization
                .as_ref()
                .filter(|_| answered == Answered::ByHost);
            match self
                .hop(&url, authorization, begun)
                .map_err(|cause| self.error(&asked, &url, cause))?
            {
                Hop::Answer {
                    status,
                    headers,
                    body,
                } => {
                    return Ok(Response {
                        status,
                        body,
                        url,
                        answered,
                        headers,
                    });
                }
                Hop::To(next) => {
                    if !same(&asked, &next) {
                        let other = origin(&next);
                        let is_safe = !self.is_repeated_in(&other);
                        answered = Answered::ByRedirect(if is_safe {
                            other
                        } else {
                            "another server".to_owned()
                        });
                    }
                    url = next;
                }
            }
        }
        Err(self.error(&asked, &url, Cause::TooManyRedirects))
    }

    /// Whether a text repeats the secret of this request: a server may send it on to an address that does.
    fn is_repeated_in(&self, text: &str) -> bool {
        self.authorization
            .as_ref()
            .is_some_and(|authorization| authorization.secret().is_repeated_in(text))
    }

    fn hop(
        &self,
        url: &Url,
        authorization: Option<&Authorization>,
        begun: Instant,
    ) -> Result<Hop, Cause> {
        let mut response = self.fetch(url, authorization, begun)?;
        let status = response.status();
        if self.form.is_none()
            && let Some(next) = redirect_target(status, response.headers(), url)?
        {
            if response
                .content_length()
                .is_some_and(|length| length <= LONGEST_REDIRECT)
            {
                let _ = response.read_to_end(&mut Vec::new());
            }
            return Ok(Hop::To(next));
        }
        let mut body = Vec::new();
        // The time limit of the request bounds this as well.
        let read = response
            .by_ref()
            .take(LONGEST_BODY as u64 + 1)
            .read_to_end(&mut body);
        read.map_err(|error| self.cause(&error))?;
        if body.len() > LONGEST_BODY {
            return Err(Cause::TooLarge);
        }
        if body.starts_with(BYTE_ORDER_MARK) {
            body.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Hop::Answer {
            status: status.as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    /// Sends one request. A server may close a connection that it kept just when it is used again: then there is one more
    /// try, on a new one.
    fn fetch(
        &self,
        url: &Url,
        authorization: Option<&Authorization>,
        begun: Instant,
    ) -> Result<blocking::Response, Cause> {
        self.client.options.proxies.for_url(url)?;
        let header = authorization
            .map(|authorization| {
                HeaderValue::from_bytes(authorization.header().expose().as_bytes())
            })
            .transpose();
        let header = header.map_err(|_| Cause::Header)?;
        let Started {
            client, answered, ..
        } = self.client.started()?;
        let answered = || answered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = answered().contains(&url.origin());
        loop {
            let method = if self.form.is_some() {
                Method::POST
            } else {
                Method::GET
            };
            let mut request = blocking::Request::new(method, url.clone());
            if let Some(form) = &self.form {
                let encoded = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers_mut().insert(CONTENT_TYPE, encoded);
                *request.body_mut() = Some(form.expose().to_owned().into());
            }
            *request.timeout_mut() = Some(self.limit.saturating_sub(begun.elapsed()));
            if let Some(mut header) = header.clone() {
                header.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, header);
            }
            match client.execute(request).map_err(|error| self.cause(&error)) {
                Err(Cause::Closed | Cause::Reset) if kept => kept = false,
                Err(cause) => return Err(cause),
                Ok(response) => {
                    answered().insert(url.origin());
                    return Ok(response);
                }
            }
        }
    }

    fn cause(&self, error: &(dyn std::error::Error + 'static)) -> Cause {
        error::cause(error, self.limit, self.client.options.connect_limit)
    }

    fn error(&self, asked: &Url, last: &Url, cause: Cause) -> HttpError {
        let url = if self.is_repeated_in(last.as_str()) {
            asked
        } else {
            last
        };
        let unnamed = || Cause::Astray("an address that repeats the secret".to_owned());
        let proxy = self.client.options.proxies.for_url(last).ok().flatten();
        let cause = match &cause {
            Cause::ProxyRefused(status) if status.is_empty() => {
                let status = proxy.as_ref().and_then(|proxy| {
                    proxy::refusal(proxy, last, self.client.options.connect_limit)
                });
                Cause::ProxyRefused(status.unwrap_or_else(|| "it does not say why".to_owned()))
            }
            Cause::Astray(to) if self.is_repeated_in(to) => unnamed(),
            Cause::WrongHost { asked: host, .. } if last != asked && self.is_repeated_in(host) => {
                unnamed()
            }
            _ => cause,
        };
        let started = self
            .client
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let problems = started
            .as_ref()
            .map(|started| started.verifier.problems().to_vec())
            .unwrap_or_default();
        HttpError {
            url: url.to_string(),
            proxy: proxy.map(|proxy| origin(&proxy)),
            cause,
            problems,
        }
    }
}

impl Response {
    pub fn header(&self, name: &str) -> impl Iterator<Item = String> {
        self.headers
            .get_all(name)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    pub(super) fn is_web_page(&self) -> bool {
        let begin = String::from_utf8_lossy(&self.body[..self.body.len().min(256)]);
        let begin = begin.trim_start().to_ascii_lowercase();
        self.header("content-type")
            .any(|kind| kind.contains("html"))
            || ["<!doctype html", "<html"]
                .iter()
                .any(|mark| begin.starts_with(mark))
    }

    pub fn status_line(&self) -> String {
        match StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
        {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }
}

enum Hop {
    Answer {
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
    },
    To(Url),
}

fn parse(text: &str) -> Result<Url, Cause> {
    let mut url = Url::parse(text).map_err(|error| Cause::Url(error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Cause::Url(format!(
            "unsupported protocol scheme {:?}",
            url.scheme()
        )));
    }
    clear(&mut url);
    Ok(url)
}

fn clear(url: &mut Url) {
    // These fail only for a URL that can have no user at all.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
}

fn same(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn origin(url: &Url) -> String {
    let port = url
        .port_or_known_default()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!(
        "{}://{}{port}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    )
}

fn redirect_target(
    status: StatusCode,
    headers: &HeaderMap,
    from: &Url,
) -> Result<Option<Url>, Cause> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut next = from
        .join(&location)
        .map_err(|_| Cause::Astray("no URL".to_owned()))?;
    clear(&mut next);
    match (from.scheme(), next.scheme()) {
        ("https", "http") => Err(Cause::Downgraded),
        (_, "https" | "http") => Ok(Some(next)),
        (_, scheme) => Err(Cause::Astray(format!("{scheme}:, which is not on the web"))),
    }
}
