//! The command's signals, terminal and exit code are the caller's.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::setup;
use crate::support::program::end_of;
use crate::support::terminal::Terminal;
use crate::support::world::World;

/// Starts `exec sh -c SCRIPT` in a group of its own, and waits for the first line that it prints.
fn started(world: &World, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = world.command();
    command.args(["exec", "sh", "-c", script]);
    let mut child = command
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, output)
}

#[test]
fn the_exit_code_is_the_commands() {
    let (world, _memory) = setup();
    for (words, code) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -TERM $$"], 143),
        (&["sh", "-c", "kill -KILL $$"], 137),
        (&["no-such-command"], 127),
        (&["/etc"], 126),
    ] {
        let words = [&["exec"], words].concat();
        assert_eq!(world.run(&words).code, Some(code), "{words:?}");
    }
    assert_eq!(
        world.run(&["exec", "no-such-command"]).stderr,
        "FATAL:   no-such-command: no such file or directory\n"
    );
}

#[test]
fn the_words_input_and_output_are_the_commands() {
    let (world, _memory) = setup();
    let words = [
        "exec",
        "sh",
        "-c",
        r#"cat; echo "$@""#,
        "x",
        "--remote=true",
        "-v",
        "--",
        "-",
    ];
    let run = world.run_with_input(&words, "in\n");
    assert_eq!(run.to_string(), "in\n--remote=true -v -- -\n");
}

#[test]
fn a_signal_to_portolan_reaches_the_command_once() {
    let (world, memory) = setup();
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
    ] {
        let script = format!(
            "trap 'n=$((n+1))' {name}; echo ready; while [ -z \"$n\" ]; do sleep 0.05; done; sleep 0.3; exit $n"
        );
        let (mut child, _output) = started(&world, &script);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(end_of(&mut child).code(), Some(1), "{name}");
    }
    let (mut child, _output) = started(&world, "echo ready; exec sleep 60");
    kill_process(Pid::from_child(&child), Signal::QUIT).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(131));
    assert_eq!(super::names(memory.path()), Vec::<String>::new());
}

#[test]
fn a_signal_to_the_whole_group_ends_the_command_and_the_directory() {
    let (world, memory) = setup();
    let (mut child, _output) = started(&world, "echo ready; exec sleep 60");
    kill_process_group(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(143));
    assert_eq!(super::names(memory.path()), Vec::<String>::new());
}

#[test]
fn a_signal_that_is_ignored_stays_ignored_and_none_is_blocked() {
    let (world, _memory) = setup();
    let mut command = world.command_through(&["nohup"]);
    command.args([
        "exec",
        "sh",
        "-c",
        "kill -HUP $$; grep SigBlk /proc/self/status",
    ]);
    let run = world.finish(command, "");
    assert_eq!(
        (run.code, run.stdout.trim_end()),
        (Some(0), "SigBlk:\t0000000000000000")
    );
}

#[test]
fn the_limit_of_core_dumps_is_the_callers() {
    let (world, _memory) = setup();
    let mut command = world.command_through(&[
        "sh",
        "-c",
        r#"ulimit -S -c 5 2>/dev/null; ulimit -S -c; exec "$0" "$@""#,
    ]);
    command.args(["exec", "sh", "-c", "ulimit -S -c"]);
    let run = world.finish(command, "");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn the_terminal_is_the_commands() {
    let (world, memory) = setup();
    let mut terminal = Terminal::new();
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args([
        "exec",
        "sh",
        "-c",
        "trap 'echo interrupted; exit 9' INT; tty -s && echo on-a-terminal; read line; echo \"got $line\"; while :; do sleep 0.1; done",
    ]);
    terminal.start(command);
    terminal.expect("on-a-terminal");
    terminal.send("word\r");
    terminal.expect("got word");
    // Ctrl-C
    terminal.send("\x03");
    terminal.expect("interrupted");
    assert_eq!(terminal.wait().code(), Some(9));
    assert_eq!(super::names(memory.path()), Vec::<String>::new());
}

#[test]
fn a_shell_stops_it_and_lets_it_go_on() {
    let (mut world, _memory) = setup();
    world.set("PORTOLAN", env!("CARGO_BIN_EXE_portolan"));
    let mut terminal = Terminal::new();
    let mut command = terminal.command("bash");
    world.surround(&mut command);
    command.args([
        "-mc",
        "$PORTOLAN exec sh -c 'echo begun; read line; echo \"got $line\"'; echo stopped; fg; echo ended $?",
    ]);
    terminal.start(command);
    terminal.expect("begun");
    // Ctrl-Z
    terminal.send("\x1a");
    terminal.expect("stopped");
    terminal.send("word\r");
    terminal.expect("got word");
    terminal.expect("ended 0");
    terminal.wait();
}
