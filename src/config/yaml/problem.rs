//! What can be wrong with a text, each with its words and its advice. Knows no text: no value gets into a message.

use granit_parser::{ErrorKind, Marker, ScanError};

use super::limits;
use super::lines::lines;
use crate::name::RemoteName;
use crate::suggestion::closest;

/// A place in a text: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Mark {
    pub(super) fn of(offset: usize, text: &str) -> Self {
        let mut mark = Self { line: 1, column: 1 };
        let mut previous = None;
        for character in text
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .map(|(_, character)| character)
        {
            match (previous, character) {
                (Some('\r'), '\n') => {}
                (_, '\n' | '\r') => {
                    mark = Self {
                        line: mark.line + 1,
                        column: 1,
                    }
                }
                _ => mark.column += 1,
            }
            previous = Some(character);
        }
        mark
    }

    fn is_first_of_line(self, text: &str) -> bool {
        let mut lines = lines(text).skip(self.line.saturating_sub(1));
        lines
            .next()
            .is_none_or(|line| line.chars().take(self.column - 1).all(char::is_whitespace))
    }

    /// The first tab that indents a line at or after `self`, where the parser says that one is about to come.
    pub(super) fn of_tab(self, text: &str) -> Self {
        let tab = |line: &str| {
            line.find(|character| character != ' ')
                .filter(|at| line[*at..].starts_with('\t'))
        };
        let mut lines = lines(text).zip(1..).skip(self.line.saturating_sub(1));
        let found = lines.find_map(|(line, number)| {
            tab(line).map(|at| Self {
                line: number,
                column: at + 1,
            })
        });
        found.unwrap_or(self)
    }
}

impl From<Marker> for Mark {
    fn from(marker: Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) mark: Mark,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn of_syntax(error: &ScanError, text: &str) -> Self {
        let mark = Mark::from(*error.marker());
        let problem = match error.kind() {
            ErrorKind::RecursionLimitExceeded => Problem::TooDeep,
            ErrorKind::UnsupportedYamlMajorVersion => {
                Problem::Version("of another major number".to_owned())
            }
            ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => {
                return Problem::Tab.at(mark.of_tab(text));
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar => Problem::Trailing,
            ErrorKind::ExpectedBlockMappingKey if !mark.is_first_of_line(text) => Problem::Trailing,
            kind => Problem::Syntax(kind.clone()),
        };
        problem.at(mark)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Text,
    Flag,
    List,
    Map,
}

impl std::fmt::Display for NodeKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

const TAB_HINT: &str = "a tab can't indent: use blanks";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("the text isn't {0}")]
    Encoding(&'static str),
    #[error("a control character, {}", .0.escape_unicode())]
    ControlCharacter(char),
    #[error("{}", syntax_reason(.0))]
    Syntax(ErrorKind),
    #[error("a tab as indentation")]
    Tab,
    #[error("more text on the line of a value that has ended")]
    Trailing,
    #[error("YAML {0} is declared, and 1.1 is what is read")]
    Version(String),
    #[error("nested deeper than {} levels", limits::DEEPEST)]
    TooDeep,
    #[error("more than {} aliases", limits::MOST_ALIASES)]
    TooManyAliases,
    #[error("more than {} texts, lists and maps", limits::MOST_NODES)]
    TooManyNodes,
    #[error("aliases stand for too much of the document")]
    ExcessiveAliasing,
    #[error("the alias stands inside of its own anchor")]
    SelfReference,
    #[error("a name of {0} bytes: at most {longest} are possible", longest = RemoteName::LONGEST)]
    NameTooLong(usize),
    #[error("unknown key {}{place}", quoted(.key))]
    UnknownKey {
        key: String,
        place: String,
        known: &'static [&'static str],
    },
    #[error("the key {} is already on line {first}", quoted(.key))]
    RepeatedKey { key: String, first: usize },
    #[error("{what} must be {wanted}, not {found}")]
    WrongKind {
        what: String,
        wanted: NodeKind,
        found: NodeKind,
    },
    #[error("{what} must be true or false")]
    NotAFlag { what: String, quoted: bool },
    #[error("{what} is null: {missing}")]
    Null {
        what: String,
        missing: &'static str,
        advice: &'static str,
    },
    #[error("a merge (<<) takes a map or a list of maps")]
    MergeOfNoMap,
    #[error("a key must be a text, not {0}")]
    KeyOfNoText(NodeKind),
    #[error("a text tagged !!null")]
    TextTaggedNull,
    #[error("a text tagged !!binary that isn't base64 of UTF-8")]
    NotBinary,
}

impl Problem {
    pub(super) fn at(self, mark: Mark) -> Fault {
        Fault {
            mark,
            problem: self,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::UnknownKey { key, known, .. } => return Some(known_key_hint(key, known)),
            Self::ControlCharacter(character) => return Some(escape_hint(*character)),
            Self::Null { advice, .. } => advice,
            Self::Syntax(kind) => syntax_hint(kind)?,
            Self::Tab => TAB_HINT,
            Self::Trailing => "quote the whole text, or begin a new line",
            Self::Encoding(_) => "save the file as UTF-8",
            Self::Version(_) => "remove the line %YAML",
            Self::ExcessiveAliasing | Self::TooManyAliases => {
                "write out what the aliases stand for"
            }
            Self::RepeatedKey { .. } => "remove one of the two",
            Self::NotAFlag { quoted: true, .. } => "write true or false without quotes",
            Self::NotAFlag { quoted: false, .. } => "write true or false",
            Self::WrongKind {
                what,
                wanted: NodeKind::Map,
                ..
            } if what == "the file" => "it has the keys Active, Remotes and Credentials",
            Self::WrongKind {
                wanted: NodeKind::Text,
                ..
            } => "quote the text",
            Self::WrongKind {
                wanted: NodeKind::List,
                ..
            } => "begin each item with a dash",
            Self::WrongKind {
                wanted: NodeKind::Map,
                ..
            } => "write its keys below it, or {} for none",
            _ => return None,
        };
        Some(advice.to_owned())
    }
}

/// A key or a name as a message shows it: quoted, escaped, and cut where it is long. One that holds what could be a
/// line of its own may hide a token that slipped in, and is not shown at all.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.contains(['\n', '\r']) || ["Token:", "Auth:"].iter().any(|key| text.contains(key)) {
        return "***".to_owned();
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn known_key_hint(key: &str, known: &[&str]) -> String {
    match (closest(key, known), known) {
        (Some(meant), _) => format!("did you mean \"{meant}\"?"),
        (None, [others @ .., last]) => format!("its keys are {} and {last}", others.join(", ")),
        (None, []) => "it has no keys".to_owned(),
    }
}

fn escape_hint(character: char) -> String {
    match u32::from(character) {
        code @ 0..=0xff => format!("write it in double quotes, as \"\\x{code:02X}\""),
        code => format!("write it in double quotes, as \"\\u{code:04X}\""),
    }
}

fn syntax_reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnexpectedCharacter { character } => {
            format!("a text can't begin with {character:?}")
        }
        ErrorKind::UnknownAnchor => "no anchor of this name stands before the alias".to_owned(),
        ErrorKind::UnclosedQuotedScalar => "the quote isn't closed".to_owned(),
        ErrorKind::UnclosedFlowCollection { open } => format!("the bracket {open:?} isn't closed"),
        ErrorKind::UnknownQuotedScalarEscape => "an unknown escape in double quotes".to_owned(),
        ErrorKind::SimpleKeyExpected => "a key without its colon".to_owned(),
        ErrorKind::MissingAnchorOrAliasName => {
            "the name of an anchor or alias is missing".to_owned()
        }
        kind => kind.to_string(),
    }
}

fn syntax_hint(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInIndentation => TAB_HINT,
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::MissingAnchorOrAliasName => {
            "quote the text"
        }
        ErrorKind::UnknownAnchor => "quote the text if no alias is meant",
        ErrorKind::UnclosedQuotedScalar => "close it, and double or escape a quote inside",
        ErrorKind::UnclosedFlowCollection { .. } => "close it, or quote the text",
        ErrorKind::UnknownQuotedScalarEscape => "write two backslashes, or use single quotes",
        ErrorKind::SimpleKeyExpected => "write KEY: VALUE, with a blank after the colon",
        ErrorKind::MappingValueNotAllowed => {
            "fix the indentation, or quote a text that has a colon"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "begin a list on the next line, or quote the text"
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            "give keys that belong together the same indentation"
        }
        _ => return None,
    })
}
