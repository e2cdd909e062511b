//! Logins to OCI registries: proven by servers on loopback, kept in real files and by real programs.

mod certificates;
mod helper;
mod login;
mod places;
mod real;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portolan::credentials::helper::HelperEnvironment;
use portolan::credentials::{CredentialStore, StoreFiles};
use portolan::secret::{Secret, Stored};
use portolan::service::Accepted;
use portolan::service::registry::login::{LoginError, TlsPolicy, verify};
use portolan::uri::RegistryUri;

use super::options;
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

fn registry(server: &Server) -> RegistryUri {
    RegistryUri::parse(&format!("docker://{}", server.host())).unwrap()
}

/// Logs in with the user's good password.
fn log_in(server: &Server) -> Result<Stored, LoginError> {
    log_in_as(server, USER, PASSWORD)
}

fn log_in_as(server: &Server, user: &str, password: &str) -> Result<Stored, LoginError> {
    accepted_as(server, user, password).map(|accepted| accepted.stored)
}

fn accepted_as(
    server: &Server,
    user: &str,
    password: &str,
) -> Result<Accepted<Stored>, LoginError> {
    verify(
        &options(),
        TlsPolicy::Verify,
        &registry(server),
        user,
        &Secret::new(password),
    )
}

/// The login itself, when nothing else is to be stored.
fn password() -> Stored {
    Stored::Password {
        user: USER.into(),
        password: Secret::new(PASSWORD),
    }
}

/// The header that the good password makes.
fn basic() -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))
    )
}

fn has_header(asked: &Asked, header: &str) -> bool {
    asked.header("Authorization") == Some(header)
}

/// A registry that challenges with these headers and opens to `Authorization: OPENS`.
fn challenging(challenges: Vec<String>, opens: String) -> impl Fn(&Asked) -> Reply + Send + Sync {
    move |asked| match asked.path() {
        "/v2/" if has_header(asked, &opens) => Reply::json(200, "{}"),
        "/v2/" => challenges.iter().fold(
            Reply::json(401, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#)
                .with("Docker-Distribution-Api-Version", "registry/2.0"),
            |reply, challenge| reply.with("WWW-Authenticate", challenge),
        ),
        _ => Reply::status(404),
    }
}

/// A registry that wants the password itself.
fn wants_basic() -> impl Fn(&Asked) -> Reply + Send + Sync {
    challenging(vec![r#"Basic realm="test registry""#.into()], basic())
}

/// A registry whose token service is at `realm`.
fn wants_token(realm: &str) -> impl Fn(&Asked) -> Reply + Send + Sync + use<> {
    challenging(
        vec![format!(r#"Bearer realm="{realm}",service="test-service""#)],
        "Bearer access".into(),
    )
}

/// A token service that gives `tokens` for the good password.
fn gives(tokens: &'static str) -> impl Fn(&Asked) -> Reply + Send + Sync {
    move |asked| match has_header(asked, &basic()) {
        true => Reply::json(200, tokens),
        false => Reply::json(
            401,
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#,
        ),
    }
}

fn store(path: &Path) -> CredentialStore {
    CredentialStore {
        files: StoreFiles::Named(path.to_owned()),
        helpers: HelperEnvironment::default(),
    }
}

/// Stores a login in the file, or removes it there.
fn put(store: &CredentialStore, key: &str, stored: Option<&Stored>) {
    let mut open = store.open().unwrap();
    let before = open.read().unwrap();
    let mut file = before.file.clone();
    match stored {
        Some(stored) => file.set(key, stored),
        None => assert!(file.erase(key)),
    }
    assert!(open.replace(&before, &file).unwrap());
}

fn file_of(store: &CredentialStore) -> PathBuf {
    store.read().unwrap().path
}
