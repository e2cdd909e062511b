//! How findings look, and how the command ends.

use snapbox::{IntoData as _, assert_data_eq, str};

use super::{SYSTEM, clean, user};
use crate::support::schema;

#[test]
fn a_clean_world_is_one_line() {
    assert_data_eq!(clean().session(&["remote doctor --offline"]), str![[r#"
$ portolan remote doctor --offline
No problems found. Looked at $HOME/.apptainer/remote.yaml, $HOME/.apptainer/docker-config.json, $ETC/apptainer/remote.yaml; no server was asked.
[EOF]

"#]].raw());
}

#[test]
fn findings_stand_by_their_severity_with_what_they_break_and_what_fixes_them() {
    let world = clean();
    world.write_user(
        user().replacen("Active: mine", "Active: nobody", 1)
            + "- URI: https://other.example.com\n  Auth: x\n",
    );
    world.write_system(SYSTEM.replacen("company.example.com", "new.example.com", 1));
    assert_data_eq!(world.session(&["remote doctor --offline"]), str![[r#"
$ portolan remote doctor --offline
ERROR $HOME/.apptainer/remote.yaml:1: Active names nobody, which is no remote; there are company, mine
      Commands that name no remote fail. [active-unknown]
      To fix it: portolan remote use NAME

WARNING $HOME/.apptainer/remote.yaml:9: your token for company is for company.example.com; the remote is now at new.example.com
      The token is not sent, and you are not logged in. [token-moved]
      To fix it: portolan remote login company

NOTE $HOME/.apptainer/remote.yaml:15: no remote has the keyserver https://other.example.com
      The secret is in your file, and no command uses it. [keyserver-login-unused]
      To fix it: portolan remote logout https://other.example.com

Found 1 error, 1 warning, 1 note. Looked at $HOME/.apptainer/remote.yaml, $HOME/.apptainer/docker-config.json, $ETC/apptainer/remote.yaml; no server was asked.
------- stderr -------
FATAL:   1 error was found
[exit status: 255]
[EOF]

"#]].raw());
}

#[test]
fn a_script_gets_the_same_as_json() {
    let world = clean();
    world.write_system(SYSTEM.replacen("company.example.com", "new.example.com", 1));
    assert_data_eq!(
        world.session(&["remote doctor --offline --json"]),
        str![[r#"
$ portolan remote doctor --offline --json
{
  "schema": "portolan.remote-doctor/1",
  "findings": [
    {
      "severity": "warning",
      "code": "token-moved",
      "subject": "company",
      "file": "$HOME/.apptainer/remote.yaml",
      "line": 9,
      "message": "your token for company is for company.example.com; the remote is now at new.example.com",
      "effect": "The token is not sent, and you are not logged in.",
      "fix": "portolan remote login company",
      "fixable": false
    }
  ],
  "errors": 0,
  "warnings": 1,
  "notes": 0,
  "checked": {
    "files": [
      "$HOME/.apptainer/remote.yaml",
      "$HOME/.apptainer/docker-config.json",
      "$ETC/apptainer/remote.yaml"
    ],
    "stores": [],
    "servers": [],
    "offline": true
  }
}
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn warnings_count_only_where_it_is_strict() {
    let world = clean();
    let code = |words: &[&str]| {
        world
            .run(&[&["remote", "doctor", "--offline"], words].concat())
            .code
    };
    assert_eq!((code(&[]), code(&["--strict"])), (Some(0), Some(0)));
    // a note
    world.write_user(user().replacen("System: false\n", "System: false\n    Insecure: false\n", 1));
    assert_eq!((code(&[]), code(&["--strict"])), (Some(0), Some(0)));
    // a warning
    world.write_user(user() + "- URI: docker://other.example.com\n");
    assert_eq!((code(&[]), code(&["--strict"])), (Some(0), Some(3)));
    assert_eq!(
        (code(&["--json"]), code(&["--json", "--strict"])),
        (Some(0), Some(3))
    );
    // an error
    world.write_user(user().replacen("Active: mine", "Active: nobody", 1));
    assert_eq!(
        (code(&[]), code(&["--strict"]), code(&["--json"])),
        (Some(255), Some(255), Some(255))
    );
}

#[test]
fn after_a_fix_the_rest_decides_the_exit_code() {
    let world = clean();
    world.set_mode(&world.user_file(), 0o644);
    assert_eq!(
        world.run(&["remote", "doctor", "--offline"]).code,
        Some(255)
    );
    assert_eq!(
        world
            .run(&["remote", "doctor", "--offline", "--fix", "--strict"])
            .code,
        Some(0)
    );
}

#[test]
fn commands_are_advised_for_the_files_at_hand_and_any_name() {
    let world = clean();
    world.write_user("Remotes:\n  'a; b': {URI: a.example.com, System: true}\n  -x: {URI: '..'}\n");
    let run = world.run(&[
        "remote",
        "-c",
        ".apptainer/remote.yaml",
        "doctor",
        "--offline",
    ]);
    assert!(
        run.stdout
            .contains("portolan remote -c .apptainer/remote.yaml remove 'a; b'\n"),
        "{run}"
    );
    assert!(
        run.stdout
            .contains("portolan remote -c .apptainer/remote.yaml set-url -- -x URI\n"),
        "{run}"
    );
}

#[test]
fn no_secret_is_shown() {
    let world = clean();
    world.write_user(
        "Remotes:\n  g: {URI: g.example.com, System: true, Token: SECRET}\n  company: {URI: c.example.com, Token: SECRET}\n\
         Credentials:\n- {URI: 'https://other.example.com', Auth: SECRET}\n- {URI: 'hkps://other.example.com', Auth: SECRET2}\n",
    );
    world.write_system(format!(
        "{SYSTEM}Credentials:\n- {{URI: 'https://k.example.com', Auth: SECRET}}\n"
    ));
    for words in [
        &["-d", "remote", "doctor", "--offline"][..],
        &["remote", "doctor", "--offline", "--json", "--fix"],
    ] {
        let run = world.run(words);
        assert!(!run.to_string().contains("SECRET"), "{run}");
    }
}

#[test]
fn the_schema_describes_what_is_printed() {
    let world = clean();
    world.write_user(user() + "- URI: docker://other.example.com\n");
    let shown = schema::view(
        &world
            .run(&["remote", "doctor", "--offline", "--json"])
            .stdout,
    );
    assert_eq!(shown["findings"].as_array().unwrap().len(), 1, "{shown}");
}
