//! What is odd around the files: variables that name somebody else's directories, a file that only `-c` knows, what an old
//! installation left.

use std::path::{Path, PathBuf};

use crate::cli::context::{Context, Distrust, distrust};
use crate::cli::migration;
use crate::config::checks::{Code, Finding, shell_word};

pub(super) fn look(context: &Context) -> Vec<Finding> {
    let mut found = foreign_directories(context);
    found.extend(unused_file(context));
    found.extend(left_behind(context));
    found
}

/// Variables that name directories of other users: root works elsewhere then, others may be unable to write.
fn foreign_directories(context: &Context) -> Vec<Finding> {
    let (command, user) = (&context.command, context.user.id);
    let own = [
        "HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
    ]
    .map(str::to_owned);
    let variables = own
        .into_iter()
        .chain([command.variable("CONFIGDIR")])
        .chain(command.legacy_variable("CONFIGDIR"));
    let directory = |variable: &String| Some(PathBuf::from(context.environment.get(variable)?));
    let foreign = variables.filter_map(|variable| {
        let named = directory(&variable)?;
        let why = objection(&named, user)?;
        let instead = if user == 0 && !context.paths.user_directory.starts_with(&named) {
            format!(
                "; root's files are in {}",
                context.paths.user_directory.display()
            )
        } else {
            String::new()
        };
        let message = format!("{variable} names {}, which {why}{instead}", named.display());
        let fix = match user {
            0 => {
                format!("run it by sudo -H, or set {variable} to a directory that is root's alone")
            }
            _ => format!("set {variable} to a directory of your own"),
        };
        Some(Finding::new(Code::HomeForeign, variable, message, fix))
    });
    foreign.collect()
}

/// What is wrong with a directory that a variable names. What root owns is nobody else's; whether it can be written, the commands
/// that write say.
fn objection(directory: &Path, user: u32) -> Option<Distrust> {
    match distrust(directory) {
        Some(Distrust::Owner(owner)) if owner == user => None,
        Some(other) if user != 0 && !matches!(other, Distrust::Owner(_)) => None,
        found => found,
    }
}

fn unused_file(context: &Context) -> Option<Finding> {
    let paths = &context.paths;
    let default = paths.own();
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if !paths.user_is_named || resolved(&paths.user) == resolved(&default) {
        return None;
    }
    let file = paths.user.display().to_string();
    let message = format!(
        "nothing but -c reads it; the runtime reads {}",
        default.display()
    );
    let fix = "leave -c out, to change the file that is read";
    Some(Finding::new(Code::ConfigUnused, file, message, fix).at(Some(paths.user.clone()), None))
}

fn left_behind(context: &Context) -> Vec<Finding> {
    let is_to_come = !context.paths.user_directory.exists();
    let found = migration::left_behind(context)
        .into_iter()
        .map(|(old, new)| {
            let message = format!("it was not taken over into {}", new.display());
            let by_hand = format!(
                "install -D -m 600 {} {}",
                shell_word(&old),
                shell_word(&new)
            );
            let fix = if is_to_come {
                "any command that writes, such as remote use NAME".to_owned()
            } else {
                by_hand
            };
            let finding = Finding::new(
                Code::LegacyNotMigrated,
                old.display().to_string(),
                message,
                fix,
            );
            let finding = finding.at(Some(old), None);
            if is_to_come {
                finding.otherwise()
            } else {
                finding
            }
        });
    found.collect()
}
