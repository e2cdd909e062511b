//! What a discovery document means. Knows no server and no file.
//!
//! The format is Apptainer's: an object of objects, `{"libraryAPI": {"uri": "https://…"}, …}`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{Age, Discovery, ServiceKind};
use crate::text::json_fault;

/// Reads a body as JSON; the error is what is wrong with it. Bytes that are no UTF-8 are replaced, as Go does.
pub(crate) fn json(body: &[u8]) -> Result<Value, String> {
    serde_json::from_str(&String::from_utf8_lossy(body)).map_err(|error| json_fault(&error))
}

pub(crate) fn parse(document: Value, url: String, seen: SystemTime) -> Result<Discovery, String> {
    let mut discovery = Discovery {
        services: BTreeMap::new(),
        registry: None,
        url,
        seen,
        age: Age::Asked,
    };
    for (key, entry) in
        object(document).map_err(|found| format!("expected an object of services, not {found}"))?
    {
        let entry = object(entry)
            .map_err(|found| format!("expected an object for each service, not {found}"))?;
        let Some(uri) = entry.get("uri").and_then(Value::as_str) else {
            continue;
        };
        let kind = ServiceKind::of_key(&key);
        if kind == ServiceKind::Library {
            discovery.registry = entry
                .get("registryUri")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        // Of a keyserver by both its words the newer one counts.
        if !(key.starts_with("keystore") && discovery.services.contains_key(&kind)) {
            discovery.services.insert(kind, uri.to_owned());
        }
    }
    Ok(discovery)
}

fn object(value: Value) -> Result<Map<String, Value>, &'static str> {
    match value {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        Value::Array(_) => Err("a list"),
        Value::String(_) => Err("a text"),
        Value::Bool(_) => Err("a boolean"),
        Value::Number(_) => Err("a number"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(body: &[u8]) -> Result<Discovery, String> {
        parse(json(body)?, String::new(), SystemTime::UNIX_EPOCH)
    }

    fn services(document: &str) -> Result<String, String> {
        let discovery = parsed(document.as_bytes())?;
        let services: Vec<_> = discovery
            .services()
            .map(|(kind, uri)| format!("{kind}={uri}"))
            .collect();
        Ok(services.join(" "))
    }

    #[test]
    fn services_are_what_has_a_uri() {
        let cases = [
            ("{}", ""),
            ("null", ""),
            (r#"{"libraryAPI":{"uri":"https://l"}}"#, "library=https://l"),
            (
                r#"{"tokenAPI":{"uri":"t"},"library":{"uri":"l/"}}"#,
                "library=l/ token=t",
            ),
            (r#"{"keystoreAPI":{"uri":"k"}}"#, "keyserver=k"),
            (r#"{"keystore":{"uri":"k"}}"#, "keyserver=k"),
            (
                r#"{"keyserverAPI":{"uri":"new"},"keystoreAPI":{"uri":"old"}}"#,
                "keyserver=new",
            ),
            (
                r#"{"keystoreAPI":{"uri":"old"},"keyserverAPI":{"uri":"new"}}"#,
                "keyserver=new",
            ),
            (r#"{"xAPIAPI":{"uri":"x"}}"#, "xAPI=x"),
            (
                r#"{"API":{"uri":"x"},"zooAPI":{"uri":"z"},"builderAPI":{"uri":"b"}}"#,
                "=x builder=b zoo=z",
            ),
            (
                r#"{"a":{},"b":{"uri":null},"c":{"uri":1},"d":null,"e":{"uri":["x"]}}"#,
                "",
            ),
            (r#"{"keystoreAPI":{"uri":""}}"#, "keyserver="),
            (r#"{"a":{"uri":"first"},"a":{"uri":"last"}}"#, "a=last"),
            (r#"{"a":{"uri":"x","note":[1,{"y":2}]}}"#, "a=x"),
        ];
        for (document, wanted) in cases {
            assert_eq!(services(document).as_deref(), Ok(wanted), "{document}");
        }
        assert_eq!(
            parsed(b"{\"a\":{\"uri\":\"\xff\"}}")
                .unwrap()
                .services()
                .count(),
            1
        );
    }

    #[test]
    fn what_is_no_document_is_told() {
        let cases = [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{not json", "key must be a string at line 1 column 2"),
            ("{} x", "trailing characters at line 1 column 4"),
            ("[]", "expected an object of services, not a list"),
            ("\"x\"", "expected an object of services, not a text"),
            ("1", "expected an object of services, not a number"),
            ("true", "expected an object of services, not a boolean"),
            (
                r#"{"libraryAPI":"https://x"}"#,
                "expected an object for each service, not a text",
            ),
            (
                r#"{"libraryAPI":[]}"#,
                "expected an object for each service, not a list",
            ),
        ];
        for (document, reason) in cases {
            assert_eq!(
                services(document).as_ref().map_err(String::as_str),
                Err(reason),
                "{document}"
            );
        }
        assert!(services(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn the_registry_behind_the_library_is_remembered() {
        let registry = |document: &str| {
            parsed(document.as_bytes())
                .unwrap()
                .registry()
                .map(str::to_owned)
        };
        assert_eq!(
            registry(r#"{"libraryAPI":{"uri":"l","registryUri":"https://r"}}"#).as_deref(),
            Some("https://r")
        );
        assert_eq!(registry(r#"{"libraryAPI":{"uri":"l"}}"#), None);
        assert_eq!(
            registry(
                r#"{"libraryAPI":{"uri":"l","registryUri":7},"x":{"uri":"x","registryUri":"y"}}"#
            ),
            None
        );
    }

    proptest! {
        #[test]
        fn no_body_is_too_odd_to_be_read(body in any::<Vec<u8>>(), key in any::<String>(), uri in any::<String>()) {
            let _ = parsed(&body);
            let document = serde_json::json!({ key: { "uri": uri.clone() } });
            let found = parse(document, String::new(), SystemTime::UNIX_EPOCH).unwrap();
            prop_assert_eq!(found.services().next().unwrap().1, uri);
        }
    }
}
