//! A real keyserver (SKS) behind a real web server (nginx) with TLS and a password, as sites run them.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portolan::config::yaml;
use portolan::secret::Secret;
use portolan::service::http::{Authorization, Client, Options, Response};

use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::program::{Program, free_port, is_installed};
use crate::support::world::{World, skip};

const PASSWORD: &str = "pa55word";
/// The address of the key in `tests/data/ivan.asc`.
const OWNER: &str = "ivan@example.com";

/// SKS with the key of the tests in it.
fn keyserver(directory: &Path) -> Program {
    for below in [
        "etc/sks",
        "var/log/sks",
        "var/run/sks",
        "var/spool/sks",
        "var/lib/sks/DB",
        "var/lib/sks/PTree",
        "var/lib/sks/www",
    ] {
        fs::create_dir_all(directory.join(below)).unwrap();
    }
    let port = free_port();
    let settings = format!(
        "hostname: localhost\nhkp_address: 127.0.0.1\nhkp_port: {port}\ninitial_stat:\ndisable_mailsync:\n"
    );
    fs::write(directory.join("etc/sks/sksconf"), settings).unwrap();
    let sks = Program::start(
        Command::new("/usr/sbin/sks")
            .args(["db", "-basedir"])
            .arg(directory),
        port,
    );
    let key = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ivan.asc"))
        .unwrap();
    let form = format!(
        "keytext={}",
        key.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<String>()
    );
    let client = Client::new(Options::default());
    let added = client
        .post(
            &format!("http://127.0.0.1:{port}/pks/add"),
            Secret::new(form),
        )
        .send()
        .unwrap();
    assert_eq!(
        added.status,
        200,
        "{}",
        String::from_utf8_lossy(&added.body)
    );
    sks
}

/// nginx with TLS, which lets `ian` alone through to the keyserver.
fn door(directory: &Path, keyserver: &Program) -> Program {
    fs::create_dir_all(directory.join("temporary")).unwrap();
    let identity = authority::shared().issue(Leaf::Good);
    fs::write(directory.join("door.pem"), identity.certificate).unwrap();
    fs::write(directory.join("door.key"), identity.key).unwrap();
    fs::write(
        directory.join("passwords"),
        format!("ian:{{PLAIN}}{PASSWORD}\n"),
    )
    .unwrap();
    let (port, directory) = (free_port(), directory.display());
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {directory}/temporary/{kind};"))
        .join("\n");
    let settings = format!(
        "daemon off;\nmaster_process off;\npid {directory}/nginx.pid;\nerror_log {directory}/nginx.log;\nevents {{}}\nhttp {{\n\
         access_log {directory}/access.log;\n{temporary}\nserver {{\nlisten 127.0.0.1:{port} ssl;\nserver_name localhost;\n\
         ssl_certificate {directory}/door.pem;\nssl_certificate_key {directory}/door.key;\nauth_basic keys;\n\
         auth_basic_user_file {directory}/passwords;\nlocation / {{ proxy_pass http://127.0.0.1:{}; }}\n}}\n}}\n",
        keyserver.port
    );
    fs::write(format!("{directory}/nginx.conf"), settings).unwrap();
    let mut nginx = Command::new("/usr/sbin/nginx");
    nginx.args([
        "-p",
        &directory.to_string(),
        "-c",
        &format!("{directory}/nginx.conf"),
        "-e",
        &format!("{directory}/nginx.log"),
    ]);
    Program::start(&mut nginx, port)
}

/// Looks the key up as a runtime does: with the credential that the user's file holds for the keyserver.
fn look_up(world: &World, keyserver: &str) -> Response {
    let document = yaml::document(&fs::read(world.user_file()).unwrap()).unwrap();
    let login = document
        .logins()
        .iter()
        .find(|login| login.uri == keyserver)
        .unwrap();
    let mut options = Options::default();
    options
        .authorities
        .push(authority::shared().pem().as_bytes().to_vec());
    let client = Client::new(options);
    let url = format!("{keyserver}/pks/lookup?op=get&options=mr&search={OWNER}");
    let pair = login.auth.expose().strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap();
    let (user, password) = pair.split_once(':').unwrap();
    client
        .get(&url)
        .credential(&Authorization::Basic {
            user: user.to_owned(),
            password: Secret::new(password),
        })
        .send()
        .unwrap()
}

#[test]
fn a_site_keyserver_is_added_logged_in_to_asked_and_removed() {
    for program in ["sks", "nginx"] {
        if !is_installed(program) {
            return skip(&format!("{program} is not installed"));
        }
    }
    let mut world = World::shipped();
    world.trust(authority::shared());
    let directory = world.root().join("servers");
    fs::create_dir(&directory).unwrap();
    let sks = keyserver(&directory);
    let door = door(&directory, &sks);
    let uri = format!("https://localhost:{}", door.port);
    let login = [
        "remote",
        "login",
        "--username",
        "ian",
        "--password-stdin",
        &uri,
    ];

    let added = world.run(&["remote", "add-keyserver", "--order", "1", &uri]);
    assert_eq!(
        added.stderr,
        format!("INFO:    Keyserver \"{uri}\" added at order 1.\n")
    );

    let wrong = world.run_with_input(&login, "wrong");
    let refusal =
        format!("FATAL:   while login to {uri}: error response from server: 401 Unauthorized\n");
    assert_eq!((wrong.code, wrong.stderr), (Some(255), refusal));
    assert_eq!(world.file(&world.user_file()), "absent\n");

    let right = world.run_with_input(&login, PASSWORD);
    assert_eq!(
        right.stderr,
        "INFO:    Token stored in $HOME/.apptainer/remote.yaml\n"
    );
    let listed = world.run(&["remote", "list"]).stdout;
    assert!(
        listed.contains(&format!("\n{uri}   YES     NO        1\n")),
        "{listed}"
    );
    assert!(listed.ends_with(&format!("\n{uri}  NO\n")), "{listed}");

    let found = look_up(&world, &uri);
    assert_eq!(found.status, 200);
    assert!(String::from_utf8_lossy(&found.body).contains("BEGIN PGP PUBLIC KEY BLOCK"));

    assert_eq!(
        world.run(&["remote", "logout", &uri]).stderr,
        "INFO:    Logout succeeded\n"
    );
    let removed = world.run(&["remote", "remove-keyserver", &uri]);
    assert_eq!(
        removed.stderr,
        format!("INFO:    Keyserver \"{uri}\" removed.\n")
    );
    assert!(!world.run(&["remote", "list"]).stdout.contains(&uri));
}
