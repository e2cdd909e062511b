//! The text that takes an old one's place: what the tools wrote stays as they would write it, and what a person wrote stays
//! where it is. Knows no layer: what is in the document is written.

use super::edit::EditedText;
use super::loss::Loss;
use super::{document, edit, emit, encoding};
use crate::config::document::Document;
use crate::secret::SecretBytes;

pub struct Written {
    pub bytes: SecretBytes,
    pub loss: Option<Loss>,
}

/// Writes `after` in the place of `old`, which stands for `before`.
///
/// A text that is as go-yaml v2 writes it but for quotes, words for flags and values that it leaves out, or that isn't there,
/// becomes as go-yaml v2 writes it, which is what Apptainer would make of it. In any other only the change is made: comments,
/// blank lines, quotes, order and indentation stay. Where that is beyond [`edit`], which reading the result again finds out, the text is written anew, and says what is lost by that.
pub fn write(old: Option<&[u8]>, before: &Document, after: &Document) -> Written {
    let bytes = SecretBytes::from(emit::document(after).as_bytes().to_vec());
    let written = emit::document(before);
    let old = old.filter(|old| *old != written.as_bytes());
    let text = old.and_then(|old| encoding::decode(old).ok());
    let Some((old, text)) = old
        .zip(text)
        .filter(|(_, text)| is_a_persons(text, &written))
    else {
        return Written { bytes, loss: None };
    };
    kept(old, &text, before, after).unwrap_or_else(|| Written {
        bytes,
        loss: Some(Loss::of(&text)),
    })
}

fn kept(old: &[u8], text: &str, before: &Document, after: &Document) -> Option<Written> {
    let EditedText {
        text: new,
        loses_comments,
    } = edit::edited(text, before, after)?;
    let bytes = SecretBytes::from(encoding::encode(&new, old)?);
    (document(&bytes).as_ref() == Ok(after)).then(|| Written {
        bytes,
        loss: loses_comments.then(Loss::of_comments),
    })
}

fn is_a_persons(text: &str, written: &str) -> bool {
    let key = |line: &str| {
        line.split_inclusive(": ")
            .next()
            .unwrap_or_default()
            .replace(['"', '\''], "")
            .replacen("- ", "  ", 1)
    };
    let mut written = written.lines().map(key);
    let mut lines = text.lines().map(key);
    let has_own_form = text.contains(['#', '{', '[', '&', '*', '\r']);
    !text.trim().is_empty()
        && (has_own_form || !lines.all(|line| written.any(|other| other == line)))
}
