//! `remote remove`: takes a remote out of the user's file or the system's. D4, D5 and D20 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::ui::Ui;
use crate::cli::{access, files, secrets, view};
use crate::config::change;
use crate::config::document::Document;
use crate::config::layer::{Layer, Scope};
use crate::name::RemoteName;
use crate::text::Quoted;

/// Remove a remote endpoint
///
/// Removes one of your own endpoints, with its access token and its keyservers. --global removes a remote of all users.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote remove ExampleCloud
  sudo portolan remote remove --global company")]
pub(crate) struct RemoveArgs {
    /// Remove it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// The name of the remote
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(args: &RemoveArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let name = RemoteName::found(&args.name);
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let below = view::below(scope, context, ui);
    let before = files::edit(scope, context, ui, |document| {
        let before = document.clone();
        change::remove(document, scope, below.as_ref(), &name).map(|()| before)
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
    if ui.stderr_is_terminal {
        report_what_is_left(&name, &before, scope, below.as_ref(), ui);
    }
    Ok(Outcome::Done)
}

fn report_what_is_left(
    name: &RemoteName,
    before: &Document,
    scope: Scope,
    below: Option<&Layer>,
    ui: &mut Ui,
) {
    let was_exclusive = before
        .remotes()
        .get(name)
        .is_some_and(|entry| entry.exclusive);
    if scope == Scope::System && was_exclusive {
        ui.info("Users may use any remote from now on.");
    }
    if before.active() != name.as_str() || below.is_some_and(|below| below.has(name)) {
        return;
    }
    let (program, global) = match scope {
        Scope::User => ("portolan", ""),
        Scope::System => ("sudo portolan", " --global"),
    };
    let now = match below.map(|below| below.document.active()) {
        Some(active) if !active.is_empty() => format!("The active remote is {active} now"),
        _ => "No remote is active now".to_owned(),
    };
    ui.info(format!(
        "{now}. To choose one:\n  {program} remote use{global} <NAME>"
    ));
}
