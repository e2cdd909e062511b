//! Secrets that are in no file: the kernel's keyring, helpers, commands. Real ones.

mod registries;
mod remotes;
mod secrecy;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::support::cloud;
use crate::support::cloud::TOKEN_STATUS;
use crate::support::endpoint::{endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{Finished, World, skip};

/// Whether the kernel has a keyring for these tests.
pub(crate) fn has_keyring() -> bool {
    let has = fs::read_to_string("/proc/keys").is_ok();
    if !has {
        skip("the kernel has no keyrings here");
    }
    has
}

/// A world with the remote `cloud` of the user's, and the endpoint that it is at, which takes every token.
pub(crate) fn setup() -> (World, Server) {
    let server = Server::https(|asked| match asked.path() {
        TOKEN_STATUS => Reply::json(200, r#"{"data":{"status":"ok"}}"#),
        _ => endpoint(asked),
    });
    let world = cloud::world();
    world.write_user(cloud::remotes(&[("cloud", &server.host(), "")]));
    (world, server)
}

/// Logs in to `cloud` with this store.
pub(crate) fn login(world: &World, store: &str) -> Finished {
    login_with(world, store, &good())
}

/// As [`login`], with this token.
pub(crate) fn login_with(world: &World, store: &str, token: &str) -> Finished {
    let words = [
        "remote",
        "login",
        "--store",
        store,
        "--password-stdin",
        "cloud",
    ];
    world.run_with_input(&words, token)
}

/// The record of the secrets.
pub(crate) fn record(world: &World) -> String {
    fs::read_to_string(world.home().join(".local/state/portolan/stores.json")).unwrap()
}

/// This machine's name.
pub(crate) fn hostname() -> String {
    let system = rustix::system::uname();
    system.nodename().to_str().unwrap().to_owned()
}

/// A token that no other test has.
pub(crate) fn marked() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("marked-{}-{now}-", std::process::id()).repeat(8)
}

/// The kernel takes its time to forget a key.
pub(crate) fn no_key_is_left(world: &World) {
    let end = Instant::now() + Duration::from_secs(20);
    let root = world.root().to_str().unwrap();
    while fs::read_to_string("/proc/keys").unwrap().contains(root) {
        assert!(Instant::now() < end, "a key of {root} is left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The files on the disk, changed in the last minutes, that have this text. What is older can't have it.
pub(crate) fn files_with(text: &str) -> String {
    let search = r#"find / -xdev -name target -prune -o -type f -mmin -10 -size -65536k -print0 2>/dev/null | xargs -0 grep -lF -- "$0" 2>/dev/null"#;
    let found = Command::new("sh")
        .args(["-c", search, text])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap()
}
