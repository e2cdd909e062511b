//! Addresses: of an endpoint, of a keyserver, of a registry. They know no file, no server and no layer.

mod authority;
mod endpoint;
mod keyserver;
mod registry;

pub use endpoint::{EndpointUri, TypedScheme, UriError};
pub use keyserver::{KeyserverScheme, KeyserverUri, KeyserverUriError};
pub(crate) use registry::RegistryAccount;
pub use registry::{RegistryScheme, RegistryUri, RegistryUriError, is_loopback};
