//! The guard of a prompt: it opens the terminal, hides what is typed, lets rpassword edit it, and restores the terminal however
//! the prompt ends. Knows nothing of what is asked.
//!
//! rpassword by itself knows Ctrl-C only, and leaves the terminal hidden then. Here the terminal's signals stay on: the fatal
//! ones end the program by that signal; Ctrl-Z stops it, and the prompt is shown again when it goes on; in the background it
//! stops before it touches the terminal. Hidden lines are not edited by the kernel, which passes on at most 4,095 bytes of one.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::{io, panic};

use nix::sys::signal::Signal;
use rpassword::{ConfigBuilder, read_password_with_config};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
    tcgetpgrp, tcsetattr,
};

use super::PromptError;
use super::signals::{Notice, Signals, end_by, stop};

/// The terminal that hides what is typed, and its settings before.
static HIDDEN: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// What is pasted arrives within this time.
const PASTE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// The keys for "forget the line" and "no line", as rpassword knows them.
const CTRL_U: u8 = 0x15;
const CTRL_D: u8 = 0x04;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    Shown,
    Hidden,
    HiddenToTheEnd,
}

pub(super) struct Prompt {
    terminal: File,
    prompt: String,
    answer: Echo,
    signals: RefCell<Signals>,
    pub(super) ended: Cell<bool>,
}

impl Prompt {
    /// Shows a prompt on the controlling terminal; in a session that has none (`su -c`), on the terminal of standard input.
    pub(super) fn show(
        standard_input: BorrowedFd<'_>,
        introduction: &str,
        prompt: &str,
        answer: Echo,
    ) -> Result<Rc<Self>, PromptError> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty())
            .or_else(|_| standard_input.try_clone_to_owned())
            .map_err(PromptError::Terminal)?;
        restore_on_panic();
        let prompt = Self {
            terminal: File::from(terminal),
            prompt: prompt.to_owned(),
            answer,
            signals: RefCell::new(Signals::watch().map_err(PromptError::Terminal)?),
            ended: Cell::new(false),
        };
        prompt.appear(introduction)?;
        Ok(Rc::new(prompt))
    }

    /// A line, without its end; `None` for Ctrl-D at its start.
    pub(super) fn line(self: &Rc<Self>) -> Result<Option<String>, PromptError> {
        let keys = ConfigBuilder::new().input_reader(Keys(Rc::clone(self)));
        match read_password_with_config(keys.output_discard().build()) {
            Ok(line) if line.contains(char::REPLACEMENT_CHARACTER) => Err(PromptError::NotText),
            Ok(line) => Ok(Some(line)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.downcast().unwrap_or_else(PromptError::Terminal)),
        }
    }

    pub(super) fn has_more(&self) -> bool {
        let mut waited = [PollFd::new(&self.terminal, PollFlags::IN)];
        poll(&mut waited, Some(&PASTE)).is_ok_and(|ready| ready > 0)
    }

    /// Waits in the background until a shell brings the program to the front; then hides, and shows the prompt.
    fn appear(&self, before: &str) -> Result<(), PromptError> {
        loop {
            while !is_ours(&self.terminal) {
                stop(Signal::SIGTTIN);
                if self.notice().is_none() {
                    // Nobody could continue the program, and the terminal refuses to be used.
                    break;
                }
            }
            self.hide()?;
            match self.notice() {
                Some(Notice::Stop) => self.stop(),
                // It is no news: the terminal was just set up.
                _ => return self.write(&format!("{before}{}", self.prompt)),
            }
        }
    }

    fn notice(&self) -> Option<Notice> {
        let notice = self.signals.borrow_mut().notice();
        if let Some(Notice::End(signal)) = notice {
            restore();
            self.end_line();
            end_by(signal);
        }
        notice
    }

    fn stop(&self) {
        restore();
        stop(Signal::SIGTSTP);
    }

    /// The next key; none at an end of input. After a stop the line begins anew.
    fn key(&self) -> Result<Option<u8>, PromptError> {
        loop {
            if let Some(notice) = self.notice() {
                if matches!(notice, Notice::Stop) {
                    self.stop();
                }
                self.appear("\r")?;
                return Ok(Some(CTRL_U));
            }
            let ready = match self.signals.borrow().wait(&self.terminal) {
                Err(Errno::INTR) => continue,
                ready => ready.map_err(|error| self.failed(error.into()))?,
            };
            if ready.contains(PollFlags::HUP) {
                return Err(PromptError::Closed);
            }
            let mut byte = [0];
            if ready.contains(PollFlags::IN) {
                return match (&self.terminal).read(&mut byte) {
                    Ok(0) => Ok(None),
                    // Ctrl-D that was typed before the line was hidden.
                    Ok(_) if byte[0] == 0 => Ok(Some(CTRL_D)),
                    Ok(_) => Ok(Some(byte[0])),
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(self.failed(error)),
                };
            }
        }
    }

    /// Hides what is typed. The settings that are restored are those before it was hidden first.
    fn hide(&self) -> Result<(), PromptError> {
        if self.answer == Echo::Shown {
            return Ok(());
        }
        let failed = |error: Errno| self.failed(error.into());
        let mut settings = tcgetattr(&self.terminal).map_err(failed)?;
        let terminal = self.terminal.try_clone().map_err(PromptError::Terminal)?;
        hidden().get_or_insert((terminal, settings.clone()));
        settings.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::IEXTEN;
        settings.local_modes |= LocalModes::ISIG;
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.terminal, OptionalActions::Now, &settings).map_err(failed)
    }

    fn write(&self, text: &str) -> Result<(), PromptError> {
        let written = (&self.terminal).write_all(text.as_bytes());
        written.map_err(|error| self.failed(error))
    }

    fn end_line(&self) {
        if is_ours(&self.terminal) {
            let _ = self.write("\n");
        }
    }

    fn failed(&self, error: io::Error) -> PromptError {
        match Errno::from_io_error(&error) {
            Some(Errno::IO) if !is_ours(&self.terminal) => PromptError::Background,
            _ => PromptError::Terminal(error),
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        if self.answer != Echo::Shown {
            // The rest of a paste would be shown, and run by the shell.
            let _ = tcflush(&self.terminal, QueueSelector::IFlush);
            restore();
            self.end_line();
        } else if self.ended.get() {
            self.end_line();
        }
    }
}

struct Keys(Rc<Prompt>);

impl Read for Keys {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let key = self.0.key().map_err(io::Error::other)?;
        let is_end = key == Some(CTRL_D) && self.0.answer == Echo::HiddenToTheEnd;
        if let Some(key) = key.filter(|_| !is_end) {
            buffer[0] = key;
            return Ok(1);
        }
        self.0.ended.set(true);
        Ok(0)
    }
}

fn hidden() -> MutexGuard<'static, Option<(File, Termios)>> {
    HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore() {
    // In the background the settings are the shell's, and to change them would stop this program for good.
    if let Some((terminal, found)) = hidden().take().filter(|(terminal, _)| is_ours(terminal)) {
        let _ = tcsetattr(&terminal, OptionalActions::Now, &found);
    }
}

/// A terminal that belongs to no session, or another one, is taken for ours: nobody stops us there.
fn is_ours(terminal: &File) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

fn restore_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            next(panic);
        }));
    });
}
