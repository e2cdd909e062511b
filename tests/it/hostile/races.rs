//! Root at work in a directory that somebody else changes all the time: nothing outside of it is written, and nothing of
//! root's is copied into it. D7 of docs/compatibility.md.

use std::os::unix::fs::{MetadataExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fs, thread};

use crate::support::world::{ORDINARY, World, is_root, skip};

/// What root keeps elsewhere; a file that could be taken for anyone's.
const VICTIM: &str = "Remotes:\n  root:\n    URI: root.example.com\n    Token: t0ken-of-root\n";
const HERE: &str = "Remotes:\n  mine:\n    URI: mine.example.com\n";
/// How many commands have to stand the changes.
const COMMANDS: usize = 100;

/// What an attacker puts into the place of a name.
const TRICKS: [fn(&Path, &Path); 5] = [
    |victim, to| drop(symlink(victim.join("remote.yaml"), to)),
    |victim, to| drop(symlink(victim.join("new"), to)),
    |victim, to| drop(fs::hard_link(victim.join("remote.yaml"), to)),
    |_, to| drop(fs::write(to, HERE)),
    |_, to| drop(fs::create_dir(to)),
];

/// Puts one thing after the other in each name's place until it is told to stop, and counts.
fn attack(directory: &Path, names: &[&str], victim: &Path, count: &AtomicUsize, stop: &AtomicBool) {
    let prepared = directory.join("prepared");
    let own = |path: &Path| {
        // The hard link would give the victim itself away.
        if fs::symlink_metadata(path).is_ok_and(|found| found.nlink() < 2) {
            let _ = lchown(path, Some(ORDINARY), Some(ORDINARY));
        }
    };
    while !stop.load(Ordering::SeqCst) {
        for trick in TRICKS {
            for name in names {
                let place = directory.join(name);
                trick(victim, &prepared);
                own(&prepared);
                if fs::rename(&prepared, &place).is_err() {
                    let _ = fs::remove_file(&place);
                    let _ = fs::remove_dir(&place);
                    let _ = fs::rename(&prepared, &place);
                }
                let _ = fs::remove_file(&prepared);
                let _ = fs::remove_dir(&prepared);
                count.fetch_add(1, Ordering::SeqCst);
            }
            // A moment in which everything is as it should be, so that commands get on, and then one without a file.
            let _ = fs::remove_dir(directory.join(names[0]));
            let _ = fs::write(&prepared, HERE)
                .and_then(|()| chown(&prepared, Some(ORDINARY), Some(ORDINARY)));
            let _ = fs::rename(&prepared, directory.join(names[0]));
            names.iter().skip(1).for_each(|name| {
                let _ = fs::remove_file(directory.join(name));
                let _ = fs::remove_dir(directory.join(name));
            });
            thread::yield_now();
        }
    }
}

/// Ends an attack when the commands are done, or a test of theirs fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What an onlooker sees of a file that nobody may change.
fn attributes(path: &Path) -> (String, u64, u32, u32, i64, i64) {
    let found = fs::metadata(path).unwrap();
    let text = fs::read_to_string(path).unwrap();
    (
        text,
        found.ino(),
        found.mode(),
        found.uid(),
        found.mtime(),
        found.mtime_nsec(),
    )
}

/// Runs commands in `directory` while its names are exchanged; how many of them succeeded.
fn survives(world: &World, directory: &Path, names: &[&str], words: &[&str]) -> usize {
    let victim = world.root().join("roots");
    fs::create_dir(&victim).unwrap();
    world.set_mode(&victim, 0o755);
    fs::write(victim.join("remote.yaml"), VICTIM).unwrap();
    world.set_mode(&victim.join("remote.yaml"), 0o600);
    let before = attributes(&victim.join("remote.yaml"));
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let done = thread::scope(|scope| {
        scope.spawn(|| attack(directory, names, &victim, &count, &stop));
        let _ends = Ends(&stop);
        let codes: Vec<_> = (0..COMMANDS).map(|_| world.run(words)).collect();
        let odd = codes.iter().find(|run| {
            ![Some(0), Some(255)].contains(&run.code) || run.stderr.contains("panicked")
        });
        assert!(odd.is_none(), "{}", odd.unwrap());
        codes.iter().filter(|run| run.code == Some(0)).count()
    });
    assert!(
        count.load(Ordering::SeqCst) > COMMANDS,
        "the attacker was too slow"
    );
    assert_eq!(attributes(&victim.join("remote.yaml")), before);
    let beside: Vec<PathBuf> = fs::read_dir(&victim)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(
        beside,
        [victim.join("remote.yaml")],
        "nothing was made there"
    );
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let found = entry.metadata().unwrap();
        if found.is_file() && found.ino() != before.1 {
            let text = fs::read_to_string(entry.path()).unwrap();
            assert!(
                !text.contains("t0ken-of-root"),
                "{:?} has root's secret: {text}",
                entry.path()
            );
        }
    }
    done
}

#[test]
fn root_in_a_directory_of_somebody_else_cannot_be_led_out_of_it() {
    if !is_root() {
        return skip("only root is worth being led elsewhere");
    }
    let world = World::shipped();
    let directory = world.home().join("work");
    fs::create_dir(&directory).unwrap();
    world.give_away(&world.home());
    let file = directory.join("remote.yaml");
    let names = [
        "remote.yaml",
        "remote.yaml.lock",
        ".remote.yaml.portolan-new",
    ];
    let words = [
        "remote",
        "-c",
        file.to_str().unwrap(),
        "add",
        "--no-login",
        "x",
        "x.example.com",
    ];
    let done = survives(&world, &directory, &names, &words);
    assert!(done > 0, "not one command got through");
}

#[test]
fn root_in_a_directory_for_all_cannot_be_led_out_of_it() {
    if !is_root() {
        return skip("only root is worth being led elsewhere");
    }
    let world = World::shipped();
    let directory = world.root().join("for-all");
    fs::create_dir(&directory).unwrap();
    world.set_mode(&directory, 0o1777);
    let file = directory.join("auth.json");
    let names = ["auth.json", "auth.json.lock", ".auth.json.portolan-new"];
    let words = [
        "registry",
        "logout",
        "--authfile",
        file.to_str().unwrap(),
        "localhost:1",
    ];
    survives(&world, &directory, &names, &words);
    let names = [
        "remote.yaml",
        "remote.yaml.lock",
        ".remote.yaml.portolan-new",
    ];
    fs::remove_dir_all(world.root().join("roots")).unwrap();
    let file = directory.join("remote.yaml");
    let words = [
        "remote",
        "-c",
        file.to_str().unwrap(),
        "add",
        "--no-login",
        "x",
        "x.example.com",
    ];
    survives(&world, &directory, &names, &words);
}

#[test]
fn root_is_not_led_away_by_a_directory_that_becomes_a_link() {
    if !is_root() {
        return skip("only root is worth being led elsewhere");
    }
    let world = World::shipped();
    let directory = world.home().join("work");
    fs::create_dir(&directory).unwrap();
    let victim = world.root().join("roots");
    fs::create_dir(&victim).unwrap();
    world.set_mode(&victim, 0o755);
    fs::write(victim.join("remote.yaml"), VICTIM).unwrap();
    symlink(&victim, world.home().join("link")).unwrap();
    world.give_away(&world.home());
    let before = attributes(&victim.join("remote.yaml"));
    let stop = AtomicBool::new(false);
    let exchange = || {
        let (home, flags) = (world.home(), rustix::fs::RenameFlags::EXCHANGE);
        while !stop.load(Ordering::SeqCst) {
            rustix::fs::renameat_with(
                rustix::fs::CWD,
                home.join("work"),
                rustix::fs::CWD,
                home.join("link"),
                flags,
            )
            .unwrap();
        }
    };
    let file = directory.join("remote.yaml");
    let words = [
        "remote",
        "-c",
        file.to_str().unwrap(),
        "add",
        "--no-login",
        "x",
        "x.example.com",
    ];
    let codes: Vec<_> = thread::scope(|scope| {
        scope.spawn(exchange);
        let _ends = Ends(&stop);
        (0..COMMANDS).map(|_| world.run(&words).code).collect()
    });
    assert!(codes.contains(&Some(255)), "no command saw the link");
    assert_eq!(attributes(&victim.join("remote.yaml")), before);
    assert_eq!(
        fs::read_dir(&victim).unwrap().count(),
        1,
        "nothing was made there"
    );
}
