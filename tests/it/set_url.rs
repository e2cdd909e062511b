//! `remote set-url` as its users see it.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::cloud;
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::World;

const MINE: &str = "\
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    Token: secret
    System: false
    Exclusive: false
";

#[test]
fn a_token_stays_on_its_host_and_goes_with_it() {
    let world = World::shipped();
    world.write_user(MINE);
    assert_data_eq!(
        world.session(&[
            "remote set-url mine https://mine.example.com/path/",
            "remote set-url mine MINE.example.com"
        ]),
        str![[r#"
$ portolan remote set-url mine https://mine.example.com/path/
------- stderr -------
INFO:    Remote "mine" is now at "https://mine.example.com/path".
$ portolan remote set-url mine MINE.example.com
------- stderr -------
INFO:    Remote "mine" is now at "https://MINE.example.com".
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: mine
Remotes:
  mine:
    URI: MINE.example.com
    Token: secret
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.session(&["remote set-url mine other.example.com:8443"]),
        str![[r#"
$ portolan remote set-url mine other.example.com:8443
------- stderr -------
INFO:    Remote "mine" is now at "https://other.example.com:8443".
INFO:    The token for mine was for MINE.example.com; it was removed. To log in again:
           portolan remote login mine
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: mine
Remotes:
  mine:
    URI: other.example.com:8443
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_token_that_went_over_tls_does_not_go_over_http() {
    let world = World::shipped();
    world.write_user(MINE);
    assert_data_eq!(
        world.session(&[
            "remote set-url mine http://mine.example.com",
            "remote set-url --insecure mine http://mine.example.com",
            "remote set-url --insecure mine https://mine.example.com",
        ]),
        str![[r#"
$ portolan remote set-url mine http://mine.example.com
------- stderr -------
FATAL:   http URI requires --insecure or APPTAINER_ADD_INSECURE=true
[exit status: 255]
$ portolan remote set-url --insecure mine http://mine.example.com
------- stderr -------
INFO:    Remote "mine" is now at "http://mine.example.com".
INFO:    The token for mine was for mine.example.com; it was removed. To log in again:
           portolan remote login mine
$ portolan remote set-url --insecure mine https://mine.example.com
------- stderr -------
INFO:    --insecure ignored for https remote
INFO:    Remote "mine" is now at "https://mine.example.com".
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_cannot_be_an_address_is_refused_and_nothing_changes() {
    let world = World::shipped();
    world.write_user(MINE);
    let before = world.file(&world.user_file());
    assert_data_eq!(
        world.session(&[
            "remote set-url mine ftp://mine.example.com",
            "remote set-url mine ..",
            "remote set-url mine mine.example.com:0",
            "remote set-url gone gone.example.com",
            "remote set-url DefaultRemote mirror.example.com",
        ]),
        str![[r#"
$ portolan remote set-url mine ftp://mine.example.com
------- stderr -------
FATAL:   invalid URI "ftp://mine.example.com": an endpoint is reached by https or http, not ftp
[exit status: 255]
$ portolan remote set-url mine ..
------- stderr -------
FATAL:   invalid URI "..": dots alone are no host
[exit status: 255]
$ portolan remote set-url mine mine.example.com:0
------- stderr -------
FATAL:   parse "mine.example.com:0": invalid port ":0" after host
[exit status: 255]
$ portolan remote set-url gone gone.example.com
------- stderr -------
FATAL:   gone is not a remote
[exit status: 255]
$ portolan remote set-url DefaultRemote mirror.example.com
------- stderr -------
FATAL:   DefaultRemote is global and can't be changed
         To change it for all users:
           sudo portolan --sysconfdir $ETC remote set-url --global DefaultRemote mirror.example.com
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn an_administrator_moves_a_remote_and_no_users_token_follows() {
    let (old, new) = (Server::https(endpoint), Server::https(endpoint));
    let world = cloud::world();
    world.write_system(cloud::system_remotes(&[("company", &old.host(), "")]));
    world.write_user(format!(
        "Active: company\nRemotes:\n  company:\n    URI: {}\n    Token: {}\n    System: true\n",
        old.host(),
        good(),
    ));
    let moved = world.run(&["remote", "set-url", "--global", "company", &new.host()]);
    assert_eq!(
        moved.stderr,
        format!(
            "INFO:    Remote \"company\" is now at \"https://{}\".\n\
             INFO:    Users who are logged in to company have to log in again:\n           portolan remote login company\n",
            new.host()
        )
    );
    world.run(&["remote", "status"]);
    assert_eq!(old.log(), Vec::<String>::new());
    assert!(!new.log().is_empty());
    assert!(
        new.log().iter().all(|line| line.ends_with("[-]")),
        "{:?}",
        new.log()
    );
}

#[test]
fn a_remote_that_hides_the_systems_gets_no_new_address() {
    let world = World::new();
    world.write_system(
        "Active: c\nRemotes: {c: {URI: c.example.com, System: true, Exclusive: true}}\n",
    );
    let before = "Remotes: {c: {URI: other.example.com}}\n";
    world.write_user(before);
    let run = world.run(&["remote", "set-url", "c", "third.example.com"]);
    let said = "FATAL:   c is also a remote of your own, which stands in the way of the system's\n         The system's is used. To keep yours under another name:\n           portolan remote rename c <NEW>\n";
    assert!(run.stderr.ends_with(said) && run.code == Some(255), "{run}");
    assert!(world.file(&world.user_file()).contains(before));
}

#[test]
fn configured_keyservers_stay_and_that_is_said() {
    let world = World::new();
    world.write_system(
        "Active: c\nRemotes:\n  c:\n    URI: c.example.com\n    System: true\n    Keyservers:\n    - URI: https://keys.example.com\n      External: true\n",
    );
    assert_data_eq!(
        world.session(&["remote set-url -g c d.example.com", "keyserver list"]),
        str![[r#"
$ portolan remote set-url -g c d.example.com
------- stderr -------
INFO:    Remote "c" is now at "https://d.example.com".
INFO:    The keyservers of c stay as they were configured.
INFO:    Users who are logged in to c have to log in again:
           portolan remote login c
$ portolan keyserver list

c *^
   #1  https://keys.example.com  🔒

(* = system endpoint, ^ = default endpoint)
[EOF]

"#]]
        .raw()
    );
}
