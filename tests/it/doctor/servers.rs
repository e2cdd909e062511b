//! What is found by asking servers; and that none is asked with `--offline`, or shown a secret.

use std::time::{Duration, Instant};

use portolan::config::checks::Code;

use super::{everything, findings};
use crate::support::authority;
use crate::support::cloud::discovering;
use crate::support::endpoint::{DISCOVERY, endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::World;

/// The codes that have a case here.
pub(super) const COVERED: [Code; 4] = [
    Code::LibraryMissing,
    Code::EndpointUnreachable,
    Code::HttpNeedless,
    Code::KeyserverUnreachable,
];

/// A machine whose system's file has this, and which trusts the tests' servers.
fn world(remotes: &str) -> World {
    let mut world = World::new();
    world.trust(authority::shared());
    world.write_system(format!("Active: e\nRemotes:\n{remotes}"));
    world
}

fn asked(world: &World) -> Vec<String> {
    findings(&world.run(&["remote", "doctor", "--json"]))
}

#[test]
fn an_endpoint_that_answers_is_no_finding() {
    let server = Server::https(endpoint);
    let world = world(&format!("  e: {{URI: '{}'}}\n", server.host()));
    let before = everything(&world);
    assert_eq!(asked(&world), [""; 0]);
    assert_eq!(everything(&world), before);
    let run = world.run(&["remote", "doctor"]);
    let summary = format!(
        "No problems found. Looked at {}; 1 server was asked.\n",
        "$ETC/apptainer/remote.yaml"
    );
    assert_eq!(
        (run.stdout, run.stderr, run.code),
        (summary, String::new(), Some(0))
    );
}

#[test]
fn an_endpoint_that_does_not_answer_is_an_error_where_it_is_the_active_one() {
    let world = world("  e: {URI: 'localhost:1'}\n  other: {URI: 'localhost:1/x'}\n");
    assert_eq!(
        asked(&world),
        [
            "error endpoint-unreachable remote.yaml:3",
            "warning endpoint-unreachable remote.yaml:4"
        ]
    );
}

#[test]
fn a_missing_library_is_a_note_and_an_odd_service_is_nothing() {
    let server = discovering(|base| {
        format!(r#"{{"keystoreAPI":{{"uri":"{base}/keys"}},"somethingAPI":{{"uri":"{base}/x"}}}}"#)
    });
    let world = world(&format!("  e: {{URI: '{}'}}\n", server.host()));
    assert_eq!(asked(&world), ["note library-missing remote.yaml:3"]);
    let run = world.run(&["remote", "doctor"]);
    assert!(
        run.stdout
            .contains("To fix it: portolan remote add --no-login SylabsCloud && portolan remote use SylabsCloud\n"),
        "{run}"
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn http_is_needless_where_https_answers() {
    let plain = Server::http(endpoint);
    let needed = world(&format!(
        "  e: {{URI: '{}', Insecure: true}}\n",
        plain.host()
    ));
    assert_eq!(asked(&needed), ["note insecure-key remote.yaml:3"]);
    // One port can't speak both: the plain side is not reached, and the other one tells.
    let tls = Server::https(endpoint);
    let needless = world(&format!("  e: {{URI: '{}', Insecure: true}}\n", tls.host()));
    let found = asked(&needless);
    assert!(
        found.contains(&"warning http-needless remote.yaml:3".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_keyserver_that_does_not_answer_is_a_warning() {
    let server = Server::https(endpoint);
    let broken = Server::https(|_| Reply::status(503));
    let closed = Server::https(|_| Reply::status(401));
    let world = world(&format!(
        "  e:\n    URI: '{}'\n    Keyservers:\n    - URI: https://localhost:1\n    - URI: {}\n    - URI: {}\n    \
         - {{URI: 'https://localhost:2', Skip: true}}\n",
        server.host(),
        broken.url(""),
        closed.url("")
    ));
    let mut found = asked(&world);
    found.sort();
    assert_eq!(
        found,
        [
            "warning keyserver-unreachable remote.yaml:6",
            "warning keyserver-unreachable remote.yaml:7"
        ]
    );
}

#[test]
fn the_keyserver_that_the_endpoint_names_is_asked_too() {
    let server = discovering(|base| {
        format!(
            r#"{{"libraryAPI":{{"uri":"{base}/library"}},"keystoreAPI":{{"uri":"https://localhost:1"}}}}"#
        )
    });
    let world = world(&format!("  e: {{URI: '{}'}}\n", server.host()));
    assert_eq!(
        asked(&world),
        ["warning keyserver-unreachable remote.yaml:3"]
    );
}

#[test]
fn nobody_is_asked_offline_and_nobody_is_shown_a_secret() {
    let server = Server::https(endpoint);
    let keyserver = Server::https(|_| Reply::status(200));
    let world = world(&format!(
        "  e:\n    URI: '{}'\n    Keyservers:\n    - {{URI: '{}', External: true}}\n",
        server.host(),
        keyserver.url("")
    ));
    world.write_user(format!(
        "Remotes:\n  e: {{URI: '{}', System: true, Token: {}}}\nCredentials:\n- {{URI: '{}', Auth: Basic x}}\n",
        server.host(),
        good(),
        keyserver.url("")
    ));
    let run = world.run(&["remote", "doctor", "--offline"]);
    assert!(run.stdout.ends_with("no server was asked.\n"), "{run}");
    assert_eq!((server.connections(), keyserver.connections()), (0, 0));
    assert_eq!(asked(&world), [""; 0]);
    assert_eq!(server.log(), [format!("GET {DISCOVERY} [-]")]);
    assert_eq!(keyserver.log(), ["GET / [-]"]);
}

#[test]
fn servers_are_asked_at_once() {
    let slow = || Server::https(|asked| endpoint(asked).after(Duration::from_millis(700)));
    let servers: Vec<Server> = (0..6).map(|_| slow()).collect();
    let remotes: String = servers
        .iter()
        .zip(1..)
        .map(|(server, n)| format!("  r{n}: {{URI: '{}'}}\n", server.host()))
        .collect();
    let world = world(&format!("  e: {{URI: '{}'}}\n{remotes}", servers[0].host()));
    let began = Instant::now();
    assert_eq!(asked(&world), [""; 0]);
    assert!(
        began.elapsed() < Duration::from_millis(3500),
        "{:?}",
        began.elapsed()
    );
}
