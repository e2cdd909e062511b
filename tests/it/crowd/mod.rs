//! A crowd of writers and readers on the same files: every change that was reported is there, and nobody ever saw half a
//! file. D7 of docs/compatibility.md.
//!
//! Short by default; `PORTOLAN_TEST_LONG=1` makes it the size that docs/reliability.md speaks of.

mod foreign;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use portolan::config::document::Document;
use portolan::config::yaml;
use worker::{Change, Worker};

use crate::support::cloud;
use crate::support::endpoint::{PASSWORD, USER, endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::World;

/// How much is done.
struct Size {
    workers: usize,
    changes_each: usize,
    foreign: Duration,
}

const SHORT: Size = Size {
    workers: 20,
    changes_each: 10,
    foreign: Duration::from_secs(2),
};
const LONG: Size = Size {
    workers: 50,
    changes_each: 20,
    foreign: Duration::from_secs(30),
};
const READERS: usize = 10;

/// Remotes that nobody removes: the first and the last of the file are among them.
const STABLE: [&str; 3] = ["a-first", "middle", "zz-last"];
/// Names that all want.
const SHARED: [&str; 3] = ["shared-0", "shared-1", "shared-2"];

fn size() -> Size {
    if std::env::var_os("PORTOLAN_TEST_LONG").is_some_and(|value| value == "1") {
        LONG
    } else {
        SHORT
    }
}

/// A world with the stable remotes, the first of them active, and the good token in `$HOME/good`.
fn world() -> World {
    let world = cloud::world();
    // Where nobody answers, at once: a list asks the active one for its keyserver.
    let hosts = STABLE.map(|name| format!("localhost:1/{name}"));
    let entries: Vec<_> = STABLE
        .iter()
        .zip(&hosts)
        .map(|(name, host)| (*name, host.as_str(), ""))
        .collect();
    world.write_user(cloud::remotes(&entries));
    cloud::file(&world, "good", good());
    world
}

/// The whole file; a panic when it is half a one.
fn document(path: &Path) -> Document {
    let bytes = fs::read(path).unwrap();
    yaml::document(&bytes)
        .unwrap_or_else(|error| panic!("{error}:\n{}", String::from_utf8_lossy(&bytes)))
}

/// The addresses of the file's remotes.
fn addresses(document: &Document) -> BTreeMap<&str, &str> {
    document
        .remotes()
        .iter()
        .map(|(name, entry)| (name.as_str(), entry.uri.as_str()))
        .collect()
}

/// What `remote list --json` shows, by name.
fn listed(world: &World) -> BTreeMap<String, String> {
    let run = world.run(&["remote", "list", "--json"]);
    let problems = run
        .stderr
        .lines()
        .filter(|line| !line.ends_with("its keyserver is not known"));
    assert_eq!((problems.count(), run.code), (0, Some(0)), "{run}");
    let view: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let remotes = view["remotes"].as_array().unwrap();
    let found: BTreeMap<_, _> = remotes
        .iter()
        .map(|remote| (text(&remote["name"]), text(&remote["uri"])))
        .collect();
    for name in STABLE.iter().chain(&["DefaultRemote"]) {
        assert!(found.contains_key(*name), "{name} is missing: {run}");
    }
    found
}

/// Runs this again and again in [`READERS`] threads as long as `until` runs; how often it ran.
fn beside_readers(read: impl Fn() + Sync, until: impl FnOnce()) -> usize {
    let (over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    read();
                    reads.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
        let ended = worker::OnDrop(|| over.store(true, Ordering::SeqCst));
        until();
        drop(ended);
    });
    reads.into_inner()
}

#[test]
fn every_reported_change_of_a_crowd_is_there() {
    let (world, size) = (world(), size());
    let server = Server::https(endpoint);
    let registries: Vec<Server> = (0..size.workers).map(|_| Server::http(registry)).collect();
    let changes = Mutex::new(Vec::<Change>::new());
    let kept = Mutex::new(Vec::<String>::new());
    let workers = Mutex::new(Vec::new());

    let read = || {
        let promised = kept.lock().unwrap().clone();
        let raw = document(&world.user_file());
        let shown = listed(&world);
        document(&world.system_file());
        match fs::read(world.docker_config()) {
            Ok(bytes) => drop(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
        }
        for name in STABLE
            .iter()
            .copied()
            .chain(promised.iter().map(String::as_str))
        {
            assert!(
                addresses(&raw).contains_key(name) && shown.contains_key(name),
                "{name} was added and is not there"
            );
        }
    };
    let reads = beside_readers(read, || {
        thread::scope(|scope| {
            for (number, registry) in registries.iter().enumerate() {
                let worker = Worker::new(number, &world, server.host(), registry.host());
                let (changes, kept, workers) = (&changes, &kept, &workers);
                scope.spawn(move || {
                    let worker = worker.work(size.changes_each, changes, kept);
                    workers.lock().unwrap().push(worker);
                });
            }
        });
    });

    let (changes, workers) = (changes.into_inner().unwrap(), workers.into_inner().unwrap());
    assert_eq!(workers.len(), size.workers);
    let user = document(&world.user_file());
    let system = document(&world.system_file());
    let docker: serde_json::Value = match fs::read(world.docker_config()) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => serde_json::Value::Null,
    };
    let mut expected = BTreeMap::new();
    for worker in &workers {
        worker.check(&user, &system, &docker);
        expected.extend(
            worker
                .remotes
                .iter()
                .map(|(name, address)| (name.clone(), address.clone())),
        );
    }
    let others = |name: &str| STABLE.contains(&name) || SHARED.contains(&name);
    let found: BTreeMap<String, String> = addresses(&user)
        .into_iter()
        .filter(|(name, _)| !others(name))
        .map(|(name, address)| (name.to_owned(), address.to_owned()))
        .collect();
    assert_eq!(found, expected);

    for name in SHARED {
        let of_name: Vec<&Change> = changes
            .iter()
            .filter(|change| change.name == name)
            .collect();
        let found = addresses(&user)
            .get(name)
            .map(|address| (*address).to_owned());
        let (added, removed) = of_name
            .iter()
            .partition::<Vec<&Change>, _>(|change| change.done && change.left.is_some());
        let removed = removed.iter().filter(|change| change.done).count();
        assert_eq!(
            added.len(),
            removed + usize::from(found.is_some()),
            "{name} was added and removed by turns"
        );
        explained(name, &of_name, found.as_deref());
    }
    let uses: Vec<&Change> = changes
        .iter()
        .filter(|change| change.name == "Active")
        .collect();
    explained("Active", &uses, Some(user.active()));

    let done = changes.iter().filter(|change| change.done).count();
    let count = |kind: &str| {
        changes
            .iter()
            .filter(|change| change.done && change.kind == kind)
            .count()
    };
    let kinds: Vec<String> = worker::KINDS
        .iter()
        .map(|kind| format!("{kind} {}", count(kind)))
        .collect();
    eprintln!(
        "crowd: {} changes by {} workers: {done} done, {} refused, 0 lost; {reads} reads by {READERS} readers, 0 torn ({})",
        changes.len(),
        size.workers,
        changes.len() - done,
        kinds.join(", ")
    );
    assert_eq!(changes.len(), size.workers * size.changes_each);
    assert!(done > changes.len() / 2 && reads > READERS);
}

/// Whether the final state is what one of the last successful changes left: one that no other began after.
fn explained(name: &str, changes: &[&Change], found: Option<&str>) {
    let done: Vec<&&Change> = changes.iter().filter(|change| change.done).collect();
    let last = |change: &Change| !done.iter().any(|other| other.began > change.ended);
    let possible: Vec<Option<&str>> = done
        .iter()
        .filter(|change| last(change))
        .map(|change| change.left.as_deref())
        .collect();
    let untouched = if name == "Active" {
        Some(STABLE[0])
    } else {
        None
    };
    let explains = if done.is_empty() {
        found == untouched
    } else {
        possible.contains(&found)
    };
    assert!(
        explains,
        "{name} is {found:?}, which none of the last changes left: {possible:?}"
    );
}

/// A registry that knows one user.
fn registry(asked: &crate::support::reply::Asked) -> Reply {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    let known = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))
    );
    match asked.path() {
        "/v2/" if asked.header("Authorization") == Some(&known) => Reply::status(200),
        _ => Reply::status(401).with("WWW-Authenticate", r#"Basic realm="the registry""#),
    }
}

/// Runs these words to their end: what it said, its code, when it began and ended.
fn run(world: &World, words: &[&str], input: &str) -> (String, Option<i32>, Instant, Instant) {
    let mut command = world.command();
    command.args(words).stdout(Stdio::null());
    let began = Instant::now();
    let finished = world.finish(command, input);
    (finished.stderr, finished.code, began, Instant::now())
}
