//! `remote logout`: drops the user's token or credential. Asks no server. D4, D5, D13 and D18 of docs/compatibility.md.

use clap::Args;

use crate::cli::commands::service_logout;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::target::TargetError;
use crate::cli::ui::Ui;
use crate::cli::{files, migration, secrets, view};
use crate::config::change;
use crate::config::effective::Remote;
use crate::config::layer::Scope;
use crate::name::RemoteName;

/// Log out of a remote endpoint, a keyserver or an OCI registry
///
/// Removes the stored access token or password. Without a name, the active remote is meant.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote logout
  portolan remote logout docker://docker.io")]
pub(crate) struct LogoutArgs {
    /// A remote's name, a keyserver, or a registry: docker://HOST[/PATH], oras://HOST[/PATH]
    #[arg(value_name = "NAME|URI")]
    target: Option<String>,
}

pub(crate) fn run(args: &LogoutArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    migration::migrate(context, ui)?;
    let word = args.target.as_deref().filter(|word| !word.is_empty());
    let layers = view::load_for(word, context)?;
    let effective = layers.merge();
    view::check_choice(&effective)?;
    view::warn(&effective, context, ui);
    let remote = match word {
        Some(word) => effective.remote(&RemoteName::found(word)),
        None => Some(
            effective
                .active()
                .ok_or_else(|| TargetError::NoDefault.explain(&effective, &context.typed))?,
        ),
    };
    match (remote, word) {
        (Some(remote), _) => forget_token(remote, context, ui)?,
        (None, word) => service_logout::run(word.unwrap_or_default(), &effective, context, ui)?,
    }
    ui.info("Logout succeeded");
    Ok(Outcome::Done)
}

/// Drops the user's token for a remote; where the user has one of the system's name, the token of that (D5).
fn forget_token(remote: &Remote<'_>, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let subject = secrets::subject(remote.name, remote.uri(), remote.is_insecure());
    secrets::remove(&context.paths.user, &subject, context, ui)?;
    files::edit(Scope::User, context, ui, |document| {
        change::clear_token(document, remote.name, remote.layer)
    })
}
