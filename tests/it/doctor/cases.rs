//! Each finding that needs no server: a world that is clean but for one thing.

use std::fs;
use std::os::unix::fs::{chown, symlink};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portolan::config::checks::Code;

use super::{DOCKER_CONFIG, SYSTEM, clean, everything, found, user};
use crate::support::cloud::{now, token_until};
use crate::support::schema;
use crate::support::world::{ORDINARY, World, is_root, skip};

/// What is done to a clean world, and what is found then.
type Case = (Code, fn(&mut World), &'static [&'static str]);

fn edit_user(world: &World, from: &str, to: &str) {
    let text = user();
    assert!(text.contains(from), "{from}");
    world.write_user(text.replacen(from, to, 1));
}

fn edit_system(world: &World, from: &str, to: &str) {
    assert!(SYSTEM.contains(from), "{from}");
    world.write_system(SYSTEM.replacen(from, to, 1));
}

fn left(world: &World, name: &str, text: &str) {
    let path = world.home().join(".apptainer").join(name);
    fs::write(&path, text).unwrap();
    world.set_mode(&path, 0o600);
    world.age(&path);
}

fn legacy(world: &World) {
    fs::create_dir(world.home().join(".singularity")).unwrap();
    fs::write(world.home().join(".singularity/remote.yaml"), "").unwrap();
}

/// Docker's own file, with a login.
fn docker_file(world: &World) {
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(world.home().join(".docker/config.json"), DOCKER_CONFIG).unwrap();
}

/// The command's own file, with logins under these keys as well.
fn with_logins(world: &World, keys: &[&str]) {
    let login = |(number, key): (usize, &&str)| {
        let auth = BASE64_STANDARD.encode(format!("user{number}:x"));
        format!(r#","{key}":{{"auth":"{auth}"}}"#)
    };
    let logins: String = keys.iter().enumerate().map(login).collect();
    world.write_docker_config(DOCKER_CONFIG.replace("}}", &format!("}}{logins}}}")));
}

const CASES: &[Case] = &[
    (
        Code::FileMode,
        |world| world.set_mode(&world.user_file(), 0o640),
        &["error file-mode remote.yaml fixable"],
    ),
    (
        Code::FileMode,
        |world| world.set_mode(&world.docker_config(), 0o644),
        &["error file-mode docker-config.json fixable"],
    ),
    (
        Code::DirectoryMode,
        |world| world.set_mode(&world.home().join(".apptainer"), 0o755),
        &["warning directory-mode .apptainer fixable"],
    ),
    (
        Code::DirectoryMode,
        |world| world.set_mode(&world.home().join(".apptainer"), 0o777),
        &["error directory-mode .apptainer fixable"],
    ),
    (
        Code::DirectoryClosed,
        |world| {
            world.as_ordinary_user();
            world.set_mode(&world.home().join(".apptainer"), 0o500);
        },
        &["warning directory-closed .apptainer"],
    ),
    (
        Code::DirectoryClosed,
        |world| {
            world.as_ordinary_user();
            world.set_mode(&world.home().join(".apptainer"), 0);
        },
        &[
            "error file-unreadable remote.yaml",
            "warning directory-closed .apptainer",
        ],
    ),
    (
        Code::FileUnreadable,
        |world| {
            world.as_ordinary_user();
            world.set_mode(&world.user_file(), 0);
        },
        &["error file-unreadable remote.yaml"],
    ),
    (
        Code::FileUnreadable,
        |world| {
            fs::remove_file(world.user_file()).unwrap();
            fs::create_dir(world.user_file()).unwrap();
            world.set_mode(&world.user_file(), 0o700);
        },
        &["error file-unreadable remote.yaml"],
    ),
    (
        Code::FileBroken,
        |world| {
            world.write_user("Active: mine\nRemotes:\n  mine:\n    Uri: x\n");
            world.age(&world.user_file());
        },
        &["error file-broken remote.yaml:4"],
    ),
    (
        Code::FileBroken,
        |world| {
            world.write_system("Active: [\n");
            world.age(&world.system_file());
        },
        &["error file-broken remote.yaml:1"],
    ),
    (
        // Which remote is active is not known then, and nothing is said about it.
        Code::FileBroken,
        |world| {
            edit_system(world, "company.example.com", "cloud.apptainer.org");
            world.write_user("[");
            world.age(&world.user_file());
        },
        &["error file-broken remote.yaml:1"],
    ),
    (
        Code::UnfinishedWrite,
        |world| left(world, ".remote.yaml.portolan-backup", ""),
        &["warning unfinished-write .remote.yaml.portolan-backup fixable"],
    ),
    (
        Code::Litter,
        |world| left(world, ".remote.yaml.portolan-new", ""),
        &["note litter .remote.yaml.portolan-new fixable"],
    ),
    (
        Code::Litter,
        |world| left(world, ".docker-config.json.portolan-new", ""),
        &["note litter .docker-config.json.portolan-new fixable"],
    ),
    (
        Code::SystemUnreadable,
        |world| world.set_mode(&world.system_file(), 0o600),
        &["error system-unreadable remote.yaml"],
    ),
    (
        Code::SystemUnreadable,
        |world| {
            world.as_ordinary_user();
            world.set_mode(&world.system_file(), 0);
        },
        &["error system-unreadable remote.yaml"],
    ),
    (
        Code::SystemWritable,
        |world| world.set_mode(&world.system_file(), 0o666),
        &["error system-writable remote.yaml"],
    ),
    (
        Code::SystemWritable,
        |world| world.set_mode(world.system_file().parent().unwrap(), 0o775),
        &["note system-writable apptainer"],
    ),
    (
        Code::SystemSecret,
        |world| edit_system(world, "System: true\n", "System: true\n    Token: t\n"),
        &["error system-secret remote.yaml:6"],
    ),
    (
        Code::SystemSecret,
        |world| {
            world.write_system(format!(
                "{SYSTEM}Credentials:\n- URI: https://keys.example.com\n  Auth: x\n"
            ));
        },
        &["error system-secret remote.yaml:10"],
    ),
    (
        Code::LegacyNotMigrated,
        legacy_beside_new,
        &["warning legacy-not-migrated remote.yaml"],
    ),
    (
        Code::LegacyNotMigrated,
        |world| {
            fs::remove_dir_all(world.home().join(".apptainer")).unwrap();
            legacy(world);
        },
        &["note legacy-not-migrated remote.yaml"],
    ),
    (
        Code::UriInvalid,
        |world| edit_user(world, "URI: mine.example.com", "URI: ftp://x"),
        &["error uri-invalid remote.yaml:4"],
    ),
    (
        Code::UriInvalid,
        |world| edit_system(world, "    URI: company.example.com\n", ""),
        &[
            "error uri-invalid remote.yaml:3",
            "warning token-moved remote.yaml:9",
        ],
    ),
    (
        Code::ActiveUnknown,
        |world| edit_user(world, "Active: mine", "Active: nobody"),
        &["error active-unknown remote.yaml:1"],
    ),
    (
        Code::ActiveUnknown,
        |world| edit_system(world, "Active: company", "Active: nobody"),
        &["warning active-unknown remote.yaml:1"],
    ),
    (
        Code::ActiveMissing,
        |world| {
            edit_system(world, "Active: company\n", "");
            edit_user(world, "Active: mine\n", "");
        },
        &["error active-missing "],
    ),
    (
        Code::ChoiceUnknown,
        |world| world.set("PORTOLAN_REMOTE", "nobody"),
        &["error choice-unknown "],
    ),
    (
        Code::ChoiceOverruled,
        |world| {
            edit_system(world, "System: true\n", "Exclusive: true\n");
            world.set("PORTOLAN_REMOTE", "mine");
        },
        &["warning choice-overruled "],
    ),
    (
        Code::Ghost,
        |world| {
            edit_user(
                world,
                "Remotes:\n",
                "Remotes:\n  old: {URI: old.example.com, System: true}\n",
            );
        },
        &["warning ghost remote.yaml:3 fixable"],
    ),
    (
        Code::Ghost,
        |world| {
            edit_user(
                world,
                "Remotes:\n",
                "Remotes:\n  old: {URI: old.example.com, System: true, Token: t}\n",
            );
        },
        &["warning ghost remote.yaml:3"],
    ),
    (
        Code::Shadowed,
        |world| edit_user(world, "    System: true\n", "    System: false\n"),
        &["warning shadowed remote.yaml:7"],
    ),
    (
        Code::SeveralExclusive,
        |world| {
            world.write_system(
                "Active: b\nRemotes:\n  a: {URI: a.example.com, Exclusive: true}\n  b: {URI: b.example.com, Exclusive: true}\n  \
                 company: {URI: company.example.com, Keyservers: [{URI: 'https://keys.example.com', External: true}]}\n",
            );
        },
        &["warning several-exclusive remote.yaml:3"],
    ),
    (
        Code::IndividualExclusive,
        |world| {
            edit_user(
                world,
                "System: false\n",
                "System: false\n    Exclusive: true\n",
            );
        },
        &["note individual-exclusive remote.yaml:7"],
    ),
    (
        Code::InsecureKey,
        |world| {
            edit_user(
                world,
                "System: false\n",
                "System: false\n    Insecure: false\n",
            );
        },
        &["note insecure-key remote.yaml:7"],
    ),
    (
        Code::TokenMoved,
        |world| edit_system(world, "company.example.com", "new.example.com"),
        &["warning token-moved remote.yaml:9"],
    ),
    (
        Code::LoginGone,
        |world| {
            let file = world.docker_config();
            let record = format!(
                r#"{{"format":1,"secrets":[{{"product":"apptainer","file":{file:?},"kind":"registry","account":"ghcr.io",
                "store":"keyring","key":"portolan-test-has-none","machine":{{"host":"login1","boot":"x"}}}}]}}"#
            );
            let state = world.home().join(".local/state/portolan");
            fs::create_dir_all(&state).unwrap();
            fs::write(state.join("stores.json"), record).unwrap();
        },
        &["warning login-gone "],
    ),
    (
        Code::TokenExpired,
        |world| edit_user(world, &token_until_next_quarter(), &token_until(now() - 60)),
        &["error token-expired remote.yaml:5"],
    ),
    (
        Code::TokenExpired,
        |world| {
            edit_user(
                world,
                "Token: opaque",
                &format!("Token: {}", token_until(1)),
            );
        },
        &["warning token-expired remote.yaml:9"],
    ),
    (
        Code::TokenExpires,
        |world| {
            edit_user(
                world,
                "Token: opaque",
                &format!("Token: {}", token_until(now() + 3600)),
            );
        },
        &["warning token-expires remote.yaml:9"],
    ),
    (
        Code::LoginDuplicate,
        |world| world.write_user(user() + "- URI: docker://registry.example.com\n"),
        &["warning login-duplicate remote.yaml:15 fixable"],
    ),
    (
        Code::LoginDuplicate,
        |world| {
            world.write_user(
                user() + "- URI: HKPS://Keys.example.com:443/\n  Auth: Basic b3RoZXI6cGFzcw==\n",
            );
        },
        &["warning login-duplicate remote.yaml:15"],
    ),
    (
        Code::LoginWithoutSecret,
        |world| world.write_user(user() + "- URI: docker://other.example.com\n"),
        &["warning login-without-secret remote.yaml:15 fixable"],
    ),
    (
        Code::LoginWithoutSecret,
        |world| edit_user(world, "  Auth: Basic aWFuOnBhc3M=\n", ""),
        &["warning login-without-secret remote.yaml:12 fixable"],
    ),
    (
        Code::KeyserverLoginUnused,
        |world| world.write_user(user() + "- URI: https://other.example.com\n  Auth: Basic x\n"),
        &["note keyserver-login-unused remote.yaml:15"],
    ),
    (
        Code::LoginDuplicate,
        |world| {
            let twin = r#"{"auths":{"https://registry.example.com/v2/":{"auth":"dTpw"},"#;
            world.write_docker_config(DOCKER_CONFIG.replacen(r#"{"auths":{"#, twin, 1));
        },
        &["warning login-duplicate docker-config.json"],
    ),
    (
        Code::DockerConfigBroken,
        |world| {
            world.write_docker_config("{\n\"auths\": {\n");
            world.age(&world.docker_config());
        },
        &["error docker-config-broken docker-config.json:3"],
    ),
    (
        Code::DockerConfigMissing,
        |world| fs::remove_file(world.docker_config()).unwrap(),
        &["warning docker-config-missing docker-config.json"],
    ),
    (
        Code::HelperMissing,
        |world| {
            world.write_docker_config(DOCKER_CONFIG.replacen(
                '{',
                r#"{"credsStore":"nowhere","#,
                1,
            ));
        },
        &["error helper-missing docker-config.json"],
    ),
    (
        Code::HelperMissing,
        |world| {
            let own = r#"{"credHelpers":{"x.example.com":"../x"},"#;
            world.write_docker_config(DOCKER_CONFIG.replacen('{', own, 1));
        },
        &["error helper-missing docker-config.json"],
    ),
    (
        Code::DockerConfigBroken,
        |world| {
            let bad = "\n\"bad.example.com\":{\"auth\":\"%\"}}}";
            world.write_docker_config(DOCKER_CONFIG.replace("}}", &format!("}},{bad}")));
        },
        &["error docker-config-broken docker-config.json:2"],
    ),
    (
        Code::DockerConfigHidden,
        |world| {
            docker_file(world);
            let text = user().replace("- URI: docker://registry.example.com\n", "");
            world.write_user(text);
            world.write_docker_config("{}");
        },
        &["warning docker-config-hidden docker-config.json"],
    ),
    (
        Code::LoginNotFound,
        |world| with_logins(world, &["docker.io"]),
        &["warning login-not-found docker-config.json"],
    ),
    (
        Code::LoginAmbiguous,
        |world| with_logins(world, &["h.example.com/one", "h.example.com/two"]),
        &["warning login-ambiguous docker-config.json"],
    ),
    (
        Code::VariableUnused,
        |world| world.set("SINGULARITY_AUTHFILE", "/file"),
        &["warning variable-unused "],
    ),
    (
        Code::VariableOverrides,
        |world| world.set("DOCKER_AUTH_CONFIG", DOCKER_CONFIG),
        &["warning variable-overrides "],
    ),
    (
        Code::VariableOverrides,
        |world| world.set("DOCKER_AUTH_CONFIG", "{\"auths\":"),
        &["warning variable-overrides "],
    ),
    (
        Code::MirrorPassword,
        |world| {
            let directory = world.home().join(".config/containers");
            fs::create_dir_all(&directory).unwrap();
            let text = "[[registry]]\nlocation = \"r.example\"\n[[registry.mirror]]\nlocation = \"m.example\"\n";
            fs::write(directory.join("registries.conf"), text).unwrap();
            world.set("DOCKER_USERNAME", "ian");
        },
        &["warning variable-overrides ", "warning mirror-password "],
    ),
    (
        Code::LibraryMissing,
        |world| {
            edit_user(world, "URI: mine.example.com", "URI: cloud.apptainer.org");
        },
        &["note library-missing remote.yaml:3"],
    ),
];

fn legacy_beside_new(world: &mut World) {
    fs::remove_file(world.user_file()).unwrap();
    legacy(world);
}

fn token_until_next_quarter() -> String {
    let text = user();
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Token: "))
        .unwrap()
        .to_owned()
}

/// The codes that have a case here.
pub(super) fn covered() -> Vec<Code> {
    let others = [
        Code::FileOwner,
        Code::SystemOwner,
        Code::HomeForeign,
        Code::ConfigUnused,
        Code::RuntimeRefuses,
    ];
    CASES.iter().map(|(code, ..)| *code).chain(others).collect()
}

#[test]
fn each_thing_that_is_wrong_is_found_and_nothing_else() {
    for (code, make, wanted) in CASES {
        let mut world = clean();
        make(&mut world);
        assert_eq!(found(&world), *wanted, "{code}");
    }
}

#[test]
fn links_that_the_runtime_does_not_follow_are_found() {
    let mut world = World::new();
    world.set("PORTOLAN_COMMAND", "singularity");
    for directory in [
        world.home().join(".singularity"),
        world.root().join("etc/singularity"),
    ] {
        fs::create_dir_all(&directory).unwrap();
        world.set_mode(&directory, 0o700);
        let target = directory.join("target");
        fs::write(
            &target,
            "Active: s\nRemotes: {s: {URI: s.example.com, System: true}}\n",
        )
        .unwrap();
        symlink(&target, directory.join("remote.yaml")).unwrap();
    }
    world.set_mode(&world.home().join(".singularity/target"), 0o600);
    let refuses = "error runtime-refuses remote.yaml";
    let of_version = |version: &str| {
        let runtime = format!("singularityce@{version}");
        let words = [
            "remote",
            "doctor",
            "--offline",
            "--json",
            "--runtime",
            &runtime,
        ];
        let found = super::findings(&world.run(&words)).into_iter();
        found.filter(|line| line == refuses).count()
    };
    assert_eq!((of_version("4.5"), of_version("4.4")), (2, 0));
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    assert_eq!(found(&clean()), [""; 0]);
    let empty = World::new();
    empty.write_system("Active: c\nRemotes: {c: {URI: c.example.com}}\n");
    assert_eq!(found(&empty), [""; 0]);
    let helped = clean();
    helped.link_program(
        "docker-credential-there",
        "tests/it/programs/docker-credential-fake",
    );
    helped.write_docker_config(DOCKER_CONFIG.replacen('{', r#"{"credsStore":"there","#, 1));
    assert_eq!(found(&helped), [""; 0]);
}

#[test]
fn nothing_is_changed_and_no_mode_is_fixed() {
    for (code, make, _) in CASES {
        let mut world = clean();
        make(&mut world);
        let before = everything(&world);
        world.run(&["remote", "doctor", "--offline"]);
        assert_eq!(everything(&world), before, "{code}");
    }
}

#[test]
fn every_command_that_is_advised_is_one() {
    let mut run = 0;
    for (code, make, _) in CASES {
        let mut world = clean();
        make(&mut world);
        let found = world.run(&["remote", "doctor", "--offline", "--json"]);
        let view = schema::view(&found.stdout);
        for finding in view["findings"].as_array().unwrap() {
            let fix = finding["fix"].as_str().unwrap();
            let Some(words) = fix
                .strip_prefix("portolan ")
                .filter(|_| !fix.contains(" NEW, or "))
            else {
                continue;
            };
            for words in words.split(" && portolan ") {
                let words: Vec<&str> = words
                    .split(' ')
                    .map(|word| word.trim_matches('\''))
                    .collect();
                let advised = world.run(&words);
                assert!(
                    !advised.stderr.contains("Error for command"),
                    "{code}: {fix}\n{advised}"
                );
                run += 1;
            }
        }
    }
    assert!(run > 10, "{run}");
}

#[test]
fn what_belongs_to_somebody_else_is_found() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let world = clean();
    chown(world.docker_config(), Some(ORDINARY), None).unwrap();
    assert_eq!(found(&world), ["error file-owner docker-config.json"]);
    // A directory of root's in a user's home hides its files: nothing is said of those that nobody can see.
    let mut world = clean();
    world.as_ordinary_user();
    let directory = world.home().join(".apptainer");
    chown(&directory, Some(0), None).unwrap();
    let run = world.run(&["remote", "doctor", "--offline"]);
    let fix = format!("To fix it: sudo chown {ORDINARY} $HOME/.apptainer\n");
    assert_eq!(run.stdout.matches(&fix).count(), 2, "{run}");
    assert_eq!(
        found(&world),
        [
            "error file-owner .apptainer",
            "error file-unreadable remote.yaml"
        ]
    );
    let world = clean();
    chown(world.system_file(), Some(ORDINARY), None).unwrap();
    assert_eq!(found(&world), ["warning system-owner remote.yaml"]);
    let mut world = clean();
    let directory = world.root().join("theirs");
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(ORDINARY), None).unwrap();
    world.set("XDG_CACHE_HOME", directory.join("cache"));
    assert_eq!(found(&world), ["warning home-foreign "]);
    chown(&directory, Some(0), None).unwrap();
    assert_eq!(found(&world), [""; 0]);
    world.set_mode(&directory, 0o1777);
    assert_eq!(found(&world), ["warning home-foreign "]);
}

#[test]
fn a_file_that_only_we_read_is_told_of() {
    let world = clean();
    let named = world.home().join("other.yaml");
    fs::write(&named, "").unwrap();
    world.set_mode(&named, 0o644);
    let of_named = |world: &World| {
        super::findings(&world.run(&[
            "remote",
            "-c",
            "other.yaml",
            "doctor",
            "--offline",
            "--json",
        ]))
    };
    assert_eq!(of_named(&world), ["note config-unused other.yaml"]);
    // Its mode is its user's business until it holds a secret.
    fs::write(&named, "Remotes: {x: {URI: x.example.com, Token: t}}").unwrap();
    assert_eq!(
        of_named(&world),
        [
            "error file-mode other.yaml fixable",
            "note config-unused other.yaml"
        ]
    );
}
