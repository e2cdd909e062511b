//! A login to a registry, proven by the distribution protocol. Stores nothing. D13 of docs/compatibility.md.
//!
//! The registry is asked without a credential first; what it challenges with decides what it gets: the password itself
//! (Basic), or a token that its token service gives for the password (Bearer).

mod token;

use url::Url;

use super::challenge::{Challenge, challenges};
use crate::secret::{Secret, Stored};
use crate::service::Accepted;
use crate::service::http::{
    Answered, Authorization, Cause, Certificates, Client, HttpError, Options, Response,
};
use crate::service::message::ServerMessage;
use crate::uri::{RegistryUri, is_loopback};

pub use token::TokenFault;
use token::TokenRequest;

/// Whether a registry may be reached without proof of who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPolicy {
    /// By TLS with a checked certificate; plain http only on this machine.
    Verify,
    /// By any certificate, and by plain http.
    AllowInsecure,
}

impl TlsPolicy {
    pub fn of(insecure: bool) -> Self {
        match insecure {
            true => Self::AllowInsecure,
            false => Self::Verify,
        }
    }
}

/// Why a login failed, in the words of Docker's library where it has them. Nothing that is secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error(transparent)]
    Request(#[from] HttpError),
    #[error("login attempt to {url} failed with status: {status}")]
    Refused {
        url: String,
        status: String,
        said: Option<ServerMessage>,
    },
    #[error("Get {url:?}: {fault}")]
    Token { url: String, fault: TokenFault },
    /// The registry sends the password to a server that must not get it.
    #[error("the registry wants the password sent to {0:?}, which is not https")]
    PlainRealm(String),
    #[error("the registry sent the request on to {0}, whose answer verifies nothing")]
    Elsewhere(String),
    #[error("login attempt to {url} failed with status: {status}")]
    Schemes {
        url: String,
        status: String,
        schemes: String,
    },
    #[error("the registry wants a password, and a token is stored")]
    NoPassword,
    #[error("a user name can't have ':' in it")]
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Taken,
    NotAsked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginToCheck {
    Exchanged(Stored),
    RegistryToken(Secret),
}

/// Shows a registry a user and a password, and says what is to be stored of them. https first; plain http only where the
/// server has no TLS, and then only on this machine or with [`TlsPolicy::AllowInsecure`].
pub fn verify(
    options: &Options,
    tls_policy: TlsPolicy,
    registry: &RegistryUri,
    user: &str,
    password: &Secret,
) -> Result<Accepted<Stored>, LoginError> {
    if user.contains(':') {
        return Err(LoginError::User);
    }
    let login = Stored::Password {
        user: user.to_owned(),
        password: password.clone(),
    };
    let (client, base, answer) = ping(options, tls_policy, registry)?;
    let attempt = Attempt {
        client: &client,
        tls_policy,
        registry,
        base,
        login: &login,
        purpose: Purpose::Store,
    };
    if asks_nobody(&answer) {
        // Whoever opens to nobody in particular may still refuse a wrong password.
        let stored = attempt.with_password()?;
        return Ok(Accepted {
            stored,
            is_open: true,
        });
    }
    attempt.after(&answer).map(Accepted::verified)
}

/// Shows a registry that asks for a login the one that is stored, once, and asks for no further token.
pub fn check(
    options: &Options,
    tls_policy: TlsPolicy,
    registry: &RegistryUri,
    login: &LoginToCheck,
) -> Result<Checked, LoginError> {
    let (client, base, answer) = ping(options, tls_policy, registry)?;
    if asks_nobody(&answer) {
        return Ok(Checked::NotAsked);
    }
    let attempt = |login| Attempt {
        client: &client,
        tls_policy,
        registry,
        base: base.clone(),
        login,
        purpose: Purpose::Check,
    };
    match login {
        LoginToCheck::Exchanged(login) => attempt(login).after(&answer).map(|_| Checked::Taken),
        LoginToCheck::RegistryToken(token) => {
            let login = Stored::IdentityToken {
                user: String::new(),
                token: token.clone(),
            };
            let authorization = Authorization::Bearer(token.clone());
            let attempt = attempt(&login);
            let answer = attempt.ask_with(&authorization)?;
            match answer.status {
                200 => Ok(Checked::Taken),
                _ => Err(attempt.refused(&answer)),
            }
        }
    }
}

fn ping(
    options: &Options,
    tls_policy: TlsPolicy,
    registry: &RegistryUri,
) -> Result<(Client, String, Response), LoginError> {
    let certificates = match tls_policy {
        TlsPolicy::Verify => Certificates::Checked,
        TlsPolicy::AllowInsecure => Certificates::Unchecked,
    };
    let client = Client::new(Options {
        certificates,
        ..options.clone()
    });
    let may_be_plain = tls_policy == TlsPolicy::AllowInsecure || registry.is_loopback();
    let base = |scheme: &str| format!("{scheme}://{}/v2/", registry.api_host());
    let ask = |base: String| client.get(&base).send().map(|answer| (base, answer));
    let (base, answer) = match ask(base("https")) {
        Err(error) if speaks_no_tls(&error.cause, tls_policy) && may_be_plain => ask(base("http"))?,
        outcome => outcome?,
    };
    Ok((client, base, by_host(answer)?))
}

fn asks_nobody(answer: &Response) -> bool {
    let found = challenges(answer.header("www-authenticate"));
    let is_known = |challenge: &Challenge| matches!(challenge.scheme.as_str(), "basic" | "bearer");
    answer.status == 200 && !found.iter().any(is_known)
}

/// Whether plain http is worth a try. A certificate that can't be trusted is no reason for it. Some servers wait in silence
/// for the rest of what they take for a request.
fn speaks_no_tls(cause: &Cause, tls_policy: TlsPolicy) -> bool {
    match cause {
        Cause::NotTls | Cause::Refused | Cause::Reset | Cause::Closed | Cause::TimedOut(_) => true,
        Cause::Tls(_) | Cause::Other(_) => tls_policy == TlsPolicy::AllowInsecure,
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Store,
    Check,
}

struct Attempt<'a> {
    client: &'a Client,
    tls_policy: TlsPolicy,
    registry: &'a RegistryUri,
    base: String,
    login: &'a Stored,
    purpose: Purpose,
}

impl Attempt<'_> {
    fn after(&self, answer: &Response) -> Result<Stored, LoginError> {
        if !matches!(answer.status, 200 | 401) {
            return Err(self.refused(answer));
        }
        let found = challenges(answer.header("www-authenticate"));
        let of = |scheme: &str| found.iter().find(|challenge| challenge.scheme == scheme);
        match (of("bearer"), of("basic")) {
            (Some(bearer), basic) => match self.with_token(bearer, &answer.url) {
                Err(error) if basic.is_some() && !error.is_refusal() => self.with_password(),
                outcome => outcome,
            },
            (None, Some(_)) => self.with_password(),
            (None, None) => Err(self.no_scheme(answer, names(&found))),
        }
    }

    /// Shows the registry the password itself; a token for a token service is not for it.
    fn with_password(&self) -> Result<Stored, LoginError> {
        let answer = self.ask_with(&self.basic().ok_or(LoginError::NoPassword)?)?;
        match answer.status {
            200 => Ok(self.login.clone()),
            _ => Err(self.refused(&answer)),
        }
    }

    fn with_token(&self, challenge: &Challenge, asked: &Url) -> Result<Stored, LoginError> {
        let realm = self.realm(challenge, asked)?;
        let service = challenge.parameter("service").unwrap_or_default();
        let request = TokenRequest {
            login: self.login,
            service,
            wants_refresh_token: self.purpose == Purpose::Store,
        };
        let answer = match self.basic() {
            Some(basic) => {
                let url = request.url(&realm);
                Some(by_host(self.client.get(&url).credential(&basic).send()?)?)
            }
            None => None,
        };
        // This one wants what OAuth 2 has in place of the request that all others take.
        let answer = match answer {
            Some(answer) if !matches!(answer.status, 404 | 405) => answer,
            _ => by_host(self.client.post(realm.as_str(), request.form()).send()?)?,
        };
        let tokens =
            token::read(&answer, self.login.secret()).map_err(|fault| self.no_token(fault))?;
        let answer = self.ask_with(&Authorization::Bearer(tokens.access))?;
        match (answer.status, tokens.refresh) {
            (200, Some(token)) if self.purpose == Purpose::Store => Ok(Stored::IdentityToken {
                user: self.login.user().to_owned(),
                token,
            }),
            (200, _) => Ok(self.login.clone()),
            // Some take no token without a scope, and the password itself.
            (401, _) if wants_basic(&answer) => self.with_password(),
            _ => Err(self.refused(&answer)),
        }
    }

    fn ask_with(&self, authorization: &Authorization) -> Result<Response, LoginError> {
        by_host(
            self.client
                .get(&self.base)
                .credential(authorization)
                .send()?,
        )
    }

    /// Where the token service is, which can be written relative to the page that was asked. It gets the password: never
    /// over http but from one server of this machine to another, or with [`TlsPolicy::AllowInsecure`].
    fn realm(&self, challenge: &Challenge, asked: &Url) -> Result<Url, LoginError> {
        let wrong = || self.no_token(TokenFault::Realm);
        let written = challenge
            .parameter("realm")
            .filter(|realm| !realm.is_empty());
        let realm = asked
            .join(written.ok_or_else(wrong)?)
            .map_err(|_| wrong())?;
        let host = realm.host_str().ok_or_else(wrong)?;
        let stays_here = self.registry.is_loopback() && is_loopback(host);
        match realm.scheme() {
            "https" => Ok(realm),
            "http" if self.tls_policy == TlsPolicy::AllowInsecure || stays_here => Ok(realm),
            scheme => Err(LoginError::PlainRealm(format!("{scheme}://{host}"))),
        }
    }

    fn basic(&self) -> Option<Authorization> {
        match self.login {
            Stored::Password { user, password } => Some(Authorization::Basic {
                user: user.clone(),
                password: password.clone(),
            }),
            Stored::IdentityToken { .. } => None,
        }
    }

    fn refused(&self, answer: &Response) -> LoginError {
        LoginError::Refused {
            url: self.base.clone(),
            status: answer.status_line(),
            said: ServerMessage::find(answer, self.login.secret()),
        }
    }

    fn no_scheme(&self, answer: &Response, schemes: String) -> LoginError {
        LoginError::Schemes {
            url: self.base.clone(),
            status: answer.status_line(),
            schemes,
        }
    }

    fn no_token(&self, fault: TokenFault) -> LoginError {
        LoginError::Token {
            url: self.base.clone(),
            fault,
        }
    }
}

impl LoginError {
    pub fn is_about_login(&self) -> bool {
        match self {
            Self::Refused { status, .. } => status.starts_with("401") || status.starts_with("403"),
            Self::Token {
                fault: TokenFault::Refused { status, .. },
                ..
            } => matches!(status, 400 | 401 | 403),
            Self::NoPassword => true,
            _ => false,
        }
    }

    fn is_refusal(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Token { fault, .. } => {
                matches!(
                    fault,
                    TokenFault::Refused {
                        status: 400..=499,
                        ..
                    }
                )
            }
            _ => false,
        }
    }
}

fn wants_basic(answer: &Response) -> bool {
    challenges(answer.header("www-authenticate"))
        .iter()
        .any(|challenge| challenge.scheme == "basic")
}

fn by_host(answer: Response) -> Result<Response, LoginError> {
    match answer.answered {
        Answered::ByHost => Ok(answer),
        Answered::ByRedirect(other) => Err(LoginError::Elsewhere(other)),
    }
}

fn names(challenges: &[Challenge]) -> String {
    let names: Vec<&str> = challenges
        .iter()
        .map(|challenge| challenge.scheme.as_str())
        .collect();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}
