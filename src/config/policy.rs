//! The exclusive policy: who may use which remote. Pure; only the system's file makes policy (D6).

use crate::{config::effective::Effective, name::RemoteName};

/// A refusal by the system's policy, in Apptainer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not use {name}: remote {exclusive} has been set exclusive by the system administrator")]
pub struct Refusal {
    /// The remote that was asked for.
    pub name: RemoteName,
    /// The only one that may be used.
    pub exclusive: RemoteName,
}

/// Whether a user may make this remote the active one.
///
/// # Errors
/// Names the exclusive remote when it is another one.
pub fn may_use(effective: &Effective<'_>, name: &RemoteName) -> Result<(), Refusal> {
    match effective.exclusive() {
        Some(exclusive) if exclusive != name => Err(Refusal { name: name.clone(), exclusive: exclusive.clone() }),
        _ => Ok(()),
    }
}
