//! Servers that must not have the token, or whose word counts for nothing.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use snapbox::{Data, IntoData as _, assert_data_eq, str};

use crate::support::authority::{Authority, Leaf};
use crate::support::cloud::{TOKEN_STATUS, discovering, file, output, plain, remotes};
use crate::support::endpoint::{DISCOVERY, endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
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

/// What a person sees on a terminal.
fn on_terminal(world: &World, words: &[&str]) -> String {
    let mut terminal = Terminal::new();
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.arg("--nocolor").args(words);
    terminal.start(command);
    terminal.wait();
    terminal.shown().replace("\r\n", "\n")
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
         The server needs a new certificate, if the clock of this machine is right.
[exit status: 255]

"#]].raw()),
        (&stranger, Leaf::Good, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate signed by unknown authority
         If this is your site's own authority, add its certificate to this machine's, or name the file that has it in SSL_CERT_FILE.
[exit status: 255]

"#]].raw()),
        (authority::shared(), Leaf::SelfSigned, str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": certificate signed by unknown authority
         If this is your site's own authority, add its certificate to this machine's, or name the file that has it in SSL_CERT_FILE.
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

#[test]
fn what_another_host_answers_is_no_discovery_of_the_endpoint() {
    let stranger = Server::https(endpoint);
    let target = stranger.url(DISCOVERY);
    let server = Server::https(move |_| Reply::redirect(&target));
    assert_data_eq!(
        plain(&refused(&server, ""), &[&server, &stranger]),
        str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: https://localhost:PORT1/assets/config/config.prod.json redirects to https://localhost:PORT2, whose answer is not the endpoint's
         To use that endpoint in its place, if you trust it:
           portolan remote set-url e https://localhost:PORT2
[exit status: 255]

"#]].raw()
    );
    assert_no_token_came(&stranger);
    assert_eq!(
        stranger.asked().len(),
        2,
        "two discoveries, and nothing else"
    );

    // Neither for a token that is stored already.
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), &good())]));
    for words in [
        &["remote", "status"][..],
        &["remote", "status", "--all"],
        &["remote", "get-login-password"],
    ] {
        let run = world.run(words);
        assert_eq!(run.code, Some(255), "{run}");
        assert!(
            run.stderr
                .contains(&format!("redirects to {}", stranger.url(""))),
            "{run}"
        );
    }
    let shown = world.run(&["remote", "show", "--refresh"]).stdout;
    assert!(shown.contains("Its services are not known"), "{shown}");
    assert_no_token_came(&stranger);
}

#[test]
fn a_page_for_people_is_no_discovery_document() {
    let page = "\n<!DOCTYPE html><html><body>Welcome</body></html>";
    for status in [200, 404] {
        let server = Server::https(move |_| Reply::json(status, page));
        let said = refused(&server, "/app");
        let (host, url) = (server.host(), server.url(&format!("/app{DISCOVERY}")));
        assert!(
            said.contains(&format!("a web page ({status} "))
                && said.contains(&format!(
                    " for {url}): is {host}/app the address of an endpoint?"
                )),
            "{said}"
        );
    }
    let server =
        Server::https(|_| Reply::status(200).with("Content-Type", "text/html; charset=utf-8"));
    assert!(refused(&server, "").contains("a web page (200 OK"));
}

#[test]
fn a_byte_order_mark_is_skipped_in_whatever_servers_send() {
    let server = Server::https(|asked| match endpoint(asked) {
        Reply::Answer {
            status,
            headers,
            body,
        } => Reply::Answer {
            status,
            headers,
            body: [b"\xef\xbb\xbf", &body[..]].concat(),
        },
        other => other,
    });
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), &good())]));
    let status = world.run(&["remote", "status"]);
    assert_eq!(status.code, Some(0), "{status}");
    assert!(
        status.stdout.contains("Library    OK      v1.2.3-library"),
        "{status}"
    );
    assert_eq!(world.run(&["remote", "get-login-password"]).code, Some(0));
}

#[test]
fn a_services_address_that_is_no_url_is_called_that() {
    for uri in [
        "/token",
        "localhost/token",
        "https:///token",
        "ftp://h/token",
        "https://h\\u001b[31m/token",
        "ht\\ntps://h/token",
        "https://h\\ufffd/token",
    ] {
        let server = discovering(move |_| format!(r#"{{"tokenAPI":{{"uri":"{uri}"}}}}"#));
        let said = refused(&server, "");
        assert!(
            said.contains("while verifying token: the address of the token service, \"")
                && said.contains("is no absolute http or https URL")
                && said.contains(&format!("(from {})", server.url(DISCOVERY))),
            "{uri}: {said}"
        );
        assert!(!said.contains('\u{1b}'));
    }
}

#[test]
fn what_can_be_known_before_is_said_before_anybody_types() {
    let server = Server::https(endpoint);
    let uri = |path: &str| format!("{}{path}", server.host());
    let cases = [
        (uri("/nosuch"), "404 Not Found for "),
        (uri("/notoken"), "no authentication service found"),
        ("localhost:1".to_owned(), "connection refused"),
    ];
    for (uri, words) in cases {
        let world = cloud::world();
        world.write_user(remotes(&[("e", &uri, "")]));
        let shown = on_terminal(&world, &["remote", "login"]);
        assert!(
            shown.contains(words) && !shown.contains("Access Token"),
            "{shown}"
        );
        if uri.ends_with("/notoken") {
            assert!(shown.contains(" SylabsCloud\n"), "{shown}");
        }
    }
}

#[test]
fn the_services_own_words_and_the_way_to_a_new_token_are_shown() {
    let expired = "Your authorization token has expired. Reauthenticate and try again.";
    let server = Server::https(move |asked| match asked.path() {
        TOKEN_STATUS => Reply::json(401, &format!(r#"{{"message":"{expired}"}}"#)),
        _ => endpoint(asked),
    });
    let world = cloud::world();
    world.write_user(remotes(&[(
        "e",
        &server.host(),
        &cloud::token_until(cloud::now() + 9000),
    )]));
    let path = file(&world, "good", good());
    let words = ["remote", "login", "--tokenfile", path.to_str().unwrap()];
    assert_data_eq!(
        plain(&world.run(&words).to_string(), &[&server]),
        str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Unknown
         The token service says: Your authorization token has expired. Reauthenticate and try again.
[exit status: 255]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&on_terminal(&world, &words), &[&server]),
        str![[r#"
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Unknown
         The token service says: Your authorization token has expired. Reauthenticate and try again.
         The token is wrong, has expired or was revoked. Make a new one at https://localhost:PORT1/auth/tokens, then:
           portolan remote login e
         The token that was stored before is kept.

"#]].raw()
    );
    assert!(
        world
            .file(&world.user_file())
            .contains("Token: eyJhbGciOiJIUzI1NiJ9.")
    );
}

#[test]
fn a_directory_that_takes_no_file_is_found_before_anybody_types() {
    let server = Server::https(endpoint);
    let mut world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), "")]));
    world.as_ordinary_user();
    world.set_mode(&world.home().join(".apptainer"), 0o500);
    let run = world.run_with_input(&["remote", "login"], &good());
    world.set_mode(&world.home().join(".apptainer"), 0o700);
    assert!(
        run.stderr
            .contains("FATAL:   while opening remote config file: open ")
            && run.stderr.contains(": permission denied\n"),
        "{run}"
    );
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_endpoint_on_plain_http_is_told_with_the_command_that_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let world = cloud::world();
    world.write_user(remotes(&[("e", &host, "")]));
    let said = refused_in(&world);
    let command = format!("\n           portolan remote set-url --insecure e http://{host}\n");
    assert!(said.contains(&command), "{said}");
}
