//! What other programs get of the library: the example, run in a world of its own.

use std::io::{Write, stdout};
use std::process::Command;

use crate::support::world::World;

#[path = "../../examples/remotes.rs"]
#[allow(dead_code, unreachable_pub, reason = "an example is a program")]
mod remotes;

/// The images of the child below, parted by blanks.
const IMAGES: &str = "PORTOLAN_TEST_IMAGES";

#[test]
#[ignore = "runs as a child of other tests"]
fn the_example() {
    let Ok(images) = std::env::var(IMAGES) else {
        return;
    };
    if let Err(error) = remotes::show(images.split(' ').map(str::to_owned)) {
        writeln!(stdout(), "refused: {error}").unwrap();
    }
}

/// What the example prints for these images.
fn example(world: &World, images: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "library::the_example",
        "--exact",
        "--ignored",
        "--nocapture",
    ]);
    world.surround(&mut command);
    command.env(IMAGES, images);
    let finished = world.finish(command, "");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished.stdout
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
    let said = example(
        &world,
        "docker://ghcr.io/team/app docker://quay.io/team/app oras://registry.example.com/x",
    );
    let expected = "  DefaultRemote cloud.apptainer.org\n\
                    * site site.example.com\n\
                    docker://ghcr.io/team/app: password of ann\n\
                    docker://quay.io/team/app: password of bob\n\
                    oras://registry.example.com/x: no login\n";
    assert!(said.contains(expected.trim_start_matches(' ')), "{said}");
}

#[test]
fn what_is_in_no_registry_is_refused() {
    let said = example(&World::shipped(), "library://alpine");
    assert!(
        said.contains("refused: library://alpine is in no registry\n"),
        "{said}"
    );
}
