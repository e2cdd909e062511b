//! Whose remote.yaml is meant. A value, which knows no file.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    System,
}
