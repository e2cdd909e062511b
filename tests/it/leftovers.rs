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

#[test]
fn the_token_of_one_on_plain_http_is_kept_for_plain_http_only() {
    let world = cloud::world();
    let file = "Active: old\nRemotes:\n  old: {URI: 'old.example.com:8080', Token: secret, System: true, Insecure: true}\n";
    world.write_user(file);
    let run = world.run(&["remote", "add", "--no-login", "old", "old.example.com:8080"]);
    assert_eq!(run.code, Some(255), "{run}");
    assert!(
        run.stderr.contains(
            "at \"http://old.example.com:8080\", not at \"https://old.example.com:8080\""
        ),
        "{run}"
    );
    assert_eq!(std::fs::read_to_string(world.user_file()).unwrap(), file);
    let list = world.run(&["remote", "list"]).stderr;
    let way = list.lines().last().unwrap().trim();
    assert_eq!(
        way,
        "portolan remote add old old.example.com:8080 --insecure"
    );
    let words: Vec<&str> = way.split(' ').skip(1).chain(["--no-login"]).collect();
    assert_eq!(world.run(&words).code, Some(0));
    assert!(world.file(&world.user_file()).contains("secret"));
    let run = world.run(&[
        "remote",
        "add",
        "--if-missing",
        "--no-login",
        "--insecure",
        "old",
        "old.example.com:8080",
    ]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn the_migration_the_doctor_and_resolve_say_the_command_that_adopts_it() {
    let world = cloud::world();
    let old = world.home().join(".singularity");
    std::fs::create_dir(&old).unwrap();
    let text = "Active: SylabsCloud\nRemotes:\n  SylabsCloud: {URI: cloud.sylabs.io, Token: secret, System: true}\n";
    std::fs::write(old.join("remote.yaml"), text).unwrap();
    let adopt = "portolan remote add SylabsCloud cloud.sylabs.io";
    let run = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
    assert!(
        run.code == Some(0) && run.stderr.contains(&format!("\n           {adopt}\n")),
        "{run}"
    );
    let doctor = world.run(&["remote", "doctor", "--offline"]);
    assert!(
        doctor.stdout.contains(&format!("To fix it: {adopt}\n")),
        "{doctor}"
    );
    assert_eq!(
        doctor
            .stdout
            .matches(&format!("To fix it: {adopt}\n"))
            .count(),
        2,
        "{doctor}"
    );
    let resolve = world.run(&["remote", "resolve", "library://a/b"]);
    assert!(
        resolve
            .stdout
            .starts_with("Refused, as portolan reads the files. The runtime does otherwise.\n")
            && resolve
                .stdout
                .contains("\n- Apptainer uses the copy of SylabsCloud at cloud.sylabs.io"),
        "{resolve}"
    );
    assert!(
        resolve.stderr.contains(&format!("\n           {adopt}\n")),
        "{resolve}"
    );
    let words: Vec<&str> = adopt.split(' ').skip(1).chain(["--no-login"]).collect();
    assert_eq!(world.run(&words).code, Some(0));
    assert!(!world.run(&["remote", "list"]).stderr.contains("WARNING"));
}
