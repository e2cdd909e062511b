//! What a proven login leaves behind. Knows neither the file nor the helper that keeps it.

use crate::secret::Secret;

/// What a login leaves in the file, or in a helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A registry's refresh token, which takes the password's place.
    IdentityToken {
        /// The user.
        user: String,
        /// The token.
        token: Secret,
    },
}
