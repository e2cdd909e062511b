//! Every command that writes, killed or refused while it does. Short by default: where it replaces its file. With
//! `PORTOLAN_TEST_LONG=1`: killed at every system call of its life, and refused wherever it touches a file.

use std::sync::LazyLock;

use super::{ADD, CHANGING, Case, FIRST_ADD, GLOBAL_ADD, INTERRUPTIBLE, MINE, REMOVE, Trial, USE};
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::{SHIPPED, World};
use crate::support::{authority, cloud};

/// Where a file is replaced.
const REPLACING: &str = "write,pwrite64,fsync,?rename,?renameat,renameat2,flock";
/// What a disk, its administrator and its owner refuse with.
const REFUSALS: [&str; 5] = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES"];
/// The calls that end a life: who is killed at them may have done all.
const LAST: [&str; 2] = ["exit", "exit_group"];

/// Knows the good token.
static SERVER: LazyLock<Server> = LazyLock::new(|| Server::https(endpoint));

const SECOND: &str =
    "  second:\n    URI: second.example.com\n    System: true\n    Exclusive: false\n";

const KEYSERVERS: &str =
    "    Keyservers:\n    - URI: https://keys.openpgp.org\n    - URI: https://keys.example.com\n";

const RENAME: Case = Case {
    words: &["remote", "rename", "mine", "other"],
    ..ADD
};
const SET_URL: Case = Case {
    words: &["remote", "set-url", "mine", "other.example.com"],
    ..ADD
};
const GLOBAL_USE: Case = Case {
    words: &["remote", "use", "--global", "second"],
    prepare: |world| world.write_system(format!("{SHIPPED}{SECOND}")),
    ..GLOBAL_ADD
};
const EXCLUSIVE: Case = Case {
    words: &["remote", "use", "--exclusive", "second"],
    ..GLOBAL_USE
};
const ADD_KEYSERVER: Case = Case {
    words: &["remote", "add-keyserver", "https://keys.example.com"],
    ..GLOBAL_ADD
};
const REMOVE_KEYSERVER: Case = Case {
    words: &["remote", "remove-keyserver", "https://keys.example.com"],
    prepare: |world| world.write_system(format!("{SHIPPED}{KEYSERVERS}")),
    ..GLOBAL_ADD
};
const LOGIN: Case = Case {
    words: &["remote", "login", "--tokenfile", "good", "e"],
    prepare: |world| {
        world.trust(authority::shared());
        world.write_user(format!("{MINE}  e:\n    URI: {}\n", SERVER.host()));
        cloud::file(world, "good", good());
    },
    ..FIRST_ADD
};
const LOGOUT: Case = Case {
    words: &["remote", "logout", "mine"],
    prepare: |world: &mut World| world.write_user(format!("{MINE}    Token: {}\n", good())),
    ..FIRST_ADD
};

/// Runs the case's trial in its short or its long form.
fn stands(case: Case) {
    let words = case.words.join(" ");
    let Some(trial) = Trial::new(case) else {
        return;
    };
    let long = std::env::var_os("PORTOLAN_TEST_LONG").is_some_and(|value| value == "1");
    let (kills, errors) = if long {
        every_call(&trial)
    } else {
        replacing(&trial)
    };
    eprintln!(
        "crash: {words}: killed {kills} times, refused {errors} times, every file old or new"
    );
}

fn replacing(trial: &Trial) -> (usize, usize) {
    let points = trial.points(REPLACING);
    let kills = trial.survives_kills_at(&points);
    points.iter().for_each(|point| {
        drop(trial.is_true(
            point,
            if point.0 == "flock" {
                "ENOLCK"
            } else {
                "ENOSPC"
            },
        ));
    });
    (kills, points.len())
}

fn every_call(trial: &Trial) -> (usize, usize) {
    let mut points = trial.traced("all", |_, _, _| true);
    // The first is strace's own, before there is anything to kill.
    points.retain(|(call, _)| call != "execve" && !LAST.contains(&call.as_str()));
    let kills = trial.survives_kills_at(&points);
    assert!(
        kills * 10 > points.len() * 9,
        "only {kills} kills at {} calls",
        points.len()
    );
    let mut errors = 0;
    let mut refuse = |calls: &str, names: &[&str]| {
        for point in trial.points(calls) {
            names
                .iter()
                .for_each(|error| drop(trial.is_true(&point, error)));
            errors += names.len();
        }
    };
    refuse(CHANGING, &REFUSALS);
    refuse(INTERRUPTIBLE, &["EINTR"]);
    refuse("flock", &["ENOLCK"]);
    (kills, errors)
}

#[test]
fn a_first_add_stands() {
    stands(FIRST_ADD);
}

#[test]
fn an_add_stands() {
    stands(ADD);
}

#[test]
fn a_remove_stands() {
    stands(REMOVE);
}

#[test]
fn a_use_stands() {
    stands(USE);
}

#[test]
fn a_global_add_stands() {
    stands(GLOBAL_ADD);
}

#[test]
fn a_global_use_stands() {
    stands(GLOBAL_USE);
}

#[test]
fn an_exclusive_use_stands() {
    stands(EXCLUSIVE);
}

#[test]
fn a_rename_stands() {
    stands(RENAME);
}

#[test]
fn a_set_url_stands() {
    stands(SET_URL);
}

#[test]
fn an_added_keyserver_stands() {
    stands(ADD_KEYSERVER);
}

#[test]
fn a_removed_keyserver_stands() {
    stands(REMOVE_KEYSERVER);
}

#[test]
fn a_login_stands() {
    stands(LOGIN);
}

#[test]
fn a_logout_stands() {
    stands(LOGOUT);
}
