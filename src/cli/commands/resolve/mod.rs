//! `remote resolve`: which servers a runtime asks for something, with which credential, and why. Writes nothing but the cache
//! of what an endpoint says, and sends no credential.

mod known;
mod registry;
mod view;
mod what;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use known::Known;
use view::{DifferenceRow, ServerRow, View};
use what::What;

use crate::account;
use crate::cli::advice::changes;
use crate::cli::args::{EndpointOptions, RuntimeOption};
use crate::cli::context::Context;
use crate::cli::credential::CredentialView;
use crate::cli::failure::{Advise, Outcome};
use crate::cli::services::library_advice;
use crate::cli::sources::Sources;
use crate::cli::ui::Ui;
use crate::cli::view::{load, warn};
use crate::cli::{args, json, services, time};
use crate::config::effective::{Effective, Remote, Token};
use crate::installation::lookup;
use crate::resolve;
use crate::resolve::{
    Answer, Credential, Question, Refusal, RefusalReason, Server, ServerKind, Verdict,
    keyserver_credential,
};
use crate::runtime::Runtime;
use crate::service::token;
use crate::text::capitalised;
use crate::uri::{Image, is_same_keyserver};

/// Show the servers and logins that a runtime uses for something, and why
///
/// WHAT is an image (library://PATH, docker://IMAGE, oras://HOST/PATH), a keyserver (https://HOST), or a command of the
/// runtime: pull, push, search, delete or build, also with an image; key search, key pull, key push, key newpair or
/// verify. exec, run, shell, instance, inspect and tag count as pull.
///
/// Shows each server, its kind of credential and the place of that, the reasons, and the differences between versions
/// of the runtime. No credential is shown or sent. If the runtime would refuse, its message is shown and the exit code
/// is 255.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  portolan remote resolve library://alpine
  portolan remote resolve push library://ian/images/alpine
  portolan remote resolve --library https://library.example.com pull
  portolan remote resolve key search
  portolan remote resolve docker://ghcr.io/team/image
  portolan remote resolve --runtime apptainer@1.3 docker://ghcr.io/team/image")]
pub(crate) struct ResolveArgs {
    /// The library of the runtime's --library (APPTAINER_LIBRARY)
    #[arg(long, value_name = "LIBRARY_URI")]
    library: Option<String>,
    /// The keyserver of the runtime's --url (APPTAINER_URL)
    #[arg(long, value_name = "KEYSERVER_URI")]
    url: Option<String>,
    #[command(flatten)]
    endpoint: EndpointOptions,
    /// The file of the runtime's --authfile (APPTAINER_AUTH_FILE, SINGULARITY_AUTHFILE)
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
    #[command(flatten)]
    runtime: RuntimeOption,
    /// An image, a keyserver, or a command of the runtime
    #[arg(value_name = "WHAT", required = true, num_args = 1..=3)]
    what: Vec<String>,
}

pub(crate) fn run(args: &ResolveArgs, context: &Context, ui: &mut Ui) -> anyhow::Result<Outcome> {
    let what = What::parse(&args.what)?;
    what.check_flags(args.library.is_some(), args.url.is_some())?;
    let runtime = args.runtime.find(context)?;
    warn_of_home(&runtime, context, ui);
    let mut view = match (&what.image, lookup::refusal(&runtime, context)) {
        (_, Some(problem)) => View {
            verdict: "refused",
            why: vec![format!(
                "Every command of {runtime} ends with this, whatever it is to do."
            )],
            problem: Some(problem),
            ..View::default()
        },
        (Some(Image::Registry(image)), None) => {
            registry::answer(image, args.authfile.as_deref(), &runtime, context)
        }
        _ => return of_remotes(&what, &runtime, args, context, ui),
    };
    (view.what, view.task) = (args.what.join(" "), what.task.words());
    view.runtime = runtime.to_string();
    show(&view, ui)?;
    match view.problem {
        Some(problem) if view.verdict == "unknown" => Ok(unknown(&problem, ui)),
        Some(problem) => Err(anyhow!(problem)),
        None => Ok(Outcome::Done),
    }
}

fn unknown(reason: &str, ui: &mut Ui) -> Outcome {
    ui.warning(format!("It is not known what the runtime does: {reason}"));
    Outcome::Warnings
}

fn warn_of_home(runtime: &Runtime, context: &Context, ui: &mut Ui) {
    if !runtime.rules().asks_account_for_home {
        return;
    }
    let home = &context.paths.home;
    if let Some(account) = account::home(context.user.id).filter(|account| account != home) {
        ui.warning(format!(
            "{runtime} looks into {}, the home directory of your account, and not into {}",
            account.display(),
            home.display()
        ));
    }
}

fn of_remotes(
    what: &What,
    runtime: &Runtime,
    args: &ResolveArgs,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let layers = load(context)?;
    let effective = layers.merge();
    warn(&effective, context, ui);
    let named = Named::find(args, what, context, ui);
    let host = match &what.image {
        Some(Image::Library { host }) => host.as_deref(),
        _ => None,
    };
    let question = Question {
        task: what.task,
        host,
        library: named.library.value.as_deref(),
        url: named.url.value.as_deref(),
    };
    let known = Known::find(&effective, &question, &args.endpoint, context, ui);
    let answer = resolve::resolve(&effective, &known.services, &context.command, &question);
    let asked = RemoteAnswer {
        effective: &effective,
        question,
        answer: &answer,
        sources: Sources(&layers),
        known: &known,
        context,
    };
    let mut view = asked.view(&named);
    view.what = args.what.join(" ");
    view.runtime = runtime.to_string();
    let differences = resolve::differences(&layers, &effective, &context.command, &question);
    let differences = differences.into_iter().map(|found| DifferenceRow {
        versions: found.versions,
        text: found.text,
    });
    view.differences = asked.named_file().into_iter().chain(differences).collect();
    show(&view, ui)?;
    match &answer.verdict {
        Verdict::Allowed => Ok(Outcome::Done),
        Verdict::Unknown(reason) => Ok(unknown(reason, ui)),
        Verdict::Refused(refusal) => Err(advised(refusal, &asked)),
    }
}

fn show(view: &View<'_>, ui: &mut Ui) -> anyhow::Result<()> {
    if ui.json {
        json::print("portolan.remote-resolve/1", view, ui)
    } else {
        Ok(ui.print(&view.render(ui))?)
    }
}

#[derive(Default)]
struct Name {
    value: Option<String>,
    by: String,
}

#[derive(Default)]
struct Named {
    library: Name,
    url: Name,
}

impl Named {
    fn find(args: &ResolveArgs, what: &What, context: &Context, ui: &mut Ui) -> Self {
        let mut name = |flag: &str, given: &Option<String>, takes: bool, key: &str| match given {
            Some(given) => Name {
                value: Some(given.clone()),
                by: flag.to_owned(),
            },
            None if takes => Name {
                value: args::variable(context, ui, key),
                by: context.command.variable(key),
            },
            None => Name::default(),
        };
        let library = name("--library", &args.library, what.takes_library(), "LIBRARY");
        let url = name("--url", &args.url, what.takes_url(), "URL");
        let url = match &what.keyserver {
            Some(keyserver) => Name {
                value: Some(keyserver.clone()),
                by: String::new(),
            },
            None => url,
        };
        Self { library, url }
    }
}

struct RemoteAnswer<'a> {
    effective: &'a Effective<'a>,
    question: Question<'a>,
    answer: &'a Answer<'a>,
    sources: Sources<'a>,
    known: &'a Known,
    context: &'a Context,
}

impl<'a> RemoteAnswer<'a> {
    fn remote(&self) -> Option<&'a Remote<'a>> {
        self.effective.active()
    }

    fn view(&self, named: &Named) -> View<'a> {
        let (verdict, problem) = match &self.answer.verdict {
            Verdict::Allowed => ("allowed", None),
            Verdict::Refused(refusal) => ("refused", Some(refusal.to_string())),
            Verdict::Unknown(reason) => ("unknown", Some(reason.clone())),
        };
        View {
            task: self.question.task.words(),
            remote: self
                .effective
                .active_name()
                .map(|active| active.name.as_str()),
            exclusive: self.remote().is_some_and(|remote| remote.exclusive),
            remote_by: self.sources.active(self.effective),
            verdict,
            problem,
            servers: self
                .answer
                .servers
                .iter()
                .map(|server| self.row(server))
                .collect(),
            why: self.why(named),
            ..View::default()
        }
    }

    fn row(&self, server: &Server<'_>) -> ServerRow {
        let remote = self.remote();
        ServerRow {
            service: match server.kind {
                ServerKind::Library => "library",
                ServerKind::Keyserver => "keyserver",
            },
            uri: server.uri.clone(),
            insecure: server.insecure,
            credential: CredentialView::of(server.credential, remote, self.sources),
            listed: remote
                .zip(server.listed)
                .map(|(remote, index)| self.sources.keyserver(remote, index)),
        }
    }

    fn why(&self, named: &Named) -> Vec<String> {
        let mut why = vec![self.which_remote()];
        let Question {
            task,
            host,
            library,
            url,
        } = self.question;
        let asks = |kind: ServerKind| self.answer.servers.iter().any(|server| server.kind == kind);
        if task.asks_library() && asks(ServerKind::Library) {
            match (library, host) {
                (Some(_), _) => why.push(format!("{} names the library.", named.library.by)),
                (None, Some(host)) => why.push(format!(
                    "The first part of the image's address is its library's host, {host}; with one part or three there is none."
                )),
                (None, None) => why.push("No library is named: it is the remote's own.".to_owned()),
            }
            if library.or(host).is_some() {
                why.push("An access token goes to the remote's own library only, when no other is named.".to_owned());
            }
        }
        if task.asks_keyservers() && asks(ServerKind::Keyserver) {
            why.push(match url {
                Some(_) if named.url.by.is_empty() => {
                    "The keyserver is named itself, as by --url: it gets no login.".to_owned()
                }
                Some(_) => format!("{} names the keyserver, which gets no login.", named.url.by),
                None if task.asks_all_keyservers() => {
                    "Signatures are verified: the remote's keyservers are asked in turn until one has the key."
                        .to_owned()
                }
                None => "The first of the remote's keyservers is asked.".to_owned(),
            });
        }
        why.extend(url.and_then(|url| self.listed(url)));
        why.extend(self.token());
        match &self.known.found {
            Some(services::KnownServices::Known(_)) => {
                why.push("The remote's services are known without asking it.".to_owned());
            }
            Some(services::KnownServices::Said { seen, .. }) => {
                why.push(format!(
                    "The remote's services are as its endpoint said on {}.",
                    time::date(*seen)
                ));
            }
            Some(services::KnownServices::Unknown(_)) | None => {}
        }
        why
    }

    fn which_remote(&self) -> String {
        let by = self
            .sources
            .active(self.effective)
            .map_or_else(String::new, |place| place.told());
        match (self.remote(), self.effective.active_name()) {
            (
                Some(Remote {
                    name,
                    exclusive: true,
                    ..
                }),
                _,
            ) => {
                format!("{name} is the only remote that users may use ({by}).")
            }
            (Some(remote), _) => format!("{} is the active remote ({by}).", remote.name),
            (None, Some(active)) => format!("{} should be the active remote ({by}).", active.name),
            (None, None) if self.effective.remotes().next().is_some() => {
                "No remote is active.".to_owned()
            }
            (None, None) => {
                "There are no remotes: the runtime uses what its project ships.".to_owned()
            }
        }
    }

    fn listed(&self, url: &str) -> Option<String> {
        let remote = self.remote()?;
        let mut visible = remote
            .keyservers()
            .iter()
            .filter(|keyserver| !keyserver.skip)
            .zip(1..);
        let (keyserver, order) =
            visible.find(|(keyserver, _)| is_same_keyserver(&keyserver.uri, url))?;
        let credential = keyserver_credential(self.effective, remote, keyserver);
        let credential = CredentialView::of(credential, Some(remote), self.sources).told();
        let name = remote.name;
        Some(format!(
            "Where none is named, it is keyserver {order} of {name}, with this credential: {credential}."
        ))
    }

    fn token(&self) -> Option<String> {
        let remote = self.remote()?;
        let is_wanted = |server: &Server<'_>| matches!(server.credential, Credential::Token(_));
        self.answer
            .servers
            .iter()
            .find(|server| is_wanted(server))?;
        match remote.token {
            Token::None => Some(format!("No access token is stored for {}.", remote.name)),
            Token::Elsewhere(token) => token
                .is_gone
                .then(|| format!("The access token was in {}, and is gone here.", token.place)),
            Token::Moved { stored_for } => Some(format!(
                "The access token that is stored is for {stored_for}."
            )),
            Token::Stored(token) => {
                let end = token::expiry(token).filter(|end| *end <= self.context.now)?;
                Some(format!("The access token expired at {}.", time::date(end)))
            }
        }
    }

    fn named_file(&self) -> Option<DifferenceRow> {
        let paths = &self.context.paths;
        let own = paths.own();
        paths.user_is_named.then(|| DifferenceRow {
            versions: capitalised(self.context.command.name()),
            text: format!("reads {}, never {}", own.display(), paths.user.display()),
        })
    }
}

fn advised(refusal: &Refusal, asked: &RemoteAnswer<'_>) -> anyhow::Error {
    let error = anyhow::Error::from(refusal.clone());
    match &refusal.reason {
        RefusalReason::NoSuchRemote(name) if asked.effective.leftover(name).is_some() => {
            error.advise(changes::no_default(asked.effective))
        }
        RefusalReason::NoDefault { .. } | RefusalReason::NoSuchRemote(_) => {
            error.advise("To choose one:\n  portolan remote use <NAME>")
        }
        RefusalReason::NoDefaultLibrary
        | RefusalReason::NoLibrary
        | RefusalReason::NoLibraryService(_) => error.advise(library_advice(asked.effective)),
        RefusalReason::NoToken { .. }
            if asked.question.library.or(asked.question.host).is_some() =>
        {
            error.advise("The token is for the remote's own library: name no other.")
        }
        RefusalReason::NoToken { .. } => match asked.remote() {
            Some(remote) => error.advise(format!(
                "To log in:\n  portolan remote login {}",
                remote.name.word()
            )),
            None => error,
        },
        RefusalReason::Exclusive(_) => match asked.sources.exclusive(asked.effective) {
            Some(place) => error.advise(format!("The policy stands in {}.", place.told())),
            None => error,
        },
        RefusalReason::NoKeyserver | RefusalReason::NoKeyserverService(_) => {
            error.advise("An administrator can add one:\n  sudo portolan keyserver add <URI>")
        }
        RefusalReason::Conflict => error,
    }
}
