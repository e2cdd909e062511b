//! A token service of the tests' own, whose tokens a real `docker-registry` takes: JSON web tokens, signed ES256.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::{basic, has_header};
use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::endpoint::USER;
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

pub(super) const SERVICE: &str = "test-registry";
pub(super) const ISSUER: &str = "test-issuer";

/// What this service gives in a password's place.
pub(super) const REFRESH: &str = "a-refresh-token";

/// Whether a login gets a refresh token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offline {
    Never,
    OnRequest,
}

struct Signer {
    key: EcdsaKeyPair,
    certificate: String,
}

impl Signer {
    fn new() -> Self {
        let identity = authority::shared().issue(Leaf::Good);
        let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let random = SystemRandom::new();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_der(), &random)
                .unwrap();
        Self {
            key,
            certificate: BASE64_STANDARD.encode(certificate),
        }
    }

    /// A token that opens what `scope` names, `repository:NAME:ACTIONS`.
    fn token(&self, scope: Option<&str>) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let access = scope.and_then(|scope| {
            let (kind, rest) = scope.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            Some(json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() }))
        });
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": ISSUER, "sub": USER, "aud": SERVICE, "jti": "1",
            "iat": now - 60, "nbf": now - 60, "exp": now + 600,
            "access": access.into_iter().collect::<Vec<_>>(),
        });
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The service: the password by GET, a refresh token by POST.
pub(super) fn service(offline: Offline) -> Server {
    let signer = Signer::new();
    Server::https(move |asked| {
        let given = parameters(asked);
        let given = |name: &str| given.get(name).map(String::as_str);
        let is_known = match asked.method.as_str() {
            "GET" => has_header(asked, &basic()),
            _ => {
                given("grant_type") == Some("refresh_token")
                    && given("refresh_token") == Some(REFRESH)
            }
        };
        if !is_known || given("service") != Some(SERVICE) {
            return Reply::json(
                401,
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#,
            );
        }
        let token = signer.token(given("scope"));
        let mut answer = json!({ "token": token, "access_token": token, "expires_in": 300 });
        if offline == Offline::OnRequest && given("offline_token") == Some("true") {
            answer["refresh_token"] = json!(REFRESH);
        }
        Reply::json(200, &answer.to_string())
    })
}

fn parameters(asked: &Asked) -> HashMap<String, String> {
    let query = asked
        .target
        .split_once('?')
        .map(|(_, query)| query.as_bytes())
        .unwrap_or_default();
    form_urlencoded::parse(query)
        .into_owned()
        .chain(form_urlencoded::parse(&asked.body).into_owned())
        .collect()
}
