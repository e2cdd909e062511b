//! From an error to a message, its advice and the exit code: no other file knows an exit code.
//!
//! The first line is Apptainer's where it has one; advice follows on lines of its own (D18, D19 of
//! docs/compatibility.md).

use std::error::Error;
use std::process::ExitCode;
use std::{fmt, io};

use crate::cli::json;
use crate::cli::json::Failure;
use crate::cli::prompt::PromptError;
use crate::cli::ui::{OutputError, Ui};
use crate::config::change::ChangeError;
use crate::config::policy::PolicyRefusal;
use crate::config::store::{LayerFileError, ReadError};
use crate::credentials::helper::{HelperError, HelperFault};
use crate::disk::DiskError;
use crate::service::discovery::DiscoveryError;
use crate::service::http::HttpError;
use crate::service::registry::login::LoginError;
use crate::service::token::TokenError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    WouldChange,
    Warnings,
    Child(u8),
}

impl Outcome {
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::WouldChange => 2,
            Self::Warnings => 3,
            Self::Child(code) => code,
        }
    }
}

/// Apptainer's exit code for whatever is fatal.
const FATAL: u8 = 255;
/// Its exit code for a wrong command line.
const USAGE: u8 = 1;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

#[derive(Debug)]
struct Advised {
    error: anyhow::Error,
    advice: Advice,
}

/// What to do next. Words that Apptainer has no room for are for a person at a terminal alone, unless the message
/// itself differs from Apptainer's.
#[derive(Debug)]
enum Advice {
    Always(String),
    OnTerminal(String),
}

impl fmt::Display for Advised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, formatter)
    }
}

impl Error for Advised {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

pub(crate) trait Advise {
    fn advise(self, advice: impl Into<String>) -> anyhow::Error;
    /// Advice for a person at a terminal; scripts get Apptainer's message alone.
    fn advise_person(self, advice: impl Into<String>) -> anyhow::Error;
}

impl<E: Into<anyhow::Error>> Advise for E {
    fn advise(self, advice: impl Into<String>) -> anyhow::Error {
        Advised {
            error: self.into(),
            advice: Advice::Always(advice.into()),
        }
        .into()
    }

    fn advise_person(self, advice: impl Into<String>) -> anyhow::Error {
        Advised {
            error: self.into(),
            advice: Advice::OnTerminal(advice.into()),
        }
        .into()
    }
}

pub(crate) fn conclude(result: anyhow::Result<Outcome>, ui: &mut Ui) -> ExitCode {
    let concluded = result.and_then(|outcome| {
        // What `exec` ran has said what it had to say.
        if ui.json && !matches!(outcome, Outcome::Child(_)) {
            json::conclude(None, ui)?;
        }
        Ok(outcome)
    });
    let error = match concluded {
        Ok(outcome) => return ExitCode::from(outcome.code()),
        Err(error) => error,
    };
    if is_closed_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    if let Some(usage) = error.downcast_ref::<UsageError>() {
        ui.plain(&format!("{usage}\n"));
        print_failure("usage", usage.to_string(), ui);
        return ExitCode::from(USAGE);
    }
    ui.fatal(format!("{error:#}"));
    ui.said.next.clear();
    print_advice(&error, ui);
    let is_missing_helper = |cause: &(dyn Error + 'static)| {
        let helper = cause.downcast_ref::<HelperError>();
        helper.is_some_and(|helper| matches!(helper.fault, HelperFault::Missing(_)))
    };
    if error.chain().any(is_missing_helper) {
        let advice = "Install it, or remove its name from the file. To see which file names it:\n  portolan remote doctor";
        ui.advice(advice, ui.stderr_is_terminal);
    }
    print_failure(kind(&error), format!("{error:#}"), ui);
    ExitCode::from(FATAL)
}

fn print_failure(kind: &'static str, message: String, ui: &mut Ui) {
    if ui.json {
        let next = std::mem::take(&mut ui.said.next);
        let failure = Failure {
            kind,
            message,
            next,
        };
        // Standard error has said it, and the exit code does.
        let _ = json::conclude(Some(failure), ui);
    }
}

/// The fixed word for what went wrong, of docs/reference.md.
fn kind(error: &anyhow::Error) -> &'static str {
    let word = error.chain().find_map(|cause| {
        if let Some(advised) = cause.downcast_ref::<Advised>() {
            return Some(kind(&advised.error));
        }
        if let Some(change) = cause.downcast_ref::<ChangeError>() {
            return Some(match change {
                ChangeError::NoSuchRemote(_) => "not-found",
                ChangeError::Gone(_) | ChangeError::Moved { .. } => "changed-meanwhile",
                _ => "refused",
            });
        }
        let is_file =
            cause.is::<DiskError>() || cause.is::<ReadError>() || cause.is::<LayerFileError>();
        let is_server = cause.is::<HttpError>()
            || cause.is::<DiscoveryError>()
            || cause.is::<TokenError>()
            || cause.is::<LoginError>();
        match () {
            () if cause.is::<PolicyRefusal>() => Some("refused"),
            () if cause.is::<PromptError>() => Some("no-secret"),
            () if is_file => Some("file"),
            () if is_server => Some("server"),
            () => None,
        }
    });
    word.unwrap_or("failed")
}

/// Tells a wrong command line and its exit code; help and version that were asked for are no error.
///
/// `command` is the one that was meant, as far as the words name one.
pub(crate) fn conclude_usage(
    error: &clap::Error,
    command: &mut clap::Command,
    ui: &mut Ui,
) -> ExitCode {
    if !error.use_stderr() {
        ui.json = false;
        return conclude(
            ui.print(&error.to_string())
                .map(|()| Outcome::Done)
                .map_err(Into::into),
            ui,
        );
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (reason, rest) = text
        .split_once("\n\nUsage:")
        .unwrap_or((text.trim_end(), ""));
    let reason = reason
        .trim_end()
        .trim_end_matches("For more information, try '--help'.")
        .trim_end();
    // Some kinds of errors come without the usage line.
    let usage = if rest.is_empty() {
        command.render_usage().to_string()
    } else {
        format!("Usage:{rest}")
    };
    let usage = usage
        .trim_end()
        .trim_end_matches("For more information, try '--help'.")
        .trim_end();
    let name = command.get_name();
    ui.said.next.push(usage.to_owned());
    print_failure("usage", reason.to_owned(), ui);
    ui.plain(&format!(
        "Error for command \"{name}\": {reason}\n\n{usage}\n\nFor more information, try '--help'.\n"
    ));
    ExitCode::from(USAGE)
}

pub(crate) fn print_advice(error: &anyhow::Error, ui: &mut Ui) {
    let Some(advised) = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Advised>())
    else {
        return;
    };
    // What was advised first stands innermost.
    print_advice(&advised.error, ui);
    match &advised.advice {
        Advice::Always(advice) => ui.advice(advice, true),
        Advice::OnTerminal(advice) => ui.advice(advice, ui.stderr_is_terminal),
    }
}

/// Whoever reads our output went away: there is nothing to tell, and nobody.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let output = error.downcast_ref::<OutputError>();
    output.is_some_and(|OutputError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}
