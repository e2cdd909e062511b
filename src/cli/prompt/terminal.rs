//! The terminal of a prompt: shown text, typed bytes, and hiding them. Knows nothing of what is asked.
//!
//! However a prompt ends, the settings that were found are restored: by [`Hidden`] when it goes out of scope, and by a
//! panic hook, since a program that aborts at a panic drops nothing.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::{io, panic};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcgetattr,
    tcsetattr,
};

use super::PromptError;
use super::line::Keys;
use super::signals::Signals;

/// The terminal that hides what is typed, and its settings before.
static HIDDEN: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// The terminal that a person sits at.
pub(super) struct Terminal {
    device: OwnedFd,
    name: &'static str,
}

/// What came from a terminal.
pub(super) enum Event {
    Byte(u8),
    /// The end of input, typed where the terminal edits lines itself.
    EndOfInput,
    /// A signal is to be noticed first.
    Signal,
}

impl Terminal {
    /// The controlling terminal; in a session that has none (`su -c`), the terminal that `standard_input` is.
    pub(super) fn open(standard_input: BorrowedFd<'_>) -> Result<Self, PromptError> {
        // Not blocking, so that a stopped output (Ctrl-S) can't keep a signal from being obeyed.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        if let Ok(device) = rustix::fs::open("/dev/tty", flags, Mode::empty()) {
            return Ok(Self {
                device,
                name: "/dev/tty",
            });
        }
        let name = "the terminal of standard input";
        let device =
            standard_input
                .try_clone_to_owned()
                .map_err(|source| PromptError::Terminal {
                    terminal: name,
                    source,
                })?;
        Ok(Self { device, name })
    }

    /// An error of this terminal.
    pub(super) fn failed(&self, source: impl Into<io::Error>) -> PromptError {
        let source = source.into();
        if self.is_closed() {
            PromptError::Closed
        } else if source.raw_os_error() == Some(Errno::IO.raw_os_error()) && !self.is_ours() {
            PromptError::Background
        } else {
            PromptError::Terminal {
                terminal: self.name,
                source,
            }
        }
    }

    /// Whether this program may use the terminal now: in the background it belongs to another one.
    pub(super) fn is_ours(&self) -> bool {
        is_ours(&self.device)
    }

    /// Shows `text`; gives up when a signal is to be noticed before all of it could be shown.
    pub(super) fn show(&self, text: &str, signals: &Signals) -> Result<(), PromptError> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.device, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if self.wait(PollFlags::OUT, signals)? {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    /// Ends the line that a prompt stands on, if the terminal takes it at once.
    pub(super) fn end_line(&self) {
        if self.is_ours() {
            let _ = rustix::io::write(&self.device, b"\n");
        }
    }

    /// Waits for the next byte, or a signal.
    pub(super) fn next(&self, signals: &Signals) -> Result<Event, PromptError> {
        loop {
            if self.wait(PollFlags::IN, signals)? {
                return Ok(Event::Signal);
            }
            let mut byte = [0];
            match rustix::io::read(&self.device, &mut byte) {
                Ok(0) if self.is_closed() => return Err(PromptError::Closed),
                Ok(0) => return Ok(Event::EndOfInput),
                Ok(_) => return Ok(Event::Byte(byte[0])),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// The keys that this terminal edits lines with.
    pub(super) fn keys(&self) -> Result<Keys, PromptError> {
        let codes = tcgetattr(&self.device)
            .map_err(|error| self.failed(error))?
            .special_codes;
        Ok(Keys {
            erase: codes[SpecialCodeIndex::VERASE],
            erase_word: codes[SpecialCodeIndex::VWERASE],
            erase_line: codes[SpecialCodeIndex::VKILL],
            take_literally: codes[SpecialCodeIndex::VLNEXT],
            end_of_input: codes[SpecialCodeIndex::VEOF],
        })
    }

    /// Hides what is typed, until the guard is dropped.
    pub(super) fn hide(&self) -> Result<Hidden, PromptError> {
        restore_on_panic();
        let found = tcgetattr(&self.device).map_err(|error| self.failed(error))?;
        let device = self
            .device
            .try_clone()
            .map_err(|error| self.failed(error))?;
        *hidden() = Some((device, found.clone()));
        let guard = Hidden(());
        self.change(&hiding(found))?;
        Ok(guard)
    }

    /// Hides what is typed once more, after somebody else may have changed the settings; they are not what is restored.
    pub(super) fn hide_again(&self) -> Result<(), PromptError> {
        let found = tcgetattr(&self.device).map_err(|error| self.failed(error))?;
        self.change(&hiding(found))
    }

    /// Throws away what was typed and not read. The rest of a paste would go to the shell, be shown, and be run.
    pub(super) fn forget_typed(&self) {
        let _ = termios::tcflush(&self.device, QueueSelector::IFlush);
    }

    /// Whether the terminal went away: no end of input can follow.
    fn is_closed(&self) -> bool {
        let mut waited = [PollFd::new(&self.device, PollFlags::IN)];
        poll(&mut waited, Some(&Timespec::default())).is_ok()
            && waited[0].revents().contains(PollFlags::HUP)
    }

    fn change(&self, settings: &Termios) -> Result<(), PromptError> {
        tcsetattr(&self.device, OptionalActions::Now, settings).map_err(|error| self.failed(error))
    }

    /// Waits for `wanted` or a signal; `true` for a signal.
    fn wait(&self, wanted: PollFlags, signals: &Signals) -> Result<bool, PromptError> {
        loop {
            let mut waited = [
                PollFd::new(&self.device, wanted),
                PollFd::new(signals, PollFlags::IN),
            ];
            match poll(&mut waited, None) {
                Ok(_) => return Ok(!waited[1].revents().is_empty()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }
}

/// While it lives, what is typed is not shown.
pub(super) struct Hidden(());

impl Drop for Hidden {
    fn drop(&mut self) {
        restore(hidden());
    }
}

/// The settings for a hidden line: no echo, bytes as they come, and Ctrl-C and Ctrl-Z still signals of the terminal.
fn hiding(mut settings: Termios) -> Termios {
    settings.local_modes -=
        LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::IEXTEN;
    settings.local_modes |= LocalModes::ISIG;
    settings.input_modes -= InputModes::IGNCR | InputModes::INLCR;
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    settings
}

fn hidden() -> MutexGuard<'static, Option<(OwnedFd, Termios)>> {
    HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore(mut hidden: MutexGuard<'_, Option<(OwnedFd, Termios)>>) {
    if let Some((device, found)) = hidden.take() {
        // In the background the settings are the shell's, and to change them would stop this program for good.
        if is_ours(&device) {
            let _ = tcsetattr(&device, OptionalActions::Now, &found);
        }
    }
}

/// A terminal that belongs to no session, or another one, is taken for ours: nobody stops us there.
fn is_ours(device: &OwnedFd) -> bool {
    termios::tcgetpgrp(device).map_or(true, |group| group == getpgrp())
}

fn restore_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if let Ok(hidden) = HIDDEN.try_lock() {
                restore(hidden);
            }
            next(panic);
        }));
    });
}
