//! `remote use -`: back to the remote before, and what is remembered for it.

use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{SHIPPED, World};

const THREE: &str = "\
Active: one
Remotes:
  one: {URI: one.example.com}
  two: {URI: two.example.com}
  three: {URI: three.example.com}
";

const MEMORY: &str = ".local/state/portolan/apptainer/previous";

fn active(world: &World, words: &[&str]) -> String {
    let listed = world.run(&[words, &["list", "--json"]].concat());
    let view: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let active = view["remotes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["active"] == true);
    active
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .unwrap_or_default()
}

#[test]
fn twice_is_back_again() {
    let world = World::shipped();
    world.write_user(THREE);
    assert_data_eq!(
        world.session(&[
            "remote use -",
            "remote use two",
            "remote use two",
            "remote use -",
            "remote use -",
            "remote use three",
            "remote use -",
        ]),
        str![[r#"
$ portolan remote use -
------- stderr -------
FATAL:   no remote was in use before
         To choose one by its name:
           portolan remote use <NAME>
[exit status: 255]
$ portolan remote use two
------- stderr -------
INFO:    Remote "two" now in use.
$ portolan remote use two
------- stderr -------
INFO:    Remote "two" now in use.
$ portolan remote use -
------- stderr -------
INFO:    Remote "one" now in use.
$ portolan remote use -
------- stderr -------
INFO:    Remote "two" now in use.
$ portolan remote use three
------- stderr -------
INFO:    Remote "three" now in use.
$ portolan remote use -
------- stderr -------
INFO:    Remote "two" now in use.
[EOF]

"#]]
        .raw()
    );
    assert_eq!(active(&world, &["remote"]), "two");
    let memory = world.home().join(MEMORY);
    assert_eq!(
        (world.mode(&memory), world.mode(memory.parent().unwrap())),
        ("600".into(), "700".into())
    );
}

#[test]
fn the_systems_choice_is_the_one_before_the_first_of_ones_own() {
    let world = World::shipped();
    world.run(&["remote", "add", "--no-login", "mine", "mine.example.com"]);
    world.run(&["remote", "use", "mine"]);
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"DefaultRemote\" now in use.\n"
    );
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"mine\" now in use.\n"
    );
}

#[test]
fn the_one_before_may_be_gone_or_forbidden_by_now() {
    let world = World::shipped();
    world.write_user(THREE);
    world.run(&["remote", "use", "two"]);
    world.run(&["remote", "remove", "one"]);
    world.run(&["remote", "use", "--exclusive", "DefaultRemote"]);
    assert_data_eq!(
        world.session(&["remote use -", "remote use three", "remote use --global DefaultRemote", "remote use -g -"]),
        str![[r#"
$ portolan remote use -
------- stderr -------
FATAL:   one is not a remote
         It was in use before, and is gone. To see the remotes:
           portolan remote list
[exit status: 255]
$ portolan remote use three
------- stderr -------
FATAL:   could not use three: remote DefaultRemote has been set exclusive by the system administrator
[exit status: 255]
$ portolan remote use --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
$ portolan remote use -g -
------- stderr -------
FATAL:   - is not a remote
         Only your own choice can go back to the remote before; name one for all users.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    world.run(&["remote", "use", "three"]);
    world.run(&["remote", "use", "--exclusive", "DefaultRemote"]);
    assert_data_eq!(
        world.session(&["remote use -"]),
        str![[r#"
$ portolan remote use -
------- stderr -------
FATAL:   could not use two: remote DefaultRemote has been set exclusive by the system administrator
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn every_file_has_its_own() {
    let world = World::shipped();
    world.write_user(THREE);
    fs::write(world.home().join("other.yaml"), THREE).unwrap();
    world.run(&["remote", "use", "two"]);
    world.run(&["remote", "-c", "other.yaml", "use", "three"]);
    world.run(&["remote", "-c", "./other.yaml", "use", "two"]);
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"one\" now in use.\n"
    );
    let absolute = world.home().join("other.yaml");
    let absolute = absolute.to_str().unwrap();
    assert_eq!(
        world.run(&["remote", "-c", absolute, "use", "-"]).stderr,
        "INFO:    Remote \"three\" now in use.\n"
    );
    assert_eq!(
        (
            active(&world, &["remote"]),
            active(&world, &["remote", "-c", absolute])
        ),
        ("one".into(), "three".into())
    );
}

#[test]
fn a_remote_that_is_called_so_is_meant() {
    let world = World::shipped();
    world.write_user(
        "Active: one\nRemotes: {\"-\": {URI: minus.example.com}, one: {URI: one.example.com}}\n",
    );
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"-\" now in use.\n"
    );
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"-\" now in use.\n"
    );
}

#[test]
fn what_cannot_be_remembered_stops_nothing() {
    let world = World::shipped();
    world.write_user(THREE);
    fs::create_dir(world.home().join(".local")).unwrap();
    fs::write(world.home().join(".local/state"), "a file").unwrap();
    assert_data_eq!(
        world.session(&["remote use two", "remote -v use three", "remote use -"]),
        str![[r#"
$ portolan remote use two
------- stderr -------
INFO:    Remote "two" now in use.
$ portolan remote -v use three
------- stderr -------
VERBOSE: two is not remembered for `use -`: open $HOME/.local/state/portolan/apptainer/previous: not a directory
INFO:    Remote "three" now in use.
$ portolan remote use -
------- stderr -------
FATAL:   no remote was in use before
         To choose one by its name:
           portolan remote use <NAME>
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_broken_memory_is_as_none_and_is_replaced() {
    let world = World::shipped();
    world.write_user(THREE);
    let memory = world.home().join(MEMORY);
    fs::create_dir_all(memory.parent().unwrap()).unwrap();
    fs::write(&memory, "{not json").unwrap();
    assert_eq!(world.run(&["remote", "use", "-"]).code, Some(255));
    assert_eq!(world.run(&["remote", "use", "two"]).code, Some(0));
    assert_eq!(
        world.run(&["remote", "use", "-"]).stderr,
        "INFO:    Remote \"one\" now in use.\n"
    );
}

#[test]
fn the_directory_for_state_and_the_command_decide_where() {
    let mut world = World::new();
    world.write_system(SHIPPED);
    world.write_user(THREE);
    world.set("XDG_STATE_HOME", world.root().join("state"));
    world.run(&["remote", "use", "two"]);
    assert!(
        world
            .root()
            .join("state/portolan/apptainer/previous")
            .is_file()
    );
    assert!(!world.home().join(".local").exists());
    // A command that only reads remembers nothing.
    world.run(&["--command", "singularity", "remote", "list"]);
    assert!(!world.root().join("state/portolan/singularity").exists());
}

#[test]
fn what_is_remembered_follows_a_remote_to_its_new_name() {
    let world = World::shipped();
    world.write_user(THREE);
    world.session(&[
        "remote use two",
        "remote rename one uno",
        "remote rename three tres",
        "remote use -",
    ]);
    assert_eq!(active(&world, &["remote"]), "uno");
}
