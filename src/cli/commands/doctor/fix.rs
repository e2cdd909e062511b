//! `--fix`: fixes what can be fixed without losing anything that a person may want, and says each time what was done.

use std::convert::Infallible;
use std::path::Path;

use super::survey::Survey;
use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::cli::{files, logins};
use crate::config::checks;
use crate::config::checks::{Code, Finding};
use crate::config::layer::Scope;
use crate::disk;
use crate::disk::FileRules;

pub(super) fn fix(findings: &[Finding], survey: &Survey, context: &Context, ui: &mut Ui) -> bool {
    let fixable: Vec<&Finding> = findings.iter().filter(|finding| finding.fixable).collect();
    for finding in &fixable {
        if let Err(error) = fix_files(finding, context, ui) {
            ui.warning(format!("Not fixed ({}): {error:#}", finding.code));
        }
    }
    let is_in_users_file = |code: Code| {
        matches!(
            code,
            Code::LoginDuplicate | Code::LoginWithoutSecret | Code::Ghost
        )
    };
    if fixable.iter().any(|finding| is_in_users_file(finding.code))
        && let Err(error) = fix_users_file(survey, context, ui)
    {
        ui.warning(format!(
            "Not fixed ({}): {error:#}",
            context.paths.user.display()
        ));
    }
    !fixable.is_empty()
}

fn fix_files(finding: &Finding, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let Some(file) = &finding.file else {
        return Ok(());
    };
    let closed = match finding.code {
        Code::FileMode => disk::close_file(file, 0o600)?.map(|old| (old, 0o600)),
        Code::DirectoryMode => disk::close_directory(file, 0o700)?.map(|old| (old, 0o700)),
        Code::Litter => {
            disk::tidy(Path::new(&finding.subject), FileRules::PRIVATE.patience)?;
            ui.info(format!("Removed {}", file.display()));
            None
        }
        Code::UnfinishedWrite => {
            settle(Path::new(&finding.subject), context, ui)?;
            ui.info(format!("Settled {}", finding.subject));
            None
        }
        _ => None,
    };
    if let Some((old, new)) = closed {
        ui.info(format!(
            "Changed the mode of {} from {old:o} to {new:o}",
            file.display()
        ));
    }
    Ok(())
}

/// Lets the next writer's work be done: a change that changes nothing puts back what an interrupted write left.
fn settle(path: &Path, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let nothing = |_: &mut _| Ok::<_, Infallible>(());
    if path == context.paths.user {
        files::edit(Scope::User, context, ui, nothing)
    } else if path == context.paths.system {
        files::edit(Scope::System, context, ui, nothing)
    } else {
        let store = logins::store(None, context);
        logins::change(&store, context, ui, &mut |_, _, _| Ok(()))
    }
}

fn fix_users_file(survey: &Survey, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
    let is_ghost = |name: &_| !survey.system_has(name);
    let store = logins::store(None, context);
    let told = match store.read_for_change() {
        Ok(_) => logins::change(&store, context, ui, &mut |document, now, _| {
            // A file that is away may come back.
            let held = now.path.exists().then(|| now.file.held());
            let is_dead = |login: &_| {
                held.as_ref()
                    .is_some_and(|held| logins::is_dead(login, held))
            };
            Ok(checks::fix(document, is_dead, is_ghost))
        })?,
        Err(_) => files::edit(Scope::User, context, ui, |document| {
            Ok::<_, Infallible>(checks::fix(document, |_| false, is_ghost))
        })?,
    };
    told.iter().for_each(|sentence| ui.info(sentence));
    Ok(())
}
