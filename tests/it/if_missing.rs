//! `remote add --if-missing`: a script that runs again changes nothing.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::cloud;
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::World;

#[test]
fn what_is_there_is_left_as_it_is() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --if-missing --no-login mine https://mine.example.com/x/",
            "remote add --if-missing --no-login mine MINE.example.com/x",
            "remote add --if-missing --no-login mine other.example.com",
            "remote add --if-missing --insecure --no-login mine http://mine.example.com/x",
            "remote add --no-login mine mine.example.com/x",
        ]),
        str![[r#"
$ portolan remote add --if-missing --no-login mine https://mine.example.com/x/
------- stderr -------
INFO:    Remote "mine" added.
$ portolan remote add --if-missing --no-login mine MINE.example.com/x
------- stderr -------
INFO:    Remote "mine" exists already, at "MINE.example.com/x".
$ portolan remote add --if-missing --no-login mine other.example.com
------- stderr -------
FATAL:   mine is already a remote
         It is at "https://mine.example.com/x", not at "https://other.example.com". To change that:
           portolan remote set-url mine other.example.com
[exit status: 255]
$ portolan remote add --if-missing --insecure --no-login mine http://mine.example.com/x
------- stderr -------
FATAL:   mine is already a remote
         It is at "https://mine.example.com/x", not at "http://mine.example.com/x". To change that:
           portolan remote set-url mine mine.example.com/x --insecure
[exit status: 255]
$ portolan remote add --no-login mine mine.example.com/x
------- stderr -------
FATAL:   mine is already a remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: ""
Remotes:
  mine:
    URI: mine.example.com/x
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_is_there_is_not_logged_in_to() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let words = ["remote", "add", "--if-missing", "mine", &server.host()];
    let input = format!("{}\n", good());
    assert!(
        world
            .run_with_input(&words, &input)
            .stderr
            .contains("Token stored in")
    );
    let (before, asked) = (world.file(&world.user_file()), server.log().len());
    let again = world.run_with_input(&words, &input);
    assert_eq!(
        again.stderr,
        format!(
            "INFO:    Remote \"mine\" exists already, at \"{}\".\n",
            server.host()
        )
    );
    assert_eq!(
        (
            again.code,
            world.file(&world.user_file()),
            server.log().len()
        ),
        (Some(0), before, asked)
    );
}

#[test]
fn what_all_users_have_is_there_too() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --if-missing DefaultRemote",
            "remote add --if-missing DefaultRemote mirror.example.com",
            "remote add --if-missing --global DefaultRemote",
            "remote add --if-missing --global DefaultRemote mirror.example.com",
            "remote add --if-missing --global company company.example.com",
            "remote add --if-missing --global company company.example.com",
        ]),
        str![[r#"
$ portolan remote add --if-missing DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" exists already, at "cloud.apptainer.org".
$ portolan remote add --if-missing DefaultRemote mirror.example.com
------- stderr -------
FATAL:   DefaultRemote is already a remote
         It is at "https://cloud.apptainer.org", not at "https://mirror.example.com". To change that:
           portolan remote set-url DefaultRemote mirror.example.com
[exit status: 255]
$ portolan remote add --if-missing --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" exists already, at "cloud.apptainer.org".
$ portolan remote add --if-missing --global DefaultRemote mirror.example.com
------- stderr -------
FATAL:   DefaultRemote is already a remote
         It is at "https://cloud.apptainer.org", not at "https://mirror.example.com". To change that:
           sudo portolan --sysconfdir $ETC remote set-url --global DefaultRemote mirror.example.com
[exit status: 255]
$ portolan remote add --if-missing --global company company.example.com
------- stderr -------
INFO:    Remote "company" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote add --if-missing --global company company.example.com
------- stderr -------
INFO:    Remote "company" exists already, at "company.example.com".
[EOF]

"#]].raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn the_built_in_remote_is_there_until_ones_own_stands_before_it() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "remote add --if-missing DefaultRemote",
            "remote add --if-missing --no-login DefaultRemote mine.example.com",
            "remote add --if-missing DefaultRemote",
            "remote add --if-missing --no-login DefaultRemote mine.example.com",
        ]),
        str![[r#"
$ portolan remote add --if-missing DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" exists already, at "cloud.apptainer.org".
$ portolan remote add --if-missing --no-login DefaultRemote mine.example.com
------- stderr -------
INFO:    Remote "DefaultRemote" added.
$ portolan remote add --if-missing DefaultRemote
------- stderr -------
FATAL:   DefaultRemote is already a remote
         It is at "https://mine.example.com", not at "https://cloud.apptainer.org". To change that:
           portolan remote set-url DefaultRemote cloud.apptainer.org
[exit status: 255]
$ portolan remote add --if-missing --no-login DefaultRemote mine.example.com
------- stderr -------
INFO:    Remote "DefaultRemote" exists already, at "mine.example.com".
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_token_that_is_given_is_stored_where_none_is() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let token = cloud::file(&world, "token", good());
    let words = [
        "remote",
        "add",
        "--if-missing",
        "--tokenfile",
        token.to_str().unwrap(),
        "e",
        &server.host(),
    ];
    world.write_user(format!("Remotes: {{e: {{URI: {}}}}}\n", server.host()));
    let run = world.run(&words);
    assert!(
        run.code == Some(0) && run.stderr.contains("Token stored in"),
        "{run}"
    );
    assert!(world.file(&world.user_file()).contains(&good()));
    let again = world.run(&words);
    assert!(
        again.code == Some(0) && !again.stderr.contains("Token stored in"),
        "{again}"
    );
}
