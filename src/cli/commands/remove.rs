//! `remote remove`: takes a remote out of the user's file or the system's. D4, D5 and D20 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::layers;
use crate::cli::ui::Ui;
use crate::config::change;
use crate::config::change::{ChangeError, Removed};
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
    if args.global {
        layers::check_may_write_system(context, layers::GLOBAL_REFUSAL)?;
        layers::edit_system(context, ui, |document| {
            change::remove_globally(document, &name)
        })
        .map_err(|error| layers::explain_global(error, &name))?;
        ui.info(format!("Remote {} removed.", Quoted(name.as_str())));
        return Ok(Outcome::Done);
    }
    let system = layers::system_if_readable(context, ui);
    let system_has = system
        .as_ref()
        .is_some_and(|system| system.document.remotes().contains_key(&name));
    let removed = layers::edit_user(context, ui, |document| {
        change::remove(document, &name, system_has)
    })
    .map_err(|error| explain(error, &name))?;
    ui.info(format!("Remote {} removed.", Quoted(name.as_str())));
    if removed == Removed::Individual && system_has {
        ui.info(format!(
            "{name} is still defined in {}.",
            layers::system_place(context)
        ));
    }
    Ok(Outcome::Done)
}

fn explain(error: anyhow::Error, name: &RemoteName) -> anyhow::Error {
    match error.downcast_ref::<ChangeError>() {
        Some(ChangeError::Global(_)) => error.advise_person(format!(
            "To remove it for all users: sudo portolan remote remove --global {word}. To drop your token for it: portolan remote logout {word}.",
            word = name.word()
        )),
        Some(ChangeError::NoSuchRemote(_)) => error.advise_person("portolan remote list shows the remotes that there are."),
        _ => error,
    }
}
