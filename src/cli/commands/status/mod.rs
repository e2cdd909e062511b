//! `remote status`: which services of an endpoint work, and whether the login there is still good. Writes nothing but the
//! cache of what the endpoint says. D11 and D21 of docs/compatibility.md.

mod view;

use std::borrow::Cow;
use std::time::Duration;
use std::{iter, thread};

use anyhow::anyhow;
use clap::Args;

use crate::cli::advice::changes;
use crate::cli::args::{ServerOptions, parse_time};
use crate::cli::context::Context;
use crate::cli::failure::{Advise as _, Outcome};
use crate::cli::network::Limits;
use crate::cli::next_step::Peer;
use crate::cli::secrets;
use crate::cli::services::library_advice;
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::view::{load_files, load_for, warn};
use crate::cli::{failure, network, next_step, target, time};
use crate::config::effective::{Remote, Token};
use crate::name::RemoteName;
use crate::secret::Secret;
use crate::service::discovery::{ServiceError, ServiceKind};
use crate::service::http::Client;
use crate::service::status::Health;
use crate::service::token::Lifetime;
use crate::service::user::LibraryUser;
use crate::service::{at_once, status, token, user};
use crate::text;

/// Check the services of a remote endpoint, and your login
///
/// Asks the endpoint for its services, each service for its version, and the token service for the state of your access
/// token. Without a name, the active remote is meant. --offline looks only at the stored token.
///
/// The exit code is 0 when the endpoint answers and your token, if you have one, is good.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote status
  portolan remote status --all
  portolan remote status --require-login --valid-for 24h
  portolan remote status --all --json")]
pub(crate) struct StatusArgs {
    /// Check every remote
    #[arg(short, long, conflicts_with = "name")]
    all: bool,
    /// Fail when you are not logged in
    #[arg(long, conflicts_with = "all")]
    require_login: bool,
    /// Fail also when the token ends within this time, such as 24h or 7days
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "require_login")]
    valid_for: Option<Duration>,
    #[command(flatten)]
    servers: ServerOptions,
    /// The name of the remote
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// How many remotes are checked at once, each with all its services: more than most sites have, in threads that a user may have.
const AT_ONCE: usize = 26;

const LIMITS: Limits = Limits {
    one: Duration::from_secs(10),
    all: Duration::from_secs(15),
};

#[derive(Debug, thiserror::Error)]
#[error("it was not asked, because the time was over")]
struct NotAsked;

struct RemoteReport {
    services: Option<Vec<CheckedService>>,
    login: TokenStatus,
    user: Option<LibraryUser>,
    faults: Vec<ServiceError>,
}

struct CheckedService {
    kind: ServiceKind,
    uri: String,
    health: Health,
}

enum TokenStatus {
    None,
    Valid,
    Invalid(anyhow::Error),
    Stored,
    Unknown(anyhow::Error),
}

impl TokenStatus {
    fn verdict(&self) -> &'static str {
        match self {
            Self::None => "No authentication token set (logged out).",
            Self::Valid => "Valid authentication token set (logged in).",
            Self::Invalid(_) => "Authentication token is invalid (please login again).",
            Self::Stored => "Authentication token set, not verified.",
            Self::Unknown(_) => "Whether the authentication token is valid is not known.",
        }
    }
}

pub(crate) fn run(args: &StatusArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    if args.all {
        return run_for_all(&args.servers, context, ui);
    }
    let word = args.name.as_deref().filter(|name| !name.is_empty());
    let name = word.map(RemoteName::found);
    match &name {
        Some(name) => ui.info(format!("Checking status of remote: {name}")),
        None => ui.info("Checking status of default remote."),
    }
    let layers = load_for(word, context)?;
    let effective = layers.merge();
    warn(&effective, context, ui);
    let remote = target::named_or_active(&effective, name.as_ref(), &context.typed)?;
    let waiting = ui.spinner("asking the services");
    let report = if args.servers.offline {
        Ok(stored(remote))
    } else {
        let client = args.servers.client(Limits::ONE_ENDPOINT, context);
        examine(remote, &client, context)
    };
    drop(waiting);
    if ui.json {
        view::print(&[(remote, &report)], ui)?;
        let report = report?;
        warn_of_faults(&report, ui);
        report_token(remote, context, ui);
        return conclude(report, remote, args, context);
    }
    let report = report?;
    if let Some(services) = &report.services {
        let safe = |cell: Cow<'_, str>| ui.cell(&cell).into_owned();
        let rows = services.iter().map(|service| row(service).map(safe));
        let head = ["SERVICE", "STATUS", "VERSION", "URI"].map(str::to_owned);
        let table = columns(&iter::once(head).chain(rows).collect::<Vec<_>>());
        ui.print(&format!("{table}\n"))?;
    }
    if let Some(user) = &report.user {
        let user = ui.cell(&user.to_string()).into_owned();
        ui.print(&format!("Logged in as: {user}\n\n\n"))?;
    }
    if matches!(report.login, TokenStatus::Valid) {
        ui.info("Access Token Verified!");
    }
    ui.print(&format!("{}\n", report.login.verdict()))?;
    warn_of_faults(&report, ui);
    report_token(remote, context, ui);
    let is_library =
        |service: &CheckedService| service.kind == ServiceKind::Library && !service.uri.is_empty();
    let mut services = report.services.iter().flatten();
    if ui.stderr_is_terminal && report.services.is_some() && !services.any(is_library) {
        ui.info(format!(
            "{} has no library: library:// images come from another remote.",
            remote.name
        ));
        ui.advice(&library_advice(&effective), true);
    }
    conclude(report, remote, args, context)
}

fn warn_of_faults(report: &RemoteReport, ui: &mut Ui) {
    for fault in &report.faults {
        ui.warning(text::capitalised(&fault.to_string()));
    }
}

/// A bad token is a failure of the command, whatever was shown; one that is missing or ends too soon only where a login is
/// required.
fn conclude(
    report: RemoteReport,
    remote: &Remote<'_>,
    args: &StatusArgs,
    context: &Context,
) -> anyhow::Result<Outcome> {
    let name = remote.name;
    let again = || format!("To log in:\n  portolan remote login {}", name.word());
    match report.login {
        TokenStatus::Invalid(error) | TokenStatus::Unknown(error) => return Err(error),
        TokenStatus::None if args.require_login => {
            return Err(anyhow!("not logged in to {name}").advise(again()));
        }
        TokenStatus::None | TokenStatus::Valid | TokenStatus::Stored => {}
    }
    let Token::Stored(token) = remote.token else {
        return Ok(Outcome::Done);
    };
    let error = match (token::expiry(token), args.valid_for) {
        (Some(end), _) if args.require_login && end <= context.now => {
            anyhow!(
                "the token for {name} expired {} ago",
                time::span(end, context.now)
            )
        }
        (Some(end), Some(span)) if end < context.now + span => anyhow!(
            "the token for {name} is valid for {} more",
            time::span(context.now, end)
        ),
        _ => return Ok(Outcome::Done),
    };
    Err(error.advise(again()))
}

/// Every remote, all at once; one that fails is a row of the table, and a failure of the command at its end.
fn run_for_all(options: &ServerOptions, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let layers = load_files(context)?;
    let effective = layers.merge();
    warn(&effective, context, ui);
    let limits = options.limits(LIMITS);
    let client = options.client(limits, context);
    let remotes: Vec<&Remote<'_>> = effective.remotes().collect();
    let waiting = ui.spinner(network::asking("the services of every remote", limits));
    let until = client.options().until;
    let reports = at_once(&remotes, AT_ONCE, until, |remote| match options.offline {
        true => Ok(stored(remote)),
        false => examine(remote, &client, context),
    });
    drop(waiting);
    let reports: Vec<_> = reports
        .into_iter()
        .map(|report| report.unwrap_or_else(|| Err(NotAsked.into())))
        .collect();
    let found: Vec<_> = remotes.iter().copied().zip(&reports).collect();
    if ui.json {
        view::print(&found, ui)?;
    } else {
        ui.print(&tables(&found, ui))?;
    }
    let mut failed = Vec::new();
    let mut not_asked = Vec::new();
    for (remote, report) in remotes.iter().zip(reports) {
        report_token(remote, context, ui);
        match report {
            Err(error) if error.is::<NotAsked>() => not_asked.push(remote.name),
            Ok(RemoteReport {
                login: TokenStatus::Invalid(error) | TokenStatus::Unknown(error),
                ..
            })
            | Err(error) => {
                ui.error(format!("{}: {error:#}", remote.name));
                failure::print_advice(&error, ui);
                failed.push(remote.name);
            }
            Ok(report) => warn_of_faults(&report, ui),
        }
    }
    network::warn_of_not_asked(&not_asked, limits, ui);
    match (failed.is_empty(), not_asked.len()) {
        (true, 0) => Ok(Outcome::Done),
        (true, number) => Err(anyhow!(
            "{} remotes were not asked",
            text::with_commas(number)
        )),
        (false, _) => Err(anyhow!(
            "not all is well with: {}",
            text::first_names(failed)
        )),
    }
}

fn tables(found: &[(&Remote<'_>, &anyhow::Result<RemoteReport>)], ui: &Ui) -> String {
    let mut rows = vec![["NAME", "SERVICE", "STATUS", "VERSION", "URI"].map(Cow::Borrowed)];
    let mut verdicts = vec![["NAME", "LOGIN"].map(Cow::Borrowed)];
    for (remote, report) in found {
        let name = Cow::Borrowed(remote.name.as_str());
        let verdict = match report {
            Ok(report) => {
                rows.extend(report.services.iter().flatten().map(|service| {
                    let [kind, health, version, uri] = row(service);
                    [name.clone(), kind, health, version, uri]
                }));
                match (&report.user, &report.login) {
                    (Some(user), TokenStatus::Valid) => Cow::Owned(format!("Logged in as {user}.")),
                    _ => Cow::Borrowed(report.login.verdict()),
                }
            }
            Err(_) => {
                rows.push(
                    [&name, "", "N/A", "", remote.uri()].map(|cell| Cow::Owned(cell.to_owned())),
                );
                Cow::Borrowed("Not known.")
            }
        };
        verdicts.push([name, verdict]);
    }
    match rows.len() {
        1 => ui.table(verdicts),
        _ => format!("{}\n{}", ui.table(rows), ui.table(verdicts)),
    }
}

fn stored(remote: &Remote<'_>) -> RemoteReport {
    let login = match remote.token {
        Token::Stored(_) => TokenStatus::Stored,
        Token::Elsewhere(token) if !token.is_gone => TokenStatus::Stored,
        _ => TokenStatus::None,
    };
    RemoteReport {
        services: None,
        login,
        user: None,
        faults: Vec::new(),
    }
}

/// Asks the endpoint for its services, then all of these and the token service at once: the slowest decides.
fn examine(
    remote: &Remote<'_>,
    client: &Client,
    context: &Context,
) -> anyhow::Result<RemoteReport> {
    let endpoint = network::endpoint(remote).map_err(|error| match remote.uri() {
        "" => anyhow!("while retrieving services: no endpoint URI")
            .advise_person(changes::no_uri(remote)),
        _ => anyhow::Error::from(error).context("while retrieving services"),
    })?;
    let explain = |error: anyhow::Error| next_step::explain(error, Peer::Endpoint(remote));
    let discovery = network::discover(client, &endpoint, context)
        .map_err(|error| explain(error.into()).context("while retrieving services"))?;
    let services: Vec<_> = discovery
        .services()
        .map(|(kind, uri)| (kind.clone(), uri.to_owned()))
        .collect();
    let faults = discovery
        .services()
        .filter_map(|(kind, _)| discovery.service(kind).err())
        .filter(|fault| matches!(fault, ServiceError::NoUrl { .. }))
        .collect();
    let token = match remote.token {
        Token::Elsewhere(token) if token.is_gone => Ok(None),
        _ => secrets::token_and_complaint(remote, context).map(|(token, _)| token),
    };
    let find_user = |token: &Secret| {
        let library = discovery.service(&ServiceKind::Library).ok()?;
        let user = user::current(client, &endpoint, library, token).ok()?;
        (!user.name.is_empty()).then_some(user)
    };
    let verify = |token: &Secret| match token::verify(client, &endpoint, &discovery, token) {
        Ok(()) => TokenStatus::Valid,
        Err(error) if error.is_invalid() => TokenStatus::Invalid(explain(error.into())),
        Err(error) => TokenStatus::Unknown(explain(error.into())),
    };
    let ((health, user), login) = both(
        &|| {
            both(&|| status::check(client, services.clone()), || {
                find_user(token.as_ref().ok()?.as_ref()?)
            })
        },
        || match &token {
            Ok(Some(token)) => verify(token),
            _ => TokenStatus::None,
        },
    );
    let checked = services.into_iter().zip(health);
    let checked = checked.map(|((kind, uri), (_, health))| CheckedService { kind, uri, health });
    Ok(RemoteReport {
        services: Some(checked.collect()),
        login: token.map_or_else(TokenStatus::Unknown, |_| login),
        user,
        faults,
    })
}

fn both<A: Send, B>(first: &(impl Fn() -> A + Sync), second: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let begun = thread::Builder::new().spawn_scoped(scope, first);
        let second = second();
        let done = begun.ok().and_then(|thread| thread.join().ok());
        (done.unwrap_or_else(first), second)
    })
}

fn report_token(remote: &Remote<'_>, context: &Context, ui: &mut Ui) {
    let name = remote.name;
    match remote.token {
        Token::None | Token::Elsewhere(_) => {}
        Token::Moved { stored_for } => ui.warning(format!(
            "Your token for {name} is for {stored_for}; the remote is now at {}, and the token is not sent there. To log in again:\n  portolan remote login {}",
            remote.uri(),
            name.word()
        )),
        Token::Stored(token) => {
            let Some(end) = token::expiry(token) else {
                return;
            };
            match Lifetime::until(end, context.now) {
                Lifetime::Expired => ui.warning(format!(
                    "The token for {name} expired {} ago",
                    time::span(end, context.now)
                )),
                Lifetime::Ending => ui.warning(format!(
                    "The token for {name} is valid for {} more",
                    time::span(context.now, end)
                )),
                Lifetime::Long => ui.info(format!(
                    "The token for {name} is valid until {}",
                    time::date(end)
                )),
            }
        }
    }
}

fn row(service: &CheckedService) -> [Cow<'_, str>; 4] {
    let (status, version) = match &service.health {
        Health::Up(version) => ("OK", version.as_str()),
        Health::Down => ("N/A", ""),
    };
    [
        Cow::Owned(capitalised(service.kind.name())),
        Cow::Borrowed(status),
        Cow::Borrowed(version),
        Cow::Borrowed(&service.uri),
    ]
}

fn capitalised(name: &str) -> String {
    let mut begins = true;
    name.chars()
        .map(|character| {
            let shown = if begins {
                character.to_uppercase().next().unwrap_or(character)
            } else {
                character
            };
            begins = !character.is_alphanumeric() && character != '_' && character != '\'';
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_name_begins_with_a_capital() {
        assert_eq!(capitalised("library"), "Library");
        assert_eq!(capitalised("my thing"), "My Thing");
        assert_eq!(capitalised("myThing"), "MyThing");
    }
}
