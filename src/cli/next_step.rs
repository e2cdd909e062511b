//! What to do next when a server fails, by what it was asked as. Pure.

use std::error::Error;
use std::fmt;

use crate::cli::failure::Advise;
use crate::config::effective::Remote;
use crate::service::discovery::DiscoveryError;
use crate::service::http::{Cause, HttpError};
use crate::service::keyserver::KeyserverRequestError;
use crate::service::registry::login::LoginError;
use crate::service::token::TokenError;
use crate::service::user::UserError;
use crate::text::ShellWord;
use crate::uri::RegistryUri;

#[derive(Clone, Copy)]
pub(crate) enum Peer<'a> {
    Endpoint(&'a Remote<'a>),
    Keyserver(&'a str),
    Registry { uri: &'a RegistryUri, user: &'a str },
}

pub(crate) struct NextStep {
    words: String,
    command: Option<String>,
}

pub(crate) fn explain(error: anyhow::Error, peer: Peer<'_>) -> anyhow::Error {
    let shown = format!("{error:#}");
    let said = error.chain().find_map(said);
    let step = error.chain().find_map(|cause| next_step(cause, peer));
    // These messages of the reference are whole.
    let is_for_person = error.chain().any(|cause| {
        is_invalid_token(cause)
            || is_refused_login(cause)
            || matches!(cause.downcast_ref(), Some(TokenError::Refused { .. }))
            || matches!(cause.downcast_ref(), Some(LoginError::Schemes { .. }))
    });
    let error = match (said, peer) {
        // A keyserver's words add little to its status.
        (Some(said), Peer::Keyserver(_)) => {
            error.advise_person(format!("The keyserver says: {said}"))
        }
        (Some(said), Peer::Registry { .. }) => error.advise(format!("The registry says: {said}")),
        (Some(said), Peer::Endpoint(_)) if !shown.contains(&said) => {
            error.advise(format!("The token service says: {said}"))
        }
        _ => error,
    };
    match step {
        Some(step) if is_for_person => error.advise_person(step.to_string()),
        Some(step) => error.advise(step.to_string()),
        None => error,
    }
}

fn said(cause: &(dyn Error + 'static)) -> Option<String> {
    let said = if let Some(LoginError::Refused { said, .. }) = cause.downcast_ref() {
        said
    } else if let Some(TokenError::Refused { said, .. }) = cause.downcast_ref() {
        said
    } else if let Some(KeyserverRequestError::Refused { said, .. }) = cause.downcast_ref() {
        said
    } else {
        return None;
    };
    said.as_ref().map(ToString::to_string)
}

pub(crate) fn next_step(cause: &(dyn Error + 'static), peer: Peer<'_>) -> Option<NextStep> {
    if let Some(error) = cause.downcast_ref::<HttpError>() {
        return after_no_answer(error, peer);
    }
    match peer {
        Peer::Endpoint(remote) => {
            if let Some(error) = cause.downcast_ref::<DiscoveryError>() {
                return after_discovery(error, remote);
            }
            if let Some(TokenError::Refused { status, .. }) = cause.downcast_ref()
                && !is_invalid_token(cause)
            {
                return Some(NextStep::words(format!(
                    "The token service answered with status {status}: whether the token is good is not known."
                )));
            }
            is_invalid_token(cause).then(|| NextStep {
                words: format!(
                    "The token is wrong, has expired or was revoked. Make a new one at {}/auth/tokens, then:",
                    url(remote)
                ),
                command: Some(format!("portolan remote login {}", remote.name.word())),
            })
        }
        Peer::Registry { uri, user } => after_login(cause.downcast_ref()?, uri, user),
        Peer::Keyserver(uri) => is_refused_login(cause).then(|| NextStep {
            words: "The keyserver does not take this login. To try again:".to_owned(),
            command: Some(format!(
                "portolan keyserver login --username <NAME> {}",
                ShellWord(uri)
            )),
        }),
    }
}

fn is_refused_login(cause: &(dyn Error + 'static)) -> bool {
    let by_keyserver = match cause.downcast_ref() {
        Some(KeyserverRequestError::Refused { status, .. }) => {
            status.starts_with("401") || status.starts_with("403")
        }
        _ => false,
    };
    by_keyserver || cause.downcast_ref().is_some_and(LoginError::is_about_login)
}

fn is_invalid_token(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref().is_some_and(TokenError::is_invalid)
        || matches!(cause.downcast_ref(), Some(UserError::NotLoggedIn))
}

fn after_discovery(error: &DiscoveryError, remote: &Remote<'_>) -> Option<NextStep> {
    match error {
        DiscoveryError::Elsewhere { uri, .. } if remote.is_global() => Some(NextStep {
            words: "To use that endpoint under a name of your own, if you trust it:".to_owned(),
            command: Some(format!(
                "portolan remote add {} {}",
                ShellWord(uri.rsplit("://").next().unwrap_or(uri)),
                ShellWord(uri)
            )),
        }),
        DiscoveryError::Elsewhere { uri, .. } => Some(NextStep {
            words: "To use that endpoint in its place, if you trust it:".to_owned(),
            command: Some(set_url(remote, "", uri)),
        }),
        _ => None,
    }
}

fn after_login(error: &LoginError, uri: &RegistryUri, user: &str) -> Option<NextStep> {
    match error {
        LoginError::Request(error) => after_no_answer(error, Peer::Registry { uri, user }),
        LoginError::Elsewhere(server) => Some(NextStep {
            words: "To log in to that registry, if you trust it:".to_owned(),
            command: Some(log_in("", server.rsplit("://").next()?, user)),
        }),
        LoginError::PlainRealm(_) => Some(NextStep {
            words: "Others on the way could read the password. To send it all the same:".to_owned(),
            command: Some(log_in("--insecure ", &address(uri), user)),
        }),
        LoginError::Schemes { schemes, .. } => Some(NextStep::words(format!(
            "The registry asks for {schemes} to verify a login; Basic and Bearer are known."
        ))),
        LoginError::NoPassword => None,
        _ if error.is_about_login() => Some(NextStep {
            words: "The registry does not take this user and password. To try again:".to_owned(),
            command: Some(log_in("", &address(uri), user)),
        }),
        _ => None,
    }
}

fn after_no_answer(error: &HttpError, peer: Peer<'_>) -> Option<NextStep> {
    let words = match &error.cause {
        Cause::UnknownAuthority => {
            let problems = error.authority_problems().iter();
            let problems: String = problems.map(|problem| format!("{problem}. ")).collect();
            let file = match peer {
                Peer::Registry { uri, .. } => format!(
                    "put its certificate into /etc/containers/certs.d/{}/ca.crt, which the runtime reads too",
                    uri.api_host()
                ),
                _ => "add its certificate to this machine's".to_owned(),
            };
            format!(
                "{problems}If this is your site's own authority, {file}, or name the file that has it in SSL_CERT_FILE."
            )
        }
        Cause::Expired => {
            "The server needs a new certificate, if the clock of this machine is right.".to_owned()
        }
        Cause::NotYetValid => "Check the clock of this machine.".to_owned(),
        Cause::ClientCertificate => match peer {
            Peer::Registry { uri, .. } => {
                let directory = format!("/etc/containers/certs.d/{}", uri.api_host());
                format!("Put yours into {directory}/client.cert, and its key into {directory}/client.key.")
            }
            _ => "Only registries get a client certificate. Ask the server's operator for an address without.".to_owned(),
        },
        Cause::ProxyRefused(status) if status.starts_with("407") => {
            "Give HTTPS_PROXY a user and a password that the proxy knows: http://USER:PASSWORD@HOST:PORT.".to_owned()
        }
        Cause::ProxyRefused(_) => {
            "Ask who runs the proxy, or name the server in NO_PROXY if it can be reached without.".to_owned()
        }
        Cause::NotTls | Cause::NotHttp => return with_other_scheme(error, peer),
        _ => return None,
    };
    Some(NextStep::words(words))
}

fn with_other_scheme(error: &HttpError, peer: Peer<'_>) -> Option<NextStep> {
    let (words, command) = match (&error.cause, peer) {
        (Cause::NotTls, _) => (
            "The server may speak plain http, which others on the way can read. To use it all the same:",
            match peer {
                Peer::Endpoint(remote) => {
                    set_url(remote, "--insecure ", &format!("http://{}", remote.uri()))
                }
                Peer::Registry { uri, user } => log_in("--insecure ", &address(uri), user),
                Peer::Keyserver(uri) => format!(
                    "sudo portolan keyserver add --insecure {}",
                    ShellWord(&uri.replacen("s://", "://", 1))
                ),
            },
        ),
        (Cause::NotHttp, Peer::Endpoint(remote)) if error.url.starts_with("http:") => (
            "The server may speak https. To use that:",
            set_url(remote, "", &format!("https://{}", remote.uri())),
        ),
        _ => return None,
    };
    Some(NextStep {
        words: words.to_owned(),
        command: Some(command),
    })
}

fn url(remote: &Remote<'_>) -> String {
    let scheme = if remote.is_insecure() {
        "http"
    } else {
        "https"
    };
    format!("{scheme}://{}", remote.uri())
}

fn set_url(remote: &Remote<'_>, flags: &str, uri: &str) -> String {
    let (sudo, global) = match remote.is_global() {
        true => ("sudo ", "--global "),
        false => ("", ""),
    };
    format!(
        "{sudo}portolan remote set-url {global}{flags}{} {}",
        remote.name.word(),
        ShellWord(uri)
    )
}

fn log_in(flags: &str, registry: &str, user: &str) -> String {
    format!(
        "portolan registry login {flags}--username {} {}",
        ShellWord(user),
        ShellWord(registry)
    )
}

fn address(uri: &RegistryUri) -> String {
    format!("{}{}", uri.host(), uri.path())
}

impl NextStep {
    fn words(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            command: None,
        }
    }

    pub(crate) fn into_line(self) -> String {
        self.command.unwrap_or(self.words)
    }
}

impl fmt::Display for NextStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)?;
        match &self.command {
            Some(command) => write!(formatter, "\n  {command}"),
            None => Ok(()),
        }
    }
}
