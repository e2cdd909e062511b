//! How much of YAML is read: enough for every real file, little enough for any memory.

/// The deepest nesting: what the format needs is 5.
pub(super) const DEEPEST: usize = 128;

/// The most texts, lists and maps in a document: more than a file of the longest possible length has that a tool wrote.
pub(super) const MOST_NODES: usize = 10_000_000;

/// How many bytes of text aliases can stand for.
pub(super) const MOST_ALIASED_TEXT: usize = 16 * 1024 * 1024;

/// The most aliases in a document: more than anyone writes by hand.
pub(super) const MOST_ALIASES: usize = 1_000;
