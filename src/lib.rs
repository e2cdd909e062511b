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
//! [`Installation`] is where most users begin: the files of this user, and what they amount to.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, reason = "some of what is private is for the commands")
)]

mod account;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod command;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod credentials;
#[doc(hidden)]
pub mod disk;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod installation;
#[cfg(test)]
#[path = "../tests/it/support/machine.rs"]
mod machine;
#[doc(hidden)]
pub mod name;
#[doc(hidden)]
pub mod resolve;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
pub mod secret;
#[doc(hidden)]
pub mod service;
#[doc(hidden)]
pub mod stores;
mod suggestion;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod uri;

pub use crate::command::Command;
pub use crate::installation::{ForeignHome, Installation, InstallationError, NoHome};
