//! A user's entry for a remote of the system's that the system does not have: what another tool or an administrator left. D4
//! of docs/compatibility.md.

use crate::advice::seen;
use crate::support::cloud;
use crate::support::endpoint::{endpoint, good, token};
use crate::support::server::Server;
use crate::support::world::World;

/// A user whose active remote is such an entry, with this token.
fn world(server: &Server, token: &str) -> World {
    let world = cloud::world();
    world.write_user(format!(
        "Active: old\nRemotes:\n  old:\n    URI: {}\n    Token: {token}\n    System: true\n    Exclusive: false\n",
        server.host()
    ));
    world
}

/// The command that makes it a remote.
fn way(server: &Server) -> String {
    format!("\n           portolan remote add old {}\n", server.host())
}

#[test]
fn every_command_that_meets_it_says_what_it_is_and_the_command_that_helps() {
    let server = Server::https(endpoint);
    let world = world(&server, "secret");
    for words in [
        &["login", "old"][..],
        &["login"],
        &["logout", "old"],
        &["logout"],
        &["show", "old"],
    ] {
        let run = world.run(&[&["remote"], words].concat());
        assert_eq!(run.code, Some(255), "{words:?}: {run}");
        assert!(run.stderr.contains(&way(&server)), "{words:?}: {run}");
    }
    for words in [
        &["use", "old"][..],
        &["rename", "old", "new"],
        &["set-url", "old", "other.example.com"],
    ] {
        let shown = seen(&world, &[&["remote"], words].concat());
        assert!(shown.contains(&way(&server)), "{words:?}: {shown}");
    }
    let list = world.run(&["remote", "list"]);
    assert_eq!(list.code, Some(0), "{list}");
    assert!(list.stderr.contains(&way(&server)), "{list}");
    let run = world.run(&["remote", "add", "old", "other.example.com"]);
    let elsewhere = format!(
        "at \"https://{}\", not at \"https://other.example.com\"",
        server.host()
    );
    assert!(
        run.code == Some(255) && run.stderr.contains(&elsewhere),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("\n           portolan remote remove old\n"),
        "{run}"
    );
    assert!(world.file(&world.user_file()).contains("Token: secret"));
}

#[test]
fn adding_it_keeps_a_token_that_is_good_without_a_prompt() {
    let server = Server::https(endpoint);
    let (world, token) = (world(&server, &good()), good());
    let run = world.run(&["remote", "add", "old", &server.host()]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stderr
            .contains("The token that was stored for it is good."),
        "{run}"
    );
    let file = world.file(&world.user_file());
    assert!(
        file.contains(&token) && file.contains("System: false"),
        "{file}"
    );
    assert!(file.contains("Active: old"), "{file}");
}

#[test]
fn a_token_that_is_bad_leads_to_the_login() {
    let server = Server::https(endpoint);
    let world = world(&server, &token("revoked"));
    let run = world.run_with_input(
        &["remote", "add", "old", &server.host()],
        &format!("{}\n", good()),
    );
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("is not valid any more"), "{run}");
    assert!(world.file(&world.user_file()).contains(&good()));
}

#[test]
fn without_a_login_the_token_stays_and_that_is_said() {
    let server = Server::https(endpoint);
    let world = world(&server, "secret");

    let run = world.run(&["remote", "add", "--no-login", "old", &server.host()]);
    assert!(
        run.code == Some(0) && run.stderr.contains("It has the token of your entry"),
        "{run}"
    );
    let file = world.file(&world.user_file());
    assert!(
        file.contains("Token: secret") && file.contains("System: false"),
        "{file}"
    );
}

#[test]
fn a_state_that_names_it_at_its_address_keeps_its_token() {
    let server = Server::https(endpoint);
    let world = world(&server, "secret");
    let state = cloud::file(
        &world,
        "state.yaml",
        format!("Remotes: {{old: {{URI: {}}}}}", server.host()),
    );
    let apply = ["remote", "apply", state.to_str().unwrap()];
    let run = world.run(&apply);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "INFO:    Remote \"old\" added.\n")
    );
    let file = world.file(&world.user_file());
    assert!(
        file.contains("Token: secret") && file.contains("System: false"),
        "{file}"
    );
    assert!(world.run(&apply).stderr.contains("wants it."));
}
