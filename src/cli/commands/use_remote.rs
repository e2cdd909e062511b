//! `remote use`: which remote is the active one, for the user or for everybody. D3, D6 and D20 of docs/compatibility.md.

use anyhow::anyhow;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::ui::Ui;
use crate::cli::{access, files, migration, previous, view};
use crate::config::change;
use crate::config::change::ChangeError;
use crate::config::layer::{CHOICE, Scope};
use crate::name::RemoteName;
use crate::text::Quoted;

/// Set the remote endpoint that is used by default
///
/// Makes a remote the active one, which commands use when no remote is named. --global makes it the default of all
/// users, who may choose another one; --exclusive forbids that, and a later --global allows it again.
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
    /// The name of the remote (- for the one before)
    #[arg(value_name = "NAME")]
    name: String,
}

const PREVIOUS: &str = "-";

pub(crate) fn run(args: &UseArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let refusal = if args.exclusive {
        access::EXCLUSIVE
    } else {
        access::GLOBAL
    };
    match access::scope(args.global || args.exclusive, refusal, context)? {
        Scope::System => use_for_all(args, context, ui)?,
        Scope::User => use_for_user(args, context, ui)?,
    }
    Ok(Outcome::Done)
}

fn use_for_all(args: &UseArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let (scope, name) = (Scope::System, RemoteName::found(&args.name));
    files::edit(scope, context, ui, |document| {
        change::use_remote(document, scope, None, &name, args.exclusive)
    })
    .map_err(|error| match args.name.as_str() {
        PREVIOUS => error.advise(
            "Only your own choice can go back to the remote before; name one for all users.",
        ),
        _ => error,
    })?;
    ui.info(format!("Remote {} now in use.", Quoted(name.as_str())));
    Ok(())
}

fn use_for_user(args: &UseArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    migration::migrate(context, ui)?;
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    view::warn(&effective, context, ui);
    let typed = RemoteName::found(&args.name);
    let goes_back = args.name == PREVIOUS && effective.remote(&typed).is_none();
    let name = if goes_back { previous(context)? } else { typed };
    let below = Some(&layers.system);
    // A refusal leaves nothing behind, not even a lock; the change asks once more, under the lock.
    let mut now = layers
        .user
        .as_ref()
        .map(|user| user.document.clone())
        .unwrap_or_default();
    if let Err(error) = change::use_remote(&mut now, Scope::User, below, &name, false) {
        return Err(match error {
            ChangeError::NoSuchRemote(name) if goes_back => gone(name),
            error => files::explain(error.into(), Scope::User, context),
        });
    }
    let before = files::edit(Scope::User, context, ui, |document| {
        let before = document.active().to_owned();
        change::use_remote(document, Scope::User, below, &name, false).map(|()| before)
    })?;
    let before = if before.is_empty() {
        layers.system.document.active().to_owned()
    } else {
        before
    };
    if !before.is_empty() && before != name.as_str() {
        previous::remember(&RemoteName::found(before), context, ui);
    }
    ui.info(format!("Remote {} now in use.", Quoted(name.as_str())));
    let chosen = context.chosen().filter(|chosen| *chosen != name);
    if let Some(chosen) = chosen.filter(|_| effective.exclusive().is_none()) {
        ui.warning(format!(
            "{CHOICE} overrides it: while it is set, the active remote is {chosen}"
        ));
    }
    Ok(())
}

fn previous(context: &Context) -> anyhow::Result<RemoteName> {
    previous::recall(context).ok_or_else(|| {
        anyhow!("no remote was in use before")
            .advise("To choose one by its name:\n  portolan remote use <NAME>")
    })
}

fn gone(name: RemoteName) -> anyhow::Error {
    ChangeError::NoSuchRemote(name)
        .advise("It was in use before, and is gone. To see the remotes:\n  portolan remote list")
}
