//! What a person at a terminal is told beside an error, and a script is not: its lines are Apptainer's alone.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::cloud;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;

/// What a person sees of a command.
pub(crate) fn seen(world: &World, words: &[&str]) -> String {
    let mut terminal = Terminal::new();
    terminal.resize(100);
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args(words);
    terminal.start(command);
    terminal.wait();
    terminal.shown()
}

#[test]
fn who_errs_at_a_terminal_is_told_what_to_do_next() {
    let table: [(&[&str], &str); 8] = [
        (
            &["use", "gone"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["remove", "gone"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["rename", "gone", "new"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["set-url", "gone", "h.example.com"],
            "To add it:\n           portolan remote add gone h.example.com",
        ),
        (
            &["use", "--global", "mine"],
            "remote add --global mine <URI>",
        ),
        (
            &["use", "--exclusive", "mine"],
            "remote add --global mine <URI>",
        ),
        (
            &["set-url", "a; b", "h.example.com"],
            "To add it:\n           portolan remote add 'a; b' h.example.com",
        ),
        (
            &["remove", "--global", "mine"],
            "remote add --global mine <URI>",
        ),
    ];
    let world = World::shipped();
    world.write_user("Remotes:\n  mine:\n    URI: mine.example.com\n");
    for (words, advice) in table {
        let words = [&["remote"], words].concat();
        let shown = seen(&world, &words);
        assert!(
            shown.contains(" is not a remote") && shown.contains(advice),
            "{words:?}: {shown}"
        );
        let run = world.run(&words);
        assert!(
            run.stderr.ends_with(" is not a remote\n") && run.stderr.lines().count() == 1,
            "{words:?}: {run}"
        );
    }
}

#[test]
fn who_removes_a_remote_of_the_systems_is_told_who_can() {
    let world = World::shipped();
    let words = ["remote", "remove", "DefaultRemote"];
    let shown = seen(&world, &words);
    assert!(
        shown.contains("remote remove --global DefaultRemote\n"),
        "{shown}"
    );
    assert_eq!(
        world.run(&words).stderr,
        "FATAL:   DefaultRemote is global and can't be removed\n"
    );
}

#[test]
fn a_systems_directory_that_is_missing_is_created_for_all_to_read_and_said() {
    for (words, done) in [
        (
            &["add", "--global", "--no-login", "x", "x.example.com"][..],
            "Remote \"x\" added.",
        ),
        (
            &["use", "--exclusive", "DefaultRemote"],
            "Remote \"DefaultRemote\" now in use.",
        ),
    ] {
        let world = World::new();
        let file = world.system_file();
        let directory = file.parent().unwrap();
        fs::remove_dir(directory).unwrap();
        let run = world.run(&[&["remote"], words].concat());
        let said = format!("INFO:    Created $ETC/apptainer (mode 755).\nINFO:    {done}\n");
        assert_eq!((run.code, run.stderr), (Some(0), said), "{words:?}");
        assert_eq!(fs::metadata(directory).unwrap().mode() & 0o7777, 0o755);
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o7777, 0o644);
    }
    let world = World::new();
    fs::remove_dir_all(world.system_file().parent().unwrap().parent().unwrap()).unwrap();
    let run = world.run(&[
        "remote",
        "add",
        "--global",
        "--no-login",
        "x",
        "x.example.com",
    ]);
    let refused = "WARNING: PORTOLAN_SYSCONFDIR names $ETC, which does not exist: apptainer's defaults are used\nFATAL:   while opening remote config file: mkdir $ETC/apptainer: no such file or directory\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(255), refused));
}

#[test]
fn who_logs_in_where_no_password_is_wanted_is_told_what_is() {
    let server = Server::https(|_| Reply::status(401).with("WWW-Authenticate", "Negotiate"));
    let world = cloud::world();
    let words = ["registry", "login", "-u", "ian", "-p", "x", &server.host()];
    let refusal = format!(
        "login attempt to {} failed with status: 401 Unauthorized",
        server.url("/v2/")
    );
    let shown = seen(&world, &words);
    assert!(
        shown.contains(&refusal) && shown.contains("The registry asks for negotiate"),
        "{shown}"
    );
    let run = world.run(&words);
    assert!(run.stderr.ends_with(&format!("{refusal}\n")), "{run}");
}
