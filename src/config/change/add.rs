//! New remotes, and those that exist already.

use crate::config::change::ChangeError;
use crate::config::document::{Document, RemoteEntry, url};
use crate::config::layer::{Layer, Scope};
use crate::name::RemoteName;
use crate::uri::EndpointUri;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRemote {
    pub name: RemoteName,
    pub uri: EndpointUri,
    pub insecure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    New,
    Before,
    Adopted,
}

/// Adds a remote. With `if_missing` one of this name at the same address, here or below, is as good as a new one.
pub fn add(
    document: &mut Document,
    scope: Scope,
    below: Option<&Layer>,
    new: &NewRemote,
    if_missing: bool,
) -> Result<Added, ChangeError> {
    let before = |entry| check_same(entry, new).map(|()| Added::Before);
    let lower = below.and_then(|below| below.document.remotes.get(&new.name));
    if below.is_some_and(|below| below.reserves(&new.name)) {
        let lower = lower.filter(|_| if_missing);
        return lower.map_or_else(|| Err(ChangeError::Reserved(new.name.clone())), before);
    }
    if let Some(entry) = below.and_then(|below| below.leftover(document, &new.name)) {
        check_same(entry, new)?;
        let entry = document.remotes.entry(new.name.clone()).or_default();
        entry.system = false;
        return Ok(Added::Adopted);
    }
    let found = document.remotes.get(&new.name);
    let own = found.filter(|_| if_missing && document.owns(scope, &new.name));
    match (own, lower, found) {
        (Some(own), ..) => before(own),
        // The built-in remote gives way to one of the user's own.
        (None, Some(lower), _) if if_missing && check_same(lower, new).is_ok() => Ok(Added::Before),
        (None, _, Some(_)) => Err(ChangeError::Taken(new.name.clone())),
        (None, _, None) => {
            let entry = RemoteEntry {
                uri: new.uri.as_str().to_owned(),
                system: scope == Scope::System,
                insecure: new.insecure,
                ..RemoteEntry::default()
            };
            document.remotes.insert(new.name.clone(), entry);
            Ok(Added::New)
        }
    }
}

fn check_same(entry: &RemoteEntry, new: &NewRemote) -> Result<(), ChangeError> {
    let is_same = EndpointUri::parse(&entry.uri).is_ok_and(|uri| uri.is_same_place(&new.uri));
    if is_same && entry.insecure == new.insecure {
        return Ok(());
    }
    Err(ChangeError::TakenElsewhere {
        name: new.name.clone(),
        now: entry.url(),
        asked: url(new.uri.as_str(), new.insecure),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::LayerKind;
    use crate::config::yaml;

    fn document(text: &str) -> Document {
        yaml::document(text.as_bytes()).unwrap()
    }

    fn new(name: &str, uri: &str, insecure: bool) -> NewRemote {
        NewRemote {
            name: RemoteName::found(name),
            uri: EndpointUri::parse(uri).unwrap(),
            insecure,
        }
    }

    const FILE: &str = "Remotes: {m: {URI: M.example/x/, Token: t}, p: {URI: 'p:80', Insecure: true}, g: {URI: g.example, System: true}, e: {}}";

    #[test]
    fn what_is_there_at_the_same_address_stays_as_it_is() {
        let elsewhere = |name: &str, now: &str, asked: &str| {
            Err(ChangeError::TakenElsewhere {
                name: RemoteName::found(name),
                now: now.into(),
                asked: asked.into(),
            })
        };
        let taken = |name: &str| Err(ChangeError::Taken(RemoteName::found(name)));
        let cases = [
            (
                (Scope::User, new("m", "https://m.EXAMPLE/x", false)),
                Ok(Added::Before),
            ),
            ((Scope::User, new("p", "p:80", true)), Ok(Added::Before)),
            (
                (Scope::System, new("g", "g.example", false)),
                Ok(Added::Before),
            ),
            (
                (Scope::User, new("m", "m.example", false)),
                elsewhere("m", "https://M.example/x/", "https://m.example"),
            ),
            (
                (Scope::User, new("m", "m.example/X", false)),
                elsewhere("m", "https://M.example/x/", "https://m.example/X"),
            ),
            (
                (Scope::User, new("m", "m.example/x", true)),
                elsewhere("m", "https://M.example/x/", "http://m.example/x"),
            ),
            (
                (Scope::User, new("p", "p:80", false)),
                elsewhere("p", "http://p:80", "https://p:80"),
            ),
            (
                (Scope::User, new("e", "e.example", false)),
                elsewhere("e", "https://", "https://e.example"),
            ),
            (
                (Scope::System, new("m", "m.example/x", false)),
                Ok(Added::Before),
            ),
            // The copy of a system's remote is none of the user's own.
            ((Scope::User, new("g", "g.example", false)), taken("g")),
        ];
        for ((scope, asked), wanted) in cases {
            let mut changed = document(FILE);
            assert_eq!(
                add(&mut changed, scope, None, &asked, true),
                wanted,
                "{asked:?}"
            );
            assert_eq!(changed, document(FILE), "{asked:?}");
        }
    }

    #[test]
    fn what_is_missing_is_added() {
        let asked = new("n", "n.example", false);
        for if_missing in [false, true] {
            let mut changed = document(FILE);
            let mut add = || add(&mut changed, Scope::User, None, &asked, if_missing);
            assert_eq!(add(), Ok(Added::New));
            let taken = Err(ChangeError::Taken(asked.name.clone()));
            assert_eq!(add(), if if_missing { Ok(Added::Before) } else { taken });
            assert_eq!(changed.remotes()[&asked.name].uri, "n.example");
        }
    }

    #[test]
    fn a_name_below_is_reserved_by_the_system_and_given_up_by_the_built_in_layer() {
        let file = "Remotes: {d: {URI: d.example, System: true}}";
        let below = |kind| Layer::of(kind, file);
        let (system, built_in) = (below(LayerKind::System), below(LayerKind::BuiltIn));
        let (same, other) = (new("d", "D.example", false), new("d", "o.example", false));
        let add = |mut document: Document, below: &Layer, new: &NewRemote, if_missing: bool| {
            add(&mut document, Scope::User, Some(below), new, if_missing)
                .map_err(|error| matches!(error, ChangeError::Reserved(_)))
        };
        let empty = Document::default;
        assert_eq!(add(empty(), &system, &same, false), Err(true));
        assert_eq!(add(empty(), &system, &same, true), Ok(Added::Before));
        assert_eq!(add(empty(), &system, &other, true), Err(false));
        assert_eq!(add(empty(), &built_in, &same, false), Ok(Added::New));
        assert_eq!(add(empty(), &built_in, &same, true), Ok(Added::Before));
        assert_eq!(add(empty(), &built_in, &other, true), Ok(Added::New));
        // The user's own counts before the built-in one.
        let own = document("Remotes: {d: {URI: o.example}}");
        assert_eq!(add(own, &built_in, &same, true), Err(false));
    }
}
