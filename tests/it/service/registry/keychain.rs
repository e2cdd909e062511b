//! What a login leaves in docker-config.json, and in a helper that the file names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use portolan::credentials::{Keychain, KeychainError};
use tempfile::TempDir;

use super::super::told;
use super::helper::{Bench, password};
use super::keychain;

/// A directory with a docker-config.json, if there is one, and the way to it.
fn with(text: Option<&str>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("docker-config.json");
    if let Some(text) = text {
        fs::write(&path, text).unwrap();
        fs::File::open(&path)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
    }
    (directory, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_login_is_kept_for_its_owner_alone() {
    for before in [None, Some(""), Some("{\"auths\":{}}")] {
        let (_directory, path) = with(before);
        let keychain = keychain(&path);
        assert!(!keychain.read().unwrap().holds("h"));
        keychain.store("h", &password("x")).unwrap();
        assert_eq!(
            (text(&path).as_str(), mode(&path)),
            (
                "{\n\t\"auths\": {\n\t\t\"h\": {\n\t\t\t\"auth\": \"aWFuOng=\"\n\t\t}\n\t}\n}",
                0o600
            )
        );
        assert_eq!(keychain.get("h").unwrap(), Some(password("x")));
        keychain.erase("h").unwrap();
        assert_eq!(text(&path), "{\n\t\"auths\": {}\n}");
        assert_eq!(keychain.get("h").unwrap(), None);
    }
}

#[test]
fn what_others_keep_in_the_file_stays() {
    let (_directory, path) = with(Some(
        r#"{"auths":{"ghcr.io":{"auth":"eDp5"}},"HttpHeaders":{"X":"y"},"unknownKey":{"a":[1,2]}}"#,
    ));
    keychain(&path)
        .store("localhost:15000", &password("x"))
        .unwrap();
    keychain(&path).erase("localhost:15000").unwrap();
    let flat: String = text(&path).split_whitespace().collect();
    assert_eq!(
        flat,
        r#"{"auths":{"ghcr.io":{"auth":"eDp5"}},"HttpHeaders":{"X":"y"},"unknownKey":{"a":[1,2]}}"#
    );
}

#[test]
fn nothing_is_written_when_nothing_changes() {
    let (directory, path) = with(Some(r#"{"auths":{"h":{"auth":"aWFuOng="}}}"#));
    keychain(&path).store("h", &password("x")).unwrap();
    keychain(&path).erase("other").unwrap();
    assert_eq!(text(&path), r#"{"auths":{"h":{"auth":"aWFuOng="}}}"#);
    let absent = directory.path().join("absent.json");
    keychain(&absent).erase("h").unwrap();
    assert!(!absent.exists());
}

#[test]
fn reading_creates_nothing() {
    let (directory, path) = with(None);
    assert_eq!(keychain(&path).get("h").unwrap(), None);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_broken_file_is_an_error_that_names_the_place_and_stays() {
    for (broken, words) in [
        ("{not json", "line 1, column 2: key must be a string"),
        ("[]", "it is no JSON object"),
    ] {
        let (directory, path) = with(Some(broken));
        let keychain = keychain(&path);
        let errors = [
            keychain.store("h", &password("x")).unwrap_err(),
            keychain.erase("h").unwrap_err(),
            keychain.read().unwrap_err(),
        ];
        for error in errors {
            let told = told(error).replace(&directory.path().display().to_string(), "$DIRECTORY");
            assert_eq!(told, format!("$DIRECTORY/docker-config.json: {words}"));
        }
        assert_eq!(text(&path), broken);
    }
}

#[test]
fn logins_at_the_same_time_all_stay() {
    let (_directory, path) = with(None);
    thread::scope(|scope| {
        for number in 0..12 {
            let keychain = keychain(&path);
            scope.spawn(move || {
                keychain
                    .store(&format!("h{number}"), &password("x"))
                    .unwrap()
            });
        }
    });
    let file = keychain(&path).read().unwrap();
    assert!((0..12).all(|number| file.holds(&format!("h{number}"))));
}

fn helped(bench: &Bench, path: &Path) -> Keychain {
    Keychain {
        path: path.to_owned(),
        helper_environment: bench.environment(),
    }
}

#[test]
fn a_helper_that_the_file_names_keeps_the_secret_in_its_place() {
    for configured in [r#""credsStore":"keeps""#, r#""credHelpers":{"h":"keeps"}"#] {
        let bench = Bench::new("keeps");
        // The file has a secret from before the helper was configured.
        let (_directory, path) = with(Some(&format!(
            r#"{{"auths":{{"h":{{"auth":"aWFuOm9sZA=="}}}},{configured}}}"#
        )));
        let keychain = helped(&bench, &path);
        keychain.store("h", &password("pa55word")).unwrap();
        let flat: String = text(&path).split_whitespace().collect();
        assert_eq!(flat, format!(r#"{{"auths":{{"h":{{}}}},{configured}}}"#));
        assert!(bench.file("secret").contains("pa55word"));
        assert_eq!(keychain.get("h").unwrap(), Some(password("pa55word")));
        assert!(keychain.read().unwrap().holds("h"));

        keychain.erase("h").unwrap();
        assert!(!bench.directory.path().join("secret").exists());
        assert_eq!(keychain.get("h").unwrap(), None);
        assert_eq!(
            text(&path).split_whitespace().collect::<String>(),
            format!(r#"{{"auths":{{}},{configured}}}"#)
        );
    }
}

#[test]
fn a_helper_knows_a_login_by_the_key_that_names_it() {
    let bench = Bench::new("keeps");
    let (_directory, path) = with(Some(r#"{"credHelpers":{"docker.io":"keeps"}}"#));
    helped(&bench, &path)
        .store("https://index.docker.io/v1/", &password("x"))
        .unwrap();
    assert!(bench.file("secret").contains(r#""ServerURL":"docker.io""#));
}

#[test]
fn a_helper_that_fails_changes_nothing() {
    let bench = Bench::new("refuses");
    let before = r#"{"auths":{"h":{"auth":"aWFuOng="}},"credsStore":"refuses"}"#;
    let (_directory, path) = with(Some(before));
    let keychain = helped(&bench, &path);
    assert_eq!(
        keychain
            .store("h", &password("pa55word"))
            .unwrap_err()
            .to_string(),
        "error storing credentials - err: exit status 1, out: `keyring is locked`"
    );
    assert!(matches!(keychain.erase("h"), Err(KeychainError::Helper(_))));
    assert_eq!(text(&path), before);
}

#[test]
fn no_helper_is_used_because_it_is_installed() {
    let bench = Bench::new("pass");
    let (_directory, path) = with(None);
    helped(&bench, &path).store("h", &password("x")).unwrap();
    assert!(text(&path).contains("aWFuOng="));
    assert!(!bench.directory.path().join("arguments").exists());
}

#[test]
fn a_helpers_name_that_leads_elsewhere_is_refused() {
    let (_directory, path) = with(Some(r#"{"credsStore":"../../bin/x"}"#));
    let error = told(keychain(&path).store("h", &password("x")).unwrap_err());
    assert!(
        error.ends_with("docker-config.json: \"../../bin/x\" can't be a credential helper's name"),
        "{error}"
    );
}
