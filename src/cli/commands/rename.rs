//! `remote rename`: another name for a remote. D5, D17 and D20 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::ui::Ui;
use crate::cli::{access, files, previous, secrets, view};
use crate::config::change;
use crate::name::RemoteName;
use crate::text::Quoted;

/// Rename a remote endpoint
///
/// Gives one of your own endpoints another name. Its address, access token and keyservers stay, and so does its place
/// as the active one. --global renames a remote of all users. Their own files keep the old name: they choose the remote
/// and log in again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote rename ExampleCloud example
  sudo portolan remote rename --global company company-cloud")]
pub(crate) struct RenameArgs {
    /// Rename it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// The name of the remote
    #[arg(value_name = "OLD")]
    old: String,
    /// The new name
    #[arg(value_name = "NEW")]
    new: String,
}

pub(crate) fn run(args: &RenameArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let (old, new) = (RemoteName::found(&args.old), RemoteName::parse(&args.new)?);
    let below = view::below(scope, context, ui);
    files::edit(scope, context, ui, |document| {
        change::rename(document, scope, below.as_ref(), &old, &new)
    })?;
    if !args.global {
        previous::rename(&old, &new, context, ui);
        secrets::rename(&old, &new, context, ui)?;
    }
    let (from, to) = (Quoted(old.as_str()), Quoted(new.as_str()));
    ui.info(format!("Remote {from} renamed to {to}."));
    if args.global {
        ui.info(format!("Users' own choices and logins still name {old}."));
    }
    view::report_below(&old, below.as_ref(), context, ui);
    Ok(Outcome::Done)
}
