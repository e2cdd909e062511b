//! What servers say: discovery, tokens, keyservers, registries. Never sees a `Document`.

mod at_once;
pub mod discovery;
pub mod http;
pub mod keyserver;
pub mod message;
pub mod registry;
pub mod status;
pub mod token;
pub mod user;

use crate::uri::EndpointUri;

pub(crate) use at_once::at_once;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<T> {
    pub stored: T,
    /// Whether the server lets everybody in, so that nothing was verified.
    pub is_open: bool,
}

impl<T> Accepted<T> {
    pub(crate) fn verified(stored: T) -> Self {
        Self {
            stored,
            is_open: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Https,
    /// Plain http, for a remote that was added with `--insecure`.
    Http,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub uri: EndpointUri,
    pub transport: Transport,
}

impl Endpoint {
    pub fn url(&self) -> String {
        let scheme = match self.transport {
            Transport::Https => "https",
            Transport::Http => "http",
        };
        format!("{scheme}://{}", self.uri)
    }
}
