//! docs/security.md and docs/reliability.md name a test behind each claim: all of them are there.

use std::fs;
use std::path::Path;

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
