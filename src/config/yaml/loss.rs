//! What of a person's text can't be kept, in words. Knows no change.

use std::fmt;

use super::edit::{Outline, has_comment, words};
use super::lines::lines;

const COMMENTS: &str = "comments";

/// What of a person's text can't be kept. `Display` goes on after the file's name: `its comments can't be kept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    parts: Vec<&'static str>,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts.split_last() {
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
    /// What goes where the change is made in the text; `None` when it is nothing.
    pub(super) fn of_parts(comments: bool, aliases: bool) -> Option<Self> {
        let parts = those_that_are_there([(comments, COMMENTS), (aliases, "aliases")]);
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// What goes when all of `text` is written anew.
    pub(super) fn of(text: &str) -> Self {
        let Some(outline) = Outline::read(text) else {
            return Self { parts: Vec::new() };
        };
        let (gaps, rest) = outline.gaps();
        let has_comments = has_comment(rest) || gaps.iter().any(|gap| has_comment(gap));
        let has_anchors = gaps
            .iter()
            .any(|gap| words(gap).any(|word| word.starts_with('&')));
        let parts = [
            (has_comments, COMMENTS),
            (has_anchors, "anchors"),
            (is_more(rest), "second document"),
        ];
        Self {
            parts: those_that_are_there(parts),
        }
    }
}

/// Whether another document begins in what stands behind the last node of the first.
fn is_more(rest: &str) -> bool {
    let ends_the_document = |line: &&str| line.starts_with("---") || line.starts_with("...");
    lines(rest)
        .skip_while(|line| !ends_the_document(line))
        .skip(1)
        .any(|line| !line.trim().is_empty())
}

fn those_that_are_there<const N: usize>(parts: [(bool, &'static str); N]) -> Vec<&'static str> {
    parts
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, part)| part)
        .collect()
}
