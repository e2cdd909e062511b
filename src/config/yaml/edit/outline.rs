//! A text and where its nodes, lines and comments are. Knows no key by its name and changes nothing.

use std::borrow::Cow;
use std::ops::Range;

use crate::config::yaml::events::{Content, EventBuffer};
use crate::config::yaml::lines::lines;

pub(in super::super) struct Outline<'text> {
    pub(super) text: &'text str,
    events: EventBuffer<'text>,
}

/// A key of a map, or a dash of a list, with its value.
pub(super) struct Child<'text> {
    /// What the key says; `None` for a merge and for a dash.
    pub(super) name: Option<Cow<'text, str>>,
    pub(super) first: usize,
    pub(super) value: usize,
    pub(super) begin: usize,
    /// Where the colon or the dash ends; `None` where the colon does not follow the key.
    pub(super) sign: Option<usize>,
}

impl<'text> Outline<'text> {
    pub(in super::super) fn read(text: &'text str) -> Option<Self> {
        let events = EventBuffer::read(text).ok()?;
        Some(Self { text, events })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(in super::super) fn has_second_document(&self) -> bool {
        self.events.second_document()
    }

    pub(super) fn range(&self, node: usize) -> Range<usize> {
        self.events.range(node)
    }

    /// What stands around each text, alias and list or map of nothing.
    pub(in super::super) fn gaps(&self) -> Vec<&'text str> {
        let mut at = 0;
        let mut gaps = Vec::new();
        for (node, range) in self.events.ranges().enumerate() {
            if self.events.children(node).next().is_none() {
                gaps.extend(self.text.get(at..range.start));
                at = range.end;
            }
        }
        gaps.extend(self.text.get(at..));
        gaps
    }

    /// The keys of the map at `node`; `None` for anything else, and for one in brackets.
    pub(super) fn keys(&self, node: usize) -> Option<Vec<Child<'text>>> {
        let Content::Map = self.events.content(node) else {
            return None;
        };
        if self.text[self.range(node).start..].starts_with('{') {
            return None;
        }
        let mut nodes = self.events.children(node);
        let mut keys = Vec::new();
        while let (Some(first), Some(value)) = (nodes.next(), nodes.next()) {
            let Content::Scalar(scalar) = self.events.content(first) else {
                return None;
            };
            let name = match scalar.is_merge() {
                true => None,
                false => Some(scalar.text().ok()?),
            };
            let key = self.range(first);
            let before = &self.text[self.line_start(key.start)..key.start];
            let begin = match before.trim() {
                "?" => key.start - before.trim_start().len(),
                _ => key.start,
            };
            let rest = self.text[key.end..].trim_start_matches([' ', '\t']);
            let sign = rest
                .strip_prefix(':')
                .map(|rest| self.text.len() - rest.len());
            keys.push(Child {
                name,
                first,
                value,
                begin,
                sign,
            });
        }
        Some(keys)
    }

    /// The items of the list at `node`; `None` for anything else, and for one in brackets.
    pub(super) fn items(&self, node: usize) -> Option<Vec<Child<'text>>> {
        let Content::List = self.events.content(node) else {
            return None;
        };
        let item = |first: usize| {
            let begin = self.dash(first)?;
            Some(Child {
                name: None,
                first,
                value: first,
                begin,
                sign: Some(begin + 1),
            })
        };
        // An item in brackets has no dash.
        self.events.children(node).map(item).collect()
    }

    pub(super) fn end(&self, child: &Child<'_>) -> usize {
        child.sign.unwrap_or(0).max(self.range(child.value).end)
    }

    pub(super) fn chunk(&self, child: &Child<'_>) -> Option<Range<usize>> {
        let begins_a_line = self.text[self.line_start(child.begin)..child.begin]
            .trim()
            .is_empty();
        begins_a_line.then(|| {
            let column = self.column(child.begin);
            self.first_line(child.begin, child.first)..self.last_line(self.end(child), column)
        })
    }

    pub(super) fn column(&self, offset: usize) -> usize {
        offset - self.line_start(offset)
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset]
            .rfind(['\n', '\r'])
            .map_or(0, |at| at + 1)
    }

    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = &self.text[offset..];
        let Some(at) = rest.find(['\n', '\r']) else {
            return self.text.len();
        };
        offset + at + if rest[at..].starts_with("\r\n") { 2 } else { 1 }
    }

    fn dash(&self, node: usize) -> Option<usize> {
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
    fn first_line(&self, offset: usize, node: usize) -> usize {
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
        let mut ends = (0..node).rev().map(|node| self.range(node).end);
        // a list or map around the node ends after its beginning
        ends.find(|end| *end <= start).unwrap_or(0)
    }

    fn before_break(&self, offset: usize) -> Option<usize> {
        let before = &self.text[..offset];
        let line = before
            .strip_suffix("\r\n")
            .or_else(|| before.strip_suffix(['\n', '\r']))?;
        Some(line.len())
    }

    pub(super) fn line_break(&self) -> &'static str {
        match self.text.find(['\n', '\r']).map(|at| &self.text[at..]) {
            Some(rest) if rest.starts_with("\r\n") => "\r\n",
            Some(rest) if rest.starts_with('\r') => "\r",
            _ => "\n",
        }
    }
}

fn comment_column(line: &str) -> Option<usize> {
    let comment = line.trim_start();
    comment.starts_with('#').then(|| line.len() - comment.len())
}

pub(in super::super) fn words(gap: &str) -> impl Iterator<Item = &str> {
    lines(gap).flat_map(|line| without_comment(line).split_whitespace())
}

pub(in super::super) fn has_comment(gap: &str) -> bool {
    lines(gap).any(|line| without_comment(line).len() < line.len())
}

fn without_comment(line: &str) -> &str {
    let is_beginning = |at: &usize| !line[..*at].ends_with(|before: char| !before.is_whitespace());
    let mut marks = line.match_indices('#').map(|(at, _)| at);
    marks.find(is_beginning).map_or(line, |at| &line[..at])
}
