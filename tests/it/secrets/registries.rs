//! Registries' passwords and tokens.

use super::{
    ACCESS, BAD_REGISTRY, Given, NEW_REGISTRY, OLD_REGISTRY, REFRESH, Row, Servers, can_trace,
    decoded, echo, echo_as, knows,
};
use crate::support::reply::{Asked, Reply};
use crate::support::world::World;

/// A registry that wants the password itself.
pub(super) fn basic(asked: &Asked) -> Reply {
    match asked.path() {
        "/v2/" if knows(asked, &[OLD_REGISTRY, NEW_REGISTRY]) => Reply::status(200),
        "/v2/" if asked.header("Authorization").is_none() => {
            Reply::status(401).with("WWW-Authenticate", r#"Basic realm="the registry""#)
        }
        _ => echo(asked),
    }
}

/// A registry that wants a token, which it gives itself for the password, and a token for later.
fn bearer(asked: &Asked) -> Reply {
    match asked.path() {
        "/v2/" if knows(asked, &[ACCESS]) => Reply::status(200),
        "/v2/" => Reply::status(401).with(
            "WWW-Authenticate",
            &format!(
                r#"Bearer realm="{}/token",service="test-service""#,
                asked.base
            ),
        ),
        "/token" if knows(asked, &[OLD_REGISTRY, NEW_REGISTRY]) => {
            let tokens =
                serde_json::json!({ "token": ACCESS.text(), "refresh_token": REFRESH.text() });
            Reply::json(200, &tokens.to_string())
        }
        _ => echo(asked),
    }
}

/// A registry whose token service takes a form.
fn form(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.path()) {
        ("GET", "/token") => Reply::status(405),
        ("POST", "/token") => {
            let fields: Vec<_> = url::form_urlencoded::parse(&asked.body).collect();
            if fields
                .iter()
                .any(|(name, value)| name == "password" && *value == NEW_REGISTRY.text())
            {
                Reply::json(
                    200,
                    &serde_json::json!({ "access_token": ACCESS.text() }).to_string(),
                )
            } else {
                echo(asked)
            }
        }
        _ => bearer(asked),
    }
}

const LOGINS: [Row; 14] = [
    Row("registry login -u ian $R", Given::Input(NEW_REGISTRY), 0),
    Row(
        "registry login -u ian --password-stdin $R",
        Given::Input(NEW_REGISTRY),
        0,
    ),
    Row(
        "registry login -u ian --password-stdin $R",
        Given::Input(BAD_REGISTRY),
        255,
    ),
    Row(
        "remote login -u ian docker://$R",
        Given::Input(NEW_REGISTRY),
        0,
    ),
    Row(
        "remote login -u ian --password-stdin oras://$R",
        Given::Input(NEW_REGISTRY),
        0,
    ),
    Row(
        "remote login -u ian docker://$R",
        Given::Variable("APPTAINER_LOGIN_PASSWORD", NEW_REGISTRY),
        0,
    ),
    Row(
        "remote login -u ian docker://$R",
        Given::Variable("SINGULARITY_LOGIN_PASSWORD", BAD_REGISTRY),
        255,
    ),
    Row(
        "remote login -u ian docker://$R -p",
        Given::Word(NEW_REGISTRY),
        0,
    ),
    Row(
        "registry login -u ian $R --password",
        Given::Word(BAD_REGISTRY),
        255,
    ),
    Row("registry list", Given::Nothing, 0),
    Row("remote list", Given::Nothing, 0),
    Row("registry logout $R", Given::Nothing, 0),
    Row("remote logout docker://$R", Given::Nothing, 0),
    Row(
        "registry login -u ian --authfile $F/auth.json $R",
        Given::Input(NEW_REGISTRY),
        0,
    ),
];

#[test]
fn a_registrys_password_goes_to_its_file_and_its_server_alone() {
    if can_trace() {
        Servers::new(basic).check(&LOGINS, |_| {}, false);
    }
}

#[test]
fn a_token_service_that_repeats_the_password_is_not_repeated() {
    if !can_trace() {
        return;
    }
    let shapes: [fn(String) -> String; 4] = [
        |header| decoded(&header),
        |header| format!("{:?}", decoded(&header)),
        |header| url::form_urlencoded::byte_serialize(decoded(&header).as_bytes()).collect(),
        |header| {
            decoded(&header)
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        },
    ];
    for said in shapes {
        let service = move |asked: &Asked| {
            if asked.path() == "/token" {
                echo_as(asked, said)
            } else {
                bearer(asked)
            }
        };
        Servers::new(service).check(&LOGINS[2..3], |_| {}, false);
    }
}

#[test]
fn a_password_that_becomes_a_token_is_kept_like_one() {
    if can_trace() {
        Servers::new(bearer).check(&LOGINS[..4], |_| {}, false);
        Servers::new(form).check(&LOGINS[1..3], |_| {}, false);
    }
}

#[test]
fn a_credential_helper_gets_the_secret_on_its_standard_input_alone() {
    if !can_trace() {
        return;
    }
    for mode in ["works", "locked"] {
        let servers = Servers::new(basic);
        let registry = servers.registry.host();
        let prepare = |world: &mut World| {
            world.link_program(
                "docker-credential-fake",
                "tests/it/programs/docker-credential-fake",
            );
            std::fs::create_dir(world.root().join("helper")).unwrap();
            world.set("HELPER_DIRECTORY", world.root().join("helper"));
            world.set("HELPER", mode);
            world.write_docker_config(format!(
                r#"{{"credsStore":"fake","auths":{{"{registry}":{{}}}}}}"#
            ));
        };
        let code = if mode == "works" { 0 } else { 255 };
        let rows = LOGINS
            .into_iter()
            .filter(|Row(line, _, code)| *code == 0 && !line.contains("list"));
        let rows: Vec<Row> = rows
            .filter(|Row(line, ..)| !line.contains("auth.json"))
            .map(|Row(line, given, _)| Row(line, given, code))
            .collect();
        servers.check(&rows, prepare, true);
    }
}
