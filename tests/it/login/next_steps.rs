//! What a login that a server refuses advises, by what went wrong.

use std::sync::Arc;

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud::{plain, remotes, system_remotes};
use crate::support::endpoint::{DISCOVERY, PASSWORD, USER, endpoint, good};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;
use crate::support::{authority, cloud};

/// A login to a registry with the password on standard input.
fn registry(world: &World, host: &str) -> String {
    let words = ["registry", "login", "-u", USER, "--password-stdin", host];
    world.run_with_input(&words, PASSWORD).to_string()
}

/// The words of a command, then prompts and their answers.
type Dialogue<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// A login to the remote `e` with the token on standard input.
fn remote(world: &World) -> String {
    let words = ["remote", "login", "--password-stdin", "e"];
    world.run_with_input(&words, &good()).to_string()
}

#[test]
fn a_server_that_asks_for_a_client_certificate() {
    let server = Server::https_as(Arc::new(authority::exclusive_config()), endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), "")]));
    assert_data_eq!(
        plain(&registry(&world, &server.host()), &[&server]),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT1: Get "https://localhost:PORT1/v2/": the server asks for a client certificate
         Put yours into /etc/containers/certs.d/localhost:PORT1/client.cert, and its key into /etc/containers/certs.d/localhost:PORT1/client.key.
[exit status: 255]

"#]].raw()
    );
    assert_data_eq!(plain(&remote(&world), &[&server]), str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: Get "https://localhost:PORT1/assets/config/config.prod.json": the server asks for a client certificate
         Only registries get a client certificate. Ask the server's operator for an address without.
[exit status: 255]

"#]].raw());
}

#[test]
fn a_registry_whose_token_service_is_on_plain_http() {
    let service = Server::http(|_| Reply::status(200));
    let realm = format!("http://0.0.0.0:{}/token", service.port());
    let server = Server::https(move |_| {
        let challenge = format!(r#"Bearer realm="{realm}",service="s""#);
        Reply::status(401).with("WWW-Authenticate", &challenge)
    });
    let said = registry(&cloud::world(), &server.host());
    let said = said.replace(&service.port().to_string(), "PORT2");
    assert_data_eq!(plain(&said, &[&server]), str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT1: the registry wants the password sent to "http://0.0.0.0", which is not https
         Others on the way could read the password. To send it all the same:
           portolan registry login --insecure --username ian localhost:PORT1
[exit status: 255]

"#]].raw());
    assert_eq!(service.connections(), 0);
}

#[test]
fn an_endpoint_of_the_systems_that_redirects_elsewhere() {
    let stranger = Server::https(endpoint);
    let target = stranger.url(DISCOVERY);
    let server = Server::https(move |_| Reply::redirect(&target));
    let world = cloud::world();
    world.write_system(system_remotes(&[("e", &server.host(), "")]));
    assert_data_eq!(
        plain(&remote(&world), &[&server, &stranger]),
        str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error making request to server: https://localhost:PORT1/assets/config/config.prod.json redirects to https://localhost:PORT2, whose answer is not the endpoint's
         To use that endpoint under a name of your own, if you trust it:
           portolan remote add localhost:PORT2 https://localhost:PORT2
[exit status: 255]

"#]].raw()
    );
}

#[test]
fn a_proxy_that_refuses_to_connect() {
    for (status, advice) in [
        (
            403,
            "Ask who runs the proxy, or name the server in NO_PROXY if it can be reached without.",
        ),
        (
            407,
            "Give HTTPS_PROXY a user and a password that the proxy knows: http://USER:PASSWORD@HOST:PORT.",
        ),
    ] {
        let proxy = Server::http(move |_| Reply::status(status));
        let mut world = cloud::world();
        world.write_user(remotes(&[("e", "cloud.example.com", "")]));
        world.set(
            "HTTPS_PROXY",
            format!("http://ian:p@55/w#rd?x@{}", proxy.host()),
        );
        for said in [registry(&world, "registry.example.com"), remote(&world)] {
            let refused = format!(
                "through the proxy {}: the proxy refused to connect: {status} ",
                proxy.url("")
            );
            assert!(said.contains(&refused), "{said}");
            assert!(said.contains(&format!("\n         {advice}\n")), "{said}");
            assert!(!said.contains("p@55"), "{said}");
        }
    }
}

#[test]
fn a_person_who_enters_nothing_learns_that_nothing_was_stored() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(format!(
        "{}    Keyservers:\n    - URI: {}\n      Skip: false\n      External: true\n      Insecure: false\n",
        system_remotes(&[("e", &server.host(), "")]),
        server.url("/keys")
    ));
    let (host, keys) = (server.host(), server.url("/keys"));
    let cases: [Dialogue<'_>; 4] = [
        (&["remote", "login"], &[("Access Token: ", "\n")]),
        (&["registry", "login", &host], &[("Username: ", "\n")]),
        (
            &["registry", "login", &host],
            &[("Username: ", "ian\n"), ("): ", "\n")],
        ),
        (&["keyserver", "login", &keys], &[("): ", "\n")]),
    ];
    for (words, dialogue) in cases {
        let mut terminal = Terminal::new();
        let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
        world.surround(&mut command);
        command.args(words);
        terminal.start(command);
        for (prompt, answer) in dialogue {
            terminal.expect(prompt);
            terminal.send(answer);
        }
        terminal.wait();
        assert!(
            terminal.shown().contains("nothing was stored"),
            "{}",
            terminal.shown()
        );
    }
}
