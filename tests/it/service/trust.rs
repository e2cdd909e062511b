//! Whom the HTTP client believes.

use std::sync::Arc;

use portolan::secret::Secret;
use portolan::service::http::{Certificates, Client, Identity, Options, Trust};

use super::{client, options};
use crate::support::authority;
use crate::support::authority::{Authority, Leaf};
use crate::support::reply::Reply;
use crate::support::server::Server;

fn server_with(leaf: Leaf) -> Server {
    Server::https_as(authority::shared().issue(leaf).config, |_| {
        Reply::status(200)
    })
}

/// A client that trusts what `file` has in place of the system's authorities.
fn trusting(file: &str) -> (tempfile::NamedTempFile, Options) {
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), file).unwrap();
    let trust = Trust {
        file: Some(path.path().into()),
        directories: Some(Vec::new()),
    };
    (
        path,
        Options {
            trust,
            ..Options::default()
        },
    )
}

#[test]
fn a_certificate_must_be_good() {
    let cases = [
        (
            Leaf::OtherHost,
            "certificate is valid for other.example.com, not localhost",
        ),
        (Leaf::Expired, "certificate has expired"),
        (Leaf::SelfSigned, "certificate signed by unknown authority"),
    ];
    for (leaf, text) in cases {
        let server = server_with(leaf);
        let error = client().get(&server.url("/")).send().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Get \"{}\": {text}", server.url("/"))
        );
        assert!(
            server.asked().is_empty(),
            "nothing is asked before the certificate is checked"
        );
    }
}

#[test]
fn an_unknown_authority_is_told_and_can_be_trusted() {
    let stranger = Authority::new("A stranger");
    let server = Server::https_as(stranger.issue(Leaf::Good).config, |_| Reply::status(200));
    let error = client().get(&server.url("/")).send().unwrap_err();
    assert_eq!(
        error.cause.to_string(),
        "certificate signed by unknown authority"
    );
    let (_file, options) = trusting(stranger.pem());
    assert_eq!(
        Client::new(options)
            .get(&server.url("/"))
            .send()
            .unwrap()
            .status,
        200
    );
}

#[test]
fn authorities_are_read_from_a_file_or_from_directories() {
    let server = server_with(Leaf::Good);
    let (_file, options) = trusting(authority::shared().pem());
    assert_eq!(
        Client::new(options.clone())
            .get(&server.url("/"))
            .send()
            .unwrap()
            .status,
        200
    );

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ca.pem"), authority::shared().pem()).unwrap();
    let trust = Trust {
        file: Some("/nowhere/ca.pem".into()),
        directories: Some(vec![directory.path().into()]),
    };
    let from_directory = Client::new(Options { trust, ..options });
    assert_eq!(
        from_directory.get(&server.url("/")).send().unwrap().status,
        200
    );
}

#[test]
fn a_file_of_authorities_that_does_not_exist_is_a_problem_that_is_named() {
    let server = server_with(Leaf::Good);
    let trust = Trust {
        file: Some("/nowhere/ca.pem".into()),
        directories: Some(Vec::new()),
    };
    let error = Client::new(Options {
        trust,
        ..Options::default()
    })
    .get(&server.url("/"))
    .send();
    let hint = error.unwrap_err().authority_problems().join("; ");
    assert!(
        hint.contains("SSL_CERT_FILE") && hint.contains("/nowhere/ca.pem"),
        "{hint}"
    );
    assert!(
        hint.contains("this machine has no certificates of authorities"),
        "{hint}"
    );
}

#[test]
fn a_self_signed_certificate_can_be_trusted_by_itself() {
    let identity = authority::shared().issue(Leaf::SelfSigned);
    let server = Server::https_as(Arc::clone(&identity.config), |_| Reply::status(200));
    let (_file, options) = trusting(&identity.certificate);
    assert_eq!(
        Client::new(options)
            .get(&server.url("/"))
            .send()
            .unwrap()
            .status,
        200
    );

    let identity = authority::shared().issue(Leaf::SelfSignedOtherHost);
    let server = Server::https_as(Arc::clone(&identity.config), |_| Reply::status(200));
    let (_file, options) = trusting(&identity.certificate);
    let error = Client::new(options)
        .get(&server.url("/"))
        .send()
        .unwrap_err();
    assert_eq!(
        error.cause.to_string(),
        "certificate is valid for other.example.com, not localhost"
    );
}

#[test]
fn unchecked_certificates_may_be_anything() {
    for leaf in [Leaf::OtherHost, Leaf::Expired, Leaf::SelfSigned] {
        let server = server_with(leaf);
        let client = Client::new(Options {
            certificates: Certificates::Unchecked,
            ..Options::default()
        });
        assert_eq!(client.get(&server.url("/")).send().unwrap().status, 200);
    }
}

#[test]
fn plain_http_reads_no_authorities() {
    let server = Server::http(|_| Reply::status(200));
    let trust = Trust {
        file: Some("/nowhere/ca.pem".into()),
        directories: Some(vec!["/nowhere".into()]),
    };
    let client = Client::new(Options {
        trust,
        ..Options::default()
    });
    assert_eq!(client.get(&server.url("/")).send().unwrap().status, 200);
}

#[test]
fn a_client_shows_its_certificate_to_who_asks_for_it() {
    let server = Server::https_as(Arc::new(authority::exclusive_config()), |_| {
        Reply::status(200)
    });
    let error = client().get(&server.url("/")).send().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(": the server asks for a client certificate"),
        "{error}"
    );

    let own = authority::shared().issue(Leaf::Good);
    let identity = Identity {
        certificates: own.certificate.into_bytes(),
        key: Secret::new(own.key),
    };
    let known = Client::new(Options {
        identity: Some(identity),
        ..options()
    });
    assert_eq!(known.get(&server.url("/")).send().unwrap().status, 200);

    let identity = Identity {
        certificates: Vec::new(),
        key: Secret::new("no key"),
    };
    let broken = Client::new(Options {
        identity: Some(identity),
        ..options()
    });
    let error = broken.get(&server.url("/")).send().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the client's certificate can't be used: "),
        "{error}"
    );
}
