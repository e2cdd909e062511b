//! The examples in docs/fleet: what they say works.

use std::fs;
use std::path::PathBuf;

use crate::support::world::World;

fn example(name: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fleet")).join(name);
    fs::read_to_string(path).unwrap()
}

/// The commands of an example, as words behind `portolan`, about the wanted state in this world.
fn commands(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| {
        let (_, command) = line
            .split_once("portolan remote apply")
            .or_else(|| line.split_once("portolan, remote, apply,"))?;
        let command = command
            .trim_end_matches([',', ']'])
            .trim_end_matches('\'')
            .replace(", ", " ");
        let rest = command.split_whitespace().map(|word| match word {
            "/etc/portolan-company.yaml" => "company.yaml".to_owned(),
            word => word.to_owned(),
        });
        Some(
            ["remote", "apply"]
                .map(str::to_owned)
                .into_iter()
                .chain(rest)
                .collect(),
        )
    };
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(words)
        .collect()
}

/// Runs a command with the wanted state on its standard input, too.
fn run(world: &World, command: &[String], state: &str) -> Option<i32> {
    world
        .run_with_input(
            &command.iter().map(String::as_str).collect::<Vec<_>>(),
            state,
        )
        .code
}

#[test]
fn the_commands_of_every_example_make_the_state_and_then_find_it() {
    for (name, state) in [
        ("remotes.pp", example("company.yaml")),
        ("cloud-config.yaml", inline_state()),
    ] {
        let found = commands(&example(name));
        assert!(!found.is_empty(), "{name}");
        let world = World::shipped();
        fs::write(world.home().join("company.yaml"), &state).unwrap();
        for command in &found {
            let is_check = command.iter().any(|word| word == "--check");
            let before = run(
                &world,
                &["remote", "export", "--global"].map(str::to_owned),
                "",
            );
            assert_eq!(before, Some(0));
            if is_check {
                assert_eq!(run(&world, command, &state), Some(2), "{name}: {command:?}");
            }
        }
        for command in &found {
            assert!(
                matches!(run(&world, command, &state), Some(0 | 2)),
                "{name}: {command:?}"
            );
        }
        for command in &found {
            run(&world, command, &state);
            assert_eq!(run(&world, command, &state), Some(0), "{name}: {command:?}");
        }
        let exported = world.run(&["remote", "export", "--global"]).stdout;
        assert!(exported.starts_with("Active: company\n"), "{exported}");
    }
}

/// The state that stands in the cloud-config.
fn inline_state() -> String {
    let text = example("cloud-config.yaml");
    let (_, after) = text.split_once("content: |\n").unwrap();
    let lines = after.lines().take_while(|line| line.starts_with("      "));
    lines.map(|line| format!("{}\n", &line[6..])).collect()
}

#[test]
fn json_is_a_state_too() {
    let world = World::shipped();
    fs::write(
        world.home().join("state.json"),
        r#"{"Active": "company", "Remotes": {"company": {"URI": "cloud.company.example", "Keyservers": [{"URI": "https://keys.company.example"}]}}}"#,
    )
    .unwrap();
    let run = world.run(&["remote", "apply", "state.json"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        world
            .run(&["remote", "apply", "--check", "state.json"])
            .code,
        Some(0)
    );
}

#[test]
fn a_user_applies_their_own_state() {
    let mut world = World::shipped();
    world.as_ordinary_user();
    let state = world.home().join("state.yaml");
    fs::write(
        &state,
        "Active: mine\nRemotes:\n  mine:\n    URI: mine.example.com\n",
    )
    .unwrap();
    world.give_away(&state);
    assert_eq!(world.run(&["remote", "apply", "state.yaml"]).code, Some(0));
    assert!(
        world
            .run(&["remote", "list", "--names"])
            .stdout
            .ends_with("mine\n")
    );
}
