//! The text that takes an old one's place: what the tools wrote stays as they would write it, and what a person wrote stays
//! where it is. Knows no layer: what is in the document is written.

use super::edit::{Aliases, Edited};
use super::emit::Replacement;
use super::loss::Loss;
use super::{document, edit, emit, encoding};
use crate::config::document::Document;

/// A new text, and what of the old one is not in it.
pub struct Written {
    /// The text.
    pub bytes: Vec<u8>,
    /// What could not be kept though it has nothing to do with the change.
    pub loss: Option<Loss>,
}

/// Writes `after` in the place of `old`, which stands for `before`.
///
/// A text that is as go-yaml v2 writes it but for quotes, words for flags and values that it leaves out, or that isn't there,
/// becomes as go-yaml v2 writes it, which is what Apptainer would make of it. In any other the change alone is made: comments,
/// blank lines, quotes, order and indentation stay. Where that is beyond [`edit`], which reading the result again finds out,
/// the text is written anew, and says what is lost by that.
pub fn write(old: Option<&[u8]>, before: &Document, after: &Document) -> Written {
    let anew = Replacement::new(before, after);
    let text = match old {
        Some(old) if !anew.follows(old) => encoding::decode(old)
            .ok()
            .filter(|text| !text.trim().is_empty())
            .filter(|text| {
                text.as_bytes() != old || text.contains('\r') || is_a_persons(text, before)
            }),
        _ => None,
    };
    let (Some(old), Some(text)) = (old, text) else {
        return Written {
            bytes: anew.text.into_bytes(),
            loss: None,
        };
    };
    for aliases in [Aliases::Kept, Aliases::WrittenOut] {
        let Some(Edited {
            text: new,
            loses_comments,
        }) = edit::edited(&text, before, after, aliases)
        else {
            continue;
        };
        let bytes = encoding::encode(&new, old);
        if document(&bytes).as_ref() == Ok(after) {
            return Written {
                bytes,
                loss: Loss::of_parts(loses_comments, aliases == Aliases::WrittenOut),
            };
        }
    }
    Written {
        bytes: anew.text.into_bytes(),
        loss: Some(Loss::of(&text)),
    }
}

/// Whether a text has more of its own than its quotes, its words for flags, and values that it leaves out.
fn is_a_persons(text: &str, before: &Document) -> bool {
    let written = emit::document(before);
    let mut written_lines = written.lines().map(plain);
    !text
        .lines()
        .map(plain)
        .all(|line| written_lines.any(|written| written == line))
}

/// A line without what tells nobody anything: the dash of an item, quotes around a word, the spelling of a flag.
fn plain(line: &str) -> String {
    let begin = line.len() - line.trim_start_matches(' ').len();
    let (indentation, rest) = line.split_at(begin);
    let (indentation, rest) = match rest.strip_prefix("- ") {
        Some(item) => (format!("{indentation}  "), item),
        None => (indentation.to_owned(), rest),
    };
    let unquoted = |word: &str| word.trim_matches(['"', '\'']).to_owned();
    match rest.split_once(": ") {
        Some((key, value)) => {
            let is_flag = matches!(
                key,
                "System" | "Exclusive" | "Insecure" | "Skip" | "External"
            );
            let value = match value {
                "yes" | "on" | "y" if is_flag => "true".to_owned(),
                "no" | "off" | "n" if is_flag => "false".to_owned(),
                value => unquoted(value),
            };
            format!("{indentation}{}: {value}", unquoted(key))
        }
        None => format!("{indentation}{}", unquoted(rest.trim_end_matches(':'))),
    }
}
