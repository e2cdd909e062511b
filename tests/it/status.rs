//! `remote status`: the services of an endpoint and the login there. D11 and D21 of docs/compatibility.md.

use std::time::{Duration, Instant};

use serde_json::Value;
use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{
    TOKEN_STATUS, discovering, plain, remotes, system_remotes, token_until,
};
use crate::support::endpoint::{DISCOVERY, endpoint, good, token};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{World, is_root, skip};

fn world_with(uri: &str, token: &str) -> World {
    let world = cloud::world();
    world.write_user(remotes(&[("e", uri, token)]));
    world
}

#[test]
fn the_services_are_a_table_and_the_login_a_sentence() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host(), "");
    assert_data_eq!(
        plain(&world.session(&["remote status"]), &[&server]),
        str![[r#"
$ portolan remote status
SERVICE    STATUS  VERSION         URI
Builder    N/A                     https://localhost:PORT1/builder
Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
Library    OK      v1.2.3-library  https://localhost:PORT1/library
Token      OK      v1.2.3-token    https://localhost:PORT1/token

No authentication token set (logged out).
------- stderr -------
INFO:    Checking status of default remote.
[EOF]

"#]]
        .raw()
    );
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none()),
        "{:#?}",
        server.log()
    );

    world.write_user(remotes(&[("e", &server.host(), &good())]));
    assert_data_eq!(
        plain(&world.session(&["remote status e"]), &[&server]),
        str![[r#"
$ portolan remote status e
SERVICE    STATUS  VERSION         URI
Builder    N/A                     https://localhost:PORT1/builder
Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
Library    OK      v1.2.3-library  https://localhost:PORT1/library
Token      OK      v1.2.3-token    https://localhost:PORT1/token

Logged in as: ian <ian@example.com>


Valid authentication token set (logged in).
------- stderr -------
INFO:    Checking status of remote: e
INFO:    Access Token Verified!
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_token_goes_to_the_token_service_and_to_the_library_of_the_endpoint() {
    let server = Server::https(endpoint);
    world_with(&server.host(), &good()).run(&["remote", "status"]);
    let mut carrying: Vec<String> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.header("Authorization").is_some())
        .map(|a| a.target)
        .collect();
    carrying.sort();
    assert_eq!(carrying, ["/library/v1/rbac/users/current", TOKEN_STATUS]);
}

#[test]
fn a_token_that_is_bad_fails_the_command_behind_its_table() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host(), &token("old-"));
    assert_data_eq!(
        plain(&world.session(&["remote status"]), &[&server]),
        str![[r#"
$ portolan remote status
SERVICE    STATUS  VERSION         URI
Builder    N/A                     https://localhost:PORT1/builder
Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
Library    OK      v1.2.3-library  https://localhost:PORT1/library
Token      OK      v1.2.3-token    https://localhost:PORT1/token

Authentication token is invalid (please login again).
------- stderr -------
INFO:    Checking status of default remote.
FATAL:   error response from server: Invalid Credentials
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    let quiet = world.run(&["-q", "remote", "status"]);
    assert_eq!(
        (quiet.code, quiet.stderr.lines().count()),
        (Some(255), 1),
        "{quiet}"
    );
}

#[test]
fn an_endpoint_whose_services_are_down_answers_nonetheless() {
    let server = Server::https(endpoint);
    let world = world_with(&format!("{}/down", server.host()), "");
    assert_data_eq!(
        plain(&world.session(&["remote status"]), &[&server]),
        str![[r#"
$ portolan remote status
SERVICE    STATUS  VERSION  URI
Builder    N/A              https://localhost:1
Consent    N/A              https://localhost:1
Keyserver  N/A              https://localhost:1
Library    N/A              https://localhost:1
Token      N/A              https://localhost:1

No authentication token set (logged out).
------- stderr -------
INFO:    Checking status of default remote.
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_service_of_an_unknown_kind_is_shown_too() {
    let server = Server::https(endpoint);
    let world = world_with(&format!("{}/extra", server.host()), "");
    assert_data_eq!(
        plain(&world.run(&["remote", "status"]).stdout, &[&server]),
        str![[r#"
SERVICE    STATUS  VERSION         URI
Builder    N/A                     https://localhost:PORT1/builder
Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
Library    OK      v1.2.3-library  https://localhost:PORT1/library
Something  OK      v1.2.3-x        https://localhost:PORT1/x
Token      OK      v1.2.3-token    https://localhost:PORT1/token

No authentication token set (logged out).

"#]]
        .raw()
    );
}

#[test]
fn an_endpoint_that_is_not_there_fails_the_command() {
    let server = Server::https(endpoint);
    for (path, cause) in [
        ("/nosuch", "404"),
        ("/err500", "500"),
        ("/badjson", "failed to unmarshal response"),
    ] {
        let run =
            world_with(&format!("{}{path}", server.host()), &good()).run(&["remote", "status"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(255), ""), "{run}");
        assert!(
            run.stderr.contains("FATAL:   while retrieving services: ")
                && run.stderr.contains(cause),
            "{run}"
        );
    }
    assert_data_eq!(world_with("localhost:1", "").session(&["remote status"]), str![[r#"
$ portolan remote status
------- stderr -------
INFO:    Checking status of default remote.
FATAL:   while retrieving services: error making request to server: Get "https://localhost:1/assets/config/config.prod.json": connection refused
[exit status: 255]
[EOF]

"#]].raw());
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none())
    );
}

#[test]
fn all_services_are_asked_at_once() {
    let server = Server::https(|asked| {
        let reply = match asked.path() {
            DISCOVERY => return endpoint(asked),
            TOKEN_STATUS => endpoint(asked),
            _ => Reply::json(200, r#"{"data":{"version":"v1"}}"#),
        };
        reply.after(Duration::from_millis(400))
    });
    let world = world_with(&server.host(), &good());
    let begun = Instant::now();
    let run = world.run(&["remote", "status"]);
    let took = begun.elapsed();
    assert_eq!(
        (run.code, run.stdout.matches(" OK ").count()),
        (Some(0), 5),
        "{run}"
    );
    // One after the other they would take 2.4 s.
    assert!(took < Duration::from_millis(1600), "{took:?}");
}

#[test]
fn every_remote_is_checked_and_a_dead_one_spoils_no_other() {
    let (first, second) = (Server::https(endpoint), Server::https(endpoint));
    let world = cloud::world();
    world.write_system(system_remotes(&[("company", &second.host(), "")]));
    world.write_user(remotes(&[
        ("dead", "localhost:1", ""),
        ("mine", &first.host(), &good()),
        ("old", &first.host(), &token("old-")),
    ]));
    assert_data_eq!(plain(&world.session(&["remote status --all"]), &[&first, &second]), str![[r#"
$ portolan remote status --all
NAME     SERVICE    STATUS  VERSION         URI
company  Builder    N/A                     https://localhost:PORT2/builder
company  Consent    OK      v1.2.3-consent  https://localhost:PORT2/consent
company  Keyserver  OK      v1.2.3-keys     https://localhost:PORT2/keys
company  Library    OK      v1.2.3-library  https://localhost:PORT2/library
company  Token      OK      v1.2.3-token    https://localhost:PORT2/token
dead                N/A                     localhost:1
mine     Builder    N/A                     https://localhost:PORT1/builder
mine     Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
mine     Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
mine     Library    OK      v1.2.3-library  https://localhost:PORT1/library
mine     Token      OK      v1.2.3-token    https://localhost:PORT1/token
old      Builder    N/A                     https://localhost:PORT1/builder
old      Consent    OK      v1.2.3-consent  https://localhost:PORT1/consent
old      Keyserver  OK      v1.2.3-keys     https://localhost:PORT1/keys
old      Library    OK      v1.2.3-library  https://localhost:PORT1/library
old      Token      OK      v1.2.3-token    https://localhost:PORT1/token

NAME     LOGIN
company  No authentication token set (logged out).
dead     Not known.
mine     Logged in as ian <ian@example.com>.
old      Authentication token is invalid (please login again).
------- stderr -------
ERROR:   dead: while retrieving services: error making request to server: Get "https://localhost:1/assets/config/config.prod.json": connection refused
ERROR:   old: error response from server: Invalid Credentials
FATAL:   not all is well with: dead, old
[exit status: 255]
[EOF]

"#]].raw());

    world.write_user(remotes(&[("mine", &first.host(), &good())]));
    let run = world.run(&["remote", "status", "-a"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
}

#[test]
fn a_token_that_is_about_to_end_is_told_in_time() {
    const DAY: u64 = 86400;
    let server = Server::https(|asked| match asked.path() {
        DISCOVERY => endpoint(asked),
        _ => Reply::status(200),
    });
    let cases = [
        (
            cloud::now() + 2 * DAY + 600,
            "WARNING: The token for e is valid for 2 days more\n",
        ),
        (
            cloud::now() - 5 * DAY - 600,
            "WARNING: The token for e expired 5 days ago\n",
        ),
        (
            4_102_444_800,
            "INFO:    The token for e is valid until 2100-01-01T00:00:00Z\n",
        ),
    ];
    for (end, told) in cases {
        let run = world_with(&server.host(), &token_until(end)).run(&["remote", "status"]);
        assert!(run.stderr.ends_with(told), "{run}");
        assert_eq!(run.code, Some(0), "{run}");
    }
}

#[test]
fn nothing_but_the_data_is_on_a_pipe() {
    let server = Server::https(endpoint);
    let run = world_with(&server.host(), &good()).run(&["-d", "remote", "status"]);
    assert!(run.stdout.starts_with("SERVICE"), "{run}");
    assert!(
        !run.stdout.contains(['\u{1b}', '\r']) && !run.stderr.contains(['\u{1b}', '\r']),
        "{run}"
    );
    assert!(!run.stderr.contains("goodgood"), "{run}");
}

#[test]
fn what_is_not_there_is_told() {
    let world = World::shipped();
    let none = World::new();
    none.write_system(
        "Active: \"\"\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n",
    );
    let gone = World::new();
    gone.write_system(
        "Active: gone\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n",
    );
    assert_data_eq!(
        world.session(&["remote status nosuch"]),
        str![[r#"
$ portolan remote status nosuch
------- stderr -------
INFO:    Checking status of remote: nosuch
FATAL:   nosuch is not a remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        none.session(&["remote status"]),
        str![[r#"
$ portolan remote status
------- stderr -------
INFO:    Checking status of default remote.
FATAL:   no default remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        gone.session(&["remote status"]),
        str![[r#"
$ portolan remote status
------- stderr -------
INFO:    Checking status of default remote.
FATAL:   gone is not a remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    let both = world.run(&["remote", "status", "--all", "e"]);
    assert_eq!(both.code, Some(1), "{both}");
}

#[test]
fn a_status_writes_nothing_but_what_the_endpoint_says() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host(), &good());
    let before = world.file(&world.user_file());
    world.run(&["remote", "status"]);
    assert_eq!(world.file(&world.user_file()), before);
    let outside: Vec<String> = world
        .home_listing()
        .into_iter()
        .filter(|path| !path.starts_with(".cache"))
        .collect();
    assert_eq!(outside, [".apptainer", ".apptainer/remote.yaml"]);
}

#[test]
fn every_remote_is_checked_where_threads_are_few() {
    if !is_root() {
        return skip("only root can run a command as a user with no other threads");
    }
    let server = Server::https(|asked| match asked.path() {
        DISCOVERY => endpoint(asked),
        _ => endpoint(asked).after(Duration::from_millis(100)),
    });
    let names: Vec<String> = (0..60).map(|number| format!("e{number}")).collect();
    let (host, token) = (server.host(), good());
    let entries: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), host.as_str(), token.as_str()))
        .collect();
    let mut world = cloud::world();
    world.write_system("");
    world.write_user(remotes(&entries));
    world.as_ordinary_user();
    let few_threads = |words: &[&str]| {
        let mut command = world.command_through(&["prlimit", "--nproc=300"]);
        command.args(words);
        world.finish(command, "")
    };
    let run = few_threads(&["remote", "status", "--all"]);
    assert_eq!(
        (
            run.code,
            run.stdout.matches(" OK ").count(),
            run.stderr.as_str()
        ),
        (Some(0), 4 * 60, ""),
        "{run}"
    );
    world.write_user(remotes(
        &entries
            .iter()
            .map(|(name, ..)| (*name, "localhost:1", ""))
            .collect::<Vec<_>>(),
    ));
    let run = few_threads(&["keyserver", "list"]);
    assert_eq!(
        (run.code, run.stdout.matches("unable to fetch").count()),
        (Some(0), 60),
        "{run}"
    );
}

#[test]
fn only_a_refusal_makes_a_token_invalid() {
    for (status, login, token) in [
        (200, "good", "valid"),
        (401, "bad", "invalid"),
        (403, "bad", "invalid"),
        (404, "bad", "invalid"),
        (429, "unknown", "unknown"),
        (500, "unknown", "unknown"),
        (503, "unknown", "unknown"),
    ] {
        let server = Server::https(move |asked| match asked.path() {
            TOKEN_STATUS => Reply::status(status),
            _ => endpoint(asked),
        });
        let world = world_with(&server.host(), &good());
        let text = world.run(&["remote", "status"]);
        assert_eq!(
            text.code,
            Some(if status == 200 { 0 } else { 255 }),
            "{text}"
        );
        assert_eq!(
            text.stdout.contains("Authentication token is invalid"),
            token == "invalid",
            "{text}"
        );
        assert_eq!(
            text.stdout
                .contains("Whether the authentication token is valid is not known."),
            token == "unknown",
            "{text}"
        );
        for words in [
            &["remote", "status", "--json"][..],
            &["remote", "status", "--all", "--json"],
        ] {
            let json: Value = serde_json::from_str(&world.run(words).stdout).unwrap();
            let remotes = json["remotes"].as_array().unwrap();
            let remote = remotes.iter().find(|remote| remote["name"] == "e").unwrap();
            assert_eq!(
                (&remote["login"], &remote["token"]),
                (&login.into(), &token.into()),
                "{status}"
            );
            assert_eq!(remote["logged_in_as"]["name"], "ian");
        }
    }

    let gone = discovering(|_| r#"{"tokenAPI":{"uri":"https://localhost:1"}}"#.to_owned());
    let world = world_with(&gone.host(), &good());
    let json = world.run(&["remote", "status", "--json"]).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["remotes"][0]["token"], "unknown");
    assert_eq!(json["remotes"][0]["logged_in_as"], Value::Null);
}

#[test]
fn who_is_logged_in_is_shown_where_the_library_says_so() {
    let bare = r#"{"username":"ian","email":"ian@example.com","realname":"Ian"}"#;
    let server = Server::https(move |asked| match asked.path() {
        "/library/v1/rbac/users/current" => Reply::json(200, bare),
        _ => endpoint(asked),
    });
    let world = world_with(&server.host(), &good());
    let run = world.run(&["remote", "status"]);
    assert!(
        run.stdout
            .contains("/token\n\nLogged in as: ian <ian@example.com>\n\n\nValid "),
        "{run}"
    );
    let all = world.run(&["remote", "status", "--all"]);
    assert!(
        all.stdout
            .ends_with("\ne              Logged in as ian <ian@example.com>.\n"),
        "{all}"
    );
    for said in [r#"{"data":{}}"#, "{}", "<html>"] {
        let server = Server::https(move |asked| match asked.path() {
            "/library/v1/rbac/users/current" => Reply::json(200, said),
            _ => endpoint(asked),
        });
        let run = world_with(&server.host(), &good()).run(&["remote", "status"]);
        assert!(!run.stdout.contains("Logged in as"), "{said}: {run}");
        assert_eq!(run.code, Some(0));
    }
}

#[test]
fn a_service_whose_address_is_no_url_is_named() {
    let server = discovering(|base| {
        format!(r#"{{"libraryAPI":{{"uri":"/library"}},"tokenAPI":{{"uri":"{base}/token"}}}}"#)
    });
    let run = world_with(&server.host(), &good()).run(&["remote", "status"]);
    let url = server.url(DISCOVERY);
    let warning = format!(
        "WARNING: The address of the library service, \"/library\", is no absolute http or https URL (from {url})\n"
    );
    assert!(run.stderr.contains(&warning), "{run}");
    assert!(run.stdout.contains("Library  N/A"), "{run}");
    assert_eq!(run.code, Some(0));
}

/// Waits until the time of all is over.
#[test]
fn many_silent_endpoints_are_waited_for_together() {
    let server = Server::https(|_| Reply::Silence);
    let names: Vec<String> = (0..100).map(|number| format!("e{number:03}")).collect();
    let hosts: Vec<String> = (0..100)
        .map(|number| format!("{}/{number}", server.host()))
        .collect();
    let entries: Vec<_> = names
        .iter()
        .zip(&hosts)
        .map(|(name, host)| (name.as_str(), host.as_str(), ""))
        .collect();
    let world = cloud::world();
    world.write_system("");
    world.write_user(remotes(&entries));
    let begun = Instant::now();
    let run = world.run(&["remote", "status", "--all"]);
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(run.code, Some(255));
    assert!(
        run.stderr
            .contains("WARNING: Not asked, because 15 s were over: e052, e053,")
            && run.stderr.contains("e061 and 38 more\n"),
        "{run}"
    );

    let begun = Instant::now();
    let run = world.run(&["keyserver", "list", "--refresh"]);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(run.code, Some(0));
    assert_eq!(run.stdout.matches("unable to fetch").count(), 100);
}

#[test]
fn a_login_can_be_required_and_for_how_long() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let code = |token: &str, words: &[&str]| {
        world.write_user(remotes(&[("e", &server.host(), token)]));
        world.run(&[&["remote", "status"], words].concat())
    };
    let required: &[&str] = &["--require-login"];
    let long: &[&str] = &["--require-login", "--valid-for", "24h"];
    assert_eq!(code("", &[]).code, Some(0));
    let out = code("", required);
    assert_eq!(out.code, Some(255));
    assert!(
        out.stderr.contains("FATAL:   not logged in to e\n"),
        "{out}"
    );
    assert!(out.stderr.contains("portolan remote login e"), "{out}");
    // A token that says nothing of its end is taken at the server's word.
    assert_eq!(code(&good(), required).code, Some(0));
    assert_eq!(code(&good(), long).code, Some(0));
    assert_eq!(code("", &["--valid-for", "24h"]).code, Some(1));
    assert_eq!(
        code("", &["--require-login", "--valid-for", "soon"]).code,
        Some(1)
    );
}
