//! `remote doctor`: what is wrong with the files and the servers, what that breaks, and what fixes it. Changes nothing unless
//! `--fix` is given, not even modes.

mod environment;
mod fix;
mod registries;
mod report;
mod servers;
mod survey;
mod tokens;

use anyhow::anyhow;
use clap::Args;

use self::report::Report;
use self::servers::Asked;
use self::survey::Survey;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::json;
use crate::cli::json::JsonOption;
use crate::cli::ui::Ui;
use crate::config::checks::Severity;

/// Find out what is wrong with your remotes, keyservers and logins
///
/// Looks at your files and the system's, at what they say, and at the servers that they name; tells what is wrong, what that
/// breaks, and what fixes it. Changes nothing without --fix, and sends no token and no password to anyone.
///
/// The exit code is 255 when there is an error; warnings and notes alone end with 0, with --strict warnings end with 3.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote doctor
  portolan remote doctor --fix
  portolan remote doctor --offline --strict
  portolan remote doctor --json | jq --raw-output '.findings[] | .code'")]
pub(crate) struct DoctorArgs {
    /// Ask no server
    #[arg(long)]
    offline: bool,
    /// Fix what can be fixed without losing anything, and say so: modes, dead logins, what killed commands left
    #[arg(long)]
    fix: bool,
    /// End with 3 when there are warnings
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    json: JsonOption,
}

pub(crate) fn run(args: &DoctorArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let mut survey = Survey::take(context);
    if args.fix && fix::fix(&survey, context, ui) {
        survey = Survey::take(context);
    }
    let asked = if args.offline {
        Asked::default()
    } else {
        let _waiting = ui.spinner("asking the servers");
        servers::ask(&survey, context)
    };
    let report = Report::new(survey, asked, args.offline);
    if args.json.json {
        json::print("portolan.remote-doctor/1", &report.view(), ui)?;
    } else {
        ui.print(&report.text(ui))?;
    }
    match report.number(Severity::Error) {
        0 if args.strict && report.number(Severity::Warning) > 0 => Ok(Outcome::Warnings),
        0 => Ok(Outcome::Done),
        1 => Err(anyhow!("1 error was found")),
        number => Err(anyhow!("{number} errors were found")),
    }
}
