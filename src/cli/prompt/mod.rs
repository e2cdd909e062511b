//! Standard input, which has one owner, and questions to a person (D15 of docs/compatibility.md). Knows no command, no
//! file and no server; what is shown must be fit for a terminal already.
//!
//! Standard input decides: where it is a terminal, the question stands on the terminal itself (never in a pipe) and is
//! answered there; elsewhere nothing is shown, and a secret is one line of standard input.

mod signals;
mod terminal;

use std::io;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use thiserror::Error;
use zeroize::Zeroizing;

use self::terminal::{Echo, Prompt};
use crate::secret::Secret;

/// A line is shorter than this many bytes, as in the reference.
const LINE: usize = 64 * 1024;
/// Everything on standard input has at most this many bytes: 256 times the longest token.
const EVERYTHING: usize = 1024 * 1024;

#[derive(Debug, Error)]
pub enum PromptError {
    /// Standard input is no terminal, and ends before a secret.
    #[error("no terminal to ask on, and nothing on standard input: give the secret with {flags}")]
    NoInput { flags: &'static str },
    #[error("nothing is asked for with --no-input: give the secret with {flags}")]
    NotAsked { flags: &'static str },
    /// A line of 64 KiB or more; the words are the reference's.
    #[error("bufio.Scanner: token too long")]
    LineTooLong,
    #[error("standard input is longer than 1 MiB")]
    TooLong,
    #[error("the input is not valid UTF-8")]
    NotText,
    #[error("the terminal was closed")]
    Closed,
    /// The program runs in the background, and no shell could bring it to the front.
    #[error(
        "a program in the background can't ask for anything: use --tokenfile or --password-stdin"
    )]
    Background,
    #[error("while asking on the terminal")]
    Terminal(#[source] io::Error),
    #[error("while reading standard input")]
    Read(#[source] io::Error),
}

/// Standard input. There is one for the whole run, so that nobody swallows what another one waits for.
pub struct Input {
    standard: io::Stdin,
    terminal: bool,
    is_closed: bool,
}

impl Input {
    /// Takes standard input; reads nothing. With `no_input` it is only read by [`all`](Self::all).
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the owner of standard input"
    )]
    pub fn new(no_input: bool) -> Self {
        let standard = io::stdin();
        let terminal = standard.is_terminal();
        Self {
            standard,
            terminal,
            is_closed: no_input,
        }
    }

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
        if self.is_closed {
            return Err(PromptError::NotAsked { flags });
        }
        if self.terminal {
            let prompt = self.ask(introduction, prompt, Echo::Hidden)?;
            // A paste may begin with a line break.
            let text = loop {
                let line = prompt.line()?;
                if line.as_ref().is_none_or(|line| !line.is_empty()) || !prompt.has_more() {
                    break line.unwrap_or_default();
                }
            };
            return match text.len() {
                0 => Ok(None),
                LINE.. => Err(PromptError::LineTooLong),
                _ => Ok(Some(Secret::new(text))),
            };
        }
        let mut line = self.read(LINE - 1, Some(b'\n'))?;
        line.pop_if(|last| *last == b'\r');
        match secret(&line)? {
            line if line.is_empty() => Err(PromptError::NoInput { flags }),
            line => Ok(Some(line)),
        }
    }

    /// Asks a question whose answer is shown as it is typed; `None` without a terminal.
    ///
    /// The answer is as typed, without the line end; an end of input is an empty one.
    pub fn question(&mut self, question: &str) -> Result<Option<String>, PromptError> {
        if !self.terminal || self.is_closed {
            return Ok(None);
        }
        Ok(self
            .ask("", question, Echo::Shown)?
            .line()?
            .or_else(|| Some(String::new())))
    }

    /// Everything on standard input, for `--password-stdin`, without one final line feed and then one final carriage
    /// return. Empty when there is nothing.
    ///
    /// On a terminal it is typed, hidden, up to Ctrl-D.
    pub fn all(&mut self) -> Result<Secret, PromptError> {
        let mut text = if self.terminal {
            let prompt = "Password or token (hidden, ends with Ctrl-D): ";
            let prompt = self.ask("", prompt, Echo::HiddenToTheEnd)?;
            let mut text = Zeroizing::new(Vec::with_capacity(EVERYTHING));
            while let Some(line) = prompt.line()?.map(Zeroizing::new) {
                if text.len() + line.len() >= EVERYTHING {
                    return Err(PromptError::TooLong);
                }
                text.extend_from_slice(line.as_bytes());
                if prompt.ended.get() {
                    break;
                }
                text.push(b'\n');
            }
            text
        } else {
            self.read(EVERYTHING, None)?
        };
        text.pop_if(|last| *last == b'\n');
        text.pop_if(|last| *last == b'\r');
        secret(&text)
    }

    /// At most `limit` bytes of standard input. Up to the byte `end` it is read byte by byte: what is read ahead is lost for
    /// the next program. Past the buffer of the standard library, which nobody would wipe.
    fn read(&self, limit: usize, end: Option<u8>) -> Result<Zeroizing<Vec<u8>>, PromptError> {
        let mut text = Zeroizing::new(Vec::with_capacity(limit));
        let mut bytes = Zeroizing::new([0; 4096]);
        let step = if end.is_some() { 1 } else { bytes.len() };
        loop {
            let count = match rustix::io::read(&self.standard, &mut bytes[..step]) {
                Ok(count) => count,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.standard, PollFlags::IN)], None);
                    continue;
                }
                Err(error) => return Err(PromptError::Read(error.into())),
            };
            if count == 0 || end == Some(bytes[0]) {
                return Ok(text);
            }
            if text.len() + count > limit {
                return Err(end.map_or(PromptError::TooLong, |_| PromptError::LineTooLong));
            }
            text.extend_from_slice(&bytes[..count]);
        }
    }

    fn ask(
        &self,
        introduction: &str,
        prompt: &str,
        answer: Echo,
    ) -> Result<Rc<Prompt>, PromptError> {
        Prompt::show(self.standard.as_fd(), introduction, prompt, answer)
    }
}

fn secret(text: &[u8]) -> Result<Secret, PromptError> {
    std::str::from_utf8(text)
        .map(Secret::new)
        .map_err(|_| PromptError::NotText)
}
