//! What of a person's text can't be kept, in words. Knows no change.

use std::fmt;

use super::edit::{Outline, has_comment, words};

/// What of a person's text can't be kept. `Display` goes on after the file's name: `its comments can't be kept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss(Vec<&'static str>);

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_last() {
            Some((last, [])) => write!(formatter, "its {last}")?,
            Some((last, others)) => {
                write!(formatter, "its {} and its {last}", others.join(", its "))?;
            }
            None => formatter.write_str("its layout")?,
        }
        formatter.write_str(" can't be kept")
    }
}

impl Loss {
    pub(super) fn of_comments() -> Self {
        Self(vec!["comments"])
    }

    /// Everything that the tools don't write themselves, when all of `text` is written anew.
    pub(super) fn of(text: &str) -> Self {
        let Some(outline) = Outline::read(text) else {
            return Self(Vec::new());
        };
        let gaps = outline.gaps();
        let is_anchor = |word: &str| word.starts_with('&');
        let has_anchors = gaps.iter().any(|gap| words(gap).any(is_anchor));
        let parts = [
            (gaps.iter().any(|gap| has_comment(gap)), "comments"),
            (has_anchors, "anchors"),
            (outline.has_second_document(), "second document"),
        ];
        let present = parts.into_iter().filter(|(is_there, _)| *is_there);
        Self(present.map(|(_, part)| part).collect())
    }
}
