//! What the files say: their format, their layers, and the view that follows from them. Asks no server.

pub mod change;
pub mod checks;
pub mod desired;
pub mod document;
pub mod effective;
#[cfg(any(test, fuzzing))]
#[path = "../../tests/fuzzing/yaml.rs"]
pub(crate) mod fuzzing;
pub mod keyservers;
pub mod layer;
pub mod paths;
pub mod policy;
pub mod scope;
pub mod store;
pub mod yaml;
