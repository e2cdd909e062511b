//! Whom a TLS client believes: the machine's authorities, those it was given, or everyone. Asks no server.
//!
//! The authorities are read when the first server shows its certificate: a request over plain http never needs them. The
//! directories, which hold the same ones again on most machines, are read when the bundle does not know the server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::{Cause, Certificates, Identity, Options, Trust};

/// Where systems keep their authorities in one file; the first that is there counts. Debian, Fedora, openSUSE, OpenELEC,
/// RHEL 7 and later, Alpine.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where systems keep them one a file. They are read beside the bundle, also when `SSL_CERT_FILE` takes its place: so do
/// OpenSSL and Go, and people name only their own authority there.
const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// The TLS of a client, and the part of it that can say what was wrong with the authorities.
pub(super) fn tls(options: &Options) -> Result<(ClientConfig, Arc<Verifier>), Cause> {
    let provider = Arc::new(ring::default_provider());
    let mut authorities = Vec::new();
    for pem in &options.authorities {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            authorities.push(certificate.map_err(|error| Cause::Authority(error.to_string()))?);
        }
    }
    let verifier = Arc::new(Verifier {
        provider: Arc::clone(&provider),
        certificates: options.certificates,
        trust: options.trust.clone(),
        authorities,
        bundle: OnceLock::new(),
        all: OnceLock::new(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Cause::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Verifier>::clone(&verifier));
    let config = match &options.identity {
        None => config.with_no_client_auth(),
        Some(Identity { certificates, key }) => {
            let wrong = |error: &dyn std::fmt::Display| Cause::Identity(error.to_string());
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|error| wrong(&error))?;
            config
                .with_client_auth_cert(chain.map_err(|error| wrong(&error))?, key)
                .map_err(|error| wrong(&error))?
        }
    };
    Ok((config, verifier))
}

#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    certificates: Certificates,
    trust: Trust,
    authorities: Vec<CertificateDer<'static>>,
    bundle: OnceLock<Loaded>,
    all: OnceLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    trusted: Vec<CertificateDer<'static>>,
    chains: Option<Arc<WebPkiServerVerifier>>,
    problems: Vec<String>,
}

impl Verifier {
    pub(super) fn problems(&self) -> &[String] {
        self.all
            .get()
            .or_else(|| self.bundle.get())
            .map_or(&[], |loaded| &loaded.problems)
    }

    fn bundle(&self) -> &Loaded {
        self.bundle.get_or_init(|| self.load(bundle(&self.trust)))
    }

    fn all(&self) -> &Loaded {
        self.all.get_or_init(|| {
            let (mut found, mut problems) = bundle(&self.trust);
            let (more, wrong) = directories(&self.trust);
            found.extend(more);
            problems.extend(wrong);
            found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
            found.dedup();
            self.load((found, problems))
        })
    }

    fn load(&self, (mut trusted, mut problems): Found) -> Loaded {
        trusted.extend(self.authorities.iter().cloned());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned());
        if roots.is_empty() {
            problems.push("this machine has no certificates of authorities".to_owned());
        }
        let chains = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&self.provider),
        )
        .build()
        .ok();
        Loaded {
            trusted,
            chains,
            problems,
        }
    }
}

impl Loaded {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chains) = &self.chains else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        match chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            // A certificate that signed itself is made an authority's by `openssl req -x509`, and many a private
            // registry has just that one, which its users trust by its own bytes. It was in its time of validity, or
            // the error would be another.
            Err(error) if is_an_authoritys(&error) => {
                if !self.trusted.contains(end_entity) {
                    return Err(CertificateError::UnknownIssuer.into());
                }
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.certificates == Certificates::Unchecked {
            return Ok(ServerCertVerified::assertion());
        }
        let among = |loaded: &Loaded| {
            loaded.verify(end_entity, intermediates, server_name, ocsp_response, now)
        };
        among(self.bundle()).or_else(|_| among(self.all()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.certificates {
            Certificates::Unchecked => Ok(HandshakeSignatureValid::assertion()),
            Certificates::Checked => {
                let algorithms = &self.provider.signature_verification_algorithms;
                verify_tls12_signature(message, certificate, signature, algorithms)
            }
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.certificates {
            Certificates::Unchecked => Ok(HandshakeSignatureValid::assertion()),
            Certificates::Checked => {
                let algorithms = &self.provider.signature_verification_algorithms;
                verify_tls13_signature(message, certificate, signature, algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_an_authoritys(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(fault))) => {
            matches!(fault.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

type Found = (Vec<CertificateDer<'static>>, Vec<String>);

fn bundle(trust: &Trust) -> Found {
    let file = trust.file.clone().or_else(|| {
        BUNDLES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
    });
    found(
        file.as_deref(),
        None,
        trust.file.as_ref().map(|_| "SSL_CERT_FILE"),
    )
}

fn directories(trust: &Trust) -> Found {
    let directories = trust.directories.clone().unwrap_or_else(|| {
        let here = DIRECTORIES.iter().map(PathBuf::from);
        here.filter(|path| path.is_dir()).collect()
    });
    let variable = trust.directories.as_ref().map(|_| "SSL_CERT_DIR");
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for directory in &directories {
        let (more, wrong) = found(None, Some(directory), variable);
        all.extend(more);
        problems.extend(wrong);
    }
    (all, problems)
}

fn found(file: Option<&Path>, directory: Option<&Path>, variable: Option<&str>) -> Found {
    let result = rustls_native_certs::load_certs_from_paths(file, directory);
    let problem = variable
        .zip(result.errors.first())
        .map(|(variable, error)| format!("{variable}: {error}"));
    (result.certs, problem.into_iter().collect())
}
