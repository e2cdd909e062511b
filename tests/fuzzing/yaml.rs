//! What must hold of any remote.yaml at all: the targets that make documents.

use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::config::yaml;
use crate::name::RemoteName;
use crate::secret::Secret;

/// A remote.yaml: what is read comes back as it was written, also after a change, and an error can be shown.
pub fn yaml(bytes: &[u8]) {
    let document = match yaml::document(bytes) {
        Ok(document) => document,
        Err(error) => {
            assert!(
                !error.reason().contains('\n') && error.line() > 0 && error.column() > 0,
                "{error}"
            );
            return;
        }
    };
    comes_back(None, &Document::default(), &document);
    for changed in changes(&document) {
        comes_back(Some(bytes), &document, &changed);
    }
}

fn comes_back(old: Option<&[u8]>, before: &Document, after: &Document) {
    let bytes = yaml::write(old, before, after).bytes;
    let text = String::from_utf8_lossy(&bytes);
    match yaml::document(&bytes) {
        Ok(again) => assert_eq!(again, *after, "written as {text}"),
        Err(error) => unreadable(&text, &error.to_string()),
    }
    // A text that lost its last comment becomes the tools' own form at the next write, which then stays.
    let next = yaml::write(Some(&bytes), after, after).bytes;
    assert_eq!(yaml::document(&next).as_ref(), Ok(after), "after {text}");
    assert_eq!(
        yaml::write(Some(&next), after, after).bytes,
        next,
        "what was written is its own form: {text}"
    );
}

#[expect(clippy::panic, reason = "this is what a fuzzer reports")]
fn unreadable(text: &str, error: &str) {
    panic!("{text}: {error}");
}

/// Documents that a command could make of this one.
fn changes(document: &Document) -> Vec<Document> {
    let changed = |change: fn(&mut Document)| {
        let mut changed = document.clone();
        change(&mut changed);
        changed
    };
    vec![
        changed(|document| document.active = "added".to_owned()),
        changed(|document| {
            document.remotes.insert(
                RemoteName::found("added"),
                RemoteEntry {
                    uri: "h".into(),
                    ..Default::default()
                },
            );
        }),
        changed(|document| {
            document.remotes.pop_first();
        }),
        changed(|document| {
            document.remotes.pop_last();
            document.logins.pop();
        }),
        changed(|document| {
            for entry in document.remotes.values_mut() {
                entry.token = Secret::default();
                entry.keyservers.clear();
                entry.exclusive = !entry.exclusive;
            }
        }),
        changed(|document| {
            document.logins.push(LoginEntry {
                uri: "docker://added".into(),
                ..Default::default()
            });
        }),
    ]
}

/// A remote.yaml with a token in it, whatever stands around it: no error shows the token.
pub fn yaml_secrets(bytes: &[u8]) {
    const SECRET: &str = "S3CRET";
    const TOKENS: [&str; 5] = [
        "    Token: S3CRET",
        "    Token: \"S3CRET",
        "- Auth: 'S3CRET",
        "    Token:\n      S3CRET",
        "    {URI: x, Token: S3CRET}",
    ];
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let Ok(text) = str::from_utf8(rest) else {
        return;
    };
    if text.contains(SECRET) {
        return;
    }
    let (before, after) = text.split_once('\0').unwrap_or((text, ""));
    let token = TOKENS[usize::from(*first) % TOKENS.len()];
    let text = format!("{before}\n{token}\n{after}");
    if let Err(error) = yaml::document(text.as_bytes()) {
        assert!(!error.to_string().contains(SECRET), "{text:?}: {error}");
    }
}

/// A document of any texts: it comes back as it was written.
pub fn yaml_write(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\0').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let flags = bytes.len();
    let is_set = |bit: usize| flags >> bit & 1 == 1;
    let mut document = Document {
        active: part(),
        ..Document::default()
    };
    for _ in 0..2 {
        let keyservers = vec![KeyserverEntry {
            uri: part(),
            skip: is_set(0),
            external: is_set(1),
            insecure: is_set(2),
        }];
        let entry = RemoteEntry {
            uri: part(),
            token: Secret::new(part()),
            system: is_set(0),
            exclusive: is_set(1),
            insecure: is_set(2),
            keyservers: if is_set(3) { keyservers } else { Vec::new() },
        };
        document.remotes.insert(RemoteName::found(part()), entry);
        document.logins.push(LoginEntry {
            uri: part(),
            auth: Secret::new(part()),
            insecure: is_set(3),
        });
    }
    comes_back(None, &Document::default(), &document);
}
