//! Standard input, which has one owner, and questions to a person (D15 of docs/compatibility.md). Knows no command, no
//! file and no server; what is shown must be fit for a terminal already.
//!
//! Standard input decides: where it is a terminal, the question stands on the terminal itself (never in a pipe) and is
//! answered there; elsewhere nothing is shown, and a secret is one line of standard input.
//!
//! A prompt that waits can be left in any way that ends or stops a program, and the terminal shows what is typed
//! afterwards: Ctrl-C and the other fatal signals end the program by that signal, so that a shell's `$?` is 130 and its
//! loops end too; Ctrl-Z stops it, and the prompt is shown again when it goes on; in the background it stops before it
//! touches the terminal, as any program that reads from one does. Ctrl-D on an empty line is an empty answer.
//!
//! The crate rpassword does not fit. Version 7.5 restores the terminal when its call returns, but raises SIGINT before
//! that, and knows no other signal: Ctrl-C, SIGTERM and an abort leave the terminal hidden. Ctrl-Z does nothing, and a
//! byte that is not UTF-8 can swallow the end of the line.

mod line;
mod signals;
mod terminal;

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::{io, mem};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use thiserror::Error;
use zeroize::Zeroizing;

use self::line::{Extent, SecretBuffer, TypedLine};
use self::signals::{Notice, Signals};
use self::terminal::{Event, Terminal};
use crate::secret::Secret;

/// A line is shorter than this many bytes, as in the reference.
const LINE: usize = 64 * 1024;
/// Everything on standard input has at most this many bytes: 256 times the longest token.
const EVERYTHING: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum PromptError {
    /// Standard input is no terminal, and ends before a secret.
    #[error("no terminal to ask on, and nothing on standard input: give the secret with {flags}")]
    NoInput {
        /// The flags that give it without a prompt.
        flags: &'static str,
    },
    /// A line of 64 KiB or more; the words are the reference's.
    #[error("bufio.Scanner: token too long")]
    LineTooLong,
    /// More than 1 MiB on standard input.
    #[error("standard input is longer than 1 MiB")]
    TooLong,
    /// What was typed or read is no text.
    #[error("the input is not valid UTF-8")]
    NotText,
    /// The terminal went away while the question stood there.
    #[error("the terminal was closed")]
    Closed,
    /// The program runs in the background, and nobody is left who could bring it to the front.
    #[error(
        "a program in the background can't ask for anything: use --tokenfile or --password-stdin"
    )]
    Background,
    /// The terminal can't be used.
    #[error("while asking on {terminal}")]
    Terminal {
        /// Which one.
        terminal: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Standard input can't be read.
    #[error("while reading standard input")]
    Read {
        /// What the system says.
        source: io::Error,
    },
}

/// Standard input. There is one for the whole run, so that nobody swallows what another one waits for.
pub struct Input {
    standard: io::Stdin,
    terminal: bool,
}

/// What came of showing a prompt once.
enum Heard {
    /// An answer, and whether the terminal has shown the end of its line.
    Answer {
        text: SecretBuffer,
        line_ended: bool,
    },
    Notice(Notice),
}

/// How an answer is typed.
#[derive(Clone, Copy)]
enum Manner {
    Shown,
    Hidden(Extent),
}

impl Input {
    /// Takes standard input; reads nothing.
    #[expect(
        clippy::new_without_default,
        reason = "taking standard input is an act, not a default"
    )]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the owner of standard input"
    )]
    pub fn new() -> Self {
        let standard = io::stdin();
        let terminal = standard.is_terminal();
        Self { standard, terminal }
    }

    /// Whether a person can be asked.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Asks for a secret: shows the lines of `introduction` (each with its line end) and `prompt`, and hides what is
    /// typed. `None` when nothing was typed.
    ///
    /// Without a terminal nothing is shown, and one line of standard input is the secret; what follows the line is left
    /// for whoever reads next. An empty one is [`PromptError::NoInput`], which names `flags`.
    pub fn secret(
        &mut self,
        introduction: &str,
        prompt: &str,
        flags: &'static str,
    ) -> Result<Option<Secret>, PromptError> {
        if self.terminal {
            return self
                .ask(introduction, prompt, Manner::Hidden(Extent::Line))?
                .into_secret();
        }
        self.line()?
            .into_secret()?
            .ok_or(PromptError::NoInput { flags })
            .map(Some)
    }

    /// Asks a question whose answer is shown as it is typed; `None` without a terminal.
    ///
    /// The answer is as typed, without the line end; an end of input is an empty one.
    pub fn question(&mut self, question: &str) -> Result<Option<String>, PromptError> {
        if !self.terminal {
            return Ok(None);
        }
        let answer = self.ask("", question, Manner::Shown)?.into_secret()?;
        Ok(Some(
            answer.map_or_else(String::new, |text| text.expose().to_owned()),
        ))
    }

    /// Everything on standard input, for `--password-stdin`, without one final line feed and then one final carriage
    /// return. Empty when there is nothing.
    ///
    /// On a terminal it is typed, hidden, up to Ctrl-D.
    pub fn all(&mut self) -> Result<Secret, PromptError> {
        let mut text = if self.terminal {
            self.ask(
                "",
                "Password or token (hidden, ends with Ctrl-D): ",
                Manner::Hidden(Extent::Everything),
            )?
        } else {
            self.everything()?
        };
        text.trim_one(b'\n');
        text.trim_one(b'\r');
        Ok(text.into_secret()?.unwrap_or_default())
    }

    /// One line of standard input. Read byte by byte: what is read ahead is lost for the next program.
    fn line(&self) -> Result<SecretBuffer, PromptError> {
        let mut text = SecretBuffer::new(LINE - 1);
        let mut byte = Zeroizing::new([0]);
        while self.read(&mut *byte)? > 0 && byte[0] != b'\n' {
            text.push(byte[0]);
            if text.overflowed() {
                return Err(PromptError::LineTooLong);
            }
        }
        text.trim_one(b'\r');
        Ok(text)
    }

    fn everything(&self) -> Result<SecretBuffer, PromptError> {
        let mut text = SecretBuffer::new(EVERYTHING);
        let mut bytes = Zeroizing::new([0; 4096]);
        loop {
            let count = self.read(&mut *bytes)?;
            bytes[..count].iter().for_each(|byte| text.push(*byte));
            if text.overflowed() {
                return Err(PromptError::TooLong);
            }
            if count == 0 {
                return Ok(text);
            }
        }
    }

    /// Reads past the buffer of the standard library, which nobody would wipe.
    fn read(&self, bytes: &mut [u8]) -> Result<usize, PromptError> {
        loop {
            match rustix::io::read(&self.standard, &mut *bytes) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.standard, PollFlags::IN)], None);
                }
                Err(error) => {
                    return Err(PromptError::Read {
                        source: error.into(),
                    });
                }
            }
        }
    }

    /// Asks on the terminal, and again after each stop, until there is an answer.
    fn ask(
        &self,
        introduction: &str,
        prompt: &str,
        manner: Manner,
    ) -> Result<SecretBuffer, PromptError> {
        let terminal = Terminal::open(self.standard.as_fd())?;
        let mut signals = Signals::watch().map_err(|error| terminal.failed(error))?;
        let mut hidden = None;
        let mut shown = format!("{introduction}{prompt}");
        loop {
            let heard = match come_to_the_front(&terminal, &mut signals) {
                Some(notice) => Heard::Notice(notice),
                None => {
                    match (&hidden, manner) {
                        (None, Manner::Hidden(_)) => hidden = Some(terminal.hide()?),
                        (Some(_), _) => terminal.hide_again()?,
                        (None, Manner::Shown) => {}
                    }
                    // The terminal was just set up, so that having been continued before is no news.
                    match signals.notice() {
                        Some(notice @ (Notice::End(_) | Notice::Stop)) => Heard::Notice(notice),
                        Some(Notice::Continued) | None => {
                            let text = mem::replace(&mut shown, format!("\r{prompt}"));
                            listen(&terminal, &mut signals, &text, manner)?
                        }
                    }
                }
            };
            match heard {
                Heard::Answer { text, line_ended } => {
                    if hidden.is_some() {
                        terminal.forget_typed();
                    }
                    drop(hidden);
                    if !line_ended {
                        terminal.end_line();
                    }
                    return if text.overflowed() {
                        Err(manner.too_long())
                    } else {
                        Ok(text)
                    };
                }
                Heard::Notice(Notice::End(signal)) => {
                    drop(hidden);
                    terminal.end_line();
                    signals::end_by(signal);
                }
                Heard::Notice(Notice::Stop) => {
                    hidden = None;
                    signals::stop();
                }
                Heard::Notice(Notice::Continued) => {}
            }
        }
    }
}

impl Manner {
    fn extent(self) -> Extent {
        match self {
            Self::Shown => Extent::Line,
            Self::Hidden(extent) => extent,
        }
    }

    fn limit(self) -> usize {
        match self.extent() {
            Extent::Line => LINE - 1,
            Extent::Everything => EVERYTHING,
        }
    }

    fn too_long(self) -> PromptError {
        match self.extent() {
            Extent::Line => PromptError::LineTooLong,
            Extent::Everything => PromptError::TooLong,
        }
    }
}

/// In the background: stops until a shell brings the program to the front. A signal that ends it is handed back.
///
/// Where nobody could do that, the terminal itself refuses to be used, which is [`PromptError::Background`].
fn come_to_the_front(terminal: &Terminal, signals: &mut Signals) -> Option<Notice> {
    while !terminal.is_ours() {
        signals::stop();
        match signals.notice() {
            Some(end @ Notice::End(_)) => return Some(end),
            Some(Notice::Stop | Notice::Continued) => {}
            None => break,
        }
    }
    None
}

/// Shows the prompt and takes what is typed.
fn listen(
    terminal: &Terminal,
    signals: &mut Signals,
    shown: &str,
    manner: Manner,
) -> Result<Heard, PromptError> {
    terminal.show(shown, signals)?;
    let mut line = TypedLine::new(terminal.keys()?, manner.extent(), manner.limit());
    loop {
        match terminal.next(signals)? {
            Event::Byte(byte) => {
                if line.press(byte) {
                    return Ok(Heard::Answer {
                        text: line.into_text(),
                        line_ended: matches!(manner, Manner::Shown),
                    });
                }
            }
            Event::EndOfInput => {
                return Ok(Heard::Answer {
                    text: line.into_text(),
                    line_ended: false,
                });
            }
            Event::Signal => {
                if let Some(notice) = signals.notice() {
                    return Ok(Heard::Notice(notice));
                }
            }
        }
    }
}
