//! Asking endpoints for their services, and remembering the answer.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use portolan::service::Transport;
use portolan::service::discovery::{
    Age, Cache, Discovery, DiscoveryError, Freshness, Lookup, ServiceKind,
};
use portolan::service::http::{Client, Options, Proxies};

use super::{client, discover, endpoint, now, options, told};
use crate::support::endpoint as world;
use crate::support::endpoint::DISCOVERY;
use crate::support::reply::Reply;
use crate::support::server::Server;

fn listed(discovery: &Discovery, base: &str) -> String {
    let services: Vec<_> = discovery
        .services()
        .map(|(kind, uri)| format!("{kind}={}", uri.replace(base, "")))
        .collect();
    services.join(" ")
}

#[test]
fn an_endpoint_tells_its_services() {
    let server = Server::https(world::endpoint);
    let all = "builder=/builder consent=/consent keyserver=/keys library=/library token=/token";
    let cases = [
        ("", all),
        ("/path", all),
        ("/path/deeper", all),
        ("/keyserver", all),
        ("/redirect", all),
        ("/slow", all),
        (
            "/notoken",
            "builder=/builder consent=/consent keyserver=/keys library=/library",
        ),
        (
            "/nokeys",
            "builder=/builder consent=/consent library=/library token=/token",
        ),
        (
            "/nulls",
            "builder=/builder consent=/consent library=/library token=/token",
        ),
        (
            "/emptyuri",
            "builder=/builder consent=/consent keyserver= library=/library token=/token",
        ),
        (
            "/extra",
            "builder=/builder consent=/consent keyserver=/keys library=/library something=/x token=/token",
        ),
    ];
    for (path, wanted) in cases {
        let found = discover(
            &client(),
            &endpoint(&(server.host() + path), Transport::Https),
        )
        .unwrap();
        assert_eq!(listed(&found, &server.url("")), wanted, "{path}");
        assert_eq!((found.age, found.seen), (Age::Asked, now()));
        assert_eq!(
            found.registry(),
            (path == "/extra").then_some("https://reg")
        );
    }
}

#[test]
fn an_insecure_endpoint_is_asked_over_http() {
    let server = Server::http(world::endpoint);
    let found = discover(&client(), &endpoint(&server.host(), Transport::Http)).unwrap();
    assert_eq!(
        found.service(&ServiceKind::Token),
        Ok(server.url("/token").as_str())
    );
}

#[test]
fn an_endpoint_that_tells_nothing_is_named_with_its_fault() {
    let server = Server::https(world::endpoint);
    let json = "jsonresp: failed to unmarshal response: ";
    let cases = [
        (
            "/nothing",
            "error response from server: 404 Not Found for URL".to_owned(),
        ),
        (
            "/err500",
            "error response from server: 500 Internal Server Error for URL".to_owned(),
        ),
        (
            "/badjson",
            format!("{json}key must be a string at line 1 column 2 (from URL)"),
        ),
        (
            "/list",
            format!("{json}expected an object of services, not a list (from URL)"),
        ),
        (
            "/flat",
            format!("{json}expected an object for each service, not a text (from URL)"),
        ),
        (
            "/empty",
            format!("{json}EOF while parsing a value at line 1 column 0 (from URL)"),
        ),
    ];
    for (path, wanted) in cases {
        let error = discover(
            &client(),
            &endpoint(&(server.host() + path), Transport::Https),
        )
        .unwrap_err();
        assert_eq!(
            told(error),
            wanted.replace("URL", &server.url(&format!("{path}{DISCOVERY}")))
        );
    }
    let error = discover(&client(), &endpoint("localhost:1", Transport::Https)).unwrap_err();
    let url = format!("https://localhost:1{DISCOVERY}");
    assert_eq!(
        told(error),
        format!("error making request to server: Get \"{url}\": connection refused")
    );
}

#[test]
fn one_service_is_found_or_said_to_be_missing() {
    let server = Server::https(world::endpoint);
    let client = client();
    let lookup = Lookup {
        client: &client,
        cache: None,
        now: now(),
    };
    let service = |path: &str, kind: &ServiceKind| {
        lookup
            .service(
                &endpoint(&(server.host() + path), Transport::Https),
                kind,
                Freshness::Day,
            )
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        service("", &ServiceKind::Keyserver),
        Ok(server.url("/keys"))
    );
    assert_eq!(
        service("/extra", &ServiceKind::Other("something".into())),
        Ok(server.url("/x"))
    );
    assert_eq!(
        service("/nokeys", &ServiceKind::Keyserver),
        Err("keyserver is not a service at endpoint".into())
    );
    assert_eq!(
        service("/emptyuri", &ServiceKind::Keyserver),
        Err("keyserver service at endpoint failed to provide URI in response".into())
    );
}

#[test]
fn endpoints_known_by_name_need_no_request() {
    // A client that can't ask anything at all.
    let proxies = Proxies::new(Some("http://127.0.0.1:1"), None, None);
    let client = Client::new(Options {
        proxies,
        ..options()
    });
    let lookup = Lookup {
        client: &client,
        cache: None,
        now: now(),
    };
    let cases = [
        ("cloud.apptainer.org", ServiceKind::Library, ""),
        (
            "cloud.apptainer.org",
            ServiceKind::Keyserver,
            "https://keys.openpgp.org",
        ),
        (
            "cloud.sylabs.io",
            ServiceKind::Library,
            "https://library.sylabs.io",
        ),
        (
            "cloud.sylabs.io",
            ServiceKind::Keyserver,
            "https://keys.sylabs.io",
        ),
    ];
    for (uri, kind, wanted) in cases {
        let found = lookup.service(&endpoint(uri, Transport::Https), &kind, Freshness::Day);
        assert_eq!(found.as_deref(), Ok(wanted));
    }
    let asked = lookup.service(
        &endpoint("cloud.apptainer.org", Transport::Https),
        &ServiceKind::Token,
        Freshness::Day,
    );
    assert!(matches!(asked, Err(DiscoveryError::Request(_))));
}

/// An endpoint that can be switched to another behaviour, a cache, and a client that asks it.
struct Remembering {
    server: Server,
    failing: Arc<AtomicBool>,
    directory: tempfile::TempDir,
    cache: Cache,
    /// A client that gives up a server that is silent, in little time.
    impatient: Option<Client>,
}

impl Remembering {
    fn new(failure: Reply) -> Self {
        let options = Options {
            limit: Duration::from_millis(300),
            ..options()
        };
        let impatient = matches!(failure, Reply::Silence).then(|| Client::new(options));
        let failing = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&failing);
        let server = Server::https(move |asked| {
            if fails.load(Ordering::SeqCst) {
                failure.clone()
            } else {
                world::endpoint(asked)
            }
        });
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path().join("portolan/apptainer"));
        Self {
            server,
            failing,
            directory,
            cache,
            impatient,
        }
    }

    fn ask(&self, freshness: Freshness, now: SystemTime) -> Result<Age, DiscoveryError> {
        let patient = client();
        let fails = self.failing.load(Ordering::SeqCst);
        let client = self
            .impatient
            .as_ref()
            .filter(|_| fails)
            .unwrap_or(&patient);
        let lookup = Lookup {
            client,
            cache: Some(self.cache.clone()),
            now,
        };
        let found = lookup.services(&endpoint(&self.server.host(), Transport::Https), freshness)?;
        assert_eq!(
            found.service(&ServiceKind::Library),
            Ok(self.server.url("/library").as_str())
        );
        Ok(found.age)
    }

    fn requests(&self) -> usize {
        self.server.asked().len()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn what_an_endpoint_said_is_good_for_a_day() {
    let world = Remembering::new(Reply::Silence);
    assert_eq!(world.ask(Freshness::Day, now()), Ok(Age::Asked));
    assert_eq!(world.ask(Freshness::Day, now()), Ok(Age::Fresh));
    assert_eq!(
        world.ask(Freshness::Day, now() + DAY - Duration::from_secs(1)),
        Ok(Age::Fresh)
    );
    assert_eq!(world.requests(), 1);
    assert_eq!(world.ask(Freshness::Day, now() + DAY), Ok(Age::Asked));
    assert_eq!(world.ask(Freshness::Day, now() + DAY), Ok(Age::Fresh));
    assert_eq!(world.ask(Freshness::Now, now() + DAY), Ok(Age::Asked));
    assert_eq!(world.requests(), 3);
    // The clock was set back: what comes from the future is not fresh.
    assert_eq!(world.ask(Freshness::Day, now()), Ok(Age::Asked));
}

#[test]
fn what_is_stale_serves_while_the_endpoint_does_not_answer() {
    for failure in [Reply::Silence, Reply::Close, Reply::status(503)] {
        let world = Remembering::new(failure);
        assert_eq!(world.ask(Freshness::Day, now()), Ok(Age::Asked));
        world.failing.store(true, Ordering::SeqCst);
        assert_eq!(world.ask(Freshness::Day, now() + 30 * DAY), Ok(Age::Stale));
        assert!(
            world.ask(Freshness::Now, now()).is_err(),
            "who wants it now gets nothing old"
        );
        world.failing.store(false, Ordering::SeqCst);
        assert_eq!(world.ask(Freshness::Day, now() + 30 * DAY), Ok(Age::Asked));
    }
}

#[test]
fn an_endpoint_that_answers_otherwise_now_is_believed() {
    for failure in [Reply::status(404), Reply::json(200, "[]")] {
        let world = Remembering::new(failure);
        world.ask(Freshness::Day, now()).unwrap();
        world.failing.store(true, Ordering::SeqCst);
        assert!(world.ask(Freshness::Day, now() + DAY).is_err());
    }
}

#[test]
fn a_broken_cache_is_as_none() {
    let world = Remembering::new(Reply::Silence);
    world.ask(Freshness::Day, now()).unwrap();
    let directory = world.directory.path().join("portolan/apptainer");
    let file = fs::read_dir(&directory)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(&file, "{\"format\":1,").unwrap();
    assert_eq!(world.ask(Freshness::Day, now()), Ok(Age::Asked));
    assert_eq!(
        world.ask(Freshness::Day, now()),
        Ok(Age::Fresh),
        "the next answer fixes it"
    );

    fs::remove_dir_all(world.directory.path().join("portolan")).unwrap();
    fs::write(world.directory.path().join("portolan"), "in the way").unwrap();
    assert_eq!(
        world.ask(Freshness::Day, now()),
        Ok(Age::Asked),
        "a cache that can't be written stops nothing"
    );
}

#[test]
fn a_failure_is_not_remembered() {
    let world = Remembering::new(Reply::json(200, "{not json"));
    world.failing.store(true, Ordering::SeqCst);
    world.ask(Freshness::Day, now()).unwrap_err();
    assert!(!world.directory.path().join("portolan").exists());
}
