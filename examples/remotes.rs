//! Lists the remotes of this user, and says which login the runtime sends for an image:
//!
//! ```text
//! cargo run --no-default-features --example remotes -- docker://ghcr.io/team/app
//! ```

use std::error::Error;
use std::io::{Write, stdout};

use portolan::{Installation, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    show(std::env::args().skip(1))
}

/// Writes to standard output.
pub fn show(images: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let installation = Installation::from_environment(Runtime::apptainer())?;
    let mut out = stdout().lock();
    for remote in installation.effective()?.remotes {
        let mark = if remote.active { "*" } else { " " };
        writeln!(out, "{mark} {} {}", remote.name, remote.uri)?;
    }
    for image in images {
        match installation.credential_for(&image)? {
            Some(login) => writeln!(out, "{image}: {} of {}", login.kind, login.user)?,
            None => writeln!(out, "{image}: no login")?,
        }
    }
    Ok(())
}
