//! Go's way through a document: aliases followed, maps merged, keys met once, and what is decoded counted. Knows no
//! key by its name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::events::{Content, EventBuffer};
use super::limits::MOST_ALIASED_TEXT;
use super::part::Topic;
use super::problem::{Fault, Mark, NodeKind, Problem};
use crate::name::RemoteName;

pub(super) struct Decoder<'text> {
    events: &'text EventBuffer<'text>,
    budget: Budget,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NodeRef {
    index: usize,
    aliased: bool,
}

#[derive(Debug)]
pub(super) struct KeyValue<'text> {
    pub(super) key: Cow<'text, str>,
    pub(super) mark: Mark,
    pub(super) value: NodeRef,
}

impl<'text> Decoder<'text> {
    pub(super) fn new(events: &'text EventBuffer<'text>) -> Self {
        Self {
            events,
            budget: Budget::default(),
        }
    }

    pub(super) fn root(&self) -> NodeRef {
        NodeRef {
            index: 0,
            aliased: false,
        }
    }

    pub(super) fn mark(&self, node: NodeRef) -> Mark {
        self.events.mark(node.index)
    }

    pub(super) fn is_null(&self, node: NodeRef) -> bool {
        matches!(self.events.content(self.target(node).index), Content::Scalar(scalar) if scalar.is_null())
    }

    pub(super) fn text(&mut self, node: NodeRef, what: Topic<'_>) -> Result<String, Fault> {
        match self.visit(node)? {
            Content::Scalar(scalar) => match scalar.text() {
                Ok(text) => {
                    self.count_text(node, &text)?;
                    Ok(text.into_owned())
                }
                Err(problem) => Err(problem.at(self.mark(node))),
            },
            content => Err(self.wrong_kind(node, what, NodeKind::Text, content)),
        }
    }

    pub(super) fn flag(&mut self, node: NodeRef, what: Topic<'_>) -> Result<bool, Fault> {
        match self.visit(node)? {
            Content::Scalar(scalar) => scalar.flag().ok_or_else(|| {
                Problem::NotAFlag {
                    what: what.to_string(),
                    quoted: !scalar.plain,
                }
                .at(self.mark(node))
            }),
            content => Err(self.wrong_kind(node, what, NodeKind::Flag, content)),
        }
    }

    pub(super) fn items(&mut self, node: NodeRef, what: Topic<'_>) -> Result<Vec<NodeRef>, Fault> {
        match self.visit(node)? {
            Content::List => Ok(self.children(self.target(node)).collect()),
            Content::Scalar(scalar) if scalar.is_null() => Ok(Vec::new()),
            content => Err(self.wrong_kind(node, what, NodeKind::List, content)),
        }
    }

    /// The keys and values of a map, merged ones after its own; each key stands there once, and own ones win.
    pub(super) fn fields(
        &mut self,
        node: NodeRef,
        what: Topic<'_>,
    ) -> Result<Vec<KeyValue<'text>>, Fault> {
        let mut fields = Fields::default();
        let mut maps = vec![node];
        while let Some(node) = maps.pop() {
            match self.visit(node)? {
                Content::Map => maps.extend(
                    self.add_own_fields(self.target(node), &mut fields)?
                        .into_iter()
                        .rev(),
                ),
                content => return Err(self.wrong_kind(node, what, NodeKind::Map, content)),
            }
        }
        Ok(fields.list)
    }

    /// Adds a map's own fields, and gives back the maps that are merged into it, those first that win.
    fn add_own_fields(
        &mut self,
        map: NodeRef,
        fields: &mut Fields<'text>,
    ) -> Result<Vec<NodeRef>, Fault> {
        fields.maps += 1;
        let mut merged = Vec::new();
        let mut nodes = self.children(map);
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            if matches!(self.events.content(key.index), Content::Scalar(scalar) if scalar.is_merge())
            {
                merged.extend(self.merged_maps(value)?);
            } else {
                fields.add(KeyValue {
                    key: self.key(key)?,
                    mark: self.mark(key),
                    value,
                })?;
            }
        }
        Ok(merged)
    }

    fn key(&mut self, node: NodeRef) -> Result<Cow<'text, str>, Fault> {
        let problem = match self.visit(node)? {
            Content::Scalar(scalar) => match scalar.text() {
                Ok(text) if text.len() > RemoteName::LONGEST => Problem::NameTooLong(text.len()),
                Ok(text) => {
                    self.count_text(node, &text)?;
                    return Ok(text);
                }
                Err(problem) => problem,
            },
            content => Problem::KeyOfNoText(content.kind()),
        };
        Err(problem.at(self.mark(node)))
    }

    fn merged_maps(&mut self, value: NodeRef) -> Result<Vec<NodeRef>, Fault> {
        let maps = match self.events.content(value.index) {
            Content::List => self.children(value).collect(),
            _ => vec![value],
        };
        match maps
            .iter()
            .find(|map| !matches!(self.events.content(self.target(**map).index), Content::Map))
        {
            Some(other) => Err(Problem::MergeOfNoMap.at(self.mark(*other))),
            None => Ok(maps),
        }
    }

    fn children(&self, node: NodeRef) -> impl Iterator<Item = NodeRef> + use<'text> {
        let events = self.events;
        events
            .children(node.index)
            .map(move |index| NodeRef { index, ..node })
    }

    fn target(&self, node: NodeRef) -> NodeRef {
        match self.events.content(node.index) {
            Content::Alias(index) => NodeRef {
                index: *index,
                aliased: true,
            },
            _ => node,
        }
    }

    fn visit(&mut self, node: NodeRef) -> Result<&'text Content<'text>, Fault> {
        let target = self.target(node);
        self.budget
            .count(target.aliased)
            .map_err(|problem| problem.at(self.mark(node)))?;
        Ok(self.events.content(target.index))
    }

    /// Counts a text that an alias stands for: each time it is another copy in memory.
    fn count_text(&mut self, node: NodeRef, text: &str) -> Result<(), Fault> {
        if !self.target(node).aliased {
            return Ok(());
        }
        self.budget
            .count_text(text.len())
            .map_err(|problem| problem.at(self.mark(node)))
    }

    fn wrong_kind(
        &self,
        node: NodeRef,
        what: Topic<'_>,
        wanted: NodeKind,
        found: &Content<'_>,
    ) -> Fault {
        Problem::WrongKind {
            what: what.to_string(),
            wanted,
            found: found.kind(),
        }
        .at(self.mark(node))
    }
}

#[derive(Default)]
struct Fields<'text> {
    list: Vec<KeyValue<'text>>,
    seen: BTreeMap<Cow<'text, str>, (usize, Mark)>,
    maps: usize,
}

impl<'text> Fields<'text> {
    fn add(&mut self, pair: KeyValue<'text>) -> Result<(), Fault> {
        match self.seen.get(&pair.key) {
            None => {
                self.seen.insert(pair.key.clone(), (self.maps, pair.mark));
                self.list.push(pair);
                Ok(())
            }
            Some((map, first)) if *map == self.maps => Err(Problem::RepeatedKey {
                key: pair.key.into_owned(),
                first: first.line,
            }
            .at(pair.mark)),
            Some(_) => Ok(()),
        }
    }
}

/// What was decoded, and how much of it through aliases: Go's own rule against aliases that stand for aliases.
#[derive(Default)]
struct Budget {
    all: u32,
    aliased: u32,
    aliased_text: usize,
}

impl Budget {
    fn count_text(&mut self, length: usize) -> Result<(), Problem> {
        self.aliased_text = self.aliased_text.saturating_add(length);
        if self.aliased_text > MOST_ALIASED_TEXT {
            Err(Problem::ExcessiveAliasing)
        } else {
            Ok(())
        }
    }

    fn count(&mut self, aliased: bool) -> Result<(), Problem> {
        self.all = self.all.saturating_add(1);
        self.aliased = self.aliased.saturating_add(u32::from(aliased));
        let share = f64::from(self.aliased) / f64::from(self.all);
        if self.aliased > 100 && self.all > 1_000 && share > Self::allowed_share(self.all) {
            return Err(Problem::ExcessiveAliasing);
        }
        Ok(())
    }

    /// From 99 % for small documents down to 10 % for very large ones.
    fn allowed_share(all: u32) -> f64 {
        const SMALL: u32 = 400_000;
        const LARGE: u32 = 4_000_000;
        match all {
            0..=SMALL => 0.99,
            LARGE.. => 0.10,
            _ => 0.99 - 0.89 * f64::from(all - SMALL) / f64::from(LARGE - SMALL),
        }
    }
}
