//! What a server gets with a request, in a word, and where that is kept. Shows no secret.

use serde::Serialize;

use crate::cli::sources::{Place, Sources};
use crate::config::document::LoginEntry;
use crate::config::effective::{Remote, Token};
use crate::credentials::look_up::{LoginOutcome, LoginPair, SentLogin, Source};
use crate::resolve::{Credential, RegistryLogin};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CredentialView {
    pub(crate) kind: &'static str,
    pub(crate) stored_in: Option<Place>,
    pub(crate) helper: Option<String>,
    pub(crate) account: Option<String>,
    /// Where one of several is taken at random: the user's name of each, `None` where one says nothing, `error` where the pull
    /// fails with one.
    pub(crate) one_of: Option<Vec<Option<String>>>,
    pub(crate) helper_keys: Vec<String>,
    pub(crate) variables: Vec<String>,
}

impl CredentialView {
    pub(crate) const NONE: Self = Self {
        kind: "none",
        stored_in: None,
        helper: None,
        account: None,
        one_of: None,
        helper_keys: Vec::new(),
        variables: Vec::new(),
    };

    pub(crate) fn of(
        credential: Credential<'_>,
        remote: Option<&Remote<'_>>,
        sources: Sources<'_>,
    ) -> Self {
        match (credential, remote) {
            (Credential::Token(Token::Stored(_) | Token::Elsewhere(_)), Some(remote)) => Self {
                kind: "token",
                stored_in: Some(sources.token(remote.name)),
                ..Self::NONE
            },
            (Credential::Login(index, login), _) => Self {
                kind: login_kind(login),
                stored_in: Some(sources.login(index)),
                ..Self::NONE
            },
            (Credential::None | Credential::Token(_), _) => Self::NONE,
        }
    }

    pub(crate) fn of_registry(login: &RegistryLogin) -> Self {
        let found = match login {
            RegistryLogin::Variables(LoginPair { login, variables }) => {
                return Self {
                    kind: kind(login),
                    account: login.account(),
                    variables: variables.clone(),
                    ..Self::NONE
                };
            }
            RegistryLogin::Found(found) => found,
        };
        let mut view = Self::NONE;
        match &found.outcome {
            _ if !found.calls.is_empty() => {
                view.kind = "helper";
                view.helper = found.calls.first().map(|call| call.helper.clone());
                view.helper_keys = found.calls.iter().map(|call| call.key.clone()).collect();
            }
            LoginOutcome::Login(login) => {
                view.kind = kind(login);
                view.account = login.account();
            }
            LoginOutcome::OneOf(logins) => {
                let accounts = logins.iter().map(|login| match login {
                    Ok(login) => login.account(),
                    Err(_) => Some("error".to_owned()),
                });
                view.one_of = Some(accounts.collect());
                view.kind = logins.iter().flatten().map(kind).max().unwrap_or("none");
            }
            LoginOutcome::Anonymous | LoginOutcome::Fails(_) => return view,
        }
        match &found.source {
            Some(Source::File { path, .. }) => {
                view.stored_in = Some(Place {
                    layer: "docker-config",
                    file: Some(path.display().to_string()),
                    line: None,
                });
            }
            Some(Source::Variable { .. }) => view.variables = vec!["DOCKER_AUTH_CONFIG".to_owned()],
            None => {}
        }
        view
    }

    pub(crate) fn told(&self) -> String {
        let words = match self.kind {
            "none" => return "none".to_owned(),
            "token" => "access token",
            "basic" | "password" => "user and password",
            "bearer" => "login by token",
            "identity-token" => "identity token",
            "registry-token" => "registry token",
            "helper" => "whatever the credential helper has:",
            _ => "login",
        };
        let mut text = words.to_owned();
        for part in self.helper.iter().chain(&self.account) {
            text.push(' ');
            text.push_str(part);
        }
        if let Some(names) = &self.one_of {
            let names = names.iter().map(|name| name.as_deref().unwrap_or("nobody"));
            text = format!(
                "one of these at random: {}",
                names.collect::<Vec<_>>().join(", ")
            );
        }
        let places = self.stored_in.iter().map(Place::told);
        let places: Vec<_> = places.chain(self.variables.iter().cloned()).collect();
        if places.is_empty() {
            text
        } else {
            format!("{text} ({})", places.join(", "))
        }
    }
}

fn kind(login: &SentLogin) -> &'static str {
    match login.is_empty() {
        true => "none",
        false => login.secret().kind(),
    }
}

fn login_kind(login: &LoginEntry) -> &'static str {
    match login.auth.expose().split_once(' ') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") => "basic",
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => "bearer",
        _ => "other",
    }
}
