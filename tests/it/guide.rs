//! The examples of the users' guide, with servers of the tests' own in the place of its addresses.

use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::authority;
use crate::support::endpoint::{PASSWORD, USER, endpoint, good, keyserver};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::World;

/// A world on a machine as the packages leave it, which trusts the servers of the tests.
fn guided() -> World {
    let mut world = World::shipped();
    let certificate = world.root().join("authority.pem");
    fs::write(&certificate, authority::shared().pem()).unwrap();
    world.set("SSL_CERT_FILE", certificate);
    world
}

/// A session in which this server is called by a name.
fn session(world: &World, server: &Server, name: &str, lines: &[&str]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace(name, &server.host()))
        .collect();
    let shown = world.session(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    // The name is as long as the address, so that columns stay as they are.
    let width = server.host().len();
    shown.replace(&server.host(), &format!("{name:#<width$}"))
}

#[test]
fn remotes_are_added_used_made_exclusive_and_removed() {
    let world = guided();
    let server = Server::https(endpoint);
    assert_data_eq!(
        session(
            &world,
            &server,
            "ENDPOINT",
            &[
                "remote list",
                "remote add --no-login myremote https://ENDPOINT",
                "remote add --global company-remote https://ENDPOINT",
                "remote use myremote",
                "remote list",
                "remote use --exclusive company-remote",
                "remote list",
                "remote use myremote",
                "remote remove myremote",
                "remote remove --global company-remote",
            ]
        ),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
$ portolan remote add --no-login myremote https://ENDPOINT#######
------- stderr -------
INFO:    Remote "myremote" added.
$ portolan remote add --global company-remote https://ENDPOINT#######
------- stderr -------
INFO:    Remote "company-remote" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote use myremote
------- stderr -------
INFO:    Remote "myremote" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME            URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote   cloud.apptainer.org  NO      YES     NO
company-remote  ENDPOINT#######      NO      YES     NO
myremote        ENDPOINT#######      YES     NO      NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://ENDPOINT#######/keys  YES     NO        1*

* Active cloud services keyserver
$ portolan remote use --exclusive company-remote
------- stderr -------
INFO:    Remote "company-remote" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME            URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote   cloud.apptainer.org  NO      YES     NO
company-remote  ENDPOINT#######      YES     YES     YES
myremote        ENDPOINT#######      NO      NO      NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://ENDPOINT#######/keys  YES     NO        1*

* Active cloud services keyserver
$ portolan remote use myremote
------- stderr -------
FATAL:   could not use myremote: remote company-remote has been set exclusive by the system administrator
[exit status: 255]
$ portolan remote remove myremote
------- stderr -------
INFO:    Remote "myremote" removed.
$ portolan remote remove --global company-remote
------- stderr -------
INFO:    Remote "company-remote" removed.
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_login_keeps_the_old_token_until_the_new_one_is_proven() {
    let world = guided();
    let server = Server::https(endpoint);
    let add = ["remote", "add", "--no-login", "myremote", &server.host()];
    assert_eq!(world.run(&add).code, Some(0));
    let login = world.run_with_input(&["remote", "login", "myremote"], &good());
    assert_data_eq!(
        login.stderr,
        str![[r#"
INFO:    Authenticating with remote: myremote
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    let before = world.file(&world.user_file());
    let wrong = world.run_with_input(&["remote", "login", "myremote"], "wrong");
    assert_data_eq!(
        wrong.stderr,
        str![[r#"
INFO:    Authenticating with remote: myremote
FATAL:   while verifying token: error response from server: Invalid Credentials

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_keyserver_comes_first_when_it_is_ordered_so_and_wants_a_login() {
    let world = guided();
    let server = Server::https(keyserver);
    assert_data_eq!(
        session(
            &world,
            &server,
            "KEYSERVER",
            &[
                "remote add-keyserver https://KEYSERVER",
                "remote list",
                "remote remove-keyserver https://KEYSERVER",
                "remote add-keyserver --order 1 https://KEYSERVER",
                "remote list",
            ]
        ),
        str![[r#"
$ portolan remote add-keyserver https://KEYSERVER######
------- stderr -------
INFO:    Keyserver "https://KEYSERVER######" added at order 2.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*
https://KEYSERVER######   YES     NO        2

* Active cloud services keyserver
$ portolan remote remove-keyserver https://KEYSERVER######
------- stderr -------
INFO:    Keyserver "https://KEYSERVER######" removed.
$ portolan remote add-keyserver --order 1 https://KEYSERVER######
------- stderr -------
INFO:    Keyserver "https://KEYSERVER######" added at order 1.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://KEYSERVER######   YES     NO        1
https://keys.openpgp.org  YES     NO        2*

* Active cloud services keyserver
[EOF]

"#]]
        .raw()
    );
    let login = world.run_with_input(
        &["remote", "login", "--username", USER, &server.url("")],
        PASSWORD,
    );
    assert_data_eq!(
        login.stderr,
        str![[r#"
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
        .raw()
    );
    assert_data_eq!(
        session(&world, &server, "KEYSERVER", &["remote list"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://KEYSERVER######   YES     NO        1
https://keys.openpgp.org  YES     NO        2*

* Active cloud services keyserver

Authenticated Logins
=================================

URI                      INSECURE
https://KEYSERVER######  NO
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn several_registries_are_logged_in_to() {
    let world = guided();
    let registry = || {
        Server::https(|asked| match asked.header("Authorization") {
            Some(_) => Reply::json(200, "{}"),
            None => Reply::status(401).with("WWW-Authenticate", "Basic realm=\"registry\""),
        })
    };
    let (one, two) = (registry(), registry());
    for server in [&one, &two] {
        let uri = format!("docker://{}", server.host());
        let login = world.run_with_input(&["remote", "login", "--username", USER, &uri], PASSWORD);
        assert_eq!(
            login.stderr,
            "INFO:    Token stored in $HOME/.apptainer/docker-config.json\n\
             INFO:    Token stored in $HOME/.apptainer/remote.yaml\n"
        );
    }
    let listed = world.run(&["remote", "list"]).stdout;
    let block = listed.split("Authenticated Logins\n").nth(1).unwrap();
    let width = format!("docker://{}", one.host()).len();
    assert_eq!(
        block,
        format!(
            "=================================\n\n{:<width$}  INSECURE\ndocker://{}  NO\ndocker://{}  NO\n",
            "URI",
            one.host(),
            two.host()
        )
    );
}
