//! The text that takes an old one's place: what the tools wrote stays as they would write it, and what a person wrote stays
//! where it is. Knows no layer: what is in the document is written.

use super::{
    edit::{self, Aliases, Edited},
    emit::Replacement,
    encoding,
    loss::Loss,
    read,
};
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
/// A text that is as go-yaml v2 writes it, or that isn't there, becomes another such. In any other the change alone is made:
/// comments, blank lines, quotes, order and indentation stay. Where that is beyond [`edit`], which reading the result again
/// finds out, the text is written anew, and says what is lost by that.
pub fn write(old: Option<&[u8]>, before: &Document, after: &Document) -> Written {
    let anew = Replacement::new(before, after);
    let text = match old {
        Some(old) if !anew.follows(old) => encoding::decode(old).ok().filter(|text| !text.trim().is_empty()),
        _ => None,
    };
    let (Some(old), Some(text)) = (old, text) else { return Written { bytes: anew.text.into_bytes(), loss: None } };
    for aliases in [Aliases::Kept, Aliases::WrittenOut] {
        let Some(Edited { text: new, loses_comments }) = edit::edited(&text, before, after, aliases) else { continue };
        let bytes = encoding::encode(&new, old);
        if read(&bytes).as_ref() == Ok(after) {
            return Written { bytes, loss: Loss::of_parts(loses_comments, aliases == Aliases::WrittenOut) };
        }
    }
    Written { bytes: anew.text.into_bytes(), loss: Some(Loss::of(&text)) }
}
