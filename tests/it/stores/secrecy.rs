//! No disk gets a secret of a store.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{files_with, has_keyring, login_with, marked, setup};
use crate::support::program::end_of;

#[test]
fn no_disk_gets_the_secret_during_a_run_after_it_and_after_a_kill() {
    if !has_keyring() {
        return;
    }
    let (mut world, _server) = setup();
    let memory = tempfile::Builder::new().tempdir_in("/dev/shm").unwrap();
    world.set("XDG_RUNTIME_DIR", memory.path());
    let token = marked();
    assert_eq!(login_with(&world, "keyring", &token).code, Some(0));
    let script = "cp $APPTAINER_CONFIGDIR/remote.yaml $APPTAINER_CONFIGDIR/copy.yaml; \
                  grep -c Token $APPTAINER_CONFIGDIR/copy.yaml";
    let run = world.run(&["exec", "sh", "-c", script]);
    assert_eq!(run.stdout, "1\n");
    assert_eq!(
        run.stderr,
        "WARNING: sh left copy.yaml, which has a secret in it: it is removed\n"
    );
    let mut command = world.command();
    command.args([
        "exec",
        "sh",
        "-c",
        "tr '\\0' '\\n' </proc/$$/environ >environ; echo $$ >pid; exec sleep 600",
    ]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let pid = world.home().join("pid");
    let end = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')) {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(
        files_with(&token),
        "",
        "the environment of the command is one of these files"
    );
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    end_of(&mut child);
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 1);
    assert_eq!(world.run(&["exec", "true"]).code, Some(0));
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0);
    assert_eq!(files_with(&token), "");
    let command: i32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(command).unwrap(), Signal::KILL).unwrap();
    // The search finds what is there.
    fs::write(world.home().join("leak"), &token).unwrap();
    assert!(files_with(&token).contains("leak"));
    world.run(&["remote", "logout", "cloud"]);
}
