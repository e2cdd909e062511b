//! The keys of a remote.yaml and what they mean. Knows no YAML beyond maps, lists, texts and flags.
//!
//! A null where something has to be is an error: D12 of docs/compatibility.md.

use super::decoder::{Decoder, Field, NodeRef};
use super::place::{Place, Subject};
use super::problem::{Fault, Position, Problem};
use super::tape::Tape;
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

const FILE_KEYS: &[&str] = &["Active", "Remotes", "Credentials"];
const REMOTE_KEYS: &[&str] = &[
    "URI",
    "Token",
    "System",
    "Exclusive",
    "Insecure",
    "Keyservers",
];
const KEYSERVER_KEYS: &[&str] = &["URI", "Skip", "External", "Insecure"];
const LOGIN_KEYS: &[&str] = &["URI", "Auth", "Insecure"];

/// Up to so many bytes an error repeats any unknown key.
const SHORT: usize = 8;
/// Up to so many it repeats one of letters.
const LONGEST_SHOWN: usize = 24;

/// The document that `text` stands for.
pub(super) fn document(text: &str) -> Result<Document, Fault> {
    let tape = Tape::read(text)?;
    if tape.is_empty() {
        return Ok(Document::default());
    }
    file(&mut Decoder::new(&tape))
}

fn file(decoder: &mut Decoder<'_>) -> Result<Document, Fault> {
    let mut document = Document::default();
    let root = decoder.root();
    if decoder.is_null(root) {
        let (missing, advice) = (
            "Active and Remotes are missing",
            "leave the file empty where there is no remote",
        );
        return Err(null(
            Subject::Whole(Place::File),
            decoder.position(root),
            missing,
            advice,
        ));
    }
    for field in decoder.fields(root, Subject::Whole(Place::File))? {
        let what = Subject::Value(&field.key, Place::File);
        match &*field.key {
            "Active" => document.active = decoder.text(field.value, what)?,
            "Remotes" => read_remotes(decoder, &field, &mut document)?,
            "Credentials" => document.logins = list(decoder, &field, what, login)?,
            _ => return Err(unknown(&field, Place::File, FILE_KEYS)),
        }
    }
    Ok(document)
}

fn read_remotes(
    decoder: &mut Decoder<'_>,
    remotes: &Field<'_>,
    document: &mut Document,
) -> Result<(), Fault> {
    let what = Subject::Value(&remotes.key, Place::File);
    if decoder.is_null(remotes.value) {
        return Err(null(
            what,
            remotes.position,
            "a map is missing",
            "write Remotes: {} where there is none",
        ));
    }
    for field in decoder.fields(remotes.value, what)? {
        let entry = remote(decoder, &field)?;
        document.remotes.insert(RemoteName::found(field.key), entry);
    }
    Ok(())
}

fn remote(decoder: &mut Decoder<'_>, remote: &Field<'_>) -> Result<RemoteEntry, Fault> {
    let place = Place::Remote(&remote.key);
    refuse_null(decoder, remote.value, place, remote.position)?;
    let mut entry = RemoteEntry::default();
    for field in decoder.fields(remote.value, Subject::Whole(place))? {
        let what = Subject::Value(&field.key, place);
        match &*field.key {
            "URI" => entry.uri = decoder.text(field.value, what)?,
            "Token" => entry.token = Secret::new(decoder.text(field.value, what)?),
            "System" => entry.system = decoder.flag(field.value, what)?,
            "Exclusive" => entry.exclusive = decoder.flag(field.value, what)?,
            "Insecure" => entry.insecure = decoder.flag(field.value, what)?,
            "Keyservers" => {
                let item = |decoder: &mut _, node, number| {
                    keyserver(decoder, node, Place::Keyserver(&remote.key, number))
                };
                entry.keyservers = list(decoder, &field, what, item)?;
            }
            _ => return Err(unknown(&field, place, REMOTE_KEYS)),
        }
    }
    Ok(entry)
}

fn keyserver(
    decoder: &mut Decoder<'_>,
    node: NodeRef,
    place: Place<'_>,
) -> Result<KeyserverEntry, Fault> {
    refuse_null(decoder, node, place, decoder.position(node))?;
    let mut entry = KeyserverEntry::default();
    for field in decoder.fields(node, Subject::Whole(place))? {
        let what = Subject::Value(&field.key, place);
        match &*field.key {
            "URI" => entry.uri = decoder.text(field.value, what)?,
            "Skip" => entry.skip = decoder.flag(field.value, what)?,
            "External" => entry.external = decoder.flag(field.value, what)?,
            "Insecure" => entry.insecure = decoder.flag(field.value, what)?,
            _ => return Err(unknown(&field, place, KEYSERVER_KEYS)),
        }
    }
    Ok(entry)
}

fn login(decoder: &mut Decoder<'_>, node: NodeRef, number: usize) -> Result<LoginEntry, Fault> {
    let place = Place::Login(number);
    refuse_null(decoder, node, place, decoder.position(node))?;
    let mut entry = LoginEntry::default();
    for field in decoder.fields(node, Subject::Whole(place))? {
        let what = Subject::Value(&field.key, place);
        match &*field.key {
            "URI" => entry.uri = decoder.text(field.value, what)?,
            "Auth" => entry.auth = Secret::new(decoder.text(field.value, what)?),
            "Insecure" => entry.insecure = decoder.flag(field.value, what)?,
            _ => return Err(unknown(&field, place, LOGIN_KEYS)),
        }
    }
    Ok(entry)
}

/// The items of a list, each made with its number from 1.
fn list<'text, T>(
    decoder: &mut Decoder<'text>,
    field: &Field<'_>,
    what: Subject<'_>,
    item: impl Fn(&mut Decoder<'text>, NodeRef, usize) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let nodes = decoder.items(field.value, what)?;
    nodes
        .into_iter()
        .zip(1..)
        .map(|(node, number)| item(decoder, node, number))
        .collect()
}

fn refuse_null(
    decoder: &Decoder<'_>,
    node: NodeRef,
    place: Place<'_>,
    position: Position,
) -> Result<(), Fault> {
    if !decoder.is_null(node) {
        return Ok(());
    }
    let (missing, advice) = (
        "a map with its URI is missing",
        "write its URI below it, indented, or remove it",
    );
    Err(null(Subject::Whole(place), position, missing, advice))
}

fn null(
    what: Subject<'_>,
    position: Position,
    missing: &'static str,
    advice: &'static str,
) -> Fault {
    Problem::Null {
        what: what.to_string(),
        missing,
        advice,
    }
    .at(position)
}

fn unknown(field: &Field<'_>, place: Place<'_>, known: &'static [&'static str]) -> Fault {
    // A line of a token can stand where a key does; no key that anyone would write looks like one.
    let is_word = |character: char| character.is_alphabetic() || " -_".contains(character);
    let is_shown = match field.key.len() {
        ..=SHORT => true,
        length => length <= LONGEST_SHOWN && field.key.chars().all(is_word),
    };
    let key = if is_shown { &*field.key } else { "***" };
    Problem::UnknownKey {
        key: key.to_owned(),
        place: place.inside(),
        known,
    }
    .at(field.position)
}
