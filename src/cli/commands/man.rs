//! `man`: the manual, one page a command, into a directory. `cli/manual.rs` has the pages.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::cli::failure::Outcome;
use crate::cli::manual;
use crate::cli::ui::Ui;
use crate::disk;

/// Write the man pages into a directory
///
/// Writes a page for every command: portolan.1, portolan-remote.1, portolan-remote-add.1 and so on. Creates the
/// directory if necessary, and replaces existing pages.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan man share/man/man1
  portolan man ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn run(args: &ManArgs, tree: &clap::Command, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let pages = manual::pages(tree)?;
    disk::create_directories(&args.directory, 0o777).context("while writing the man pages")?;
    for page in &pages {
        let path = args.directory.join(&page.file);
        disk::replace_public(&path, &page.text).context("while writing the man pages")?;
        ui.changed(&path);
    }
    ui.info(format!(
        "{} man pages written to {}",
        pages.len(),
        args.directory.display()
    ));
    Ok(Outcome::Done)
}
