//! On which lines of a remote.yaml its values are, for messages. Judges nothing.
//!
//! Apart from [`Document`](crate::config::document::Document), so that equal documents stay equal wherever their text is.

use std::sync::OnceLock;

use super::encoding;
use super::part::{FileLines, KeyLines, Part};
use super::schema;
use crate::secret::SecretBytes;

#[derive(Clone, Debug, Default)]
pub struct LineNumbers {
    text: SecretBytes,
    known: OnceLock<FileLines>,
}

impl LineNumbers {
    pub(super) fn in_text(text: &[u8]) -> Self {
        Self {
            text: SecretBytes::from(text.to_vec()),
            known: OnceLock::new(),
        }
    }

    /// The line of a key of a part, or on which the part begins where the key isn't written.
    pub fn key(&self, part: Part<'_>, key: &str) -> Option<usize> {
        self.part(part)
            .map(|lines| lines.find(key).unwrap_or(lines.first))
    }

    pub fn first(&self, part: Part<'_>) -> Option<usize> {
        self.part(part).map(|lines| lines.first)
    }

    pub fn has_key(&self, part: Part<'_>, key: &str) -> bool {
        self.part(part)
            .is_some_and(|lines| lines.find(key).is_some())
    }

    fn part(&self, part: Part<'_>) -> Option<&KeyLines> {
        let file = self.known.get_or_init(|| self.look());
        match part {
            Part::File => Some(&file.keys).filter(|lines| lines.first > 0),
            Part::Remote(name) => file.remotes.get(name).map(|remote| &remote.keys),
            Part::Keyserver(name, index) => file.remotes.get(name)?.keyservers.get(index),
            Part::Login(index) => file.logins.get(index),
        }
    }

    fn look(&self) -> FileLines {
        encoding::decode(&self.text)
            .ok()
            .and_then(|text| schema::read(&text).ok())
            .map_or_else(FileLines::default, |read| read.lines)
    }
}

impl From<FileLines> for LineNumbers {
    fn from(lines: FileLines) -> Self {
        Self {
            text: SecretBytes::default(),
            known: OnceLock::from(lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml::read;

    const FILE: &str = "\
# who asks whom
Active: m
Remotes:
  m:
    URI: m.example
    Token: t
    Keyservers:
    - URI: https://a.example
      Insecure: true

    - {URI: b.example}
  'other one': {URI: o.example,
    System: true}
Credentials:
- URI: docker://r.example
  Auth: \"\"
-
  URI: https://k.example
";

    const M: Part<'_> = Part::Remote("m");
    const OTHER: Part<'_> = Part::Remote("other one");

    fn lines(text: &str) -> LineNumbers {
        read(text.as_bytes()).unwrap().lines
    }

    #[test]
    fn everything_has_the_line_that_it_stands_on() {
        let lines = lines(FILE);
        assert_eq!(lines.key(Part::File, "Active"), Some(2));
        assert_eq!((lines.first(M), lines.first(OTHER)), (Some(4), Some(12)));
        assert_eq!(
            (lines.key(M, "Token"), lines.key(OTHER, "System")),
            (Some(6), Some(13))
        );
        let keyserver = |index| Part::Keyserver("m", index);
        assert_eq!(
            (lines.first(keyserver(0)), lines.first(keyserver(1))),
            (Some(8), Some(11))
        );
        assert_eq!(lines.key(keyserver(0), "Insecure"), Some(9));
        assert_eq!(
            (lines.first(Part::Login(0)), lines.first(Part::Login(1))),
            (Some(15), Some(18))
        );
    }

    #[test]
    fn a_key_that_is_not_written_has_the_line_of_what_it_belongs_to() {
        let lines = lines(FILE);
        assert_eq!(lines.key(M, "System"), Some(4));
        assert_eq!(lines.key(Part::Keyserver("m", 1), "Skip"), Some(11));
        assert!(lines.has_key(OTHER, "System") && !lines.has_key(M, "System"));
        for (text, expected) in [("Remotes: {}", true), ("Active: a", false)] {
            assert_eq!(lines_have_remotes(text), expected, "{text}");
        }
    }

    fn lines_have_remotes(text: &str) -> bool {
        lines(text).has_key(Part::File, "Remotes")
    }

    #[test]
    fn a_file_in_the_tools_own_form_has_lines_too() {
        let text = "Active: m\nRemotes:\n  m:\n    URI: m.example\n    System: false\n    Exclusive: false\n";
        let lines = lines(text);
        assert_eq!((lines.first(M), lines.key(M, "System")), (Some(3), Some(5)));
        assert!(lines.has_key(Part::File, "Remotes") && !lines.has_key(M, "Insecure"));
        assert!(!format!("{lines:?}").contains("m.example"));
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        for text in [
            "\u{feff}\n\nActive: a\n",
            "\r\n\r\nActive: a\r\n",
            "#\r#\rActive: a\r",
        ] {
            assert_eq!(lines(text).key(Part::File, "Active"), Some(3), "{text:?}");
        }
    }

    #[test]
    fn what_an_alias_stands_for_is_where_it_is_written() {
        let lines = lines(
            "Remotes:\n  a: &a\n    URI: a.example\n  b: *a\n  c:\n    <<: *a\n    Token: t\n",
        );
        let (b, c) = (Part::Remote("b"), Part::Remote("c"));
        assert_eq!((lines.first(b), lines.key(b, "URI")), (Some(4), Some(3)));
        assert_eq!(
            (lines.key(c, "Token"), lines.key(c, "URI")),
            (Some(7), Some(3))
        );
    }

    #[test]
    fn what_the_text_does_not_have_is_on_no_line() {
        let nothing = lines("# nothing\n");
        assert_eq!((nothing.first(Part::File), nothing.first(M)), (None, None));
        let lines = lines(FILE);
        let parts = [Part::Remote("x"), Part::Keyserver("m", 2), Part::Login(2)];
        assert_eq!(parts.map(|part| lines.first(part)), [None; 3]);
    }

    #[test]
    fn a_second_document_is_anything_but_comments_after_the_first() {
        for (text, expected) in [
            ("Active: a\n", false),
            ("Active: a\n...\n# c\n", false),
            ("Active: a\n--- # c\n\n", false),
            ("Active: a # c\n---\nb\n", true),
            ("{Active: a}\n...\n[\n", true),
            ("Active: |\n  a\n--- b\n", true),
            ("# c\n", false),
        ] {
            let found = read(text.as_bytes()).unwrap().second_document;
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
