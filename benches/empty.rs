//! What any Rust program costs: the measure of a small command.

fn main() {}
