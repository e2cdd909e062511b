//! Standard input and prompts on a real terminal. The program that asks is this test binary itself, which runs one of
//! the ignored tests of `asking` in a process of its own.

mod asking;
mod signals;

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::terminal::Terminal;

/// The words that run a child. In the program there is one thread when it asks; here there is the harness's as well, which must
/// not take Ctrl-Z for itself.
fn words(child: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let begin = [
        "--block-signal=TSTP".to_owned(),
        program.to_str().unwrap().to_owned(),
    ];
    begin.into_iter().chain(arguments(child)).collect()
}

fn arguments(child: &str) -> [String; 5] {
    let name = format!("prompts::asking::{child}");
    [
        name,
        "--exact".into(),
        "--ignored".into(),
        "--quiet".into(),
        "--test-threads=1".into(),
    ]
}

fn ask(child: &str) -> Terminal {
    let mut terminal = Terminal::new();
    let mut command = terminal.command("env");
    command.args(words(child)).stdout(Stdio::piped());
    terminal.start(command);
    terminal
}

/// What a child answers that reads `input` from a pipe.
fn piped(child: &str, input: &[u8]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(arguments(child))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A child that refuses its input has no use for the rest of it.
    let _ = child.stdin.take().unwrap().write_all(input);
    answer(&String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
}

fn answer(output: &str) -> String {
    let line = output.lines().find_map(|line| line.split_once("answer: "));
    line.unwrap_or_else(|| panic!("no answer in {output:?}"))
        .1
        .to_owned()
}

#[test]
fn a_secret_is_hidden_and_nothing_but_the_answer_is_in_the_pipe() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    assert!(!terminal.echoes());
    terminal.send("hunter2\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    assert_eq!(terminal.shown(), "Paste it here.\nToken: \n");
    assert!(terminal.echoes());
}

#[test]
fn a_mistyped_secret_can_be_fixed() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("wrong\x15hunted\x7fr2\x1b[D\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
}

#[test]
fn a_long_token_is_pasted_whole() {
    let token = "0123456789".repeat(600);
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send(format!("{token}\n"));
    assert_eq!(answer(&terminal.wait_for_output()), format!("{token:?}"));
}

#[test]
fn a_token_of_64_kib_is_refused_when_its_line_has_ended() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("x".repeat(64 * 1024));
    assert!(!terminal.echoes());
    terminal.send("\n");
    assert_eq!(
        answer(&terminal.wait_for_output()),
        "bufio.Scanner: token too long"
    );
    assert!(terminal.echoes());
}

#[test]
fn the_rest_of_a_paste_does_not_reach_the_shell() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("first\nsecond\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""first""#);
    assert!(!terminal.has_unread_input());
    assert_eq!(terminal.shown(), "Paste it here.\nToken: \n");
}

#[test]
fn a_line_break_before_a_pasted_secret_is_no_answer() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("\n\r\nhunter2\nsecond\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    assert!(!terminal.has_unread_input());
    assert_eq!(terminal.shown(), "Paste it here.\nToken: \n");
}

#[test]
fn an_end_of_input_within_a_line_is_no_answer() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("hun\x04ter2\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    let mut terminal = ask("for_everything");
    terminal.expect("Ctrl-D): ");
    terminal.send("one\ntwo\x04");
    assert_eq!(answer(&terminal.wait_for_output()), r#""one\ntwo""#);
}

#[test]
fn an_empty_line_and_an_end_of_input_are_no_secret() {
    for keys in ["\n", "\r", "\x04"] {
        let mut terminal = ask("for_a_secret");
        terminal.expect("Token: ");
        terminal.send(keys);
        assert_eq!(answer(&terminal.wait_for_output()), "nothing", "{keys:?}");
        assert_eq!(terminal.shown(), "Paste it here.\nToken: \n");
        assert!(terminal.echoes());
    }
}

#[test]
fn a_question_shows_what_is_typed() {
    for (keys, said, shown) in [
        ("y\n", "y", "y\n"),
        ("no\x7fay\n", "nay", "no\x08 \x08ay\n"),
        ("\n", "", "\n"),
    ] {
        let mut terminal = ask("a_question");
        terminal.expect("Replace it? ");
        terminal.send(keys);
        assert_eq!(answer(&terminal.wait_for_output()), format!("{said:?}"));
        assert_eq!(terminal.shown(), format!("Replace it? {shown}"));
    }
}

#[test]
fn an_end_of_input_at_a_question_is_an_empty_answer() {
    let mut terminal = ask("a_question");
    terminal.expect("Replace it? ");
    terminal.send("\x04");
    assert_eq!(answer(&terminal.wait_for_output()), r#""""#);
    assert_eq!(terminal.shown(), "Replace it? \n");
}

#[test]
fn what_is_typed_ahead_is_not_lost() {
    let mut terminal = ask("a_question_and_a_secret");
    terminal.send("y\nhunter2\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    let mut terminal = ask("for_a_secret");
    terminal.send("\x04");
    assert_eq!(answer(&terminal.wait_for_output()), "nothing");
}

#[test]
fn all_of_standard_input_is_hidden_on_a_terminal_too() {
    let mut terminal = ask("for_everything");
    terminal.expect("Ctrl-D): ");
    assert!(!terminal.echoes());
    terminal.send("one\ntwo\n\x04");
    assert_eq!(answer(&terminal.wait_for_output()), r#""one\ntwo""#);
    assert!(terminal.echoes());
    assert!(!terminal.shown().contains("one"));
}

#[test]
fn a_terminal_that_controls_nothing_will_do() {
    let mut terminal = Terminal::new();
    let mut command = terminal.command_without_control(std::env::current_exe().unwrap());
    command
        .args(arguments("for_a_secret"))
        .stdout(Stdio::piped());
    terminal.start(command);
    terminal.expect("Token: ");
    assert!(!terminal.echoes());
    terminal.send("hunter2\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    assert!(terminal.echoes());
}

#[test]
fn from_a_pipe_a_secret_is_one_line() {
    let long = "x".repeat(64 * 1024 - 1);
    let nothing =
        "no terminal to ask on, and nothing on standard input: give the secret with --token-stdin";
    for (input, said) in [
        (&b"hunter2\n"[..], r#""hunter2""#),
        (b"hunter2", r#""hunter2""#),
        (b"hunter2\r\n", r#""hunter2""#),
        (b"hunter2\r\r\n", r#""hunter2\r""#),
        (b" hun ter2 \nmore\n", r#"" hun ter2 ""#),
        ("pa55:word/é\n".as_bytes(), "\"pa55:word/é\""),
        (b"", nothing),
        (b"\n", nothing),
        (b"\r\n", nothing),
        (b"\nhunter2\n", nothing),
        (b"p\xe9\n", "the input is not valid UTF-8"),
        (format!("{long}\n").as_bytes(), &format!("{long:?}")),
        (long.as_bytes(), &format!("{long:?}")),
        (
            format!("{long}x\n").as_bytes(),
            "bufio.Scanner: token too long",
        ),
        (
            format!("{long}x").as_bytes(),
            "bufio.Scanner: token too long",
        ),
    ] {
        assert_eq!(
            piped("for_a_secret", input),
            said,
            "{:?}",
            String::from_utf8_lossy(&input[..input.len().min(40)])
        );
    }
}

#[test]
fn from_a_pipe_no_more_than_the_line_is_taken() {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(r#""$@"; echo "rest: $(cat)""#)
        .arg("sh")
        .arg(std::env::current_exe().unwrap());
    let mut child = command
        .args(arguments("for_a_secret"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"hunter2\nfor another one\n")
        .unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(output.contains("rest: for another one\n"), "{output}");
}

#[test]
fn no_question_is_asked_into_a_pipe() {
    assert_eq!(piped("a_question", b"y\n"), "nobody to ask");
    assert_eq!(
        piped("a_question_and_a_secret", b"hunter2\n"),
        r#""hunter2""#
    );
}

#[test]
fn all_of_standard_input_loses_one_line_end() {
    let most = "x".repeat(1024 * 1024);
    for (input, said) in [
        (&b"hunter2"[..], r#""hunter2""#),
        (b"hunter2\n", r#""hunter2""#),
        (b"hunter2\r\n", r#""hunter2""#),
        (b"hunter2\r", r#""hunter2""#),
        (b"hunter2\n\n", r#""hunter2\n""#),
        (b"one\ntwo\n", r#""one\ntwo""#),
        (b"", r#""""#),
        (b"\n", r#""""#),
        (most.as_bytes(), &format!("{most:?}")),
        (
            format!("{most}x").as_bytes(),
            "standard input is longer than 1 MiB",
        ),
    ] {
        assert!(
            piped("for_everything", input) == said,
            "{:?}",
            String::from_utf8_lossy(&input[..input.len().min(40)])
        );
    }
}
