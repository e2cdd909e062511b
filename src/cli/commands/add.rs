//! `remote add`: a new remote, for the user or for everybody. D5, D9, D17 and D20 of docs/compatibility.md.

use std::path::PathBuf;

use clap::Args;

use crate::cli::commands::login;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome, UsageError};
use crate::cli::ui::Ui;
use crate::cli::{args, layers};
use crate::command;
use crate::config::change;
use crate::config::change::{Added, ChangeError, NewRemote};
use crate::config::document::Document;
use crate::config::effective::LayerKind;
use crate::name::RemoteName;
use crate::text::Quoted;

/// Add a new remote endpoint
///
/// Adds an endpoint under a name of your choice, and logs you in to it. The name works wherever a remote is asked for;
/// `remote use` makes it the one that is used when none is named.
///
/// The address is a host, with a port and a path if it needs them; with --insecure it may be on plain http. SylabsCloud and
/// DefaultRemote are known by name and need no address.
///
/// With --if-missing a remote that is there already, at the same address, is left as it is, without a login: a script can be
/// run again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote add --no-login ExampleCloud cloud.example.com
  portolan remote add --if-missing --no-login ExampleCloud cloud.example.com
  sudo portolan remote add --global company https://remote.company.example:8443")]
pub(crate) struct AddArgs {
    /// Add it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// Skip the login that follows
    #[arg(long)]
    no_login: bool,
    /// Allow an endpoint on plain http (<COMMAND>_ADD_INSECURE)
    #[arg(short, long)]
    insecure: bool,
    /// Succeed when it is there already at this address
    #[arg(long)]
    if_missing: bool,
    /// Don't make it the active remote; it never is, the flag is for scripts that are written for later versions
    #[arg(short, long)]
    no_default: bool,
    /// Read the access token from this file (- for standard input)
    #[arg(long, value_name = "FILE")]
    tokenfile: Option<PathBuf>,
    /// Read the access token from all of standard input
    #[arg(long)]
    password_stdin: bool,
    /// The remote's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Its address: host[:port][/path], with or without https://
    #[arg(value_name = "URI")]
    uri: Option<String>,
}

pub(crate) fn run(args: &AddArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let typed = match (&args.uri, command::known_by_name(&args.name)) {
        (Some(typed), _) => typed,
        (None, Some(known)) => known.uri,
        (None, None) => return Err(no_address(&args.name).into()),
    };
    if args.global {
        layers::check_may_write_system(context, layers::GLOBAL_REFUSAL)?;
    }
    let insecure =
        args.insecure || args::switch_variable(context, ui, "ADD_INSECURE", ("add", "insecure"))?;
    let name = RemoteName::parse(&args.name)?;
    let (uri, insecure) = args::endpoint(typed, insecure, context, ui)?;
    let new = NewRemote {
        name,
        uri,
        global: args.global,
        insecure,
    };
    if store(args, &new, context, ui).map_err(explain)? == Added::Before {
        ui.info(format!(
            "Remote {} is there already, at {}.",
            Quoted(new.name.as_str()),
            Quoted(new.uri.as_str())
        ));
        return Ok(Outcome::Done);
    }
    ui.info(format!("Remote {} added.", Quoted(new.name.as_str())));
    match (args.no_login, args.global) {
        (true, _) => Ok(Outcome::Done),
        (false, true) => {
            ui.info("Global option detected. Will not automatically log into remote.");
            Ok(Outcome::Done)
        }
        (false, false) => login::after_add(
            &new.name,
            args.tokenfile.as_deref(),
            args.password_stdin,
            context,
            ui,
        ),
    }
}

fn store(args: &AddArgs, new: &NewRemote, context: &Context, ui: &mut Ui) -> anyhow::Result<Added> {
    let change = |document: &mut Document| {
        if args.if_missing {
            change::add_if_missing(document, new)
        } else {
            change::add(document, new).map(|()| Added::New)
        }
    };
    if args.global {
        return layers::edit_system(context, ui, change);
    }
    let system = layers::system_if_readable(context, ui);
    let below = system
        .as_ref()
        .and_then(|layer| Some((layer.kind, layer.document.remotes().get(&new.name)?)));
    match below.filter(|_| args.if_missing) {
        Some((LayerKind::System, entry)) => {
            return Ok(change::check_same(entry, new).map(|()| Added::Before)?);
        }
        // The built-in remote gives way to one of the user's own.
        Some((_, entry)) if change::check_same(entry, new).is_ok() => {
            return layers::edit_user(context, ui, |document| {
                let own = document
                    .remotes()
                    .get(&new.name)
                    .is_some_and(|entry| !entry.system);
                if own {
                    change(document)
                } else {
                    Ok(Added::Before)
                }
            });
        }
        _ => {}
    }
    layers::refuse_system_name(&new.name, system.as_ref())?;
    layers::edit_user(context, ui, change)
}

fn explain(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<ChangeError>() {
        Some(ChangeError::TakenElsewhere { name, now, asked }) => {
            let advice = format!(
                "It is at {}, not at {}. To change that: portolan remote set-url {} <URI>.",
                Quoted(now),
                Quoted(asked),
                name.word()
            );
            error.advise(advice)
        }
        _ => error,
    }
}

/// A second word is missing, which only names that are known do without.
fn no_address(name: &str) -> UsageError {
    UsageError(format!(
        "Error for command \"add\": no address is known for {name}: give it behind the name\n\n\
         Usage: portolan remote add [OPTIONS] <NAME> <URI>\n\n\
         Known by name: SylabsCloud, DefaultRemote.\n\n\
         For more information, try '--help'."
    ))
}
