//! The hosts of the documents' examples: one server that answers for all of them, behind a proxy that leads there.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::{io, thread};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::authority;
use super::authority::Leaf;
use super::endpoint::{DISCOVERY, PASSWORD, REGISTRY_SECRET, good};
use super::reply::{Asked, Reply};
use super::server::Server;
use super::world::World;

const HOSTS: Leaf = Leaf::Hosts(&[
    "*.apptainer.org",
    "*.company.example",
    "*.docker.io",
    "*.example.com",
    "*.example.org",
    "*.openpgp.org",
    "*.sylabs.io",
    "ghcr.io",
    "registry.gitlab.com",
]);

/// Lets a world reach these hosts and no others, through a proxy of this address.
pub(crate) fn connect(world: &mut World) -> (Server, String) {
    let server = Server::https_as(authority::shared().issue(HOSTS).config, answer);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    world.trust(authority::shared());
    let address = format!("http://{}", proxy.local_addr().unwrap());
    world.set("HTTPS_PROXY", &address);
    let port = server.port();
    thread::spawn(move || {
        for client in proxy.incoming().map_while(Result::ok) {
            thread::spawn(move || tunnel(&client, port));
        }
    });
    (server, address)
}

/// Answers CONNECT for any host, and joins the client with the server.
fn tunnel(mut client: &TcpStream, port: u16) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let server = TcpStream::connect(("127.0.0.1", port))?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut upward = server.try_clone()?;
    thread::spawn(move || io::copy(&mut reader, &mut upward));
    io::copy(&mut &server, &mut client)?;
    Ok(())
}

fn answer(asked: &Asked) -> Reply {
    let host = asked.header("Host").unwrap_or_default();
    let is_known = asked.header("Authorization").is_some_and(knows);
    match asked.path() {
        DISCOVERY => host
            .split_once('.')
            .map_or(Reply::status(404), |(_, domain)| {
                Reply::json(200, &services(domain))
            }),
        path if path.ends_with("/version") => Reply::json(
            200,
            r#"{"data":{"apiVersion":"2.0.0-alpha.1","version":"v1.2.3"}}"#,
        ),
        path if path.ends_with("/token-status") && is_known => Reply::status(200),
        path if path.ends_with("/token-status") => Reply::json(
            404,
            r#"{"error":{"code":404,"message":"Invalid Credentials"}}"#,
        ),
        path if path.ends_with("/users/current") && is_known => Reply::json(
            200,
            &format!(
                r#"{{"data":{{"username":"ian","email":"ian@example.com","oidc_user_meta":{{"secret":"{REGISTRY_SECRET}"}}}}}}"#
            ),
        ),
        _ if is_known || host == "keys.openpgp.org" => Reply::json(200, "{}"),
        _ => Reply::status(401).with("WWW-Authenticate", "Basic realm=\"example\""),
    }
}

/// Whether this header has a secret of the examples.
fn knows(header: &str) -> bool {
    let (scheme, text) = header.split_once(' ').unwrap_or_default();
    let decoded = BASE64_STANDARD.decode(text).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    let secret = match scheme {
        "Bearer" => text,
        _ => decoded.split_once(':').unwrap_or_default().1,
    };
    [&good(), PASSWORD, REGISTRY_SECRET].contains(&secret)
}

/// What the endpoint `cloud.DOMAIN` says of its services.
fn services(domain: &str) -> String {
    let service = |key: &str, uri: &str| format!(r#""{key}":{{"uri":"https://{uri}"}}"#);
    let services = [
        service("libraryAPI", &format!("library.{domain}")),
        service("keystoreAPI", &format!("keys.{domain}")),
        service("tokenAPI", &format!("auth.{domain}/token")),
        service("consentAPI", &format!("auth.{domain}/consent")),
    ];
    format!("{{{}}}", services.join(","))
}
