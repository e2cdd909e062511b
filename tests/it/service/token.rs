//! Tokens, and where they may go.

use portolan::secret::Secret;
use portolan::service::discovery::Discovery;
use portolan::service::http::Client;
use portolan::service::token::TokenError;
use portolan::service::user::UserError;
use portolan::service::{Transport, token, user};

use super::{client, discover, endpoint, told};
use crate::support::endpoint as world;
use crate::support::endpoint::{DISCOVERY, REGISTRY_SECRET, good};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

/// Logs in to the endpoint at `path` of a server: discovery, then the token's check.
fn verify(
    client: &Client,
    server: &Server,
    path: &str,
    transport: Transport,
    token: &str,
) -> Result<(), TokenError> {
    let endpoint = endpoint(&(server.host() + path), transport);
    let discovery: Discovery = discover(client, &endpoint).unwrap();
    token::verify(client, &endpoint, &discovery, &Secret::new(token))
}

/// An endpoint whose token service is at another place.
fn elsewhere(token_service: String) -> impl Fn(&Asked) -> Reply {
    move |asked| match asked.path() {
        DISCOVERY => Reply::json(
            200,
            &format!(
                r#"{{"tokenAPI":{{"uri":"{token_service}"}},"libraryAPI":{{"uri":"{token_service}"}}}}"#
            ),
        ),
        _ => world::endpoint(asked),
    }
}

#[test]
fn a_login_is_a_discovery_and_a_check_on_one_connection() {
    let server = Server::https(world::endpoint);
    assert_eq!(
        verify(&client(), &server, "/path", Transport::Https, &good()),
        Ok(())
    );
    let wanted = [
        format!("GET /path{DISCOVERY} [-]"),
        format!("GET /token/v1/token-status [Bearer {}]", good()),
    ];
    assert_eq!(server.log(), wanted);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_token_that_is_not_good_is_refused_in_the_references_words() {
    let server = Server::https(world::endpoint);
    let cases = [
        ("nope", "Invalid Credentials", true),
        ("boom", "Internal Server Error", false),
        ("unau", "Unknown", true),
        ("teap", "Unknown", false),
    ];
    for (kind, words, is_invalid) in cases {
        let error = verify(
            &client(),
            &server,
            "",
            Transport::Https,
            &world::token(kind),
        )
        .unwrap_err();
        assert_eq!(error.is_invalid(), is_invalid, "{kind}");
        assert_eq!(told(error), format!("error response from server: {words}"));
    }
}

#[test]
fn what_stops_a_check_is_told() {
    let server = Server::https(world::endpoint);
    let error = verify(&client(), &server, "/notoken", Transport::Https, &good()).unwrap_err();
    assert_eq!(told(error), "no authentication service found");

    let error = verify(&client(), &server, "/down", Transport::Https, &good()).unwrap_err();
    let wanted = "error making request to server: Get \"https://localhost:1/v1/token-status\": connection refused";
    assert_eq!(told(error), wanted);

    let error = verify(&client(), &server, "", Transport::Https, "token\r").unwrap_err();
    let wanted = format!(
        "error making request to server: Get \"{}\": net/http: invalid header field value for \"Authorization\"",
        server.url("/token/v1/token-status")
    );
    assert_eq!(told(error), wanted);
}

#[test]
fn a_token_service_on_plain_http_gets_a_token_of_an_insecure_remote_only() {
    let plain = Server::http(world::endpoint);
    let secure = Server::https(elsewhere(
        plain.url("/token").replace("//", "//ian:pa55word@"),
    ));
    let error = verify(&client(), &secure, "", Transport::Https, &good()).unwrap_err();
    let wanted = format!(
        "no token is sent to \"{}\": it is not on https, and the remote is not an insecure one",
        plain.url("/token/v1/token-status")
    );
    assert_eq!(told(error), wanted);
    assert_eq!(plain.connections(), 0);

    assert_eq!(
        verify(&client(), &plain, "", Transport::Http, &good()),
        Ok(())
    );
}

#[test]
fn a_token_follows_no_redirect_to_another_host_and_its_answer_proves_nothing() {
    let stranger = Server::https(|_| Reply::json(200, r#"{"data":{"status":"ok"}}"#));
    let target = stranger.url("/yes");
    let service = Server::https(move |_| Reply::redirect(&target));
    let home = Server::https(elsewhere(service.url("")));
    let error = verify(&client(), &home, "", Transport::Https, &good()).unwrap_err();
    let wanted = format!(
        "the service sent the request on to {}, whose answer verifies nothing",
        stranger.url("")
    );
    assert_eq!(told(error), wanted);
    assert_eq!(stranger.log(), ["GET /yes [-]"]);
}

#[test]
fn a_library_knows_whose_token_it_is() {
    let server = Server::https(world::endpoint);
    let endpoint = endpoint(&server.host(), Transport::Https);
    let current = |token: &str| {
        user::current(
            &client(),
            &endpoint,
            &server.url("/library"),
            &Secret::new(token),
        )
    };
    let user = current(&good()).unwrap();
    assert_eq!(
        (user.name.as_str(), user.email.as_str()),
        ("ian", "ian@example.com")
    );
    assert_eq!(
        user.registry_password().map(Secret::expose),
        Ok(REGISTRY_SECRET)
    );
    assert_eq!(current("bad"), Err(UserError::NotLoggedIn));
    assert!(!format!("{user:?}").contains(REGISTRY_SECRET));
}

#[test]
fn a_library_that_does_not_know_is_told_in_the_references_words() {
    let cases = [
        (401, "must be logged in to retrieve user data"),
        (404, "user endpoint not found"),
        (503, "status is not ok: 503"),
    ];
    for (status, words) in cases {
        let server = Server::https(move |_| Reply::status(status));
        let endpoint = endpoint(&server.host(), Transport::Https);
        let error =
            user::current(&client(), &endpoint, &server.url(""), &Secret::new("t")).unwrap_err();
        assert_eq!(told(error), words);
    }
}

#[test]
fn a_library_gets_a_token_by_the_same_rules() {
    let plain = Server::http(world::endpoint);
    let home = endpoint("localhost:1", Transport::Https);
    let error = user::current(
        &client(),
        &home,
        &plain.url("/library"),
        &Secret::new(good()),
    )
    .unwrap_err();
    assert!(matches!(error, UserError::Withheld(_)), "{error}");
    assert_eq!(plain.connections(), 0);

    let stranger = Server::https(world::endpoint);
    let target = stranger.url("/library/v1/rbac/users/current");
    let library = Server::https(move |_| Reply::redirect(&target));
    let error =
        user::current(&client(), &home, &library.url(""), &Secret::new(good())).unwrap_err();
    assert!(matches!(error, UserError::Elsewhere(_)), "{error}");
    assert!(stranger.log()[0].ends_with("[-]"));
}
