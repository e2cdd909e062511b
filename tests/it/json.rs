//! What scripts read: every view is what its schema in docs/json says, and docs/reference.md names it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::cloud::{remotes, system_remotes, token_until};
use crate::support::endpoint::{endpoint, good, token};
use crate::support::server::Server;
use crate::support::world::World;
use crate::support::{cloud, schema};

/// The view of a command that may fail after it has shown something.
fn view(world: &World, words: &[&str], code: i32) -> Value {
    let run = world.run(words);
    assert_eq!(run.code, Some(code), "{words:?}: {}", run.stderr);
    schema::view(&run.stdout)
}

#[test]
fn every_schema_is_named_on_the_page_and_the_other_way_round() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"));
    let page = fs::read_to_string(docs.join("reference.md")).unwrap();
    let named: BTreeSet<String> = page
        .split(['(', ')'])
        .filter_map(|part| part.strip_prefix("json/"))
        .filter(|part| part.starts_with("portolan.") && part.ends_with(".schema.json"))
        .map(str::to_owned)
        .collect();
    let files = fs::read_dir(docs.join("json")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        // The schema of remote.yaml is for editors.
        .filter(|file| file.starts_with("portolan."))
        .collect();
    assert_eq!(named, files);
    for file in &files {
        let (view, number) = file
            .strip_suffix(".schema.json")
            .unwrap()
            .rsplit_once('.')
            .unwrap();
        assert!(page.contains(&format!("`{view}/{number}`")), "{file}");
    }
}

#[test]
fn a_list_is_as_its_schema_says() {
    let fresh = World::new();
    let shown = view(&fresh, &["remote", "list", "--json"], 0);
    assert_eq!(shown["remotes"][0]["name"], "DefaultRemote");

    let world = World::shipped();
    world.write_user(
        "Active: mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    Insecure: true\n    Keyservers:\n    - URI: https://keys.example.com\n      External: true\n  \"odd \\e\\n\\\"name\": {}\nCredentials:\n- URI: https://keys.example.com\n  Auth: Basic aWFuOnBhc3M=\n",
    );
    let shown = view(&world, &["remote", "list", "--json"], 0);
    assert_eq!(shown["remotes"][2]["name"], "odd \u{1b}\n\"name");
    assert_eq!(
        shown["keyservers"],
        json!([{"uri": "https://keys.example.com", "insecure": false, "internal": false}])
    );
    assert_eq!(shown["logins"][0]["uri"], "https://keys.example.com");

    // An endpoint that is not there: its keyserver isn't known.
    world.write_user("Active: mine\nRemotes:\n  mine:\n    URI: localhost:1\n");
    assert_eq!(
        view(&world, &["remote", "list", "--json"], 0)["keyservers"],
        Value::Null
    );
}

#[test]
fn a_status_is_as_its_schema_says() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("mine", &server.host(), &good())]));
    let shown = view(&world, &["remote", "status", "--json"], 0);
    let [mine] = shown["remotes"].as_array().unwrap().as_slice() else {
        unreachable!("{shown}")
    };
    assert_eq!(
        (&mine["login"], &mine["problem"]),
        (&json!("good"), &Value::Null)
    );
    let builder =
        json!({"name": "builder", "uri": server.url("/builder"), "up": false, "version": null});
    assert_eq!(mine["services"][0], builder);
    assert_eq!(mine["services"][1]["version"], "v1.2.3-consent");

    world.write_user(remotes(&[(
        "mine",
        &server.host(),
        &token_until(4_102_444_800),
    )]));
    let shown = view(&world, &["remote", "status", "--json", "mine"], 255);
    assert_eq!(shown["remotes"][0]["login"], "bad");
    assert_eq!(shown["remotes"][0]["token_expires"], "2100-01-01T00:00:00Z");
    assert_eq!(
        shown["remotes"][0]["problem"],
        "error response from server: Invalid Credentials"
    );
}

#[test]
fn a_status_of_all_has_those_that_failed() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(system_remotes(&[
        ("dead", "localhost:1", ""),
        ("moved", &server.host(), ""),
    ]));
    world.write_user(
        "Remotes:\n  moved:\n    URI: old.example.com\n    System: true\n    Token: ".to_owned()
            + &token("old-")
            + "\n",
    );
    let shown = view(&world, &["remote", "status", "--all", "--json"], 255);
    let [dead, moved] = shown["remotes"].as_array().unwrap().as_slice() else {
        unreachable!("{shown}")
    };
    assert_eq!(
        (&dead["login"], &dead["services"]),
        (&json!("unknown"), &Value::Null)
    );
    assert!(
        dead["problem"]
            .as_str()
            .unwrap()
            .starts_with("while retrieving services"),
        "{dead}"
    );
    assert_eq!(
        (&moved["login"], &moved["problem"]),
        (&json!("moved"), &Value::Null)
    );
}

#[test]
fn a_command_that_fails_before_it_has_something_to_show_prints_its_error() {
    let mut world = World::shipped();
    let cases: [(&[&str], i32, &str, &str); 6] = [
        (
            &["remote", "status", "gone"],
            255,
            "not-found",
            "gone is not a remote",
        ),
        (
            &["remote", "use", "gone"],
            255,
            "not-found",
            "gone is not a remote",
        ),
        (
            &["remote", "add", "DefaultRemote", "x.example.com"],
            255,
            "refused",
            "already a remote",
        ),
        (
            &["remote", "login", "--no-input"],
            255,
            "no-secret",
            "--tokenfile or --password-stdin",
        ),
        (
            &["remote", "status", "-x"],
            1,
            "usage",
            "unexpected argument '-x'",
        ),
        (&["remote"], 0, "", ""),
    ];
    for (words, code, kind, message) in cases {
        let run = world.run(&[words, &["--json"]].concat());
        assert_eq!(run.code, Some(code), "{run}");
        if code == 0 {
            assert!(run.stdout.starts_with("Manage "), "{run}");
            continue;
        }
        let said = schema::view(&run.stdout);
        assert_eq!(said["error"]["kind"], kind, "{run}");
        let told = said["error"]["message"].as_str().unwrap();
        assert!(told.contains(message), "{run}");
        assert!(run.stderr.contains(told), "{run}");
    }
    let refused = world.run(&["remote", "use", "gone", "--json"]);
    let next = &schema::view(&refused.stdout)["error"]["next"][0];
    assert!(
        next.as_str().unwrap().contains("portolan remote list"),
        "{refused}"
    );
    world.write_user("[");
    world.age(&world.user_file());
    assert_eq!(
        view(&world, &["remote", "list", "--json"], 255)["error"]["kind"],
        "file"
    );
    world.set("PORTOLAN_COMMAND", "No Name");
    assert!(view(&world, &["remote", "list", "--json"], 255)["error"].is_object());
}

#[test]
fn a_command_that_writes_says_whether_it_did_and_nothing_else() {
    let world = World::shipped();
    let user = "$HOME/.apptainer/remote.yaml";
    let cases: [(&[&str], bool); 7] = [
        (&["remote", "add", "--no-login", "x", "x.example.com"], true),
        (
            &[
                "remote",
                "add",
                "--no-login",
                "--if-missing",
                "x",
                "x.example.com",
            ],
            false,
        ),
        (&["remote", "use", "x"], true),
        (&["remote", "use", "x"], false),
        (&["remote", "set-url", "x", "y.example.com"], true),
        (&["remote", "rename", "x", "y"], true),
        (&["remote", "remove", "y"], true),
    ];
    for (words, changed) in cases {
        let run = world.run(&[words, &["--json"]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words:?}");
        let said = schema::view(&run.stdout);
        assert_eq!(said["changed"], changed, "{run}");
        let files = if changed { json!([user]) } else { json!([]) };
        assert_eq!(said["files"], files, "{run}");
        assert_eq!(said["command"], words[1]);
        assert!(!said["messages"].as_array().unwrap().is_empty(), "{run}");
    }
    let exported = view(&world, &["remote", "export", "--json"], 0);
    assert!(exported["state"].as_str().unwrap().contains("Remotes"));
}

#[test]
fn a_view_of_what_failed_has_the_error_beside_it() {
    let world = World::shipped();
    world.write_user("Active: m\nRemotes:\n  m:\n    URI: localhost:1\n");
    let shown = view(&world, &["remote", "status", "--all", "--json"], 255);
    assert_eq!(shown["schema"], "portolan.remote-status/1");
    assert_eq!(shown["error"]["kind"], "failed");
    let shown = view(&world, &["remote", "status", "--json"], 255);
    assert_eq!(shown["remotes"][0]["name"], "m", "{shown}");
    assert_eq!(shown["error"]["kind"], "server", "{shown}");
    assert_eq!(shown["remotes"][0]["insecure"], false);
}

#[test]
fn keyservers_are_as_their_schema_says() {
    let world = World::shipped();
    world.write_user(
        "Active: mine\nRemotes:\n  mine:\n    URI: localhost:1\n  other:\n    URI: other.example.com\n    Keyservers:\n    - URI: http://keys.example.com\n      External: true\n      Insecure: true\n",
    );
    let shown = view(&world, &["keyserver", "list", "--json"], 0);
    let keyservers = |index: usize| shown["remotes"][index]["keyservers"].clone();
    assert_eq!(
        keyservers(0),
        json!([{"uri": "https://keys.openpgp.org", "insecure": false, "logged_in": false}])
    );
    assert_eq!(keyservers(1), Value::Null);
    assert_eq!(
        keyservers(2),
        json!([{"uri": "http://keys.example.com", "insecure": true, "logged_in": false}])
    );
    assert_eq!(shown["remotes"][1]["active"], true);
    let shown = view(&world, &["keyserver", "list", "--json", "other"], 0);
    assert_eq!(shown["remotes"].as_array().unwrap().len(), 1);
}

#[test]
fn registries_are_as_their_schema_says() {
    let world = World::shipped();
    assert_eq!(
        view(&world, &["registry", "list", "--json"], 0)["logins"],
        json!([])
    );
    world.write_user(
        "Remotes: {}\nCredentials:\n- URI: https://keys.example.com\n  Auth: Basic aWFuOnBhc3M=\n",
    );
    let shown = view(&world, &["registry", "list", "--json"], 0);
    assert_eq!(
        shown["logins"],
        json!([{
            "uri": "https://keys.example.com", "insecure": false, "account": "ian",
            "file": "$HOME/.apptainer/remote.yaml", "helper": null, "store": null, "gone": false, "variable": null, "row": true, "used": true
        }])
    );
}

#[test]
fn paths_are_as_their_schema_says() {
    let mut world = World::shipped();
    world.set("APPTAINER_CONFIGDIR", world.root().join("job"));
    let shown = view(&world, &["paths", "--json"], 0);
    let rows = shown["paths"].as_array().unwrap();
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(of("system")["rule"], "PORTOLAN_SYSCONFDIR");
    assert_eq!(of("system")["exists"], true);
    assert_eq!(of("user")["rule"], "APPTAINER_CONFIGDIR");
    assert_eq!(of("user")["exists"], false);
    assert_eq!(of("logins")["path"], "$ROOT/job/docker-config.json");
    assert_eq!(of("cache")["rule"], "HOME");
}
