//! Text that would steer a terminal, from wherever it comes: a terminal never gets it raw. D17 of docs/compatibility.md.

use std::fs;
use std::process::Stdio;

use crate::support::endpoint::{DISCOVERY, USER, endpoint};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;
use crate::support::{authority, cloud};

/// A title, a cleared screen, a colour by one character, a reversed line, nothing with a width, and a line of its own.
const HOSTILE: &str = "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}b\u{2066}\u{200b}\u{feff}\u{ad}\r\u{8}\u{7f}\nFORGED";

/// The same between double quotes, for YAML and JSON alike.
fn quoted() -> String {
    let escaped: String = HOSTILE
        .chars()
        .map(|character| format!("\\u{:04x}", u32::from(character)))
        .collect();
    format!("\"{escaped}\"")
}

/// What a command shows on a terminal that is its standard output and error, without colours.
fn shown(world: &World, words: &[&str], ends: bool) -> String {
    let mut terminal = Terminal::new();
    let program = env!("CARGO_BIN_EXE_portolan");
    let mut command = if ends {
        terminal.command_without_control(program)
    } else {
        terminal.command(program)
    };
    world.surround(&mut command);
    command.env("NO_COLOR", "1").args(words);
    if ends {
        command.stdin(Stdio::null());
    }
    terminal.start(command);
    if ends {
        terminal.wait();
    } else {
        terminal.expect(": ");
        terminal.expect("Token: ");
    }
    without_spinner(&terminal.shown())
}

/// The text without our own sign of life, which shows on a busy machine.
fn without_spinner(shown: &str) -> String {
    let turned = |text: String, picture| text.replace(&format!("\r{picture} "), "");
    ['|', '/', '-', '\\']
        .into_iter()
        .fold(shown.replace("\r\u{1b}[K", ""), turned)
}

/// Runs a command, which must show none of the hostile text raw.
#[track_caller]
fn harmless(world: &World, words: &[&str]) -> String {
    let text = shown(world, words, true);
    assert_harmless(&text);
    text
}

#[track_caller]
fn assert_harmless(text: &str) {
    let steers = |character: char| match character {
        '\n' => false,
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        other => other.is_control(),
    };
    let found: String = text
        .chars()
        .filter(|character| steers(*character))
        .collect();
    assert!(found.is_empty(), "{found:?} is raw: {text:?}");
}

/// As [`harmless`], for the text of somebody else: it is shown, and can't look like a line of ours.
#[track_caller]
fn assert_no_line_of_its_own(world: &World, words: &[&str]) {
    let text = harmless(world, words);
    assert!(text.contains("owned"), "{words:?}: {text}");
    assert!(
        !text
            .lines()
            .any(|line| line.to_lowercase().starts_with("forged")),
        "{words:?}: {text}"
    );
}

#[test]
fn files_do_not_steer_a_terminal() {
    let world = World::new();
    let text = quoted();
    let keyservers =
        format!("[{{URI: {text}, External: true}}, {{URI: https://keys.example.com}}]");
    world.write_system(format!(
        "Active: {text}\nRemotes:\n  {text}: {{URI: {text}, System: true, Keyservers: {keyservers}}}\n"
    ));
    world.write_user(format!(
        "Remotes:\n  {text}: {{URI: x.example.com}}\nCredentials:\n- {{URI: {text}, Auth: Bearer x}}\n"
    ));
    for words in [
        &["remote", "list"][..],
        &["keyserver", "list"],
        &["remote", "status"],
        &["remote", "status", "--all"],
        &["remote", "status", HOSTILE],
        &["remote", "use", HOSTILE],
        &["remote", "login", HOSTILE],
        &["remote", "logout", HOSTILE],
        &["remote", "remove", HOSTILE],
        &["remote", "get-login-password"],
        &["remote", "doctor"],
        &["remote", "resolve", "verify"],
        &["remote", "export"],
        &["remote", "export", "--global"],
        &["remote", "list", "--json"],
        &["keyserver", "list", "--json"],
        &["remote", "doctor", "--json"],
        &["remote", "resolve", HOSTILE],
    ] {
        assert_no_line_of_its_own(&world, words);
    }
    for words in [
        &["remote", "add", "--no-login", HOSTILE, "x.example.com"][..],
        &["remote", "add", "--no-login", "x", HOSTILE],
        &["remote", "add-keyserver", HOSTILE],
        &["remote", "remove-keyserver", HOSTILE],
    ] {
        harmless(&world, words);
    }
    world.write_user(format!(
        "Credentials:\n- URI: docker://x\n- {{URI: {text}, Auth: Bearer x}}\n"
    ));
    world.write_docker_config(format!(
        r#"{{"auths":{{"x":{{"auth":"aWFuOng="}}}},"credHelpers":{{"x":{text}}}}}"#
    ));
    assert_no_line_of_its_own(&world, &["registry", "logout", "x"]);
    assert_no_line_of_its_own(&world, &["remote", "doctor", "--offline"]);
    world.write_docker_config(format!(r#"{{"auths":{{"x":[{text}"#));
    harmless(&world, &["remote", "doctor", "--offline"]);
    fs::write(world.home().join("owned"), format!(r#"{{"auths":{text}}}"#)).unwrap();
    harmless(
        &world,
        &[
            "registry",
            "login",
            "--authfile",
            "owned",
            "-u",
            "x",
            "-p",
            "x",
            "localhost:1",
        ],
    );
    for broken in [
        format!("{text}: x\n"),
        format!("Remotes: {{x: {{{text}: x}}}}\n"),
        format!("Active: [{HOSTILE}\n"),
    ] {
        world.write_user(broken);
        harmless(&world, &["remote", "list"]);
        harmless(&world, &["remote", "doctor", "--offline"]);
    }
}

#[test]
fn the_command_line_and_the_environment_do_not_steer_a_terminal() {
    let mut world = World::shipped();
    for words in [
        &["remote", HOSTILE][..],
        &["remote", "list", HOSTILE],
        &["remote", "use", "--owned", HOSTILE],
        &["--command", HOSTILE, "remote", "list"],
        &["-d", "--sysconfdir", HOSTILE, "remote", "list"],
        &[
            "remote",
            "-c",
            HOSTILE,
            "add",
            "--no-login",
            HOSTILE,
            "x.example.com",
        ],
        &["remote", "login", "--tokenfile", HOSTILE, "DefaultRemote"],
        &[
            "remote",
            "login",
            "-u",
            "x",
            "-p",
            "x",
            &format!("docker://{HOSTILE}"),
        ],
        &[
            "remote",
            "login",
            "-u",
            "x",
            "-p",
            "x",
            &format!("https://{HOSTILE}"),
        ],
        &[
            "registry",
            "login",
            "-u",
            "x",
            "-p",
            "x",
            "--authfile",
            HOSTILE,
            HOSTILE,
        ],
    ] {
        harmless(&world, words);
    }
    // A file's own name.
    let directory = world.home().join(HOSTILE);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("remote.yaml"), "[").unwrap();
    world.set_mode(&directory.join("remote.yaml"), 0o644);
    world.set("APPTAINER_CONFIGDIR", directory);
    harmless(&world, &["remote", "list"]);
    for variable in [
        "APPTAINER_LOGIN_INSECURE",
        "APPTAINER_AUTH_FILE",
        "PORTOLAN_COMMAND",
    ] {
        let mut world = World::shipped();
        world.set(variable, HOSTILE);
        harmless(
            &world,
            &["registry", "login", "-u", "x", "-p", "x", "localhost:1"],
        );
    }
}

#[test]
fn servers_do_not_steer_a_terminal() {
    let text = quoted();
    let said = text.clone();
    let services = Server::https(move |asked| match asked.path() {
        DISCOVERY => Reply::json(
            200,
            &format!(
                r#"{{"libraryAPI":{{"uri":{said}}},{said}:{{"uri":"{0}/x"}},"builderAPI":{{"uri":"{0}/builder"}},"tokenAPI":{{"uri":{said}}}}}"#,
                asked.base
            ),
        ),
        _ => Reply::json(
            200,
            &format!(r#"{{"data":{{"version":{said},"apiVersion":{said}}}}}"#),
        ),
    });
    let mut world = World::shipped();
    world.trust(authority::shared());
    world.write_user(format!(
        "Active: e\nRemotes: {{e: {{URI: \"{}\", Token: x}}}}\n",
        services.host()
    ));
    assert_no_line_of_its_own(&world, &["remote", "status"]);
    harmless(&world, &["remote", "doctor"]);
    assert_no_line_of_its_own(&world, &["remote", "get-login-password"]);

    let said = text.clone();
    let registry = Server::http(move |asked: &Asked| match asked.path() {
        "/v2/" => Reply::status(401).with(
            "WWW-Authenticate",
            &format!(r#"Bearer realm="{}/token",service="owned""#, asked.base),
        ),
        _ => Reply::json(
            401,
            &format!(r#"{{"errors":[{{"code":{said},"message":{said}}}]}}"#),
        ),
    });
    assert_no_line_of_its_own(
        &world,
        &["registry", "login", "-u", USER, "-p", "x", &registry.host()],
    );
    let redirect = Server::https(|asked| {
        Reply::redirect(&format!("{}/owned%1b]0;%07\u{9b}31m\u{202e}x", asked.base))
    });
    world.write_user(format!(
        "Active: e\nRemotes: {{e: {{URI: \"{}\"}}}}\n",
        redirect.host()
    ));
    assert_no_line_of_its_own(&world, &["remote", "status"]);
    let scheme = Server::http(|_| {
        Reply::status(401).with("WWW-Authenticate", "owned\u{9b}31m\u{202e} realm=x")
    });
    assert_no_line_of_its_own(
        &world,
        &["registry", "login", "-u", USER, "-p", "x", &scheme.host()],
    );
}

#[test]
fn a_prompt_does_not_steer_a_terminal() {
    let world = cloud::world();
    let server = Server::https(endpoint);
    let text = quoted();
    world.write_user(format!(
        "Active: {text}\nRemotes:\n  {text}: {{URI: \"{}\"}}\n",
        server.host()
    ));
    assert_harmless(&shown(&world, &["remote", "login"], false));
}

#[test]
fn a_credential_helper_does_not_steer_a_terminal() {
    let mut world = World::shipped();
    let registry = Server::http(|_| Reply::status(200));
    world.link_program(
        "docker-credential-fake",
        "tests/it/programs/docker-credential-fake",
    );
    let directory = world.root().join("helper");
    fs::create_dir(&directory).unwrap();
    world.set("HELPER_DIRECTORY", directory);
    world.set("HELPER", "says");
    world.set("HELPER_SAYS", HOSTILE);
    world.write_docker_config(r#"{"credsStore":"fake"}"#);
    assert_no_line_of_its_own(
        &world,
        &["registry", "login", "-u", USER, "-p", "x", &registry.host()],
    );
}
