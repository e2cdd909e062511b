//! Signals while a prompt waits. Knows no terminal.
//!
//! Outside of a prompt each signal does what it does by default. While one waits, signals are only noted, so that the
//! terminal is restored before the program ends or stops.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{io, thread};

use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU,
};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use signal_hook::low_level;

/// The signals that end a program and can come from a person, a shell or a batch system.
const FATAL: [i32; 8] = [
    SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU,
];

/// What continues a program may come with other signals, which another thread may be noting. No person sees 50 ms.
const SETTLING: Duration = Duration::from_millis(50);

/// No prompt waits: a fatal signal ends the program at once.
static ENDS: AtomicBool = AtomicBool::new(true);

pub(super) enum Notice {
    End(i32),
    /// Stop, as at Ctrl-Z.
    Stop,
    /// The program was stopped and goes on; the terminal may have changed meanwhile.
    Continued,
}

/// While it lives, signals are noted instead of obeyed. Ctrl-Z is blocked, not caught: only its default action says SIGTSTP to
/// the shell (148), and no safe function would restore that.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>, SignalFd);

impl Signals {
    pub(super) fn watch() -> io::Result<Self> {
        static REGISTERED: Once = Once::new();
        let mut outcome = Ok(());
        // Handlers can't be taken away: outside of prompts they do what the default is.
        let default = |signal: &i32| register_conditional_default(*signal, &ENDS).map(drop);
        REGISTERED.call_once(|| outcome = FATAL.iter().try_for_each(default));
        outcome?;
        let (read, write) = UnixStream::pair()?;
        let caught = FATAL.iter().chain(&[SIGCONT]);
        let caught = SignalDelivery::with_pipe(read, write, SignalOnly, caught)?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let blocked = SignalFd::with_flags(&stop_signal(), flags)?;
        stop_signal().thread_block()?;
        ENDS.store(false, Ordering::SeqCst);
        Ok(Self(caught, blocked))
    }

    pub(super) fn notice(&mut self) -> Option<Notice> {
        let mut notice = None;
        for signal in self.0.pending() {
            match signal {
                SIGCONT => notice = Some(Notice::Continued),
                fatal => return Some(Notice::End(fatal)),
            }
        }
        // Whoever continues a program clears the stops before.
        match self.1.read_signal() {
            Ok(Some(_)) => Some(Notice::Stop),
            _ => notice,
        }
    }

    /// Waits for input or a signal: what happened to the input.
    pub(super) fn wait(&self, input: &File) -> Result<PollFlags, Errno> {
        let (caught, blocked) = (self.0.get_read().as_fd(), self.1.as_fd());
        let mut waited = [
            PollFd::new(input, PollFlags::IN),
            PollFd::new(&caught, PollFlags::IN),
            PollFd::new(&blocked, PollFlags::IN),
        ];
        poll(&mut waited, None)?;
        Ok(waited[0].revents())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        ENDS.store(true, Ordering::SeqCst);
        if let Some(Notice::End(signal)) = self.notice() {
            end_by(signal);
        }
        let _ = stop_signal().thread_unblock();
    }
}

/// Ends the program as `signal` would have, so that whoever waits for it sees that: a shell shows 128 + the signal's
/// number (130 for Ctrl-C) as `$?` and gives up the script or loop that the program is part of.
pub(super) fn end_by(signal: i32) -> ! {
    let _ = low_level::emulate_default_handler(signal);
    std::process::abort()
}

/// Stops the program by `signal` until it is continued; returns at once where nobody could continue it, as the kernel knows.
pub(super) fn stop(signal: Signal) {
    let _ = stop_signal().thread_unblock();
    let _ = raise(signal);
    thread::sleep(SETTLING);
    let _ = stop_signal().thread_block();
}

fn stop_signal() -> SigSet {
    SigSet::from(Signal::SIGTSTP)
}
