//! JSON as Go's encoding/json takes it into known fields. Knows no login.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ConfigFault, FaultKind, Reader, syntax};
use crate::runtime::Version;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    Texts,
    TextByName,
    TextsByName,
    AuthConfig,
    Entries,
}

/// The fields of docker/cli's own file that a login has nothing to do with: one of another type spoils the file all the same.
const OF_DOCKER: [(FieldKind, &str); 4] = [
    (
        FieldKind::Text,
        "psFormat imagesFormat networksFormat pluginsFormat volumesFormat statsFormat detachKeys \
         serviceInspectFormat servicesFormat tasksFormat secretFormat configFormat nodesFormat currentContext \
         experimental",
    ),
    (FieldKind::Texts, "pruneFilters cliPluginsExtraDirs"),
    (FieldKind::TextByName, "HttpHeaders aliases features"),
    (FieldKind::TextsByName, "plugins proxies"),
];
/// The version of docker/cli that first knew `features`.
const FEATURES: Version = (25, 0, 0);
/// The fields of an entry; those that containers/image knows come first.
const OF_ENTRY: [&str; 7] = [
    "auth",
    "identitytoken",
    "registrytoken",
    "username",
    "password",
    "email",
    "serveraddress",
];

impl Reader {
    pub(super) fn field(self, name: &str) -> Option<(&'static str, FieldKind)> {
        let mut known = vec![
            ("auths", FieldKind::Entries),
            ("credHelpers", FieldKind::TextByName),
        ];
        if let Self::DockerCli(version) = self {
            known.push(("credsStore", FieldKind::Text));
            for (kind, names) in OF_DOCKER {
                known.extend(names.split_whitespace().map(|name| (name, kind)));
            }
            known.retain(|(name, _)| *name != "features" || version >= FEATURES);
        }
        find(&known, name, |(name, _)| name)
    }

    pub(super) fn entry_field(self, name: &str) -> Option<&'static str> {
        let known = match self {
            Self::ContainersImage => &OF_ENTRY[..2],
            Self::DockerCli(_) => &OF_ENTRY,
        };
        find(known, name, |name| name)
    }

    fn go_names(self) -> [&'static str; 3] {
        match self {
            Self::ContainersImage => [
                "config.dockerConfigFile",
                "map[string]config.dockerAuthConfig",
                "config.dockerAuthConfig",
            ],
            Self::DockerCli(_) => [
                "configfile.ConfigFile",
                "map[string]types.AuthConfig",
                "types.AuthConfig",
            ],
        }
    }
}

/// The one of exactly this name, else the one whose name is the same but for case.
fn find<T: Copy>(known: &[T], name: &str, of: impl Fn(T) -> &'static str) -> Option<T> {
    let folded = fold(name);
    let mut found = known.iter().copied();
    found
        .clone()
        .find(|known| of(*known) == name)
        .or_else(|| found.find(|known| fold(of(*known)) == folded))
}

pub(crate) fn is_named(name: &str, field: &str) -> bool {
    fold(name) == fold(field)
}

/// Go folds by Unicode's simple rule, in which two letters beside ASCII's have an ASCII one.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
        .replace('\u{17f}', "s")
        .replace('\u{212a}', "k")
}

pub(super) struct Field<'a> {
    pub(super) name: String,
    pub(super) value: &'a RawValue,
}

impl Field<'_> {
    pub(super) fn is_null(&self) -> bool {
        is_null(self.value)
    }
}

pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) reader: Reader,
    counted: Cell<(usize, usize)>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str, reader: Reader) -> Self {
        Self {
            text,
            reader,
            counted: Cell::new((0, 1)),
        }
    }

    /// The value that the text is; `None` where it is blank, which one of the readers takes for an empty file.
    pub(super) fn root(&self) -> Result<Option<&'a RawValue>, ConfigFault> {
        match self.reader {
            Reader::ContainersImage => serde_json::from_str(self.text)
                .map(Some)
                .map_err(|error| self.syntax(&error)),
            // A decoder of a stream: what follows is left for its next call.
            Reader::DockerCli(_) => self.first().map(|(root, _)| root),
        }
    }

    pub(super) fn first(&self) -> Result<(Option<&'a RawValue>, &'a str), ConfigFault> {
        let mut values = serde_json::Deserializer::from_str(self.text).into_iter();
        let first = values.next().transpose();
        let first = first.map_err(|error| self.syntax(&error))?;
        Ok((first, &self.text[values.byte_offset()..]))
    }

    fn syntax(&self, error: &serde_json::Error) -> ConfigFault {
        let (line, kind) = match syntax::fault(self.text) {
            _ if self.text.starts_with('\u{feff}') => (1, FaultKind::ByteOrderMark),
            Some((at, words)) => (self.line_at(at), FaultKind::Syntax(words)),
            None if error.is_eof() => (error.line(), FaultKind::End),
            None => (error.line(), FaultKind::Syntax(error.to_string())),
        };
        self.fault(line, kind)
    }

    pub(super) fn fault(&self, line: usize, kind: FaultKind) -> ConfigFault {
        ConfigFault {
            key: None,
            line: Some(line),
            kind,
            reader: self.reader,
        }
    }

    pub(super) fn fields(
        &self,
        value: &'a RawValue,
        place: &str,
        kind: Option<FieldKind>,
    ) -> Result<Vec<Field<'a>>, ConfigFault> {
        if is_null(value) {
            return Ok(Vec::new());
        }
        // What is no object is the only thing that can be wrong: the syntax was looked at before.
        serde_json::Deserializer::from_str(value.get())
            .deserialize_map(FieldsVisitor)
            .map_err(|_| self.type_fault(value, place, kind))
    }

    /// The text that stands under a name; `None` for `null`, which changes nothing.
    pub(super) fn string(
        &self,
        field: &Field<'a>,
        place: &str,
    ) -> Result<Option<String>, ConfigFault> {
        self.string_of(field.value, place)
    }

    fn string_of(&self, value: &'a RawValue, place: &str) -> Result<Option<String>, ConfigFault> {
        match value.get().as_bytes().first() {
            Some(b'n') => Ok(None),
            // Half of a pair of surrogates is a character that can't be shown.
            Some(b'"') => Ok(Some(
                serde_json::from_str(value.get())
                    .unwrap_or_else(|_| char::REPLACEMENT_CHARACTER.to_string()),
            )),
            _ => Err(self.type_fault(value, place, Some(FieldKind::Text))),
        }
    }

    pub(super) fn check(
        &self,
        value: &'a RawValue,
        place: &str,
        kind: FieldKind,
    ) -> Result<(), ConfigFault> {
        let (below, values) = match kind {
            FieldKind::Text => return self.string_of(value, place).map(|_| ()),
            FieldKind::Texts => {
                let texts = serde_json::from_str::<Option<Vec<&RawValue>>>(value.get())
                    .map_err(|_| self.type_fault(value, place, Some(kind)))?;
                (FieldKind::Text, texts.unwrap_or_default())
            }
            _ => {
                let below = match kind {
                    FieldKind::TextsByName => FieldKind::TextByName,
                    _ => FieldKind::Text,
                };
                let fields = self.fields(value, place, Some(kind))?;
                (below, fields.into_iter().map(|field| field.value).collect())
            }
        };
        values
            .into_iter()
            .try_for_each(|value| self.check(value, place, below))
    }

    fn type_fault(&self, value: &RawValue, place: &str, kind: Option<FieldKind>) -> ConfigFault {
        let found = match value.get().as_bytes().first() {
            Some(b'"') => "string",
            Some(b'{') => "object",
            Some(b'[') => "array",
            Some(b't' | b'f') => "bool",
            _ => "number",
        };
        let [file, entries, entry] = self.reader.go_names();
        let wanted = match kind {
            None => file,
            Some(FieldKind::Text) => "string",
            Some(FieldKind::Texts) => "[]string",
            Some(FieldKind::TextByName) => "map[string]string",
            Some(FieldKind::TextsByName) => "map[string]map[string]string",
            Some(FieldKind::Entries) => entries,
            Some(FieldKind::AuthConfig) => entry,
        };
        // Go names the innermost struct, and the way to the field from the outermost.
        let holder = if place.contains('.') { entry } else { file };
        let (_, holder) = holder.split_once('.').unwrap_or(("", holder));
        let place = match kind {
            None => "value".to_owned(),
            Some(_) => format!("struct field {holder}.{place}"),
        };
        let kind = FaultKind::Type {
            found,
            place,
            wanted,
        };
        self.fault(self.line(value), kind)
    }

    pub(super) fn line(&self, value: &RawValue) -> usize {
        self.line_at(value.get().as_ptr() as usize - self.text.as_ptr() as usize)
    }

    fn line_at(&self, offset: usize) -> usize {
        let (from, line) = match self.counted.get() {
            (from, line) if from <= offset => (from, line),
            _ => (0, 1),
        };
        let between = self.text.as_bytes()[from..offset].iter();
        let line = line + between.filter(|byte| **byte == b'\n').count();
        self.counted.set((offset, line));
        line
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<Field<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            fields.push(Field { name, value });
        }
        Ok(fields)
    }
}
