//! The commands, one a file: its flags, its help, and a function that reads from top to bottom.

pub(crate) mod add;
pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod export;
pub(crate) mod get_login_password;
pub(crate) mod keyserver_list;
pub(crate) mod keyservers;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod paths;
pub(crate) mod registry_list;
pub(crate) mod remove;
pub(crate) mod rename;
pub(crate) mod resolve;
pub(crate) mod service_login;
pub(crate) mod service_logout;
pub(crate) mod set_url;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod use_remote;
