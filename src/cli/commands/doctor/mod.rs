//! `remote doctor`: what is wrong with the files and the servers, what that breaks, and what fixes it. Changes nothing unless
//! `--fix` is given, not even modes.

mod environment;
mod files;
mod fix;
mod logins;
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
use crate::cli::args::{RuntimeOption, ServerOptions};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::logins::is_dead;
use crate::cli::ui::Ui;
use crate::cli::{json, network};
use crate::config::checks;
use crate::config::checks::{Code, Finding, Severity};
use crate::runtime::Runtime;

/// Find and fix faults in your remotes, keyservers and logins
///
/// Looks at your files, the system's files and the servers that they name. Shows each fault, its effect and its repair.
/// Changes nothing without --fix, and sends no token and no password.
///
/// The exit code is 255 when an error is found, and 0 for warnings and notes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote doctor
  portolan remote doctor --fix
  portolan remote doctor --offline --strict
  portolan remote doctor --json | jq --raw-output '.findings[] | .code'")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    servers: ServerOptions,
    /// Fix modes, dead logins and leftovers of killed commands; nothing of value is lost
    #[arg(long)]
    fix: bool,
    /// End with 3 when there are warnings
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    runtime: RuntimeOption,
}

pub(crate) fn run(args: &DoctorArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let runtime = args.runtime.find(context)?;
    let mut survey = Survey::take(context, &ui.options);
    let mut findings = examine(&survey, &runtime, context);
    if args.fix && fix::fix(&findings, &survey, context, ui) {
        survey = Survey::take(context, &ui.options);
        findings = examine(&survey, &runtime, context);
    }
    let limits = args.servers.limits(servers::LIMITS);
    let asked = if args.servers.offline {
        Asked::default()
    } else {
        let _waiting = ui.spinner(network::asking("the servers", limits));
        servers::ask(&survey, args.servers.options(limits, context), context)
    };
    network::warn_of_not_asked(&asked.not_asked, limits, ui);
    findings.extend(asked.findings);
    let report = Report::new(findings, &survey, asked.servers, args.servers.offline);
    if ui.json {
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

fn examine(survey: &Survey, runtime: &Runtime, context: &Context) -> Vec<Finding> {
    let (system, user, commands) = (
        survey.system.as_ref(),
        survey.user.as_ref(),
        &survey.commands,
    );
    let mut found = environment::look(context);
    found.extend(files::modes(survey, context));
    let is_new = |finding: &&Finding| {
        let same = |other: &Finding| other.code == finding.code && other.file == finding.file;
        !found.iter().any(same)
    };
    let unreadable: Vec<_> = survey.unreadable.iter().filter(is_new).cloned().collect();
    found.extend(unreadable);
    found.extend(checks::remotes(
        system,
        user,
        survey.chosen.as_ref(),
        commands,
    ));
    found.retain(|finding| finding.code != Code::ActiveMissing || survey.user_is_known);
    let registries = registries::look(survey, context);
    found.extend(registries.findings);
    let of_logins = logins::look(runtime, survey, context);
    let is_broken = |finding: &Finding| finding.code == Code::DockerConfigBroken;
    let was_broken = found.iter().any(is_broken);
    found.extend(
        of_logins
            .into_iter()
            .filter(|finding| !(was_broken && is_broken(finding))),
    );
    let effective = survey.effective();
    if let Some(user) = user {
        let held = registries.held.as_ref();
        let is_without_secret = |login: &_| held.is_some_and(|held| is_dead(login, held));
        found.extend(checks::logins(
            user,
            effective.as_ref(),
            is_without_secret,
            commands,
        ));
    }
    if let Some(effective) = &effective {
        found.extend(tokens::look(survey, effective, context.now));
        found.extend(servers::known_to_lack_library(survey, effective));
    }
    found.extend(tokens::gone(survey, effective.as_ref()));
    found.extend(files::litter(survey, context));
    found
}
