//! What a registry is asked and told during a login, and what its answers amount to.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use portolan::secret::{Secret, Stored};
use portolan::service::http::Options;
use portolan::service::registry::login::{LoginError, TlsPolicy, verify};
use portolan::uri::RegistryUri;

use super::super::options;
use super::{
    accepted_as, basic, challenging, gives, has_header, log_in, log_in_as, password, registry,
    wants_basic, wants_token,
};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::Reply;
use crate::support::server::Server;

const TOKEN: &str = r#"{"token":"access","expires_in":300}"#;
const REFRESH: &str = r#"{"token":"access","refresh_token":"refresh"}"#;
const REQUEST: &str = "/token?account=ian&client_id=docker&offline_token=true&service=test-service";

#[test]
fn a_password_is_shown_when_the_registry_asks_for_it() {
    let server = Server::https(wants_basic());
    assert_eq!(log_in(&server), Ok(password()));
    assert_eq!(
        server.log(),
        ["GET /v2/ [-]".to_owned(), format!("GET /v2/ [{}]", basic())]
    );

    let error = log_in_as(&server, USER, "wrong").unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "login attempt to {} failed with status: 401 Unauthorized",
            server.url("/v2/")
        )
    );
}

#[test]
fn a_token_is_asked_for_as_dockers_clients_do() {
    let service = Server::https(gives(TOKEN));
    let server = Server::https(wants_token(&service.url("/token")));
    assert_eq!(log_in(&server), Ok(password()));
    assert_eq!(server.log(), ["GET /v2/ [-]", "GET /v2/ [Bearer access]"]);
    assert_eq!(service.log(), [format!("GET {REQUEST} [{}]", basic())]);

    let error = log_in_as(&server, USER, "wrong").unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "Get \"{}\": unauthorized: incorrect username or password",
            server.url("/v2/")
        )
    );
}

#[test]
fn the_token_services_own_query_stays() {
    let service = Server::https(gives(TOKEN));
    let server = Server::https(wants_token(&service.url("/token?tenant=x&account=other")));
    assert_eq!(log_in(&server), Ok(password()));
    assert_eq!(
        service.asked()[0].target,
        "/token?account=other&account=ian&client_id=docker&offline_token=true&service=test-service&tenant=x"
    );
}

#[test]
fn a_token_service_that_speaks_only_oauth_2_is_posted_to() {
    for status in [404, 405] {
        let service = Server::https(move |asked| match asked.method.as_str() {
            "POST" => Reply::json(
                200,
                r#"{"access_token":"access","refresh_token":"refresh"}"#,
            ),
            _ => Reply::status(status),
        });
        let server = Server::https(wants_token(&service.url("/token")));
        let token = Stored::IdentityToken {
            user: USER.into(),
            token: Secret::new("refresh"),
        };
        assert_eq!(log_in(&server), Ok(token));
        let [got, posted] = &service.asked()[..] else {
            panic!("two requests")
        };
        assert_eq!((got.method.as_str(), got.target.as_str()), ("GET", REQUEST));
        assert_eq!(
            (posted.method.as_str(), posted.target.as_str()),
            ("POST", "/token")
        );
        assert_eq!(posted.header("Authorization"), None);
        assert_eq!(
            posted.header("Content-Type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(
            String::from_utf8_lossy(&posted.body),
            "access_type=offline&client_id=docker&grant_type=password&password=pa55%3Aword%2F%C3%A9&\
             service=test-service&username=ian"
        );
    }
    let service = Server::https(|asked| match asked.method.as_str() {
        "POST" => Reply::json(
            400,
            r#"{"error":"invalid_grant","error_description":"no such user"}"#,
        ),
        _ => Reply::status(405),
    });
    let server = Server::https(wants_token(&service.url("/token")));
    let error = log_in(&server).unwrap_err().to_string();
    assert!(error.ends_with(": invalid grant: no such user"), "{error}");
}

#[test]
fn a_refresh_token_is_kept_in_the_passwords_place() {
    let service = Server::https(gives(
        r#"{"access_token":"access","token":"other","refresh_token":"refresh"}"#,
    ));
    let server = Server::https(wants_token(&service.url("/token")));
    let token = Stored::IdentityToken {
        user: USER.into(),
        token: Secret::new("refresh"),
    };
    assert_eq!(log_in(&server), Ok(token));
    let service = Server::https(gives(
        r#"{"access_token":"","token":"access","refresh_token":""}"#,
    ));
    let server = Server::https(wants_token(&service.url("/token")));
    assert_eq!(log_in(&server), Ok(password()));
}

#[test]
fn a_registry_that_does_not_ask_is_shown_the_password_all_the_same() {
    let server = Server::https(|_| Reply::json(200, "{}"));
    let accepted = accepted_as(&server, USER, PASSWORD).unwrap();
    assert_eq!((accepted.stored, accepted.is_open), (password(), true));
    assert_eq!(
        server.log(),
        ["GET /v2/ [-]".to_owned(), format!("GET /v2/ [{}]", basic())]
    );

    for status in [401, 403] {
        let server = Server::https(move |asked| match asked.header("Authorization") {
            Some(header) if header != basic() => Reply::status(status),
            _ => Reply::json(200, "{}"),
        });
        assert!(accepted_as(&server, USER, "wrong").is_err(), "{status}");
        assert!(accepted_as(&server, USER, PASSWORD).unwrap().is_open);
    }
}

#[test]
fn an_answer_200_with_a_challenge_is_that_challenge() {
    let service = Server::https(gives(TOKEN));
    let realm = service.url("/token");
    let server = Server::https(move |asked| match has_header(asked, "Bearer access") {
        true => Reply::json(200, "{}"),
        false => {
            Reply::json(200, "{}").with("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""))
        }
    });
    assert!(!accepted_as(&server, USER, PASSWORD).unwrap().is_open);
    assert!(accepted_as(&server, USER, "wrong").is_err());
}

#[test]
fn a_registry_that_takes_no_token_without_a_scope_gets_the_password() {
    let service = Server::https(gives(REFRESH));
    let realm = service.url("/token");
    let server = Server::https(move |asked| match asked.header("Authorization") {
        Some(header) if header == basic() => Reply::json(200, "{}"),
        Some(_) => Reply::status(401).with("WWW-Authenticate", "Basic realm=\"r\""),
        None => Reply::status(401).with("WWW-Authenticate", &format!("Bearer realm=\"{realm}\"")),
    });
    assert_eq!(log_in(&server), Ok(password()), "not the refresh token");
}

#[test]
fn a_registry_whose_token_service_does_not_answer_gets_the_password_if_it_asks_for_it() {
    let gone = "Bearer realm=\"https://localhost:1/token\"".to_owned();
    let out_of_order = Server::https(|_| Reply::status(503));
    let failing = format!("Bearer realm=\"{}\"", out_of_order.url("/token"));
    for bearer in [gone, failing] {
        let both = vec![bearer.clone(), "Basic realm=\"r\"".to_owned()];
        let server = Server::https(challenging(both, basic()));
        assert_eq!(log_in(&server), Ok(password()), "{bearer}");
        let alone = Server::https(challenging(vec![bearer], basic()));
        assert!(log_in(&alone).is_err());
        assert!(!alone.log().join(" ").contains(&basic()));
    }

    // A refusal is no silence: the password is not tried a second time.
    let refusing = Server::https(|_| Reply::status(401));
    let both = vec![
        format!("Bearer realm=\"{}\"", refusing.url("/token")),
        "Basic realm=\"r\"".to_owned(),
    ];
    let server = Server::https(challenging(both, basic()));
    assert!(log_in(&server).is_err());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_realm_may_be_relative_or_in_single_quotes() {
    for realm in ["\"/token\"", "'/token'", "'../token'", "token"] {
        let challenge = format!("Bearer realm={realm},service='s'");
        let server = Server::https(move |asked| match asked.path() {
            "/token" | "/v2/token" => gives(TOKEN)(asked),
            _ => challenging(vec![challenge.clone()], "Bearer access".into())(asked),
        });
        assert_eq!(log_in(&server), Ok(password()), "{realm}");
        let token = &server.asked()[1];
        assert!(token.target.ends_with("service=s"), "{}", token.target);
    }
}

#[test]
fn a_registry_says_itself_why_it_refuses() {
    let said = r#"{"errors":[{"code":"DENIED","message":"locked for 30 minutes"}]}"#;
    let cases = [
        Server::https(move |_| Reply::json(403, said)),
        Server::https(move |asked| match asked.header("Authorization") {
            Some(_) => Reply::json(401, said),
            None => Reply::status(401).with("WWW-Authenticate", "Basic"),
        }),
        Server::https(move |asked| match asked.header("Authorization") {
            Some(_) => Reply::json(503, said),
            None => Reply::status(200),
        }),
    ];
    for server in cases {
        let error = log_in(&server).unwrap_err();
        let LoginError::Refused { said, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(said.unwrap().to_string(), "denied: locked for 30 minutes");
    }
}

#[test]
fn of_several_challenges_the_one_that_is_known_counts() {
    let service = Server::https(gives(TOKEN));
    let bearer = format!(
        r#"Bearer realm="{}",service="test-service""#,
        service.url("/token")
    );
    let basic_one = r#"Basic realm="a, \"b\"", charset="UTF-8""#;
    let cases = [
        (vec![format!("Negotiate, {basic_one}")], basic()),
        (vec!["NTLM TlRM==".into(), basic_one.into()], basic()),
        (
            vec![basic_one.to_owned(), bearer.clone()],
            "Bearer access".to_owned(),
        ),
        (
            vec![format!("{basic_one}, {bearer}")],
            "Bearer access".to_owned(),
        ),
        (vec![format!("Bearer service=x, {basic_one}")], basic()),
        (vec!["basic realm=\"R\u{e9}gistry\"".to_owned()], basic()),
    ];
    for (challenges, opens) in cases {
        let server = Server::https(challenging(challenges.clone(), opens));
        assert_eq!(log_in(&server), Ok(password()), "{challenges:?}");
    }
}

#[test]
fn a_challenge_that_nobody_knows_is_a_refusal_and_the_error_names_it() {
    let cases = [
        (
            vec!["Negotiate".to_owned(), "Digest realm=x".to_owned()],
            "negotiate, digest",
        ),
        (vec![], "nothing"),
    ];
    for (challenges, names) in cases {
        let server = Server::https(challenging(challenges, String::new()));
        let error = log_in(&server).unwrap_err();
        let refusal = format!(
            "login attempt to {} failed with status: 401 Unauthorized",
            server.url("/v2/")
        );
        assert_eq!(error.to_string(), refusal);
        assert!(
            matches!(&error, LoginError::Schemes { schemes, .. } if schemes == names),
            "{error:?}"
        );
    }
}

#[test]
fn what_is_no_registry_is_told_by_its_status() {
    for (status, words) in [
        (404, "404 Not Found"),
        (403, "403 Forbidden"),
        (503, "503 Service Unavailable"),
    ] {
        let server = Server::https(move |_| Reply::status(status));
        let error = log_in(&server).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "login attempt to {} failed with status: {words}",
                server.url("/v2/")
            )
        );
    }
}

#[test]
fn what_a_token_service_may_answer_in_place_of_a_token_is_told() {
    let cases = [
        (
            Reply::json(200, "{}"),
            "authorization server did not include a token in the response",
        ),
        (
            Reply::json(200, "[]"),
            "unable to decode token response: no tokens in JSON at line 1, column 2",
        ),
        (
            Reply::json(200, "<html>"),
            "unable to decode token response: no tokens in JSON at line 1, column 1",
        ),
        (
            Reply::json(200, r#"{"token":"secret","access_token":5}"#),
            "unable to decode token response: no tokens in JSON at line 1, column 34",
        ),
        (Reply::status(401), "unauthorized: authentication required"),
        (
            Reply::status(403),
            "denied: requested access to the resource is denied",
        ),
        (
            Reply::status(500),
            "received unexpected HTTP status: 500 Internal Server Error",
        ),
        (
            Reply::json(401, r#"{"details":"pa55:word/é is not my password"}"#),
            "unauthorized: authentication required",
        ),
    ];
    for (reply, words) in cases {
        let service = Server::https(move |_| reply.clone());
        let server = Server::https(wants_token(&service.url("/token")));
        let error = log_in(&server).unwrap_err().to_string();
        assert_eq!(error, format!("Get \"{}\": {words}", server.url("/v2/")));
        assert_eq!(service.asked().len(), 1, "a password is tried once");
    }
}

#[test]
fn a_token_that_the_registry_does_not_take_is_no_login() {
    let service = Server::https(gives(r#"{"token":"another"}"#));
    let server = Server::https(wants_token(&service.url("/token")));
    let error = log_in(&server).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "login attempt to {} failed with status: 401 Unauthorized",
            server.url("/v2/")
        )
    );
}

#[test]
fn a_registry_on_this_machine_may_speak_plain_http() {
    let service = Server::http(gives(TOKEN));
    let server = Server::http(wants_token(&service.url("/token")));
    assert_eq!(log_in(&server), Ok(password()));
    let error = log_in_as(&server, USER, "wrong").unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "Get \"http://{}/v2/\": unauthorized: incorrect username or password",
            server.host()
        )
    );
}

#[test]
fn a_registry_that_never_answers_to_tls_may_still_speak_http() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (_tls, _) = silent.accept().unwrap();
        let (mut plain, _) = silent.accept().unwrap();
        // Without a password, and with it.
        for _ in 0..2 {
            let mut asked = [0; 1024];
            let _ = plain.read(&mut asked);
            let _ = std::io::Write::write_all(
                &mut plain,
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            );
        }
    });
    let uri = RegistryUri::parse(&format!("docker://127.0.0.1:{port}")).unwrap();
    let limit = Duration::from_millis(300);
    let hasty = Options {
        connect_limit: limit,
        ..options()
    };
    assert_eq!(
        verify(&hasty, TlsPolicy::Verify, &uri, USER, &Secret::new("x")).map(|_| ()),
        Ok(())
    );
}

#[test]
fn a_token_service_that_is_down_says_nothing_of_the_registry() {
    let server = Server::https(wants_token("https://localhost:1/token"));
    let error = log_in(&server).unwrap_err().to_string();
    assert!(
        error.starts_with("Get \"https://localhost:1/token?"),
        "{error}"
    );
    assert!(error.ends_with(": connection refused"), "{error}");
    assert_eq!(server.log(), ["GET /v2/ [-]"]);
}

#[test]
fn when_neither_https_nor_http_answers_the_last_error_is_told() {
    let uri = RegistryUri::parse("docker://127.0.0.1:1").unwrap();
    let error = verify(&options(), TlsPolicy::Verify, &uri, USER, &Secret::new("x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Get \"http://127.0.0.1:1/v2/\": connection refused"
    );
}

#[test]
fn a_user_name_is_never_taken_for_another_one() {
    let server = Server::https(wants_basic());
    assert_eq!(
        log_in_as(&server, "ian:pa55", "word/é"),
        Err(LoginError::User)
    );
    assert!(server.asked().is_empty());
    assert_eq!(
        registry(&server).to_string(),
        format!("docker://{}", server.host())
    );
}
