//! docs/security.md names a test behind each claim: all of them are there.

use std::{fs, path::Path};

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        let (module, function) = name.rsplit_once("::").unwrap();
        let place = module.trim_end_matches("::tests").replace("::", "/");
        let files = [format!("tests/it/{place}.rs"), format!("tests/it/{place}/mod.rs"), format!("src/{place}.rs")];
        let texts: String = files.iter().filter_map(|file| fs::read_to_string(root.join(file)).ok()).collect();
        assert!(
            texts.contains(&format!("#[test]\nfn {function}()")) || texts.contains(&format!("    fn {function}()")),
            "{name}"
        );
    }
}
