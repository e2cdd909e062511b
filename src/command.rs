//! What differs between apptainer, singularity and other commands: one table. Knows no file and no environment.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    name: String,
    /// What the names of its variables begin with, `APPTAINER_`.
    prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} can't be a command's name: it begins with a-z or 0-9 and goes on with these, '.', '_' and '-'"
)]
pub struct CommandNameError(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownEndpoint {
    pub name: &'static str,
    pub uri: &'static str,
    pub keyserver: &'static str,
    pub library: Option<&'static str>,
}

pub(crate) const KNOWN_ENDPOINTS: [KnownEndpoint; 2] = [
    KnownEndpoint {
        name: "DefaultRemote",
        uri: "cloud.apptainer.org",
        keyserver: "https://keys.openpgp.org",
        library: None,
    },
    KnownEndpoint {
        name: "SylabsCloud",
        uri: "cloud.sylabs.io",
        keyserver: "https://keys.sylabs.io",
        library: Some("https://library.sylabs.io"),
    },
];

pub(crate) fn known_by_name(name: &str) -> Option<&'static KnownEndpoint> {
    KNOWN_ENDPOINTS.iter().find(|known| known.name == name)
}

pub(crate) fn known_by_uri(uri: &str) -> Option<&'static KnownEndpoint> {
    KNOWN_ENDPOINTS.iter().find(|known| known.uri == uri)
}

impl Command {
    pub fn apptainer() -> Self {
        Self::named("apptainer")
    }

    pub fn singularity() -> Self {
        Self::named("singularity")
    }

    fn named(name: &str) -> Self {
        let prefix = name.to_ascii_uppercase().replace(['-', '.'], "_") + "_";
        let name = name.to_owned();
        Self { name, prefix }
    }

    /// Checks a command's name: it becomes part of paths and of variables' names.
    pub fn parse(command: &str) -> Result<Self, CommandNameError> {
        let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let other = |byte: u8| first(byte) || matches!(byte, b'.' | b'_' | b'-');
        if command.bytes().next().is_some_and(first) && command.bytes().all(other) {
            Ok(Self::named(command))
        } else {
            Err(CommandNameError(command.to_owned()))
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn variable(&self, key: &str) -> String {
        [&self.prefix, key].concat()
    }

    /// Whether a flag can be given by a variable: SingularityCE has none for some that Apptainer has one for.
    pub fn has_variable(&self, key: &str) -> bool {
        let lacks = ["ADD_INSECURE", "QUIET", "SILENT", "VERBOSE", "NOCOLOR"].contains(&key);
        !(self.is_singularity() && lacks)
    }

    /// The variable that Singularity had for the same, still obeyed with a warning; `None` for Singularity itself.
    pub fn legacy_variable(&self, key: &str) -> Option<String> {
        (!self.is_singularity()).then(|| format!("SINGULARITY_{key}"))
    }

    /// The directory of a user's files below the home, `.apptainer`.
    pub fn home_directory(&self) -> String {
        format!(".{}", self.name)
    }

    pub fn legacy_home_directory(&self) -> Option<&'static str> {
        (!self.is_singularity()).then_some(".singularity")
    }

    pub fn default_remote(&self) -> &'static KnownEndpoint {
        &KNOWN_ENDPOINTS[usize::from(self.is_singularity())]
    }

    pub fn is_singularity(&self) -> bool {
        self.name == "singularity"
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_decides_variables_directories_and_the_default_remote() {
        let apptainer = Command::apptainer();
        assert_eq!(apptainer.variable("CONFIGDIR"), "APPTAINER_CONFIGDIR");
        assert_eq!(
            apptainer.legacy_variable("CONFIGDIR").as_deref(),
            Some("SINGULARITY_CONFIGDIR")
        );
        assert_eq!(apptainer.home_directory(), ".apptainer");
        assert_eq!(apptainer.default_remote().uri, "cloud.apptainer.org");
        let singularity = Command::parse("singularity").unwrap();
        assert_eq!(singularity.legacy_variable("CONFIGDIR"), None);
        assert_eq!(singularity.default_remote().name, "SylabsCloud");
        let other = Command::parse("my-tool.2").unwrap();
        assert_eq!(other.variable("X"), "MY_TOOL_2_X");
        assert_eq!(other.default_remote().name, "DefaultRemote");
    }

    #[test]
    fn a_command_name_cannot_leave_its_directory() {
        for name in ["", ".", "..", "../x", "a/b", "Apptainer", "-x", "a b", "é"] {
            assert!(Command::parse(name).is_err(), "{name}");
        }
    }
}
