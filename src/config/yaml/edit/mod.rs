//! A text that a person may have edited, with a change made in it: what the change doesn't touch stays byte for byte. Knows
//! where keys, values and comments stand, and not why anything changes.
//!
//! Nothing here is trusted: `write.rs` reads the result again. `None` says that a form is beyond this.

mod edits;
mod lists;
mod outline;

use std::collections::BTreeMap;
use std::ops::Range;

pub(super) use self::outline::{Outline, has_comment, words};

use self::edits::Edits;
use self::outline::{Map, Pair};
use super::emit::{Columns, FOUR, TWO};
use super::line::{Line, Value, active_line, remote_lines};
use super::style::is_explicit_key;
use super::{emit, flow};
use crate::config::document::{Document, RemoteEntry};

/// A changed text.
pub(super) struct Edited {
    pub(super) text: String,
    /// Whether comments stood in a part that had to be written anew.
    pub(super) loses_comments: bool,
}

/// What becomes of aliases that the change doesn't touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aliases {
    Kept,
    /// What they stand for takes their place, since the change touches what they stand for.
    WrittenOut,
}

/// `text`, which stands for `before`, with what makes it stand for `after`.
pub(super) fn edited(
    text: &str,
    before: &Document,
    after: &Document,
    aliases: Aliases,
) -> Option<Edited> {
    let outline = Outline::read(text)?;
    let (edits, columns) = (Edits::default(), TWO);
    let mut editor = Editor {
        columns,
        aliases,
        outline: &outline,
        edits,
        loses_comments: false,
    };
    if outline.is_empty() {
        editor.insert_lines(text.len(), &emit::document(after));
    } else {
        let root = outline.map(0)?;
        editor.columns = columns_of(&outline, &root);
        editor.edit_file(&root, before, after)?;
    }
    let Editor {
        edits,
        loses_comments,
        ..
    } = editor;
    Some(Edited {
        text: edits.apply(text, 0..text.len())?,
        loses_comments,
    })
}

/// The changes of a text so far.
struct Editor<'a> {
    outline: &'a Outline<'a>,
    columns: Columns,
    aliases: Aliases,
    edits: Edits,
    loses_comments: bool,
}

impl Editor<'_> {
    // What is deeper comes first: at the end of a map the last item of its last list stands before a new key.
    fn edit_file(&mut self, root: &Map<'_>, before: &Document, after: &Document) -> Option<()> {
        let remotes = root.find("Remotes");
        if let Some(pair) = remotes
            && (before.remotes != after.remotes || self.writes_out(pair.value))
        {
            self.edit_remotes(root, pair, before, after)?;
        }
        self.edit_list(
            root,
            "Credentials",
            self.columns.login,
            &before.logins,
            &after.logins,
        )?;
        self.edit_lines(
            root,
            &[active_line(&before.active)],
            &[active_line(&after.active)],
        )?;
        if remotes.is_none() && !after.remotes.is_empty() {
            let mut lines = String::new();
            emit::push_remotes(&mut lines, &self.columns, after);
            self.add(root, &lines, &format!("Remotes: {}", flow::remotes(after)));
        }
        Some(())
    }

    /// Whether a part is written anew for its aliases alone.
    fn writes_out(&self, node: usize) -> bool {
        self.aliases == Aliases::WrittenOut && self.outline.has_alias(node)
    }

    fn edit_remotes(
        &mut self,
        root: &Map<'_>,
        pair: &Pair<'_>,
        before: &Document,
        after: &Document,
    ) -> Option<()> {
        let outline = self.outline;
        let map = outline.map(pair.value)?;
        let is_in_brackets = outline.is_in_brackets(pair.value);
        if is_in_brackets && map.pairs.is_empty() && !outline.is_in_brackets(root.node) {
            let mut lines = String::new();
            for (name, remote) in &after.remotes {
                emit::push_remote(&mut lines, &self.columns, name.as_str(), remote);
            }
            return self.open_up(pair, &lines);
        }
        let own: BTreeMap<&str, &Pair<'_>> = map
            .pairs
            .iter()
            .filter_map(|pair| Some((pair.name.as_deref()?, pair)))
            .collect();
        let mut gone: Vec<_> = before
            .remotes
            .iter()
            .filter(|(name, _)| !after.remotes.contains_key(*name))
            .collect();
        let mut new: Vec<_> = after
            .remotes
            .iter()
            .filter(|(name, _)| !before.remotes.contains_key(*name))
            .collect();
        if let ([(old_name, old)], [(new_name, entry)]) = (&*gone, &*new)
            && old == entry
            && !is_explicit_key(new_name.as_str())
        {
            let key = outline.range(own.get(old_name.as_str())?.key);
            let name =
                self.in_the_form_of(key.clone(), is_in_brackets, &Value::Text(new_name.as_str()));
            self.edits.replace(key, name);
            gone.clear();
            new.clear();
        }
        if is_in_brackets && (gone.len() > 1 || gone.len() == map.pairs.len()) {
            self.write_anew(pair.value, flow::remotes(after));
            return Some(());
        }
        for (name, _) in &gone {
            let pair = own.get(name.as_str())?;
            if is_in_brackets {
                self.remove_in_brackets(&map, pair)?;
            } else {
                self.remove(pair)?;
            }
        }
        let both = before
            .remotes
            .iter()
            .filter_map(|(name, old)| Some((name, old, after.remotes.get(name)?)));
        for (name, old, remote) in both {
            match own.get(name.as_str()) {
                Some(pair) if old != remote || self.writes_out(pair.value) => {
                    self.edit_remote(pair, old, remote)?;
                }
                // What is merged gives way to what is there.
                None if old != remote => new.push((name, remote)),
                _ => {}
            }
        }
        let mut lines = String::new();
        for (name, remote) in &new {
            emit::push_remote(&mut lines, &self.columns, name.as_str(), remote);
        }
        if !new.is_empty() {
            let parts: Vec<_> = new
                .iter()
                .map(|(name, remote)| flow::named_remote(name.as_str(), remote))
                .collect();
            self.add(&map, &lines, &parts.join(", "));
        } else if gone.len() == map.pairs.len() && !is_in_brackets {
            self.edits.insert(outline.colon(pair)?, " {}");
        }
        Some(())
    }

    fn edit_remote(
        &mut self,
        pair: &Pair<'_>,
        before: &RemoteEntry,
        after: &RemoteEntry,
    ) -> Option<()> {
        let Some(map) = self
            .outline
            .map(pair.value)
            .filter(|map| !(map.merges() && self.writes_out(map.node)))
        else {
            self.write_anew(pair.value, flow::remote(after));
            return Some(());
        };
        let Columns { key, keyserver, .. } = self.columns;
        let dash =
            self.outline.column(self.outline.range(map.node).start) + keyserver.saturating_sub(key);
        self.edit_list(
            &map,
            "Keyservers",
            dash,
            &before.keyservers,
            &after.keyservers,
        )?;
        self.edit_lines(&map, &remote_lines(before), &remote_lines(after))
    }

    /// Makes those lines of a map new that differ.
    fn edit_lines(&mut self, map: &Map<'_>, before: &[Line<'_>], after: &[Line<'_>]) -> Option<()> {
        let mut left = map.pairs.len();
        let mut new = Vec::new();
        for (before, line) in before.iter().zip(after) {
            let pair = map.find(line.key);
            if before.value == line.value && !pair.is_some_and(|pair| self.writes_out(pair.value)) {
                continue;
            }
            match pair {
                Some(pair) if left > 1 && !line.is_written() && self.is_removable(map, pair) => {
                    self.remove(pair)?;
                    left -= 1;
                }
                Some(pair) => self.set(pair, self.outline.is_in_brackets(map.node), &line.value)?,
                None => new.push(line),
            }
        }
        for line in new {
            let column = self.outline.column(self.outline.range(map.node).start);
            self.add(map, &emit::line(column, line), &flow::line(line));
        }
        Some(())
    }

    /// Gives a key another value: in place, in the quotes that it had.
    fn set(&mut self, pair: &Pair<'_>, is_in_brackets: bool, value: &Value<'_>) -> Option<()> {
        let text = self.outline.text;
        let colon = self.outline.colon(pair)?;
        let old = self.outline.range(pair.value);
        let new = self.in_the_form_of(old.clone(), is_in_brackets, value);
        if old.is_empty() {
            self.edits.insert(colon, format!(" {new}"));
            return Some(());
        }
        let gap = &text[colon..old.start];
        if words(gap).any(|word| word.starts_with(['!', '|', '>'])) {
            self.loses_comments |= has_comment(gap);
            self.edits.replace(colon..old.end, format!(" {new}"));
        } else {
            self.edits.replace(old, new);
        }
        Some(())
    }

    /// A value as it can stand where another one stands, in the same quotes.
    fn in_the_form_of(&self, old: Range<usize>, is_in_brackets: bool, value: &Value<'_>) -> String {
        let mut new = String::new();
        value.push(&mut new);
        let quote = self.outline.text[old]
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        match (value, quote) {
            (Value::Text(text), Some(quote)) if new == *text && !text.contains([quote, '\\']) => {
                format!("{quote}{text}{quote}")
            }
            _ if is_in_brackets => flow::value(value),
            _ => new,
        }
    }

    /// Puts another text in brackets in place of a node.
    fn write_anew(&mut self, node: usize, text: String) {
        let range = self.outline.range(node);
        self.loses_comments |= has_comment(&self.outline.text[range.clone()]);
        self.edits.replace(range, text);
    }

    /// Puts `lines` below a key that has no value, or one of nothing.
    fn open_up(&mut self, pair: &Pair<'_>, lines: &str) -> Option<()> {
        let text = self.outline.text;
        let colon = self.outline.colon(pair)?;
        let nothing = self.outline.range(pair.value);
        if !nothing.is_empty() {
            self.loses_comments |= has_comment(&text[nothing.clone()]);
            let is_beside = text[colon..nothing.start]
                .chars()
                .all(|character| character == ' ');
            self.edits
                .delete(if is_beside { colon } else { nothing.start }..nothing.end);
        }
        self.insert_lines(self.outline.line_end(nothing.end.max(colon)), lines);
        Some(())
    }

    /// Adds a pair at the end of a map: `lines`, or where the map stands in brackets `part`.
    fn add(&mut self, map: &Map<'_>, lines: &str, part: &str) {
        let range = self.outline.range(map.node);
        match map.pairs.last() {
            None => {
                let inside = range.start + 1;
                let separator = if self.edits.last_is_at(inside) {
                    ", "
                } else {
                    ""
                };
                self.edits.insert(inside, format!("{separator}{part}"));
            }
            Some(last) if self.outline.is_in_brackets(map.node) => {
                self.edits
                    .insert(self.outline.end(last), format!(", {part}"));
            }
            Some(last) => {
                let column = self.outline.column(range.start);
                self.insert_lines(
                    self.outline.last_line(self.outline.end(last), column),
                    lines,
                );
            }
        }
    }

    /// Whether the pair can be taken out line by line, and nothing that is merged comes to light.
    fn is_removable(&self, map: &Map<'_>, pair: &Pair<'_>) -> bool {
        let begins_a_line = self
            .outline
            .begins_a_line(self.outline.range(pair.key).start);
        begins_a_line && !map.merges() && !self.outline.is_in_brackets(map.node)
    }

    /// Takes a pair out with its comments.
    fn remove(&mut self, pair: &Pair<'_>) -> Option<()> {
        let outline = self.outline;
        let key = outline.range(pair.key).start;
        if !outline.begins_a_line(key) {
            return None;
        }
        let start = outline.line_start(key);
        let line = &outline.text[start..];
        let begin = start + (line.len() - line.trim_start().len());
        self.edits.delete(
            outline.first_line(begin, pair.key)
                ..outline.last_line(outline.end(pair), outline.column(begin)),
        );
        Some(())
    }

    /// Takes one of several pairs out of brackets.
    fn remove_in_brackets(&mut self, map: &Map<'_>, pair: &Pair<'_>) -> Option<()> {
        let start = |pair: &Pair<'_>| self.outline.range(pair.key).start;
        let at = map
            .pairs
            .iter()
            .position(|other| other.key == pair.key)
            .unwrap_or_default();
        let next = map.pairs.get(at + 1);
        let bracket = self.outline.range(map.node).end - 1;
        let its_lines_end = self.outline.line_end(self.outline.end(pair));
        if self.outline.begins_a_line(start(pair)) && its_lines_end <= next.map_or(bracket, start) {
            return self.remove(pair);
        }
        let range = match next {
            Some(next) => start(pair)..start(next),
            None => self.outline.end(&map.pairs[at.saturating_sub(1)])..self.outline.end(pair),
        };
        self.loses_comments |= has_comment(&self.outline.text[range.clone()]);
        self.edits.delete(range);
        Some(())
    }

    /// Inserts new lines, with the line breaks of the text.
    fn insert_lines(&mut self, offset: usize, lines: &str) {
        match self.line_break() {
            "\n" => self.insert_as_is(offset, lines),
            line_break => self.insert_as_is(offset, &lines.replace('\n', line_break)),
        }
    }

    /// Inserts lines of the text elsewhere.
    fn insert_as_is(&mut self, offset: usize, lines: &str) {
        let before = &self.outline.text[..offset];
        if !before.is_empty() && !before.ends_with(['\n', '\r']) {
            self.edits.insert(offset, self.line_break());
        }
        self.edits.insert(offset, lines);
    }

    /// The first line break of the text.
    fn line_break(&self) -> &'static str {
        let text = self.outline.text;
        match text.find(['\n', '\r']).map(|at| &text[at..]) {
            Some(rest) if rest.starts_with("\r\n") => "\r\n",
            Some(rest) if rest.starts_with('\r') => "\r",
            _ => "\n",
        }
    }
}

/// The columns that a file uses, for what comes new into it.
fn columns_of(outline: &Outline<'_>, root: &Map<'_>) -> Columns {
    let block = |node: usize| outline.map(node).filter(|_| !outline.is_in_brackets(node));
    let column_of_list = |pair: &Pair<'_>| {
        let first = outline
            .items(pair.value)
            .filter(|_| !outline.is_in_brackets(pair.value))?
            .into_iter()
            .next()?;
        Some(outline.column(outline.dash(first)?))
    };
    let login = root.find("Credentials").and_then(column_of_list);
    let usual = match login {
        Some(login @ 1..) => Columns {
            name: login,
            key: 2 * login,
            keyserver: 3 * login,
            login,
        },
        _ => TWO,
    };
    let Some(remotes) = root.find("Remotes").and_then(|pair| block(pair.value)) else {
        return usual;
    };
    let name = outline.column(outline.range(remotes.node).start);
    let maps = || remotes.pairs.iter().filter_map(|pair| block(pair.value));
    let key = maps()
        .map(|map| outline.column(outline.range(map.node).start))
        .find(|key| *key > name);
    let key = key.unwrap_or(name + name.max(1));
    let deeper = maps().find_map(|map| {
        let dash = map.find("Keyservers").and_then(column_of_list)?;
        dash.checked_sub(outline.column(outline.range(map.node).start))
    });
    let is_deeper = login.map_or((name, key) == (FOUR.name, FOUR.key), |login| login > 0);
    let deeper = deeper.unwrap_or(if is_deeper { key - name } else { 0 });
    let login = login.unwrap_or(if deeper > 0 { name } else { 0 });
    Columns {
        name,
        key,
        keyserver: key + deeper,
        login,
    }
}
