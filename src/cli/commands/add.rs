//! `remote add`: a new remote, for the user or for everybody. D5, D9, D17 and D20 of docs/compatibility.md.

use std::path::PathBuf;

use clap::Args;

use crate::cli::commands::login;
use crate::cli::context::Context;
use crate::cli::failure::{Outcome, UsageError};
use crate::cli::ui::Ui;
use crate::cli::{access, args, files, view};
use crate::command;
use crate::config::change;
use crate::config::change::{Added, NewRemote};
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
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let insecure =
        args.insecure || args::switch_variable(context, ui, "ADD_INSECURE", ("add", "insecure"))?;
    let name = RemoteName::parse(&args.name)?;
    let (uri, insecure) = args::endpoint(typed, insecure, context, ui)?;
    let new = NewRemote {
        name,
        uri,
        insecure,
    };
    let below = view::below(scope, context, ui);
    let added = files::edit(scope, context, ui, |document| {
        change::add(document, scope, below.as_ref(), &new, args.if_missing)
    })?;
    let name = Quoted(new.name.as_str());
    if added == Added::Before {
        let uri = Quoted(new.uri.as_str());
        ui.info(format!("Remote {name} is there already, at {uri}."));
        return Ok(Outcome::Done);
    }
    ui.info(format!("Remote {name} added."));
    if args.no_login {
        return Ok(Outcome::Done);
    }
    if args.global {
        ui.info("Global option detected. Will not automatically log into remote.");
        return Ok(Outcome::Done);
    }
    login::after_add(
        &new.name,
        args.tokenfile.as_deref(),
        args.password_stdin,
        context,
        ui,
    )
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
