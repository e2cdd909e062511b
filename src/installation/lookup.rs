//! What this machine has that decides where an image comes from and who logs in: files, variables, programs on PATH,
//! registries.conf. Runs nothing and decides nothing.

use std::error::Error as _;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, StatVfsMountFlags, accessat, statvfs};
use rustix::io::Errno;

use super::Installation;
use crate::config::paths::{FILE_NAME, Paths};
use crate::credentials::look_up::{Directories, File, FileState, LoginFiles, LoginPair, Logins};
use crate::disk;
use crate::disk::DiskError;
use crate::resolve::{RegistriesConf, Setup};
use crate::runtime::Runtime;
use crate::secret::Secret;

/// Where all users' registries.conf is; the runtimes know no other place.
const SYSTEM: &str = "/etc/containers";

pub(crate) fn named_file(installation: &Installation) -> Option<(String, PathBuf)> {
    LoginFiles::named_by(&installation.command, &|name| variable(installation, name))
}

/// What decides for an image: `authfile` is the file of an option.
pub(crate) fn setup<'a>(authfile: Option<&Path>, installation: &'a Installation) -> Setup<'a> {
    let variable = |name: &str| variable(installation, name);
    Setup {
        logins: logins(authfile, installation),
        pair: Box::new(move |rules| LoginPair::find(&installation.command, rules, &variable)),
        registries: registries(&installation.paths.home),
    }
}

/// The user and the password that variables give to a runtime.
pub(crate) fn pair(runtime: &Runtime, installation: &Installation) -> Option<LoginPair> {
    LoginPair::find(&installation.command, runtime.rules(), &|name| {
        variable(installation, name)
    })
}

pub(crate) fn logins<'a>(authfile: Option<&Path>, installation: &'a Installation) -> Logins<'a> {
    let variable = |name: &str| variable(installation, name);
    let named = authfile
        .map(Path::to_path_buf)
        .or_else(|| named_file(installation).map(|(_, path)| path));
    let paths = &installation.paths;
    let directories = Directories {
        home: &paths.home,
        own: &paths.user_directory,
        is_named: paths.user_directory_is_named,
    };
    Logins {
        files: LoginFiles::find(&installation.command, directories, named, &variable, &file),
        variable: variable("DOCKER_AUTH_CONFIG").map(Secret::new),
        is_installed: Box::new(|program| is_installed(program, installation)),
    }
}

/// Why a runtime ends every command before it does anything: it wants its remote.yaml to have the mode 0600, and can't give it
/// that, or takes no link for it.
pub(crate) fn refusal(runtime: &Runtime, installation: &Installation) -> Option<String> {
    let rules = runtime.rules();
    let Paths {
        home,
        user_directory,
        ..
    } = &installation.paths;
    let directory = if rules.has_config_dir {
        user_directory.clone()
    } else {
        home.join(installation.command.home_directory())
    };
    let path = directory.join(FILE_NAME);
    let words = |call: &str, reason: &str| {
        let path = path.display();
        Some(format!(
            "Unable to correct the permission on {path}: {call} {path}: {reason}"
        ))
    };
    if !rules.follows_links && path.is_symlink() {
        return words("open", "too many levels of symbolic links");
    }
    let is_read_only = |path: &Path| {
        statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY))
    };
    match fs::metadata(&path) {
        Ok(found) if found.mode() & 0o777 == 0o600 => None,
        Ok(_) if is_read_only(&path) => words("chmod", "read-only file system"),
        Ok(found) if !installation.user.is_root() && found.uid() != installation.user.id => {
            words("chmod", "operation not permitted")
        }
        Err(error) if error.kind() == ErrorKind::NotFound && directory.is_dir() => {
            let is_open = accessat(CWD, &directory, Access::WRITE_OK, AtFlags::EACCESS);
            match is_open {
                Err(Errno::ROFS) => words("open", "read-only file system"),
                Err(Errno::ACCESS) => words("open", "permission denied"),
                _ => None,
            }
        }
        _ => None,
    }
}

fn variable(installation: &Installation, name: &str) -> Option<String> {
    installation.environment.text(name).map(str::to_owned)
}

pub(crate) fn file(path: PathBuf) -> File {
    File::new(path, look)
}

fn look(path: &Path) -> FileState {
    match disk::read(path) {
        Ok(None) | Err(DiskError::DanglingLink { .. }) => FileState::Absent,
        Ok(Some(contents)) => FileState::Bytes(contents.bytes),
        Err(DiskError::NotAFile { .. }) => FileState::Irregular,
        Err(DiskError::Refused { reason, .. }) => match reason.kind() {
            ErrorKind::IsADirectory => FileState::Irregular,
            ErrorKind::NotADirectory => FileState::Absent,
            _ => FileState::Unreadable(reason.to_string()),
        },
        Err(error) => FileState::Unreadable(error.to_string()),
    }
}

fn is_installed(program: &str, installation: &Installation) -> bool {
    let is_program = |directory: PathBuf| {
        let found = fs::metadata(directory.join(program));
        found.is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0)
    };
    let path = installation.environment.get("PATH");
    path.is_some_and(|path| std::env::split_paths(path).any(is_program))
}

/// The user's registries.conf, else that of all users; beside it the files of registries.conf.d, of all users only with theirs.
fn registries(home: &Path) -> Result<RegistriesConf, String> {
    let user = home.join(".config/containers");
    let system = Path::new(SYSTEM);
    let name = "registries.conf";
    let is_own = user.join(name).exists();
    let main = if is_own { &user } else { system };
    let mut paths = vec![main.join(name)];
    let directories = [Some(system).filter(|_| !is_own), Some(&user)];
    for directory in directories.into_iter().flatten() {
        let entries = fs::read_dir(directory.join("registries.conf.d"));
        let mut found: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "conf")
            })
            .collect();
        found.sort();
        paths.extend(found);
    }
    let mut texts = Vec::new();
    for path in paths {
        match disk::read(&path) {
            Ok(contents) => {
                let text = contents.map(|contents| String::from_utf8(contents.bytes.to_vec()));
                let text = text.transpose();
                texts.extend(text.map_err(|error| format!("{}: {error}", path.display()))?);
            }
            Err(error) => {
                let reason = error.source().map(|reason| format!(": {reason}"));
                return Err(format!("{error}{}", reason.unwrap_or_default()));
            }
        }
    }
    let files = main.join(name);
    let files = format!("{0} or {0}.d", files.display());
    RegistriesConf::read(texts.iter().map(String::as_str), files)
}
