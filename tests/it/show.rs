//! `remote show`: everything about a remote, and where each part comes from.

use serde_json::json;
use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud::{plain, remotes, token_until};
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;
use crate::support::{cloud, schema};

const EXCLUSIVE: &str = "\
# The company's own.
Active: company
Remotes:
  company:
    URI: company.example.com
    System: true
    Exclusive: true # by order of the director
    Keyservers:
    - URI: https://keys.example.com
      External: true
    - URI: https://gone.example.com
      Skip: true
    - URI: http://localhost:11371
      Insecure: true
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
";

#[test]
fn a_remote_is_shown_on_one_screen() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[(
        "mine",
        &server.host(),
        &token_until(4_102_444_800),
    )]));
    let shown = plain(&world.session(&["remote show"]), &[&server]);
    let (before, after) = shown.split_once("(as the endpoint said on ").unwrap();
    let (date, after) = after.split_once(")\n").unwrap();
    assert!(date.starts_with("20") && date.ends_with('Z'), "{date}");
    assert_data_eq!(
        format!("{before}(as the endpoint said on DATE)\n{after}"),
        str![[r#"
$ portolan remote show
Remote     mine
URI        https://localhost:PORT1                   $HOME/.apptainer/remote.yaml:3
Active     yes                                       $HOME/.apptainer/remote.yaml:1
Exclusive  no
Token      stored, valid until 2100-01-01T00:00:00Z  $HOME/.apptainer/remote.yaml:5

SERVICE    URI
builder    https://localhost:PORT1/builder
consent    https://localhost:PORT1/consent
keyserver  https://localhost:PORT1/keys
library    https://localhost:PORT1/library
token      https://localhost:PORT1/token
(as the endpoint said on DATE)

ORDER  KEYSERVER                     LOGIN  INSECURE  FROM
1      https://localhost:PORT1/keys  YES    NO        the endpoint
[EOF]

"#]]
        .raw()
    );
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none()
                || asked.path() == "/library/v1/rbac/users/current"),
        "{:#?}",
        server.log()
    );
}

#[test]
fn what_the_endpoint_said_is_shown_without_asking_again() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("mine", &server.host(), "")]));
    let unknown = world.run(&["remote", "show", "--offline"]);
    assert!(
        unknown
            .stdout
            .contains("Its services are not known: it was not asked"),
        "{unknown}"
    );
    assert_eq!((server.connections(), unknown.code), (0, Some(0)));
    let asked = world.run(&["remote", "show"]).stdout;
    for words in [
        &["remote", "show", "--offline"][..],
        &["remote", "show", "mine"],
    ] {
        assert_eq!(world.run(words).stdout, asked);
    }
    assert_eq!(server.asked().len(), 1, "{:#?}", server.log());
    world.run(&["remote", "show", "--refresh"]);
    assert_eq!(server.asked().len(), 2, "{:#?}", server.log());
}

#[test]
fn an_exclusive_remote_says_by_which_line() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    world.write_user("Active: mine\nRemotes:\n  mine: {URI: mine.example.com}\nCredentials:\n- {URI: 'https://keys.example.com', Auth: Basic x}\n");
    assert_data_eq!(
        world.session(&["remote show --offline", "remote show --offline mine"]),
        str![[r#"
$ portolan remote show --offline
Remote     company
URI        https://company.example.com  $ETC/apptainer/remote.yaml:4
Active     yes                          $ETC/apptainer/remote.yaml:7
Exclusive  yes: users may use no other  $ETC/apptainer/remote.yaml:7
Token      none

Its services are not known: it was not asked, and no earlier answer is known

ORDER  KEYSERVER                 LOGIN  INSECURE  FROM
1      https://keys.example.com  YES    NO        $ETC/apptainer/remote.yaml:9
2      http://localhost:11371    NO     YES       $ETC/apptainer/remote.yaml:13
$ portolan remote show --offline mine
Remote     mine
URI        https://mine.example.com                    $HOME/.apptainer/remote.yaml:3
Active     no: company is the only one that may be     $ETC/apptainer/remote.yaml:7
Exclusive  no: company is, and users may use no other  $ETC/apptainer/remote.yaml:7
Token      none

Its services are not known: it was not asked, and no earlier answer is known

Its keyservers are not known.
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_built_in_remote_is_known_without_a_file_or_a_server() {
    assert_data_eq!(
        World::new().session(&["remote show"]),
        str![[r#"
$ portolan remote show
Remote     DefaultRemote
URI        https://cloud.apptainer.org  built in
Active     yes                          built in
Exclusive  no
Token      none

SERVICE    URI
keyserver  https://keys.openpgp.org
It has no library: library:// images come from another remote.
For one that has:
  portolan remote add --no-login --use SylabsCloud

ORDER  KEYSERVER                 LOGIN  INSECURE  FROM
1      https://keys.openpgp.org  NO     NO        the endpoint
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn the_environment_is_named_where_it_chose() {
    let mut world = World::shipped();
    world.write_user(
        "Active: DefaultRemote\nRemotes:\n  mine:\n    URI: localhost:1\n    Insecure: true\n",
    );
    world.set("PORTOLAN_REMOTE", "mine");
    let shown = world.run(&["remote", "show", "--offline"]).stdout;
    let line = |label: &str| {
        shown
            .lines()
            .find(|line| line.starts_with(label))
            .unwrap()
            .to_owned()
    };
    assert!(
        line("Active").ends_with("yes                 PORTOLAN_REMOTE"),
        "{shown}"
    );
    assert!(line("URI").contains("http://localhost:1 "), "{shown}");
}

#[test]
fn a_token_is_told_and_never_shown() {
    let world = World::shipped();
    let entry = |uri: &str, token: &str| {
        format!("  DefaultRemote:\n    URI: {uri}\n    System: true\n    Token: {token}\n")
    };
    let expired = token_until(1_000_000_000);
    for (uri, token, state, told) in [
        (
            "cloud.apptainer.org",
            "opaque-token-of-no-kind",
            "stored",
            "stored, does not say until when it is valid",
        ),
        (
            "cloud.apptainer.org",
            expired.as_str(),
            "expired",
            "expired 2001-09-09T01:46:40Z",
        ),
        (
            "old.example.com",
            "opaque-token-of-no-kind",
            "moved",
            "stored for old.example.com, not sent here",
        ),
    ] {
        world.write_user(format!("Active: ''\nRemotes:\n{}", entry(uri, token)));
        let shown = world.run(&["remote", "show", "DefaultRemote"]).stdout;
        let line = shown
            .lines()
            .find(|line| line.starts_with("Token"))
            .unwrap();
        assert!(
            line.contains(told) && line.ends_with("$HOME/.apptainer/remote.yaml:6"),
            "{shown}"
        );
        assert!(!shown.contains(token), "{shown}");
        let json = world
            .run(&["remote", "show", "--json", "DefaultRemote"])
            .stdout;
        assert!(!json.contains(token), "{json}");
        assert_eq!(schema::view(&json)["token"]["state"], state);
    }
}

#[test]
fn a_script_gets_the_same_as_json() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    world.write_user("Active: mine\nRemotes:\n  mine: {URI: mine.example.com}\n");
    let shown = schema::view(
        &world
            .run(&["remote", "show", "--offline", "--json", "mine"])
            .stdout,
    );
    assert_eq!(
        shown["defined"],
        json!({"layer": "user", "file": "$HOME/.apptainer/remote.yaml", "line": 3})
    );
    assert_eq!(
        (&shown["active"], &shown["active_remote"]),
        (&json!(false), &json!("company"))
    );
    assert_eq!(
        shown["exclusive_by"],
        json!({"layer": "system", "file": "$ETC/apptainer/remote.yaml", "line": 7})
    );
    assert_eq!(
        (&shown["services"], &shown["keyservers"]),
        (&json!(null), &json!(null))
    );

    let shown = schema::view(&world.run(&["remote", "show", "--offline", "--json"]).stdout);
    assert_eq!(shown["keyservers"][1]["uri"], "http://localhost:11371");
    assert_eq!(shown["keyservers"][1]["listed"]["line"], 13);

    let fresh = World::new();
    let shown = schema::view(&fresh.run(&["remote", "show", "--json"]).stdout);
    assert_eq!(
        shown["defined"],
        json!({"layer": "built-in", "file": null, "line": null})
    );
    assert_eq!(fresh.home_listing(), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_told() {
    let world = World::shipped();
    world.write_user("Active: gone\nRemotes: {}\n");
    for (words, said) in [
        (
            &["remote", "show", "nope"][..],
            "FATAL:   nope is not a remote\n",
        ),
        (&["remote", "show"], "FATAL:   gone is not a remote\n"),
    ] {
        let run = world.run(words);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str(), run.code),
            ("", said, Some(255))
        );
    }
}

#[test]
fn a_login_counts_where_the_runtime_would_use_it() {
    let world = World::new();
    world.write_system(EXCLUSIVE);
    for (login, shown) in [
        ("https://keys.example.com", true),
        ("hkps://keys.example.com/path", true),
        ("https://keys.example.com:443", false),
        ("http://keys.example.com", false),
    ] {
        world.write_user(format!(
            "Credentials:\n- {{URI: '{login}', Auth: Basic x}}\n"
        ));
        let view = schema::view(&world.run(&["remote", "show", "--offline", "--json"]).stdout);
        assert_eq!(view["keyservers"][0]["login"], shown, "{login}");
    }
}

#[test]
fn nobody_is_advised_to_do_what_the_policy_forbids() {
    let world = World::new();
    world.write_system(
        "Active: d\nRemotes:\n  d: {URI: cloud.apptainer.org, System: true, Exclusive: true}\n",
    );
    let shown = world.run(&["remote", "show"]).stdout;
    assert!(
        shown.contains("Only your administrator can choose one that has")
            && !shown.contains("remote use"),
        "{shown}"
    );
}

#[test]
fn a_table_is_no_wider_than_the_terminal() {
    let world = cloud::world();
    world.write_user(remotes(&[(
        "e",
        &format!("{}.example", "x".repeat(90)),
        "",
    )]));
    let mut terminal = Terminal::new();
    terminal.resize(60);
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args(["remote", "show", "--offline"]);
    terminal.start(command);
    assert!(terminal.wait().success());
    let shown = terminal.shown();
    let table: Vec<_> = shown.lines().take_while(|line| !line.is_empty()).collect();
    assert!(table.len() > 5, "{shown}");
    assert!(table.iter().all(|line| line.len() <= 60), "{shown}");
    let piped = world.run(&["remote", "show", "--offline"]).stdout;
    assert!(piped.lines().any(|line| line.len() > 120), "{piped}");
}

#[test]
fn who_is_logged_in_is_shown_when_the_endpoint_was_asked() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(cloud::remotes(&[("e", &server.host(), &good())]));
    let line = "\nLogged in as  ian <ian@example.com>\n";
    let first = world.run(&["remote", "show"]).stdout;
    assert!(first.contains(line), "{first}");
    let asked = server.asked().len();
    let again = world.run(&["remote", "show"]).stdout;
    assert!(!again.contains("Logged in as"), "{again}");
    assert_eq!(
        server.asked().len(),
        asked,
        "nobody is asked for what is known"
    );
    let json = world.run(&["remote", "show", "--refresh", "--json"]).stdout;
    assert!(
        json.contains("\"email\": \"ian@example.com\"")
            || json.contains("\"email\":\"ian@example.com\""),
        "{json}"
    );
}

#[test]
fn the_logins_to_registries_are_those_of_the_runtime() {
    let world = World::shipped();
    world.write_docker_config(
        r#"{"auths":{"ghcr.io":{"auth":"aWFuOng="},"docker.io":{"auth":"ZXZlOng="}}}"#,
    );
    let logins = |version: &str| {
        let runtime = format!("apptainer@{version}");
        let words = [
            "remote",
            "show",
            "--offline",
            "--json",
            "--runtime",
            &runtime,
        ];
        let view = schema::view(&world.run(&words).stdout);
        let logins = view["logins"].as_array().unwrap().clone();
        let accounts = logins.iter().map(|login| login["account"].clone());
        accounts.collect::<Vec<_>>()
    };
    assert_eq!(logins("1.5"), ["ian"]);
    assert_eq!(logins("1.3"), ["eve", "ian"]);
    let shown = world.run(&["remote", "show", "--offline"]).stdout;
    assert!(
        shown.contains("docker://ghcr.io  ian      $HOME/.apptainer/docker-config.json"),
        "{shown}"
    );
}
