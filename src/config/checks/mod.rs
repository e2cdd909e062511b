//! What can be wrong with the files, found by looking at their values: `remote doctor` asks here. Pure: knows no file, no
//! clock and no server; what these say comes from the caller.

mod files;
mod finding;
mod fix;
mod logins;
mod remotes;

pub use self::files::{FileAccess, shell_word, systems_file, users_directory, users_file};
pub use self::finding::{Code, Finding, Severity};
pub use self::fix::fix;
pub use self::logins::logins;
pub use self::remotes::remotes;

use crate::config::document::RemoteEntry;
use crate::name::RemoteName;
use crate::text::ShellWord;
use crate::uri::RegistryUri;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// For the user's own file: `portolan remote`, with whatever else chose that file.
    pub own: String,
    pub system: String,
}

impl Commands {
    pub fn own(&self, words: &str, last: &str) -> String {
        command(&self.own, words, last)
    }

    pub fn login_to(&self, uri: &str) -> String {
        let is_registry = RegistryUri::found(uri).is_ok();
        self.own(
            if is_registry {
                "login --username USER"
            } else {
                "login"
            },
            uri,
        )
    }

    /// The command that makes a remote of the user's own of an entry for one that the system does not have (D4).
    pub fn adopt(&self, name: &RemoteName, entry: &RemoteEntry) -> String {
        let insecure = if entry.insecure { "--insecure " } else { "" };
        self.own(&format!("add {insecure}{}", name.word()), &entry.uri)
    }

    pub fn fix(&self) -> String {
        format!("{} doctor --fix", self.own)
    }

    pub fn system(&self, words: &str, last: &str) -> String {
        command(&self.system, words, last)
    }
}

fn command(program: &str, words: &str, last: &str) -> String {
    // What begins with a dash would be a flag.
    let end_of_flags = if last.starts_with('-') { "-- " } else { "" };
    format!("{program} {words} {end_of_flags}{}", ShellWord(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::config::layer::{Layer, LayerKind};
    use crate::config::yaml;

    pub(super) fn layer(kind: LayerKind, text: &str) -> Layer {
        let path = Path::new(if kind == LayerKind::User {
            "/user"
        } else {
            "/system"
        });
        Layer::new(kind, path, yaml::read(text.as_bytes()).unwrap())
    }

    pub(super) fn commands() -> Commands {
        Commands {
            own: "portolan remote".to_owned(),
            system: "sudo portolan remote".to_owned(),
        }
    }

    /// A line a finding: severity, code, place, message, and what fixes it.
    pub(super) fn told(findings: &[Finding]) -> Vec<String> {
        let line = |finding: &Finding| {
            let Finding {
                code,
                severity,
                file,
                line,
                message,
                fix,
                fixable,
                ..
            } = finding;
            let place = file
                .as_ref()
                .map_or_else(String::new, |file| file.display().to_string());
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            let fixable = if *fixable { " (fixable)" } else { "" };
            format!(
                "{} {code} {place}{line}: {message} [{fix}]{fixable}",
                severity.name()
            )
        };
        findings.iter().map(line).collect()
    }

    #[test]
    fn an_advised_command_takes_any_name_for_one_word() {
        let commands = commands();
        assert_eq!(commands.own("use", "x"), "portolan remote use x");
        assert_eq!(
            commands.own("use", "my remote; reboot"),
            "portolan remote use 'my remote; reboot'"
        );
        assert_eq!(
            commands.system("use --global", "-x"),
            "sudo portolan remote use --global -- -x"
        );
    }
}
