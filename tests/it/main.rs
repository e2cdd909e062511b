//! Whole commands against real files, real sockets and a real terminal: one binary, one file a capability.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails says where"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests make the files that they are about"
)]

mod add;
mod advice;
mod apply;
mod arrows;
mod broken;
mod called_by_programs;
mod chosen_remote;
mod command_line;
mod comments;
mod completions;
mod concurrent;
mod crash;
mod crowd;
mod discovery;
mod doctor;
mod documents;
mod editor_schema;
mod exec;
mod fleet;
mod get_login_password;
mod guide;
mod help;
mod hostile;
mod if_missing;
mod installation;
mod json;
mod keyservers;
mod leftovers;
mod library;
mod links;
mod list;
mod login;
mod logout;
mod man;
mod messages;
mod migration;
mod modes;
mod policy;
mod promises;
mod prompts;
mod reading;
mod real_keyserver;
mod real_registries;
mod registries;
mod remove;
mod rename;
mod resolve;
mod secrets;
mod service;
mod set_url;
mod show;
mod singularity;
mod status;
mod stores;
mod support;
mod surroundings;
mod time_limits;
mod use_previous;
mod use_remote;
mod yaml_readers;
