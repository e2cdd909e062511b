//! What scripts, playbooks and prologs rely on: logins only where needed, `changed`, JSON of every command, file names of any
//! bytes, and "can't be read" that is not taken for "does not exist".

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::cloud::{remotes, system_remotes};
use crate::support::endpoint::{PASSWORD, USER, endpoint, good, keyserver, token};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;
use crate::support::world::{Finished, World, is_root, skip};
use crate::support::{cloud, schema};

const STATE: &str = "Remotes:\n  lab:\n    URI: lab.example.com\n";

/// A registry that wants the password itself.
fn registry(asked: &Asked) -> Reply {
    let pair = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if asked.header("Authorization") == Some(&format!("Basic {pair}")) {
        Reply::status(200)
    } else {
        Reply::status(401).with("WWW-Authenticate", r#"Basic realm="r""#)
    }
}

fn changed(run: &Finished) -> bool {
    assert_eq!(run.code, Some(0), "{run}");
    let view = schema::view(&run.stdout);
    assert_eq!(view["schema"], "portolan.change/1");
    view["changed"].as_bool().unwrap()
}

/// Runs the words, with this on standard input, and says whether something changed.
fn changes(world: &World, words: &[&str], input: &str) -> bool {
    changed(&world.run_with_input(&[words, &["--json"]].concat(), input))
}

#[test]
fn a_login_to_a_remote_is_made_only_where_it_is_needed() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let login = |token: &str, input: &str| {
        world.write_user(remotes(&[("e", &server.host(), token)]));
        world.run_with_input(&["remote", "login", "--if-needed", "--json"], input)
    };
    assert!(!changed(&login(&good(), "")));
    assert!(world.file(&world.user_file()).contains(&good()));
    assert!(changed(&login(&token("old-"), &good())));
    assert!(changed(&login("", &good())));
    let unknown = login(&token("boom"), &good());
    assert_eq!(unknown.code, Some(255), "{unknown}");
    assert!(world.file(&world.user_file()).contains(&token("boom")));
}

#[test]
fn a_login_to_a_registry_is_made_only_where_it_is_needed() {
    let server = Server::https(registry);
    let host = server.host();
    let world = cloud::world();
    let words: &[&str] = &[
        "registry",
        "login",
        "--username",
        USER,
        "--password-stdin",
        "--if-needed",
        &host,
    ];
    assert!(changes(&world, words, PASSWORD));
    assert!(!changes(&world, words, PASSWORD));
    let quiet: &[&str] = &["registry", "login", "--if-needed", &host];
    assert!(!changes(&world, quiet, ""));
    let pair = BASE64_STANDARD.encode(format!("{USER}:old"));
    world.write_docker_config(format!(r#"{{"auths":{{"{host}":{{"auth":"{pair}"}}}}}}"#));
    assert!(changes(&world, words, PASSWORD));
    let other = world.run_with_input(
        &[
            "registry",
            "login",
            "--username",
            "eva",
            "--password-stdin",
            "--if-needed",
            &host,
        ],
        "wrong",
    );
    assert_eq!(other.code, Some(255), "{other}");
}

#[test]
fn a_login_to_a_keyserver_is_made_only_where_it_is_needed() {
    let server = Server::https(keyserver);
    let uri = server.url("");
    let world = cloud::world();
    world.write_system(format!(
        "{}    Keyservers:\n    - URI: {uri}\n      External: true\n",
        system_remotes(&[("e", "e.example.com", "")])
    ));
    let words: &[&str] = &[
        "keyserver",
        "login",
        "--username",
        USER,
        "--password-stdin",
        "--if-needed",
        &uri,
    ];
    assert!(changes(&world, words, PASSWORD));
    assert!(!changes(&world, words, PASSWORD));
    assert!(!changes(
        &world,
        &["keyserver", "login", "--if-needed", &uri],
        ""
    ));
    let text = fs::read_to_string(world.user_file()).unwrap();
    let pair = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
    world.write_user(text.replace(&pair, &BASE64_STANDARD.encode("ian:old")));
    assert!(changes(&world, words, PASSWORD));
}

#[test]
fn a_login_and_a_logout_of_a_registry_say_what_they_changed() {
    let server = Server::https(registry);
    let host = server.host();
    let world = cloud::world();
    let login: &[&str] = &[
        "registry",
        "login",
        "--username",
        USER,
        "--password-stdin",
        &host,
    ];
    let logout: &[&str] = &["registry", "logout", &host];
    assert!(changes(&world, login, PASSWORD));
    assert!(!changes(&world, login, PASSWORD), "the same login");
    let run = world.run(&[logout, &["--json"]].concat());
    let files = &schema::view(&run.stdout)["files"];
    assert_eq!(
        files,
        &json!([
            "$HOME/.apptainer/remote.yaml",
            "$HOME/.apptainer/docker-config.json"
        ])
    );
    assert!(!changes(&world, logout, ""), "nobody is logged in");
}

#[test]
fn every_command_prints_an_object() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), &good())]));
    let view = |words: &[&str]| {
        let run = world.run(words);
        assert_eq!(run.code, Some(0), "{run}");
        schema::view(&run.stdout)
    };
    let password = view(&["remote", "get-login-password", "--json"]);
    assert_eq!(password["password"], "registry-secret");
    let script = view(&["completions", "bash", "--json"]);
    assert!(script["script"].as_str().unwrap().contains("portolan"));
    let manual = view(&["man", "--json", "pages"]);
    assert_eq!(
        (&manual["command"], &manual["changed"]),
        (&json!("man"), &json!(true))
    );

    world.write_user(remotes(&[("e", &server.host(), "")]));
    let failed = world.run(&["remote", "get-login-password", "--json"]);
    let error = &schema::view(&failed.stdout)["error"];
    assert_eq!(error["message"], "must be logged in to retrieve user data");
    fs::write(world.home().join("file"), "").unwrap();
    let failed = world.run(&["man", "--json", "file/pages"]);
    assert_eq!(
        schema::view(&failed.stdout)["error"]["kind"],
        "file",
        "{failed}"
    );
}

#[test]
fn a_desired_state_can_be_in_a_file_of_any_name() {
    let world = World::shipped();
    let name = OsStr::from_bytes(b"state\xff.yaml");
    fs::write(world.home().join(name), STATE).unwrap();
    let mut command = world.command();
    command
        .args(["remote", "apply", "--json", "--diff"])
        .arg(name);
    let run = world.finish(command, "");
    assert_eq!(run.code, Some(0), "{run}");
    let view = schema::view(&run.stdout);
    assert_eq!(
        view["changes"],
        json!([{"remote": "lab", "field": "URI", "before": Value::Null, "after": "lab.example.com"}])
    );
}

#[test]
fn a_file_of_logins_that_cannot_be_read_leaves_the_answer_unknown() {
    if !is_root() {
        return skip("only root makes directories that the user can't search");
    }
    for closed in [".apptainer", ".apptainer/docker-config.json"] {
        let mut world = World::shipped();
        world.write_user("");
        world.write_docker_config("{}");
        world.as_ordinary_user();
        let path = world.home().join(closed);
        std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
        for scheme in ["docker", "oras"] {
            let image = format!("{scheme}://r.example.com/team/app");
            let run = world.run(&["remote", "resolve", "--json", &image]);
            assert_eq!(run.code, Some(3), "{closed}: {run}");
            let view = schema::view(&run.stdout);
            assert_eq!(view["verdict"], "unknown");
            assert_eq!(view["servers"][0]["credential"]["kind"], "none");
            assert!(run.stderr.contains("permission denied"), "{run}");
        }
    }
}
