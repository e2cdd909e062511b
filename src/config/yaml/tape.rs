//! A document as one flat list of nodes with their places, in the order of the text. Knows no schema.
//!
//! A list instead of a tree: a node takes 64 bytes and no allocation of its own, and no depth can overflow a stack.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, YamlVersion};

use super::limits::{DEEPEST, MOST_ALIASES, MOST_NODES};
use super::problem::{Fault, Kind, Position, Problem};
use super::scalar::{Scalar, Tag};

/// The first document of a text.
#[derive(Debug, Default)]
pub(super) struct Tape<'text> {
    nodes: Vec<Node<'text>>,
}

/// A node, and where the one after it and all within it begins.
#[derive(Debug)]
struct Node<'text> {
    content: Content<'text>,
    position: Position,
    next: usize,
}

/// What a node is.
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
    /// The kind, for messages.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Scalar(_) | Self::Alias(_) => Kind::Text,
            Self::List => Kind::List,
            Self::Map => Kind::Map,
        }
    }
}

impl<'text> Tape<'text> {
    /// Reads the first document of `text`; empty where there is none.
    pub(super) fn read(text: &'text str) -> Result<Self, Fault> {
        Recorder::new(text, MOST_NODES)
            .record_all()
            .map(|recorder| recorder.tape)
    }

    /// As [`read`](Self::read), with the bytes of each node in turn: of a scalar without its tag and anchor, of a list or map
    /// from its first to its last node, of one in brackets with them. An empty scalar stands at the end of its key.
    pub(super) fn read_with_ranges(text: &'text str) -> Result<(Self, Vec<Range<usize>>), Fault> {
        let recorder = Recorder {
            ranges: Some(Vec::new()),
            ..Recorder::new(text, MOST_NODES)
        }
        .record_all()?;
        Ok((recorder.tape, recorder.ranges.unwrap_or_default()))
    }

    /// Whether the text has no document: it is empty, or has blanks and comments only.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The content of the node at `index`.
    pub(super) fn content(&self, index: usize) -> &Content<'text> {
        &self.nodes[index].content
    }

    /// The place of the node at `index`.
    pub(super) fn position(&self, index: usize) -> Position {
        self.nodes[index].position
    }

    /// The nodes directly within the list or map at `index`.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> + use<'_, 'text> {
        let end = self.nodes[index].next;
        let inside = move |child: usize| (child < end).then_some(child);
        std::iter::successors(inside(index + 1), move |child| {
            inside(self.nodes[*child].next)
        })
    }
}

/// What is known while a document's events come in.
#[derive(Default)]
struct Recorder<'text> {
    text: &'text str,
    tape: Tape<'text>,
    /// The bytes of each node, where somebody wants to know.
    ranges: Option<Vec<Range<usize>>>,
    /// The end of the last of these nodes.
    reached: usize,
    /// The lists and maps that aren't closed yet.
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

    /// Records the events up to the end of the first document.
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
        Ok(self)
    }

    fn record(&mut self, event: Event<'text>, span: &Span) -> Result<(), Fault> {
        let position = Position::from(span.start);
        if self.tape.nodes.len() > self.most_nodes {
            return Err(Problem::TooManyNodes.at(position));
        }
        match event {
            Event::DocumentStart(_, Some(version)) => check_version(version, position),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map_or(Tag::None, |tag| Tag::from(&*tag));
                let scalar = Scalar {
                    text,
                    plain: style == ScalarStyle::Plain,
                    tag,
                };
                refuse_line_separator(&scalar, position)?;
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
        let index = self.tape.nodes.len();
        let position = Position::from(span.start);
        if let Some(ranges) = &mut self.ranges {
            let range = span.byte_range().unwrap_or_default();
            // a block scalar goes on to the next node
            self.reached = range.start + self.text[range.clone()].trim_end().len();
            ranges.push(range.start..self.reached);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, index);
        }
        self.tape.nodes.push(Node {
            content,
            position,
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
        let position = Position::from(span.start);
        if self.open.len() == DEEPEST {
            return Err(Problem::TooDeep.at(position));
        }
        if style == StructureStyle::Block && self.follows_a_tab(span) {
            // "-<TAB>key:" is fine to the parser, and to no version of Go's
            return Err(Problem::Tab.at(position.of_tab(self.text)));
        }
        self.open.push(self.tape.nodes.len());
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
        let end = self.tape.nodes.len();
        let Some(index) = self.open.pop() else { return };
        self.tape.nodes[index].next = end;
        if let Some(ranges) = &mut self.ranges {
            if !ranges[index].is_empty() {
                // it stands in brackets
                self.reached = span.byte_range().unwrap_or_default().end;
            }
            ranges[index].end = self.reached;
        }
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Fault> {
        let position = Position::from(span.start);
        self.aliases += 1;
        if self.aliases > MOST_ALIASES {
            return Err(Problem::TooManyAliases.at(position));
        }
        match self.anchors.get(&anchor) {
            Some(target) if !self.open.contains(target) => {
                self.push(Content::Alias(*target), 0, span);
                Ok(())
            }
            _ => Err(Problem::SelfReference.at(position)),
        }
    }
}

/// U+2028 and U+2029 break a line to Go and don't to the parser: without quotes the text would be another one.
fn refuse_line_separator(scalar: &Scalar<'_>, position: Position) -> Result<(), Fault> {
    match scalar
        .text
        .chars()
        .find(|character| matches!(character, '\u{2028}' | '\u{2029}'))
    {
        Some(separator) if scalar.plain => Err(Problem::ControlCharacter(separator).at(position)),
        _ => Ok(()),
    }
}

fn check_version(version: YamlVersion, position: Position) -> Result<(), Fault> {
    if version == YamlVersion::new(1, 1) {
        return Ok(());
    }
    Err(Problem::Version(format!("{}.{}", version.major, version.minor)).at(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(tape: &Tape<'_>, index: usize) -> String {
        let children = || {
            tape.children(index)
                .map(|child| kinds(tape, child))
                .collect::<Vec<_>>()
                .join(" ")
        };
        match tape.content(index) {
            Content::Scalar(scalar) => scalar.text.to_string(),
            Content::List => format!("[{}]", children()),
            Content::Map => format!("{{{}}}", children()),
            Content::Alias(target) => format!("*{target}"),
        }
    }

    #[test]
    fn nodes_stand_in_the_order_of_the_text_with_their_places() {
        let tape = Tape::read("a: &x [b, {c: d}]\ne: *x\nf: {}\n").unwrap();
        assert_eq!(kinds(&tape, 0), "{a [b {c d}] e *2 f {}}");
        let places: Vec<_> = tape
            .children(0)
            .map(|child| tape.position(child))
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
            assert_eq!(kinds(&Tape::read(text).unwrap(), 0), "a", "{text:?}");
        }
        for text in ["", " \n", "# x\n", "\n\n# x", "...\n"] {
            assert!(Tape::read(text).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn an_alias_inside_of_its_own_anchor_is_refused() {
        for text in ["&a [*a]", "&a {b: {c: *a}}", "x: &a\n  <<: *a\n"] {
            assert_eq!(
                Tape::read(text).unwrap_err().problem,
                Problem::SelfReference,
                "{text:?}"
            );
        }
        assert!(Tape::read("[&a x, &a [*a]]").is_err());
        assert!(Tape::read("[&a [x], &a y, *a]").is_ok());
    }
}
