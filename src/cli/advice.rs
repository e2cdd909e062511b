//! Commands in an advice, so that they can be pasted: each on a line of its own, with the options of this run that it needs
//! to mean the same files. Decides nothing.

use std::path::Path;

use crate::cli::context::{Environment, Places};
use crate::command::Command;
use crate::text::ShellWord;

/// The options of this run that an advised command repeats.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunOptions {
    own: String,
    /// The same under `sudo`, which drops variables.
    under_sudo: String,
    /// `-c FILE`, which stands after `remote`.
    config: String,
}

impl RunOptions {
    pub(crate) fn new(command: &Command, places: Places<'_>, environment: &Environment) -> Self {
        let command = match command.name() {
            "apptainer" => String::new(),
            name => format!(" --command {name}"),
        };
        let option = |name: &str, path: Option<&Path>| {
            path.map_or_else(String::new, |path| {
                format!(" {name} {}", ShellWord(&path.to_string_lossy()))
            })
        };
        let named = environment.get("PORTOLAN_SYSCONFDIR").map(Path::new);
        let sysconfdir = |path| option("--sysconfdir", path);
        Self {
            own: format!("{command}{}", sysconfdir(places.sysconfdir)),
            under_sudo: format!("{command}{}", sysconfdir(places.sysconfdir.or(named))),
            config: option("-c", places.config),
        }
    }

    /// The text with these options in its commands: the lines that begin, after blanks, with `portolan` or `sudo portolan`.
    /// They stand `indent` and two blanks to the right.
    pub(crate) fn complete(&self, text: &str, indent: &str) -> String {
        let lines = text.split('\n').map(|line| {
            let command = line.trim_start();
            if let Some(rest) = command.strip_prefix("sudo portolan ") {
                return format!("{indent}  sudo portolan{} {rest}", self.under_sudo);
            }
            let Some(rest) = command.strip_prefix("portolan ") else {
                return line.to_owned();
            };
            match rest.strip_prefix("remote ") {
                Some(rest) => format!(
                    "{indent}  portolan{} remote{} {rest}",
                    self.own, self.config
                ),
                None => format!("{indent}  portolan{} {rest}", self.own),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advised_command_means_the_files_of_this_run() {
        let text =
            "To add it:\n  portolan remote add x\nFor all:\n  sudo portolan remote add --global x";
        let plain = RunOptions::default();
        assert_eq!(plain.complete(text, ""), text);
        let places = Places {
            command: None,
            sysconfdir: Some(Path::new("/o p/etc")),
            config: Some(Path::new("r.yaml")),
        };
        let command = Command::parse("singularity").unwrap();
        let options = RunOptions::new(&command, places, &Environment::default());
        assert_eq!(
            options.complete(text, ""),
            "To add it:\n  portolan --command singularity --sysconfdir '/o p/etc' remote -c r.yaml add x\nFor all:\n  \
             sudo portolan --command singularity --sysconfdir '/o p/etc' remote add --global x"
        );
        assert_eq!(
            options.complete("portolan keyserver list", " "),
            "   portolan --command singularity --sysconfdir '/o p/etc' keyserver list"
        );
    }
}
