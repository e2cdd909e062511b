//! Who finds a login that was stored, and what is left of one after a logout.

use std::fs;

use super::{basic_header, login, named, on_loopback, prepared};
use crate::support::server::Server;
use crate::support::world::World;

/// What a login with this path says besides where its secret is.
fn said(world: &World, server: &Server, path: &str) -> Vec<String> {
    let stderr = login(world, &format!("docker://{}{path}", server.host())).stderr;
    let lines = named(stderr, server);
    let lines = lines.lines().filter(|line| !line.contains("Token stored"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_usual_login_says_nothing_more() {
    let (world, server) = on_loopback();
    assert_eq!(said(&world, &server, ""), [""; 0]);
}

#[test]
fn a_path_is_for_one_repository_and_a_second_one_is_taken_at_random() {
    let (world, server) = on_loopback();
    assert_eq!(
        said(&world, &server, "/team/app"),
        [
            "INFO:    This login is for the repository localhost:PORT/team/app itself.",
            "INFO:    For other images of localhost:PORT, Apptainer 1.5.3 uses the login for localhost:PORT/team/app.",
        ]
    );
    world.write_docker_config(
        r#"{"auths":{"HOST/other":{"auth":"b3RoZXI6eA=="}}}"#.replace("HOST", &server.host()),
    );
    assert_eq!(
        said(&world, &server, "/team"),
        [
            "INFO:    This login is for the repository localhost:PORT/team itself.",
            "WARNING: For other images of localhost:PORT, Apptainer 1.5.3 takes one of these logins at random: \
             localhost:PORT/other, localhost:PORT/team. A login to the host itself comes before them:",
            "           portolan registry login localhost:PORT",
        ]
    );
    said(&world, &server, "");
    assert_eq!(
        said(&world, &server, "/team"),
        [
            "INFO:    This login is for the repository localhost:PORT/team itself.",
            "INFO:    For other images of localhost:PORT, Apptainer 1.5.3 uses the login for localhost:PORT.",
        ]
    );
}

#[test]
fn capitals_in_a_host_are_warned_of() {
    let world = World::shipped();
    let server = Server::http(super::basic);
    let typed = format!("docker://LocalHost:{}", server.port());
    let said = login(&world, &typed).stderr;
    assert!(
        said.contains(
            "has capitals: only images that name it with the same capitals use this login"
        ),
        "{said}"
    );
}

#[test]
fn a_file_that_the_runtime_refuses_is_warned_of_with_the_login_that_spoils_it() {
    let (world, server) = on_loopback();
    world.write_docker_config("{\"auths\":{\n\"bad.example\":{\"auth\":\"%%\"}}}");
    assert_eq!(
        said(&world, &server, ""),
        [
            "WARNING: Apptainer 1.5.3 uses no login of a file that it can't read: $HOME/.apptainer/docker-config.json, \
             line 3: the login for \"bad.example\" spoils it: \"auth\" is no base64"
        ]
    );
}

#[test]
fn versions_that_look_elsewhere_and_variables_that_come_first_are_warned_of() {
    let (mut world, server) = on_loopback();
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(
        world.home().join(".docker/config.json"),
        prepared(&["other.example"]),
    )
    .unwrap();
    assert_eq!(
        said(&world, &server, ""),
        ["WARNING: These versions of Apptainer do not find this login: 1.2 to 1.3.2"]
    );
    let variable = r#"{"auths":{"HOST":{"auth":"ZXZlOng="}}}"#.replace("HOST", &server.host());
    world.set("DOCKER_AUTH_CONFIG", variable);
    assert_eq!(
        said(&world, &server, "")[0],
        "WARNING: DOCKER_AUTH_CONFIG has a login for localhost:PORT, which Apptainer 1.5.3 uses in place of the stored one"
    );
    world.set("APPTAINER_DOCKER_USERNAME", "eve");
    assert_eq!(
        said(&world, &server, "")[0],
        "WARNING: APPTAINER_DOCKER_USERNAME comes before every stored login: Apptainer 1.5.3 uses none of them"
    );
}

#[test]
fn a_login_that_a_variable_still_has_is_no_success() {
    for (variable, value, words) in [
        (
            "DOCKER_AUTH_CONFIG",
            r#"{"auths":{"h.example":{"auth":"ZXZlOng="}}}"#,
            "Apptainer 1.5.3 still has a login for h.example, in DOCKER_AUTH_CONFIG",
        ),
        (
            "APPTAINER_DOCKER_PASSWORD",
            "x",
            "Apptainer 1.5.3 still logs in to docker://h.example, by the variables APPTAINER_DOCKER_PASSWORD",
        ),
        (
            "SINGULARITY_DOCKER_USERNAME",
            "x",
            "Apptainer 1.5.3 still logs in to docker://h.example, by the variables SINGULARITY_DOCKER_USERNAME",
        ),
    ] {
        let mut world = World::shipped();
        world.set(variable, value);
        for stored in [true, false] {
            if stored {
                world.write_docker_config(prepared(&["h.example"]));
            }
            let run = world.run(&["registry", "logout", "h.example"]);
            assert_eq!(run.code, Some(255), "{variable}");
            assert!(run.stderr.contains(words), "{}", run.stderr);
            assert!(!run.stderr.contains("succeeded"), "{}", run.stderr);
            assert_eq!(run.stderr.contains("Token removed"), stored);
        }
    }
}

#[test]
fn a_login_that_only_older_versions_find_is_a_warning() {
    let world = World::shipped();
    fs::create_dir(world.home().join(".docker")).unwrap();
    let docker = world.home().join(".docker/config.json");
    fs::write(docker, prepared(&["h.example"])).unwrap();
    world.write_docker_config(prepared(&["h.example"]));
    let run = world.run(&["registry", "logout", "h.example"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stderr,
        "INFO:    Token removed from $HOME/.apptainer/docker-config.json\n\
         WARNING: $HOME/.docker/config.json still has a login, which Apptainer before 1.2 uses\n\
         INFO:    Logout succeeded\n"
    );
    assert!(!run.stderr.contains(&basic_header()));
}
