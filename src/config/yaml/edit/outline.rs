//! A text and where its nodes, lines and comments are. Knows no key by its name and changes nothing.

use std::borrow::Cow;
use std::ops::Range;

use super::super::events::{Content, EventBuffer};
use super::super::lines::lines;

/// A text with the nodes of its first document.
pub(in super::super) struct Outline<'text> {
    pub(super) text: &'text str,
    events: EventBuffer<'text>,
}

/// A map that stands in the text itself, not behind an alias.
pub(super) struct Map<'text> {
    pub(super) node: usize,
    pub(super) pairs: Vec<Pair<'text>>,
}

/// A key and its value, by their nodes.
#[derive(Debug)]
pub(super) struct Pair<'text> {
    /// What the key says; `None` for a merge.
    pub(super) name: Option<Cow<'text, str>>,
    pub(super) key: usize,
    pub(super) value: usize,
}

impl Map<'_> {
    /// The pair of this key.
    pub(super) fn find(&self, name: &str) -> Option<&Pair<'_>> {
        self.pairs
            .iter()
            .find(|pair| pair.name.as_deref() == Some(name))
    }

    /// Whether other maps are merged into this one.
    pub(super) fn merges(&self) -> bool {
        self.pairs.iter().any(|pair| pair.name.is_none())
    }
}

impl<'text> Outline<'text> {
    /// The outline of a text that can be read.
    pub(in super::super) fn read(text: &'text str) -> Option<Self> {
        let events = EventBuffer::read(text).ok()?;
        Some(Self { text, events })
    }

    /// Whether there is no document: blanks and comments only.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The bytes of a node, without its tag and anchor.
    pub(super) fn range(&self, node: usize) -> Range<usize> {
        self.events.range(node)
    }

    /// What stands before each text, alias and list or map of nothing, and what stands behind the last one.
    pub(in super::super) fn gaps(&self) -> (Vec<&'text str>, &'text str) {
        let mut at = 0;
        let mut gaps = Vec::new();
        for (node, range) in self.events.ranges().enumerate() {
            if self.events.children(node).next().is_none() {
                gaps.extend(self.text.get(at..range.start));
                at = range.end;
            }
        }
        (gaps, &self.text[at..])
    }

    /// The map at `node`; `None` for anything else.
    pub(super) fn map(&self, node: usize) -> Option<Map<'text>> {
        let Content::Map = self.events.content(node) else {
            return None;
        };
        let mut nodes = self.events.children(node);
        let mut pairs = Vec::new();
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            let Content::Scalar(scalar) = self.events.content(key) else {
                return None;
            };
            let name = if scalar.is_merge() {
                None
            } else {
                Some(scalar.text().ok()?)
            };
            pairs.push(Pair { name, key, value });
        }
        Some(Map { node, pairs })
    }

    /// The items of the list at `node`; `None` for anything else.
    pub(super) fn items(&self, node: usize) -> Option<Vec<usize>> {
        match self.events.content(node) {
            Content::List => Some(self.events.children(node).collect()),
            _ => None,
        }
    }

    /// Whether the node is an alias.
    pub(super) fn is_alias(&self, node: usize) -> bool {
        matches!(self.events.content(node), Content::Alias(_))
    }

    /// Whether the node is an alias, or has one in it.
    pub(super) fn has_alias(&self, node: usize) -> bool {
        self.is_alias(node)
            || self
                .events
                .children(node)
                .any(|child| self.has_alias(child))
    }

    /// Whether the node is a null, or a list or map of nothing.
    pub(super) fn is_nothing(&self, node: usize) -> bool {
        match self.events.content(node) {
            Content::Scalar(scalar) => scalar.is_null(),
            Content::Alias(_) => false,
            Content::List | Content::Map => self.events.children(node).next().is_none(),
        }
    }

    /// Whether the list or map stands in brackets.
    pub(super) fn is_in_brackets(&self, node: usize) -> bool {
        let text = &self.text[self.range(node).start..];
        match self.events.content(node) {
            // One whose dashes aren't indented begins, to the parser, with its first item, which may stand in brackets.
            Content::List => text.starts_with('['),
            _ => text.starts_with('{'),
        }
    }

    /// Where the pair's colon ends; `None` where it is not just behind the key.
    pub(super) fn colon(&self, pair: &Pair<'_>) -> Option<usize> {
        let after = &self.text[self.range(pair.key).end..];
        let rest = after.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        Some(self.text.len() - rest.len())
    }

    /// Where the pair ends.
    pub(super) fn end(&self, pair: &Pair<'_>) -> usize {
        self.colon(pair)
            .unwrap_or(0)
            .max(self.range(pair.value).end)
    }

    /// The column in which the character at `offset` stands, in bytes.
    pub(super) fn column(&self, offset: usize) -> usize {
        offset - self.line_start(offset)
    }

    /// Where the line begins that has the byte at `offset`.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.text[..offset]
            .rfind(['\n', '\r'])
            .map_or(0, |at| at + 1)
    }

    /// Where the line after that with the byte at `offset` begins.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = &self.text[offset..];
        let Some(at) = rest.find(['\n', '\r']) else {
            return self.text.len();
        };
        offset + at + if rest[at..].starts_with("\r\n") { 2 } else { 1 }
    }

    /// Whether only blanks, or the mark of an explicit key, stand before `offset` on its line.
    pub(super) fn begins_a_line(&self, offset: usize) -> bool {
        matches!(self.text[self.line_start(offset)..offset].trim(), "" | "?")
    }

    /// The dash of the item at `node`.
    pub(super) fn dash(&self, node: usize) -> Option<usize> {
        let floor = self.floor(node);
        let mut end = self.range(node).start;
        while end > floor {
            let start = self.line_start(end);
            let line = &self.text[start..end];
            let indentation = line.len() - line.trim_start().len();
            if line[indentation..].starts_with('-') {
                return Some(start + indentation);
            }
            end = self.before_break(start)?;
        }
        None
    }

    /// Where the lines of a part begin that stands on the line of `offset` and whose first node is `node`: the comments
    /// directly above belong to it, as far as they begin in its column.
    pub(super) fn first_line(&self, offset: usize, node: usize) -> usize {
        let column = self.column(offset);
        let floor = self.floor(node);
        let mut start = self.line_start(offset);
        while let Some(end) = self.before_break(start) {
            let above = self.line_start(end);
            if above < floor || comment_column(&self.text[above..end]) != Some(column) {
                break;
            }
            start = above;
        }
        start
    }

    /// Where the lines of a part end that begins in `column` and whose last node ends at `end`: comments below belong to it
    /// as far as they are indented more.
    pub(super) fn last_line(&self, end: usize, column: usize) -> usize {
        let mut last = self.line_end(end);
        let mut at = last;
        while at < self.text.len() {
            let next = self.line_end(at);
            let line = &self.text[at..next];
            match comment_column(line) {
                Some(found) if found > column => last = next,
                None if line.trim().is_empty() => {}
                _ => break,
            }
            at = next;
        }
        last
    }

    /// Where the node ends that stands before `node`: no comment above that can be one of `node`.
    fn floor(&self, node: usize) -> usize {
        let start = self.range(node).start;
        let mut ends = self.events.ranges().take(node).rev().map(|range| range.end);
        // a list or map around the node ends behind its begin
        ends.find(|end| *end <= start).unwrap_or(0)
    }

    /// Where the line break begins that ends at `offset`; `None` at the begin of the text.
    fn before_break(&self, offset: usize) -> Option<usize> {
        let before = &self.text[..offset];
        let line = before
            .strip_suffix("\r\n")
            .or_else(|| before.strip_suffix(['\n', '\r']))?;
        Some(line.len())
    }
}

/// The column of a line's comment where the line has nothing else.
fn comment_column(line: &str) -> Option<usize> {
    let comment = line.trim_start();
    comment.starts_with('#').then(|| line.len() - comment.len())
}

/// The words that stand between two nodes: tags, anchors, and what begins a text of several lines.
pub(in super::super) fn words(gap: &str) -> impl Iterator<Item = &str> {
    lines(gap).flat_map(|line| without_comment(line).split_whitespace())
}

/// Whether there is a comment in what stands between nodes.
pub(in super::super) fn has_comment(gap: &str) -> bool {
    lines(gap).any(|line| without_comment(line).len() < line.len())
}

fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| {
        line[..*at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    line.match_indices('#')
        .map(|(at, _)| at)
        .find(begins)
        .map_or(line, |at| &line[..at])
}
