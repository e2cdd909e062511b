//! The text of a remote.yaml and the [`Document`] it stands for. Knows neither where the file is nor which layer it is.
//!
//! Reading follows the YAML libraries that Apptainer was built with: what they read, this reads, with the same values.
//! Writing gives the form that Apptainer 1.0 writes, quoted so that every YAML reader gets the same texts back; in a text that
//! a person edited, only the change is made (D23 of docs/compatibility.md). That an empty place where Go would crash is an error with its line is D12 of docs/compatibility.md.
//!
//! ```text
//! bytes -> canonical (what the tools write) ------------------------------> Document -> write -> text
//! bytes -> encoding -> events (events, no tree) -> decoder (Go's rules) -> schema -> Document
//! ```

mod canonical;
mod decoder;
mod edit;
mod emit;
mod encoding;
mod error;
mod events;
mod excerpt;
mod limits;
mod line_numbers;
mod lines;
mod loss;
mod order;
mod part;
mod problem;
mod scalar;
mod schema;
mod style;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use self::error::YamlError;
pub use self::line_numbers::LineNumbers;
pub use self::loss::Loss;
pub use self::part::Part;
pub use self::write::write;

use crate::config::document::Document;

#[derive(Clone, Debug)]
pub struct Read {
    pub document: Document,
    pub lines: LineNumbers,
    pub second_document: bool,
}

/// Reads the text of a remote.yaml.
///
/// An empty file, or one of blanks and comments, is an empty document. Only the first document of a file is read.
pub fn read(bytes: &[u8]) -> Result<Read, YamlError> {
    if let Some(document) = canonical::read(bytes) {
        return Ok(Read {
            document,
            lines: LineNumbers::in_text(bytes),
            second_document: false,
        });
    }
    let text = encoding::decode(bytes)?;
    match schema::read(&text) {
        Ok(contents) => Ok(Read {
            document: contents.document,
            lines: LineNumbers::from(contents.lines),
            second_document: contents.second_document,
        }),
        Err(fault) => Err(YamlError::new(fault, &text)),
    }
}

pub fn document(bytes: &[u8]) -> Result<Document, YamlError> {
    read(bytes).map(|read| read.document)
}
