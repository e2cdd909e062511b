//! Logins to keyservers and registries: a user and a password (or a token), proven by the server, then stored.
//! D10, D13 and D16 of docs/compatibility.md.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::cli::args::{AuthfileOption, ServiceCredential, StoreOption};
use crate::cli::context::Context;
use crate::cli::failure::{Advise as _, Outcome};
use crate::cli::logins::NewLogin;
use crate::cli::next_step::Peer;
use crate::cli::prompt::Input;
use crate::cli::secrets::StorePlace;
use crate::cli::target::{ConfiguredKeyserver, Service};
use crate::cli::ui::Ui;
use crate::cli::{
    args, files, login_reach, logins, migration, network, next_step, secrets, stored_login,
    tokenfile, view,
};
use crate::command::Command;
use crate::config::change;
use crate::config::document::LoginEntry;
use crate::config::layer::Scope;
use crate::credentials::{CredentialStore, StoreFiles};
use crate::disk;
use crate::secret::{Secret, Stored};
use crate::service::Accepted;
use crate::service::http::{Authorization, Certificates, Client};
use crate::service::keyserver;
use crate::service::registry::login::TlsPolicy;
use crate::service::registry::{certificates, login as login_protocol};
use crate::stores::{Store, Subject};
use crate::uri::{KeyserverUri, RegistryUri, is_loopback};

pub(crate) struct Given {
    username: Option<String>,
    password: Option<Secret>,
    is_typed: bool,
    insecure: bool,
    if_needed: bool,
}

impl Given {
    /// Flags win over variables.
    pub(crate) fn new(
        credential: &ServiceCredential,
        context: &Context,
        ui: &mut Ui,
    ) -> anyhow::Result<Self> {
        // In the order of the flags' names, as Apptainer warns of old variables.
        let insecure = credential.insecure || args::switch_variable(context, ui, "LOGIN_INSECURE")?;
        let typed = credential.password.clone();
        let is_typed = typed.is_some();
        let named =
            typed.or_else(|| args::variable(context, ui, "LOGIN_PASSWORD").map(Secret::new));
        let username = credential
            .username
            .clone()
            .or_else(|| args::variable(context, ui, "LOGIN_USERNAME"));
        let password = named.filter(|password| !password.is_empty());
        Ok(Self {
            username: username.filter(|name| !name.is_empty()),
            password,
            is_typed,
            insecure,
            if_needed: credential.if_needed,
        })
    }

    fn ask_command(&mut self, store: &Store, context: &Context, ui: &mut Ui) -> anyhow::Result<()> {
        if let Store::Command(line) = store {
            secrets::refuse_second(self.password.is_some())?;
            match secrets::print(line, self.username.as_deref(), context, ui)? {
                Stored::Password { user, password } => {
                    (self.username, self.password) = (Some(user), Some(password));
                }
                Stored::IdentityToken { token, .. } => self.password = Some(token),
            }
        }
        Ok(())
    }

    fn password(&mut self, input: &mut Input, command: &Command) -> anyhow::Result<Secret> {
        let prompt = match command.is_singularity() {
            true => "Password / Token: ",
            false => "Password (or token when username is empty): ",
        };
        let password = match self.password.take() {
            Some(password) => Some(password),
            None => input.secret("", prompt, "--password-stdin")?,
        };
        password
            .filter(|password| !password.is_empty())
            .ok_or_else(|| nothing_entered(anyhow!("A password is required")))
    }
}

fn nothing_entered(error: anyhow::Error) -> anyhow::Error {
    error.advise_person("Nothing was entered, and nothing was stored.")
}

/// Apptainer's words for `--tokenfile` where it can't be used.
const NOT_FOR_KEYSERVERS: &str = "--tokenfile is only supported for login to a remote endpoint, not OCI (docker/oras) or keyservers";

#[derive(Default)]
pub(crate) struct How<'a> {
    pub(crate) authfile: Option<&'a Path>,
    pub(crate) tokenfile: Option<&'a Path>,
    pub(crate) says_row: bool,
    pub(crate) store: StoreOption,
}

/// Logs in to a keyserver or a registry. What came on standard input wins over what else is given, also when it is nothing.
pub(crate) fn login_to(
    service: &Service<'_>,
    given: Given,
    stdin: Option<Secret>,
    how: &How<'_>,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    if given.is_typed {
        ui.warning("A password on the command line can be seen by other users of this machine: use --password-stdin");
    }
    let given = Given {
        password: stdin.or(given.password),
        ..given
    };
    match service {
        Service::Keyserver(_) if how.tokenfile.is_some() => Err(anyhow!(NOT_FOR_KEYSERVERS)),
        Service::Keyserver(keyserver) => {
            login_to_keyserver(given, *keyserver, &how.store, input, context, ui)
        }
        Service::Registry(uri) => login_to_registry(given, uri, how, input, context, ui),
    }
}

fn login_to_keyserver(
    mut given: Given,
    keyserver: ConfiguredKeyserver<'_>,
    option: &StoreOption,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let typed = keyserver.typed;
    let place = secrets::choose(option, context)?;
    given.ask_command(&place.0, context, ui)?;
    report_security(&keyserver, given.insecure, ui);
    let certificates = if keyserver.insecure {
        Certificates::Unchecked
    } else {
        Certificates::Checked
    };
    let client = Client::new(keyserver::options(network::options(context), certificates));
    let user = given.username.as_deref();
    if given.if_needed && stored_login::of_keyserver(&keyserver, user, &client, context)? {
        ui.info(stored_login::GOOD);
        return Ok(Outcome::Done);
    }
    disk::check_directory(&context.paths.user).context("while opening remote config file")?;
    let auth = given
        .password(input, &context.command)
        .and_then(|password| {
            let credential = match given.username.take() {
                Some(user) => Authorization::Basic { user, password },
                None => Authorization::Bearer(password),
            };
            keyserver::login(&client, typed, &credential)
                .map_err(|error| next_step::explain(error.into(), Peer::Keyserver(typed)))
        })
        .with_context(|| format!("while login to {typed}"))?;
    warn_if_open(&auth, typed, ui);
    // Apptainer compares text: it finds the credential under the address that the list has.
    let login = LoginEntry {
        uri: keyserver.configured.to_owned(),
        auth: auth.stored,
        insecure: keyserver.insecure,
    };
    let place = store_login(&login, place, context, ui)?;
    ui.info(format!("Token {place}"));
    Ok(Outcome::Done)
}

fn store_login(
    login: &LoginEntry,
    place: StorePlace,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<String> {
    let is_same = |other: &LoginEntry| KeyserverUri::are_same(&other.uri, &login.uri);
    let is_file = place.0 == Store::File;
    if is_file {
        files::store_secret(context, ui, |document| {
            change::add_login(document, login, is_same);
            Ok::<_, Infallible>(())
        })?;
    }
    let stored = Stored::of_authorization(&login.auth)
        .ok_or_else(|| anyhow!("no login that can be stored"))?;
    let subject = Subject::Keyserver {
        uri: login.uri.clone(),
        insecure: login.insecure,
    };
    let place = secrets::put(&context.paths.user, subject, place, &stored, context, ui)?;
    if !is_file {
        files::edit(Scope::User, context, ui, |document| {
            change::remove_logins(document, is_same);
            Ok::<_, Infallible>(())
        })?;
    }
    Ok(place)
}

fn report_security(keyserver: &ConfiguredKeyserver<'_>, insecure: bool, ui: &mut Ui) {
    let typed = keyserver.typed;
    match (keyserver.insecure, insecure) {
        (true, false) => ui.warning(format!(
            "{typed} is configured as insecure, forcing insecure flag for login"
        )),
        (false, true) => ui.info(format!(
            "--insecure ignored for {typed}, which is not configured as insecure"
        )),
        _ => {}
    }
    if goes_through_the_net_without_tls(typed) {
        ui.warning(format!(
            "{typed} is asked without TLS: others on the way there can read the password"
        ));
    }
}

fn goes_through_the_net_without_tls(uri: &str) -> bool {
    KeyserverUri::parse(uri).is_ok_and(|uri| {
        let (is_plain, host, _) = uri.server();
        is_plain && !is_loopback(host)
    })
}

fn login_to_registry(
    mut given: Given,
    uri: &RegistryUri,
    how: &How<'_>,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let files = logins::store(how.authfile, context);
    let failed = || format!("while login to {uri}");
    if given.if_needed && is_good(&given, uri, &files, context).with_context(failed)? {
        ui.info(stored_login::GOOD);
        return Ok(Outcome::Done);
    }
    let (place, accepted) =
        verify(&mut given, uri, &files, how, input, context, ui).with_context(failed)?;
    warn_if_open(&accepted, uri.host(), ui);
    let login = NewLogin {
        uri,
        stored: &accepted.stored,
        insecure: given.insecure,
    };
    let is_in_store = matches!(&place, Some((store, _)) if *store != Store::File);
    let placed = logins::log_in(&files, &login, place, context, ui).with_context(failed)?;
    ui.info(format!("Token {placed}"));
    if how.authfile.is_none() {
        if how.says_row && !is_in_store {
            ui.info(format!("Token stored in {}", context.paths.user.display()));
        }
        login_reach::report(uri, context, ui);
    }
    Ok(Outcome::Done)
}

fn is_good(
    given: &Given,
    uri: &RegistryUri,
    files: &CredentialStore,
    context: &Context,
) -> anyhow::Result<bool> {
    let user = given.username.as_deref();
    stored_login::of_registry(uri, user, TlsPolicy::of(given.insecure), files, context)
}

fn warn_if_open<T>(accepted: &Accepted<T>, server: &str, ui: &mut Ui) {
    if accepted.is_open {
        ui.warning(format!(
            "{server} lets everybody in: nothing was verified, and the password may be wrong"
        ));
    }
}

fn verify(
    given: &mut Given,
    uri: &RegistryUri,
    files: &CredentialStore,
    how: &How<'_>,
    input: &mut Input,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<(Option<StorePlace>, Accepted<Stored>)> {
    // A store, a helper or a file that can't take the secret is found before anybody types it.
    let place = secrets::choose_for_registry(files, uri, &how.store, context)?;
    if let Some((store, _)) = &place {
        given.ask_command(store, context, ui)?;
    }
    if how.authfile.is_none() {
        files::check_home(context)?;
    }
    let has_secret = given.password.is_some() || how.tokenfile.is_some();
    let user = match given.username.take() {
        None if !has_secret => input.question("Username: ")?,
        given => given,
    };
    let user = user.filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| {
        let error = anyhow!("Docker/OCI registry requires a username");
        let error = if has_secret {
            error
        } else {
            nothing_entered(error)
        };
        error.advise_person(format!(
            "To log in:
  portolan registry login --username <NAME> {}{}",
            uri.host(),
            uri.path()
        ))
    })?;
    disk::check_directory(match &files.files {
        StoreFiles::Named(path) => path,
        StoreFiles::Usual { .. } => &context.paths.user,
    })?;
    let password = match how.tokenfile {
        Some(file) => tokenfile::read(file, input).context("while reading tokenfile")?,
        None => given.password(input, &context.command)?,
    };
    let directories = network::certificate_directories(context);
    let options = certificates::apply(network::options(context), &directories, uri)?;
    let verified = login_protocol::verify(
        &options,
        TlsPolicy::of(given.insecure),
        uri,
        &user,
        &password,
    );
    let accepted = verified.map_err(|error| {
        let peer = Peer::Registry { uri, user: &user };
        next_step::explain(error.into(), peer)
    })?;
    Ok((place, accepted))
}

/// Log in to a keyserver
///
/// Verifies the secret at the keyserver, then stores it unencrypted in your own remote.yaml, which only you can read.
/// With a user name the secret is a password, without one a token. The keyserver must be one that an administrator
/// added to a remote.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan keyserver login --username ian https://keys.example.com
  printenv PASSWORD | portolan keyserver login --username ian --password-stdin keys.example.com")]
pub(crate) struct KeyserverLoginArgs {
    #[command(flatten)]
    credential: ServiceCredential,
    #[command(flatten)]
    store: StoreOption,
    /// The keyserver: https://HOST, or a bare host
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run_for_keyserver(
    args: &KeyserverLoginArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let how = How {
        says_row: true,
        store: args.store.clone(),
        ..How::default()
    };
    run(&args.credential, &args.uri, &how, context, ui)
}

fn run(
    credential: &ServiceCredential,
    uri: &str,
    how: &How<'_>,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let mut input = Input::new(ui.no_input);
    let stdin = if credential.password_stdin {
        Some(input.all()?)
    } else {
        None
    };
    let given = Given::new(credential, context, ui)?;
    migration::migrate(context, ui)?;
    let layers = view::load_files(context)?;
    let effective = layers.merge();
    let service = Service::find(&effective, uri)
        .map_err(|error| error.explain(&effective, &context.typed))?;
    login_to(&service, given, stdin, how, &mut input, context, ui)
}

/// Log in to an OCI registry
///
/// Verifies the user name and the password at the registry, then stores them unencrypted in a file that only you can
/// read and where the runtime finds them: docker-config.json beside your remote.yaml, or Docker's own file while that
/// does not exist and Docker's has logins (Apptainer only). A credential helper that the file names stores them in its
/// own way.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan registry login --username ian docker.io
  printenv PASSWORD | portolan registry login --username ian --password-stdin ghcr.io
  portolan registry login --username ian --tokenfile token.txt ghcr.io")]
pub(crate) struct RegistryLoginArgs {
    #[command(flatten)]
    credential: ServiceCredential,
    /// Read the password or token from the first line of this file (- for standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password", "password_stdin"])]
    tokenfile: Option<PathBuf>,
    #[command(flatten)]
    authfile: AuthfileOption,
    #[command(flatten)]
    store: StoreOption,
    /// The registry: HOST[:PORT], with or without docker:// or oras://; HOST/PATH for one repository
    #[arg(value_name = "URI")]
    uri: String,
}

pub(crate) fn run_for_registry(
    args: &RegistryLoginArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let authfile = args.authfile.path(context, ui);
    let how = How {
        authfile: authfile.as_deref(),
        tokenfile: args.tokenfile.as_deref(),
        says_row: !context.command.is_singularity(),
        store: args.store.clone(),
    };
    let word = args::with_registry_scheme(&args.uri);
    if RegistryUri::found(&word).is_err() {
        args.authfile.refuse_for_keyserver()?;
    }
    run(&args.credential, &word, &how, context, ui)
}
