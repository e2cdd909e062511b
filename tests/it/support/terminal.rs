//! A pseudo-terminal that plays a person's: runs a program on it, shows what is shown, types, and looks at its settings.
//!
//! Every wait has an end, after which the test fails with all that was shown.

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios;
use rustix::termios::{LocalModes, OptionalActions, Winsize};

/// Far longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A terminal, the program on it, and what it has shown so far.
pub(crate) struct Terminal {
    /// The person's side; gone when the window was closed.
    person: Option<OwnedFd>,
    /// The program's side.
    program: OwnedFd,
    child: Option<Child>,
    shown: Vec<u8>,
    /// Up to where `expect` has read.
    read: usize,
}

impl Terminal {
    /// An empty terminal.
    pub(crate) fn new() -> Self {
        let person =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let program = rustix::fs::open(
            name,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .unwrap();
        rustix::io::ioctl_fionbio(&person, true).unwrap();
        Self {
            person: Some(person),
            program,
            child: None,
            shown: Vec::new(),
            read: 0,
        }
    }

    /// A command whose standard streams are this terminal, which is the controlling one of a session of its own.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.on_it(&["--ctty"], program)
    }

    /// As `command`, but the session has no controlling terminal.
    pub(crate) fn command_without_control(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.on_it(&[], program)
    }

    /// Starts `command`, which `command` made.
    pub(crate) fn start(&mut self, mut command: Command) {
        self.child = Some(command.spawn().unwrap());
    }

    /// Waits until `text` is shown, after what was expected before.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        let text = text.replace('\n', "\r\n").into_bytes();
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.read..]
                .windows(text.len())
                .position(|window| window == text)
            {
                self.read += at + text.len();
                return;
            }
            assert!(
                Instant::now() < end,
                "{:?} never came; shown: {:?}",
                String::from_utf8_lossy(&text),
                self.shown()
            );
            self.look(Duration::from_millis(50));
        }
    }

    /// All that was shown, with the line ends of a file.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).replace("\r\n", "\n")
    }

    /// Types `bytes`.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        let end = Instant::now() + PATIENCE;
        while !rest.is_empty() {
            assert!(
                Instant::now() < end,
                "nobody reads what is typed; shown: {:?}",
                self.shown()
            );
            match rustix::io::write(self.person.as_ref().unwrap(), rest) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::AGAIN) => self.look(Duration::from_millis(5)),
                Err(error) => panic!("can't type: {error}"),
            }
        }
    }

    /// Whether what is typed is shown, and lines are edited by the terminal.
    pub(crate) fn echoes(&self) -> bool {
        let modes = termios::tcgetattr(&self.program).unwrap().local_modes;
        assert_eq!(
            modes.contains(LocalModes::ECHO),
            modes.contains(LocalModes::ICANON),
            "half restored: {modes:?}"
        );
        modes.contains(LocalModes::ECHO)
    }

    /// Shows what is typed, as a shell does that takes the terminal back.
    pub(crate) fn make_echo(&self) {
        let mut settings = termios::tcgetattr(&self.program).unwrap();
        settings.local_modes |= LocalModes::ECHO | LocalModes::ICANON;
        termios::tcsetattr(&self.program, OptionalActions::Now, &settings).unwrap();
    }

    /// Whether something typed was not read by anybody.
    pub(crate) fn has_unread_input(&self) -> bool {
        ready(&self.program, Duration::ZERO)
    }

    /// Sends `signal` to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends `signal` to the job in the foreground of the shell that runs on this terminal.
    pub(crate) fn signal_foreground(&self, signal: Signal) {
        kill_process_group(self.foreground(), signal).unwrap();
    }

    /// Waits until the shell that runs on this terminal has a job in the foreground.
    #[track_caller]
    pub(crate) fn wait_for_job(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.foreground() == self.pid() {
            assert!(
                Instant::now() < end,
                "no job comes; shown: {:?}",
                self.shown()
            );
            self.look(Duration::from_millis(5));
        }
    }

    /// Gives the window another size, of which the program hears by a signal.
    pub(crate) fn resize(&self, columns: u16) {
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        termios::tcsetwinsize(self.person.as_ref().unwrap(), size).unwrap();
    }

    /// Closes the window.
    pub(crate) fn close(&mut self) {
        self.person = None;
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.child.as_mut().unwrap().try_wait().unwrap();
            self.look(Duration::from_millis(if status.is_some() { 0 } else { 20 }));
            if let Some(status) = status {
                return status;
            }
            assert!(
                Instant::now() < end,
                "it does not end; shown: {:?}",
                self.shown()
            );
        }
    }

    /// Types the answer of each prompt that is shown until the program ends, and returns all that was shown.
    #[track_caller]
    pub(crate) fn converse(&mut self, answers: &[(&str, &str)]) -> String {
        let end = Instant::now() + 6 * PATIENCE;
        while self.child.as_mut().unwrap().try_wait().unwrap().is_none() {
            assert!(
                Instant::now() < end,
                "it does not end; shown: {:?}",
                self.shown()
            );
            self.look(Duration::from_millis(20));
            let unread = String::from_utf8_lossy(&self.shown[self.read..]);
            let answer = answers
                .iter()
                .find(|(prompt, _)| unread.ends_with(prompt))
                .map(|(_, answer)| format!("{answer}\n"));
            if let Some(answer) = answer {
                self.read = self.shown.len();
                self.send(answer);
            }
        }
        self.look(Duration::ZERO);
        self.shown()
    }

    /// Waits for the end of the program, whose standard output is a pipe: what it wrote there.
    #[track_caller]
    pub(crate) fn wait_for_output(&mut self) -> String {
        let mut output = self.child.as_mut().unwrap().stdout.take().unwrap();
        self.wait();
        std::io::read_to_string(&mut output).unwrap()
    }

    fn on_it(&self, options: &[&str], program: impl AsRef<std::ffi::OsStr>) -> Command {
        let side = || Stdio::from(self.program.try_clone().unwrap());
        super::program::restore_signals();
        let mut command = Command::new("setsid");
        command
            .args(options)
            .arg(program)
            .stdin(side())
            .stdout(side())
            .stderr(side());
        command
    }

    fn foreground(&self) -> Pid {
        termios::tcgetpgrp(self.person.as_ref().unwrap()).unwrap()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    /// Takes what is shown by now, or within `limit`.
    fn look(&mut self, limit: Duration) {
        let Some(person) = &self.person else {
            std::thread::sleep(limit);
            return;
        };
        if ready(person, limit) {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = rustix::io::read(person, &mut bytes) {
                self.shown.extend_from_slice(&bytes[..count]);
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ready(device: impl AsFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).unwrap();
    poll(&mut [PollFd::new(&device, PollFlags::IN)], Some(&limit)).is_ok_and(|count| count > 0)
}
