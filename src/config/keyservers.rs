//! The order of a remote's keyservers: pure edits of the system's document. D10 of docs/compatibility.md.
//!
//! The endpoint's own (internal) keyserver is never taken out: it is skipped, and keeps its place.

use crate::config::document::{Document, KeyserverEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::uri::KeyserverUri;

/// Why the keyservers can't be changed as asked, in Apptainer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyserverError {
    #[error("no endpoint found: no default remote")]
    NoDefault,
    #[error("no endpoint found: {0} is not a remote")]
    NoSuchRemote(RemoteName),
    #[error("current endpoint is not a system defined endpoint")]
    NotSystem,
    #[error("order is out of range: maximum is {0}")]
    Order(usize),
    #[error("{0} is already configured")]
    Configured(String),
    #[error("keyserver {0} is not configured")]
    NotConfigured(String),
    #[error("the primary keyserver {0} can't be removed")]
    Primary(String),
    #[error("{0} got another address from another command: nothing was changed")]
    Moved(RemoteName),
}

#[derive(Clone, Debug)]
pub struct NewKeyserver {
    pub uri: KeyserverUri,
    pub insecure: bool,
    /// Its place among those that `list` shows, from 1; behind the last when there is none.
    pub order: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Internal {
    pub endpoint: String,
    pub keyserver: String,
}

pub fn meant<'a>(
    document: &'a Document,
    named: Option<&RemoteName>,
) -> Result<(&'a RemoteName, &'a RemoteEntry), KeyserverError> {
    let active = RemoteName::found(document.active.as_str());
    let name = match named {
        Some(name) => name,
        None if document.active.is_empty() => return Err(KeyserverError::NoDefault),
        None => &active,
    };
    let found = document
        .remotes
        .get_key_value(name)
        .ok_or_else(|| KeyserverError::NoSuchRemote(name.clone()))?;
    if found.1.system {
        Ok(found)
    } else {
        Err(KeyserverError::NotSystem)
    }
}

/// Adds a keyserver to a remote's list, or puts the internal one back. A list that is empty begins with `internal`.
/// Returns its place among those that `list` shows.
pub fn add(
    document: &mut Document,
    named: Option<&RemoteName>,
    new: &NewKeyserver,
    internal: Option<&Internal>,
) -> Result<usize, KeyserverError> {
    let list = list(document, named, internal)?;
    let visible = list.iter().filter(|keyserver| !keyserver.skip).count();
    let order = new.order.unwrap_or(visible + 1);
    if !(1..=visible + 1).contains(&order) {
        return Err(KeyserverError::Order(visible + 1));
    }
    let uri = new.uri.to_string();
    let added = match list
        .iter()
        .position(|keyserver| KeyserverUri::are_same(&keyserver.uri, &uri))
    {
        None => KeyserverEntry {
            uri,
            skip: false,
            external: true,
            insecure: new.insecure,
        },
        Some(at) if list[at].skip && !list[at].external => KeyserverEntry {
            skip: false,
            ..list.remove(at)
        },
        Some(_) => return Err(KeyserverError::Configured(uri)),
    };
    let mut places = list
        .iter()
        .enumerate()
        .filter(|(_, keyserver)| !keyserver.skip)
        .map(|(at, _)| at);
    let at = places.nth(order - 1).unwrap_or(list.len());
    list.insert(at, added);
    Ok(order)
}

/// Removes a keyserver from a remote's list; the internal one is skipped from now on. Returns it as the file had it.
pub fn remove(
    document: &mut Document,
    named: Option<&RemoteName>,
    uri: &str,
    internal: Option<&Internal>,
) -> Result<String, KeyserverError> {
    let list = list(document, named, internal)?;
    let visible = list.iter().filter(|keyserver| !keyserver.skip).count();
    let is_meant =
        |keyserver: &KeyserverEntry| !keyserver.skip && KeyserverUri::are_same(&keyserver.uri, uri);
    let at = list
        .iter()
        .position(is_meant)
        .ok_or_else(|| KeyserverError::NotConfigured(uri.to_owned()))?;
    if visible == 1 {
        return Err(KeyserverError::Primary(uri.to_owned()));
    }
    let found = list[at].uri.clone();
    if list[at].external {
        list.remove(at);
    } else {
        list[at].skip = true;
    }
    Ok(found)
}

fn list<'a>(
    document: &'a mut Document,
    named: Option<&RemoteName>,
    internal: Option<&Internal>,
) -> Result<&'a mut Vec<KeyserverEntry>, KeyserverError> {
    let name = meant(document, named)?.0.clone();
    let entry = document
        .remotes
        .get_mut(&name)
        .ok_or_else(|| KeyserverError::NoSuchRemote(name.clone()))?;
    if entry.keyservers.is_empty() {
        let internal = internal.filter(|internal| internal.endpoint == entry.uri);
        let internal = internal.ok_or_else(|| KeyserverError::Moved(name.clone()))?;
        entry.keyservers.push(KeyserverEntry {
            uri: internal.keyserver.clone(),
            ..KeyserverEntry::default()
        });
    }
    Ok(&mut entry.keyservers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERNAL: &str = "https://internal";

    /// A document whose active remote has these keyservers: `-` before a skipped one, `*` before the internal one.
    fn document(keyservers: &[&str]) -> Document {
        let keyservers = keyservers
            .iter()
            .map(|text| KeyserverEntry {
                uri: text.trim_start_matches(['-', '*']).to_owned(),
                skip: text.starts_with('-'),
                external: !text.contains('*'),
                insecure: false,
            })
            .collect();
        let entry = RemoteEntry {
            uri: "h".into(),
            system: true,
            keyservers,
            ..RemoteEntry::default()
        };
        Document {
            active: "r".into(),
            remotes: [(RemoteName::found("r"), entry)].into(),
            logins: Vec::new(),
        }
    }

    fn shown(document: &Document) -> Vec<String> {
        let keyservers = &document.remotes[&RemoteName::found("r")].keyservers;
        let mark = |keyserver: &KeyserverEntry| {
            let skip = if keyserver.skip { "-" } else { "" };
            let internal = if keyserver.external { "" } else { "*" };
            format!("{skip}{internal}{}", keyserver.uri)
        };
        keyservers.iter().map(mark).collect()
    }

    fn internal() -> Internal {
        Internal {
            endpoint: "h".into(),
            keyserver: INTERNAL.into(),
        }
    }

    fn new(uri: &str, order: Option<usize>) -> NewKeyserver {
        NewKeyserver {
            uri: KeyserverUri::parse(uri).unwrap(),
            insecure: false,
            order,
        }
    }

    /// Before, what is added, where; then its place and the list, or the refusal.
    type Addition<'a> = (
        &'a [&'a str],
        &'a str,
        Option<usize>,
        Result<(usize, &'a [&'a str]), &'a str>,
    );
    /// Before, what is removed; then the list, or the refusal.
    type Removal<'a> = (&'a [&'a str], &'a str, Result<&'a [&'a str], &'a str>);

    #[test]
    fn a_keyserver_takes_the_place_that_list_shows() {
        let cases: [Addition<'_>; 9] = [
            (
                &[],
                "https://a",
                None,
                Ok((2, &["*https://internal", "https://a"])),
            ),
            (
                &[],
                "https://a",
                Some(1),
                Ok((1, &["https://a", "*https://internal"])),
            ),
            (
                &[],
                "https://a",
                Some(3),
                Err("order is out of range: maximum is 2"),
            ),
            (
                &[],
                "HTTPS://Internal:443/",
                None,
                Err("https://internal is already configured"),
            ),
            // Skipped entries don't count, wherever they stand.
            (
                &["-*https://i", "https://a"],
                "https://b",
                None,
                Ok((2, &["-*https://i", "https://a", "https://b"])),
            ),
            (
                &["-*https://i", "https://a"],
                "https://b",
                Some(1),
                Ok((1, &["-*https://i", "https://b", "https://a"])),
            ),
            (
                &["https://a", "-*https://i", "https://b"],
                "https://c",
                Some(2),
                Ok((2, &["https://a", "-*https://i", "https://c", "https://b"])),
            ),
            // The internal one comes back where it is asked for.
            (
                &["-*https://i", "https://a"],
                "https://i",
                None,
                Ok((2, &["https://a", "*https://i"])),
            ),
            (
                &["https://a", "-*https://i"],
                "https://i",
                Some(1),
                Ok((1, &["*https://i", "https://a"])),
            ),
        ];
        for (before, uri, order, wanted) in cases {
            let mut document = document(before);
            let got = add(&mut document, None, &new(uri, order), Some(&internal()));
            let wanted = wanted.map(|(order, after)| {
                (
                    order,
                    after.iter().map(ToString::to_string).collect::<Vec<_>>(),
                )
            });
            let got = got
                .map(|order| (order, shown(&document)))
                .map_err(|error| error.to_string());
            assert_eq!(
                got,
                wanted.map_err(str::to_owned),
                "{before:?} {uri} {order:?}"
            );
        }
    }

    #[test]
    fn the_internal_keyserver_is_skipped_and_the_last_one_stays() {
        let cases: [Removal<'_>; 6] = [
            (
                &["*https://i", "https://a"],
                "https://a",
                Ok(&["*https://i"]),
            ),
            (
                &["*https://i", "https://a"],
                "hkps://I/",
                Ok(&["-*https://i", "https://a"]),
            ),
            (
                &["-*https://i", "https://a"],
                "https://a",
                Err("the primary keyserver https://a can't be removed"),
            ),
            (
                &["-*https://i", "https://a"],
                "https://i",
                Err("keyserver https://i is not configured"),
            ),
            (
                &[],
                "https://internal",
                Err("the primary keyserver https://internal can't be removed"),
            ),
            // What older versions took and can't use can still be removed.
            (&["*https://i", "ftp://x"], "ftp://x", Ok(&["*https://i"])),
        ];
        for (before, uri, wanted) in cases {
            let mut document = document(before);
            let got = remove(&mut document, None, uri, Some(&internal())).map(|_| shown(&document));
            let wanted =
                wanted.map(|after| after.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(
                got.map_err(|error| error.to_string()),
                wanted.map_err(str::to_owned),
                "{before:?} {uri}"
            );
        }
    }

    #[test]
    fn only_a_system_remote_that_is_still_the_same_is_changed() {
        let mut document = document(&[]);
        let moved = Internal {
            endpoint: "elsewhere".into(),
            ..internal()
        };
        let add = |document: &mut Document, named: Option<&str>, internal: &Internal| {
            let named = named.map(RemoteName::found);
            add(
                document,
                named.as_ref(),
                &new("https://a", None),
                Some(internal),
            )
            .map_err(|error| error.to_string())
        };
        assert_eq!(
            add(&mut document, None, &moved),
            Err("r got another address from another command: nothing was changed".to_owned())
        );
        assert_eq!(
            add(&mut document, Some("x"), &internal()),
            Err("no endpoint found: x is not a remote".to_owned())
        );
        document.active.clear();
        assert_eq!(
            add(&mut document, None, &internal()),
            Err("no endpoint found: no default remote".to_owned())
        );
        document
            .remotes
            .values_mut()
            .for_each(|entry| entry.system = false);
        assert_eq!(
            add(&mut document, Some("r"), &internal()),
            Err("current endpoint is not a system defined endpoint".to_owned())
        );
    }
}
