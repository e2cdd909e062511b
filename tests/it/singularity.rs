//! Under SingularityCE: its own variables and words, and hints that mean its files. D9, D16 and D18 of docs/compatibility.md.

use std::fs;

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::terminal::Terminal;
use crate::support::world::World;

const SYSTEM: &str = "\
Active: gone
Remotes:
  company:
    URI: company.example.com
    System: true
    Exclusive: false
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
";

fn world() -> World {
    let mut world = World::new();
    let directory = world.root().join("etc/singularity");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("remote.yaml"), SYSTEM).unwrap();
    world.set("PORTOLAN_COMMAND", "singularity");
    world
}

/// What a person sees who runs these words and answers the first prompt, if there is one.
fn on_terminal(world: &World, words: &[&str], answer: Option<(&str, &str)>) -> String {
    let mut terminal = Terminal::new();
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args(words);
    terminal.start(command);
    if let Some((prompt, answer)) = answer {
        terminal.expect(prompt);
        terminal.send(answer);
    }
    terminal.wait();
    terminal.shown()
}

#[test]
fn variables_that_it_does_not_have_count_for_nothing() {
    let mut world = world();
    for key in ["ADD_INSECURE", "QUIET", "SILENT", "VERBOSE", "NOCOLOR"] {
        world.set(&format!("SINGULARITY_{key}"), "true");
    }
    let refused = world.run(&["remote", "add", "--no-login", "x", "http://x.example.com"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (Some(255), "FATAL:   http URI requires --insecure\n")
    );
    let added = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
    assert_eq!(added.stderr, "INFO:    Remote \"x\" added.\n");
}

#[test]
fn the_file_of_logins_has_its_variable_without_the_underscore() {
    let mut world = world();
    let file = world.home().join("auth.json");
    fs::write(&file, r#"{"auths":{"r.example.com":{"auth":"aWFuOng="}}}"#).unwrap();
    let list = |world: &World| world.run(&["registry", "list"]).stdout;
    world.set("SINGULARITY_AUTH_FILE", &file);
    world.set("APPTAINER_AUTH_FILE", &file);
    assert!(!list(&world).contains("r.example.com"));
    world.set("SINGULARITY_AUTHFILE", &file);
    assert!(
        list(&world).contains("docker://r.example.com"),
        "{}",
        list(&world)
    );
}

#[test]
fn it_asks_for_a_password_in_its_own_words() {
    let shown = on_terminal(
        &world(),
        &[
            "keyserver",
            "login",
            "--username",
            "ian",
            "https://keys.example.com",
        ],
        Some((": ", "\n")),
    );
    assert!(shown.starts_with("Password / Token: "), "{shown}");
}

#[test]
fn every_hint_means_its_files() {
    let world = world();
    let lines: [&[&str]; 8] = [
        &["remote", "status"],
        &["remote", "login"],
        &["remote", "get-login-password"],
        &["keyserver", "list"],
        &["remote", "login", "compny"],
        &["remote", "login", "nowhere"],
        &[
            "remote",
            "status",
            "--offline",
            "--require-login",
            "company",
        ],
        &["remote", "doctor", "--offline"],
    ];
    for words in lines {
        let shown = on_terminal(&world, words, None);
        let hints = shown.matches("portolan ").count();
        let own = shown.matches("portolan --command singularity ").count();
        assert!(hints > 0 && hints == own, "{words:?}: {shown}");
    }
}

#[test]
fn an_unknown_active_remote_is_named_in_every_error_about_it() {
    let world = world();
    let lines: [&[&str]; 8] = [
        &["remote", "status"],
        &["remote", "show"],
        &["remote", "login"],
        &["remote", "logout"],
        &["remote", "get-login-password"],
        &["keyserver", "list"],
        &["keyserver", "list", "company"],
        &["remote", "resolve", "search"],
    ];
    for words in lines {
        let run = world.run(words);
        assert_eq!(run.code, Some(255), "{words:?}: {run}");
        assert!(run.stderr.contains("gone"), "{words:?}: {run}");
    }
    let added = world.run(&["keyserver", "add", "https://k.example.com"]);
    assert!(
        added.stderr.contains("not root user") || added.stderr.contains("gone is not a remote"),
        "{added}"
    );
}

#[test]
fn an_empty_word_is_never_advised_on() {
    let world = world();
    assert_data_eq!(
        world.session(&[
            "keyserver login ",
            "keyserver logout ",
            "registry login ",
            "registry logout ",
        ]),
        str![[r#"
$ portolan keyserver login 
------- stderr -------
FATAL:   while login to :  transport is not supported
[exit status: 255]
$ portolan keyserver logout 
------- stderr -------
FATAL:   while verifying token:  transport is not supported
[exit status: 255]
$ portolan registry login 
------- stderr -------
FATAL:   while login to :  transport is not supported
[exit status: 255]
$ portolan registry logout 
------- stderr -------
FATAL:   while verifying token:  transport is not supported
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    let lines: [&[&str]; 10] = [
        &["remote", "login", " "],
        &["remote", "logout", " "],
        &["remote", "use", ""],
        &["remote", "use", "--global", ""],
        &["remote", "remove", ""],
        &["remote", "remove", "--global", ""],
        &["remote", "set-url", "", "x.example.com"],
        &["remote", "set-url", "--global", "", "x.example.com"],
        &["remote", "rename", "", "x"],
        &["keyserver", "add", "", "https://k.example.com"],
    ];
    for words in lines {
        let shown = on_terminal(&world, words, None);
        assert!(shown.contains("FATAL"), "{words:?}: {shown}");
        for empty in ["add ''", "add ' '", "--global ''", "login ''", "login ' '"] {
            assert!(!shown.contains(empty), "{words:?}: {shown}");
        }
    }
}
