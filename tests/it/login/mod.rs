//! `remote login` to endpoints: where the token comes from. D5, D15, D16, D18 and D21 of docs/compatibility.md.

mod next_steps;
mod servers;
mod storing;
mod terminal;
mod waiting;
mod words;

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::{file, output, plain, remotes};
use crate::support::endpoint::{endpoint, good, token};
use crate::support::server::Server;
use crate::support::world::World;

/// A world with an active remote `e` on a server of its own, without a token or with an old one.
fn world_with(token: &str) -> (World, Server) {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), token)]));
    file(&world, "good", good());
    (world, server)
}

/// Logs in to `remote` by a token file.
fn login(world: &World, remote: &str) -> String {
    file(world, "good", good());
    world.session(&[&format!("remote login --tokenfile $HOME/good {remote}")])
}

#[test]
fn a_token_from_a_file_is_verified_and_stored() {
    let (world, server) = world_with("");
    assert_data_eq!(
        plain(
            &world.session(&[
                "remote login --tokenfile $HOME/good",
                "remote login --tokenfile $HOME/good e"
            ]),
            &[]
        ),
        str![[r#"
$ portolan remote login --tokenfile $HOME/good
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
$ portolan remote login --tokenfile $HOME/good e
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: e
Remotes:
  e:
    URI: localhost:PORT1
    Token: <good>
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_bad_token_is_refused_and_the_old_one_stays() {
    let (world, server) = world_with(&token("old-"));
    let before = world.file(&world.user_file());
    file(&world, "bad", token("evil"));
    file(&world, "boom", token("boom"));
    file(&world, "teap", token("teap"));
    assert_data_eq!(
        plain(
            &world.session(&[
                "remote login --tokenfile $HOME/bad",
                "remote login --tokenfile $HOME/boom e",
                "remote login --tokenfile $HOME/teap e",
            ]),
            &[&server]
        ),
        str![[r#"
$ portolan remote login --tokenfile $HOME/bad
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Invalid Credentials
[exit status: 255]
$ portolan remote login --tokenfile $HOME/boom e
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Internal Server Error
[exit status: 255]
$ portolan remote login --tokenfile $HOME/teap e
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: error response from server: Unknown
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_file_that_holds_no_token_is_refused_before_anything_is_sent() {
    let (world, server) = world_with("");
    let before = world.file(&world.user_file());
    file(&world, "empty", "");
    file(&world, "blank", " \n\t\r\n");
    file(&world, "large", "x".repeat(4097));
    file(&world, "no-text", [0xff; 300]);
    assert_data_eq!(
        world.session(&[
            "remote login --tokenfile $HOME/empty",
            "remote login --tokenfile $HOME/blank",
            "remote login --tokenfile $HOME/large",
            "remote login --tokenfile $HOME/no-text",
            "remote login --tokenfile $HOME/missing",
            "remote login --tokenfile $HOME",
        ]),
        str![[r#"
$ portolan remote login --tokenfile $HOME/empty
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: token is too short to be valid
[exit status: 255]
$ portolan remote login --tokenfile $HOME/blank
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: token is too short to be valid
[exit status: 255]
$ portolan remote login --tokenfile $HOME/large
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: token is too large to be valid
[exit status: 255]
$ portolan remote login --tokenfile $HOME/no-text
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: couldn't read your Sylabs authentication token: it is no text
[exit status: 255]
$ portolan remote login --tokenfile $HOME/missing
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: authentication token file not found
[exit status: 255]
$ portolan remote login --tokenfile $HOME
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while reading tokenfile: couldn't read your Sylabs authentication token: open $HOME: is a directory
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(server.asked().len(), 0);
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_token_may_be_1_to_4096_bytes_long() {
    let (world, server) = world_with("");
    for length in [1, 40, 4096] {
        let path = file(&world, "edge", "x".repeat(length));
        let run = world.run(&["remote", "login", "--tokenfile", path.to_str().unwrap()]);
        assert!(
            run.stderr.contains("Invalid Credentials"),
            "{length}: {run}"
        );
    }
    assert_eq!(
        server.log().last().unwrap(),
        &format!("GET {} [Bearer {}]", cloud::TOKEN_STATUS, "x".repeat(4096))
    );
}

#[test]
fn blanks_and_line_ends_around_a_token_are_no_part_of_it() {
    for around in [
        ("\n", ""),
        (" \t", " \r\n\n"),
        ("\r\n", "\nand a comment\n"),
    ] {
        let (world, server) = world_with("");
        let text = format!("{}{}{}", around.0, good(), around.1);
        let path = file(&world, "pasted", &text);
        let run = world.run(&["remote", "login", "--tokenfile", path.to_str().unwrap()]);
        assert_eq!(run.code, Some(0), "{around:?}: {run}");
        let wanted = format!("GET {} [Bearer {}]", cloud::TOKEN_STATUS, good());
        assert_eq!(server.log().last().unwrap(), &wanted);

        let (world, _server) = world_with("");
        let stdin = format!(" {}\n\n", good());
        let run = world.run_with_input(&["remote", "login", "--password-stdin"], &stdin);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(
            world
                .file(&world.user_file())
                .contains(&format!("Token: {}\n", good()))
        );
    }
}

#[test]
fn a_token_comes_by_any_way_that_keeps_it_out_of_the_command_line() {
    let cases: [(&[&str], &str); 7] = [
        (&["remote", "login"], "\n"),
        (&["remote", "login"], ""),
        (&["remote", "login", "e"], "\r\n"),
        (&["remote", "login", "e"], "\nanother line\n"),
        (&["remote", "login", "--password-stdin"], "\n"),
        (&["remote", "login", "--password-stdin", "e"], "\r\n"),
        (&["remote", "login", "--tokenfile", "-"], "\n"),
    ];
    for (words, end) in cases {
        let (world, server) = world_with(&token("old-"));
        let run = world.run_with_input(words, &format!("{}{end}", good()));
        assert_data_eq!(
            plain(&run.to_string(), &[&server]),
            str![[r#"
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]]
            .raw()
        );
        assert!(
            world
                .file(&world.user_file())
                .contains(&format!("Token: {}\n", good())),
            "{words:?} {end:?}"
        );
    }
}

#[test]
fn the_line_ends_of_another_system_spoil_neither_a_file_nor_an_input() {
    let (world, server) = world_with("");
    let path = file(&world, "token", format!("{}\r\n", good()));
    assert_data_eq!(
        plain(
            &world.session(&["remote login --tokenfile $HOME/token"]),
            &[&server]
        ),
        str![[r#"
$ portolan remote login --tokenfile $HOME/token
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
[EOF]

"#]]
        .raw()
    );
    assert!(
        world
            .file(&world.user_file())
            .contains(&format!("Token: {}\n", good()))
    );
    assert_eq!(world.run(&["remote", "logout", "e"]).code, Some(0));
    let run = world.run_with_input(
        &["remote", "login", "--tokenfile", "-"],
        &std::fs::read_to_string(path).unwrap(),
    );
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        world
            .file(&world.user_file())
            .contains(&format!("Token: {}\n", good()))
    );
}

#[test]
fn without_a_terminal_and_without_input_the_flags_are_named() {
    let (world, server) = world_with("");
    let before = world.file(&world.user_file());
    assert_data_eq!(
        world.session(&["remote login", "remote login e", "remote login --password-stdin"]),
        str![[r#"
$ portolan remote login
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   no terminal to ask on, and nothing on standard input: give the secret with --tokenfile or --password-stdin
[exit status: 255]
$ portolan remote login e
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   no terminal to ask on, and nothing on standard input: give the secret with --tokenfile or --password-stdin
[exit status: 255]
$ portolan remote login --password-stdin
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   no terminal to ask on, and nothing on standard input: give the secret with --tokenfile or --password-stdin
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    for words in [
        &["remote", "login"][..],
        &["remote", "login", "--password-stdin"],
    ] {
        let run = world.run_with_input(words, "\n");
        assert_eq!(run.code, Some(255), "{run}");
        assert!(
            run.stderr.contains("--tokenfile or --password-stdin"),
            "{run}"
        );
    }
    assert_eq!(server.asked().len(), 0);
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_token_that_has_expired_is_not_even_sent() {
    let (world, server) = world_with("");
    let before = world.file(&world.user_file());
    file(
        &world,
        "expired",
        cloud::token_until(cloud::now() - 3 * 86400 - 60),
    );
    assert_data_eq!(
        plain(
            &world.session(&["remote login --tokenfile $HOME/expired"]),
            &[&server]
        ),
        str![[r#"
$ portolan remote login --tokenfile $HOME/expired
------- stderr -------
INFO:    Authenticating with remote: e
FATAL:   while verifying token: the token expired 3 days ago
         Generate a new one at https://localhost:PORT1/auth/tokens.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(server.asked().len(), 0);
    assert_eq!(world.file(&world.user_file()), before);
}

#[test]
fn a_login_shows_no_secret_however_much_it_says() {
    let (world, _server) = world_with(&token("old-"));
    file(&world, "bad", token("evil"));
    for level in ["-d", "-v", "-s"] {
        for secret in ["good", "evil"] {
            let run = world.run_with_input(
                &[level, "remote", "login", "--password-stdin"],
                &token(secret),
            );
            let said = output(&run);
            for text in [
                secret.repeat(2),
                "old-old-".to_owned(),
                "eyJhbGci".to_owned(),
            ] {
                assert!(!said.contains(&text), "{level} {secret}: {said}");
            }
        }
    }
}
