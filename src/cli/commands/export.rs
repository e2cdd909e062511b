//! `remote export`: the state of one file without its secrets, as `remote apply` takes it. Writes nothing.

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::ui::Ui;
use crate::cli::{files, json};
use crate::config::desired;
use crate::config::layer::Scope;

/// Print your remotes as a file for `remote apply`
///
/// Prints the remotes, the active one and the keyservers in the words of remote.yaml, without tokens and logins.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote export
  portolan remote export --global > company.yaml")]
pub(crate) struct ExportArgs {
    /// Print the remotes of all users
    #[arg(short, long)]
    global: bool,
}

#[derive(Serialize)]
struct ExportView<'a> {
    state: &'a str,
}

pub(crate) fn run(args: &ExportArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let scope = if args.global {
        Scope::System
    } else {
        Scope::User
    };
    let document = files::read(scope, context)?;
    let state = desired::export(&document, args.global);
    if ui.json {
        json::print(
            "portolan.remote-export/1",
            &ExportView { state: &state },
            ui,
        )?;
        return Ok(Outcome::Done);
    }
    let state = ui.lines(&state).into_owned();
    ui.print(&state)?;
    Ok(Outcome::Done)
}
