//! Access tokens: whether an endpoint takes one, and what it says of itself. Knows no file and no remote.
//!
//! The rules about where a token may go (D21 of docs/compatibility.md) live here.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::discovery::{Discovery, ServiceError, ServiceKind};
use super::http::{Answered, Authorization, Client, HttpError, Response};
use super::message::ServerMessage;
use super::{Endpoint, Transport};
use crate::secret::Secret;

/// A token that ends within a week is worth a warning: people are away for about as long.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("no authentication service found")]
    NoService,
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Withheld(#[from] Withheld),
    #[error("error making request to server")]
    Request(#[source] HttpError),
    /// Another answer than 200. The service knows of no such token, or can't tell.
    #[error("error response from server: {}", words(*status))]
    Refused {
        status: u16,
        said: Option<ServerMessage>,
    },
    #[error(transparent)]
    Elsewhere(#[from] AnsweredElsewhere),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no token is sent to {0:?}: it is not on https, and the remote is not an insecure one")]
pub struct Withheld(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service sent the request on to {0}, whose answer verifies nothing")]
pub struct AnsweredElsewhere(String);

/// Asks the token service that `discovery` names, which must be a fresh one of `endpoint`, whether `token` is good.
pub fn verify(
    client: &Client,
    endpoint: &Endpoint,
    discovery: &Discovery,
    token: &Secret,
) -> Result<(), TokenError> {
    let service = service(discovery)?;
    let answer = ask(
        client,
        endpoint,
        &format!("{service}/v1/token-status"),
        token,
        client.options().limit,
    )?
    .map_err(TokenError::Request)?;
    by_host(&answer)?;
    match answer.status {
        200 => Ok(()),
        status => Err(TokenError::Refused {
            status,
            said: ServerMessage::find(&answer, token),
        }),
    }
}

pub fn service(discovery: &Discovery) -> Result<&str, TokenError> {
    discovery
        .service(&ServiceKind::Token)
        .map_err(|error| match error {
            ServiceError::Missing(_) | ServiceError::NoUri(_) => TokenError::NoService,
            ServiceError::NoUrl { .. } => TokenError::Service(error),
        })
}

impl TokenError {
    /// Whether the token service knows that the token is wrong, has expired or was revoked. Everything else says nothing of
    /// the token.
    pub fn is_invalid(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 401 | 403 | 404,
                ..
            }
        )
    }
}

fn words(status: u16) -> &'static str {
    match status {
        404 => "Invalid Credentials",
        500 => "Internal Server Error",
        _ => "Unknown",
    }
}

/// Sends a token along with a request to one of an endpoint's services, if the service may have it.
pub(super) fn ask(
    client: &Client,
    endpoint: &Endpoint,
    url: &str,
    token: &Secret,
    limit: Duration,
) -> Result<Result<Response, HttpError>, Withheld> {
    let on_https = url
        .get(.."https://".len())
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !on_https && endpoint.transport == Transport::Https {
        return Err(Withheld(client.get(url).shown_url()));
    }
    let limit = limit.min(client.options().limit);
    Ok(client
        .get(url)
        .credential(&Authorization::Bearer(token.clone()))
        .within(limit)
        .send())
}

pub(super) fn by_host(answer: &Response) -> Result<(), AnsweredElsewhere> {
    match &answer.answered {
        Answered::ByHost => Ok(()),
        Answered::ByRedirect(server) => Err(AnsweredElsewhere(server.clone())),
    }
}

/// Until when a token says itself that it is good, in the claim `exp` of a JSON Web Token. Nothing vouches for that: it is
/// for warnings. `None` for a token of another kind, or one that says nothing.
pub fn expiry(token: &Secret) -> Option<SystemTime> {
    let mut parts = token.expose().trim().split('.');
    let (Some(_header), Some(claims), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let seconds = Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(seconds)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Expired,
    Ending,
    Long,
}

impl Lifetime {
    pub fn until(end: SystemTime, now: SystemTime) -> Self {
        match end.duration_since(now) {
            Err(_) | Ok(Duration::ZERO) => Self::Expired,
            Ok(left) if left < SOON => Self::Ending,
            Ok(_) => Self::Long,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_ends_soon_from_seven_days_before_its_end() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let week = Duration::from_secs(7 * 24 * 3600);
        let moment = Duration::from_nanos(1);
        for (now, lifetime) in [
            (end - week - moment, Lifetime::Long),
            (end - week, Lifetime::Long),
            (end - week + moment, Lifetime::Ending),
            (end - moment, Lifetime::Ending),
            (end, Lifetime::Expired),
            (end + moment, Lifetime::Expired),
        ] {
            assert_eq!(Lifetime::until(end, now), lifetime, "{now:?}");
        }
    }

    #[test]
    fn a_token_says_until_when_it_is_good() {
        let token = |claims: &str| {
            let claims = BASE64_URL_SAFE_NO_PAD.encode(claims);
            expiry(&Secret::new(format!("eyJhbGciOiJIUzI1NiJ9.{claims}.c2ln")))
        };
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let cases = [
            (r#"{"exp":1800000000}"#, at(1_800_000_000)),
            (
                r#"{"iat":1,"exp":1800000000.0,"sub":"ian"}"#,
                at(1_800_000_000),
            ),
            (r#"{"exp":0}"#, at(0)),
            (r#"{"exp":-1}"#, None),
            (r#"{"exp":1e300}"#, None),
            (r#"{"exp":"1800000000"}"#, None),
            (r#"{"exp":null}"#, None),
            ("{}", None),
            ("[]", None),
            ("7", None),
            ("", None),
        ];
        for (claims, wanted) in cases {
            assert_eq!(token(claims), wanted, "{claims}");
        }
        for text in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            "x.!!!.y",
            "é.é.é",
            "eyJhbGciOiJIUzI1NiJ9.goodgood.sig",
        ] {
            assert_eq!(expiry(&Secret::new(text)), None, "{text}");
        }
        assert_eq!(expiry(&Secret::new("h.eyJleHAiOjd9.s\n")), at(7));
        assert_eq!(expiry(&Secret::new("h.eyJleHAiOjd9==.s")), at(7));
    }

    #[test]
    fn what_a_service_answers_is_said_in_the_references_words_and_a_refusal_is_told_from_a_failure()
    {
        let cases = [
            (401, "Unknown", true),
            (403, "Unknown", true),
            (404, "Invalid Credentials", true),
            (418, "Unknown", false),
            (429, "Unknown", false),
            (500, "Internal Server Error", false),
            (503, "Unknown", false),
        ];
        for (status, words, is_invalid) in cases {
            let error = TokenError::Refused { status, said: None };
            assert_eq!(
                (error.to_string(), error.is_invalid()),
                (format!("error response from server: {words}"), is_invalid),
                "{status}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_token_is_too_odd_to_be_looked_at(text in any::<String>(), claims in any::<Vec<u8>>()) {
            expiry(&Secret::new(text));
            expiry(&Secret::new(format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(claims))));
        }
    }
}
