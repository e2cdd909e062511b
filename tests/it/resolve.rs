//! `remote resolve`: who is asked for something, with what, and why. The rules alone are tested beside them.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud::{plain, remotes, token_until};
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;
use crate::support::world::{World, is_root};
use crate::support::{cloud, schema};

/// The policy that the rows below have: nobody, or the system's remote alone.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Free,
    Exclusive,
}
use Policy::{Exclusive, Free};

/// A system with a remote at a server, and a user who is logged in to it and to a keyserver.
fn world(server: &Server, policy: Policy) -> World {
    let world = cloud::world();
    let exclusive = policy == Exclusive;
    world.write_system(format!(
        "\
Active: company
Remotes:
  company:
    URI: {}
    System: true
    Exclusive: {exclusive}
    Keyservers:
    - URI: https://own.example.com
    - URI: https://gone.example.com
      Skip: true
    - URI: hkp://keys.example.com
      External: true
      Insecure: true
",
        server.host()
    ));
    world.write_user(format!(
        "\
Active: company
Remotes:
  company:
    URI: {}
    System: true
    Token: {}
Credentials:
- URI: http://keys.example.com:11371
  Auth: Basic aWFuOnBhc3M=
",
        server.host(),
        good(),
    ));
    world
}

fn words(line: &str) -> Vec<&str> {
    ["remote", "resolve"]
        .into_iter()
        .chain(line.split(' '))
        .collect()
}

/// The servers of a view, each as `URI credential`.
fn servers(view: &Value) -> String {
    let server = |server: &Value| {
        let uri = server["uri"].as_str().unwrap_or("?");
        format!("{uri} {}", server["credential"]["kind"].as_str().unwrap())
    };
    view["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(server)
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn every_task_has_its_servers_and_every_refusal_the_runtimes_words() {
    let server = Server::https(endpoint);
    let own = server.url("/library");
    let both = "https://own.example.com token, hkp://keys.example.com basic";
    let library = "FATAL:   Unable to get library client configuration: ";
    let only = format!(
        "endpoint is set as exclusive by the system administrator: only \"{own}\" can be used\n"
    );
    let rows = [
        (Free, "library://alpine", Ok(format!("{own} token, {both}"))),
        (Free, "push library://ian/images/alpine", Ok(format!("{own} token, {both}"))),
        (Free, "search", Ok(format!("{own} token"))),
        (Free, "delete library://a/b/c", Ok(format!("{own} token"))),
        (Free, "library://other.example.com/x", Ok(format!("https://other.example.com none, {both}"))),
        (Free, "search --library https://other.example.com", Ok("https://other.example.com none".to_owned())),
        (Free, "key search", Ok("https://own.example.com token".to_owned())),
        (Free, "key push --url https://k.example.com", Ok("https://k.example.com none".to_owned())),
        (Free, "https://k.example.com", Ok("https://k.example.com none".to_owned())),
        (Free, "verify", Ok(both.to_owned())),
        (
            Free,
            "push --library https://other.example.com",
            Err("FATAL:   Cannot push image to library: no authentication token, log in with `apptainer remote login`\n"
                .to_owned()),
        ),
        (
            Free,
            "pull --library https://l.example.com library://other.example.com/x",
            Err("FATAL:   Conflicting arguments; do not use --library with a library URI containing host name\n"
                .to_owned()),
        ),
        (Exclusive, "library://alpine", Ok(format!("{own} token, {both}"))),
        (Exclusive, "library://other.example.com/x", Err(format!("{library}{only}"))),
        (
            Exclusive,
            "search --library https://other.example.com",
            Err(format!("FATAL:   Error while getting library client config: {only}")),
        ),
        (Exclusive, "http://keys.example.com:11371", Ok("http://keys.example.com:11371 none".to_owned())),
        (
            Exclusive,
            "verify --url https://gone.example.com",
            Err("FATAL:   Error while getting keyserver client config: endpoint is set as exclusive by the system administrator: only \"https://own.example.com, hkp://keys.example.com\" can be used\n".to_owned()),
        ),
        (Exclusive, "docker://alpine", Ok("https://index.docker.io none".to_owned())),
        (Exclusive, "oras://r.example.com/x", Ok("https://r.example.com none".to_owned())),
    ];
    let worlds = [world(&server, Free), world(&server, Exclusive)];
    for (policy, line, wanted) in rows {
        let world = &worlds[usize::from(policy == Exclusive)];
        let run = world.run(&[words(line), vec!["--json"]].concat());
        let view = schema::view(&run.stdout);
        match wanted {
            Ok(wanted) => {
                assert_eq!(
                    (servers(&view), run.code),
                    (wanted, Some(0)),
                    "{line}\n{run}"
                );
                assert_eq!(
                    (&view["verdict"], &view["problem"]),
                    (&json!("allowed"), &json!(null)),
                    "{line}"
                );
            }
            Err(message) => {
                assert!(run.stderr.starts_with(&message), "{line}\n{run}");
                assert_eq!(
                    (&view["verdict"], run.code),
                    (&json!("refused"), Some(255)),
                    "{line}"
                );
                assert_eq!(
                    format!("FATAL:   {}\n", view["problem"].as_str().unwrap()),
                    message
                );
            }
        }
        assert!(
            !run.stdout.contains(&good()) && !run.stdout.contains("aWFuOnBhc3M="),
            "{line}\n{run}"
        );
        let text = world.run(&words(line));
        assert_eq!((text.code, text.stderr), (run.code, run.stderr), "{line}");
    }
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("Authorization").is_none()),
        "{:#?}",
        server.log()
    );
}

#[test]
fn an_answer_says_where_everything_comes_from() {
    let server = Server::https(endpoint);
    let world = world(&server, Exclusive);
    let shown = plain(
        &world.session(&["remote resolve library://alpine"]),
        &[&server],
    );
    let (before, after) = shown.split_once("endpoint said on ").unwrap();
    let after = after.split_once(".\n").unwrap().1;
    assert_data_eq!(
        format!("{before}endpoint said on DATE.\n{after}"),
        str![[r#"
$ portolan remote resolve library://alpine
Library: https://localhost:PORT1/library
    Credential: access token ($HOME/.apptainer/remote.yaml:6)
Keyserver: https://own.example.com ($ETC/apptainer/remote.yaml:8)
    Credential: access token ($HOME/.apptainer/remote.yaml:6)
Keyserver: hkp://keys.example.com, certificates unchecked ($ETC/apptainer/remote.yaml:11)
    Credential: user and password ($HOME/.apptainer/remote.yaml:8)

Why:
- company is the only remote that users may use ($ETC/apptainer/remote.yaml:6).
- No library is named: it is the remote's own.
- Signatures are verified: the remote's keyservers are asked in turn until one has the key.
- The remote's services are as its endpoint said on DATE.

The runtimes differ:
- Apptainer 1.1 and later can't find the services of localhost:PORT1: its address has a port.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.session(&["remote resolve --url https://k.example.com key search"]), &[&server]),
        str![[r#"
$ portolan remote resolve --url https://k.example.com key search
The runtime refuses.

Why:
- company is the only remote that users may use ($ETC/apptainer/remote.yaml:6).
------- stderr -------
FATAL:   Keyserver client failed: endpoint is set as exclusive by the system administrator: only "https://own.example.com, hkp://keys.example.com" can be used
         The policy stands in $ETC/apptainer/remote.yaml:6.
[exit status: 255]
[EOF]

"#]].raw()
    );
}

#[test]
fn the_default_remote_has_no_library_and_what_to_do_is_told() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "remote resolve library://alpine",
            "remote resolve key search"
        ]),
        str![[r#"
$ portolan remote resolve library://alpine
The runtime refuses.

Why:
- DefaultRemote is the active remote (built in).
- The remote's services are known without asking it.
------- stderr -------
FATAL:   Unable to get library client configuration: no default remote with library client in use
         For one that has:
           portolan remote add --no-login --use SylabsCloud
[exit status: 255]
$ portolan remote resolve key search
Keyserver: https://keys.openpgp.org
    Credential: none

Why:
- DefaultRemote is the active remote (built in).
- The first of the remote's keyservers is asked.
- No access token is stored for DefaultRemote.
- The remote's services are known without asking it.
[EOF]

"#]]
        .raw()
    );
    world.write_user("Active: DefaultRemote\nRemotes:\n  DefaultRemote: {URI: cloud.apptainer.org}\n  SylabsCloud: {URI: cloud.sylabs.io}\n");
    let run = world.run(&words("search"));
    assert_eq!(
        run.stderr,
        "FATAL:   Error while getting library client config: remote has no library client\n         For one that has:\n           portolan remote use SylabsCloud\n"
    );
    assert_eq!(
        world.home_listing(),
        [".apptainer", ".apptainer/remote.yaml"]
    );
}

#[test]
fn offline_nobody_is_asked_and_what_is_not_known_is_told() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("mine", &server.host(), "")]));
    let unknown = world.run(&words("--offline --json search"));
    let view = schema::view(&unknown.stdout);
    assert_eq!(
        (&view["verdict"], servers(&view).as_str()),
        (&json!("unknown"), "? none")
    );
    assert_eq!(unknown.code, Some(3));
    assert!(
        unknown
            .stderr
            .starts_with("WARNING: It is not known what the runtime does: it was not asked"),
        "{unknown}"
    );
    assert_eq!(server.connections(), 0);
    // What needs no answer of the endpoint's has one.
    for line in [
        "--offline search --library https://l.example.com",
        "key search --url https://k.example.com",
    ] {
        assert_eq!(world.run(&words(line)).code, Some(0));
    }
    assert_eq!(server.connections(), 0);

    assert_eq!(world.run(&words("search")).code, Some(0));
    let view = schema::view(&world.run(&words("--offline --json search")).stdout);
    assert_eq!(servers(&view), format!("{} none", server.url("/library")));
    assert_eq!(server.asked().len(), 1);
    world.run(&words("--refresh search"));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn an_endpoint_without_a_service_is_refused_as_the_runtime_does() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[(
        "mine",
        &format!("{}/nokeys", server.host()),
        "",
    )]));
    for (line, message) in [
        (
            "key search",
            "FATAL:   Keyserver client failed: keyserver is not a service at endpoint\n",
        ),
        (
            "library://alpine",
            "FATAL:   Unable to get keyserver client configuration: keyserver is not a service at endpoint\n",
        ),
    ] {
        let run = world.run(&words(line));
        assert!(
            run.stderr.starts_with(message) && run.code == Some(255),
            "{run}"
        );
    }
    assert_eq!(
        world.run(&words("build")).code,
        Some(0),
        "a build only warns"
    );
}

#[test]
fn variables_of_the_runtime_count_and_portolans_own_is_told_apart() {
    let server = Server::https(endpoint);
    let mut world = world(&server, Free);
    world.set("APPTAINER_LIBRARY", "https://l.example.com");
    world.set("APPTAINER_URL", "https://k.example.com");
    let view = schema::view(&world.run(&words("--json search")).stdout);
    assert_eq!(
        (servers(&view).as_str(), view["why"][1].as_str()),
        (
            "https://l.example.com none",
            Some("APPTAINER_LIBRARY names the library.")
        )
    );
    assert_eq!(
        servers(&schema::view(&world.run(&words("--json verify")).stdout)),
        "https://k.example.com none"
    );
    let view = schema::view(
        &world
            .run(&words("--json --library https://other.example.com search"))
            .stdout,
    );
    assert_eq!(servers(&view), "https://other.example.com none");

    world.set("PORTOLAN_REMOTE", "company");
    let view = schema::view(&world.run(&words("--json search")).stdout);
    assert_eq!(
        view["remote_by"],
        json!({"layer": "environment", "file": null, "line": null})
    );
    let text = "does not know PORTOLAN_REMOTE: it uses company";
    assert_eq!(
        view["differences"][0],
        json!({"versions": "Apptainer", "text": text})
    );
    let named = fs::read(world.user_file()).unwrap();
    fs::write(world.home().join("other.yaml"), named).unwrap();
    let run = world.run(&["remote", "-c", "other.yaml", "resolve", "--json", "search"]);
    let text = "reads $HOME/.apptainer/remote.yaml, never other.yaml";
    assert_eq!(schema::view(&run.stdout)["differences"][0]["text"], text);
}

#[test]
fn a_token_that_is_of_no_use_is_told() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[(
        "mine",
        &server.host(),
        &token_until(1_000_000_000),
    )]));
    let view = schema::view(&world.run(&words("--json search")).stdout);
    assert!(
        view["why"]
            .as_array()
            .unwrap()
            .contains(&json!("The access token expired at 2001-09-09T01:46:40Z.")),
        "{view}"
    );
    assert_eq!(view["servers"][0]["credential"]["kind"], "token");
}

/// A user's docker-config.json with a login of each kind.
const DOCKER: &str = r#"{"auths": {
"https://index.docker.io/v1/": {"auth": "aWFuOnBhc3M="},
"r.example.com": {"auth": "aWFuOnBhc3M="},
"r.example.com/team/x": {"auth": "aWFuOg==", "identitytoken": "t"},
"two.example.com/a": {"auth": "aWFuOnBhc3M="},
"two.example.com/b": {"auth": "YW5uOnBhc3M="},
"h.example.com": {}},
"credHelpers": {"h.example.com": "vault"}}"#;

#[test]
fn a_registrys_login_is_found_as_the_runtime_finds_it() {
    let mut world = World::shipped();
    world.write_docker_config(DOCKER);
    let programs = world.root().join("programs");
    fs::create_dir(&programs).unwrap();
    world.link_program("docker-credential-vault", "/bin/true");
    let rows = [
        ("docker://alpine", "password", json!("ian"), Value::Null),
        (
            "docker://r.example.com/x:1",
            "password",
            json!("ian"),
            Value::Null,
        ),
        (
            "oras://r.example.com/team/x",
            "identity-token",
            json!("ian"),
            Value::Null,
        ),
        (
            "pull docker://h.example.com/x",
            "helper",
            Value::Null,
            json!("vault"),
        ),
        (
            "docker://other.example.com/x",
            "none",
            Value::Null,
            Value::Null,
        ),
    ];
    for (line, kind, account, helper) in rows {
        let run = world.run(&[words(line), vec!["--json"]].concat());
        let view = schema::view(&run.stdout);
        let credential = &view["servers"][0]["credential"];
        assert_eq!(
            (
                &credential["kind"],
                &credential["account"],
                &credential["helper"]
            ),
            (&json!(kind), &account, &helper),
            "{line}\n{run}"
        );
        let file = if kind == "none" {
            Value::Null
        } else {
            json!("$HOME/.apptainer/docker-config.json")
        };
        assert_eq!(credential["stored_in"]["file"], file, "{line}");
        assert_eq!(view["remote"], Value::Null);
        assert!(!run.stdout.contains("aWFu"), "{run}");
    }
    let view = schema::view(
        &world
            .run(&words("--json docker://two.example.com/c"))
            .stdout,
    );
    let credential = &view["servers"][0]["credential"];
    assert_eq!(credential["one_of"], json!(["ian", "ann"]));

    // A helper for all may have one; it isn't run.
    world.write_docker_config(r#"{"credsStore": "vault"}"#);
    let view = schema::view(&world.run(&words("--json docker://r.example.com/x")).stdout);
    let credential = &view["servers"][0]["credential"];
    assert_eq!(credential["kind"], "helper");
    assert_eq!(
        credential["helper_keys"],
        json!(["r.example.com/x", "r.example.com"])
    );

    world.set("APPTAINER_DOCKER_USERNAME", "ann");
    world.set("SINGULARITY_DOCKER_PASSWORD", "pass");
    let view = schema::view(&world.run(&words("--json docker://alpine")).stdout);
    let credential = &view["servers"][0]["credential"];
    assert_eq!(credential["account"], "ann");
    assert_eq!(
        credential["variables"],
        json!(["APPTAINER_DOCKER_USERNAME", "SINGULARITY_DOCKER_PASSWORD"])
    );
}

#[test]
fn a_pull_that_the_runtime_ends_is_refused_in_its_words() {
    let world = World::shipped();
    world.write_docker_config(r#"{"credsStore": "missing"}"#);
    let run = world.run(&words("--json docker://r.example.com/x"));
    let error = "error getting credentials - err: exec: \"docker-credential-missing\": executable file not found in $PATH, \
                 out: ``";
    assert_eq!(run.code, Some(255), "{run}");
    assert!(run.stderr.contains(&format!("FATAL:   {error}\n")), "{run}");
    let view = schema::view(&run.stdout);
    assert_eq!(
        (&view["verdict"], &view["problem"]),
        (&json!("refused"), &json!(error))
    );
    // An older version looks at no helper for all.
    let old = world.run(&words("--runtime apptainer@1.2 docker://r.example.com/x"));
    assert_eq!(old.code, Some(0), "{old}");
}

#[test]
fn without_a_docker_config_dockers_own_file_counts_for_newer_runtimes() {
    let world = World::shipped();
    let none = schema::view(&world.run(&words("--json docker://alpine")).stdout);
    assert_eq!(none["servers"][0]["credential"]["kind"], "none");
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(
        world.home().join(".docker/config.json"),
        r#"{"auths":{"docker.io":{"auth":"aWFuOnBhc3M="}}}"#,
    )
    .unwrap();
    assert_data_eq!(
        world.session(&[
            "remote resolve docker://alpine",
            "remote resolve --runtime apptainer@1.3 docker://alpine"
        ]),
        str![[r#"
$ portolan remote resolve docker://alpine
Registry: https://index.docker.io
    Credential: none

Why:
- The rules are those of Apptainer 1.5.3.
- A registry needs no remote, and the policy of exclusive remotes does not hold for it.
- The image names no host: Docker Hub is meant.
- $HOME/.apptainer/docker-config.json does not exist: Docker's own file, $HOME/.docker/config.json, counts.
- Nothing that is read has a login for index.docker.io.
- $HOME/.docker/config.json has an entry for docker.io, which Apptainer 1.5.3 does not use for index.docker.io.

The runtimes differ:
- Apptainer before 1.2 asks Docker Hub as ian.
- Apptainer 1.3.3 to 1.3.x asks Docker Hub as ian.
$ portolan remote resolve --runtime apptainer@1.3 docker://alpine
Registry: https://registry-1.docker.io
    Credential: user and password ian ($HOME/.docker/config.json)

Why:
- The rules are those of Apptainer 1.3.
- A registry needs no remote, and the policy of exclusive remotes does not hold for it.
- The image names no host: Docker Hub is meant.
- $HOME/.apptainer/docker-config.json does not exist: Docker's own file, $HOME/.docker/config.json, counts.
- $HOME/.docker/config.json has a login for docker.io.

The runtimes differ:
- Apptainer 1.2 to 1.3.2 asks Docker Hub without a login.
- Apptainer 1.4 and later asks Docker Hub without a login.
[EOF]

"#]].raw()
    );
}

#[test]
fn a_mirror_is_asked_first() {
    let mut world = World::shipped();
    world.write_docker_config(r#"{"auths": {"mirror.example.com": {"auth": "YW5uOnBhc3M="}, "r.example.com": {"auth": "aWFuOnBhc3M="}}}"#);
    let directory = world.home().join(".config/containers/registries.conf.d");
    fs::create_dir_all(&directory).unwrap();
    let text = "[[registry]]\nlocation = \"r.example.com\"\n[[registry.mirror]]\nlocation = \"mirror.example.com/r\"\n";
    fs::write(directory.join("50-mirror.conf"), text).unwrap();
    fs::write(directory.join("../registries.conf"), "").unwrap();
    assert_data_eq!(
        world.session(&[
            "remote resolve docker://r.example.com/x",
            "remote resolve --runtime apptainer@1.3.6 docker://r.example.com/x"
        ]),
        str![[r#"
$ portolan remote resolve docker://r.example.com/x
Registry: https://mirror.example.com
    Credential: user and password ann ($HOME/.apptainer/docker-config.json)

Why:
- The rules are those of Apptainer 1.5.3.
- A registry needs no remote, and the policy of exclusive remotes does not hold for it.
- registries.conf names the mirror mirror.example.com, which takes the registry's place: when it is down or has not the image, the pull fails.
- $HOME/.apptainer/docker-config.json has a login for mirror.example.com.

The runtimes differ:
- Apptainer before 1.4 asks mirror.example.com as ann, then r.example.com as ian.
- Apptainer 1.4 to 1.4.1 asks r.example.com as ian.
$ portolan remote resolve --runtime apptainer@1.3.6 docker://r.example.com/x
Registry: https://mirror.example.com
    Credential: user and password ann ($HOME/.apptainer/docker-config.json)
Registry: https://r.example.com
    Credential: user and password ian ($HOME/.apptainer/docker-config.json)

Why:
- The rules are those of Apptainer 1.3.6.
- A registry needs no remote, and the policy of exclusive remotes does not hold for it.
- registries.conf names the mirror mirror.example.com: when it is down or has not the image, the next one is asked.
- $HOME/.apptainer/docker-config.json has a login for r.example.com.

The runtimes differ:
- Apptainer 1.4 to 1.4.1 asks r.example.com as ian.
- Apptainer 1.4.2 and later asks mirror.example.com as ann.
[EOF]

"#]].raw()
    );
    world.set("APPTAINER_DOCKER_USERNAME", "ian");
    let hosts = |runtime: &str| {
        let view = schema::view(
            &world
                .run(&words(&format!(
                    "--json --runtime {runtime} docker://r.example.com/x"
                )))
                .stdout,
        );
        let servers = view["servers"].as_array().unwrap().clone();
        servers
            .iter()
            .map(|server| {
                format!(
                    "{} {}",
                    server["uri"].as_str().unwrap(),
                    server["credential"]["account"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(hosts("apptainer@1.5"), ["https://mirror.example.com ian"]);
    assert_eq!(
        hosts("apptainer@1.3"),
        [
            "https://mirror.example.com ann",
            "https://r.example.com ian"
        ]
    );
    assert_eq!(hosts("apptainer@1.4.1"), ["https://r.example.com ian"]);
}

#[test]
fn a_remotes_file_that_the_runtime_can_not_close_ends_every_command() {
    let mut world = World::shipped();
    world.write_user("Remotes: {}");
    let file = world.user_file();
    world.set_mode(&file, 0o644);
    // Its own it closes.
    assert_eq!(world.run(&words("docker://alpine")).code, Some(0));
    let moved = world.root().join("remote.yaml");
    fs::rename(&file, &moved).unwrap();
    symlink(&moved, &file).unwrap();
    world.as_ordinary_user();
    if is_root() {
        for line in ["docker://alpine", "key search"] {
            let run = world.run(&words(&format!("--json {line}")));
            let problem = schema::view(&run.stdout)["problem"].clone();
            let wanted = "Unable to correct the permission on $HOME/.apptainer/remote.yaml: chmod \
                          $HOME/.apptainer/remote.yaml: operation not permitted";
            assert_eq!((problem, run.code), (json!(wanted), Some(255)), "{line}");
        }
    }
    // The newest SingularityCE takes no link at all.
    let directory = world.home().join(".singularity");
    fs::create_dir(&directory).unwrap();
    symlink(&moved, directory.join("remote.yaml")).unwrap();
    world.set_mode(&moved, 0o600);
    world.give_away(&moved);
    world.give_away(&directory);
    let code = |version: &str| {
        let line = format!(
            "--command singularity remote resolve --runtime singularityce@{version} docker://alpine"
        );
        world.run(&line.split(' ').collect::<Vec<_>>()).code
    };
    assert_eq!((code("4.4"), code("4.5")), (Some(0), Some(255)));
}

#[test]
fn commands_that_fetch_an_image_are_answered_as_pull() {
    let world = World::shipped();
    world.write_docker_config(DOCKER);
    for task in ["exec", "run", "shell", "instance start", "inspect", "tag"] {
        let view = schema::view(
            &world
                .run(&words(&format!("--json {task} docker://r.example.com/x")))
                .stdout,
        );
        assert_eq!(
            (&view["task"], &view["servers"][0]["credential"]["account"]),
            (&json!("pull"), &json!("ian")),
            "{task}"
        );
    }
}

#[test]
fn a_runtime_is_one_that_is_known() {
    let mut world = World::shipped();
    let run = world.run(&words("--runtime apptainer@9.1 docker://alpine"));
    assert_eq!(run.code, Some(255), "{run}");
    assert!(run.stderr.contains("VERSION one of: 1.0, 1.1"), "{run}");
    world.set("PORTOLAN_RUNTIME", "apptainer@1.0");
    let run = world.run(&words("docker://alpine"));
    assert!(
        run.stdout
            .contains("The rules are those of Apptainer 1.0.\n"),
        "{run}"
    );
}

#[test]
fn what_nobody_could_be_asked_for_is_refused() {
    let world = World::shipped();
    for line in [
        "nonsense",
        "key",
        "key list",
        "shub://x",
        "push https://k.example.com",
        "library://",
        "docker://h:x/y",
        "https://u@h",
    ] {
        let run = world.run(&words(line));
        assert_eq!(
            (run.stdout.as_str(), run.code),
            ("", Some(255)),
            "{line}: {run}"
        );
    }
    for (line, flag) in [
        ("--url https://k.example.com push", "--url is not for push"),
        (
            "--library https://l.example.com verify",
            "--library is not for verify",
        ),
        (
            "--library https://l.example.com docker://alpine",
            "--library is not for an image in a registry",
        ),
    ] {
        let run = world.run(&words(line));
        assert_eq!(
            (run.stderr, run.code),
            (format!("Error for command \"resolve\": {flag}\n"), Some(1)),
            "{line}"
        );
    }
}

#[test]
fn helpers_of_registries_conf_come_before_files_for_the_versions_that_know_them() {
    let mut world = World::shipped();
    let directory = world.home().join(".config/containers");
    fs::create_dir_all(&directory).unwrap();
    world.write_docker_config(r#"{"auths":{"h.example":{"auth":"aWFuOng="}}}"#);
    world.link_program(
        "docker-credential-there",
        "tests/it/programs/docker-credential-fake",
    );
    let mut resolve = |helpers: &str, version: &str| {
        let text = format!("credential-helpers = [{helpers}]\n");
        fs::write(directory.join("registries.conf"), text).unwrap();
        world.set("PORTOLAN_RUNTIME", format!("apptainer@{version}"));
        let run = world.run(&[
            "remote",
            "resolve",
            "--offline",
            "--json",
            "docker://h.example/a",
        ]);
        let view = schema::view(&run.stdout);
        let credential = &view["servers"][0]["credential"];
        json!([
            run.code,
            credential["helper"],
            credential["account"],
            view["problem"]
        ])
    };
    let files = r#""containers-auth.json""#;
    assert_eq!(resolve("", "1.3"), json!([0, null, "ian", null]));
    assert_eq!(
        resolve(r#""there""#, "1.3"),
        json!([0, "there", null, null])
    );
    assert_eq!(
        resolve(&format!(r#"{files}, "there""#), "1.3"),
        json!([0, null, "ian", null])
    );
    assert_eq!(
        resolve(&format!(r#""gone", {files}"#), "1.3"),
        json!([0, null, "ian", null])
    );
    assert_eq!(
        resolve(r#""gone""#, "1.3"),
        json!([
            255,
            null,
            null,
            "1 error occurred: * error getting credentials - err: exec: \"docker-credential-gone\": executable file not \
             found in $PATH, out: ``"
        ])
    );
    assert_eq!(resolve(r#""there""#, "1.4"), json!([0, null, "ian", null]));
}
