//! An endpoint and a keyserver as tests want them: prefixes of a path choose what an endpoint's discovery says.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::reply::{Asked, Reply};

/// The discovery document's place on an endpoint.
pub(crate) const DISCOVERY: &str = "/assets/config/config.prod.json";

/// The user that the services know, and the password.
pub(crate) const USER: &str = "ian";
pub(crate) const PASSWORD: &str = "pa55:word/é";

/// What the library's registry takes as that user's password.
pub(crate) const REGISTRY_SECRET: &str = "registry-secret";

/// A token as long as real ones: its middle says what the token service thinks of it.
pub(crate) fn token(kind: &str) -> String {
    format!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{}.sig",
        kind.repeat(60)
    )
}

/// Good, and what status its check is answered with.
pub(crate) fn good() -> String {
    token("good")
}

/// An endpoint with a library, a keyserver, a token, a builder and a consent service, all on the one server.
pub(crate) fn endpoint(asked: &Asked) -> Reply {
    let path = asked.path();
    if let Some(prefix) = path.strip_suffix(DISCOVERY) {
        return discovery(asked, prefix.trim_matches('/'));
    }
    let bearer = asked
        .header("Authorization")
        .and_then(|header| header.strip_prefix("Bearer "))
        .unwrap_or_default();
    match path {
        "/token/v1/token-status" => match bearer {
            known if known == good() => Reply::json(200, r#"{"data":{"status":"ok"}}"#),
            known if known == token("boom") => Reply::json(500, r#"{"error":{"code":500}}"#),
            known if known == token("teap") => Reply::json(418, "{}"),
            known if known == token("unau") => Reply::json(401, "{}"),
            _ => Reply::json(
                404,
                r#"{"error":{"code":404,"message":"Invalid Credentials"}}"#,
            ),
        },
        "/library/v1/rbac/users/current" if bearer == good() => Reply::json(
            200,
            &format!(
                r#"{{"data":{{"username":"{USER}","email":"ian@example.com","oidc_user_meta":{{"secret":"{REGISTRY_SECRET}"}}}}}}"#
            ),
        ),
        "/library/v1/rbac/users/current" => Reply::status(401),
        "/builder/version" => Reply::json(503, r#"{"error":{"code":503}}"#),
        path => match path.strip_suffix("/version") {
            Some(service) => {
                let service = service.trim_matches('/');
                Reply::json(
                    200,
                    &format!(r#"{{"data":{{"apiVersion":"2.0","version":"v1.2.3-{service}"}}}}"#),
                )
            }
            None => Reply::json(404, r#"{"error":{"code":404}}"#),
        },
    }
}

fn discovery(asked: &Asked, which: &str) -> Reply {
    let base = &asked.base;
    let list = |services: &[(&str, String)]| {
        let entries: Vec<String> = services
            .iter()
            .map(|(key, value)| format!(r#""{key}":{value}"#))
            .collect();
        Reply::json(200, &format!("{{{}}}", entries.join(",")))
    };
    let uri = |path: &str| format!(r#"{{"uri":"{base}/{path}"}}"#);
    let all = |keys: &'static str, keyserver: String| {
        vec![
            ("libraryAPI", uri("library")),
            (keys, keyserver),
            ("tokenAPI", uri("token")),
            ("builderAPI", uri("builder")),
            ("consentAPI", uri("consent")),
        ]
    };
    let full = all("keystoreAPI", uri("keys"));
    let without = |key: &str| {
        full.iter()
            .filter(|(name, _)| *name != key)
            .cloned()
            .collect::<Vec<_>>()
    };
    match which {
        "" | "path" | "path/deeper" => list(&full),
        "notoken" => list(&without("tokenAPI")),
        "nokeys" => list(&without("keystoreAPI")),
        "keyserver" => list(&all("keyserverAPI", uri("keys"))),
        "emptyuri" => list(&all("keystoreAPI", r#"{"uri":""}"#.into())),
        "nulls" => list(&all("keystoreAPI", r#"{"uri":null}"#.into())),
        "extra" => {
            let mut services = without("libraryAPI");
            services.push((
                "libraryAPI",
                format!(r#"{{"uri":"{base}/library","registryUri":"https://reg"}}"#),
            ));
            services.push((
                "somethingAPI",
                format!(r#"{{"uri":"{base}/x","note":[1,2]}}"#),
            ));
            list(&services)
        }
        "down" => list(
            &full
                .iter()
                .map(|(key, _)| (*key, r#"{"uri":"https://localhost:1"}"#.into()))
                .collect::<Vec<_>>(),
        ),
        "badjson" => Reply::json(200, "{not json"),
        "list" => Reply::json(200, "[]"),
        "flat" => Reply::json(200, r#"{"libraryAPI":"https://x"}"#),
        "empty" => Reply::json(200, ""),
        "err500" => Reply::json(500, r#"{"error":{"code":500}}"#),
        "redirect" => Reply::redirect(&format!("{base}{DISCOVERY}")),
        "slow" => list(&full).after(Duration::from_millis(300)),
        "hangs" => Reply::Silence,
        _ => Reply::json(404, r#"{"error":{"code":404,"message":"not found"}}"#),
    }
}

/// A keyserver that knows [`USER`] and the good token; `/open` is open to all, `/lookup-only` answers no plain request.
pub(crate) fn keyserver(asked: &Asked) -> Reply {
    let basic = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))
    );
    let known = asked
        .header("Authorization")
        .is_some_and(|auth| auth == basic || auth == format!("Bearer {}", good()));
    match asked.path() {
        "/open" => Reply::status(200),
        "/lookup-only" => Reply::status(404),
        "/lookup-only/nothing" | "/lookup-only/nothing/pks/lookup" => Reply::status(405),
        _ if known => Reply::status(200),
        _ => Reply::status(401).with("WWW-Authenticate", r#"Basic realm="keys""#),
    }
}
