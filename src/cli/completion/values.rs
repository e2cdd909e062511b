//! What is offered at a position: commands and flags of the tree, and what the files have: remotes, keyservers, logins.

use std::path::PathBuf;

use clap::Arg;

use crate::cli::completion::Candidate;
use crate::cli::completion::position::{Position, Wanted};
use crate::cli::context::{Context, Environment, Places, User};
use crate::cli::{scope, view};
use crate::command::{Command, KNOWN_ENDPOINTS};
use crate::config::document::{Document, KeyserverEntry};
use crate::config::effective::{Effective, Layer, LayerKind, Layers, Remote, Token};
use crate::config::layer::Scope;
use crate::config::yaml::LineNumbers;
use crate::name::RemoteName;
use crate::uri::RegistryUri;

pub(super) enum Offer {
    Words(Vec<Candidate>),
    Files,
    Directories,
}

pub(super) fn offer(position: &Position<'_>, environment: &Environment) -> Offer {
    let args = match &position.wanted {
        Wanted::Commands => return Offer::Words(commands(position)),
        Wanted::Flags => return Offer::Words(flags(position)),
        Wanted::Values(args) => args,
    };
    let mut found = Vec::new();
    // Read once, and only when something of the files is wanted.
    let mut files: Option<Option<Files>> = None;
    for arg in args {
        match value_name(arg) {
            "FILE" => return Offer::Files,
            "DIR" => return Offer::Directories,
            _ if !fixed(arg).is_empty() => found.extend(fixed(arg)),
            name => {
                let files = files.get_or_insert_with(|| Files::read(position, environment));
                found.extend(
                    files
                        .as_ref()
                        .map(|files| files.values(position, arg, name))
                        .unwrap_or_default(),
                );
            }
        }
    }
    // As a word it would be taken for a flag.
    found.retain(|candidate| position.is_behind_flags || !candidate.value.starts_with('-'));
    Offer::Words(found)
}

fn commands(position: &Position<'_>) -> Vec<Candidate> {
    let shown = position
        .command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    shown
        .map(|command| Candidate::new(command.get_name(), text(command.get_about())))
        .collect()
}

fn flags(position: &Position<'_>) -> Vec<Candidate> {
    let shown = position.command.get_arguments().filter(|arg| {
        let is_open = arg.get_action().takes_values() || !position.has(arg.get_id().as_str());
        is_open && !arg.is_hide_set()
    });
    shown
        .filter_map(|arg| {
            Some(Candidate::new(
                format!("--{}", arg.get_long()?),
                text(arg.get_help()),
            ))
        })
        .collect()
}

fn text(styled: Option<&clap::builder::StyledStr>) -> String {
    styled
        .map(ToString::to_string)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn value_name(arg: &Arg) -> &str {
    arg.get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str())
}

fn fixed(arg: &Arg) -> Vec<Candidate> {
    if arg.get_id() == "command" {
        return ["apptainer", "singularity"]
            .map(|name| Candidate::new(name, ""))
            .to_vec();
    }
    let shown = arg
        .get_possible_values()
        .into_iter()
        .filter(|value| !value.is_hide_set());
    shown
        .map(|value| Candidate::new(value.get_name(), text(value.get_help())))
        .collect()
}

struct Files {
    layers: Layers,
}

impl Files {
    /// `None` when the line does not even say where they are. A file that can't be read is as none.
    fn read(position: &Position<'_>, environment: &Environment) -> Option<Self> {
        let home = environment.get("HOME").map(PathBuf::from);
        // The shell would have written the home out.
        let path = |id: &str| {
            let text = position.value(id)?;
            let below = ["~/", "$HOME/", "${HOME}/"]
                .iter()
                .find_map(|start| text.strip_prefix(start));
            Some(match (below, &home) {
                (Some(below), Some(home)) => home.join(below),
                _ => PathBuf::from(text),
            })
        };
        let command = position
            .value("command")
            .map(Command::parse)
            .transpose()
            .ok()?;
        let (sysconfdir, config) = (path("sysconfdir"), path("config"));
        let places = Places {
            command: command.as_ref(),
            sysconfdir: sysconfdir.as_deref(),
            config: config.as_deref(),
        };
        let context = Context::new(places, environment.clone(), User::take()).ok()?;
        let nothing = || Layer {
            kind: LayerKind::BuiltIn,
            path: None,
            document: Document::default(),
            lines: LineNumbers::default(),
        };
        let system = view::system(&context).unwrap_or_else(|_| nothing());
        let user = scope::store(Scope::User, &context).read().ok().flatten();
        Some(Self {
            layers: Layers {
                system,
                user,
                chosen: None,
                elsewhere: Ok(Vec::new()),
                keyservers_elsewhere: Vec::new(),
            },
        })
    }

    fn values(&self, position: &Position<'_>, arg: &Arg, name: &str) -> Vec<Candidate> {
        let effective = self.layers.merge();
        let for_all = position.has("global") || position.has("exclusive");
        let path = position.path.as_slice();
        match (path, name) {
            (["remote", "add"], "NAME") => known_endpoints(&effective),
            (["remote", "remove"], "NAME")
            | (["remote", "rename"], "OLD")
            | (["remote", "set-url"], "NAME") => {
                remotes(&effective, |remote| remote.is_global() == for_all)
            }
            (["remote", "set-url"], "URI") => current_address(&effective, position),
            (["remote", "use"], "NAME") if for_all => remotes(&effective, Remote::is_global),
            (["remote", "use"], "NAME") => remotes(&effective, |remote| {
                effective.exclusive().is_none_or(|only| only == remote.name)
            }),
            (["remote", "login"], _) if arg.is_positional() => {
                let mut found = remotes(&effective, |_| true);
                found.extend(external_keyservers(&effective));
                found.extend(logins(&effective, is_registry));
                found
            }
            (["remote", "logout"], _) => {
                let mut found = remotes(&effective, |remote| remote.token != Token::None);
                found.extend(logins(&effective, |_| true));
                found
            }
            (["keyserver", "login"], "URI") => external_keyservers(&effective),
            (["keyserver", "logout"], "URI") => logins(&effective, |uri| !is_registry(uri)),
            (["registry", "login" | "logout"], "URI") => logins(&effective, is_registry),
            (
                ["remote", "add-keyserver" | "remove-keyserver"] | ["keyserver", "add" | "remove"],
                "REMOTE",
            ) => remotes(&effective, Remote::is_global),
            (["remote", "remove-keyserver"] | ["keyserver", "remove"], "URI") => {
                self.systems_keyservers(position, |keyserver| !keyserver.skip)
            }
            (["remote", "add-keyserver"] | ["keyserver", "add"], "URI") => {
                self.systems_keyservers(position, |keyserver| keyserver.skip)
            }
            (_, "REMOTE" | "NAME") if arg.is_positional() => remotes(&effective, |_| true),
            _ => Vec::new(),
        }
    }

    fn systems_keyservers(
        &self,
        position: &Position<'_>,
        is_meant: fn(&KeyserverEntry) -> bool,
    ) -> Vec<Candidate> {
        let document = &self.layers.system.document;
        let name = position
            .words
            .first()
            .map_or(document.active(), String::as_str);
        let entry = document.remotes().get(&RemoteName::found(name));
        let keyservers = entry
            .into_iter()
            .flat_map(|entry| &entry.keyservers)
            .filter(|keyserver| is_meant(keyserver));
        keyservers
            .map(|keyserver| Candidate::new(&keyserver.uri, format!("keyserver of {name}")))
            .collect()
    }
}

fn remotes<'a>(
    effective: &Effective<'a>,
    is_meant: impl Fn(&Remote<'a>) -> bool,
) -> Vec<Candidate> {
    let meant = effective.remotes().filter(|remote| is_meant(remote));
    meant
        .map(|remote| Candidate::new(remote.name.as_str(), remote.uri()))
        .collect()
}

fn known_endpoints(effective: &Effective<'_>) -> Vec<Candidate> {
    let is_new = |name: &str| effective.remote(&RemoteName::found(name)).is_none();
    let new = KNOWN_ENDPOINTS.iter().filter(|known| is_new(known.name));
    new.map(|known| Candidate::new(known.name, known.uri))
        .collect()
}

fn current_address(effective: &Effective<'_>, position: &Position<'_>) -> Vec<Candidate> {
    let remote = position
        .words
        .first()
        .and_then(|name| effective.remote(&RemoteName::found(name)));
    remote
        .map(|remote| Candidate::new(remote.uri(), "its address now"))
        .into_iter()
        .collect()
}

fn external_keyservers(effective: &Effective<'_>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for remote in effective.remotes() {
        for keyserver in remote
            .keyservers()
            .iter()
            .filter(|keyserver| keyserver.external)
        {
            if !found.iter().any(|other| other.value == keyserver.uri) {
                found.push(Candidate::new(
                    &keyserver.uri,
                    format!("keyserver of {}", remote.name),
                ));
            }
        }
    }
    found
}

fn logins(effective: &Effective<'_>, is_meant: impl Fn(&str) -> bool) -> Vec<Candidate> {
    let meant = effective
        .logins()
        .iter()
        .filter(|login| is_meant(&login.uri));
    meant
        .map(|login| Candidate::new(&login.uri, "logged in"))
        .collect()
}

fn is_registry(uri: &str) -> bool {
    RegistryUri::parse(uri).is_ok()
}
