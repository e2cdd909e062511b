//! The command itself: its signals, its terminal and its exit code are the caller's.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

use crate::cli::context::Context;
use crate::cli::ui::Ui;
use crate::disk::Reason;

/// What a person, a shell or a batch system sends, and the end of a child. Stopping and going on is left to the kernel: the
/// command is of the same group, so the terminal's signals reach it by themselves.
const WATCHED: [i32; 9] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU, SIGCHLD,
];
/// What shells answer for a program that does not exist, and for one that can't be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

pub(super) struct ChildSignals(SignalsInfo<WithOrigin>);

impl ChildSignals {
    /// From now on nothing of what is watched ends this program, whose directory must be removed first. What is ignored
    /// (`nohup`) is left so: the command inherits that.
    pub(super) fn catch() -> io::Result<Self> {
        let ignored = ignored_signals();
        let is_ignored = |signal: &i32| ignored & (1 << (signal - 1)) != 0;
        let is_watched = |signal: &i32| *signal == SIGCHLD || !is_ignored(signal);
        let watched = WATCHED.into_iter().filter(is_watched);
        SignalsInfo::new(watched).map(Self)
    }
}

fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// Runs the command to its end; the exit code is its own, or 128 and the number of the signal that ended it.
pub(super) fn run(
    command: &mut Command,
    program: &OsStr,
    signals: &mut ChildSignals,
    context: &Context,
    ui: &mut Ui,
) -> u8 {
    // The limit that portolan set for itself is none of the command's.
    let ours = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, context.core_limit);
    let started = command.spawn();
    let _ = setrlimit(Resource::Core, ours);
    let ended = started.and_then(|mut child| wait(&mut child, signals));
    match ended {
        Ok(status) => code(status),
        Err(error) => {
            let reason = Errno::from_io_error(&error).map(Reason::from);
            let reason = reason.map_or_else(|| error.to_string(), |reason| reason.to_string());
            ui.fatal(format!("{}: {reason}", program.to_string_lossy()));
            if error.kind() == io::ErrorKind::NotFound {
                NOT_FOUND
            } else {
                NOT_RUN
            }
        }
    }
}

fn wait(child: &mut Child, signals: &mut ChildSignals) -> io::Result<ExitStatus> {
    let mut sent = signals.0.forever();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        match sent.next() {
            Some(origin) if origin.signal == SIGCHLD || origin.cause == Cause::Kernel => {}
            Some(origin) => {
                if let Some(signal) = Signal::from_named_raw(origin.signal) {
                    let _ = kill_process(Pid::from_child(child), signal);
                }
            }
            None => return child.wait(),
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(u8::MAX)
}
