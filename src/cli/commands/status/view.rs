//! What `status` found, for scripts.

use serde::Serialize;

use super::{CheckedService, RemoteReport, TokenStatus};
use crate::cli::ui::Ui;
use crate::cli::{json, time};
use crate::config::effective::{Remote, Token};
use crate::service::status::Health;
use crate::service::token;
use crate::service::user::LibraryUser;

#[derive(Serialize)]
struct StatusView<'a> {
    remotes: Vec<RemoteStatus<'a>>,
}

#[derive(Serialize)]
struct RemoteStatus<'a> {
    name: &'a str,
    uri: &'a str,
    insecure: bool,
    services: Option<Vec<ServiceStatus<'a>>>,
    login: &'static str,
    token: Option<&'static str>,
    logged_in_as: Option<&'a LibraryUser>,
    /// What the token says itself, which nothing vouches for.
    token_expires: Option<String>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct ServiceStatus<'a> {
    name: &'a str,
    uri: &'a str,
    up: bool,
    version: Option<&'a str>,
}

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
    let sent = match remote.token {
        Token::Stored(token) => Some(token),
        Token::None | Token::Moved { .. } | Token::Elsewhere(_) => None,
    };
    let (login, token, problem) = match report.as_ref().map(|report| &report.login) {
        Ok(TokenStatus::Valid) => ("good", Some("valid"), None),
        Ok(TokenStatus::Invalid(error)) => ("bad", Some("invalid"), Some(error)),
        Ok(TokenStatus::None) => match remote.token {
            Token::Moved { .. } => ("moved", None, None),
            Token::Elsewhere(_) => ("gone", None, None),
            _ => ("none", None, None),
        },
        Ok(TokenStatus::Stored) => ("unknown", Some("unknown"), None),
        Ok(TokenStatus::Unknown(error)) | Err(error) => {
            ("unknown", sent.map(|_| "unknown"), Some(error))
        }
    };
    let report = report.as_ref().ok();
    RemoteStatus {
        name: remote.name.as_str(),
        uri: remote.uri(),
        insecure: remote.is_insecure(),
        services: report
            .and_then(|report| report.services.as_ref())
            .map(|services| services.iter().map(service).collect()),
        login,
        token,
        logged_in_as: report.and_then(|report| report.user.as_ref()),
        token_expires: sent.and_then(token::expiry).map(time::date),
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
