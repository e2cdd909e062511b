//! Directories that others can write, and homes that are others'. D14, D20 of docs/compatibility.md.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::endpoint::endpoint;
use crate::support::server::Server;
use crate::support::world::{ORDINARY, SHIPPED, World, is_root, skip};

const ADD: &[&str] = &["remote", "add", "--global", "x", "x.example.com"];

#[test]
fn a_system_that_everybody_can_change_is_told_at_every_change() {
    let world = World::shipped();
    let directory = world.root().join("etc/apptainer");
    world.set_mode(&directory, 0o777);
    let told = world.session(&[
        "remote add --global x x.example.com",
        "remote use --global x",
    ]);
    world.set_mode(&directory, 0o1777);
    let sticky = world.session(&["remote use --global DefaultRemote"]);
    world.set_mode(&directory, 0o755);
    world.set_mode(&world.system_file(), 0o666);
    let file = world.session(&["remote remove --global x", "remote list"]);
    assert_data_eq!(format!("{told}{sticky}{file}"), str![[r#"
$ portolan remote add --global x x.example.com
------- stderr -------
WARNING: $ETC/apptainer can be changed by all users (mode 777), and with it the remotes that the system sets. To fix it:
           chmod o-w $ETC/apptainer
INFO:    Remote "x" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote use --global x
------- stderr -------
WARNING: $ETC/apptainer can be changed by all users (mode 777), and with it the remotes that the system sets. To fix it:
           chmod o-w $ETC/apptainer
INFO:    Remote "x" now in use.
[EOF]
$ portolan remote use --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
[EOF]
$ portolan remote remove --global x
------- stderr -------
WARNING: $ETC/apptainer/remote.yaml can be changed by all users (mode 666), and with it the remotes that the system sets. To fix it:
           chmod o-w $ETC/apptainer/remote.yaml
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
fn nothing_that_waits_in_a_directory_for_all_is_used_by_root() {
    if !is_root() {
        return skip("only root can be waited for");
    }
    let plant = |name: &str, how: &str| {
        let world = World::shipped();
        let directory = world.root().join("etc/apptainer");
        let victim = world.root().join("victim");
        fs::write(&victim, "root's own\n").unwrap();
        world.set_mode(&victim, 0o600);
        let place = directory.join(name);
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
        world.set_mode(&directory, 0o777);
        let run = world.run(ADD);
        assert_eq!(
            fs::read_to_string(&victim).unwrap(),
            "root's own\n",
            "{how} at {name}"
        );
        let found = fs::metadata(&victim).unwrap();
        assert_eq!(
            (found.mode() & 0o777, found.uid()),
            (0o600, 0),
            "{how} at {name}"
        );
        (run.code, run.stderr)
    };
    for (name, how, reason) in [
        (
            "remote.yaml",
            "link",
            "root writes through no link in a directory that others can write",
        ),
        ("remote.yaml", "hard link", "has 2 names (hard links)"),
        (
            "remote.yaml",
            "file",
            "belongs to user 65534, and root changes no such file",
        ),
        ("remote.yaml", "directory", "is a directory"),
        ("remote.yaml.lock", "link", "it is a symbolic link"),
        (
            "remote.yaml.lock",
            "hard link",
            "it has another name (a hard link)",
        ),
        ("remote.yaml.lock", "file", "it belongs to another user"),
        ("remote.yaml.lock", "directory", "is a directory"),
        (".remote.yaml.portolan-new", "directory", "is a directory"),
    ] {
        let (code, told) = plant(name, how);
        assert!(
            code == Some(255) && told.contains(reason),
            "{how} at {name}: {code:?} {told}"
        );
    }
    // A temporary file is never opened, but removed and made anew.
    for how in ["link", "hard link", "file"] {
        assert_eq!(plant(".remote.yaml.portolan-new", how).0, Some(0), "{how}");
    }
}

/// What a stranger has put into a directory that root might take for its home.
const EVIL: &str = "Active: evil\nRemotes: {evil: {URI: evil.example.com}}\n";

/// Makes a home of root's with a directory in it that holds [`EVIL`] and belongs to somebody, and closes it as far as `mode` says.
fn planted(world: &World, name: &str, owner: u32, mode: u32) -> PathBuf {
    let home = world.root().join("planted");
    let _ = fs::remove_dir_all(&home);
    let directory = home.join(name);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("remote.yaml"), EVIL).unwrap();
    for path in [&directory, &directory.join("remote.yaml")] {
        chown(path, Some(owner), Some(owner)).unwrap();
        world.set_mode(path, if path.is_dir() { 0o700 } else { 0o600 });
    }
    world.set_mode(&home, mode);
    home
}

/// Every name below a directory with what it is now.
fn all(directory: &Path) -> Vec<(PathBuf, u32, i64, i64)> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .flat_map(|path| {
            if path.is_dir() {
                all(&path)
            } else {
                vec![fact(path)]
            }
        })
        .collect();
    found.push(fact(directory.to_path_buf()));
    found.sort();
    found
}

fn fact(path: PathBuf) -> (PathBuf, u32, i64, i64) {
    let found = fs::symlink_metadata(&path).unwrap();
    (path, found.mode(), found.ctime(), found.ctime_nsec())
}

#[test]
fn root_uses_no_home_that_others_can_write_or_have_prepared() {
    if !is_root() {
        return skip("only root has other people's variables");
    }
    for (variable, below, owner, mode, is_used) in [
        ("HOME", ".apptainer", ORDINARY, 0o1777, false),
        ("HOME", ".apptainer", 0, 0o1777, false),
        ("HOME", ".apptainer", 0, 0o777, false),
        ("HOME", ".apptainer", 0, 0o775, false),
        ("HOME", ".apptainer", ORDINARY, 0o755, false),
        ("HOME", ".singularity", ORDINARY, 0o1777, false),
        ("HOME", ".apptainer", 0, 0o755, true),
        ("APPTAINER_CONFIGDIR", "new", 0, 0o1777, false),
        ("APPTAINER_CONFIGDIR", ".apptainer", ORDINARY, 0o755, false),
        ("APPTAINER_CONFIGDIR", ".apptainer", 0, 0o755, true),
    ] {
        let mut world = World::shipped();
        let planted = planted(
            &world,
            if below == "new" { ".apptainer" } else { below },
            owner,
            mode,
        );
        let account = world.root().join("root");
        fs::create_dir(&account).unwrap();
        let named = if variable == "HOME" {
            planted.clone()
        } else {
            planted.join(below)
        };
        world.set(variable, named);
        if variable != "HOME" {
            world.set("HOME", &account);
        }
        let before = all(&planted);
        let words = ["remote", "add", "--no-login", "x", "x.example.com"];
        let Some(run) = world.run_with_account(&account, &words) else {
            return;
        };
        let case = format!("{variable} {below} of {owner}, {mode:o}");
        let is_home = variable == "HOME";
        if is_used || is_home {
            assert_eq!(run.code, Some(0), "{case}: {run}");
            assert!(run.stderr.ends_with("INFO:    Remote \"x\" added.\n"));
            let warns = run.stderr.starts_with("WARNING: HOME is $ROOT/");
            assert_eq!(warns, !is_used, "{case}: {run}");
        } else {
            assert_eq!(run.code, Some(255), "{case}: {run}");
            let begin = "FATAL:   APPTAINER_CONFIGDIR names $ROOT/planted";
            assert!(run.stderr.starts_with(begin), "{case}: {run}");
        }
        assert_eq!(all(&planted) != before, is_used, "{case}");
        assert_eq!(
            account.join(".apptainer/remote.yaml").exists(),
            is_home && !is_used,
            "{case}"
        );
        let Some(listed) = world.run_with_account(&account, &["remote", "list", "--names"]) else {
            return;
        };
        assert_eq!(listed.stdout.contains("evil"), is_used, "{case}");
    }
}

#[test]
fn root_takes_over_no_old_files_of_somebody_else() {
    if !is_root() {
        return skip("only root meets files of others at home");
    }
    let mut world = World::shipped();
    let home = planted(&world, ".singularity", ORDINARY, 0o755);
    world.set("HOME", &home);
    let names = |world: &World| world.run(&["remote", "list", "--names"]).stdout;
    let add = ["remote", "add", "--no-login", "x", "x.example.com"];
    assert!(
        world
            .run(&add)
            .stderr
            .ends_with("INFO:    Remote \"x\" added.\n")
    );
    assert_eq!(names(&world), "DefaultRemote\nx\n");
    fs::remove_dir_all(home.join(".apptainer")).unwrap();
    chown(home.join(".singularity"), Some(0), Some(0)).unwrap();
    assert_eq!(world.run(&add).code, Some(0));
    assert_eq!(names(&world), "DefaultRemote\nevil\nx\n");
}

#[test]
fn no_variable_leads_root_out_of_its_home_by_two_dots() {
    if !is_root() {
        return skip("only root has other people's variables");
    }
    for way in ["..", "none/../.."] {
        let mut world = World::shipped();
        let open = world.root().join("open");
        fs::create_dir(&open).unwrap();
        world.set_mode(&open, 0o1777);
        let account = world.root().join("root");
        fs::create_dir(&account).unwrap();
        world.set("XDG_STATE_HOME", world.home().join(way).join("open/state"));
        for words in [
            &["remote", "add", "--no-login", "x", "x.example.com"][..],
            &["remote", "use", "x"],
            &["remote", "use", "DefaultRemote"],
        ] {
            let run = world.run(words);
            assert_eq!(run.code, Some(0), "{run}");
        }
        let directory = world.home().join(way).join("open/x/configuration");
        world.set("APPTAINER_CONFIGDIR", directory);
        let run = world.run(&["remote", "use", "x"]);
        assert_eq!(run.code, Some(255), "{run}");
        assert_eq!(fs::read_dir(&open).unwrap().count(), 0, "{way}");
        assert!(!world.home().join("none").exists());
        assert!(
            world
                .home()
                .join(".local/state/portolan/apptainer/previous")
                .exists(),
            "{:?}",
            world.home_listing()
        );
    }
}

#[test]
fn root_leaves_nothing_in_directories_of_others() {
    if !is_root() {
        return skip("only root has other people's variables");
    }
    let mut world = cloud::world();
    let server = Server::https(endpoint);
    world.write_user(format!(
        "Active: e\nRemotes: {{e: {{URI: \"{}\"}}}}\n",
        server.host()
    ));
    let theirs = world.root().join("theirs");
    fs::create_dir_all(theirs.join(".cache")).unwrap();
    fs::create_dir_all(theirs.join(".config")).unwrap();
    world.give_away(&theirs);
    for (variable, directory) in [
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", "state"),
    ] {
        world.set(variable, theirs.join(directory));
    }
    for words in [
        &["remote", "status"][..],
        &["remote", "list"],
        &["remote", "add", "--no-login", "x", "x.example.com"],
    ] {
        let run = world.run(words);
        assert_eq!(run.code, Some(0), "{run}");
    }
    for directory in [".cache", ".config"] {
        assert_eq!(
            fs::read_dir(theirs.join(directory)).unwrap().count(),
            0,
            "{directory}"
        );
    }
    assert!(!theirs.join("state").exists());
    assert!(
        world.home().join(".cache/portolan").exists(),
        "its own home serves: {:?}",
        world.home_listing()
    );
}
