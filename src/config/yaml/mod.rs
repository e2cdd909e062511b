//! The text of a remote.yaml and the [`Document`] it stands for. Knows neither where the file is nor which layer it is.
//!
//! Reading follows the YAML libraries that Apptainer was built with: what they read, this reads, with the same values.
//! Writing gives the form that Apptainer 1.0 writes, quoted so that every YAML reader gets the same texts back; in a text that
//! a person edited, only the change is made (D23 of docs/compatibility.md). That an empty place where Go would crash is an error with its line is D12 of docs/compatibility.md.
//!
//! ```text
//! bytes -> canonical (what the tools write) ------------------------------> Document -> write -> text
//! bytes -> encoding -> tape (events, no tree) -> decoder (Go's rules) -> schema -> Document
//! ```

mod canonical;
mod decoder;
mod edit;
mod emit;
mod encoding;
mod error;
mod excerpt;
mod flow;
mod limits;
mod line;
mod lines;
mod loss;
mod order;
mod place;
mod places;
mod problem;
mod scalar;
mod schema;
mod style;
mod suggestion;
mod tape;
mod write;

#[cfg(test)]
mod tests;

pub use self::{
    error::YamlError,
    loss::{Loss, has_second_document},
    places::{Places, places},
    write::{Written, write},
};

use crate::config::document::Document;

/// Reads the text of a remote.yaml.
///
/// An empty file, or one of blanks and comments, is an empty document. Only the first document of a file is read.
///
/// # Errors
/// Says the first thing that is wrong, where it is, and what would be right.
pub fn read(bytes: &[u8]) -> Result<Document, YamlError> {
    if let Some(document) = canonical::read(bytes) {
        return Ok(document);
    }
    let text = encoding::decode(bytes)?;
    schema::document(&text).map_err(|fault| YamlError::new(fault, &text))
}
