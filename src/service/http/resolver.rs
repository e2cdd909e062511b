//! Host names to addresses, by the system's own rules. Knows no URL.
//!
//! A look-up can't be interrupted, and a broken name server holds it for half a minute: it has a thread of its own, which
//! nothing waits for once the time limit is over.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// After so many look-ups in a row without an answer there is no name server, and only names that need none are found.
const MANY: usize = 32;
const BRIEF: Duration = Duration::from_millis(100);
const AT_ONCE: usize = 512;

pub(super) struct SystemResolver {
    limit: Duration,
    unanswered: Arc<AtomicUsize>,
    running: Arc<()>,
}

/// The system found no address; why, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("no such host: {0}")]
pub(super) struct NoSuchHost(pub(super) String);

impl SystemResolver {
    /// A look-up ends a little before the time for a connection does, so that the error says which of both it was.
    pub(super) fn new(connect_limit: Duration) -> Self {
        Self {
            limit: connect_limit * 4 / 5,
            unanswered: Arc::default(),
            running: Arc::default(),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let unanswered = Arc::clone(&self.unanswered);
        let limit = match unanswered.load(Ordering::Relaxed) {
            0..MANY => self.limit,
            MANY.. => BRIEF,
        };
        let running = Arc::clone(&self.running);
        let (sender, receiver) = oneshot::channel();
        let look_up = move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(running);
            let _ = sender.send(found.map_err(|error| NoSuchHost(reason(&error.to_string()))));
        };
        let thread = thread::Builder::new().name("resolver".to_owned());
        let started = if Arc::strong_count(&self.running) <= AT_ONCE {
            thread.spawn(look_up).map(drop)
        } else {
            drop(look_up);
            Ok(())
        };
        Box::pin(async move {
            started?;
            let Ok(Ok(found)) = timeout(limit, receiver).await else {
                unanswered.fetch_add(1, Ordering::Relaxed);
                return Err(NoSuchHost("no name server answers".to_owned()).into());
            };
            unanswered.store(0, Ordering::Relaxed);
            let addresses: Addrs = Box::new(found?);
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
