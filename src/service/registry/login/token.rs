//! A registry's token service: the request of Docker's clients, and what is made of the answers. Sends nothing itself.

use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::secret::{Secret, Stored};
use crate::service::http::Response;
use crate::service::message::ServerMessage;

/// Under this name Docker's own client asks; services know it.
const CLIENT: &str = "docker";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("{code}: {message}")]
    Refused {
        status: u16,
        /// The kind of its refusal: `unauthorized`, `denied`.
        code: String,
        message: String,
    },
    #[error("received unexpected HTTP status: {0}")]
    Status(String),
    #[error("unable to decode token response: no tokens in JSON at line {line}, column {column}")]
    Undecodable { line: usize, column: usize },
    #[error("authorization server did not include a token in the response")]
    Nothing,
    #[error("the registry does not say where its token service is")]
    Realm,
}

pub(super) struct Tokens {
    pub(super) access: Secret,
    /// For the service itself, in the password's place.
    pub(super) refresh: Option<Secret>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
}

pub(super) struct TokenRequest<'a> {
    pub(super) login: &'a Stored,
    pub(super) service: &'a str,
    pub(super) wants_refresh_token: bool,
}

impl TokenRequest<'_> {
    /// The realm with the request of Docker's clients behind it, sorted by name as Go writes a query; its own query stays.
    pub(super) fn url(&self, realm: &Url) -> String {
        let mut pairs: Vec<(String, String)> = realm.query_pairs().into_owned().collect();
        let offline = if self.wants_refresh_token { "true" } else { "" };
        let ours = [
            ("account", self.login.user()),
            ("client_id", CLIENT),
            ("offline_token", offline),
            ("service", self.service),
        ];
        let ours = ours
            .into_iter()
            .filter(|(name, value)| *name == "account" || !value.is_empty());
        pairs.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
        let mut url = realm.clone();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        url.to_string()
    }

    /// The same as a form of OAuth 2, for services that don't answer a GET, and for tokens.
    pub(super) fn form(&self) -> Secret {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if self.wants_refresh_token {
            form.append_pair("access_type", "offline");
        }
        form.append_pair("client_id", CLIENT);
        match self.login {
            Stored::Password { user, password } => form
                .append_pair("grant_type", "password")
                .append_pair("password", password.expose())
                .append_pair("service", self.service)
                .append_pair("username", user),
            Stored::IdentityToken { token, .. } => form
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token.expose())
                .append_pair("service", self.service),
        };
        Secret::new(form.finish())
    }
}

pub(super) fn read(answer: &Response, password: &Secret) -> Result<Tokens, TokenFault> {
    if answer.status != 200 {
        return Err(refusal(
            answer.status,
            &answer.status_line(),
            ServerMessage::find(answer, password),
        ));
    }
    let TokenAnswer {
        token,
        access_token,
        refresh_token,
    } = serde_json::from_slice(&answer.body)
        // The reader's own words could repeat a part of a token.
        .map_err(|error| TokenFault::Undecodable {
            line: error.line(),
            column: error.column(),
        })?;
    let given = |token: Option<String>| token.filter(|token| !token.is_empty()).map(Secret::new);
    let access = given(access_token)
        .or_else(|| given(token))
        .ok_or(TokenFault::Nothing)?;
    Ok(Tokens {
        access,
        refresh: given(refresh_token),
    })
}

fn refusal(status: u16, status_line: &str, said: Option<ServerMessage>) -> TokenFault {
    let usual = match status {
        401 => Some(("unauthorized", "authentication required")),
        403 => Some(("denied", "requested access to the resource is denied")),
        429 => Some(("toomanyrequests", "too many requests")),
        _ => None,
    };
    let (code, message) = match (said, usual) {
        (Some(said), usual) => (
            said.code
                .unwrap_or_else(|| usual.map_or(status_line, |(code, _)| code).to_owned()),
            said.text,
        ),
        (None, Some((code, message))) => (code.to_owned(), message.to_owned()),
        (None, None) => return TokenFault::Status(status_line.to_owned()),
    };
    TokenFault::Refused {
        status,
        code,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_request_is_the_one_of_dockers_clients() {
        let password = |user: &str| Stored::Password {
            user: user.to_owned(),
            password: Secret::new("pa55:word/é&x"),
        };
        let request = |login: &Stored, service: &str, wants_refresh_token, realm: &str| {
            let request = TokenRequest {
                login,
                service,
                wants_refresh_token,
            };
            let form = request.form().expose().to_owned();
            (request.url(&Url::parse(realm).unwrap()), form)
        };
        let token = Stored::IdentityToken {
            user: "ian".to_owned(),
            token: Secret::new("a/b"),
        };
        assert_eq!(
            request(
                &password("ian é"),
                "test-service",
                true,
                "http://localhost:1/token"
            )
            .0,
            "http://localhost:1/token?account=ian+%C3%A9&client_id=docker&offline_token=true&service=test-service"
        );
        assert_eq!(
            request(&password("ian é"), "", true, "https://a/t?z=1&b=2").0,
            "https://a/t?account=ian+%C3%A9&b=2&client_id=docker&offline_token=true&z=1"
        );
        assert_eq!(
            request(&password("ian"), "s", true, "https://a").1,
            "access_type=offline&client_id=docker&grant_type=password&password=pa55%3Aword%2F%C3%A9%26x&service=s&username=ian"
        );
        let (url, form) = request(&password("ian"), "s", false, "https://a");
        assert_eq!(url, "https://a/?account=ian&client_id=docker&service=s");
        assert_eq!(
            form,
            "client_id=docker&grant_type=password&password=pa55%3Aword%2F%C3%A9%26x&service=s&username=ian"
        );
        assert_eq!(
            request(&token, "s", false, "https://a").1,
            "client_id=docker&grant_type=refresh_token&refresh_token=a%2Fb&service=s"
        );
    }

    #[test]
    fn a_refusal_is_said_in_the_services_own_words() {
        let said = |code: Option<&str>, text: &str| {
            Some(ServerMessage {
                code: code.map(str::to_owned),
                text: text.to_owned(),
            })
        };
        let cases = [
            (
                401,
                said(Some("name unknown"), "no such thing"),
                "name unknown: no such thing",
            ),
            (401, said(None, "no"), "unauthorized: no"),
            (401, None, "unauthorized: authentication required"),
            (
                403,
                None,
                "denied: requested access to the resource is denied",
            ),
            (429, said(None, "slow down"), "toomanyrequests: slow down"),
            (400, said(None, "odd"), "400 Status: odd"),
            (500, said(None, "out of order"), "500 Status: out of order"),
            (404, None, "received unexpected HTTP status: 404 Status"),
            (302, None, "received unexpected HTTP status: 302 Status"),
        ];
        for (status, said, words) in cases {
            let fault = refusal(status, &format!("{status} Status"), said);
            assert_eq!(fault.to_string(), words);
        }
    }
}
