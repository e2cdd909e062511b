//! A registry's own authority and the client's certificate, from directories like `/etc/docker/certs.d`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan::secret::Secret;
use portolan::service::http::Options;
use portolan::service::registry::certificates::{CertificatesError, apply};
use portolan::service::registry::login::{TlsPolicy, verify};
use portolan::uri::RegistryUri;

use super::super::told;
use super::{password, registry, wants_basic};
use crate::support::authority;
use crate::support::authority::{Authority, Leaf};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::machine::as_ordinary_user;
use crate::support::server::Server;

/// A machine that trusts nobody yet.
fn nobody() -> Options {
    Options::default()
}

/// Directories as `certs.d`, the user's and a machine's, made below `root`.
fn directories(root: &Path) -> Vec<PathBuf> {
    ["user", "machine", "absent"]
        .map(|name| root.join(name))
        .into()
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_registrys_own_authority_is_believed_for_it() {
    let own = Authority::new("A site's own");
    let server = Server::https_as(own.issue(Leaf::Good).config, wants_basic());
    let root = tempfile::tempdir().unwrap();
    put(
        root.path(),
        &format!("machine/{}/ca.crt", server.host()),
        own.pem(),
    );
    let log_in = |options: &Options| {
        verify(
            options,
            TlsPolicy::Verify,
            &registry(&server),
            USER,
            &Secret::new(PASSWORD),
        )
        .map(|accepted| accepted.stored)
    };
    assert!(log_in(&nobody()).is_err());
    let options = apply(nobody(), &directories(root.path()), &registry(&server)).unwrap();
    assert_eq!(log_in(&options), Ok(password()));
    let other = RegistryUri::parse("docker://localhost:1").unwrap();
    assert!(
        apply(nobody(), &directories(root.path()), &other)
            .unwrap()
            .authorities
            .is_empty()
    );
}

#[test]
fn the_clients_certificate_is_shown_to_a_registry_that_asks_for_it() {
    let server = Server::https_as(Arc::new(authority::exclusive_config()), wants_basic());
    let client = authority::shared().issue(Leaf::Good);
    let root = tempfile::tempdir().unwrap();
    // What a user and a machine have for one host adds up.
    put(
        root.path(),
        &format!("machine/{}/site.crt", server.host()),
        authority::shared().pem(),
    );
    put(
        root.path(),
        &format!("user/{}/client.cert", server.host()),
        &client.certificate,
    );
    put(
        root.path(),
        &format!("user/{}/client.key", server.host()),
        &client.key,
    );
    let options = apply(nobody(), &directories(root.path()), &registry(&server)).unwrap();
    let stored = verify(
        &options,
        TlsPolicy::Verify,
        &registry(&server),
        USER,
        &Secret::new(PASSWORD),
    )
    .map(|accepted| accepted.stored);
    assert_eq!(stored, Ok(password()));
}

#[test]
fn a_directory_is_found_by_the_name_typed_and_by_the_host_that_is_asked() {
    let root = tempfile::tempdir().unwrap();
    let pem = authority::shared().pem();
    for (name, count) in [("docker.io", 1), ("registry-1.docker.io", 2)] {
        put(root.path(), &format!("machine/{name}/ca.crt"), pem);
        let hub = RegistryUri::parse("docker://docker.io").unwrap();
        assert_eq!(
            apply(nobody(), &directories(root.path()), &hub)
                .unwrap()
                .authorities
                .len(),
            count
        );
    }
    put(root.path(), "user/h.example.com/a.crt", pem);
    put(root.path(), "machine/h.example.com/b.crt", pem);
    put(root.path(), "machine/h.example.com/notes.txt", "mine");
    let typed = RegistryUri::parse("docker://H.example.com/team").unwrap();
    assert_eq!(
        apply(nobody(), &directories(root.path()), &typed)
            .unwrap()
            .authorities
            .len(),
        2
    );
}

#[test]
fn what_cannot_be_used_is_named() {
    let uri = RegistryUri::parse("docker://h").unwrap();
    let leaf = authority::shared().issue(Leaf::Good);
    let error = |files: &[(&str, &str)]| {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            put(root.path(), &format!("user/h/{name}"), text);
        }
        let error = apply(nobody(), &directories(root.path()), &uri).unwrap_err();
        told(error).replace(&root.path().display().to_string(), "$ROOT")
    };
    assert_eq!(
        error(&[("ca.crt", "no PEM")]),
        "$ROOT/user/h/ca.crt is no PEM file"
    );
    assert_eq!(
        error(&[("client.cert", &leaf.certificate)]),
        "$ROOT/user/h/client.cert has no key beside it, $ROOT/user/h/client.key"
    );
    let both = [
        (
            "client.cert",
            "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n",
        ),
        ("client.key", "x"),
    ];
    assert_eq!(error(&both), "$ROOT/user/h/client.cert is no PEM file");
}

#[test]
fn what_only_others_may_see_is_passed_over_but_a_closed_key_is_told() {
    as_ordinary_user(see_closed_files);
}

fn see_closed_files() {
    let root = tempfile::tempdir().unwrap();
    let uri = RegistryUri::parse("docker://h").unwrap();
    let leaf = authority::shared().issue(Leaf::Good);
    put(root.path(), "machine/h/client.cert", &leaf.certificate);
    put(root.path(), "machine/h/client.key", &leaf.key);
    let close = |path: &str, mode| {
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    close("machine/h/client.key", 0);
    let closed = apply(nobody(), &directories(root.path()), &uri);
    assert!(
        matches!(closed, Err(CertificatesError::Disk(_))),
        "{closed:?}"
    );
    close("machine", 0);
    let passed_over = apply(nobody(), &directories(root.path()), &uri);
    close("machine", 0o700);
    assert!(passed_over.unwrap().identity.is_none());
}
