//! What the files say: their format, their layers, and the view that follows from them. Asks no server.

pub mod document;
