//! A document, and each part of one, as text in the form of Go's writers. Knows no text that was there before.

use zeroize::Zeroizing;

use super::style::{is_explicit_key, push_scalar};
use super::tree::{Member, Value, file};
use crate::config::document::Document;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indentation {
    pub(super) map: usize,
    pub(super) dash: usize,
}

/// As go-yaml v2 writes, in Apptainer up to 1.2.
pub(super) const TWO: Indentation = Indentation { map: 2, dash: 0 };
/// As go-yaml v3 and v4 write, in Apptainer since 1.3.
pub(super) const FOUR: Indentation = Indentation { map: 4, dash: 4 };

/// The document as go-yaml v2 writes it: its order of keys and names, its indentation, its quotes where these are safe in
/// every reader. Texts aren't folded.
pub(super) fn document(document: &Document) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    push_members(&mut text, 0, TWO, &file(document));
    text
}

fn push_members(text: &mut String, column: usize, form: Indentation, members: &[Member<'_>]) {
    for member in members.iter().filter(|member| member.is_written()) {
        push_member(text, column, form, member);
    }
}

pub(super) fn push_member(
    text: &mut String,
    column: usize,
    form: Indentation,
    member: &Member<'_>,
) {
    push_blanks(text, column);
    if let Value::Map(members) = &member.value
        && is_explicit_key(member.key)
    {
        text.push_str("? ");
        push_scalar(member.key, text);
        text.push('\n');
        return push_marked(text, column, form.map, ":", form, members);
    }
    push_scalar(member.key, text);
    text.push(':');
    push_value(text, column, form, &member.value);
}

pub(super) fn push_value(text: &mut String, column: usize, form: Indentation, value: &Value<'_>) {
    match value {
        Value::Map(members) if members.is_empty() => text.push_str(" {}\n"),
        Value::List(items) if items.is_empty() => text.push_str(" []\n"),
        Value::Map(members) => {
            text.push('\n');
            push_members(text, column + form.map, form, members);
        }
        Value::List(items) => {
            text.push('\n');
            for item in items {
                push_item(text, column + form.dash, form, item);
            }
        }
        scalar => {
            text.push(' ');
            push_plain(text, scalar);
            text.push('\n');
        }
    }
}

pub(super) fn push_plain(text: &mut String, value: &Value<'_>) {
    match value {
        Value::Text(value) => push_scalar(value, text),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Map(_) | Value::List(_) => {}
    }
}

pub(super) fn push_item(text: &mut String, column: usize, form: Indentation, item: &Member<'_>) {
    if let Value::Map(members) = &item.value {
        push_marked(text, column, ITEM, "-", form, members);
    }
}

pub(super) const ITEM: usize = 2;

fn push_marked(
    text: &mut String,
    column: usize,
    width: usize,
    mark: &str,
    form: Indentation,
    members: &[Member<'_>],
) {
    let at = text.len() + column;
    push_members(text, column + width, form, members);
    text.replace_range(at..=at, mark);
}

fn push_blanks(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n(' ', count));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::{KeyserverEntry, LoginEntry, RemoteEntry};
    use crate::name::RemoteName;
    use crate::secret::Secret;

    fn written(document: &Document) -> String {
        super::document(document).to_string()
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
