//! Every sample file, and what Apptainer's YAML libraries say of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::document;
use crate::config::document::Document;

/// Where Go reads a null that it panics on later: D12 of docs/compatibility.md.
const REFUSED_FOR_A_NULL: &[(&str, &str)] = &[
    ("empty-docstart.yaml", "the file is null"),
    ("multi-empty-first.yaml", "the file is null"),
    ("null-cred-item.yaml", "item 1 of Credentials is null"),
    ("null-remote.yaml", "remote \"a\" is null"),
];

/// Where the libraries differ: whether this refuses the file.
const DECIDED: &[(&str, bool)] = &[
    ("bomb-key-long.yaml", true),
    ("bool-__bool__yes_-931.yaml", true),
    ("bool-_yes_-415.yaml", false),
    ("byte-del-raw.yaml", true),
    ("empty-bom.yaml", false),
    ("empty-space.yaml", false),
    ("key-date.yaml", false),
    ("str-date.yaml", false),
];

fn data() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/yaml"))
}

fn verdicts() -> Map<String, Value> {
    let text = fs::read_to_string(data().join("verdicts.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A document as the verdicts have it: without what is empty or false.
fn as_verdict(document: &Document) -> Value {
    let remotes = document.remotes().iter().map(|(name, remote)| {
        let keyservers = remote.keyservers.iter().map(|keyserver| {
            without_empty(json!({
                "URI": keyserver.uri,
                "Skip": keyserver.skip,
                "External": keyserver.external,
                "Insecure": keyserver.insecure,
            }))
        });
        let entry = without_empty(json!({
            "URI": remote.uri,
            "Token": remote.token.expose(),
            "System": remote.system,
            "Exclusive": remote.exclusive,
            "Insecure": remote.insecure,
            "Keyservers": keyservers.collect::<Vec<_>>(),
        }));
        (name.as_str().to_owned(), entry)
    });
    let logins = document.logins().iter().map(|login| {
        without_empty(
            json!({"URI": login.uri, "Auth": login.auth.expose(), "Insecure": login.insecure}),
        )
    });
    without_empty(json!({
        "Active": document.active(),
        "Remotes": remotes.collect::<Map<_, _>>(),
        "Credentials": logins.collect::<Vec<_>>(),
    }))
}

fn without_empty(mut value: Value) -> Value {
    let is_empty = |value: &Value| [json!(""), json!(false), json!([]), json!({})].contains(value);
    if let Some(keys) = value.as_object_mut() {
        keys.retain(|_, value| !is_empty(value));
    }
    value
}

#[test]
fn what_the_libraries_agree_on_is_read_so() {
    for (file, verdicts) in verdicts() {
        let result = document(&fs::read(data().join("files").join(&file)).unwrap());
        if let Some((_, reason)) = REFUSED_FOR_A_NULL.iter().find(|(name, _)| *name == file) {
            assert!(result.unwrap_err().reason().starts_with(reason), "{file}");
            continue;
        }
        let is_refused = result.is_err();
        let ours = result.as_ref().map_or(json!("refused"), as_verdict);
        let theirs: Vec<&Value> = verdicts.as_object().unwrap().values().collect();
        assert!(
            theirs.contains(&&ours),
            "{file}: {ours}, {theirs:?}, {result:?}"
        );
        let decided = DECIDED
            .iter()
            .find(|(name, _)| *name == file)
            .map(|(_, is_refused)| *is_refused);
        assert_eq!(decided, (theirs.len() > 1).then_some(is_refused), "{file}");
    }
}

#[test]
fn every_sample_has_a_verdict_and_every_exception_a_sample() {
    let files = fs::read_dir(data().join("files")).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let judged: BTreeSet<_> = verdicts().into_iter().map(|(file, _)| file).collect();
    assert_eq!(files, judged);
    let exceptions = REFUSED_FOR_A_NULL
        .iter()
        .map(|(file, _)| file)
        .chain(DECIDED.iter().map(|(file, _)| file));
    for file in exceptions {
        assert!(files.contains(*file), "{file}");
    }
}
