//! Logins to keyservers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::secret::Secret;
use portolan::service::http::{Authorization, Certificates, Client, Options, Proxies};
use portolan::service::keyserver;

use super::{options, told};
use crate::support::authority::{Authority, Leaf};
use crate::support::endpoint as world;
use crate::support::endpoint::{PASSWORD, USER, good};
use crate::support::reply::Reply;
use crate::support::server::Server;

const BASIC: &str = "Basic aWFuOnBhNTU6d29yZC/DqQ==";

fn basic(password: &str) -> Authorization {
    Authorization::Basic {
        user: USER.into(),
        password: Secret::new(password),
    }
}

fn login(uri: &str, credential: &Authorization) -> Result<String, String> {
    let client = Client::new(keyserver::options(options(), Certificates::Checked));
    keyserver::login(&client, uri, credential)
        .map(|accepted| accepted.stored.expose().to_owned())
        .map_err(told)
}

#[test]
fn a_good_credential_becomes_the_header_that_is_stored() {
    let server = Server::https(world::keyserver);
    let bearer = format!("Bearer {}", good());
    assert_eq!(
        login(&server.url(""), &basic(PASSWORD)).as_deref(),
        Ok(BASIC)
    );
    assert_eq!(
        login(
            &server.url("/keys/x?y=1"),
            &Authorization::Bearer(Secret::new(good()))
        )
        .as_ref(),
        Ok(&bearer)
    );
    assert_eq!(
        server.log(),
        [
            format!("GET / [{BASIC}]"),
            "GET / [-]".to_owned(),
            format!("GET /keys/x?y=1 [{bearer}]"),
            "GET /keys/x?y=1 [-]".to_owned(),
        ]
    );
}

#[test]
fn a_bad_credential_is_refused() {
    let server = Server::https(world::keyserver);
    let refused = Err("error response from server: 401 Unauthorized".to_owned());
    assert_eq!(login(&server.url(""), &basic("wrong")), refused);
    assert_eq!(
        login(
            &server.url(""),
            &Authorization::Bearer(Secret::new("wrong"))
        ),
        refused
    );
    assert_eq!(server.asked().len(), 2, "no look-up follows a clear answer");
}

#[test]
fn an_open_keyserver_takes_anything() {
    let server = Server::https(world::keyserver);
    assert!(login(&server.url("/open"), &basic("anything")).is_ok());
}

#[test]
fn hkp_is_reached_over_http() {
    let server = Server::http(world::keyserver);
    assert_eq!(
        login(&format!("hkp://{}", server.host()), &basic(PASSWORD)).as_deref(),
        Ok(BASIC)
    );
    let server = Server::https(world::keyserver);
    assert_eq!(
        login(&format!("hkps://{}", server.host()), &basic(PASSWORD)).as_deref(),
        Ok(BASIC)
    );
}

#[test]
fn a_keyserver_with_nothing_at_its_address_is_looked_up_in() {
    let server = Server::https(world::keyserver);
    let lookup = format!("GET /lookup-only/pks/lookup?op=stats [{BASIC}]");
    assert_eq!(
        login(&server.url("/lookup-only"), &basic(PASSWORD)).as_deref(),
        Ok(BASIC)
    );
    assert_eq!(
        server.log(),
        [
            format!("GET /lookup-only [{BASIC}]"),
            lookup,
            "GET /lookup-only/pks/lookup?op=stats [-]".to_owned()
        ]
    );

    let refused = "error response from server: 401 Unauthorized";
    assert_eq!(
        login(&server.url("/lookup-only"), &basic("wrong")).unwrap_err(),
        refused
    );
    let nothing = "error response from server: 405 Method Not Allowed";
    assert_eq!(
        login(&server.url("/lookup-only/nothing"), &basic(PASSWORD)).unwrap_err(),
        nothing
    );
}

#[test]
fn other_failures_are_told_without_a_look_up() {
    for (status, words) in [
        (500, "500 Internal Server Error"),
        (403, "403 Forbidden"),
        (204, "204 No Content"),
        (799, "799"),
    ] {
        let server = Server::https(move |_| Reply::status(status));
        let error = login(&server.url(""), &basic(PASSWORD)).unwrap_err();
        assert_eq!(error, format!("error response from server: {words}"));
        assert_eq!(server.asked().len(), 1);
    }
    let error = login("https://localhost:1", &basic(PASSWORD)).unwrap_err();
    assert_eq!(
        error,
        "error making request to server: Get \"https://localhost:1/\": connection refused"
    );
}

#[test]
fn a_redirect_to_another_host_proves_nothing() {
    let stranger = Server::https(|_| Reply::status(200));
    let target = stranger.url("/");
    let server = Server::https(move |_| Reply::redirect(&target));
    let error = login(&server.url(""), &basic(PASSWORD)).unwrap_err();
    assert!(error.ends_with("whose answer verifies nothing"), "{error}");
    assert_eq!(stranger.log(), ["GET / [-]"]);
}

#[test]
fn an_insecure_keyserver_may_show_any_certificate_and_is_asked_without_a_proxy() {
    let stranger = Authority::new("A stranger").issue(Leaf::OtherHost);
    let server = Server::https_as(Arc::clone(&stranger.config), world::keyserver);
    let proxies = Proxies::new(Some("http://localhost:1"), Some("http://localhost:1"), None);
    let with_proxy = Options {
        proxies,
        ..Options::default()
    };

    let unchecked = keyserver::options(with_proxy.clone(), Certificates::Unchecked);
    assert!(
        format!("{:?}", unchecked.proxies).contains("https: false"),
        "{:?}",
        unchecked.proxies
    );
    let client = Client::new(unchecked);
    assert!(keyserver::login(&client, &server.url(""), &basic(PASSWORD)).is_ok());

    let checked = Client::new(keyserver::options(with_proxy, Certificates::Checked));
    assert!(keyserver::login(&checked, &server.url(""), &basic(PASSWORD)).is_err());
    let error =
        told(keyserver::login(&checked, "http://keys.invalid", &basic(PASSWORD)).unwrap_err());
    assert!(
        error.contains("through the proxy http://localhost:1: "),
        "{error}"
    );
}

#[test]
fn a_keyserver_that_does_not_answer_is_given_up() {
    assert_eq!(
        keyserver::options(options(), Certificates::Checked).limit,
        Duration::from_secs(5)
    );
    let server = Server::https(|_| Reply::Silence);
    let limit = Duration::from_millis(300);
    let client = Client::new(keyserver::options(
        Options { limit, ..options() },
        Certificates::Checked,
    ));
    let begun = Instant::now();
    let error = told(keyserver::login(&client, &server.url(""), &basic(PASSWORD)).unwrap_err());
    assert!(error.ends_with(": timed out after 300 ms"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
