//! Files that can't be read or understood: each ends its command soon, with its place, and stays as it is. D12 and D22 of
//! docs/compatibility.md.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{Finished, World};

/// Longer than any broken file may take, on a machine that is busy with other tests.
const BOUND: Duration = Duration::from_secs(60);

/// No error may show it.
const SECRET: &str = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LW9mLWEtdXNlcg.c2ln";

/// Runs a command that must fail because of the contents of a file, soon and without a secret.
fn fails(world: &World, words: &[&str]) -> Finished {
    let began = Instant::now();
    let run = world.run(words);
    assert!(
        began.elapsed() < BOUND,
        "{words:?} took {:?}",
        began.elapsed()
    );
    assert_eq!(
        (run.stdout.as_str(), run.code),
        ("", Some(255)),
        "{words:?}: {run}"
    );
    let first = run.stderr.lines().next().unwrap();
    let known = [
        "FATAL:   while parsing remote config data: ",
        "FATAL:   while opening remote config file: ",
    ];
    assert!(
        known.iter().any(|known| first.starts_with(known)),
        "{words:?}: {run}"
    );
    assert!(
        !run.stderr.contains(SECRET) && !run.stderr.contains("c2VjcmV0"),
        "a secret is shown: {run}"
    );
    run
}

/// What `list` says about a user's file that holds this; every writing command fails as well and leaves it as it is.
fn refused(bytes: impl AsRef<[u8]>) -> String {
    let world = World::shipped();
    world.write_user(bytes.as_ref());
    world.age(&world.user_file());
    let listed = fails(&world, &["remote", "list"]);
    assert_eq!(
        world.home_listing(),
        [".apptainer", ".apptainer/remote.yaml"]
    );
    for words in [
        &["remote", "add", "--no-login", "x", "x.example.com"][..],
        &["remote", "remove", "mine"],
        &["remote", "use", "DefaultRemote"],
        &["remote", "logout"],
    ] {
        assert_eq!(fails(&world, words).stderr, listed.stderr, "{words:?}");
        assert!(
            fs::read(world.user_file()).unwrap() == bytes.as_ref(),
            "{words:?} has changed the file"
        );
    }
    assert_eq!(world.mode(&world.user_file()), "600");
    listed.stderr
}

/// What is said about each of these, one below the other.
fn all_refused(cases: &[(&str, &str)]) -> String {
    cases.iter().fold(String::new(), |mut shown, (what, text)| {
        write!(shown, "--- {what}\n{}", refused(text)).unwrap();
        shown
    })
}

#[test]
fn a_null_is_an_error_with_its_place() {
    assert_data_eq!(
        all_refused(&[
            ("remotes", "Active: x\nRemotes:\n"),
            ("a remote", "Active: x\nRemotes:\n  x:\n  y:\n    URI: y.example.com\n"),
            ("a remote, spelled out", "Remotes:\n  x: ~\n"),
            ("a credential", "Credentials:\n- URI: docker://x\n  Auth: Basic c2VjcmV0\n-\n"),
            ("a keyserver", "Remotes:\n  x:\n    URI: x\n    Token: c2VjcmV0\n    Keyservers:\n    - null\n"),
            ("a document", "null\n"),
            ("a document that begins and is empty", "---\n"),
        ]),
        str![[r#"
--- remotes
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:1: Remotes is null: a map is missing
Remotes:
^
write Remotes: {} where there is none
--- a remote
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:3:3: remote "x" is null: a map with its URI is missing
  x:
  ^
write its URI below it, indented, or remove it
--- a remote, spelled out
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:3: remote "x" is null: a map with its URI is missing
  x: ***
  ^
write its URI below it, indented, or remove it
--- a credential
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:4:2: item 2 of Credentials is null: a map with its URI is missing
-
 ^
write its URI below it, indented, or remove it
--- a keyserver
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:6:7: keyserver 1 of remote "x" is null: a map with its URI is missing
    - null
      ^
write its URI below it, indented, or remove it
--- a document
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1: the file is null: Active and Remotes are missing
null
^
leave the file empty where there is no remote
--- a document that begins and is empty
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:4: the file is null: Active and Remotes are missing
---
   ^
leave the file empty where there is no remote

"#]].raw()
    );
}

#[test]
fn an_error_names_the_place_and_what_would_be_right() {
    let token = format!("Remotes:\n  x:\n    URI: x.example.com\n    Token: {SECRET}\n");
    let cases = [
        ("unknown key", format!("{token}    Exclusve: true\n")),
        (
            "unknown key before a token",
            format!("Remotes:\n  x:\n    Tokn: {SECRET}\n"),
        ),
        ("repeated key", format!("{token}    Token: {SECRET}\n")),
        (
            "repeated remote",
            format!("{token}  x:\n    URI: y.example.com\n"),
        ),
        ("tab", format!("{token}\tSystem: false\n")),
        (
            "tab before a token",
            format!("Remotes:\n  x:\n\tToken: {SECRET}\n"),
        ),
        (
            "a list in place of a map",
            format!("Remotes:\n- URI: x\n  Token: {SECRET}\n"),
        ),
        (
            "a text in place of a flag",
            format!("{token}    System: \"true\"\n"),
        ),
        (
            "a map in place of a text",
            format!("Remotes:\n  x:\n    Token: {{a: {SECRET}}}\n"),
        ),
        ("an unterminated quote", format!("{token}    URI2: \"x\n")),
        (
            "an unterminated quoted token",
            format!("Remotes:\n  x:\n    Token: \"{SECRET}\n    System: true\n"),
        ),
        (
            "an unterminated flow",
            format!("Remotes: {{x: {{Token: {SECRET}, URI: x\n"),
        ),
        (
            "merge markers",
            format!("<<<<<<< HEAD\n{token}=======\n{token}>>>>>>> theirs\n"),
        ),
        ("an undefined alias", format!("{token}    URI3: *nothing\n")),
        (
            "JSON that ends",
            format!("{{\"Remotes\": {{\"x\": {{\"Token\": \"{SECRET}\""),
        ),
        ("a control character", format!("{token}    URI: \u{1}\n")),
        ("no YAML at all", "\u{0}\u{0}\u{0}\u{0}".to_owned()),
        ("prose", "hello world\n".to_owned()),
    ];
    let cases: Vec<(&str, &str)> = cases
        .iter()
        .map(|(what, text)| (*what, text.as_str()))
        .collect();
    assert_data_eq!(all_refused(&cases), str![[r#"
--- unknown key
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
--- unknown key before a token
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:3:5: unknown key "Tokn" in remote "x"
    Tokn: ***
    ^
did you mean "Token"?
--- repeated key
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:5: the key "Token" is already on line 4
    Token: ***
    ^
remove one of the two
--- repeated remote
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:3: the key "x" is already on line 2
  x:
  ^
remove one of the two
--- tab
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:1: a tab as indentation
\tSystem: false
^
a tab can't indent: use blanks
--- tab before a token
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:3:1: a tab as indentation
\tToken: ***
^
a tab can't indent: use blanks
--- a list in place of a map
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:3: Remotes must be a map, not a list
- URI: x
  ^
write its keys below it, or {} for none
--- a text in place of a flag
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:13: System of remote "x" must be true or false
    System: "true"
            ^
write true or false without quotes
--- a map in place of a text
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:3:12: Token of remote "x" must be a text, not a map
    Token: ***
           ^
quote the text
--- an unterminated quote
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:11: the quote isn't closed
    URI2: "x
          ^
close it, and double or escape a quote inside
--- an unterminated quoted token
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:3:12: the quote isn't closed
    Token: ***
           ^
close it, and double or escape a quote inside
--- an unterminated flow
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:14: the bracket '{' isn't closed
Remotes: ***
         ^
close it, or quote the text
--- merge markers
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:8: mapping values are not allowed in this context
Remotes:
       ^
fix the indentation, or quote a text that has a colon
--- an undefined alias
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:11: no anchor of this name stands before the alias
    URI3: *nothing
          ^
quote the text if no alias is meant
--- JSON that ends
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:19: the bracket '{' isn't closed
{"Remotes": ***
            ^
close it, or quote the text
--- a control character
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:5:10: a control character, \u{1}
    URI: \u{1}
         ^
write it in double quotes, as "\x01"
--- no YAML at all
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1: a control character, \u{0}
***
^
write it in double quotes, as "\x00"
--- prose
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1: the file must be a map, not a text
***
^
it has the keys Active, Remotes and Credentials

"#]].raw());
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let mut shown = String::new();
    let token = format!("Remotes:\n  x:\n    Token: {SECRET}\n");
    let latin = [token.as_bytes(), b"    URI: caf\xe9.example.com\n"].concat();
    let odd = [
        &[0xff, 0xfe][..],
        &token
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
        b"x",
    ]
    .concat();
    for bytes in [
        latin,
        odd,
        vec![0xff, 0xd8, 0xff, 0xe0],
        vec![0x1f, 0x8b, 0x08, 0x00],
    ] {
        shown.push_str(&refused(bytes));
    }
    assert_data_eq!(
        shown,
        str![[r#"
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:4:13: the text isn't UTF-8
    URI: caf�.example.com
            ^
save the file as UTF-8
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:4:1: the text isn't UTF-16
save the file as UTF-8
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1: the text isn't UTF-8
***
^
save the file as UTF-8
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:2: the text isn't UTF-8
***
^
save the file as UTF-8

"#]]
        .raw()
    );
}

#[test]
fn bombs_are_refused_soon() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        writeln!(
            laughs,
            "a{level}: &a{level} [{}]",
            [before.as_str(); 9].join(", ")
        )
        .unwrap();
    }
    let maps = (1..30).fold(
        "Remotes:\n  x0: &x0 {URI: x}\n".to_owned(),
        |text, level| {
            format!(
                "{text}  x{level}: &x{level} {{<<: [*x{0}, *x{0}, *x{0}]}}\n",
                level - 1
            )
        },
    );
    let cases = [
        ("flow lists", format!("Active: {}\n", "[".repeat(10_000))),
        ("flow maps", "{a: ".repeat(10_000)),
        ("block lists", format!("{}x\n", "- ".repeat(10_000))),
        (
            "block maps",
            (0..2_000).fold(String::new(), |text, level| {
                format!("{text}{}a:\n", " ".repeat(level))
            }),
        ),
        ("billion laughs", laughs),
        ("merged laughs", maps),
        (
            "an anchor that holds itself",
            "Remotes: &a\n  x: *a\n".to_owned(),
        ),
        (
            "many aliases",
            format!(
                "Active: &a x\nRemotes:\n  x:\n    Keyservers: [{}]\n",
                "*a, ".repeat(100_000)
            ),
        ),
        ("a long key", format!("{}: x\n", "k".repeat(1_000_000))),
        (
            "a long name",
            format!("Remotes:\n  {}: {{}}\n", "n".repeat(1_000_000)),
        ),
    ];
    let mut shown = String::new();
    for (what, text) in cases {
        let error = refused(&text);
        assert!(
            error.len() < 2_000,
            "{what}: the error has {} bytes",
            error.len()
        );
        write!(shown, "--- {what}\n{error}").unwrap();
    }
    assert_data_eq!(shown, str![[r#"
--- flow lists
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:137: nested deeper than 128 levels
…[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…
                               ^
--- flow maps
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:513: nested deeper than 128 levels
{a: ***
    ^
--- block lists
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:257: nested deeper than 128 levels
…- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - …
                               ^
--- block maps
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:129:129: nested deeper than 128 levels
…                              a:
                               ^
--- billion laughs
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1: unknown key "a0"
a0: ***
^
its keys are Active, Remotes and Credentials
--- merged laughs
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:12: aliases stand for too much of the document
  x0: ***
      ^
write out what the aliases stand for
--- an anchor that holds itself
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:6: the alias stands inside of its own anchor
  x: ***
     ^
--- many aliases
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:4:4018: more than 1000 aliases
    Keyservers: [*a***
                   ^
write out what the aliases stand for
--- a long key
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:1:1000001: mapping values are not allowed in this context
…kkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: ***
                               ^
fix the indentation, or quote a text that has a colon
--- a long name
FATAL:   while parsing remote config data: $HOME/.apptainer/remote.yaml:2:1000003: mapping values are not allowed in this context
…nnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: ***
                               ^
fix the indentation, or quote a text that has a colon

"#]].raw());
}

#[test]
fn a_file_beyond_all_measure_is_not_read() {
    let world = World::shipped();
    world.write_user("Remotes: {}\n");
    fs::OpenOptions::new()
        .write(true)
        .open(world.user_file())
        .unwrap()
        .set_len(65 << 20)
        .unwrap();
    let listed = fails(&world, &["remote", "list"]);
    assert_data_eq!(listed.stderr.clone(), str![[r#"
FATAL:   while opening remote config file: read $HOME/.apptainer/remote.yaml: 68157440 bytes are too many, 64 MiB are the most

"#]].raw());
    assert_eq!(
        fails(
            &world,
            &["remote", "add", "--no-login", "x", "x.example.com"]
        )
        .stderr,
        listed.stderr
    );
    assert_eq!(fs::metadata(world.user_file()).unwrap().len(), 65 << 20);
}

#[test]
fn what_is_no_file_is_an_error_and_never_waited_for() {
    let mut shown = String::new();
    for what in ["pipe", "directory", "socket"] {
        let world = World::shipped();
        world.write_user("");
        fs::remove_file(world.user_file()).unwrap();
        match what {
            "pipe" => assert!(
                Command::new("mkfifo")
                    .arg("-m600")
                    .arg(world.user_file())
                    .status()
                    .unwrap()
                    .success()
            ),
            "directory" => {
                fs::create_dir(world.user_file()).unwrap();
                world.set_mode(&world.user_file(), 0o600);
            }
            _ => drop(UnixListener::bind(world.user_file()).unwrap()),
        }
        for words in [
            &["remote", "list"][..],
            &["remote", "add", "--no-login", "x", "x.example.com"],
        ] {
            let began = Instant::now();
            let run = world.run(words);
            assert!(began.elapsed() < BOUND);
            write!(shown, "$ portolan {}\n{run}", words.join(" ")).unwrap();
        }
        assert!(
            !world
                .home_listing()
                .iter()
                .any(|name| name.contains("-new")),
            "{:?}",
            world.home_listing()
        );
    }
    assert_data_eq!(
        shown,
        str![[r#"
$ portolan remote list
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a pipe, not a regular file
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a pipe, not a regular file
[exit status: 255]
$ portolan remote list
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a directory
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a directory
[exit status: 255]
$ portolan remote list
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: no such device or address
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: is a socket, not a regular file
[exit status: 255]

"#]]
        .raw()
    );
}

#[test]
fn a_broken_system_file_stops_what_needs_it() {
    let world = World::shipped();
    world.write_system("Active: x\nRemotes:\n  x:\n    Exclusve: true\n");
    world.age(&world.system_file());
    assert_data_eq!(
        world.session(&[
            "remote list",
            "remote use DefaultRemote",
            "remote add --no-login x x.example.com",
            "remote remove x",
            "remote add --global y y.example.com",
        ]),
        str![[r#"
$ portolan remote list
------- stderr -------
FATAL:   while parsing remote config data: $ETC/apptainer/remote.yaml:4:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
[exit status: 255]
$ portolan remote use DefaultRemote
------- stderr -------
FATAL:   while parsing remote config data: $ETC/apptainer/remote.yaml:4:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
[exit status: 255]
$ portolan remote add --no-login x x.example.com
------- stderr -------
WARNING: The system's remotes are not known: while parsing remote config data: $ETC/apptainer/remote.yaml:4:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
INFO:    Remote "x" added.
$ portolan remote remove x
------- stderr -------
WARNING: The system's remotes are not known: while parsing remote config data: $ETC/apptainer/remote.yaml:4:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
INFO:    Remote "x" removed.
$ portolan remote add --global y y.example.com
------- stderr -------
FATAL:   while parsing remote config data: $ETC/apptainer/remote.yaml:4:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?
[exit status: 255]
[EOF]

"#]].raw()
    );
}
