//! Rows and secrets change together, whoever else logs in or out at the same time: as if one had come after the other.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::fs::FlockOperation;

use super::{login, on_loopback};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::program::end_of;
use crate::support::server::Server;
use crate::support::world::World;

/// The file beside another one by which it is locked.
fn hold(world: &World, file: &str) -> File {
    let path = world.home().join(".apptainer").join(file);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    lock
}

fn start(world: &World, words: &[&str]) -> Child {
    let mut command = world.command();
    command
        .args(words)
        .env("APPTAINER_LOGIN_PASSWORD", PASSWORD);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the process waits for somebody's lock.
fn wait_for_lock(child: &Child) {
    let end = Instant::now() + Duration::from_secs(20);
    let waits = |task: fs::DirEntry| {
        let call = fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
        // flock(2), where its number can be seen; its place in the kernel otherwise.
        let place = fs::read_to_string(task.path().join("wchan")).unwrap_or_default();
        call.starts_with("73 ") || place.contains("lock")
    };
    loop {
        let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        if tasks.flatten().any(waits) {
            return;
        }
        assert!(Instant::now() < end, "it does not wait");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there are a row of docker://, a row of oras://, and a secret.
fn state(world: &World, server: &Server) -> (bool, bool, bool) {
    let rows = fs::read_to_string(world.user_file()).unwrap_or_default();
    let secrets = fs::read_to_string(world.docker_config()).unwrap_or_default();
    let host = server.host();
    (
        rows.contains(&format!("docker://{host}\n")),
        rows.contains(&format!("oras://{host}\n")),
        secrets.contains(&host),
    )
}

#[test]
fn a_logout_beside_a_login_of_the_other_protocol_ends_as_one_after_the_other() {
    for lock in ["remote.yaml.lock", "docker-config.json.lock"] {
        for logout_is_first in [true, false] {
            let (world, server) = on_loopback();
            let (docker, oras) = (
                format!("docker://{}", server.host()),
                format!("oras://{}", server.host()),
            );
            assert_eq!(login(&world, &docker).code, Some(0));
            let logout = ["registry", "logout", &docker];
            let login = ["registry", "login", "-u", USER, &oras];
            let words: [&[&str]; 2] = match logout_is_first {
                true => [&logout, &login],
                false => [&login, &logout],
            };
            let held = hold(&world, lock);
            // The first one stops at this lock, the other one there or before what the first one holds.
            let mut first = start(&world, words[0]);
            wait_for_lock(&first);
            let mut second = start(&world, words[1]);
            wait_for_lock(&second);
            drop(held);
            assert!(end_of(&mut first).success());
            assert!(end_of(&mut second).success());
            assert_eq!(
                state(&world, &server),
                (false, true, true),
                "{lock}, {words:?}"
            );
        }
    }
}

#[test]
fn a_login_beside_a_logout_of_the_same_ends_as_one_after_the_other() {
    for lock in ["remote.yaml.lock", "docker-config.json.lock"] {
        for logout_is_first in [true, false] {
            let (world, server) = on_loopback();
            let docker = format!("docker://{}", server.host());
            assert_eq!(login(&world, &docker).code, Some(0));
            let logout = ["registry", "logout", &docker];
            let login = ["registry", "login", "-u", USER, &docker];
            let held = hold(&world, lock);
            let mut first = start(&world, if logout_is_first { &logout } else { &login });
            wait_for_lock(&first);
            let mut second = start(&world, if logout_is_first { &login } else { &logout });
            wait_for_lock(&second);
            drop(held);
            assert!(end_of(&mut first).success());
            assert!(end_of(&mut second).success());
            let (row, _, secret) = state(&world, &server);
            assert_eq!(row, secret, "{lock}: a row and its secret, or none");
        }
    }
}

#[test]
fn thirty_logins_at_once_leave_thirty_rows_and_secrets() {
    let (world, server) = on_loopback();
    let host = server.host();
    let uri = |number: usize| format!("docker://{host}/team{number}/app");
    let logins: Vec<_> = (0..30)
        .map(|number| start(&world, &["registry", "login", "-u", USER, &uri(number)]))
        .collect();
    for mut login in logins {
        assert!(end_of(&mut login).success());
    }
    let rows = fs::read_to_string(world.user_file()).unwrap();
    let secrets = fs::read_to_string(world.docker_config()).unwrap();
    for number in 0..30 {
        assert!(rows.contains(&format!("{}\n", uri(number))), "{rows}");
        assert!(
            secrets.contains(&format!("{host}/team{number}/app\"")),
            "{secrets}"
        );
    }
}
