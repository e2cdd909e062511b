//! `--tokenfile`: a secret in a file.

use std::fs::File;
use std::io;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use anyhow::anyhow;
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::cli::failure::Advise;
use crate::cli::prompt::Input;
use crate::disk::Reason;
use crate::secret::Secret;

/// The longest token in a file in bytes, that of Apptainer.
const LONGEST_TOKEN: usize = 4096;

/// Apptainer's words for a token file that can't be read.
const UNREADABLE_TOKEN: &str = "couldn't read your Sylabs authentication token";

/// A token file's first line with a text, of standard input for `-`. The server decides whether it is a token, not its length. A pipe is a file here: `--tokenfile <(command)`.
pub(crate) fn read(file: &Path, input: &mut Input) -> anyhow::Result<Secret> {
    let text = if file == Path::new("-") {
        input.all()?
    } else {
        read_start(file)?
    };
    let line = text
        .expose()
        .trim()
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end();
    if line.is_empty() {
        return Err(anyhow!("token is too short to be valid"));
    }
    if line.len() > LONGEST_TOKEN {
        return Err(anyhow!("token is too large to be valid"));
    }
    Ok(Secret::new(line))
}

fn read_start(file: &Path) -> anyhow::Result<Secret> {
    let opened = File::open(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            anyhow!("authentication token file not found").advise_person(file.display().to_string())
        }
        _ => unreadable(file, &error),
    })?;
    // Room for all of it from the start: a buffer that grows would leave copies behind.
    let limit = 2 * LONGEST_TOKEN;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    opened
        .take(limit as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(file, &error))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| anyhow!("it is no text").context(UNREADABLE_TOKEN))?;
    Ok(Secret::new(text))
}

fn unreadable(file: &Path, error: &io::Error) -> anyhow::Error {
    let reason = Errno::from_io_error(error).map_or_else(
        || error.to_string(),
        |reason| Reason::from(reason).to_string(),
    );
    anyhow!("open {}: {reason}", file.display()).context(UNREADABLE_TOKEN)
}
