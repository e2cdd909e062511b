//! `remote add` as its users see it, and what it leaves in the files.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::terminal::Terminal;
use crate::support::world::World;

#[test]
fn a_remote_is_added_and_listed() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login myremote https://cloud.example.com/",
            "remote list"
        ]),
        str![[r#"
$ portolan remote add --no-login myremote https://cloud.example.com/
------- stderr -------
INFO:    Remote "myremote" added.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO
myremote       cloud.example.com    NO      NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
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
  myremote:
    URI: cloud.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        world.home_listing(),
        [
            ".apptainer",
            ".apptainer/remote.yaml",
            ".apptainer/remote.yaml.lock"
        ]
    );
}

#[test]
fn a_name_is_taken_once() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login x x.example.com",
            "remote add --no-login x y.example.com",
            "remote add --no-login DefaultRemote y.example.com",
        ]),
        str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote add --no-login x y.example.com
------- stderr -------
FATAL:   x is already a remote
[exit status: 255]
$ portolan remote add --no-login DefaultRemote y.example.com
------- stderr -------
FATAL:   DefaultRemote is already a remote
         It is defined for all users in $ETC/apptainer/remote.yaml; choose another name.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn sylabs_cloud_is_known_by_name() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login SylabsCloud",
            "remote use SylabsCloud",
            "remote list",
            "remote add --no-login unknown",
        ]),
        str![[r#"
$ portolan remote add --no-login SylabsCloud
------- stderr -------
INFO:    Remote "SylabsCloud" added.
$ portolan remote use SylabsCloud
------- stderr -------
INFO:    Remote "SylabsCloud" now in use.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  NO      YES     NO
SylabsCloud    cloud.sylabs.io      YES     NO      NO

Keyservers
==========

URI                     GLOBAL  INSECURE  ORDER
https://keys.sylabs.io  YES     NO        1*

* Active cloud services keyserver
$ portolan remote add --no-login unknown
------- stderr -------
Error for command "add": no address is known for unknown: give it after the name

Usage: portolan remote add [OPTIONS] <NAME> <URI>

Known by name: SylabsCloud, DefaultRemote.

For more information, try '--help'.
[exit status: 1]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_for_everybody_keeps_the_default_of_a_fresh_machine() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "remote add --global company-remote https://localhost:19444",
            "remote list"
        ]),
        str![[r#"
$ portolan remote add --global company-remote https://localhost:19444
------- stderr -------
INFO:    Remote "company-remote" added.
INFO:    Global option detected. Will not automatically log into remote.
$ portolan remote list
Cloud Services Endpoints
========================

NAME            URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote   cloud.apptainer.org  YES     YES     NO
company-remote  localhost:19444      NO      YES     NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
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
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn http_needs_the_word_insecure() {
    let mut world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login a http://a.example.com",
            "remote add --no-login --insecure a http://a.example.com",
            "remote add --no-login -i b https://b.example.com",
            "remote add --no-login c --insecure=true http://c.example.com",
        ]),
        str![[r#"
$ portolan remote add --no-login a http://a.example.com
------- stderr -------
FATAL:   http URI requires --insecure or APPTAINER_ADD_INSECURE=true
[exit status: 255]
$ portolan remote add --no-login --insecure a http://a.example.com
------- stderr -------
INFO:    Remote "a" added.
$ portolan remote add --no-login -i b https://b.example.com
------- stderr -------
INFO:    --insecure ignored for https remote
INFO:    Remote "b" added.
$ portolan remote add --no-login c --insecure=true http://c.example.com
------- stderr -------
INFO:    Remote "c" added.
[EOF]

"#]]
        .raw()
    );
    world.set("APPTAINER_ADD_INSECURE", "maybe");
    assert_data_eq!(
        world.session(&["remote add --no-login d http://d.example.com"]),
        str![[r#"
$ portolan remote add --no-login d http://d.example.com
------- stderr -------
Error for command "add": APPTAINER_ADD_INSECURE is "maybe", and must be true or false
[exit status: 1]
[EOF]

"#]]
        .raw()
    );
    world.set("APPTAINER_ADD_INSECURE", "true");
    assert_data_eq!(
        world.session(&["remote add --no-login d http://d.example.com"]),
        str![[r#"
$ portolan remote add --no-login d http://d.example.com
------- stderr -------
INFO:    Remote "d" added.
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
  a:
    URI: a.example.com
    System: false
    Exclusive: false
    Insecure: true
  b:
    URI: b.example.com
    System: false
    Exclusive: false
  c:
    URI: c.example.com
    System: false
    Exclusive: false
    Insecure: true
  d:
    URI: d.example.com
    System: false
    Exclusive: false
    Insecure: true
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_cannot_be_added_writes_nothing() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote add --no-login x ftp://x.example.com",
            "remote add --no-login x :",
            "remote add --no-login x ..",
            "remote add --no-login x h:99999",
            "remote add --no-login x ",
            "remote add --no-login  x.example.com",
        ]),
        str![[r#"
$ portolan remote add --no-login x ftp://x.example.com
------- stderr -------
FATAL:   invalid URI "ftp://x.example.com": an endpoint is reached by https or http, not ftp
[exit status: 255]
$ portolan remote add --no-login x :
------- stderr -------
FATAL:   parse ":": missing protocol scheme
[exit status: 255]
$ portolan remote add --no-login x ..
------- stderr -------
FATAL:   invalid URI "..": dots alone are no host
[exit status: 255]
$ portolan remote add --no-login x h:99999
------- stderr -------
FATAL:   parse "h:99999": invalid port ":99999" after host
[exit status: 255]
$ portolan remote add --no-login x 
------- stderr -------
FATAL:   invalid URI: cannot have empty URI
[exit status: 255]
$ portolan remote add --no-login  x.example.com
------- stderr -------
FATAL:   invalid name: cannot have empty name
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    for name in [" x", "x ", "a\nb", "\u{1b}[31mred"] {
        let run = world.run(&["remote", "add", "--no-login", name, "x.example.com"]);
        assert_eq!(run.code, Some(255), "{name:?}");
        assert!(
            run.stderr.starts_with("FATAL:   invalid name "),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains(['\u{1b}']), "{}", run.stderr);
    }
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn a_broken_system_file_does_not_stop_a_user() {
    let world = World::new();
    world.write_system("Active: DefaultRemote\nExtra: 1\n");
    assert_data_eq!(
        world.session(&["remote add --no-login x x.example.com", "remote remove x", "remote list"]),
        str![[r#"
$ portolan remote add --no-login x x.example.com
------- stderr -------
WARNING: The system's remotes are not known: while parsing remote config data: $ETC/apptainer/remote.yaml:2:1: unknown key "Extra"
Extra: ***
^
its keys are Active, Remotes and Credentials
INFO:    Remote "x" added.
$ portolan remote remove x
------- stderr -------
WARNING: The system's remotes are not known: while parsing remote config data: $ETC/apptainer/remote.yaml:2:1: unknown key "Extra"
Extra: ***
^
its keys are Active, Remotes and Credentials
INFO:    Remote "x" removed.
$ portolan remote list
------- stderr -------
FATAL:   while parsing remote config data: $ETC/apptainer/remote.yaml:2:1: unknown key "Extra"
Extra: ***
^
its keys are Active, Remotes and Credentials
[exit status: 255]
[EOF]

"#]].raw()
    );
}

#[test]
fn a_named_file_takes_the_place_of_the_users() {
    let world = World::shipped();
    assert_data_eq!(
        world.session(&[
            "remote -c $HOME/other.yaml add --no-login x x.example.com",
            "remote -c $HOME/other.yaml list",
            "remote list",
            "remote -c $HOME/none/other.yaml add --no-login x x.example.com",
            "remote -c $ETC/apptainer/remote.yaml add --no-login x x.example.com",
        ]),
        str![[r#"
$ portolan remote -c $HOME/other.yaml add --no-login x x.example.com
------- stderr -------
INFO:    Remote "x" added.
$ portolan remote -c $HOME/other.yaml list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO
x              x.example.com        NO      NO      NO

Keyservers
==========

URI                       GLOBAL  INSECURE  ORDER
https://keys.openpgp.org  YES     NO        1*

* Active cloud services keyserver
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
$ portolan remote -c $HOME/none/other.yaml add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: open $HOME/none/other.yaml: no such file or directory
[exit status: 255]
$ portolan remote -c $ETC/apptainer/remote.yaml add --no-login x x.example.com
------- stderr -------
FATAL:   $ETC/apptainer/remote.yaml is the system's file
         Change it with --global, without -c.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.home().join("other.yaml")),
        str![[r#"
600
Active: ""
Remotes:
  x:
    URI: x.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), ["other.yaml", "other.yaml.lock"]);
}

#[test]
fn every_name_that_a_person_may_choose_survives() {
    let world = World::shipped();
    let long = "n".repeat(300);
    let names = [
        "yes",
        "123",
        "1e3",
        "0x1f",
        "~",
        "null",
        "=",
        "<<",
        "2001-01-01",
        "1:30",
        "#x",
        "a: b",
        "it's",
        "日本",
        "🦀",
        "- x",
        &long,
    ];
    for name in names {
        let added = world.run(&["remote", "add", "--no-login", "--", name, "x.example.com"]);
        assert_eq!(added.code, Some(0), "{name}: {added}");
    }
    let listed = world.run(&["remote", "list"]).stdout;
    for name in names {
        assert!(
            listed.lines().any(|line| line.starts_with(name)),
            "{name}\n{listed}"
        );
        assert_eq!(
            world.run(&["remote", "use", "--", name]).code,
            Some(0),
            "{name}"
        );
        assert_eq!(
            world.run(&["remote", "remove", "--", name]).code,
            Some(0),
            "{name}"
        );
    }
}

#[test]
fn with_use_it_is_added_and_active_in_one_change_or_not_at_all() {
    let world = World::shipped();
    let run = world.run(&["remote", "add", "--use", "--no-login", "x", "x.example.com"]);
    let said = "INFO:    Remote \"x\" added.\nINFO:    Remote \"x\" now in use.\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), said));
    assert!(world.file(&world.user_file()).contains("Active: x\n"));
    world
        .write_system("Active: c\nRemotes: {c: {URI: c.example, System: true, Exclusive: true}}\n");
    let run = world.run(&["remote", "add", "--use", "--no-login", "y", "y.example.com"]);
    assert!(
        run.code == Some(255) && run.stderr.contains("could not use y"),
        "{run}"
    );
    assert!(!world.file(&world.user_file()).contains("y.example.com"));
}

#[test]
fn an_option_that_can_not_be_used_is_refused() {
    let world = World::shipped();
    for options in [
        &["--no-login", "--tokenfile", "f"][..],
        &["--no-login", "--password-stdin"],
        &["--tokenfile", "f", "--password-stdin"],
        &["--global", "--tokenfile", "f"],
        &["--global", "--use"],
        &["--use", "--no-default"],
    ] {
        let run = world.run(&[&["remote", "add"], options, &["x", "x.example.com"]].concat());
        assert_eq!(run.code, Some(1), "{options:?}: {run}");
        assert!(run.stderr.contains("cannot be used with"), "{run}");
    }
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn a_name_that_looks_like_the_address_is_warned_of_and_asked_about_at_a_terminal() {
    let world = World::shipped();
    let words = ["remote", "add", "--no-login", "localhost:21443", "other"];
    let run = world.run(&words);
    let said = "WARNING: localhost:21443 is the name of the remote, and other its address: is that meant?\nINFO:    Remote \"localhost:21443\" added.\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), said));
}

#[test]
fn a_registry_needs_no_remote() {
    let world = World::shipped();
    let run = world.run(&["remote", "add", "x", "docker://ghcr.io/team"]);
    assert_eq!(run.code, Some(255), "{run}");
    let way = "A registry needs no remote. To log in to it:\n           portolan registry login docker://ghcr.io/team\n";
    assert!(run.stderr.ends_with(way), "{run}");
}

#[test]
fn advice_means_the_files_of_the_run() {
    let world = World::shipped();
    let run = world.run(&[
        "--command",
        "singularity",
        "remote",
        "rename",
        "SylabsCloud",
        "mine",
    ]);
    assert!(
        run.stderr.ends_with("\n           sudo portolan --command singularity --sysconfdir $ETC remote rename --global SylabsCloud mine\n"),
        "{run}"
    );
    let file = world.home().join("own.yaml");
    let run = world.run(&["remote", "-c", file.to_str().unwrap(), "login", "nosuch"]);
    assert!(
        run.stderr
            .contains("\n           portolan remote -c $HOME/own.yaml add nosuch <URI>\n"),
        "{run}"
    );
}

#[test]
fn an_address_in_the_place_of_the_name_is_asked_about_and_warned_of_where_nobody_answers() {
    let world = World::shipped();
    let words = ["remote", "add", "--no-login", "localhost:21443", "other"];
    let question = "localhost:21443 is the name of the remote, and other its address";
    for (answer, is_added) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let mut terminal = Terminal::new();
        let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
        world.surround(&mut command);
        command.args(words);
        terminal.start(command);
        terminal.expect(&format!("{question}. Go on? [N/y] "));
        terminal.send(answer);
        assert_eq!(terminal.wait().code(), Some(0), "{answer:?}");
        let list = world.run(&["remote", "list", "--names"]).stdout;
        assert_eq!(
            list.contains("localhost:21443"),
            is_added,
            "{answer:?}: {list}"
        );
    }
    assert_eq!(
        world.run(&["remote", "remove", "localhost:21443"]).code,
        Some(0)
    );
    let run = world.run(&words);
    let said = format!(
        "WARNING: {question}: is that meant?\nINFO:    Remote \"localhost:21443\" added.\n"
    );
    assert_eq!((run.code, run.stderr), (Some(0), said));
}
