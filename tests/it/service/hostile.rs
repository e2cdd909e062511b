//! Servers that don't behave: every request ends in its time, with a clear error.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use portolan::service::http::{Cause, Client, Options};

use super::options;
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

const LIMIT: Duration = Duration::from_millis(400);

/// More than the limit by what a loaded machine may need.
const PATIENCE: Duration = Duration::from_secs(3);

fn impatient() -> Client {
    Client::new(Options {
        limit: LIMIT,
        connect_limit: LIMIT,
        ..options()
    })
}

/// The cause of a failure that came in time.
fn timed_failure(url: &str) -> Cause {
    let begun = Instant::now();
    let client = impatient();
    let error = client.get(url).send().unwrap_err();
    drop(client);
    assert!(
        begun.elapsed() < LIMIT + PATIENCE,
        "{:?} for {error}",
        begun.elapsed()
    );
    error.cause
}

/// The cause of a failure that needs no time.
fn failure(url: &str) -> Cause {
    let error = Client::new(options()).get(url).send().unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("Get {url:?}: ")),
        "{error}"
    );
    error.cause
}

type Behaviour = fn(&Asked) -> Reply;

fn both(behaviour: Behaviour) -> [Server; 2] {
    [Server::http(behaviour), Server::https(behaviour)]
}

#[test]
fn the_time_limit_holds_for_whatever_a_server_does() {
    let behaviours: [(&str, Behaviour); 5] = [
        ("never answers", |_| Reply::Silence),
        ("drips its body", |_| {
            Reply::DrippingBody(Duration::from_millis(30))
        }),
        ("drips its headers", |_| {
            Reply::DrippingHeaders(Duration::from_millis(30))
        }),
        ("answers too late", |_| {
            Reply::status(200).after(Duration::from_secs(2))
        }),
        ("redirects slowly", |_| {
            Reply::redirect("/").after(Duration::from_millis(150))
        }),
    ];
    thread::scope(|scope| {
        for (name, behaviour) in behaviours {
            scope.spawn(move || {
                for server in both(behaviour) {
                    assert_eq!(
                        timed_failure(&server.url("/")),
                        Cause::TimedOut(LIMIT),
                        "{name}"
                    );
                }
            });
        }
    });
}

#[test]
fn a_server_that_never_greets_is_given_up_in_the_time_for_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let client = Client::new(Options {
        connect_limit: LIMIT,
        ..options()
    });
    let begun = Instant::now();
    let error = client.get(&url).send().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Get {url:?}: timed out after 400 ms")
    );
    assert!(begun.elapsed() < LIMIT + PATIENCE);
}

#[test]
fn a_request_can_have_a_shorter_limit_than_its_client() {
    let server = Server::https(|_| Reply::Silence);
    let begun = Instant::now();
    let error = Client::new(options())
        .get(&server.url("/"))
        .within(LIMIT)
        .send()
        .unwrap_err();
    assert_eq!(error.cause, Cause::TimedOut(LIMIT));
    assert!(begun.elapsed() < LIMIT + PATIENCE);
}

#[test]
fn what_has_no_end_is_cut_off() {
    // Long before the time is over: it is the size that ends these.
    for server in both(|_| Reply::EndlessBody) {
        assert_eq!(failure(&server.url("/")), Cause::TooLarge);
    }
    for server in both(|_| Reply::EndlessHeaders) {
        assert_eq!(failure(&server.url("/")), Cause::NotHttp);
    }
    let full = Server::http(|_| Reply::json(200, &"x".repeat(1024 * 1024)));
    assert_eq!(
        Client::new(options())
            .get(&full.url("/"))
            .send()
            .unwrap()
            .body
            .len(),
        1024 * 1024
    );
    let over = Server::http(|_| Reply::json(200, &"x".repeat(1024 * 1024 + 1)));
    assert_eq!(
        failure(&over.url("/")).to_string(),
        "body larger than 1 MiB"
    );
}

#[test]
fn what_is_not_http_is_told() {
    for server in both(|_| Reply::Raw(b"220 mail.example.com ESMTP ready\r\n".to_vec())) {
        assert_eq!(failure(&server.url("/")).to_string(), "not an HTTP answer");
    }
    for server in both(|_| Reply::Close) {
        assert!(matches!(
            failure(&server.url("/")),
            Cause::Closed | Cause::Reset
        ));
    }
    let speaks_first = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", speaks_first.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in speaks_first.incoming().map_while(Result::ok) {
            stream.write_all(b"SSH-2.0-OpenSSH_10.0\r\n").unwrap();
            thread::sleep(Duration::from_secs(1));
        }
    });
    assert_eq!(failure(&url), Cause::NotHttp);
    for server in both(|_| Reply::Reset) {
        assert_eq!(failure(&server.url("/")), Cause::Reset);
    }
    for server in both(|_| Reply::HalfABody) {
        assert_eq!(failure(&server.url("/")), Cause::Closed);
    }
}

#[test]
fn http_and_https_taken_for_each_other_are_told_apart() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    thread::spawn(move || {
        plain
            .accept()
            .unwrap()
            .0
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    });
    let error = Client::new(options()).get(&url).send().unwrap_err();
    assert_eq!(error.cause, Cause::NotTls);

    let secure = Server::https(|_| Reply::status(200));
    let error = Client::new(options())
        .get(&format!("http://{}/", secure.host()))
        .send()
        .unwrap_err();
    assert!(
        matches!(error.cause, Cause::NotHttp | Cause::Closed | Cause::Reset),
        "{error}"
    );
}

/// A name too long for any name server to be asked about: the answer is the same without a network.
fn nowhere() -> String {
    format!("{}.invalid", "x".repeat(64))
}

#[test]
fn a_host_that_is_not_there_is_told() {
    assert_eq!(
        failure("https://localhost:1/").to_string(),
        "connection refused"
    );
    assert_eq!(
        failure("http://127.0.0.1:1/").to_string(),
        "connection refused"
    );
    let cause = failure(&format!("http://{}/", nowhere()));
    assert!(
        matches!(&cause, Cause::NoSuchHost(reason) if !reason.is_empty()),
        "{cause}"
    );
}

#[test]
fn a_broken_redirect_ends_as_well() {
    let astray = Server::http(|_| Reply::redirect(&format!("http://{}/x", nowhere())));
    let error = Client::new(options())
        .get(&astray.url("/"))
        .send()
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("Get \"http://{}/x\": no such host: ", nowhere())),
        "{error}"
    );
    let loops = Server::https(|asked| Reply::redirect(&asked.target));
    assert_eq!(failure(&loops.url("/")), Cause::TooManyRedirects);
}
