//! What other programs get of the library: the example, run in a world of its own.

use std::path::Path;
use std::process::Command;

use crate::support::world::World;

/// What the example prints for these images, and its exit code.
fn example(world: &World, images: &[&str]) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_portolan"))
        .with_file_name("examples")
        .join("remotes");
    // `cargo test` builds the examples, `cargo test --test it` does not.
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--offline", "--example", "remotes"]);
        assert!(build.status().unwrap().success());
    }
    let mut command = Command::new(program);
    command.args(images);
    world.surround(&mut command);
    let finished = world.finish(command, "");
    (finished.stdout + &finished.stderr, finished.code)
}

#[test]
fn the_example_lists_remotes_and_says_which_login_an_image_gets() {
    let world = World::shipped();
    world.write_user("Active: site\nRemotes:\n  site:\n    URI: site.example.com\n");
    world.write_docker_config(
        r#"{"auths": {"ghcr.io": {"auth": "YW5uOmdlaGVpbQ=="}}, "credHelpers": {"quay.io": "answering"}}"#,
    );
    world.link_program(
        "docker-credential-answering",
        "tests/it/programs/docker-credential-answering",
    );
    let images = [
        "docker://ghcr.io/team/app",
        "docker://quay.io/team/app",
        "oras://registry.example.com/x",
    ];
    let said = "  DefaultRemote cloud.apptainer.org\n\
                * site site.example.com\n\
                docker://ghcr.io/team/app: password of ann\n\
                docker://quay.io/team/app: password of bob\n\
                oras://registry.example.com/x: no login\n";
    assert_eq!(example(&world, &images), (said.to_owned(), Some(0)));
}

#[test]
fn what_is_in_no_registry_is_refused() {
    let world = World::shipped();
    let (said, code) = example(&world, &["library://alpine"]);
    assert!(
        said.contains("library://alpine is in no registry") || said.contains("NoRegistry"),
        "{said}"
    );
    assert_eq!(code, Some(1));
}
