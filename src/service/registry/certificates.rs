//! A registry's own certificates: the authorities to trust, and the client's certificate and key. Knows no request.
//!
//! The directories are those of Docker and of the containers tools: `certs.d/HOST[:PORT]/`, with `*.crt` for authorities and
//! `*.cert` beside `*.key` for the client.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::disk;
use crate::disk::DiskError;
use crate::secret::Secret;
use crate::service::http::{Identity, Options};
use crate::uri::RegistryUri;

/// The directories of the whole machine, in the order in which they are looked at.
pub const MACHINE_DIRECTORIES: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

pub const USER_DIRECTORY: &str = "containers/certs.d";

#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    #[error("open {}", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        reason: io::Error,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("{} has no key beside it, {}", certificate.display(), key.display())]
    NoKey { certificate: PathBuf, key: PathBuf },
    /// A file that holds no certificate, or no text.
    #[error("{} is no PEM file", .0.display())]
    NotPem(PathBuf),
}

/// Adds to `options` what these directories have for a registry: the authorities of all of them, and the client's certificate
/// of the first that has one. A directory that this user may not look into has nothing for this user.
pub fn apply(
    options: Options,
    directories: &[PathBuf],
    registry: &RegistryUri,
) -> Result<Options, CertificatesError> {
    let mut options = options;
    for directory in directories {
        for name in names(registry) {
            let files = files(&directory.join(name))?;
            let ending =
                |ending: &'static str| files.iter().filter(move |path| has_ending(path, ending));
            for authority in ending("crt") {
                options.authorities.push(certificates(authority)?);
            }
            if let (None, Some(certificate)) = (&options.identity, ending("cert").next()) {
                options.identity = Some(identity(certificate)?);
            }
        }
    }
    Ok(options)
}

/// The names that a registry's directory may have: as typed, in lower case, and by the host that is asked.
fn names(registry: &RegistryUri) -> Vec<String> {
    let mut names = Vec::new();
    for host in [
        registry.host().to_owned(),
        registry.host().to_lowercase(),
        registry.api_host().to_owned(),
    ] {
        if !names.contains(&host) {
            names.push(host);
        }
    }
    names
}

fn identity(certificate: &Path) -> Result<Identity, CertificatesError> {
    let path = certificate.with_extension("key");
    let key = disk::read(&path)?.ok_or_else(|| CertificatesError::NoKey {
        certificate: certificate.to_owned(),
        key: path.clone(),
    })?;
    let key = String::from_utf8(key.bytes.to_vec()).map_err(|_| CertificatesError::NotPem(path))?;
    Ok(Identity {
        certificates: certificates(certificate)?,
        key: Secret::new(key),
    })
}

fn certificates(path: &Path) -> Result<Vec<u8>, CertificatesError> {
    let bytes = disk::read(path)?
        .map(|contents| contents.bytes.to_vec())
        .unwrap_or_default();
    let is_pem =
        CertificateDer::pem_slice_iter(&bytes).try_fold(0, |count, found| found.map(|_| count + 1));
    match is_pem {
        Ok(1..) => Ok(bytes),
        _ => Err(CertificatesError::NotPem(path.to_owned())),
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, CertificatesError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
        entries.collect()
    };
    match list() {
        Ok(mut files) => {
            files.sort();
            Ok(files)
        }
        Err(reason) => match reason.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied => Ok(Vec::new()),
            _ => Err(CertificatesError::Directory {
                path: directory.to_owned(),
                reason,
            }),
        },
    }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension() == Some(OsStr::new(ending))
}
