//! `remote show`: everything about one remote, and where each part of it comes from. Writes nothing but the cache of what
//! the endpoint says.

mod text;
mod view;

use clap::Args;

use self::view::{Services, Show};
use crate::{
    cli::{
        context::Context,
        failure::Outcome,
        json::{self, JsonOption},
        layers, network, target,
        ui::Ui,
    },
    config::{effective::Remote, layer::Layers},
    disk,
    name::RemoteName,
    service::discovery::{Freshness, Lookup, ServiceKind, known_service},
};

/// Show everything about a remote endpoint, and where it comes from
///
/// Without a name the active remote is meant. Shows its address and services, why it is the active one or why not, what is
/// known of your access token (never the token itself), and its keyservers in the order in which they are asked; behind each
/// value the file and line that it comes from.
///
/// The services are those of the endpoint's last answer, if that is younger than a day.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote show
  portolan remote show --offline company
  portolan remote show --json | jq --raw-output .token.expires")]
pub(crate) struct ShowArgs {
    /// Ask no server: show what the endpoint said last
    #[arg(long)]
    offline: bool,
    /// Ask the endpoint for its services now
    #[arg(long, conflicts_with = "offline")]
    refresh: bool,
    #[command(flatten)]
    json: JsonOption,
    /// The remote's name
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn run(args: &ShowArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let word = args.name.as_deref().filter(|name| !name.is_empty());
    let layers = layers::load_for(word, context)?;
    let effective = layers.merge();
    layers::warn(&effective, context, ui);
    let name = word.map(RemoteName::found);
    let remote = target::named_or_active(&effective, name.as_ref())?;
    let freshness = match (args.offline, args.refresh) {
        (true, _) => Freshness::Remembered,
        (false, true) => Freshness::Now,
        (false, false) => Freshness::Day,
    };
    let services = services(remote, freshness, context, ui);
    let show = Show { effective: &effective, remote, sources: sources(&layers)?, services, now: context.now };
    let view = show.view();
    if args.json.json {
        json::print("portolan.remote-show/1", &view, ui)?;
    } else {
        ui.print(&text::render(&view, ui))?;
    }
    Ok(Outcome::Done)
}

/// The files of the layers, and where their parts stand.
fn sources(layers: &Layers) -> anyhow::Result<view::Sources> {
    let mut sources = view::Sources::default();
    for layer in std::iter::once(&layers.system).chain(&layers.user) {
        if let Some(path) = &layer.path {
            let contents = disk::read(path)?;
            sources.add(layer.kind, path, contents.as_ref().map_or(&[], |contents| &contents.bytes));
        }
    }
    Ok(sources)
}

/// What is known of a remote's services; a show never fails for it.
fn services(remote: &Remote<'_>, freshness: Freshness, context: &Context, ui: &mut Ui) -> Services {
    let endpoint = match network::endpoint(remote) {
        Ok(endpoint) => endpoint,
        Err(error) => return Services::Unknown(error.to_string()),
    };
    if let Some(keyserver) = known_service(&endpoint.uri, &ServiceKind::Keyserver) {
        let library = known_service(&endpoint.uri, &ServiceKind::Library).unwrap_or_default();
        let known = [(ServiceKind::Keyserver, keyserver), (ServiceKind::Library, library)];
        let named = known.into_iter().filter(|(_, uri)| !uri.is_empty());
        return Services::Known(named.map(|(kind, uri)| (kind, uri.to_owned())).collect());
    }
    let client = network::client(context);
    let cache = network::cache(context);
    let lookup = Lookup { client: &client, cache: Some(&cache), now: context.now };
    let waiting = ui.spinner("asking for the services");
    let found = lookup.services(&endpoint, freshness);
    drop(waiting);
    match found {
        Ok(discovery) => {
            let named = discovery.services().map(|(kind, uri)| (kind.clone(), uri.to_owned()));
            Services::Said { services: named.collect(), seen: discovery.seen }
        }
        Err(error) => Services::Unknown(format!("{:#}", anyhow::Error::from(error))),
    }
}
