//! `remote list` as its users see it.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::world::{SHIPPED, World};

#[test]
fn a_machine_without_any_file_lists_the_default_remote_and_stays_untouched() {
    let world = World::new();
    assert_data_eq!(
        world.session(&["remote list"]),
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
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn the_systems_remotes_and_the_users_stand_together_in_byte_order() {
    let world = World::shipped();
    world.write_user(
        "Active: myremote\nRemotes:\n  myremote:\n    URI: localhost:1\n    System: false\n    Exclusive: false\n    Keyservers:\n    - URI: https://keys.example.com\n      Skip: false\n      External: true\n      Insecure: false\n    - URI: https://gone.example.com\n      Skip: true\n      External: false\n      Insecure: false\n    - URI: http://localhost:11371\n      Skip: false\n      External: false\n      Insecure: true\n  Zebra:\n    URI: z.example.com\n    System: false\n    Exclusive: false\nCredentials:\n- URI: docker://docker.io\n  Insecure: false\n- URI: https://keys.example.com\n  Auth: Basic aWFuOnBhc3M=\n  Insecure: true\n",
    );
    assert_data_eq!(
        world.session(&["remote list"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
Zebra          z.example.com        NO      NO      NO
myremote       localhost:1          YES     NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.example.com  YES     NO        1
http://localhost:11371    YES     YES       2*

* Active cloud services keyserver

Authenticated Logins
=================================

URI                       INSECURE
https://keys.example.com  YES
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_active_remote_that_does_not_exist_is_shown_nowhere() {
    let world = World::shipped();
    world.write_user("Active: gone\nRemotes: {}\n");
    assert_data_eq!(
        world.session(&["remote list"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_name_cannot_steer_the_table_of_a_pipe_into_another_shape() {
    let world = World::shipped();
    world.write_user("Active: \"\"\nRemotes:\n  \"\\e[31mred\":\n    URI: x.example.com\n");
    let listed = world.run(&["remote", "list"]);
    assert!(
        listed.stdout.contains("\u{1b}[31mred"),
        "a pipe gets the bytes as they are"
    );
}

#[test]
fn a_copy_of_a_system_remote_that_is_gone_is_neither_shown_nor_obeyed() {
    let world = World::shipped();
    world.write_user(
        "Active: company\nRemotes:\n  company:\n    URI: company.example.com\n    System: true\n    Exclusive: true\n",
    );
    let before = world.file(&world.user_file());
    assert_data_eq!(
        world.session(&["remote list"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
------- stderr -------
WARNING: No remote is active. company is meant to be. Your file has an entry for a remote of the system's of this name, and the system has none. To make it a remote of your own, with its token:
           portolan remote add company company.example.com
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        world.file(&world.user_file()),
        before,
        "reading carries it along untouched"
    );
}

#[test]
fn the_systems_remote_is_used_where_a_user_has_one_of_its_name() {
    let world = World::shipped();
    world.write_user("Active: \"\"\nRemotes:\n  DefaultRemote:\n    URI: evil.example.com\n");
    assert_data_eq!(world.session(&["remote list", "remote remove DefaultRemote", "remote list"]), str![[r#"
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
------- stderr -------
WARNING: DefaultRemote is defined in $ETC/apptainer/remote.yaml and in $HOME/.apptainer/remote.yaml: the system's is used. To remove your own:
           portolan remote remove DefaultRemote
$ portolan remote remove DefaultRemote
------- stderr -------
INFO:    Remote "DefaultRemote" removed.
INFO:    DefaultRemote is still defined in $ETC/apptainer/remote.yaml.
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
[EOF]

"#]].raw());
}

#[test]
fn the_tables_are_never_hidden() {
    let world = World::shipped();
    let listed = world.run(&["remote", "list"]).stdout;
    for flag in ["-q", "-s", "--silent", "-d"] {
        assert_eq!(
            world.run(&[flag, "remote", "list"]).stdout,
            listed,
            "{flag}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let world = World::shipped();
    let many: String = (0..5000)
        .map(|n| format!("  r{n}: {{URI: h{n}.example.com}}\n"))
        .collect();
    world.write_user(format!("Remotes:\n{many}"));
    let mut command = world.command();
    command
        .args(["remote", "list"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn another_command_has_its_own_files_and_default() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "--command singularity remote list",
            "--command singularity remote add --no-login x x.example.com",
            "--command ../x remote list",
        ]),
        str![[r#"
$ portolan --command singularity remote list
Cloud Services Endpoints
========================

NAME         URI              ACTIVE  GLOBAL  EXCLUSIVE
SylabsCloud  cloud.sylabs.io  YES     YES     NO

Keyservers
==========

URI                     GLOBAL  INSECURE  ORDER
https://keys.sylabs.io  YES     NO        1*

* Active cloud services keyserver
$ portolan --command singularity remote add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan --command ../x remote list
------- stderr -------
Error for command "list": invalid value '../x' for '--command <NAME>': "../x" can't be a command's name: it begins with a-z or 0-9 and goes on with these, '.', '_' and '-'

Usage: portolan remote list [OPTIONS]

For more information, try '--help'.
[exit status: 1]
[EOF]

"#]].raw()
    );
    assert_eq!(
        world.home_listing(),
        [
            ".singularity",
            ".singularity/remote.yaml",
            ".singularity/remote.yaml.lock"
        ]
    );
}

#[test]
fn a_system_file_that_is_empty_is_not_absent() {
    let world = World::new();
    world.write_system("");
    assert_data_eq!(
        world.session(&["remote list"]),
        str![[r#"
$ portolan remote list
Cloud Services Endpoints
========================

NAME  URI  ACTIVE  GLOBAL  EXCLUSIVE
[EOF]

"#]]
        .raw()
    );
    world.write_system(SHIPPED);
    assert!(
        world
            .run(&["remote", "list"])
            .stdout
            .contains("DefaultRemote")
    );
}

#[test]
fn a_script_reads_json() {
    let world = World::shipped();
    world.write_user(
        "Active: mine\nRemotes:\n  mine:\n    URI: localhost:1\n    Insecure: true\n    Keyservers:\n    - URI: https://keys.example.com\n      External: true\nCredentials:\n- URI: https://keys.example.com\n  Auth: Basic aWFuOnBhc3M=\n",
    );
    assert_data_eq!(
        world.session(&["remote list --json"]),
        str![[r#"
$ portolan remote list --json
{
  "schema": "portolan.remote-list/1",
  "remotes": [
    {
      "name": "DefaultRemote",
      "uri": "cloud.apptainer.org",
      "active": false,
      "global": true,
      "exclusive": false,
      "insecure": false
    },
    {
      "name": "mine",
      "uri": "localhost:1",
      "active": true,
      "global": false,
      "exclusive": false,
      "insecure": true
    }
  ],
  "keyservers": [
    {
      "uri": "https://keys.example.com",
      "insecure": false,
      "internal": false
    }
  ],
  "logins": [
    {
      "uri": "https://keys.example.com",
      "insecure": false,
      "account": "ian",
      "file": "$HOME/.apptainer/remote.yaml",
      "helper": null,
      "store": null,
      "gone": false,
      "variable": null,
      "row": true,
      "used": true
    }
  ]
}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_script_reads_names_and_no_server_is_asked() {
    let world = World::shipped();
    world.write_user("Active: mine\nRemotes:\n  mine:\n    URI: localhost:1\n");
    assert_data_eq!(
        world.session(&["remote list --names"]),
        str![[r#"
$ portolan remote list --names
DefaultRemote
mine
[EOF]

"#]]
        .raw()
    );
}
