//! Links in the place of files, of the user's own and of others. D7 of docs/compatibility.md.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{World, is_root, skip};

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
fn a_link_stays_and_its_target_is_replaced() {
    let world = ordinary();
    let target = world.home().join("dotfiles/remote.yaml");
    fs::create_dir(world.home().join("dotfiles")).unwrap();
    fs::rename(world.user_file(), &target).unwrap();
    symlink("../dotfiles/remote.yaml", world.user_file()).unwrap();
    world.give_away(&world.home());
    world.set_mode(&target, 0o644);
    let run = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        fs::read_link(world.user_file()).unwrap(),
        Path::new("../dotfiles/remote.yaml")
    );
    assert_data_eq!(
        world.file(&target),
        str![[r#"
600
Active: ""
Remotes:
  mine:
    URI: mine.example.com
    System: false
    Exclusive: false
  x:
    URI: x.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        world.home_listing(),
        [
            ".apptainer",
            ".apptainer/remote.yaml",
            "dotfiles",
            "dotfiles/remote.yaml",
            "dotfiles/remote.yaml.lock",
        ]
    );
}

#[test]
fn a_link_to_nothing_is_refused_and_stays() {
    let world = ordinary();
    fs::remove_file(world.user_file()).unwrap();
    symlink("nowhere.yaml", world.user_file()).unwrap();
    world.give_away(&world.home());
    assert_data_eq!(
        world.session(&["remote list", "remote add --no-login x x.example.com", "remote use DefaultRemote"]),
        str![[r#"
$ portolan remote list
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a link to nowhere.yaml, which does not exist
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a link to $HOME/.apptainer/nowhere.yaml, which does not exist
[exit status: 255]
$ portolan remote use DefaultRemote
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a link to nowhere.yaml, which does not exist
[exit status: 255]
[EOF]

"#]].raw()
    );
    assert_eq!(
        world.home_listing(),
        [".apptainer", ".apptainer/remote.yaml"]
    );
}

#[test]
fn a_link_to_somebody_elses_file_is_not_written_through() {
    if !is_root() {
        return skip("only root can make another user's file");
    }
    let world = ordinary();
    let target = world.root().join("others.yaml");
    fs::write(&target, MINE).unwrap();
    chown(&target, Some(12345), None).unwrap();
    world.set_mode(&target, 0o644);
    fs::remove_file(world.user_file()).unwrap();
    symlink(&target, world.user_file()).unwrap();
    world.give_away(&directory(&world));
    let own = world.session(&["remote add --no-login x x.example.com"]);
    fs::rename(world.user_file(), directory(&world).join("link.yaml")).unwrap();
    let named =
        world.session(&["remote -c $HOME/.apptainer/link.yaml add --no-login x x.example.com"]);
    assert_data_eq!(format!("{own}{named}"), str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
WARNING: Others can read $HOME/.apptainer/remote.yaml, and its mode can't be changed (operation not permitted). Apptainer itself refuses every command while that is so.
FATAL:   while opening remote config file: open $ROOT/others.yaml: belongs to user 12345, and nothing is written through links of others or to their files
[exit status: 255]
[EOF]
$ portolan remote -c $HOME/.apptainer/link.yaml add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $ROOT/others.yaml: belongs to user 12345, and nothing is written through links of others or to their files
[exit status: 255]
[EOF]

"#]].raw());
    assert_eq!(fs::read_to_string(&target).unwrap(), MINE);
}
