//! Hostile surroundings: what others put into files, directories, names and answers. See docs/security.md.

mod directories;
mod races;
mod sizes;
mod steering;
