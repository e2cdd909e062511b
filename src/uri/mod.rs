//! Addresses: of an endpoint, of a keyserver, of a registry. They know no file, no server and no layer.

mod authority;
mod endpoint;
mod image;
mod keyserver;
mod registry;
mod runtime;

pub(crate) use authority::without_user;
pub use endpoint::{EndpointUri, TypedScheme, UriError};
pub use image::{Image, ImageError, RegistryImage};
pub use keyserver::{KeyserverUri, KeyserverUriError};
pub(crate) use registry::{DOCKER_HUB, DOCKER_HUB_API, DOCKER_HUB_KEY, RegistryAccount};
pub use registry::{RegistryScheme, RegistryUri, RegistryUriError, is_loopback};
pub use runtime::{is_same_keyserver, is_same_server};
