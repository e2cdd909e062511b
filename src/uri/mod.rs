//! Addresses: of an endpoint, of a keyserver, of a registry. They know no file, no server and no layer.

mod endpoint;

pub use endpoint::{EndpointUri, UriError};
