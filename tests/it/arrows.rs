//! Which module may know which: a `use crate::…` against the arrows of CONTRIBUTING.md fails here.

use std::{fs, path::Path};

/// For the files below a place, the places that they may not know.
const FORBIDDEN: [(&str, &[&str]); 9] = [
    ("src/name.rs", &["uri", "disk", "config", "service", "cli"]),
    ("src/secret.rs", &["name", "uri", "flavor", "disk", "config", "service", "cli"]),
    ("src/quoted.rs", &["name", "uri", "flavor", "disk", "config", "service", "cli"]),
    ("src/flavor.rs", &["disk", "config", "service", "cli"]),
    ("src/uri", &["disk", "config", "service", "cli"]),
    ("src/disk", &["name", "uri", "flavor", "config", "service", "cli"]),
    ("src/config", &["service", "cli"]),
    ("src/service", &["config", "cli"]),
    ("src/cli/commands", &["cli::words"]),
];

/// The rules: what they may not know besides.
const PURE: [&str; 20] = [
    "change.rs",
    "change/add.rs",
    "change/address.rs",
    "change/rename.rs",
    "checks/files.rs",
    "checks/finding.rs",
    "checks/logins.rs",
    "checks/mend.rs",
    "checks/mod.rs",
    "checks/remotes.rs",
    "document.rs",
    "effective.rs",
    "keyservers.rs",
    "layer.rs",
    "policy.rs",
    "resolve/mod.rs",
    "resolve/differences.rs",
    "resolve/keyservers.rs",
    "resolve/refusal.rs",
    "paths.rs",
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

/// The modules that a file's code names behind `crate::`, its tests left out. Grouped imports are written out.
fn known(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut known = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("crate::") {
        rest = &rest[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => known.push(path(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut item = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => item = true,
                        character if item && character.is_alphabetic() => {
                            known.push(path(&group[at..]));
                            item = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    known
}

fn path(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || matches!(character, '_' | ':')).collect()
}

#[test]
fn the_arrows_between_modules_go_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut against = Vec::new();
    for (place, forbidden) in FORBIDDEN {
        for file in files(&root.join(place)) {
            let is_forbidden = |known: &&String| {
                forbidden.iter().any(|name| **known == **name || known.starts_with(&format!("{name}::")))
            };
            against
                .extend(known(&file).iter().filter(is_forbidden).map(|known| format!("{}: {known}", file.display())));
        }
    }
    for name in PURE {
        let file = root.join("src/config").join(name);
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let effects =
            ["crate::disk", "std::fs", "std::env", "std::net", "SystemTime::now", "config::store", "config::yaml"];
        against
            .extend(effects.iter().filter(|effect| code.contains(**effect)).map(|effect| format!("{name}: {effect}")));
    }
    assert_eq!(against, Vec::<String>::new());
}

#[test]
fn the_reading_of_imports_sees_groups() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.rs");
    fs::write(&file, "use crate::{\n    cli::{ui::Ui, table},\n    disk,\n};\nuse crate::name::RemoteName;\n").unwrap();
    assert_eq!(known(&file), ["cli::", "disk", "name::RemoteName"]);
}
