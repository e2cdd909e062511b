//! `registry list`: the logins that the runtime uses, those to keyservers included. Writes nothing.

use std::borrow::Cow;
use std::iter;

use clap::Args;
use serde::Serialize;

use crate::cli::args::RuntimeOption;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::login_list::{ListedLogin, Listing};
use crate::cli::table::columns;
use crate::cli::ui::Ui;
use crate::cli::{json, login_check, login_list, secrets, view};

/// List your logins to registries and keyservers
///
/// Shows every login that the runtime uses, from `login` or another tool. On a terminal also the account and the place:
/// a file, a credential helper, or a variable.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry list
  portolan registry list --all
  portolan registry list --check
  portolan registry list --json | jq --raw-output '.logins[] | .account'
  portolan registry -c other.yaml list")]
pub(crate) struct RegistryListArgs {
    /// Add the logins that the runtime does not use: those of podman, and hidden ones of docker
    #[arg(long, conflicts_with = "check")]
    all: bool,
    /// Ask each registry whether the login still works: exit code 0 when all do, 255 when one is refused, 3 when one is
    /// not known
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    runtime: RuntimeOption,
}

#[derive(Serialize)]
struct RegistryListView {
    logins: Vec<ListedLogin>,
}

pub(crate) fn run(
    args: &RegistryListArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let runtime = args.runtime.find(context)?;
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    secrets::warn(&effective, context, ui);
    let question = Listing {
        runtime: &runtime,
        asks_helpers: true,
        all: args.all,
    };
    let mut logins = login_list::list(&effective, &question, context, ui);
    if context.command.is_singularity() {
        logins.retain(|login| login.registry_account().is_some());
    }
    let outcome = if args.check {
        login_check::check_all(&mut logins, context, ui)
    } else {
        Ok(Outcome::Done)
    };
    if ui.json {
        json::print("portolan.registry-list/1", &RegistryListView { logins }, ui)?;
    } else {
        ui.print(&render(&logins, args, context, ui))?;
    }
    outcome
}

fn render(logins: &[ListedLogin], args: &RegistryListArgs, context: &Context, ui: &Ui) -> String {
    let end = if context.command.is_singularity() {
        if logins.is_empty() {
            return "\n(no registries with stored login information found)\n\n".to_owned();
        }
        "\n"
    } else {
        ""
    };
    let secure = |login: &ListedLogin| if login.insecure { "✗!" } else { "✓" };
    if args.all || args.check || ui.is_for_a_person() {
        let last = if args.check { "CHECK" } else { "USED?" };
        let head = ["URI", "SECURE?", "ACCOUNT", "STORED IN", last].map(str::to_owned);
        let rows = logins.iter().map(|login| {
            let last = match login.check {
                Some(checked) => checked.word(),
                None if login.used && !args.check => "✓",
                None => "",
            };
            [
                login.uri.clone(),
                secure(login).to_owned(),
                login.who(),
                login.place(),
                last.to_owned(),
            ]
        });
        return format!("\n{}{end}", ui.table(iter::once(head).chain(rows)));
    }
    let head = [Cow::Borrowed("URI"), Cow::Borrowed("SECURE?")];
    let rows = logins
        .iter()
        .filter(|login| !login.gone)
        .map(|login| [ui.cell(&login.uri), Cow::Borrowed(secure(login))]);
    let table = columns(&iter::once(head).chain(rows).collect::<Vec<_>>());
    format!("\n{table}{end}")
}
