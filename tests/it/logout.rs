//! `remote logout`: what it drops, and what it leaves. D3, D4, D5, D13 and D18 of docs/compatibility.md.

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{plain, remotes, system_remotes};
use crate::support::endpoint::{endpoint, good, token};
use crate::support::program::end_of;
use crate::support::server::Server;
use crate::support::world::World;

#[test]
fn a_token_is_dropped_and_nothing_else() {
    let world = World::shipped();
    world.write_user(remotes(&[
        ("e", "e.example.com", &good()),
        ("f", "f.example.com", &token("old-")),
    ]));
    assert_data_eq!(
        world.session(&["remote logout", "remote logout", "remote logout e"]),
        str![[r#"
$ portolan remote logout
------- stderr -------
INFO:    Logout succeeded
$ portolan remote logout
------- stderr -------
INFO:    Logout succeeded
$ portolan remote logout e
------- stderr -------
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[]),
        str![[r#"
600
Active: e
Remotes:
  e:
    URI: e.example.com
    System: false
    Exclusive: false
  f:
    URI: f.example.com
    Token: <old>
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn no_server_is_asked() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), &good())]));
    assert_eq!(world.run(&["remote", "logout"]).code, Some(0));
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_entry_that_was_there_for_a_system_remotes_token_goes_with_it() {
    let world = World::new();
    world.write_system(system_remotes(&[("company", "company.example.com", "")]));
    world.write_user(system_remotes(&[(
        "company",
        "company.example.com",
        &good(),
    )]));
    let system = world.file(&world.system_file());
    assert_data_eq!(
        world.session(&[
            "remote logout company",
            "remote logout company",
            "remote logout"
        ]),
        str![[r#"
$ portolan remote logout company
------- stderr -------
INFO:    Logout succeeded
$ portolan remote logout company
------- stderr -------
INFO:    Logout succeeded
$ portolan remote logout
------- stderr -------
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: company
Remotes: {}
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.system_file()), system);
}

#[test]
fn a_remote_of_ones_own_under_a_system_name_loses_its_token_alone() {
    let world = World::new();
    world.write_system(system_remotes(&[("company", "company.example.com", "")]));
    world.write_user(remotes(&[("company", "evil.example.com", &good())]));
    assert_data_eq!(world.session(&["remote logout company"]), str![[r#"
$ portolan remote logout company
------- stderr -------
WARNING: company is defined in $ETC/apptainer/remote.yaml and in $HOME/.apptainer/remote.yaml: the system's is used. To remove your own:
           portolan remote remove company
INFO:    Logout succeeded
[EOF]

"#]].raw());
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: company
Remotes:
  company:
    URI: evil.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_word_that_means_nothing_is_told_with_what_could_be_meant() {
    let world = World::shipped();
    world.write_user(remotes(&[("e", "e.example.com", &good())]));
    let before = world.file(&world.user_file());
    assert_data_eq!(
        world.session(&[
            "remote logout nosuch",
            "remote logout localhost:5000",
            "remote logout ftp://x.example.com"
        ]),
        str![[r#"
$ portolan remote logout nosuch
------- stderr -------
FATAL:   nosuch is not a remote
         Known remotes: DefaultRemote, e. To add it:
           portolan remote add nosuch <URI>
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote logout localhost:5000
------- stderr -------
FATAL:   localhost:5000 is not a remote
         Known remotes: DefaultRemote, e. If it is a registry:
           portolan registry logout localhost:5000
[exit status: 255]
$ portolan remote logout ftp://x.example.com
------- stderr -------
FATAL:   while verifying token: ftp transport is not supported
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn with_nothing_active_the_remotes_are_named() {
    let world = World::new();
    world.write_system(
        "Active: \"\"\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n",
    );
    assert_data_eq!(
        world.session(&["remote logout"]),
        str![[r#"
$ portolan remote logout
------- stderr -------
FATAL:   no default remote
         Known remotes: one.
         To choose one, or name one:
           portolan remote use <NAME>
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_keyserver_login_is_dropped_however_it_is_written() {
    let logins = "\
Active: DefaultRemote
Remotes: {}
Credentials:
- URI: https://keys.example.com
  Auth: Bearer secret
  Insecure: false
- URI: docker://registry.example.com
  Auth: Basic secret
  Insecure: false
";
    for word in [
        "https://keys.example.com",
        "https://KEYS.example.com/",
        "https://keys.example.com:443",
    ] {
        let world = World::shipped();
        world.write_user(logins);
        assert_eq!(
            world.session(&[&format!("remote logout {word}")]),
            format!(
                "$ portolan remote logout {word}\n------- stderr -------\nINFO:    Logout succeeded\n[EOF]\n"
            )
        );
        assert_data_eq!(
            world.file(&world.user_file()),
            str![[r#"
600
Active: DefaultRemote
Remotes: {}
Credentials:
- URI: docker://registry.example.com
  Auth: Basic secret
  Insecure: false
[EOF]

"#]]
            .raw()
        );
    }
    let world = World::shipped();
    world.write_user(logins);
    assert_data_eq!(
        world.session(&["remote logout https://other.example.com"]),
        str![[r#"
$ portolan remote logout https://other.example.com
------- stderr -------
INFO:    Logout succeeded
[EOF]

"#]]
        .raw()
    );
    assert!(
        world
            .file(&world.user_file())
            .contains("https://keys.example.com")
    );
}

#[test]
fn a_logout_and_a_login_put_things_back() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), &good())]));
    let before = world.file(&world.user_file());
    assert_eq!(world.run(&["remote", "logout"]).code, Some(0));
    assert!(!world.file(&world.user_file()).contains("Token"));
    assert_eq!(
        world.run_with_input(&["remote", "login"], &good()).code,
        Some(0)
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn two_logouts_that_share_a_secret_take_it_along_whoever_comes_last() {
    for _ in 0..10 {
        let world = World::shipped();
        world.write_user("Remotes: {}\nCredentials: [{URI: docker://h.example.com}, {URI: oras://h.example.com}]\n");
        let file = world.home().join(".apptainer/docker-config.json");
        std::fs::write(
            &file,
            r#"{"auths": {"h.example.com": {"auth": "aWFuOng="}}}"#,
        )
        .unwrap();
        let logouts = ["docker://h.example.com", "oras://h.example.com"].map(|uri| {
            let mut command = world.command();
            command
                .args(["remote", "logout", uri])
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        });
        for mut logout in logouts {
            assert!(end_of(&mut logout).success());
        }
        let left = std::fs::read_to_string(&file).unwrap();
        assert!(!left.contains("h.example.com"), "{left}");
        assert!(!world.file(&world.user_file()).contains("h.example.com"));
    }
}

#[test]
fn a_login_is_ended_however_its_row_was_typed() {
    let rows = [
        ("https://u@k.example", "https://k.example"),
        ("https://u:p@k.example/", "https://k.example"),
        ("https://k.example/p/?q=1", "https://k.example"),
        ("https://k.example/#f", "https://u@k.example"),
        ("docker://u@r.example", "docker://r.example"),
        ("docker://u@r.example", "docker://u@r.example"),
        ("docker://r.example?x", "docker://r.example"),
    ];
    for (row, word) in rows {
        let world = World::shipped();
        world.write_user(format!(
            "Credentials:\n- URI: {row}\n  Auth: Basic abc\n  Insecure: false\n"
        ));
        world.write_docker_config(r#"{"auths":{"r.example":{"auth":"dTpw"}}}"#);
        let run = world.run(&["remote", "logout", word]);
        let removed = match row.starts_with("docker") {
            true => "INFO:    Token removed from $HOME/.apptainer/docker-config.json\n",
            false => "",
        };
        assert_eq!(
            (run.stderr, run.code),
            (format!("{removed}INFO:    Logout succeeded\n"), Some(0)),
            "{row}"
        );
        assert!(
            !world.file(&world.user_file()).contains("Basic abc"),
            "{row}"
        );
        let secrets = world.file(&world.docker_config());
        assert_eq!(
            secrets.contains("dTpw"),
            row.starts_with("https"),
            "{row}: {secrets}"
        );
    }
}

#[test]
fn each_group_takes_every_kind_of_service() {
    let world = World::shipped();
    world.write_user(
        "Credentials:\n- URI: https://k.example\n  Auth: Basic abc\n- URI: docker://r.example\n",
    );
    world.write_docker_config(r#"{"auths":{"r.example":{"auth":"dTpw"}}}"#);
    snapbox::assert_data_eq!(
        world.session(&[
            "registry login https://k.example",
            "registry logout --authfile auth.json https://k.example",
            "registry logout https://k.example",
            "keyserver logout docker://r.example",
        ]),
        snapbox::str![[r#"
$ portolan registry login https://k.example
------- stderr -------
FATAL:   while login to https://k.example: no external keyserver configuration found for https://k.example
[exit status: 255]
$ portolan registry logout --authfile auth.json https://k.example
------- stderr -------
FATAL:   --authfile is for registries, not for keyservers
[exit status: 255]
$ portolan registry logout https://k.example
------- stderr -------
INFO:    Logout succeeded
$ portolan keyserver logout docker://r.example
------- stderr -------
INFO:    Token removed from $HOME/.apptainer/docker-config.json
INFO:    Logout succeeded
[EOF]

"#]]
    );
    assert!(!world.file(&world.user_file()).contains("- URI"));
}

#[test]
fn a_logout_that_waited_for_the_lock_says_so_when_its_remote_has_another_name_by_then() {
    let world = cloud::world();
    world.write_user("Remotes: {x: {URI: x.example.com, Token: secret}}\n");
    let lock = std::fs::File::create(world.user_file().with_file_name("remote.yaml.lock")).unwrap();
    lock.lock().unwrap();
    let run = std::thread::scope(|scope| {
        let logout = scope.spawn(|| world.run(&["remote", "logout", "x"]));
        std::thread::sleep(std::time::Duration::from_secs(2));
        world.write_user("Remotes: {y: {URI: x.example.com, Token: secret}}\n");
        lock.unlock().unwrap();
        logout.join().unwrap()
    });
    let said = "FATAL:   x was removed or renamed by another command: nothing was logged out\n         To see the remotes:\n           portolan remote list\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(255), said));
}

/// What a command does that waits for the lock of the user's file, while that becomes `after`.
fn waited(words: &[&str], after: &str) -> (Option<i32>, String, String) {
    let world = cloud::world();
    world.write_user("Remotes: {x: {URI: x.example.com, Token: secret}}\n");
    let lock = std::fs::File::create(world.user_file().with_file_name("remote.yaml.lock")).unwrap();
    lock.lock().unwrap();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run(words));
        std::thread::sleep(std::time::Duration::from_secs(2));
        world.write_user(after);
        lock.unlock().unwrap();
        run.join().unwrap()
    });
    let file = std::fs::read_to_string(world.user_file()).unwrap();
    (run.code, run.stderr, file)
}

#[test]
fn a_change_that_waited_for_the_lock_is_made_to_what_it_finds_then() {
    let renamed = "Remotes: {y: {URI: x.example.com, Token: secret}}\n";
    for words in [
        &["remote", "rename", "x", "z"][..],
        &["remote", "set-url", "x", "z.example.com"],
        &["remote", "remove", "x"],
    ] {
        let (code, stderr, file) = waited(words, renamed);
        assert_eq!(
            (code, file.as_str()),
            (Some(255), renamed),
            "{words:?}: {stderr}"
        );
        assert!(
            stderr.starts_with("FATAL:   x is not a remote\n"),
            "{words:?}: {stderr}"
        );
    }
    let other = "Remotes: {x: {URI: x.example.com, Token: secret}, y: {URI: y.example.com}}\n";
    let (code, stderr, file) = waited(&["remote", "remove", "x"], other);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        file.contains("y.example.com") && !file.contains("secret"),
        "{file}"
    );
}
