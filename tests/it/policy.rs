//! Ways around an exclusive remote, and that none of them leads anywhere. The policy is the system's file alone.

use crate::support::world::World;

const EXCLUSIVE: &str = "\
Active: company
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
  company:
    URI: localhost:1
    System: true
    Exclusive: true
";

/// The remotes that a list shows as active: `NAME URI`.
fn active(world: &World, words: &[&str]) -> Vec<String> {
    let listed = world.run(&[words, &["list"]].concat());
    assert_eq!(listed.code, Some(0), "{listed}");
    let rows = listed.stdout.lines().skip(4).take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row[2] == "YES")
        .map(|row| format!("{} {}", row[0], row[1]))
        .collect()
}

#[test]
fn whatever_a_users_file_says_the_exclusive_remote_is_the_active_one() {
    let files = [
        ("nothing", ""),
        ("another active remote", "Active: mine\nRemotes: {mine: {URI: evil.example.com}}\n"),
        ("the same name", "Active: company\nRemotes: {company: {URI: evil.example.com}}\n"),
        ("the same name, claimed to be the system's", "Remotes: {company: {URI: evil.example.com, System: true}}\n"),
        ("the name in another case", "Active: Company\nRemotes: {Company: {URI: evil.example.com}}\n"),
        ("the name with a blank", "Active: \"company \"\nRemotes: {\"company \": {URI: evil.example.com}}\n"),
        ("an exclusive one of its own", "Active: mine\nRemotes: {mine: {URI: evil.example.com, Exclusive: true}}\n"),
        ("an exclusive ghost", "Active: old\nRemotes: {old: {URI: evil.example.com, System: true, Exclusive: true}}\n"),
        ("the exclusive one not exclusive", "Remotes: {company: {URI: localhost:1, System: true, Exclusive: false}}\n"),
        ("keyservers for the exclusive one", "Remotes: {company: {System: true, Keyservers: [{URI: https://evil}]}}\n"),
    ];
    for (trick, text) in files {
        let world = World::new();
        world.write_system(EXCLUSIVE);
        world.write_user(text);
        assert_eq!(active(&world, &["remote"]), ["company localhost:1"], "{trick}");
        let listed = world.run(&["remote", "list"]);
        assert!(!listed.stdout.contains("https://evil"), "{trick}: {listed}");
        let named = world.home().join(".apptainer/remote.yaml");
        assert_eq!(active(&world, &["remote", "-c", named.to_str().unwrap()]), ["company localhost:1"], "{trick}");
        for name in ["mine", "DefaultRemote", "Company", "company ", "old"] {
            let used = world.run(&["remote", "use", name]);
            assert_eq!(used.code, Some(255), "{trick}: use {name:?}\n{used}");
        }
        let status = world.run(&["remote", "status"]);
        assert!(status.stderr.contains("https://localhost:1/"), "{trick}: the exclusive one is asked\n{status}");
    }
}

#[test]
fn a_user_can_neither_change_the_policy_nor_be_made_to_lose_it() {
    let mut world = World::new();
    world.write_system(EXCLUSIVE);
    let refused = world.run(&["remote", "add", "--no-login", "company", "evil.example.com"]);
    assert!(refused.stderr.starts_with("FATAL:   company is already a remote\n"), "{refused}");
    let system = world.system_file();
    let by_name = world.run(&["remote", "-c", system.to_str().unwrap(), "add", "--no-login", "x", "evil.example.com"]);
    assert_eq!(by_name.code, Some(255), "{by_name}");
    assert_eq!(active(&world, &["remote"]), ["company localhost:1"]);

    // A policy that can't be read is not taken for absent.
    world.write_system("Active: company\nRemotes: {company: {URI: localhost:1, Exclusive: maybe}}\n");
    for command in [&["remote", "list"][..], &["remote", "use", "DefaultRemote"], &["remote", "status"]] {
        assert_eq!(world.run(command).code, Some(255), "{command:?}");
    }

    // Nor does the environment lead past it.
    world.write_system(EXCLUSIVE);
    world.set("APPTAINER_CONFIGDIR", world.root().join("elsewhere"));
    assert_eq!(active(&world, &["remote"]), ["company localhost:1"]);
}

#[test]
fn an_administrator_lifts_it_and_everybody_is_free_again() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    world.write_user("Active: mine\nRemotes: {mine: {URI: mine.example.com}}\n");
    assert_eq!(world.run(&["remote", "use", "--global", "DefaultRemote"]).code, Some(0));
    assert_eq!(active(&world, &["remote"]), ["mine mine.example.com"]);
}
