//! Why a runtime does not do a task, in its own words. Decides nothing.

use std::fmt;

use crate::name::RemoteName;
use crate::text::Quoted;

/// What a runtime says when it ends without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it was about to do.
    pub words: Option<&'static str>,
    /// Why it can't.
    pub reason: RefusalReason,
}

/// Why a runtime asks nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// There are remotes, and none is active.
    #[error(
        "unable to load remote configuration: no default endpoint set: use '{command} remote use <endpoint>', available endpoints are: {}",
        names(known)
    )]
    NoDefault {
        /// The runtime.
        command: String,
        /// The remotes that there are.
        known: Vec<RemoteName>,
    },
    /// The active remote does not exist.
    #[error("unable to load remote configuration: {0} is not a remote")]
    NoSuchRemote(RemoteName),
    /// What the project ships has no library.
    #[error("no default remote with library client in use")]
    NoDefaultLibrary,
    /// The endpoint is known to have no library.
    #[error("remote has no library client")]
    NoLibrary,
    /// The endpoint does not name a library.
    #[error("unable to get library service URI: {0}")]
    NoLibraryService(String),
    /// The endpoint does not name a keyserver.
    #[error("{0}")]
    NoKeyserverService(String),
    /// All keyservers were taken out.
    #[error("no primary keyserver configured")]
    NoKeyserver,
    /// Two libraries were named.
    #[error("Conflicting arguments; do not use --library with a library URI containing host name")]
    Conflict,
    /// Nobody sends an image without saying who they are.
    #[error(
        "Cannot push image to library: no authentication token, log in with `{command} remote login`"
    )]
    NoToken {
        /// The runtime.
        command: String,
    },
    /// The policy allows another server only.
    #[error("endpoint is set as exclusive by the system administrator: only {} can be used", Quoted(.0))]
    Exclusive(String),
}

fn names(names: &[RemoteName]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(words) = self.words {
            write!(formatter, "{words}: ")?;
        }
        write!(formatter, "{}", self.reason)
    }
}

impl std::error::Error for Refusal {}
