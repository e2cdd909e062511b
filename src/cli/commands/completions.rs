//! `completions`: the script by which a shell completes the words of this program. `cli/completion` answers it.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::failure::Outcome;
use crate::cli::json;
use crate::cli::ui::Ui;

/// Print the completion script for a shell
///
/// Tab then completes commands, options, and the remotes, keyservers and logins of your files. It asks no server.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan completions bash > ~/.local/share/bash-completion/completions/portolan
  portolan completions zsh | sudo tee /usr/local/share/zsh/site-functions/_portolan
  portolan completions fish > ~/.config/fish/completions/portolan.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell: bash, zsh or fish
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
    shell: Shell,
}

/// A shell for which there is a script.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Serialize)]
struct CompletionsView<'a> {
    script: &'a str,
}

pub(crate) fn run(args: &CompletionsArgs, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let script = match args.shell {
        Shell::Bash => include_str!("../completion/portolan.bash"),
        Shell::Zsh => include_str!("../completion/portolan.zsh"),
        Shell::Fish => include_str!("../completion/portolan.fish"),
    };
    if ui.json {
        json::print("portolan.completions/1", &CompletionsView { script }, ui)?;
    } else {
        ui.print(script)?;
    }
    Ok(Outcome::Done)
}
