//! A world whose remotes stand on the tests' servers, and the names that snapshots have for what differs from run to run.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::authority;
use super::endpoint::{endpoint, good, token};
use super::reply::{Asked, Reply};
use super::server::Server;
use super::world::{Finished, World};

/// Where the token service of [`endpoint`] is asked.
pub(crate) const TOKEN_STATUS: &str = "/token/v1/token-status";

/// A machine with the shipped system file, which trusts the tests' servers.
pub(crate) fn world() -> World {
    let mut world = World::shipped();
    world.trust(authority::shared());
    world
}

/// A file's text with these remotes, each a name, an address and a token that can be empty; the first one is active.
pub(crate) fn remotes(remotes: &[(&str, &str, &str)]) -> String {
    entries(remotes, false)
}

/// As [`remotes`], for all users.
pub(crate) fn system_remotes(remotes: &[(&str, &str, &str)]) -> String {
    entries(remotes, true)
}

fn entries(remotes: &[(&str, &str, &str)], system: bool) -> String {
    let mut text = format!("Active: {}\nRemotes:\n", remotes[0].0);
    for (name, uri, token) in remotes {
        write!(text, "  {name}:\n    URI: {uri}\n").unwrap();
        if !token.is_empty() {
            writeln!(text, "    Token: {token}").unwrap();
        }
        write!(text, "    System: {system}\n    Exclusive: false\n").unwrap();
    }
    text
}

/// Makes a file of this text in the home.
pub(crate) fn file(world: &World, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = world.home().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// The text with `PORT1` for the port of the first server and so on, and words for the tokens.
pub(crate) fn plain(text: &str, servers: &[&Server]) -> String {
    let mut text = text
        .replace(&good(), "<good>")
        .replace(&token("old-"), "<old>");
    for (server, number) in servers.iter().zip(1..) {
        text = text.replace(&server.host(), &format!("localhost:PORT{number}"));
    }
    text
}

/// What a run wrote, both streams.
pub(crate) fn output(run: &Finished) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

/// A JSON Web Token that says that it is good until `expiry`, in seconds since 1970.
pub(crate) fn token_until(expiry: u64) -> String {
    let claims = format!(r#"{{"exp":{expiry},"sub":"{}"}}"#, "ian".repeat(60));
    format!(
        "eyJhbGciOiJIUzI1NiJ9.{}.c2ln",
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    )
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// An endpoint whose token service first lets something else happen in `world`, while the login waits for it.
pub(crate) fn meanwhile(
    world: &Arc<World>,
    other: impl Fn(&World, &Asked) + Send + Sync + 'static,
) -> Server {
    let world = Arc::downgrade(world);
    Server::https(move |asked| {
        if asked.path() == TOKEN_STATUS {
            other(&world.upgrade().unwrap(), asked);
        }
        endpoint(asked)
    })
}

/// An endpoint that says of its services what `document` makes of its own address.
pub(crate) fn discovering(document: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    Server::https(move |asked| {
        if asked.path() == super::endpoint::DISCOVERY {
            Reply::json(200, &document(&asked.base))
        } else {
            endpoint(asked)
        }
    })
}
