//! Which logins `registry list` shows: who is logged in where, as the runtime finds it.

use std::fs;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::helpers::setup;
use crate::support::terminal::Terminal;
use crate::support::world::World;

/// Logins in the command's own file and in others.
fn world() -> World {
    let world = World::shipped();
    world.write_user(
        "Credentials:\n- URI: docker://ghcr.io\n  Insecure: false\n- URI: docker://gone.example\n  Insecure: false\n",
    );
    world.write_docker_config(
        r#"{"auths":{"ghcr.io":{"auth":"aWFuOng="},"https://index.docker.io/v1/":{"auth":"ZXZhOng="}}}"#,
    );
    for (directory, host) in [(".docker", "hidden"), (".config/containers", "podman")] {
        let directory = world.home().join(directory);
        fs::create_dir_all(&directory).unwrap();
        let text = format!(r#"{{"auths":{{"{host}.example":{{"auth":"Ym9iOng="}}}}}}"#);
        let name = if host == "podman" {
            "auth.json"
        } else {
            "config.json"
        };
        fs::write(directory.join(name), text).unwrap();
    }
    world
}

#[test]
fn every_login_that_is_used_is_listed_and_all_adds_the_others() {
    let world = world();
    assert_data_eq!(
        world.session(&["registry list"]),
        str![[r#"
$ portolan registry list

URI                 SECURE?
docker://ghcr.io    ✓
docker://docker.io  ✓
[EOF]

"#]]
        .raw()
    );
    let all = world.run(&["registry", "list", "--all"]).stdout;
    let rows: Vec<Vec<&str>> = all
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let own = "$HOME/.apptainer/docker-config.json";
    for row in [
        vec!["docker://docker.io", "✓", "eva", own, "✓"],
        vec![
            "docker://hidden.example",
            "✓",
            "bob",
            "$HOME/.docker/config.json",
        ],
        vec![
            "docker://podman.example",
            "✓",
            "bob",
            "$HOME/.config/containers/auth.json",
        ],
    ] {
        assert!(rows.contains(&row), "{all}");
    }
    let json = world.run(&["registry", "list", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let logins = json["logins"].as_array().unwrap();
    assert_eq!(logins.len(), 2);
    assert_eq!(
        (&logins[0]["account"], &logins[0]["row"], &logins[1]["row"]),
        (&"ian".into(), &true.into(), &false.into())
    );
}

#[test]
fn a_variable_hides_what_a_file_has() {
    let mut world = world();
    world.set(
        "DOCKER_AUTH_CONFIG",
        r#"{"auths":{"ghcr.io":{"auth":"ZW52Ong="}}}"#,
    );
    let account = |words: &[&str]| {
        let json: serde_json::Value = serde_json::from_str(&world.run(words).stdout).unwrap();
        json["logins"][0]["account"].clone()
    };
    assert_eq!(account(&["registry", "list", "--json"]), "env");
    let older = ["registry", "list", "--json", "--runtime", "apptainer@1.4"];
    assert_eq!(account(&older), "ian");
}

#[test]
fn a_person_sees_who_and_where() {
    let (world, _server) =
        setup(r#"{"auths":{"ghcr.io":{"auth":"aWFuOng="}},"credHelpers":{"h.example":"fake"}}"#);
    let mut terminal = Terminal::new();
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args(["registry", "list"]);
    terminal.start(command);
    terminal.wait();
    let shown = terminal.shown();
    assert!(
        shown.contains("ACCOUNT") && shown.contains("ian"),
        "{shown}"
    );
}

#[test]
fn singularity_lists_registries_in_its_own_words() {
    let mut world = world();
    world.set("PORTOLAN_COMMAND", "singularity");
    assert_data_eq!(
        world.session(&["registry list"]),
        str![[r#"
$ portolan registry list

(no registries with stored login information found)

[EOF]

"#]]
        .raw()
    );
}
