//! `remote set-url`: another address for a remote. D8, D9, D20 and D21 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::ui::Ui;
use crate::cli::{access, args, files, secrets, view};
use crate::config::change;
use crate::config::change::{NewAddress, Readdressed};
use crate::name::RemoteName;
use crate::text::Quoted;

/// Change the address of a remote endpoint
///
/// Gives one of your own endpoints another address. Keyservers that were configured stay. On another host or port the
/// access token is removed: log in again.
///
/// With --global, a remote of all users changes. Tokens that users stored for the old address have no effect any more.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote set-url ExampleCloud cloud.example.org
  sudo portolan remote set-url --global company https://remote.company.example:8443")]
pub(crate) struct SetUrlArgs {
    /// Change it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// Allow an endpoint on plain http (APPTAINER_ADD_INSECURE)
    #[arg(short, long)]
    insecure: bool,
    /// The name of the remote
    #[arg(value_name = "NAME")]
    name: String,
    /// The new address: host[:port][/path], with or without https://
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run(args: &SetUrlArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let insecure = args.insecure || args::switch_variable(context, ui, "ADD_INSECURE")?;
    let name = RemoteName::found(&args.name);
    let (uri, insecure) = args::endpoint(&args.uri, insecure, context, ui)?;
    let new = NewAddress { uri, insecure };
    let below = view::below(scope, context, ui);
    let mut done = files::edit(scope, context, ui, |document| {
        change::set_uri(document, scope, below.as_ref(), &name, &new)
    })?;
    if !args.global
        && let Some(before) = secrets::readdress(&name, &new, context, ui)?
    {
        (done.token_removed, done.before) = (true, before);
    }
    report(&done, &name, &new, args.global, ui);
    Ok(Outcome::Done)
}

fn report(done: &Readdressed, name: &RemoteName, new: &NewAddress, global: bool, ui: &mut Ui) {
    let scheme = if new.insecure { "http" } else { "https" };
    ui.info(format!(
        "Remote {} is now at {}.",
        Quoted(name.as_str()),
        Quoted(&format!("{scheme}://{}", new.uri))
    ));
    if done.has_keyservers {
        ui.info(format!(
            "The keyservers of {name} stay as they were configured."
        ));
    }
    if done.token_removed {
        let before = &done.before;
        ui.info(format!(
            "The token for {name} was for {before}; it was removed. To log in again:\n  portolan remote login {}",
            name.word()
        ));
    }
    if global && done.before != new.uri.as_str() {
        ui.info(format!(
            "Users who are logged in to {name} have to log in again:\n  portolan remote login {}",
            name.word()
        ));
    }
}
