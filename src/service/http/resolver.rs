//! Host names to addresses, by the system's own rules. Knows no URL.
//!
//! A look-up can't be interrupted, and a broken name server holds it for half a minute: it has a thread of its own, which
//! nothing waits for once the time limit of the request is over.

use std::net::ToSocketAddrs as _;
use std::thread;

use futures_channel::oneshot;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

pub(super) struct SystemResolver;

/// The system found no address; why, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("no such host: {0}")]
pub(super) struct NoSuchHost(pub(super) String);

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = oneshot::channel();
        let look_up = move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            let _ = sender.send(found.map_err(|error| NoSuchHost(reason(&error.to_string()))));
        };
        let started = thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(look_up);
        Box::pin(async move {
            started?;
            let addresses: Addrs = Box::new(receiver.await??);
            Ok(addresses)
        })
    }
}

/// The standard library says itself that a look-up failed; only what the system adds to that is of use.
fn reason(text: &str) -> String {
    text.strip_prefix("failed to lookup address information: ")
        .unwrap_or(text)
        .to_owned()
}
