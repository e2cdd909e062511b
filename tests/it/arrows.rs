//! Which module may know which: a `use crate::…` against the arrows of CONTRIBUTING.md fails here.

use std::fs;
use std::path::Path;

/// For the files below a place, the places that they may not know.
const FORBIDDEN: [(&str, &[&str]); 12] = [
    ("src/name.rs", &["uri", "disk", "config", "service", "cli"]),
    (
        "src/secret.rs",
        &["name", "uri", "command", "disk", "config", "service", "cli"],
    ),
    (
        "src/text.rs",
        &["name", "uri", "command", "disk", "config", "service", "cli"],
    ),
    ("src/command.rs", &["disk", "config", "service", "cli"]),
    ("src/uri", &["disk", "config", "service", "cli"]),
    (
        "src/disk",
        &["name", "uri", "command", "config", "service", "cli"],
    ),
    (
        "src/config",
        &["credentials", "resolve", "service", "stores", "cli"],
    ),
    (
        "src/service",
        &["config", "credentials", "resolve", "stores", "cli"],
    ),
    (
        "src/credentials",
        &["config", "resolve", "service", "stores", "cli"],
    ),
    ("src/stores", &["config", "resolve", "service", "cli"]),
    ("src/resolve", &["service", "stores", "cli"]),
    ("src/cli/commands", &["cli::tree"]),
];

/// The rules: what they may not know besides.
const PURE: [&str; 20] = [
    "change/mod.rs",
    "change/add.rs",
    "change/address.rs",
    "change/rename.rs",
    "checks/files.rs",
    "checks/finding.rs",
    "checks/logins.rs",
    "checks/fix.rs",
    "checks/mod.rs",
    "checks/remotes.rs",
    "document.rs",
    "effective.rs",
    "keyservers.rs",
    "layer.rs",
    "policy.rs",
    "../resolve/mod.rs",
    "../resolve/differences.rs",
    "../resolve/keyservers.rs",
    "../resolve/refusal.rs",
    "paths.rs",
];

/// What no rule may do, by what it would name for it.
const EFFECTS: [&str; 9] = [
    "disk",
    "config::store",
    "config::yaml::read",
    "config::yaml::write",
    "fs",
    "env",
    "net",
    "process",
    "thread",
];

fn files(place: &Path) -> Vec<std::path::PathBuf> {
    if place.is_file() {
        return vec![place.to_path_buf()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place).unwrap().map(Result::unwrap) {
        found.extend(files(&entry.path()));
    }
    found
}

/// A file's code, its tests left out.
fn code(file: &Path) -> String {
    fs::read_to_string(file)
        .unwrap()
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap()
        .to_owned()
}

/// What code names behind `root` (`crate::`, `std::`), with grouped imports written out.
fn known(code: &str, root: &str) -> Vec<String> {
    let mut known = Vec::new();
    for (at, _) in code.match_indices(root) {
        expand("", &code[at + root.len()..], &mut known);
    }
    known
}

/// Adds the paths of one tree of an import behind `before`, and gives back what stands behind the tree.
fn expand<'a>(before: &str, text: &'a str, known: &mut Vec<String>) -> &'a str {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
    let name = &text[..text
        .find(|character| !is_name(character))
        .unwrap_or(text.len())];
    let path = format!("{before}{name}");
    let Some(mut rest) = text[name.len()..].strip_prefix('{') else {
        known.push(path);
        return &text[name.len()..];
    };
    loop {
        rest = rest
            .trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        match rest.strip_prefix('}') {
            Some(after) => return after,
            None if rest.is_empty() => return rest,
            None => {
                let after = expand(&path, rest, known);
                rest = &after[after.find([',', '}']).unwrap_or(after.len())..];
            }
        }
    }
}

#[test]
fn the_arrows_between_modules_go_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut against = Vec::new();
    for (place, forbidden) in FORBIDDEN {
        for file in files(&root.join(place)) {
            let is_forbidden = |known: &&String| {
                forbidden
                    .iter()
                    .any(|name| **known == **name || known.starts_with(&format!("{name}::")))
            };
            against.extend(
                known(&code(&file), "crate::")
                    .iter()
                    .filter(is_forbidden)
                    .map(|known| format!("{}: {known}", file.display())),
            );
        }
    }
    for name in PURE {
        let code = code(&root.join("src/config").join(name));
        let named = [known(&code, "crate::"), known(&code, "std::")].concat();
        let is_effect = |known: &&String| {
            EFFECTS.iter().any(|effect| {
                known
                    .split("::")
                    .collect::<Vec<_>>()
                    .starts_with(&effect.split("::").collect::<Vec<_>>())
            })
        };
        against.extend(
            named
                .iter()
                .filter(is_effect)
                .map(|known| format!("{name}: {known}")),
        );
        assert!(!code.contains("::now()"), "{name} asks the clock");
    }
    assert_eq!(against, Vec::<String>::new());
}

#[test]
fn the_reading_of_imports_sees_groups() {
    let code = "use crate::{\n    cli::{ui::Ui, table},\n    disk,\n};\nuse crate::name::RemoteName;\ncrate::uri::of(x)";
    assert_eq!(
        known(code, "crate::"),
        [
            "cli::ui::Ui",
            "cli::table",
            "disk",
            "name::RemoteName",
            "uri::of"
        ]
    );
    assert_eq!(
        known("use std::{fs, io::{self, Read as _}};", "std::"),
        ["fs", "io::self", "io::Read"]
    );
}
