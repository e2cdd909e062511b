//! One layer's file: reading it, and changing it by a pure edit of what it holds now. The only user of `disk` here.
//!
//! The one door for changes is [`Store::edit`] (D7 of docs/compatibility.md): locked, applied to fresh contents, atomic and
//! durable; no change, no write. What can't be parsed is never overwritten.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::config::document::Document;
use crate::config::effective::{Layer, LayerKind};
use crate::config::yaml;
use crate::config::yaml::{Loss, Read, Written, YamlError};
use crate::disk;
use crate::disk::{Change, DiskError, Edited, FileRules};

/// A layer's file.
#[derive(Clone, Debug)]
pub struct Store {
    kind: LayerKind,
    path: PathBuf,
    rules: FileRules,
    /// What a file that does not exist yet starts from.
    initial: Document,
    /// The mode of the file's directory, where this may create it.
    directory_mode: Option<u32>,
}

/// Why a layer's file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It can't be opened or read.
    #[error("while opening remote config file")]
    Disk(#[from] DiskError),
    /// It is no remote.yaml.
    #[error("while parsing remote config data")]
    Parse(#[from] ParseError),
}

/// Where and why a file is no remote.yaml.
#[derive(Debug, thiserror::Error)]
#[error("{}:{error}", path.display())]
pub struct ParseError {
    /// The file.
    pub path: PathBuf,
    /// The place in it and the reason.
    pub error: YamlError,
}

/// Why a layer's file can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError<E: Error + 'static> {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It can't be locked or replaced.
    #[error("{}", stage(.0))]
    Disk(#[from] DiskError),
    /// What it holds does not allow the change.
    #[error(transparent)]
    Change(E),
}

/// Apptainer's words for the step that failed.
fn stage(error: &DiskError) -> &'static str {
    match error {
        DiskError::Refused {
            action: "write" | "rename" | "chmod" | "chown",
            ..
        }
        | DiskError::HalfWritten { .. } => "while writing remote config to file",
        DiskError::Refused { action: "sync", .. } | DiskError::NotDurable { .. } => {
            "failed to flush remote config file"
        }
        _ => "while opening remote config file",
    }
}

impl Store {
    /// The user's own file: its owner's alone (D14), in a directory that is as well, and empty when it does not exist yet.
    pub fn user(path: &Path) -> Self {
        Self::new(LayerKind::User, path, FileRules::PRIVATE, Some(0o700))
    }

    /// A file that the user named: its directory is the user's business, and so is its mode while it holds no secret.
    pub fn named(path: &Path) -> Self {
        Self::new(LayerKind::User, path, FileRules::CHOSEN, None)
    }

    /// The system's file: for all to read; one that does not exist yet starts from `built_in` (D1).
    pub fn system(path: &Path, built_in: Document) -> Self {
        Self {
            initial: built_in,
            ..Self::new(LayerKind::System, path, FileRules::SYSTEM, None)
        }
    }

    fn new(kind: LayerKind, path: &Path, rules: FileRules, directory_mode: Option<u32>) -> Self {
        Self {
            kind,
            path: path.to_path_buf(),
            rules,
            initial: Document::default(),
            directory_mode,
        }
    }

    /// The same file on a machine that is set up: its directory is made, with this mode, where it is missing.
    #[must_use]
    pub fn with_directory(self, mode: u32) -> Self {
        Self {
            directory_mode: Some(mode),
            ..self
        }
    }

    /// The same file once a secret goes into it: for its owner alone.
    #[must_use]
    pub fn with_secret(self) -> Self {
        Self {
            rules: FileRules::PRIVATE,
            ..self
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now; `None` when there is no file. Takes no lock and creates nothing.
    ///
    /// # Errors
    /// When there is a file that can't be read or parsed.
    pub fn read(&self) -> Result<Option<Layer>, ReadError> {
        let parse = |bytes: Option<&[u8]>| bytes.map(|bytes| self.parse(bytes)).transpose();
        let (read, _) = disk::read_settled(&self.path, parse)?;
        Ok(read.map(|read| Layer::new(self.kind, &self.path, read)))
    }

    /// Applies `change` to what the file holds now, and replaces the file if the document differs. The change may be
    /// applied more than once: it must be pure. `warn` hears, before the file is replaced, of what a person wrote there and
    /// can't be kept (D23).
    ///
    /// # Errors
    /// When the file can't be read, locked or replaced, or the change refuses; the file is as it was then.
    pub fn edit<T, E: Error + 'static>(
        &self,
        mut change: impl FnMut(&mut Document) -> Result<T, E>,
        mut warn: impl FnMut(&Loss),
    ) -> Result<Edited<T>, StoreError<E>> {
        if matches!(self.path.try_exists(), Ok(false)) {
            // A refused change must not leave a directory or a lock behind.
            let mut document = self.initial.clone();
            let value = change(&mut document).map_err(StoreError::Change)?;
            if document == self.initial {
                return Ok(Edited {
                    value,
                    written: false,
                    notes: Vec::new(),
                });
            }
            self.create_directory()?;
        }
        let parse = |bytes: Option<&[u8]>| -> Result<Document, StoreError<E>> {
            let Some(bytes) = bytes else {
                return Ok(self.initial.clone());
            };
            Ok(self.parse(bytes)?.document)
        };
        let mut told = None;
        disk::edit(
            &self.path,
            &self.rules,
            parse,
            |before: Document, contents| {
                let mut after = before.clone();
                let value = change(&mut after).map_err(StoreError::Change)?;
                if after == before {
                    return Ok(Change::Keep(value));
                }
                let old = contents.map(|contents| contents.bytes.as_slice());
                let Written { bytes, loss } = yaml::write(old, &before, &after);
                if let Some(loss) = loss.filter(|loss| told.as_ref() != Some(loss)) {
                    warn(&loss);
                    told = Some(loss);
                }
                Ok(Change::Replace(value, bytes))
            },
        )
    }

    fn create_directory(&self) -> Result<(), DiskError> {
        if let (Some(mode), Some(directory)) = (self.directory_mode, self.path.parent()) {
            disk::create_directory(directory, mode)?;
        }
        Ok(())
    }

    fn parse(&self, bytes: &[u8]) -> Result<Read, ReadError> {
        yaml::read(bytes).map_err(|error| {
            ParseError {
                path: self.path.clone(),
                error,
            }
            .into()
        })
    }
}
