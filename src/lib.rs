//! The remotes, keyservers and logins of container runtimes, as the files of one user have them. [`Installation`] finds the
//! files of Apptainer or SingularityCE, says what they amount to, and which credential an image gets; nothing here writes a
//! file or asks a server.
//!
//! The command `portolan` is the same crate with the feature `cli`. Without default features the network stack is left out,
//! too (feature `service`). What is hidden in this documentation is for the project's own tests.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(
    not(feature = "cli"),
    allow(
        dead_code,
        unused_imports,
        reason = "much of what is private is for the commands"
    )
)]

mod account;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod command;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod credentials;
mod disk;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[path = "../tests/fuzzing/mod.rs"]
pub mod fuzzing;
mod installation;
#[cfg(test)]
#[path = "../tests/it/support/machine.rs"]
mod machine;
#[doc(hidden)]
pub mod name;
mod resolve;
mod runtime;
#[doc(hidden)]
pub mod secret;
#[cfg(feature = "service")]
#[doc(hidden)]
pub mod service;
#[cfg(feature = "cli")]
mod stores;
mod suggestion;
mod text;
#[doc(hidden)]
pub mod uri;

pub use crate::installation::{
    EffectiveView, ImageCredential, Installation, InstallationError, RemoteView,
};
pub use crate::runtime::{Runtime, RuntimeError};
