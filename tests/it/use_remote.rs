//! `remote use` as its users see it.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{SHIPPED, World};

const TWO: &str = "\
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
  company-remote:
    URI: localhost:19444
    System: true
    Exclusive: false
    Keyservers:
    - URI: https://keys.company.example
      Skip: false
      External: false
      Insecure: false
";

#[test]
fn a_user_chooses_a_remote_and_copies_none_of_the_systems() {
    let world = World::new();
    world.write_system(TWO);
    assert_data_eq!(
        world.session(&[
            "remote use company-remote",
            "remote list",
            "remote use gone",
            "remote use DefaultRemote"
        ]),
        str![[r#"
$ portolan remote use company-remote
------- stderr -------
INFO:    Remote "company-remote" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME            URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote   cloud.apptainer.org  NO      YES     NO
company-remote  localhost:19444      YES     YES     NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://keys.company.example  YES     NO        1*

* Active cloud services keyserver
$ portolan remote use gone
------- stderr -------
FATAL:   gone is not a remote
[exit status: 255]
$ portolan remote use DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: DefaultRemote
Remotes: {}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_built_in_remote_is_written_down_so_that_apptainer_knows_it() {
    let world = World::new();
    assert_data_eq!(
        world.session(&["remote use DefaultRemote"]),
        str![[r#"
$ portolan remote use DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_exclusive_remote_is_the_only_one_until_another_is_used_globally() {
    let world = World::new();
    world.write_system(TWO);
    assert_data_eq!(
        world.session(&[
            "remote add --no-login mine mine.example.com",
            "remote use --exclusive company-remote",
            "remote use mine",
            "remote use company-remote",
            "remote list",
            "remote use --global DefaultRemote",
            "remote use mine",
            "remote use -e gone",
        ]),
        str![[r#"
$ portolan remote add --no-login mine mine.example.com
------- stderr -------
INFO:    Remote "mine" added.
$ portolan remote use --exclusive company-remote
------- stderr -------
INFO:    Remote "company-remote" now in use.
$ portolan remote use mine
------- stderr -------
FATAL:   could not use mine: remote company-remote has been set exclusive by the system administrator
[exit status: 255]
$ portolan remote use company-remote
------- stderr -------
INFO:    Remote "company-remote" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME            URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote   cloud.apptainer.org  NO      YES     NO
company-remote  localhost:19444      YES     YES     YES
mine            mine.example.com     NO      NO      NO

Keyservers
==========

URI                           GLOBAL  INSECURE  ORDER
https://keys.company.example  YES     NO        1*

* Active cloud services keyserver
$ portolan remote use --global DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" now in use.
$ portolan remote use mine
------- stderr -------
INFO:    Remote "mine" now in use.
$ portolan remote use -e gone
------- stderr -------
FATAL:   gone is not a remote
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
  company-remote:
    URI: localhost:19444
    System: true
    Exclusive: false
    Keyservers:
    - URI: https://keys.company.example
      Skip: false
      External: false
      Insecure: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let world = World::new();
    world.write_system(SHIPPED);
    world.write_user("# mine\nActive: DefaultRemote\nRemotes: {}\n");
    let before = world.file(&world.user_file());
    assert_eq!(world.run(&["remote", "use", "DefaultRemote"]).code, Some(0));
    assert_eq!(world.file(&world.user_file()), before);
}
