//! Leaving a prompt in other ways than by an answer: whatever ends or stops the program, the terminal shows what is typed
//! afterwards.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use rustix::process::Signal;

use super::{answer, arguments, ask, words};
use crate::support::terminal::Terminal;

/// Runs a job, tells when it stopped, waits for Enter, and brings it back, as a person with a shell would.
const SHELL: &str =
    r#"set -m; "$@"; echo "stopped $?"; read enter; fg >/dev/null; echo "status $?""#;

/// Runs a job in the background and waits until it has stopped there.
const BACKGROUND: &str = r#"set -m; "$@" & until grep -q "^State:.T" /proc/$!/status; do sleep 0.02; done; echo "stopped";"#;

fn ask_in_a_shell(script: &str, child: &str) -> Terminal {
    let mut terminal = Terminal::new();
    let mut command = terminal.command("sh");
    command
        .arg("-c")
        .arg(script)
        .args(["sh", "env"])
        .args(words(child));
    terminal.start(command);
    terminal
}

#[test]
fn ctrl_c_ends_the_program_as_a_shell_expects_it() {
    for child in ["for_a_secret", "a_question", "for_everything"] {
        let mut terminal = ask(child);
        terminal.expect(if child == "a_question" { "it? " } else { ": " });
        terminal.send("\x03");
        assert_eq!(terminal.wait().signal(), Some(2), "{child}");
        assert!(terminal.echoes());
        assert!(terminal.shown().ends_with('\n'), "{:?}", terminal.shown());
    }
    let mut terminal = ask_in_a_shell(r#"trap : INT; "$@"; echo "status $?""#, "for_a_secret");
    terminal.expect("Token: ");
    terminal.send("\x03");
    terminal.expect("\nstatus 130");
}

#[test]
fn signals_end_the_program_and_leave_the_terminal_as_it_was() {
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::ALARM,
        Signal::USR1,
    ] {
        let mut terminal = ask("for_a_secret");
        terminal.expect("Token: ");
        terminal.send("half of it");
        assert!(!terminal.echoes());
        terminal.signal(signal);
        assert_eq!(terminal.wait().signal(), Some(signal.as_raw()));
        assert!(terminal.echoes(), "{signal:?}");
        assert_eq!(terminal.shown(), "Paste it here.\nToken: \n");
    }
}

#[test]
fn signals_end_the_program_after_a_prompt_as_before() {
    for (keys, signal) in [("\x03", Signal::INT), ("\x1c", Signal::QUIT)] {
        let mut terminal = ask("for_a_secret_and_stay");
        terminal.expect("Token: ");
        terminal.send("hunter2\n");
        terminal.expect("staying");
        terminal.send(keys);
        assert_eq!(terminal.wait().signal(), Some(signal.as_raw()));
    }
}

#[test]
fn ctrl_z_shows_what_is_typed_until_the_prompt_is_back() {
    for by_key in [true, false] {
        let mut terminal = ask_in_a_shell(SHELL, "for_a_secret");
        terminal.expect("Paste it here.\nToken: ");
        terminal.send("wrong");
        if by_key {
            terminal.send("\x1a");
        } else {
            terminal.signal_foreground(Signal::TSTP);
        }
        terminal.expect("stopped 148");
        assert!(terminal.echoes());
        terminal.send("\n");
        terminal.expect("\rToken: ");
        assert!(!terminal.echoes());
        terminal.send("right\n");
        terminal.expect("answer: \"right\"");
        terminal.expect("status 0");
        assert!(terminal.echoes());
        assert_eq!(terminal.wait().code(), Some(0));
    }
}

#[test]
fn ctrl_z_at_a_question_brings_the_question_back() {
    let mut terminal = ask_in_a_shell(SHELL, "a_question");
    terminal.expect("Replace it? ");
    terminal.send("n\x1a");
    terminal.expect("stopped ");
    terminal.send("\n");
    terminal.expect("\rReplace it? ");
    terminal.send("y\n");
    terminal.expect("answer: \"y\"");
    terminal.expect("status 0");
}

#[test]
fn ctrl_z_after_a_prompt_stops_too() {
    let mut terminal = ask_in_a_shell(SHELL, "for_a_secret_and_stay");
    terminal.expect("Token: ");
    terminal.send("hunter2\n");
    terminal.expect("staying");
    terminal.send("\x1a");
    terminal.expect("stopped ");
    terminal.send("\n");
    terminal.wait_for_job();
    terminal.signal_foreground(Signal::TERM);
    terminal.expect("status 143");
}

#[test]
fn a_program_that_nobody_could_continue_does_not_stop() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.send("wrong\x1a");
    terminal.expect("\rToken: ");
    assert!(!terminal.echoes());
    terminal.send("right\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""right""#);
    assert!(terminal.echoes());
}

#[test]
fn a_stop_that_nobody_can_see_coming_is_fixed_afterwards() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.signal(Signal::STOP);
    terminal.make_echo();
    terminal.signal(Signal::CONT);
    terminal.expect("\rToken: ");
    assert!(!terminal.echoes());
    terminal.send("hunter2\n");
    assert_eq!(answer(&terminal.wait_for_output()), r#""hunter2""#);
    assert!(terminal.echoes());
}

#[test]
fn in_the_background_it_stops_before_it_touches_the_terminal() {
    let script = format!(r#"{BACKGROUND} read enter; fg >/dev/null; echo "status $?""#);
    let mut terminal = ask_in_a_shell(&script, "for_a_secret");
    terminal.expect("stopped");
    assert!(terminal.echoes());
    assert!(
        !terminal.shown().contains("Token"),
        "{:?}",
        terminal.shown()
    );
    terminal.send("\n");
    terminal.expect("Paste it here.\nToken: ");
    assert!(!terminal.echoes());
    terminal.send("hunter2\n");
    terminal.expect("answer: \"hunter2\"");
    terminal.expect("status 0");
}

#[test]
fn in_the_background_a_signal_still_ends_it() {
    let end = r#"kill $!; while kill -CONT $!; wait $!; s=$?; [ $s = 149 ]; do :; done; echo "status $s""#;
    let script = format!("{BACKGROUND} {end}");
    let mut terminal = ask_in_a_shell(&script, "for_a_secret");
    terminal.expect("status 143");
    assert!(terminal.echoes());
}

#[test]
fn in_the_background_of_nobody_it_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let alone = directory.path().join("alone");
    let script = r#"set -m; ( (until [ -e "$0" ]; do sleep 0.02; done; exec "$@" </dev/tty) & ); : >"$0"; read enter"#;
    let mut terminal = Terminal::new();
    let mut command = terminal.command("sh");
    command
        .arg("-c")
        .arg(script)
        .arg(alone)
        .arg(std::env::current_exe().unwrap())
        .args(arguments("for_a_secret"));
    terminal.start(command);
    terminal
        .expect("answer: a program in the background can't ask for anything: use --tokenfile or --password-stdin\n");
    assert!(!terminal.shown().contains("Token: "));
    assert!(terminal.echoes());
}

#[test]
fn a_closed_terminal_ends_the_prompt() {
    let mut terminal = ask("for_a_secret");
    terminal.expect("Token: ");
    terminal.close();
    assert_eq!(terminal.wait().signal(), Some(1));
}

#[test]
fn a_closed_terminal_is_an_error_where_no_signal_tells() {
    for child in ["for_a_secret", "a_question"] {
        let mut terminal = Terminal::new();
        let mut command = terminal.command("sh");
        command
            .arg("-c")
            .arg(r#"trap "" HUP; "$@"; :"#)
            .arg("sh")
            .arg(std::env::current_exe().unwrap());
        command.args(arguments(child)).stdout(Stdio::piped());
        terminal.start(command);
        terminal.expect(if child == "a_question" {
            "it? "
        } else {
            "Token: "
        });
        terminal.close();
        assert_eq!(
            answer(&terminal.wait_for_output()),
            "the terminal was closed",
            "{child}"
        );
    }
}

#[test]
fn a_panic_that_aborts_leaves_the_terminal_as_it_was() {
    let mut terminal = ask("for_a_secret_and_panic_elsewhere");
    terminal.expect("Token: ");
    assert!(!terminal.echoes());
    terminal.resize(100);
    assert_eq!(terminal.wait().signal(), Some(Signal::ABORT.as_raw()));
    assert!(terminal.echoes());
}
