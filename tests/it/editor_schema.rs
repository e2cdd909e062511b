//! docs/json/remote.yaml.schema.json, the schema for editors: it accepts what portolan reads, and refuses what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::support::world::{World, skip};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Samples whose fault is not in the value: a key that stands twice, a tag, an explicit null, a directive.
const NOT_IN_THE_VALUE: [&str; 6] = [
    "bool-__bool__yes_-931.yaml",
    "dup-active.yaml",
    "dup-key-forms.yaml",
    "empty-docstart.yaml",
    "multi-empty-first.yaml",
    "ok-yaml12directive.yaml",
];
/// Prints the path and the first document, as JSON, of each sample that PyYAML can read.
const DUMP: &str = "import datetime,json,pathlib,sys,yaml
for path in sys.argv[1:]:
    try:
        value = next(iter(yaml.safe_load_all(pathlib.Path(path).read_bytes())), None)
        print(json.dumps([path, value], default=str))
    except Exception:
        pass";

/// The schema, ready to judge values.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn load() -> Self {
        let text = fs::read(Path::new(ROOT).join("docs/json/remote.yaml.schema.json")).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler
            .add_resource("schema.json", serde_json::from_slice(&text).unwrap())
            .unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self(schemas, index)
    }

    fn accepts(&self, value: &Value) -> bool {
        self.0.validate(value, self.1).is_ok()
    }
}

/// Whether a command reads the text as a user's file.
fn reads(world: &World, text: impl AsRef<[u8]>) -> bool {
    world.write_user(text);
    world.run(&["remote", "list"]).code == Some(0)
}

#[test]
fn the_schema_refuses_what_portolan_refuses() {
    let (world, schema) = (World::shipped(), Schema::load());
    let remote = |value: Value| json!({"Remotes": {"r": value}});
    let keyserver = |value: Value| remote(json!({"URI": "r", "Keyservers": [value]}));
    let login = |value: Value| json!({"Credentials": [value]});
    let cases = [
        (json!({}), true),
        (json!({"Active": "", "Remotes": {}}), true),
        (json!({"Active": 7, "Remotes": {}, "Credentials": []}), true),
        (json!({"active": "x"}), false),
        (json!({"Active": []}), false),
        (json!([]), false),
        (json!("text"), false),
        (json!({"Remotes": []}), false),
        (
            remote(json!({"URI": "r", "Token": "t", "System": true, "Exclusive": false})),
            true,
        ),
        (remote(json!({"URI": "r", "Insecure": "yes"})), true),
        (remote(json!({"URI": "r", "Insecure": "true"})), false),
        (remote(json!({"URI": "r", "Insecure": 1})), false),
        (remote(json!({"URI": ["r"]})), false),
        (remote(json!({"uri": "r"})), false),
        (remote(json!("r")), false),
        (remote(Value::Null), false),
        (
            keyserver(
                json!({"URI": "https://k", "Skip": false, "External": true, "Insecure": false}),
            ),
            true,
        ),
        (keyserver(json!({"Order": 1})), false),
        (keyserver(json!("https://k")), false),
        (
            login(json!({"URI": "docker://h", "Auth": "Basic x", "Insecure": false})),
            true,
        ),
        (login(json!({"URI": "docker://h", "Token": "t"})), false),
        (login(Value::Null), false),
        (json!({"Credentials": {}}), false),
    ];
    for (value, wanted) in cases {
        assert_eq!(schema.accepts(&value), wanted, "{value}");
        assert_eq!(reads(&world, value.to_string()), wanted, "{value}");
    }
}

#[test]
fn the_schema_agrees_with_portolan_about_every_sample() {
    let files = Path::new(ROOT).join("tests/data/yaml/files");
    let mut samples: Vec<PathBuf> = fs::read_dir(files)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // Made to exhaust a reader.
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            !name.starts_with("bomb") && !name.starts_with("deep")
        })
        .collect();
    samples.push(Path::new(ROOT).join("docs/fleet/company.yaml"));
    samples.sort();
    let output = match Command::new("python3")
        .args(["-c", DUMP])
        .args(&samples)
        .output()
    {
        Ok(output) if output.status.success() => output,
        _ => return skip("python3 with PyYAML isn't installed"),
    };
    let (world, schema) = (World::shipped(), Schema::load());
    let (mut judged, mut differ) = (0, Vec::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (path, value): (PathBuf, Value) = serde_json::from_str(line).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        if NOT_IN_THE_VALUE.contains(&name) {
            continue;
        }
        judged += 1;
        let (accepted, read) = (
            schema.accepts(&value),
            reads(&world, fs::read(&path).unwrap()),
        );
        if accepted != read {
            differ.push(format!("{name}: accepted {accepted}, read {read}"));
        }
    }
    assert_eq!(differ, Vec::<String>::new());
    assert!(judged > 80, "only {judged} samples were judged");
}
