//! Modes and owners of the files, as root and as an ordinary user. D2, D14, D20 and D22 of docs/compatibility.md.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{ORDINARY, SHIPPED, World, is_root, skip};

const MINE: &str = "Active: \"\"\nRemotes:\n  mine:\n    URI: mine.example.com\n";

/// A world with a system's and a user's file, whose program an ordinary user runs.
fn ordinary() -> World {
    let mut world = World::shipped();
    world.write_user(MINE);
    world.as_ordinary_user();
    world
}

fn directory(world: &World) -> PathBuf {
    world.home().join(".apptainer")
}

#[test]
fn a_file_that_others_can_read_is_closed_with_a_warning_once() {
    let world = ordinary();
    for mode in [0o644, 0o660, 0o604, 0o700] {
        world.set_mode(&world.user_file(), mode);
        let listed = world.run(&["remote", "list"]);
        let warning = format!(
            "WARNING: File mode ({mode:o}) on $HOME/.apptainer/remote.yaml needs to be 600, fixing that...\n"
        );
        assert_eq!((listed.stderr, listed.code), (warning, Some(0)));
        assert_eq!(world.mode(&world.user_file()), "600");
        assert_eq!(world.run(&["remote", "list"]).stderr, "");
    }
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
    assert_eq!(
        world.home_listing(),
        [".apptainer", ".apptainer/remote.yaml"]
    );
}

#[test]
fn a_stricter_file_is_read_and_left_as_it_is() {
    let world = ordinary();
    world.set_mode(&world.user_file(), 0o400);
    let listed = world.run(&["remote", "list"]);
    assert_eq!((listed.stderr.as_str(), listed.code), ("", Some(0)));
    assert!(listed.stdout.contains("mine.example.com"), "{listed}");
    assert_eq!(world.mode(&world.user_file()), "400");
}

#[test]
fn a_file_that_its_own_user_cannot_read_is_an_error_for_every_command() {
    let world = ordinary();
    world.set_mode(&world.user_file(), 0);
    assert_data_eq!(
        world.session(&["remote list", "remote add --no-login x x.example.com", "remote remove mine", "remote use mine"]),
        str![[r#"
$ portolan remote list
------- stderr -------
FATAL:   Unable to correct the permission on $HOME/.apptainer/remote.yaml: open $HOME/.apptainer/remote.yaml: permission denied
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   Unable to correct the permission on $HOME/.apptainer/remote.yaml: open $HOME/.apptainer/remote.yaml: permission denied
[exit status: 255]
$ portolan remote remove mine
------- stderr -------
FATAL:   Unable to correct the permission on $HOME/.apptainer/remote.yaml: open $HOME/.apptainer/remote.yaml: permission denied
[exit status: 255]
$ portolan remote use mine
------- stderr -------
FATAL:   Unable to correct the permission on $HOME/.apptainer/remote.yaml: open $HOME/.apptainer/remote.yaml: permission denied
[exit status: 255]
[EOF]

"#]].raw()
    );
    assert_eq!(world.mode(&world.user_file()), "0");
    world.set_mode(&world.user_file(), 0o600);
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
}

#[test]
fn a_file_whose_mode_can_not_be_changed_is_read_with_a_warning_and_gets_no_secret() {
    if !is_root() {
        return skip("only root can make another user's file");
    }
    let world = ordinary();
    chown(world.user_file(), Some(0), Some(0)).unwrap();
    world.set_mode(&world.user_file(), 0o644);
    assert_data_eq!(
        world.session(&["remote list", "remote login mine"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO
mine           mine.example.com     NO      NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
------- stderr -------
WARNING: Others can read $HOME/.apptainer/remote.yaml, and its mode can't be changed (operation not permitted). Apptainer itself refuses every command while that is so.
$ portolan remote login mine
------- stderr -------
WARNING: Others can read $HOME/.apptainer/remote.yaml, and its mode can't be changed (operation not permitted). Apptainer itself refuses every command while that is so.
FATAL:   Unable to correct the permission on $HOME/.apptainer/remote.yaml: chmod $HOME/.apptainer/remote.yaml: operation not permitted
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_directory_is_closed_to_others() {
    let world = ordinary();
    for (mode, left) in [(0o755, "700"), (0o770, "700"), (0o500, "500")] {
        world.set_mode(&directory(&world), mode);
        let listed = world.run(&["remote", "list"]);
        assert_eq!((listed.stderr.as_str(), listed.code), ("", Some(0)));
        assert_eq!(world.mode(&directory(&world)), left);
    }
    // So that the world can be removed.
    world.set_mode(&directory(&world), 0o700);
}

#[test]
fn a_new_directory_and_file_are_private_whatever_the_umask() {
    for umask in ["000", "022", "077", "177", "777"] {
        let mut world = World::shipped();
        world.as_ordinary_user();
        assert_eq!(
            under_umask(
                &world,
                umask,
                &["remote", "add", "--no-login", "x", "x.example.com"]
            ),
            Some(0)
        );
        assert_eq!(world.mode(&directory(&world)), "700");
        assert_eq!(world.mode(&world.user_file()), "600");
        assert_eq!(
            world.mode(&directory(&world).join("remote.yaml.lock")),
            "600"
        );
    }
}

#[test]
fn a_lock_that_its_maker_left_closed_is_opened_again() {
    let mut world = World::shipped();
    world.write_user(MINE);
    let lock = directory(&world).join("remote.yaml.lock");
    fs::write(&lock, "").unwrap();
    world.set_mode(&lock, 0o000);
    world.as_ordinary_user();
    let run = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
    assert_eq!(
        (run.stderr.as_str(), run.code),
        ("INFO:    Remote \"x\" added.\n", Some(0))
    );
    assert_eq!(world.mode(&lock), "600");
}

/// The exit code of a run under a umask.
fn under_umask(world: &World, umask: &str, words: &[&str]) -> Option<i32> {
    let mut command = world.command_through(&["sh", "-c", r#"umask "$0" && exec "$@""#, umask]);
    command.args(words);
    world.finish(command, "").code
}

#[test]
fn a_named_files_mode_is_its_users_business() {
    let world = ordinary();
    let named = world.home().join("named.yaml");
    fs::write(&named, MINE).unwrap();
    world.set_mode(&named, 0o664);
    world.give_away(&named);
    world.set_mode(&directory(&world), 0o755);
    world.set_mode(&world.user_file(), 0o644);
    let runs = [
        "remote -c $HOME/named.yaml list",
        "remote -c $HOME/named.yaml add --no-login x x.example.com",
        "remote -c $HOME/new.yaml add --no-login x x.example.com",
        "remote -c $HOME/gone/new.yaml add --no-login x x.example.com",
        "remote -c $HOME/gone/new.yaml list",
    ];
    assert_data_eq!(
        world.session(&runs),
        str![[r#"
$ portolan remote -c $HOME/named.yaml list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO
mine           mine.example.com     NO      NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
------- stderr -------
WARNING: File mode (644) on $HOME/.apptainer/remote.yaml needs to be 600, fixing that...
$ portolan remote -c $HOME/named.yaml add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote -c $HOME/new.yaml add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote -c $HOME/gone/new.yaml add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/gone/new.yaml: no such file or directory
[exit status: 255]
$ portolan remote -c $HOME/gone/new.yaml list
------- stderr -------
FATAL:   while opening remote config file: open $HOME/gone/new.yaml: no such file or directory
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.mode(&named), "664");
    assert_eq!(world.mode(&world.home().join("new.yaml")), "600");
    // What is closed with any other command is closed with -c too: the user's own directory and file.
    assert_eq!(world.mode(&directory(&world)), "700");
    assert_eq!(world.mode(&world.user_file()), "600");
}

#[test]
fn a_stricter_file_of_the_users_own_is_left_beside_a_named_one() {
    let world = ordinary();
    world.set_mode(&world.user_file(), 0o400);
    let listed = world.run(&["remote", "-c", "named.yaml", "list"]);
    let said = "WARNING: named.yaml does not exist\n";
    assert_eq!((listed.stderr.as_str(), listed.code), (said, Some(0)));
    assert_eq!(world.mode(&world.user_file()), "400");
}

#[test]
fn a_home_that_cannot_be_looked_at_is_named_and_a_named_file_needs_none() {
    if !is_root() {
        return skip("only root can close a home to its user");
    }
    let world = ordinary();
    chown(world.home(), Some(0), Some(0)).unwrap();
    world.set_mode(&world.home(), 0o700);
    let named = world.root().join("named.yaml");
    fs::write(&named, MINE).unwrap();
    world.give_away(&named);
    let run = |words: &[&str]| {
        let mut command = world.command();
        command.args(words).current_dir(world.root());
        world.finish(command, "").to_string()
    };
    let shown = [
        run(&["remote", "list", "--names"]),
        run(&["remote", "-c", named.to_str().unwrap(), "list", "--names"]),
    ];
    assert_data_eq!(
        shown.concat(),
        str![[r#"
------- stderr -------
WARNING: Unable to retrieve information for $HOME/.apptainer: stat $HOME/.apptainer: permission denied
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: permission denied
[exit status: 255]
DefaultRemote
mine
------- stderr -------
WARNING: Unable to retrieve information for $HOME/.apptainer: stat $HOME/.apptainer: permission denied
WARNING: What the stores have is not known: open $HOME/.local/state/portolan/stores.json: permission denied

"#]]
        .raw()
    );
}

#[test]
fn a_rewritten_system_file_keeps_its_owner_and_mode() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let world = World::shipped();
    chown(world.system_file(), Some(ORDINARY), Some(ORDINARY)).unwrap();
    world.set_mode(&world.system_file(), 0o664);
    for words in [
        &["remote", "add", "--global", "x", "x.example.com"][..],
        &["remote", "use", "--exclusive", "x"],
        &["remote", "remove", "--global", "x"],
    ] {
        let run = world.run(words);
        assert_eq!(run.code, Some(0), "{run}");
        let found = fs::metadata(world.system_file()).unwrap();
        assert_eq!(
            (
                found.uid(),
                found.gid(),
                world.mode(&world.system_file()).as_str()
            ),
            (ORDINARY, ORDINARY, "664")
        );
    }
}

#[test]
fn a_new_system_file_is_for_all_to_read_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let mut world = World::new();
        world.as_ordinary_user();
        world.give_away(&world.root().join("etc"));
        assert_eq!(
            under_umask(
                &world,
                umask,
                &["remote", "add", "--global", "x", "x.example.com"]
            ),
            Some(0)
        );
        assert_eq!(world.mode(&world.system_file()), "644");
        assert_eq!(world.home_listing(), Vec::<String>::new());
    }
}

#[test]
fn whoever_does_not_own_the_system_is_refused_in_apptainers_words() {
    if !is_root() {
        return skip("only root can make a system that belongs to somebody else");
    }
    let world = ordinary();
    assert_data_eq!(
        world.session(&[
            "remote add --global x x.example.com",
            "remote add --global DefaultRemote x.example.com",
            "remote remove --global DefaultRemote",
            "remote use --global DefaultRemote",
            "remote use --exclusive DefaultRemote",
            "remote use --global --exclusive gone",
            "remote add-keyserver https://keys.example.com",
            "remote remove-keyserver https://keys.example.com",
        ]),
        str![[r#"
$ portolan remote add --global x x.example.com
------- stderr -------
FATAL:   Unable to modify global endpoint configuration file: not root user
[exit status: 255]
$ portolan remote add --global DefaultRemote x.example.com
------- stderr -------
FATAL:   Unable to modify global endpoint configuration file: not root user
[exit status: 255]
$ portolan remote remove --global DefaultRemote
------- stderr -------
FATAL:   Unable to modify global endpoint configuration file: not root user
[exit status: 255]
$ portolan remote use --global DefaultRemote
------- stderr -------
FATAL:   Unable to modify global endpoint configuration file: not root user
[exit status: 255]
$ portolan remote use --exclusive DefaultRemote
------- stderr -------
FATAL:   unable to set endpoint as exclusive: not root user
[exit status: 255]
$ portolan remote use --global --exclusive gone
------- stderr -------
FATAL:   unable to set endpoint as exclusive: not root user
[exit status: 255]
$ portolan remote add-keyserver https://keys.example.com
------- stderr -------
FATAL:   Unable to modify keyserver configuration: not root user
[exit status: 255]
$ portolan remote remove-keyserver https://keys.example.com
------- stderr -------
FATAL:   Unable to modify keyserver configuration: not root user
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(fs::read_to_string(world.system_file()).unwrap(), SHIPPED);
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
    // Who may write the file but not the directory can't replace it, and who doesn't own it would take it over.
    world.set_mode(&world.system_file(), 0o666);
    assert_eq!(
        world
            .run(&["remote", "use", "--global", "DefaultRemote"])
            .code,
        Some(255)
    );
    world.set_mode(&world.root().join("etc/apptainer"), 0o777);
    assert_eq!(
        world
            .run(&["remote", "use", "--global", "DefaultRemote"])
            .code,
        Some(255)
    );
    assert_eq!(fs::read_to_string(world.system_file()).unwrap(), SHIPPED);
}

#[test]
fn the_owner_of_an_unprivileged_installation_is_its_administrator() {
    let world = ordinary();
    world.give_away(&world.root().join("etc"));
    assert_data_eq!(
        world.session(&[
            "remote add --global x x.example.com",
            "remote use --exclusive x",
            "remote use --global DefaultRemote",
            "remote remove --global x",
        ]),
        str![[r#"
$ portolan remote add --global x x.example.com
------- stderr -------
INFO:    Remote "x" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote use --exclusive x
------- stderr -------
INFO:    Remote "x" now in use.
$ portolan remote use --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
$ portolan remote remove --global x
------- stderr -------
INFO:    Remote "x" removed.
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.mode(&world.system_file()), "644");
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
}

#[test]
fn a_system_file_that_users_cannot_read_is_not_taken_for_absent() {
    if !is_root() {
        return skip("only root can close a system's file to its users");
    }
    let mut world = World::shipped();
    world.write_user(MINE);
    world.set_mode(&world.system_file(), 0o600);
    let as_root = world.session(&["remote add --global x x.example.com"]);
    world.as_ordinary_user();
    assert_data_eq!(
        format!(
            "{as_root}{}",
            world.session(&[
                "remote list",
                "remote use mine",
                "remote add --no-login y y.example.com",
                "remote remove mine",
            ])
        ),
        str![[r#"
$ portolan remote add --global x x.example.com
------- stderr -------
WARNING: $ETC/apptainer/remote.yaml can't be read by all users (mode 600), and their commands fail. To fix it:
           chmod 644 $ETC/apptainer/remote.yaml
INFO:    Remote "x" added.
INFO:    Global option detected. Will not automatically log into remote.
[EOF]
$ portolan remote list
------- stderr -------
FATAL:   while opening remote config file: open $ETC/apptainer/remote.yaml: permission denied
[exit status: 255]
$ portolan remote use mine
------- stderr -------
FATAL:   while opening remote config file: open $ETC/apptainer/remote.yaml: permission denied
[exit status: 255]
$ portolan remote add --no-login y y.example.com
------- stderr -------
WARNING: The system's remotes are not known: while opening remote config file: open $ETC/apptainer/remote.yaml: permission denied
INFO:    Remote "y" added.
$ portolan remote remove mine
------- stderr -------
WARNING: The system's remotes are not known: while opening remote config file: open $ETC/apptainer/remote.yaml: permission denied
INFO:    Remote "mine" removed.
[EOF]

"#]].raw()
    );
    assert_eq!(world.mode(&world.system_file()), "600");
}

#[test]
fn root_with_somebody_elses_home_writes_into_its_own() {
    if !is_root() {
        return skip("only root has somebody else's home under sudo");
    }
    let world = World::shipped();
    world.write_user(MINE);
    world.set_mode(&world.user_file(), 0o644);
    world.give_away(&world.home());
    let before = (
        world.home_listing(),
        fs::metadata(world.user_file()).unwrap().ctime(),
    );
    let home = world.root().join("root");
    fs::create_dir(&home).unwrap();
    let words = ["remote", "add", "--no-login", "x", "x.example.com"];
    let Some(run) = world.run_with_account(&home, &words) else {
        return;
    };
    assert_eq!(
        (run.stderr.as_str(), run.code),
        (
            "WARNING: HOME is $HOME, which belongs to user 65534: your files are in $ROOT/root/.apptainer. To choose \
             another directory: sudo -H, or APPTAINER_CONFIGDIR=DIR\nINFO:    Remote \"x\" added.\n",
            Some(0)
        )
    );
    assert_eq!(
        (
            world.home_listing(),
            fs::metadata(world.user_file()).unwrap().ctime()
        ),
        before
    );
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
    assert_eq!(world.mode(&home.join(".apptainer")), "700");
    assert!(
        fs::read_to_string(home.join(".apptainer/remote.yaml"))
            .unwrap()
            .contains("x.example.com")
    );
}
