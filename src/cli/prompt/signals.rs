//! Signals while a prompt waits. Knows no terminal.
//!
//! Outside of a prompt each signal does what it would do by default. While one waits, signals are only noted, so that
//! the terminal is put right before the program ends or stops.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{io, thread};

use rustix::process::{getpid, getsid};
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGUSR1, SIGUSR2, SIGXCPU,
};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use signal_hook::low_level;

/// The signals that end a program and can come from a person, a shell or a batch system.
const FATAL: [i32; 8] = [
    SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU,
];

/// What continued a program may have come with other signals, and other threads may be noting them at this moment. No
/// person sees 50 ms.
const SETTLING: Duration = Duration::from_millis(50);

/// No prompt waits: a fatal signal ends the program at once.
static ENDS: AtomicBool = AtomicBool::new(true);
/// No prompt waits, and somebody is there who could continue a stopped program.
static STOPS: AtomicBool = AtomicBool::new(false);

/// What the signals since the last look ask for.
#[derive(Clone, Copy)]
pub(super) enum Notice {
    /// End by this signal.
    End(i32),
    /// Stop, as at Ctrl-Z.
    Stop,
    /// The program was stopped and goes on; the terminal may have changed meanwhile.
    Continued,
}

/// While it lives, signals are noted instead of obeyed.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    pub(super) fn watch() -> io::Result<Self> {
        obey_outside_of_prompts()?;
        let (read, write) = UnixStream::pair()?;
        let all = FATAL.iter().chain(&[SIGTSTP, SIGCONT]);
        let signals = Self(SignalDelivery::with_pipe(read, write, SignalOnly, all)?);
        ENDS.store(false, Ordering::SeqCst);
        STOPS.store(false, Ordering::SeqCst);
        Ok(signals)
    }

    /// What came since the last look. Who continues a program wants it to go on: a stop just before is over.
    pub(super) fn notice(&mut self) -> Option<Notice> {
        let mut notice = None;
        for signal in self.0.pending() {
            match (signal, notice) {
                (SIGCONT, _) => notice = Some(Notice::Continued),
                (SIGTSTP, None) => notice = Some(Notice::Stop),
                (SIGTSTP, _) => {}
                (fatal, _) => return Some(Notice::End(fatal)),
            }
        }
        notice
    }
}

impl AsFd for Signals {
    /// Becomes readable when there is something to notice.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        ENDS.store(true, Ordering::SeqCst);
        // Nobody outside of a session could continue its leader. The kernel does not stop one at Ctrl-Z either.
        STOPS.store(
            getsid(None).is_ok_and(|session| session != getpid()),
            Ordering::SeqCst,
        );
        if let Some(Notice::End(signal)) = self.notice() {
            end_by(signal);
        }
    }
}

/// Ends the program as `signal` would have, so that whoever waits for it sees that: a shell shows 128 + the signal's
/// number (130 for Ctrl-C) as `$?` and gives up the script or loop that the program is part of; for Python's
/// `subprocess` the return code is the negative number (-2).
pub(super) fn end_by(signal: i32) -> ! {
    let _ = low_level::emulate_default_handler(signal);
    std::process::abort()
}

/// Stops the program until it is continued; at once over when nobody could continue it, which the kernel knows.
///
/// SIGTSTP has a handler here, and no safe way back to its default; SIGTTIN has none, stops the same, and says "waits
/// for the terminal".
pub(super) fn stop() {
    let _ = low_level::raise(SIGTTIN);
    thread::sleep(SETTLING);
}

/// The handlers can't be taken away once they are there, so outside of prompts they do what the default is.
fn obey_outside_of_prompts() -> io::Result<()> {
    static REGISTERED: Once = Once::new();
    let mut outcome = Ok(());
    REGISTERED.call_once(|| {
        outcome = FATAL
            .iter()
            .try_for_each(|signal| register_conditional_default(*signal, &ENDS).map(drop))
            .and_then(|()| register_conditional_default(SIGTSTP, &STOPS).map(drop));
    });
    outcome
}
