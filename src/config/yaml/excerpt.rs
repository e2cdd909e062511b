//! The line that an error is about, with a caret under the place, and nothing secret in it. Knows no parser: it must
//! hide a token in a text that can't be parsed.
//!
//! What is shown is what is known to be public: the keys, and the values of the keys that hold no secret. The value of
//! every other key is shown as `***`, also of one that nobody knows, for it may be a misspelt `Token`. So is what has no
//! colon, or stands like a key below a secret: a token that was broken into lines, or has lost its colon.

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

/// What stands before a key or a value on a line and is neither.
const MARKS: &[char] = &[' ', '\t', '-', '?', ':', '{', '[', '}', ']', ',', '#'];

/// The line at `mark` and a line with a caret under its place; none where the line is blank.
pub(super) fn excerpt(text: &str, mark: Mark) -> Option<String> {
    let mut lines = lines(text);
    let mut secrets = Secrets::default();
    for line in lines.by_ref().take(mark.line.saturating_sub(1)) {
        secrets.pass(line, is_public);
    }
    let line = lines.next().filter(|line| !line.trim().is_empty())?;
    let hidden = secrets.pass(line, is_nearly_public).unwrap_or(line.len());
    let (shown, place) = (&line[..hidden], mark.column.saturating_sub(1));
    Some(if line[hidden..].trim().is_empty() {
        underlined(line, place)
    } else {
        underlined(&format!("{shown}***"), place.min(shown.chars().count()))
    })
}

/// The line, cut and escaped, with a caret under its character `place`.
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

/// What the lines so far say about the next: whether a value that may be secret goes on there.
#[derive(Default)]
struct Secrets {
    /// The column of the key whose value goes on in all lines that are indented deeper, or as deep without a public key.
    key_column: Option<usize>,
    /// The quote that such a value began with and that isn't closed yet.
    quote: Option<char>,
    /// Whether the last key was a public one, so that a line without a key belongs to its value.
    last_is_public: bool,
}

impl Secrets {
    /// Takes the next line, and says from which byte on it must not be shown.
    fn pass(&mut self, line: &str, is_public: fn(&str) -> bool) -> Option<usize> {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(quote) = self.quote {
            self.quote = (!closes(line, quote)).then_some(quote);
            return Some(indentation);
        }
        if indentation == line.len() {
            return None;
        }
        let key = first_key(line);
        let has_key = is_public(key) || SECRET_KEYS.contains(&key);
        let goes_on = |column: usize| indentation > column || indentation == column && !has_key;
        if self.key_column.is_some_and(goes_on) {
            return Some(indentation);
        }
        self.key_column = None;
        self.pass_keys(line, is_public)
    }

    fn pass_keys(&mut self, line: &str, is_public: fn(&str) -> bool) -> Option<usize> {
        let mut at = 0;
        loop {
            let start = at + line[at..].find(|character| !MARKS.contains(&character))?;
            // The value of an explicit key, `? KEY`.
            if line[..start].contains(':') && at == 0 && !self.last_is_public {
                return Some(start);
            }
            let Some(colon) = line[start..].find(':').map(|length| start + length) else {
                return self.pass_word(&line[start..], at == 0).then_some(start);
            };
            let key = line[start..colon].trim_matches([' ', '\t', '"', '\'']);
            let value = colon + 1;
            if key.contains(char::is_alphabetic) {
                self.last_is_public = is_public(key);
            }
            if !self.last_is_public && has_lost_its_colon(key) {
                self.key_column = Some(start);
                return Some(start);
            }
            if !self.last_is_public && self.hides(key, start, &line[value..]) {
                return Some(
                    value
                        + line[value..]
                            .find(|character| character != ' ')
                            .unwrap_or(0),
                );
            }
            at = value + line[value..].find(['{', '[', ','])?;
        }
    }

    /// Takes what has no colon, and says whether it must be hidden: a value that goes on, a key whose colon is on the next
    /// line, or one that has lost it. Behind a public key on the same line it belongs to that.
    fn pass_word(&mut self, word: &str, is_alone: bool) -> bool {
        let word = word.trim_end();
        let is_known = is_public(word) || matches!(word, "null" | "~");
        let hidden = !is_known && (is_alone || !self.last_is_public || has_lost_its_colon(word));
        self.last_is_public &= !SECRET_KEYS.contains(&word);
        hidden
    }

    /// Whether the value of a key that isn't public must be hidden; a map or list is looked into.
    fn hides(&mut self, key: &str, column: usize, value: &str) -> bool {
        let value = without_properties(value);
        let is_secret = SECRET_KEYS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(key));
        let has_value = !value.is_empty() && !value.starts_with('#');
        if !is_secret && (!has_value || value.starts_with(['{', '['])) {
            return false;
        }
        self.key_column = Some(column);
        self.quote = value
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        if let Some(quote) = self.quote
            && closes(&value[1..], quote)
        {
            self.quote = None;
        }
        true
    }
}

/// What a line begins with, up to its first colon.
fn first_key(line: &str) -> &str {
    let key = line.trim_start_matches(MARKS);
    key.split(':')
        .next()
        .unwrap_or_default()
        .trim_matches([' ', '\t', '"', '\''])
}

/// Whether a key is that of a secret with more behind it, such as `Token abc`, `Auth=abc`.
fn has_lost_its_colon(key: &str) -> bool {
    let Some(end) = key.find(|character: char| !character.is_alphanumeric()) else {
        return false;
    };
    closest(&key[..end], SECRET_KEYS).is_some()
}

fn is_public(key: &str) -> bool {
    key == "<<" || PUBLIC_KEYS.contains(&key)
}

/// Whether the key is a public one or a misspelt public one: too slow for all lines of a large file.
fn is_nearly_public(key: &str) -> bool {
    is_public(key) || closest(key, PUBLIC_KEYS).is_some() && closest(key, SECRET_KEYS).is_none()
}

/// A value without the anchor and the tag before it.
fn without_properties(value: &str) -> &str {
    let mut value = value.trim();
    while value.starts_with(['&', '!']) {
        value = value
            .split_once([' ', '\t'])
            .map_or("", |(_, rest)| rest.trim_start());
    }
    value
}

/// Whether the quoted text that `line` goes on with ends there.
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
            "  x: {URI: c, System: maybe}",
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
