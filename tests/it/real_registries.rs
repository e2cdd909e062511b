//! Real registries (docker-registry), another tool that uses the same file (skopeo), and a real credential helper (pass).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use portolan::secret::Secret;
use portolan::service::http::{Authorization, Client, Options};

use crate::stores::{has_keyring, no_key_is_left};
use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::program::{Program, free_port, is_installed};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{World, skip};

const PASSWORD: &str = "pa55word";
/// `PASSWORD` as htpasswd writes it, by bcrypt.
const PASSWORD_FILE: &str = "ian:$2y$05$XU8JLMyQTkw/8Pn4cG/7v.M7juttbkd1ntO0PlX2oxBf9ktpXYvda\n";
const STORED: &str = "INFO:    Token stored in $HOME/.apptainer/docker-config.json\nINFO:    Token stored in $HOME/.apptainer/remote.yaml\n";

/// Whether all of these are there; says so where not.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_installed(program));
    missing
        .inspect(|missing| skip(&format!("{missing} is not installed")))
        .is_none()
}

/// A registry that lets `ian` alone in; with a certificate of the tests' authority, or without TLS.
fn registry(world: &World, tls: bool) -> Program {
    let port = free_port();
    let directory = world.root().join(format!("registry-{port}"));
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("passwords"), PASSWORD_FILE).unwrap();
    let directory = directory.display();
    let mut http = format!("  addr: 127.0.0.1:{port}\n");
    if tls {
        let identity = authority::shared().issue(Leaf::Good);
        fs::write(format!("{directory}/tls.pem"), identity.certificate).unwrap();
        fs::write(format!("{directory}/tls.key"), identity.key).unwrap();
        http.push_str(&format!(
            "  tls:\n    certificate: {directory}/tls.pem\n    key: {directory}/tls.key\n"
        ));
    }
    let settings = format!(
        "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {directory}/data\nhttp:\n{http}auth:\n  htpasswd:\n    \
         realm: tests\n    path: {directory}/passwords\n"
    );
    fs::write(format!("{directory}/config.yml"), settings).unwrap();
    Program::start(
        Command::new("/usr/bin/docker-registry")
            .arg("serve")
            .arg(format!("{directory}/config.yml")),
        port,
    )
}

fn docker_config(world: &World) -> PathBuf {
    world.home().join(".apptainer/docker-config.json")
}

fn login(world: &World, uri: &str, password: &str) -> crate::support::world::Finished {
    world.run_with_input(
        &[
            "remote",
            "login",
            "--username",
            "ian",
            "--password-stdin",
            uri,
        ],
        password,
    )
}

/// skopeo with these words in the world's home; what it said.
fn skopeo(world: &World, words: &[&str]) -> Output {
    let mut skopeo = Command::new("/usr/bin/skopeo");
    skopeo
        .env_clear()
        .env("HOME", world.home())
        .env(
            "PATH",
            format!("{}/bin:/usr/bin:/bin", world.root().display()),
        )
        .current_dir(world.home());
    skopeo.args(words).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn success(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn another_tool_uses_the_login_and_ends_it() {
    if !are_installed(&["docker-registry", "skopeo"]) {
        return;
    }
    let world = World::shipped();
    let registry = registry(&world, false);
    let host = format!("localhost:{}", registry.port);
    let uri = format!("docker://{host}");

    let wrong = login(&world, &uri, "wrong");
    let refusal = format!(
        "FATAL:   while login to {uri}: login attempt to http://{host}/v2/ failed with status: 401 Unauthorized\n         The registry says: unauthorized: authentication required\n"
    );
    assert_eq!((wrong.code, wrong.stderr), (Some(255), refusal));
    assert_eq!(world.file(&docker_config(&world)), "absent\n");

    assert_eq!(login(&world, &uri, PASSWORD).stderr, STORED);
    let file = docker_config(&world);
    let authfile = ["--authfile", file.to_str().unwrap()];
    let image = format!("oci:{}/tests/data/image:latest", env!("CARGO_MANIFEST_DIR"));
    let target = format!("{uri}/tiny:1");
    let policy = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
    success(&skopeo(
        &world,
        &[&policy[..], &authfile, &[&image, &target]].concat(),
    ));
    let tags = success(&skopeo(
        &world,
        &[
            &["list-tags", "--tls-verify=false"],
            &authfile[..],
            &[&format!("{uri}/tiny")],
        ]
        .concat(),
    ));
    assert!(tags.contains("\"1\""), "{tags}");

    success(&skopeo(
        &world,
        &[&["logout"], &authfile[..], &[&host]].concat(),
    ));
    assert!(
        !world.run(&["remote", "list"]).stdout.contains(&uri),
        "a row never stands for a login that is gone"
    );
}

#[test]
fn the_login_of_another_tool_is_seen_and_ended() {
    if !are_installed(&["docker-registry", "skopeo"]) {
        return;
    }
    let world = World::shipped();
    let registry = registry(&world, false);
    let host = format!("localhost:{}", registry.port);
    let (file, other) = (docker_config(&world), world.home().join("other.json"));
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    for file in [&file, &other] {
        let words = [
            "login",
            "--tls-verify=false",
            "--authfile",
            file.to_str().unwrap(),
            "-u",
            "ian",
            "-p",
            PASSWORD,
            &host,
        ];
        success(&skopeo(&world, &words));
    }
    let logout = world.run(&["remote", "logout", &format!("docker://{host}")]);
    assert_eq!(
        logout.stderr,
        "INFO:    Token removed from $HOME/.apptainer/docker-config.json\nINFO:    Logout succeeded\n"
    );
    let logout = world.run(&[
        "registry",
        "logout",
        "--authfile",
        other.to_str().unwrap(),
        &host,
    ]);
    assert_eq!(
        logout.stderr,
        "INFO:    Token removed from $HOME/other.json\nINFO:    Logout succeeded\n"
    );
    for file in [&file, &other] {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains(&host), "{text}");
    }
}

#[test]
fn a_registry_with_a_certificate_of_its_own_is_trusted_by_its_directory() {
    if !are_installed(&["docker-registry"]) {
        return;
    }
    let world = World::shipped();
    let registry = registry(&world, true);
    let host = format!("localhost:{}", registry.port);
    let uri = format!("oras://{host}");
    let refused = login(&world, &uri, PASSWORD);
    assert_eq!(refused.code, Some(255), "{refused}");
    assert!(
        refused
            .stderr
            .contains("certificate signed by unknown authority"),
        "{refused}"
    );

    let directory = world.home().join(".config/containers/certs.d").join(&host);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("ca.crt"), authority::shared().pem()).unwrap();
    assert_eq!(login(&world, &uri, PASSWORD).stderr, STORED);
    assert!(
        world
            .run(&["registry", "list"])
            .stdout
            .ends_with(&format!("\n{uri}  ✓\n"))
    );
}

#[test]
fn a_token_service_in_front_of_a_registry_gets_the_password() {
    if !are_installed(&["docker-registry"]) {
        return;
    }
    let world = World::shipped();
    let registry = registry(&world, false);
    let behind = format!("http://localhost:{}/v2/", registry.port);
    let basic = Authorization::Basic {
        user: "ian".into(),
        password: Secret::new(PASSWORD),
    };
    let expected = basic.header().expose().to_owned();
    let service = Server::http(move |asked| match asked.header("Authorization") {
        Some(header) if header == expected => Reply::json(200, r#"{"access_token":"short-lived"}"#),
        _ => Reply::json(
            401,
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"no such user"}]}"#,
        ),
    });
    let realm = format!(
        r#"Bearer realm="{}",service="registry""#,
        service.url("/token")
    );
    let front = Server::http(move |asked| match asked.header("Authorization") {
        Some("Bearer short-lived") => {
            let client = Client::new(Options::default());
            Reply::status(
                client
                    .get(&behind)
                    .credential(&basic)
                    .send()
                    .unwrap()
                    .status,
            )
        }
        _ => Reply::status(401).with("WWW-Authenticate", &realm),
    });
    let uri = format!("docker://{}", front.host());
    let wrong = login(&world, &uri, "wrong");
    assert!(
        wrong
            .stderr
            .ends_with("/v2/\": unauthorized: no such user\n"),
        "{wrong}"
    );
    assert_eq!(login(&world, &uri, PASSWORD).stderr, STORED);
}

/// A password store with a key of its own, which goes with its directory.
pub(crate) struct PasswordStore {
    pub(crate) keys: PathBuf,
    pub(crate) store: PathBuf,
}

impl PasswordStore {
    pub(crate) fn new(directory: &Path) -> Self {
        let made = Self {
            keys: directory.join("gpg"),
            store: directory.join("store"),
        };
        fs::create_dir(&made.keys).unwrap();
        fs::set_permissions(&made.keys, fs::Permissions::from_mode(0o700)).unwrap();
        let key = [
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-generate-key",
            "tests",
            "default",
            "default",
            "never",
        ];
        success(&made.run("/usr/bin/gpg", &key, ""));
        success(&made.run("/usr/bin/pass", &["init", "tests"], ""));
        made
    }

    pub(crate) fn run(&self, program: &str, words: &[&str], input: &str) -> Output {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.keys);
        command
            .env("GNUPGHOME", &self.keys)
            .env("PASSWORD_STORE_DIR", &self.store);
        command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for PasswordStore {
    fn drop(&mut self) {
        self.run("/usr/bin/gpgconf", &["--kill", "all"], "");
    }
}

#[test]
fn a_credential_helper_keeps_the_password() {
    if !are_installed(&["docker-registry", "docker-credential-pass", "pass", "gpg"]) {
        return;
    }
    let mut world = World::shipped();
    let registry = registry(&world, false);
    let host = format!("localhost:{}", registry.port);
    let uri = format!("docker://{host}");
    let store = PasswordStore::new(world.root());
    world.set("GNUPGHOME", &store.keys);
    world.set("PASSWORD_STORE_DIR", &store.store);
    world.write_user("");
    fs::write(docker_config(&world), r#"{"credsStore": "pass"}"#).unwrap();

    assert_eq!(
        login(&world, &uri, PASSWORD).stderr,
        STORED.replace(
            "$HOME/.apptainer/docker-config.json",
            "docker-credential-pass"
        ) + "WARNING: These versions of Apptainer do not find this login: before 1.4\n"
    );
    let file = fs::read_to_string(docker_config(&world)).unwrap();
    assert_eq!(
        file,
        format!("{{\n\t\"auths\": {{\n\t\t\"{host}\": {{}}\n\t}},\n\t\"credsStore\": \"pass\"\n}}")
    );
    let kept = success(&store.run("/usr/bin/docker-credential-pass", &["get"], &host));
    assert_eq!(
        kept.trim(),
        format!(r#"{{"ServerURL":"{host}","Username":"ian","Secret":"{PASSWORD}"}}"#)
    );

    assert_eq!(
        world.run(&["remote", "logout", &uri]).stderr,
        "INFO:    Token removed from docker-credential-pass\nINFO:    Logout succeeded\n"
    );
    // This helper answers a question for what it does not have with an empty login.
    let left = store.run("/usr/bin/docker-credential-pass", &["get"], &host);
    assert!(
        !String::from_utf8_lossy(&left.stdout).contains("ian"),
        "{left:?}"
    );
}

#[test]
fn another_tool_finds_stores_and_ends_a_login_in_the_keyring() {
    if !are_installed(&["docker-registry", "skopeo"]) || !has_keyring() {
        return;
    }
    let world = World::shipped();
    world.link_program("docker-credential-portolan", env!("CARGO_BIN_EXE_portolan"));
    let registry = registry(&world, false);
    let host = format!("localhost:{}", registry.port);
    let words = [
        "registry",
        "login",
        "--username",
        "ian",
        "--store",
        "keyring",
    ];
    let run = world.run_with_input(
        &[&words[..], &["--password-stdin", &host]].concat(),
        PASSWORD,
    );
    assert_eq!(run.code, Some(0), "{run}");
    let file = docker_config(&world);
    let before = fs::read_to_string(&file).unwrap();
    let authfile = ["--authfile", file.to_str().unwrap()];
    let image = format!("oci:{}/tests/data/image:latest", env!("CARGO_MANIFEST_DIR"));
    let target = format!("docker://{host}/tiny:1");
    let copy = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
    let push = || skopeo(&world, &[&copy[..], &authfile, &[&image, &target]].concat());
    success(&push());
    // It stores through the same program, which puts the secret where the one before it is.
    let words = ["login", "--tls-verify=false", "-u", "ian", "-p", PASSWORD];
    success(&skopeo(&world, &[&words[..], &authfile, &[&host]].concat()));
    assert!(!fs::read_to_string(&file).unwrap().contains("\"auth\""));
    assert!(before.contains("\"portolan\""), "{before}");
    success(&push());
    success(&skopeo(
        &world,
        &[&["logout"], &authfile[..], &[&host]].concat(),
    ));
    assert!(!push().status.success());
    assert!(!world.run(&["registry", "list"]).stdout.contains(&host));
    no_key_is_left(&world);
}
