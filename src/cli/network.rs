//! From the context to the services: a client with the machine's settings, an endpoint from a remote, the cache.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::config::effective::Remote;
use crate::service::discovery::{Cache, Discovery, DiscoveryError, Freshness, Lookup, ServiceKind};
use crate::service::http::{Client, Options};
use crate::service::registry::certificates;
use crate::service::{Endpoint, Transport};
use crate::text::first_names;
use crate::uri::{EndpointUri, UriError};

pub(crate) fn options(context: &Context) -> Options {
    let variable = |name: &str| context.environment.get(name).map(OsStr::to_owned);
    Options::from_variables(variable)
}

pub(crate) fn client(context: &Context) -> Client {
    Client::new(options(context))
}

pub(crate) fn certificate_directories(context: &Context) -> Vec<PathBuf> {
    let user = context
        .paths
        .configuration
        .join(certificates::USER_DIRECTORY);
    std::iter::once(user)
        .chain(certificates::MACHINE_DIRECTORIES.map(PathBuf::from))
        .collect()
}

pub(crate) fn endpoint(remote: &Remote<'_>) -> Result<Endpoint, UriError> {
    let transport = if remote.is_insecure() {
        Transport::Http
    } else {
        Transport::Https
    };
    Ok(Endpoint {
        uri: EndpointUri::parse(remote.uri())?,
        transport,
    })
}

pub(crate) fn lookup<'a>(client: &'a Client, context: &Context) -> Lookup<'a> {
    Lookup {
        client,
        cache: Some(Cache::new(context.paths.cache.join("discovery"))),
        now: context.now,
    }
}

pub(crate) fn discover(
    client: &Client,
    endpoint: &Endpoint,
    context: &Context,
) -> Result<Discovery, DiscoveryError> {
    lookup(client, context).services(endpoint, Freshness::Now)
}

#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) one: Duration,
    pub(crate) all: Duration,
}

impl Limits {
    /// Of a list, which never waits long for an endpoint that was never seen: it shows what it knows then.
    pub(crate) const LIST: Self = Self {
        one: Duration::from_secs(3),
        all: Duration::from_secs(5),
    };
    pub(crate) const ONE_ENDPOINT: Self = Self {
        one: Duration::from_secs(10),
        all: Duration::from_secs(20),
    };
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum InternalKeyserverError {
    #[error(transparent)]
    Uri(#[from] UriError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
}

pub(crate) fn warn_of_not_asked<T: fmt::Display>(names: &[T], limits: Limits, ui: &mut Ui) {
    if !names.is_empty() {
        let time = seconds(limits.all);
        ui.warning(format!(
            "Not asked, because {time} were over: {}",
            first_names(names)
        ));
    }
}

pub(crate) fn asking(whom: &str, limits: Limits) -> String {
    format!("asking {whom}, for {} at most", seconds(limits.all))
}

pub(crate) fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

pub(crate) fn internal_keyserver(
    remote: &Remote<'_>,
    freshness: Freshness,
    client: &Client,
    context: &Context,
) -> Result<String, InternalKeyserverError> {
    let endpoint = endpoint(remote)?;
    Ok(lookup(client, context).service(&endpoint, &ServiceKind::Keyserver, freshness)?)
}
