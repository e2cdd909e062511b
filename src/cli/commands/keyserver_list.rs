//! `keyserver list`: every remote's keyservers in their order, as Apptainer shows them since 1.3. Writes nothing.

use std::borrow::Cow;
use std::fmt::Write;

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde::Serialize;

use super::list::is_plain_http;
use crate::cli::args::EndpointOptions;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::network::Limits;
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::{json, network, target, view};
use crate::config::document::{KeyserverEntry, LoginEntry};
use crate::config::effective::{Effective, Remote};
use crate::name::RemoteName;
use crate::service::at_once;
use crate::service::discovery::Freshness;
use crate::service::http::Client;
use crate::uri::KeyserverUri;

/// List the keyservers of every remote endpoint, in the order of use
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver list
  portolan keyserver list company
  portolan keyserver list --json")]
pub(crate) struct KeyserverListArgs {
    #[command(flatten)]
    endpoint: EndpointOptions,
    /// Only the keyservers of this remote
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
}

const AT_ONCE: usize = 64;

/// A remote's keyservers in their order; `None` when they aren't known.
type Keyservers = Option<Vec<OrderedKeyserver>>;

#[derive(Serialize)]
struct KeyserverListView<'a> {
    remotes: Vec<RemoteKeyservers<'a>>,
}

#[derive(Serialize)]
struct RemoteKeyservers<'a> {
    name: &'a str,
    active: bool,
    global: bool,
    keyservers: Keyservers,
}

#[derive(Serialize)]
struct OrderedKeyserver {
    uri: String,
    insecure: bool,
    logged_in: bool,
}

pub(crate) fn run(
    args: &KeyserverListArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let layers = view::load(context)?;
    let effective = layers.merge();
    view::warn(&effective, context, ui);
    target::named_or_active(&effective, None, &context.typed)
        .context("error getting default remote-endpoint")?;
    let remotes = meant(&effective, args.remote.as_deref())?;
    let (options, freshness) = (&args.endpoint.servers, args.endpoint.freshness());
    let limits = options.limits(Limits::LIST);
    let client = options.client(limits, context);
    let waiting = ui.spinner(network::asking("the endpoints", limits));
    let logins = effective.logins();
    let lists = at_once(&remotes, AT_ONCE, client.options().until, |remote| {
        keyservers(remote, logins, freshness, &client, context)
    });
    drop(waiting);
    let not_asked: Vec<_> = remotes
        .iter()
        .zip(&lists)
        .filter(|(_, list)| list.is_none())
        .map(|(remote, _)| remote.name)
        .collect();
    network::warn_of_not_asked(&not_asked, limits, ui);
    let remotes = remotes
        .iter()
        .zip(lists)
        .map(|(remote, keyservers)| RemoteKeyservers {
            name: remote.name.as_str(),
            active: effective
                .active()
                .is_some_and(|active| active.name == remote.name),
            global: remote.is_global(),
            keyservers: keyservers.flatten(),
        });
    let view = KeyserverListView {
        remotes: remotes.collect(),
    };
    if ui.json {
        json::print("portolan.keyserver-list/1", &view, ui)?;
    } else {
        let is_singularity = context.command.is_singularity();
        ui.print(&render(&view, is_singularity, ui))?;
    }
    Ok(Outcome::Done)
}

fn render(view: &KeyserverListView<'_>, is_singularity: bool, ui: &Ui) -> String {
    let mut text = String::new();
    let mut rows = view
        .remotes
        .iter()
        .flat_map(|remote| &remote.keyservers)
        .flatten();
    let shows_logins = is_singularity || rows.any(|row| row.logged_in);
    for remote in &view.remotes {
        let system = if remote.global { "*" } else { "" };
        let default = if remote.active { "^" } else { "" };
        // Writing to a String can't fail.
        let _ = writeln!(text, "\n{} {system}{default}", ui.cell(remote.name));
        text.push_str(&block(&remote.keyservers, is_singularity, ui));
    }
    text.push_str("\n(* = system endpoint, ^ = default endpoint");
    text.push_str(match shows_logins {
        true => ",\n + = user is logged in directly to this keyserver)\n",
        false => ")\n",
    });
    text
}

fn meant<'a, 'b>(
    effective: &'b Effective<'a>,
    named: Option<&str>,
) -> anyhow::Result<Vec<&'b Remote<'a>>> {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(effective.remotes().collect());
    };
    let remote = effective.remote(&RemoteName::found(named));
    Ok(vec![remote.ok_or_else(|| {
        anyhow!("no remote-endpoint with the name {named:?} found")
            .advise_person("To see the remotes:\n  portolan remote list")
    })?])
}

fn keyservers(
    remote: &Remote<'_>,
    logins: &[LoginEntry],
    freshness: Freshness,
    client: &Client,
    context: &Context,
) -> Keyservers {
    let logged_in = |uri: &str| {
        let mut logins = logins.iter();
        logins.any(|login| KeyserverUri::are_same(&login.uri, uri))
    };
    if remote.keyservers().is_empty() {
        let uri = network::internal_keyserver(remote, freshness, client, context).ok()?;
        return Some(vec![OrderedKeyserver {
            logged_in: logged_in(&uri),
            uri,
            insecure: false,
        }]);
    }
    let visible = remote
        .keyservers()
        .iter()
        .filter(|keyserver| !keyserver.skip);
    let row = |keyserver: &KeyserverEntry| OrderedKeyserver {
        uri: keyserver.uri.clone(),
        insecure: keyserver.insecure,
        logged_in: logged_in(&keyserver.uri),
    };
    Some(visible.map(row).collect())
}

fn block(keyservers: &Keyservers, is_singularity: bool, ui: &Ui) -> String {
    let Some(keyservers) = keyservers else {
        let indentation = if is_singularity { "" } else { "   " };
        return format!(
            "{indentation}(unable to fetch associated keyserver info for this endpoint)\n"
        );
    };
    let row = |(order, keyserver): (usize, &OrderedKeyserver)| {
        let has_tls = !(keyserver.insecure || is_plain_http(&keyserver.uri));
        let tls = match (is_singularity, has_tls) {
            (true, true) => "TLS",
            (true, false) => "no TLS",
            (false, true) => "🔒",
            (false, false) => "",
        };
        let login = if keyserver.logged_in { "+" } else { "" };
        let uri = Cow::Owned(ui.cell(&keyserver.uri).into_owned());
        let order = Cow::Owned(format!("#{order}"));
        [
            Cow::Borrowed(" "),
            order,
            uri,
            Cow::Borrowed(tls),
            Cow::Borrowed(login),
        ]
    };
    let rows: Vec<_> = (1..).zip(keyservers).map(row).collect();
    match is_singularity || keyservers.iter().any(|keyserver| keyserver.logged_in) {
        true => columns(&rows),
        // Apptainer has no column for logins.
        false => columns(
            &rows
                .into_iter()
                .map(|[a, b, c, d, _]| [a, b, c, d])
                .collect::<Vec<_>>(),
        ),
    }
}
