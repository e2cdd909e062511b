//! What is too much: refused soon, in little memory, and with the limit in the error.

use std::fmt::Write as _;
use std::fs;

use crate::support::cloud;
use crate::support::endpoint::{DISCOVERY, USER};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{Finished, World};

/// The most seconds of a processor's time for a command, ten times what a refusal takes in a debug build: a busy machine
/// does not count.
const WORK: &str = "70";
/// The most address space for a command, in KiB: a program that takes in a gigabyte fails with it.
const MEMORY: &str = "700000";

/// Runs a command with little memory and time.
fn run(world: &World, words: &[&str]) -> Finished {
    let limits = format!(r#"ulimit -v {MEMORY} && ulimit -t {WORK} && exec "$0" "$@""#);
    let mut command = world.command_through(&["sh", "-c", &limits]);
    command.args(words);
    world.finish(command, "")
}

/// A command is refused, and the error names the limit.
#[track_caller]
fn assert_refused(what: &str, run: &Finished, limit: &str) {
    let told = &run.stderr;
    assert!(
        run.code == Some(255) && told.contains("FATAL:   "),
        "{what}: {run}"
    );
    assert!(
        told.contains(limit) && told.len() < 2_000,
        "{what}: {} bytes, {:.2000}",
        told.len(),
        told
    );
}

fn laughs() -> String {
    let mut text = "Remotes:\n  x: &a0 {URI: &l lol}\n".to_owned();
    for level in 0..40 {
        let before = format!("<<: [*a{level}, *a{level}, *a{level}]");
        writeln!(text, "  x{level}: &a{} {{{before}}}", level + 1).unwrap();
    }
    text
}

#[test]
fn a_remotes_file_that_is_too_much_is_refused() {
    let deep = |open: &str| format!("Active: {}", open.repeat(10_000));
    let name = "n".repeat(10 << 20);
    let cases = [
        (
            "a name of 10 MiB",
            format!("Remotes:\n  ? \"{name}\"\n  : URI: x\n"),
            "65536 are possible",
        ),
        ("nested lists", deep("["), "128 levels"),
        ("nested maps", deep("{a: "), "128 levels"),
        (
            "billions of laughs",
            laughs(),
            "aliases stand for too much of the document",
        ),
        (
            "many aliases",
            format!(
                "Active: &a x\nRemotes: {{x: {{Keyservers: [{}]}}}}",
                "*a,".repeat(5_000)
            ),
            "1000 aliases",
        ),
    ];
    for (what, text, limit) in cases {
        let world = World::shipped();
        world.write_user(&text);
        assert_refused(what, &run(&world, &["remote", "list"]), limit);
        assert_eq!(
            fs::read_to_string(world.user_file()).unwrap(),
            text,
            "{what}: it stays as it is"
        );
    }
    let world = World::shipped();
    world.write_user("");
    fs::File::options()
        .write(true)
        .open(world.user_file())
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    for words in [
        &["remote", "list"][..],
        &["remote", "add", "--no-login", "x", "x.example.com"],
    ] {
        assert_refused("1 GiB", &run(&world, words), "64 MiB are the most");
    }
    let long = "n".repeat(100_000);
    let run = run(
        &World::shipped(),
        &["remote", "add", "--no-login", &long, "x.example.com"],
    );
    assert_refused("a name of 100 kB", &run, "at most 65536 are possible");
}

#[test]
fn a_file_of_secrets_that_is_too_much_is_refused() {
    let deep = |open: &str| format!("{{\"auths\":{}", open.repeat(10_000));
    let cases = [
        ("nested lists", deep("["), "127 levels"),
        ("nested maps", deep("{\"a\":"), "127 levels"),
    ];
    let login = ["registry", "login", "-u", USER, "-p", "x", "localhost:1"];
    for (what, text, limit) in cases {
        let world = World::shipped();
        world.write_docker_config(&text);
        assert_refused(
            what,
            &run(&world, &["registry", "logout", "localhost:1"]),
            limit,
        );
        let refused = run(&world, &login);
        assert!(
            refused.code == Some(255) && refused.stderr.contains(limit),
            "{what}: {refused}"
        );
    }
    let world = World::shipped();
    world.write_docker_config("");
    fs::File::options()
        .write(true)
        .open(world.docker_config())
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    assert_refused(
        "1 GiB",
        &run(&world, &["registry", "logout", "localhost:1"]),
        "64 MiB are the most",
    );
}

#[test]
fn many_logins_take_time_in_proportion() {
    const MANY: usize = 5_000;
    let world = World::shipped();
    let rows: String = (0..MANY)
        .map(|number| format!("- URI: docker://h{number}.example.com\n"))
        .collect();
    let auths: Vec<String> = (0..MANY)
        .map(|number| format!(r#""h{number}.example.com":{{"auth":"dTpw"}}"#))
        .collect();
    world.write_user(format!("Credentials:\n{rows}"));
    world.write_docker_config(format!(r#"{{"auths":{{{}}}}}"#, auths.join(",")));
    for words in [
        &["remote", "list"][..],
        &["registry", "list"],
        &["remote", "doctor", "--offline"],
    ] {
        assert_eq!(run(&world, words).code, Some(0), "{words:?}");
    }
    assert_eq!(
        run(&world, &["registry", "logout", "h7.example.com"]).code,
        Some(0)
    );
}

#[test]
fn a_token_that_is_too_much_is_refused() {
    let world = World::shipped();
    let file = world.home().join("token");
    fs::File::create(&file).unwrap().set_len(1 << 30).unwrap();
    let words = [
        "remote",
        "login",
        "--tokenfile",
        file.to_str().unwrap(),
        "DefaultRemote",
    ];
    assert_refused(
        "1 GiB",
        &run(&world, &words),
        "token is too large to be valid",
    );
    let endless = run(
        &world,
        &[
            "remote",
            "login",
            "--tokenfile",
            "/dev/zero",
            "DefaultRemote",
        ],
    );
    assert_refused("without an end", &endless, "token is too large to be valid");
    let mut command = world.command_through(&[
        "sh",
        "-c",
        r#"ulimit -v "$0" && exec "$@" </dev/zero"#,
        MEMORY,
    ]);
    command.args(["remote", "login", "--password-stdin", "DefaultRemote"]);
    assert_refused(
        "standard input without an end",
        &world.finish(command, ""),
        "1 MiB",
    );
}

#[test]
fn an_answer_that_is_too_much_is_refused() {
    let deep = "[".repeat(10_000);
    let nested = format!("{{\"libraryAPI\":{{\"uri\":{}", "{\"a\":".repeat(10_000));
    let answers = [
        ("an endless body", Reply::EndlessBody, "1 MiB"),
        // The HTTP library stops reading, and does not say at which size.
        (
            "endless headers",
            Reply::EndlessHeaders,
            "not an HTTP answer",
        ),
        ("nested lists", Reply::json(200, &deep), "127 levels"),
        ("nested maps", Reply::json(200, &nested), "127 levels"),
    ];
    for (what, answer, limit) in answers {
        let endpoint = Server::https(move |asked| {
            if asked.path() == DISCOVERY {
                answer.clone()
            } else {
                Reply::status(404)
            }
        });
        let world = cloud::world();
        world.write_user(cloud::remotes(&[("e", &endpoint.host(), "x")]));
        for words in [&["remote", "status"][..], &["remote", "get-login-password"]] {
            assert_refused(what, &run(&world, words), limit);
        }
    }
}
