//! Changes within a list: an item is known by its URI, and its comments go with it where it goes.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::ops::Range;

use super::Editor;
use super::outline::{Map, Pair};
use crate::config::yaml::line::Item;
use crate::config::yaml::{emit, flow};

/// Where an item of the new list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It stays where it is, by its old number.
    Stays(usize),
    /// It stood elsewhere in the list.
    Moves(usize),
    New,
}

impl Editor<'_> {
    /// Makes the list at `key` of a map hold `after`; one that isn't there yet gets its dashes in the column `dash`.
    pub(super) fn edit_list<T: Item>(
        &mut self,
        map: &Map<'_>,
        key: &str,
        dash: usize,
        before: &[T],
        after: &[T],
    ) -> Option<()> {
        let pair = map.find(key);
        if before == after && !pair.is_some_and(|pair| self.writes_out(pair.value)) {
            return Some(());
        }
        let mut lines = String::new();
        for item in after {
            emit::push_item(&mut lines, dash, &item.lines());
        }
        let outline = self.outline;
        let is_in_brackets = outline.is_in_brackets(map.node);
        match pair {
            None => {
                let column = outline.column(outline.range(map.node).start);
                self.add(
                    map,
                    &format!("{:column$}{key}:\n{lines}", ""),
                    &format!("{key}: {}", flow::list(after)),
                );
            }
            Some(pair) if outline.is_nothing(pair.value) && !is_in_brackets => {
                self.open_up(pair, &lines)?;
            }
            Some(pair) if outline.range(pair.value).is_empty() => {
                self.edits
                    .insert(outline.colon(pair)?, format!(" {}", flow::list(after)));
            }
            Some(pair)
                if outline.items(pair.value).is_none() || outline.is_in_brackets(pair.value) =>
            {
                self.write_anew(pair.value, flow::list(after));
            }
            Some(pair) => self.edit_items(pair, before, after)?,
        }
        Some(())
    }

    fn edit_items<T: Item>(&mut self, pair: &Pair<'_>, before: &[T], after: &[T]) -> Option<()> {
        let outline = self.outline;
        let nodes = outline
            .items(pair.value)
            .filter(|nodes| nodes.len() == before.len())?;
        let chunks: Vec<Range<usize>> = nodes
            .iter()
            .map(|node| self.chunk(*node))
            .collect::<Option<_>>()?;
        let column = outline.column(outline.dash(*nodes.first()?)?);
        let origins = origins(before, after);
        let mut leaves = vec![true; before.len()];
        let mut spot =
            first_that_stays(&origins).map_or(chunks.last()?.end, |stays| chunks[stays].start);
        for (item, origin) in after.iter().zip(&origins) {
            match *origin {
                Origin::Stays(old) => {
                    leaves[old] = false;
                    self.edit_item(nodes[old], &before[old], item)?;
                    spot = chunks[old].end;
                }
                Origin::Moves(old) => {
                    let others = mem::take(&mut self.edits);
                    self.edit_item(nodes[old], &before[old], item)?;
                    let chunk = mem::replace(&mut self.edits, others)
                        .apply(outline.text, chunks[old].clone())?;
                    let is_whole = chunk.ends_with(['\n', '\r']);
                    self.insert_as_is(
                        spot,
                        &if is_whole {
                            chunk
                        } else {
                            chunk + self.line_break()
                        },
                    );
                }
                Origin::New => {
                    let mut lines = String::new();
                    emit::push_item(&mut lines, column, &item.lines());
                    self.insert_lines(spot, &lines);
                }
            }
        }
        for (chunk, _) in chunks.into_iter().zip(leaves).filter(|(_, leaves)| *leaves) {
            self.edits.delete(chunk);
        }
        if after.is_empty() {
            self.edits.insert(outline.colon(pair)?, " []");
        }
        Some(())
    }

    fn edit_item<T: Item>(&mut self, node: usize, before: &T, after: &T) -> Option<()> {
        if before == after && !self.writes_out(node) {
            return Some(());
        }
        match self
            .outline
            .map(node)
            .filter(|map| !(map.merges() && self.writes_out(node)))
        {
            Some(map) => self.edit_lines(&map, &before.lines(), &after.lines()),
            None => {
                self.write_anew(node, flow::item(after));
                Some(())
            }
        }
    }

    /// The lines of an item with its comments.
    fn chunk(&self, node: usize) -> Option<Range<usize>> {
        let dash = self
            .outline
            .dash(node)
            .filter(|dash| self.outline.begins_a_line(*dash))?;
        let end = self
            .outline
            .last_line(self.outline.range(node).end, self.outline.column(dash));
        Some(self.outline.first_line(dash, node)..end)
    }
}

/// Where each item of `after` comes from; those that stay keep their order.
fn origins<T: Item>(before: &[T], after: &[T]) -> Vec<Origin> {
    let mut known: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (number, item) in before.iter().enumerate() {
        known.entry(item.uri()).or_default().push_back(number);
    }
    let mut next = 0;
    let mut origin = |item: &T| match known.get_mut(item.uri()).and_then(VecDeque::pop_front) {
        Some(old) if old >= next => {
            next = old + 1;
            Origin::Stays(old)
        }
        Some(old) => Origin::Moves(old),
        None => Origin::New,
    };
    after.iter().map(&mut origin).collect()
}

fn first_that_stays(origins: &[Origin]) -> Option<usize> {
    origins.iter().find_map(|origin| match origin {
        Origin::Stays(old) => Some(*old),
        _ => None,
    })
}
