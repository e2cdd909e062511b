//! `remote use`: which remote is the active one, for the user or for everybody. D3, D6 and D20 of docs/compatibility.md.

use clap::Args;

use crate::{
    cli::{
        context::Context,
        failure::{Advise, Outcome},
        layers,
        ui::Ui,
    },
    config::{
        change::{self, ChangeError, Exclusivity},
        effective::LayerKind,
        policy,
    },
    name::RemoteName,
    quoted::Quoted,
};

/// Set the remote endpoint that is used by default
///
/// Makes a remote the active one: the one that is used when none is named. With --global it becomes the default of all
/// users, who may still choose another; with --exclusive they may not. --global lifts what --exclusive imposed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote use ExampleCloud
  sudo portolan remote use --exclusive company")]
pub(crate) struct UseArgs {
    /// Make it the only remote that users may use (implies --global)
    #[arg(short, long)]
    exclusive: bool,
    /// Make it the default of all users, and let them choose another
    #[arg(short, long)]
    global: bool,
    /// The remote's name
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(args: &UseArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let name = RemoteName::found(&args.name);
    if args.global || args.exclusive {
        use_globally(args, &name, context, ui)?;
    } else {
        use_for_user(&name, context, ui)?;
    }
    ui.info(format!("Remote {} now in use.", Quoted(name.as_str())));
    Ok(Outcome::Done)
}

fn use_globally(args: &UseArgs, name: &RemoteName, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let (refusal, exclusivity) = if args.exclusive {
        (layers::EXCLUSIVE_REFUSAL, Exclusivity::Imposed)
    } else {
        (layers::GLOBAL_REFUSAL, Exclusivity::Lifted)
    };
    layers::check_may_write_system(context, refusal)?;
    layers::edit_system(context, ui, |document| change::use_globally(document, name, exclusivity))
}

fn use_for_user(name: &RemoteName, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    layers::migrate(context, ui)?;
    let layers = layers::load(context)?;
    let effective = layers.merge();
    layers::warn(&effective, context, ui);
    let remote = effective.remote(name).ok_or_else(|| {
        ChangeError::NoSuchRemote(name.clone()).advise_person("portolan remote list shows the remotes that there are.")
    })?;
    policy::may_use(&effective, name)?;
    let built_in = (remote.layer == LayerKind::BuiltIn).then(|| remote.uri());
    layers::edit_user(context, ui, |document| {
        // Another command may have removed the user's own remote since it was looked up.
        if remote.layer == LayerKind::User && !document.remotes().contains_key(name) {
            return Err(ChangeError::NoSuchRemote(name.clone()));
        }
        change::use_remote(document, name, built_in);
        Ok(())
    })
}
