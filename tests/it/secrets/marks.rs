//! Secrets that can be found again, in whatever shape they were copied. Knows no command.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// A secret around a mark of letters and digits, which stands unchanged in every quoted or escaped copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    mark: &'static str,
    pub(super) kind: Kind,
}

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An endpoint.
    Token,
    /// A keyserver.
    Keyserver,
    /// A registry.
    Registry,
    /// Other programs, for which an endpoint tells it.
    Passing,
}

impl Secret {
    pub(super) const fn new(kind: Kind, mark: &'static str) -> Self {
        Self { mark, kind }
    }

    /// The secret itself: a token is as long as real ones, a password has what must be quoted everywhere.
    pub(super) fn text(&self) -> String {
        match self.kind {
            Kind::Token => format!(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{}.sig",
                self.mark.repeat(20)
            ),
            _ => format!(r#"{}":/é%+ \x"#, self.mark),
        }
    }

    /// Whether a text holds the secret in any shape.
    pub(super) fn is_in(&self, text: &str) -> bool {
        !Known::new(&[*self]).in_text(text).is_empty()
    }

    /// The shapes of the mark: as it is, in hex, per cent, and in both kinds of base64 wherever it begins in there.
    fn shapes(&self) -> Vec<String> {
        let hex = |before: &str| {
            self.mark.bytes().fold(String::new(), |mut text, byte| {
                write!(text, "{before}{byte:02x}").unwrap();
                text
            })
        };
        let mut shapes = vec![
            self.mark.to_owned(),
            hex(""),
            hex("").to_uppercase(),
            hex("%"),
            hex("%").to_uppercase(),
        ];
        for shift in 0..3 {
            let shifted = [&vec![0; shift][..], self.mark.as_bytes()].concat();
            // What shares its character with the bytes before or behind is left out.
            let (from, to) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                shapes.push(engine.encode(&shifted)[from..to].to_owned());
            }
        }
        shapes.sort();
        shapes.dedup();
        shapes
    }
}

/// Secrets to look for, with their shapes.
pub(super) struct Known(Vec<(Secret, Vec<String>)>);

impl Known {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| (*secret, secret.shapes()))
                .collect(),
        )
    }

    /// Those that a text holds.
    pub(super) fn in_text(&self, text: &str) -> Vec<Secret> {
        let holds = |shapes: &[String]| shapes.iter().any(|shape| text.contains(shape));
        self.0
            .iter()
            .filter(move |(_, shapes)| holds(shapes))
            .map(|(secret, _)| *secret)
            .collect()
    }
}

#[test]
fn a_secret_is_found_in_every_shape() {
    let secret = Secret::new(Kind::Registry, "M4rkOf7heTests");
    let text = secret.text();
    let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    for shape in [
        text.clone(),
        hex,
        percent,
        form,
        format!("{text:?}"),
        serde_json::json!({ "x": text }).to_string(),
    ] {
        assert!(secret.is_in(&format!("before {shape} behind")), "{shape}");
    }
    for user in ["", "i", "ia", "ian", "ian@example.com"] {
        let pair = format!("{user}:{text}");
        assert!(
            secret.is_in(&BASE64_STANDARD_NO_PAD.encode(&pair)),
            "{user}"
        );
        assert!(
            secret.is_in(&BASE64_URL_SAFE_NO_PAD.encode(&pair)),
            "{user}"
        );
    }
    assert!(!secret.is_in("M4rk") && !secret.is_in(&BASE64_STANDARD_NO_PAD.encode("ian:another")));
}
