//! How long commands wait for servers, and that they can be kept from asking any: for whoever has little time.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::cloud;
use crate::support::cloud::{now, remotes, token_until};
use crate::support::endpoint::{endpoint, good};
use crate::support::reply::Reply;
use crate::support::schema;
use crate::support::server::Server;

/// Every command that shows what servers say.
const ASKING: [&str; 7] = [
    "remote list",
    "remote status",
    "remote status --all",
    "remote show",
    "remote resolve search",
    "keyserver list",
    "remote doctor",
];

#[test]
fn a_time_limit_holds_for_every_command_that_asks_servers() {
    for line in ASKING {
        let server = Server::https(|_| Reply::Silence);
        let world = cloud::world();
        world.write_system("");
        world.write_user(remotes(&[("e", &server.host(), &good())]));
        let words = format!("{line} --timeout 1");
        let begun = Instant::now();
        let run = world.run(&words.split(' ').collect::<Vec<_>>());
        assert!(begun.elapsed() < Duration::from_secs(8), "{line}: {run}");
        assert_eq!(server.asked().len(), 1, "{line}: {run}");
        assert_ne!(run.code, Some(1), "{line}: {run}");
    }
}

#[test]
fn a_time_limit_is_a_number_of_seconds() {
    let world = cloud::world();
    for word in ["0", "-1", "soon", "1e300", "NaN"] {
        let run = world.run(&["remote", "list", &format!("--timeout={word}")]);
        assert_eq!(run.code, Some(1), "{word}: {run}");
        assert!(
            run.stderr
                .contains("it is a number of seconds, more than 0"),
            "{word}: {run}"
        );
    }
    let both = world.run(&["remote", "list", "--offline", "--timeout", "2"]);
    assert_eq!(both.code, Some(1), "{both}");
}

#[test]
fn offline_no_command_asks_a_server() {
    let server = Server::https(endpoint);
    for line in ASKING {
        let world = cloud::world();
        world.write_system("");
        world.write_user(remotes(&[("e", &server.host(), &good())]));
        let words = format!("{line} --offline");
        let run = world.run(&words.split(' ').collect::<Vec<_>>());
        assert!(matches!(run.code, Some(0 | 3)), "{line}: {run}");
    }
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn offline_a_status_is_what_is_stored() {
    let world = cloud::world();
    let status = |token: &str, words: &[&str]| {
        world.write_user(remotes(&[("e", "cloud.example.com", token)]));
        world.run(&[&["remote", "status", "--offline"], words].concat())
    };
    let set = status(&good(), &[]);
    assert_eq!(
        (set.code, set.stdout.as_str()),
        (Some(0), "Authentication token set, not verified.\n"),
        "{set}"
    );
    let required: &[&str] = &["--require-login", "--valid-for", "24h"];
    assert_eq!(status(&good(), required).code, Some(0));
    assert_eq!(status(&token_until(now() + 3600), required).code, Some(255));
    let old = status(&token_until(now() - 3600), &["--require-login"]);
    assert_eq!(old.code, Some(255), "{old}");
    assert!(
        old.stderr
            .contains("FATAL:   the token for e expired 1 hour ago\n"),
        "{old}"
    );
    let none = status("", &["--require-login"]);
    assert!(
        none.stderr.contains("FATAL:   not logged in to e\n"),
        "{none}"
    );
    let view = schema::view(&status(&good(), &["--json"]).stdout);
    let remote = &view["remotes"][0];
    assert_eq!(
        (
            &remote["services"],
            &remote["login"],
            &remote["token"],
            &remote["problem"]
        ),
        (&().into(), &"unknown".into(), &"unknown".into(), &().into())
    );
    let all = status(&good(), &["--all"]);
    assert_eq!(
        all.stdout,
        "NAME           LOGIN\n\
         DefaultRemote  No authentication token set (logged out).\n\
         e              Authentication token set, not verified.\n"
    );
}

/// Waits until the time of all is over.
#[test]
fn a_doctor_says_which_servers_it_did_not_ask_in_the_time_for_all() {
    let server = Server::https(|_| Reply::Silence);
    let mut text = String::from("Active: e000\nRemotes:\n");
    for number in 0..200 {
        writeln!(
            text,
            "  e{number:03}:\n    URI: {}/{number:03}",
            server.host()
        )
        .unwrap();
    }
    let world = cloud::world();
    world.write_system("");
    world.write_user(text);
    let begun = Instant::now();
    let run = world.run(&["remote", "doctor"]);
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
    let said = format!(
        "WARNING: Not asked, because 10 s were over: {}, ",
        server.url("/128")
    );
    assert!(run.stderr.contains(&said), "{run}");
    assert!(run.stderr.contains(" and 62 more\n"), "{run}");
    assert!(run.stdout.contains("128 servers were asked"), "{run}");
}
