//! The service endpoints of container runtimes: the library that the command `portolan` is a thin shell of.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod config;
pub mod disk;
pub mod flavor;
pub mod name;
pub mod quoted;
pub mod secret;
pub mod service;
pub mod uri;
