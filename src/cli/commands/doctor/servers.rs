//! What the servers say: endpoints and keyservers, all at once, each within a few seconds. Sends no credential, and remembers
//! no answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::survey::{Survey, Told, edit};
use crate::cli::context::Context;
use crate::cli::network;
use crate::cli::network::Limits;
use crate::cli::next_step::{NextStep, Peer, next_step};
use crate::cli::services::{LIBRARY, WayToLibrary};
use crate::config::checks::{Code, Finding};
use crate::config::effective::{Effective, Remote};
use crate::config::yaml::Part;
use crate::name::RemoteName;
use crate::service::discovery::{
    Discovery, DiscoveryError, Freshness, Lookup, ServiceError, ServiceKind, known_service,
};
use crate::service::http::{Certificates, Client, Options};
use crate::service::keyserver::KeyserverRequestError;
use crate::service::{Endpoint, Transport, at_once, keyserver};
use crate::text::ShellWord;
use crate::uri::KeyserverUri;

/// How long servers may take: a person is waiting, and only wants to know whether there are any.
pub(super) const LIMITS: Limits = Limits {
    one: Duration::from_secs(5),
    all: Duration::from_secs(10),
};
const AT_ONCE: usize = 64;

#[derive(Default)]
pub(super) struct Asked {
    pub(super) findings: Vec<Finding>,
    pub(super) servers: Vec<String>,
    pub(super) not_asked: Vec<String>,
}

enum ServerToAsk<'a> {
    Endpoint {
        remote: &'a Remote<'a>,
        endpoint: Endpoint,
        is_active: bool,
    },
    Keyserver {
        uri: String,
        insecure: bool,
        listed: Option<(&'a Remote<'a>, Option<PathBuf>, Option<usize>)>,
    },
}

pub(super) fn ask(survey: &Survey, options: Options, context: &Context) -> Asked {
    let Some(effective) = survey.effective() else {
        return Asked::default();
    };
    let servers = servers(survey, &effective);
    let until = options.until;
    let asker = Asker {
        survey,
        effective: &effective,
        lookup: Lookup {
            client: &Client::new(options.clone()),
            cache: None,
            now: context.now,
        },
        checked: Client::new(keyserver::options(options.clone(), Certificates::Checked)),
        unchecked: Client::new(keyserver::options(options, Certificates::Unchecked)),
    };
    let findings = at_once(&servers, AT_ONCE, until, |server| asker.ask(server));
    let names = servers.iter().map(|server| match server {
        ServerToAsk::Endpoint { endpoint, .. } => endpoint.url(),
        ServerToAsk::Keyserver { uri, .. } => uri.clone(),
    });
    let (asked, not_asked): (Vec<_>, Vec<_>) = names
        .zip(findings)
        .partition(|(_, findings)| findings.is_some());
    let (servers, findings): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    Asked {
        servers,
        findings: findings.into_iter().flatten().flatten().collect(),
        not_asked: not_asked.into_iter().map(|(name, _)| name).collect(),
    }
}

fn servers<'a>(survey: &Survey, effective: &'a Effective<'a>) -> Vec<ServerToAsk<'a>> {
    let active = survey.active(effective).map(|remote| remote.name);
    let mut servers = Vec::new();
    let mut keyservers = BTreeMap::new();
    for remote in effective.remotes() {
        // An address that can't be asked is a finding of its own.
        if let Ok(endpoint) = network::endpoint(remote) {
            servers.push(ServerToAsk::Endpoint {
                remote,
                endpoint,
                is_active: active == Some(remote.name),
            });
        }
        let (file, _) = survey.place(remote);
        let listed = remote.keyservers().iter().enumerate();
        for (index, keyserver) in listed.filter(|(_, keyserver)| !keyserver.skip) {
            let line = lines(survey, remote, index);
            keyservers
                .entry(keyserver.uri.clone())
                .or_insert((keyserver.insecure, (remote, file.clone(), line)));
        }
    }
    let listed = keyservers.into_iter();
    servers.extend(
        listed.map(|(uri, (insecure, listed))| ServerToAsk::Keyserver {
            uri,
            insecure,
            listed: Some(listed),
        }),
    );
    let own = survey
        .active(effective)
        .filter(|remote| remote.keyservers().is_empty())
        .and_then(known_keyserver);
    servers.extend(own.map(|uri| ServerToAsk::Keyserver {
        uri,
        insecure: false,
        listed: None,
    }));
    servers
}

fn lines(survey: &Survey, remote: &Remote<'_>, index: usize) -> Option<usize> {
    let source = if remote.is_global() {
        &survey.system
    } else {
        &survey.user
    };
    source.as_ref().and_then(|source| {
        source
            .lines
            .first(Part::Keyserver(remote.name.as_str(), index))
    })
}

fn known_keyserver(remote: &Remote<'_>) -> Option<String> {
    let endpoint = network::endpoint(remote).ok()?;
    known_service(&endpoint.uri, &ServiceKind::Keyserver).map(str::to_owned)
}

struct Asker<'a> {
    survey: &'a Survey,
    effective: &'a Effective<'a>,
    lookup: Lookup<'a>,
    checked: Client,
    unchecked: Client,
}

impl Asker<'_> {
    fn ask(&self, server: &ServerToAsk<'_>) -> Vec<Finding> {
        match server {
            ServerToAsk::Endpoint {
                remote,
                endpoint,
                is_active,
            } => self.endpoint(remote, endpoint, *is_active),
            ServerToAsk::Keyserver {
                uri,
                insecure,
                listed,
            } => {
                let fix = || match listed {
                    Some((remote, file, line)) => {
                        self.without_keyserver(remote, uri, file.as_deref(), *line)
                    }
                    None => self.another_keyserver(),
                };
                let (file, line) = listed
                    .as_ref()
                    .map_or((None, None), |(_, file, line)| (file.clone(), *line));
                let finding = self.keyserver(uri, *insecure, fix);
                finding
                    .map(|finding| finding.at(file, line))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// How a remote's list loses a keyserver; no command changes the list of an individual remote.
    fn without_keyserver(
        &self,
        remote: &Remote<'_>,
        uri: &str,
        file: Option<&Path>,
        line: Option<usize>,
    ) -> String {
        match file.filter(|_| !remote.is_global()) {
            Some(file) => edit(file, line.unwrap_or(1)),
            None => {
                let commands = &self.survey.commands;
                let command = commands.system("remove-keyserver", remote.name.as_str());
                format!("{command} {}", ShellWord(uri))
            }
        }
    }

    fn endpoint(&self, remote: &Remote<'_>, endpoint: &Endpoint, is_active: bool) -> Vec<Finding> {
        let mut found = Vec::new();
        match self.lookup.services(endpoint, Freshness::Now) {
            Ok(discovery) => found.extend(self.services(remote, endpoint, &discovery, is_active)),
            Err(error) => {
                let finding = unreachable(remote, endpoint, &error, self.set_url(remote, "URI"));
                let is_known = [ServiceKind::Library, ServiceKind::Keyserver]
                    .iter()
                    .any(|kind| known_service(&endpoint.uri, kind).is_some());
                found.push(if is_active && !is_known {
                    finding
                } else {
                    finding.otherwise()
                });
            }
        }
        if endpoint.transport == Transport::Http {
            let over_tls = Endpoint {
                transport: Transport::Https,
                ..endpoint.clone()
            };
            if self.lookup.services(&over_tls, Freshness::Now).is_ok() {
                found.push(self.needless(remote, endpoint));
            }
        }
        let (file, line) = self.survey.place(remote);
        found
            .into_iter()
            .map(|finding| finding.at(file.clone(), line))
            .collect()
    }

    fn services(
        &self,
        remote: &Remote<'_>,
        endpoint: &Endpoint,
        discovery: &Discovery,
        is_active: bool,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        let name = remote.name;
        let knows_library = known_service(&endpoint.uri, &ServiceKind::Library).is_some();
        match discovery.service(&ServiceKind::Library) {
            Err(fault @ ServiceError::NoUrl { .. }) => found.push(Finding::new(
                Code::LibraryMissing,
                name.as_str(),
                format!("{name} has no library: {fault}"),
                "ask who runs the remote".to_owned(),
            )),
            Err(_) if is_active && !knows_library => {
                found.push(without_library(self.survey, self.effective, name));
            }
            _ => {}
        }
        let knows_keyserver = known_service(&endpoint.uri, &ServiceKind::Keyserver).is_some();
        if is_active
            && remote.keyservers().is_empty()
            && !knows_keyserver
            && let Ok(uri) = discovery.service(&ServiceKind::Keyserver)
        {
            found.extend(self.keyserver(uri, false, || self.another_keyserver()));
        }
        found
    }

    fn another_keyserver(&self) -> String {
        self.survey.commands.system("add-keyserver", "URI")
    }

    fn keyserver(
        &self,
        uri: &str,
        insecure: bool,
        fix: impl FnOnce() -> String,
    ) -> Option<Finding> {
        let client = if insecure {
            &self.unchecked
        } else {
            &self.checked
        };
        let address =
            KeyserverUri::parse(uri).map_or_else(|_| uri.to_owned(), |uri| uri.to_string());
        let error = keyserver::reach(client, &address).err()?;
        let message = format!("the keyserver {uri} does not answer: {}", Told(&error));
        let step = match &error {
            KeyserverRequestError::Request(error) => next_step(error, Peer::Keyserver(uri)),
            _ => None,
        };
        let fix = step.map_or_else(fix, NextStep::into_line);
        Some(Finding::new(Code::KeyserverUnreachable, uri, message, fix))
    }

    fn needless(&self, remote: &Remote<'_>, endpoint: &Endpoint) -> Finding {
        let name = remote.name.as_str();
        let message = format!(
            "{} is asked over plain http, and {} answers over https too",
            remote.name, endpoint.uri
        );
        let fix = self.set_url(remote, endpoint.uri.as_str());
        Finding::new(Code::HttpNeedless, name, message, fix)
    }

    fn set_url(&self, remote: &Remote<'_>, uri: &str) -> String {
        let (commands, name) = (&self.survey.commands, remote.name.as_str());
        let command = match remote.is_global() {
            true => commands.system("set-url --global", name),
            false => commands.own("set-url", name),
        };
        format!("{command} {}", ShellWord(uri))
    }
}

fn unreachable(
    remote: &Remote<'_>,
    endpoint: &Endpoint,
    error: &DiscoveryError,
    command: String,
) -> Finding {
    let peer = Peer::Endpoint(remote);
    let step = match error {
        DiscoveryError::Request(error) => next_step(error, peer),
        error => next_step(error, peer),
    };
    let message = format!(
        "{} does not say its services at {}: {}",
        remote.name,
        endpoint.url(),
        Told(error)
    );
    let fix = step.map_or(command, NextStep::into_line);
    Finding::new(
        Code::EndpointUnreachable,
        remote.name.as_str(),
        message,
        fix,
    )
}

pub(super) fn known_to_lack_library(survey: &Survey, effective: &Effective<'_>) -> Option<Finding> {
    let remote = survey.active(effective)?;
    let endpoint = network::endpoint(remote).ok()?;
    let library = known_service(&endpoint.uri, &ServiceKind::Library)?;
    let (file, line) = survey.place(remote);
    library
        .is_empty()
        .then(|| without_library(survey, effective, remote.name).at(file, line))
}

fn without_library(survey: &Survey, effective: &Effective<'_>, name: &RemoteName) -> Finding {
    let commands = &survey.commands;
    let choose = commands.own("use", LIBRARY);
    let fix = match WayToLibrary::find(effective) {
        WayToLibrary::Administrator => {
            "ask your administrator for a remote with a library: this one is exclusive".to_owned()
        }
        WayToLibrary::Use => choose,
        WayToLibrary::AddAndUse => {
            format!("{} && {choose}", commands.own("add --no-login", LIBRARY))
        }
    };
    let message = format!("{name} has no library");
    Finding::new(Code::LibraryMissing, name.as_str(), message, fix)
}
