//! Folders that others can write, and homes that are others'. D14, D20 of docs/compatibility.md.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown, symlink},
};

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::{
    cloud,
    endpoint::endpoint,
    server::Server,
    world::{ORDINARY, SHIPPED, World, is_root, skip},
};

const ADD: &[&str] = &["remote", "add", "--global", "x", "x.example.com"];

#[test]
fn a_system_that_everybody_can_change_is_told_at_every_change() {
    let world = World::shipped();
    let folder = world.root().join("etc/apptainer");
    world.set_mode(&folder, 0o777);
    let told = world.session(&["remote add --global x x.example.com", "remote use --global x"]);
    world.set_mode(&folder, 0o1777);
    let sticky = world.session(&["remote use --global DefaultRemote"]);
    world.set_mode(&folder, 0o755);
    world.set_mode(&world.system_file(), 0o666);
    let file = world.session(&["remote remove --global x", "remote list"]);
    assert_data_eq!(format!("{told}{sticky}{file}"), str![[r#"
$ portolan remote add --global x x.example.com
------- stderr -------
WARNING: $ETC/apptainer can be changed by all users (mode 777), and with it the remotes that the system sets. To mend it: chmod o-w $ETC/apptainer
INFO:    Remote "x" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote use --global x
------- stderr -------
WARNING: $ETC/apptainer can be changed by all users (mode 777), and with it the remotes that the system sets. To mend it: chmod o-w $ETC/apptainer
INFO:    Remote "x" now in use.
[EOF]
$ portolan remote use --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
[EOF]
$ portolan remote remove --global x
------- stderr -------
WARNING: $ETC/apptainer/remote.yaml can be changed by all users (mode 666), and with it the remotes that the system sets. To mend it: chmod o-w $ETC/apptainer/remote.yaml
INFO:    Remote "x" removed.
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
[EOF]

"#]].raw());
}

#[test]
fn nothing_that_waits_in_a_folder_for_all_is_used_by_root() {
    if !is_root() {
        return skip("only root can be waited for");
    }
    let plant = |name: &str, how: &str| {
        let world = World::shipped();
        let folder = world.root().join("etc/apptainer");
        let victim = world.root().join("victim");
        fs::write(&victim, "root's own\n").unwrap();
        world.set_mode(&victim, 0o600);
        let place = folder.join(name);
        let _ = fs::remove_file(&place);
        match how {
            "link" => symlink(&victim, &place).unwrap(),
            "hard link" => fs::hard_link(&victim, &place).unwrap(),
            "file" => {
                fs::write(&place, SHIPPED).unwrap();
                chown(&place, Some(ORDINARY), Some(ORDINARY)).unwrap();
            }
            _ => fs::create_dir(&place).unwrap(),
        }
        world.set_mode(&folder, 0o777);
        let run = world.run(ADD);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "root's own\n", "{how} at {name}");
        let found = fs::metadata(&victim).unwrap();
        assert_eq!((found.mode() & 0o777, found.uid()), (0o600, 0), "{how} at {name}");
        (run.code, run.stderr)
    };
    for (name, how, reason) in [
        ("remote.yaml", "link", "root writes through no link in a folder that others can write"),
        ("remote.yaml", "hard link", "has 2 names (hard links)"),
        ("remote.yaml", "file", "belongs to user 65534, and root changes no such file"),
        ("remote.yaml", "folder", "is a directory"),
        ("remote.yaml.lock", "link", "it is a symbolic link"),
        ("remote.yaml.lock", "hard link", "it has another name (a hard link)"),
        ("remote.yaml.lock", "file", "it belongs to another user"),
        ("remote.yaml.lock", "folder", "is a directory"),
        (".remote.yaml.portolan-new", "folder", "is a directory"),
    ] {
        let (code, told) = plant(name, how);
        assert!(code == Some(255) && told.contains(reason), "{how} at {name}: {code:?} {told}");
    }
    // A temporary file is never opened, but removed and made anew.
    for how in ["link", "hard link", "file"] {
        assert_eq!(plant(".remote.yaml.portolan-new", how).0, Some(0), "{how}");
    }
}

#[test]
fn root_leaves_nothing_in_folders_of_others() {
    if !is_root() {
        return skip("only root has other people's variables");
    }
    let mut world = cloud::world();
    let server = Server::https(endpoint);
    world.write_user(format!("Active: e\nRemotes: {{e: {{URI: \"{}\"}}}}\n", server.host()));
    let theirs = world.root().join("theirs");
    fs::create_dir_all(theirs.join(".cache")).unwrap();
    fs::create_dir_all(theirs.join(".config")).unwrap();
    world.give_away(&theirs);
    for (variable, folder) in
        [("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", "state")]
    {
        world.set(variable, theirs.join(folder));
    }
    for words in
        [&["remote", "status"][..], &["remote", "list"], &["remote", "add", "--no-login", "x", "x.example.com"]]
    {
        let run = world.run(words);
        assert_eq!(run.code, Some(0), "{run}");
    }
    for folder in [".cache", ".config"] {
        assert_eq!(fs::read_dir(theirs.join(folder)).unwrap().count(), 0, "{folder}");
    }
    assert!(!theirs.join("state").exists());
    assert!(world.home().join(".cache/portolan").exists(), "its own home serves: {:?}", world.home_listing());
}
