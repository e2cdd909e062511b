//! Every command with secrets that can be found again, and where these turn up: in their own files, closed to others at
//! every moment; at their own servers; on a credential helper's standard input; and nowhere else. See docs/security.md.

mod cores;
mod marks;
mod noticed;
mod registries;
mod trace;
mod watch;

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use self::marks::{Kind, Known, Secret};
use self::trace::can_trace;
use self::watch::Watch;
use crate::support::cloud;
use crate::support::endpoint::{DISCOVERY, USER, endpoint};
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;
use crate::support::world::World;

const OLD_TOKEN: Secret = Secret::new(Kind::Token, "T0kenThatIsStored");
const NEW_TOKEN: Secret = Secret::new(Kind::Token, "T0kenThatIsGiven");
const BAD_TOKEN: Secret = Secret::new(Kind::Token, "T0kenThatIsBad");
const OLD_KEYS: Secret = Secret::new(Kind::Keyserver, "K3ysThatAreStored");
const NEW_KEYS: Secret = Secret::new(Kind::Keyserver, "K3ysThatAreGiven");
const BAD_KEYS: Secret = Secret::new(Kind::Keyserver, "K3ysThatAreBad");
const OLD_REGISTRY: Secret = Secret::new(Kind::Registry, "R3gistryStored");
const NEW_REGISTRY: Secret = Secret::new(Kind::Registry, "R3gistryGiven");
const BAD_REGISTRY: Secret = Secret::new(Kind::Registry, "R3gistryBad");
const LIBRARY: Secret = Secret::new(Kind::Passing, "L1braryPassword");
const REFRESH: Secret = Secret::new(Kind::Registry, "R3freshToken");
const ACCESS: Secret = Secret::new(Kind::Registry, "Acc3ssToken");

const ALL: &[Secret] = &[
    OLD_TOKEN,
    NEW_TOKEN,
    BAD_TOKEN,
    OLD_KEYS,
    NEW_KEYS,
    BAD_KEYS,
    OLD_REGISTRY,
    NEW_REGISTRY,
    BAD_REGISTRY,
    LIBRARY,
    REFRESH,
    ACCESS,
];

/// One command: its words, how its secret comes, and its exit code. In the words `$E`, `$K` and `$R` stand for the
/// endpoint's, the keyserver's and the registry's address, `$O` for a server that sends on, `$F` for the directory of files.
struct Row(&'static str, Given, i32);

/// How a command gets a secret.
#[derive(Clone, Copy)]
enum Given {
    Nothing,
    /// On standard input.
    Input(Secret),
    /// In the file `secret`.
    File(Secret),
    /// In a variable.
    Variable(&'static str, Secret),
    /// In the line that a shell wants to be completed, on standard input.
    Line(Secret),
    /// Behind the words, where only the command's own arguments may have it.
    Word(Secret),
}

/// The servers of a table.
struct Servers {
    endpoint: Server,
    keyserver: Server,
    registry: Server,
    /// Hears everything that is sent on to somebody else.
    other: Server,
    /// Sends every request but that for its services on to `other`.
    sends_on: Server,
}

impl Servers {
    fn new(registry: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let other = Server::https(endpoint_with_marks);
        let elsewhere = other.url("");
        Self {
            endpoint: Server::https(endpoint_with_marks),
            keyserver: Server::https(|asked| {
                if knows(asked, &[OLD_KEYS, NEW_KEYS]) {
                    Reply::status(200)
                } else {
                    echo(asked)
                }
            }),
            registry: Server::http(registry),
            sends_on: Server::https(move |asked| match asked.path() {
                DISCOVERY => endpoint(asked),
                _ => Reply::redirect(&format!("{elsewhere}{}", asked.target)),
            }),
            other,
        }
    }

    /// A world that is logged in everywhere.
    fn world(&self) -> World {
        let world = cloud::world();
        let basic = |secret: Secret| BASE64_STANDARD.encode(format!("{USER}:{}", secret.text()));
        let (token, keys) = (OLD_TOKEN.text(), basic(OLD_KEYS));
        world.write_user(format!(
            "Active: e\nRemotes:\n  e:\n    URI: {}\n    Token: {token}\n  sent-on:\n    URI: {}\n    Token: {token}\n\
             Credentials:\n- URI: {}\n  Auth: Basic {keys}\n- URI: docker://{}\n",
            self.endpoint.host(),
            self.sends_on.host(),
            self.keyserver.url(""),
            self.registry.host(),
        ));
        world.write_docker_config(format!(
            r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#,
            self.registry.host(),
            basic(OLD_REGISTRY)
        ));
        fs::create_dir(world.root().join("given")).unwrap();
        world
    }

    fn words(&self, line: &str, world: &World) -> Vec<String> {
        let meant = |word: &str| {
            word.replace("$E", &self.endpoint.host())
                .replace("$K", &self.keyserver.url(""))
                .replace("$R", &self.registry.host())
                .replace("$O", &self.sends_on.host())
                .replace("$F", world.root().join("given").to_str().unwrap())
        };
        line.split(' ').map(meant).collect()
    }

    /// Who may hear what.
    fn hearing(&self) -> [(&Server, &[Kind]); 5] {
        [
            (&self.endpoint, &[Kind::Token]),
            (&self.keyserver, &[Kind::Keyserver]),
            (&self.registry, &[Kind::Registry]),
            (&self.sends_on, &[Kind::Token, Kind::Keyserver]),
            (&self.other, &[]),
        ]
    }

    /// Runs every row in a world of its own: nothing leaks, and it ends as it says.
    fn check(&self, rows: &[Row], prepare: impl Fn(&mut World), has_helper: bool) {
        let secrets = Known::new(ALL);
        for Row(line, given, code) in rows {
            let mut world = self.world();
            prepare(&mut world);
            // The shells' question is known by its first word, and takes no options.
            let loud = if line.starts_with("complete ") {
                ""
            } else {
                "-d "
            };
            let mut words = self.words(&format!("{loud}{line}"), &world);
            let mut input = String::new();
            match given {
                Given::Nothing => {}
                Given::Input(secret) => input = secret.text(),
                Given::File(secret) => {
                    fs::write(world.root().join("given/secret"), secret.text()).unwrap();
                }
                Given::Variable(name, secret) => world.set(name, secret.text()),
                Given::Line(secret) => {
                    input = format!("portolan\0remote\0use\0{}\0", secret.text());
                }
                Given::Word(secret) => words.push(secret.text()),
            }
            let named = world.root().join("given/auth.json");
            let authfile = line.contains("auth.json").then_some(named);
            let servers = self.hearing();
            let watch = Watch {
                world: &world,
                secrets: &secrets,
                servers: &servers,
                authfile,
                has_helper,
            };
            let (run, leaks) = watch.run(&[], &words, &input);
            assert!(leaks.is_empty(), "{line}\n{}\n{run}", leaks.join("\n"));
            assert_eq!(run.code, Some(*code), "{line}\n{run}");
            let is_told = *line == "remote get-login-password";
            assert_eq!(LIBRARY.is_in(&run.stdout), is_told, "{line}\n{run}");
            assert!(!LIBRARY.is_in(&run.stderr), "{line}\n{run}");
        }
    }
}

/// Whether a request comes with one of these secrets, as a token or as the user's password.
fn knows(asked: &Asked, secrets: &[Secret]) -> bool {
    let header = asked.header("Authorization").unwrap_or_default();
    secrets.iter().any(|secret| {
        let pair = BASE64_STANDARD.encode(format!("{USER}:{}", secret.text()));
        header == format!("Bearer {}", secret.text()) || header == format!("Basic {pair}")
    })
}

/// A refusal that repeats what it was sent, in every field that some client might show.
fn echo(asked: &Asked) -> Reply {
    echo_as(asked, |header| header)
}

/// As [`echo`], for a server that says of the header what `said` makes of it.
fn echo_as(asked: &Asked, said: impl Fn(String) -> String) -> Reply {
    let header = asked.header("Authorization").unwrap_or_default().to_owned();
    let quoted = header.replace(['"', '\\'], "");
    let said = format!("{} {}", said(header), String::from_utf8_lossy(&asked.body));
    let body = serde_json::json!({
        "error": { "code": 401, "message": said }, "errors": [{ "code": said, "message": said, "detail": said }],
        "details": said, "message": said, "error_description": said,
    });
    Reply::json(401, &body.to_string())
        .with("WWW-Authenticate", &format!(r#"Basic realm="{quoted}""#))
        .with("X-Said", &quoted)
}

/// What a header of the kind Basic holds.
fn decoded(header: &str) -> String {
    let pair = header
        .strip_prefix("Basic ")
        .and_then(|pair| BASE64_STANDARD.decode(pair).ok());
    String::from_utf8(pair.unwrap_or_default()).unwrap()
}

/// An endpoint for which the marked tokens are good.
fn endpoint_with_marks(asked: &Asked) -> Reply {
    match asked.path() {
        "/token/v1/token-status" if knows(asked, &[OLD_TOKEN, NEW_TOKEN]) => {
            Reply::json(200, r#"{"data":{"status":"ok"}}"#)
        }
        "/library/v1/rbac/users/current" if knows(asked, &[OLD_TOKEN, NEW_TOKEN]) => {
            let secret = LIBRARY.text();
            let user = serde_json::json!({ "data": { "username": USER, "oidc_user_meta": { "secret": secret } } });
            Reply::json(200, &user.to_string())
        }
        "/token/v1/token-status" | "/library/v1/rbac/users/current" => echo(asked),
        _ => endpoint(asked),
    }
}

#[test]
fn a_remotes_token_goes_to_its_file_and_its_server_alone() {
    if !can_trace() {
        return;
    }
    let rows = [
        Row("remote list", Given::Nothing, 0),
        Row("remote add --no-login x x.example.com", Given::Nothing, 0),
        Row("remote add x $E", Given::Input(NEW_TOKEN), 0),
        Row(
            "remote add --tokenfile $F/secret x $E",
            Given::File(NEW_TOKEN),
            0,
        ),
        Row("remote add x $E", Given::Input(BAD_TOKEN), 255),
        Row("remote remove e", Given::Nothing, 0),
        Row("remote use system", Given::Nothing, 0),
        Row("remote rename e f", Given::Nothing, 0),
        Row("remote set-url e $E/path", Given::Nothing, 0),
        Row("remote list --json", Given::Nothing, 0),
        Row("remote list --names", Given::Nothing, 0),
        Row("completions bash", Given::Nothing, 0),
        Row("complete fish -", Given::Line(NEW_TOKEN), 0),
        Row("man $F", Given::Nothing, 0),
        Row("remote login", Given::Input(NEW_TOKEN), 0),
        Row(
            "remote login --password-stdin e",
            Given::Input(NEW_TOKEN),
            0,
        ),
        Row(
            "remote login --tokenfile $F/secret e",
            Given::File(NEW_TOKEN),
            0,
        ),
        Row(
            "remote login --tokenfile $F/secret e",
            Given::File(BAD_TOKEN),
            255,
        ),
        Row("remote login sent-on", Given::Input(NEW_TOKEN), 255),
        Row("remote login gone", Given::Input(NEW_TOKEN), 255),
        Row("remote status", Given::Nothing, 0),
        Row("remote status --all", Given::Nothing, 255),
        Row("remote status sent-on", Given::Nothing, 255),
        Row("remote get-login-password", Given::Nothing, 0),
        Row("remote doctor", Given::Nothing, 0),
        Row("remote resolve push", Given::Nothing, 0),
        Row(
            "remote resolve --refresh --json library://alpine",
            Given::Nothing,
            0,
        ),
        Row("remote doctor --fix --json", Given::Nothing, 0),
        Row("remote logout", Given::Nothing, 0),
        Row("remote logout sent-on", Given::Nothing, 0),
    ];
    let system = "Remotes:\n  system:\n    URI: localhost:1\n    System: true\n";
    Servers::new(registries::basic).check(&rows, |world| world.write_system(system), false);
}

#[test]
fn a_keyservers_secret_goes_to_its_file_and_its_server_alone() {
    if !can_trace() {
        return;
    }
    let rows = [
        Row(
            "remote add-keyserver https://more.example.com",
            Given::Nothing,
            0,
        ),
        Row(
            "remote remove-keyserver https://keys.example.com",
            Given::Nothing,
            0,
        ),
        Row("keyserver add https://more.example.com", Given::Nothing, 0),
        Row(
            "keyserver remove https://keys.example.com",
            Given::Nothing,
            0,
        ),
        Row("keyserver list", Given::Nothing, 0),
        Row("remote login -u ian $K", Given::Input(NEW_KEYS), 0),
        Row(
            "remote login -u ian --password-stdin $K",
            Given::Input(NEW_KEYS),
            0,
        ),
        Row(
            "remote login -u ian --password-stdin $K",
            Given::Input(BAD_KEYS),
            255,
        ),
        Row("keyserver login $K", Given::Input(NEW_KEYS), 0),
        Row("keyserver login $K", Given::Input(BAD_KEYS), 255),
        Row(
            "keyserver login -u ian $K",
            Given::Variable("APPTAINER_LOGIN_PASSWORD", NEW_KEYS),
            0,
        ),
        Row(
            "keyserver login -u ian $K",
            Given::Variable("SINGULARITY_LOGIN_PASSWORD", BAD_KEYS),
            255,
        ),
        Row("keyserver login -u ian $K -p", Given::Word(NEW_KEYS), 0),
        Row(
            "remote login -u ian $K --password",
            Given::Word(BAD_KEYS),
            255,
        ),
        Row(
            "keyserver login -u ian https://$O",
            Given::Input(NEW_KEYS),
            255,
        ),
        Row("keyserver logout $K", Given::Nothing, 0),
    ];
    let servers = Servers::new(registries::basic);
    let uris = [
        servers.keyserver.url(""),
        servers.sends_on.url(""),
        "https://keys.example.com".to_owned(),
    ];
    let keyservers = uris
        .map(|uri| format!("    - URI: {uri}\n      External: true\n"))
        .concat();
    let prepare = |world: &mut World| {
        let company = format!(
            "  company:\n    URI: localhost:1\n    System: true\n    Keyservers:\n{keyservers}"
        );
        world.write_system(format!("Active: company\nRemotes:\n{company}"));
        // Logged in to the keyserver, and not choosing a remote.
        let mine = fs::read_to_string(world.user_file())
            .unwrap()
            .replace("Active: e\n", "");
        world.write_user(mine);
    };
    servers.check(&rows, prepare, false);
}
