//! Views as JSON, for scripts. The names and shapes are an interface: docs/json.md describes them.

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::cli::ui::Ui;

/// The option of every command that prints.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct JsonOption {
    /// Print JSON for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

/// A view under the name and number of its schema. Fields are added within a number, never changed or dropped.
#[derive(Serialize)]
struct Labelled<'a, View> {
    schema: &'static str,
    #[serde(flatten)]
    view: &'a View,
}

/// Prints a view as one JSON object. `schema` is its name and number: `portolan.remote-list/1`.
///
/// # Errors
/// When standard output can't be written.
pub(crate) fn print(schema: &'static str, view: &impl Serialize, ui: &mut Ui) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&Labelled { schema, view }).context("while writing JSON")?;
    Ok(ui.print(&format!("{text}\n"))?)
}
