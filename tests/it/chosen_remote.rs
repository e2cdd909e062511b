//! `PORTOLAN_REMOTE`: another active remote for one command.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::cloud;
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::World;

const TWO: &str = "\
Active: one
Remotes:
  one: {URI: one.example.com, Keyservers: [{URI: \"https://keys.one.example.com\"}]}
  two: {URI: two.example.com, Keyservers: [{URI: \"https://keys.two.example.com\"}]}
";

const EXCLUSIVE: &str = "\
Active: company
Remotes:
  company:
    URI: company.example.com
    System: true
    Exclusive: true
    Keyservers:
    - URI: https://keys.company.example.com
      External: true
";

fn chosen(mut world: World, name: &str) -> World {
    world.set("PORTOLAN_REMOTE", name);
    world
}

#[test]
fn lists_show_it_as_the_active_one_and_write_nothing() {
    let world = chosen(World::shipped(), "two");
    world.write_user(TWO);
    let before = (world.file(&world.user_file()), world.home_listing());
    assert_data_eq!(
        world.session(&["remote -v list", "keyserver list two"]),
        str![[r#"
$ portolan remote -v list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
one            one.example.com      NO      NO      NO
two            two.example.com      YES     NO      NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://keys.two.example.com  YES     NO        1*

* Active cloud services keyserver
------- stderr -------
VERBOSE: PORTOLAN_REMOTE makes two the active remote
$ portolan keyserver list two

two ^
   #1  https://keys.two.example.com  🔒

(* = system endpoint, ^ = default endpoint)
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        (world.file(&world.user_file()), world.home_listing()),
        before
    );
}

#[test]
fn a_command_without_a_name_acts_on_it() {
    let (one, two) = (Server::https(endpoint), Server::https(endpoint));
    let world = chosen(cloud::world(), "two");
    world.write_user(cloud::remotes(&[
        ("one", &one.host(), &good()),
        ("two", &two.host(), ""),
    ]));
    assert_eq!(
        world
            .run_with_input(&["remote", "login"], &format!("{}\n", good()))
            .code,
        Some(0)
    );
    assert_eq!(world.run(&["remote", "status"]).code, Some(0));
    assert_eq!(world.run(&["remote", "get-login-password"]).code, Some(0));
    assert_eq!(one.log(), Vec::<String>::new());
    assert_eq!(world.run(&["remote", "logout"]).code, Some(0));
    let after = world.file(&world.user_file());
    assert_eq!(after.matches("Token:").count(), 1, "{after}");
    assert!(after.find("Token:") < after.find("two:"), "{after}");
    assert!(after.contains("Active: one\n"), "{after}");
}

#[test]
fn a_command_with_a_name_does_not_look_at_it() {
    let one = Server::https(endpoint);
    let world = chosen(cloud::world(), "gone");
    world.write_user(cloud::remotes(&[("one", &one.host(), "")]));
    assert_eq!(
        world
            .run_with_input(&["remote", "login", "one"], &format!("{}\n", good()))
            .code,
        Some(0)
    );
    assert_eq!(world.run(&["remote", "status", "one"]).code, Some(0));
    assert_eq!(world.run(&["remote", "logout", "one"]).code, Some(0));
    assert_eq!(
        world
            .run(&["remote", "add", "--no-login", "new", "new.example.com"])
            .code,
        Some(0)
    );
    assert_eq!(world.run(&["remote", "remove", "new"]).code, Some(0));
    assert_eq!(world.run(&["registry", "list"]).code, Some(0));
}

#[test]
fn a_name_that_nobody_has_is_an_error_and_never_another_remote() {
    let world = chosen(World::shipped(), "gone");
    world.write_user(TWO);
    assert_data_eq!(
        world.session(&["remote list"]),
        str![[r#"
$ portolan remote list
------- stderr -------
FATAL:   gone is not a remote
         PORTOLAN_REMOTE names it. Known remotes: DefaultRemote, one, two. To add it:
           portolan remote add gone <URI>
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    for words in [
        "remote status",
        "remote login",
        "remote logout",
        "keyserver list",
        "remote get-login-password",
    ] {
        let refused = world.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(refused.code, Some(255), "{words}");
        assert!(
            refused.stderr.contains("FATAL:   gone is not a remote\n"),
            "{words}: {refused}"
        );
    }
    // The copy of a system remote that is gone is none.
    world.write_user("Remotes: {gone: {URI: gone.example.com, System: true}}\n");
    assert_eq!(world.run(&["remote", "list"]).code, Some(255));
}

#[test]
fn an_empty_one_is_none() {
    let world = chosen(World::shipped(), "");
    assert_eq!(
        world.run(&["remote", "list", "--names"]).stdout,
        "DefaultRemote\n"
    );
}

#[test]
fn the_policy_wins_what_shows_warns_and_what_acts_is_refused() {
    let world = chosen(World::new(), "one");
    world.write_system(EXCLUSIVE);
    world.write_user(TWO);
    assert_data_eq!(
        world.session(&["remote list", "remote login", "remote logout", "remote get-login-password"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME     URI                  ACTIVE  GLOBAL  EXCLUSIVE
company  company.example.com  YES     YES     YES
one      one.example.com      NO      NO      NO
two      two.example.com      NO      NO      NO

Keyservers
==========

URI                               GLOBAL  INSECURE  ORDER
https://keys.company.example.com  YES     NO        1

* Active cloud services keyserver
------- stderr -------
WARNING: could not use one: remote company has been set exclusive by the system administrator (PORTOLAN_REMOTE)
$ portolan remote login
------- stderr -------
FATAL:   could not use one: remote company has been set exclusive by the system administrator
         PORTOLAN_REMOTE names one. Without it company is used.
[exit status: 255]
$ portolan remote logout
------- stderr -------
FATAL:   could not use one: remote company has been set exclusive by the system administrator
         PORTOLAN_REMOTE names one. Without it company is used.
[exit status: 255]
$ portolan remote get-login-password
------- stderr -------
FATAL:   could not use one: remote company has been set exclusive by the system administrator
         PORTOLAN_REMOTE names one. Without it company is used.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_policys_own_choice_needs_no_word() {
    let world = chosen(World::new(), "company");
    world.write_system(EXCLUSIVE);
    assert_eq!(world.run(&["remote", "list"]).stderr, "");
}

#[test]
fn a_use_is_stored_and_says_what_overrides_it() {
    let world = chosen(World::shipped(), "two");
    world.write_user(TWO.replace("Active: one", "Active: DefaultRemote"));
    assert_data_eq!(
        world.session(&["remote use one", "remote use two", "remote use -"]),
        str![[r#"
$ portolan remote use one
------- stderr -------
INFO:    Remote "one" now in use.
WARNING: PORTOLAN_REMOTE overrides it: while it is set, the active remote is two
$ portolan remote use two
------- stderr -------
INFO:    Remote "two" now in use.
$ portolan remote use -
------- stderr -------
INFO:    Remote "one" now in use.
WARNING: PORTOLAN_REMOTE overrides it: while it is set, the active remote is two
[EOF]

"#]]
        .raw()
    );
    assert!(world.file(&world.user_file()).contains("Active: one\n"));
}

#[test]
fn what_changes_for_all_users_does_not_look_at_it() {
    let world = chosen(World::new(), "one");
    world.write_system(EXCLUSIVE);
    world.write_user(TWO);
    let added = world.run(&["remote", "add-keyserver", "https://keys.example.com"]);
    assert_eq!(
        added.stderr,
        "INFO:    Keyserver \"https://keys.example.com\" added at order 2.\n"
    );
    assert!(
        world
            .file(&world.system_file())
            .contains("https://keys.example.com")
    );
}
