//! Helpers that ask a person at the terminal, as a keyring for its passphrase: they have it as a job of a shell would.

use std::os::unix::process::ExitStatusExt as _;

use super::helpers::{left, setup};
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;

/// Runs a job, says when it stopped, waits for Enter, and brings it back.
const SHELL: &str =
    r#"set -m; "$@"; echo "stopped $?"; read enter; fg >/dev/null; echo "status $?""#;

/// A login on a terminal, by this shell script or alone, whose helper asks there for a PIN.
fn ask(script: Option<&str>) -> (World, Server, Terminal) {
    let (mut world, server) = setup(r#"{"credsStore":"fake"}"#);
    world.set("HELPER", "asks");
    world.set("APPTAINER_LOGIN_PASSWORD", PASSWORD);
    let mut terminal = Terminal::new();
    let program = env!("CARGO_BIN_EXE_portolan");
    let mut command = match script {
        Some(script) => {
            let mut command = terminal.command("sh");
            command.args(["-c", script, "sh", program]);
            command
        }
        None => terminal.command(program),
    };
    world.surround(&mut command);
    command.args(["registry", "login", "-u", USER, &server.host()]);
    terminal.start(command);
    terminal.expect("PIN: ");
    (world, server, terminal)
}

#[test]
fn a_helper_can_ask_at_the_terminal() {
    for script in [None, Some(r#""$@"; echo "status $?""#)] {
        let (world, _server, mut terminal) = ask(script);
        terminal.send("1234\n");
        terminal.expect("Token stored in");
        if script.is_some() {
            terminal.expect("status 0");
        }
        assert!(terminal.wait().success(), "{}", terminal.shown());
        assert_eq!(left(&world, "pin"), "1234\n");
    }
}

#[test]
fn ctrl_c_ends_the_helper_and_the_command_and_nothing_is_stored() {
    let (world, _server, mut terminal) = ask(None);
    terminal.send("\x03");
    assert_eq!(terminal.wait().signal(), Some(2), "{}", terminal.shown());
    assert_eq!(
        world.file(&world.docker_config()),
        "600\n{\"credsStore\":\"fake\"}[EOF]\n"
    );
    assert_eq!(world.file(&world.user_file()), "absent\n");
    let (_world, _server, mut terminal) = ask(Some(r#"trap : INT; "$@"; echo "status $?""#));
    terminal.send("\x03");
    terminal.expect("status 130");
}

#[test]
fn ctrl_z_stops_the_helper_and_the_command_which_go_on_together() {
    let (world, _server, mut terminal) = ask(Some(SHELL));
    terminal.send("\x1a");
    terminal.expect("stopped 148");
    terminal.send("\n");
    terminal.wait_for_job();
    terminal.send("1234\n");
    terminal.expect("status 0");
    assert_eq!(left(&world, "pin"), "1234\n");
}
