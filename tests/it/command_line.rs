//! Words, flags, help and what is said how loudly: the command line itself. D19 of docs/compatibility.md.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::terminal::Terminal;
use crate::support::world::{Finished, World};

/// A world in which every request fails at once.
fn offline() -> World {
    let mut world = World::shipped();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        world.set(name, "http://127.0.0.1:1");
    }
    world
}

/// A help text that was asked for.
fn help(world: &World, words: &[&str]) -> String {
    let run = world.run(words);
    assert_eq!((run.stderr.as_str(), run.code), ("", Some(0)), "{words:?}");
    run.stdout
}

#[test]
fn a_group_alone_shows_its_help() {
    let world = World::new();
    let own = help(&world, &[]);
    assert!(
        own.starts_with("Manage the service endpoints of container runtimes\n"),
        "{own}"
    );
    let remote = help(&world, &["remote"]);
    assert!(
        remote.starts_with("Manage remote endpoints, keyservers and registry credentials\n"),
        "{remote}"
    );
    for words in [&["--help"][..], &["help"]] {
        assert_eq!(help(&world, words), own, "{words:?}");
    }
    for words in [
        &["remote", "--help"][..],
        &["help", "remote"],
        &["remote", "help"],
        &["-q", "remote"],
    ] {
        assert_eq!(help(&world, words), remote, "{words:?}");
    }
    assert_eq!(
        help(&world, &["--version"]),
        format!("portolan {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    let world = World::new();
    let add = help(&world, &["remote", "add", "--help"]);
    assert_eq!(help(&world, &["help", "remote", "add"]), add);
    assert_eq!(help(&world, &["remote", "help", "add"]), add);
    assert_eq!(help(&world, &["remote", "add", "x", "--help"]), add);
    assert!(help(&world, &["remote", "add", "-h"]).len() < add.len());
}

#[test]
fn a_wrong_command_line_is_one_error_with_a_suggestion_and_the_usage() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remot",
            "remote lst",
            "remote frobnicate",
            "remote list --refesh",
            "remote add --globl x x.example.com",
            "remote list extra",
            "remote add",
            "remote use a b",
            "remote add --global=maybe x x.example.com",
            "--command ../etc remote list",
            "remote -c",
            "help remote lst",
            "remote remove --exclusive x",
        ]),
        str![[r#"
$ portolan remot
------- stderr -------
Error for command "portolan": unrecognized subcommand 'remot'

  tip: a similar subcommand exists: 'remote'

Usage: portolan [OPTIONS] [COMMAND]

For more information, try '--help'.
[exit status: 1]
$ portolan remote lst
------- stderr -------
Error for command "remote": unrecognized subcommand 'lst'

  tip: a similar subcommand exists: 'list'

Usage: portolan remote [OPTIONS] [COMMAND]

For more information, try '--help'.
[exit status: 1]
$ portolan remote frobnicate
------- stderr -------
Error for command "remote": unrecognized subcommand 'frobnicate'

Usage: portolan remote [OPTIONS] [COMMAND]

For more information, try '--help'.
[exit status: 1]
$ portolan remote list --refesh
------- stderr -------
Error for command "list": unexpected argument '--refesh' found

  tip: a similar argument exists: '--refresh'

Usage: portolan remote list --refresh

For more information, try '--help'.
[exit status: 1]
$ portolan remote add --globl x x.example.com
------- stderr -------
Error for command "add": unexpected argument '--globl' found

  tip: a similar argument exists: '--global'

Usage: portolan remote add --global <NAME> [URI]

For more information, try '--help'.
[exit status: 1]
$ portolan remote list extra
------- stderr -------
Error for command "list": unexpected argument 'extra' found

Usage: portolan remote list [OPTIONS]

For more information, try '--help'.
[exit status: 1]
$ portolan remote add
------- stderr -------
Error for command "add": the following required arguments were not provided:
  <NAME>

Usage: portolan remote add <NAME> [URI]

For more information, try '--help'.
[exit status: 1]
$ portolan remote use a b
------- stderr -------
Error for command "use": unexpected argument 'b' found

Usage: portolan remote use [OPTIONS] <NAME>

For more information, try '--help'.
[exit status: 1]
$ portolan remote add --global=maybe x x.example.com
------- stderr -------
Error for command "add": unexpected value 'maybe' for '--global' found; no more were expected

Usage: portolan remote add --global <NAME> [URI]

For more information, try '--help'.
[exit status: 1]
$ portolan --command ../etc remote list
------- stderr -------
Error for command "list": invalid value '../etc' for '--command <NAME>': "../etc" can't be a command's name: it begins with a-z or 0-9 and goes on with these, '.', '_' and '-'

Usage: portolan remote list [OPTIONS]

For more information, try '--help'.
[exit status: 1]
$ portolan remote -c
------- stderr -------
Error for command "remote": a value is required for '--config <FILE>' but none was supplied

Usage: portolan remote [OPTIONS] [COMMAND]

For more information, try '--help'.
[exit status: 1]
$ portolan help remote lst
------- stderr -------
Error for command "remote": unrecognized subcommand 'lst'

Usage: portolan remote [OPTIONS] [COMMAND]

For more information, try '--help'.
[exit status: 1]
$ portolan remote remove --exclusive x
------- stderr -------
Error for command "remove": unexpected argument '--exclusive' found

Usage: portolan remote remove [OPTIONS] <NAME>

For more information, try '--help'.
[exit status: 1]
[EOF]

"#]].raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn every_wrong_command_line_is_exit_code_1() {
    let world = World::new();
    for words in [
        &["x"][..],
        &["remote", "x"],
        &["--x"],
        &["remote", "--x"],
        &["remote", "use"],
        &["-x", "remote"],
    ] {
        for loudness in ["-v", "-q", "-s", "-d"] {
            let run = world.run(&[&[loudness], words].concat());
            assert_eq!((run.stdout.as_str(), run.code), ("", Some(1)), "{words:?}");
            let errors = run
                .stderr
                .lines()
                .filter(|line| line.starts_with("Error for command \""))
                .count();
            assert!(
                errors == 1 && run.stderr.contains("\nUsage: portolan "),
                "{loudness} {words:?}: {run}"
            );
        }
    }
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn flags_stand_before_and_after_words() {
    for line in [
        "remote add --no-login --insecure x http://x.example.com",
        "remote add x http://x.example.com --no-login --insecure",
        "remote add x --no-login http://x.example.com -i",
        "remote add --no-login=true --insecure=1 x http://x.example.com",
        "remote add --no-login=T -i=TRUE x http://x.example.com",
        "remote add --global=false --no-login -i x http://x.example.com",
        "remote add --no-login -ni x http://x.example.com",
        "remote add --no-login -in -- x http://x.example.com",
        "-v remote -v add -v --no-login -i x http://x.example.com",
        "remote --config $HOME/.apptainer/../.apptainer/remote.yaml add x http://x.example.com -i --no-login",
        "remote add -c=$HOME/.apptainer/remote.yaml x http://x.example.com -i --no-login",
        "remote add x http://x.example.com -i --no-login -c$HOME/.apptainer/remote.yaml",
    ] {
        let world = World::shipped();
        world.write_user("Remotes: {}\n");
        let session = world.session(&[line]);
        assert!(
            session.contains("INFO:    Remote \"x\" added.\n[EOF]"),
            "{session}"
        );
        let text = world.file(&world.user_file());
        assert!(
            text.contains("URI: x.example.com") && text.contains("Insecure: true"),
            "{line}: {text}"
        );
    }
}

#[test]
fn a_flag_that_is_false_is_none() {
    let world = World::shipped();
    world.write_user("Remotes: {}\n");
    assert_data_eq!(
        world.session(&[
            "remote add --no-login --insecure=false x http://x.example.com",
            "remote add --no-login --global=0 x x.example.com",
            "remote use --exclusive=f --global=F x",
            "-q=false remote use x",
            "--quiet=true remote use DefaultRemote",
        ]),
        str![[r#"
$ portolan remote add --no-login --insecure=false x http://x.example.com
------- stderr -------
FATAL:   http URI requires --insecure or APPTAINER_ADD_INSECURE=true
[exit status: 255]
$ portolan remote add --no-login --global=0 x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote use --exclusive=f --global=F x
------- stderr -------
INFO:    Remote "x" now in use.
$ portolan -q=false remote use x
------- stderr -------
INFO:    Remote "x" now in use.
$ portolan --quiet=true remote use DefaultRemote
[EOF]

"#]]
        .raw()
    );
    assert!(!world.file(&world.system_file()).contains("x.example.com"));
}

/// What `add` says with these words before it and these variables, on standard error.
fn said(words: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut world = World::shipped();
    world.write_user("Remotes: {}\n");
    world.set_mode(&world.user_file(), 0o644);
    for (name, value) in variables {
        world.set(name, *value);
    }
    world.run(
        &[
            words,
            &["remote", "add", "--no-login", "x", "x.example.com"],
        ]
        .concat(),
    )
}

const WARNING: &str =
    "WARNING: File mode (644) on $HOME/.apptainer/remote.yaml needs to be 600, fixing that...\n";
const INFO: &str = "INFO:    Remote \"x\" added.\n";

#[test]
fn flags_and_variables_decide_what_is_said() {
    let all = format!("{WARNING}{INFO}");
    /// Words, variables, and what is said.
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 15] = [
        (&[], &[], &all),
        (&["-q"], &[], WARNING),
        (&["-s"], &[], ""),
        (&["-v"], &[], &all),
        (&["-qs"], &[], WARNING),
        (&["-vq"], &[], &all),
        (&[], &[("APPTAINER_QUIET", "1")], WARNING),
        (&[], &[("APPTAINER_QUIET", "0")], &all),
        (&[], &[("APPTAINER_SILENT", "true")], ""),
        (&[], &[("APPTAINER_MESSAGELEVEL", "-1")], WARNING),
        (&[], &[("APPTAINER_MESSAGELEVEL", "-3")], ""),
        (&[], &[("APPTAINER_MESSAGELEVEL", "loud")], &all),
        (&["-v"], &[("APPTAINER_MESSAGELEVEL", "-3")], &all),
        (
            &["--command", "singularity", "-q=false"],
            &[("APPTAINER_SILENT", "1")],
            INFO,
        ),
        (&["--nocolor"], &[("NO_COLOR", "1")], &all),
    ];
    for (words, variables, expected) in cases {
        let run = said(words, variables);
        assert_eq!(
            (run.stderr.as_str(), run.code),
            (expected, Some(0)),
            "{words:?} {variables:?}"
        );
    }
}

#[test]
fn errors_are_said_however_silent() {
    let world = World::shipped();
    for loudness in ["-q", "-s"] {
        let run = world.run(&[loudness, "remote", "use", "gone"]);
        assert_eq!(
            (run.stderr.as_str(), run.code),
            ("FATAL:   gone is not a remote\n", Some(255))
        );
    }
}

#[test]
fn lines_of_debug_have_their_columns() {
    for (words, variables) in [
        (&["-d"][..], &[][..]),
        (&["--debug"], &[("APPTAINER_QUIET", "1")]),
        (&[], &[("APPTAINER_MESSAGELEVEL", "5")]),
    ] {
        let run = said(words, variables);
        assert!(run.stderr.lines().count() >= 2, "{run}");
        for line in run.stderr.lines() {
            let (label, rest) = line.split_at(8);
            let (process, rest) = rest.split_at(19);
            let (function, text) = rest.split_at(30);
            assert!(
                ["INFO", "WARNING", "DEBUG", "VERBOSE"].contains(&label.trim_end()),
                "{line}"
            );
            let (user, number) = process.trim_end().split_once(",P=").unwrap();
            assert_eq!(
                user,
                format!("[U={}", rustix::process::geteuid().as_raw()),
                "{line}"
            );
            assert!(
                number.strip_suffix(']').unwrap().parse::<u32>().is_ok(),
                "{line}"
            );
            assert_eq!(function.trim_end(), "add()", "{line}");
            assert!(!text.starts_with(' ') && !text.is_empty(), "{line}");
        }
    }
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    for variables in [
        &[][..],
        &[("NO_COLOR", "")],
        &[("APPTAINER_NOCOLOR", "0")],
        &[("TERM", "xterm-256color")],
    ] {
        assert!(
            !said(&["-d"], variables).stderr.contains('\u{1b}'),
            "{variables:?}"
        );
    }
}

#[test]
fn colours_are_for_terminals_that_have_them_and_users_who_want_them() {
    let xterm = ("TERM", "xterm");
    let cases: [(&[(&str, &str)], bool); 8] = [
        (&[xterm], true),
        (&[], false),
        (&[("TERM", "dumb")], false),
        (&[xterm, ("NO_COLOR", "1")], false),
        (&[xterm, ("CLICOLOR", "0")], false),
        (&[xterm, ("CLICOLOR", "1")], true),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ];
    for (variables, coloured) in cases {
        let mut world = World::shipped();
        for (name, value) in variables {
            world.set(name, *value);
        }
        let mut terminal = Terminal::new();
        let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
        world.surround(&mut command);
        command.args(["remote", "use", "gone"]);
        terminal.start(command);
        terminal.wait();
        let found = terminal.shown().contains('\u{1b}');
        assert_eq!(found, coloured, "{variables:?}: {}", terminal.shown());
    }
    let forced = said(&["-d"], &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.stderr.contains('\u{1b}'), "{forced}");
    let unforced = said(&["-d"], &[("CLICOLOR_FORCE", "0")]);
    assert!(!unforced.stderr.contains('\u{1b}'), "{unforced}");
}

#[test]
fn without_input_nothing_is_read_that_no_flag_asks_for() {
    let mut world = World::shipped();
    world.write_user(
        "Active: m
Remotes: {m: {URI: localhost:1, Keyservers: [{URI: 'https://keys.example.com', External: true}]}}
",
    );
    let refused = |world: &World, words: &[&str]| {
        let run = world.run_with_input(words, "the next line of a loop\n");
        let said = "nothing is asked for with --no-input: give the secret with --";
        assert_eq!(run.code, Some(255), "{run}");
        assert!(run.stderr.contains(said), "{run}");
    };
    refused(&world, &["remote", "--no-input", "login"]);
    refused(
        &world,
        &[
            "keyserver",
            "login",
            "--no-input",
            "https://keys.example.com",
        ],
    );
    let read = world.run_with_input(
        &["remote", "login", "--no-input", "--password-stdin"],
        "x\n",
    );
    assert!(!read.stderr.contains("--no-input"), "{read}");
    for (value, is_set) in [("1", true), ("yes", true), ("false", false), ("", false)] {
        world.set("PORTOLAN_NO_INPUT", value);
        let run = world.run_with_input(&["remote", "login"], "x\n");
        assert_eq!(run.stderr.contains("--no-input"), is_set, "{value}: {run}");
    }
}

/// Every command's words, from the lists of commands in the help texts.
fn commands(world: &World) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut groups = vec![Vec::new()];
    while let Some(words) = groups.pop() {
        let text = command_help(world, &words);
        let list = text
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty());
        let below = list
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help");
        groups.extend(below.map(|name| [words.clone(), vec![name.to_owned()]].concat()));
        found.push(words);
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

fn command_help(world: &World, words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    help(world, &words)
}

/// A command's examples, without what stands before and after the command itself.
fn examples(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip_while(|line| *line != "Examples:").skip(1);
    let commands = lines
        .filter_map(|line| line.split_once("portolan "))
        .map(|(_, words)| words);
    commands
        .map(|line| {
            line.split_whitespace()
                .take_while(|word| !["|", "<", ">"].contains(word))
                .collect()
        })
        .collect()
}

#[test]
fn every_command_has_examples_and_each_of_them_is_understood() {
    let world = World::new();
    for words in commands(&world) {
        let text = command_help(&world, &words);
        let examples = examples(&text);
        assert!(
            examples.len() >= 2,
            "{words:?} has too few examples: {text}"
        );
        for example in examples {
            assert!(
                words.iter().all(|word| example.contains(&word.as_str())),
                "{example:?} is not about {words:?}"
            );
            let run = offline().run(&example);
            assert!(
                run.code != Some(1) && !run.stderr.contains("Error for command"),
                "{example:?}: {run}"
            );
        }
    }
}

#[test]
fn every_command_says_what_it_is_about_and_what_it_takes() {
    let world = World::new();
    for words in commands(&world) {
        let text = command_help(&world, &words);
        assert!(
            text.contains(&format!(
                "\nUsage: {}",
                [&["portolan".to_owned()], &words[..]].concat().join(" ")
            )),
            "{text}"
        );
        assert!(text.contains("\nGlobal options"), "{words:?}");
        // Every flag, argument and command has words of its own.
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with("--") || line.trim_start().starts_with('-') {
                let next = lines.peek().copied().unwrap_or_default();
                assert!(
                    next.starts_with("          ") || line.contains("  "),
                    "{words:?} doesn't explain {line:?}"
                );
            }
        }
    }
}

#[test]
fn a_word_in_the_wrong_place_is_answered_with_the_right_one() {
    let world = World::new();
    for (words, tip) in [
        (&["list"][..], "it belongs to a group: portolan remote list"),
        (
            &["add", "x", "x.example.com"],
            "it belongs to a group: portolan remote add",
        ),
        (&["use", "x"], "it belongs to a group: portolan remote use"),
        (&["login"], "it belongs to a group: portolan remote login"),
        (&["status"], "it belongs to a group: portolan remote status"),
        (&["doctor"], "it belongs to a group: portolan remote doctor"),
        (&["lst"], "it belongs to a group: portolan remote list"),
        (&["remot", "list"], "a similar subcommand exists: 'remote'"),
        (
            &["--config", "x", "remote", "list"],
            "it stands after the group: portolan remote -c FILE list",
        ),
        (
            &["-c", "x", "remote", "list"],
            "it stands after the group: portolan remote -c FILE list",
        ),
        (
            &["exec"],
            "the command and its arguments come last: portolan exec -- COMMAND",
        ),
        (
            &["exec", "--foo", "true"],
            "options of the command stand after it: portolan exec -- COMMAND --option",
        ),
    ] {
        let run = world.run(words);
        assert_eq!(run.code, Some(1), "{words:?}: {run}");
        assert!(
            run.stderr
                .contains(&format!("\n\n  tip: {tip}\n\nUsage: portolan")),
            "{words:?}: {run}"
        );
        assert_eq!(run.stderr.matches("tip:").count(), 1, "{words:?}: {run}");
    }
    for words in [
        &["remote", "remove", "--x", "y"][..],
        &["keyserver", "list", "--x"],
        &["registry", "login", "--x", "y"],
        &["--x"],
    ] {
        let run = world.run(words);
        assert!(
            run.code == Some(1) && !run.stderr.contains("-- --x"),
            "{run}"
        );
    }
}

#[test]
fn a_variable_with_a_bad_value_is_named() {
    for (name, value, words, said) in [
        (
            "APPTAINER_ADD_INSECURE",
            "maybe",
            &["remote", "add", "x", "x.example.com"][..],
            "Error for command \"add\": APPTAINER_ADD_INSECURE is \"maybe\", and must be true or false\n",
        ),
        (
            "SINGULARITY_LOGIN_INSECURE",
            "maybe",
            &["remote", "login"],
            "\nError for command \"login\": SINGULARITY_LOGIN_INSECURE is \"maybe\", and must be true or false\n",
        ),
        (
            "APPTAINER_DEBUG",
            "maybe",
            &["remote", "list"],
            "Error for command \"list\": APPTAINER_DEBUG is \"maybe\", and must be true or false\n",
        ),
        (
            "PORTOLAN_COMMAND",
            "../x",
            &["remote", "list"],
            "PORTOLAN_COMMAND: \"../x\" can't be a command's name",
        ),
        (
            "PORTOLAN_RUNTIME",
            "x",
            &["remote", "resolve", "pull"],
            "PORTOLAN_RUNTIME: unknown runtime \"x\" for apptainer",
        ),
    ] {
        let mut world = World::shipped();
        world.set(name, value);
        let run = world.run(words);
        let code = if name == "PORTOLAN_COMMAND" { 255 } else { 1 };
        assert_eq!(run.code, Some(code), "{name}: {run}");
        assert!(run.stderr.contains(said), "{name}: {run}");
    }
}

#[test]
fn a_number_or_a_time_that_is_none_says_how_it_is_written() {
    let world = World::shipped();
    for (words, said) in [
        (
            &["keyserver", "add", "--order", "x", "https://k.example"][..],
            "invalid value 'x' for '--order <N>': it is a number from 1",
        ),
        (
            &["remote", "login", "--timeout", "x"],
            "invalid value 'x' for '--timeout <TIME>': a time is written 30m, 8h or 7d",
        ),
        (
            &["remote", "status", "--require-login", "--valid-for", "8 x"],
            "invalid value '8 x' for '--valid-for <TIME>': a time is written 30m, 8h or 7d",
        ),
    ] {
        let run = world.run(words);
        assert!(
            run.code == Some(1) && run.stderr.contains(said),
            "{words:?}: {run}"
        );
    }
}
