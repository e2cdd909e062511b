//! Where a runtime itself does otherwise than [`Effective`] says, and which version. Pure.
//!
//! Each is one of the deviations of docs/compatibility.md, or a mistake of the runtime's that can't be fixed from outside.

use super::Question;
use crate::command::Command;
use crate::config::document::KeyserverEntry;
use crate::config::effective::{Effective, LayerKind, Layers, Note, Remote, Token};
use crate::config::layer::CHOICE;
use crate::name::RemoteName;
use crate::text::capitalised;
use crate::uri::{EndpointUri, KeyserverUri, is_same_keyserver};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub versions: String,
    pub text: String,
}

pub(crate) fn differences(
    layers: &Layers,
    effective: &Effective<'_>,
    command: &Command,
    question: &Question<'_>,
) -> Vec<Difference> {
    let product = capitalised(command.name());
    let found = of_layers(layers, effective).into_iter();
    let active = effective.active().into_iter();
    let found = found.chain(active.flat_map(|remote| of_remote(remote, effective, question)));
    let found = found.filter_map(|(which, text)| {
        Some((
            if command.is_singularity() {
                of_singularity(which)?
            } else {
                which
            },
            text,
        ))
    });
    let versions = |versions: &str| {
        if versions.is_empty() {
            product.clone()
        } else {
            format!("{product} {versions}")
        }
    };
    found
        .map(|(which, text)| Difference {
            versions: versions(which),
            text,
        })
        .collect()
}

/// The versions of Singularity that do what these of Apptainer do; `None` where none does.
fn of_singularity(apptainers: &'static str) -> Option<&'static str> {
    match apptainers {
        // It fails for a name in both files to this day.
        EVERY | COLLISION_FAILS => Some(EVERY),
        WITHOUT_INSECURE => Some("before 3.9"),
        _ => None,
    }
}

type Found = (&'static str, String);

const EVERY: &str = "";
const WITHOUT_INSECURE: &str = "1.0";
const WITH_INSECURE: &str = "1.1 and later";
const COLLISION_FAILS: &str = "before 1.1.6";
const COLLISION_USES_OWN: &str = "1.1.6 and later";

fn of_layers(layers: &Layers, effective: &Effective<'_>) -> Vec<Found> {
    let active = effective.active_name();
    let mut found: Vec<Found> = effective
        .notes()
        .iter()
        .flat_map(|note| of_note(note, layers, effective))
        .collect();
    match active.map(|active| active.layer) {
        Some(None) => {
            let without = Layers {
                chosen: None,
                ..layers.clone()
            };
            let other = without.merge();
            let other = other
                .active_name()
                .map_or("no remote".to_owned(), |active| active.name.to_string());
            found.push((EVERY, format!("does not know {CHOICE}: it uses {other}")));
        }
        Some(Some(LayerKind::BuiltIn))
            if layers
                .user
                .as_ref()
                .is_some_and(|user| !user.document.remotes().is_empty()) =>
        {
            let text = "adds no remote of its own to those of your file, and fails: no default endpoint set";
            found.push((EVERY, text.to_owned()));
        }
        _ => {}
    }
    found
}

fn of_note(note: &Note, layers: &Layers, effective: &Effective<'_>) -> Vec<Found> {
    let uri_of = |name| {
        let user = layers.user.as_ref()?;
        Some(user.document.remotes().get(name)?.uri.as_str())
    };
    let is_active = |name: &RemoteName| {
        let active = effective.active_name();
        active.is_some_and(|active| active.name == *name)
    };
    match note {
        Note::Shadowed(name) => {
            let uri = uri_of(name).unwrap_or_default();
            let is_exclusive = if effective.exclusive() == Some(name) {
                ", and does not obey its policy"
            } else {
                ""
            };
            let text =
                format!("uses your own {name} at {uri} in place of the system's{is_exclusive}");
            vec![
                (
                    COLLISION_FAILS,
                    format!("fails: name collision while syncing: {name}"),
                ),
                (COLLISION_USES_OWN, text),
            ]
        }
        Note::Ghost(name) if is_active(name) => {
            let uri = uri_of(name).unwrap_or_default();
            vec![(
                EVERY,
                format!("uses the copy of {name} at {uri} that your file still has"),
            )]
        }
        Note::IndividualExclusive(name) if is_active(name) => vec![(
            EVERY,
            format!("obeys the Exclusive of your own {name} as if it were policy"),
        )],
        Note::SeveralExclusive(_) => vec![(
            EVERY,
            "obeys any of the exclusive remotes, another one at each run".to_owned(),
        )],
        _ => Vec::new(),
    }
}

fn of_remote(
    remote: &Remote<'_>,
    effective: &Effective<'_>,
    question: &Question<'_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let name = remote.name;
    if let Token::Moved { stored_for } = remote.token {
        found.push((
            EVERY,
            format!(
                "sends your token for {stored_for} to {}, where {name} is now",
                remote.uri()
            ),
        ));
    }
    if remote.is_insecure() {
        let text = format!("refuses the whole file in which {name} has the key Insecure");
        found.push((WITHOUT_INSECURE, text));
        if remote.is_global() {
            let text = format!(
                "overlooks the Insecure of {name} in the system's file, and asks it by https"
            );
            found.push((WITH_INSECURE, text));
        }
    }
    let has_port = |uri: EndpointUri| {
        let authority = uri.as_str().split('/').next().unwrap_or_default();
        authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.contains(']'))
    };
    let task = question.task;
    let asks_own_library =
        task.asks_library() && (question.library.or(question.host).is_none() || remote.exclusive);
    let asks_own_keyserver = task.asks_keyservers() && remote.keyservers().is_empty();
    if (asks_own_library || asks_own_keyserver)
        && EndpointUri::parse(remote.uri()).is_ok_and(has_port)
    {
        found.push((
            WITH_INSECURE,
            format!(
                "can't find the services of {}: its address has a port",
                remote.uri()
            ),
        ));
    }
    if task.asks_keyservers() {
        found.extend(of_keyservers(remote, effective, question));
    }
    found
}

fn of_keyservers(
    remote: &Remote<'_>,
    effective: &Effective<'_>,
    question: &Question<'_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let listed = remote.keyservers();
    if let Some(url) = question.url {
        let is_listed =
            |keyserver: &KeyserverEntry| !keyserver.skip && is_same_keyserver(&keyserver.uri, url);
        if remote.exclusive && (listed.is_empty() || listed.iter().any(is_listed)) {
            let text =
                "fails also for the keyservers that the policy allows: no keyserver configured";
            found.push((EVERY, text.to_owned()));
        }
        return found;
    }
    if question.task.asks_all_keyservers() && listed.last().is_some_and(|last| last.skip) {
        let text = "fails when no keyserver has the key: no keyserver configured";
        found.push((EVERY, text.to_owned()));
    }
    let asked = listed.iter().filter(|keyserver| !keyserver.skip);
    let number = if question.task.asks_all_keyservers() {
        usize::MAX
    } else {
        1
    };
    for keyserver in asked.take(number).filter(|keyserver| keyserver.external) {
        let is_meant = |uri: &str| KeyserverUri::are_same(uri, &keyserver.uri);
        let meant = effective.logins().iter().find(|login| is_meant(&login.uri));
        if let Some(login) = meant.filter(|_| effective.keyserver_login(&keyserver.uri).is_none()) {
            let text = format!(
                "compares addresses by their text: your login for {} is not used for {}",
                login.uri, keyserver.uri
            );
            found.push((EVERY, text));
        }
    }
    found
}
