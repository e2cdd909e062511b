//! What went wrong while reading, as a person is told. Knows no path: the caller prints it before.

use std::fmt;

use super::excerpt::excerpt;
use super::problem::{Fault, Mark};

/// Why a text isn't a remote.yaml, and where.
///
/// `Display` goes on after a path and a colon: `LINE:COLUMN: reason`, the line with a caret under the place, and what
/// would be right. None of it holds a token or a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    mark: Mark,
    reason: String,
    excerpt: Option<String>,
    hint: Option<String>,
}

impl YamlError {
    pub(super) fn new(fault: Fault, text: &str) -> Self {
        let Fault { mark, problem } = fault;
        Self {
            mark,
            reason: problem.to_string(),
            excerpt: excerpt(text, mark),
            hint: problem.hint(),
        }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.mark.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.mark.column
    }

    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The offending line and, below it, a caret under the place; secrets are shown as `***`.
    pub fn excerpt(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}: {}",
            self.line(),
            self.column(),
            self.reason
        )?;
        for part in [self.excerpt(), self.hint()].into_iter().flatten() {
            write!(formatter, "\n{part}")?;
        }
        Ok(())
    }
}

impl std::error::Error for YamlError {}

#[cfg(test)]
mod tests {
    use super::super::document;

    fn shown(text: &str) -> String {
        format!(
            "while parsing remote config data: /home/u/.apptainer/remote.yaml:{}",
            document(text.as_bytes()).unwrap_err()
        )
    }

    #[test]
    fn an_error_names_the_place_shows_it_and_says_what_would_be_right() {
        let text = "Active: x\nRemotes:\n  x:\n    URI: c.example.com\n    Exclusve: true\n";
        assert_eq!(
            shown(text),
            r#"while parsing remote config data: /home/u/.apptainer/remote.yaml:5:5: unknown key "Exclusve" in remote "x"
    Exclusve: true
    ^
did you mean "Exclusive"?"#
        );
    }

    #[test]
    fn every_error_has_its_own_place_and_advice() {
        // text, place and reason, advice
        let table = [
            (
                "Active: a\nremotes: {}\n",
                r#"2:1: unknown key "remotes""#,
                r#"did you mean "Remotes"?"#,
            ),
            (
                "Remotes:\n  x:\n    uri: c\n",
                r#"3:5: unknown key "uri" in remote "x""#,
                r#"did you mean "URI"?"#,
            ),
            (
                "Credentials:\n- URI: docker://x\n  Password: p\n",
                r#"3:3: unknown key "Password" in item 1 of Credentials"#,
                "its keys are URI, Auth and Insecure",
            ),
            (
                "Remotes:\n  x:\n    Keyservers:\n    - URI: k\n    - Skipp: true\n",
                r#"5:7: unknown key "Skipp" in keyserver 2 of remote "x""#,
                r#"did you mean "Skip"?"#,
            ),
            (
                "Remotes:\n  x:\n    System: \"true\"\n",
                r#"3:13: System of remote "x" must be true or false"#,
                "write true or false without quotes",
            ),
            (
                "Remotes:\n  x: {System: 1}\n",
                r#"2:15: System of remote "x" must be true or false"#,
                "write true or false",
            ),
            (
                "Active: [a]\n",
                "1:9: Active must be a text, not a list",
                "quote the text",
            ),
            (
                "Remotes: \"\"\n",
                "1:10: Remotes must be a map, not a text",
                "write its keys below it, or {} for none",
            ),
            (
                "Credentials: {URI: x}\n",
                "1:14: Credentials must be a list, not a map",
                "begin each item with a dash",
            ),
            (
                "hello\n",
                "1:1: the file must be a map, not a text",
                "it has the keys Active, Remotes and Credentials",
            ),
            (
                "Active: a\nActive: b\n",
                r#"2:1: the key "Active" is already on line 1"#,
                "remove one of the two",
            ),
            (
                "Remotes:\n\tx: {}\n",
                "2:1: a tab as indentation",
                "a tab can't indent: use blanks",
            ),
            (
                "Active: @x\n",
                "1:9: a text can't begin with '@'",
                "quote the text",
            ),
            (
                "Active: *x\n",
                "1:9: no anchor of this name stands before the alias",
                "quote the text if no alias is meant",
            ),
            (
                "Active: \"a\n",
                "1:9: the quote isn't closed",
                "close it, and double or escape a quote inside",
            ),
            (
                "Active: \"\\q\"\n",
                "1:9: an unknown escape in double quotes",
                "write two backslashes, or use single quotes",
            ),
            (
                "Active: *\n",
                "1:9: the name of an anchor or alias is missing",
                "quote the text",
            ),
            (
                "Remotes:\n  x:\n    URI: [::1]:8443\n",
                "3:15: more text on the line of a value that has ended",
                "quote the whole text, or begin a new line",
            ),
            (
                "Active: \"x\" y\n",
                "1:13: more text on the line of a value that has ended",
                "quote the whole text, or begin a new line",
            ),
            (
                "Active: x\n Remotes: {}\n",
                "2:9: mapping values are not allowed in this context",
                "fix the indentation, or quote a text that has a colon",
            ),
            (
                "%YAML 1.2\n---\n{}\n",
                "2:1: YAML 1.2 is declared, and 1.1 is what is read",
                "remove the line %YAML",
            ),
            (
                "Active: \"\u{1}\"\n",
                r"1:10: a control character, \u{1}",
                r#"write it in double quotes, as "\x01""#,
            ),
        ];
        for (text, reason, hint) in table {
            let error = document(text.as_bytes()).unwrap_err();
            let found = format!("{}:{}: {}", error.line(), error.column(), error.reason());
            assert_eq!(
                (found.as_str(), error.hint()),
                (reason, Some(hint)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_empty_place_says_what_is_missing() {
        // D12: Go panics on each of these
        let table = [
            ("---\n", "the file is null: Active and Remotes are missing"),
            (
                "# nothing\n~\n",
                "the file is null: Active and Remotes are missing",
            ),
            ("Active: a\nRemotes:\n", "Remotes is null: a map is missing"),
            (
                "Remotes:\n  x:\n",
                r#"remote "x" is null: a map with its URI is missing"#,
            ),
            (
                "Remotes:\n  x: Null\n",
                r#"remote "x" is null: a map with its URI is missing"#,
            ),
            (
                "Credentials:\n-\n",
                "item 1 of Credentials is null: a map with its URI is missing",
            ),
            (
                "Remotes:\n  x:\n    Keyservers: [{URI: k}, ~]\n",
                r#"keyserver 2 of remote "x" is null: a map with its URI is missing"#,
            ),
        ];
        for (text, reason) in table {
            let error = document(text.as_bytes()).unwrap_err();
            assert_eq!(error.reason(), reason, "{text:?}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_token_that_slipped_into_a_key_is_not_shown() {
        for text in [
            "? |\n    Token: SECRET\n",
            "Remotes:\n  ? |\n    Token: SECRET\n  : {Foo: 1}\n",
            "\"Auth: SECRET\": 1\n",
        ] {
            let error = document(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
