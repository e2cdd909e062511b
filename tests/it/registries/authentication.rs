//! How a password is proven: the challenges of registries, and the services that give tokens.

use snapbox::{IntoData, assert_data_eq, str};

use super::{
    basic, basic_header, bearer, challenge, heard, kept, login, login_with, named, trusting,
};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

#[test]
fn a_registry_that_wants_the_password_is_shown_it_after_it_asked() {
    let (world, server) = (trusting(), Server::https(basic));
    assert_data_eq!(
        named(
            login(&world, &format!("docker://{}", server.host())),
            &server
        ),
        str![[r#"
------- stderr -------
INFO:    Token stored in $HOME/.apptainer/docker-config.json
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    assert_data_eq!(
        heard(&server),
        str![[r#"
GET /v2/ [-]
GET /v2/ [Basic PASSWORD]

"#]]
        .raw()
    );
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {
		"localhost:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	}
}[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        named(world.file(&world.user_file()), &server),
        str![[r#"
600
Active: ""
Remotes: {}
Credentials:
- URI: docker://localhost:PORT
  Insecure: false
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        named(world.session(&["remote list", "registry list"]), &server),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver

Authenticated Logins
=================================

URI                       INSECURE
docker://localhost:PORT  NO
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_registry_with_a_token_service_gets_a_token_for_the_password() {
    for answer in [
        r#"{"token":"access"}"#,
        r#"{"access_token":"access","token":"other"}"#,
    ] {
        let (world, server) = (trusting(), Server::https(bearer(answer)));
        assert_eq!(
            login(&world, &format!("oras://{}", server.host())).code,
            Some(0)
        );
        assert_data_eq!(
            heard(&server),
            str![[r#"
GET /v2/ [-]
GET /token?account=ian&client_id=docker&offline_token=true&service=test-service [Basic PASSWORD]
GET /v2/ [Bearer access]

"#]]
            .raw()
        );
        assert_data_eq!(
            kept(&world, &server),
            str![[r#"
600
{
	"auths": {
		"localhost:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	}
}[EOF]

"#]]
            .raw()
        );
    }
}

#[test]
fn the_realms_own_query_stays_and_a_service_without_a_name_is_not_named() {
    let world = trusting();
    let server = Server::https(|asked| match asked.header("Authorization") {
        Some("Bearer access") => Reply::status(200),
        Some(_) => Reply::json(200, r#"{"token":"access"}"#),
        None => challenge(&format!(
            r#"Bearer realm="{}/token?tenant=a%20b""#,
            asked.base
        )),
    });
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_data_eq!(
        heard(&server),
        str![[r#"
GET /v2/ [-]
GET /token?account=ian&client_id=docker&offline_token=true&tenant=a+b [Basic PASSWORD]
GET /v2/ [Bearer access]

"#]]
        .raw()
    );
}

#[test]
fn a_refresh_token_is_kept_in_the_passwords_place() {
    let (world, server) = (
        trusting(),
        Server::https(bearer(r#"{"token":"access","refresh_token":"refresh"}"#)),
    );
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {
		"localhost:PORT": {
			"auth": "aWFuOg==",
			"identitytoken": "refresh"
		}
	}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_token_service_that_answers_no_get_is_asked_by_post() {
    for status in [404, 405] {
        let world = trusting();
        let server = Server::https(move |asked| match (asked.method.as_str(), asked.path()) {
            ("POST", "/token") => Reply::json(200, r#"{"access_token":"access"}"#),
            ("GET", "/token") => Reply::status(status),
            _ => bearer("")(asked),
        });
        assert_eq!(
            login(&world, &format!("docker://{}", server.host())).code,
            Some(0)
        );
        assert_data_eq!(
            heard(&server),
            str![[r#"
GET /v2/ [-]
GET /token?account=ian&client_id=docker&offline_token=true&service=test-service [Basic PASSWORD]
POST /token [-]
GET /v2/ [Bearer access]

"#]]
            .raw()
        );
        let body = server
            .asked()
            .into_iter()
            .find(|asked| asked.method == "POST")
            .unwrap()
            .body;
        assert_data_eq!(body, str!["access_type=offline&client_id=docker&grant_type=password&password=pa55%3Aword%2F%C3%A9&service=test-service&username=ian"].raw());
    }
}

#[test]
fn the_form_with_the_password_is_not_sent_on_to_another_server() {
    let world = trusting();
    let other = Server::https(|_| Reply::json(200, r#"{"access_token":"access"}"#));
    let elsewhere = other.url("/token");
    let server = Server::https(move |asked| match (asked.method.as_str(), asked.path()) {
        ("POST", "/token") => Reply::status(307).with("Location", &elsewhere),
        ("GET", "/token") => Reply::status(405),
        _ => bearer("")(asked),
    });
    let finished = login(&world, &format!("docker://{}", server.host()));
    assert_eq!(finished.code, Some(255));
    assert!(
        other
            .asked()
            .iter()
            .all(|asked| asked.body.is_empty() && asked.header("Authorization").is_none())
    );
    assert_data_eq!(
        named(named(finished, &server), &other),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": received unexpected HTTP status: 307 Temporary Redirect
[exit status: 255]

"#]]
        .raw()
    );
}

#[test]
fn a_wrong_password_changes_nothing() {
    for server in [
        Server::https(basic),
        Server::https(bearer(r#"{"token":"access"}"#)),
    ] {
        let world = trusting();
        let before = world.home_listing();
        let registry = format!("docker://{}", server.host());
        let finished = login_with(&world, &registry, "wrong");
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(255), ""));
        assert_eq!(world.home_listing(), before);
        assert!(login(&world, &registry).code == Some(0));
        let stored = (
            world.file(&world.docker_config()),
            world.file(&world.user_file()),
        );
        assert_eq!(login_with(&world, &registry, "wrong").code, Some(255));
        assert_eq!(
            (
                world.file(&world.docker_config()),
                world.file(&world.user_file())
            ),
            stored
        );
    }
}

#[test]
fn what_went_wrong_is_told_in_the_words_of_dockers_library() {
    /// What a registry does, and its name.
    type Case<'a> = (&'a str, fn(&Asked) -> Reply);
    let cases: [Case<'_>; 10] = [
        ("basic", |_| challenge("Basic")),
        ("bearer", |asked| bearer("")(asked)),
        ("silent", |asked| match asked.path() {
            "/v2/" => bearer("")(asked),
            _ => Reply::status(401),
        }),
        ("details", |asked| match asked.path() {
            "/v2/" => bearer("")(asked),
            _ => Reply::json(401, r#"{"details":"the account is locked"}"#),
        }),
        ("no token", |asked| match asked.path() {
            "/v2/" => bearer("")(asked),
            _ => Reply::json(200, r#"{"token":""}"#),
        }),
        ("no JSON", |asked| match asked.path() {
            "/v2/" => bearer("")(asked),
            _ => Reply::json(200, r#"{"token":"access""#),
        }),
        ("no realm", |_| challenge("Bearer service=x")),
        ("token not taken", |asked| match asked.path() {
            "/v2/" => bearer("")(asked),
            _ => Reply::json(200, r#"{"token":"stale"}"#),
        }),
        ("unknown scheme", |_| challenge("Negotiate, Digest realm=x")),
        ("no registry", |_| Reply::status(404)),
    ];
    let mut told = String::new();
    for (name, behaviour) in cases {
        let (world, server) = (trusting(), Server::https(behaviour));
        let finished = login_with(&world, &format!("docker://{}", server.host()), "wrong");
        assert_eq!(finished.code, Some(255), "{name}");
        assert_eq!(world.home_listing(), Vec::<String>::new(), "{name}");
        told.push_str(&format!("{name}: {}", named(finished.stderr, &server)));
    }
    assert_data_eq!(told, str![[r#"
basic: FATAL:   while login to docker://localhost:PORT: login attempt to https://localhost:PORT/v2/ failed with status: 401 Unauthorized
bearer: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": unauthorized: incorrect username or password
silent: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": unauthorized: authentication required
details: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": unauthorized: the account is locked
no token: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": authorization server did not include a token in the response
no JSON: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": unable to decode token response: no tokens in JSON at line 1, column 17
no realm: FATAL:   while login to docker://localhost:PORT: Get "https://localhost:PORT/v2/": the registry does not say where its token service is
token not taken: FATAL:   while login to docker://localhost:PORT: login attempt to https://localhost:PORT/v2/ failed with status: 401 Unauthorized
unknown scheme: FATAL:   while login to docker://localhost:PORT: login attempt to https://localhost:PORT/v2/ failed with status: 401 Unauthorized
no registry: FATAL:   while login to docker://localhost:PORT: login attempt to https://localhost:PORT/v2/ failed with status: 404 Not Found

"#]].raw());
}

#[test]
fn a_registry_may_challenge_in_several_ways() {
    let one: fn(&Asked) -> Reply = |asked| {
        challenge(&format!(
            r#"Negotiate, bearer Realm="{}/token" , SERVICE="test-service", scope="a,b", Basic realm="x""#,
            asked.base
        ))
    };
    let several: fn(&Asked) -> Reply = |asked| {
        challenge("Negotiate")
            .with("WWW-Authenticate", r#"Basic realm="x""#)
            .with(
                "www-authenticate",
                &format!(
                    r#"Bearer service="test-service",realm="{}/token""#,
                    asked.base
                ),
            )
    };
    for challenges in [one, several] {
        let world = trusting();
        let server =
            Server::https(
                move |asked| match (asked.path(), asked.header("Authorization")) {
                    ("/v2/", None) => challenges(asked),
                    _ => bearer(r#"{"token":"access"}"#)(asked),
                },
            );
        assert_eq!(
            login(&world, &format!("docker://{}", server.host())).code,
            Some(0)
        );
        assert_data_eq!(
            heard(&server),
            str![[r#"
GET /v2/ [-]
GET /token?account=ian&client_id=docker&offline_token=true&service=test-service [Basic PASSWORD]
GET /v2/ [Bearer access]

"#]]
            .raw()
        );
    }
}

#[test]
fn a_registry_that_lets_everybody_in_verifies_nothing_and_a_warning_says_so() {
    let (world, server) = (trusting(), Server::https(|_| Reply::status(200)));
    assert_data_eq!(
        named(
            login(&world, &format!("docker://{}", server.host())),
            &server
        ),
        str![[r#"
------- stderr -------
WARNING: localhost:PORT lets everybody in: nothing was verified, and the password may be wrong
INFO:    Token stored in $HOME/.apptainer/docker-config.json
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    assert_data_eq!(
        heard(&server),
        str![[r#"
GET /v2/ [-]
GET /v2/ [Basic PASSWORD]

"#]]
        .raw()
    );
}

#[test]
fn a_wrong_password_never_replaces_the_one_before_where_a_registry_does_not_ask() {
    let server = Server::https(|asked| match asked.header("Authorization") {
        Some(header) if header != basic_header() => Reply::status(401),
        _ => Reply::status(200),
    });
    let world = trusting();
    let uri = format!("docker://{}", server.host());
    assert_eq!(login(&world, &uri).code, Some(0));
    let before = kept(&world, &server);
    assert_eq!(login_with(&world, &uri, "wrong").code, Some(255));
    assert_eq!(kept(&world, &server), before);
}

#[test]
fn a_login_needs_a_user_and_a_password() {
    let (world, server) = (trusting(), Server::https(basic));
    let host = server.host();
    assert_data_eq!(
        named(
            world.session(&[
                &format!("remote login docker://{host}"),
                &format!("remote login --username= docker://{host}"),
                &format!("remote login -u ian docker://{host}"),
                &format!("remote login -u ian --password-stdin docker://{host}"),
                &format!("remote login -u ian --tokenfile file docker://{host}"),
                &format!("remote login -u ian docker://ian@{host}"),
                "remote login -u ian docker:foo",
                "remote login -u ian gone://x",
            ]),
            &server
        ),
        str![[r#"
$ portolan remote login docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: Docker/OCI registry requires a username
[exit status: 255]
$ portolan remote login --username= docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: Docker/OCI registry requires a username
[exit status: 255]
$ portolan remote login -u ian docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: no terminal to ask on, and nothing on standard input: give the secret with --password-stdin
[exit status: 255]
$ portolan remote login -u ian --password-stdin docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: A password is required
[exit status: 255]
$ portolan remote login -u ian --tokenfile file docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while reading tokenfile: authentication token file not found
[exit status: 255]
$ portolan remote login -u ian docker://ian@localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: invalid registry: a user name can't stand in its address; give it with --username
[exit status: 255]
$ portolan remote login -u ian docker:foo
------- stderr -------
FATAL:   docker:foo is not a remote
         Known remotes: DefaultRemote. To add it:
           portolan remote add docker:foo <URI>
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote login -u ian gone://x
------- stderr -------
FATAL:   while login to gone://x: gone transport is not supported
[exit status: 255]
[EOF]

"#]].raw()
    );
    assert_eq!(server.connections(), 0);
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn a_password_is_not_told_however_much_is() {
    let given = |world: &crate::support::world::World, words: &[&str], input: &str| {
        let finished = world.run_with_input(words, input);
        assert_eq!(finished.code, Some(0), "{finished}");
        finished.to_string()
    };
    let mut world = trusting();
    let server = Server::https(bearer(r#"{"token":"access","refresh_token":"refresh"}"#));
    let registry = format!("docker://{}", server.host());
    let password = crate::support::endpoint::PASSWORD;
    let mut told = given(
        &world,
        &[
            "-d",
            "remote",
            "login",
            "-u",
            "ian",
            "--password-stdin",
            &registry,
        ],
        password,
    );
    told += &given(
        &world,
        &[
            "-d", "remote", "login", "-u", "ian", "-p", password, &registry,
        ],
        "",
    );
    world.set("APPTAINER_LOGIN_USERNAME", "ian");
    world.set("APPTAINER_LOGIN_PASSWORD", password);
    told += &given(&world, &["-d", "registry", "login", &registry], "");
    told += &given(&world, &["-d", "registry", "list"], "");
    told += &given(&world, &["-d", "registry", "logout", &registry], "");
    for secret in [password, "access", "refresh", &basic_header()[6..]] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    assert!(told.contains("DEBUG"), "{told}");
    let warning = "A password on the command line can be seen by other users of this machine: use --password-stdin";
    assert_eq!(told.matches(warning).count(), 1, "{told}");
}
