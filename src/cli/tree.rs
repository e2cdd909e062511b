//! The command tree: groups, their commands, and which function runs each. No behaviour of its own.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::args::GlobalOptions;
use crate::cli::commands::{
    add, apply, completions, doctor, exec, export, get_login_password, keyserver_list, keyservers,
    list, login, logout, man, paths, registry_list, remove, rename, resolve, service_login,
    service_logout, set_url, show, status, use_remote,
};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::lazy::{Lazy, LazyInGroup};
use crate::cli::ui::Ui;

/// Manage the service endpoints of container runtimes
///
/// portolan manages remote endpoints, keyservers and registry logins in the files of Apptainer and SingularityCE.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    after_help = "Examples:
  portolan remote list
  portolan remote add --no-login ExampleCloud cloud.example.com"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    /// `-c` of a group or a command in it.
    #[arg(skip)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) group: Option<Group>,
}

/// The groups of commands, a run of another command, and what the program says of itself, which needs no file of the
/// configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    Remote(LazyInGroup<RemoteGroup>),
    Keyserver(LazyInGroup<KeyserverGroup>),
    Registry(LazyInGroup<RegistryGroup>),
    Exec(Lazy<exec::ExecArgs>),
    Paths(Lazy<paths::PathsArgs>),
    Completions(Lazy<completions::CompletionsArgs>),
    Man(Lazy<man::ManArgs>),
}

/// Manage remote endpoints, keyservers and registry credentials
///
/// A remote endpoint is a group of services with one address, such as cloud.example.com: a library of images, a keyserver and
/// more. `add` one, `login` if it needs that, and `use` it to make it the active one. PORTOLAN_REMOTE=NAME makes another one
/// active for a single command.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote list
  portolan remote use ExampleCloud")]
pub(crate) struct RemoteGroup {
    #[command(subcommand)]
    command: Option<RemoteCommand>,
}

/// Manage keyservers and the logins to them
///
/// The runtime checks signatures with the keyservers of the active remote, in their order. An administrator adds and removes
/// them for all users.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver list
  sudo portolan keyserver add --order 1 https://keys.example.com")]
pub(crate) struct KeyserverGroup {
    #[command(subcommand)]
    command: Option<KeyserverCommand>,
}

/// Manage the logins to OCI registries
///
/// A registry needs no remote, only a login. The password is stored in Docker's format, where the runtime finds it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry login --username ian docker.io
  portolan registry list")]
pub(crate) struct RegistryGroup {
    #[command(subcommand)]
    command: Option<RegistryCommand>,
}

#[derive(Debug, Subcommand)]
enum RemoteCommand {
    List(LazyInGroup<list::ListArgs>),
    Add(LazyInGroup<add::AddArgs>),
    Remove(LazyInGroup<remove::RemoveArgs>),
    Rename(LazyInGroup<rename::RenameArgs>),
    SetUrl(LazyInGroup<set_url::SetUrlArgs>),
    Use(LazyInGroup<use_remote::UseArgs>),
    Login(LazyInGroup<login::LoginArgs>),
    Logout(LazyInGroup<logout::LogoutArgs>),
    Show(LazyInGroup<show::ShowArgs>),
    Resolve(LazyInGroup<resolve::ResolveArgs>),
    Export(LazyInGroup<export::ExportArgs>),
    Apply(LazyInGroup<apply::ApplyArgs>),
    Status(LazyInGroup<status::StatusArgs>),
    AddKeyserver(LazyInGroup<keyservers::AddKeyserverArgs>),
    RemoveKeyserver(LazyInGroup<keyservers::RemoveKeyserverArgs>),
    GetLoginPassword(LazyInGroup<get_login_password::GetLoginPasswordArgs>),
    Doctor(LazyInGroup<doctor::DoctorArgs>),
}

#[derive(Debug, Subcommand)]
enum KeyserverCommand {
    #[command(after_help = "Examples:
  sudo portolan keyserver add https://keys.example.com
  sudo portolan keyserver add --order 1 company hkps://keys.example.org")]
    Add(LazyInGroup<keyservers::AddKeyserverArgs>),
    #[command(after_help = "Examples:
  sudo portolan keyserver remove https://keys.example.com
  sudo portolan keyserver remove company hkps://keys.example.org")]
    Remove(LazyInGroup<keyservers::RemoveKeyserverArgs>),
    List(LazyInGroup<keyserver_list::KeyserverListArgs>),
    Login(LazyInGroup<service_login::KeyserverLoginArgs>),
    Logout(LazyInGroup<service_logout::KeyserverLogoutArgs>),
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    Login(LazyInGroup<service_login::RegistryLoginArgs>),
    Logout(LazyInGroup<service_logout::RegistryLogoutArgs>),
    List(LazyInGroup<registry_list::RegistryListArgs>),
}

pub(crate) trait Run {
    fn name(&self) -> &'static str;

    fn fixes_modes(&self) -> bool {
        true
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome>;
}

impl Group {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Remote(_) => "remote",
            Self::Keyserver(_) => "keyserver",
            Self::Registry(_) => "registry",
            Self::Exec(_) => "exec",
            Self::Paths(_) => "paths",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }

    pub(crate) fn command(&self) -> Option<&dyn Run> {
        match self {
            Self::Remote(group) => group.command.as_ref().map(|command| command as &dyn Run),
            Self::Keyserver(group) => group.command.as_ref().map(|command| command as &dyn Run),
            Self::Registry(group) => group.command.as_ref().map(|command| command as &dyn Run),
            Self::Exec(args) => Some(&**args),
            Self::Paths(args) => Some(&**args),
            Self::Completions(_) | Self::Man(_) => None,
        }
    }
}

impl Run for exec::ExecArgs {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
        exec::run(self, context, ui)
    }
}

impl Run for paths::PathsArgs {
    fn name(&self) -> &'static str {
        "paths"
    }

    fn fixes_modes(&self) -> bool {
        false
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
        paths::run(self, context, ui)
    }
}

impl Run for RemoteCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Add(_) => "add",
            Self::Remove(_) => "remove",
            Self::Rename(_) => "rename",
            Self::SetUrl(_) => "set-url",
            Self::Use(_) => "use",
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
            Self::Show(_) => "show",
            Self::Resolve(_) => "resolve",
            Self::Export(_) => "export",
            Self::Apply(_) => "apply",
            Self::Status(_) => "status",
            Self::AddKeyserver(_) => "add-keyserver",
            Self::RemoveKeyserver(_) => "remove-keyserver",
            Self::GetLoginPassword(_) => "get-login-password",
            Self::Doctor(_) => "doctor",
        }
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
        match self {
            Self::List(args) => list::run(args, context, ui),
            Self::Add(args) => add::run(args, context, ui),
            Self::Remove(args) => remove::run(args, context, ui),
            Self::Rename(args) => rename::run(args, context, ui),
            Self::SetUrl(args) => set_url::run(args, context, ui),
            Self::Use(args) => use_remote::run(args, context, ui),
            Self::Login(args) => login::run(args, context, ui),
            Self::Logout(args) => logout::run(args, context, ui),
            Self::Show(args) => show::run(args, context, ui),
            Self::Resolve(args) => resolve::run(args, context, ui),
            Self::Export(args) => export::run(args, context, ui),
            Self::Apply(args) => apply::run(args, context, ui),
            Self::Status(args) => status::run(args, context, ui),
            Self::AddKeyserver(args) => keyservers::add(args, context, ui),
            Self::RemoveKeyserver(args) => keyservers::remove(args, context, ui),
            Self::GetLoginPassword(args) => get_login_password::run(args, context, ui),
            Self::Doctor(args) => doctor::run(args, context, ui),
        }
    }

    fn fixes_modes(&self) -> bool {
        !matches!(self, Self::Doctor(_) | Self::Resolve(_))
    }
}

impl Run for KeyserverCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Remove(_) => "remove",
            Self::List(_) => "list",
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
        }
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
        match self {
            Self::Add(args) => keyservers::add(args, context, ui),
            Self::Remove(args) => keyservers::remove(args, context, ui),
            Self::List(args) => keyserver_list::run(args, context, ui),
            Self::Login(args) => service_login::run_for_keyserver(args, context, ui),
            Self::Logout(args) => service_logout::run_for_keyserver(args, context, ui),
        }
    }
}

impl Run for RegistryCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
            Self::List(_) => "list",
        }
    }

    fn run(&self, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
        match self {
            Self::Login(args) => service_login::run_for_registry(args, context, ui),
            Self::Logout(args) => service_logout::run_for_registry(args, context, ui),
            Self::List(args) => registry_list::run(args, context, ui),
        }
    }
}
