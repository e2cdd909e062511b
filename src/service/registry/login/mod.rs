//! A login to a registry, proven by the distribution protocol. Stores nothing. D13 of docs/compatibility.md.
//!
//! The registry is asked without a credential first; what it challenges with decides what it gets: the password itself
//! (Basic), or a token that its token service gives for the password (Bearer).

mod token;

use url::Url;

use super::challenge::{Challenge, challenges};
use crate::secret::{Secret, Stored};
use crate::service::http::{
    Answered, Authorization, Cause, Certificates, Client, HttpError, Options, Response,
};
use crate::uri::{RegistryUri, is_loopback};

pub use token::TokenFault;

/// Whether a registry may be reached without proof of who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPolicy {
    /// By TLS with a checked certificate; plain http only on this machine.
    Verify,
    /// By any certificate, and by plain http.
    AllowInsecure,
}

/// Why a login failed, in the words of Docker's library where it has them. Nothing that is secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// There is no answer.
    #[error(transparent)]
    Request(#[from] HttpError),
    /// The registry did not take the credential.
    #[error("login attempt to {url} failed with status: {status}")]
    Refused {
        /// Where.
        url: String,
        /// The status with its words.
        status: String,
    },
    /// The token service gave no token.
    #[error("Get {url:?}: {fault}")]
    Token {
        /// The registry's address.
        url: String,
        /// What the service did instead.
        fault: TokenFault,
    },
    /// The registry sends the password to a place where it must not go.
    #[error("the registry wants the password sent to {0:?}, which is not https")]
    PlainRealm(String),
    /// Another server answered.
    #[error("the registry sent the request on to {0}, whose answer verifies nothing")]
    Elsewhere(String),
    /// The registry challenges with nothing that is known.
    #[error("login attempt to {url} failed with status: {status}")]
    Schemes {
        /// Where.
        url: String,
        /// The status with its words.
        status: String,
        /// What it asks for.
        schemes: String,
    },
    /// A user's name that would be taken for another one and the beginning of a password.
    #[error("a user name can't have ':' in it")]
    User,
}

impl LoginError {
    /// What the message leaves out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Schemes { schemes, .. } => Some(format!(
                "the registry asks for {schemes} to prove a login; Basic and Bearer are known"
            )),
            _ => None,
        }
    }
}

/// Shows a registry a user and a password, and says what is to be stored of them. https first; plain http only where there
/// is no TLS, and then on this machine alone or without tls_policy.
///
/// # Errors
/// The registry does not take them, or does not answer.
pub fn verify(
    options: &Options,
    tls_policy: TlsPolicy,
    registry: &RegistryUri,
    user: &str,
    password: &Secret,
) -> Result<Stored, LoginError> {
    if user.contains(':') {
        return Err(LoginError::User);
    }
    let certificates = match tls_policy {
        TlsPolicy::Verify => Certificates::Checked,
        TlsPolicy::AllowInsecure => Certificates::Unchecked,
    };
    let client = Client::new(Options {
        certificates,
        ..options.clone()
    });
    let base = |scheme: &str| format!("{scheme}://{}/v2/", registry.api_host());
    let ping = |base: String| client.get(&base).send().map(|answer| (base, answer));
    let (base, answer) = match ping(base("https")) {
        Err(error) if may_be_plain(&error.cause, tls_policy, registry) => ping(base("http"))?,
        outcome => outcome?,
    };
    Attempt {
        client: &client,
        tls_policy,
        base,
        user,
        password,
    }
    .after(&asked(answer)?)
}

/// Whether plain http is worth a try, and allowed. A certificate that can't be trusted is no reason for it. Some servers
/// wait in silence for the rest of what they take for a request.
fn may_be_plain(cause: &Cause, tls_policy: TlsPolicy, registry: &RegistryUri) -> bool {
    match cause {
        Cause::NotTls | Cause::Refused | Cause::Reset | Cause::Closed | Cause::TimedOut(_) => {
            tls_policy == TlsPolicy::AllowInsecure || registry.is_loopback()
        }
        Cause::Tls(_) | Cause::Other(_) => tls_policy == TlsPolicy::AllowInsecure,
        _ => false,
    }
}

struct Attempt<'a> {
    client: &'a Client,
    tls_policy: TlsPolicy,
    base: String,
    user: &'a str,
    password: &'a Secret,
}

impl Attempt<'_> {
    /// Goes on where the first answer leads.
    fn after(&self, answer: &Response) -> Result<Stored, LoginError> {
        let found = match answer.status {
            200 => return Ok(self.password_itself()),
            401 => challenges(answer.header("www-authenticate")),
            _ => return Err(self.refused(answer)),
        };
        let of = |scheme: &str| found.iter().find(|challenge| challenge.scheme == scheme);
        match (of("bearer"), of("basic")) {
            (Some(bearer), None) => self.with_token(bearer),
            (Some(bearer), Some(_)) if bearer.parameter("realm").is_some() => {
                self.with_token(bearer)
            }
            (_, Some(_)) => self.with_password(),
            (None, None) => Err(LoginError::Schemes {
                url: self.base.clone(),
                status: answer.status_line(),
                schemes: names(&found),
            }),
        }
    }

    fn with_password(&self) -> Result<Stored, LoginError> {
        self.ask_with(&self.basic())?;
        Ok(self.password_itself())
    }

    fn with_token(&self, challenge: &Challenge) -> Result<Stored, LoginError> {
        let realm = self.realm(challenge)?;
        let service = challenge.parameter("service").unwrap_or_default();
        let url = token::url(&realm, self.user, service);
        let mut answer = asked(self.client.get(&url).credential(&self.basic()).send()?)?;
        // This one wants what OAuth 2 has in place of the request that all others take.
        if matches!(answer.status, 404 | 405) {
            let form = token::form(self.user, self.password, service);
            answer = asked(self.client.post(realm.as_str(), form).send()?)?;
        }
        let tokens = token::read(&answer, self.password).map_err(|fault| self.no_token(fault))?;
        self.ask_with(&Authorization::Bearer(tokens.access))?;
        Ok(match tokens.refresh {
            Some(token) => Stored::IdentityToken {
                user: self.user.to_owned(),
                token,
            },
            None => self.password_itself(),
        })
    }

    /// Asks the registry once more, with what should open it.
    fn ask_with(&self, credential: &Authorization) -> Result<(), LoginError> {
        let answer = asked(self.client.get(&self.base).credential(credential).send()?)?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(self.refused(&answer))
        }
    }

    /// Where the token service is. It gets the password: never over http but on this machine, or without tls_policy.
    fn realm(&self, challenge: &Challenge) -> Result<Url, LoginError> {
        let wrong = || self.no_token(TokenFault::Realm);
        let realm =
            Url::parse(challenge.parameter("realm").unwrap_or_default()).map_err(|_| wrong())?;
        let host = realm.host_str().ok_or_else(wrong)?;
        match realm.scheme() {
            "https" => Ok(realm),
            "http" if self.tls_policy == TlsPolicy::AllowInsecure || is_loopback(host) => Ok(realm),
            _ => Err(LoginError::PlainRealm(format!(
                "{}://{host}",
                realm.scheme()
            ))),
        }
    }

    fn basic(&self) -> Authorization {
        Authorization::Basic {
            user: self.user.to_owned(),
            password: self.password.clone(),
        }
    }

    fn password_itself(&self) -> Stored {
        Stored::Password {
            user: self.user.to_owned(),
            password: self.password.clone(),
        }
    }

    fn refused(&self, answer: &Response) -> LoginError {
        LoginError::Refused {
            url: self.base.clone(),
            status: answer.status_line(),
        }
    }

    fn no_token(&self, fault: TokenFault) -> LoginError {
        LoginError::Token {
            url: self.base.clone(),
            fault,
        }
    }
}

/// The answer, if it came from whom was asked.
fn asked(answer: Response) -> Result<Response, LoginError> {
    match answer.answered {
        Answered::ByHost => Ok(answer),
        Answered::ByRedirect(other) => Err(LoginError::Elsewhere(other)),
    }
}

/// What a registry asks for, in words.
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
