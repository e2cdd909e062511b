//! `remote use`: which remote is the active one, for the user or for everybody. D3, D6 and D20 of docs/compatibility.md.

use anyhow::anyhow;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::ui::Ui;
use crate::cli::{layers, previous};
use crate::config::change::{ChangeError, Exclusivity};
use crate::config::layer::{CHOICE, LayerKind};
use crate::config::{change, policy};
use crate::name::RemoteName;
use crate::text::Quoted;

/// Set the remote endpoint that is used by default
///
/// Makes a remote the active one: the one that is used when none is named. With --global it becomes the default of all
/// users, who may still choose another; with --exclusive they may not. --global lifts what --exclusive imposed.
///
/// With - in place of a name it goes back to the remote that you used before.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote use ExampleCloud
  portolan remote use -
  sudo portolan remote use --exclusive company")]
pub(crate) struct UseArgs {
    /// Make it the only remote that users may use (implies --global)
    #[arg(short, long)]
    exclusive: bool,
    /// Make it the default of all users, and let them choose another
    #[arg(short, long)]
    global: bool,
    /// The remote's name; - for the one before
    #[arg(value_name = "NAME")]
    name: String,
}

/// The word for the remote before, where no remote has this name.
const PREVIOUS: &str = "-";

pub(crate) fn run(args: &UseArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let name = RemoteName::found(&args.name);
    if args.global || args.exclusive {
        use_globally(args, &name, context, ui)?;
    } else {
        use_for_user(name, context, ui)?;
    }
    Ok(Outcome::Done)
}

fn tell(name: &RemoteName, ui: &mut Ui) {
    ui.info(format!("Remote {} now in use.", Quoted(name.as_str())));
}

fn use_globally(
    args: &UseArgs,
    name: &RemoteName,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let (refusal, exclusivity) = if args.exclusive {
        (layers::EXCLUSIVE_REFUSAL, Exclusivity::Imposed)
    } else {
        (layers::GLOBAL_REFUSAL, Exclusivity::Lifted)
    };
    layers::check_may_write_system(context, refusal)?;
    layers::edit_system(context, ui, |document| {
        change::use_globally(document, name, exclusivity)
    })
    .map_err(|error| {
        if name.as_str() == PREVIOUS {
            error.advise(
                "Only your own choice can go back to the remote before; name one for all users.",
            )
        } else {
            layers::explain_global(error, name)
        }
    })?;
    tell(name, ui);
    Ok(())
}

/// Makes a remote the user's active one; [`PREVIOUS`] is the one before.
fn use_for_user(name: RemoteName, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    layers::migrate(context, ui)?;
    let layers = layers::load_files(context)?;
    let effective = layers.merge();
    layers::warn(&effective, context, ui);
    let goes_back = name.as_str() == PREVIOUS && effective.remote(&name).is_none();
    let name = if goes_back { previous(context)? } else { name };
    let remote = effective
        .remote(&name)
        .ok_or_else(|| no_such_remote(&name, goes_back))?;
    policy::may_use(&effective, &name)?;
    let built_in = (remote.layer == LayerKind::BuiltIn).then(|| remote.uri());
    let before = layers::edit_user(context, ui, |document| {
        // Another command may have removed the user's own remote since it was looked up.
        if remote.layer == LayerKind::User && !document.remotes().contains_key(&name) {
            return Err(ChangeError::NoSuchRemote(name.clone()));
        }
        let before = document.active().to_owned();
        change::use_remote(document, &name, built_in);
        Ok(before)
    })?;
    let before = if before.is_empty() {
        layers.system.document.active().to_owned()
    } else {
        before
    };
    if !before.is_empty() && before != name.as_str() {
        previous::remember(&RemoteName::found(before), context, ui);
    }
    tell(&name, ui);
    if let Some(chosen) =
        layers::choice(context).filter(|chosen| *chosen != name && effective.exclusive().is_none())
    {
        ui.warning(format!(
            "{} overrides it: while it is set, the active remote is {chosen}",
            CHOICE
        ));
    }
    Ok(())
}

fn previous(context: &Context) -> anyhow::Result<RemoteName> {
    previous::recall(context).ok_or_else(|| {
        anyhow!("no remote was in use before")
            .advise("To choose one by its name: portolan remote use <NAME>.")
    })
}

fn no_such_remote(name: &RemoteName, goes_back: bool) -> anyhow::Error {
    let error = ChangeError::NoSuchRemote(name.clone());
    if goes_back {
        error.advise("It was in use before, and is gone. portolan remote list shows the remotes that there are.")
    } else {
        error.advise_person("portolan remote list shows the remotes that there are.")
    }
}
