//! The login to a registry in each store, and the program that gives it to other tools.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use snapbox::{IntoData, assert_data_eq, str};

use super::{has_keyring, hostname, no_key_is_left, record};
use crate::registries::basic;
use crate::support::endpoint::PASSWORD;
use crate::support::server::Server;
use crate::support::world::{Finished, World};

/// A registry on loopback, and a world with the program's other name on PATH.
fn setup() -> (World, Server) {
    let (world, server) = (World::shipped(), Server::http(basic));
    world.link_program("docker-credential-portolan", env!("CARGO_BIN_EXE_portolan"));
    (world, server)
}

fn login(world: &World, store: &[&str], host: &str) -> Finished {
    let words = ["registry", "login", "--username", "ian", "--password-stdin"];
    world.run_with_input(&[&words, store, &[host]].concat(), PASSWORD)
}

fn named(text: &impl ToString, server: &Server) -> String {
    let text = text.to_string().replace(&server.host(), "localhost:PORT");
    text.replace(&format!("keyring of {}", hostname()), "keyring of HOST")
}

/// One question to the helper, and its exit code and answer.
fn ask(world: &World, word: &str, input: &str) -> (Option<i32>, String) {
    let mut command = Command::new(world.root().join("bin/docker-credential-portolan"));
    world.surround(&mut command);
    command
        .arg(word)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

const KEYRING: [&str; 2] = ["--store", "keyring"];

#[test]
fn a_login_in_the_keyring_is_found_by_every_tool_and_its_logout_leaves_nothing() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    world.write_docker_config(r#"{"credHelpers":{"gcr.io":"gcloud"}}"#);
    let host = server.host();
    assert_data_eq!(
        named(&login(&world, &KEYRING, &host), &server),
        str![[r#"
------- stderr -------
INFO:    Token stored in the keyring of HOST

"#]]
        .raw()
    );
    assert_data_eq!(
        named(&world.file(&world.docker_config()), &server),
        str![[r#"
600
{
	"auths": {
		"localhost:PORT": {}
	},
	"credHelpers": {
		"gcr.io": "gcloud",
		"localhost:PORT": "portolan"
	}
}[EOF]

"#]]
        .raw()
    );
    assert!(!record(&world).contains(PASSWORD));
    assert_data_eq!(
        named(
            &world.session(&[&format!("remote resolve docker://{host}/team/app"),]),
            &server
        ),
        str![[r#"
$ portolan remote resolve docker://localhost:PORT/team/app
Registry: https://localhost:PORT, else plain http
    Credential: whatever the credential helper has: portolan ($HOME/.apptainer/docker-config.json)

Why:
- The rules are those of Apptainer 1.5.3.
- A registry needs no remote, and the policy of exclusive remotes does not hold for it.
- Plain http is tried where localhost:PORT does not speak https.
- $HOME/.apptainer/docker-config.json names a helper, which was not asked what it has.
- The login to localhost:PORT is stored in the keyring of HOST.
[EOF]

"#]]
        .raw()
    );
    let listed = world.run(&["registry", "list", "--all"]).stdout;
    let place = format!("the keyring of {}", hostname());
    assert!(
        listed.contains("ian") && listed.contains(&place),
        "{listed}"
    );
    let words = [
        "exec",
        "sh",
        "-c",
        "cat $APPTAINER_CONFIGDIR/docker-config.json",
    ];
    assert_data_eq!(
        named(&world.run(&words), &server),
        str![[r#"
{
	"auths": {
		"localhost:PORT": {
			"auth": "aWFuOnBhNTU6d29yZC/DqQ=="
		}
	},
	"credHelpers": {
		"gcr.io": "gcloud"
	}
}
"#]]
        .raw()
    );
    assert_eq!(
        ask(&world, "get", &format!("{host}\n")),
        (
            Some(0),
            format!(
                "{{\"ServerURL\":\"{host}\",\"Username\":\"ian\",\"Secret\":\"{PASSWORD}\"}}\n"
            )
        )
    );
    assert_eq!(
        ask(&world, "list", ""),
        (Some(0), format!("{{\"{host}\":\"ian\"}}\n"))
    );
    assert_data_eq!(
        named(
            &world.session(&[&format!("registry logout {host}"), "registry list"]),
            &server
        ),
        str![[r#"
$ portolan registry logout localhost:PORT
------- stderr -------
INFO:    Token removed from the keyring of HOST
INFO:    Logout succeeded
$ portolan registry list

URI  SECURE?
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        fs::read_to_string(world.docker_config()).unwrap(),
        "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t}\n}"
    );
    assert!(!record(&world).contains(&host));
    no_key_is_left(&world);
}

#[test]
fn docker_hub_is_named_by_both_keys_that_runtimes_ask_by() {
    let (world, _server) = setup();
    // A command of a store needs no server: what it prints is never verified with a helper's `store`.
    if !has_keyring() {
        return;
    }
    let hub = r#"{"ServerURL":"https://index.docker.io/v1/","Username":"ian","Secret":"x"}"#;
    assert_eq!(ask(&world, "store", hub), (Some(0), String::new()));
    for key in [
        "https://index.docker.io/v1/",
        "docker.io",
        "index.docker.io",
    ] {
        assert!(
            ask(&world, "get", key).1.contains(r#""Secret":"x""#),
            "{key}"
        );
    }
    assert_eq!(
        ask(&world, "list", "").1,
        "{\"https://index.docker.io/v1/\":\"ian\"}\n"
    );
    assert_eq!(ask(&world, "erase", "docker.io"), (Some(0), String::new()));
    no_key_is_left(&world);
}

#[test]
fn the_protocol_has_its_own_words() {
    let (world, _server) = setup();
    let missing = "credentials not found in native keychain\n".to_owned();
    for word in ["get", "erase"] {
        assert_eq!(ask(&world, word, "h"), (Some(1), missing.clone()), "{word}");
    }
    assert_eq!(ask(&world, "list", ""), (Some(0), "{}\n".to_owned()));
    let version = format!(
        "docker-credential-portolan (portolan) {}\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(ask(&world, "version", ""), (Some(0), version));
    let usage = "Usage: docker-credential-portolan <store|get|erase|list|version>\n".to_owned();
    assert_eq!(ask(&world, "help", ""), (Some(1), usage));
    assert_eq!(
        ask(&world, "store", "no json"),
        (Some(1), "not a login of the protocol\n".to_owned())
    );
}

#[test]
fn a_program_that_nothing_could_ask_is_missed_before_the_secret_is_asked_for() {
    let (world, server) = (World::shipped(), Server::http(basic));
    let run = login(&world, &KEYRING, &server.host());
    let program = env!("CARGO_BIN_EXE_portolan");
    assert_data_eq!(
        named(&run.to_string().replace(program, "PROGRAM"), &server),
        str![[r#"
------- stderr -------
FATAL:   while login to docker://localhost:PORT: docker-credential-portolan is not on PATH: nothing would find the login
         To put it there, where PATH has this directory:
           ln -s PROGRAM ~/.local/bin/docker-credential-portolan
[exit status: 255]

"#]].raw()
    );
    let run = login(&world, &["--store", "helper:none"], &server.host());
    assert!(run.stderr.contains("docker-credential-none"), "{run}");
    assert!(server.asked().is_empty(), "no server was asked");
}

#[test]
fn a_login_that_is_gone_is_reported_everywhere() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    let host = server.host();
    let timeout = [&KEYRING[..], &["--timeout", "1s"]].concat();
    assert_eq!(login(&world, &timeout, &host).code, Some(0));
    std::thread::sleep(Duration::from_millis(2500));
    let reported = format!(
        "WARNING: The login to {host} was in the keyring of {}, gone here. To log in again:\n           portolan registry login {host}\n",
        hostname()
    );
    for words in [
        &["registry", "list"][..],
        &["remote", "list"],
        &["remote", "show"],
        &["exec", "true"],
    ] {
        let run = world.run(words);
        assert_eq!(run.stderr.matches(&reported).count(), 1, "{words:?}: {run}");
        let says_gone = run.stdout.contains("gone here");
        assert!(says_gone || !run.stdout.contains(&host), "{words:?}: {run}");
    }
    let image = format!("docker://{host}/team/app");
    let why = "and is gone here.";
    assert!(
        world
            .run(&["remote", "resolve", &image])
            .stdout
            .contains(why)
    );
    let doctor = world.run(&["remote", "doctor", "--offline"]).stdout;
    assert!(
        doctor.contains("[login-gone]") && doctor.contains(&host),
        "{doctor}"
    );
    let json = world.run(&["registry", "list", "--json"]).stdout;
    assert!(
        json.contains("\"gone\": true") && json.contains("\"used\": false"),
        "{json}"
    );
    assert_eq!(ask(&world, "get", &host).0, Some(1));
    assert_eq!(ask(&world, "list", "").1, "{}\n");
    // The file still says where the login belongs.
    assert_eq!(login(&world, &[], &host).code, Some(0));
    assert_eq!(ask(&world, "get", &host).0, Some(0));
    world.run(&["registry", "logout", &host]);
    no_key_is_left(&world);
}

#[test]
fn the_stores_of_a_registry_follow_each_other() {
    if !has_keyring() {
        return;
    }
    let (mut world, server) = setup();
    world.link_program(
        "docker-credential-fake",
        "tests/it/programs/docker-credential-fake",
    );
    let directory = world.root().join("helper");
    fs::create_dir(&directory).unwrap();
    world.set("HELPER_DIRECTORY", &directory);
    fs::write(world.home().join("secret"), PASSWORD).unwrap();
    let host = server.host();
    let file = || fs::read_to_string(world.docker_config()).unwrap();
    let command = "command:echo asked >>$HOME/asked; cat $HOME/secret";

    assert_eq!(login(&world, &KEYRING, &host).code, Some(0));
    let run = world.run(&[
        "registry",
        "login",
        "--username",
        "ian",
        "--store",
        command,
        &host,
    ]);
    assert_eq!(
        run.stderr,
        format!("INFO:    Token printed by `{}`\n", &command[8..])
    );
    no_key_is_left(&world);
    assert!(file().contains(r#""portolan""#));
    assert!(ask(&world, "get", &host).1.contains(PASSWORD));
    let asked = || {
        fs::read_to_string(world.home().join("asked"))
            .unwrap()
            .lines()
            .count()
    };
    let before = asked();
    let list = world.run(&["registry", "list"]);
    assert!(list.stdout.contains(&host), "{list}");
    assert_eq!(asked(), before, "a list asks no command");
    let stored = ask(
        &world,
        "store",
        &format!(r#"{{"ServerURL":"{host}","Username":"ian","Secret":"x"}}"#),
    );
    assert_eq!(stored.0, Some(1), "{stored:?}");

    assert_eq!(
        login(&world, &["--store", "helper:fake"], &host).code,
        Some(0)
    );
    assert!(
        file().contains(r#""fake""#) && !file().contains("portolan"),
        "{}",
        file()
    );
    let given = fs::read_to_string(directory.join("fake.store")).unwrap();
    assert!(
        given.contains(&format!(r#""ServerURL":"{host}""#)),
        "{given}"
    );

    let run = login(&world, &["--store", "file"], &host);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        file().contains(r#""auth""#) && !file().contains("credHelpers"),
        "{}",
        file()
    );
    assert!(!record(&world).contains(&host));
    let log = fs::read_to_string(directory.join("log")).unwrap();
    assert!(log.contains("erase"), "{log}");
}

#[test]
fn a_rule_against_files_is_obeyed_for_registries() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    let host = server.host();
    let rules = world.root().join("etc/portolan/stores.yaml");
    fs::create_dir(rules.parent().unwrap()).unwrap();
    fs::write(&rules, "files: refused\nreason: ask the desk\n").unwrap();
    let run = login(&world, &[], &host);
    assert!(run.stderr.contains("stored in the keyring of"), "{run}");
    for refused in [&["--store", "file"], &["--authfile", "other.json"]] {
        let run = login(&world, refused, &host);
        assert!(
            run.code == Some(255)
                && run
                    .stderr
                    .contains("refuses secrets in files: ask the desk"),
            "{run}"
        );
    }
    assert!(!world.home().join("other.json").exists());
    fs::remove_file(&rules).unwrap();
    let both = ["--authfile", "other.json", "--store", "keyring"];
    let run = login(&world, &both, &host);
    assert!(
        run.stderr
            .contains("--authfile names a file: --store keyring is none"),
        "{run}"
    );
    let run = login(&world, &["--store", "file", "--timeout", "8h"], &host);
    assert!(
        run.stderr.contains("--timeout is for --store keyring"),
        "{run}"
    );
    fs::write(world.docker_config(), r#"{"credsStore":"portolan"}"#).unwrap();
    let run = login(&world, &["--store", "file"], &host);
    assert!(
        run.stderr
            .contains("gives the login to docker-credential-portolan, not to the file"),
        "{run}"
    );
    world.run(&["registry", "logout", &host]);
    no_key_is_left(&world);
}
