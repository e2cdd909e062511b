//! Logins of a person at a terminal: hidden, on the terminal itself, and left at any time (D15).

use std::fs::File;
use std::process::ExitStatus;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::world_with;
use crate::support::cloud::plain;
use crate::support::endpoint::{DISCOVERY, good, token};
use crate::support::terminal::Terminal;
use crate::support::world::World;

pub(super) const PROMPT: &str = "Access Token: ";
const QUESTION: &str = "Replace it? [N/y] ";

/// The program in `world` on a terminal, its output in the files `out` and `err` of the home.
pub(super) fn start(world: &World, words: &[&str]) -> Terminal {
    let mut terminal = Terminal::new();
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    let file = |name: &str| File::create(world.home().join(name)).unwrap();
    command.args(words).stdout(file("out")).stderr(file("err"));
    terminal.start(command);
    terminal
}

/// What was written to the files, and how it ended.
fn left(world: &World, status: ExitStatus) -> String {
    let text = |name: &str| std::fs::read_to_string(world.home().join(name)).unwrap();
    let home = world.home().display().to_string();
    format!("{}--\n{}{status}\n", text("out"), text("err")).replace(&home, "$HOME")
}

#[test]
fn the_prompt_stands_on_the_terminal_wherever_the_output_goes() {
    let (world, server) = world_with("");
    let mut terminal = start(&world, &["remote", "login"]);
    terminal.expect(PROMPT);
    assert!(!terminal.echoes());
    terminal.send(format!("{}\n", good()));
    let status = terminal.wait();
    assert_data_eq!(
        plain(&terminal.shown(), &[&server]),
        str![[r#"
Generate an access token at https://localhost:PORT1/auth/tokens, and paste it here.
Token entered will be hidden for security.
Access Token: 

"#]]
        .raw()
    );
    assert_data_eq!(
        left(&world, status),
        str![[r#"
--
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
exit status: 0

"#]]
        .raw()
    );
    assert!(terminal.echoes());
    assert!(world.file(&world.user_file()).contains(&good()));
}

#[test]
fn a_token_is_replaced_when_the_person_says_so() {
    for answer in ["y", "Y", "yes"] {
        let (world, server) = world_with(&token("old-"));
        let mut terminal = start(&world, &["remote", "login", "e"]);
        terminal.expect(QUESTION);
        terminal.send(format!("{answer}\n"));
        terminal.expect(PROMPT);
        terminal.send(format!("{}\n", good()));
        assert!(terminal.wait().success());
        assert!(
            !terminal.shown().contains("goodgood"),
            "{}",
            terminal.shown()
        );
        assert!(world.file(&world.user_file()).contains(&good()));
        assert_eq!(server.asked().len(), 2);
    }
}

#[test]
fn a_token_stays_when_the_person_says_so_or_nothing() {
    for answer in ["n\n", "No\n", "\n", "\x04"] {
        let (world, server) = world_with(&token("old-"));
        let before = world.file(&world.user_file());
        let mut terminal = start(&world, &["remote", "login"]);
        terminal.expect(QUESTION);
        terminal.send(answer);
        let status = terminal.wait();
        assert_data_eq!(
            left(&world, status),
            str![[r#"
--
INFO:    Authenticating with remote: e
INFO:    The stored token stays, and nothing was changed
exit status: 0

"#]]
            .raw()
        );
        assert_eq!(
            (server.asked().len(), world.file(&world.user_file())),
            (0, before),
            "{answer:?}"
        );
    }
}

#[test]
fn another_answer_is_none() {
    let (world, server) = world_with(&token("old-"));
    let before = world.file(&world.user_file());
    let mut terminal = start(&world, &["remote", "login"]);
    terminal.expect(QUESTION);
    terminal.send("maybe\n");
    let status = terminal.wait();
    assert_data_eq!(
        left(&world, status),
        str![[r#"
--
INFO:    Authenticating with remote: e
FATAL:   while reading input: invalid answer: "maybe"
exit status: 255

"#]]
        .raw()
    );
    assert_eq!(
        (server.asked().len(), world.file(&world.user_file())),
        (0, before)
    );
}

#[test]
fn an_empty_line_at_the_prompt_changes_nothing_and_is_no_failure() {
    let (world, server) = world_with("");
    let before = world.file(&world.user_file());
    let mut terminal = start(&world, &["remote", "login"]);
    terminal.expect(PROMPT);
    terminal.send("\n");
    let status = terminal.wait();
    assert_data_eq!(
        left(&world, status),
        str![[r#"
--
INFO:    Authenticating with remote: e
INFO:    No token was entered: nothing was stored
exit status: 0

"#]]
        .raw()
    );
    assert!(terminal.echoes());
    assert_eq!(
        (server.log(), world.file(&world.user_file())),
        (vec![format!("GET {DISCOVERY} [-]")], before)
    );
}

#[test]
fn ctrl_c_leaves_the_terminal_and_the_file_as_they_were() {
    for stored in ["", "old-"] {
        let (world, server) = world_with(&if stored.is_empty() {
            String::new()
        } else {
            token(stored)
        });
        let before = world.file(&world.user_file());
        let mut terminal = start(&world, &["remote", "login"]);
        if !stored.is_empty() {
            terminal.expect(QUESTION);
            terminal.send("y\n");
        }
        terminal.expect(PROMPT);
        terminal.send("half a token\x03");
        let status = terminal.wait();
        assert_data_eq!(
            left(&world, status),
            str![[r#"
--
INFO:    Authenticating with remote: e
signal: 2 (SIGINT)

"#]]
            .raw()
        );
        assert!(terminal.echoes());
        assert_eq!(
            (server.log(), world.file(&world.user_file())),
            (vec![format!("GET {DISCOVERY} [-]")], before)
        );
    }
}

#[test]
fn a_tokenfile_asks_nothing_even_where_a_token_is_stored() {
    let (world, _server) = world_with(&token("old-"));
    let mut terminal = start(&world, &["remote", "login", "--tokenfile", "good"]);
    assert!(terminal.wait().success());
    assert_eq!(terminal.shown(), "");
    assert!(world.file(&world.user_file()).contains(&good()));
}

#[test]
fn what_a_paste_brings_along_is_no_part_of_the_token() {
    for pasted in [
        format!("  {}\t \n", good()),
        format!("\n{}\nrest\n", good()),
    ] {
        let (world, _server) = world_with("");
        let mut terminal = start(&world, &["remote", "login"]);
        terminal.expect(PROMPT);
        terminal.send(&pasted);
        assert!(terminal.wait().success(), "{pasted:?}");
        let line = format!("Token: {}\n", good());
        assert!(world.file(&world.user_file()).contains(&line));
    }
    let (world, _server) = world_with("");
    let piped = world.run_with_input(&["remote", "login"], &format!(" {} \r\n", good()));
    assert_eq!(piped.code, Some(0), "{piped}");
}

#[test]
fn ctrl_z_while_the_token_is_typed_gives_the_shell_a_terminal_that_shows_what_is_typed() {
    let (world, _server) = world_with("");
    // Whether a thread of the network took the signal is a matter of luck.
    for _ in 0..5 {
        let mut terminal = Terminal::new();
        let mut command = terminal.command("sh");
        world.surround(&mut command);
        let script =
            r#"set -m; "$@"; echo "stopped $?"; read enter; fg >/dev/null; echo "status $?""#;
        let program = env!("CARGO_BIN_EXE_portolan");
        command.args(["-c", script, "sh", program, "remote", "login"]);
        terminal.start(command);
        terminal.expect(PROMPT);
        terminal.send("\x1a");
        terminal.expect("stopped 148");
        assert!(terminal.echoes());
        terminal.send("\n");
        terminal.expect(PROMPT);
        terminal.send("\n");
        terminal.expect("status 0");
        assert!(terminal.echoes());
    }
}
