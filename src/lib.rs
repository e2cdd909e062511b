//! The service endpoints of container runtimes: which remotes there are, which is active, which keyservers are asked in which
//! order, and which credentials belong to them. The command `portolan` is a thin shell of this crate; other programs can
//! link it, without the feature `cli`, to see what the files of Apptainer and SingularityCE amount to.
//!
//! A tour, from the bottom up:
//!
//! - The words: [`name`], [`uri`], [`secret`], [`command`] (what differs between the commands whose files these are), and
//!   [`text`].
//! - [`disk`]: the bytes of one file, locked, read and replaced; knows no format.
//! - [`config`]: what the files say. [`config::document`] is one file, [`config::yaml`] its text, [`config::store`] the door to
//!   it; [`config::effective`] is what the layers amount to, [`config::policy`] who may use what, [`config::change`] and
//!   [`config::keyservers`] the pure edits, [`config::checks`] what can be wrong.
//! - [`service`]: what servers say: [`service::discovery`], [`service::token`], [`service::status`], [`service::keyserver`],
//!   [`service::registry`]. Never sees a file of the configuration.
//! - `cli`: everything that talks to a person.
//!
//! To read the effective configuration:
//!
//! ```no_run
//! use std::path::Path;
//! use portolan::{config::{effective::{Layer, Layers}, store::Store}, command::Command};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let built_in = Layer::built_in(&Command::apptainer());
//! let system = Store::system(Path::new("/etc/apptainer/remote.yaml"), built_in.document.clone()).read()?;
//! let user = Store::user(Path::new("/home/ian/.apptainer/remote.yaml")).read()?;
//! let layers = Layers { system: system.unwrap_or(built_in), user, chosen: None };
//! let effective = layers.merge();
//! if let Some(remote) = effective.active() {
//!     println!("{} is at {}", remote.name, remote.uri());
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

#[cfg(feature = "cli")]
pub mod cli;
pub mod command;
pub mod config;
pub mod credentials;
pub mod disk;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
#[path = "../tests/it/support/machine.rs"]
mod machine;
pub mod name;
pub mod resolve;
pub mod runtime;
pub mod secret;
pub mod service;
pub mod stores;
mod suggestion;
pub mod text;
pub mod uri;
