//! Which keyservers a task asks, in which order, and what each gets. Pure.

use super::{
    Credential, KnownService, Refusal, RefusalReason, Resolver, Server, ServerKind, Stop, token,
};
use crate::config::document::KeyserverEntry;
use crate::config::effective::{Effective, Remote};
use crate::uri::is_same_keyserver;

/// What a keyserver of a remote's list gets: the endpoint's own the remote's access token, any other the user's login.
pub(crate) fn keyserver_credential<'a>(
    effective: &Effective<'a>,
    remote: &Remote<'a>,
    keyserver: &KeyserverEntry,
) -> Credential<'a> {
    if !keyserver.external {
        return Credential::Token(remote.token);
    }
    let login = effective
        .keyserver_login(&keyserver.uri)
        .filter(|(_, login)| !login.auth.is_empty());
    login.map_or(Credential::None, |(index, login)| {
        Credential::Login(index, login)
    })
}

impl<'a> Resolver<'a, '_> {
    pub(super) fn keyservers(
        &self,
        remote: Option<&Remote<'a>>,
        servers: &mut Vec<Server<'a>>,
    ) -> Result<Option<String>, Stop> {
        let task = self.question.task;
        let refuse = |reason| {
            Stop::Refused(Refusal {
                words: Some(task.keyserver_words()),
                reason,
            })
        };
        let is_exclusive = remote.is_some_and(|remote| remote.exclusive);
        let (visible, unknown) = self.visible(remote).map_err(refuse)?;
        if let Some(url) = self.question.url {
            let known: Vec<&str> = visible
                .iter()
                .filter_map(|server| server.uri.as_deref())
                .collect();
            let is_known = known.iter().any(|known| is_same_keyserver(known, url));
            if is_exclusive && unknown.is_none() && !is_known {
                return Err(refuse(RefusalReason::Exclusive(known.join(", "))));
            }
            let server = Server {
                kind: ServerKind::Keyserver,
                uri: Some(url.to_owned()),
                insecure: false,
                credential: Credential::None,
                listed: None,
            };
            servers.push(server);
            // Without a policy it doesn't matter what the remote has.
            return Ok(unknown.filter(|_| is_exclusive));
        }
        let number = if task.asks_all_keyservers() {
            visible.len()
        } else {
            1
        };
        servers.extend(visible.into_iter().take(number));
        Ok(unknown)
    }

    fn visible(
        &self,
        remote: Option<&Remote<'a>>,
    ) -> Result<(Vec<Server<'a>>, Option<String>), RefusalReason> {
        let listed = remote.map(Remote::keyservers).unwrap_or_default();
        if let Some(remote) = remote.filter(|_| !listed.is_empty()) {
            let visible = listed
                .iter()
                .enumerate()
                .filter(|(_, keyserver)| !keyserver.skip);
            let server = |(index, keyserver): (usize, &'a KeyserverEntry)| Server {
                kind: ServerKind::Keyserver,
                uri: Some(keyserver.uri.clone()),
                insecure: keyserver.insecure,
                credential: keyserver_credential(self.effective, remote, keyserver),
                listed: Some(index),
            };
            let visible: Vec<_> = visible.map(server).collect();
            return if visible.is_empty() {
                Err(RefusalReason::NoKeyserver)
            } else {
                Ok((visible, None))
            };
        }
        let (uri, unknown) = match &self.services.keyserver {
            KnownService::At(uri) => (Some(uri.clone()), None),
            KnownService::Unknown(reason) => (None, Some(reason.clone())),
            KnownService::Missing(reason) => {
                return Err(RefusalReason::NoKeyserverService(reason.clone()));
            }
            KnownService::Lacking => return Err(RefusalReason::NoKeyserver),
        };
        let credential = token(remote);
        let own = Server {
            kind: ServerKind::Keyserver,
            uri,
            insecure: false,
            credential,
            listed: None,
        };
        Ok((vec![own], unknown))
    }
}
