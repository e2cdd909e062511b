//! From the context to the services: a client with the machine's settings, an endpoint from a remote, the cache.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::config::effective::Remote;
use crate::service::discovery::{
    Cache, Discovery, DiscoveryError, Freshness, Lookup, ServiceKind, known_service,
};
use crate::service::http::{Client, Options};
use crate::service::registry::certificates;
use crate::service::{Endpoint, Transport};
use crate::uri::{EndpointUri, UriError};

pub(crate) fn options(context: &Context) -> Options {
    let variable = |name: &str| context.environment.get(name).map(OsStr::to_owned);
    Options::from_variables(variable)
}

/// A client with this machine's settings; it starts nothing before its first request.
pub(crate) fn client(context: &Context) -> Client {
    Client::new(options(context))
}

/// Where registries' own certificates are looked for: the user's directory first.
pub(crate) fn certificate_directories(context: &Context) -> Vec<PathBuf> {
    let user = context
        .paths
        .configuration
        .join(certificates::USER_DIRECTORY);
    std::iter::once(user)
        .chain(certificates::MACHINE_DIRECTORIES.map(PathBuf::from))
        .collect()
}

pub(crate) fn cache(context: &Context) -> Cache {
    Cache::new(context.paths.cache.join("discovery"))
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

pub(crate) fn discover(
    client: &Client,
    endpoint: &Endpoint,
    context: &Context,
) -> Result<Discovery, DiscoveryError> {
    let cache = cache(context);
    let lookup = Lookup {
        client,
        cache: Some(&cache),
        now: context.now,
    };
    lookup.services(endpoint, Freshness::Now)
}

/// The longest that a list waits for an endpoint that was never seen: it shows what it knows then.
pub(crate) const LIST_PATIENCE: Duration = Duration::from_secs(3);

/// Why the keyserver that an endpoint itself names is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InternalKeyserverError {
    #[error(transparent)]
    Uri(#[from] UriError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
}

/// The bound of a list for all endpoints together.
pub(crate) const LIST_BOUND: Duration = Duration::from_secs(5);

pub(crate) fn list_client(context: &Context) -> Client {
    let options = options(context);
    Client::new(Options {
        limit: LIST_PATIENCE,
        connect_limit: options.connect_limit.min(LIST_PATIENCE),
        until: Some(Instant::now() + LIST_BOUND),
        ..options
    })
}

pub(crate) fn warn_of_not_asked(names: &[&str], bound: Duration, ui: &mut Ui) {
    const MOST_NAMES: usize = 10;
    if !names.is_empty() {
        let more = match names.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = &names[..names.len().min(MOST_NAMES)];
        ui.warning(format!(
            "Not asked, because {} s were over: {}{more}",
            bound.as_secs(),
            named.join(", ")
        ));
    }
}

/// The keyserver that an endpoint itself names, for a list: the `client` is one of [`list_client`].
pub(crate) fn internal_keyserver(
    remote: &Remote<'_>,
    freshness: Freshness,
    client: &Client,
    context: &Context,
) -> Result<String, InternalKeyserverError> {
    let endpoint = endpoint(remote)?;
    if let Some(known) = known_service(&endpoint.uri, &ServiceKind::Keyserver) {
        return Ok(known.to_owned());
    }
    let cache = cache(context);
    let lookup = Lookup {
        client,
        cache: Some(&cache),
        now: context.now,
    };
    Ok(lookup.service(&endpoint, &ServiceKind::Keyserver, freshness)?)
}
