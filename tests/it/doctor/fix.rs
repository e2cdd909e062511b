//! `remote doctor --fix`: fixes what loses nothing, says it, and shows what is left.

use std::fs;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::{SYSTEM, clean, found, user};
use crate::support::world::World;

fn litter(world: &World, name: &str, text: &str) {
    let path = world.home().join(".apptainer").join(name);
    fs::write(&path, text).unwrap();
    world.set_mode(&path, 0o600);
    world.age(&path);
}

#[test]
fn what_loses_nothing_is_fixed_and_told() {
    let world = clean();
    world.write_user(
        user().replacen(
            "Remotes:\n",
            "Remotes:\n  old: {URI: old.example.com, System: true}\n",
            1,
        ) + "- URI: docker://registry.example.com\n- URI: docker://dead.example.com\n",
    );
    world.set_mode(&world.user_file(), 0o644);
    world.set_mode(&world.home().join(".apptainer"), 0o755);
    litter(&world, ".docker-config.json.portolan-new", "half of it");
    assert_data_eq!(
        world.session(&["remote doctor --offline --fix", "remote doctor --offline --fix"]),
        str![[r#"
$ portolan remote doctor --offline --fix
No problems found. Looked at $HOME/.apptainer/remote.yaml, $HOME/.apptainer/docker-config.json, $ETC/apptainer/remote.yaml; no server was asked.
------- stderr -------
INFO:    Changed the mode of $HOME/.apptainer from 755 to 700
INFO:    Changed the mode of $HOME/.apptainer/remote.yaml from 644 to 600
INFO:    Removed $HOME/.apptainer/.docker-config.json.portolan-new
INFO:    Dropped the second entry of the login to docker://registry.example.com
INFO:    Dropped the login to docker://dead.example.com, which had no secret
INFO:    Removed old (old.example.com), which the system does not have any more
$ portolan remote doctor --offline --fix
No problems found. Looked at $HOME/.apptainer/remote.yaml, $HOME/.apptainer/docker-config.json, $ETC/apptainer/remote.yaml; no server was asked.
[EOF]

"#]].raw()
    );
    assert_eq!(world.mode(&world.user_file()), "600");
    assert_eq!(world.mode(&world.home().join(".apptainer")), "700");
    let text = fs::read_to_string(world.user_file()).unwrap();
    assert!(
        !text.contains("old.example.com") && !text.contains("dead.example.com"),
        "{text}"
    );
    assert_eq!(
        text.matches("docker://registry.example.com").count(),
        1,
        "{text}"
    );
    assert!(
        !world
            .home_listing()
            .iter()
            .any(|name| name.contains("portolan-new")),
        "{:?}",
        world.home_listing()
    );
}

#[test]
fn what_a_person_may_want_stays() {
    let kept = [
        user().replacen(
            "Remotes:\n",
            "Remotes:\n  old: {URI: old.example.com, System: true, Token: t}\n",
            1,
        ),
        user()
            .replacen(
                "Remotes:\n",
                "Remotes:\n  old: {URI: old.example.com, System: true}\n",
                1,
            )
            .replacen("Active: mine", "Active: old", 1),
        user() + "- URI: https://Keys.example.com\n  Auth: Basic b3RoZXI6cGFzcw==\n",
        user().replacen("    System: true\n", "    System: false\n", 1),
        user().replacen("Active: mine", "Active: nobody", 1),
    ];
    for text in kept {
        let world = clean();
        world.write_user(&text);
        let before = found(&world);
        world.run(&["remote", "doctor", "--offline", "--fix"]);
        assert_eq!(fs::read_to_string(world.user_file()).unwrap(), text);
        assert_eq!(found(&world), before);
    }
}

#[test]
fn rows_stay_while_the_file_of_their_passwords_is_away_or_broken() {
    let world = clean();
    world.write_docker_config("{");
    world.age(&world.docker_config());
    world.run(&["remote", "doctor", "--offline", "--fix"]);
    fs::remove_file(world.docker_config()).unwrap();
    world.run(&["remote", "doctor", "--offline", "--fix"]);
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), user());
}

#[test]
fn nothing_goes_while_the_systems_file_cannot_be_read() {
    let world = clean();
    let text = user().replacen(
        "Remotes:\n",
        "Remotes:\n  old: {URI: old.example.com, System: true}\n",
        1,
    ) + "- URI: docker://registry.example.com\n";
    world.write_user(&text);
    world.write_system("Active: [");
    world.age(&world.system_file());
    world.run(&["remote", "doctor", "--offline", "--fix"]);
    let after = fs::read_to_string(world.user_file()).unwrap();
    assert!(after.contains("old.example.com"), "{after}");
    assert_eq!(
        after.matches("docker://registry.example.com").count(),
        1,
        "{after}"
    );
}

#[test]
fn an_interrupted_write_is_undone() {
    let world = clean();
    let inode = {
        use std::os::unix::fs::MetadataExt as _;
        world.write_user("Active: mi");
        world.age(&world.user_file());
        fs::metadata(world.user_file()).unwrap().ino()
    };
    litter(
        &world,
        ".remote.yaml.portolan-backup",
        &format!("portolan backup of inode {inode}\n{}", user()),
    );
    let run = world.run(&["remote", "doctor", "--offline", "--fix"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        fs::read_to_string(world.user_file()).unwrap(),
        user(),
        "{run}"
    );
    assert_eq!(found(&world), [""; 0]);
}

#[test]
fn what_cannot_be_fixed_is_told_and_stays_found() {
    let mut world = clean();
    world.write_system(SYSTEM);
    world.as_ordinary_user();
    litter(&world, ".remote.yaml.portolan-new", "");
    world.give_away(&world.home());
    world.set_mode(&world.home().join(".apptainer"), 0o500);
    let run = world.run(&["remote", "doctor", "--offline", "--fix"]);
    assert!(
        run.stderr.starts_with("WARNING: Not fixed (litter): "),
        "{run}"
    );
    assert!(run.stdout.contains("[litter]"), "{run}");
}
