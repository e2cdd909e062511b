//! `remote add-keyserver` and `remove-keyserver`: the order in which everybody's signatures are checked.
//! D1, D10 and D20 of docs/compatibility.md. The endpoint is asked for its own keyserver before any lock is taken.

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::cli::advice::changes;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::ui::Ui;
use crate::cli::{access, files, network};
use crate::config::document::RemoteEntry;
use crate::config::keyservers;
use crate::config::keyservers::{Internal, KeyserverError, NewKeyserver};
use crate::config::layer::Scope;
use crate::name::RemoteName;
use crate::service::discovery::{Freshness, ServiceKind};
use crate::service::{Endpoint, Transport};
use crate::text::Quoted;
use crate::uri::{EndpointUri, KeyserverUri};

/// Add a keyserver to a remote endpoint, for all users
///
/// The runtime checks signatures with the keyservers of the active remote, in their order; other key commands use only
/// the first one.
#[derive(Args, Debug)]
#[command(
    allow_missing_positional = true,
    after_help = "Examples:
  sudo portolan remote add-keyserver https://keys.example.com
  sudo portolan remote add-keyserver --order 1 company hkps://keys.example.org"
)]
pub(crate) struct AddKeyserverArgs {
    /// The place in the order, from 1 [default: the last]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, value_parser = parse_order)]
    order: Option<u32>,
    /// Accept any certificate, and plain http
    #[arg(short, long)]
    insecure: bool,
    /// The remote [default: the system's active one]
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// The keyserver: https://HOST, hkps://HOST or a bare host; with --insecure also http:// and hkp://
    #[arg(value_name = "URI")]
    uri: String,
}

/// Remove a keyserver from a remote endpoint, for all users
///
/// The endpoint's own keyserver is skipped from then on; `add-keyserver` with its address brings it back. The last
/// keyserver of a remote stays.
#[derive(Args, Debug)]
#[command(
    allow_missing_positional = true,
    after_help = "Examples:
  sudo portolan remote remove-keyserver https://keys.example.com
  sudo portolan remote remove-keyserver company hkps://keys.example.org"
)]
pub(crate) struct RemoveKeyserverArgs {
    /// The remote [default: the system's active one]
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// The address of the keyserver
    #[arg(value_name = "URI")]
    uri: String,
}

fn explain(error: anyhow::Error) -> anyhow::Error {
    let advice = match error.downcast_ref() {
        None => return error,
        Some(KeyserverError::NoDefault) => {
            "To choose one for all users:\n  sudo portolan remote use --global <NAME>".to_owned()
        }
        Some(KeyserverError::NoSuchRemote(name)) => changes::no_system_remote(name),
        Some(KeyserverError::Primary(_)) => {
            "To put another one before it:\n  sudo portolan keyserver add --order 1 <URI>"
                .to_owned()
        }
        Some(_) => "To see the keyservers:\n  portolan keyserver list".to_owned(),
    };
    error.advise_person(advice)
}

fn parse_order(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "it is a number from 1")
}

pub(crate) fn add(
    args: &AddKeyserverArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let scope = access::scope(true, access::KEYSERVERS, context)?;
    if args.order == Some(0) {
        return Err(anyhow!("order must be > 0"));
    }
    let (remote, typed) = (
        args.remote.as_deref().map(RemoteName::found),
        args.uri.as_str(),
    );
    let uri = KeyserverUri::parse(typed)?;
    if uri.scheme().is_plain() && !args.insecure {
        return Err(anyhow!("{} URI requires --insecure", uri.scheme())
            .advise("What is looked up there can be read and changed on the way. hkps:// or https:// are safe."));
    }
    let order = args
        .order
        .map(|order| usize::try_from(order).unwrap_or(usize::MAX));
    let new = NewKeyserver {
        uri,
        insecure: args.insecure,
        order,
    };
    let internal = internal(remote.as_ref(), context)?;
    let order = files::edit(scope, context, ui, |document| {
        keyservers::add(document, remote.as_ref(), &new, internal.as_ref())
    })
    .map_err(explain)?;
    ui.info(format!(
        "Keyserver {} added at order {order}.",
        Quoted(&new.uri.to_string())
    ));
    Ok(Outcome::Done)
}

pub(crate) fn remove(
    args: &RemoveKeyserverArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let scope = access::scope(true, access::KEYSERVERS, context)?;
    let (remote, typed) = (
        args.remote.as_deref().map(RemoteName::found),
        args.uri.as_str(),
    );
    if typed.trim().is_empty() {
        return Err(anyhow!("invalid URI: cannot have empty URI"));
    }
    let internal = internal(remote.as_ref(), context)?;
    let removed = files::edit(scope, context, ui, |document| {
        keyservers::remove(document, remote.as_ref(), typed, internal.as_ref())
    })
    .map_err(explain)?;
    ui.info(format!("Keyserver {} removed.", Quoted(&removed)));
    Ok(Outcome::Done)
}

fn internal(remote: Option<&RemoteName>, context: &Context) -> anyhow::Result<Option<Internal>> {
    let document = files::read(Scope::System, context)?;
    let meant = keyservers::meant(&document, remote);
    let (_, entry) = meant.map_err(|error| explain(error.into()))?;
    if !entry.keyservers.is_empty() {
        return Ok(None);
    }
    let keyserver = ask(entry, context)?;
    Ok(Some(Internal {
        endpoint: entry.uri.clone(),
        keyserver,
    }))
}

fn ask(entry: &RemoteEntry, context: &Context) -> anyhow::Result<String> {
    let transport = if entry.insecure {
        Transport::Http
    } else {
        Transport::Https
    };
    let uri = EndpointUri::parse(&entry.uri).context("no endpoint URI")?;
    let client = network::client(context);
    let endpoint = Endpoint { uri, transport };
    Ok(network::lookup(&client, context).service(
        &endpoint,
        &ServiceKind::Keyserver,
        Freshness::Day,
    )?)
}
