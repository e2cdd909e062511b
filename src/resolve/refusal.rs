//! Why a runtime does not do a task, in its own words. Decides nothing.

use std::fmt;

use crate::name::RemoteName;
use crate::text::Quoted;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub words: Option<&'static str>,
    pub reason: RefusalReason,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefusalReason {
    #[error(
        "unable to load remote configuration: no default endpoint set: use '{command} remote use <endpoint>', available endpoints are: {}",
        names(known)
    )]
    NoDefault {
        command: String,
        known: Vec<RemoteName>,
    },
    #[error("unable to load remote configuration: {0} is not a remote")]
    NoSuchRemote(RemoteName),
    #[error("no default remote with library client in use")]
    NoDefaultLibrary,
    #[error("remote has no library client")]
    NoLibrary,
    #[error("unable to get library service URI: {0}")]
    NoLibraryService(String),
    #[error("{0}")]
    NoKeyserverService(String),
    #[error("no primary keyserver configured")]
    NoKeyserver,
    #[error("Conflicting arguments; do not use --library with a library URI containing host name")]
    Conflict,
    #[error(
        "Cannot push image to library: no authentication token, log in with `{command} remote login`"
    )]
    NoToken { command: String },
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
