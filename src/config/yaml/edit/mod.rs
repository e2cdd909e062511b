//! A text that a person may have edited, with a change made in it: what the change doesn't touch stays byte for byte. Knows
//! where keys, values and comments stand, and not why anything changes.
//!
//! A map or list that can't be edited where it stands, since it is in brackets or an alias, gets lines of its own below its
//! key; `None` says that this is impossible too. Nothing here is trusted: `write.rs` reads the result again.

mod edits;
mod lists;
mod outline;

use std::collections::BTreeMap;
use std::ops::Range;

use zeroize::Zeroizing;

pub(super) use self::outline::{Outline, has_comment, words};

use self::edits::TextEdits;
use self::outline::Child;
use super::emit;
use super::emit::{FOUR, Indentation, TWO};
use super::style::is_explicit_key;
use super::tree::{Member, Value, file};
use crate::config::document::Document;

pub(super) struct EditedText {
    pub(super) text: Zeroizing<String>,
    pub(super) loses_comments: bool,
}

pub(super) fn edited(text: &str, before: &Document, after: &Document) -> Option<EditedText> {
    let outline = Outline::read(text)?;
    let mut editor = Editor {
        form: indentation(&outline),
        outline: &outline,
        edits: TextEdits::default(),
        loses_comments: false,
    };
    if before == after {
    } else if outline.is_empty() {
        editor.insert_lines(text.len(), &emit::document(after));
    } else {
        editor.edit_map(0, &file(before), &file(after))?;
    }
    Some(EditedText {
        text: Zeroizing::new(editor.edits.apply(text, 0..text.len())?),
        loses_comments: editor.loses_comments,
    })
}

struct Editor<'a> {
    outline: &'a Outline<'a>,
    form: Indentation,
    edits: TextEdits,
    loses_comments: bool,
}

impl Editor<'_> {
    fn edit_map(&mut self, node: usize, before: &[Member<'_>], after: &[Member<'_>]) -> Option<()> {
        let outline = self.outline;
        let keys = outline.keys(node)?;
        let own: BTreeMap<&str, &Child<'_>> = keys
            .iter()
            .filter_map(|child| Some((child.name.as_deref()?, child)))
            .collect();
        let merges = own.len() < keys.len();
        let mut gone: BTreeMap<&str, &Value<'_>> = before
            .iter()
            .map(|member| (member.key, &member.value))
            .collect();
        let mut left = keys.len();
        let mut new = Vec::new();
        for member in after {
            match (gone.remove(member.key), own.get(member.key)) {
                (Some(old), _) if *old == member.value => {}
                (Some(old), Some(child)) => {
                    // A list of nothing stays, with what a person said of it.
                    let can_go = !member.is_written()
                        && !matches!(member.value, Value::List(_))
                        && left > 1
                        && !merges;
                    match outline.chunk(child).filter(|_| can_go) {
                        Some(chunk) => {
                            self.edits.delete(chunk);
                            left -= 1;
                        }
                        None => self.edit_value(child, old, &member.value)?,
                    }
                }
                // What is merged gives way to what is there.
                _ => new.push(member),
            }
        }
        if let ([member], Some((old_name, old))) = (&*new, gone.first_key_value())
            && gone.len() == 1
            && **old == member.value
            && !is_explicit_key(member.key)
        {
            let key = outline.range(own.get(old_name)?.first);
            let name = self.in_the_form_of(key.clone(), &Value::Text(member.key));
            self.edits.replace(key, name);
            return Some(());
        }
        for name in gone.keys() {
            self.edits.delete(outline.chunk(own.get(name)?)?);
        }
        if !new.is_empty() {
            let last = keys.last()?;
            let column = outline.column(keys.first()?.begin);
            let mut lines = String::new();
            for member in new {
                emit::push_member(&mut lines, column, self.form, member);
            }
            self.insert_lines(outline.last_line(outline.end(last), column), &lines);
        }
        Some(())
    }

    /// Gives a key or a dash another value: in its place, or else below it.
    fn edit_value(
        &mut self,
        child: &Child<'_>,
        before: &Value<'_>,
        after: &Value<'_>,
    ) -> Option<()> {
        let (count, loses_comments) = (self.edits.count(), self.loses_comments);
        let done = match (before, after) {
            _ if before == after => return Some(()),
            (Value::Map(before), Value::Map(after)) => self.edit_map(child.value, before, after),
            (Value::List(before), Value::List(after)) => self.edit_list(child.value, before, after),
            _ => return self.set(child, after),
        };
        if done.is_none() {
            self.edits.forget_after(count);
            self.loses_comments = loses_comments;
            return self.write_below(child, after);
        }
        match after {
            Value::Map(members) if members.is_empty() => self.edits.insert(child.sign?, " {}"),
            Value::List(items) if items.is_empty() => self.edits.insert(child.sign?, " []"),
            _ => {}
        }
        Some(())
    }

    fn set(&mut self, child: &Child<'_>, value: &Value<'_>) -> Option<()> {
        let sign = child.sign?;
        let old = self.outline.range(child.value);
        let new = self.in_the_form_of(old.clone(), value);
        if old.is_empty() {
            self.edits.insert(sign, format!(" {new}"));
            return Some(());
        }
        let gap = &self.outline.text[sign..old.start];
        if words(gap).any(|word| word.starts_with(['!', '|', '>'])) {
            self.loses_comments |= has_comment(gap);
            self.edits.replace(sign..old.end, format!(" {new}"));
        } else {
            self.edits.replace(old, new);
        }
        Some(())
    }

    fn in_the_form_of(&self, old: Range<usize>, value: &Value<'_>) -> String {
        let mut new = String::new();
        emit::push_plain(&mut new, value);
        let quote = self.outline.text[old].chars().next();
        match (value, quote) {
            (Value::Text(text), Some(quote @ ('"' | '\'')))
                if new == *text && !text.contains([quote, '\\']) =>
            {
                format!("{quote}{text}{quote}")
            }
            _ => new,
        }
    }

    fn write_below(&mut self, child: &Child<'_>, value: &Value<'_>) -> Option<()> {
        let outline = self.outline;
        let sign = child.sign?;
        let end = outline.end(child);
        self.loses_comments |= has_comment(&outline.text[sign..end]);
        let form = match child.name {
            Some(_) => self.form,
            None => Indentation {
                map: emit::ITEM,
                ..self.form
            },
        };
        let mut lines = String::new();
        emit::push_value(&mut lines, outline.column(child.begin), form, value);
        let (beside, below) = lines.split_once('\n')?;
        self.edits.replace(sign..end, beside);
        self.insert_lines(outline.line_end(end), below);
        Some(())
    }

    fn insert_lines(&mut self, offset: usize, lines: &str) {
        match self.outline.line_break() {
            "\n" => self.insert_as_is(offset, lines),
            line_break => self.insert_as_is(offset, &lines.replace('\n', line_break)),
        }
    }

    fn insert_as_is(&mut self, offset: usize, lines: &str) {
        let before = &self.outline.text[..offset];
        if !(before.is_empty() || before.ends_with(['\n', '\r']) || lines.is_empty()) {
            self.edits.insert(offset, self.outline.line_break());
        }
        self.edits.insert(offset, lines);
    }
}

fn indentation(outline: &Outline<'_>) -> Indentation {
    let column = |child: &Child<'_>| outline.column(child.begin);
    let named = |keys: &[Child<'_>], name: &str| {
        keys.iter()
            .position(|key| key.name.as_deref() == Some(name))
    };
    let first_dash = |keys: &[Child<'_>], name: &str| {
        let list = &keys[named(keys, name)?];
        let items = outline.items(list.value)?;
        column(items.first()?).checked_sub(column(list))
    };
    let file = if outline.is_empty() {
        Vec::new()
    } else {
        outline.keys(0).unwrap_or_default()
    };
    let remotes = named(&file, "Remotes").and_then(|at| outline.keys(file[at].value));
    let remotes = remotes.unwrap_or_default();
    let maps = || {
        remotes
            .iter()
            .filter_map(|name| Some((name, outline.keys(name.value)?)))
    };
    let login = first_dash(&file, "Credentials");
    let map = maps()
        .find_map(|(name, keys)| column(&keys[0]).checked_sub(column(name)))
        .or(remotes.first().map(column))
        .or(login)
        .filter(|map| *map > 0)
        .unwrap_or(TWO.map);
    let dash = maps().find_map(|(_, keys)| first_dash(&keys, "Keyservers"));
    let usual = match map == FOUR.map {
        true => FOUR.dash,
        false => TWO.dash,
    };
    Indentation {
        map,
        dash: dash.or(login).unwrap_or(usual),
    }
}
