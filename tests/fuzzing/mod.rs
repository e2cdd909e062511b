//! What must hold of any bytes at all: one function for each place where text of others comes in. The programs in `fuzz/`
//! call these with bytes that a fuzzer makes up, and the test below with every seed in `fuzz/corpus`. No part of the library:
//! it is there for tests and fuzzers only.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::credentials::auth_file::AuthFile;
use crate::credentials::config_file::is_named;
use crate::credentials::helper::HelperName;
use crate::name::RemoteName;
use crate::secret::{Secret, Stored};
use crate::service::discovery::{Discovery, ServiceKind, cache, document, document_url};
use crate::service::registry::challenge::{Challenge, challenges};
use crate::service::token;
use crate::text::{Quoted, is_hidden};
use crate::uri::{EndpointUri, KeyserverUri, RegistryAccount, RegistryUri};

pub use crate::config::fuzzing::{yaml, yaml_secrets, yaml_write};

pub type Target = fn(&[u8]);

/// All of them by their names, which are those of the programs and of the seeds' directories.
pub const TARGETS: [(&str, Target); 10] = [
    ("auth_file", auth_file),
    ("cache", cache),
    ("challenge", challenge),
    ("discovery", discovery),
    ("text", text),
    ("token", token),
    ("uris", uris),
    ("yaml", yaml),
    ("yaml_secrets", yaml_secrets),
    ("yaml_write", yaml_write),
];

/// Addresses of endpoints, keyservers and registries: the stored form stands for itself, and equality is one.
pub fn uris(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    match EndpointUri::parse(text) {
        Ok(uri) => assert_eq!(EndpointUri::parse(uri.as_str()).as_ref(), Ok(&uri)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(uri) = KeyserverUri::parse(text) {
        assert_eq!(KeyserverUri::parse(&uri.to_string()).as_ref(), Ok(&uri));
        assert!(uri.is_same_server(&uri));
    }
    assert!(KeyserverUri::are_same(text, text));
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    assert_eq!(
        KeyserverUri::are_same(one, other),
        KeyserverUri::are_same(other, one)
    );
    for uri in [RegistryUri::parse(text), RegistryUri::found(text)]
        .into_iter()
        .flatten()
    {
        let again = RegistryUri::parse(&uri.to_string());
        assert_eq!(again.as_ref(), Ok(&uri));
        assert_eq!(
            again.map(|again| again.storage_key()),
            Ok(uri.storage_key())
        );
    }
    if let (Ok(one), Ok(other)) = (RegistryUri::found(one), RegistryUri::found(other)) {
        assert_eq!(
            one.shares_secret_with(&other),
            other.shares_secret_with(&one)
        );
    }
}

/// The `WWW-Authenticate` headers of an answer, a line each: what is understood is the same when it is written by the rules.
pub fn challenge(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let found = challenges(text.split('\n'));
    let written: Vec<String> = found.iter().map(header).collect();
    assert_eq!(challenges(&written), found, "in a header each");
    assert_eq!(challenges([written.join(", ")]), found, "in one header");
}

fn header(challenge: &Challenge) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let parameters: Vec<_> = challenge
        .parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)))
        .collect();
    format!("{} {}", challenge.scheme, parameters.join(", "))
        .trim_end()
        .to_owned()
}

/// A docker-config.json: whatever is changed in it, what belongs to others stays as it is and where it is.
pub fn auth_file(bytes: &[u8]) {
    let Ok(file) = AuthFile::read(bytes) else {
        return;
    };
    let Some(helper) = HelperName::parse("pass") else {
        return;
    };
    let before = file.render();
    assert_eq!(AuthFile::read(before.as_bytes()).as_ref(), Ok(&file));
    let known = json(&before)
        .get("auths")
        .and_then(Value::as_object)
        .and_then(|auths| auths.keys().next().cloned());
    for key in
        known
            .iter()
            .map(String::as_str)
            .chain(["ghcr.io", "https://index.docker.io/v1/", "h/team"])
    {
        let _ = (file.holds(key), file.helper_for(key));
        let password = Stored::Password {
            user: "ian".into(),
            password: Secret::new("pa55"),
        };
        let token = Stored::IdentityToken {
            user: "ian".into(),
            token: Secret::new("t0ken"),
        };
        for stored in [password, token] {
            let mut changed = file.clone();
            changed.set(key, &stored);
            assert_eq!(changed.get(key), Some(stored));
            assert!(changed.holds(key));
            keeps_others(&before, &changed, key);
            assert!(changed.erase(key));
            assert_eq!(changed.get(key), None);
            keeps_others(&before, &changed, key);
        }
        let mut elsewhere = file.clone();
        elsewhere.set_elsewhere(key, &helper);
        assert_eq!(elsewhere.get(key), None);
        keeps_others(&before, &elsewhere, key);
    }
}

fn json(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Everything but the logins of `key`'s account is the same, in the same order, after a change of these.
fn keeps_others(before: &str, changed: &AuthFile, key: &str) {
    let after = changed.render();
    assert_eq!(
        AuthFile::read(after.as_bytes()).as_ref(),
        Ok(changed),
        "what was written is read again"
    );
    let (before, after) = (json(before), json(&after));
    let others = |root: &Map<String, Value>| -> Vec<(String, Value)> {
        root.iter()
            .filter(|(name, _)| {
                !["auths", "credHelpers"]
                    .iter()
                    .any(|own| is_named(name, own))
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    assert_eq!(others(&before), others(&after));
    let account = RegistryAccount::of_key(key);
    let entries = |root: &Map<String, Value>| -> Vec<(String, Value)> {
        let auths = root
            .iter()
            .find(|(name, _)| is_named(name, "auths"))
            .and_then(|(_, auths)| auths.as_object())
            .cloned()
            .unwrap_or_default();
        auths
            .into_iter()
            .filter(|(known, _)| RegistryAccount::of_key(known) != account)
            .collect()
    };
    assert_eq!(entries(&before), entries(&after));
}

/// The body of a discovery document: what it says is remembered as it was said.
pub fn discovery(bytes: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let Ok(body) = document::json(bytes) else {
        return;
    };
    let Ok(found) = document::parse(body.clone(), document_url(ENDPOINT), now) else {
        return;
    };
    services(&found);
    let remembered =
        cache::render(ENDPOINT, body, now).and_then(|text| cache::parse(&text, ENDPOINT));
    assert_eq!(remembered, Some(found));
}

const ENDPOINT: &str = "https://cloud.example.com";

fn services(found: &Discovery) {
    let kinds: Vec<&ServiceKind> = found.services().map(|(kind, _)| kind).collect();
    assert!(kinds.is_sorted_by(|one, other| one < other), "{kinds:?}");
    for (kind, uri) in found.services() {
        if let Ok(service) = found.service(kind) {
            assert!(service == uri && !uri.is_empty());
        }
    }
    let _ = found.registry();
}

/// The cache's file of an endpoint.
pub fn cache(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Some(found) = cache::parse(text, ENDPOINT) {
        services(&found);
        assert_eq!(cache::parse(text, "https://elsewhere.example.com"), None);
    }
}

/// A token, and the claims of one: looking for its end of life is safe.
pub fn token(bytes: &[u8]) {
    let claims = format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    for text in [String::from_utf8_lossy(bytes).into_owned(), claims] {
        if let Some(expiry) = token::expiry(&Secret::new(text)) {
            assert!(expiry >= SystemTime::UNIX_EPOCH);
        }
    }
}

/// A text on its way to a person: nothing in it steers a terminal, and names are what was typed.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let name = RemoteName::found(text.as_ref());
    let mut shown = vec![Quoted(&text).to_string(), name.to_string()];
    #[cfg(feature = "cli")]
    {
        use crate::cli::printable::{printable, printable_lines};
        assert_eq!(printable(&printable(&text)), printable(&text));
        shown.push(printable(&text).into_owned());
        shown.push(printable_lines(&text).replace('\n', ""));
    }
    for shown in shown {
        assert!(!shown.contains(is_hidden), "{shown:?}");
    }
    match RemoteName::parse(&text) {
        Ok(parsed) => assert!(parsed == name && parsed.as_str().trim() == text),
        Err(error) => assert!(!error.to_string().contains(is_hidden)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// The names in a directory, without what follows a dot.
    fn names(directory: &Path) -> BTreeSet<String> {
        let names = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .map(|name| name.split('.').next().unwrap_or_default().to_owned())
            .collect()
    }

    fn feed(target: Target, directory: &Path) {
        let files = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut count = 0;
        for file in files {
            target(&fs::read(&file).unwrap());
            count += 1;
        }
        assert!(count > 0, "{} has seeds", directory.display());
    }

    #[test]
    fn what_must_hold_of_any_bytes_holds_of_every_seed() {
        for (name, target) in TARGETS {
            feed(target, &root().join("fuzz/corpus").join(name));
        }
        for target in [yaml, yaml_secrets, yaml_write] {
            feed(target, &root().join("tests/data/yaml/files"));
        }
    }

    #[test]
    fn every_target_has_its_program_and_its_seeds() {
        let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names(&root().join("fuzz/fuzz_targets")), known);
        assert_eq!(names(&root().join("fuzz/corpus")), known);
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for name in known {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}
