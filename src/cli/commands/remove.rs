//! `remote remove`: takes a remote out of the user's file or the system's. D4, D5 and D20 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::ui::Ui;
use crate::cli::{access, files, secrets, view};
use crate::config::change;
use crate::name::RemoteName;
use crate::text::Quoted;

/// Remove a remote endpoint
///
/// Removes one of your own endpoints, with its access token and its keyservers. A remote that is defined for all users is
/// removed with --global.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote remove ExampleCloud
  sudo portolan remote remove --global company")]
pub(crate) struct RemoveArgs {
    /// Remove it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// The remote's name
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(args: &RemoveArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let name = RemoteName::found(&args.name);
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let below = view::below(scope, context, ui);
    files::edit(scope, context, ui, |document| {
        change::remove(document, scope, below.as_ref(), &name)
    })?;
    if !args.global {
        secrets::remove(
            &context.paths.user,
            &secrets::subject(&name, "", false),
            context,
            ui,
        )?;
    }
    ui.info(format!("Remote {} removed.", Quoted(name.as_str())));
    view::report_below(&name, below.as_ref(), context, ui);
    Ok(Outcome::Done)
}
