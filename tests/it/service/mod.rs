//! The library's service modules against real servers on loopback.

mod discovery;
mod hostile;
mod http;
mod keyserver;
mod registry;
mod status;
mod token;
mod trust;

use std::time::{Duration, SystemTime};

use portolan::service::discovery::{Discovery, DiscoveryError, Freshness, Lookup};
use portolan::service::http::{Client, Options};
use portolan::service::{Endpoint, Transport};
use portolan::uri::EndpointUri;

use crate::support::authority;

/// A client's options as a user has them whose machine trusts the tests' authority.
fn options() -> Options {
    Options {
        authorities: vec![authority::shared().pem().into()],
        ..Options::default()
    }
}

fn client() -> Client {
    Client::new(options())
}

/// The time of the tests.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn endpoint(uri: &str, transport: Transport) -> Endpoint {
    Endpoint {
        uri: EndpointUri::parse(uri).unwrap(),
        transport,
    }
}

/// What an endpoint says when it is asked now.
fn discover(client: &Client, endpoint: &Endpoint) -> Result<Discovery, DiscoveryError> {
    Lookup {
        client,
        cache: None,
        now: now(),
    }
    .services(endpoint, Freshness::Now)
}

/// An error with all its causes, as a user reads it.
fn told(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
