//! What a scalar means to Go: null, a flag, a merge key, or its text. Knows neither maps nor keys.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::problem::Problem;

/// A scalar as it is written: its text after unquoting, whether it stood there without quotes, and its tag.
#[derive(Debug)]
pub(super) struct Scalar<'text> {
    pub(super) text: Cow<'text, str>,
    pub(super) plain: bool,
    pub(super) tag: Tag,
}

/// A scalar's tag, as far as it changes what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    Null,
    Flag,
    Binary,
    Merge,
    /// `!!str`, a number's, or one that nobody knows: the text counts.
    Other,
}

impl From<&granit_parser::Tag> for Tag {
    fn from(tag: &granit_parser::Tag) -> Self {
        match (tag.handle(), tag.suffix()) {
            ("", "!") => Self::None,
            ("tag:yaml.org,2002:", "null") => Self::Null,
            ("tag:yaml.org,2002:", "bool") => Self::Flag,
            ("tag:yaml.org,2002:", "binary") => Self::Binary,
            ("tag:yaml.org,2002:", "merge") => Self::Merge,
            _ => Self::Other,
        }
    }
}

impl<'text> Scalar<'text> {
    pub(super) fn is_null(&self) -> bool {
        let is_word = matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL");
        is_word && (self.plain && self.tag == Tag::None || self.tag == Tag::Null)
    }

    pub(super) fn is_merge(&self) -> bool {
        self.text == "<<" && (self.plain && self.tag == Tag::None || self.tag == Tag::Merge)
    }

    /// The text: of a number or a date as it is written, of a null empty.
    pub(super) fn text(&self) -> Result<Cow<'text, str>, Problem> {
        match self.tag {
            _ if self.is_null() => Ok(Cow::Borrowed("")),
            Tag::Null => Err(Problem::TextTaggedNull),
            Tag::Binary => binary(&self.text).map(Cow::Owned),
            _ => Ok(self.text.clone()),
        }
    }

    /// True or false; a null is false, and nothing else is either.
    ///
    /// Apptainer up to 1.2 knows the words of YAML 1.1 without quotes only, later versions with quotes too.
    pub(super) fn flag(&self) -> Option<bool> {
        let is_typed = self.plain && self.tag == Tag::None || self.tag == Tag::Flag;
        let is_word = matches!(self.tag, Tag::None | Tag::Other);
        match &*self.text {
            "true" | "True" | "TRUE" if is_typed => Some(true),
            "false" | "False" | "FALSE" if is_typed => Some(false),
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if is_word => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if is_word => Some(false),
            _ => self.is_null().then_some(false),
        }
    }
}

fn binary(text: &str) -> Result<String, Problem> {
    let letters: String = text.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD
        .decode(letters)
        .map_err(|_| Problem::NotBinary)?;
    String::from_utf8(bytes).map_err(|_| Problem::NotBinary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str, plain: bool, tag: Tag) -> Scalar<'_> {
        Scalar {
            text: Cow::Borrowed(text),
            plain,
            tag,
        }
    }

    #[test]
    fn a_text_is_read_as_written_and_a_null_as_empty() {
        for text in ["0x1F", "1.50", "yes", "2001-01-01", "<<", "=", "x"] {
            assert_eq!(scalar(text, true, Tag::None).text().unwrap(), text);
            assert_eq!(scalar(text, false, Tag::Other).text().unwrap(), text);
        }
        for null in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(scalar(null, true, Tag::None).text().unwrap(), "");
            assert_eq!(scalar(null, true, Tag::Null).text().unwrap(), "");
            assert_eq!(scalar(null, false, Tag::None).text().unwrap(), null);
            assert_eq!(scalar(null, true, Tag::Other).text().unwrap(), null);
        }
        assert_eq!(
            scalar("x", true, Tag::Null).text(),
            Err(Problem::TextTaggedNull)
        );
    }

    #[test]
    fn a_binary_text_is_decoded() {
        assert_eq!(
            scalar("aGVs\nbG8=", true, Tag::Binary).text().unwrap(),
            "hello"
        );
        for text in ["aGVsbG8", "?", "/w=="] {
            assert_eq!(
                scalar(text, true, Tag::Binary).text(),
                Err(Problem::NotBinary),
                "{text}"
            );
        }
    }

    #[test]
    fn a_flag_is_a_word_of_yaml_1_1() {
        // text, without quotes, in quotes
        let table = [
            ("true", Some(true), None),
            ("FALSE", Some(false), None),
            ("y", Some(true), Some(true)),
            ("Off", Some(false), Some(false)),
            ("~", Some(false), None),
            ("", Some(false), None),
            ("tRUE", None, None),
            ("1", None, None),
            ("t", None, None),
        ];
        for (text, plain, in_quotes) in table {
            assert_eq!(scalar(text, true, Tag::None).flag(), plain, "{text:?}");
            assert_eq!(
                scalar(text, false, Tag::None).flag(),
                in_quotes,
                "{text:?} in quotes"
            );
        }
        assert_eq!(scalar("true", false, Tag::Flag).flag(), Some(true));
        assert_eq!(scalar("yes", false, Tag::Flag).flag(), None);
        assert_eq!(scalar("true", true, Tag::Other).flag(), None);
    }

    #[test]
    fn only_a_plain_merge_key_merges() {
        assert!(scalar("<<", true, Tag::None).is_merge());
        assert!(!scalar("<<", false, Tag::None).is_merge());
        assert!(!scalar("<<", true, Tag::Other).is_merge());
    }
}
