//! Reading and writing as a whole: what Go's libraries say, what comes back, and what it may cost.

mod limits;
mod samples;
mod strings;
