//! What makes a reader refuse a whole docker-config.json, in the reader's own words.

use std::fmt;

use super::{Reader, docker_cli};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    pub key: Option<String>,
    pub line: Option<usize>,
    pub kind: FaultKind,
    pub(super) reader: Reader,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    ByteOrderMark,
    Syntax(String),
    End,
    Type {
        /// What stands there, in Go's word: `number`, `array`.
        found: &'static str,
        /// The place: `field ConfigFile.auths`, or the whole `value`.
        place: String,
        /// What the reader wants, in Go's words.
        wanted: &'static str,
    },
    Base64 {
        /// The first byte that can't stand there, from 0.
        at: usize,
    },
    /// `auth` has no colon, or nothing before it.
    NoUser,
    /// The whole file is `null`, on which an old reader crashes.
    Crash,
}

impl ConfigFault {
    pub fn explained(&self) -> String {
        let reason = match &self.kind {
            FaultKind::ByteOrderMark => "it begins with a byte order mark".to_owned(),
            FaultKind::Base64 { .. } => "\"auth\" is no base64".to_owned(),
            FaultKind::NoUser => "\"auth\" is not USER:PASSWORD in base64".to_owned(),
            _ => self.to_string(),
        };
        match &self.key {
            Some(key) => format!("the login for {key:?} spoils it: {reason}"),
            None => reason,
        }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::ByteOrderMark => {
                formatter.write_str("invalid character 'ï' looking for beginning of value")
            }
            FaultKind::Syntax(reason) => formatter.write_str(reason),
            FaultKind::End if self.reader == Reader::ContainersImage => {
                formatter.write_str("unexpected end of JSON input")
            }
            FaultKind::End => formatter.write_str("unexpected EOF"),
            FaultKind::Type {
                found,
                place,
                wanted,
            } => write!(
                formatter,
                "json: cannot unmarshal {found} into Go {place} of type {wanted}"
            ),
            FaultKind::Base64 { at } => {
                write!(formatter, "illegal base64 data at input byte {at}")
            }
            FaultKind::NoUser => {
                let is_small = matches!(self.reader, Reader::DockerCli(version) if version >= docker_cli::SMALL_LETTERS);
                let first = if is_small { 'i' } else { 'I' };
                write!(formatter, "{first}nvalid auth configuration file")
            }
            FaultKind::Crash => formatter.write_str(
                "panic: runtime error: invalid memory address or nil pointer dereference",
            ),
        }
    }
}

impl std::error::Error for ConfigFault {}
