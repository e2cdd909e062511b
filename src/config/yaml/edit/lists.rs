//! Changes within a list: an item is known by its URI, and its comments go where it goes.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::ops::Range;

use super::Editor;
use crate::config::yaml::emit;
use crate::config::yaml::tree::Member;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Stays(usize),
    Moves(usize),
    New,
}

impl Editor<'_> {
    pub(super) fn edit_list(
        &mut self,
        node: usize,
        before: &[Member<'_>],
        after: &[Member<'_>],
    ) -> Option<()> {
        let outline = self.outline;
        let items = outline.items(node)?;
        let chunks: Vec<Range<usize>> = items
            .iter()
            .map(|item| outline.chunk(item))
            .collect::<Option<_>>()?;
        let column = outline.column(items.first()?.begin);
        let origins = origins(before, after);
        let mut leaves = vec![true; before.len()];
        let first_that_stays = origins.iter().find_map(|origin| match origin {
            Origin::Stays(old) => Some(*old),
            _ => None,
        });
        let mut spot = first_that_stays.map_or(chunks.last()?.end, |stays| {
            chunks.get(stays).map_or(0, |chunk| chunk.start)
        });
        for (item, origin) in after.iter().zip(&origins) {
            match *origin {
                Origin::Stays(old) => {
                    leaves[old] = false;
                    self.edit_value(items.get(old)?, &before[old].value, &item.value)?;
                    spot = chunks[old].end;
                }
                Origin::Moves(old) => {
                    let others = mem::take(&mut self.edits);
                    self.edit_value(items.get(old)?, &before[old].value, &item.value)?;
                    let edits = mem::replace(&mut self.edits, others);
                    let mut chunk = edits.apply(outline.text, chunks[old].clone())?;
                    if !chunk.ends_with(['\n', '\r']) {
                        chunk.push_str(outline.line_break());
                    }
                    self.insert_as_is(spot, &chunk);
                }
                Origin::New => {
                    let mut lines = String::new();
                    emit::push_item(&mut lines, column, self.form, item);
                    self.insert_lines(spot, &lines);
                }
            }
        }
        for (chunk, _) in chunks.into_iter().zip(leaves).filter(|(_, leaves)| *leaves) {
            self.edits.delete(chunk);
        }
        Some(())
    }
}

fn origins(before: &[Member<'_>], after: &[Member<'_>]) -> Vec<Origin> {
    let mut known: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (number, item) in before.iter().enumerate() {
        known.entry(item.key).or_default().push_back(number);
    }
    let mut next = 0;
    let mut origin = |item: &Member<'_>| match known.get_mut(item.key).and_then(VecDeque::pop_front)
    {
        Some(old) if old >= next => {
            next = old + 1;
            Origin::Stays(old)
        }
        Some(old) => Origin::Moves(old),
        None => Origin::New,
    };
    after.iter().map(&mut origin).collect()
}
