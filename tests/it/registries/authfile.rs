//! `--authfile`: another file for the secrets, which no list knows.

use std::fs;
use std::path::Path;

use snapbox::{IntoData, assert_data_eq, str};

use super::{login, named, on_loopback, prepared};
use crate::support::endpoint::{PASSWORD, USER};

#[test]
fn a_file_of_ones_own_takes_the_secret_and_no_row() {
    let (mut world, server) = on_loopback();
    let host = server.host();
    let file = world.home().join("auth.json");
    let shown = world.run_with_input(
        &[
            "registry",
            "login",
            "-u",
            USER,
            "--password-stdin",
            "--authfile",
            file.to_str().unwrap(),
            &host,
        ],
        PASSWORD,
    );
    assert_data_eq!(
        named(shown, &server),
        str![[r#"
------- stderr -------
INFO:    Token stored in $HOME/auth.json

"#]]
        .raw()
    );
    assert_data_eq!(
        named(world.file(&file), &server),
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
    assert_eq!(world.home_listing(), ["auth.json", "auth.json.lock"]);
    assert_data_eq!(
        named(
            world.session(&[&format!(
                "registry logout --authfile $HOME/auth.json {host}"
            )]),
            &server
        ),
        str![[r#"
$ portolan registry logout --authfile $HOME/auth.json localhost:PORT
------- stderr -------
INFO:    Token removed from $HOME/auth.json
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&file),
        str![[r#"
600
{
	"auths": {}
}[EOF]

"#]]
        .raw()
    );

    world.set("APPTAINER_AUTH_FILE", file.clone());
    world.run_with_input(
        &["registry", "login", "-u", USER, "--password-stdin", &host],
        PASSWORD,
    );
    assert!(world.file(&file).contains(&host));
    assert_eq!(world.home_listing(), ["auth.json", "auth.json.lock"]);
    assert_eq!(world.run(&["registry", "logout", &host]).code, Some(0));
    assert!(!world.file(&file).contains(&host));
}

#[test]
fn a_file_of_ones_own_leaves_the_usual_logins_alone() {
    let (world, server) = on_loopback();
    let host = server.host();
    login(&world, &format!("docker://{host}"));
    login(&world, &format!("oras://{host}"));
    let before = (
        world.file(&world.user_file()),
        world.file(&world.docker_config()),
    );
    let file = world.home().join("auth.json");
    fs::write(&file, prepared(&[&host, "ghcr.io"])).unwrap();
    let file = file.to_str().unwrap();
    let again = || {
        let words = [
            "registry",
            "login",
            "-u",
            USER,
            "--password-stdin",
            "--authfile",
            file,
            &host,
        ];
        assert_eq!(world.run_with_input(&words, PASSWORD).code, Some(0));
    };
    again();
    world.set_mode(Path::new(file), 0o644);
    again();
    assert_eq!(
        world.mode(Path::new(file)),
        "600",
        "closed also when it has the password already"
    );
    assert_eq!(
        world
            .run(&["registry", "logout", "--authfile", file, &host])
            .code,
        Some(0)
    );
    assert_eq!(
        (
            world.file(&world.user_file()),
            world.file(&world.docker_config())
        ),
        before
    );
}
