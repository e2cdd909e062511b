//! `remote list`: every remote, the active one's keyservers, the logins. Writes nothing.

use std::borrow::Cow;

use clap::Args;
use serde::Serialize;

use crate::cli::args::EndpointOptions;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::login_list::{ListedLogin, Listing};
use crate::cli::network::{InternalKeyserverError, Limits};
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::{json, login_list, network, view};
use crate::config::document::KeyserverEntry;
use crate::config::effective::Remote;
use crate::installation::RemoteView;
use crate::runtime::Runtime;
use crate::service::discovery::DiscoveryError;
use crate::service::http::{Cause, HttpError};

/// List all remote endpoints, keyservers and logins
///
/// Shows three tables: the remote endpoints that you may use, the keyservers of the active one in the order of use, and
/// your logins to registries and keyservers. The active endpoint has YES in the column ACTIVE; `remote use` changes it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote list
  portolan remote list --json | jq --raw-output '.remotes[] | select(.global) | .uri'
  portolan remote -c other.yaml list")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    endpoint: EndpointOptions,
    /// Print only the names of the remotes, one per line, and ask no server
    #[arg(long, conflicts_with_all = ["json", "refresh"])]
    names: bool,
}

#[derive(Serialize)]
struct ListView<'a> {
    remotes: Vec<RemoteView<'a>>,
    /// `None` when the active remote's keyservers aren't known.
    keyservers: Option<Vec<ListedKeyserver<'a>>>,
    logins: Vec<ListedLogin>,
}

#[derive(Serialize)]
struct ListedKeyserver<'a> {
    uri: Cow<'a, str>,
    insecure: bool,
    internal: bool,
}

pub(crate) fn run(args: &ListArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let layers = view::load(context)?;
    let effective = layers.merge();
    view::warn(&effective, context, ui);
    view::warn_of_leftover(&effective, ui);
    if args.names {
        let names: String = effective
            .remotes()
            .map(|remote| format!("{}\n", ui.cell(remote.name.as_str())))
            .collect();
        ui.print(&names)?;
        return Ok(Outcome::Done);
    }
    let keyservers = effective
        .active()
        .and_then(|remote| keyservers(remote, &args.endpoint, context, ui));
    let question = Listing {
        runtime: &Runtime::newest(&context.command),
        asks_helpers: false,
        all: false,
    };
    let logins = login_list::list(&effective, &question, context, ui);
    let view = ListView {
        remotes: RemoteView::all(&effective),
        keyservers,
        logins,
    };
    if ui.json {
        json::print("portolan.remote-list/1", &view, ui)?;
    } else {
        ui.print(&render(&view, ui))?;
    }
    Ok(Outcome::Done)
}

fn keyservers<'a>(
    remote: &Remote<'a>,
    options: &EndpointOptions,
    context: &Context,
    ui: &mut Ui,
) -> Option<Vec<ListedKeyserver<'a>>> {
    if !remote.keyservers().is_empty() {
        let visible = remote
            .keyservers()
            .iter()
            .filter(|keyserver| !keyserver.skip);
        let row = |keyserver: &'a KeyserverEntry| ListedKeyserver {
            uri: Cow::Borrowed(&keyserver.uri),
            insecure: keyserver.insecure,
            internal: !keyserver.external,
        };
        return Some(visible.map(row).collect());
    }
    let uri = internal_keyserver(remote, options, context, ui)?;
    Some(vec![ListedKeyserver {
        uri: Cow::Owned(uri),
        insecure: false,
        internal: true,
    }])
}

/// The keyserver that the endpoint itself names. A list never fails for it.
fn internal_keyserver(
    remote: &Remote<'_>,
    options: &EndpointOptions,
    context: &Context,
    ui: &mut Ui,
) -> Option<String> {
    let client = options.servers.client(Limits::LIST, context);
    let waiting = ui.spinner("asking the endpoint");
    let found = network::internal_keyserver(remote, options.freshness(), &client, context);
    drop(waiting);
    let error = match found {
        Ok(uri) => return Some(uri),
        Err(error) => error,
    };
    match &error {
        InternalKeyserverError::Discovery(DiscoveryError::Request(HttpError {
            cause: Cause::TimedOut(limit),
            ..
        })) => ui.warning(format!(
            "{} did not answer within {}: its keyserver is not known",
            remote.uri(),
            network::seconds(*limit)
        )),
        InternalKeyserverError::Discovery(DiscoveryError::Silent {
            seconds,
            timed_out: true,
        }) => ui.warning(format!(
            "{} did not answer {seconds} s ago: its keyserver is not known, and --refresh asks again",
            remote.uri()
        )),
        _ => {}
    }
    ui.verbose(format!(
        "The keyserver of {} is not known: {:#}",
        remote.name,
        anyhow::Error::from(error)
    ));
    None
}

fn render(view: &ListView<'_>, ui: &Ui) -> String {
    let mut text = String::from("Cloud Services Endpoints\n========================\n\n");
    let head = ["NAME", "URI", "ACTIVE", "GLOBAL", "EXCLUSIVE"].map(Cow::Borrowed);
    let rows = view.remotes.iter().map(|row| {
        let uri = match row.insecure {
            true => Cow::Owned(format!("http://{}", ui.cell(&row.uri))),
            false => ui.cell(&row.uri),
        };
        [
            ui.cell(&row.name),
            uri,
            yes_or_no(row.active),
            yes_or_no(row.global),
            yes_or_no(row.exclusive),
        ]
    });
    text.push_str(&columns(
        &std::iter::once(head).chain(rows).collect::<Vec<_>>(),
    ));
    if let Some(keyservers) = &view.keyservers {
        text.push_str("\nKeyservers\n==========\n\n");
        let head = ["URI", "GLOBAL", "INSECURE", "ORDER"].map(Cow::Borrowed);
        let rows = keyservers.iter().zip(1..).map(|(row, order)| {
            let mark = if row.internal { "*" } else { "" };
            [
                ui.cell(&row.uri),
                yes_or_no(true),
                yes_or_no(row.insecure || is_plain_http(&row.uri)),
                Cow::Owned(format!("{order}{mark}")),
            ]
        });
        text.push_str(&columns(
            &std::iter::once(head).chain(rows).collect::<Vec<_>>(),
        ));
        text.push_str("\n* Active cloud services keyserver\n");
    }
    if view.logins.iter().any(|row| !row.gone) {
        text.push_str("\nAuthenticated Logins\n=================================\n\n");
        let head = ["URI", "INSECURE"].map(Cow::Borrowed);
        let rows = view
            .logins
            .iter()
            .filter(|row| !row.gone)
            .map(|row| [ui.cell(&row.uri), yes_or_no(row.insecure)]);
        text.push_str(&columns(
            &std::iter::once(head).chain(rows).collect::<Vec<_>>(),
        ));
    }
    text
}

pub(super) fn is_plain_http(uri: &str) -> bool {
    ["http://", "hkp://"]
        .iter()
        .any(|scheme| uri.starts_with(scheme))
}

fn yes_or_no(value: bool) -> Cow<'static, str> {
    Cow::Borrowed(if value { "YES" } else { "NO" })
}
