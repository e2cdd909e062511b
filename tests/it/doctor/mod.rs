//! `remote doctor`: what it finds, what it leaves alone, and how it ends.

mod cases;
mod fix;
mod output;
mod servers;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;

use portolan::config::checks::Code;
use serde_json::Value;

use crate::support::cloud::{now, token_until};
use crate::support::world::{Finished, World};

/// A system's file with nothing wrong in it.
const SYSTEM: &str = "\
Active: company
Remotes:
  company:
    URI: company.example.com
    System: true
    Keyservers:
    - URI: https://keys.example.com
      External: true
";

/// A user's file with nothing wrong in it, the same text whenever it is asked for: its token ends in some days.
fn user() -> String {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "\
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    Token: {}
    System: false
  company:
    URI: company.example.com
    Token: opaque
    System: true
Credentials:
- URI: https://keys.example.com
  Auth: Basic aWFuOnBhc3M=
- URI: docker://registry.example.com
",
            token_until(now() + 90 * 24 * 3600)
        )
    });
    TEXT.clone()
}

const DOCKER_CONFIG: &str = r#"{"auths":{"registry.example.com":{"auth":"aWFuOnBhc3M="}}}"#;

/// A world with files in which nothing is wrong.
fn clean() -> World {
    let world = World::new();
    world.write_system(SYSTEM);
    world.write_user(user());
    world.write_docker_config(DOCKER_CONFIG);
    world
}

/// What the command finds: severities, codes, and whether `--fix` fixes it.
fn findings(run: &Finished) -> Vec<String> {
    let view: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
    let row = |finding: &Value| {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        let fixable = if finding["fixable"].as_bool().unwrap() {
            " fixable"
        } else {
            ""
        };
        let line = finding["line"]
            .as_u64()
            .map_or_else(String::new, |line| format!(":{line}"));
        let file = finding["file"]
            .as_str()
            .map(|file| file.rsplit('/').next().unwrap().to_owned());
        format!(
            "{} {} {}{line}{fixable}",
            word("severity"),
            word("code"),
            file.unwrap_or_default()
        )
    };
    view["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect()
}

/// What it finds without a server.
fn found(world: &World) -> Vec<String> {
    findings(&world.run(&["remote", "doctor", "--offline", "--json"]))
}

/// Everything that can be seen of the home and the system's directory: names, modes, owners, times and contents.
fn everything(world: &World) -> Vec<String> {
    [world.home(), world.root().join("etc")]
        .iter()
        .flat_map(|directory| below(directory))
        .collect()
}

fn below(directory: &Path) -> Vec<String> {
    let mut seen = Vec::new();
    // A directory may be closed to us: its own mode shows that.
    let Ok(entries) = fs::read_dir(directory) else {
        return seen;
    };
    for entry in entries.map(Result::unwrap) {
        let (path, attributes) = (entry.path(), entry.metadata().unwrap());
        // A file may be closed to us too: its mode shows that.
        let contents = fs::read_to_string(&path).unwrap_or_default();
        seen.push(format!(
            "{} {:o} {} {}.{} {contents}",
            path.display(),
            attributes.mode(),
            attributes.uid(),
            attributes.mtime(),
            attributes.mtime_nsec()
        ));
        if attributes.is_dir() {
            seen.extend(below(&path));
        }
    }
    seen.sort();
    seen
}

#[test]
fn every_code_has_a_case() {
    let mut covered: Vec<Code> = cases::covered();
    covered.extend(servers::COVERED);
    covered.sort_unstable();
    covered.dedup();
    assert_eq!(covered, Code::ALL);
}

#[test]
fn the_page_of_the_doctor_shows_the_codes_as_they_are() {
    let mut table =
        String::from("| Code | Severity | Found | Breaks | Fixed by |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        let said = code.explanation();
        let severities: Vec<&str> = said
            .severities
            .iter()
            .map(|severity| severity.name())
            .collect();
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            said.word,
            severities.join(", "),
            said.meaning,
            said.effect,
            said.fix
        ));
    }
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md")).unwrap();
    assert!(
        page.contains(&table),
        "docs/doctor.md lacks this table:\n{table}"
    );
}
