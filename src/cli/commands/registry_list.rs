//! `registry list`: the logins to registries and keyservers, as Apptainer shows them since 1.3. Writes nothing.

use std::borrow::Cow;
use std::iter;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::{json, logins, view};

/// List the registries and keyservers that you are logged in to
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry list
  portolan registry list --json
  portolan registry -c other.yaml list")]
pub(crate) struct RegistryListArgs {}

/// What `registry list` shows.
#[derive(Serialize)]
struct RegistryListView<'a> {
    logins: Vec<LoginRow<'a>>,
}

#[derive(Serialize)]
struct LoginRow<'a> {
    uri: &'a str,
    insecure: bool,
}

pub(crate) fn run(_: &RegistryListArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    let logins = logins::live(&effective, context, ui);
    if ui.json {
        let logins = logins
            .iter()
            .map(|login| LoginRow {
                uri: &login.uri,
                insecure: login.insecure,
            })
            .collect();
        json::print("portolan.registry-list/1", &RegistryListView { logins }, ui)?;
        return Ok(Outcome::Done);
    }
    let head = [Cow::Borrowed("URI"), Cow::Borrowed("SECURE?")];
    let rows = logins.iter().map(|login| {
        [
            ui.cell(&login.uri),
            Cow::Borrowed(if login.insecure { "✗!" } else { "✓" }),
        ]
    });
    let table = columns(&iter::once(head).chain(rows).collect::<Vec<_>>());
    ui.print(&format!("\n{table}"))?;
    Ok(Outcome::Done)
}
