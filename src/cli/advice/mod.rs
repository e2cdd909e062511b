//! What to do next. Commands in an advice can be pasted: each stands on a line of its own, with the options of this run that
//! it needs to mean the same files.

pub(crate) mod changes;

use std::ffi::OsString;
use std::path::Path;

use crate::cli::context::{Environment, Places};
use crate::command::Command;
use crate::text::ShellWord;

#[derive(Clone, Debug, Default)]
pub(crate) struct RunOptions {
    /// What stands before the group.
    own: String,
    /// The same under `sudo`, which drops variables.
    under_sudo: String,
    /// `-c FILE`, which stands after `remote`.
    config: String,
}

impl RunOptions {
    /// Of a run with these options and this environment.
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

    /// The text with these options in its commands: the lines that begin with one of these programs. They stand `indent` and
    /// two blanks to the right.
    pub(crate) fn complete(&self, text: &str, indent: &str) -> String {
        const PROGRAMS: [&str; 5] = ["portolan", "sudo", "chmod", "mkdir", "keyctl"];
        let lines = text.split('\n').map(|line| {
            let program = line.trim_start().split(' ').next();
            match program.filter(|program| PROGRAMS.contains(program)) {
                Some(_) => format!("{indent}  {}", self.command(line.trim_start())),
                None => line.to_owned(),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn command(&self, command: &str) -> String {
        if let Some(rest) = command.strip_prefix("sudo portolan ") {
            return format!("sudo portolan{} {rest}", self.under_sudo);
        }
        let Some(rest) = command.strip_prefix("portolan ") else {
            return command.to_owned();
        };
        match rest.strip_prefix("remote ") {
            Some(rest) => format!("portolan{} remote{} {rest}", self.own, self.config),
            None => format!("portolan{} {rest}", self.own),
        }
    }
}

/// The command that was typed, without the options that [`RunOptions`] has: for an advice to type it again, a little differently.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedCommand {
    pub(crate) group: &'static str,
    pub(crate) verb: &'static str,
    /// Its arguments as a shell has them; none of a login, as a password may stand there.
    arguments: String,
}

impl TypedCommand {
    pub(crate) fn new(group: &'static str, verb: &'static str, typed: &[OsString]) -> Self {
        let mut words = typed.iter().skip(1).map(|word| word.to_string_lossy());
        let mut ahead = vec![verb, group];
        let mut arguments = String::new();
        while let Some(word) = words.next() {
            let (option, value) = word
                .split_once('=')
                .map_or((&*word, None), |(option, value)| (option, Some(value)));
            if ["--command", "--sysconfdir", "--config", "-c"].contains(&option) {
                if value.is_none() {
                    words.next();
                }
            } else if ahead.last() == Some(&&*word) {
                ahead.pop();
            } else if verb != "login" && word != "--json" {
                arguments.push_str(&format!(" {}", ShellWord(&word)));
            }
        }
        Self {
            group,
            verb,
            arguments,
        }
    }

    pub(crate) fn with(&self, verb: &str, option: &str) -> String {
        let Self {
            group, arguments, ..
        } = self;
        format!("portolan {group} {verb}{option}{arguments}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_typed_again_with_another_option() {
        let typed = |words: &str, verb| {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            TypedCommand::new("remote", verb, &words)
        };
        let add = typed(
            "portolan --sysconfdir x remote -c=y add remote h --config z -i",
            "add",
        );
        assert_eq!(
            add.with("add", " --global"),
            "portolan remote add --global remote h -i"
        );
        assert_eq!(add.with("use", ""), "portolan remote use remote h -i");
        let login = typed("portolan remote login -p secret x", "login");
        assert_eq!(login.with("login", ""), "portolan remote login");
    }

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
            options.complete("  portolan keyserver list", " "),
            "   portolan --command singularity --sysconfdir '/o p/etc' keyserver list"
        );
    }
}
