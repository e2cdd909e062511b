//! The line that an error is about, with a caret under the place, and nothing secret in it. Knows no parser: it must
//! hide a token in a text that can't be parsed.
//!
//! What is shown is what is known to be public: keys, and the values of the keys that contain no secret. The value of every
//! other key is hidden, for it may be a misspelt `Token`. So is what has no colon, or follows a secret like a key of its own:
//! a token that was broken into lines, or has lost its colon.

use super::lines::lines;
use super::problem::Mark;
use crate::suggestion::closest;

const PUBLIC_KEYS: &[&str] = &[
    "Active",
    "Remotes",
    "Credentials",
    "URI",
    "System",
    "Exclusive",
    "Insecure",
    "Keyservers",
    "Skip",
    "External",
];
const SECRET_KEYS: &[&str] = &["Token", "Auth"];

const MARKS: &[char] = &[' ', '\t', '-', '?', ':', '{', '[', '}', ']', ',', '#'];

pub(super) fn excerpt(text: &str, mark: Mark) -> Option<String> {
    let mut lines = lines(text);
    let mut open = OpenSecret::default();
    for line in lines.by_ref().take(mark.line.saturating_sub(1)) {
        open.pass(line, false);
    }
    let line = lines.next().filter(|line| !line.trim().is_empty())?;
    let shown = &line[..open.pass(line, true)];
    let place = mark.column.saturating_sub(1);
    Some(match line[shown.len()..].trim() {
        "" => underlined(line, place),
        _ => underlined(&format!("{shown}***"), place.min(shown.chars().count())),
    })
}

fn underlined(line: &str, place: usize) -> String {
    const BEFORE: usize = 60;
    const LONGEST: usize = 100;
    let place = place.min(line.chars().count());
    let start = if place > BEFORE {
        place - BEFORE / 2
    } else {
        0
    };
    let mut shown = String::from(if start > 0 { "…" } else { "" });
    let mut caret = None;
    for (at, character) in line.chars().enumerate().skip(start).take(LONGEST) {
        if at == place {
            caret = Some(shown.chars().count());
        }
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            character => shown.extend(character.escape_debug()),
        }
    }
    let caret = caret.unwrap_or_else(|| shown.chars().count());
    if line.chars().nth(start + LONGEST).is_some() {
        shown.push('…');
    }
    format!("{shown}\n{:caret$}^", "")
}

/// The value of a key that isn't public, as far as it may go on in the next line.
#[derive(Default)]
struct OpenSecret {
    /// The column of its key: it goes on where a line is indented more, or as much without a known key.
    column: Option<usize>,
    quote: Option<char>,
}

impl OpenSecret {
    /// Takes the next line, and says how many bytes of it can be shown. Where `is_last`, a misspelt public key is one too.
    fn pass(&mut self, line: &str, is_last: bool) -> usize {
        let indentation = line.len() - line.trim_start().len();
        if let Some(quote) = self.quote {
            self.quote = Some(quote).filter(|quote| !closes(line, *quote));
            return indentation;
        }
        let begin = line.len() - line.trim_start_matches(MARKS).len();
        let (key, value) = match line[begin..].split_once(':') {
            Some((key, value)) => (key, Some(value)),
            None => (&line[begin..], None),
        };
        let key = key.trim_matches([' ', '\t', '"', '\'']);
        let is_secret = SECRET_KEYS.contains(&key);
        let is_nearly =
            || closest(key, PUBLIC_KEYS).is_some() && closest(key, SECRET_KEYS).is_none();
        let is_public =
            matches!(key, "" | "<<") || PUBLIC_KEYS.contains(&key) || is_last && is_nearly();
        let goes_on =
            |column| indentation > column || indentation == column && !(is_public || is_secret);
        if indentation == line.len() {
            return indentation;
        }
        if self.column.is_some_and(goes_on) {
            return indentation;
        }
        self.column = None;
        let end = |value: &str| line.len() - value.len();
        match value {
            None if is_public || matches!(key, "null" | "~") => line.len(),
            None => begin,
            Some(value) if is_public => end(value) + public_length(value),
            Some(value) if value.trim().is_empty() && !is_secret => line.len(),
            Some(value) => {
                if !line[indentation..].starts_with('#') {
                    self.column = Some(begin);
                    self.quote = open_quote(value);
                }
                // More than a word can be a secret that has lost its colon; and so can what an explicit key has.
                let is_word =
                    |character: char| character.is_alphanumeric() || "-_".contains(character);
                match key.chars().all(is_word) && !line[..begin].contains(':') {
                    true => end(value.trim_start()),
                    false => begin,
                }
            }
        }
    }
}

/// How much of a public key's value is public: nothing with another key in it, and no more than the first of several.
fn public_length(value: &str) -> usize {
    let lower = value.to_ascii_lowercase();
    if value.contains(": ") || ["token", "auth"].iter().any(|key| lower.contains(key)) {
        return value.len() - value.trim_start().len();
    }
    value.find(['{', ',', '#']).unwrap_or(value.len())
}

fn open_quote(value: &str) -> Option<char> {
    let begin = value.find(['"', '\''])?;
    let quote = value[begin..].chars().next()?;
    (!closes(&value[begin + 1..], quote)).then_some(quote)
}

fn closes(line: &str, quote: char) -> bool {
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote && (quote == '"' || characters.next_if_eq(&quote).is_none()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: usize, column: usize) -> Option<String> {
        excerpt(text, Mark { line, column })
    }

    #[test]
    fn a_caret_stands_under_the_place() {
        assert_eq!(at("Active: a\n  URI: b\n", 2, 3).unwrap(), "  URI: b\n  ^");
        assert_eq!(at("Active: a\r  URI: b", 2, 3).unwrap(), "  URI: b\n  ^");
        assert_eq!(at("Active: a\r\n\r\nURI: b", 3, 4).unwrap(), "URI: b\n   ^");
        assert_eq!(at("\tURI: é", 1, 2).unwrap(), "\\tURI: é\n  ^");
        assert_eq!(
            at("URI: \u{1b}[1m\u{202e}x", 1, 10).unwrap(),
            "URI: \\u{1b}[1m\\u{202e}x\n              ^"
        );
        assert_eq!(at("URI: x", 1, 99).unwrap(), "URI: x\n      ^");
        assert_eq!(at("URI: x\n\n", 2, 1), None);
        assert_eq!(at("URI: x", 2, 1), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("URI: {}!{}", "a".repeat(500), "b".repeat(500));
        let shown = at(&text, 1, 506).unwrap();
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().count(), 102);
        assert_eq!(line.chars().nth(caret.len() - 1), Some('!'));
    }

    #[test]
    fn a_secret_is_never_shown() {
        // each has SECRET on the line that an error could be about, and none may show it
        let texts = [
            "    Token: SECRET",
            "    Token: \"SECRET\\q",
            "    Token: 'SECRET",
            "    Token:SECRET",
            "    token : SECRET",
            "    \"Token\": SECRET",
            "    Tokn: SECRET",
            "    Extra: SECRET",
            "    Token: &a SECRET",
            "    Token: !!str SECRET # SECRET",
            "    Token: {SECRET",
            "    Token: , URI: SECRET",
            "    # Token: SECRET",
            "- Auth: Basic SECRET",
            "-\tAuth: Basic SECRET",
            "x: {URI: c, Token: SECRET}",
            "x: &a {URI: c, Token: SECRET}",
            "{\"Remotes\":{\"x\":{\"URI\":\"c\",\"Token\":\"SECRET\"}}}",
            "  URI: c, Token: SECRET",
            "SECRET",
            "- SECRET",
            "Token:\n  SECRET",
            "Token:\n\n    SECRET\n",
            "Tokn:\n  SECRET",
            "Token: |\n  abc\n  URI: SECRET",
            "Token: abc\n  def: SECRET",
            "Token: >-\n  abc\n\n  SECRET",
            "Token: \"abc\nURI: SECRET",
            "Token: \"abc\\\"\nURI: SECRET",
            "Token: 'it''s\nURI: SECRET'",
            "- URI: x\n  Auth: Basic\n    URI: SECRET",
            "? Token\n: SECRET",
            "? Token\n: 12:SECRET",
            "Token:\n12: SECRET",
            "{Token\n: SECRET}",
            "URI: c\nToken\n: SECRET",
            "? \"Token\"\n: URI SECRET",
            "!!str Token: SECRET",
            "\"\\x54oken\": SECRET",
            // without its colon
            "    URI: x\n    Token SECRET",
            "    URI: x\n    Token=SECRET",
            "    URI: x\n    Token; SECRET",
            "    URI: x\n    Token SECRET: x",
            "    URI: x\n    Tokn SECRET: x",
            "- URI: x\n  Auth Basic SECRET",
            "- URI: x\n- Auth Basic SECRET",
            "- URI: x\n  Auth=Basic SECRET: x",
            "    URI: x\n    \"Token SECRET: x",
            "    URI: x\n    ? Token\n    : SECRET x: y",
            "x: {URI: c, Token SECRET}",
            "    Token: abc\n    SECRET:",
            "    Token: abc\n    System: true\n    SECRET",
        ];
        for text in texts {
            let line = text
                .lines()
                .position(|line| line.contains("SECRET"))
                .unwrap()
                + 1;
            for column in [1, 5, 20, 99] {
                let shown = at(text, line, column).unwrap();
                assert!(
                    !shown.contains("SECRET") && shown.contains("***"),
                    "{text:?}: {shown}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let texts = [
            "Active: a b",
            "    URI: c.example.com:8443/x",
            "    Exclusve: true",
            "    uri: https://x",
            "    URI: [::1]:8443",
            "- URI: docker://x",
            "Token: abc\nSystem: maybe",
            "- Auth: Basic abc\n  Insecure: maybe",
            "Token: \"abc\"\nSystem: maybe",
            "  my remote:",
            "---",
            "  - {",
            "  - null",
        ];
        for text in texts {
            let line = text.lines().count();
            let expected = text.lines().last().unwrap();
            assert_eq!(
                at(text, line, 1).unwrap().lines().next(),
                Some(expected),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_caret_in_a_secret_stands_at_its_beginning() {
        assert_eq!(
            at("    Token: \"SECRET\\q\"", 1, 19).unwrap(),
            "    Token: ***\n           ^"
        );
    }
}
