//! OCI registries: the distribution protocol's login. Knows neither the file nor the helper that stores the secret.
//! D13 of docs/compatibility.md.

pub mod certificates;
pub mod challenge;
pub mod login;
