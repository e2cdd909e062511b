//! What several commands take: the global options, and flags that have a variable. Behaviour stands in the commands.

use std::ffi::OsString;
use std::iter;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::{ArgAction, ArgMatches, Args};

use crate::cli::context::Context;
use crate::cli::failure::{Advise, UsageError};
use crate::cli::network;
use crate::cli::network::Limits;
use crate::cli::ui::Ui;
use crate::command::Command;
use crate::name::RemoteName;
use crate::runtime::Runtime;
use crate::secret::Secret;
use crate::service::discovery::Freshness;
use crate::service::http::{Client, Options};
use crate::stores::Store;
use crate::uri::{EndpointUri, TypedScheme};

/// The heading of the options that every command has.
pub(crate) const GLOBAL_OPTIONS: &str = "Global options";

/// Options that stand anywhere on the command line: every command has them, and [`everywhere`](Self::everywhere) reads them.
#[derive(Args, Debug, Default)]
pub(crate) struct GlobalOptions {
    /// Print debugging information
    #[arg(short, long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) debug: bool,
    /// Print additional information
    #[arg(short, long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) verbose: bool,
    /// Print only warnings and errors
    #[arg(short, long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) quiet: bool,
    /// Print only errors
    #[arg(short, long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) silent: bool,
    /// Print one JSON object for scripts, after a failure too
    #[arg(long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) json: bool,
    /// Ask nothing, and read standard input only for an option (PORTOLAN_NO_INPUT)
    #[arg(long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) no_input: bool,
    /// Print without colors
    #[arg(long, help_heading = GLOBAL_OPTIONS)]
    pub(crate) nocolor: bool,
    /// The runtime whose files are managed (PORTOLAN_COMMAND) [default: apptainer]
    #[arg(long, value_name = "NAME", value_parser = Command::parse, help_heading = GLOBAL_OPTIONS)]
    pub(crate) command: Option<Command>,
    /// The directory of the system's configuration (PORTOLAN_SYSCONFDIR) [default: that of the runtime]
    #[arg(long, value_name = "DIR", help_heading = GLOBAL_OPTIONS)]
    pub(crate) sysconfdir: Option<PathBuf>,
}

/// Options of a group and its commands: every one of them has them, and [`config`](Self::config) reads the group's own.
#[derive(Args, Debug)]
pub(crate) struct GroupOptions {
    /// Use this file in place of your own remote.yaml
    #[arg(short, long, value_name = "FILE", display_order = 900)]
    config: Option<PathBuf>,
    #[command(flatten)]
    global: GlobalOptions,
}

impl GroupOptions {
    /// The file that was named behind a group's name or a command's; the last one counts.
    pub(crate) fn config(matches: &ArgMatches) -> Option<PathBuf> {
        // Where there is no group there is no such option, which is no error here.
        levels(matches)
            .filter_map(|matches| matches.try_get_one("config").ok().flatten())
            .last()
            .cloned()
    }
}

/// What was said behind the program's name, behind the group's, and behind the command's.
fn levels(matches: &ArgMatches) -> impl Iterator<Item = &ArgMatches> {
    iter::successors(Some(matches), |matches| {
        matches.subcommand().map(|(_, below)| below)
    })
}

impl GlobalOptions {
    /// What was said behind the program's name, a group's, or a command's; the last one counts.
    pub(crate) fn everywhere(matches: &ArgMatches) -> Self {
        let mut options = Self::default();
        for matches in levels(matches) {
            options.debug |= matches.get_flag("debug");
            options.verbose |= matches.get_flag("verbose");
            options.quiet |= matches.get_flag("quiet");
            options.silent |= matches.get_flag("silent");
            options.json |= matches.get_flag("json");
            options.no_input |= matches.get_flag("no_input");
            options.nocolor |= matches.get_flag("nocolor");
            options.command = matches.get_one("command").cloned().or(options.command);
            options.sysconfdir = matches
                .get_one("sysconfdir")
                .cloned()
                .or(options.sysconfdir);
        }
        options
    }
}

/// Who logs in to a keyserver or a registry, and how the secret comes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServiceCredential {
    /// The user name (APPTAINER_LOGIN_USERNAME); only a keyserver's token needs none
    #[arg(short, long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// The password or token (APPTAINER_LOGIN_PASSWORD); here other users can see it
    #[arg(short, long, value_name = "SECRET", value_parser = parse_secret, conflicts_with = "password_stdin")]
    pub(crate) password: Option<Secret>,
    /// Read the password or token from all of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Accept any certificate, for a registry also plain http (APPTAINER_LOGIN_INSECURE)
    #[arg(short, long)]
    pub(crate) insecure: bool,
    /// Ask nothing and change nothing when the stored login is still good
    #[arg(long)]
    pub(crate) if_needed: bool,
}

impl ServiceCredential {
    /// Refuses what means nothing for a remote endpoint, whose login is an access token.
    pub(crate) fn refuse_for_remote(&self, name: &RemoteName) -> anyhow::Result<()> {
        let given = [
            ("--username", self.username.is_some()),
            ("--password", self.password.is_some()),
            ("--insecure", self.insecure),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(anyhow!(
                "{option} is for keyservers and registries: the login to {name} is an access token"
            )
            .advise(format!(
                "To log in:\n  portolan remote login {}",
                name.word()
            ))),
            None => Ok(()),
        }
    }
}

/// Where a login puts its secret.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StoreOption {
    /// Where the secret is stored: file (the default), keyring, helper:NAME or command:LINE
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Store>,
    /// Remove the secret from the keyring after this time, as in 8h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,
}

/// Whether servers are asked, and for how long.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerOptions {
    /// Ask no server
    #[arg(long)]
    pub(crate) offline: bool,
    /// Wait at most this long for all servers
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, conflicts_with = "offline")]
    timeout: Option<Duration>,
}

impl ServerOptions {
    pub(crate) fn limits(&self, usual: Limits) -> Limits {
        self.timeout.map_or(usual, |timeout| Limits {
            one: timeout,
            all: timeout,
        })
    }

    pub(crate) fn client(&self, usual: Limits, context: &Context) -> Client {
        Client::new(self.options(usual, context))
    }

    pub(crate) fn options(&self, usual: Limits, context: &Context) -> Options {
        let Limits { one, all } = self.limits(usual);
        let options = network::options(context);
        Options {
            limit: one,
            connect_limit: options.connect_limit.min(one),
            until: Some(Instant::now() + all),
            ..options
        }
    }
}

/// How old an endpoint's answer may be, and how long it may take.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EndpointOptions {
    /// Ask now, even if an answer of the last day is known
    #[arg(long, conflicts_with = "offline")]
    refresh: bool,
    #[command(flatten)]
    pub(crate) servers: ServerOptions,
}

impl EndpointOptions {
    pub(crate) fn freshness(&self) -> Freshness {
        match (self.servers.offline, self.refresh) {
            (true, _) => Freshness::Remembered,
            (false, true) => Freshness::Now,
            (false, false) => Freshness::Day,
        }
    }
}

/// Another file for the registries' secrets.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AuthfileOption {
    /// Use this file of Docker's format (APPTAINER_AUTH_FILE, SINGULARITY_AUTHFILE)
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
}

impl AuthfileOption {
    pub(crate) fn refuse_for_keyserver(&self) -> anyhow::Result<()> {
        match &self.authfile {
            Some(_) => Err(anyhow!("--authfile is for registries, not for keyservers")),
            None => Ok(()),
        }
    }

    pub(crate) fn path(&self, context: &Context, ui: &mut Ui) -> Option<PathBuf> {
        let key = if context.command.is_singularity() {
            "AUTHFILE"
        } else {
            "AUTH_FILE"
        };
        self.authfile
            .clone()
            .or_else(|| variable(context, ui, key).map(PathBuf::from))
    }
}

/// Which version of the runtime is meant.
#[derive(Args, Debug)]
pub(crate) struct RuntimeOption {
    /// Answer for this version of the runtime: apptainer@1.3, singularityce@4.1.5 (PORTOLAN_RUNTIME) [default: the newest]
    #[arg(long, value_name = "NAME@VERSION")]
    runtime: Option<String>,
}

impl RuntimeOption {
    /// The runtime, from the command line or from the variable. It is never run.
    pub(crate) fn find(&self, context: &Context) -> anyhow::Result<Runtime> {
        let named = self.runtime.as_deref();
        match named.or_else(|| context.environment.text("PORTOLAN_RUNTIME")) {
            Some(text) => Ok(Runtime::parse(text, &context.command).map_err(
                |error| match &self.runtime {
                    Some(_) => anyhow::Error::from(error),
                    None => UsageError(format!("PORTOLAN_RUNTIME: {error}")).into(),
                },
            )?),
            None => Ok(Runtime::newest(&context.command)),
        }
    }
}

/// An endpoint's address as typed, and whether it is reached over http: that needs `insecure` (D9).
pub(crate) fn endpoint(
    typed: &str,
    insecure: bool,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<(EndpointUri, bool)> {
    let (uri, scheme) = EndpointUri::parse_typed(typed)?;
    match scheme {
        TypedScheme::Http if !insecure => Err(match context.command.has_variable("ADD_INSECURE") {
            true => anyhow!(
                "http URI requires --insecure or {}=true",
                context.command.variable("ADD_INSECURE")
            ),
            false => anyhow!("http URI requires --insecure"),
        }),
        TypedScheme::Https if insecure => {
            ui.info("--insecure ignored for https remote");
            Ok((uri, false))
        }
        _ => Ok((uri, insecure)),
    }
}

/// In the group `registry` a host alone is a registry.
pub(crate) fn with_registry_scheme(word: &str) -> String {
    if word.contains("://") || word.is_empty() {
        word.to_owned()
    } else {
        format!("docker://{word}")
    }
}

/// Seconds as a person types them: `2`, `0.5`.
fn parse_seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // Longer ones would not fit into a clock.
    seconds
        .filter(|seconds| seconds.as_secs() < u64::from(u32::MAX))
        .ok_or("it is a number of seconds, more than 0")
}

pub(crate) fn parse_time(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "a time is written 30m, 8h or 7d")
}

fn parse_secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// The spellings of a boolean in a variable or behind `=`, those of Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Lets flags without a value take one behind `=` as Go's do: `--global=true` is `--global`, `--global=false` nothing.
pub(crate) fn without_boolean_values(
    command: &clap::Command,
    words: Vec<OsString>,
) -> Vec<OsString> {
    let (mut ended, mut in_group) = (false, false);
    words
        .into_iter()
        .filter_map(|word| {
            // The words of another command are its own.
            ended = ended || word == "--" || (word == "exec" && !in_group);
            in_group = in_group
                || ["remote", "keyserver", "registry"]
                    .iter()
                    .any(|group| word == *group);
            let split = if ended {
                None
            } else {
                word.to_str().and_then(|text| text.split_once('='))
            };
            match split {
                Some((flag, value)) if is_switch(command, flag) => match parse_bool(value) {
                    Some(true) => Some(OsString::from(flag)),
                    Some(false) => None,
                    None => Some(word),
                },
                _ => Some(word),
            }
        })
        .collect()
}

fn is_switch(command: &clap::Command, flag: &str) -> bool {
    let named = |argument: &clap::Arg| match flag.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument
            .get_short()
            .is_some_and(|short| flag.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4]))),
    };
    command
        .get_arguments()
        .any(|argument| matches!(argument.get_action(), ArgAction::SetTrue) && named(argument))
        || command
            .get_subcommands()
            .any(|below| is_switch(below, flag))
}

/// The value that a variable gives a flag which the command line leaves out, as Apptainer takes it: the command's own
/// variable, else Singularity's with a warning. Blank is unset.
pub(crate) fn variable(context: &Context, ui: &mut Ui, key: &str) -> Option<String> {
    if !context.command.has_variable(key) {
        return None;
    }
    let own = context.command.variable(key);
    let value = |name: &str| context.environment.text(name).map(str::to_owned);
    let Some(legacy) = context
        .command
        .legacy_variable(key)
        .filter(|legacy| value(legacy).is_some())
    else {
        return value(&own);
    };
    ui.warning(format!(
        "DEPRECATED USAGE: Environment variable {legacy} will not be supported in the future, use {own} instead"
    ));
    if context.environment.has(&own) {
        if value(&own) != value(&legacy) {
            ui.warning(format!(
                "{legacy} and {own} have different values, using the latter"
            ));
        }
        return value(&own);
    }
    value(&legacy)
}

pub(crate) fn switch_variable(
    context: &Context,
    ui: &mut Ui,
    key: &str,
) -> Result<bool, UsageError> {
    let Some(text) = variable(context, ui, key) else {
        return Ok(false);
    };
    let own = context.command.variable(key);
    let legacy = context.command.legacy_variable(key);
    let name = legacy.filter(|_| !context.environment.has(&own));
    parse_bool(&text).ok_or_else(|| no_switch(ui, &name.unwrap_or(own), &text))
}

/// Refuses the variables of global options that can't be understood.
pub(crate) fn check_variables(context: &Context, ui: &Ui) -> Result<(), UsageError> {
    for key in ["DEBUG", "VERBOSE", "QUIET", "SILENT", "NOCOLOR"] {
        let name = context.command.variable(key);
        if let Some(text) = context.environment.text(&name)
            && parse_bool(text).is_none()
        {
            return Err(no_switch(ui, &name, text));
        }
    }
    Ok(())
}

fn no_switch(ui: &Ui, name: &str, text: &str) -> UsageError {
    UsageError(format!(
        "Error for command \"{}\": {name} is {text:?}, and must be true or false",
        ui.command
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_take_a_value_behind_an_equals_sign() {
        let command = clap::Command::new("x").subcommand(
            clap::Command::new("add")
                .arg(
                    clap::Arg::new("global")
                        .long("global")
                        .short('g')
                        .action(ArgAction::SetTrue),
                )
                .arg(clap::Arg::new("tokenfile").long("tokenfile")),
        );
        let cases: [(&[&str], &[&str]); 7] = [
            (&["-g=1", "exec", "-g=1"], &["-g", "exec", "-g=1"]),
            (
                &["remote", "add", "exec", "-g=1"],
                &["remote", "add", "exec", "-g"],
            ),
            (&["--global=true", "x"], &["--global", "x"]),
            (&["--global=F", "x"], &["x"]),
            (&["-g=1"], &["-g"]),
            (
                &["--global=maybe", "--tokenfile=true"],
                &["--global=maybe", "--tokenfile=true"],
            ),
            (&["--", "--global=true"], &["--", "--global=true"]),
        ];
        for (typed, passed) in cases {
            let typed = typed.iter().map(OsString::from).collect();
            assert_eq!(without_boolean_values(&command, typed), passed);
        }
    }
}
