//! `remote rename` as its users see it.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{SHIPPED, World};

const MINE: &str = "\
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    Token: secret
    System: false
    Exclusive: false
  other:
    URI: other.example.com
    System: false
    Exclusive: false
";

const COMPANY: &str = "\
Active: company
Remotes:
  company:
    URI: company.example.com
    System: true
    Exclusive: true
";

#[test]
fn the_token_and_the_choice_follow_the_name() {
    let world = World::shipped();
    world.write_user(MINE);
    assert_data_eq!(
        world.session(&[
            "remote rename mine my-cloud",
            "remote rename mine again",
            "remote list --names"
        ]),
        str![[r#"
$ portolan remote rename mine my-cloud
------- stderr -------
INFO:    Remote "mine" renamed to "my-cloud".
$ portolan remote rename mine again
------- stderr -------
FATAL:   mine is not a remote
[exit status: 255]
$ portolan remote list --names
DefaultRemote
my-cloud
other
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: my-cloud
Remotes:
  my-cloud:
    URI: mine.example.com
    Token: secret
    System: false
    Exclusive: false
  other:
    URI: other.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_name_must_be_free_and_showable_and_the_remote_ones_own() {
    let world = World::shipped();
    world.write_user(MINE);
    let before = world.file(&world.user_file());
    assert_data_eq!(
        world.session(&[
            "remote rename mine other",
            "remote rename mine mine",
            "remote rename mine DefaultRemote",
            "remote rename mine ",
            "remote rename DefaultRemote mine2",
            "remote rename gone mine2",
            "remote rename mine",
        ]),
        str![[r#"
$ portolan remote rename mine other
------- stderr -------
FATAL:   other is already a remote
[exit status: 255]
$ portolan remote rename mine mine
------- stderr -------
FATAL:   mine is already a remote
[exit status: 255]
$ portolan remote rename mine DefaultRemote
------- stderr -------
FATAL:   DefaultRemote is already a remote
         It is defined for all users in $ETC/apptainer/remote.yaml; choose another name.
[exit status: 255]
$ portolan remote rename mine 
------- stderr -------
FATAL:   invalid name: cannot have empty name
[exit status: 255]
$ portolan remote rename DefaultRemote mine2
------- stderr -------
FATAL:   DefaultRemote is global and can't be renamed
         To rename it for all users:
           sudo portolan --sysconfdir $ETC remote rename --global DefaultRemote mine2
[exit status: 255]
$ portolan remote rename gone mine2
------- stderr -------
FATAL:   gone is not a remote
[exit status: 255]
$ portolan remote rename mine
------- stderr -------
Error for command "rename": the following required arguments were not provided:
  <NEW>

Usage: portolan remote rename <OLD> <NEW>

For more information, try '--help'.
[exit status: 1]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        world.run(&["remote", "rename", "mine", "a\nb"]).stderr,
        "FATAL:   invalid name \"a\\nb\": it has a control character\n"
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_rename_is_a_way_out_where_both_files_have_the_name() {
    let world = World::new();
    world.write_system(COMPANY);
    world.write_user(
        "Active: company\nRemotes:\n  company:\n    URI: own.example.com\n    Token: secret\n",
    );
    assert_data_eq!(
        world.session(&["remote rename company own", "remote list --names"]),
        str![[r#"
$ portolan remote rename company own
------- stderr -------
INFO:    Remote "company" renamed to "own".
INFO:    company is still defined in $ETC/apptainer/remote.yaml.
$ portolan remote list --names
company
own
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: company
Remotes:
  own:
    URI: own.example.com
    Token: secret
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_administrator_renames_for_everybody_and_the_policy_stays() {
    let world = World::new();
    world.write_system(COMPANY);
    assert_data_eq!(
        world.session(&[
            "remote rename --global company company",
            "remote rename --global gone new",
            "remote rename --global company company-cloud",
            "remote add --no-login mine mine.example.com",
            "remote use mine",
        ]),
        str![[r#"
$ portolan remote rename --global company company
------- stderr -------
FATAL:   company is already a remote
[exit status: 255]
$ portolan remote rename --global gone new
------- stderr -------
FATAL:   gone is not a remote
[exit status: 255]
$ portolan remote rename --global company company-cloud
------- stderr -------
INFO:    Remote "company" renamed to "company-cloud".
INFO:    Users' own choices and logins still name company.
$ portolan remote add --no-login mine mine.example.com
------- stderr -------
INFO:    Remote "mine" added.
$ portolan remote use mine
------- stderr -------
FATAL:   could not use mine: remote company-cloud has been set exclusive by the system administrator
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
Active: company-cloud
Remotes:
  company-cloud:
    URI: company.example.com
    System: true
    Exclusive: true
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn users_may_not_rename_for_everybody() {
    let mut world = World::new();
    world.write_system(COMPANY);
    world.as_ordinary_user();
    world.set_mode(&world.root().join("etc/apptainer"), 0o555);
    // Where an ordinary user runs the tests, the file is theirs, but not to be replaced.
    let refused = world.run(&["remote", "rename", "-g", "company", "other"]);
    assert_eq!(
        refused.stderr,
        "FATAL:   Unable to modify global endpoint configuration file: not root user\n"
    );
    assert_eq!(refused.code, Some(255));
    world.set_mode(&world.root().join("etc/apptainer"), 0o755);
}

#[test]
fn the_built_in_remote_can_be_renamed_for_everybody() {
    let world = World::new();
    assert_eq!(
        world.run(&["remote", "rename", "DefaultRemote", "x"]).code,
        Some(255)
    );
    assert_eq!(
        world
            .run(&["remote", "rename", "-g", "DefaultRemote", "x"])
            .code,
        Some(0)
    );
    assert_eq!(
        world.file(&world.system_file()),
        format!("644\n{}[EOF]\n", SHIPPED.replace("DefaultRemote", "x"))
    );
}
