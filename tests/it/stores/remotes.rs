//! The token of a remote in each store.

use std::fmt::Write as _;
use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use super::{has_keyring, hostname, login, no_key_is_left, record, setup};
use crate::keyservers::configured;
use crate::real_registries::{PasswordStore, are_installed};
use crate::support::cloud::{plain, remotes};
use crate::support::endpoint::{PASSWORD, USER, good, keyserver};
use crate::support::server::Server;
use crate::support::world::{World, skip};

/// Text without this machine's name.
fn named(text: &str, server: &Server) -> String {
    let keyring = format!("keyring of {}", hostname());
    plain(text, &[server]).replace(&keyring, "keyring of HOST")
}

/// What the command of `exec` sees of remote.yaml.
fn seen(world: &World, server: &Server) -> String {
    let run = world.run(&["exec", "sh", "-c", "cat $APPTAINER_CONFIGDIR/remote.yaml"]);
    plain(&run.to_string(), &[server])
}

const SEEN: &str = "Active: cloud
Remotes:
  cloud:
    URI: localhost:PORT1
    Token: <good>
    System: false
    Exclusive: false
";

#[test]
fn a_token_in_the_keyring_is_in_no_file_and_of_use_everywhere() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    assert_data_eq!(
        named(&login(&world, "keyring").to_string(), &server),
        str![[r#"
------- stderr -------
INFO:    Authenticating with remote: cloud
INFO:    Access Token Verified!
INFO:    Token stored in the keyring of HOST

"#]]
        .raw()
    );
    assert_eq!(
        world.file(&world.user_file()),
        format!("600\n{}[EOF]\n", remotes(&[("cloud", &server.host(), "")]))
    );
    assert!(!record(&world).contains(&good()));
    assert_eq!(
        world.mode(&world.home().join(".local/state/portolan/stores.json")),
        "600"
    );
    assert_eq!(seen(&world, &server), SEEN);
    let status = world.run(&["remote", "status", "cloud"]);
    assert!(
        status
            .to_string()
            .contains("Valid authentication token set (logged in)."),
        "{status}"
    );
    assert_eq!(
        world.run(&["remote", "get-login-password"]).stdout,
        "registry-secret\n"
    );
    let show = world.run(&["remote", "show", "--json", "cloud"]).stdout;
    assert!(
        show.contains("\"state\": \"stored\"") && show.contains("the keyring of"),
        "{show}"
    );
    assert_eq!(
        world.run(&["remote", "logout", "cloud"]).to_string(),
        "------- stderr -------\nINFO:    Logout succeeded\n"
    );
    assert!(!seen(&world, &server).contains("Token"));
    no_key_is_left(&world);
}

#[test]
fn a_token_that_is_gone_is_told_with_the_machine_that_had_it() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    let words = [
        "remote",
        "login",
        "--store",
        "keyring",
        "--timeout",
        "1s",
        "--password-stdin",
        "cloud",
    ];
    assert_eq!(world.run_with_input(&words, &good()).code, Some(0));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let record = record(&world);
    let host = hostname();
    let moved = record.replace(&format!("\"host\": \"{host}\""), "\"host\": \"login1\"");
    fs::write(
        world.home().join(".local/state/portolan/stores.json"),
        moved,
    )
    .unwrap();
    let told = "WARNING: The token for cloud was in the keyring of login1, gone here. To log in again:\n           portolan remote login cloud\n";
    for words in [
        &["remote", "list"][..],
        &["remote", "status", "cloud"],
        &["remote", "show", "cloud"],
        &["exec", "true"],
    ] {
        let run = world.run(words);
        assert_eq!(run.stderr.matches(told).count(), 1, "{words:?}: {run}");
    }
    assert!(
        world
            .run(&["remote", "show", "--json", "cloud"])
            .stdout
            .contains("\"state\": \"gone\"")
    );
    assert!(
        world
            .run(&["remote", "status", "--json", "cloud"])
            .stdout
            .contains("\"login\": \"gone\"")
    );
    let run = world.run(&["remote", "get-login-password"]);
    assert_eq!(run.code, Some(255), "{run}");
    assert!(!seen(&world, &server).contains("Token"));
    assert!(
        world
            .run(&["remote", "doctor"])
            .to_string()
            .contains("in the keyring of login1")
    );
    assert_eq!(login(&world, "keyring").code, Some(0));
    assert!(seen(&world, &server).contains(SEEN));
}

#[test]
fn a_command_prints_the_token_when_it_is_needed() {
    let (world, server) = setup();
    fs::write(world.home().join("secret"), good()).unwrap();
    let run = world.run(&[
        "remote",
        "login",
        "--store",
        "command:echo asked >&2; cat $HOME/secret",
        "cloud",
    ]);
    assert_data_eq!(
        named(&run.to_string(), &server),
        str![[r#"
------- stderr -------
INFO:    Authenticating with remote: cloud
WARNING: asked
INFO:    Access Token Verified!
INFO:    Token printed by `echo asked >&2; cat $HOME/secret`

"#]]
        .raw()
    );
    assert!(seen(&world, &server).contains(SEEN));
    assert_eq!(
        world.run(&["remote", "get-login-password"]).stdout,
        "registry-secret\n"
    );
    fs::remove_file(world.home().join("secret")).unwrap();
    let run = world.run(&["remote", "get-login-password"]);
    assert_eq!(run.code, Some(255));
    assert!(
        run.stderr.contains("exit status 1, stderr: asked cat:"),
        "{run}"
    );
    // What needs no token asks for none.
    assert_eq!(world.run(&["remote", "list"]).stderr, "");
}

#[test]
fn a_real_helper_has_the_token_of_a_remote() {
    if !are_installed(&["docker-credential-pass", "pass", "gpg"]) {
        return;
    }
    let (mut world, server) = setup();
    let store = PasswordStore::new(world.root());
    world.set("GNUPGHOME", &store.keys);
    world.set("PASSWORD_STORE_DIR", &store.store);
    let run = login(&world, "helper:pass");
    assert!(
        run.stderr
            .ends_with("INFO:    Token stored in the credential helper pass\n"),
        "{run}"
    );
    assert!(!world.file(&world.user_file()).contains("Token"));
    let key = format!("https://{}/portolan/remote", server.host());
    let get = || {
        String::from_utf8(
            store
                .run("/usr/bin/docker-credential-pass", &["get"], &key)
                .stdout,
        )
    };
    assert!(get().unwrap().contains(&good()));
    assert_eq!(seen(&world, &server), SEEN);
    assert_eq!(
        world.run(&["remote", "get-login-password"]).stdout,
        "registry-secret\n"
    );
    assert_eq!(world.run(&["remote", "logout", "cloud"]).code, Some(0));
    assert!(!get().unwrap().contains(&good()));
    let run = login(&world, "helper:none");
    assert!(
        run.stderr.contains("docker-credential-none") && !run.stderr.contains("Authenticating"),
        "before the secret is asked for: {run}"
    );
}

#[test]
fn two_remotes_at_one_address_have_a_secret_each() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    let host = server.host();
    world.write_user(remotes(&[("cloud", &host, ""), ("other", &host, "")]));
    let log_in = |name: &str, token: &str| {
        let words = [
            "remote",
            "login",
            "--store",
            "keyring",
            "--password-stdin",
            name,
        ];
        assert_eq!(world.run_with_input(&words, token).code, Some(0));
    };
    log_in("cloud", &good());
    log_in("other", &format!("other-{}", good()));
    // In its place, not under another name.
    log_in("cloud", &good());
    let both = seen(&world, &server);
    assert!(
        both.contains("Token: <good>") && both.contains("Token: other-<good>"),
        "{both}"
    );
    assert_eq!(
        world.run(&["remote", "rename", "cloud", "sky"]).code,
        Some(0)
    );
    assert_eq!(world.run(&["remote", "logout", "other"]).code, Some(0));
    let left = seen(&world, &server);
    assert!(
        left.contains("Token: <good>") && !left.contains("other-<good>"),
        "{left}"
    );
    assert_eq!(world.run(&["remote", "logout", "sky"]).code, Some(0));
    no_key_is_left(&world);
}

#[test]
fn add_logs_in_to_a_store_too() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    world.write_user("");
    let words = [
        "remote",
        "add",
        "--use",
        "--store",
        "keyring",
        "--password-stdin",
        "cloud",
    ];
    let run = world.run_with_input(&[&words[..], &[&server.host()]].concat(), &good());
    assert!(
        run.stderr.contains("Token stored in the keyring of"),
        "{run}"
    );
    assert_eq!(seen(&world, &server), SEEN);
    let run = world.run(&[
        "remote",
        "add",
        "--global",
        "--store",
        "keyring",
        "x",
        "x.example",
    ]);
    assert_eq!(run.code, Some(1), "{run}");
    world.run(&["remote", "logout", "cloud"]);
    no_key_is_left(&world);
}

#[test]
fn a_login_to_a_keyserver_in_the_keyring_is_in_no_file_and_seen_by_a_command() {
    if !has_keyring() {
        return;
    }
    let server = Server::https(keyserver);
    let uri = server.url("");
    let world = configured(&uri, false);
    let login = |more: &[&str]| {
        let words = [
            "keyserver",
            "login",
            "--username",
            USER,
            "--password-stdin",
            "--store",
            "keyring",
        ];
        world.run_with_input(&[&words[..], more, &[&uri]].concat(), PASSWORD)
    };
    let run = login(&[]);
    assert!(
        run.stderr.contains("Token stored in the keyring of"),
        "{run}"
    );
    assert!(
        !world.file(&world.user_file()).contains(&uri),
        "no row stands for it"
    );
    let row = format!("Credentials:\n- URI: {uri}\n  Auth: Basic aWFuOnBhNTU6d29yZC/DqQ==\n");
    let seen = || world.run(&["exec", "sh", "-c", "cat $APPTAINER_CONFIGDIR/remote.yaml"]);
    assert!(seen().stdout.contains(&row), "{}", seen());
    assert!(world.run(&["remote", "list"]).stdout.contains(&uri));
    let listed = world.run(&["registry", "list", "--all"]).stdout;
    assert!(
        listed.contains("ian") && listed.contains("the keyring of"),
        "{listed}"
    );
    assert!(world.run(&["keyserver", "list"]).stdout.contains('+'));

    assert_eq!(login(&["--timeout", "1s"]).code, Some(0));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let gone = format!(
        "WARNING: The login to {uri} was in the keyring of {}, gone here. To log in again:\n           portolan keyserver login {uri}\n",
        hostname()
    );
    for words in [
        &["remote", "list"][..],
        &["remote", "show"],
        &["keyserver", "list"],
        &["registry", "list"],
        &["exec", "true"],
    ] {
        let run = world.run(words);
        assert_eq!(run.stderr.matches(&gone).count(), 1, "{words:?}: {run}");
    }
    assert!(!seen().stdout.contains("Credentials"), "{}", seen());
    let doctor = world.run(&["remote", "doctor", "--offline"]).stdout;
    assert!(doctor.contains("[login-gone]"), "{doctor}");
    assert_eq!(login(&[]).code, Some(0));
    assert!(seen().stdout.contains(&row));
    assert_eq!(
        world.run(&["keyserver", "logout", &uri]).stderr,
        "INFO:    Logout succeeded\n"
    );
    no_key_is_left(&world);
}

#[test]
fn a_record_follows_its_remote_and_goes_with_it() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    assert_eq!(login(&world, "keyring").code, Some(0));
    assert_eq!(
        world.run(&["remote", "rename", "cloud", "sky"]).code,
        Some(0)
    );
    assert!(seen(&world, &server).contains("Token: <good>"));
    let path = format!("https://{}/below", server.host());
    assert_eq!(
        world.run(&["remote", "set-url", "sky", &path]).code,
        Some(0)
    );
    assert!(seen(&world, &server).contains("Token: <good>"));
    let run = world.run(&["remote", "set-url", "sky", "other.example"]);
    assert!(run.stderr.contains("it was removed"), "{run}");
    assert!(!seen(&world, &server).contains("Token"));
    no_key_is_left(&world);
    let (world, server) = setup();
    assert_eq!(login(&world, "keyring").code, Some(0));
    assert_eq!(world.run(&["remote", "remove", "cloud"]).code, Some(0));
    no_key_is_left(&world);
    assert!(!record(&world).contains(&server.host()));
}

#[test]
fn a_login_in_another_store_replaces_the_one_before() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    assert_eq!(login(&world, "file").code, Some(0));
    assert!(world.file(&world.user_file()).contains(&good()));
    assert_eq!(login(&world, "keyring").code, Some(0));
    assert!(!world.file(&world.user_file()).contains(&good()));
    assert_eq!(login(&world, "file").code, Some(0));
    assert!(!record(&world).contains(&server.host()));
    no_key_is_left(&world);
    assert!(seen(&world, &server).contains("Token: <good>"));
}

#[test]
fn a_full_keyring_names_what_can_be_removed() {
    if !has_keyring() || !crate::support::world::is_root() {
        return skip("needs a user whose keyring is its own");
    }
    let (mut world, _server) = setup();
    let long = "x".repeat(4000);
    let servers: Vec<_> = (0..8).map(|_| setup().1).collect();
    let mut text = String::from("Active: cloud0\nRemotes:\n");
    for (number, server) in servers.iter().enumerate() {
        writeln!(text, "  cloud{number}: {{URI: {}}}", server.host()).unwrap();
    }
    world.write_user(text);
    world.as_ordinary_user();
    let mut words = vec!["remote", "login", "--store", "keyring", "--password-stdin"];
    let names: Vec<String> = (0..8).map(|number| format!("cloud{number}")).collect();
    let mut refused = None;
    for name in &names {
        words.push(name);
        let run = world.run_with_input(&words, &long);
        words.pop();
        if run.code != Some(0) {
            refused = Some(run);
            break;
        }
    }
    for name in &names {
        world.run(&["remote", "logout", name]);
    }
    let refused = refused.unwrap();
    for part in [
        "FATAL:   the kernel's keyring of this user is full\n",
        "To make room:\n",
        "portolan remote logout cloud0\n",
    ] {
        assert!(refused.stderr.contains(part), "{refused}");
    }
}

#[test]
fn a_rule_of_the_administrator_is_obeyed() {
    if !has_keyring() {
        return;
    }
    let (world, server) = setup();
    fs::create_dir(world.root().join("etc/portolan")).unwrap();
    let rules = world.root().join("etc/portolan/stores.yaml");
    fs::write(
        &rules,
        "store: keyring\nfiles: refused\nreason: ask the desk\n",
    )
    .unwrap();
    let run = world.run_with_input(&["remote", "login", "--password-stdin", "cloud"], &good());
    assert!(
        named(&run.stderr, &server).contains("Token stored in the keyring of HOST"),
        "{run}"
    );
    let run = login(&world, "file");
    assert_data_eq!(
        run.to_string(),
        str![[r#"
------- stderr -------
FATAL:   $ETC/portolan/stores.yaml refuses secrets in files: ask the desk
         For your own keyring: --store keyring
[exit status: 255]

"#]]
        .raw()
    );
    fs::write(&rules, "store: keyring\nfile: refused\n").unwrap();
    let run = login(&world, "keyring");
    assert_eq!(
        run.stderr,
        "FATAL:   $ETC/portolan/stores.yaml: line 2: \"file\" is none of store, files and reason\n"
    );
    world.run(&["remote", "logout", "cloud"]);
}

#[test]
fn nothing_is_needed_but_the_program() {
    if !has_keyring() {
        return;
    }
    let (world, _server) = setup();
    let path = format!("PATH={}", world.root().display());
    let alone = |words: &[&str], input: &str| {
        let mut command = world.command_through(&["/usr/bin/env", &path]);
        command.args(words);
        world.finish(command, input)
    };
    let words = [
        "remote",
        "login",
        "--store",
        "keyring",
        "--password-stdin",
        "cloud",
    ];
    assert_eq!(alone(&words, &good()).code, Some(0));
    assert!(alone(&["remote", "list"], "").stdout.contains("cloud"));
    let run = alone(
        &[
            "exec",
            "--",
            "/bin/sh",
            "-c",
            "read _ <$APPTAINER_CONFIGDIR/remote.yaml",
        ],
        "",
    );
    assert_eq!(run.to_string(), "");
    assert_eq!(alone(&["remote", "logout", "cloud"], "").code, Some(0));
    no_key_is_left(&world);
}
