//! `registry list --check`: whether the logins still work, without a change and without a request too many.

use serde_json::Value;
use snapbox::{IntoData as _, assert_data_eq, str};

use super::helpers::{left, setup};
use super::{basic, basic_header, bearer, heard, login, on_loopback, trusting};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;
use crate::support::world::World;

const CHECK: [&str; 3] = ["registry", "list", "--check"];

/// The exit code, and what is said of each login.
fn check(world: &World) -> (Option<i32>, Vec<String>) {
    let run = world.run(&[&CHECK[..], &["--json"]].concat());
    let view: Value = serde_json::from_str(&run.stdout).unwrap();
    let logins = view["logins"].as_array().unwrap();
    let checks = logins.iter().map(|login| login["check"].to_string());
    (run.code, checks.collect())
}

/// The requests with a login, as they are logged.
fn with_login(server: &Server) -> usize {
    server
        .log()
        .iter()
        .filter(|line| !line.ends_with("[-]"))
        .count()
}

fn write(world: &World, entries: &[(&str, &str)]) {
    let entries = entries
        .iter()
        .map(|(key, entry)| format!(r#""{key}":{entry}"#));
    let entries = entries.collect::<Vec<_>>().join(",");
    world.write_docker_config(format!(r#"{{"auths":{{{entries}}}}}"#));
}

/// base64 of `ian:` and the password of the tests.
fn right() -> String {
    let header = basic_header();
    format!(r#"{{"auth":"{}"}}"#, header.trim_start_matches("Basic "))
}

#[test]
fn a_good_login_is_shown_once_to_its_host_and_nothing_changes() {
    let (world, server) = on_loopback();
    for scheme in ["docker", "oras"] {
        login(&world, &format!("{scheme}://{}", server.host()));
    }
    let (before, asked) = (world.file(&world.docker_config()), server.log().len());
    let shown = world.run(&CHECK).stdout;
    let rows: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let place = "$HOME/.apptainer/docker-config.json";
    for scheme in ["docker", "oras"] {
        let uri = format!("{scheme}://{}", server.host());
        assert!(
            rows.contains(&vec![&uri, "✓", USER, place, "good"]),
            "{shown}"
        );
    }
    assert_eq!(world.file(&world.docker_config()), before);
    let log = server.log().split_off(asked);
    let shown = log.iter().filter(|line| line.contains(&basic_header()));
    assert_eq!(shown.count(), 1, "{log:?}");
}

#[test]
fn a_refused_login_is_an_error_and_is_shown_once() {
    let (world, server) = on_loopback();
    let wrong = r#"{"auth":"aWFuOndyb25n"}"#;
    let host = server.host();
    write(
        &world,
        &[(&host, wrong), (&format!("{host}/team/app"), wrong)],
    );
    assert_eq!(
        check(&world),
        (
            Some(255),
            vec!["\"refused\"".to_owned(), "\"refused\"".to_owned()]
        )
    );
    assert_eq!(with_login(&server), 1, "{:?}", server.log());
    // Another password of the same account would be a second attempt.
    write(
        &world,
        &[(&host, wrong), (&format!("{host}/team/app"), &right())],
    );
    let (code, checks) = check(&world);
    assert_eq!(
        (code, checks),
        (
            Some(255),
            vec!["\"refused\"".to_owned(), "\"unknown\"".to_owned()]
        )
    );
    assert_eq!(with_login(&server), 2, "{:?}", server.log());
}

#[test]
fn a_token_service_is_asked_for_no_refresh_token() {
    let world = trusting();
    let server = Server::https(bearer(r#"{"token":"access","refresh_token":"new"}"#));
    write(&world, &[(&server.host(), &right())]);
    assert_eq!(check(&world), (Some(0), vec!["\"good\"".to_owned()]));
    assert_data_eq!(
        heard(&server),
        str![[r#"
GET /v2/ [-]
GET /token?account=ian&client_id=docker&service=test-service [Basic PASSWORD]
GET /v2/ [Bearer access]

"#]]
        .raw()
    );
}

#[test]
fn a_stored_token_is_exchanged_and_a_registrys_own_is_sent_as_it_is() {
    let world = trusting();
    let server = Server::https(|asked: &Asked| match asked.path() {
        "/token"
            if String::from_utf8_lossy(&asked.body)
                .contains("grant_type=refresh_token&refresh_token=stored") =>
        {
            Reply::json(200, r#"{"token":"access"}"#)
        }
        "/token" => Reply::status(400),
        _ => bearer("")(asked),
    });
    let host = server.host();
    write(
        &world,
        &[(&host, r#"{"auth":"aWFuOg==","identitytoken":"stored"}"#)],
    );
    assert_eq!(check(&world), (Some(0), vec!["\"good\"".to_owned()]));
    write(&world, &[(&host, r#"{"registrytoken":"access"}"#)]);
    assert_eq!(check(&world), (Some(0), vec!["\"good\"".to_owned()]));
    write(&world, &[(&host, r#"{"registrytoken":"old"}"#)]);
    assert_eq!(check(&world), (Some(255), vec!["\"refused\"".to_owned()]));
}

#[test]
fn whoever_asks_nobody_is_shown_nothing_and_whoever_is_down_is_not_known() {
    let world = World::shipped();
    let open = Server::http(|_: &Asked| Reply::status(200));
    let broken = Server::http(|_: &Asked| Reply::status(500));
    let down = Server::http(basic).host();
    let all = [open.host(), broken.host(), down];
    let entry = right();
    write(
        &world,
        &all.each_ref().map(|host| (host.as_str(), entry.as_str())),
    );
    assert_eq!(check(&world), (Some(3), vec!["\"unknown\"".to_owned(); 3]));
    assert_eq!((with_login(&open), with_login(&broken)), (0, 0));
}

#[test]
fn a_helpers_login_is_checked_and_a_login_that_is_not_used_is_not() {
    let (mut world, server) = setup(r#"{"credHelpers":{"HOST":"fake"}}"#);
    login(&world, &format!("docker://{}", server.host()));
    world.set("HELPER", "has");
    let has = format!(r#"{{"Username":"{USER}","Secret":"{PASSWORD}"}}"#);
    world.set("HELPER_SAYS", has);
    assert_eq!(check(&world), (Some(0), vec!["\"good\"".to_owned()]));
    let asked = server.log().len();
    world.set("APPTAINER_DOCKER_USERNAME", "eve");
    assert_eq!(check(&world), (Some(3), vec!["\"unknown\"".to_owned()]));
    assert_eq!(server.log().len(), asked);
    assert!(!left(&world, "log").contains("erase"));
    assert_eq!(
        world.run(&[&CHECK[..], &["--all"]].concat()).code,
        Some(1),
        "nobody asks with what the runtime does not use"
    );
}
