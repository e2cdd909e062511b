//! Extended attributes: an access control list, a security label, what a user or a backup program noted. Knows no contents.

use std::os::fd::OwnedFd;

use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fsetxattr};
use rustix::io::Errno;

use super::error::retry;

pub(super) fn value(file: &OwnedFd, name: &str) -> rustix::io::Result<Option<Vec<u8>>> {
    let mut value = Vec::new();
    loop {
        let size = match fgetxattr_query(file, name) {
            Ok(size) => size,
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(None),
            Err(reason) => return Err(reason),
        };
        value.resize(size, 0);
        match fgetxattr(file, name, value.as_mut_slice()) {
            Ok(count) => {
                value.truncate(count);
                return Ok(Some(value));
            }
            // It grew in between.
            Err(Errno::RANGE) => {}
            Err(reason) => return Err(reason),
        }
    }
}

/// Gives a new file the attributes of the old one; returns the names of those that it can't be given.
///
/// Those of the system are permissions, which have rules of their own, and the kernel itself signs files.
pub(super) fn copy(old: &OwnedFd, new: &OwnedFd) -> Vec<String> {
    let is_ours = |name: &&str| {
        let is_kernels = ["security.ima", "security.evm"].contains(name);
        !name.is_empty() && !name.starts_with("system.") && !is_kernels
    };
    let names = names(old).unwrap_or_default();
    let is_lost = |name: &&str| {
        let Ok(Some(old)) = value(old, name) else {
            return true;
        };
        let has = value(new, name).is_ok_and(|new| new.as_ref() == Some(&old));
        !has && retry(|| fsetxattr(new, *name, &old, XattrFlags::empty())).is_err()
    };
    let lost = names.split('\0').filter(is_ours).filter(is_lost);
    lost.map(str::to_owned).collect()
}

fn names(file: &OwnedFd) -> rustix::io::Result<String> {
    let size = flistxattr_query(file)?;
    let mut names = vec![0; size];
    let count = match size {
        0 => 0,
        _ => flistxattr(file, names.as_mut_slice())?,
    };
    names.truncate(count);
    Ok(String::from_utf8_lossy(&names).into_owned())
}
