//! The keys of a remote.yaml and what they mean. Knows no YAML beyond maps, lists, texts and flags.
//!
//! A null where something has to be is an error: D12 of docs/compatibility.md.

use super::decoder::{Decoder, KeyValue, NodeRef};
use super::events::EventBuffer;
use super::part::{FileLines, KeyLines, Part, RemoteLines, Topic};
use super::problem::{Fault, Mark, Problem};
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

pub(super) struct Parsed {
    pub(super) document: Document,
    pub(super) lines: FileLines,
    pub(super) second_document: bool,
}

pub(super) fn read(text: &str) -> Result<Parsed, Fault> {
    let events = EventBuffer::read(text)?;
    let mut contents = Parsed {
        document: Document::default(),
        lines: FileLines::default(),
        second_document: events.second_document(),
    };
    if !events.is_empty() {
        file(&mut Decoder::new(&events), &mut contents)?;
    }
    Ok(contents)
}

fn file(decoder: &mut Decoder<'_>, contents: &mut Parsed) -> Result<(), Fault> {
    let Parsed {
        document, lines, ..
    } = contents;
    let root = decoder.root();
    if decoder.is_null(root) {
        let (missing, advice) = (
            "Active and Remotes are missing",
            "leave the file empty where there is no remote",
        );
        let subject = Topic::Whole(Part::File);
        return Err(null(subject, decoder.mark(root), missing, advice));
    }
    let pairs = pairs(decoder, root, Part::File, FILE_KEYS, &mut lines.keys)?;
    for pair in pairs {
        let what = Topic::Value(&pair.key, Part::File);
        match &*pair.key {
            "Active" => document.active = decoder.text(pair.value, what)?,
            "Remotes" => remotes(decoder, &pair, document, lines)?,
            _ => {
                let (logins, found) = list(decoder, &pair, what, login)?;
                document.logins = logins;
                lines.logins = found;
            }
        }
    }
    Ok(())
}

fn remotes(
    decoder: &mut Decoder<'_>,
    remotes: &KeyValue<'_>,
    document: &mut Document,
    lines: &mut FileLines,
) -> Result<(), Fault> {
    let what = Topic::Value(&remotes.key, Part::File);
    if decoder.is_null(remotes.value) {
        let advice = "write Remotes: {} where there is none";
        return Err(null(what, remotes.mark, "a map is missing", advice));
    }
    for pair in decoder.fields(remotes.value, what)? {
        let (entry, found) = remote(decoder, &pair)?;
        lines.remotes.insert(pair.key.to_string(), found);
        document.remotes.insert(RemoteName::found(pair.key), entry);
    }
    Ok(())
}

fn remote(
    decoder: &mut Decoder<'_>,
    remote: &KeyValue<'_>,
) -> Result<(RemoteEntry, RemoteLines), Fault> {
    let part = Part::Remote(&remote.key);
    refuse_null(decoder, remote.value, part, remote.mark)?;
    let mut entry = RemoteEntry::default();
    let mut lines = RemoteLines::default();
    for pair in pairs(decoder, remote.value, part, REMOTE_KEYS, &mut lines.keys)? {
        let what = Topic::Value(&pair.key, part);
        match &*pair.key {
            "URI" => entry.uri = decoder.text(pair.value, what)?,
            "Token" => entry.token = Secret::new(decoder.text(pair.value, what)?),
            "System" => entry.system = decoder.flag(pair.value, what)?,
            "Exclusive" => entry.exclusive = decoder.flag(pair.value, what)?,
            "Insecure" => entry.insecure = decoder.flag(pair.value, what)?,
            _ => {
                let item = |decoder: &mut _, node, index| {
                    keyserver(decoder, node, Part::Keyserver(&remote.key, index))
                };
                (entry.keyservers, lines.keyservers) = list(decoder, &pair, what, item)?;
            }
        }
    }
    lines.keys.first = remote.mark.line;
    Ok((entry, lines))
}

fn keyserver(
    decoder: &mut Decoder<'_>,
    node: NodeRef,
    part: Part<'_>,
) -> Result<(KeyserverEntry, KeyLines), Fault> {
    refuse_null(decoder, node, part, decoder.mark(node))?;
    let mut entry = KeyserverEntry::default();
    let mut lines = KeyLines::default();
    for pair in pairs(decoder, node, part, KEYSERVER_KEYS, &mut lines)? {
        let what = Topic::Value(&pair.key, part);
        match &*pair.key {
            "URI" => entry.uri = decoder.text(pair.value, what)?,
            "Skip" => entry.skip = decoder.flag(pair.value, what)?,
            "External" => entry.external = decoder.flag(pair.value, what)?,
            _ => entry.insecure = decoder.flag(pair.value, what)?,
        }
    }
    Ok((entry, lines))
}

fn login(
    decoder: &mut Decoder<'_>,
    node: NodeRef,
    index: usize,
) -> Result<(LoginEntry, KeyLines), Fault> {
    let part = Part::Login(index);
    refuse_null(decoder, node, part, decoder.mark(node))?;
    let mut entry = LoginEntry::default();
    let mut lines = KeyLines::default();
    for pair in pairs(decoder, node, part, LOGIN_KEYS, &mut lines)? {
        let what = Topic::Value(&pair.key, part);
        match &*pair.key {
            "URI" => entry.uri = decoder.text(pair.value, what)?,
            "Auth" => entry.auth = Secret::new(decoder.text(pair.value, what)?),
            _ => entry.insecure = decoder.flag(pair.value, what)?,
        }
    }
    Ok((entry, lines))
}

fn pairs<'text>(
    decoder: &mut Decoder<'text>,
    node: NodeRef,
    part: Part<'_>,
    known: &'static [&'static str],
    lines: &mut KeyLines,
) -> Result<Vec<KeyValue<'text>>, Fault> {
    lines.first = decoder.mark(node).line;
    let pairs = decoder.fields(node, Topic::Whole(part))?;
    for pair in &pairs {
        let Some(key) = known.iter().find(|key| **key == pair.key) else {
            return Err(unknown(pair, part, known));
        };
        lines.keys.push((key, pair.mark.line));
    }
    Ok(pairs)
}

fn list<'text, T>(
    decoder: &mut Decoder<'text>,
    pair: &KeyValue<'_>,
    what: Topic<'_>,
    item: impl Fn(&mut Decoder<'text>, NodeRef, usize) -> Result<(T, KeyLines), Fault>,
) -> Result<(Vec<T>, Vec<KeyLines>), Fault> {
    let nodes = decoder.items(pair.value, what)?.into_iter().enumerate();
    nodes
        .map(|(index, node)| item(decoder, node, index))
        .collect()
}

fn refuse_null(
    decoder: &Decoder<'_>,
    node: NodeRef,
    part: Part<'_>,
    mark: Mark,
) -> Result<(), Fault> {
    if !decoder.is_null(node) {
        return Ok(());
    }
    let (missing, advice) = (
        "a map with its URI is missing",
        "write its URI below it, indented, or remove it",
    );
    Err(null(Topic::Whole(part), mark, missing, advice))
}

fn null(what: Topic<'_>, mark: Mark, missing: &'static str, advice: &'static str) -> Fault {
    Problem::Null {
        what: what.to_string(),
        missing,
        advice,
    }
    .at(mark)
}

fn unknown(pair: &KeyValue<'_>, part: Part<'_>, known: &'static [&'static str]) -> Fault {
    // A line of a token can stand where a key does; no key that anyone would write looks like one.
    let is_word = |character: char| character.is_alphabetic() || " -_".contains(character);
    let is_shown = match pair.key.len() {
        ..=SHORT => true,
        length => length <= LONGEST_SHOWN && pair.key.chars().all(is_word),
    };
    let key = if is_shown { &*pair.key } else { "***" };
    Problem::UnknownKey {
        key: key.to_owned(),
        place: part.inside(),
        known,
    }
    .at(pair.mark)
}
