//! Completion: what could stand at the cursor, and that the real shells put it there.
//!
//! A shell that isn't installed is skipped, with a line that says so; `PORTOLAN_TEST_REAL=1` makes that a failure.

use std::fs;
use std::process::Command;

use crate::support::cloud;
use crate::support::endpoint::endpoint;
use crate::support::program::is_installed;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::{World, skip};

const SYSTEM: &str = "\
Active: company
Remotes:
  company:
    URI: company.example.com
    System: true
    Keyservers:
    - URI: https://keys.company.example
      Skip: true
    - URI: https://keys.example.com:11371
      External: true
    - URI: https://keys.example.org
      External: true
";

const USER: &str = "\
Active: company
Remotes:
  \"my remote\": {URI: my.example.com, Token: secret}
  \"it's\": {URI: its.example.com}
  company: {URI: company.example.com, System: true, Token: secret}
  \"\\e[31mred\": {URI: red.example.com}
  \"-x\": {URI: x.example.com}
Credentials:
- {URI: \"docker://registry.example.com\", Auth: secret}
- {URI: \"https://keys.example.org\", Auth: secret}
";

fn world() -> World {
    let world = World::new();
    world.write_system(SYSTEM);
    world.write_user(USER);
    world.link_program("portolan", env!("CARGO_BIN_EXE_portolan"));
    world
}

/// The values that are offered at the end of a line of words parted by blanks, after the kind.
fn offered(world: &World, line: &str) -> Vec<String> {
    let words: String = line.split(' ').map(|word| format!("{word}\0")).collect();
    let answer = world.run_with_input(&["complete", "fish", "-"], &words);
    assert_eq!(
        (answer.code, answer.stderr.as_str()),
        (Some(0), ""),
        "{line}"
    );
    answer
        .stdout
        .lines()
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect()
}

#[test]
fn remotes_keyservers_and_logins_are_offered_where_they_are_meant() {
    let world = world();
    let registry = "docker://registry.example.com";
    let keyservers = ["https://keys.example.com:11371", "https://keys.example.org"];
    let cases: [(&str, &[&str]); 24] = [
        ("portolan remote use ", &["company", "it's", "my remote"]),
        (
            "portolan remote use -- ",
            &["\u{2d}x", "company", "it's", "my remote"],
        ),
        ("portolan remote use --global ", &["company"]),
        ("portolan remote remove ", &["it's", "my remote"]),
        ("portolan remote remove -g ", &["company"]),
        ("portolan remote rename ", &["it's", "my remote"]),
        ("portolan remote rename it's ", &[]),
        ("portolan remote set-url it's ", &["its.example.com"]),
        ("portolan remote status ", &["company", "it's", "my remote"]),
        ("portolan remote add ", &["DefaultRemote", "SylabsCloud"]),
        (
            "portolan remote login ",
            &[
                "company",
                "it's",
                "my remote",
                keyservers[0],
                keyservers[1],
                registry,
            ],
        ),
        ("portolan remote login --username ", &[]),
        (
            "portolan remote logout ",
            &["company", "my remote", registry, keyservers[1]],
        ),
        (
            "portolan keyserver list ",
            &["company", "it's", "my remote"],
        ),
        ("portolan keyserver login ", &keyservers),
        ("portolan keyserver logout ", &[keyservers[1]]),
        ("portolan registry logout ", &[registry]),
        (
            "portolan keyserver remove ",
            &["company", keyservers[0], keyservers[1]],
        ),
        ("portolan keyserver remove company ", &keyservers),
        (
            "portolan keyserver add company ",
            &["https://keys.company.example"],
        ),
        ("portolan completions ", &["bash", "zsh", "fish"]),
        ("portolan --command ", &["apptainer", "singularity"]),
        ("portolan remote use x ", &[]),
        (
            "PORTOLAN_SYSCONFDIR=x Y= portolan remote remove ",
            &["it's", "my remote"],
        ),
    ];
    for (line, wanted) in cases {
        let offered = offered(&world, line);
        assert_eq!(offered[0], "words", "{line}");
        assert_eq!(
            offered[1..],
            wanted
                .iter()
                .map(|value| (*value).to_owned())
                .collect::<Vec<_>>()[..],
            "{line}"
        );
    }
    for (line, kind) in [
        ("portolan remote -c ", "files"),
        ("portolan --sysconfdir ", "directories"),
        ("portolan remote --config=", "files"),
    ] {
        assert_eq!(offered(&world, line), [kind], "{line}");
    }
}

#[test]
fn commands_and_flags_are_those_of_the_help() {
    let world = world();
    let commands = |line: &str| offered(&world, line)[1..].to_vec();
    assert!(
        ["remote", "keyserver", "registry", "completions", "help"]
            .iter()
            .all(|word| commands("portolan ").contains(&(*word).to_owned()))
    );
    assert!(commands("portolan help remote ").contains(&"set-url".to_owned()));
    let flags = commands("portolan remote add --global --");
    assert!(
        flags.contains(&"--if-missing".to_owned()) && flags.contains(&"--config".to_owned()),
        "{flags:?}"
    );
    assert!(
        !flags.contains(&"--global".to_owned()),
        "given once already: {flags:?}"
    );
    let help = world.run(&["remote", "add", "--help"]).stdout;
    assert!(
        flags.iter().all(|flag| help.contains(flag.as_str())),
        "{flags:?}"
    );
    assert!(!help.contains("complete") && !world.run(&["--help"]).stdout.contains("  complete "));
}

#[test]
fn the_files_are_those_of_the_line() {
    let world = world();
    fs::write(
        world.home().join("other.yaml"),
        "Remotes: {other: {URI: o.example.com}}\n",
    )
    .unwrap();
    fs::create_dir_all(world.root().join("opt/singularity")).unwrap();
    fs::write(
        world.root().join("opt/singularity/remote.yaml"),
        "Remotes: {far: {URI: far.example.com}}\n",
    )
    .unwrap();
    let root = world.root().display();
    let cases = [
        (
            "portolan remote -c other.yaml use ".to_owned(),
            vec!["company", "other"],
        ),
        (
            "portolan remote use --config=other.yaml ".to_owned(),
            vec!["company", "other"],
        ),
        (
            "portolan remote use -c ~/other.yaml ".to_owned(),
            vec!["company", "other"],
        ),
        (
            format!("portolan --sysconfdir {root}/opt --command singularity remote use "),
            vec!["far"],
        ),
        (
            "portolan --command singularity remote use ".to_owned(),
            vec!["SylabsCloud"],
        ),
        (
            "portolan remote use --command=sing".to_owned(),
            vec!["--command=apptainer", "--command=singularity"],
        ),
        (
            "portolan remote -c gone.yaml use ".to_owned(),
            vec!["company"],
        ),
    ];
    for (line, wanted) in cases {
        assert_eq!(offered(&world, &line)[1..], wanted, "{line}");
    }
}

#[test]
fn only_the_exclusive_remote_is_offered_for_use() {
    let world = world();
    world.write_system(SYSTEM.replace("System: true\n", "System: true\n    Exclusive: true\n"));
    assert_eq!(
        offered(&world, "portolan remote use "),
        ["words", "company"]
    );
    assert_eq!(offered(&world, "portolan remote status ").len(), 4);
}

#[test]
fn whatever_the_files_are_nothing_is_said_created_or_fixed() {
    let world = World::new();
    for line in [
        "portolan remote use ",
        "portolan remote login ",
        "portolan remote add-keyserver ",
    ] {
        assert_eq!(offered(&world, line)[1], "DefaultRemote");
    }
    assert_eq!(world.home_listing(), Vec::<String>::new());
    world.write_user("Remotes: [broken\n");
    world.set_mode(&world.user_file(), 0o644);
    let before = world.home_listing();
    assert_eq!(
        offered(&world, "portolan remote use "),
        ["words", "DefaultRemote"]
    );
    world.write_system("Remotes: [broken\n");
    assert_eq!(offered(&world, "portolan remote use "), ["words"]);
    assert_eq!(
        (world.home_listing(), world.mode(&world.user_file())),
        (before, "644".to_owned())
    );
    for (shell, input) in [
        ("tcsh", "x"),
        ("bash", ""),
        ("bash", "p '"),
        ("bash", "\0"),
        ("zsh", "\0"),
        ("fish", ""),
    ] {
        let answer = world.run_with_input(&["complete", shell, "-"], input);
        assert_eq!(
            (answer.code, answer.stderr.as_str()),
            (Some(0), ""),
            "{shell} {input:?}"
        );
    }
}

#[test]
fn no_server_is_asked() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(cloud::system_remotes(&[("company", &server.host(), "")]));
    world.write_user(cloud::remotes(&[("mine", &server.host(), "secret")]));
    for command in [
        "login",
        "status",
        "logout",
        "add-keyserver",
        "remove-keyserver",
        "add-keyserver company",
    ] {
        offered(&world, &format!("portolan remote {command} "));
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn who_types_the_hidden_word_is_told_of_the_command() {
    let refused = World::new().run(&["complete", "bash"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("completions"), "{refused}");
}

/// A shell with this program, or none when it isn't installed.
fn shell(world: &World, name: &str, words: &[&str]) -> Option<Terminal> {
    if !is_installed(name) {
        skip(&format!("{name} is not installed"));
        return None;
    }
    let mut terminal = Terminal::new();
    terminal.resize(100);
    let mut command = terminal.command(name);
    world.surround(&mut command);
    command
        .args(words)
        .env("PS1", "ready> ")
        .env("TERM", "xterm");
    terminal.start(command);
    terminal.expect("ready> ");
    Some(terminal)
}

/// Types a beginning and Tab, waits for the completion, and runs the line until it says what it did.
fn complete(terminal: &mut Terminal, typed: &str, completed: &str, said: &str) {
    terminal.send(typed);
    terminal.send("\t");
    terminal.expect(completed);
    terminal.send("\n");
    terminal.expect(said);
    terminal.expect("ready> ");
}

#[test]
fn bash_completes_blanks_quotes_and_colons() {
    let world = world();
    let Some(mut bash) = shell(&world, "bash", &["--norc", "--noprofile", "-i"]) else {
        return;
    };
    bash.send("source <(portolan completions bash)\n");
    bash.expect("ready> ");
    complete(
        &mut bash,
        "portolan remote use my",
        "\\ remote",
        "Remote \"my remote\" now in use.",
    );
    complete(
        &mut bash,
        "portolan remote use it",
        "\\'s",
        "Remote \"it's\" now in use.",
    );
    complete(
        &mut bash,
        "portolan remote use \"my r",
        "emote\"",
        "Remote \"my remote\" now in use.",
    );
    complete(
        &mut bash,
        "portolan remote use 'it",
        "'\\''s'",
        "Remote \"it's\" now in use.",
    );
    complete(&mut bash, "portolan rem", "ote", "Manage remote endpoints");
    // A colon parts words for readline, and an equals sign.
    complete(
        &mut bash,
        "portolan keyserver remove https://keys.example.c",
        "om:11371",
        "Keyserver \"https://keys.example.com:11371\" removed.",
    );
    complete(
        &mut bash,
        "portolan --command=app",
        "tainer",
        "portolan manages",
    );
    fs::write(world.home().join("names.txt"), "").unwrap();
    bash.send("portolan remote list --names >na\t");
    bash.expect("mes.txt");
    bash.send("\n");
    bash.expect("ready> ");
    assert!(
        fs::read_to_string(world.home().join("names.txt"))
            .unwrap()
            .contains("my remote\n")
    );
    complete(
        &mut bash,
        "portolan remote -c ~/.appt",
        "ainer/",
        "Manage remote endpoints",
    );
    fs::write(world.home().join("state.yaml"), "Active: company\n").unwrap();
    complete(
        &mut bash,
        "portolan remote apply --check st",
        "ate.yaml",
        "state.yaml wants it",
    );
}

#[test]
fn zsh_completes_blanks_quotes_and_colons() {
    let world = world();
    let Some(mut zsh) = shell(&world, "zsh", &["-f", "-i"]) else {
        return;
    };
    zsh.send("autoload -U compinit && compinit -u -D && source <(portolan completions zsh) && echo lo''aded\n");
    zsh.expect("loaded");
    zsh.expect("ready> ");
    complete(
        &mut zsh,
        "portolan remote use my",
        "\\ remote",
        "Remote \"my remote\" now in use.",
    );
    complete(
        &mut zsh,
        "portolan remote use it",
        "\\'s",
        "Remote \"it's\" now in use.",
    );
    complete(
        &mut zsh,
        "portolan remote use \"my r",
        "emote\"",
        "Remote \"my remote\" now in use.",
    );
    complete(
        &mut zsh,
        "portolan keyserver remove https://keys.example.c",
        "om:11371",
        "Keyserver \"https://keys.example.com:11371\" removed.",
    );
    complete(
        &mut zsh,
        "portolan --command=app",
        "tainer",
        "portolan manages",
    );
    fs::write(world.home().join("state.yaml"), "Active: company\n").unwrap();
    complete(
        &mut zsh,
        "portolan remote apply --check st",
        "ate.yaml",
        "state.yaml wants it",
    );
}

#[test]
fn fish_completes_blanks_quotes_and_colons() {
    let world = world();
    if !is_installed("fish") {
        return skip("fish is not installed");
    }
    fs::write(world.home().join("a file.yaml"), "").unwrap();
    let complete = |line: &str| {
        let mut fish = Command::new("fish");
        let script = "portolan completions fish | source; complete -C $argv[1]";
        fish.args(["--no-config", "-c", script, line]);
        world.surround(&mut fish);
        let answer = world.finish(fish, "");
        assert_eq!(
            (answer.code, answer.stderr.as_str()),
            (Some(0), ""),
            "{line}: {answer}"
        );
        answer.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        complete("portolan remote use my"),
        ["my remote\tmy.example.com"]
    );
    assert_eq!(complete("portolan remote use i"), ["it's\tits.example.com"]);
    assert_eq!(
        complete("portolan keyserver login https://keys.example.c"),
        ["https://keys.example.com:11371\tkeyserver of company"]
    );
    assert_eq!(complete("portolan --command=app"), ["--command=apptainer"]);
    assert_eq!(
        complete("portolan remote set-u"),
        ["set-url\tChange the address of a remote endpoint"]
    );
    assert_eq!(
        complete("portolan remote --config='a f"),
        ["--config=a file.yaml"]
    );
    assert_eq!(complete("portolan remote apply a\\ "), ["a file.yaml"]);
    fs::create_dir(world.home().join("a directory")).unwrap();
    assert_eq!(complete("portolan man a"), ["a directory/"]);
    assert_eq!(complete("portolan man 'a d"), ["a directory/"]);
    assert_eq!(
        complete("portolan remote rename my\\ remote "),
        Vec::<String>::new()
    );
}
