//! Whose remote.yaml is meant. A value, which knows no file.

/// Whose file a command reads or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    System,
}
