//! What the pages say of the tests. `tests/promises` checks that the tests that they name have run.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_test_that_the_pages_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["docs/security.md", "docs/reliability.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let named: Vec<&str> = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| word.contains("::"))
            .collect();
        assert!(named.len() > 15, "{page}: {named:?}");
        for name in named {
            assert!(is_there(root, name), "{page} names {name}");
        }
    }
}

#[test]
fn a_skip_goes_through_one_function() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = rust_files(&root.join("src"));
    files.extend(rust_files(&root.join("tests")));
    assert!(files.len() > 100);
    let word = concat!("skip", "ped: ");
    let by_hand: Vec<_> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains(word))
        .collect();
    assert_eq!(by_hand, [&root.join("tests/it/support/machine.rs")]);
}

/// All Rust files below a directory.
pub(super) fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(rust_files(&entry.path()));
        } else if entry.path().extension().is_some_and(|end| end == "rs") {
            found.push(entry.path());
        }
    }
    found
}

fn is_there(root: &Path, name: &str) -> bool {
    let (module, function) = name.rsplit_once("::").unwrap();
    let place = module.trim_end_matches("::tests").replace("::", "/");
    let files = [
        format!("tests/it/{place}.rs"),
        format!("tests/it/{place}/mod.rs"),
        format!("src/{place}.rs"),
    ];
    let texts: String = files
        .iter()
        .filter_map(|file| fs::read_to_string(root.join(file)).ok())
        .collect();
    let tests = texts.split("#[test]\n").skip(1).map(str::trim_start);
    tests
        .filter_map(|test| test.strip_prefix("fn "))
        .any(|test| test.starts_with(&format!("{function}()")))
}
