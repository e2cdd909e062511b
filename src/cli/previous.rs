//! The remote before, for `use -`: a name a file of the user's. Whatever goes wrong with it is as nothing remembered.
//!
//! It stands in the user's directory for state, 0600 in a 0700 directory: which remotes somebody uses is nobody else's business.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::disk;
use crate::disk::{DiskError, FileRules};
use crate::name::RemoteName;

/// The number of the format below; what has another is as nothing remembered.
const FORMAT: u32 = 1;

/// As many files as are remembered, the latest last: nobody has more, but scripts make new ones.
const MOST_FILES: usize = 100;

/// A `use` has done its work already and shall not wait long for its memory.
const RULES: FileRules = FileRules {
    patience: Duration::from_secs(1),
    ..FileRules::PRIVATE
};

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Memory {
    format: u32,
    previous: Map<String, Value>,
}

impl Memory {
    fn parse(bytes: Option<&[u8]>) -> Self {
        let read = bytes.and_then(|bytes| serde_json::from_slice::<Self>(bytes).ok());
        read.filter(|memory| memory.format == FORMAT)
            .unwrap_or(Self {
                format: FORMAT,
                previous: Map::new(),
            })
    }

    fn name(&self, file: &str) -> Option<RemoteName> {
        self.previous
            .get(file)
            .and_then(Value::as_str)
            .map(RemoteName::found)
    }

    fn set(&mut self, file: &str, name: &RemoteName) {
        self.previous.shift_remove(file);
        self.previous.insert(file.to_owned(), name.as_str().into());
        while self.previous.len() > MOST_FILES {
            let oldest = self.previous.keys().next().cloned().unwrap_or_default();
            self.previous.shift_remove(&oldest);
        }
    }
}

pub(crate) fn recall(context: &Context) -> Option<RemoteName> {
    let contents = disk::read(&context.paths.state.join("previous"))
        .ok()
        .flatten()?;
    Memory::parse(Some(&contents.bytes)).name(&key(&context.paths.user)?)
}

/// Remembers which remote was in use before. That it can't be remembered is told with `-v` alone.
pub(crate) fn remember(name: &RemoteName, context: &Context, ui: &mut Ui) {
    if let Err(error) = write(name, context) {
        ui.verbose(format!(
            "{name} is not remembered for `use -`: {:#}",
            anyhow::Error::from(error)
        ));
    }
}

pub(crate) fn rename(old: &RemoteName, new: &RemoteName, context: &Context, ui: &mut Ui) {
    if recall(context).as_ref() == Some(old) {
        remember(new, context, ui);
    }
}

fn write(name: &RemoteName, context: &Context) -> Result<(), DiskError> {
    let Some(file) = key(&context.paths.user) else {
        return Ok(());
    };
    disk::create_private_directories(&context.paths.state);
    let mut session = disk::open(&context.paths.state.join("previous"), &RULES)?;
    loop {
        let mut memory = session.read(|bytes| Ok::<_, DiskError>(Memory::parse(bytes)))?;
        memory.set(&file, name);
        if session.replace(&serde_json::to_vec(&memory).unwrap_or_default())? {
            return Ok(());
        }
    }
}

/// A file's one name, however it is reached; `None` for one that is no text or not there.
fn key(file: &Path) -> Option<String> {
    file.canonicalize()
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_remembers_its_own_name_alone() {
        let mut memory = Memory::parse(None);
        assert_eq!(memory.name("/a"), None);
        memory.set("/a", &RemoteName::found("x"));
        memory.set("/b", &RemoteName::found("y"));
        memory.set("/a", &RemoteName::found("z"));
        let again = Memory::parse(Some(&serde_json::to_vec(&memory).unwrap()));
        assert_eq!(again, memory);
        assert_eq!(
            (again.name("/a"), again.name("/b")),
            (Some(RemoteName::found("z")), Some(RemoteName::found("y")))
        );
    }

    #[test]
    fn what_is_broken_or_of_another_format_is_as_nothing_remembered() {
        for text in [
            "",
            "{not json",
            "[]",
            r#"{"format":2,"previous":{"/a":"x"}}"#,
            r#"{"format":1}"#,
        ] {
            assert_eq!(
                Memory::parse(Some(text.as_bytes())).name("/a"),
                None,
                "{text}"
            );
        }
        assert_eq!(
            Memory::parse(Some(br#"{"format":1,"previous":{"/a":7}}"#)).name("/a"),
            None
        );
    }

    #[test]
    fn the_memory_forgets_the_oldest_files() {
        let mut memory = Memory::parse(None);
        for number in 0..=MOST_FILES {
            memory.set(&number.to_string(), &RemoteName::found("x"));
        }
        assert_eq!(memory.previous.len(), MOST_FILES);
        assert_eq!((memory.name("0"), memory.name("1").is_some()), (None, true));
    }
}
