//! Servers that must not have the token, or whose word counts for nothing.

use std::time::{Duration, Instant};

use snapbox::{Data, IntoData as _, assert_data_eq, str};

use crate::support::authority::{Authority, Leaf};
use crate::support::cloud::{TOKEN_STATUS, discovering, file, output, plain, remotes};
use crate::support::endpoint::{DISCOVERY, endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::World;
use crate::support::{authority, cloud};

/// A login to `server` as `-d` shows it must fail: shows no token and stores none. Gives back what is said without `-d`.
fn refused(server: &Server, path: &str) -> String {
    let world = cloud::world();
    world.write_user(remotes(&[("e", &format!("{}{path}", server.host()), "")]));
    refused_in(&world)
}

fn refused_in(world: &World) -> String {
    let before = world.file(&world.user_file());
    let path = file(world, "good", good());
    let words = ["remote", "login", "--tokenfile", path.to_str().unwrap()];
    let run = world.run(&words);
    let loud = world.run(&[&["-d"], &words[..]].concat());
    for run in [&run, &loud] {
        assert_eq!(run.code, Some(255), "{run}");
        assert!(
            !output(run).contains("goodgood") && !output(run).contains("eyJhbGci"),
            "{run}"
        );
    }
    assert_eq!(world.file(&world.user_file()), before);
    run.to_string()
}

fn assert_no_token_came(server: &Server) {
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none()),
        "{:#?}",
        server.log()
    );
}

#[test]
fn a_token_service_on_plain_http_gets_no_token() {
    let service = Server::http(endpoint);
    let uri = service.url("/token");
    let server = discovering(move |_| format!(r#"{{"tokenAPI":{{"uri":"{uri}"}}}}"#));
    assert_data_eq!(plain(&refused(&server, ""), &[&server, &service]), str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: no token is sent to "http://localhost:PORT2/token/v1/token-status": it is not on https, and the remote is not an insecure one
[exit status: 255]

"#]].raw());
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_token_service_elsewhere_gets_the_token_when_the_endpoint_names_it() {
    let service = Server::https(endpoint);
    let uri = service.url("/token");
    let server = discovering(move |_| format!(r#"{{"tokenAPI":{{"uri":"{uri}"}}}}"#));
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), "")]));
    file(&world, "good", good());
    let said = world.session(&["remote login --tokenfile $HOME/good"]);
    assert!(said.contains("Access Token Verified!"), "{said}");
    assert_no_token_came(&server);
    assert_eq!(
        service.log(),
        [format!("GET {TOKEN_STATUS} [Bearer {}]", good())]
    );
}

#[test]
fn an_endpoint_may_send_on_to_where_its_document_is() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[(
        "e",
        &format!("{}/redirect", server.host()),
        "",
    )]));
    file(&world, "good", good());
    let said = world.session(&["remote login --tokenfile $HOME/good"]);
    assert!(said.contains("Access Token Verified!"), "{said}");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn an_endpoint_that_sends_on_to_plain_http_is_not_followed() {
    let plain_server = Server::http(endpoint);
    let target = plain_server.url(DISCOVERY);
    let server = Server::https(move |_| Reply::redirect(&target));
    assert_data_eq!(plain(&refused(&server, ""), &[&server, &plain_server]), str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": redirected from https to http
[exit status: 255]

"#]].raw());
    assert_eq!(plain_server.connections(), 0);
    assert_no_token_came(&server);
}

#[test]
fn an_answer_of_another_host_verifies_nothing_and_the_host_gets_no_token() {
    let stranger = Server::https(|_| Reply::json(200, r#"{"data":{"status":"ok"}}"#));
    let target = stranger.url(TOKEN_STATUS);
    let server = Server::https(move |asked| {
        if asked.path() == TOKEN_STATUS {
            Reply::redirect(&target)
        } else {
            endpoint(asked)
        }
    });
    assert_data_eq!(plain(&refused(&server, ""), &[&server, &stranger]), str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: the service sent the request on to https://localhost:PORT2, whose answer verifies nothing
[exit status: 255]

"#]].raw());
    assert_no_token_came(&stranger);
}

#[test]
fn an_endpoint_that_names_no_token_service_or_nothing_at_all_is_told() {
    let server = Server::https(endpoint);
    let cases: [(&str, Data); 6] = [
        ("/notoken", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: no authentication service found
[exit status: 255]

"#]].raw()),
        ("/badjson", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: jsonresp: failed to unmarshal response: key must be a string at line 1 column 2 (from https://localhost:PORT1/badjson/assets/config/config.prod.json)
[exit status: 255]

"#]].raw()),
        ("/empty", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: jsonresp: failed to unmarshal response: EOF while parsing a value at line 1 column 0 (from https://localhost:PORT1/empty/assets/config/config.prod.json)
[exit status: 255]

"#]].raw()),
        ("/err500", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: 500 Internal Server Error for https://localhost:PORT1/err500/assets/config/config.prod.json
[exit status: 255]

"#]].raw()),
        ("/nosuch", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: 404 Not Found for https://localhost:PORT1/nosuch/assets/config/config.prod.json
[exit status: 255]

"#]].raw()),
        ("/down", str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:1/v1/token-status": connection refused
[exit status: 255]

"#]].raw()),
    ];
    for (path, said) in cases {
        assert_data_eq!(plain(&refused(&server, path), &[&server]), said);
    }
    assert_no_token_came(&server);
}

#[test]
fn a_server_that_is_not_the_one_it_should_be_gets_nothing() {
    let stranger = Authority::new("A stranger");
    let cases: [(&Authority, Leaf, Data); 4] = [
        (authority::shared(), Leaf::OtherHost, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate is valid for other.example.com, not localhost
[exit status: 255]

"#]].raw()),
        (authority::shared(), Leaf::Expired, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate has expired
         the server needs a new certificate, if the clock of this machine is right
[exit status: 255]

"#]].raw()),
        (&stranger, Leaf::Good, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate signed by unknown authority
         if this is your site's own authority, add its certificate to this machine's, or name the file that has it in SSL_CERT_FILE
[exit status: 255]

"#]].raw()),
        (authority::shared(), Leaf::SelfSigned, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate signed by unknown authority
         if this is your site's own authority, add its certificate to this machine's, or name the file that has it in SSL_CERT_FILE
[exit status: 255]

"#]].raw()),
    ];
    for (authority, leaf, said) in cases {
        let server = Server::https_as(authority.issue(leaf).config, endpoint);
        assert_data_eq!(plain(&refused(&server, ""), &[&server]), said);
        assert_eq!(server.asked().len(), 0);
    }
}

#[test]
fn a_token_service_that_is_not_the_one_it_should_be_gets_no_token() {
    let service = Server::https_as(authority::shared().issue(Leaf::OtherHost).config, endpoint);
    let uri = service.url("/token");
    let server = discovering(move |_| format!(r#"{{"tokenAPI":{{"uri":"{uri}"}}}}"#));
    let said = refused(&server, "");
    assert!(
        said.contains("certificate is valid for other.example.com, not localhost"),
        "{said}"
    );
    assert_eq!(service.asked().len(), 0);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let world = cloud::world();
    world.write_user(remotes(&[("e", "localhost:1", "")]));
    assert_data_eq!(refused_in(&world), str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:1/assets/config/config.prod.json": connection refused
[exit status: 255]

"#]].raw());
}

/// The one test that waits until a command's time is over.
#[test]
fn a_server_that_never_answers_is_not_waited_for_forever() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &format!("{}/hangs", server.host()), "")]));
    file(&world, "good", good());
    let begun = Instant::now();
    let said = world.session(&["remote login --tokenfile $HOME/good"]);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert_data_eq!(plain(&said, &[&server]), str![[r#"
$ portolan remote login --tokenfile $HOME/good
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/hangs/assets/config/config.prod.json": timed out after 10 s
[exit status: 255]
[EOF]

"#]].raw());
}
