//! What `status` found, for scripts.

use serde::Serialize;

use super::{CheckedService, RemoteReport, TokenStatus};
use crate::cli::ui::Ui;
use crate::cli::{json, time};
use crate::config::effective::{Remote, Token};
use crate::service::status::Health;
use crate::service::token;

/// What `status` shows, of one remote or of all.
#[derive(Serialize)]
struct StatusView<'a> {
    remotes: Vec<RemoteStatus<'a>>,
}

#[derive(Serialize)]
struct RemoteStatus<'a> {
    name: &'a str,
    uri: &'a str,
    /// `None` when the endpoint did not say what its services are.
    services: Option<Vec<ServiceStatus<'a>>>,
    login: &'static str,
    /// What the token says itself, which nothing vouches for.
    token_expires: Option<String>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct ServiceStatus<'a> {
    name: &'a str,
    uri: &'a str,
    up: bool,
    /// `None` when the service is down.
    version: Option<&'a str>,
}

/// Prints what was found of these remotes as one object.
pub(super) fn print(
    found: &[(&Remote<'_>, &anyhow::Result<RemoteReport>)],
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let remotes = found
        .iter()
        .map(|(remote, report)| status(remote, report))
        .collect();
    json::print("portolan.remote-status/1", &StatusView { remotes }, ui)
}

fn status<'a>(remote: &Remote<'a>, report: &'a anyhow::Result<RemoteReport>) -> RemoteStatus<'a> {
    let (services, login, problem) = match report {
        Ok(report) => {
            let login = match (&report.login, remote.token) {
                (TokenStatus::Valid, _) => "good",
                (TokenStatus::Invalid(_), _) => "bad",
                (TokenStatus::None, Token::Moved { .. }) => "moved",
                (TokenStatus::None, _) => "none",
            };
            let problem = match &report.login {
                TokenStatus::Invalid(error) => Some(error),
                TokenStatus::None | TokenStatus::Valid => None,
            };
            (
                Some(report.services.iter().map(service).collect()),
                login,
                problem,
            )
        }
        Err(error) => (None, "unknown", Some(error)),
    };
    let expires = match remote.token {
        Token::Stored(token) => token::expiry(token).map(time::date),
        Token::None | Token::Moved { .. } => None,
    };
    RemoteStatus {
        name: remote.name.as_str(),
        uri: remote.uri(),
        services,
        login,
        token_expires: expires,
        problem: problem.map(|error| format!("{error:#}")),
    }
}

fn service(service: &CheckedService) -> ServiceStatus<'_> {
    let version = match &service.health {
        Health::Up(version) => Some(version.as_str()),
        Health::Down => None,
    };
    ServiceStatus {
        name: service.kind.name(),
        uri: &service.uri,
        up: version.is_some(),
        version,
    }
}
