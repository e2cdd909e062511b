//! The whole help as its readers see it: a change of it is a change of an interface.

use std::fmt::Write;

use snapbox::{assert_data_eq, file};

use crate::support::world::World;

const COMMANDS: [&str; 32] = [
    "",
    "remote",
    "remote list",
    "remote add",
    "remote remove",
    "remote rename",
    "remote set-url",
    "remote use",
    "remote login",
    "remote logout",
    "remote show",
    "remote resolve",
    "remote export",
    "remote apply",
    "remote status",
    "remote add-keyserver",
    "remote remove-keyserver",
    "remote get-login-password",
    "remote doctor",
    "keyserver",
    "keyserver add",
    "keyserver remove",
    "keyserver list",
    "keyserver login",
    "keyserver logout",
    "registry",
    "registry login",
    "registry logout",
    "registry list",
    "exec",
    "completions",
    "man",
];

#[test]
fn the_help_is_the_one_that_was_reviewed() {
    let world = World::new();
    let mut help = String::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let shown = world.run(&words);
        assert_eq!(
            (shown.code, shown.stderr.as_str()),
            (Some(0), ""),
            "{command}"
        );
        writeln!(help, "$ portolan {}\n{}", words.join(" "), shown.stdout).unwrap();
    }
    assert_data_eq!(help, file!["../data/help.txt"].raw());
}
