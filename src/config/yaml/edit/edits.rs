//! Changes of parts of a text, collected in any order and made at once. Knows no YAML.

use std::ops::Range;

#[derive(Default)]
pub(super) struct TextEdits(Vec<(Range<usize>, String)>);

impl TextEdits {
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    pub(super) fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// Puts `text` before the byte at `offset`, after what was put there earlier.
    pub(super) fn insert(&mut self, offset: usize, text: impl Into<String>) {
        self.replace(offset..offset, text);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Forgets all but the first `count`.
    pub(super) fn forget_after(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// What stands at `range` of `text` after the changes; `None` where they contradict each other.
    pub(super) fn apply(mut self, text: &str, range: Range<usize>) -> Option<String> {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let mut changed = String::new();
        let mut at = range.start;
        for (place, new) in self.0 {
            changed.push_str(text.get(at..place.start)?);
            changed.push_str(&new);
            at = place.end;
        }
        changed.push_str(text.get(at..range.end)?);
        Some(changed)
    }
}
