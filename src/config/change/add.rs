//! New remotes, and those that are there already.

use crate::config::change::ChangeError;
use crate::config::document::{Document, RemoteEntry};
use crate::name::RemoteName;
use crate::uri::EndpointUri;

/// A new remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRemote {
    /// Its name.
    pub name: RemoteName,
    /// Its address.
    pub uri: EndpointUri,
    /// Whether it is defined for all users.
    pub global: bool,
    /// Whether it is reached over plain http.
    pub insecure: bool,
}

/// What came of adding a remote unless it was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// It was there already, at this address; nothing changed.
    Before,
}

/// Adds a remote.
///
/// # Errors
/// When the document has one of this name.
pub fn add(document: &mut Document, new: &NewRemote) -> Result<(), ChangeError> {
    if document.remotes.contains_key(&new.name) {
        return Err(ChangeError::Taken(new.name.clone()));
    }
    let entry = RemoteEntry {
        uri: new.uri.as_str().to_owned(),
        system: new.global,
        insecure: new.insecure,
        ..RemoteEntry::default()
    };
    document.remotes.insert(new.name.clone(), entry);
    Ok(())
}

/// As [`add`], but a remote of this name at the same address is as good as a new one.
///
/// # Errors
/// When the document has one of this name at another address, or the copy of a system remote.
pub fn add_if_missing(document: &mut Document, new: &NewRemote) -> Result<Added, ChangeError> {
    match document.remotes.get(&new.name) {
        Some(entry) if entry.system && !new.global => Err(ChangeError::Taken(new.name.clone())),
        Some(entry) => check_same(entry, new).map(|()| Added::Before),
        None => add(document, new).map(|()| Added::New),
    }
}

/// Whether a remote of this name is the one that was to be added: at the same address, by the same scheme.
///
/// # Errors
/// Names both addresses.
pub fn check_same(entry: &RemoteEntry, new: &NewRemote) -> Result<(), ChangeError> {
    let is_there = EndpointUri::parse(&entry.uri).is_ok_and(|uri| uri.is_same_place(&new.uri));
    if is_there && entry.insecure == new.insecure {
        return Ok(());
    }
    let url =
        |uri: &str, insecure: bool| format!("{}://{uri}", if insecure { "http" } else { "https" });
    Err(ChangeError::TakenElsewhere {
        name: new.name.clone(),
        now: url(&entry.uri, entry.insecure),
        asked: url(new.uri.as_str(), new.insecure),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn document(text: &str) -> Document {
        yaml::document(text.as_bytes()).unwrap()
    }

    fn new(name: &str, uri: &str, insecure: bool, global: bool) -> NewRemote {
        NewRemote {
            name: RemoteName::found(name),
            uri: EndpointUri::parse(uri).unwrap(),
            global,
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
                new("m", "https://m.EXAMPLE/x", false, false),
                Ok(Added::Before),
            ),
            (new("p", "p:80", true, false), Ok(Added::Before)),
            (new("g", "g.example", false, true), Ok(Added::Before)),
            (
                new("m", "m.example", false, false),
                elsewhere("m", "https://M.example/x/", "https://m.example"),
            ),
            (
                new("m", "m.example/X", false, false),
                elsewhere("m", "https://M.example/x/", "https://m.example/X"),
            ),
            (
                new("m", "m.example/x", true, false),
                elsewhere("m", "https://M.example/x/", "http://m.example/x"),
            ),
            (
                new("p", "p:80", false, false),
                elsewhere("p", "http://p:80", "https://p:80"),
            ),
            (
                new("e", "e.example", false, false),
                elsewhere("e", "https://", "https://e.example"),
            ),
            (new("m", "m.example/x", false, true), Ok(Added::Before)),
            // The copy of a system's remote is none of the user's own.
            (new("g", "g.example", false, false), taken("g")),
        ];
        for (asked, wanted) in cases {
            let mut changed = document(FILE);
            assert_eq!(add_if_missing(&mut changed, &asked), wanted, "{asked:?}");
            assert_eq!(changed, document(FILE), "{asked:?}");
        }
    }

    #[test]
    fn what_is_missing_is_added() {
        let (mut one, mut other) = (document(FILE), document(FILE));
        let asked = new("n", "n.example", false, false);
        assert_eq!(add_if_missing(&mut one, &asked), Ok(Added::New));
        add(&mut other, &asked).unwrap();
        assert_eq!(one, other);
        assert_eq!(
            add(&mut one, &asked),
            Err(ChangeError::Taken(asked.name.clone()))
        );
    }
}
