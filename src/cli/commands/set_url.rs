//! `remote set-url`: another address for a remote that is there. D8, D9, D20 and D21 of docs/compatibility.md.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::ui::Ui;
use crate::cli::{args, layers};
use crate::config::change;
use crate::config::change::{ChangeError, NewAddress, Readdressed};
use crate::name::RemoteName;
use crate::text::{Quoted, ShellWord};
use crate::uri::without_user;

/// Change the address of a remote endpoint
///
/// Gives one of your own endpoints another address. The access token that is stored for it is for the host that it was made
/// for: on another host or port it is removed, and you log in again. Keyservers that were configured stay.
///
/// With --global a remote that is defined for all users gets another address; the tokens that users stored for the old one
/// are not used any more.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote set-url ExampleCloud cloud.example.org
  sudo portolan remote set-url --global company https://remote.company.example:8443")]
pub(crate) struct SetUrlArgs {
    /// Change it for all users of the system
    #[arg(short, long)]
    global: bool,
    /// Allow an endpoint on plain http (<COMMAND>_ADD_INSECURE)
    #[arg(short, long)]
    insecure: bool,
    /// The remote's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Its new address: host[:port][/path], with or without https://
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run(args: &SetUrlArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    if args.global {
        layers::check_may_write_system(context, layers::GLOBAL_REFUSAL)?;
    }
    let insecure = args.insecure
        || args::switch_variable(context, ui, "ADD_INSECURE", ("set-url", "insecure"))?;
    let name = RemoteName::found(&args.name);
    let (uri, insecure) = args::endpoint(&args.uri, insecure, context, ui)?;
    let new = NewAddress { uri, insecure };
    let done = if args.global {
        layers::edit_system(context, ui, |document| {
            change::set_uri_globally(document, &name, &new)
        })
    } else {
        let system = layers::system_if_readable(context, ui);
        let below = system
            .filter(|layer| layer.document.remotes().contains_key(&name))
            .map(|layer| layer.kind);
        layers::edit_user(context, ui, |document| {
            change::set_uri(document, &name, &new, below)
        })
    };
    let done = done.map_err(|error| explain(error, &name, &without_user(&args.uri)))?;
    tell(&done, &name, &new, args.global, ui);
    Ok(Outcome::Done)
}

fn tell(done: &Readdressed, name: &RemoteName, new: &NewAddress, global: bool, ui: &mut Ui) {
    let scheme = if new.insecure { "http" } else { "https" };
    ui.info(format!(
        "Remote {} is now at {}.",
        Quoted(name.as_str()),
        Quoted(&format!("{scheme}://{}", new.uri))
    ));
    if done.has_keyservers {
        ui.info(format!(
            "The keyservers of {name} stay as they were configured."
        ));
    }
    if done.token_removed {
        let before = &done.before;
        ui.info(format!(
            "The token for {name} was for {before}; it was removed. To log in again: portolan remote login {}",
            name.word()
        ));
    }
    if global && done.before != new.uri.as_str() {
        ui.info(format!(
            "Users who are logged in to {name} have to log in again: portolan remote login {}",
            name.word()
        ));
    }
}

fn explain(error: anyhow::Error, name: &RemoteName, uri: &str) -> anyhow::Error {
    let (word, uri) = (name.word(), ShellWord(uri));
    match error.downcast_ref::<ChangeError>() {
        Some(ChangeError::GlobalAddress(_)) => {
            error.advise(format!("To change it for all users: sudo portolan remote set-url --global {word} {uri}."))
        }
        Some(ChangeError::InTheWay(_)) => error.advise(format!(
            "The system's is used. To keep yours under another name: portolan remote rename {word} <NEW>."
        )),
        Some(ChangeError::NoSuchRemote(_)) => {
            error.advise_person(format!("To add it: portolan remote add {word} {uri}."))
        }
        _ => error,
    }
}
