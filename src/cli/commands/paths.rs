//! `paths`: which files count in this run, whether they exist, and why these. Reads none of them and creates nothing.

use std::io::ErrorKind;
use std::iter;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::json;
use crate::cli::ui::Ui;
use crate::installation::lookup;
use crate::stores;

/// Show the files and directories in use, and the rule for each
///
/// Reads none of them. The rule is the option or variable that names the file, HOME, the account's home directory, or
/// the default. EXISTS is unknown where you may not look.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan paths
  portolan paths --json | jq --raw-output '.paths[] | select(.name == \"logins\") | .path'")]
pub(crate) struct PathsArgs {}

#[derive(Serialize)]
struct PathsView {
    paths: Vec<PathRow>,
}

#[derive(Serialize)]
struct PathRow {
    name: &'static str,
    path: String,
    /// `None` where nobody can say.
    exists: Option<bool>,
    rule: String,
}

pub(crate) fn run(_: &PathsArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let view = PathsView {
        paths: rows(context),
    };
    if ui.json {
        json::print("portolan.paths/1", &view, ui)?;
        return Ok(Outcome::Done);
    }
    let head = ["NAME", "PATH", "EXISTS", "RULE"];
    let rows = view.paths.iter().map(|row| {
        let exists = match row.exists {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        [row.name, &row.path, exists, &row.rule]
    });
    ui.print(&ui.table(iter::once(head).chain(rows)))?;
    Ok(Outcome::Done)
}

fn rows(context: &Context) -> Vec<PathRow> {
    let paths = &context.paths;
    let rules = &context.rules;
    let user = match paths.user_is_named {
        true => "--config".to_owned(),
        false => rules.user.clone(),
    };
    let (logins_rule, logins) = lookup::named_file(context)
        .unwrap_or_else(|| (rules.user.clone(), paths.docker_config.clone()));
    let docker = lookup::logins(None, context).files.docker.path;
    let in_home = |variable: &str, path: &Path| match context.environment.get(variable) {
        Some(named) if path.starts_with(named) => variable.to_owned(),
        _ => rules.home.to_owned(),
    };
    vec![
        row("system", &paths.system, rules.system),
        row("user", &paths.user, &user),
        row("logins", &logins, &logins_rule),
        row("docker", &docker, &in_home("DOCKER_CONFIG", &docker)),
        row(
            "cache",
            &paths.cache,
            &in_home("XDG_CACHE_HOME", &paths.cache),
        ),
        row(
            "state",
            &paths.state,
            &in_home("XDG_STATE_HOME", &paths.state),
        ),
        row(
            "stores",
            &paths.stores(),
            &in_home("XDG_STATE_HOME", &paths.state),
        ),
        row(
            "store-rules",
            &stores::rules::file(paths.sysconfdir()),
            rules.system,
        ),
    ]
}

fn row(name: &'static str, path: &Path, rule: &str) -> PathRow {
    let exists = match path.symlink_metadata() {
        Ok(_) => Some(true),
        Err(error) => {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory).then_some(false)
        }
    };
    PathRow {
        name,
        path: path.display().to_string(),
        exists,
        rule: rule.to_owned(),
    }
}
