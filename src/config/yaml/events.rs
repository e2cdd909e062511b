//! A document as one flat list of nodes with their places, in the order of the text. Knows no schema.
//!
//! A list instead of a tree: no node takes an allocation of its own, and no depth can overflow a stack.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, YamlVersion};

use super::limits::{DEEPEST, MOST_ALIASES, MOST_NODES};
use super::lines::lines;
use super::problem::{Fault, Mark, NodeKind, Problem};
use super::scalar::{Scalar, Tag};

#[derive(Debug, Default)]
pub(super) struct EventBuffer<'text> {
    nodes: Vec<Node<'text>>,
    second_document: bool,
}

#[derive(Debug)]
struct Node<'text> {
    content: Content<'text>,
    mark: Mark,
    range: Range<usize>,
    next: usize,
}

#[derive(Debug)]
pub(super) enum Content<'text> {
    Scalar(Scalar<'text>),
    List,
    /// Keys and values in turn.
    Map,
    /// Another node again, by its index.
    Alias(usize),
}

impl Content<'_> {
    pub(super) fn kind(&self) -> NodeKind {
        match self {
            Self::Scalar(_) | Self::Alias(_) => NodeKind::Text,
            Self::List => NodeKind::List,
            Self::Map => NodeKind::Map,
        }
    }
}

impl<'text> EventBuffer<'text> {
    pub(super) fn read(text: &'text str) -> Result<Self, Fault> {
        Recorder::new(text, MOST_NODES)
            .record_all()
            .map(|recorder| recorder.events)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn second_document(&self) -> bool {
        self.second_document
    }

    /// The bytes of each node in turn: of a scalar without its tag and anchor, of a list or map from its first to its last
    /// node, of one in brackets with them. An empty scalar stands at the end of its key.
    pub(super) fn ranges(
        &self,
    ) -> impl ExactSizeIterator<Item = &Range<usize>> + DoubleEndedIterator {
        self.nodes.iter().map(|node| &node.range)
    }

    pub(super) fn range(&self, index: usize) -> Range<usize> {
        self.nodes[index].range.clone()
    }

    pub(super) fn content(&self, index: usize) -> &Content<'text> {
        &self.nodes[index].content
    }

    pub(super) fn mark(&self, index: usize) -> Mark {
        self.nodes[index].mark
    }

    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> + use<'_, 'text> {
        let end = self.nodes[index].next;
        let inside = move |child: usize| (child < end).then_some(child);
        std::iter::successors(inside(index + 1), move |child| {
            inside(self.nodes[*child].next)
        })
    }
}

#[derive(Default)]
struct Recorder<'text> {
    text: &'text str,
    events: EventBuffer<'text>,
    reached: usize,
    open: Vec<usize>,
    anchors: BTreeMap<usize, usize>,
    aliases: usize,
    most_nodes: usize,
}

impl<'text> Recorder<'text> {
    fn new(text: &'text str, most_nodes: usize) -> Self {
        Self {
            text,
            most_nodes,
            ..Self::default()
        }
    }

    fn record_all(mut self) -> Result<Self, Fault> {
        let options = granit_parser::options! {
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
            bom_inside_document_as_content: true,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = event.map_err(|error| Fault::of_syntax(&error, self.text))?;
            if matches!(event, Event::DocumentEnd) {
                break;
            }
            self.record(event, &span)?;
        }
        let is_more = |line: &str| {
            let words = line.trim_start_matches(['-', '.', ' ', '\t']);
            !words.is_empty() && !words.starts_with('#')
        };
        self.events.second_document = lines(&self.text[self.reached..]).any(is_more);
        Ok(self)
    }

    fn record(&mut self, event: Event<'text>, span: &Span) -> Result<(), Fault> {
        let mark = Mark::from(span.start);
        if self.events.nodes.len() > self.most_nodes {
            return Err(Problem::TooManyNodes.at(mark));
        }
        match event {
            Event::DocumentStart(_, Some(version)) => check_version(version, mark),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map_or(Tag::None, |tag| Tag::from(&*tag));
                let scalar = Scalar {
                    text,
                    plain: style == ScalarStyle::Plain,
                    tag,
                };
                refuse_line_separator(&scalar, mark)?;
                self.push(Content::Scalar(scalar), anchor, span);
                Ok(())
            }
            Event::SequenceStart(style, anchor, _) => {
                self.enter(Content::List, style, anchor, span)
            }
            Event::MappingStart(style, anchor, _) => self.enter(Content::Map, style, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                self.leave(span);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn push(&mut self, content: Content<'text>, anchor: usize, span: &Span) {
        let index = self.events.nodes.len();
        let range = span.byte_range().unwrap_or_default();
        // a block scalar goes on to the next node
        self.reached = range.start + self.text[range.clone()].trim_end().len();
        if anchor != 0 {
            self.anchors.insert(anchor, index);
        }
        self.events.nodes.push(Node {
            content,
            mark: Mark::from(span.start),
            range: range.start..self.reached,
            next: index + 1,
        });
    }

    fn enter(
        &mut self,
        content: Content<'text>,
        style: StructureStyle,
        anchor: usize,
        span: &Span,
    ) -> Result<(), Fault> {
        let mark = Mark::from(span.start);
        if self.open.len() == DEEPEST {
            return Err(Problem::TooDeep.at(mark));
        }
        if style == StructureStyle::Block && self.follows_a_tab(span) {
            // "-<TAB>key:" is fine to the parser, and to no version of Go's
            return Err(Problem::Tab.at(mark.of_tab(self.text)));
        }
        self.open.push(self.events.nodes.len());
        self.push(content, anchor, span);
        Ok(())
    }

    fn follows_a_tab(&self, span: &Span) -> bool {
        let before = span
            .byte_range()
            .and_then(|range| self.text.get(..range.start));
        before.is_some_and(|before| before.ends_with('\t'))
    }

    fn leave(&mut self, span: &Span) {
        let end = self.events.nodes.len();
        let Some(index) = self.open.pop() else { return };
        let node = &mut self.events.nodes[index];
        node.next = end;
        if !node.range.is_empty() {
            // it stands in brackets
            self.reached = span.byte_range().unwrap_or_default().end;
        }
        node.range.end = self.reached;
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Fault> {
        let mark = Mark::from(span.start);
        self.aliases += 1;
        if self.aliases > MOST_ALIASES {
            return Err(Problem::TooManyAliases.at(mark));
        }
        match self.anchors.get(&anchor) {
            Some(target) if !self.open.contains(target) => {
                self.push(Content::Alias(*target), 0, span);
                Ok(())
            }
            _ => Err(Problem::SelfReference.at(mark)),
        }
    }
}

/// U+2028 and U+2029 break a line to Go and don't to the parser: without quotes the text would be another one.
fn refuse_line_separator(scalar: &Scalar<'_>, mark: Mark) -> Result<(), Fault> {
    match scalar
        .text
        .chars()
        .find(|character| matches!(character, '\u{2028}' | '\u{2029}'))
    {
        Some(separator) if scalar.plain => Err(Problem::ControlCharacter(separator).at(mark)),
        _ => Ok(()),
    }
}

fn check_version(version: YamlVersion, mark: Mark) -> Result<(), Fault> {
    if version == YamlVersion::new(1, 1) {
        return Ok(());
    }
    Err(Problem::Version(format!("{}.{}", version.major, version.minor)).at(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(events: &EventBuffer<'_>, index: usize) -> String {
        let children = || {
            events
                .children(index)
                .map(|child| kinds(events, child))
                .collect::<Vec<_>>()
                .join(" ")
        };
        match events.content(index) {
            Content::Scalar(scalar) => scalar.text.to_string(),
            Content::List => format!("[{}]", children()),
            Content::Map => format!("{{{}}}", children()),
            Content::Alias(target) => format!("*{target}"),
        }
    }

    #[test]
    fn nodes_stand_in_the_order_of_the_text_with_their_places() {
        let events = EventBuffer::read("a: &x [b, {c: d}]\ne: *x\nf: {}\n").unwrap();
        assert_eq!(kinds(&events, 0), "{a [b {c d}] e *2 f {}}");
        let places: Vec<_> = events
            .children(0)
            .map(|child| events.mark(child))
            .map(|p| (p.line, p.column))
            .collect();
        assert_eq!(places, [(1, 1), (1, 7), (2, 1), (2, 4), (3, 1), (3, 4)]);
    }

    #[test]
    fn there_is_a_largest_number_of_nodes() {
        let read = |most_nodes: usize| {
            Recorder::new("[a, {b: c}]", most_nodes)
                .record_all()
                .map(drop)
        };
        assert_eq!(read(5), Ok(()));
        assert_eq!(read(4).unwrap_err().problem, Problem::TooManyNodes);
    }

    #[test]
    fn only_the_first_document_counts() {
        for text in ["a\n---\n[\n", "a\n...\n\u{7}[", "--- a\n---\n%x\n"] {
            assert_eq!(kinds(&EventBuffer::read(text).unwrap(), 0), "a", "{text:?}");
        }
        for text in ["", " \n", "# x\n", "\n\n# x", "...\n"] {
            assert!(EventBuffer::read(text).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn an_alias_inside_of_its_own_anchor_is_refused() {
        for text in ["&a [*a]", "&a {b: {c: *a}}", "x: &a\n  <<: *a\n"] {
            assert_eq!(
                EventBuffer::read(text).unwrap_err().problem,
                Problem::SelfReference,
                "{text:?}"
            );
        }
        assert!(EventBuffer::read("[&a x, &a [*a]]").is_err());
        assert!(EventBuffer::read("[&a [x], &a y, *a]").is_ok());
    }
}
