//! `remote remove` as its users see it.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{SHIPPED, World};

#[test]
fn a_removed_remote_is_no_longer_active() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login x x.example.com",
            "remote use x",
            "remote remove x",
            "remote remove x",
            "remote remove DefaultRemote",
        ]),
        str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote use x
------- stderr -------
INFO:    Remote "x" now in use.
$ portolan remote remove x
------- stderr -------
INFO:    Remote "x" removed.
$ portolan remote remove x
------- stderr -------
FATAL:   x is not a remote
[exit status: 255]
$ portolan remote remove DefaultRemote
------- stderr -------
FATAL:   DefaultRemote is global and can't be removed
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
Remotes: {}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_copy_of_a_system_remote_that_is_gone_can_be_removed() {
    let world = World::shipped();
    world.write_user(
        "Active: company\nRemotes:\n  company:\n    URI: c.example.com\n    System: true\n    Exclusive: true\n",
    );
    assert_data_eq!(
        world.session(&["remote remove company"]),
        str![[r#"
$ portolan remote remove company
------- stderr -------
INFO:    Remote "company" removed.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: ""
Remotes: {}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_administrator_removes_for_everybody_and_users_can_still_read() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "remote remove -g x",
            "remote remove -g DefaultRemote",
            "remote list"
        ]),
        str![[r#"
$ portolan remote remove -g x
------- stderr -------
FATAL:   x is not a remote
[exit status: 255]
$ portolan remote remove -g DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" removed.
$ portolan remote list
Cloud Services Endpoints
========================

NAME  URI  ACTIVE  GLOBAL  EXCLUSIVE
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
Active: ""
Remotes: {}
[EOF]

"#]]
        .raw()
    );
    world.write_system(SHIPPED);
    assert_eq!(
        world.run(&["remote", "remove", "-g", "DefaultRemote"]).code,
        Some(0)
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
Active: ""
Remotes: {}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn nothing_is_created_for_what_is_not_there() {
    let world = World::shipped();
    assert_eq!(
        world.run(&["remote", "remove", "gone"]).stderr,
        "FATAL:   gone is not a remote\n"
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}
