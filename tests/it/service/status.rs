//! Whether services are up: all at once, and no longer than the slowest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portolan::service::http::{Client, Options};
use portolan::service::status;
use portolan::service::status::Health;

use super::{client, options};
use crate::support::endpoint as world;
use crate::support::reply::Reply;
use crate::support::server::Server;

fn up(version: &str) -> Health {
    Health::Up(version.to_owned())
}

#[test]
fn services_are_asked_without_a_credential_and_told_in_their_order() {
    let server = Server::https(world::endpoint);
    let names = ["token", "builder", "library"];
    let mut services: Vec<_> = names
        .iter()
        .map(|name| (*name, server.url(&format!("/{name}"))))
        .collect();
    services.push(("down", "https://localhost:1".into()));
    services.push(("empty", String::new()));
    let found = status::check(&client(), services);
    let wanted = [
        ("token", up("v1.2.3-token")),
        ("builder", Health::Down),
        ("library", up("v1.2.3-library")),
        ("down", Health::Down),
        ("empty", Health::Down),
    ];
    assert_eq!(found, wanted);
    assert!(
        server
            .log()
            .iter()
            .all(|line| line.ends_with("/version [-]"))
    );
}

#[test]
fn nothing_to_ask_is_nothing_asked() {
    assert_eq!(status::check::<u8>(&client(), Vec::new()), []);
}

#[test]
fn a_hundred_services_take_as_long_as_the_slowest() {
    let delay = Duration::from_millis(500);
    let server =
        Server::http(move |_| Reply::json(200, r#"{"data":{"version":"v1"}}"#).after(delay));
    let services: Vec<_> = (0..100)
        .map(|number| (number, server.url(&format!("/{number}"))))
        .collect();
    let begun = Instant::now();
    let found = status::check(&client(), services);
    assert!(begun.elapsed() < 4 * delay, "{:?}", begun.elapsed());
    assert_eq!(found.len(), 100);
    assert!(
        found
            .iter()
            .enumerate()
            .all(|(at, (id, health))| at == *id && *health == up("v1"))
    );
}

#[test]
fn a_service_that_is_named_twice_is_asked_once() {
    let server = Server::https(world::endpoint);
    let services = vec![
        ("a", server.url("/x")),
        ("b", server.url("/x")),
        ("c", server.url("/y")),
    ];
    let found = status::check(&client(), services);
    assert_eq!(
        found,
        [
            ("a", up("v1.2.3-x")),
            ("b", up("v1.2.3-x")),
            ("c", up("v1.2.3-y"))
        ]
    );
    assert_eq!(server.asked().len(), 2);
}

/// What a server that stumbles some times is in the end, and how often it was asked.
fn after_stumbling(stumbles: usize, stumble: Reply) -> (Health, usize) {
    let asked = AtomicUsize::new(0);
    let server = Server::http(move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) < stumbles {
            stumble.clone()
        } else {
            Reply::json(200, r#"{"data":{"version":"v1"}}"#)
        }
    });
    let found = status::check(&client(), vec![((), server.url(""))]);
    (found[0].1.clone(), server.asked().len())
}

#[test]
fn a_service_that_stumbles_is_asked_again_twice() {
    assert_eq!(after_stumbling(2, Reply::status(503)), (up("v1"), 3));
    assert_eq!(after_stumbling(1, Reply::Reset), (up("v1"), 2));
    assert_eq!(after_stumbling(1, Reply::Close), (up("v1"), 2));
    assert_eq!(after_stumbling(9, Reply::status(502)), (Health::Down, 3));
    assert_eq!(after_stumbling(1, Reply::status(500)), (Health::Down, 1));
    assert_eq!(after_stumbling(1, Reply::status(404)), (Health::Down, 1));
}

#[test]
fn the_limit_holds_for_a_service_with_all_its_tries() {
    let limit = Duration::from_millis(400);
    let client = Client::new(Options { limit, ..options() });
    let silent = Server::https(|_| Reply::Silence);
    let stumbling = Server::https(|_| Reply::status(503).after(Duration::from_millis(150)));
    let dripping = Server::http(|_| Reply::DrippingBody(Duration::from_millis(20)));
    let services = vec![
        (1, silent.url("")),
        (2, stumbling.url("")),
        (3, dripping.url("")),
    ];
    let begun = Instant::now();
    assert_eq!(
        status::check(&client, services),
        [(1, Health::Down), (2, Health::Down), (3, Health::Down)]
    );
    assert!(
        begun.elapsed() < limit + Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        silent.asked().len(),
        1,
        "a time that is over is not a stumble"
    );
}

#[test]
fn the_limit_holds_for_all_services_together() {
    let limit = Duration::from_millis(400);
    let client = Client::new(Options { limit, ..options() });
    let dripping = Server::http(|_| Reply::DrippingBody(Duration::from_millis(50)));
    let services: Vec<_> = (0..1000)
        .map(|number| (number, dripping.url(&format!("/{number}"))))
        .collect();
    let begun = Instant::now();
    let found = status::check(&client, services);
    assert!(
        begun.elapsed() < limit + Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(found.len(), 1000);
    assert!(found.iter().all(|(_, health)| *health == Health::Down));
    assert!(
        dripping.asked().len() < 1000,
        "nobody is asked when the time is over"
    );
}
