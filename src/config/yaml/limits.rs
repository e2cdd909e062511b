//! How much of YAML is read: enough for every real file, little enough for any memory.

/// The deepest nesting: what the format needs is 5.
pub(super) const DEEPEST: usize = 128;

/// The most aliases in a document: more than anyone writes by hand.
pub(super) const MOST_ALIASES: usize = 1_000;
