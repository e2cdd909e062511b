//! What is known of an endpoint's services, for commands that show: known of old, or as it said now or before.

use std::time::SystemTime;

use crate::cli::context::Context;
use crate::cli::network;
use crate::cli::ui::Ui;
use crate::config::effective::{Effective, Remote, Token};
use crate::name::RemoteName;
use crate::service::discovery::{Age, Freshness, ServiceKind, known_service};
use crate::service::http::Client;
use crate::service::user;
use crate::service::user::LibraryUser;

pub(crate) enum KnownServices {
    Known(Vec<(ServiceKind, String)>),
    Said {
        services: Vec<(ServiceKind, String)>,
        seen: SystemTime,
        is_new: bool,
    },
    Unknown(String),
}

impl KnownServices {
    pub(crate) fn find(
        remote: &Remote<'_>,
        freshness: Freshness,
        client: &Client,
        context: &Context,
        ui: &mut Ui,
    ) -> Self {
        let endpoint = match network::endpoint(remote) {
            Ok(endpoint) => endpoint,
            Err(error) => return Self::Unknown(error.to_string()),
        };
        if let Some(keyserver) = known_service(&endpoint.uri, &ServiceKind::Keyserver) {
            let library = known_service(&endpoint.uri, &ServiceKind::Library).unwrap_or_default();
            let known = [
                (ServiceKind::Keyserver, keyserver),
                (ServiceKind::Library, library),
            ];
            let named = known.into_iter().filter(|(_, uri)| !uri.is_empty());
            return Self::Known(named.map(|(kind, uri)| (kind, uri.to_owned())).collect());
        }
        let waiting = ui.spinner("asking for the services");
        let found = network::lookup(client, context).services(&endpoint, freshness);
        drop(waiting);
        match found {
            Ok(discovery) => {
                let named = discovery
                    .services()
                    .map(|(kind, uri)| (kind.clone(), uri.to_owned()));
                Self::Said {
                    services: named.collect(),
                    seen: discovery.seen,
                    is_new: discovery.age == Age::Asked,
                }
            }
            Err(error) => Self::Unknown(format!("{:#}", anyhow::Error::from(error))),
        }
    }

    pub(crate) fn logged_in_as(&self, remote: &Remote<'_>, client: &Client) -> Option<LibraryUser> {
        let (
            Self::Said {
                services,
                is_new: true,
                ..
            },
            Token::Stored(token),
        ) = (self, remote.token)
        else {
            return None;
        };
        let (_, library) = services
            .iter()
            .find(|(kind, _)| *kind == ServiceKind::Library)?;
        let endpoint = network::endpoint(remote).ok()?;
        let user = user::current(client, &endpoint, library, token).ok()?;
        Some(user).filter(|user| !user.name.is_empty())
    }

    pub(crate) fn named(&self) -> Option<&[(ServiceKind, String)]> {
        match self {
            Self::Known(services) | Self::Said { services, .. } => Some(services),
            Self::Unknown(_) => None,
        }
    }
}

pub(crate) const LIBRARY: &str = "SylabsCloud";

pub(crate) enum WayToLibrary {
    Administrator,
    Use,
    AddAndUse,
}

impl WayToLibrary {
    pub(crate) fn find(effective: &Effective<'_>) -> Self {
        if effective.exclusive().is_some() {
            Self::Administrator
        } else if effective.remote(&RemoteName::found(LIBRARY)).is_some() {
            Self::Use
        } else {
            Self::AddAndUse
        }
    }
}

pub(crate) fn library_advice(effective: &Effective<'_>) -> String {
    match WayToLibrary::find(effective) {
        WayToLibrary::Administrator => {
            "Only your administrator can choose one that has: this one is exclusive.".to_owned()
        }
        WayToLibrary::Use => format!("For one that has:\n  portolan remote use {LIBRARY}"),
        WayToLibrary::AddAndUse => {
            format!("For one that has:\n  portolan remote add --no-login --use {LIBRARY}")
        }
    }
}
