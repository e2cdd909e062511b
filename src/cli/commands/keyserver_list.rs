//! `keyserver list`: every remote's keyservers in their order, as Apptainer shows them since 1.3. Writes nothing.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Instant;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::{json, network, view};
use crate::config::document::KeyserverEntry;
use crate::config::effective::{Effective, Remote};
use crate::name::RemoteName;
use crate::service::at_once;
use crate::service::discovery::Freshness;
use crate::service::http::Client;

/// List the keyservers of every remote endpoint, in the order in which they are asked
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver list
  portolan keyserver list company
  portolan keyserver list --json")]
pub(crate) struct KeyserverListArgs {
    /// Ask the endpoints again, also those that answered within a day or did not answer within a minute
    #[arg(long)]
    refresh: bool,
    /// This remote's alone
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
}

/// How many endpoints are asked at once.
const AT_ONCE: usize = 64;

/// A remote's keyservers in their order; `None` when they aren't known.
type Keyservers = Option<Vec<KeyserverRow>>;

/// What `keyserver list` shows.
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
struct KeyserverRow {
    uri: String,
    insecure: bool,
}

pub(crate) fn run(
    args: &KeyserverListArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let layers = view::load(context)?;
    let effective = layers.merge();
    view::warn(&effective, context, ui);
    if effective.active().is_none() {
        return Err(anyhow!(
            "error getting default remote-endpoint: no default remote"
        ));
    }
    let remotes = meant(&effective, args.remote.as_deref())?;
    let freshness = if args.refresh {
        Freshness::Now
    } else {
        Freshness::Day
    };
    let client = network::list_client(context);
    let until = Instant::now() + network::LIST_BOUND;
    let waiting = ui.spinner("asking the endpoints, for 5 s at most");
    let lists = at_once(&remotes, AT_ONCE, until, |remote| {
        keyservers(remote, freshness, &client, context)
    });
    drop(waiting);
    let not_asked: Vec<&str> = remotes
        .iter()
        .zip(&lists)
        .filter(|(_, list)| list.is_none())
        .map(|(remote, _)| remote.name.as_str())
        .collect();
    network::warn_of_not_asked(&not_asked, network::LIST_BOUND, ui);
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
        ui.print(&render(&view, ui))?;
    }
    Ok(Outcome::Done)
}

fn render(view: &KeyserverListView<'_>, ui: &Ui) -> String {
    let mut text = String::new();
    for remote in &view.remotes {
        let system = if remote.global { "*" } else { "" };
        let default = if remote.active { "^" } else { "" };
        // Writing to a String can't fail.
        let _ = writeln!(text, "\n{} {system}{default}", ui.cell(remote.name));
        text.push_str(&block(&remote.keyservers, ui));
    }
    text.push_str("\n(* = system endpoint, ^ = default endpoint)\n");
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
    })?])
}

fn keyservers(
    remote: &Remote<'_>,
    freshness: Freshness,
    client: &Client,
    context: &Context,
) -> Keyservers {
    if remote.keyservers().is_empty() {
        let uri = network::internal_keyserver(remote, freshness, client, context).ok()?;
        return Some(vec![KeyserverRow {
            uri,
            insecure: false,
        }]);
    }
    let visible = remote
        .keyservers()
        .iter()
        .filter(|keyserver| !keyserver.skip);
    let row = |keyserver: &KeyserverEntry| KeyserverRow {
        uri: keyserver.uri.clone(),
        insecure: keyserver.insecure,
    };
    Some(visible.map(row).collect())
}

fn block(keyservers: &Keyservers, ui: &Ui) -> String {
    let Some(keyservers) = keyservers else {
        return columns(&[[
            " ",
            "(unable to fetch associated keyserver info for this endpoint)",
        ]]);
    };
    let row = |(order, keyserver): (usize, &KeyserverRow)| {
        let uri = Cow::Owned(ui.cell(&keyserver.uri).into_owned());
        let lock = if keyserver.insecure { "" } else { "🔒" };
        [
            Cow::Borrowed(" "),
            Cow::Owned(format!("#{order}")),
            uri,
            Cow::Borrowed(lock),
        ]
    };
    columns(&(1..).zip(keyservers).map(row).collect::<Vec<_>>())
}
