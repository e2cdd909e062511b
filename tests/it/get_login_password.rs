//! `remote get-login-password`: a secret for a pipe. D21 of docs/compatibility.md.

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{discovering, output, plain, remotes};
use crate::support::endpoint::{REGISTRY_SECRET, endpoint, good, token};
use crate::support::server::Server;
use crate::support::world::World;

fn world_with(uri: &str, token: &str) -> World {
    let world = cloud::world();
    world.write_user(remotes(&[("e", uri, token)]));
    world
}

#[test]
fn the_secret_stands_alone_on_standard_output() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host(), &good());
    let run = world.run(&["remote", "get-login-password"]);
    assert_eq!(
        (run.stdout, run.stderr, run.code),
        (format!("{REGISTRY_SECRET}\n"), String::new(), Some(0))
    );
    let loud = world.run(&["-d", "remote", "get-login-password"]);
    assert!(
        !loud.stderr.contains(REGISTRY_SECRET) && !loud.stderr.contains("goodgood"),
        "{}",
        loud.stderr
    );
}

#[test]
fn who_is_not_logged_in_gets_none() {
    let server = Server::https(endpoint);
    let world = world_with(&server.host(), "");
    assert_data_eq!(
        plain(&world.session(&["remote get-login-password"]), &[&server]),
        str![[r#"
$ portolan remote get-login-password
------- stderr -------
FATAL:   must be logged in to retrieve user data
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(server.connections(), 0);

    let world = world_with(&server.host(), &token("old-"));
    assert_data_eq!(
        plain(&world.session(&["remote get-login-password"]), &[&server]),
        str![[r#"
$ portolan remote get-login-password
------- stderr -------
FATAL:   must be logged in to retrieve user data
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_without_a_library_has_none() {
    let server = discovering(|base| format!(r#"{{"tokenAPI":{{"uri":"{base}/token"}}}}"#));
    let world = world_with(&server.host(), &good());
    assert_data_eq!(
        plain(&world.session(&["remote get-login-password"]), &[&server]),
        str![[r#"
$ portolan remote get-login-password
------- stderr -------
FATAL:   library is not a service at endpoint
[exit status: 255]
[EOF]

"#]]
        .raw()
    );

    let world = world_with("cloud.apptainer.org", &good());
    assert_data_eq!(
        world.session(&["remote get-login-password"]),
        str![[r#"
$ portolan remote get-login-password
------- stderr -------
FATAL:   remote has no library client
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_library_on_plain_http_gets_no_token() {
    let library = Server::http(endpoint);
    let uri = library.url("/library");
    let server = discovering(move |_| format!(r#"{{"libraryAPI":{{"uri":"{uri}"}}}}"#));
    let run = world_with(&server.host(), &good()).run(&["remote", "get-login-password"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(255), ""), "{run}");
    assert!(!output(&run).contains("goodgood"), "{run}");
    assert_eq!(library.connections(), 0);
}

#[test]
fn with_nothing_active_there_is_none() {
    let world = World::new();
    world.write_system(
        "Active: \"\"\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n",
    );
    assert_data_eq!(
        world.session(&["remote get-login-password"]),
        str![[r#"
$ portolan remote get-login-password
------- stderr -------
FATAL:   no default remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}
