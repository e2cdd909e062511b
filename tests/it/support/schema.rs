//! The schemas of docs/json, and whether an output is what they say.

use std::fs;
use std::path::PathBuf;

use boon::{Compiler, Schemas};
use serde_json::Value;

/// The view that a command printed.
///
/// It fails the test unless the output is one object of a schema in docs/json, whose every field the schema describes.
pub(crate) fn view(output: &str) -> Value {
    let view: Value = serde_json::from_str(output).unwrap();
    let name = view["schema"].as_str().unwrap().replace('/', ".");
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json"))
        .join(format!("{name}.schema.json"));
    let schema: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_described(&schema, &schema, &view, &name);
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&view, index) {
        unreachable!("{error:#}\n{output}");
    }
    view
}

/// Whether all that a value has stands in a part of the schema, however deep.
fn assert_described(whole: &Value, part: &Value, value: &Value, place: &str) {
    let schema = match part["$ref"].as_str() {
        Some(reference) => whole.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let described = &schema["properties"][key];
                assert!(described.is_object(), "{place}.{key} is not described");
                assert_described(whole, described, value, &format!("{place}.{key}"));
            }
        }
        Value::Array(items) => {
            assert!(
                schema["items"].is_object(),
                "the items of {place} are not described"
            );
            items.iter().for_each(|item| {
                assert_described(whole, &schema["items"], item, &format!("{place}[]"));
            });
        }
        _ => {}
    }
}
