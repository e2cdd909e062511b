//! The kernel's keyring of the user: memory only, in no backup and on no other machine. Knows no record and no kind of secret.
//!
//! The persistent keyring where the kernel has it, otherwise the user's. The kernel shows a key's payload only to a process that
//! possesses it, that is, can reach it from a keyring of its own; so each call links the keyring to the process's.

use std::time::Duration;

use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::disk::Reason;
use crate::secret::Secret;

/// The longest payload of a key of type "user", in bytes.
const LONGEST: usize = 32_767;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyringError {
    #[error("the kernel's keyring of this user is full")]
    Full,
    #[error("{0} bytes are too many for the kernel's keyring, {LONGEST} are the most")]
    TooLong(usize),
    #[error("the kernel's keyring can't be used here: {0}")]
    Unavailable(Reason),
}

/// Stores a secret under this name in place of an older one; it vanishes after `timeout`, or with the keyring.
pub(super) fn put(
    name: &str,
    secret: &Secret,
    timeout: Option<Duration>,
) -> Result<(), KeyringError> {
    let payload = secret.expose().as_bytes();
    if payload.len() > LONGEST {
        return Err(KeyringError::TooLong(payload.len()));
    }
    let key = open()?.add_key(name, payload).map_err(unavailable)?;
    // Zero takes the time limit of an older secret away.
    let seconds = timeout.map_or(0, |timeout| timeout.as_secs().max(1));
    key.set_timeout(usize::try_from(seconds).unwrap_or(usize::MAX))
        .map_err(|error| {
            let _ = key.invalidate();
            unavailable(error)
        })
}

pub(super) fn get(name: &str) -> Result<Option<Secret>, KeyringError> {
    let Some(key) = present(open()?.search(name))? else {
        return Ok(None);
    };
    let mut payload = Zeroizing::new(vec![0; LONGEST]);
    let Some(length) = present(key.read(&mut *payload))? else {
        return Ok(None);
    };
    let text = payload.get(..length).map(std::str::from_utf8);
    Ok(text.and_then(Result::ok).map(Secret::new))
}

pub(super) fn has(name: &str) -> Result<bool, KeyringError> {
    present(open()?.search(name)).map(|key| key.is_some())
}

pub(super) fn remove(name: &str) -> Result<(), KeyringError> {
    let ring = open()?;
    match present(ring.search(name))? {
        Some(key) => present(ring.unlink_key(key)).map(drop),
        None => Ok(()),
    }
}

fn open() -> Result<KeyRing, KeyringError> {
    let process =
        KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(unavailable)?;
    match KeyRing::get_persistent(KeyRingIdentifier::Process) {
        Err(KeyError::OperationNotSupported) => {
            process
                .link_keyring_id(KeyRingIdentifier::User)
                .map_err(unavailable)?;
            KeyRing::from_special_id(KeyRingIdentifier::User, false).map_err(unavailable)
        }
        ring => ring.map_err(unavailable),
    }
}

/// `None` for a key that is not there, or only as a name.
fn present<T>(answer: Result<T, KeyError>) -> Result<Option<T>, KeyringError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(
            KeyError::KeyDoesNotExist
            | KeyError::KeyExpired
            | KeyError::KeyRevoked
            | KeyError::MissingFileOrDirectory,
        ) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

fn unavailable(error: KeyError) -> KeyringError {
    let reason = match error {
        KeyError::QuotaExceeded => return KeyringError::Full,
        KeyError::AccessDenied => Errno::ACCESS,
        KeyError::PermissionDenied => Errno::PERM,
        KeyError::OutOfMemory => Errno::NOMEM,
        KeyError::OperationNotSupported => Errno::NOTSUP,
        KeyError::KeyDoesNotExist => Errno::NOKEY,
        KeyError::Unknown(number) => Errno::from_raw_os_error(number),
        _ => Errno::INVAL,
    };
    KeyringError::Unavailable(reason.into())
}
