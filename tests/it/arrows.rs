//! Which module may know which: an import against the arrows of CONTRIBUTING.md fails here. What no line allows is denied.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::promises::rust_files;

/// What a module may know besides itself. A module of the library that has no line fails.
const ARROWS: [(&str, &str); 19] = [
    ("account", ""),
    ("text", ""),
    ("suggestion", ""),
    ("suggestion", "text"),
    ("secret", "text"),
    ("name", "text"),
    ("command", "text"),
    ("uri", "text"),
    ("runtime", "command text uri"),
    ("disk", "secret text"),
    (
        "config",
        "suggestion disk command name runtime secret text uri",
    ),
    ("credentials", "disk command name runtime secret text uri"),
    ("service", "disk command name runtime secret text uri"),
    ("stores", "credentials disk secret text uri"),
    (
        "resolve",
        "config credentials command name runtime secret text uri",
    ),
    (
        "installation",
        "account config credentials resolve disk command name runtime secret text uri",
    ),
    (
        "cli",
        "account installation resolve service stores config credentials disk command name runtime secret suggestion text uri",
    ),
    ("lib", "installation runtime"),
    ("main", "cli"),
];

/// What reaches outside the process, and the only modules that may: all others are pure rules.
const EFFECTS: [(&str, &str); 8] = [
    (
        "crate::disk",
        "disk installation config::store credentials stores service::discovery::cache service::registry::certificates cli",
    ),
    (
        "std::fs",
        "account disk installation credentials::helper stores service::discovery::cache service::registry::certificates cli",
    ),
    (
        "rustix::fs",
        "disk installation credentials::helper::terminal cli",
    ),
    (
        "std::env",
        "installation credentials::helper service::http::options cli main",
    ),
    ("std::net", "service::http"),
    (
        "std::process",
        "account disk::memory credentials::helper stores cli main",
    ),
    (
        "std::thread",
        "account disk credentials::helper service stores cli",
    ),
    (
        "std::time::SystemTime::now",
        "disk service::http cli::context",
    ),
];

/// Names behind an effect that are values and nothing more.
const VALUES: [&str; 5] = [
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::env::VarError",
    "crate::disk::DiskError",
];

/// A file of the program: its code without its tests, and what it names.
struct Source {
    code: String,
    named: BTreeSet<String>,
}

/// All files by their modules' paths; `lib` and `main` for the roots.
fn sources() -> BTreeMap<String, Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    for file in rust_files(&root) {
        let path = file.strip_prefix(&root).unwrap().with_extension("");
        let module = path.to_str().unwrap().replace('/', "::");
        let module = module.trim_end_matches("::mod").to_owned();
        if module.split("::").any(|name| name == "tests") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        let named = named(&code, &module);
        sources.insert(module, Source { code, named });
    }
    sources
}

/// Every path that a module's code names, from its root: imports with their groups written out, and paths in the text.
fn named(code: &str, module: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let is_path = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
    for (at, _) in code.match_indices("::") {
        let start = code[..at].rfind(|before| !is_path(before));
        let start = start.map_or(0, |start| start + 1);
        if code[start..at].contains("::") {
            continue;
        }
        let rest = &code[start..];
        let end = rest.find(|after| !is_path(after)).unwrap_or(rest.len());
        let path = from_root(&rest[..end], module);
        match rest[end..].strip_prefix('{') {
            Some(group) => {
                let group = &group[..group.find('}').unwrap()];
                assert!(!group.contains('{'), "a nested import: {path}{{{group}");
                named.extend(
                    group
                        .split(',')
                        .map(str::trim)
                        .filter(|name| !name.is_empty())
                        .map(|name| format!("{path}{}", name.split(' ').next().unwrap())),
                );
            }
            None => {
                named.insert(path);
            }
        }
    }
    named
}

/// A path without `self` and `super`.
fn from_root(path: &str, module: &str) -> String {
    let mut names: Vec<&str> = std::iter::once("crate").chain(module.split("::")).collect();
    let mut rest = match path.strip_prefix("self::") {
        Some(rest) => rest,
        None if path.starts_with("super::") => path,
        None => return path.to_owned(),
    };
    while let Some(above) = rest.strip_prefix("super::") {
        names.pop();
        rest = above;
    }
    format!("{}::{rest}", names.join("::"))
}

/// Whether a path is this one or leads below it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The module that a path of the crate names, through re-exports to where a thing stands.
fn target(path: &str, sources: &BTreeMap<String, Source>) -> Option<String> {
    let names: Vec<&str> = path.split("::").collect();
    let depth = (1..=names.len())
        .rev()
        .find(|depth| sources.contains_key(&names[..*depth].join("::")))?;
    let module = names[..depth].join("::");
    let Some(name) = names.get(depth) else {
        return Some(module);
    };
    let source = &sources[&module];
    let stands = |path: &&String| {
        path.starts_with("crate::")
            && path.ends_with(&format!("::{name}"))
            && **path != format!("crate::{module}::{name}")
    };
    let defines = ["fn", "struct", "enum", "trait", "const", "type", "static"]
        .iter()
        .any(|kind| source.code.contains(&format!(" {kind} {name}")));
    match source.named.iter().find(stands) {
        Some(path) if !defines => target(path.trim_start_matches("crate::"), sources),
        _ => Some(module),
    }
}

#[test]
fn the_arrows_between_modules_go_one_way() {
    let mut against = Vec::new();
    for (module, source) in sources() {
        let top = module.split("::").next().unwrap();
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == top) else {
            against.push(format!("{module} has no line in ARROWS"));
            continue;
        };
        let roots = ARROWS.iter().map(|(name, _)| *name);
        let is_allowed = |name: &&str| allowed.split(' ').any(|allowed| allowed == *name);
        let denied: Vec<&str> = roots
            .filter(|name| *name != top && !is_allowed(name))
            .collect();
        for path in &source.named {
            let path = path.trim_start_matches("portolan::");
            let known = path
                .trim_start_matches("crate::")
                .split("::")
                .next()
                .unwrap();
            if (path.starts_with("crate::") || top == "main") && denied.contains(&known) {
                against.push(format!("{module} may not know {path}"));
            }
        }
    }
    assert_eq!(against, Vec::<String>::new());
}

#[test]
fn rules_reach_nothing_outside() {
    let mut against = Vec::new();
    for (module, source) in sources() {
        for (effect, places) in EFFECTS {
            if places.split(' ').any(|place| is_below(&module, place)) {
                continue;
            }
            let reaches = source
                .named
                .iter()
                .filter(|path| is_below(path, effect))
                .filter(|path| !VALUES.iter().any(|value| is_below(path, value)));
            against.extend(reaches.map(|path| format!("{module} reaches {path}")));
        }
    }
    assert_eq!(against, Vec::<String>::new());
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let sources = sources();
    let mut open: BTreeMap<&str, BTreeSet<String>> = sources
        .iter()
        .map(|(module, source)| {
            let known = source
                .named
                .iter()
                .filter_map(|path| path.strip_prefix("crate::"))
                .filter_map(|path| target(path, &sources))
                // A module and the parts that it is made of are one: these may take its types.
                .filter(|known| !is_below(module, known));
            (module.as_str(), known.collect())
        })
        .collect();
    // Whoever knows none of those that are left, or is known by none of them, is in no circle.
    loop {
        let left: BTreeSet<String> = open.keys().map(|module| (*module).to_owned()).collect();
        let known: BTreeSet<String> = open.values().flatten().cloned().collect();
        for known in open.values_mut() {
            known.retain(|module| left.contains(module));
        }
        open.retain(|module, knows| !knows.is_empty() && known.contains(*module));
        if open.len() == left.len() {
            break;
        }
    }
    assert_eq!(open, BTreeMap::new());
}

#[test]
fn the_program_is_a_thin_shell_of_the_library() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    assert!(fs::read_to_string(main).unwrap().lines().count() < 20);
}

#[test]
fn the_reading_of_imports_sees_groups_and_parents() {
    let code = "use crate::cli::ui::{\n    Ui,\n    Verbosity as Loud,\n};\nuse super::super::disk;\nself::inner::of(x)";
    assert_eq!(
        Vec::from_iter(named(code, "cli::prompt")),
        [
            "crate::cli::prompt::inner::of",
            "crate::cli::ui::Ui",
            "crate::cli::ui::Verbosity",
            "crate::disk",
        ]
    );
}
