//! However a run ends, its directory does too.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{names, setup};
use crate::support::program::end_of;
use crate::support::world::{World, is_root};

/// Waits until this is so.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_a_kill_leaves_the_next_run_removes() {
    let (world, memory) = setup();
    let mut command = world.command();
    command.args(["exec", "sh", "-c", "echo $$ >pid; exec sleep 60"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let pid = world.home().join("pid");
    wait_for("the command runs", || {
        fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
    });
    assert_eq!(names(memory.path()).len(), 1);
    // A run at the same time leaves it alone.
    assert_eq!(world.run(&["exec", "true"]).code, Some(0));
    assert_eq!(names(memory.path()).len(), 1);
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    end_of(&mut child);
    assert_eq!(names(memory.path()).len(), 1);
    assert_eq!(world.run(&["exec", "true"]).code, Some(0));
    assert_eq!(names(memory.path()), Vec::<String>::new());
    let command: i32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(command).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_directory_of_that_name_that_is_no_left_over_is_left() {
    let (world, memory) = setup();
    let file = memory.path().join("portolan-exec.file");
    fs::write(&file, "x").unwrap();
    let elsewhere = world.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, memory.path().join("portolan-exec.link")).unwrap();
    assert_eq!(world.run(&["exec", "true"]).code, Some(0));
    assert!(file.exists() && elsewhere.exists());
    assert_eq!(names(memory.path()).len(), 2);
}

#[test]
fn what_goes_on_in_the_background_loses_it() {
    let (world, memory) = setup();
    let script =
        "(sleep 0.5; ls $APPTAINER_CONFIGDIR >after 2>&1; echo >done) >/dev/null 2>&1 & exit 0";
    assert_eq!(world.run(&["exec", "sh", "-c", script]).code, Some(0));
    assert_eq!(names(memory.path()), Vec::<String>::new());
    wait_for("the background ends", || world.home().join("done").exists());
    let after = fs::read_to_string(world.home().join("after")).unwrap();
    assert!(after.contains("No such file"), "{after}");
}

#[test]
fn fifty_run_at_once_and_each_has_its_own() {
    let (world, memory) = setup();
    let script =
        "cat $APPTAINER_CONFIGDIR/remote.yaml | head -1; basename $APPTAINER_CONFIGDIR; sleep 0.5";
    let children: Vec<_> = (0..50)
        .map(|number| {
            let mut command = world.command();
            let remote = if number % 2 == 0 { "m" } else { "s" };
            command.args(["exec", "--remote", remote, "sh", "-c", script]);
            let child = command.stdout(Stdio::piped()).spawn().unwrap();
            (remote, child)
        })
        .collect();
    let mut directories = Vec::new();
    for (remote, child) in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (active, directory) = text.split_once('\n').unwrap();
        assert_eq!(active, format!("Active: {remote}"));
        directories.push(directory.to_owned());
    }
    directories.sort();
    directories.dedup();
    assert_eq!(directories.len(), 50);
    assert_eq!(names(memory.path()), Vec::<String>::new());
}

#[test]
fn an_ordinary_user_needs_nothing_else() {
    let (mut world, memory) = setup();
    world.as_ordinary_user();
    // Another user's directory is none of theirs.
    let run = world.run(&["exec", "sh", "-c", "echo $APPTAINER_CONFIGDIR"]);
    let expected = if is_root() {
        "/dev/shm/portolan-exec.".to_owned()
    } else {
        memory.path().display().to_string()
    };
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with(&expected), "{}", run.stdout);
}

#[test]
fn root_with_anothers_home_uses_its_own() {
    if !is_root() {
        return crate::support::world::skip("root only");
    }
    let mut world = World::shipped();
    world.write_user("Active: evil\nRemotes: {evil: {URI: evil.example}}");
    let home = world.home();
    world.give_away(&home);
    let account = world.root().join("account");
    fs::create_dir(&account).unwrap();
    let memory = tempfile::Builder::new().tempdir_in("/dev/shm").unwrap();
    world.give_away(memory.path());
    world.set("XDG_RUNTIME_DIR", memory.path());
    let script = "readlink $APPTAINER_CONFIGDIR/.portolan; dirname $APPTAINER_CONFIGDIR; cat $APPTAINER_CONFIGDIR/remote.yaml";
    let Some(run) = world.run_with_account(&account, &["exec", "sh", "-c", script]) else {
        return;
    };
    assert_eq!(
        run.stdout.lines().collect::<Vec<_>>(),
        ["$ROOT/account/.apptainer", "/dev/shm"],
        "{run}"
    );
    assert!(!home.join(".apptainer/cache").exists());
}
