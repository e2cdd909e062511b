//! What a login asks, and what it leaves in the file.

use std::os::unix::fs::PermissionsExt as _;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::{login, world_with};
use crate::support::cloud;
use crate::support::cloud::{file, plain, remotes, system_remotes};
use crate::support::endpoint::{endpoint, good, token};
use crate::support::server::Server;

#[test]
fn a_login_is_two_requests_on_one_connection() {
    let (world, server) = world_with("");
    login(&world, "e");
    assert_eq!(
        server.log(),
        [
            "GET /assets/config/config.prod.json [-]".to_owned(),
            format!("GET {} [Bearer {}]", cloud::TOKEN_STATUS, good()),
        ]
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_token_of_a_system_remote_is_all_that_the_users_file_says_of_it() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(system_remotes(&[
        ("company", &server.host(), ""),
        ("other", "other.example.com", ""),
    ]));
    let system = world.file(&world.system_file());
    assert_data_eq!(
        plain(&login(&world, "company"), &[&server]),
        str![[r#"
$ portolan remote login --tokenfile $HOME/good company
------- stderr -------
INFO:    Authenticating with remote: company
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: ""
Remotes:
  company:
    URI: localhost:PORT1
    Token: <good>
    System: true
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.system_file()), system);
}

#[test]
fn a_token_is_not_sent_where_the_system_moved_the_remote() {
    let server = Server::https(endpoint);
    let stranger = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(system_remotes(&[("company", &server.host(), "")]));
    login(&world, "company");
    world.write_system(system_remotes(&[("company", &stranger.host(), "")]));
    assert_data_eq!(
        plain(
            &world.session(&["remote status company", "remote status --all", "remote get-login-password"]),
            &[&server, &stranger]
        ),
        str![[r#"
$ portolan remote status company
SERVICE    STATUS  VERSION         URI
Builder    N/A                     https://localhost:PORT2/builder
Consent    OK      v1.2.3-consent  https://localhost:PORT2/consent
Keyserver  OK      v1.2.3-keys     https://localhost:PORT2/keys
Library    OK      v1.2.3-library  https://localhost:PORT2/library
Token      OK      v1.2.3-token    https://localhost:PORT2/token

No authentication token set (logged out).
------- stderr -------
INFO:    Checking status of remote: company
WARNING: Your token for company is for localhost:PORT1; the remote is now at localhost:PORT2, and the token is not sent there. To log in again:
           portolan remote login company
$ portolan remote status --all
NAME     SERVICE    STATUS  VERSION         URI
company  Builder    N/A                     https://localhost:PORT2/builder
company  Consent    OK      v1.2.3-consent  https://localhost:PORT2/consent
company  Keyserver  OK      v1.2.3-keys     https://localhost:PORT2/keys
company  Library    OK      v1.2.3-library  https://localhost:PORT2/library
company  Token      OK      v1.2.3-token    https://localhost:PORT2/token

NAME     LOGIN
company  No authentication token set (logged out).
------- stderr -------
WARNING: Your token for company is for localhost:PORT1; the remote is now at localhost:PORT2, and the token is not sent there. To log in again:
           portolan remote login company
$ portolan remote get-login-password
------- stderr -------
FATAL:   must be logged in to retrieve user data
[exit status: 255]
[EOF]

"#]].raw()
    );
    assert!(!stranger.asked().is_empty());
    assert!(
        stranger
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none()),
        "{:#?}",
        stranger.log()
    );
    assert_eq!(server.asked().len(), 2, "the old place is left alone too");

    login(&world, "company");
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server, &stranger]),
        str![[r#"
600
Active: ""
Remotes:
  company:
    URI: localhost:PORT2
    Token: <good>
    System: true
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_of_ones_own_under_a_system_name_gets_no_token() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_system(system_remotes(&[("e", &server.host(), "")]));
    world.write_user(remotes(&[("e", "evil.example.com", "")]));
    let before = world.file(&world.user_file());
    assert_data_eq!(plain(&login(&world, "e"), &[&server]), str![[r#"
$ portolan remote login --tokenfile $HOME/good e
------- stderr -------
WARNING: e is defined in $ETC/apptainer/remote.yaml and in $HOME/.apptainer/remote.yaml: the system's is used. To remove your own:
           portolan remote remove e
FATAL:   e is defined for all users and as a remote of your own
         The system's is used. Remove your own first:
           portolan remote remove e
[exit status: 255]
[EOF]

"#]].raw());
    assert_eq!(server.asked().len(), 0);
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_remote_that_is_added_is_logged_in_to() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    file(&world, "good", good());
    let line = format!(
        "remote add --tokenfile $HOME/good e https://{}",
        server.host()
    );
    assert_data_eq!(
        plain(&world.session(&[&line]), &[&server]),
        str![[r#"
$ portolan remote add --tokenfile $HOME/good e https://localhost:PORT1
------- stderr -------
INFO:    Remote "e" added.
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: ""
Remotes:
  e:
    URI: localhost:PORT1
    Token: <good>
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_that_was_added_stays_when_the_login_fails() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    file(&world, "bad", token("evil"));
    let line = format!("remote add --tokenfile $HOME/bad e {}", server.host());
    let piped = format!("remote add f {}", server.host());
    assert_data_eq!(
        plain(&world.session(&[&line, &piped]), &[&server]),
        str![[r#"
$ portolan remote add --tokenfile $HOME/bad e localhost:PORT1
------- stderr -------
INFO:    Remote "e" added.
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Invalid Credentials
[exit status: 255]
$ portolan remote add f localhost:PORT1
------- stderr -------
INFO:    Remote "f" added.
INFO:    Authenticating with remote: f
FATAL:   no terminal to ask on, and nothing on standard input: give the secret with --tokenfile or --password-stdin
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: ""
Remotes:
  e:
    URI: localhost:PORT1
    System: false
    Exclusive: false
  f:
    URI: localhost:PORT1
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_insecure_remote_is_logged_in_to_over_plain_http() {
    let server = Server::http(endpoint);
    let world = cloud::world();
    file(&world, "good", good());
    let line = format!(
        "remote add --insecure --tokenfile $HOME/good e http://{}",
        server.host()
    );
    let said = world.session(&[&line, "remote status e"]);
    assert!(said.contains("Token stored in"), "{said}");
    assert!(
        said.contains("Valid authentication token set (logged in)."),
        "{said}"
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: ""
Remotes:
  e:
    URI: localhost:PORT1
    Token: <good>
    System: false
    Exclusive: false
    Insecure: true
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_named_file_is_closed_to_others_when_it_gets_a_token() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let named = file(&world, "other.yaml", remotes(&[("e", &server.host(), "")]));
    std::fs::set_permissions(&named, std::fs::Permissions::from_mode(0o644)).unwrap();
    file(&world, "good", good());
    let said = world.session(&["remote -c $HOME/other.yaml login --tokenfile $HOME/good e"]);
    assert!(said.contains("Token stored in $HOME/other.yaml"), "{said}");
    assert!(
        world.file(&named).starts_with("600\n"),
        "{}",
        world.file(&named)
    );
    assert!(world.file(&named).contains(&good()));
    // Also when it has the token already.
    std::fs::set_permissions(&named, std::fs::Permissions::from_mode(0o644)).unwrap();
    let before = world.file(&named);
    let said = world.session(&["remote -c $HOME/other.yaml login --tokenfile $HOME/good e"]);
    assert!(said.contains("Token stored in $HOME/other.yaml"), "{said}");
    assert_eq!(world.file(&named), before.replacen("644", "600", 1));
    assert_eq!(world.file(&world.user_file()), "absent\n");
}
