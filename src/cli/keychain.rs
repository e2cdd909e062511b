//! The registries' secrets as the commands see them: which file holds them, and which rows of the user's still stand for one.
//! D13 of docs/compatibility.md.

use std::ffi::OsStr;
use std::path::Path;

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::config::document::LoginEntry;
use crate::credentials::auth_file::HeldAccounts;
use crate::credentials::helper::HelperEnvironment;
use crate::credentials::{Keychain, KeychainError};
use crate::disk;
use crate::disk::DiskNote;
use crate::secret::Stored;
use crate::uri::RegistryUri;

/// The file of `--authfile`, else docker-config.json beside the user's own remote.yaml.
pub(crate) fn open(authfile: Option<&Path>, context: &Context) -> Keychain {
    let holds_password = |name: &&OsStr| {
        // Whatever stands before: what is meant for another command is a password, too.
        ["_LOGIN_PASSWORD", "_DOCKER_PASSWORD"]
            .iter()
            .any(|end| name.as_encoded_bytes().ends_with(end.as_bytes()))
    };
    let hidden = context.environment.names().filter(holds_password);
    Keychain {
        path: authfile
            .unwrap_or(&context.paths.docker_config)
            .to_path_buf(),
        helper_environment: HelperEnvironment {
            path: context.environment.get("PATH").unwrap_or_default().into(),
            changes: hidden.map(|name| (name.into(), None)).collect(),
            at_terminal: true,
        },
    }
}

/// The accounts that the file has a secret of, if there is a file: one that is away may come back, and tells nothing.
///
/// # Errors
/// When it can't be read, or is no docker-config.json.
pub(crate) fn held(keychain: &Keychain) -> Result<Option<HeldAccounts>, KeychainError> {
    let file = keychain.read()?;
    Ok(keychain.path.exists().then(|| file.held()))
}

/// Keeps a secret; the directory of the user's own files is made where it is missing.
///
/// # Errors
/// When the file or the helper can't be used.
pub(crate) fn keep(
    keychain: &Keychain,
    key: &str,
    stored: &Stored,
    context: &Context,
    ui: &mut Ui,
) -> Result<(), KeychainError> {
    if keychain.path == context.paths.docker_config {
        disk::create_directory(&context.paths.user_directory, 0o700)?;
    }
    tell(&keychain.store(key, stored)?, ui);
    ui.changed(&keychain.path);
    Ok(())
}

/// Forgets a secret.
///
/// # Errors
/// When the file or the helper can't be used.
pub(crate) fn forget(keychain: &Keychain, key: &str, ui: &mut Ui) -> Result<(), KeychainError> {
    tell(&keychain.erase(key)?, ui);
    ui.changed(&keychain.path);
    Ok(())
}

fn tell(notes: &[DiskNote], ui: &mut Ui) {
    notes.iter().for_each(|note| ui.warning(note.to_string()));
}

/// Whether a row stands for this very registry: scheme, host and path.
pub(crate) fn is_row_of(login: &LoginEntry, uri: &RegistryUri) -> bool {
    RegistryUri::found(&login.uri).is_ok_and(|row| row == *uri)
}

/// Whether a row stands for another login that shares this one's secret: docker:// and oras:// of one registry.
pub(crate) fn shares_secret(login: &LoginEntry, uri: &RegistryUri) -> bool {
    RegistryUri::found(&login.uri).is_ok_and(|row| row != *uri && row.shares_secret_with(uri))
}

/// Whether a row stands for a registry whose secret is gone.
pub(crate) fn is_dead(login: &LoginEntry, held: &HeldAccounts) -> bool {
    RegistryUri::found(&login.uri).is_ok_and(|row| !held.contains(&row.storage_key()))
}
