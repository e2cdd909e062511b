//! `remote get-login-password`: the password for the registry behind the active remote's library, to pipe into a login.
//! D21 of docs/compatibility.md.

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde::Serialize;

use crate::cli::advice::changes;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::next_step::Peer;
use crate::cli::services::library_advice;
use crate::cli::ui::Ui;
use crate::cli::{json, network, next_step, secrets, target, view};
use crate::service::discovery::{Freshness, ServiceKind, known_service};
use crate::service::user;
use crate::service::user::UserError;

/// Print the password of the registry that belongs to the active remote's library
///
/// Asks the library of the active remote, with your access token. Pipe the password into a login, so that nobody sees
/// it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote get-login-password | skopeo login -u ian --password-stdin registry.example.com
  portolan remote get-login-password | portolan registry login -u ian --password-stdin ghcr.io")]
pub(crate) struct GetLoginPasswordArgs {}

/// The one view with a secret: it is what was asked for.
#[derive(Serialize)]
struct LoginPasswordView<'a> {
    password: &'a str,
}

pub(crate) fn run(
    _args: &GetLoginPasswordArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let layers = view::load(context)?;
    let effective = layers.merge();
    view::check_choice(&effective)?;
    view::warn(&effective, context, ui);
    let remote = target::named_or_active(&effective, None, &context.typed)?;
    let endpoint = network::endpoint(remote)
        .context("no endpoint URI")
        .map_err(|error| error.advise_person(changes::no_uri(remote)))?;
    let no_library = format!(
        "{} has no library. {}",
        remote.name,
        library_advice(&effective)
    );
    let Some(token) = secrets::token(remote, context, ui)? else {
        let advice = match known_service(&endpoint.uri, &ServiceKind::Library) {
            Some("") => no_library,
            _ => format!("To log in:\n  portolan remote login {}", remote.name.word()),
        };
        return Err(anyhow::Error::from(UserError::NotLoggedIn).advise_person(advice));
    };
    let client = network::client(context);
    let explain = |error: anyhow::Error| next_step::explain(error, Peer::Endpoint(remote));
    let library = network::lookup(&client, context)
        .service(&endpoint, &ServiceKind::Library, Freshness::Now)
        .map_err(|error| explain(error.into()))?;
    if library.is_empty() {
        return Err(anyhow!("remote has no library client").advise_person(no_library));
    }
    let user = user::current(&client, &endpoint, &library, &token)
        .map_err(|error| explain(error.into()))?;
    let password = user.registry_password()?;
    let password = password.expose();
    if ui.json {
        json::print(
            "portolan.login-password/1",
            &LoginPasswordView { password },
            ui,
        )?;
    } else {
        ui.print(&format!("{}\n", ui.cell(password)))?;
    }
    Ok(Outcome::Done)
}
