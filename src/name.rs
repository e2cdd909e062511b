//! A remote's name. Knows no file and no layer. The rule for new names is D17 of docs/compatibility.md.

use std::fmt;

use crate::text::{Quoted, ShellWord, is_hidden};

/// A remote's name: one that was checked for a new remote, or any text that a file has or a user asks for.
///
/// Names compare and sort by their bytes. `Display` escapes what could steer a terminal or break a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteName(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("invalid name: cannot have empty name")]
    Empty,
    /// A blank before or after the name, which no table shows.
    #[error("invalid name {}: it begins or ends with a blank", Quoted(.0))]
    SurroundingBlanks(String),
    /// A control character, which could steer a terminal.
    #[error("invalid name {}: it has a control character", Quoted(.0))]
    ControlCharacter(String),
    #[error("invalid name: it has {0} bytes, and at most {longest} are possible", longest = RemoteName::LONGEST)]
    TooLong(usize),
}

impl RemoteName {
    /// The longest name in bytes: more than anyone types, and little enough for a line of YAML.
    pub const LONGEST: usize = 64 * 1024;

    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::LONGEST {
            return Err(NameError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter(text.to_owned()));
        }
        if text.trim() != text {
            return Err(NameError::SurroundingBlanks(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name as a file has it or as a user asks for it: any text, so that what is there can be named and removed.
    pub fn found(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one word of a shell, for the commands that messages advise.
    pub fn word(&self) -> ShellWord<'_> {
        ShellWord(&self.0)
    }
}

impl fmt::Display for RemoteName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_hidden(character) {
                write!(formatter, "{}", character.escape_default())?;
            } else {
                write!(formatter, "{character}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_is_anything_that_a_table_can_show() {
        for text in [
            "x",
            "my remote",
            "日本",
            "it's",
            "a: b",
            "--x",
            "~",
            "null",
            "https://x.example.com",
            "#x",
        ] {
            assert_eq!(
                RemoteName::parse(text).map(|name| name.as_str().to_owned()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(RemoteName::parse(""), Err(NameError::Empty));
        assert_eq!(RemoteName::parse(" \t "), Err(NameError::Empty));
        assert_eq!(
            RemoteName::parse(" x"),
            Err(NameError::SurroundingBlanks(" x".into()))
        );
        assert_eq!(
            RemoteName::parse("a\nb"),
            Err(NameError::ControlCharacter("a\nb".into()))
        );
        assert_eq!(
            RemoteName::parse("\u{9b}31m"),
            Err(NameError::ControlCharacter("\u{9b}31m".into()))
        );
        let long = "n".repeat(RemoteName::LONGEST + 1);
        assert_eq!(
            RemoteName::parse(&long),
            Err(NameError::TooLong(long.len()))
        );
        assert!(RemoteName::parse(&long[1..]).is_ok());
    }

    #[test]
    fn a_shown_name_never_steers_a_terminal() {
        assert_eq!(
            RemoteName::found("\u{1b}[31mred\n").to_string(),
            r"\u{1b}[31mred\n"
        );
    }
}
