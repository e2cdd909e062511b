//! Hostile surroundings: what others put into files, folders, names and answers. See docs/security.md.

mod folders;
mod races;
mod sizes;
mod steering;
