use super::*;

const IMAGE: Reader = Reader::ContainersImage;
const OLD: Reader = Reader::DockerCli((20, 10, 17));
const NEW: Reader = Reader::DockerCli((29, 0, 0));

/// The entries as `key user:password`, then the helpers as `key=name`, then the store.
fn shown(text: &str, reader: Reader) -> String {
    match ConfigFile::read(text.as_bytes(), reader) {
        Err(fault) => format!("error: {fault}"),
        Ok(file) => {
            let entries = file.auths.iter().map(|(key, entry)| {
                let (user, password) = match decode(&entry.auth) {
                    Ok(Some(pair)) if reader == IMAGE => pair,
                    _ => (entry.username.clone(), entry.password.clone()),
                };
                format!("{key} {user}:{}", password.expose())
            });
            let helpers = file
                .helpers
                .iter()
                .map(|(key, name)| format!("{key}={name}"));
            let store = Some(file.store.clone()).filter(|store| !store.is_empty());
            entries
                .chain(helpers)
                .chain(store)
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}

fn line_of_second(text: &str) -> Option<(String, usize)> {
    let file = ConfigFile::read(text.as_bytes(), NEW).unwrap();
    file.repeated.map(|repeated| (repeated.name, repeated.line))
}

#[test]
fn names_compare_without_case_and_repeated_ones_are_merged() {
    let cases = [
        (r#"{"Auths": {"h": {"AUTH": "dTpw"}}}"#, "h u:p"),
        (r#"{"auth\u017f": {"h": {"auth": "dTpw"}}}"#, "h u:p"),
        (
            r#"{"auths": {"h": {"auth": "dTpw"}}, "AUTHS": {"i": {"auth": "djpw"}}}"#,
            "h u:p, i v:p",
        ),
        (
            r#"{"auths": {"h": {"auth": "dTpw"}, "h": {"auth": "djpw"}}}"#,
            "h v:p",
        ),
        (r#"{"auths": {"h": {"auth": "dTpw"}, "h": {}}}"#, "h :"),
        (
            r#"{"auths": {"h": {"auth": "dTpw", "Auth": null}}}"#,
            "h u:p",
        ),
        (r#"{"auths": {"h": {"auth": "dTpw"}}, "Auths": null}"#, ""),
        (
            r#"{"auths": {"h": {"auth": "dTpw"}, "H": {"auth": "djpw"}}}"#,
            "h u:p, H v:p",
        ),
        (r#"{"auths": null, "credHelpers": null}"#, ""),
        (r#"{"auths": {"h": null}}"#, "h :"),
        (
            r#"{"auths": {"h": {"note": {"a": [1e999]}}}, "x": 5}"#,
            "h :",
        ),
    ];
    for (text, wanted) in cases {
        for reader in [IMAGE, OLD, NEW] {
            assert_eq!(shown(text, reader), wanted, "{text} {reader:?}");
        }
    }
    let helpers = r#"{"CREDHELPERS": {"h": "a", "i": null}, "credsStore": "b", "CredsStore": null, "credsstore": "c"}"#;
    assert_eq!(shown(helpers, NEW), "h=a, i=, c");
    assert_eq!(shown(helpers, IMAGE), "h=a, i=");
}

#[test]
fn the_second_of_two_equal_names_has_a_line() {
    let cases = [
        ("{\"auths\": {},\n\"credsStore\": \"x\"}", None),
        ("{\"auths\": {},\n\"Auths\": {}}", Some(("Auths", 2))),
        ("{\"auths\": {\n\"h\": {},\n\"h\": {}}}", Some(("h", 3))),
        (
            "{\"auths\": {\"h\": {\"auth\": \"\",\n\"AUTH\": \"\"}}}",
            Some(("AUTH", 2)),
        ),
        ("{\"other\": 1,\n\"other\": 2}", None),
    ];
    for (text, wanted) in cases {
        let wanted = wanted.map(|(name, line)| (name.to_owned(), line));
        assert_eq!(line_of_second(text), wanted, "{text}");
    }
}

#[test]
fn base64_is_what_go_takes_for_it() {
    let cases = [
        ("dTpw", "u:p"),
        ("dT\\npw\\r\\n", "u:p"),
        ("dTpwMQ==", "u:p1"),
        ("dTpwMR==", "u:p1"),
        ("dTpwMQ=\\n=", "u:p1"),
        ("dTpwAAA=", "u:p"),
        ("dTpwMQ", "error 4"),
        ("dTpwMQ=", "error 4"),
        ("dTpw====", "error 4"),
        ("dTpw MQ==", "error 4"),
        ("!!!", "error 0"),
        ("dTE6cHd-fn4_Pz8=", "error 7"),
        ("dTpwMQ==dTpw", "error 8"),
    ];
    for (auth, wanted) in cases {
        let text = auth.replace("\\n", "\n").replace("\\r", "\r");
        let found = match decode(&Secret::new(text)) {
            Ok(Some((user, password))) => format!("{user}:{}", password.expose()),
            Ok(None) => "no colon".to_owned(),
            Err(at) => format!("error {at}"),
        };
        assert_eq!(found, wanted, "{auth}");
    }
    assert_eq!(decode(&Secret::new("dXNlcm9ubHk=")), Ok(None));
}

#[test]
fn one_reader_refuses_what_another_takes() {
    const NUMBER: &str = "error: json: cannot unmarshal number into Go struct field";
    let cases = [
        (IMAGE, "", "error: unexpected end of JSON input"),
        (NEW, " \n", ""),
        (IMAGE, "{\"auths\":", "error: unexpected end of JSON input"),
        (NEW, "{\"auths\":", "error: unexpected EOF"),
        (NEW, "{}x", ""),
        (NEW, "{} {", ""),
        (
            IMAGE,
            "{}\n{}",
            "error: invalid character '{' after top-level value",
        ),
        (
            NEW,
            "\u{feff}{}",
            "error: invalid character 'ï' looking for beginning of value",
        ),
        (NEW, "null", ""),
        (IMAGE, "null", ""),
        (
            Reader::DockerCli((20, 10, 12)),
            "null",
            "error: panic: runtime error: invalid memory address or nil pointer dereference",
        ),
        (
            NEW,
            "[]",
            "error: json: cannot unmarshal array into Go value of type configfile.ConfigFile",
        ),
        (
            IMAGE,
            r#"{"auths": []}"#,
            "error: json: cannot unmarshal array into Go struct field dockerConfigFile.auths of type map[string]config.dockerAuthConfig",
        ),
        (
            NEW,
            r#"{"auths": {"h": "x"}}"#,
            "error: json: cannot unmarshal string into Go struct field ConfigFile.auths of type types.AuthConfig",
        ),
        (
            NEW,
            r#"{"auths": {"h": {"auth": 5}}}"#,
            &format!("{NUMBER} AuthConfig.auths.auth of type string"),
        ),
        (
            IMAGE,
            r#"{"auths": {"h": {"auth": 5}}}"#,
            &format!("{NUMBER} dockerAuthConfig.auths.auth of type string"),
        ),
        (IMAGE, r#"{"auths": {"h": {"username": 5}}}"#, "h :"),
        (
            NEW,
            r#"{"auths": {"h": {"username": 5}}}"#,
            &format!("{NUMBER} AuthConfig.auths.username of type string"),
        ),
        (
            NEW,
            r#"{"detachKeys": 5}"#,
            &format!("{NUMBER} ConfigFile.detachKeys of type string"),
        ),
        (IMAGE, r#"{"detachKeys": 5, "credsStore": 5}"#, ""),
        (
            NEW,
            r#"{"plugins": {"a": {"b": 5}}}"#,
            &format!("{NUMBER} ConfigFile.plugins of type string"),
        ),
        (
            NEW,
            r#"{"proxies": {"default": {"httpProxy": "x"}}, "pruneFilters": ["a", null]}"#,
            "",
        ),
        (
            NEW,
            r#"{"proxies": {"default": {"httpProxy": 5}}}"#,
            &format!("{NUMBER} ConfigFile.proxies of type string"),
        ),
        (OLD, r#"{"features": {"a": true}}"#, ""),
        (
            NEW,
            r#"{"features": {"a": true}}"#,
            "error: json: cannot unmarshal bool into Go struct field ConfigFile.features of type string",
        ),
        // One entry spoils the file for one reader only.
        (
            IMAGE,
            r#"{"auths": {"h": {"auth": "!"}, "i": {"auth": "dTpw"}}}"#,
            "h :, i u:p",
        ),
        (
            NEW,
            r#"{"auths": {"h": {"auth": "!"}, "i": {"auth": "dTpw"}}}"#,
            "error: illegal base64 data at input byte 0",
        ),
        (
            NEW,
            r#"{"auths": {"h": {"auth": "dQ=="}}}"#,
            "error: invalid auth configuration file",
        ),
        (
            OLD,
            r#"{"auths": {"h": {"auth": "dQ=="}}}"#,
            "error: Invalid auth configuration file",
        ),
        (
            NEW,
            r#"{"auths": {"h": {"auth": "OnA="}}}"#,
            "error: invalid auth configuration file",
        ),
        (OLD, r#"{"auths": {"h": {"auth": "OnA="}}}"#, "h :p"),
        (
            NEW,
            r#"{"auths": {"h": {"auth": "dTpw", "username": "v"}}}"#,
            "h u:p",
        ),
        (
            NEW,
            r#"{"auths": {"h": {"username": "\ud800"}}}"#,
            "h \u{fffd}:",
        ),
    ];
    for (reader, text, wanted) in cases {
        assert_eq!(shown(text, reader), wanted, "{text} {reader:?}");
    }
}

#[test]
fn a_fault_names_the_login_and_its_line() {
    let text = "{\"auths\": {\n  \"h\": {\"auth\": \"dTpw\"},\n  \"i\": {\n    \"auth\": 5}}}";
    let fault = ConfigFile::read(text.as_bytes(), NEW).unwrap_err();
    assert_eq!((fault.key.as_deref(), fault.line), (Some("i"), Some(4)));
    let text = text.replace("5}", "\"!\"}");
    let fault = ConfigFile::read(text.as_bytes(), NEW).unwrap_err();
    assert_eq!((fault.key.as_deref(), fault.line), (Some("i"), Some(3)));
}

#[test]
fn bytes_that_are_no_text_are_read_as_go_reads_them() {
    let text = b"{\"auths\": {\"h\xff\": {\"auth\": \"dTpw\"}}}";
    let file = ConfigFile::read(text, NEW).unwrap();
    assert_eq!(file.auths[0].0, "h\u{fffd}");
    assert_eq!(
        ConfigFile::read(&[0xff, 0xfe], NEW).unwrap_err().line,
        Some(1)
    );
}
