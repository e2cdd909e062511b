//! What a server gets with a request, in a word, and where that is kept. Shows no secret.

use serde::Serialize;

use crate::cli::sources::{Place, Sources};
use crate::config::document::LoginEntry;
use crate::config::effective::{Remote, Token};
use crate::resolve::Credential;

/// What a server gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CredentialView {
    /// `none`, or what it is.
    pub(crate) kind: &'static str,
    /// Where it is kept.
    pub(crate) stored_in: Option<Place>,
    /// The credential helper that has it.
    pub(crate) helper: Option<String>,
}

impl CredentialView {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        kind: "none",
        stored_in: None,
        helper: None,
    };

    /// What a server of a remote gets.
    pub(crate) fn of(
        credential: Credential<'_>,
        remote: Option<&Remote<'_>>,
        sources: Sources<'_>,
    ) -> Self {
        match (credential, remote) {
            (Credential::Token(Token::Stored(_)), Some(remote)) => Self {
                kind: "token",
                stored_in: Some(sources.token(remote.name)),
                helper: None,
            },
            (Credential::Login(index, login), _) => Self {
                kind: login_kind(login),
                stored_in: Some(sources.login(index)),
                helper: None,
            },
            (Credential::None | Credential::Token(_), _) => Self::NONE,
        }
    }

    /// As a person reads it.
    pub(crate) fn told(&self) -> String {
        let words = match self.kind {
            "none" => return "none".to_owned(),
            "token" => "access token",
            "basic" => "user and password",
            "bearer" => "login by token",
            "password" => "user and password",
            "identity-token" => "identity token",
            "helper" => "whatever the credential helper has:",
            "environment" => "user and password of the environment",
            _ => "login",
        };
        let helper = self
            .helper
            .as_ref()
            .map_or_else(String::new, |helper| format!(" {helper}"));
        match &self.stored_in {
            Some(place) => format!("{words}{helper} ({})", place.told()),
            None => format!("{words}{helper}"),
        }
    }
}

/// The scheme of a keyserver's login.
fn login_kind(login: &LoginEntry) -> &'static str {
    match login.auth.expose().split_once(' ') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") => "basic",
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => "bearer",
        _ => "other",
    }
}
