//! `keyserver list`: every remote's keyservers in their order, as Apptainer shows them since 1.3. Writes nothing.

use std::{borrow::Cow, fmt::Write, thread};

use anyhow::anyhow;
use clap::Args;

use crate::{
    cli::{context::Context, failure::Outcome, layers, network, table::columns, ui::Ui},
    config::effective::{Effective, Remote},
    name::RemoteName,
    service::discovery::Freshness,
};

/// List the keyservers of every remote endpoint, in the order in which they are asked
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver list
  portolan keyserver list company")]
pub(crate) struct KeyserverListArgs {
    /// This remote's alone
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
}

/// A remote's keyservers: address and whether certificates are checked; `None` when they aren't known.
type Keyservers = Option<Vec<(String, bool)>>;

pub(crate) fn run(args: &KeyserverListArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let layers = layers::load(context)?;
    let effective = layers.merge();
    layers::warn(&effective, context, ui);
    if effective.active().is_none() {
        return Err(anyhow!("error getting default remote-endpoint: no default remote"));
    }
    let remotes = meant(&effective, args.remote.as_deref())?;
    let lists: Vec<Keyservers> = thread::scope(|scope| {
        let asked: Vec<_> = remotes.iter().map(|remote| scope.spawn(|| keyservers(remote, context))).collect();
        asked.into_iter().map(|list| list.join().ok().flatten()).collect()
    });
    let mut text = String::new();
    for (remote, list) in remotes.iter().zip(&lists) {
        let system = if remote.is_global() { "*" } else { "" };
        let default = if effective.active().is_some_and(|active| active.name == remote.name) { "^" } else { "" };
        // Writing to a String can't fail.
        let _ = writeln!(text, "\n{} {system}{default}", ui.cell(remote.name.as_str()));
        text.push_str(&block(list, ui));
    }
    text.push_str("\n(* = system endpoint, ^ = default endpoint)\n");
    ui.print(&text)?;
    Ok(Outcome::Done)
}

fn meant<'a, 'b>(effective: &'b Effective<'a>, named: Option<&str>) -> anyhow::Result<Vec<&'b Remote<'a>>> {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(effective.remotes().collect());
    };
    let remote = effective.remote(&RemoteName::found(named));
    Ok(vec![remote.ok_or_else(|| anyhow!("no remote-endpoint with the name {named:?} found"))?])
}

fn keyservers(remote: &Remote<'_>, context: &Context) -> Keyservers {
    if remote.keyservers().is_empty() {
        return network::internal_keyserver(remote, Freshness::Day, context).ok().map(|uri| vec![(uri, true)]);
    }
    let visible = remote.keyservers().iter().filter(|keyserver| !keyserver.skip);
    Some(visible.map(|keyserver| (keyserver.uri.clone(), !keyserver.insecure)).collect())
}

fn block(keyservers: &Keyservers, ui: &Ui) -> String {
    let Some(keyservers) = keyservers else {
        return columns(&[[" ", "(unable to fetch associated keyserver info for this endpoint)"]]);
    };
    let row = |(order, (uri, secure)): (usize, &(String, bool))| {
        let uri = Cow::Owned(ui.cell(uri).into_owned());
        [Cow::Borrowed(" "), Cow::Owned(format!("#{order}")), uri, Cow::Borrowed(if *secure { "🔒" } else { "" })]
    };
    columns(&(1..).zip(keyservers).map(row).collect::<Vec<_>>())
}
