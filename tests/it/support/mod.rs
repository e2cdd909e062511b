//! The world around the tests: a home and a system of their own, servers, and an authority that vouches for them.

pub(crate) mod authority;
pub(crate) mod cloud;
pub(crate) mod endpoint;
pub(crate) mod internet;
pub(crate) mod machine;
pub(crate) mod program;
pub(crate) mod reply;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod terminal;
pub(crate) mod world;
