//! What is written comes back, whatever the texts are.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{document, write};
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

/// A document that has `text` in every place where a text can be.
fn document_of(text: &str) -> Document {
    let keyserver = KeyserverEntry {
        uri: text.to_owned(),
        external: true,
        ..KeyserverEntry::default()
    };
    let remote = RemoteEntry {
        uri: text.to_owned(),
        token: Secret::new(text),
        keyservers: vec![keyserver],
        ..RemoteEntry::default()
    };
    Document {
        active: text.to_owned(),
        remotes: [(RemoteName::found(text), remote)].into(),
        logins: vec![LoginEntry {
            uri: text.to_owned(),
            auth: Secret::new(text),
            insecure: false,
        }],
    }
}

fn assert_comes_back(written: &Document) {
    let bytes = write(None, &Document::default(), written).bytes;
    assert_eq!(
        document(&bytes).as_ref(),
        Ok(written),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
}

#[test]
fn every_string_comes_back() {
    let listed = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/yaml/strings.json"
    ));
    let mut strings: Vec<String> = serde_json::from_str(listed).unwrap();
    strings.extend([
        "n".repeat(300),
        "é ".repeat(150),
        "\u{1}".repeat(128),
        "n".repeat(RemoteName::LONGEST),
    ]);
    for string in strings {
        assert_comes_back(&document_of(&string));
    }
}

/// Texts of all characters, and those that YAML is most likely to misread.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r"[-?:,\[\]{}#&*!|>'%@` \t\n\r\\~<=0-9a-zA-Z._+\x22\x00\x1b\x7f\x85\u{a0}\u{2028}\u{feff}]{0,12}",
        r"[-+0-9._:xoeETZ ]{0,12}",
        "(y|n|yes|no|on|off|true|false|null|nan|inf)".prop_map(|word| word.to_uppercase()),
    ]
}

prop_compose! {
    fn any_keyserver()(uri in any_text(), skip: bool, external: bool, insecure: bool) -> KeyserverEntry {
        KeyserverEntry { uri, skip, external, insecure }
    }
}

prop_compose! {
    fn any_remote()(
        uri in any_text(), token in any_text(), system: bool, exclusive: bool, insecure: bool,
        keyservers in vec(any_keyserver(), 0..3),
    ) -> RemoteEntry {
        RemoteEntry { uri, token: Secret::new(token), system, exclusive, insecure, keyservers }
    }
}

prop_compose! {
    fn any_login()(uri in any_text(), auth in any_text(), insecure: bool) -> LoginEntry {
        LoginEntry { uri, auth: Secret::new(auth), insecure }
    }
}

prop_compose! {
    fn any_document()(
        active in any_text(),
        remotes in vec((any_text(), any_remote()), 0..4),
        logins in vec(any_login(), 0..3),
    ) -> Document {
        let remotes = remotes.into_iter().map(|(name, remote)| (RemoteName::found(name), remote)).collect();
        Document { active, remotes, logins }
    }
}

proptest! {
    #[test]
    fn every_document_comes_back(document in any_document()) {
        assert_comes_back(&document);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = document(&bytes).map_err(|error| error.to_string());
    }

    #[test]
    fn no_text_makes_reading_panic(lines in vec(any_line(), 0..12)) {
        let _ = document(lines.concat().as_bytes()).map_err(|error| error.to_string());
    }

    #[test]
    fn no_error_shows_a_token(before in vec(any_line(), 0..6), style in 0..5usize, after in vec(any_line(), 0..3)) {
        let secret = ["Token: SECRET", "Token: \"SECRET", "- Auth: 'SECRET", "Token:\n      SECRET", "{Token: SECRET"];
        let text = format!("{}    {}\n{}", before.concat(), secret[style], after.concat());
        if let Err(error) = document(text.as_bytes()) {
            prop_assert!(!error.to_string().contains("SECRET"), "{text}{error}");
        }
    }
}

/// A line that a remote.yaml could have, or nearly.
fn any_line() -> impl Strategy<Value = String> {
    let indentation = prop_oneof![Just(""), Just("  "), Just("    "), Just("\t")];
    let begin = prop_oneof![
        Just(""),
        Just("- "),
        Just("? "),
        Just(": "),
        Just("{"),
        Just("["),
        Just("# ")
    ];
    let key = prop_oneof![
        Just(""),
        Just("Active:"),
        Just("Remotes:"),
        Just("URI: "),
        Just("x: "),
        Just("\"x\" :"),
        Just("<<: ")
    ];
    let value = prop_oneof![
        Just(""),
        Just("x"),
        Just("\"x"),
        Just("'x'"),
        Just("|"),
        Just("&a x"),
        Just("*a"),
        Just("{"),
        Just("}"),
        Just("!!bool y"),
        Just("\\"),
        Just("\u{e9}\u{2028}"),
        Just("a, b: c"),
    ];
    (indentation, begin, key, value).prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}\n"))
}
