//! Whom a token belongs to, as a library knows it. Knows no file and no remote.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::{Client, HttpError};
use super::token::{AnsweredElsewhere, Withheld};
use super::{Endpoint, token};
use crate::secret::Secret;

/// How long the library may take; a person waits for the rest.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LibraryUser {
    /// The name; empty when the library does not say it.
    pub name: String,
    /// The e-mail address; empty when the library does not say it.
    pub email: String,
    #[serde(skip)]
    registry_password: Secret,
}

impl fmt::Display for LibraryUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} <{}>", self.name, self.email)
    }
}

/// Why a library says nothing of a user. The words are the reference's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error(transparent)]
    Withheld(#[from] Withheld),
    #[error("error making request to server")]
    Request(#[source] HttpError),
    #[error("must be logged in to retrieve user data")]
    NotLoggedIn,
    #[error("user endpoint not found")]
    NoUsers,
    #[error("status is not ok: {0}")]
    Status(u16),
    #[error("jsonresp: failed to unmarshal response: {0}")]
    Document(String),
    #[error("no token was received from service")]
    NoPassword,
    #[error(transparent)]
    Elsewhere(#[from] AnsweredElsewhere),
}

pub fn current(
    client: &Client,
    endpoint: &Endpoint,
    library: &str,
    token: &Secret,
) -> Result<LibraryUser, UserError> {
    let answer = token::ask(
        client,
        endpoint,
        &format!("{library}/v1/rbac/users/current"),
        token,
        LIMIT,
    )?
    .map_err(UserError::Request)?;
    token::by_host(&answer)?;
    match answer.status {
        200 => parse(&answer.body),
        401 => Err(UserError::NotLoggedIn),
        404 => Err(UserError::NoUsers),
        status => Err(UserError::Status(status)),
    }
}

impl LibraryUser {
    pub fn registry_password(&self) -> Result<&Secret, UserError> {
        if self.registry_password.is_empty() {
            Err(UserError::NoPassword)
        } else {
            Ok(&self.registry_password)
        }
    }
}

/// The body, `{"data": {…}}`; some libraries leave the wrapper out.
#[derive(Deserialize)]
struct Body {
    data: Option<Data>,
    #[serde(flatten)]
    bare: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    username: Option<String>,
    email: Option<String>,
    oidc_user_meta: Option<Oidc>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Oidc {
    secret: Option<String>,
}

fn parse(body: &[u8]) -> Result<LibraryUser, UserError> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| UserError::Document(reason(&error)))?;
    let data = body.data.unwrap_or(body.bare);
    let secret = data.oidc_user_meta.unwrap_or_default().secret;
    Ok(LibraryUser {
        name: data.username.unwrap_or_default(),
        email: data.email.unwrap_or_default(),
        registry_password: Secret::new(secret.unwrap_or_default()),
    })
}

/// Where a body is wrong, without what stands there: it may be the secret itself.
fn reason(error: &serde_json::Error) -> String {
    format!(
        "no user's data at line {} column {}",
        error.line(),
        error.column()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_name_and_perhaps_a_password_for_the_registry() {
        let cases = [
            (
                r#"{"data":{"username":"ian","email":"i@x","oidc_user_meta":{"secret":"s"}}}"#,
                ("ian", "i@x", "s"),
            ),
            (
                r#"{"username":"ian","oidc_user_meta":{"secret":"s","expiry":1}}"#,
                ("ian", "", "s"),
            ),
            (
                r#"{"data":{"username":"ian","realname":"Ian","oidc_user_meta":null}}"#,
                ("ian", "", ""),
            ),
            (r#"{"data":{}}"#, ("", "", "")),
            ("{}", ("", "", "")),
        ];
        for (body, (name, email, password)) in cases {
            let user = parse(body.as_bytes()).unwrap();
            assert_eq!(
                (user.name.as_str(), user.email.as_str()),
                (name, email),
                "{body}"
            );
            let found = user
                .registry_password()
                .map(|found| found.expose().to_owned());
            let wanted = if password.is_empty() {
                Err(UserError::NoPassword)
            } else {
                Ok(password.to_owned())
            };
            assert_eq!(found, wanted, "{body}");
        }
    }

    #[test]
    fn what_is_no_users_data_is_told_without_repeating_it() {
        for body in [
            "",
            "[]",
            r#"{"data":"pa55word"}"#,
            r#"{"data":{"oidc_user_meta":"pa55word"}}"#,
        ] {
            let error = parse(body.as_bytes()).unwrap_err().to_string();
            assert!(
                error
                    .starts_with("jsonresp: failed to unmarshal response: no user's data at line "),
                "{error}"
            );
            assert!(!error.contains("pa55word"), "{error}");
        }
    }
}
