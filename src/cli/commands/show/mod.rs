//! `remote show`: everything about one remote, and where each part of it comes from. Writes nothing but the cache of what
//! the endpoint says.

mod text;
mod view;

use clap::Args;

use self::view::Show;
use crate::cli::args::{EndpointOptions, RuntimeOption};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::login_list::Listing;
use crate::cli::network::Limits;
use crate::cli::services::{KnownServices, library_advice};
use crate::cli::sources::Sources;
use crate::cli::ui::Ui;
use crate::cli::view::{load_for, warn};
use crate::cli::{json, login_list, target};
use crate::name::RemoteName;

/// Show everything about a remote endpoint, with the file and line of each value
///
/// Shows the address and the services, whether the remote is active, the state of your access token (never the token
/// itself), and the keyservers in the order of use. Without a name, the active remote is meant.
///
/// The services are those of the endpoint's last answer, if that is younger than a day.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote show
  portolan remote show --offline company
  portolan remote show --json | jq --raw-output .token.expires")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    endpoint: EndpointOptions,
    #[command(flatten)]
    runtime: RuntimeOption,
    /// The name of the remote
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn run(args: &ShowArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let runtime = args.runtime.find(context)?;
    let word = args.name.as_deref().filter(|name| !name.is_empty());
    let layers = load_for(word, context)?;
    let effective = layers.merge();
    warn(&effective, context, ui);
    let name = word.map(RemoteName::found);
    let remote = target::named_or_active(&effective, name.as_ref(), &context.typed)?;
    let client = args.endpoint.servers.client(Limits::ONE_ENDPOINT, context);
    let services = KnownServices::find(remote, args.endpoint.freshness(), &client, context, ui);
    let user = services.logged_in_as(remote, &client);
    let question = Listing {
        runtime: &runtime,
        asks_helpers: true,
        all: false,
    };
    let mut logins = login_list::list(&effective, &question, context, ui);
    logins.retain(|login| login.used && login.registry_account().is_some());
    let show = Show {
        effective: &effective,
        remote,
        sources: Sources(&layers),
        services,
        user,
        now: context.now,
    };
    let view = show.view(logins);
    if ui.json {
        json::print("portolan.remote-show/1", &view, ui)?;
    } else {
        ui.print(&text::render(&view, &library_advice(&effective), ui))?;
    }
    Ok(Outcome::Done)
}
