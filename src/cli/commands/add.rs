//! `remote add`: a new remote, for the user or for everybody. D5, D9, D17 and D20 of docs/compatibility.md.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::StoreOption;
use crate::cli::commands::login;
use crate::cli::commands::login::{AddedLogin, StoredToken};
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome, UsageError};
use crate::cli::prompt::Input;
use crate::cli::ui::Ui;
use crate::cli::{access, args, files, view};
use crate::command;
use crate::config::change;
use crate::config::change::{Added, ChangeError, NewRemote};
use crate::name::RemoteName;
use crate::text::{Quoted, ShellWord};

/// Add a new remote endpoint
///
/// Adds an endpoint under a name of your choice, and logs you in to it. `remote use` makes it the active one, which
/// commands use when no remote is named.
///
/// SylabsCloud and DefaultRemote need no address: portolan knows it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote add --no-login ExampleCloud cloud.example.com
  portolan remote add --if-missing --no-login ExampleCloud cloud.example.com
  sudo portolan remote add --global company https://remote.company.example:8443")]
pub(crate) struct AddArgs {
    /// Add it for all users of the system
    #[arg(short, long, conflicts_with = "store")]
    global: bool,
    /// Skip the login that follows
    #[arg(long, conflicts_with_all = ["tokenfile", "password_stdin", "store"])]
    no_login: bool,
    /// Allow an endpoint on plain http (APPTAINER_ADD_INSECURE)
    #[arg(short, long)]
    insecure: bool,
    /// Succeed without a change when the remote exists at this address; store the given token where none is
    #[arg(long)]
    if_missing: bool,
    /// Make it the active remote, as `remote use` does
    #[arg(long = "use", conflicts_with = "global")]
    make_active: bool,
    /// Accept the option of later Apptainer versions; only --use makes the remote active
    #[arg(short, long, conflicts_with = "make_active")]
    no_default: bool,
    /// Read the access token from this file (- for standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password_stdin", "global"])]
    tokenfile: Option<PathBuf>,
    /// Read the access token from all of standard input
    #[arg(long, conflicts_with = "global")]
    password_stdin: bool,
    #[command(flatten)]
    store: StoreOption,
    #[arg(value_name = "NAME")]
    name: String,
    /// The address: host[:port][/path], with or without https://
    #[arg(value_name = "URI")]
    uri: Option<String>,
}

pub(crate) fn run(args: &AddArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let typed = match (&args.uri, command::known_by_name(&args.name)) {
        (Some(typed), _) => typed,
        (None, Some(known)) => known.uri,
        (None, None) => return Err(no_address(&args.name).into()),
    };
    let scope = access::scope(args.global, access::GLOBAL, context)?;
    let insecure = args.insecure || args::switch_variable(context, ui, "ADD_INSECURE")?;
    let name = RemoteName::parse(&args.name)?;
    let (uri, insecure) = args::endpoint(typed, insecure, context, ui)
        .map_err(|error| explain_registry(error, typed))?;
    let new = NewRemote {
        name,
        uri,
        insecure,
    };
    if !is_meant(args, ui)? {
        ui.info("Nothing was added.");
        return Ok(Outcome::Done);
    }
    let below = view::below(scope, context, ui);
    let below = below.as_ref();
    let added = files::edit(scope, context, ui, |document| {
        let added = change::add(document, scope, below, &new, args.if_missing)?;
        if args.make_active {
            change::use_remote(document, scope, below, &new.name, false)?;
        }
        Ok::<_, ChangeError>(added)
    })?;
    report(added, args, &new, ui);
    let is_given = args.tokenfile.is_some() || args.password_stdin || args.store.store.is_some();
    if args.no_login || args.global || (added == Added::Before && !is_given) {
        return Ok(Outcome::Done);
    }
    let stored = match added {
        Added::Before => StoredToken::Left,
        Added::New | Added::Adopted => StoredToken::Verified,
    };
    let offered = AddedLogin {
        tokenfile: args.tokenfile.as_deref(),
        password_stdin: args.password_stdin,
        store: &args.store,
    };
    let done = login::after_add(&new.name, &offered, stored, context, ui);
    let done = done.map_err(|error| {
        let word = new.name.word();
        error.advise_person(format!(
            "The remote stays. To log in to it:\n  portolan remote login {word}"
        ))
    })?;
    if ui.stderr_is_terminal && !args.make_active && !args.no_default {
        ui.info(format!(
            "It is not the active remote. To use it where none is named:\n  portolan remote use {}",
            new.name.word()
        ));
    }
    Ok(done)
}

fn report(added: Added, args: &AddArgs, new: &NewRemote, ui: &mut Ui) {
    let name = Quoted(new.name.as_str());
    match added {
        Added::Before => {
            let uri = Quoted(new.uri.as_str());
            ui.info(format!("Remote {name} exists already, at {uri}."));
        }
        Added::New => ui.info(format!("Remote {name} added.")),
        Added::Adopted => {
            ui.info(format!("Remote {name} added."));
            ui.info(format!(
                "It has the token of your entry for the system's remote {}, which the system does not have.",
                new.name
            ));
        }
    }
    if args.make_active {
        ui.info(format!("Remote {name} now in use."));
    }
    if args.global && !args.no_login && added == Added::New {
        ui.info("Global option detected. Will not automatically log into remote.");
    }
}

/// Whether a name that looks like an address, before an address that looks like a name, is meant so: a question at a
/// terminal, a warning elsewhere.
fn is_meant(args: &AddArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let looks_like_address = |word: &str| word.contains(['.', ':', '/']);
    let Some(uri) = args.uri.as_deref().filter(|uri| !looks_like_address(uri)) else {
        return Ok(true);
    };
    if !looks_like_address(&args.name) || uri == "localhost" {
        return Ok(true);
    }
    let text = format!(
        "{} is the name of the remote, and {uri} its address",
        args.name
    );
    match Input::new(ui.no_input).question(&format!("{text}. Go on? [N/y] "))? {
        Some(answer) => Ok(["y", "yes"].contains(&answer.to_lowercase().as_str())),
        None => {
            ui.warning(format!("{text}: is that meant?"));
            Ok(true)
        }
    }
}

fn explain_registry(error: anyhow::Error, typed: &str) -> anyhow::Error {
    let registry = match typed.split_once("://") {
        Some(("docker" | "oras", _)) => typed,
        Some(("oci", address)) => address,
        _ => return error,
    };
    error.advise(format!(
        "A registry needs no remote. To log in to it:\n  portolan registry login {}",
        ShellWord(registry)
    ))
}

fn no_address(name: &str) -> UsageError {
    UsageError(format!(
        "Error for command \"add\": no address is known for {name}: give it after the name\n\n\
         Usage: portolan remote add [OPTIONS] <NAME> <URI>\n\n\
         Known by name: SylabsCloud, DefaultRemote.\n\n\
         For more information, try '--help'."
    ))
}
