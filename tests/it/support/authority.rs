//! A throw-away authority that signs the test servers' certificates. Knows no server.

use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// An authority, made anew by whoever calls [`Authority::new`].
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// What a server's certificate says.
#[derive(Clone, Copy)]
pub(crate) enum Leaf {
    /// `localhost` and 127.0.0.1.
    Good,
    /// Another host.
    OtherHost,
    /// Its time is over.
    Expired,
    /// Made by `openssl req -x509`: signed by itself, and an authority's.
    SelfSigned,
    /// The same, for another host.
    SelfSignedOtherHost,
    /// These hosts.
    Hosts(&'static [&'static str]),
}

/// A server's certificate chain and its key.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) config: Arc<ServerConfig>,
}

/// The authority that all servers of the tests have unless a test is about authorities.
pub(crate) fn shared() -> &'static Authority {
    static SHARED: OnceLock<Authority> = OnceLock::new();
    SHARED.get_or_init(|| Authority::new("Throw-away authority of the tests"))
}

/// The usual server's TLS, made once.
pub(crate) fn shared_leaf() -> Arc<ServerConfig> {
    static SHARED: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| shared().issue(Leaf::Good).config))
}

/// The TLS of a server that lets in only who shows a certificate of the shared authority.
pub(crate) fn exclusive_config() -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(shared().pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let own = shared().issue(Leaf::Good);
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap(),
        )
        .unwrap()
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Its certificate, for `SSL_CERT_FILE` or as a further authority of a client.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn issue(&self, leaf: Leaf) -> Identity {
        let names = match leaf {
            Leaf::OtherHost | Leaf::SelfSignedOtherHost => vec!["other.example.com".to_owned()],
            Leaf::Hosts(hosts) => hosts.iter().map(ToString::to_string).collect(),
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "test server");
        if let Leaf::Expired = leaf {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = if matches!(leaf, Leaf::SelfSigned | Leaf::SelfSignedOtherHost) {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.self_signed(&key).unwrap()
        } else {
            params.signed_by(&key, &self.issuer).unwrap()
        };
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            config: Arc::new(config),
        }
    }
}
