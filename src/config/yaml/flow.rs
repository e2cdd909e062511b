//! Parts of a document as text in brackets, on one line: for files that have brackets there. Knows no text that was there
//! before.

use super::line::{Item, Line, Value, remote_lines};
use super::style::push_scalar;
use crate::config::document::{Document, RemoteEntry};

/// The remotes, by name.
pub(super) fn remotes(document: &Document) -> String {
    let remotes = document
        .remotes
        .iter()
        .map(|(name, entry)| named_remote(name.as_str(), entry));
    format!("{{{}}}", remotes.collect::<Vec<_>>().join(", "))
}

/// A remote with its name.
pub(super) fn named_remote(name: &str, entry: &RemoteEntry) -> String {
    format!("{}: {}", text(name), remote(entry))
}

/// A remote without its name.
pub(super) fn remote(remote: &RemoteEntry) -> String {
    let mut parts = written(&remote_lines(remote));
    if !remote.keyservers.is_empty() {
        parts.push(format!("Keyservers: {}", list(&remote.keyservers)));
    }
    format!("{{{}}}", parts.join(", "))
}

/// A list of keyservers or logins.
pub(super) fn list<T: Item>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(|entry| item(entry)).collect();
    format!("[{}]", items.join(", "))
}

/// An item of such a list.
pub(super) fn item<T: Item>(item: &T) -> String {
    format!("{{{}}}", written(&item.lines()).join(", "))
}

/// A line with its key.
pub(super) fn line(line: &Line<'_>) -> String {
    format!("{}: {}", line.key, value(&line.value))
}

/// A line's value.
pub(super) fn value(value: &Value<'_>) -> String {
    match value {
        Value::Text(value) => text(value),
        Value::Flag(flag) => flag.to_string(),
    }
}

fn written(lines: &[Line<'_>]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line.is_written())
        .map(line)
        .collect()
}

/// In quotes also where a character could be one of the brackets' own to some reader: a colon is to many.
fn text(text: &str) -> String {
    let mut written = String::new();
    push_scalar(text, &mut written);
    let is_plain = !written.starts_with(['"', '\'']);
    let is_harmless =
        |character: char| character.is_alphanumeric() || "._-+=/@ ".contains(character);
    if is_plain && !(written.starts_with(char::is_alphanumeric) && written.chars().all(is_harmless))
    {
        written = format!("'{}'", written.replace('\'', "''"));
    }
    written
}
