//! What is shown of a remote, as values: who says what, and where. Asks nobody.

use std::time::SystemTime;

use serde::Serialize;

use crate::cli::login_list::ListedLogin;
use crate::cli::services::KnownServices;
use crate::cli::sources::{Place, Sources};
use crate::cli::time;
use crate::config::document::KeyserverEntry;
use crate::config::effective::{Effective, Remote, Token};
use crate::name::RemoteName;
use crate::resolve::{Credential, keyserver_credential};
use crate::service::discovery::ServiceKind;
use crate::service::token;
use crate::service::user::LibraryUser;

pub(super) struct Show<'a> {
    pub(super) effective: &'a Effective<'a>,
    pub(super) remote: &'a Remote<'a>,
    pub(super) sources: Sources<'a>,
    pub(super) services: KnownServices,
    pub(super) user: Option<LibraryUser>,
    pub(super) now: SystemTime,
}

#[derive(Serialize)]
pub(super) struct ShowView<'a> {
    pub(super) name: &'a str,
    pub(super) uri: &'a str,
    pub(super) insecure: bool,
    pub(super) defined: Place,
    pub(super) active: bool,
    /// The remote that is used when none is named, whether there is one of the name or not.
    pub(super) active_remote: Option<String>,
    pub(super) active_by: Option<Place>,
    pub(super) exclusive: bool,
    pub(super) exclusive_remote: Option<&'a str>,
    pub(super) exclusive_by: Option<Place>,
    pub(super) token: TokenView,
    pub(super) logged_in_as: Option<&'a LibraryUser>,
    pub(super) services: Option<Vec<ServiceRow>>,
    pub(super) services_seen: Option<String>,
    pub(super) services_problem: Option<String>,
    pub(super) keyservers: Option<Vec<KeyserverRow>>,
    /// The logins to registries that the runtime uses.
    pub(super) logins: Vec<ListedLogin>,
}

#[derive(Serialize)]
pub(super) struct TokenView {
    pub(super) state: TokenState,
    pub(super) expires: Option<String>,
    pub(super) stored_for: Option<String>,
    pub(super) stored_in: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TokenState {
    None,
    Stored,
    Expired,
    Gone,
    /// It is for another address, and is not used (D21 of docs/compatibility.md).
    Moved,
}

#[derive(Serialize)]
pub(super) struct ServiceRow {
    pub(super) name: String,
    pub(super) uri: String,
}

#[derive(Serialize)]
pub(super) struct KeyserverRow {
    pub(super) uri: String,
    pub(super) insecure: bool,
    pub(super) internal: bool,
    pub(super) login: bool,
    pub(super) listed: Option<Place>,
}

impl<'a> Show<'a> {
    pub(super) fn view(&'a self, logins: Vec<ListedLogin>) -> ShowView<'a> {
        let Self {
            effective,
            remote,
            sources,
            services,
            ..
        } = self;
        let name = remote.name;
        let active = effective.active_name();
        let exclusive = effective.exclusive();
        ShowView {
            name: name.as_str(),
            uri: remote.uri(),
            insecure: remote.is_insecure(),
            defined: sources.remote(remote),
            active: effective.active().is_some_and(|active| active.name == name),
            active_remote: active.map(|active| active.name.to_string()),
            active_by: sources.active(effective),
            exclusive: remote.exclusive,
            exclusive_remote: exclusive.map(RemoteName::as_str),
            exclusive_by: sources.exclusive(effective),
            token: self.token(),
            logged_in_as: self.user.as_ref(),
            services: services
                .named()
                .map(|services| services.iter().map(ServiceRow::new).collect()),
            services_seen: match services {
                KnownServices::Said { seen, .. } => Some(time::date(*seen)),
                KnownServices::Known(_) | KnownServices::Unknown(_) => None,
            },
            services_problem: match services {
                KnownServices::Unknown(problem) => Some(problem.clone()),
                KnownServices::Known(_) | KnownServices::Said { .. } => None,
            },
            keyservers: self.keyservers(),
            logins,
        }
    }

    fn token(&self) -> TokenView {
        let stored_in = || Some(self.sources.token(self.remote.name));
        match self.remote.token {
            Token::None => TokenView {
                state: TokenState::None,
                expires: None,
                stored_for: None,
                stored_in: None,
            },
            Token::Moved { stored_for } => TokenView {
                state: TokenState::Moved,
                expires: None,
                stored_for: Some(stored_for.to_owned()),
                stored_in: stored_in(),
            },
            Token::Elsewhere(token) => TokenView {
                state: if token.is_gone {
                    TokenState::Gone
                } else {
                    TokenState::Stored
                },
                expires: None,
                stored_for: None,
                stored_in: stored_in(),
            },
            Token::Stored(token) => {
                let end = token::expiry(token);
                let state = if end.is_some_and(|end| end <= self.now) {
                    TokenState::Expired
                } else {
                    TokenState::Stored
                };
                TokenView {
                    state,
                    expires: end.map(time::date),
                    stored_for: None,
                    stored_in: stored_in(),
                }
            }
        }
    }

    fn keyservers(&self) -> Option<Vec<KeyserverRow>> {
        let has_token = matches!(self.remote.token, Token::Stored(_) | Token::Elsewhere(_));
        let listed = self.remote.keyservers();
        if listed.is_empty() {
            let services = self.services.named()?;
            let (_, uri) = services
                .iter()
                .find(|(kind, uri)| *kind == ServiceKind::Keyserver && !uri.is_empty())?;
            let row = KeyserverRow {
                uri: uri.clone(),
                insecure: false,
                internal: true,
                login: has_token,
                listed: None,
            };
            return Some(vec![row]);
        }
        let row = |(index, keyserver): (usize, &KeyserverEntry)| KeyserverRow {
            uri: keyserver.uri.clone(),
            insecure: keyserver.insecure,
            internal: !keyserver.external,
            login: match keyserver_credential(self.effective, self.remote, keyserver) {
                Credential::Login(..) => true,
                Credential::Token(_) => has_token,
                Credential::None => false,
            },
            listed: Some(self.sources.keyserver(self.remote, index)),
        };
        Some(
            listed
                .iter()
                .enumerate()
                .filter(|(_, keyserver)| !keyserver.skip)
                .map(row)
                .collect(),
        )
    }
}

impl ServiceRow {
    fn new((kind, uri): &(ServiceKind, String)) -> Self {
        Self {
            name: kind.name().to_owned(),
            uri: uri.clone(),
        }
    }
}
