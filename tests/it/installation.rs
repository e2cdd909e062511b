//! Which directories a command uses: variables, homes, working directories.

use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::machine::{is_root, skip};
use crate::support::world::World;

const ADD: [&str; 5] = ["remote", "add", "--no-login", "x", "x.example.com"];

#[test]
fn a_named_directory_is_created_for_its_owner_only() {
    for name in ["job", "./job"] {
        let mut world = World::shipped();
        world.set("APPTAINER_CONFIGDIR", name);
        assert_eq!(
            world.session(&[
                "remote add --no-login x x.example.com",
                "remote list --names"
            ]),
            "$ portolan remote add --no-login x x.example.com\n------- stderr -------\nINFO:    Remote \"x\" added.\n\
             $ portolan remote list --names\nDefaultRemote\nx\n[EOF]\n"
        );
        assert_eq!(world.mode(&world.home().join("job")), "700");
        assert!(!world.home().join(".apptainer").exists());
    }
}

#[test]
fn root_refuses_a_named_directory_that_is_not_its_own_and_reports_why() {
    if !is_root() {
        return skip("only root has other people's variables");
    }
    let mut world = World::shipped();
    let shared = world.root().join("shared");
    fs::create_dir(&shared).unwrap();
    world.set_mode(&shared, 0o1777);
    world.set("SINGULARITY_CONFIGDIR", &shared);
    let refused = world.run(&ADD);
    assert_eq!(
        refused.stderr,
        "FATAL:   SINGULARITY_CONFIGDIR names $ROOT/shared, which can be written by others\n         \
         To close it to others:\n           chmod go-w $ROOT/shared\n"
    );
    assert_eq!(refused.code, Some(255));
    world.set("APPTAINER_CONFIGDIR", shared.join("job"));
    let refused = world.run(&["remote", "list"]);
    assert_eq!(
        refused.stderr,
        "FATAL:   APPTAINER_CONFIGDIR names $ROOT/shared/job, which can be written by others\n         \
         To create it:\n           mkdir -m 700 $ROOT/shared/job\n"
    );
    fs::create_dir(shared.join("job")).unwrap();
    world.set_mode(&shared.join("job"), 0o700);
    assert_eq!(world.run(&ADD).code, Some(0));
    assert!(shared.join("job/remote.yaml").exists());
}

#[test]
fn a_removed_working_directory_and_a_name_that_is_too_long_say_what_they_are() {
    let mut world = World::shipped();
    world.set("APPTAINER_CONFIGDIR", "job");
    let removed = world.root().join("removed");
    fs::create_dir(&removed).unwrap();
    let script = r#"cd "$0" && rmdir "$0" && exec "$@""#;
    let mut command = world.command_through(&["sh", "-c", script, removed.to_str().unwrap()]);
    command.args(ADD);
    assert_eq!(
        world.finish(command, "").stderr,
        "FATAL:   APPTAINER_CONFIGDIR names job, and the working directory can't be found: No such file or directory (os error 2)\n"
    );
    let long = "n".repeat(300);
    let run = world.run(&["remote", "-c", &long, "list"]);
    assert_eq!(
        run.stderr,
        format!("FATAL:   while opening remote config file: open {long}: file name too long\n")
    );
}

#[test]
fn a_user_without_account_and_home_reads_what_the_system_has() {
    if !is_root() {
        return skip("only root becomes somebody else");
    }
    let mut world = World::shipped();
    world.as_ordinary_user();
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new("setpriv");
        command
            .args(["--reuid=64999", "--regid=64999", "--clear-groups"])
            .arg(world.root().join("portolan"))
            .args(words)
            .env_clear()
            .env("PORTOLAN_SYSCONFDIR", world.root().join("etc"))
            .current_dir("/");
        world.finish(command, "")
    };
    let listed = run(&["remote", "list", "--names"]);
    assert_eq!(
        (listed.stdout.as_str(), listed.stderr.as_str(), listed.code),
        ("DefaultRemote\n", "", Some(0))
    );
    assert_eq!(
        run(&ADD).stderr,
        "FATAL:   no home directory: neither HOME is set nor has user 64999 an account; set APPTAINER_CONFIGDIR\n"
    );
}

#[test]
fn paths_say_what_counts_and_what_chose_it() {
    let mut world = World::shipped();
    world.as_ordinary_user();
    world.write_user("");
    world.give_away(&world.home());
    world.set_mode(&world.home().join(".apptainer"), 0);
    world.set("XDG_STATE_HOME", world.home().join("state"));
    world.set("APPTAINER_AUTH_FILE", world.home().join("auth.json"));
    let shown = world.session(&["paths", "--sysconfdir $ROOT/none paths"]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    assert_data_eq!(
        shown.lines().map(words).collect::<String>(),
        str![[r#"
$ portolan paths
NAME PATH EXISTS RULE
system $ETC/apptainer/remote.yaml yes PORTOLAN_SYSCONFDIR
user $HOME/.apptainer/remote.yaml unknown HOME
logins $HOME/auth.json no APPTAINER_AUTH_FILE
docker $HOME/.docker/config.json no HOME
cache $HOME/.cache/portolan/apptainer no HOME
state $HOME/state/portolan/apptainer no XDG_STATE_HOME
stores $HOME/state/portolan/stores.json no XDG_STATE_HOME
store-rules $ETC/portolan/stores.yaml no PORTOLAN_SYSCONFDIR
$ portolan --sysconfdir $ROOT/none paths
NAME PATH EXISTS RULE
system $ROOT/none/apptainer/remote.yaml no --sysconfdir
user $HOME/.apptainer/remote.yaml unknown HOME
logins $HOME/auth.json no APPTAINER_AUTH_FILE
docker $HOME/.docker/config.json no HOME
cache $HOME/.cache/portolan/apptainer no HOME
state $HOME/state/portolan/apptainer no XDG_STATE_HOME
stores $HOME/state/portolan/stores.json no XDG_STATE_HOME
store-rules $ROOT/none/portolan/stores.yaml no --sysconfdir
------- stderr -------
WARNING: --sysconfdir names $ROOT/none, which does not exist: apptainer's defaults are used
[EOF]

"#]]
        .raw()
    );
}
