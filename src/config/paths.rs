//! Which file is which layer. Values in, paths out: whoever asks looks at the disk and the environment.

use std::path::{Path, PathBuf};

use crate::command::Command;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub system: PathBuf,
    pub home: PathBuf,
    pub user_directory: PathBuf,
    pub user_directory_is_named: bool,
    /// The user's remote.yaml, or the file that `-c` names.
    pub user: PathBuf,
    /// Whether `-c` named it: then its directory and its mode are the user's own business.
    pub user_is_named: bool,
    /// The registries' secrets, in Docker's format; beside the user's own file whatever `-c` says.
    pub docker_config: PathBuf,
    pub cache: PathBuf,
    pub state: PathBuf,
    pub configuration: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDirectories {
    pub home: PathBuf,
    pub named: Option<PathBuf>,
    pub cache: PathBuf,
    pub state: PathBuf,
    pub configuration: PathBuf,
}

pub const FILE_NAME: &str = "remote.yaml";

/// The directories under which a command's system files may stand when nobody says where.
///
/// In order: the package's, the one of a build from source, and the one beside the command found on PATH.
pub fn system_candidates(command_on_path: Option<&Path>) -> Vec<PathBuf> {
    let mut candidates = vec![PathBuf::from("/etc"), PathBuf::from("/usr/local/etc")];
    let prefix = command_on_path
        .and_then(Path::parent)
        .and_then(Path::parent);
    candidates.extend(prefix.map(|prefix| prefix.join("etc")));
    candidates
}

pub fn system_file(sysconfdir: &Path, command: &Command) -> PathBuf {
    sysconfdir.join(command.name()).join(FILE_NAME)
}

impl Paths {
    /// The files of a command below the directories of a user; `named` is the file of `-c`.
    pub fn new(
        system: PathBuf,
        command: &Command,
        directories: UserDirectories,
        named: Option<&Path>,
    ) -> Self {
        let user_directory_is_named = directories.named.is_some();
        let user_directory = directories
            .named
            .unwrap_or_else(|| directories.home.join(command.home_directory()));
        Self {
            system,
            home: directories.home,
            user_directory_is_named,
            user: named.map_or_else(|| user_directory.join(FILE_NAME), Path::to_path_buf),
            user_is_named: named.is_some(),
            docker_config: user_directory.join("docker-config.json"),
            user_directory,
            cache: directories.cache,
            state: directories.state,
            configuration: directories.configuration,
        }
    }

    pub fn sysconfdir(&self) -> &Path {
        let directory = self.system.parent().and_then(Path::parent);
        directory.unwrap_or(Path::new("/"))
    }

    pub fn stores(&self) -> PathBuf {
        self.state.with_file_name("stores.json")
    }

    pub fn own(&self) -> PathBuf {
        self.user_directory.join(FILE_NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_replaces_the_users_and_nothing_else() {
        let directories = UserDirectories {
            home: "/h".into(),
            named: None,
            cache: "/c".into(),
            state: "/t".into(),
            configuration: "/h/.config".into(),
        };
        let plain = Paths::new(
            "/s".into(),
            &Command::apptainer(),
            directories.clone(),
            None,
        );
        let named = Paths::new(
            "/s".into(),
            &Command::apptainer(),
            directories,
            Some(Path::new("/tmp/x.yaml")),
        );
        assert_eq!(plain.user, Path::new("/h/.apptainer/remote.yaml"));
        assert_eq!(named.user, Path::new("/tmp/x.yaml"));
        assert_eq!(
            [plain.own(), named.own()],
            [plain.user.clone(), plain.user.clone()]
        );
        assert_eq!(named.docker_config, plain.docker_config);
        assert_eq!(named.system, plain.system);
    }

    #[test]
    fn the_system_directory_is_looked_for_beside_the_command_last() {
        assert_eq!(
            system_candidates(Some(Path::new("/opt/apptainer/bin/apptainer"))),
            ["/etc", "/usr/local/etc", "/opt/apptainer/etc"].map(PathBuf::from)
        );
    }
}
