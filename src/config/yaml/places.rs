//! On which line of a remote.yaml something stands, for messages. Judges nothing: what can't be read has no place.
//!
//! Apart from [`Document`](crate::config::document::Document), so that equal documents stay equal wherever their text stands.

use std::collections::BTreeMap;

use super::decoder::{Decoder, Field, NodeRef};
use super::encoding;
use super::place::{Place, Subject};
use super::problem::Fault;
use super::tape::Tape;
use crate::name::RemoteName;

/// The lines of one remote.yaml, from 1. What its text does not have, or what was not understood, has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    active: Option<usize>,
    has_remotes: bool,
    remotes: BTreeMap<RemoteName, RemotePlaces>,
    logins: Vec<ItemPlaces>,
}

/// The lines of one remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RemotePlaces {
    whole: ItemPlaces,
    keyservers: Vec<ItemPlaces>,
}

/// The lines of a map with a name or a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ItemPlaces {
    line: usize,
    keys: BTreeMap<String, usize>,
}

impl ItemPlaces {
    /// A key's line; that of the whole where the key isn't written.
    fn key(&self, key: &str) -> usize {
        self.keys.get(key).copied().unwrap_or(self.line)
    }
}

impl Places {
    /// The line of `Active`.
    pub fn active(&self) -> Option<usize> {
        self.active
    }

    /// Whether `Remotes` is written, perhaps with none.
    pub fn has_remotes(&self) -> bool {
        self.has_remotes
    }

    /// The line of a remote's name.
    pub fn remote(&self, name: &RemoteName) -> Option<usize> {
        self.remotes.get(name).map(|remote| remote.whole.line)
    }

    /// The line of a key of a remote (`URI`, `Token`, …), or of its name where the key isn't written.
    pub fn remote_key(&self, name: &RemoteName, key: &str) -> Option<usize> {
        self.remotes.get(name).map(|remote| remote.whole.key(key))
    }

    /// Whether a key of a remote is written, whatever its value.
    pub fn has_key(&self, name: &RemoteName, key: &str) -> bool {
        self.remotes
            .get(name)
            .is_some_and(|remote| remote.whole.keys.contains_key(key))
    }

    /// The line on which a remote's keyserver begins, by its place in the list from 0.
    pub fn keyserver(&self, name: &RemoteName, index: usize) -> Option<usize> {
        self.remotes
            .get(name)?
            .keyservers
            .get(index)
            .map(|item| item.line)
    }

    /// The line of a key of a remote's keyserver, or on which that begins where the key isn't written.
    pub fn keyserver_key(&self, name: &RemoteName, index: usize, key: &str) -> Option<usize> {
        self.remotes
            .get(name)?
            .keyservers
            .get(index)
            .map(|item| item.key(key))
    }

    /// Whether a key of a remote's keyserver is written, whatever its value.
    pub fn has_keyserver_key(&self, name: &RemoteName, index: usize, key: &str) -> bool {
        let item = self
            .remotes
            .get(name)
            .and_then(|remote| remote.keyservers.get(index));
        item.is_some_and(|item| item.keys.contains_key(key))
    }

    /// The line on which a login begins, by its place in the list from 0.
    pub fn login(&self, index: usize) -> Option<usize> {
        self.logins.get(index).map(|item| item.line)
    }
}

/// The lines of what the text of a remote.yaml says. A text that can't be read has none.
pub fn places(bytes: &[u8]) -> Places {
    let Ok(text) = encoding::decode(bytes) else {
        return Places::default();
    };
    let read = Tape::read(&text).and_then(|tape| match tape.is_empty() {
        true => Ok(Places::default()),
        false => file(&mut Decoder::new(&tape)),
    });
    read.unwrap_or_default()
}

fn file(decoder: &mut Decoder<'_>) -> Result<Places, Fault> {
    let mut places = Places::default();
    for field in decoder.fields(decoder.root(), Subject::Whole(Place::File))? {
        let what = Subject::Value(&field.key, Place::File);
        match &*field.key {
            "Active" => places.active = Some(field.position.line),
            "Remotes" => {
                places.has_remotes = true;
                for field in decoder.fields(field.value, what)? {
                    let found = remote(decoder, &field)?;
                    places.remotes.insert(RemoteName::found(field.key), found);
                }
            }
            "Credentials" => places.logins = items(decoder, &field, what)?,
            _ => {}
        }
    }
    Ok(places)
}

fn remote(decoder: &mut Decoder<'_>, remote: &Field<'_>) -> Result<RemotePlaces, Fault> {
    let place = Place::Remote(&remote.key);
    let mut places = RemotePlaces::default();
    places.whole.line = remote.position.line;
    for field in decoder.fields(remote.value, Subject::Whole(place))? {
        if field.key == "Keyservers" {
            places.keyservers = items(decoder, &field, Subject::Value(&field.key, place))?;
        }
        places
            .whole
            .keys
            .insert(field.key.into_owned(), field.position.line);
    }
    Ok(places)
}

fn items(
    decoder: &mut Decoder<'_>,
    list: &Field<'_>,
    what: Subject<'_>,
) -> Result<Vec<ItemPlaces>, Fault> {
    let nodes = decoder.items(list.value, what)?;
    nodes
        .into_iter()
        .map(|node| item(decoder, node, what))
        .collect()
}

fn item(decoder: &mut Decoder<'_>, node: NodeRef, what: Subject<'_>) -> Result<ItemPlaces, Fault> {
    let line = decoder.position(node).line;
    let fields = decoder.fields(node, what)?;
    let keys = fields
        .into_iter()
        .map(|field| (field.key.into_owned(), field.position.line))
        .collect();
    Ok(ItemPlaces { line, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# who asks whom
Active: m
Remotes:
  m:
    URI: m.example
    Token: t
    Keyservers:
    - URI: https://a.example
      Insecure: true

    - {URI: b.example}
  'other one': {URI: o.example,
    System: true}
Credentials:
- URI: docker://r.example
  Auth: \"\"
-
  URI: https://k.example
";

    fn name(text: &str) -> RemoteName {
        RemoteName::found(text)
    }

    #[test]
    fn everything_has_the_line_that_it_stands_on() {
        let places = places(FILE.as_bytes());
        let (m, other) = (name("m"), name("other one"));
        assert_eq!(places.active(), Some(2));
        assert_eq!(
            (places.remote(&m), places.remote(&other)),
            (Some(4), Some(12))
        );
        assert_eq!(
            (
                places.remote_key(&m, "Token"),
                places.remote_key(&other, "System")
            ),
            (Some(6), Some(13))
        );
        assert_eq!(
            (places.keyserver(&m, 0), places.keyserver(&m, 1)),
            (Some(8), Some(11))
        );
        assert_eq!(places.keyserver_key(&m, 0, "Insecure"), Some(9));
        assert_eq!((places.login(0), places.login(1)), (Some(15), Some(18)));
    }

    #[test]
    fn a_key_that_is_not_written_has_the_line_of_what_it_belongs_to() {
        let places = places(FILE.as_bytes());
        assert_eq!(places.remote_key(&name("m"), "System"), Some(4));
        assert_eq!(places.keyserver_key(&name("m"), 1, "Skip"), Some(11));
        assert!(
            places.has_key(&name("other one"), "System") && !places.has_key(&name("m"), "System")
        );
    }

    #[test]
    fn remotes_are_named_by_a_map_of_them() {
        for (text, expected) in [
            ("Remotes: {}", true),
            ("Remotes:", false),
            ("Remotes: ~", false),
            ("Active: a", false),
        ] {
            assert_eq!(places(text.as_bytes()).has_remotes(), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        for text in [
            "\u{feff}\n\nActive: a\n",
            "\r\n\r\nActive: a\r\n",
            "#\r#\rActive: a\r",
        ] {
            assert_eq!(places(text.as_bytes()).active(), Some(3), "{text:?}");
        }
    }

    #[test]
    fn what_an_alias_stands_for_is_where_it_is_written() {
        let places = places(
            b"Remotes:\n  a: &a\n    URI: a.example\n  b: *a\n  c:\n    <<: *a\n    Token: t\n",
        );
        assert_eq!(
            (
                places.remote(&name("b")),
                places.remote_key(&name("b"), "URI")
            ),
            (Some(4), Some(3))
        );
        assert_eq!(
            (
                places.remote_key(&name("c"), "Token"),
                places.remote_key(&name("c"), "URI")
            ),
            (Some(7), Some(3))
        );
    }

    #[test]
    fn what_is_not_there_or_cannot_be_read_has_no_line() {
        for text in [
            "",
            "# nothing\n",
            "Active: [\n",
            "Remotes: {a: 1}\n",
            "\u{0}",
        ] {
            assert_eq!(places(text.as_bytes()), Places::default(), "{text:?}");
        }
        let places = places(FILE.as_bytes());
        assert_eq!(
            (
                places.remote(&name("x")),
                places.keyserver(&name("m"), 2),
                places.login(2)
            ),
            (None, None, None)
        );
    }
}
