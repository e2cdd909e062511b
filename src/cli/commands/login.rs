//! `remote login`: a secret from a file, a pipe or a person, proven by its server, then stored.
//!
//! D5, D15, D16, D18 and D21 of docs/compatibility.md. No lock is held while somebody types or a server thinks: what was
//! verified is stored only if its target is still the same then. Keyservers and registries: `service_login.rs`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::cli::advice::changes;
use crate::cli::args::{ServiceCredential, StoreOption};
use crate::cli::commands::service_login;
use crate::cli::commands::service_login::{Given, How};
use crate::cli::context::Context;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::next_step::Peer;
use crate::cli::prompt::{Input, PromptError};
use crate::cli::secrets::StorePlace;
use crate::cli::services::library_advice;
use crate::cli::target::Target;
use crate::cli::ui::Ui;
use crate::cli::{
    files, migration, network, next_step, secrets, stored_login, time, tokenfile, view,
};
use crate::config::change;
use crate::config::change::{ChangeError, Definer, VerifiedToken};
use crate::config::effective::{Effective, LayerKind, Layers, Remote, Token};
use crate::config::layer::Scope;
use crate::disk;
use crate::name::RemoteName;
use crate::secret::{Secret, Stored};
use crate::service::token::TokenError;
use crate::service::{Endpoint, token};
use crate::stores::Store;

/// Log in to a remote endpoint, a keyserver or an OCI registry
///
/// Verifies the secret at its server, then stores it: an access token for a remote endpoint, a user name and password
/// for a keyserver or a registry. Without a name, the active remote is meant.
///
/// On a terminal you type the secret, hidden. In a pipe, it is one line of standard input. The secret is stored
/// unencrypted in a file that only you can read: your own remote.yaml, or docker-config.json beside it for registries.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  portolan remote login
  portolan remote login --tokenfile token.txt ExampleCloud
  portolan remote login --username ian docker://docker.io
  printenv PASSWORD | portolan remote login --username ian --password-stdin https://keys.example.com")]
pub(crate) struct LoginArgs {
    /// Read the access token of a remote endpoint from this file (- for standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password", "password_stdin"])]
    pub(crate) tokenfile: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) credential: ServiceCredential,
    #[command(flatten)]
    pub(crate) store: StoreOption,
    /// A remote's name, a configured keyserver, or a registry: docker://HOST[/PATH], oras://HOST[/PATH]
    #[arg(value_name = "NAME|URI")]
    pub(crate) target: Option<String>,
}

const FLAGS: &str = "--tokenfile or --password-stdin";

pub(crate) fn run(args: &LoginArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let mut input = Input::new(ui.no_input);
    // Read first of all, whatever comes of the rest: the writer at the other end of the pipe must not wait for it.
    let stdin = if args.credential.password_stdin {
        Some(input.all()?)
    } else {
        None
    };
    let given = Given::new(&args.credential, context, ui)?;
    migration::migrate(context, ui)?;
    let word = args.target.as_deref().filter(|word| !word.is_empty());
    let layers = view::load_for(word, context)?;
    let effective = layers.merge();
    view::check_choice(&effective)?;
    view::warn(&effective, context, ui);
    match Target::find(&effective, word)
        .map_err(|error| error.explain(&effective, &context.typed))?
    {
        Target::Remote(remote) => {
            args.credential.refuse_for_remote(remote.name)?;
            let offered = Offered {
                tokenfile: args.tokenfile.as_deref(),
                stdin,
                store: &args.store,
            };
            if args.credential.if_needed && stored_login::of_remote(&remote, context, ui)? {
                ui.info(stored_login::GOOD);
                return Ok(Outcome::Done);
            }
            login_to_remote(offered, &remote, &effective, &mut input, context, ui)
        }
        Target::Service(service) => {
            let how = How {
                tokenfile: args.tokenfile.as_deref(),
                says_row: true,
                store: args.store.clone(),
                ..How::default()
            };
            service_login::login_to(&service, given, stdin, &how, &mut input, context, ui)
        }
    }
}

/// The login that follows `add`: as `login NAME`, with the token from a file or from all of standard input if so asked.
pub(crate) fn after_add(
    name: &RemoteName,
    offered: &AddedLogin<'_>,
    stored: StoredToken,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let mut input = Input::new(ui.no_input);
    let AddedLogin {
        tokenfile, store, ..
    } = *offered;
    let given = if offered.password_stdin {
        Some(input.all()?)
    } else {
        None
    };
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    let remote = effective
        .remote(name)
        .ok_or_else(|| ChangeError::Gone(name.clone()))?;
    match (remote.token, stored) {
        (Token::Stored(_) | Token::Elsewhere(_), StoredToken::Left) => return Ok(Outcome::Done),
        (Token::Stored(token), StoredToken::Verified) if tokenfile.is_none() && given.is_none() => {
            if stored_login::accepts(token, remote, context)? {
                ui.info("The token that was stored for it is good.");
                return Ok(Outcome::Done);
            }
            ui.warning("The token that was stored for it is not valid any more");
        }
        _ => {}
    }
    // That it is replaced is clear.
    let mut remote = *remote;
    remote.token = Token::None;
    let offered = Offered {
        tokenfile,
        stdin: given,
        store,
    };
    login_to_remote(offered, &remote, &effective, &mut input, context, ui)
}

pub(crate) struct AddedLogin<'a> {
    pub(crate) tokenfile: Option<&'a Path>,
    pub(crate) password_stdin: bool,
    pub(crate) store: &'a StoreOption,
}

struct Offered<'a> {
    tokenfile: Option<&'a Path>,
    stdin: Option<Secret>,
    store: &'a StoreOption,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredToken {
    Left,
    /// It is verified, and another one asked for only if it is not valid.
    Verified,
}

fn login_to_remote(
    offered: Offered<'_>,
    remote: &Remote<'_>,
    effective: &Effective<'_>,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    files::check_private(context)?;
    let place = secrets::choose(offered.store, context)?;
    ui.info(format!("Authenticating with remote: {}", remote.name));
    let endpoint = network::endpoint(remote).map_err(|error| match remote.uri() {
        "" => anyhow!("no URI set for endpoint").advise_person(changes::no_uri(remote)),
        _ => error.into(),
    })?;
    disk::check_directory(&context.paths.user).context("while opening remote config file")?;
    let given = match given_token(offered, &place.0, input, context, ui)? {
        // What comes in a pipe is there already.
        None if !input.is_terminal() => ask(&endpoint, input, ui)?,
        given => given,
    };
    let is_given = given.is_some();
    let has_token = matches!(remote.token, Token::Stored(_) | Token::Elsewhere(_));
    if !is_given && has_token && !may_replace(input)? {
        ui.info("The stored token stays, and nothing was changed");
        return Ok(Outcome::Done);
    }
    if let Some(token) = &given {
        check_expiry(token, &endpoint, context)?;
    }
    let explain = |error: anyhow::Error| {
        next_step::explain(error, Peer::Endpoint(remote)).context("while verifying token")
    };
    let client = network::client(context);
    // An address that is no endpoint is found before anybody types.
    let discovery =
        network::discover(&client, &endpoint, context).map_err(|error| explain(error.into()))?;
    token::service(&discovery).map_err(|error| match error {
        TokenError::NoService => without_tokens(error, remote, effective),
        _ => explain(error.into()),
    })?;
    let Some(token) = given.map_or_else(|| ask(&endpoint, input, ui), |token| Ok(Some(token)))?
    else {
        return Ok(Outcome::Done);
    };
    if !is_given {
        check_expiry(&token, &endpoint, context)?;
    }
    let verified = token::verify(&client, &endpoint, &discovery, &token);
    verified.map_err(|error| match error.is_invalid() && has_token {
        true => explain(error.into()).advise_person("The token that was stored before is kept."),
        false => explain(error.into()),
    })?;
    ui.info("Access Token Verified!");
    let place = store(token, remote, place, context, ui)?;
    ui.info(format!("Token {place}"));
    Ok(Outcome::Done)
}

fn given_token(
    offered: Offered<'_>,
    place: &Store,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Option<Secret>> {
    if let Store::Command(line) = place {
        secrets::refuse_second(offered.tokenfile.is_some() || offered.stdin.is_some())?;
        let printed = secrets::print(line, None, context, ui)?;
        return Ok(Some(printed.secret().clone()));
    }
    if let Some(file) = offered.tokenfile {
        return tokenfile::read(file, input)
            .context("while reading tokenfile")
            .map(Some);
    }
    let token = offered
        .stdin
        .map(|token| Secret::new(token.expose().trim()));
    if token.as_ref().is_some_and(Secret::is_empty) {
        return Err(PromptError::NoInput { flags: FLAGS }.into());
    }
    Ok(token)
}

/// Asks for the token; `None` when a person at the terminal changed their mind.
fn ask(endpoint: &Endpoint, input: &mut Input, ui: &mut Ui) -> anyhow::Result<Option<Secret>> {
    let introduction = format!(
        "Generate an access token at {}/auth/tokens, and paste it here.\nToken entered will be hidden for security.\n",
        ui.prompt_text(&endpoint.url()),
    );
    let token = input.secret(&introduction, "Access Token: ", FLAGS)?;
    // A paste often brings blanks along, which no token has.
    let token = token
        .map(|token| Secret::new(token.expose().trim()))
        .filter(|token| !token.is_empty());
    if token.is_none() && !input.is_terminal() {
        return Err(PromptError::NoInput { flags: FLAGS }.into());
    }
    if token.is_none() {
        ui.info("No token was entered: nothing was stored");
    }
    Ok(token)
}

fn without_tokens(
    error: TokenError,
    remote: &Remote<'_>,
    effective: &Effective<'_>,
) -> anyhow::Error {
    let error = anyhow::Error::from(error).context("while verifying token");
    let name = remote.name;
    error
        .advise_person(format!(
            "{name} has no token service, so nobody can log in to it."
        ))
        .advise_person(library_advice(effective))
}

fn may_replace(input: &mut Input) -> anyhow::Result<bool> {
    let answer =
        input.question("An access token is already set for this remote. Replace it? [N/y] ")?;
    match answer.as_deref().map(str::to_lowercase).as_deref() {
        None | Some("y" | "yes") => Ok(true),
        Some("" | "n" | "no") => Ok(false),
        Some(other) => Err(anyhow!("while reading input: invalid answer: {other:?}")
            .advise_person("Answer y or n.")),
    }
}

fn check_expiry(token: &Secret, endpoint: &Endpoint, context: &Context) -> anyhow::Result<()> {
    match token::expiry(token) {
        Some(expiry) if expiry <= context.now => {
            let span = time::span(expiry, context.now);
            let advice = format!("Generate a new one at {}/auth/tokens.", endpoint.url());
            Err(anyhow!("the token expired {span} ago")
                .advise(advice)
                .context("while verifying token"))
        }
        _ => Ok(()),
    }
}

fn store(
    token: Secret,
    remote: &Remote<'_>,
    place: StorePlace,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let definer = if remote.layer == LayerKind::User {
        Definer::User
    } else {
        Definer::System
    };
    let verified = VerifiedToken {
        name: remote.name.clone(),
        uri: remote.uri().to_owned(),
        insecure: remote.is_insecure(),
        definer,
        token,
    };
    let is_file = place.0 == Store::File;
    if definer == Definer::System || !is_file {
        let now = view::load_files(context)?;
        check_unmoved(&now, &verified)?;
    }
    if is_file {
        files::store_secret(context, ui, |document| {
            change::set_token(document, &verified)
        })?;
    }
    let subject = secrets::subject(&verified.name, &verified.uri, verified.insecure);
    let stored = Stored::IdentityToken {
        user: String::new(),
        token: verified.token,
    };
    let place = secrets::put(&context.paths.user, subject, place, &stored, context, ui)?;
    if !is_file {
        files::edit(Scope::User, context, ui, |document| {
            change::clear_token(document, &verified.name, remote.layer)
        })?;
    }
    Ok(place)
}

fn check_unmoved(layers: &Layers, verified: &VerifiedToken) -> Result<(), ChangeError> {
    let name = &verified.name;
    match layers.merge().remote(name) {
        Some(remote) if verified.is_for(remote.uri(), remote.is_insecure()) => Ok(()),
        Some(remote) => Err(verified.moved(remote.uri(), remote.is_insecure())),
        None => Err(ChangeError::Gone(name.clone())),
    }
}
