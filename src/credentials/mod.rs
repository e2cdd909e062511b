//! The logins of OCI registries: docker-config.json and the credential helpers that it names. Knows no network and no
//! remote.yaml. D13 of docs/compatibility.md.

pub mod auth_file;
pub mod config_file;
pub mod helper;
pub mod look_up;

use std::path::PathBuf;

use self::auth_file::{AuthFile, AuthFileError, Keeper};
use self::helper::{Helper, HelperEnvironment, HelperError, Task};
use crate::disk;
use crate::disk::{Change, Contents, DiskError, DiskNote, FileRules};
use crate::secret::Stored;

/// Where the secrets of registries are kept.
#[derive(Clone, Debug)]
pub struct Keychain {
    /// docker-config.json.
    pub path: PathBuf,
    /// What surrounds its helpers.
    pub helper_environment: HelperEnvironment,
}

/// Why a secret can't be kept or forgotten.
#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    /// The file can't be read or replaced.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is no docker-config.json.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: AuthFileError,
    },
    /// The helper that keeps the secret failed.
    #[error(transparent)]
    Helper(#[from] HelperError),
}

impl Keychain {
    /// What the file says now; an absent one says nothing. Creates nothing and runs no helper.
    ///
    /// # Errors
    /// When it can't be read, or is no docker-config.json.
    pub fn read(&self) -> Result<AuthFile, KeychainError> {
        disk::read_settled(&self.path, |bytes| self.parse(bytes)).map(|(file, _)| file)
    }

    /// The login for a key: from the helper that the file names for it, else from the file.
    ///
    /// # Errors
    /// When the file or the helper can't be used.
    pub fn get(&self, key: &str) -> Result<Option<Stored>, KeychainError> {
        let file = self.read()?;
        if let Some((helper, server)) = self.helper(&file, key)?
            && let Some(stored) = helper.get(&server)?
        {
            return Ok(Some(stored));
        }
        Ok(file.get(key))
    }

    /// Keeps a login: by the helper that the file names for it, else in the file, whose directory must exist. The helper works
    /// outside the lock.
    ///
    /// # Errors
    /// When the file or the helper can't be used; the file is as it was then.
    pub fn store(&self, key: &str, stored: &Stored) -> Result<Vec<DiskNote>, KeychainError> {
        match self.helper(&self.read()?, key)? {
            Some((helper, server)) => {
                helper.store(&server, stored)?;
                self.edit(|file| file.set_elsewhere(key))
            }
            None => self.edit(|file| file.set(key, stored)),
        }
    }

    /// Forgets a login, in the helper that the file names for it and in the file.
    ///
    /// # Errors
    /// When the file or the helper can't be used.
    pub fn erase(&self, key: &str) -> Result<Vec<DiskNote>, KeychainError> {
        if let Some((helper, server)) = self.helper(&self.read()?, key)? {
            helper.erase(&server)?;
        }
        self.edit(|file| {
            file.erase(key);
        })
    }

    /// Checks, without a change, that the file can be read and says where a login for this key is to be kept.
    ///
    /// # Errors
    /// When it can't be read, is no docker-config.json, or names a helper that does not exist.
    pub fn check(&self, key: &str) -> Result<(), KeychainError> {
        if let Some((helper, _)) = self.helper(&self.read()?, key)? {
            helper.program(Task::Store)?;
        }
        Ok(())
    }

    /// Lets the file be what it was before a write that was interrupted, and changes nothing else.
    ///
    /// # Errors
    /// When it can't be read or replaced, or is no docker-config.json.
    pub fn settle(&self) -> Result<Vec<DiskNote>, KeychainError> {
        self.edit(|_| ())
    }

    fn helper(
        &self,
        file: &AuthFile,
        key: &str,
    ) -> Result<Option<(Helper, String)>, KeychainError> {
        let keeper = file.helper_for(key).map_err(|error| self.wrong(error))?;
        Ok(keeper.map(|Keeper { helper, server }| {
            (Helper::new(helper, self.helper_environment.clone()), server)
        }))
    }

    fn edit(&self, change: impl Fn(&mut AuthFile)) -> Result<Vec<DiskNote>, KeychainError> {
        let replace = |before: AuthFile, _: Option<&Contents>| {
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                Ok(Change::Keep(()))
            } else {
                Ok(Change::Replace((), after.render().into_bytes().into()))
            }
        };
        disk::edit(
            &self.path,
            &FileRules::PRIVATE,
            |bytes| self.parse(bytes),
            replace,
        )
        .map(|edited| edited.notes)
    }

    fn parse(&self, bytes: Option<&[u8]>) -> Result<AuthFile, KeychainError> {
        AuthFile::read(bytes.unwrap_or_default()).map_err(|error| self.wrong(error))
    }

    fn wrong(&self, error: AuthFileError) -> KeychainError {
        KeychainError::File {
            path: self.path.clone(),
            error,
        }
    }
}
