//! Many commands at the same time, beside each other and beside writers that take no lock. D7 of docs/compatibility.md.

use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::fs::FlockOperation;

use crate::support::program::end_of;
use crate::support::world::{Finished, World};

/// Remotes that no test removes.
const STABLE: [&str; 3] = ["stable-a", "stable-b", "stable-c"];

fn stable() -> World {
    let world = World::shipped();
    let entries: Vec<_> = STABLE
        .iter()
        .map(|name| format!("  {name}:\n    URI: {name}.example.com\n"))
        .collect();
    world.write_user(format!("Active: \"\"\nRemotes:\n{}", entries.concat()));
    world
}

fn add(world: &World, name: &str) -> Command {
    let mut command = world.command();
    command.args([
        "remote",
        "add",
        "--no-login",
        name,
        &format!("{name}.example.com"),
    ]);
    command
}

fn start(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The names in the table of remotes.
fn names(listed: &Finished) -> Vec<&str> {
    let rows = listed
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("NAME "))
        .skip(1);
    rows.take_while(|line| !line.is_empty())
        .map(|line| line.split(' ').next().unwrap())
        .collect()
}

/// A list that is whole: no error, no message, and every remote that was there before.
fn list(world: &World) -> Finished {
    let listed = world.run(&["remote", "list"]);
    assert_eq!((listed.stderr.as_str(), listed.code), ("", Some(0)));
    for name in STABLE {
        assert!(
            names(&listed).contains(&name),
            "{name} is missing: {listed}"
        );
    }
    listed
}

fn only_file_and_lock(world: &World) {
    assert_eq!(
        world.home_listing(),
        [
            ".apptainer",
            ".apptainer/remote.yaml",
            ".apptainer/remote.yaml.lock"
        ]
    );
}

/// Calls `work` again and again in so many threads as long as `until` runs.
fn meanwhile(threads: usize, work: impl Fn() + Sync, until: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let working = || {
            while !over.load(Ordering::SeqCst) {
                work();
            }
        };
        for _ in 0..threads {
            scope.spawn(working);
        }
        let _ended = OnDrop(|| over.store(true, Ordering::SeqCst));
        until();
    });
}

/// Lets the others end also when a check has failed.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn two_hundred_adds_at_the_same_time_all_survive() {
    let world = World::shipped();
    let all: Vec<String> = (0..200).map(|number| format!("r{number:03}")).collect();
    for batch in all.chunks(50) {
        // None but the first finds a directory, a file and a lock; they begin together.
        let children: Vec<Child> = batch.iter().map(|name| start(add(&world, name))).collect();
        for (child, name) in children.into_iter().zip(batch) {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(
                (said, output.status.code()),
                (format!("INFO:    Remote \"{name}\" added.\n"), Some(0))
            );
        }
    }
    let listed = world.run(&["remote", "list"]);
    assert_eq!(listed.code, Some(0));
    assert_eq!(names(&listed)[1..], all);
    only_file_and_lock(&world);
}

#[test]
fn one_name_is_added_by_one_of_many() {
    let world = World::shipped();
    let children: Vec<Child> = (0..20).map(|_| start(add(&world, "x"))).collect();
    let codes = children
        .into_iter()
        .map(|mut child| end_of(&mut child).code().unwrap());
    let mut codes: Vec<i32> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes[0], 0);
    assert_eq!(codes[1..], [255; 19]);
}

#[test]
fn readers_beside_writers_see_whole_tables() {
    let world = stable();
    let lists = AtomicUsize::new(0);
    let reading = || {
        list(&world);
        lists.fetch_add(1, Ordering::SeqCst);
    };
    meanwhile(10, reading, || {
        for number in 0..40 {
            let name = format!("new-{number}");
            let added = add(&world, &name).output().unwrap();
            assert_eq!(added.status.code(), Some(0));
            if number % 2 == 0 {
                let removed = world.run(&["remote", "remove", &name]);
                assert_eq!(removed.code, Some(0), "{removed}");
            }
        }
    });
    assert!(lists.into_inner() > 10);
    assert_eq!(names(&list(&world)).len(), 1 + STABLE.len() + 20);
}

#[test]
fn readers_beside_a_writer_that_truncates_see_neither_nothing_nor_an_error() {
    let world = stable();
    let text = fs::read_to_string(world.user_file()).unwrap();
    let lists = AtomicUsize::new(0);
    let began = Instant::now();
    let truncating = || {
        let mut file = File::options()
            .write(true)
            .truncate(true)
            .open(world.user_file())
            .unwrap();
        thread::sleep(Duration::from_millis(3));
        // Nothing, then something that can't be read, then all.
        let (first, second) = text.split_at("Active: \"".len());
        file.write_all(first.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(3));
        file.write_all(second.as_bytes()).unwrap();
        drop(file);
        thread::sleep(Duration::from_millis(15));
    };
    meanwhile(1, truncating, || {
        while began.elapsed() < Duration::from_secs(2) || lists.load(Ordering::SeqCst) < 20 {
            list(&world);
            lists.fetch_add(1, Ordering::SeqCst);
        }
    });
}

#[test]
fn a_lock_that_somebody_keeps_ends_an_add_with_its_name() {
    let world = stable();
    let before = fs::read(world.user_file()).unwrap();
    let mut lock = File::create(world.home().join(".apptainer/remote.yaml.lock")).unwrap();
    lock.write_all(b"4242 node-1\n").unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let began = Instant::now();
    let mut adding = start(add(&world, "x"));
    list(&world);
    assert!(
        adding.try_wait().unwrap().is_none(),
        "readers do not wait for the lock"
    );
    let output = adding.wait_with_output().unwrap();
    let waited = began.elapsed();
    assert!((9..30).contains(&waited.as_secs()), "waited {waited:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let lock_file = world.home().join(".apptainer/remote.yaml.lock");
    assert!(
        said.starts_with("FATAL:   ")
            && said.contains(&format!(
                "lock {}: nothing moved for 10 s",
                lock_file.display()
            ))
            && said.contains("process 4242 on node-1"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(255));
    assert_eq!(fs::read(world.user_file()).unwrap(), before);
    drop(lock);
    assert_eq!(add(&world, "x").output().unwrap().status.code(), Some(0));
}

#[test]
fn a_lock_that_is_given_up_lets_the_next_one_in() {
    let world = stable();
    let lock = File::create(world.home().join(".apptainer/remote.yaml.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut adding = start(add(&world, "x"));
    thread::sleep(Duration::from_millis(300));
    assert!(
        adding.try_wait().unwrap().is_none(),
        "nobody adds while another one holds the lock"
    );
    drop(lock);
    assert_eq!(end_of(&mut adding).code(), Some(0));
    assert!(names(&list(&world)).contains(&"x"));
}

#[test]
fn adds_that_are_killed_at_any_moment_leave_a_whole_file_and_no_litter() {
    let world = stable();
    let mut killed = 0;
    for round in 0..150_u64 {
        let name = format!("killed-{round:03}");
        let mut adding = start(add(&world, &name));
        // Spread over the life of a command, which is some milliseconds.
        thread::sleep(Duration::from_micros(round * 7919 % 9000));
        adding.kill().unwrap();
        killed += usize::from(end_of(&mut adding).code().is_none());
        if round % 10 == 0 {
            list(&world);
        }
    }
    assert!(
        killed > 10,
        "only {killed} adds were killed before they ended"
    );
    assert_eq!(add(&world, "last").output().unwrap().status.code(), Some(0));
    assert!(names(&list(&world)).contains(&"last"));
    only_file_and_lock(&world);
}
