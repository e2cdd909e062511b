//! What is written reads the same in other YAML libraries: the two of Go that Apptainer used up to 1.4, two of Python.
//!
//! A library that isn't installed is skipped, with a line that says so; `PORTOLAN_TEST_REAL=1` makes that a failure.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portolan::config::document::Document;
use portolan::config::yaml;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::machine::skip;

/// Where Debian's packages of Go libraries are.
const GO_PATH: &str = "/usr/share/gocode";

/// What go-yaml v2 writes without quotes, though some reader takes it for something else.
const QUOTED_FOR_SAFETY: &[&str] = &[
    "=",
    "<<",
    "1e400",
    "2001-12-14 21:59:43.10 -5",
    "\u{feff}a",
    "._",
    "-_",
    "+_",
    "2001-13-45",
];

/// The texts that must come back.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> =
        serde_json::from_str(include_str!("../data/yaml/strings.json")).unwrap();
    texts.extend([
        "n".repeat(128),
        "n".repeat(129),
        "n".repeat(300),
        "é ".repeat(150),
        "\u{1}".repeat(128),
    ]);
    texts
}

/// What a file replaces: nothing, or what a person wrote in one way or another.
const OLD: [Option<&str>; 3] = [
    None,
    Some(
        "# c\nActive: 'x' # c\nRemotes:\n   # c\n   x: # c\n      URI: x\n# c\nCredentials: # c\n # c\n - URI: x\n   # c\n   Auth: \"x\"",
    ),
    Some("{Active: x, Remotes: {x: {URI: x}, z: {}}, Credentials: [{URI: x}]} # c\n"),
];

/// A file with `text` as its active remote, a remote's name, URI and token, and a login's URI and Auth, written in the place
/// of `old`.
fn file_with(text: &str, old: Option<&str>) -> String {
    let escaped: String = text
        .chars()
        .map(|character| format!("\\U{:08X}", u32::from(character)))
        .collect();
    let source = format!(
        "Active: \"{escaped}\"\n\
         Remotes:\n  ? \"{escaped}\"\n  : {{URI: \"{escaped}\", Token: \"{escaped}\"}}\n\
         Credentials:\n- {{URI: \"{escaped}\", Auth: \"{escaped}\"}}\n"
    );
    let document = yaml::document(source.as_bytes()).unwrap();
    assert_eq!(document.active(), text);
    let before = old.map_or_else(Document::default, |old| {
        yaml::document(old.as_bytes()).unwrap()
    });
    let written = yaml::write(old.map(str::as_bytes), &before, &document);
    // Nothing is changed in braces.
    let must_be_anew = old.is_some_and(|old| old.starts_with('{'));
    assert_eq!(written.loss.is_some(), must_be_anew, "{text:?} for {old:?}");
    String::from_utf8(written.bytes.to_vec()).unwrap()
}

/// A directory of files, one for each text.
struct Files {
    directory: TempDir,
    texts: Vec<String>,
}

impl Files {
    #[expect(
        clippy::disallowed_methods,
        reason = "files of a test, in its own temporary directory"
    )]
    fn write(old: Option<&str>) -> Self {
        let files = Self {
            directory: TempDir::new().unwrap(),
            texts: texts(),
        };
        for (path, text) in files.paths().iter().zip(&files.texts) {
            fs::write(path, file_with(text, old)).unwrap();
        }
        files
    }

    fn paths(&self) -> Vec<PathBuf> {
        (0..self.texts.len())
            .map(|number| self.directory.path().join(format!("{number:03}.yaml")))
            .collect()
    }

    /// Runs `reader` on the files, and checks that it reads the texts; what else it says is given back.
    fn assert_read_by(&self, reader: &mut Command) -> Vec<Value> {
        let output = reader.args(self.paths()).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<Value> = lines
            .split_terminator('\n')
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), self.texts.len());
        for ((answer, text), path) in answers.iter().zip(&self.texts).zip(self.paths()) {
            assert_eq!(
                answer["texts"],
                Value::from(vec![text.as_str(); 6]),
                "{}",
                fs::read_to_string(path).unwrap()
            );
        }
        answers
    }
}

/// Whether a test can run.
fn is_installed(library: &str, found: bool) -> bool {
    if !found {
        skip(&format!("{library} is not installed"));
    }
    found
}

/// The first Python that has `module`.
fn python_with(module: &str) -> Option<&'static str> {
    let has_module = |python: &&str| {
        let output = Command::new(python)
            .args(["-c", &format!("import {module}")])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_module)
}

fn assert_read_by_python(library: &str, module: &str) {
    let python = python_with(module);
    if is_installed(library, python.is_some()) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/yaml/readers/read.py");
        for old in OLD {
            Files::write(old)
                .assert_read_by(Command::new(python.unwrap()).arg(&script).arg(library));
        }
    }
}

/// The program that reads files with a Go library, where Go and the library are installed.
#[expect(
    clippy::disallowed_methods,
    reason = "files of a test, in its own temporary directory"
)]
fn go_reader(library: &str, source: &str, directory: &Path) -> Option<Command> {
    let has_go = Command::new("go")
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    let has_library = Path::new(GO_PATH).join("src").join(library).is_dir();
    if !is_installed(&format!("Go with {library}"), has_go && has_library) {
        return None;
    }
    let (program, source_file) = (directory.join("reader"), directory.join("reader.go"));
    fs::write(&source_file, source).unwrap();
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &source_file])
        .env("GOPATH", GO_PATH)
        .env("GO111MODULE", "off")
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"))
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    Some(Command::new(program))
}

#[test]
fn pyyaml_reads_every_text() {
    assert_read_by_python("PyYAML", "yaml");
}

#[test]
fn ruamel_reads_every_text_as_yaml_1_2_and_1_1() {
    assert_read_by_python("ruamel.yaml 1.2", "ruamel.yaml");
    assert_read_by_python("ruamel.yaml 1.1", "ruamel.yaml");
}

#[test]
fn go_yaml_v3_reads_every_text() {
    let directory = TempDir::new().unwrap();
    let source = include_str!("../data/yaml/readers/read.go").replace("yaml.v2", "yaml.v3");
    let source = source.replace("SetStrict(true)", "KnownFields(true)");
    if let Some(reader) = go_reader("gopkg.in/yaml.v3", &source, directory.path()) {
        for old in OLD {
            Files::write(old).assert_read_by(&mut Command::new(reader.get_program()));
        }
    }
}

#[test]
fn go_yaml_v2_reads_every_text_and_writes_the_same_bytes() {
    let directory = TempDir::new().unwrap();
    let source = include_str!("../data/yaml/readers/read.go");
    let Some(mut reader) = go_reader("gopkg.in/yaml.v2", source, directory.path()) else {
        return;
    };
    for old in OLD {
        Files::write(old).assert_read_by(&mut Command::new(reader.get_program()));
    }
    let files = Files::write(None);
    let answers = files.assert_read_by(&mut reader);
    for ((answer, text), path) in answers.iter().zip(&files.texts).zip(files.paths()) {
        let is_literal_there = text.contains(['\n', '\u{2028}', '\u{2029}']);
        let is_folded_there = text.len() > 80 && text.contains(' ');
        if !is_literal_there && !is_folded_there && !QUOTED_FOR_SAFETY.contains(&text.as_str()) {
            assert_eq!(
                answer["written"],
                fs::read_to_string(path).unwrap(),
                "{text:?}"
            );
        }
    }
    assert_eq!(written_again(&reader, directory.path(), WHOLE), WHOLE);
}

/// A file with all keys, as it is written.
const WHOLE: &str = "\
Active: node-2
Remotes:
  node-2:
    URI: cloud.example.com
    Token: eyJ
    System: true
    Exclusive: true
    Insecure: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: true
      External: false
      Insecure: false
    - URI: http://localhost:11371
      Skip: false
      External: true
      Insecure: true
  node1:
    System: false
    Exclusive: false
  node10:
    System: false
    Exclusive: false
Credentials:
- URI: docker://x
  Insecure: false
- URI: https://keys.example.com
  Auth: Basic dTpw
  Insecure: true
";

/// How the reader, and how this crate, writes what it read of `text`; both must be the same.
#[expect(
    clippy::disallowed_methods,
    reason = "a file of a test, in its own temporary directory"
)]
fn written_again(reader: &Command, directory: &Path, text: &str) -> String {
    let document = yaml::document(text.as_bytes()).unwrap();
    assert_eq!(
        *yaml::write(None, &document, &document).bytes,
        *text.as_bytes()
    );
    let file = directory.join("whole.yaml");
    fs::write(&file, text).unwrap();
    let output = Command::new(reader.get_program())
        .arg(file)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["written"].as_str().unwrap().to_owned()
}
