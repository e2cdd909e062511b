//! `exec`: a command that sees the logins of the stores for its own time only.
//!
//! It gets a directory of configuration in memory: remote.yaml with the tokens from the stores, docker-config.json with the
//! logins that only portolan has, and links to everything else of the user's directory.

mod child;
mod configuration;
mod left;

use std::ffi::OsString;
use std::path;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use clap::Args;

use self::configuration::{Configuration, DOCKER_FILE};
use crate::cli::args::RuntimeOption;
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::migration;
use crate::cli::ui::Ui;
use crate::cli::view;
use crate::config::effective::Layers;
use crate::disk;
use crate::disk::{DiskError, MemoryDirectory};
use crate::name::RemoteName;
use crate::runtime::Runtime;

/// Directories that runtimes make in a user's directory. What is in them is worth more than the run.
const MADE_BY_RUNTIMES: [&str; 6] = [
    "cache",
    "checkpoint",
    "instances",
    "keys",
    "plugins",
    "remote-cache",
];

/// Run a command with the secrets of the stores
///
/// The command gets a private copy of your configuration in memory, with the secrets of the stores that `login` put there. The
/// copy is removed at the end of the command, also for processes in the background. In a batch system, exec belongs into the
/// job script: the submitting command ends long before the job.
///
/// New files in the copy move to your own directory. Changes of remote.yaml and docker-config.json are lost, with a
/// warning.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan exec -- apptainer pull library://team/app:1.0
  portolan exec --remote ExampleCloud -- apptainer verify app.sif")]
pub(crate) struct ExecArgs {
    /// Make this remote the active one for the command
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    #[command(flatten)]
    runtime: RuntimeOption,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    program: Vec<OsString>,
}

pub(crate) fn run(args: &ExecArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    check_runtime(&args.runtime.find(context)?, context)?;
    migration::migrate(context, ui)?;
    let layers = chosen_layers(args, context)?;
    let effective = layers.merge();
    let configuration = Configuration::build(&layers, &effective, context, ui)?;
    view::warn(&effective, context, ui);
    let Some((program, arguments)) = args.program.split_first() else {
        return Err(anyhow!("no command"));
    };
    let mut signals = child::ChildSignals::catch()?;
    let bases = disk::memory_bases(candidates(context), context.user.id);
    MemoryDirectory::clear(&bases, context.user.id);
    let directory = fill(&bases, &configuration, context, ui)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env(context.command.variable("CONFIGDIR"), directory.path());
    let outcome = child::run(&mut command, program, &mut signals, context, ui);
    left::take_over(&directory, &configuration, program, context, ui);
    Ok(Outcome::Child(outcome))
}

/// Refuses a version that would read the user's own files all the same.
fn check_runtime(runtime: &Runtime, context: &Context) -> anyhow::Result<()> {
    let Some(first) = runtime.lacks_config_dir() else {
        return Ok(());
    };
    let (variable, product) = (context.command.variable("CONFIGDIR"), runtime.product());
    Err(anyhow!("{runtime} does not know {variable}")
        .advise(format!("exec needs {product} {first} or later.")))
}

fn chosen_layers(args: &ExecArgs, context: &Context) -> anyhow::Result<Layers> {
    let Some(name) = args.remote.as_deref().map(RemoteName::found) else {
        let layers = view::load(context)?;
        view::check_choice(&layers.merge())?;
        return Ok(layers);
    };
    Ok(Layers {
        chosen: Some(name),
        ..view::load_files(context)?
    })
}

fn candidates(context: &Context) -> Vec<PathBuf> {
    let named = context.environment.get("XDG_RUNTIME_DIR");
    named
        .map(PathBuf::from)
        .into_iter()
        .chain([
            format!("/run/user/{}", context.user.id).into(),
            PathBuf::from("/dev/shm"),
        ])
        .collect()
}

fn fill(
    bases: &[PathBuf],
    configuration: &Configuration,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<MemoryDirectory> {
    let base = bases.first().ok_or_else(|| {
        let tried: Vec<String> = candidates(context)
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        anyhow!(
            "no directory of yours is in memory (tmpfs): {}",
            tried.join(", ")
        )
        .advise("XDG_RUNTIME_DIR can name one.")
    })?;
    let own = path::absolute(&context.paths.user_directory)?;
    let made = fill_below(base, &own, configuration, ui);
    made.with_context(|| format!("while making a directory in {}", base.display()))
}

fn fill_below(
    base: &Path,
    own: &Path,
    configuration: &Configuration,
    ui: &mut Ui,
) -> Result<MemoryDirectory, DiskError> {
    let mut directory = MemoryDirectory::create(base, own)?;
    for (name, text) in &configuration.files {
        if let Some(text) = text {
            directory.write(name, text)?;
        }
    }
    disk::create_directory(own, 0o700)?;
    for name in MADE_BY_RUNTIMES {
        if let Err(error) = disk::create_directory(&own.join(name), 0o700) {
            ui.verbose(format!(
                "What the command puts into {name} is lost: {error}"
            ));
        }
    }
    for entry in std::fs::read_dir(own).into_iter().flatten().flatten() {
        if !configuration.makes(&entry.file_name()) {
            directory.link(&entry.file_name(), &entry.path())?;
        }
    }
    if let Some(docker) = &configuration.docker_file {
        directory.link(DOCKER_FILE.as_ref(), docker)?;
    }
    Ok(directory)
}
