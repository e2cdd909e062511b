//! Ways around an exclusive remote, and that none of them leads anywhere. The policy is the system's file alone.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::authority;
use crate::support::endpoint::{DISCOVERY, endpoint, good};
use crate::support::server::Server;
use crate::support::world::{Finished, SHIPPED, World};

/// What the administrator wants: one remote, its keyserver, and no other.
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
    Keyservers:
    - URI: https://keys.company.example
      External: true
";

/// Names that look like the exclusive remote's, or are the user's own.
const OTHERS: [&str; 11] = [
    "-",
    "mine",
    "DefaultRemote",
    "Company",
    "COMPANY",
    "company ",
    " company",
    "company\u{a0}",
    "company\u{200b}",
    "соmpany",
    "old",
];

/// A way around, and the words that take it: before the command's own, and those of a program that runs it.
struct Way {
    what: &'static str,
    /// The user's file, with `EVIL` for a server of the user's.
    file: &'static str,
    arrange: fn(&mut World),
    words: &'static [&'static str],
    runner: &'static [&'static str],
}

const PLAIN: Way = Way {
    what: "",
    file: MINE,
    arrange: |_| {},
    words: &[],
    runner: &[],
};
const MINE: &str = "Active: mine\nRemotes: {mine: {URI: EVIL, Token: TOKEN, Keyservers: [{URI: 'https://evil'}]}}\n";

/// A user's file of its own.
const fn file(what: &'static str, file: &'static str) -> Way {
    Way {
        what,
        file,
        ..PLAIN
    }
}

const WAYS: [Way; 27] = [
    file("no file's worth of tricks", ""),
    file("another active remote", MINE),
    file(
        "the same name",
        "Active: company\nRemotes: {company: {URI: EVIL, Token: TOKEN}}\n",
    ),
    file(
        "the same name, claimed to be the system's",
        "Remotes: {company: {URI: EVIL, Token: TOKEN, System: true}}\n",
    ),
    file(
        "the same name, exclusive itself",
        "Active: company\nRemotes: {company: {URI: EVIL, Token: TOKEN, System: true, Exclusive: true}}\n",
    ),
    file(
        "the name in another case",
        "Active: Company\nRemotes: {Company: {URI: EVIL, Token: TOKEN}}\n",
    ),
    file(
        "the name with a blank",
        "Active: \"company \"\nRemotes: {\"company \": {URI: EVIL, Token: TOKEN}}\n",
    ),
    file(
        "the name with a hidden character",
        "Active: \"company\\u200b\"\nRemotes: {\"company\\u200b\": {URI: EVIL}}\n",
    ),
    file(
        "a name that looks the same",
        "Active: соmpany\nRemotes: {соmpany: {URI: EVIL, Token: TOKEN}}\n",
    ),
    file(
        "an exclusive one of its own",
        "Active: mine\nRemotes: {mine: {URI: EVIL, Token: TOKEN, Exclusive: true}}\n",
    ),
    file(
        "an exclusive ghost",
        "Active: old\nRemotes: {old: {URI: EVIL, Token: TOKEN, System: true, Exclusive: true}}\n",
    ),
    file(
        "the exclusive one not exclusive",
        "Remotes: {company: {URI: 'localhost:1', System: true, Exclusive: false}}\n",
    ),
    file(
        "other keyservers for the exclusive one",
        "Remotes: {company: {URI: 'localhost:1', System: true, Keyservers: [{URI: 'https://evil'}]}}\n",
    ),
    file(
        "a default that was moved",
        "Active: DefaultRemote\nRemotes: {DefaultRemote: {URI: EVIL, Token: TOKEN}}\n",
    ),
    Way {
        what: "-c with a file of tricks",
        words: &["-c", "named.yaml"],
        ..PLAIN
    },
    Way {
        what: "-c with a file that is not there",
        words: &["-c", "gone.yaml"],
        ..PLAIN
    },
    Way {
        what: "-c with an empty file",
        words: &["-c", "empty.yaml"],
        ..PLAIN
    },
    Way {
        what: "a link in the place of the user's file",
        arrange: |world| {
            fs::rename(world.user_file(), world.home().join("elsewhere.yaml")).unwrap();
            symlink("../elsewhere.yaml", world.user_file()).unwrap();
        },
        ..PLAIN
    },
    Way {
        what: "another directory",
        arrange: |world| world.set("APPTAINER_CONFIGDIR", world.home().join("other")),
        ..PLAIN
    },
    Way {
        what: "the old name of the variable",
        arrange: |world| world.set("SINGULARITY_CONFIGDIR", world.home().join("other")),
        ..PLAIN
    },
    Way {
        what: "another home",
        arrange: |world| world.set("HOME", world.home().join("other-home")),
        ..PLAIN
    },
    Way {
        what: "a home that is not there",
        arrange: |world| world.set("HOME", world.home().join("gone")),
        ..PLAIN
    },
    Way {
        what: "no home",
        arrange: |world| world.set("APPTAINER_CONFIGDIR", world.home().join("other")),
        runner: &["env", "-u", "HOME"],
        ..PLAIN
    },
    Way {
        what: "a name for the program",
        runner: &["bash", "-c", "exec -a singularity \"$@\"", "bash"],
        ..PLAIN
    },
    Way {
        what: "a choice for one command",
        arrange: |world| world.set("PORTOLAN_REMOTE", "mine"),
        ..PLAIN
    },
    Way {
        what: "the remote before",
        arrange: |world| {
            world.write_system(SHIPPED);
            for name in ["DefaultRemote", "mine", "DefaultRemote"] {
                assert_eq!(world.run(&["remote", "use", name]).code, Some(0));
            }
            world.write_system(EXCLUSIVE);
        },
        ..PLAIN
    },
    Way {
        what: "the messages turned off",
        words: &["-s"],
        ..PLAIN
    },
];

/// A world with the policy and a user who has taken this way, and the user's own server.
fn world(way: &Way, evil: &Server) -> World {
    let mut world = World::new();
    world.trust(authority::shared());
    world.write_system(EXCLUSIVE);
    let text = way
        .file
        .replace("EVIL", &format!("'{}'", evil.host()))
        .replace("TOKEN", &good());
    world.write_user(&text);
    for name in ["named.yaml", "empty.yaml"] {
        fs::write(
            world.home().join(name),
            if name == "empty.yaml" { "" } else { &text },
        )
        .unwrap();
    }
    for directory in ["other", "other-home/.apptainer"] {
        fs::create_dir_all(world.home().join(directory)).unwrap();
        fs::copy(
            world.user_file(),
            world.home().join(directory).join("remote.yaml"),
        )
        .unwrap();
    }
    (way.arrange)(&mut world);
    world
}

/// Runs a command on the way.
fn run(world: &World, way: &Way, words: &[&str]) -> Finished {
    let mut command = world.command_through(way.runner);
    command.args(&words[..1]).args(way.words).args(&words[1..]);
    world.finish(command, &format!("{}\n", good()))
}

/// The remotes that a list shows as active: `NAME URI`.
fn active(listed: &Finished) -> Vec<String> {
    assert_eq!(listed.code, Some(0), "{listed}");
    let rows = listed
        .stdout
        .lines()
        .skip(4)
        .take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row[row.len() - 3] == "YES")
        .map(|row| format!("{} {}", row[0], row[1]))
        .collect()
}

#[test]
fn no_way_leads_around_the_exclusive_remote() {
    let evil = Server::https(endpoint);
    for (number, way) in WAYS.iter().enumerate() {
        let world = world(way, &evil);
        let what = way.what;
        let list = run(&world, way, &["remote", "list"]);
        assert_eq!(active(&list), ["company localhost:1"], "{what}");
        assert!(
            list.stdout.contains("https://keys.company.example"),
            "{what}: {list}"
        );
        assert!(!list.stdout.contains("https://evil"), "{what}: {list}");
        let keyservers = run(&world, way, &["keyserver", "list"]);
        let mut groups = keyservers.stdout.trim_start().split("\n\n");
        let default = groups
            .find(|group| group.lines().next().unwrap().ends_with('^'))
            .unwrap();
        assert_eq!(
            default, "company *^\n   #1  https://keys.company.example  🔒",
            "{what}: {keyservers}"
        );
        let before = world.home_listing();
        // All names for the first way, the likely ones for the others.
        for name in OTHERS
            .iter()
            .take(if number == 0 { OTHERS.len() } else { 4 })
        {
            let used = run(&world, way, &["remote", "use", name]);
            assert_eq!(
                (used.code, used.stdout.as_str()),
                (Some(255), ""),
                "{what}: use {name:?}\n{used}"
            );
        }
        let lifted = run(&world, way, &["remote", "list"]);
        assert_eq!(
            (lifted.stdout, world.home_listing()),
            (list.stdout, before),
            "{what}: nothing was written"
        );

        for words in [&["remote", "status"][..], &["remote", "login"]] {
            let asked = run(&world, way, words);
            assert_eq!(asked.code, Some(255), "{what}: {asked}");
            // Whoever chose another one by a variable is told of the policy.
            let told = ["localhost:1/", "company has been set exclusive"]
                .iter()
                .any(|words| asked.stderr.contains(words));
            assert!(
                told || way.words.contains(&"-s"),
                "{what}: the exclusive one is asked\n{asked}"
            );
        }
        // Nothing is known of the exclusive one's user, whatever token the user's file has for another.
        assert_eq!(
            run(&world, way, &["remote", "get-login-password"]).code,
            Some(255),
            "{what}"
        );
        // A list of all keyservers asks each remote which one it has, and nothing else.
        let log = evil.log();
        let asked = log
            .iter()
            .find(|line| **line != format!("GET {DISCOVERY} [-]"));
        assert_eq!(asked, None, "{what}: the user's own server was asked");
    }
}

#[test]
fn a_broken_file_of_the_users_frees_nobody() {
    let evil = Server::https(endpoint);
    for text in [
        "Active: [",
        "Remotes: {company: }",
        "Active: mine\nRemotes: {mine: {Exclusve: true}}",
        "\0",
    ] {
        let world = world(&file("", text), &evil);
        for words in [
            &["remote", "list"][..],
            &["remote", "use", "mine"],
            &["remote", "status"],
            &["remote", "login"],
        ] {
            assert_eq!(world.run(words).code, Some(255), "{text}: {words:?}");
        }
    }
    assert_eq!(evil.connections(), 0);
}

/// A user may manage another command, or look at another system's files; what this system's Apptainer obeys stays as it is.
#[test]
fn another_system_of_the_users_is_not_this_one() {
    let evil = Server::https(endpoint);
    for (words, variable) in [
        (&["--command", "other"][..], None),
        (&["--sysconfdir", "own"], None),
        (&[], Some(("PORTOLAN_COMMAND", "other"))),
    ] {
        let mut world = world(&file("", ""), &evil);
        fs::create_dir_all(world.home().join("own/apptainer")).unwrap();
        if let Some((name, value)) = variable {
            world.set(name, value);
        }
        let uri = evil.host();
        let added = world.run(&[words, &["remote", "add", "--no-login", "mine", &uri]].concat());
        assert_eq!(added.code, Some(0), "{added}");
        let used = world.run(&[words, &["remote", "use", "mine"]].concat());
        assert_eq!(used.code, Some(0), "there is no policy over there: {used}");
        world.set("PORTOLAN_COMMAND", "apptainer");
        assert_eq!(
            active(&world.run(&["remote", "list"])),
            ["company localhost:1"],
            "{words:?}"
        );
        let status = world.run(&["remote", "status"]);
        assert!(
            status.stderr.contains("localhost:1/"),
            "{words:?}: {status}"
        );
    }
    assert_eq!(evil.connections(), 0);
}

#[test]
fn a_user_can_neither_change_the_policy_nor_be_made_to_lose_it() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    let refused = world.run(&["remote", "add", "--no-login", "company", "evil.example.com"]);
    assert!(
        refused
            .stderr
            .starts_with("FATAL:   company is already a remote\n"),
        "{refused}"
    );
    world.write_user("Remotes: {mine: {URI: evil.example.com}}\n");
    for words in [
        &["remote", "rename", "mine", "company"][..],
        &["remote", "rename", "company", "mine"],
        &["remote", "set-url", "company", "evil.example.com"],
        &["remote", "remove", "company"],
    ] {
        assert_eq!(world.run(words).code, Some(255), "{words:?}");
    }
    let system = world.system_file();
    let by_name = world.run(&[
        "remote",
        "-c",
        system.to_str().unwrap(),
        "add",
        "--no-login",
        "x",
        "evil.example.com",
    ]);
    assert_eq!(by_name.code, Some(255), "{by_name}");
    assert_eq!(
        active(&world.run(&["remote", "list"])),
        ["company localhost:1"]
    );

    // A policy that can't be read is not taken for absent.
    world.write_system(
        "Active: company\nRemotes: {company: {URI: localhost:1, Exclusive: maybe}}\n",
    );
    for command in [
        &["remote", "list"][..],
        &["remote", "use", "DefaultRemote"],
        &["remote", "status"],
    ] {
        assert_eq!(world.run(command).code, Some(255), "{command:?}");
    }
}

#[test]
fn an_administrator_lifts_it_and_everybody_is_free_again() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    world.write_user("Active: mine\nRemotes: {mine: {URI: mine.example.com}}\n");
    assert_eq!(
        world
            .run(&["remote", "use", "--global", "DefaultRemote"])
            .code,
        Some(0)
    );
    assert_eq!(
        active(&world.run(&["remote", "list"])),
        ["mine mine.example.com"]
    );
}
