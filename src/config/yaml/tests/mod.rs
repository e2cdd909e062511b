//! Reading and writing as a whole: what Go's libraries say, what comes back, and what it may cost.

mod commented;
mod edits;
mod limits;
mod samples;
mod strings;
