//! `remote apply`: makes one file what another one says, in one write. See docs/admin.md.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::prompt::Input;
use crate::cli::ui::Ui;
use crate::cli::{access, files, json, view};
use crate::config::change::ChangeError;
use crate::config::desired::{ApplyError, Desired, ValueChange, ValueName, differences};
use crate::config::document::Document;
use crate::config::layer::Scope;
use crate::config::policy::PolicyRefusal;
use crate::disk;
use crate::name::RemoteName;
use crate::text::{Quoted, ShellWord};

/// Make your remotes what a file says
///
/// The file has the words of remote.yaml, as `remote export` prints them: remotes, the active one, keyservers in order.
/// Remotes that the file does not name stay, unless --prune removes them. Tokens stay too, unless a remote moves to
/// another host.
///
/// One write changes all or nothing. A second run changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sudo portolan remote apply --global company.yaml
  portolan remote apply --check --diff remotes.yaml
  portolan remote apply - < remotes.yaml")]
pub(crate) struct ApplyArgs {
    /// Change the remotes of all users, also which one is exclusive
    #[arg(short, long)]
    global: bool,
    /// Change nothing, and end with 2 when a change is necessary
    #[arg(long)]
    check: bool,
    /// Print the changes, one value per line
    #[arg(long)]
    diff: bool,
    /// Remove the remotes that the file does not name
    #[arg(long)]
    prune: bool,
    /// Store the tokens of the file, which nobody else may be able to read
    #[arg(long, conflicts_with = "global")]
    with_tokens: bool,
    /// The file with the wanted remotes (- for standard input)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct ApplyView<'a> {
    changed: bool,
    check: bool,
    file: &'a str,
    changes: Vec<ChangeRow<'a>>,
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    remote: Option<&'a str>,
    field: String,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

pub(crate) fn run(args: &ApplyArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let desired = read(args, ui)?;
    let path = if args.global {
        &context.paths.system
    } else {
        &context.paths.user
    };
    let changes = apply(args, &desired, scope, context, ui)
        .map_err(|error| explain(error, scope, context))?;
    let file = path.display().to_string();
    let wanted = args.file.display().to_string();
    if ui.json {
        let view = ApplyView {
            changed: !args.check && !changes.is_empty(),
            check: args.check,
            file: &file,
            changes: changes.iter().map(ChangeRow::new).collect(),
        };
        json::print("portolan.remote-apply/1", &view, ui)?;
    } else if args.diff && !changes.is_empty() {
        ui.print(&diff(&changes, &file, &wanted, ui))?;
    }
    match (args.check, changes.is_empty()) {
        (_, true) => ui.info(format!("{file} is as {wanted} wants it.")),
        (true, false) => {
            if !args.diff && !ui.json {
                ui.info(format!(
                    "{file} is not as {wanted} wants it; --diff shows where."
                ));
            }
            return Ok(Outcome::WouldChange);
        }
        (false, false) => changes.iter().for_each(|change| ui.info(told(change))),
    }
    Ok(Outcome::Done)
}

fn read(args: &ApplyArgs, ui: &Ui) -> anyhow::Result<Desired> {
    let path = args.file.display();
    let state = |bytes: &[u8]| {
        Desired::read(bytes, args.with_tokens).map_err(|error| anyhow!("{path}:{error}"))
    };
    if args.file == Path::new("-") {
        return state(Input::new(ui.no_input).all()?.expose().as_bytes());
    }
    let contents = disk::read(&args.file)?;
    let contents = contents.ok_or_else(|| anyhow!("{path}: there is no such file"))?;
    let (desired, mode) = (state(&contents.bytes)?, contents.mode & 0o777);
    if desired.has_tokens() && mode & 0o077 != 0 {
        return Err(
            anyhow!("{path} has tokens, and others can read it (mode {mode:o})").advise(format!(
                "Its tokens may be known already. To close it:\n  chmod 600 {}",
                ShellWord(&args.file.to_string_lossy())
            )),
        );
    }
    Ok(desired)
}

fn apply(
    args: &ApplyArgs,
    desired: &Desired,
    scope: Scope,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Vec<ValueChange>> {
    let below = view::required_below(scope, context)?;
    let change = |document: &mut Document| {
        let before = document.clone();
        desired.apply(document, scope, below.as_ref(), args.prune)?;
        Ok::<_, ApplyError>(differences(&before, document))
    };
    if args.check {
        Ok(change(&mut files::read(scope, context)?)?)
    } else if desired.has_tokens() {
        files::store_secret(context, ui, change)
    } else {
        files::edit(scope, context, ui, change)
    }
}

fn explain(error: anyhow::Error, scope: Scope, context: &Context) -> anyhow::Error {
    match error.downcast_ref::<ApplyError>() {
        Some(ApplyError::Change(ChangeError::Reserved(name))) => {
            let advice = format!(
                "It is defined for all users in {}: leave {name} out, or apply with --global.",
                context.paths.system.display()
            );
            error.advise(advice)
        }
        Some(ApplyError::Exclusive(_)) => error.advise("Apply it with --global."),
        Some(ApplyError::PruneAll) => error.advise("If that is what is meant, write: Remotes: {}"),
        Some(ApplyError::Policy(PolicyRefusal { exclusive, .. })) if scope == Scope::System => {
            let advice = format!(
                "To lift that, name {exclusive} with Exclusive: false, or make it the active one."
            );
            error.advise(advice)
        }
        _ => error,
    }
}

impl<'a> ChangeRow<'a> {
    fn new(change: &'a ValueChange) -> Self {
        Self {
            remote: change.remote.as_ref().map(RemoteName::as_str),
            field: change.field.to_string(),
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        }
    }
}

fn diff(changes: &[ValueChange], file: &str, wanted: &str, ui: &Ui) -> String {
    let mut text = format!("--- {}\n+++ {}\n", ui.cell(file), ui.cell(wanted));
    for change in changes {
        let key = match &change.remote {
            Some(name) => format!("Remotes.{name}.{}", change.field),
            None => change.field.to_string(),
        };
        for (sign, value) in [('-', &change.before), ('+', &change.after)] {
            if let Some(value) = value {
                text.push_str(&format!("{sign}{}: {}\n", ui.cell(&key), ui.cell(value)));
            }
        }
    }
    text
}

fn told(change: &ValueChange) -> String {
    let ValueChange {
        remote,
        field,
        before,
        after,
    } = change;
    let name = remote.as_ref().map_or("", RemoteName::as_str);
    let quoted = Quoted(name);
    match (field, before, after) {
        (ValueName::Active, _, Some(after)) => format!("Remote {} now in use.", Quoted(after)),
        (ValueName::Active, _, None) => "No remote is in use any more.".to_owned(),
        (ValueName::Uri, None, Some(_)) => format!("Remote {quoted} added."),
        (ValueName::Uri, Some(_), None) => format!("Remote {quoted} removed."),
        (ValueName::Uri, _, after) => {
            format!(
                "Remote {quoted} is now at {}.",
                Quoted(after.as_deref().unwrap_or_default())
            )
        }
        (ValueName::Token, Some(_), None) => {
            format!(
                "The token for {name} was removed. To log in again:\n  portolan remote login {}",
                ShellWord(name)
            )
        }
        (ValueName::Token, _, _) => format!("Token stored for {quoted}."),
        (ValueName::Exclusive, _, Some(_)) => {
            format!("Remote {quoted} is the only one that users may use.")
        }
        (ValueName::Exclusive, _, None) => format!("Remote {quoted} is not exclusive any more."),
        (ValueName::Insecure, _, Some(_)) => format!("Remote {quoted} is reached over plain http."),
        (ValueName::Insecure, _, None) => format!("Remote {quoted} is reached over https."),
        (ValueName::Keyservers, _, Some(after)) => format!("The keyservers of {name}: {after}"),
        (ValueName::Keyservers, _, None) => {
            format!("The keyserver of {name} is the one that it names itself.")
        }
    }
}
