//! Stores for secrets that stay out of the runtimes' files: the kernel's keyring, credential helpers, commands. One door for
//! all that need such a secret. Knows no network and no remote.yaml.
//!
//! Which secret lives where is recorded, without the secret, in a file of portolan's own. No store is asked while that file is
//! locked.

mod command;
mod keyring;
mod record;
pub(crate) mod rules;
mod store;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use self::command::CommandError;
pub(crate) use self::keyring::KeyringError;
pub(crate) use self::record::{Entry, Machine, Subject};
pub(crate) use self::rules::{RuleError, Rules};
pub(crate) use self::store::Store;

use self::record::Record;
use crate::credentials::helper::{Helper, HelperEnvironment, HelperError, Login, TOKEN_USER};
use crate::disk;
use crate::disk::{DiskError, DiskNote, FileRules, Reason};
use crate::secret::Stored;
use crate::uri::RegistryAccount;

#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub product: String,
    pub record: PathBuf,
    pub rules: PathBuf,
    pub environment: HelperEnvironment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Here,
    /// The keyring of this machine does not have it: it was stored on another one, or its time is over.
    Gone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSecret {
    /// The secret; `None` when the store does not have it any more.
    pub stored: Option<Stored>,
    /// What a command wrote to its standard error.
    pub complaint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub place: String,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoresError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("{}: {fault}", path.display())]
    Record { path: PathBuf, fault: String },
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Helper(#[from] HelperError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Rule(#[from] RuleError),
}

impl StoresError {
    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Disk(error) => error.reason().map(Reason::kind),
            _ => None,
        }
    }
}

impl Machine {
    pub(crate) fn this() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self {
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            boot: boot.unwrap_or_default().trim().to_owned(),
        }
    }
}

impl Stores {
    pub(crate) fn read_rules(&self) -> Result<Rules, StoresError> {
        let Some(contents) = disk::read(&self.rules)? else {
            return Ok(Rules::default());
        };
        let text = String::from_utf8_lossy(&contents.bytes);
        Ok(Rules::parse(&text, &self.rules)?)
    }

    pub(crate) fn entries(&self, files: &[&Path]) -> Result<Vec<Entry>, StoresError> {
        let mut entries = self.all()?;
        if entries.is_empty() {
            return Ok(entries);
        }
        let files: Vec<_> = files.iter().map(|file| resolved(file)).collect();
        entries.retain(|entry| entry.product == self.product && files.contains(&entry.file));
        Ok(entries)
    }

    pub(crate) fn all(&self) -> Result<Vec<Entry>, StoresError> {
        match disk::read_settled(&self.record, |bytes| self.parse(bytes)) {
            // Below what is no directory there is no record.
            Err(error) if error.kind() == Some(ErrorKind::NotADirectory) => Ok(Vec::new()),
            read => read.map(|(record, _)| record.secrets),
        }
    }

    /// Records where the secret of a login is, and stores it there; an older secret of it, in another store, is removed. With
    /// [`Store::File`] only that is done.
    /// When the store or the record can't be used: then the record says what it said.
    pub(crate) fn put(
        &self,
        file: &Path,
        subject: Subject,
        store: Store,
        stored: &Stored,
        timeout: Option<Duration>,
    ) -> Result<Placed, StoresError> {
        if store == Store::File {
            let (_, warnings) = self.remove(file, &subject)?;
            let place = format!("stored in {}", file.display());
            return Ok(Placed { place, warnings });
        }
        let file = resolved(file);
        let new = Entry {
            key: subject.key(&store, &self.product, &file),
            product: self.product.clone(),
            user: Some(stored.user().to_owned()).filter(|user| !user.is_empty()),
            machine: (store == Store::Keyring).then(Machine::this),
            file,
            subject,
            store,
        };
        let ((entry, old, is_unused), mut warnings) = self.edit(|record| {
            let mut entry = new.clone();
            let old = record.set(&mut entry);
            let is_unused = old
                .as_ref()
                .is_some_and(|old| !record.uses(&old.store, &old.key));
            (entry, old, is_unused)
        })?;
        self.write(&entry, stored, timeout).inspect_err(|_| {
            let _ = self.edit(|record| {
                record.take(&entry.product, &entry.file, &entry.subject);
                record.secrets.extend(old.clone());
            });
        })?;
        if let Some(Err(error)) = old.filter(|_| is_unused).map(|old| self.erase(&old)) {
            warnings.push(format!(
                "The login before this one was not removed: {error}"
            ));
        }
        let place = entry.describe();
        Ok(Placed { place, warnings })
    }

    pub(crate) fn registry_users(&self) -> Result<BTreeMap<String, String>, StoresError> {
        let mut users = BTreeMap::new();
        for entry in self.all()? {
            let Subject::Registry { account } = &entry.subject else {
                continue;
            };
            if self.state(&entry) == State::Here {
                let key = RegistryAccount::of_key(account).storage_key();
                users.insert(key, entry.user.unwrap_or_else(|| TOKEN_USER.to_owned()));
            }
        }
        Ok(users)
    }

    fn write(
        &self,
        entry: &Entry,
        stored: &Stored,
        timeout: Option<Duration>,
    ) -> Result<(), StoresError> {
        match &entry.store {
            Store::Keyring => {
                keyring::put(&entry.key, &Login::new("", stored).render(), timeout)?;
            }
            Store::Helper(name) => {
                Helper::new(name.clone(), self.environment.clone()).store(&entry.key, stored)?;
            }
            Store::File | Store::Command(_) => {}
        }
        Ok(())
    }

    /// The store of a registry's login that this program's own helper stores: that of the login before it, otherwise the
    /// administrator's, otherwise the keyring.
    pub(crate) fn of_own_helper(&self, before: Option<Entry>) -> Result<Store, StoresError> {
        let store = match before {
            Some(entry) => entry.store,
            None => self.read_rules()?.choose(None, &self.rules)?,
        };
        Ok(match store {
            Store::File => Store::Keyring,
            store => store,
        })
    }

    pub(crate) fn registry(&self, account: &RegistryAccount) -> Result<Option<Entry>, StoresError> {
        let account = account.to_string();
        let is_meant = |entry: &&Entry| matches!(&entry.subject, Subject::Registry { account: known } if *known == account);
        let entries = self.all()?;
        let mut meant = entries.iter().filter(is_meant);
        let own = meant.clone().find(|entry| entry.product == self.product);
        Ok(own.or_else(|| meant.next()).cloned())
    }

    pub(crate) fn run(&self, line: &str, user: Option<&str>) -> Result<StoredSecret, StoresError> {
        let (stored, complaint) = command::get(line, user, &self.environment)?;
        let stored = Some(stored);
        Ok(StoredSecret { stored, complaint })
    }

    pub(crate) fn get(&self, entry: &Entry) -> Result<StoredSecret, StoresError> {
        let mut stored = match &entry.store {
            Store::File => None,
            Store::Keyring => keyring::get(&entry.key)?
                .and_then(|text| Login::parse(text.expose().as_bytes())?.into_stored()),
            Store::Helper(name) => {
                Helper::new(name.clone(), self.environment.clone()).get(&entry.key)?
            }
            Store::Command(line) => return self.run(line, entry.user.as_deref()),
        };
        // The protocol has no user beside a token.
        if let Some(Stored::IdentityToken { user, .. }) = &mut stored {
            *user = entry.user.clone().unwrap_or_default();
        }
        Ok(StoredSecret {
            stored,
            complaint: String::new(),
        })
    }

    /// Whether the secret of an entry can be had; asks no helper and runs no command.
    pub(crate) fn state(&self, entry: &Entry) -> State {
        match entry.store {
            Store::Keyring if !keyring::has(&entry.key).unwrap_or(false) => State::Gone,
            _ => State::Here,
        }
    }

    pub(crate) fn remove(
        &self,
        file: &Path,
        subject: &Subject,
    ) -> Result<(bool, Vec<String>), StoresError> {
        let file = resolved(file);
        if !self.record.exists() {
            return Ok((false, Vec::new()));
        }
        let ((old, still_used), warnings) = self.edit(|record| {
            let old = record.take(&self.product, &file, subject);
            let still_used = old
                .as_ref()
                .is_some_and(|old| record.uses(&old.store, &old.key));
            (old, still_used)
        })?;
        if let Some(old) = &old
            && !still_used
        {
            self.erase(old).inspect_err(|_| {
                let _ = self.edit(|record| record.set(&mut old.clone()));
            })?;
        }
        Ok((old.is_some(), warnings))
    }

    /// Lets the record follow a remote to another name or address; the secret stays where it is.
    pub(crate) fn carry(
        &self,
        file: &Path,
        old: &Subject,
        new: &Subject,
    ) -> Result<Vec<String>, StoresError> {
        let file = resolved(file);
        if !self.record.exists() {
            return Ok(Vec::new());
        }
        let carry = |record: &mut Record| {
            let entry = record.take(&self.product, &file, old)?;
            let subject = new.clone();
            record.set(&mut Entry { subject, ..entry })
        };
        self.edit(carry).map(|(_, warnings)| warnings)
    }

    fn erase(&self, entry: &Entry) -> Result<(), StoresError> {
        match &entry.store {
            Store::Keyring => Ok(keyring::remove(&entry.key)?),
            Store::Helper(name) => {
                Ok(Helper::new(name.clone(), self.environment.clone()).erase(&entry.key)?)
            }
            Store::File | Store::Command(_) => Ok(()),
        }
    }

    fn edit<T>(&self, change: impl Fn(&mut Record) -> T) -> Result<(T, Vec<String>), StoresError> {
        if let Some(directory) = self.record.parent() {
            disk::create_private_directories(directory);
        }
        let mut session = disk::open(&self.record, &FileRules::PRIVATE)?;
        loop {
            let before = session.read(|bytes| self.parse(bytes))?;
            let mut after = before.clone();
            let value = change(&mut after);
            let is_done = match after == before {
                true => session.keep()?,
                false => session.replace(&after.render())?,
            };
            if is_done {
                let warnings = session.notes.iter().map(DiskNote::to_string);
                return Ok((value, warnings.collect()));
            }
        }
    }

    fn parse(&self, bytes: Option<&[u8]>) -> Result<Record, StoresError> {
        Record::parse(bytes.unwrap_or_default()).map_err(|fault| StoresError::Record {
            path: self.record.clone(),
            fault,
        })
    }
}

/// A file's one name, however it is reached, also while it does not exist.
fn resolved(file: &Path) -> PathBuf {
    let directory = || {
        let directory = file.parent()?.canonicalize().ok()?;
        Some(directory.join(file.file_name()?))
    };
    file.canonicalize()
        .ok()
        .or_else(directory)
        .unwrap_or_else(|| file.to_owned())
}
