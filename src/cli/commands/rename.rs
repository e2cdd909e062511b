//! `remote rename`: another name for a remote that is there. D5, D17 and D20 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::ui::Ui;
use crate::cli::{layers, previous};
use crate::config::change;
use crate::config::change::ChangeError;
use crate::config::effective::Layer;
use crate::name::RemoteName;
use crate::text::Quoted;

/// Rename a remote endpoint
///
/// Gives one of your own endpoints another name. Its address, its access token and its keyservers stay, and it stays active
/// if it was. A remote that is defined for all users is renamed with --global; whoever chose it or is logged in to it has to
/// do so again, since their own files know it by its old name.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote rename ExampleCloud example
  sudo portolan remote rename --global company company-cloud")]
pub(crate) struct RenameArgs {
    /// Rename it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// The remote's name
    #[arg(value_name = "OLD")]
    old: String,
    /// Its new name
    #[arg(value_name = "NEW")]
    new: String,
}

pub(crate) fn run(args: &RenameArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    if args.global {
        layers::check_may_write_system(context, layers::GLOBAL_REFUSAL)?;
    }
    let (old, new) = (RemoteName::found(&args.old), RemoteName::parse(&args.new)?);
    let renamed = format!(
        "Remote {} renamed to {}.",
        Quoted(old.as_str()),
        Quoted(new.as_str())
    );
    if args.global {
        layers::edit_system(context, ui, |document| {
            change::rename_globally(document, &old, &new)
        })
        .map_err(|error| explain(error, &old, &new))?;
        ui.info(renamed);
        ui.info(format!("Users' own choices and logins still name {old}."));
        return Ok(Outcome::Done);
    }
    let system = layers::system_if_readable(context, ui);
    layers::refuse_system_name(&new, system.as_ref())?;
    let has_old = |layer: &&Layer| layer.document.remotes().contains_key(&old);
    let below = system.as_ref().filter(has_old).map(|layer| layer.kind);
    layers::edit_user(context, ui, |document| {
        change::rename(document, &old, &new, below)
    })
    .map_err(|error| explain(error, &old, &new))?;
    previous::rename(&old, &new, context, ui);
    ui.info(renamed);
    if below.is_some() {
        ui.info(format!(
            "{old} is still defined in {}.",
            layers::system_place(context)
        ));
    }
    Ok(Outcome::Done)
}

fn explain(error: anyhow::Error, old: &RemoteName, new: &RemoteName) -> anyhow::Error {
    match error.downcast_ref::<ChangeError>() {
        Some(ChangeError::GlobalName(_)) => error.advise(format!(
            "To rename it for all users: sudo portolan remote rename --global {} {}.",
            old.word(),
            new.word()
        )),
        Some(ChangeError::NoSuchRemote(_)) => {
            error.advise_person("portolan remote list shows the remotes that there are.")
        }
        _ => error,
    }
}
