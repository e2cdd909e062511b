//! A document, and each part of one, as text in the form of Go's writers. Knows no layer and no text that was there before.

use std::ops::Range;

use super::line::{Item as _, Line, remote_lines};
use super::order::sorted;
use super::style::{is_explicit_key, push_scalar};
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;

/// Where the parts of a file begin on their lines, in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// A remote's name.
    pub(super) name: usize,
    /// The keys of a remote.
    pub(super) key: usize,
    /// The dash of a keyserver.
    pub(super) keyserver: usize,
    /// The dash of a login.
    pub(super) login: usize,
}

/// As Apptainer up to 1.2 writes.
pub(super) const TWO: Columns = Columns {
    name: 2,
    key: 4,
    keyserver: 4,
    login: 0,
};
/// As Apptainer writes since 1.3.
pub(super) const FOUR: Columns = Columns {
    name: 4,
    key: 8,
    keyserver: 12,
    login: 4,
};

/// The document as go-yaml v2 writes it: its order of keys and names, its indentation, its quotes where these are safe in
/// every reader. Texts aren't folded.
pub(super) fn document(document: &Document) -> String {
    let mut text = head(document);
    push_remotes_of(&mut text, &TWO, document);
    push_logins(&mut text, &TWO, &document.logins);
    text
}

/// A document's text, made beside another document that it may replace.
pub(super) struct Replacement<'a> {
    pub(super) text: String,
    before: &'a Document,
    /// The remotes in their order.
    remotes: Vec<Placed<'a>>,
    /// Those that it has no more.
    gone: Vec<(&'a RemoteName, &'a RemoteEntry)>,
}

/// A remote, what it was before, and its bytes.
struct Placed<'a> {
    name: &'a str,
    remote: &'a RemoteEntry,
    before: Option<&'a RemoteEntry>,
    bytes: Range<usize>,
}

impl<'a> Replacement<'a> {
    /// Writes `after` as [`document`] does.
    pub(super) fn new(before: &'a Document, after: &'a Document) -> Self {
        let mut text = head(after);
        let mut gone = Vec::new();
        let mut old = before.remotes.iter().peekable();
        let mut pairs = Vec::with_capacity(after.remotes.len());
        for (name, remote) in &after.remotes {
            let mut before = None;
            while let Some(other) = old.next_if(|(other, _)| *other <= name) {
                if other.0 == name {
                    before = Some(other.1);
                } else {
                    gone.push(other);
                }
            }
            pairs.push((name.as_str(), remote, before));
        }
        gone.extend(old);
        let mut remotes = Vec::with_capacity(pairs.len());
        for (name, (_, remote, before)) in sorted(pairs.iter().map(|pair| (pair.0, pair)).collect())
        {
            let begin = text.len();
            push_remote(&mut text, &TWO, name, remote);
            remotes.push(Placed {
                name,
                remote,
                before: *before,
                bytes: begin..text.len(),
            });
        }
        push_logins(&mut text, &TWO, &after.logins);
        Self {
            text,
            before,
            remotes,
            gone,
        }
    }

    /// Whether `old` is how the document before is written. What both have isn't written once more for that; the few that
    /// are gone may stand anywhere among the others.
    pub(super) fn follows(&self, old: &[u8]) -> bool {
        const FEW: usize = 8;
        if self.gone.len() > FEW {
            return document(self.before).as_bytes() == old;
        }
        let mut gone = self
            .gone
            .iter()
            .map(|(name, remote)| as_written(name.as_str(), remote))
            .collect();
        let Some(mut rest) = old.strip_prefix(head(self.before).as_bytes()) else {
            return false;
        };
        for Placed {
            name,
            remote,
            before,
            bytes,
        } in &self.remotes
        {
            let Some(before) = before else { continue };
            rest = without_leading(rest, &mut gone);
            let others = if before == remote {
                rest.strip_prefix(&self.text.as_bytes()[bytes.clone()])
            } else {
                rest.strip_prefix(as_written(name, before).as_bytes())
            };
            let Some(others) = others else { return false };
            rest = others;
        }
        let mut logins = String::new();
        push_logins(&mut logins, &TWO, &self.before.logins);
        without_leading(rest, &mut gone) == logins.as_bytes() && gone.is_empty()
    }
}

/// Appends `Remotes`, sorted.
pub(super) fn push_remotes(text: &mut String, columns: &Columns, document: &Document) {
    text.push_str(remotes_head(document));
    push_remotes_of(text, columns, document);
}

/// `text` behind those of `parts` that it begins with, which are taken out.
fn without_leading<'text>(mut text: &'text [u8], parts: &mut Vec<String>) -> &'text [u8] {
    while let Some(at) = parts
        .iter()
        .position(|part| text.starts_with(part.as_bytes()))
    {
        text = &text[parts.swap_remove(at).len()..];
    }
    text
}

/// What stands before the first remote.
fn head(document: &Document) -> String {
    let mut text = String::new();
    push_text(&mut text, "Active: ", &document.active);
    text.push_str(remotes_head(document));
    text
}

fn remotes_head(document: &Document) -> &'static str {
    if document.remotes.is_empty() {
        "Remotes: {}\n"
    } else {
        "Remotes:\n"
    }
}

fn as_written(name: &str, remote: &RemoteEntry) -> String {
    let mut text = String::new();
    push_remote(&mut text, &TWO, name, remote);
    text
}

fn push_remotes_of(text: &mut String, columns: &Columns, document: &Document) {
    let remotes = document
        .remotes
        .iter()
        .map(|(name, remote)| (name.as_str(), remote))
        .collect();
    for (name, remote) in sorted(remotes) {
        push_remote(text, columns, name, remote);
    }
}

/// Appends a remote with its name.
pub(super) fn push_remote(text: &mut String, columns: &Columns, name: &str, remote: &RemoteEntry) {
    push_blanks(text, columns.name);
    let begins_a_line = if is_explicit_key(name) {
        push_text(text, "? ", name);
        push_blanks(text, columns.name);
        text.push(':');
        push_blanks(text, columns.key.saturating_sub(columns.name + 1).max(1));
        false
    } else {
        push_scalar(name, text);
        text.push_str(":\n");
        true
    };
    push_lines(text, columns.key, begins_a_line, &remote_lines(remote));
    push_keyservers(text, columns, &remote.keyservers);
}

/// Appends a remote's `Keyservers`; nothing where there is none.
fn push_keyservers(text: &mut String, columns: &Columns, keyservers: &[KeyserverEntry]) {
    if !keyservers.is_empty() {
        push_blanks(text, columns.key);
        text.push_str("Keyservers:\n");
    }
    for keyserver in keyservers {
        push_item(text, columns.keyserver, &keyserver.lines());
    }
}

/// Appends `Credentials`; nothing where there is none.
fn push_logins(text: &mut String, columns: &Columns, logins: &[LoginEntry]) {
    if !logins.is_empty() {
        text.push_str("Credentials:\n");
    }
    for login in logins {
        push_item(text, columns.login, &login.lines());
    }
}

/// Appends an item of a list, its dash in `column`.
pub(super) fn push_item(text: &mut String, column: usize, lines: &[Line<'_>]) {
    push_blanks(text, column);
    text.push_str("- ");
    push_lines(text, column + 2, false, lines);
}

/// One line with its line break.
pub(super) fn line(column: usize, line: &Line<'_>) -> String {
    let mut text = String::new();
    push_line(&mut text, column, line);
    text
}

/// Appends those lines that are written, the first of them where the text stands unless that is the begin of a line.
fn push_lines(text: &mut String, column: usize, mut begins_a_line: bool, lines: &[Line<'_>]) {
    for line in lines.iter().filter(|line| line.is_written()) {
        if begins_a_line {
            push_blanks(text, column);
        }
        push_line(text, 0, line);
        begins_a_line = true;
    }
}

fn push_line(text: &mut String, column: usize, line: &Line<'_>) {
    push_blanks(text, column);
    text.push_str(line.key);
    text.push_str(": ");
    line.value.push(text);
    text.push('\n');
}

fn push_blanks(text: &mut String, mut count: usize) {
    const BLANKS: &str = "                ";
    while count > 0 {
        let part = count.min(BLANKS.len());
        text.push_str(&BLANKS[..part]);
        count -= part;
    }
}

fn push_text(text: &mut String, before: &str, value: &str) {
    text.push_str(before);
    push_scalar(value, text);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::RemoteName;
    use crate::secret::Secret;

    fn written(document: &Document) -> String {
        super::document(document)
    }

    fn named(name: &str) -> Document {
        let remote = RemoteEntry {
            uri: "x.example.com".to_owned(),
            ..RemoteEntry::default()
        };
        Document {
            remotes: [(RemoteName::found(name), remote)].into(),
            ..Document::default()
        }
    }

    #[test]
    fn an_empty_document_has_its_two_keys() {
        assert_eq!(written(&Document::default()), "Active: \"\"\nRemotes: {}\n");
    }

    #[test]
    fn every_key_stands_where_go_writes_it() {
        let keyserver = |uri: &str, external| KeyserverEntry {
            uri: uri.to_owned(),
            external,
            ..Default::default()
        };
        let full = RemoteEntry {
            uri: "cloud.example.com".to_owned(),
            token: Secret::new("eyJ.a-b_c"),
            system: true,
            exclusive: false,
            insecure: true,
            keyservers: vec![
                KeyserverEntry {
                    skip: true,
                    ..keyserver("https://keys.example.com", false)
                },
                KeyserverEntry {
                    insecure: true,
                    ..keyserver("http://localhost:11371", true)
                },
            ],
        };
        let document = Document {
            active: "b".to_owned(),
            remotes: [("b", full), ("A", RemoteEntry::default())]
                .map(|(name, remote)| (RemoteName::found(name), remote))
                .into(),
            logins: vec![
                LoginEntry {
                    uri: "docker://x".to_owned(),
                    ..LoginEntry::default()
                },
                LoginEntry {
                    uri: "https://k".to_owned(),
                    auth: Secret::new("Basic dTpw"),
                    insecure: true,
                },
            ],
        };
        let expected = "\
Active: b
Remotes:
  A:
    System: false
    Exclusive: false
  b:
    URI: cloud.example.com
    Token: eyJ.a-b_c
    System: true
    Exclusive: false
    Insecure: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: true
      External: false
      Insecure: false
    - URI: http://localhost:11371
      Skip: false
      External: true
      Insecure: true
Credentials:
- URI: docker://x
  Insecure: false
- URI: https://k
  Auth: Basic dTpw
  Insecure: true
";
        assert_eq!(written(&document), expected);
    }

    #[test]
    fn a_long_name_is_an_explicit_key() {
        let name = "n".repeat(129);
        let expected = format!(
            "Active: \"\"\nRemotes:\n  ? {name}\n  : URI: x.example.com\n    System: false\n    Exclusive: false\n"
        );
        assert_eq!(written(&named(&name)), expected);
        let without_uri = Document {
            remotes: [(RemoteName::found(name), RemoteEntry::default())].into(),
            ..Default::default()
        };
        assert!(written(&without_uri).ends_with("n\n  : System: false\n    Exclusive: false\n"));
    }

    #[test]
    fn a_name_is_quoted_where_it_has_to_be() {
        let line = |name| written(&named(name)).lines().nth(2).unwrap().to_owned();
        assert_eq!(line("my remote"), "  my remote:");
        assert_eq!(line("yes"), "  \"yes\":");
        assert_eq!(line("a: b"), "  'a: b':");
        assert_eq!(line("a\nb"), "  ? \"a\\nb\"");
    }
}
