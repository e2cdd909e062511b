//! Files that a person edited keep their form whatever a command changes in them. D23 of docs/compatibility.md.

use std::fs;

use portolan::config::change;
use portolan::config::layer::Scope;
use portolan::config::store::LayerFile;
use portolan::name::RemoteName;
use snapbox::{IntoData, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{file, plain};
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::World;

/// A system file as an administrator may keep it: four blanks, names in an order of its own, quotes and notes.
const SYSTEM: &str = "\
# Managed by hand. Questions: ops@example.com

Active: 'site'      # what everybody uses

Remotes:
    # our own, in the basement
    site:
        URI: site.example.com       # moved in May
        System: yes
        Exclusive: false
        # asked in this order
        Keyservers:
            # the endpoint's own
            - URI: https://keys.site.example.com
              Skip: false
              External: false
            # the university's
            - URI: \"https://keys.uni.example.com\"   # slow
              External: true

    # the default of the packages
    DefaultRemote:
        URI: cloud.apptainer.org
        System: true
        Exclusive: false
    # retired in 2024: old.example.com
# end of the file
";

#[test]
fn an_administrator_keeps_every_note() {
    let world = World::new();
    world.write_system(SYSTEM);
    let said = world.session(&[
        "remote use --exclusive DefaultRemote",
        "remote add --global new new.example.com",
        "remote add-keyserver --order 2 site https://keys.new.example.com",
        "remote remove-keyserver site https://keys.site.example.com",
    ]);
    assert!(
        !said.contains("FATAL") && !said.contains("WARNING"),
        "{said}"
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
# Managed by hand. Questions: ops@example.com

Active: 'DefaultRemote'      # what everybody uses

Remotes:
    # our own, in the basement
    site:
        URI: site.example.com       # moved in May
        System: yes
        Exclusive: false
        # asked in this order
        Keyservers:
            # the endpoint's own
            - URI: https://keys.site.example.com
              Skip: true
              External: false
            - URI: https://keys.new.example.com
              Skip: false
              External: true
              Insecure: false
            # the university's
            - URI: "https://keys.uni.example.com"   # slow
              External: true

    # the default of the packages
    DefaultRemote:
        URI: cloud.apptainer.org
        System: true
        Exclusive: true
    new:
        URI: new.example.com
        System: true
        Exclusive: false
    # retired in 2024: old.example.com
# end of the file
[EOF]

"#]]
        .raw()
    );
    let said = world.session(&[
        "remote use --global site",
        "remote remove-keyserver site https://keys.uni.example.com",
        "remote remove --global DefaultRemote",
    ]);
    assert!(
        !said.contains("FATAL") && !said.contains("WARNING"),
        "{said}"
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
# Managed by hand. Questions: ops@example.com

Active: 'site'      # what everybody uses

Remotes:
    # our own, in the basement
    site:
        URI: site.example.com       # moved in May
        System: yes
        Exclusive: false
        # asked in this order
        Keyservers:
            # the endpoint's own
            - URI: https://keys.site.example.com
              Skip: true
              External: false
            - URI: https://keys.new.example.com
              Skip: false
              External: true
              Insecure: false

    new:
        URI: new.example.com
        System: true
        Exclusive: false
    # retired in 2024: old.example.com
# end of the file
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_name_and_an_address_are_changed_where_they_stand() {
    let world = cloud::world();
    let text = "# mine\nActive: old # now\nRemotes:\n  # first\n  old: # b\n    URI: old.example.com # c\n    System: no\n  z: {URI: z.example.com}\n";
    world.write_user(text);
    let said = world.session(&[
        "remote rename old new",
        "remote set-url new new.example.com",
    ]);
    assert!(
        !said.contains("FATAL") && !said.contains("WARNING"),
        "{said}"
    );
    let expected = text
        .replace("old:", "new:")
        .replace("old #", "new #")
        .replace("old.", "new.");
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), expected);
}

#[test]
fn what_is_undone_leaves_the_file_as_it_was() {
    let world = World::new();
    world.write_system(SYSTEM);
    for commands in [
        [
            "remote add --global new new.example.com",
            "remote remove --global new",
        ],
        [
            "remote use --global DefaultRemote",
            "remote use --global site",
        ],
        [
            "remote add-keyserver site https://k.example.com",
            "remote remove-keyserver site https://k.example.com",
        ],
        [
            "remote remove-keyserver site https://keys.site.example.com",
            "remote add-keyserver -o 1 site https://keys.site.example.com",
        ],
    ] {
        let said = world.session(&commands);
        assert!(
            !said.contains("FATAL") && !said.contains("WARNING"),
            "{said}"
        );
        assert_eq!(
            fs::read_to_string(world.system_file()).unwrap(),
            SYSTEM,
            "{commands:?}"
        );
    }
}

#[test]
fn a_users_notes_survive_a_login_and_a_logout() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    let text = format!(
        "# mine\nRemotes:\n   # a test\n   e: # short for endpoint\n      URI: '{}'\n# end",
        server.host()
    );
    world.write_user(&text);
    file(&world, "good", good());
    let said = world.session(&[
        "remote add --no-login other other.example.com",
        "remote login --tokenfile $HOME/good e",
        "remote use e",
    ]);
    assert!(
        !said.contains("FATAL") && !said.contains("WARNING"),
        "{said}"
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
# mine
Remotes:
   # a test
   e: # short for endpoint
      URI: 'localhost:PORT1'
      Token: <good>
   other:
      URI: other.example.com
      System: false
      Exclusive: false
Active: e
# end[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.session(&["remote logout e", "remote remove other"]),
        str![[r#"
$ portolan remote logout e
------- stderr -------
INFO:    Logout succeeded
$ portolan remote remove other
------- stderr -------
INFO:    Remote "other" removed.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
# mine
Remotes:
   # a test
   e: # short for endpoint
      URI: 'localhost:PORT1'
Active: e
# end[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_cannot_be_kept_is_said_once_and_by_name() {
    let world = World::new();
    world.write_user(
        "Remotes:\n  a: &a   # the first\n    URI: a.example.com\n  # the same\n  b: *a  # now\n",
    );
    assert_data_eq!(
        world.session(&["remote remove a", "remote remove b"]),
        str![[r#"
$ portolan remote remove a
------- stderr -------
WARNING: $HOME/.apptainer/remote.yaml: its comments and its anchors can't be kept
INFO:    Remote "a" removed.
$ portolan remote remove b
------- stderr -------
INFO:    Remote "b" removed.
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
    world.write_system(
        "? Active\n: x # c\nRemotes:\n  DefaultRemote: {URI: cloud.apptainer.org, System: true}\n",
    );
    assert_data_eq!(
        world.session(&["remote use --global DefaultRemote"]),
        str![[r#"
$ portolan remote use --global DefaultRemote
------- stderr -------
WARNING: $ETC/apptainer/remote.yaml: its comments can't be kept
INFO:    Remote "DefaultRemote" now in use.
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_change_that_is_refused_warns_of_nothing() {
    let world = World::new();
    let text = "Remotes:\n  a: &a   # the first\n    URI: a.example.com\n  b: *a\n";
    world.write_user(text);
    for command in ["remote remove c", "remote add --no-login a a.example.com"] {
        let said = world.session(&[command]);
        assert!(
            said.contains("FATAL") && !said.contains("WARNING"),
            "{said}"
        );
    }
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), text);
}

#[test]
fn what_is_lost_is_said_while_the_file_still_has_it() {
    let world = World::new();
    let text = "? Active\n: x # c\nRemotes: {a: {URI: x}}\n";
    world.write_user(text);
    let mut said = Vec::new();
    let store = LayerFile::named(&world.user_file());
    let edited = store.edit(
        |document| -> anyhow::Result<()> {
            let name = RemoteName::found("a");
            change::use_remote(document, Scope::User, None, &name, false)?;
            Ok(())
        },
        &mut |loss| said.push((loss, fs::read_to_string(world.user_file()).unwrap())),
    );
    assert!(edited.unwrap().written);
    assert_eq!(
        said,
        [(
            format!(
                "{}: its comments can't be kept",
                world.user_file().display()
            ),
            text.to_owned()
        )]
    );
}
