//! Where a password may go during a login, and where it must not.

use std::sync::{Arc, OnceLock};

use portolan::secret::{Secret, Stored};
use portolan::service::http::{Cause, Options, Proxies};
use portolan::service::registry::login::{LoginError, TlsPolicy, verify};
use portolan::uri::RegistryUri;

use super::super::options;
use super::{basic, gives, has_header, log_in, password, registry, wants_basic, wants_token};
use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

/// A login without caution.
fn insecurely(options: &Options, uri: &RegistryUri) -> Result<Stored, LoginError> {
    verify(
        options,
        TlsPolicy::AllowInsecure,
        uri,
        USER,
        &Secret::new(PASSWORD),
    )
    .map(|accepted| accepted.stored)
}

/// Whether anything of the password came along with a request.
fn has_password(asked: &Asked) -> bool {
    has_header(asked, &basic()) || String::from_utf8_lossy(&asked.body).contains("pa55")
}

#[test]
fn a_certificate_is_checked_on_this_machine_too() {
    for leaf in [Leaf::SelfSigned, Leaf::Expired, Leaf::OtherHost] {
        let server = Server::https_as(authority::shared().issue(leaf).config, wants_basic());
        let error = log_in(&server).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("Get \"{}\": certificate ", server.url("/v2/"))),
            "{error}"
        );
        assert!(server.asked().is_empty(), "neither over TLS nor without");
        assert_eq!(
            insecurely(&options(), &registry(&server)),
            Ok(password()),
            "any will do without caution"
        );
    }
    let server = Server::https_as(
        authority::shared().issue(Leaf::SelfSigned).config,
        wants_basic(),
    );
    let Err(LoginError::Request(error)) = log_in(&server) else {
        panic!("no answer")
    };
    assert_eq!(error.cause, Cause::UnknownAuthority);
}

#[test]
fn a_password_goes_to_no_token_service_by_plain_http() {
    let server = Server::https(wants_token("http://tokens.example.com:8080/token"));
    let error = log_in(&server).unwrap_err().to_string();
    assert_eq!(
        error,
        "the registry wants the password sent to \"http://tokens.example.com\", which is not https"
    );
    assert_eq!(server.log(), ["GET /v2/ [-]"]);
}

#[test]
fn a_registry_elsewhere_gets_no_password_over_http_by_a_realm_on_this_machine() {
    let service = Server::http(gives(r#"{"token":"access"}"#));
    let realm = service.url("/token");
    let server = Server::https(wants_token(&realm));
    // This is not known for an address of this machine.
    let elsewhere = RegistryUri::parse(&format!("docker://127.1:{}", server.port())).unwrap();
    let log_in = |uri, tls_policy| {
        verify(&options(), tls_policy, uri, USER, &Secret::new(PASSWORD)).map(|_| ())
    };
    let refused = log_in(&elsewhere, TlsPolicy::Verify);
    assert_eq!(
        refused,
        Err(LoginError::PlainRealm("http://localhost".into()))
    );
    assert_eq!(service.connections(), 0);
    assert_eq!(log_in(&elsewhere, TlsPolicy::AllowInsecure), Ok(()));
    assert_eq!(log_in(&registry(&server), TlsPolicy::Verify), Ok(()));
}

#[test]
fn without_caution_plain_http_goes_anywhere() {
    // A proxy stands for the other hosts.
    let proxy = Server::http(
        |asked| match asked.target.split('?').next().unwrap_or_default() {
            "http://registry.example.com/v2/" => {
                wants_token("http://tokens.example.com/token")(&here(asked, "/v2/"))
            }
            "http://tokens.example.com/token" => gives(r#"{"token":"access"}"#)(asked),
            _ => Reply::Close,
        },
    );
    let proxies = Proxies::new(Some(&proxy.url("/")), Some(&proxy.url("/")), None);
    let uri = RegistryUri::parse("oras://registry.example.com").unwrap();
    let behind = Options {
        proxies,
        ..options()
    };
    assert_eq!(insecurely(&behind, &uri), Ok(password()));

    let before = proxy.asked().len();
    assert!(
        verify(
            &behind,
            TlsPolicy::Verify,
            &uri,
            USER,
            &Secret::new(PASSWORD)
        )
        .is_err()
    );
    let later = &proxy.asked()[before..];
    assert!(
        later.iter().all(|asked| asked.method == "CONNECT"),
        "only TLS is tried: {later:?}"
    );
}

/// A request as it comes without a proxy.
fn here(asked: &Asked, target: &str) -> Asked {
    Asked {
        target: target.to_owned(),
        ..asked.clone()
    }
}

#[test]
fn a_registry_that_sends_on_to_another_server_is_not_logged_in_to() {
    let other = Server::https(wants_basic());
    let to = other.url("/v2/");
    let server = Server::https(move |_| Reply::redirect(&to));
    let error = log_in(&server).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "the registry sent the request on to {}, whose answer verifies nothing",
            other.url("")
        )
    );
    assert!(!other.asked().iter().any(has_password));
}

#[test]
fn a_page_of_the_registry_that_another_server_chose_verifies_nothing() {
    let back = Arc::new(OnceLock::<String>::new());
    let to_back = Arc::clone(&back);
    let other = Server::https(move |_| Reply::redirect(to_back.get().unwrap()));
    let to = other.url("/");
    let server = Server::https(
        move |asked| match (asked.path(), asked.header("Authorization")) {
            ("/v2/", None) => wants_basic()(asked),
            ("/v2/", Some(_)) => Reply::redirect(&to),
            _ => Reply::json(200, "{}"),
        },
    );
    back.set(server.url("/public")).unwrap();
    let error = log_in(&server).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "the registry sent the request on to {}, whose answer verifies nothing",
            other.url("")
        )
    );
    assert_eq!(server.log().last().unwrap(), "GET /public [-]");
}

#[test]
fn a_password_does_not_follow_a_token_service_to_another_server() {
    let other = Server::https(|_| Reply::json(200, r#"{"token":"access"}"#));
    for status in [302, 307] {
        let to = other.url("/token");
        let service = Server::https(move |_| Reply::status(status).with("Location", &to));
        let server = Server::https(wants_token(&service.url("/token")));
        assert!(matches!(log_in(&server), Err(LoginError::Elsewhere(_))));

        let to = other.url("/token");
        let service = Server::https(move |asked| match asked.method.as_str() {
            "POST" => Reply::status(status).with("Location", &to),
            _ => Reply::status(405),
        });
        let server = Server::https(wants_token(&service.url("/token")));
        let error = log_in(&server).unwrap_err().to_string();
        assert!(
            error.contains("received unexpected HTTP status: 30"),
            "{error}"
        );
    }
    assert_eq!(other.asked().len(), 2);
    assert!(!other.asked().iter().any(has_password));
}

#[test]
fn a_redirect_on_the_same_server_is_followed() {
    let behave = wants_basic();
    let server = Server::https(move |asked| match asked.path() {
        "/v2/" => Reply::redirect("/registry/v2/"),
        "/registry/v2/" => behave(&here(asked, "/v2/")),
        _ => Reply::status(404),
    });
    assert_eq!(log_in(&server), Ok(password()));
}

#[test]
fn a_user_in_a_realms_address_is_left_out() {
    let service = Server::https(gives(r#"{"token":"access"}"#));
    let server = Server::https(wants_token(
        &service
            .url("/token")
            .replace("https://", "https://eve:evil@"),
    ));
    assert_eq!(log_in(&server), Ok(password()));
    assert!(has_header(&service.asked()[0], &basic()));
}

#[test]
fn a_realm_that_is_no_address_is_told() {
    for realm in ["", "ftp://h/token", "https://"] {
        let server = Server::https(wants_token(realm));
        let error = log_in(&server).unwrap_err().to_string();
        assert!(
            error.contains("does not say where its token service is")
                || error.contains("not https"),
            "{error}"
        );
        assert!(!server.asked().iter().any(has_password));
    }
}
