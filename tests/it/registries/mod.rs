//! Logins to registries: what a registry hears, what is kept, and what users see.

mod authentication;
mod authfile;
mod checked;
mod files;
mod helpers;
mod listed;
mod reach;
mod terminal;
mod together;
mod transport;

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::authority;
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;
use crate::support::world::{Finished, World};

/// A world that trusts the tests' authority.
fn trusting() -> World {
    let mut world = World::shipped();
    let file = world.root().join("authority.pem");
    fs::write(&file, authority::shared().pem()).unwrap();
    world.set("SSL_CERT_FILE", file);
    world
}

/// A registry on loopback, and a world that reaches it by plain http.
fn on_loopback() -> (World, Server) {
    (World::shipped(), Server::http(basic))
}

/// `{"auths":{KEY:{"auth":…}}}`, as others write it.
fn prepared(keys: &[&str]) -> String {
    let entries: Vec<String> = keys
        .iter()
        .map(|key| format!(r#""{key}":{{"auth":"aWFuOng="}}"#))
        .collect();
    format!(r#"{{"auths":{{{}}}}}"#, entries.join(","))
}

/// A registry that wants the password itself.
pub(crate) fn basic(asked: &Asked) -> Reply {
    match asked.path() {
        "/v2/" if asked.header("Authorization") == Some(&basic_header()) => Reply::status(200),
        "/v2/" => Reply::status(401).with("WWW-Authenticate", r#"Basic realm="the registry""#),
        _ => Reply::status(404),
    }
}

/// A registry that wants a token, which it gives itself for the password, with this answer.
fn bearer(answer: &'static str) -> impl Fn(&Asked) -> Reply + Send + Sync {
    move |asked| match asked.path() {
        "/v2/" if asked.header("Authorization") == Some("Bearer access") => Reply::status(200),
        "/v2/" => challenge(&format!(
            r#"Bearer realm="{}/token",service="test-service""#,
            asked.base
        )),
        "/token" if asked.header("Authorization") == Some(&basic_header()) => {
            Reply::json(200, answer)
        }
        "/token" => Reply::json(
            401,
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#,
        ),
        _ => Reply::status(404),
    }
}

fn challenge(header: &str) -> Reply {
    Reply::status(401).with("WWW-Authenticate", header)
}

fn basic_header() -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))
    )
}

/// Logs the user in to `registry`, with the password on standard input.
fn login(world: &World, registry: &str) -> Finished {
    login_with(world, registry, PASSWORD)
}

fn login_with(world: &World, registry: &str, password: &str) -> Finished {
    world.run_with_input(
        &["remote", "login", "-u", USER, "--password-stdin", registry],
        password,
    )
}

/// A text with `PORT` for the server's port, which is another one each time.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a text or a run, made for this call alone"
)]
fn named(text: impl ToString, server: &Server) -> String {
    text.to_string()
        .replace(&format!(":{}", server.port()), ":PORT")
}

/// What the server was asked, a line each, with `PASSWORD` for the right header.
fn heard(server: &Server) -> String {
    let lines: Vec<_> = server
        .log()
        .iter()
        .map(|line| named(line, server) + "\n")
        .collect();
    lines.concat().replace(&basic_header(), "Basic PASSWORD")
}

/// docker-config.json.
fn kept(world: &World, server: &Server) -> String {
    named(world.file(&world.docker_config()), server)
}
