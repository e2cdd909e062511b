//! Taking over the files of `~/.singularity`, once, by the first command that writes. D2 of docs/compatibility.md.

use std::fs;
use std::path::PathBuf;

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::World;

const REMOTES: &str = "Active: old\nRemotes:\n  old:\n    URI: old.example.com\n    Token: old-token\n    System: false\n";
const DOCKER: &str = "{\"auths\":{\"docker.io\":{\"auth\":\"aWFuOnBhc3M=\"}}}";

/// Every file of an old installation, open to others as they often were.
const ALL: [(&str, &str); 4] = [
    ("remote.yaml", REMOTES),
    ("docker-config.json", DOCKER),
    ("sypgp/pgp-public", "public \u{1}\n"),
    ("sypgp/pgp-secret", "secret \u{2}\n"),
];

fn with(files: &[(&str, &str)]) -> World {
    let world = World::shipped();
    for (name, text) in files {
        let path = old(&world, name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        world.set_mode(&path, 0o644);
    }
    world.set_mode(&old(&world, ""), 0o755);
    world
}

fn old(world: &World, name: &str) -> PathBuf {
    world.home().join(".singularity").join(name)
}

fn new(world: &World, name: &str) -> PathBuf {
    world.home().join(".apptainer").join(name)
}

/// Path, mode and contents of every old file.
fn old_files(world: &World) -> Vec<String> {
    let names = world
        .home_listing()
        .into_iter()
        .filter(|name| name.starts_with(".singularity"));
    let shown = |name: String| {
        let path = world.home().join(&name);
        format!(
            "{name} {} {}",
            world.mode(&path),
            fs::read_to_string(&path).unwrap_or_default()
        )
    };
    names.map(shown).collect()
}

#[test]
fn the_first_writing_command_takes_everything_over_and_the_second_nothing() {
    let world = with(&ALL);
    let before = old_files(&world);
    assert_data_eq!(
        world.session(&[
            "remote list",
            "remote add --no-login x x.example.com",
            "remote add --no-login y y.example.com",
            "remote use DefaultRemote",
            "remote list",
        ]),
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
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected Singularity remote configuration, migrating...
INFO:    Detected Singularity docker configuration, migrating...
INFO:    Detected public Singularity pgp keyring, migrating...
INFO:    Detected private Singularity pgp keyring, migrating...
INFO:    Remote "x" added.
$ portolan remote add --no-login y y.example.com
------- stderr -------
INFO:    Remote "y" added.
$ portolan remote use DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO
old            old.example.com      NO      NO      NO
x              x.example.com        NO      NO      NO
y              y.example.com        NO      NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
[EOF]

"#]]
        .raw()
    );
    assert_eq!(old_files(&world), before);
    assert_data_eq!(
        world.file(&new(&world, "remote.yaml")),
        str![[r#"
600
Active: DefaultRemote
Remotes:
  old:
    URI: old.example.com
    Token: old-token
    System: false
    Exclusive: false
  x:
    URI: x.example.com
    System: false
    Exclusive: false
  "y":
    URI: y.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    for (name, text) in [
        ("docker-config.json", ALL[1].1),
        ("keys/pgp-public", ALL[2].1),
        ("keys/pgp-secret", ALL[3].1),
    ] {
        assert_eq!(world.mode(&new(&world, name)), "600", "{name}");
        assert_eq!(fs::read_to_string(new(&world, name)).unwrap(), text);
    }
    for directory in ["", "keys"] {
        assert_eq!(world.mode(&new(&world, directory)), "700", "{directory}");
    }
}

#[test]
fn commands_that_read_take_nothing_over() {
    let world = with(&ALL);
    for words in [
        &["remote", "list"][..],
        &["remote"],
        &["remote", "add", "--help"],
        &["remote", "add", "--gone"],
    ] {
        let run = world.run(words);
        assert!(!run.stderr.contains("Detected"), "{run}");
        assert!(
            !new(&world, "").exists(),
            "{words:?} has made the directory"
        );
    }
}

#[test]
fn a_remote_that_was_taken_over_can_be_used_and_removed_at_once() {
    for words in [["remote", "use", "old"], ["remote", "remove", "old"]] {
        let world = with(&ALL);
        let run = world.run(&words);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(
            run.stderr
                .starts_with("INFO:    Detected Singularity user configuration directory\n"),
            "{run}"
        );
    }
}

#[test]
fn each_part_is_taken_over_alone() {
    let mut shown = String::new();
    for file in ALL {
        let world = with(&[file]);
        shown.push_str(&world.session(&["remote add --no-login x x.example.com"]));
        shown.push_str(&format!("{}\n", world.home_listing().join("\n")));
    }
    assert_data_eq!(
        shown,
        str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected Singularity remote configuration, migrating...
INFO:    Remote "x" added.
[EOF]
.apptainer
.apptainer/remote.yaml
.apptainer/remote.yaml.lock
.singularity
.singularity/remote.yaml
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected Singularity docker configuration, migrating...
INFO:    Remote "x" added.
[EOF]
.apptainer
.apptainer/docker-config.json
.apptainer/docker-config.json.lock
.apptainer/remote.yaml
.apptainer/remote.yaml.lock
.singularity
.singularity/docker-config.json
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected public Singularity pgp keyring, migrating...
INFO:    Remote "x" added.
[EOF]
.apptainer
.apptainer/keys
.apptainer/keys/pgp-public
.apptainer/remote.yaml
.apptainer/remote.yaml.lock
.singularity
.singularity/sypgp
.singularity/sypgp/pgp-public
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected private Singularity pgp keyring, migrating...
INFO:    Remote "x" added.
[EOF]
.apptainer
.apptainer/keys
.apptainer/keys/pgp-secret
.apptainer/remote.yaml
.apptainer/remote.yaml.lock
.singularity
.singularity/sypgp
.singularity/sypgp/pgp-secret

"#]]
        .raw()
    );
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_and_not_copied() {
    let world = with(&[
        (
            "remote.yaml",
            "Active: x\nRemotes:\n  x:\n    Tokn: secret-token\n",
        ),
        ALL[1],
    ]);
    world.age(&old(&world, "remote.yaml"));
    let before = old_files(&world);
    let session = world.session(&["remote add --no-login x x.example.com"]);
    assert!(!session.contains("secret-token"), "{session}");
    assert_data_eq!(session, str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Detected Singularity user configuration directory
INFO:    Detected Singularity remote configuration, migrating...
WARNING: Migration failed, unable to read legacy remote configuration: while parsing remote config data: $HOME/.singularity/remote.yaml:4:5: unknown key "Tokn" in remote "x"
    Tokn: ***
    ^
did you mean "Token"?
WARNING: It may be of an incompatible format and needs to be reconstructed manually with the "apptainer remote" command group.
INFO:    Detected Singularity docker configuration, migrating...
INFO:    Remote "x" added.
[EOF]

"#]].raw());
    assert_eq!(old_files(&world), before);
    assert!(
        !fs::read_to_string(new(&world, "remote.yaml"))
            .unwrap()
            .contains("Tokn")
    );
}

#[test]
fn a_directory_that_is_there_is_taken_for_the_users_choice() {
    let world = with(&ALL);
    world.write_user("Remotes: {}\n");
    assert_data_eq!(
        world.session(&["remote add --no-login x x.example.com"]),
        str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
[EOF]

"#]]
        .raw()
    );
    assert!(!new(&world, "keys").exists() && !new(&world, "docker-config.json").exists());
}

#[test]
fn a_named_file_and_the_systems_take_nothing_over() {
    let world = with(&ALL);
    assert_data_eq!(
        world.session(&[
            "remote -c $HOME/named.yaml add --no-login x x.example.com",
            "remote add --global y y.example.com",
        ]),
        str![[r#"
$ portolan remote -c $HOME/named.yaml add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote add --global y y.example.com
------- stderr -------
INFO:    Remote "y" added.
INFO:    Global option detected. Will not automatically log into remote.
[EOF]

"#]]
        .raw()
    );
    assert!(!new(&world, "").exists());
}

#[test]
fn singularitys_own_files_are_its_own() {
    let world = with(&ALL);
    world.set_mode(&old(&world, "remote.yaml"), 0o600);
    world.set_mode(&old(&world, ""), 0o700);
    assert_data_eq!(
        world.session(&["--command singularity remote add --no-login x x.example.com"]),
        str![[r#"
$ portolan --command singularity remote add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
[EOF]

"#]]
        .raw()
    );
    assert!(!new(&world, "").exists());
    assert!(
        fs::read_to_string(old(&world, "remote.yaml"))
            .unwrap()
            .contains("x.example.com")
    );
    assert_eq!(
        fs::read_to_string(old(&world, "docker-config.json")).unwrap(),
        DOCKER
    );
    assert!(
        !world
            .home_listing()
            .iter()
            .any(|name| name.contains("keys")),
        "{:?}",
        world.home_listing()
    );
}

#[test]
fn a_link_to_an_old_file_is_followed() {
    let world = with(&ALL[1..]);
    fs::write(world.home().join("elsewhere.yaml"), REMOTES).unwrap();
    std::os::unix::fs::symlink("../elsewhere.yaml", old(&world, "remote.yaml")).unwrap();
    let run = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        fs::read_to_string(new(&world, "remote.yaml"))
            .unwrap()
            .contains("old-token")
    );
    assert!(!new(&world, "remote.yaml").is_symlink());
    assert_eq!(
        fs::read_to_string(world.home().join("elsewhere.yaml")).unwrap(),
        REMOTES
    );
}
