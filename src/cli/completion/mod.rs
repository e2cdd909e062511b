//! What could stand at the cursor, for the shells' scripts of `completions`: from a command line to lines of candidates.
//!
//! Reads the files that the line means, creates nothing, asks no server, and complains of nothing: whoever presses Tab wants
//! no message.

mod line;
mod position;
mod values;

use std::ffi::OsString;
use std::fmt::Write as _;

use position::Position;
use values::Offer;

use crate::cli::completion::line::Line;
use crate::cli::context::Environment;
use crate::cli::failure::Outcome;
use crate::cli::prompt::Input;
use crate::cli::ui::Ui;
use crate::text::is_hidden;

/// The hidden word behind the program's name by which the scripts ask.
const WORD: &str = "complete";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    value: String,
    about: String,
}

impl Candidate {
    fn new(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            about: about.into(),
        }
    }
}

/// Whether the words behind the program's name are a script's question; what a person types by mistake is not.
pub(crate) fn is_question(words: &[OsString]) -> bool {
    words.len() == 3 && words[0] == WORD
}

/// Answers a script. `asked` is the shell and, for bash, its COMP_WORDBREAKS. Standard input is the line up to the cursor; for
/// zsh and fish its words, the program's name first, each with a NUL behind it. It is not among the arguments because those
/// are everybody's to read, and a line can hold a password.
///
/// The first line of the answer is `words`, `files` or `directories`; candidates follow, for zsh and fish with a tab and what
/// they are.
pub(crate) fn run(
    asked: &[OsString],
    tree: &clap::Command,
    environment: &Environment,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let asked: Vec<String> = asked
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let input = Input::new(false).all()?;
    let answer = match asked
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["bash", breaks] => for_bash(&Line::parse(input.expose(), breaks), tree, environment),
        ["zsh" | "fish", _] => {
            let mut words: Vec<&str> = input.expose().split_terminator('\0').collect();
            let current = words.pop().unwrap_or_default();
            let (offer, candidates) = offered(&words, current, tree, environment);
            let rows = candidates
                .iter()
                .map(|candidate| format!("{}\t{}", candidate.value, candidate.about));
            lines(offer, rows)
        }
        _ => String::new(),
    };
    ui.print(&answer)?;
    Ok(Outcome::Done)
}

fn for_bash(line: &Line, tree: &clap::Command, environment: &Environment) -> String {
    if line.is_redirected {
        return lines("files", std::iter::empty());
    }
    let words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    let (offer, candidates) = offered(&words, &line.current, tree, environment);
    let fitting = candidates
        .iter()
        .filter(|candidate| candidate.value.starts_with(&line.current));
    lines(offer, fitting.map(|candidate| line.reply(&candidate.value)))
}

fn lines(offer: &str, rows: impl Iterator<Item = String>) -> String {
    let mut text = format!("{offer}\n");
    for row in rows {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{row}");
    }
    text
}

/// What is offered for the word `current` behind `words`. Nothing that could steer a terminal or pass for a flag.
fn offered(
    words: &[&str],
    current: &str,
    tree: &clap::Command,
    environment: &Environment,
) -> (&'static str, Vec<Candidate>) {
    let is_assignment = |word: &&&str| {
        word.split_once('=')
            .is_some_and(|(name, _)| is_variable(name))
    };
    let assignments = words.iter().take_while(is_assignment).count();
    let position = Position::find(
        tree,
        words.get(assignments + 1..).unwrap_or_default(),
        current,
    );
    let mut candidates = match values::offer(&position, environment) {
        Offer::Files => return ("files", Vec::new()),
        Offer::Directories => return ("directories", Vec::new()),
        Offer::Words(candidates) => candidates,
    };
    candidates.retain(|Candidate { value, about }| {
        !value.is_empty() && !value.contains(is_hidden) && !about.contains(is_hidden)
    });
    for candidate in &mut candidates {
        candidate.value.insert_str(0, position.prefix);
    }
    ("words", candidates)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
