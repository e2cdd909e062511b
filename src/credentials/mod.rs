//! The logins of OCI registries: docker-config.json and the credential helpers that it names. Knows no network and no
//! remote.yaml. D13 of docs/compatibility.md.

pub mod auth_file;
pub mod config_file;
pub mod helper;
pub mod look_up;

use std::path::{Path, PathBuf};

use self::auth_file::{AuthFile, AuthFileError, HelperEntry};
use self::helper::{Helper, HelperEnvironment, HelperError};
use crate::disk;
use crate::disk::{DiskError, DiskNote, FileRules, Session};
use crate::secret::{SecretBytes, Stored};

#[derive(Clone, Debug)]
pub struct CredentialStore {
    pub files: StoreFiles,
    pub helpers: HelperEnvironment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFiles {
    Named(PathBuf),
    /// The command's own; while it does not exist and Docker's says anything of logins, Docker's, whose logins an own file
    /// would hide.
    Usual {
        own: PathBuf,
        /// Docker's, for the commands that read it.
        docker: Option<PathBuf>,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("while loading existing OCI registry credentials from \"{}\": {error}", path.display())]
    File { path: PathBuf, error: AuthFileError },
    #[error("while trying to store new credentials")]
    Store(#[source] HelperError),
    #[error(transparent)]
    Helper(#[from] HelperError),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub path: PathBuf,
    pub file: AuthFile,
}

pub struct OpenStore<'a> {
    store: &'a CredentialStore,
    sessions: Vec<(PathBuf, Session)>,
}

impl CredentialStore {
    pub fn read(&self) -> Result<Found, CredentialError> {
        self.read_by(AuthFile::read)
    }

    pub fn read_for_change(&self) -> Result<Found, CredentialError> {
        self.read_by(AuthFile::read_for_change)
    }

    fn read_by(&self, read: Read) -> Result<Found, CredentialError> {
        let (first, docker) = self.files.in_order();
        let (found, contents) = disk::read_settled(first, |bytes| parse(first, bytes, read))?;
        if let Some(docker) = docker.filter(|_| contents.is_none()) {
            let (other, _) = disk::read_settled(docker, |bytes| parse(docker, bytes, read))?;
            if other.file.has_logins() {
                return Ok(other);
            }
        }
        Ok(found)
    }

    pub fn open(&self) -> Result<OpenStore<'_>, CredentialError> {
        let (first, _) = self.files.in_order();
        let session = disk::open(first, &FileRules::PRIVATE)?;
        Ok(OpenStore {
            store: self,
            sessions: vec![(first.to_path_buf(), session)],
        })
    }

    /// The login for a key as the file has it now, from the helper that it names or from itself.
    pub fn get(&self, key: &str) -> Result<Option<Stored>, CredentialError> {
        let found = self.read()?;
        Ok(match found.helper_for(key)? {
            Some(entry) => self.helper(&entry).get(key)?,
            None => found.file.get(key),
        })
    }

    pub fn helper(&self, entry: &HelperEntry) -> Helper {
        Helper::new(entry.helper.clone(), self.helpers.clone())
    }
}

impl StoreFiles {
    fn in_order(&self) -> (&Path, Option<&Path>) {
        match self {
            Self::Named(file) => (file, None),
            Self::Usual { own, docker } => (own, docker.as_deref()),
        }
    }
}

impl Found {
    pub fn helper_for(&self, key: &str) -> Result<Option<HelperEntry>, CredentialError> {
        let helper = self
            .file
            .helper_for(key)
            .map_err(|error| self.error(error))?;
        let key = key.to_owned();
        Ok(helper.map(|helper| HelperEntry { helper, key }))
    }

    pub fn helper_entries(&self, key: &str) -> Result<Vec<HelperEntry>, CredentialError> {
        let entries = self.file.helper_entries(key);
        entries.map_err(|error| self.error(error))
    }

    fn error(&self, error: AuthFileError) -> CredentialError {
        CredentialError::File {
            path: self.path.clone(),
            error,
        }
    }
}

impl OpenStore<'_> {
    /// What the file in which a login is stored says now. Docker's is locked, too, before it is read.
    pub fn read(&mut self) -> Result<Found, CredentialError> {
        let found = self.read_session(0)?;
        let is_absent = self.sessions[0].1.contents().is_none();
        let (_, docker) = self.store.files.in_order();
        match docker.filter(|docker| is_absent && docker.parent().is_some_and(Path::is_dir)) {
            Some(docker) => {
                if self.sessions.len() == 1 {
                    let session = disk::open(docker, &FileRules::PRIVATE)?;
                    self.sessions.push((docker.to_path_buf(), session));
                }
                let other = self.read_session(1)?;
                Ok(if other.file.has_logins() {
                    other
                } else {
                    found
                })
            }
            None => Ok(found),
        }
    }

    fn read_session(&mut self, index: usize) -> Result<Found, CredentialError> {
        let (path, session) = &mut self.sessions[index];
        session.read(|bytes| parse(path, bytes, AuthFile::read_for_change))
    }

    /// Gives the file that was found these contents. `false` when somebody who takes no lock has changed it since, and nothing
    /// was done: read again and decide anew.
    pub fn replace(&mut self, before: &Found, after: &AuthFile) -> Result<bool, CredentialError> {
        let mut sessions = self.sessions.iter_mut();
        let Some((_, session)) = sessions.find(|(path, _)| *path == before.path) else {
            return Ok(false);
        };
        Ok(if before.file == *after {
            session.keep()?
        } else {
            session.replace(&SecretBytes::from(after.render().into_bytes()))?
        })
    }

    pub fn notes(&self) -> impl Iterator<Item = &DiskNote> {
        self.sessions.iter().flat_map(|(_, session)| &session.notes)
    }
}

type Read = fn(&[u8]) -> Result<AuthFile, AuthFileError>;

fn parse(path: &Path, bytes: Option<&[u8]>, read: Read) -> Result<Found, CredentialError> {
    let path = path.to_path_buf();
    match read(bytes.unwrap_or_default()) {
        Ok(file) => Ok(Found { path, file }),
        Err(error) => Err(CredentialError::File { path, error }),
    }
}
