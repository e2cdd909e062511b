//! Everything that talks to a person: the run of one command, from its words to its exit code.

mod access;
mod advice;
mod args;

mod commands;
mod completion;
mod context;
mod credential;
mod credential_helper;
mod failure;
mod files;
mod json;
mod lazy;
mod login_check;
mod login_in_store;
mod login_list;
mod login_reach;
mod logins;
mod manual;
mod migration;
mod network;
mod next_step;
mod previous;
pub(crate) mod printable;
pub mod prompt;
mod scope;
mod secrets;
mod services;
mod sources;
mod spinner;
mod stored_login;
mod table;
mod target;
mod time;
mod tokenfile;
mod tree;
mod ui;
mod usage;
mod view;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{CommandFactory, FromArgMatches};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::cli::advice::{RunOptions, TypedCommand};
use crate::cli::args::{GlobalOptions, GroupOptions};
use crate::cli::context::{Context, Distrust, Environment, Places, Terminals, User};
use crate::cli::failure::{Advise as _, Outcome};
use crate::cli::tree::{Cli, Group, Run};
use crate::cli::ui::{Said, Ui, Verbosity};
use crate::command::Command;
use crate::installation::{ForeignHome, InstallationError};
use crate::text::ShellWord;

pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::take();
    let mut typed: Vec<OsString> = words.into_iter().collect();
    // Until the words are understood nobody knows how they are to be answered.
    let mut plain = ui(&GlobalOptions::default(), &environment);
    if let Some(outcome) = answer_program(&typed, &environment, &mut plain) {
        return failure::conclude(outcome, &mut plain);
    }
    if typed
        .iter()
        .any(|word| word.as_encoded_bytes().contains(&b'='))
    {
        typed = args::without_boolean_values(&whole_tree(), typed);
    }
    // Never freed: taking the tree apart again costs as much as making it, and the process ends soon.
    let Ok(words) = parse(Box::leak(Box::new(Cli::command())), &typed) else {
        plain.json = typed.iter().any(|word| word == "--json");
        return explain(&typed, &mut plain);
    };
    let mut ui = self::ui(&words.global, &environment);
    ui.command = words.group.as_ref().map_or("", Group::name);
    match &words.group {
        Some(Group::Completions(args)) => {
            return failure::conclude(commands::completions::run(args, &mut ui), &mut ui);
        }
        Some(Group::Man(args)) => {
            return failure::conclude(commands::man::run(args, &help_tree(), &mut ui), &mut ui);
        }
        _ => {}
    }
    let Some(command) = words.group.as_ref().and_then(Group::command) else {
        return show_help(words.group.as_ref(), &mut ui);
    };
    let places = Places {
        command: words.global.command.as_ref(),
        sysconfdir: words.global.sysconfdir.as_deref(),
        config: words.config.as_deref(),
    };
    ui.options = RunOptions::new(&managed(&words.global, &environment), places, &environment);
    let typed = TypedCommand::new(ui.command, command.name(), &typed);
    ui.command = command.name();
    failure::conclude(
        run_command(command, places, environment, typed, &mut ui),
        &mut ui,
    )
}

/// What another program asks: Docker's library for a secret, a shell for what could be completed.
fn answer_program(
    typed: &[OsString],
    environment: &Environment,
    ui: &mut Ui,
) -> Option<anyhow::Result<Outcome>> {
    if credential_helper::is_meant(typed) {
        return Some(credential_helper::run(typed, environment.clone(), ui));
    }
    let (_, question) = typed.split_first()?;
    let is_question = completion::is_question(question);
    is_question.then(|| completion::run(&question[1..], &whole_tree(), environment, ui))
}

fn parse(tree: &mut clap::Command, typed: &[OsString]) -> Result<Cli, clap::Error> {
    let mut matches = tree.try_get_matches_from_mut(typed)?;
    let (global, config) = (
        GlobalOptions::everywhere(&matches),
        GroupOptions::config(&matches),
    );
    Ok(Cli {
        global,
        config,
        ..Cli::from_arg_matches_mut(&mut matches)?
    })
}

fn whole_tree() -> clap::Command {
    let mut tree = Cli::command();
    tree.build();
    tree
}

/// The tree as its readers see it: a command shows its own options, and names those that every command has.
fn help_tree() -> clap::Command {
    whole_tree().mut_subcommands(without_global_options)
}

fn without_global_options(command: clap::Command) -> clap::Command {
    let examples = command.get_after_help().map(ToString::to_string);
    command
        .mut_args(|arg| {
            let is_global = arg.get_help_heading() == Some(args::GLOBAL_OPTIONS);
            arg.hide(is_global)
        })
        .after_help(format!(
            "Global options, which `portolan --help` explains:
  --debug, --verbose, --quiet, --silent, --json, --no-input, --nocolor,
  --command <NAME>, --sysconfdir <DIR>

{}",
            examples.unwrap_or_default()
        ))
        .mut_subcommands(without_global_options)
}

fn explain(typed: &[OsString], ui: &mut Ui) -> ExitCode {
    let mut tree = help_tree();
    match parse(&mut tree, typed) {
        Ok(_) => failure::conclude(
            Err(anyhow!("the command line is understood only in part")),
            ui,
        ),
        Err(mut error) => {
            let whole = tree.clone();
            let command = meant(&mut tree, typed);
            usage::explain(&mut error, command, &whole);
            failure::conclude_usage(&error, command, ui)
        }
    }
}

fn run_command(
    command: &dyn Run,
    places: Places<'_>,
    environment: Environment,
    typed: TypedCommand,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let mut context = Context::new(places, environment, ui.user).map_err(advise_directory)?;
    context.typed = typed;
    forbid_core_dumps(&context.core_limit);
    args::check_variables(&context, ui)?;
    warn_of_foreign_home(&context, ui);
    // The directory is decided already; an old variable that decided it is warned of like any other.
    let _ = args::variable(&context, ui, "CONFIGDIR");
    view::warn_of_sysconfdir(places.sysconfdir, &context, ui);
    ui.debug(format!(
        "The system's file is {}",
        context.paths.system.display()
    ));
    ui.debug(format!(
        "The user's file is {}",
        context.paths.user.display()
    ));
    if command.fixes_modes() {
        view::fix_modes(&context, ui)?;
    }
    command.run(&context, ui)
}

fn advise_directory(error: InstallationError) -> anyhow::Error {
    let InstallationError::Directory {
        directory, reason, ..
    } = &error
    else {
        return error.into();
    };
    let path = directory.to_string_lossy();
    let path = ShellWord(&path);
    let advice = match reason {
        Distrust::Climbs | Distrust::Nowhere => "Name it without .. on its way.".to_owned(),
        _ if !directory.exists() => format!("To create it:\n  mkdir -m 700 {path}"),
        Distrust::Shared => format!("To close it to others:\n  chmod go-w {path}"),
        Distrust::Owner(_) => "Root uses only a directory that belongs to root.".to_owned(),
    };
    error.advise(advice)
}

fn warn_of_foreign_home(context: &Context, ui: &mut Ui) {
    let paths = &context.paths;
    if let Some(ForeignHome { named, reason }) = &context.foreign_home
        && !paths.user_directory_is_named
    {
        ui.warning(format!(
            "HOME is {}, which {reason}: your files are in {}. To choose another directory: sudo -H, or {}=DIR",
            named.display(),
            paths.user_directory.display(),
            context.command.variable("CONFIGDIR"),
        ));
    }
}

/// Every command may hold a token: what the kernel writes down of a crashed one would hold it too.
///
/// One byte is less than any dump, so no file is written. A limit of none at all would not keep the kernel from handing
/// the dump to another program (`core_pattern` with a pipe); exactly one byte does, as it is Linux's own guard there.
fn forbid_core_dumps(before: &Rlimit) {
    let Rlimit { maximum, .. } = *before;
    let current = Some(maximum.map_or(1, |most| most.min(1)));
    // Lowering a limit is always allowed, and where it is lower already it may stay so.
    let _ = setrlimit(Resource::Core, Rlimit { current, maximum });
}

fn show_help(group: Option<&Group>, ui: &mut Ui) -> ExitCode {
    ui.json = false;
    let mut tree = help_tree();
    let named = group.and_then(|group| {
        tree.find_subcommand_mut(group.name())
            .map(clap::Command::render_long_help)
    });
    let help = named.unwrap_or_else(|| tree.render_long_help());
    let result = ui
        .print(&format!("{}\n", help.to_string().trim_end()))
        .map(|()| Outcome::Done)
        .map_err(Into::into);
    failure::conclude(result, ui)
}

fn meant<'a>(tree: &'a mut clap::Command, words: &[OsString]) -> &'a mut clap::Command {
    let mut command = tree;
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if word != "help" && command.find_subcommand(word).is_some() {
            command = command
                .find_subcommand_mut(word)
                .expect("found in the line above");
        }
    }
    command
}

fn managed(options: &GlobalOptions, environment: &Environment) -> Command {
    let named = environment.text("PORTOLAN_COMMAND");
    let named = named.and_then(|name| Command::parse(name).ok());
    let typed = options.command.clone();
    typed.or(named).unwrap_or_else(Command::apptainer)
}

fn ui(options: &GlobalOptions, environment: &Environment) -> Ui {
    let terminals = Terminals::take();
    let command = managed(options, environment);
    let is_set = |key: &str| {
        command.has_variable(key)
            && environment
                .text(&command.variable(key))
                .and_then(args::parse_bool)
                == Some(true)
    };
    let level = environment
        .text(&command.variable("MESSAGELEVEL"))
        .and_then(|level| level.parse().ok());
    let verbosity = if options.debug || is_set("DEBUG") {
        Verbosity::DEBUG
    } else if options.verbose || is_set("VERBOSE") {
        Verbosity::VERBOSE
    } else if options.quiet || is_set("QUIET") {
        Verbosity::QUIET
    } else if options.silent || is_set("SILENT") {
        Verbosity::SILENT
    } else {
        level.map_or(Verbosity::NORMAL, Verbosity)
    };
    let asked = |name: &str| environment.text(name).is_some_and(|value| value != "0");
    let plain = options.nocolor || is_set("NOCOLOR") || environment.get("NO_COLOR").is_some();
    let can_colour = environment.text("TERM").is_some_and(|term| term != "dumb")
        && environment.text("CLICOLOR") != Some("0");
    let no_input = environment.text("PORTOLAN_NO_INPUT");
    Ui {
        verbosity,
        json: options.json,
        no_input: options.no_input
            || no_input.is_some_and(|value| args::parse_bool(value) != Some(false)),
        said: Said::default(),
        colour: !plain && (asked("CLICOLOR_FORCE") || terminals.stderr && can_colour),
        stderr_is_terminal: terminals.stderr,
        stdout_is_terminal: terminals.stdout,
        user: User::take(),
        command: "run",
        options: RunOptions::default(),
    }
}
