//! A secret: a token or a password. Knows no file, no terminal and no server.
//!
//! The type can't be printed, neither with `Display` (there is none) nor with `Debug`; one word, `expose`, finds every
//! place where the text of a secret leaves it.

use std::fmt;

use zeroize::Zeroizing;

/// A token or a password; its memory is wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over `text`; no other copy of it should stay behind.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for a file or a request that must hold it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no secret at all: an empty one stands for "none" in the files.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("pa55word");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(***),\n)");
        assert_eq!(secret.expose(), "pa55word");
    }
}
