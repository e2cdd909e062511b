//! Programs at work: real servers from packages, on a port of their own, stopped when the test ends; and the end of any.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};

/// A program at work.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Whether a program is installed, in the directories of a user or of an administrator.
pub(crate) fn is_installed(name: &str) -> bool {
    [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .iter()
    .any(|directory| Path::new(directory).join(name).is_file())
}

/// Waits for the end of a program, which must come.
#[track_caller]
pub(crate) fn end_of(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            let _ = child.kill();
            panic!("process {} does not end", child.id());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Lets programs get the signals of a terminal where the tests run with these ignored (`nohup`, a shell's background job): a
/// signal that is caught here has its default in what is started.
pub(crate) fn restore_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = u64::from_str_radix(line.unwrap().trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT] {
            if ignored & (1 << (signal - 1)) != 0 {
                signal_hook::flag::register(signal, Arc::default()).unwrap();
            }
        }
    });
}

impl Program {
    /// Starts a server and waits until it listens on `port`.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        command.env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut program = Self { child, port };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{command:?} does not listen");
            assert!(
                program.child.try_wait().unwrap().is_none(),
                "{command:?} ended"
            );
            thread::sleep(Duration::from_millis(20));
        }
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
