//! `remote export` and `remote apply`: a desired state, and what becomes of the file.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use serde_json::json;
use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::schema;
use crate::support::world::{SHIPPED, World};

const STATE: &str = "\
Active: company
Remotes:
  company:
    URI: company.example.com
    Keyservers:
    - URI: https://keys.example.com
    - URI: https://keys.openpgp.org
";

/// Makes a file with this text in the home, for its owner alone.
fn state(world: &World, text: &str) -> PathBuf {
    let path = world.home().join("state.yaml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn a_state_is_applied_once_and_then_it_is_there() {
    let world = World::shipped();
    state(&world, STATE);
    assert_data_eq!(
        world.session(&[
            "remote apply --check state.yaml",
            "remote apply --check --diff state.yaml",
            "remote apply state.yaml",
            "remote apply --check state.yaml",
            "remote list --names",
        ]),
        str![[r#"
$ portolan remote apply --check state.yaml
------- stderr -------
INFO:    $HOME/.apptainer/remote.yaml is not as state.yaml wants it; --diff shows where.
[exit status: 2]
$ portolan remote apply --check --diff state.yaml
--- $HOME/.apptainer/remote.yaml
+++ state.yaml
+Remotes.company.URI: company.example.com
+Remotes.company.Keyservers: https://keys.example.com, https://keys.openpgp.org
+Active: company
[exit status: 2]
$ portolan remote apply state.yaml
------- stderr -------
INFO:    Remote "company" added.
INFO:    The keyservers of company: https://keys.example.com, https://keys.openpgp.org
INFO:    Remote "company" now in use.
$ portolan remote apply --check state.yaml
------- stderr -------
INFO:    $HOME/.apptainer/remote.yaml is as state.yaml wants it.
$ portolan remote list --names
DefaultRemote
company
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
  company:
    URI: company.example.com
    System: false
    Exclusive: false
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
    - URI: https://keys.openpgp.org
      Skip: false
      External: true
      Insecure: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let world = World::shipped();
    state(&world, STATE);
    world.run(&["remote", "apply", "state.yaml"]);
    let before = fs::metadata(world.user_file()).unwrap();
    let again = world.run(&["remote", "apply", "state.yaml"]);
    let after = fs::metadata(world.user_file()).unwrap();
    assert_eq!(again.code, Some(0));
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );
}

#[test]
fn a_check_creates_and_changes_nothing() {
    let world = World::shipped();
    state(&world, STATE);
    let before = world.home_listing();
    for words in [
        &["remote", "apply", "--check", "state.yaml"][..],
        &["remote", "apply", "--check", "--global", "state.yaml"],
    ] {
        assert_eq!(world.run(words).code, Some(2), "{words:?}");
    }
    assert_eq!(world.home_listing(), before);
    assert_eq!(fs::read_to_string(world.system_file()).unwrap(), SHIPPED);
}

#[test]
fn the_systems_state_makes_policy() {
    let world = World::shipped();
    state(
        &world,
        &STATE.replacen("    URI", "    Exclusive: true\n    URI", 1),
    );
    assert_data_eq!(
        world.session(&["remote apply --global state.yaml", "remote use DefaultRemote", "remote export --global"]),
        str![[r#"
$ portolan remote apply --global state.yaml
------- stderr -------
INFO:    Remote "company" added.
INFO:    Remote "company" is the only one that users may use.
INFO:    The keyservers of company: https://keys.example.com, https://keys.openpgp.org
INFO:    Remote "company" now in use.
$ portolan remote use DefaultRemote
------- stderr -------
FATAL:   could not use DefaultRemote: remote company has been set exclusive by the system administrator
[exit status: 255]
$ portolan remote export --global
Active: company
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
  company:
    URI: company.example.com
    System: true
    Exclusive: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
    - URI: https://keys.openpgp.org
      Skip: false
      External: true
      Insecure: false
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        fs::metadata(world.system_file()).unwrap().mode() & 0o777,
        0o644
    );
}

#[test]
fn a_machine_without_the_runtime_is_set_up_too() {
    // Whose the directory above is may make it, root or not.
    let mut world = World::new();
    world.as_ordinary_user();
    world.give_away(&world.root().join("etc"));
    fs::remove_dir(world.system_file().parent().unwrap()).unwrap();
    state(&world, "Active: gone\n");
    world.give_away(&world.home());
    assert_eq!(
        world
            .run(&["remote", "apply", "--global", "state.yaml"])
            .code,
        Some(255)
    );
    assert!(
        !world.system_file().parent().unwrap().exists(),
        "what fails leaves nothing"
    );
    state(&world, STATE);
    world.give_away(&world.home());
    let run = world.run(&["remote", "apply", "--global", "state.yaml"]);
    assert_eq!(run.code, Some(0), "{run}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(
        (
            mode(&world.system_file()),
            mode(world.system_file().parent().unwrap())
        ),
        (0o644, 0o755)
    );
}

#[test]
fn pruning_removes_what_the_file_does_not_name() {
    let world = World::shipped();
    world.write_user("Active: old\nRemotes:\n  old:\n    URI: old.example.com\n    Token: secret-old\n  DefaultRemote:\n    URI: cloud.apptainer.org\n    System: true\n    Token: secret-default\nCredentials:\n- URI: https://keys.example.com\n  Auth: Basic secret-key\n");
    state(&world, STATE);
    assert_data_eq!(
        world.session(&["remote apply --prune --diff state.yaml"]),
        str![[r#"
$ portolan remote apply --prune --diff state.yaml
--- $HOME/.apptainer/remote.yaml
+++ state.yaml
+Remotes.company.URI: company.example.com
+Remotes.company.Keyservers: https://keys.example.com, https://keys.openpgp.org
-Remotes.old.URI: old.example.com
-Active: old
+Active: company
------- stderr -------
INFO:    Remote "company" added.
INFO:    The keyservers of company: https://keys.example.com, https://keys.openpgp.org
INFO:    Remote "old" removed.
INFO:    Remote "company" now in use.
[EOF]

"#]]
        .raw()
    );
    let text = world.file(&world.user_file());
    assert!(
        text.contains("secret-default")
            && text.contains("secret-key")
            && !text.contains("secret-old"),
        "{text}"
    );
}

#[test]
fn an_export_is_a_state_without_secrets_and_changes_nothing() {
    let world = World::shipped();
    world.write_user("Active: mine\nRemotes:\n  mine:\n    URI: mine.example.com/\n    Token: secret\n    Insecure: true\n    Keyservers:\n    - URI: hkps://Keys.example.com\n      External: true\n    - URI: https://internal.example.com\n  DefaultRemote:\n    URI: cloud.apptainer.org\n    System: true\n    Token: secret\nCredentials:\n- URI: docker://docker.io\n  Insecure: false\n");
    let exported = world.run(&["remote", "export"]).stdout;
    assert!(
        !exported.contains("secret")
            && !exported.contains("docker.io")
            && !exported.contains("DefaultRemote"),
        "{exported}"
    );
    state(&world, &exported);
    for words in [
        &["remote", "apply", "--check", "state.yaml"][..],
        &["remote", "apply", "--check", "--prune", "state.yaml"],
    ] {
        assert_eq!(world.run(words).code, Some(0), "{words:?}\n{exported}");
    }
    let piped = world.run_with_input(&["remote", "apply", "--check", "-"], &exported);
    assert_eq!(piped.code, Some(0), "{piped}");
}

#[test]
fn tokens_are_applied_only_when_that_is_wanted_and_nobody_else_could_read_them() {
    let world = World::shipped();
    let text = STATE.replacen("    URI", "    Token: given\n    URI", 1);
    let path = state(&world, &text);
    let refused = world.run(&["remote", "apply", "state.yaml"]);
    assert_eq!(
        refused.stderr,
        "FATAL:   state.yaml:4: the token of company is not applied without --with-tokens\n"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = world.run(&["remote", "apply", "--with-tokens", "state.yaml"]);
    assert!(
        refused
            .stderr
            .starts_with("FATAL:   state.yaml has tokens, and others can read it (mode 644)\n"),
        "{refused}"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let applied = world.run(&["remote", "apply", "--with-tokens", "--diff", "state.yaml"]);
    assert!(
        applied.stdout.contains("+Remotes.company.Token: a token\n"),
        "{applied}"
    );
    assert!(!applied.to_string().contains("given"), "{applied}");
    assert!(world.file(&world.user_file()).contains("Token: given\n"));
}

#[test]
fn a_token_goes_when_its_remote_goes_to_another_host() {
    let world = World::shipped();
    world.write_user(
        "Active: company\nRemotes:\n  company:\n    URI: old.example.com\n    Token: secret\n",
    );
    state(
        &world,
        "Remotes:\n  company:\n    URI: company.example.com\n",
    );
    assert_data_eq!(
        world.session(&["remote apply state.yaml"]),
        str![[r#"
$ portolan remote apply state.yaml
------- stderr -------
INFO:    Remote "company" is now at "company.example.com".
INFO:    The token for company was removed. To log in again:
           portolan remote login company
[EOF]

"#]]
        .raw()
    );
    assert!(!world.file(&world.user_file()).contains("secret"));
}

#[test]
fn what_can_not_be_applied_changes_nothing_and_is_told() {
    let world = World::shipped();
    let before = "Active: mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    System: false\n    Exclusive: false\n";
    world.write_user(before);
    let cases = [
        ("Active: gone\n", "FATAL:   gone is not a remote\n"),
        (
            "Remotes:\n  new:\n    Insecure: true\n",
            "FATAL:   new has no URI, and is not there yet\n",
        ),
        (
            "Remotes:\n  new:\n    URI: ftp://x\n",
            "FATAL:   state.yaml:3: ",
        ),
        (
            "Remotes:\n  new:\n    Uri: x.example.com\n",
            "FATAL:   state.yaml:",
        ),
        (
            "Remotes:\n  DefaultRemote:\n    URI: x.example.com\n",
            "FATAL:   DefaultRemote is already a remote\n         It is defined for all users in $ETC/apptainer/remote.yaml: leave DefaultRemote out, or apply with --global.\n",
        ),
        (
            "Remotes:\n  mine:\n    Exclusive: true\n",
            "FATAL:   mine can be exclusive for all users only\n         Apply it with --global.\n",
        ),
        (
            "Remotes: {}\nCredentials:\n- URI: docker://x\n",
            "FATAL:   state.yaml:3: a login is no part of a state: remote login stores it\n",
        ),
        (
            "Active: mine\n---\nActive: other\n",
            "FATAL:   state.yaml:1: a second document begins below: a state is one\n",
        ),
        ("Remotes: [\n", "FATAL:   state.yaml:"),
    ];
    for (text, said) in cases {
        state(&world, text);
        let run = world.run(&["remote", "apply", "state.yaml"]);
        assert!(run.stderr.starts_with(said), "{text}{run}");
        assert_eq!((run.stdout.as_str(), run.code), ("", Some(255)), "{text}");
        assert_eq!(
            fs::read_to_string(world.user_file()).unwrap(),
            before,
            "{text}"
        );
    }
    let gone = world.run(&["remote", "apply", "nowhere.yaml"]);
    assert_eq!(
        (gone.stderr.as_str(), gone.code),
        ("FATAL:   nowhere.yaml: there is no such file\n", Some(255))
    );
}

#[test]
fn an_exclusive_remote_can_not_be_left_by_a_state() {
    let world = World::new();
    world.write_system("Active: d\nRemotes:\n  d:\n    URI: d.example.com\n    System: true\n    Exclusive: true\n");
    state(
        &world,
        "Active: mine\nRemotes:\n  mine:\n    URI: mine.example.com\n",
    );
    let run = world.run(&["remote", "apply", "state.yaml"]);
    let said = "FATAL:   could not use mine: remote d has been set exclusive by the system administrator\n";
    assert_eq!((run.stderr.as_str(), run.code), (said, Some(255)));
    assert!(!world.user_file().exists());
}

#[test]
fn what_a_state_would_do_unawares_is_refused_with_advice() {
    let exclusive = "Active: d\nRemotes:\n  d:\n    URI: d.example.com\n    System: true\n    Exclusive: true\n  e:\n    URI: e.example.com\n    System: true\n";
    let world = World::new();
    world.write_system(exclusive);
    let cases = [
        (
            &["remote", "apply", "--global", "-"][..],
            "Active: e\n",
            "FATAL:   could not use e: remote d has been set exclusive by the system administrator\n         To lift that, name d with Exclusive: false, or make it the active one.\n",
        ),
        (
            &["remote", "apply", "--global", "--prune", "-"],
            "",
            "FATAL:   without Remotes, --prune would remove every remote\n         If that is what is meant, write: Remotes: {}\n",
        ),
    ];
    for (words, text, said) in cases {
        let run = world.run_with_input(words, text);
        assert_eq!((run.stderr.as_str(), run.code), (said, Some(255)));
        assert_eq!(fs::read_to_string(world.system_file()).unwrap(), exclusive);
    }
}

#[test]
fn who_may_not_write_the_systems_file_is_refused() {
    let mut world = World::shipped();
    world.as_ordinary_user();
    fs::set_permissions(world.system_file(), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(
        world.system_file().parent().unwrap(),
        fs::Permissions::from_mode(0o555),
    )
    .unwrap();
    let path = state(&world, STATE);
    world.give_away(&path);
    let said = "FATAL:   Unable to modify global endpoint configuration file: not root user\n";
    for check in [&["state.yaml"][..], &["--check", "state.yaml"]] {
        let run = world.run(&[&["remote", "apply", "--global"], check].concat());
        assert_eq!((run.stderr.as_str(), run.code), (said, Some(255)));
    }
    fs::set_permissions(
        world.system_file().parent().unwrap(),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
}

#[test]
fn a_script_learns_whether_something_changed() {
    let world = World::shipped();
    state(&world, STATE);
    let view = |words: &[&str], code: i32| {
        let run = world.run(words);
        assert_eq!(run.code, Some(code), "{run}");
        schema::view(&run.stdout)
    };
    let checked = view(&["remote", "apply", "--json", "--check", "state.yaml"], 2);
    assert_eq!(
        (&checked["changed"], &checked["check"]),
        (&json!(false), &json!(true))
    );
    let changed = view(&["remote", "apply", "--json", "state.yaml"], 0);
    assert_eq!(changed["changes"], checked["changes"]);
    assert_eq!(changed["changed"], true);
    assert_eq!(
        changed["changes"][0],
        json!({"remote": "company", "field": "URI", "before": null, "after": "company.example.com"})
    );
    let unchanged = view(&["remote", "apply", "--json", "state.yaml"], 0);
    assert_eq!(
        (&unchanged["changed"], &unchanged["changes"]),
        (&json!(false), &json!([]))
    );
}
