//! What is kept of a login, which logins share it, and when it goes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use snapbox::{IntoData, assert_data_eq, str};

use super::{kept, login, named, on_loopback, prepared};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::world::World;

#[test]
fn what_others_keep_in_the_file_stays_in_its_order() {
    let (world, server) = on_loopback();
    world.write_docker_config(
        r#"{"zebra":{"b":[1,2],"a":null},"auths":{"ghcr.io":{"x":1,"auth":"?"}},"HttpHeaders":{"X":"y"},"alpha":"é"}"#,
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
	"zebra": {
		"b": [
			1,
			2
		],
		"a": null
	},
	"auths": {
		"ghcr.io": {
			"x": 1,
			"auth": "?"
		},
		"localhost:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	},
	"HttpHeaders": {
		"X": "y"
	},
	"alpha": "é"
}[EOF]

"#]]
        .raw()
    );
    world.session(&[&format!("remote logout docker://{}", server.host())]);
    assert_data_eq!(
        kept(&world, &server),
        str![[r#"
600
{
	"zebra": {
		"b": [
			1,
			2
		],
		"a": null
	},
	"auths": {
		"ghcr.io": {
			"x": 1,
			"auth": "?"
		}
	},
	"HttpHeaders": {
		"X": "y"
	},
	"alpha": "é"
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_file_that_nobody_else_may_read_is_made_and_an_open_one_is_closed() {
    let (world, server) = on_loopback();
    let registry = format!("docker://{}", server.host());
    assert_eq!(login(&world, &registry).code, Some(0));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&world.docker_config()), 0o600);
    assert_eq!(mode(&world.home().join(".apptainer")), 0o700);
    world.write_docker_config("{}");
    fs::set_permissions(world.docker_config(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_data_eq!(
        named(login(&world, &registry), &server),
        str![[r#"
------- stderr -------
INFO:    Token stored in $HOME/.apptainer/docker-config.json
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    assert_eq!(mode(&world.docker_config()), 0o600);
    // Also when it has the password already.
    fs::set_permissions(world.docker_config(), fs::Permissions::from_mode(0o644)).unwrap();
    let before = fs::read(world.docker_config()).unwrap();
    assert_eq!(login(&world, &registry).code, Some(0));
    assert_eq!(
        (
            mode(&world.docker_config()),
            fs::read(world.docker_config()).unwrap()
        ),
        (0o600, before)
    );
}

#[test]
fn a_broken_file_is_named_with_the_place_before_a_password_is_asked_for() {
    let (world, server) = on_loopback();
    let registry = format!("docker://{}", server.host());
    assert_eq!(login(&world, &registry).code, Some(0));
    let connections = server.connections();
    let broken = "{\n\t\"auths\": {\n\t\tnot json\n";
    world.write_docker_config(broken);
    assert_data_eq!(
        named(
            world.session(&[
                &format!("remote login -u ian {registry}"),
                &format!("remote logout {registry}"),
                "registry list",
            ]),
            &server
        ),
        str![[r#"
$ portolan remote login -u ian docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while loading existing OCI registry credentials from "$HOME/.apptainer/docker-config.json": line 3, column 3: key must be a string
[exit status: 255]
$ portolan remote logout docker://localhost:PORT
------- stderr -------
FATAL:   while verifying token: while loading existing OCI registry credentials from "$HOME/.apptainer/docker-config.json": line 3, column 3: key must be a string
[exit status: 255]
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
------- stderr -------
WARNING: Apptainer 1.5.3 uses no login of a file that it can't read: $HOME/.apptainer/docker-config.json, line 3: invalid character 'n' looking for beginning of object key string
[EOF]

"#]].raw()
    );
    assert_eq!(fs::read_to_string(world.docker_config()).unwrap(), broken);
    assert_eq!(server.connections(), connections);
    world.write_docker_config(r#"{"auths":"x"}"#);
    assert_data_eq!(
        named(world.session(&[&format!("remote login -u ian {registry}")]), &server),
        str![[r#"
$ portolan remote login -u ian docker://localhost:PORT
------- stderr -------
FATAL:   while login to docker://localhost:PORT: while loading existing OCI registry credentials from "$HOME/.apptainer/docker-config.json": "auths" is no JSON object
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        fs::read_to_string(world.docker_config()).unwrap(),
        r#"{"auths":"x"}"#
    );
}

#[test]
fn an_empty_file_says_nothing_and_takes_a_login() {
    let (world, server) = on_loopback();
    world.write_docker_config("");
    assert_eq!(
        login(&world, &format!("docker://{}", server.host())).code,
        Some(0)
    );
    assert!(kept(&world, &server).contains("localhost:PORT"));
}

#[test]
fn the_shared_secret_of_a_host_goes_with_its_last_login() {
    let (world, server) = on_loopback();
    let host = server.host();
    login(&world, &format!("docker://{host}"));
    login(&world, &format!("oras://{host}"));
    let before = kept(&world, &server);
    assert_data_eq!(
        named(
            world.session(&[
                "registry list",
                &format!("remote logout oras://{host}"),
                "registry list"
            ]),
            &server
        ),
        str![[r#"
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
oras://localhost:PORT    ✓
$ portolan remote logout oras://localhost:PORT
------- stderr -------
WARNING: oras://localhost:PORT still gets the login that $HOME/.apptainer/docker-config.json has for docker://localhost:PORT. To remove it:
           portolan registry logout docker://localhost:PORT
INFO:    Logout succeeded
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
[EOF]

"#]]
        .raw()
    );
    assert_eq!(kept(&world, &server), before);
    assert_data_eq!(
        named(
            world.session(&[&format!("remote logout docker://{host}"), "registry list"]),
            &server
        ),
        str![[r#"
$ portolan remote logout docker://localhost:PORT
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
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
	"auths": {}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn two_paths_of_a_host_are_two_logins() {
    let (world, server) = on_loopback();
    let host = server.host();
    for path in ["/b", "/a", "", "/a"] {
        assert_eq!(
            login(&world, &format!("docker://{host}{path}")).code,
            Some(0)
        );
    }
    assert_data_eq!(
        named(
            world.session(&[
                "registry list",
                &format!("remote logout docker://{host}/a"),
                "registry list"
            ]),
            &server
        ),
        str![[r#"
$ portolan registry list

URI                         SECURE?
docker://localhost:PORT/b  ✓
docker://localhost:PORT    ✓
docker://localhost:PORT/a  ✓
$ portolan remote logout docker://localhost:PORT/a
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
$ portolan registry list

URI                         SECURE?
docker://localhost:PORT/b  ✓
docker://localhost:PORT    ✓
[EOF]

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
		},
		"localhost:PORT/b": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_login_whose_secret_is_gone_is_not_listed_and_only_doctor_removes_its_row() {
    let (world, server) = on_loopback();
    let host = server.host();
    login(&world, &format!("docker://{host}/gone"));
    login(&world, &format!("docker://{host}"));
    world.write_docker_config(prepared(&[&host]));
    let row = format!("docker://{host}/gone");
    let has_row = |world: &World| {
        fs::read_to_string(world.user_file())
            .unwrap()
            .contains(&row)
    };
    assert_data_eq!(
        named(world.session(&["registry list", "remote list"]), &server),
        str![[r#"
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
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
[EOF]

"#]]
        .raw()
    );
    assert!(has_row(&world), "a list writes nothing");
    login(&world, &format!("docker://{host}"));
    assert!(has_row(&world), "a login changes its own row");
    assert_eq!(
        world
            .run(&["remote", "logout", &format!("docker://{host}")])
            .code,
        Some(0)
    );
    assert!(has_row(&world), "a logout removes its own row");
    assert_eq!(world.run(&["remote", "doctor", "--fix"]).code, Some(0));
    assert!(!has_row(&world));
}

#[test]
fn logins_stay_while_the_file_of_their_secrets_is_away() {
    let world = World::shipped();
    let row = |host: &str| format!("- URI: docker://{host}\n  Insecure: false\n");
    world.write_user(format!(
        "Active: \"\"\nRemotes: {{}}\nCredentials:\n{}{}",
        row("one.example"),
        row("two.example")
    ));
    assert_eq!(
        world
            .run(&["remote", "logout", "docker://one.example"])
            .code,
        Some(0)
    );
    let left = fs::read_to_string(world.user_file()).unwrap();
    assert!(
        left.ends_with(&row("two.example")) && !left.contains("one.example"),
        "{left}"
    );
}

#[test]
fn nobody_is_logged_out_of_what_he_is_not_logged_in_to() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote logout docker://localhost:1",
            "registry logout localhost:1",
            "registry logout oras://localhost:1/path",
            "registry logout --authfile $HOME/auth.json localhost:1",
        ]),
        str![[r#"
$ portolan remote logout docker://localhost:1
------- stderr -------
FATAL:   while verifying token: not logged in
[exit status: 255]
$ portolan registry logout localhost:1
------- stderr -------
WARNING: There is no existing login to registry "localhost:1".
INFO:    Logout succeeded
$ portolan registry logout oras://localhost:1/path
------- stderr -------
WARNING: There is no existing login to registry "localhost:1/path".
INFO:    Logout succeeded
$ portolan registry logout --authfile $HOME/auth.json localhost:1
------- stderr -------
WARNING: There is no existing login to registry "localhost:1".
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn a_secret_that_another_program_stored_can_be_logged_out_of() {
    let world = World::shipped();
    world.write_docker_config(prepared(&["ghcr.io", "quay.io/team", "localhost:1"]));
    assert_data_eq!(
        world.session(&[
            "remote logout docker://GHCR.io/",
            "remote logout docker://ghcr.io/",
            "registry logout quay.io/team",
            "registry logout oras://localhost:1"
        ]),
        str![[r#"
$ portolan remote logout docker://GHCR.io/
------- stderr -------
FATAL:   while verifying token: not logged in
[exit status: 255]
$ portolan remote logout docker://ghcr.io/
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
$ portolan registry logout quay.io/team
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
$ portolan registry logout oras://localhost:1
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.docker_config()),
        str![[r#"
600
{
	"auths": {}
}[EOF]

"#]]
        .raw()
    );
}

#[test]
fn docker_hub_has_one_key_by_all_its_names() {
    let names = [
        "docker://docker.io",
        "oras://docker.io/",
        "docker://index.docker.io",
        "docker://registry-1.docker.io",
    ];
    for name in names {
        let world = World::shipped();
        world.write_docker_config(prepared(&["https://index.docker.io/v1/", "docker.io/team"]));
        assert_eq!(
            world.run(&["remote", "logout", name]).code,
            Some(0),
            "{name}"
        );
        let text = fs::read_to_string(world.docker_config()).unwrap();
        assert!(
            !text.contains("index.docker.io") && text.contains("docker.io/team"),
            "{name}: {text}"
        );
    }
}

#[test]
fn a_registry_is_meant_by_its_host_alone_in_its_own_group() {
    let (world, server) = on_loopback();
    let host = server.host();
    let finished = world.run_with_input(
        &["registry", "login", "-u", USER, "--password-stdin", &host],
        PASSWORD,
    );
    assert_data_eq!(
        named(finished, &server),
        str![[r#"
------- stderr -------
INFO:    Token stored in $HOME/.apptainer/docker-config.json
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    assert_data_eq!(
        named(
            world.session(&[
                "registry list",
                &format!("registry logout {host}"),
                "registry list"
            ]),
            &server
        ),
        str![[r#"
$ portolan registry list

URI                       SECURE?
docker://localhost:PORT  ✓
$ portolan registry logout localhost:PORT
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
$ portolan registry list

URI  SECURE?
[EOF]

"#]]
        .raw()
    );
}
