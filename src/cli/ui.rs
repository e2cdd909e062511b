//! What a person sees: log lines on standard error, data on standard output. Decides nothing and reads nothing.
//!
//! The lines are Apptainer's: a padded label, then the text; see docs/compatibility.md.

use std::borrow::Cow;
use std::io;
use std::io::Write;
use std::path::Path;

use rustix::termios::tcgetwinsize;

use crate::cli::advice::RunOptions;
use crate::cli::context::User;
use crate::cli::printable::{printable, printable_lines};
use crate::cli::spinner::Spinner;
use crate::cli::table;

/// How much is said, in Apptainer's numbers (`<COMMAND>_MESSAGELEVEL` takes them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Verbosity(pub(crate) i32);

impl Verbosity {
    pub(crate) const SILENT: Self = Self(-3);
    pub(crate) const QUIET: Self = Self(-1);
    pub(crate) const NORMAL: Self = Self(1);
    pub(crate) const VERBOSE: Self = Self(4);
    pub(crate) const DEBUG: Self = Self(5);
}

#[derive(Clone, Copy)]
enum Kind {
    Fatal,
    Error,
    Warning,
    Info,
    Verbose,
    Debug,
}

impl Kind {
    const fn label(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Verbose => "VERBOSE",
            Self::Debug => "DEBUG",
        }
    }

    const fn shown_from(self) -> Verbosity {
        Verbosity(match self {
            Self::Fatal => -4,
            Self::Error => -3,
            Self::Warning => -2,
            Self::Info => 1,
            Self::Verbose => 2,
            Self::Debug => 5,
        })
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Fatal | Self::Error => "\u{1b}[31m",
            Self::Warning => "\u{1b}[33m",
            Self::Info | Self::Verbose | Self::Debug => "\u{1b}[34m",
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("while writing to standard output: {0}")]
pub(crate) struct OutputError(pub(crate) io::Error);

pub(crate) struct Ui {
    pub(crate) verbosity: Verbosity,
    pub(crate) json: bool,
    pub(crate) no_input: bool,
    pub(crate) said: Said,
    pub(crate) colour: bool,
    pub(crate) stderr_is_terminal: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) user: User,
    pub(crate) command: &'static str,
    pub(crate) options: RunOptions,
}

/// What a command says to a script: one object at its end.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) view: Option<String>,
    pub(crate) messages: Vec<String>,
    pub(crate) files: Vec<String>,
    /// Whether a secret outside of files was stored or removed.
    pub(crate) changed_elsewhere: bool,
    pub(crate) next: Vec<String>,
}

impl Ui {
    pub(crate) fn info(&mut self, text: impl AsRef<str>) {
        if self.json {
            self.said.messages.push(text.as_ref().to_owned());
        } else {
            self.log(Kind::Info, text.as_ref());
        }
    }

    pub(crate) fn changed(&mut self, file: &Path) {
        let file = file.display().to_string();
        if !self.said.files.contains(&file) {
            self.said.files.push(file);
        }
    }

    pub(crate) fn warning(&mut self, text: impl AsRef<str>) {
        self.log(Kind::Warning, text.as_ref());
    }

    pub(crate) fn error(&mut self, text: impl AsRef<str>) {
        self.log(Kind::Error, text.as_ref());
    }

    pub(crate) fn fatal(&mut self, text: impl AsRef<str>) {
        self.log(Kind::Fatal, text.as_ref());
    }

    pub(crate) fn verbose(&mut self, text: impl AsRef<str>) {
        self.log(Kind::Verbose, text.as_ref());
    }

    pub(crate) fn debug(&mut self, text: impl AsRef<str>) {
        self.log(Kind::Debug, text.as_ref());
    }

    pub(crate) fn advice(&mut self, text: &str, is_shown: bool) {
        let text = self.options.complete(text, "");
        if is_shown && self.verbosity >= Kind::Error.shown_from() {
            let indented: String = self
                .safe(&text)
                .lines()
                .map(|line| format!("         {line}\n"))
                .collect();
            // Nobody is left to be told when standard error is closed.
            let _ = io::stderr().write_all(indented.as_bytes());
        }
        self.said.next.push(text);
    }

    pub(crate) fn print(&mut self, text: &str) -> Result<(), OutputError> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(OutputError)
    }

    pub(crate) fn plain(&mut self, text: &str) {
        let text = self.safe(text);
        // Nobody is left to be told when standard error is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// A cell or a word for standard output: untouched in a pipe, unable to steer a terminal.
    pub(crate) fn cell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.stdout_is_terminal {
            printable(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    pub(crate) fn lines<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.stdout_is_terminal {
            printable_lines(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    pub(crate) fn is_for_a_person(&self) -> bool {
        self.stdout_is_terminal
    }

    pub(crate) fn table<const N: usize>(
        &self,
        rows: impl IntoIterator<Item = [impl AsRef<str>; N]>,
    ) -> String {
        let safe = |row: [_; N]| {
            row.each_ref()
                .map(|cell| self.cell(AsRef::as_ref(cell)).into_owned())
        };
        let width = self
            .stdout_is_terminal
            .then(|| tcgetwinsize(io::stdout()).ok())
            .flatten();
        // A terminal that does not know its size says 0.
        let width = width
            .map(|size| usize::from(size.ws_col))
            .filter(|width| *width > 0);
        table::table(&rows.into_iter().map(safe).collect::<Vec<_>>(), width)
    }

    pub(crate) fn spinner(&self, text: impl Into<String>) -> Spinner {
        Spinner::new(
            text.into(),
            self.stderr_is_terminal && self.verbosity >= Verbosity::NORMAL,
        )
    }

    pub(crate) fn prompt_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        printable(text)
    }

    fn safe<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.stderr_is_terminal {
            printable_lines(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    fn log(&mut self, kind: Kind, text: &str) {
        if self.verbosity < kind.shown_from() {
            return;
        }
        let text = self.safe(text.trim_end_matches('\n'));
        // Commands stand below the message, as an advice does.
        let text = self.options.complete(&text, "         ");
        let (colour, plain) = if self.colour {
            (kind.colour(), "\u{1b}[0m")
        } else {
            ("", "")
        };
        let line = if self.verbosity >= Verbosity::DEBUG {
            let process = format!("[U={},P={}]", self.user.id, std::process::id());
            let function = format!("{}()", self.command);
            format!(
                "{colour}{:<8}{plain}{process:<19}{function:<30}{text}\n",
                kind.label()
            )
        } else {
            let label = format!("{}:", kind.label());
            format!("{colour}{label:<8}{plain} {text}\n")
        };
        // Nobody is left to be told when standard error is closed.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
