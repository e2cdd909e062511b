//! Whom a password is shown: certificates, plain http, and servers that send it elsewhere.

use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use super::{basic, bearer, challenge, heard, kept, login, named, trusting};
use crate::support::authority::{Authority, Leaf};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{Finished, World};

/// A login with any certificate and by plain http.
fn login_insecurely(world: &World, registry: &str) -> Finished {
    world.run_with_input(
        &[
            "remote",
            "login",
            "-i",
            "-u",
            USER,
            "--password-stdin",
            registry,
        ],
        PASSWORD,
    )
}

/// The same server by an address that is not loopback's, as far as can be told from it.
fn not_loopback(server: &Server) -> String {
    format!("0.0.0.0:{}", server.port())
}

#[test]
fn a_registry_on_this_machine_may_speak_plain_http() {
    let (world, server) = (World::shipped(), Server::http(basic));
    for host in [server.host(), format!("127.0.0.1:{}", server.port())] {
        assert_eq!(login(&world, &format!("docker://{host}")).code, Some(0));
    }
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {
		"127.0.0.1:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		},
		"localhost:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn another_registry_may_speak_plain_http_only_when_that_is_wanted() {
    let (world, server) = (World::shipped(), Server::http(basic));
    let registry = format!("docker://{}", not_loopback(&server));
    let finished = login(&world, &registry);
    assert_eq!(finished.code, Some(255));
    let told = format!(
        "FATAL:   while login to {registry}: Get \"https://{}/v2/\": ",
        not_loopback(&server)
    );
    assert!(finished.stderr.starts_with(&told), "{finished}");
    assert!(!heard(&server).contains("/v2/"), "{}", heard(&server));
    assert_eq!(world.home_listing(), Vec::<String>::new());
    assert_eq!(login_insecurely(&world, &registry).code, Some(0));
    assert_data_eq!(
        named(world.session(&["registry list"]), &server),
        str![[r#"
$ portolan registry list

URI                     SECURE?
docker://0.0.0.0:PORT  ✗!
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_registry_that_speaks_tls_is_never_asked_by_plain_http() {
    let world = trusting();
    for reply in [
        Reply::status(500),
        Reply::status(404),
        Reply::redirect("/v2/"),
    ] {
        let server = Server::https(move |_| reply.clone());
        assert_eq!(
            login(&world, &format!("docker://{}", server.host())).code,
            Some(255)
        );
        assert_eq!(server.connections(), 1);
    }
    // One that breaks the conversation off when it sees the password.
    for reply in [Reply::Close, Reply::Reset, Reply::HalfABody] {
        let server = Server::https(move |asked| match asked.header("Authorization") {
            None => challenge("Basic"),
            Some(_) => reply.clone(),
        });
        let finished = login(&world, &format!("docker://{}", server.host()));
        assert_eq!(finished.code, Some(255));
        assert!(
            finished
                .stderr
                .contains(&format!("Get \"{}\": connection ", server.url("/v2/"))),
            "{finished}"
        );
    }
}

#[test]
fn a_token_service_that_is_away_is_named_itself() {
    let world = trusting();
    let server = Server::https(|_| challenge(r#"Bearer realm="https://localhost:1/token""#));
    assert_data_eq!(named(login(&world, &format!("docker://{}", server.host())), &server), str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: Get "https://localhost:1/token?account=ian&client_id=docker&offline_token=true": connection refused
[exit status: 255]

"#]].raw());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_certificate_that_cannot_be_trusted_ends_the_login_before_anything_is_sent() {
    let stranger = Authority::new("A stranger");
    for leaf in [Leaf::Good, Leaf::Expired, Leaf::OtherHost] {
        let (world, server) = (
            trusting(),
            Server::https_as(stranger.issue(leaf).config, basic),
        );
        let registry = format!("docker://{}", server.host());
        assert_eq!(login(&world, &registry).code, Some(255));
        assert!(server.asked().is_empty());
        assert_eq!(server.connections(), 1, "there is no second try by http");
        assert_eq!(world.home_listing(), Vec::<String>::new());
        assert_eq!(login_insecurely(&world, &registry).code, Some(0));
        assert_eq!(server.asked().len(), 2);
    }
    let (world, server) = (
        trusting(),
        Server::https_as(stranger.issue(Leaf::Good).config, basic),
    );
    assert_data_eq!(named(login(&world, &format!("docker://{}", server.host())), &server), str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": certificate signed by unknown authority
         If this is your site's own authority, put its certificate into /etc/containers/certs.d/localhost:PORT/ca.crt, which the runtime reads too, or name the file that has it in SSL_CERT_FILE.
[exit status: 255]

"#]].raw());
}

#[test]
fn a_registrys_own_authority_is_trusted_for_it_alone() {
    let stranger = Authority::new("A stranger");
    let serve = || Server::https_as(stranger.issue(Leaf::Good).config, basic);
    let (world, server, other) = (trusting(), serve(), serve());
    let directory = world
        .home()
        .join(".config/containers/certs.d")
        .join(server.host());
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("ca.crt"), stranger.pem()).unwrap();
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_eq!(
        login(&world, &format!("docker://{}", other.host())).code,
        Some(255)
    );
    assert!(other.asked().is_empty());
}

#[test]
fn a_certificates_directory_that_cannot_be_used_is_told_and_nothing_is_asked() {
    let (world, server) = (trusting(), Server::https(basic));
    let directory = world
        .home()
        .join(".config/containers/certs.d")
        .join(server.host());
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("client.cert"), "").unwrap();
    assert_data_eq!(named(login(&world, &format!("docker://{}", server.host())), &server), str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: $HOME/.config/containers/certs.d/localhost:PORT/client.cert has no key beside it, $HOME/.config/containers/certs.d/localhost:PORT/client.key
[exit status: 255]

"#]].raw());
    fs::remove_file(directory.join("client.cert")).unwrap();
    fs::write(directory.join("ca.crt"), "no certificate").unwrap();
    assert_data_eq!(
        named(login(&world, &format!("docker://{}", server.host())), &server),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: $HOME/.config/containers/certs.d/localhost:PORT/ca.crt is no PEM file
[exit status: 255]

"#]]
        .raw()
    );
    assert!(server.asked().is_empty());
}

#[test]
fn a_password_does_not_go_to_a_token_service_by_plain_http() {
    let world = trusting();
    let service = Server::http(|_| Reply::json(200, r#"{"token":"access"}"#));
    let realm = format!("http://{}/token", not_loopback(&service));
    for realm in [realm.clone(), "http://tokens.example.com/token".to_owned()] {
        let server =
            Server::https(move |_| challenge(&format!(r#"Bearer realm="{realm}",service="s""#)));
        let finished = login(&world, &format!("docker://{}", server.host()));
        assert_eq!(finished.code, Some(255));
        assert!(finished.stderr.contains("which is not https"), "{finished}");
        assert_eq!(server.asked().len(), 1);
    }
    assert_eq!(service.connections(), 0);
    assert_eq!(world.home_listing(), Vec::<String>::new());

    let server = Server::https(move |asked| match asked.header("Authorization") {
        Some("Bearer access") => Reply::status(200),
        _ => challenge(&format!(r#"Bearer realm="{realm}",service="s""#)),
    });
    assert_eq!(
        login_insecurely(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_data_eq!(
        heard(&service),
        str![[r#"
GET /token?account=ian&client_id=docker&offline_token=true&service=s [Basic PASSWORD]

"#]]
        .raw()
    );
}

#[test]
fn a_token_service_of_this_machine_may_speak_plain_http() {
    let world = trusting();
    let service = Server::http(bearer(r#"{"token":"access"}"#));
    let realm = service.url("/token");
    let server = Server::https(move |asked| match asked.header("Authorization") {
        Some("Bearer access") => Reply::status(200),
        _ => challenge(&format!(r#"Bearer realm="{realm}",service="s""#)),
    });
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn a_server_that_the_registry_sends_to_verifies_nothing_and_hears_no_password() {
    let world = trusting();
    let other = Server::https(|_| Reply::status(200));
    let elsewhere = other.url("/v2/");
    let server = Server::https(move |_| Reply::redirect(&elsewhere));
    let finished = login(&world, &format!("docker://{}", server.host()));
    let shown = named(&finished, &server).replace(&other.port().to_string(), "OTHER");
    assert_data_eq!(shown, str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: the registry sent the request on to https://localhost:OTHER, whose answer verifies nothing
         To log in to that registry, if you trust it:
           portolan registry login --username ian localhost:OTHER
[exit status: 255]

"#]].raw());
    assert!(
        other
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none())
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());

    // The same, once the registry has seen the password.
    let elsewhere = other.url("/v2/");
    let server = Server::https(move |asked| match asked.header("Authorization") {
        Some(_) => Reply::redirect(&elsewhere),
        None => challenge("Basic"),
    });
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(255)
    );
    assert!(
        other
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none())
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}
