//! Who may read and write the files, and what killed commands left beside them.

use std::path::PathBuf;

use super::survey::{Survey, attributes};
use crate::cli::context::Context;
use crate::config::checks;
use crate::config::checks::{Code, Finding};
use crate::disk;
use crate::disk::Litter;

pub(super) fn modes(survey: &Survey, context: &Context) -> Vec<Finding> {
    let (paths, user) = (&context.paths, context.user.id);
    let mut found = Vec::new();
    if !paths.user_is_named {
        let directory = attributes(&paths.user_directory);
        found.extend(
            directory
                .iter()
                .flat_map(|directory| checks::users_directory(directory, user)),
        );
    }
    let users = (!paths.user_is_named || has_secret(survey)).then_some(&paths.user);
    for file in users.into_iter().chain([&paths.docker_config]) {
        found.extend(
            attributes(file)
                .iter()
                .flat_map(|file| checks::users_file(file, user)),
        );
    }
    let directory = paths.system.parent().and_then(attributes);
    found.extend(checks::systems_file(
        attributes(&paths.system).as_ref(),
        directory.as_ref(),
        user,
    ));
    found
}

/// The mode of a file that `-c` names is its user's business, as long as it has no secret.
fn has_secret(survey: &Survey) -> bool {
    survey.user.as_ref().is_some_and(|user| {
        let document = &user.document;
        let mut remotes = document.remotes().values();
        remotes.any(|remote| !remote.token.is_empty())
            || document.logins().iter().any(|login| !login.auth.is_empty())
    })
}

pub(super) fn litter(survey: &Survey, context: &Context) -> Vec<Finding> {
    let paths = &context.paths;
    let files = [&paths.user, &paths.docker_config, &paths.system];
    let found = |path: &PathBuf| {
        let Litter { temporary, backup } = disk::litter(path);
        let may_tidy = path != &paths.system || survey.may_write_system;
        let finding = |code: Code, left: Option<PathBuf>, what: &str| {
            let message = format!("{what} {}", path.display());
            let fix = survey.commands.fix();
            let finding = Finding::new(code, path.display().to_string(), message, fix);
            Some(finding.at(Some(left?), None).fixable_if(may_tidy))
        };
        let replaced = "this is what a killed command was replacing in";
        let temporary_file = "a killed command left this temporary file of";
        [
            finding(Code::UnfinishedWrite, backup, replaced),
            finding(Code::Litter, temporary, temporary_file),
        ]
    };
    files.into_iter().flat_map(found).flatten().collect()
}
