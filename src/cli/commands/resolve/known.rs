//! What is known of the active remote's services, as far as a question needs it: from memory, or from the endpoint.

use crate::cli::args::EndpointOptions;
use crate::cli::context::Context;
use crate::cli::network::Limits;
use crate::cli::services::KnownServices;
use crate::cli::ui::Ui;
use crate::config::effective::{Effective, Remote};
use crate::resolve::{KnownService, Question, Services};
use crate::service::discovery::{ServiceError, ServiceKind, known_service};
use crate::uri::EndpointUri;

pub(super) struct Known {
    pub(super) services: Services,
    pub(super) found: Option<KnownServices>,
}

impl Known {
    pub(super) fn find(
        effective: &Effective<'_>,
        question: &Question<'_>,
        options: &EndpointOptions,
        context: &Context,
        ui: &mut Ui,
    ) -> Self {
        let Some(remote) = effective.active() else {
            return Self {
                services: Services::fallback(&context.command),
                found: None,
            };
        };
        let found = is_needed(question, remote).then(|| {
            let client = options.servers.client(Limits::ONE_ENDPOINT, context);
            KnownServices::find(remote, options.freshness(), &client, context, ui)
        });
        let mut services = match &found {
            None => unknown("it was not asked"),
            Some(KnownServices::Unknown(reason)) => unknown(reason),
            Some(found) => Services {
                library: service(found, ServiceKind::Library),
                keyserver: service(found, ServiceKind::Keyserver),
            },
        };
        let known = EndpointUri::parse(remote.uri()).ok();
        if known.is_some_and(|uri| known_service(&uri, &ServiceKind::Library) == Some("")) {
            services.library = KnownService::Lacking;
        }
        Self { services, found }
    }
}

fn is_needed(question: &Question<'_>, remote: &Remote<'_>) -> bool {
    let library = question.library.or(question.host);
    let needs_library = question.task.asks_library() && (library.is_none() || remote.exclusive);
    let needs_keyserver = question.task.asks_keyservers()
        && remote.keyservers().is_empty()
        && (question.url.is_none() || remote.exclusive);
    needs_library || needs_keyserver
}

fn unknown(reason: &str) -> Services {
    Services {
        library: KnownService::Unknown(reason.to_owned()),
        keyserver: KnownService::Unknown(reason.to_owned()),
    }
}

fn service(found: &KnownServices, kind: ServiceKind) -> KnownService {
    let mut named = found.named().into_iter().flatten();
    match named
        .find(|(named, _)| *named == kind)
        .map(|(_, uri)| uri.as_str())
    {
        None => KnownService::Missing(ServiceError::Missing(kind).to_string()),
        Some("") => KnownService::Missing(ServiceError::NoUri(kind).to_string()),
        Some(uri) => KnownService::At(uri.to_owned()),
    }
}
