//! One layer's file: reading it, and changing it by a pure edit of what it holds now. The only user of `disk` here.
//!
//! The one door for changes is [`LayerFile::edit`] (D7 of docs/compatibility.md): locked, applied to fresh contents, atomic and
//! durable; no change, no write. What can't be parsed is never overwritten.

use std::path::{Path, PathBuf};

use crate::config::document::Document;
use crate::config::effective::{Layer, LayerKind};
use crate::config::yaml;
use crate::config::yaml::{Loss, Read, YamlError};
use crate::disk;
use crate::disk::{DiskError, DiskNote, FileRules};

#[derive(Clone, Debug)]
pub struct LayerFile {
    kind: LayerKind,
    path: PathBuf,
    rules: FileRules,
    initial: Document,
    directory_mode: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("while opening remote config file")]
    Disk(#[from] DiskError),
    #[error("while parsing remote config data")]
    Parse(#[from] ParseError),
}

#[derive(Debug, thiserror::Error)]
#[error("{}:{error}", path.display())]
pub struct ParseError {
    pub path: PathBuf,
    pub error: YamlError,
}

#[derive(Debug, thiserror::Error)]
pub enum LayerFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}", stage(.0))]
    Disk(#[from] DiskError),
}

#[derive(Clone, Copy, Debug)]
pub struct Edited<T> {
    pub value: T,
    pub written: bool,
    pub directory_created: bool,
}

/// A layer's file under its lock. Where another file changes together with it, this one is opened first.
pub struct OpenFile<'a> {
    store: &'a LayerFile,
    session: disk::Session,
    before: Document,
    loss: Option<Loss>,
}

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

impl LayerFile {
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
            ..Self::new(LayerKind::System, path, FileRules::SYSTEM, Some(0o755))
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

    #[must_use]
    pub fn with_secret(self) -> Self {
        Self {
            rules: FileRules::PRIVATE,
            ..self
        }
    }

    pub fn into_initial(self) -> Document {
        self.initial
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn read(&self) -> Result<Option<Layer>, ReadError> {
        let parse = |bytes: Option<&[u8]>| bytes.map(|bytes| self.parse(bytes)).transpose();
        let (read, _) = disk::read_settled(&self.path, parse)?;
        Ok(read.map(|read| Layer::new(self.kind, &self.path, read)))
    }

    pub fn open(&self) -> Result<OpenFile<'_>, LayerFileError> {
        Ok(OpenFile {
            store: self,
            session: disk::open(&self.path, &self.rules)?,
            before: Document::default(),
            loss: None,
        })
    }

    /// Applies `change` to what the file says now, and replaces the file if the document differs. The change may be applied
    /// more than once: it must be pure. `warn` gets what is worth a warning; before the file is replaced, what a person wrote
    /// there and can't be kept (D23).
    pub fn edit<T, E: From<LayerFileError>>(
        &self,
        mut change: impl FnMut(&mut Document) -> Result<T, E>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Edited<T>, E> {
        let mut directory_created = false;
        if matches!(self.path.try_exists(), Ok(false)) {
            // A refused change must not leave a directory or a lock behind.
            let mut document = self.initial.clone();
            let value = change(&mut document)?;
            if document == self.initial {
                return Ok(Edited {
                    value,
                    written: false,
                    directory_created,
                });
            }
            directory_created = self.create_directory().map_err(LayerFileError::from)?;
        }
        let mut file = self.open()?;
        loop {
            let mut document = file.read()?;
            let value = change(&mut document)?;
            if file.replace(&document, warn)? {
                let session = file.session;
                session.notes.iter().for_each(|note| warn(note.to_string()));
                return Ok(Edited {
                    value,
                    written: session.written,
                    directory_created,
                });
            }
        }
    }

    fn create_directory(&self) -> Result<bool, DiskError> {
        match (self.directory_mode, self.path.parent()) {
            (Some(mode), Some(directory)) => disk::create_directory(directory, mode),
            _ => Ok(false),
        }
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

impl OpenFile<'_> {
    pub fn notes(&self) -> impl Iterator<Item = &DiskNote> {
        self.session.notes.iter()
    }

    pub fn read(&mut self) -> Result<Document, LayerFileError> {
        let store = self.store;
        let parse = |bytes: Option<&[u8]>| {
            bytes.map_or_else(
                || Ok(store.initial.clone()),
                |bytes| store.parse(bytes).map(|read| read.document),
            )
        };
        self.before = self.session.read::<_, ReadError>(parse)?;
        Ok(self.before.clone())
    }

    /// Gives the file this document in place of the one that was read, as far as it differs. `false` when somebody who takes
    /// no lock has changed the file since, and nothing was done: read again and decide anew.
    pub fn replace(
        &mut self,
        after: &Document,
        warn: &mut dyn FnMut(String),
    ) -> Result<bool, LayerFileError> {
        if *after == self.before {
            return Ok(self.session.keep()?);
        }
        let old = self.session.contents().map(|contents| &*contents.bytes);
        let text = yaml::write(old, &self.before, after);
        if let Some(loss) = text.loss.filter(|loss| self.loss.as_ref() != Some(loss)) {
            warn(format!("{}: {loss}", self.store.path.display()));
            self.loss = Some(loss);
        }
        Ok(self.session.replace(&text.bytes)?)
    }
}
