use proptest::prelude::*;
use serde_json::json;

use super::*;

fn file(text: &str) -> AuthFile {
    AuthFile::read(text.as_bytes()).unwrap()
}

fn password() -> Stored {
    Stored::Password {
        user: "ian".into(),
        password: Secret::new("pa55:word/é"),
    }
}

fn token() -> Stored {
    Stored::IdentityToken {
        user: "ian".into(),
        token: Secret::new("refresh"),
    }
}

/// The keys of `auths`, in order.
fn keys(file: &AuthFile) -> Vec<&str> {
    file.entries().map(|(key, _)| key).collect()
}

#[test]
fn a_login_is_written_as_docker_writes_it() {
    let mut file = AuthFile::default();
    file.set("localhost:15000", &password());
    assert_eq!(
        file.render(),
        "{\n\t\"auths\": {\n\t\t\"localhost:15000\": {\n\t\t\t\"auth\": \"aWFuOnBhNTU6d29yZC/DqQ==\"\n\t\t}\n\t}\n}"
    );
    assert_eq!(file.get("localhost:15000"), Some(password()));
    assert!(file.erase("localhost:15000") && !file.erase("localhost:15000"));
    assert_eq!(file.render(), "{\n\t\"auths\": {}\n}");
}

#[test]
fn a_refresh_token_takes_the_passwords_place() {
    let mut file = file(r#"{"auths":{"h":{"auth":"eDp5","email":"x@y"}}}"#);
    file.set("h", &token());
    assert_eq!(
        file.render(),
        "{\n\t\"auths\": {\n\t\t\"h\": {\n\t\t\t\"auth\": \"aWFuOg==\",\n\t\t\t\"identitytoken\": \"refresh\",\n\t\t\t\"email\": \
         \"x@y\"\n\t\t}\n\t}\n}"
    );
    assert_eq!(file.get("h"), Some(token()));
    file.set("h", &password());
    assert_eq!(
        file.get("h"),
        Some(password()),
        "nothing of the token stays"
    );
    file.set_elsewhere("h", &HelperName::parse("pass").unwrap());
    assert_eq!(
        (file.get("h"), file.root["auths"]["h"].clone()),
        (None, json!({"email": "x@y"}))
    );
}

#[test]
fn a_login_leaves_no_older_secret_beside_it() {
    let old = r#"{"auths":{"h":{"auth":"eDp5","identitytoken":"old","registrytoken":"old","username":"old","password":"old","email":"x@y"}}}"#;
    let auth = json!({"auth": "aWFuOnBhNTU6d29yZC/DqQ==", "email": "x@y"});
    let mut new = file(old);
    new.set("h", &password());
    assert_eq!(new.root["auths"]["h"], auth);
    let mut elsewhere = file(old);
    elsewhere.set_elsewhere("h", &HelperName::parse("pass").unwrap());
    assert_eq!(elsewhere.root["auths"]["h"], json!({"email": "x@y"}));
    for name in [
        "Auth",
        "IdentityToken",
        "registryToken",
        "UserName",
        "PASSWORD",
    ] {
        let mut cased = file(&format!(r#"{{"auths":{{"h":{{"{name}":"old"}}}}}}"#));
        cased.set("h", &password());
        assert!(!cased.render().contains("old"), "{name}");
    }
}

#[test]
fn what_others_keep_in_the_file_stays_as_it_is_and_where_it_is() {
    let text = "{\n\t\"zebra\": [\n\t\t1,\n\t\t2.50,\n\t\t12345678901234567890123,\n\t\t1e+400,\n\t\tnull\n\t],\n\t\"auths\": \
                {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"no base64!\",\n\t\t\t\"x\": null\n\t\t},\n\t\t\"null\": null,\n\t\t\"text\": \
                \"<&>\"\n\t},\n\t\"HttpHeaders\": {\n\t\t\"X\": \"y\"\n\t},\n\t\"unknown\": {}\n}";
    let mut file = file(text);
    file.set("h", &password());
    assert_eq!(keys(&file), ["ghcr.io", "h", "null", "text"]);
    file.erase("h");
    assert_eq!(file.render(), text);
}

#[test]
fn a_new_login_is_sorted_in_where_the_others_are_sorted() {
    let mut sorted = file(r#"{"auths":{"a":{},"c":{}}}"#);
    sorted.set("b", &password());
    assert_eq!(keys(&sorted), ["a", "b", "c"]);
    let mut by_hand = file(r#"{"auths":{"c":{},"a":{}}}"#);
    by_hand.set("b", &password());
    by_hand.set("c", &password());
    assert_eq!(keys(&by_hand), ["c", "a", "b"]);
    for text in [r#"{"credsStore":""}"#, r#"{"auths":null,"credsStore":""}"#] {
        let mut without_logins = file(text);
        without_logins.set("h", &password());
        assert!(
            without_logins
                .render()
                .starts_with("{\n\t\"auths\": {\n\t\t\"h\": {"),
            "{text}"
        );
    }
}

#[test]
fn a_login_takes_the_place_of_every_other_for_the_same_account() {
    let text = r#"{"auths":{"docker.io":{"auth":"eDp5"},"docker.io/team":{"auth":"eDp5"},"index.docker.io":{"auth":"eDp5"}}}"#;
    let hub = "https://index.docker.io/v1/";
    let mut file = file(text);
    assert!(file.holds(hub));
    assert_eq!(
        file.get(hub),
        Some(Stored::Password {
            user: "x".into(),
            password: Secret::new("y")
        })
    );
    file.set(hub, &password());
    assert_eq!(keys(&file), ["docker.io/team", hub]);
    assert!(file.erase("docker.io"));
    assert_eq!(keys(&file), ["docker.io/team"]);
}

#[test]
fn a_login_is_found_under_whatever_key_a_tool_wrote() {
    let file = file(
        r#"{"auths":{"https://ghcr.io/v1/":{"auth":"eDp5"},"clear":{"username":"x","password":"y"}}}"#,
    );
    let known = Stored::Password {
        user: "x".into(),
        password: Secret::new("y"),
    };
    for key in ["ghcr.io", "https://ghcr.io/v1/", "clear"] {
        assert_eq!(
            (file.get(key), file.holds(key)),
            (Some(known.clone()), true),
            "{key}"
        );
    }
    assert_eq!(
        (file.get("ghcr.io/team"), file.holds("ghcr.io/team")),
        (None, false)
    );
}

#[test]
fn two_entries_for_one_account_are_found_where_both_have_a_secret() {
    let file = file(
        r#"{"auths":{"ghcr.io":{"auth":"dTpw"},"https://ghcr.io/v2/":{"auth":"dTpx"},"ghcr.io/team":{"auth":"dTpw"},
        "quay.io":{},"https://quay.io/":{"auth":"dTpw"},"docker.io":{"auth":"dTpw"},
        "https://index.docker.io/v1/":{"auth":"dTpw"}}}"#,
    );
    let twin = |key, first, registry: &str| Twin {
        key,
        first,
        registry: registry.to_owned(),
    };
    assert_eq!(
        file.twins(),
        [
            twin("https://ghcr.io/v2/", "ghcr.io", "ghcr.io"),
            twin("https://index.docker.io/v1/", "docker.io", "docker.io"),
        ]
    );
}

#[test]
fn an_entry_without_a_secret_is_a_login_only_where_a_helper_has_it() {
    let entry =
        |entry: &str, rest: &str| file(&format!(r#"{{"auths":{{"h":{entry}}}{rest}}}"#)).holds("h");
    for nothing in [
        "{}",
        "null",
        r#""x""#,
        r#"{"auth":""}"#,
        r#"{"username":"x"}"#,
        r#"{"auth":5}"#,
    ] {
        assert!(!entry(nothing, ""), "{nothing}");
        assert!(!entry(nothing, r#","credsStore":"""#), "{nothing}");
        assert!(entry(nothing, r#","credsStore":"pass""#), "{nothing}");
        assert!(
            entry(nothing, r#","credHelpers":{"h":"pass"}"#),
            "{nothing}"
        );
        assert!(
            !entry(nothing, r#","credHelpers":{"other":"pass"}"#),
            "{nothing}"
        );
    }
    for something in [
        r#"{"auth":"no base64!"}"#,
        r#"{"identitytoken":"x"}"#,
        r#"{"registrytoken":"x"}"#,
    ] {
        assert!(entry(something, ""), "{something}");
    }
    assert!(
        file(r#"{"credHelpers":{"h":"ecr-login"}}"#).holds("h"),
        "this very key has a helper"
    );
    assert!(
        !file(r#"{"credsStore":"pass"}"#).holds("h"),
        "a helper for all says nothing of this key"
    );
}

#[test]
fn a_configured_helper_stores_the_secret_and_no_other() {
    let helper = |file: &AuthFile, key: &str| {
        file.helper_for(key)
            .map(|helper| helper.map(|helper| helper.to_string()))
    };
    let named = |name: &str| Ok(Some(name.to_owned()));
    assert_eq!(helper(&AuthFile::default(), "h"), Ok(None));
    let configured = file(
        r#"{"CredSstore":"all","credhelpers":{"h":"one","docker.io":"hub","https://s":"old","bad":"../x","none":""}}"#,
    );
    for (key, wanted) in [
        ("h", named("one")),
        ("H", named("all")),
        ("https://index.docker.io/v1/", named("hub")),
        ("s", named("old")),
        ("h/team", named("one")),
        ("none", Ok(None)),
        ("bad", Err(AuthFileError::Helper("../x".into()))),
    ] {
        assert_eq!(helper(&configured, key), wanted, "{key}");
    }
    let nothing = file(r#"{"credsStore":null,"credHelpers":null}"#);
    assert_eq!(helper(&nothing, "h"), Ok(None));
}

#[test]
fn a_runtime_is_led_to_the_helper_of_a_host_that_is_written_in_another_way() {
    let pass = HelperName::parse("pass").unwrap();
    let cases = [
        ("docker.io", "https://index.docker.io/v1/"),
        ("https://h", "h"),
        ("h", "h/team/app"),
    ];
    for (configured, key) in cases {
        let before = file(&format!(
            r#"{{"auths":{{}},"credHelpers":{{"{configured}":"pass"}}}}"#
        ));
        let mut changed = before.clone();
        changed.set_elsewhere(key, &pass);
        assert_eq!(changed.root["credHelpers"][key], json!("pass"));
        assert_eq!(changed.root["auths"], json!({ key: {} }));
        assert_eq!(
            changed.helper_entries(key).unwrap()[0],
            HelperEntry {
                helper: pass.clone(),
                key: key.to_owned()
            }
        );
        changed.erase(key);
        if key.contains("/team") {
            assert_eq!(changed, before, "it is as it was");
        }
    }
    let mut own = file(r#"{"credHelpers":{"h":"pass","h/team/app":"other"}}"#);
    own.erase("h/team/app");
    assert_eq!(own.root["credHelpers"]["h/team/app"], json!("other"));
}

#[test]
fn names_of_fields_compare_without_case() {
    let mut file = file(
        r#"{"Auths":{"h":{"AUTH":"eDp5","RegistryToken":"t","x":1},"other":{"auth":"eDp5"}},"HttpHeaders":{}}"#,
    );
    assert!(file.holds("h"));
    file.set("h", &password());
    assert_eq!(
        file.root["Auths"]["h"],
        json!({"auth": "aWFuOnBhNTU6d29yZC/DqQ==", "x": 1}),
        "nothing of the old login remains"
    );
    assert!(file.erase("h"));
    assert_eq!(keys(&file), ["other"]);
    assert!(!file.root.contains_key("auths"));
}

#[test]
fn a_name_that_stands_twice_is_read_and_not_written() {
    for (text, name, line) in [
        ("{\"auths\":{},\n\"Auths\":{}}", "Auths", 2),
        ("{\"auths\":{\n\"h\":{},\n\"h\":{}}}", "h", 3),
        (
            "{\"auths\":{\"h\":{\"auth\":\"?\",\"Auth\":\"?\"}}}",
            "Auth",
            1,
        ),
    ] {
        assert!(AuthFile::read(text.as_bytes()).is_ok());
        assert_eq!(
            AuthFile::read_for_change(text.as_bytes()),
            Err(AuthFileError::Repeated {
                name: name.to_owned(),
                line
            })
        );
    }
    assert!(AuthFile::read_for_change(br#"{"auths":{"h":{"auth":"?"}},"x":1}"#).is_ok());
}

#[test]
fn dockers_own_login_to_its_hub_remains_at_a_login_and_goes_with_a_logout() {
    let hub = "https://index.docker.io/v1/";
    let token = "https://index.docker.io/v1/access-token";
    let mut file = file(
        r#"{"auths":{"https://index.docker.io/v1/access-token":{"auth":"eDp5"},"docker.io/team":{"auth":"eDp5"}}}"#,
    );
    file.set(hub, &password());
    assert_eq!(keys(&file), [token, "docker.io/team", hub]);
    assert!(file.twins().is_empty());
    assert!(file.erase(hub));
    assert_eq!(keys(&file), ["docker.io/team"]);
}

#[test]
fn a_broken_file_is_an_error_with_its_place_and_no_secret() {
    let read = |text: &str| AuthFile::read(text.as_bytes()).map_err(|error| error.to_string());
    for empty in ["", " \n", "{}", r#"{"auths":null}"#] {
        assert!(keys(&read(empty).unwrap()).is_empty());
    }
    let cases = [
        ("[]", "it is no JSON object"),
        ("null", "it is no JSON object"),
        (r#"{"auths":[]}"#, "\"auths\" is no JSON object"),
        (
            r#"{"credHelpers":["x"]}"#,
            "\"credHelpers\" is no JSON object",
        ),
        (r#"{"credsStore":5}"#, "\"credsStore\" is no text"),
        ("{not json", "line 1, column 2: key must be a string"),
        ("{\n\"a\": 1,\n}", "line 3, column 1: trailing comma"),
        ("{} x", "line 1, column 4: trailing characters"),
        (
            "\u{feff}{}",
            "it begins with a byte order mark, which no runtime reads",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(read(text), Err(message.to_owned()), "{text}");
    }
    for cut in 1..r#"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#.len() {
        let error = read(&r#"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#[..cut]).unwrap_err();
        assert!(!error.contains("c2V"), "{error}");
    }
}

#[test]
fn the_contents_do_not_show_themselves() {
    let mut file = AuthFile::default();
    file.set("h", &password());
    assert_eq!(format!("{file:?}"), r#"AuthFile { auths: ["h"], .. }"#);
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..60), key in ".{0,20}") {
        if let Ok(mut file) = AuthFile::read(&bytes) {
            file.set(&key, &password());
        }
    }

    #[test]
    fn a_login_comes_back_as_it_was_stored_and_goes_without_a_trace(
        key in "[a-z]{1,4}(\\.io)?(:[1-9])?(/[a-z]{1,2})?",
        user in "[^:]{0,8}",
        secret in "[^\0]{1,12}",
        others in proptest::collection::btree_map("[a-z]{5,7}", "[a-zA-Z0-9+/=!]{0,8}", 0..4),
        is_token in any::<bool>(),
    ) {
        let entries: Map<String, Value> = others.into_iter().map(|(key, auth)| (key, json!({ "auth": auth }))).collect();
        let before = AuthFile { root: json!({ "auths": entries, "x": 1.50 }).as_object().unwrap().clone() };
        let stored = match is_token {
            true => Stored::IdentityToken { user, token: Secret::new(secret) },
            false => Stored::Password { user, password: Secret::new(secret) },
        };
        let mut file = before.clone();
        file.set(&key, &stored);
        let again = AuthFile::read(file.render().as_bytes()).unwrap();
        prop_assert_eq!(&again, &file);
        prop_assert_eq!(again.get(&key), Some(stored));
        prop_assert!(again.holds(&key));
        file.erase(&key);
        prop_assert_eq!(file, before);
    }
}

#[test]
fn a_store_is_named_by_every_key_that_runtimes_ask_by_and_goes_without_a_trace() {
    const HUB: &str = "https://index.docker.io/v1/";
    let cases: [(&str, &[&str]); 3] = [
        (HUB, &[HUB, "docker.io"]),
        ("h:5000", &["h:5000"]),
        ("h/team/app", &["h/team/app"]),
    ];
    for (key, asked) in cases {
        let before = file(r#"{"auths":{"other":{"auth":"eDp5"}},"detachKeys":"x"}"#);
        let mut changed = before.clone();
        changed.set(key, &password());
        changed.set_helper(key, &HelperName::own());
        assert_eq!(changed.root["auths"][key], json!({}), "no secret stays");
        let helpers = changed.root["credHelpers"].as_object().unwrap();
        assert_eq!(helpers.keys().collect::<Vec<_>>(), asked);
        changed.drop_helpers(key, |name| name == "pass");
        assert_eq!(
            changed.root["credHelpers"].as_object().unwrap().len(),
            asked.len()
        );
        changed.drop_helpers(key, |name| name == "portolan");
        changed.erase(key);
        assert_eq!(changed, before);
    }
}
