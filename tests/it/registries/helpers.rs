//! Programs that keep secrets in the file's place.

use std::fs;
use std::time::{Duration, Instant};

use snapbox::{IntoData, assert_data_eq, str};

use super::{basic, basic_header, bearer, kept, login, named};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::server::Server;
use crate::support::world::World;

/// A registry on loopback, and a world with the helpers `fake` and `other` and this docker-config.json, in which `HOST`
/// stands for the registry.
pub(super) fn setup(config: &str) -> (World, Server) {
    let (mut world, server) = (World::shipped(), Server::http(basic));
    for name in ["docker-credential-fake", "docker-credential-other"] {
        world.link_program(name, "tests/it/programs/docker-credential-fake");
    }
    let directory = world.root().join("helper");
    fs::create_dir(&directory).unwrap();
    world.set("HELPER_DIRECTORY", directory);
    world.write_docker_config(config.replace("HOST", &server.host()));
    (world, server)
}

/// What the helpers left: `log`, `seen`, and `NAME.VERB` for what came on standard input.
pub(super) fn left(world: &World, file: &str) -> String {
    fs::read_to_string(world.root().join("helper").join(file)).unwrap_or_default()
}

#[test]
fn a_helper_inherits_no_file_and_no_connection() {
    let (world, server) = setup(r#"{"credsStore":"fake"}"#);
    let registry = format!("docker://{}", server.host());
    assert_eq!(login(&world, &registry).code, Some(0));
    let run = world.run(&["registry", "logout", &registry]);
    assert_eq!(run.code, Some(0), "{run}");
    let open = left(&world, "open");
    let of_its_own = |line: &&str| {
        [
            "pipe:",
            "/dev/null",
            "/helper/open",
            "/programs/docker-credential-fake",
        ]
        .iter()
        .any(|own| line.contains(own))
    };
    let inherited: Vec<&str> = open.lines().filter(|line| !of_its_own(line)).collect();
    assert!(open.lines().count() > 3 && inherited.is_empty(), "{open}");
}

#[test]
fn a_helper_keeps_the_secret_and_the_file_says_only_for_whom() {
    let (world, server) = setup(r#"{"credsStore":"fake"}"#);
    let registry = format!("docker://{}", server.host());
    assert_data_eq!(
        named(login(&world, &registry), &server),
        str![[r#"
------- stderr -------
INFO:    Token stored in docker-credential-fake
INFO:    Token stored in $HOME/.apptainer/remote.yaml
WARNING: These versions of Apptainer do not find this login: before 1.4

"#]]
        .raw()
    );
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {
		"localhost:PORT": {}
	},
	"credsStore": "fake"
}[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        named(left(&world, "fake.store"), &server),
        str![[r#"{"ServerURL":"localhost:PORT","Username":"ian","Secret":"pa55:word/é"}"#]].raw()
    );
    assert_data_eq!(
        named(
            world.session(&[
                "registry list",
                &format!("registry logout {registry}"),
                "registry list"
            ]),
            &server
        ),
        str![[r#"
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
$ portolan registry logout docker://localhost:PORT
------- stderr -------
INFO:    Token removed from docker-credential-fake
INFO:    Logout succeeded
$ portolan registry list

URI  SECURE?
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {},
	"credsStore": "fake"
}[EOF]

"#]]
        .raw()
    );
    assert_eq!(left(&world, "fake.erase"), server.host());
    assert_data_eq!(
        left(&world, "log"),
        str![[r#"
fake store
fake list
fake erase
fake list

"#]]
        .raw()
    );
}

#[test]
fn a_helper_gets_a_refresh_token_under_the_protocols_own_name() {
    let (world, _) = setup(r#"{"credsStore":"fake"}"#);
    let server = Server::http(bearer(r#"{"token":"access","refresh_token":"refresh"}"#));
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert_data_eq!(
        named(left(&world, "fake.store"), &server),
        str![[r#"{"ServerURL":"localhost:PORT","Username":"<token>","Secret":"refresh"}"#]].raw()
    );
    assert!(!kept(&world, &server).contains("refresh"));
}

#[test]
fn a_secret_is_neither_among_a_helpers_arguments_nor_in_its_environment() {
    let (mut world, server) = setup(r#"{"credsStore":"fake"}"#);
    let registry = format!("docker://{}", server.host());
    for prefix in ["APPTAINER_", "SINGULARITY_", "MY_TOOL_", "_"] {
        world.set(&format!("{prefix}LOGIN_PASSWORD"), PASSWORD);
        world.set(&format!("{prefix}DOCKER_PASSWORD"), PASSWORD);
    }
    world.set("APPTAINER_LOGIN_PASSWORD_FILE", "another variable");
    assert_eq!(
        world.run(&["remote", "login", "-u", USER, &registry]).code,
        Some(0)
    );
    assert_eq!(
        world
            .run(&["remote", "login", "-u", USER, "-p", PASSWORD, &registry])
            .code,
        Some(0)
    );
    assert_eq!(world.run(&["remote", "logout", &registry]).code, Some(0));
    let seen = left(&world, "seen");
    assert!(
        seen.contains("HELPER_DIRECTORY=") && seen.contains("store") && seen.contains("erase"),
        "{seen}"
    );
    assert!(seen.contains("APPTAINER_LOGIN_PASSWORD_FILE="), "{seen}");
    assert!(
        !seen.contains(PASSWORD) && !seen.contains(&basic_header()[6..]),
        "{seen}"
    );
}

#[test]
fn a_helper_of_the_registry_comes_before_the_one_for_all() {
    let (world, server) = setup(r#"{"credsStore":"other","credHelpers":{"HOST":"fake"}}"#);
    let host = server.host();
    assert_eq!(login(&world, &format!("docker://{host}")).code, Some(0));
    assert_eq!(
        login(&world, &format!("docker://{host}/team")).code,
        Some(0)
    );
    assert_eq!(world.run(&["registry", "logout", &host]).code, Some(0));
    assert_eq!(
        world
            .run(&["registry", "logout", &format!("{host}/team")])
            .code,
        Some(0)
    );
    assert_data_eq!(
        left(&world, "log"),
        str![[r#"
fake store
fake store
fake erase
fake erase

"#]]
        .raw()
    );
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"auths": {},
	"credsStore": "other",
	"credHelpers": {
		"localhost:PORT": "fake"
	}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_helper_that_fails_is_told_in_its_own_words_and_nothing_changes() {
    for (helper, mode) in [("fake", "locked"), ("absent", "")] {
        let (mut world, server) = setup(&format!(
            r#"{{"credsStore":"{helper}","auths":{{"HOST":{{}}}}}}"#
        ));
        world.set("HELPER", mode);
        let registry = format!("docker://{}", server.host());
        let before = world.file(&world.docker_config());
        let mut told = named(login(&world, &registry), &server);
        told += &named(world.run(&["remote", "logout", &registry]), &server);
        match helper {
            "fake" => assert_data_eq!(told, str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while trying to store new credentials: error storing credentials - err: exit status 1, out: `the keyring is locked`
[exit status: 255]
------- stderr -------
FATAL:   while verifying token: error erasing credentials - err: exit status 1, out: `the keyring is locked`
[exit status: 255]

"#]].raw()),
            _ => assert_data_eq!(told, str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while trying to store new credentials: error storing credentials - err: exec: "docker-credential-absent": executable file not found in $PATH, out: ``
[exit status: 255]
------- stderr -------
FATAL:   while verifying token: error erasing credentials - err: exec: "docker-credential-absent": executable file not found in $PATH, out: ``
[exit status: 255]

"#]].raw()),
        }
        assert_eq!(world.file(&world.docker_config()), before);
        assert_eq!(world.file(&world.user_file()), "absent\n");
    }
}

#[test]
fn a_name_that_leads_to_another_directory_is_no_helpers() {
    let (world, server) = setup(r#"{"credsStore":"../fake"}"#);
    assert_data_eq!(
        named(login(&world, &format!("docker://{}", server.host())), &server),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while loading existing OCI registry credentials from "$HOME/.apptainer/docker-config.json": "../fake" can't be a credential helper's name
[exit status: 255]

"#]]
        .raw()
    );
    assert_eq!(left(&world, "log"), "");
    assert_eq!(
        server.connections(),
        0,
        "it is found before the password is needed"
    );
}

#[test]
fn what_a_helper_does_not_have_is_logged_out_of() {
    let (mut world, server) = setup(r#"{"credsStore":"fake","auths":{"HOST":{}}}"#);
    world.set("HELPER", "absent");
    assert_eq!(
        world.run(&["registry", "logout", &server.host()]).code,
        Some(0)
    );
    assert!(!kept(&world, &server).contains("localhost"));
}

#[test]
fn a_helper_that_hangs_is_ended() {
    let (mut world, server) = setup(r#"{"credsStore":"fake"}"#);
    world.set("HELPER", "hangs");
    let start = Instant::now();
    let finished = login(&world, &format!("docker://{}", server.host()));
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{:?}",
        start.elapsed()
    );
    assert_data_eq!(
        named(finished, &server),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while trying to store new credentials: error storing credentials - err: not done after 10 s, out: ``
[exit status: 255]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.user_file()), "absent\n");
}
