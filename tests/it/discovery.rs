//! What `remote list` asks of an endpoint, what it remembers, and what it does without an answer. D11 of
//! docs/compatibility.md.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{plain, remotes};
use crate::support::endpoint::endpoint;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::World;

fn world_with(uri: &str) -> World {
    let world = cloud::world();
    world.write_user(remotes(&[("e", uri, "")]));
    world
}

fn directory(world: &World) -> PathBuf {
    world.home().join(".cache/portolan/apptainer/discovery")
}

/// The files that remember what endpoints said.
fn remembered(world: &World) -> Vec<PathBuf> {
    fs::read_dir(directory(world))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn list(world: &World) -> String {
    let run = world.run(&["remote", "list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    run.stdout
}

#[test]
fn an_endpoint_that_was_seen_is_not_asked_again() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host());
    let first = list(&world);
    assert_data_eq!(
        plain(&first, &[&server]),
        str![[r#"
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
e              localhost:PORT1      YES     NO      NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://localhost:PORT1/keys  YES     NO        1*

* Active cloud services keyserver

"#]]
        .raw()
    );
    assert_eq!(server.log(), ["GET /assets/config/config.prod.json [-]"]);
    assert_eq!(list(&world), first);
    assert_eq!(server.connections(), 1);

    drop(server);
    assert_eq!(list(&world), first);
}

#[test]
fn a_refresh_asks_again() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host());
    list(&world);
    assert_eq!(world.run(&["remote", "list", "--refresh"]).code, Some(0));
    assert_eq!(server.asked().len(), 2);
    drop(server);
    let run = world.run(&["remote", "list", "--refresh"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("\ne              localhost:"), "{run}");
}

#[test]
fn an_endpoint_is_asked_again_after_a_day_and_remembered_when_it_is_gone() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host());
    let first = list(&world);
    let age = |seconds: u64| {
        let [file] = &remembered(&world)[..] else {
            panic!("{:?}", remembered(&world))
        };
        let text = fs::read_to_string(file).unwrap();
        let (before, rest) = text.split_once("\"fetched\":").unwrap();
        let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        fs::write(
            file,
            format!("{before}\"fetched\":{}{rest}", cloud::now() - seconds),
        )
        .unwrap();
    };
    age(86400 - 600);
    assert_eq!(list(&world), first);
    assert_eq!(server.asked().len(), 1);
    age(86400 + 1);
    assert_eq!(list(&world), first);
    assert_eq!(server.asked().len(), 2);
    age(90 * 86400);
    drop(server);
    assert_eq!(list(&world), first, "an old answer is better than none");
}

#[test]
fn a_broken_file_is_as_none() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host());
    let first = list(&world);
    for (text, asked) in [("", 2), ("{not json", 3), ("[]", 4), ("{\"format\":9}", 5)] {
        fs::write(&remembered(&world)[0], text).unwrap();
        assert_eq!(list(&world), first, "{text}");
        assert_eq!(server.asked().len(), asked, "{text}");
    }
}

#[test]
fn which_endpoints_somebody_uses_is_nobody_elses_business() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host());
    list(&world);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        remembered(&world).into_iter().map(mode).collect::<Vec<_>>(),
        [0o600]
    );
    assert_eq!(mode(directory(&world)), 0o700);
}

#[test]
fn the_cache_is_where_the_user_wants_it_and_nothing_fails_without() {
    let server = Server::https(endpoint);
    let mut world = world_with(&server.host());
    let first = list(&world);
    fs::remove_dir_all(world.home().join(".cache")).unwrap();
    world.set("XDG_CACHE_HOME", world.root().join("elsewhere"));
    assert_eq!(list(&world), first);
    assert!(
        world
            .root()
            .join("elsewhere/portolan/apptainer/discovery")
            .is_dir()
    );
    assert!(!world.home().join(".cache").exists());

    world.set("XDG_CACHE_HOME", "/proc/nowhere");
    assert_eq!(list(&world), first);
}

#[test]
fn an_endpoint_without_a_document_leaves_its_keyserver_out_without_a_word() {
    let server = Server::https(endpoint);
    for path in ["/nosuch", "/err500", "/badjson", "/nokeys", "/emptyuri"] {
        let world = world_with(&format!("{}{path}", server.host()));
        let text = list(&world);
        assert!(
            text.starts_with("Cloud Services Endpoints\n") && !text.contains("Keyservers"),
            "{path}: {text}"
        );
    }
    assert!(!list(&world_with("localhost:1")).contains("Keyservers"));
}

/// Waits until the time of a list is over.
#[test]
fn a_server_that_never_answers_holds_a_list_up_for_three_seconds() {
    let server = Server::https(|_| Reply::Silence);
    let world = world_with(&server.host());
    let begun = Instant::now();
    let said = world.session(&["remote list"]);
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
    assert_data_eq!(
        plain(&said, &[&server]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
e              localhost:PORT1      YES     NO      NO
------- stderr -------
WARNING: localhost:PORT1 did not answer within 3 s: its keyserver is not known
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_known_clouds_need_no_request() {
    let world = World::shipped();
    let text = list(&world);
    assert!(text.contains("https://keys.openpgp.org"), "{text}");
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn only_the_active_endpoint_is_asked() {
    let (active, other) = (Server::https(endpoint), Server::https(endpoint));
    let world = cloud::world();
    world.write_user(remotes(&[
        ("e", &active.host(), ""),
        ("f", &other.host(), ""),
    ]));
    list(&world);
    assert_eq!((active.asked().len(), other.connections()), (1, 0));
}

#[test]
fn a_keyserver_that_the_user_configured_needs_no_request() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(format!(
        "Active: e\nRemotes: {{e: {{URI: \"{}\", Keyservers: [{{URI: https://keys.example.com, External: true}}]}}}}",
        server.host()
    ));
    assert!(list(&world).contains("https://keys.example.com"));
    assert_eq!(server.connections(), 0);
}

/// Waits until the time of a list is over, once.
#[test]
fn an_endpoint_that_did_not_answer_is_left_alone_for_a_minute() {
    let server = Server::https(|_| Reply::Silence);
    let world = world_with(&server.host());
    world.run(&["remote", "list"]);
    let first = server.connections();
    for words in [
        &["remote", "list"][..],
        &["keyserver", "list"],
        &["remote", "show"],
    ] {
        let begun = Instant::now();
        let run = world.run(words);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{words:?}");
    }
    assert_eq!(server.connections(), first);
    let said = world.run(&["remote", "list"]).stderr;
    assert!(
        said.contains(" s ago: its keyserver is not known, and --refresh asks again\n"),
        "{said}"
    );
    world.run(&["remote", "list", "--refresh"]);
    assert!(server.connections() > first);
}

#[test]
fn an_endpoint_that_is_back_is_asked_after_a_minute_and_its_old_answer_serves_until_then() {
    let world = cloud::world();
    let server = Server::https(endpoint);
    let uri = server.host();
    world.write_user(remotes(&[("e", &uri, "")]));
    let first = list(&world);
    drop(server);
    assert_eq!(world.run(&["remote", "list", "--refresh"]).code, Some(0));
    let silence: Vec<PathBuf> = remembered(&world)
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "silent")
        })
        .collect();
    assert_eq!(silence.len(), 1);
    let text = fs::read_to_string(&silence[0]).unwrap();
    assert!(text.contains("\"timed_out\":false"), "{text}");
    assert_eq!(list(&world), first, "an old answer is better than none");
    for broken in [
        "",
        "{",
        "[]",
        "{\"endpoint\":\"https://other\",\"since\":1,\"timed_out\":true}",
    ] {
        fs::write(&silence[0], broken).unwrap();
        assert_eq!(list(&world), first, "{broken}");
    }
}
