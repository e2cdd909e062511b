//! What this machine has that decides where an image comes from and who logs in: files, variables, programs on PATH,
//! registries.conf. Runs nothing and decides nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::context::{Context, account_home};
use crate::cli::ui::Ui;
use crate::credentials::look_up::{Directories, File, FileState, Files, Logins, Pair};
use crate::disk;
use crate::disk::DiskError;
use crate::resolve::{RegistriesConf, Setup};
use crate::runtime::Runtime;
use crate::secret::Secret;

/// Where all users' registries.conf is; the runtimes know no other place.
const SYSTEM: &str = "/etc/containers";

/// The variable that names another file for logins, and the file.
pub(crate) fn named_file(context: &Context) -> Option<(String, PathBuf)> {
    Files::named_by(&context.command, &|name| variable(context, name))
}

/// What decides for an image: `authfile` is the file of an option.
pub(crate) fn setup<'a>(authfile: Option<&Path>, context: &'a Context) -> Setup<'a> {
    let variable = |name: &str| variable(context, name);
    let named = authfile
        .map(Path::to_path_buf)
        .or_else(|| named_file(context).map(|(_, path)| path));
    let paths = &context.paths;
    let directories = Directories {
        home: &paths.home,
        own: &paths.user_directory,
        is_named: paths.user_directory_is_named,
    };
    let logins = Logins {
        files: Files::find(&context.command, directories, named, &variable, &file),
        variable: variable("DOCKER_AUTH_CONFIG").map(Secret::new),
        is_installed: Box::new(|program| is_installed(program, context)),
    };
    Setup {
        logins,
        pair: Box::new(move |rules| Pair::find(&context.command, rules, &variable)),
        registries: registries(&paths.home),
    }
}

/// Warns where a runtime does not look into HOME.
pub(crate) fn warn_of_home(runtime: &Runtime, context: &Context, ui: &mut Ui) {
    if !runtime.rules().asks_account_for_home {
        return;
    }
    let home = &context.paths.home;
    if let Some(account) = account_home(context.user).filter(|account| account != home) {
        ui.warning(format!(
            "{runtime} looks into {}, the home directory of your account, and not into {}",
            account.display(),
            home.display()
        ));
    }
}

fn variable(context: &Context, name: &str) -> Option<String> {
    context.environment.text(name).map(str::to_owned)
}

/// A file as it is now.
fn file(path: PathBuf) -> File {
    let state = match disk::read(&path) {
        Ok(None) | Err(DiskError::DanglingLink { .. }) => FileState::Absent,
        Ok(Some(contents)) => FileState::Bytes(contents.bytes),
        Err(DiskError::NotAFile { .. }) => FileState::Irregular,
        Err(DiskError::Refused { reason, .. }) => match reason.kind() {
            std::io::ErrorKind::IsADirectory => FileState::Irregular,
            std::io::ErrorKind::NotADirectory => FileState::Absent,
            _ => FileState::Unreadable(reason.to_string()),
        },
        Err(error) => FileState::Unreadable(error.to_string()),
    };
    File { path, state }
}

fn is_installed(program: &str, context: &Context) -> bool {
    let is_program = |directory: PathBuf| {
        let found = fs::metadata(directory.join(program));
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let path = context.environment.get("PATH");
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
                let text = contents.map(|contents| String::from_utf8(contents.bytes));
                let text = text.transpose();
                texts.extend(text.map_err(|error| format!("{}: {error}", path.display()))?);
            }
            Err(error) => return Err(format!("{:#}", anyhow::anyhow!(error))),
        }
    }
    let files = main.join(name);
    let files = format!("{0} or {0}.d", files.display());
    RegistriesConf::read(texts.iter().map(String::as_str), files)
}
