//! What is left of a program that crashes at a prompt.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use rustix::process::Signal;

use super::{Servers, registries};
use crate::support::terminal::Terminal;

/// Lets the kernel write down whatever crashes, tells its process's number, and goes on as the program.
const SHELL: &str = r#"ulimit -c "$(ulimit -Hc)"; echo $$ >pid; exec "$@""#;

#[test]
fn a_crash_at_a_prompt_leaves_nothing() {
    let servers = Servers::new(registries::basic);
    for line in ["remote login", "registry login -u ian $R"] {
        for signal in [Signal::SEGV, Signal::ABORT] {
            let world = servers.world();
            world.write_user(format!(
                "Active: e\nRemotes: {{e: {{URI: \"{}\"}}}}\n",
                servers.endpoint.host()
            ));
            let mut terminal = Terminal::new();
            let mut command = terminal.command("sh");
            command
                .args(["-c", SHELL, "sh", env!("CARGO_BIN_EXE_portolan")])
                .args(servers.words(line, &world));
            world.surround(&mut command);
            terminal.start(command);
            terminal.expect(if line == "remote login" {
                "Access Token: "
            } else {
                "Password"
            });
            terminal.send("half of a secret");
            let process = fs::read_to_string(world.home().join("pid")).unwrap();
            let limits = fs::read_to_string(format!("/proc/{}/limits", process.trim())).unwrap();
            let limit = limits
                .lines()
                .find(|line| line.starts_with("Max core file size"))
                .unwrap();
            let limit = limit.split_whitespace().nth(4).unwrap();
            // 1 is what also keeps the kernel from handing a crashed program to another one.
            assert_eq!(limit, "1", "{line}: {limits}");
            // The first that comes from outside only takes away the handler that the standard library has for overflows.
            terminal.signal(signal);
            if signal == Signal::SEGV {
                while is_caught(process.trim(), signal) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                terminal.signal(signal);
            }
            assert_eq!(
                terminal.wait().signal(),
                Some(signal.as_raw()),
                "{line}: {}",
                terminal.shown()
            );
            let left = world.home_listing();
            assert!(
                !left.iter().any(|name| name.contains("core")),
                "{line}: {left:?}"
            );
        }
    }
}

/// Whether a process has a handler for a signal.
fn is_caught(process: &str, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (signal.as_raw() - 1)) != 0
}
